"""One plan on one bench, from the dry run to the closed run folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness import checks
from harness.bench import Bench
from harness.conclusion import MARK, VERDICT, Judged, judged_cases, mark
from harness.dryrun import DryRun, check, room_ml
from harness.guardianship import Guardianship
from harness.interlocks import Limits
from harness.interrupts import INTERRUPTS
from harness.judge import conditions_of, judge_case, without_measurands
from harness.metrology.volume import Weighing
from harness.open_run import OpenRun
from harness.plan import Plan
from harness.procedures import PROCEDURES
from harness.procedures.preparation import blank_after, prepare
from harness.record import WAITING, Record
from harness.resumption import NOTHING_CARRIED, Resumed
from harness.rig import Rig
from harness.run_folder import give_reserve_back, instruments_of, of_bench
from harness.stations import open_ports
from harness.verdicts import VERDICTS, CaseVerdict, RunVerdict, Verdict, write_verdicts
from instruments.clock import stopwatch, utc_now
from instruments.errors import BenchError, ConfigError, Interlock, NotMet, PumpAlarm, SafetyError, SettingDiffers
from instruments.hands import Hands, Step
from instruments.stamped import microseconds

_OF_THE_PUMP = (PumpAlarm, SettingDiffers, NotMet)

Act = Callable[[Rig, Any], None]


class Campaign:
    """A run. ``start`` opens the bench, ``run_case`` each case in turn, ``close`` leaves a closed folder behind.

    What is decided is written into the journal first; the verdict of the run is read from there.
    """

    def __init__(
        self, plan: Plan, bench: Bench, out: Path, operator: Hands | None = None, resumed: Resumed = NOTHING_CARRIED
    ) -> None:
        self.plan, self.bench, self._out, self._operator, self._resumed = plan, bench, out, operator, resumed
        self.dry_run: DryRun = check(plan, bench, utc_now().date())
        self._ports = open_ports(bench)
        try:
            self._begin(out)
        except BaseException:
            self._ports.close()
            raise

    def _begin(self, out: Path) -> None:
        plan, bench, started = self.plan, self.bench, utc_now()
        self.data_source = self._ports.data_source
        self._daily_check = checks.admitted(plan, bench, out, self.data_source, started)
        self._somebody_there()
        self._conditions = conditions_of(bench, plan)
        self.cost_s, self.unsafe, self.guarded = 0.0, "", False
        self._rig: Rig | None = None
        self._ended: tuple[Verdict, str] | None = None
        self._starts_s: dict[str, float] = {}
        INTERRUPTS.unheard = False
        self._spent_s = stopwatch()
        self._run = OpenRun(out, started, plan, self.data_source, bench.tables, **of_bench(bench), **self._known())
        self.folder, self.recorder = self._run.folder, self._run.recorder
        self._guardianship = Guardianship(bench, self.folder, lambda kind, **data: self._note(kind, data))
        self._stand_by()

    def _known(self) -> dict[str, Any]:
        """What the head of the journal says besides plan and bench."""
        return {
            "corrections": self._conditions.weighing.corrections.model_dump(),
            "dry_run": asdict(self.dry_run),
            "daily_check": self._daily_check and asdict(self._daily_check),
            "resumes": self._resumed.as_data(),
        }

    def _stand_by(self) -> None:
        """What is carried over is in the journal before anything else."""
        self._run.keep(f"plan{self.plan.path.suffix}", self.plan.text)
        self._run.keep("bench.toml", self.bench.text)
        if self._daily_check is not None:
            self._note("daily check", asdict(self._daily_check))
        for verdict in self._resumed.carried.values():
            self._judged(Judged(verdict, carried=self._resumed.run))

    def _somebody_there(self) -> None:
        """Better known now than after an hour of blank."""
        manual = [case.id for case in self.plan.cases if case.by_hand]
        if manual and self._ports.hands is None and self._operator is None:
            told = f"case {manual[0]} has steps that are done by hand, and nobody can be asked"
            raise ConfigError(f"{self.plan.path}: {told}; run it from a terminal, and stay there")

    @property
    def run(self) -> str:
        """Its id."""
        return self._run.run

    @property
    def record(self) -> Record:
        return self.recorder.record()

    @property
    def bench_time_s(self) -> float:
        return self._ports.clock.now_s()

    @property
    def weighing(self) -> Weighing:
        return self._conditions.weighing

    @property
    def started_up(self) -> bool:
        return self._rig is not None

    @property
    def rig(self) -> Rig:
        """Once it was started."""
        if self._rig is None:
            raise BenchError("the bench has not been started")
        return self._rig

    def carried(self, case: Any) -> bool:
        return case.id in self._resumed.carried

    # --- cases ---

    def start(self) -> None:
        """Connect and prepare. A bench that cannot be used makes every case INVALID; the reason is kept."""
        density_g_ml = self.bench.file.liquid.density or 1.0
        limits = Limits.of(self.dry_run.volume_ml, self.dry_run.duration_s, room_ml(self.bench), density_g_ml)
        self._rig = rig = Rig(self.bench, self._ports, self.recorder, self._operator, limits, self._guardianship)
        try:
            self._guardianship.ensure()
            rig.connect()
            prepare(rig, self.plan.file.preparation)
        except BenchError as err:
            self._end(f"the bench could not be prepared: {err}", Verdict.INVALID)

    def run_case(self, case: Any, act: Act | None = None) -> CaseVerdict:
        """Carry a case out and judge it from the record, once: what has its verdict, also from another run, keeps it.

        ``act`` is what is done, in place of the procedure of that name.
        """
        if known := judged_cases(self.record.of_kind(VERDICT, case.id)):
            return known[case.id].verdict
        if INTERRUPTS.unheard:
            self.abort(INTERRUPTS.words)
        if verdict := self._carried_out(case, act):
            return self._judged(Judged(verdict))
        return self._judged(Judged(judge_case(self.record, case, self._conditions), from_record=True))

    def _judged(self, judged: Judged) -> CaseVerdict:
        return self._run.judged(self._now_us, judged)

    def abort(self, reason: str) -> None:
        """The run is being ended: stop the pump now. No case after this is run."""
        self._end(reason, Verdict.ABORTED)

    def abort_case(self, case: Any, reason: str) -> CaseVerdict:
        """The same in the middle of a case, or while it was set up: whatever it has seen, it is ABORTED."""
        self.abort(reason)
        return self._judged(Judged(without_measurands(case, Verdict.ABORTED, reason, *self._warning())))

    def _carried_out(self, case: Any, act: Act | None) -> CaseVerdict | None:
        """Run the procedure; a verdict already, where it could not be carried out."""
        if self._ended is not None or self._rig is None:
            verdict, reason = self._ended or (Verdict.ABORTED, "the bench was not started")
            return without_measurands(case, verdict, f"not run: {reason}")
        if missing := [name for name in case.needs if not self._passed(name)]:
            return without_measurands(case, Verdict.INVALID, f"not run: it needs case {missing[0]}, which has not passed")
        if case.after is not None and case.after.case not in self._starts_s:
            reason = f"not run: it is timed from case {case.after.case}, which was not started in this run"
            return without_measurands(case, Verdict.INVALID, reason)
        try:
            self._do(self._rig, case, act)
            self.recorder.sync()  # what a case is judged by is on the disk before
        except (SafetyError, Interlock) as err:
            self.abort(str(err))
            return without_measurands(case, Verdict.ABORTED, str(err), *self._warning())
        except _OF_THE_PUMP as err:
            self._make_safe(self._rig)
            return without_measurands(case, Verdict.FAIL, str(err), *self._warning())
        except BenchError as err:
            self._end(f"the bench was lost in case {case.id}: {err}", Verdict.INVALID)
            return without_measurands(case, Verdict.ABORTED if self.unsafe else Verdict.INVALID, str(err), *self._warning())
        return None

    def _passed(self, name: str) -> bool:
        judged = judged_cases(self.record.of_kind(VERDICT, name)).get(name)
        return judged is not None and judged.verdict.verdict is Verdict.PASS

    def _do(self, rig: Rig, case: Any, act: Act | None) -> None:
        rig.case = case.id
        for line in case.operator:
            rig.by_hand(Step("do", line))
        self._wait_for_its_moment(rig, case)
        self._starts_s[case.id] = rig.clock.now_s()
        (act or PROCEDURES[case.procedure])(rig, case)
        if case.blank:
            blank_after(rig, case.blank)
        if case is self.plan.cases[-1]:
            rig.make_safe()

    def _wait_for_its_moment(self, rig: Rig, case: Any) -> None:
        """Watched like everything else: what the pump does between two doses counts too."""
        if case.after is not None:
            with rig.phase(WAITING):
                rig.wait_until(self._starts_s[case.after.case] + case.after.start_to_start)

    # --- the end ---

    def _end(self, reason: str, verdict: Verdict) -> None:
        """No case after this one will be run: stop the pump at once, and remember why."""
        with INTERRUPTS.shield():
            if self._ended is not None:
                return
            self._ended = (verdict, reason)
            with suppress(BenchError):  # a full disk must not come before the pump
                self._run.ended(self._now_us, verdict, reason)
            if self._rig is not None:
                self._make_safe(self._rig)

    def _make_safe(self, rig: Rig) -> None:
        try:
            rig.make_safe()
        except SafetyError as err:
            self.unsafe = str(err)

    def _warning(self) -> tuple[str, ...]:
        return (self.unsafe,) if self.unsafe else ()

    def close(self) -> RunVerdict:
        """Make the pump safe, close the record, write the verdicts. Cases without a verdict are ABORTED.

        Raises OSError when the disk does not take the verdicts; the ones that stand there since the beginning are ABORTED.
        """
        with INTERRUPTS.shield():
            self._close_rig()
            give_reserve_back(self.folder)
            self._close_record()
            self.cost_s = self._spent_s()
            verdict = self._run.verdict()
            write_verdicts(verdict, self.folder / VERDICTS)
            self._ports.write_truth(self.folder)
            self._run.finish(bench_time_s=self.bench_time_s, instruments=instruments_of(self.record.events))
        return verdict

    def release(self) -> None:
        """The folder is complete."""
        self._run.release()

    def _close_rig(self) -> None:
        try:
            if self._rig is not None:
                self._rig.close()
            else:
                self._ports.close()
            self.unsafe = ""  # also where an earlier try had not been confirmed: that is in the record
        except SafetyError as err:
            self.unsafe = str(err)
        if not self.unsafe:
            self._guardianship.release()
            return
        with suppress(BenchError):
            ended, told = self._guardianship.help()
            self.unsafe, self.guarded = f"{self.unsafe}; {told}", not ended

    def _close_record(self) -> None:
        """What is wrong with the run as a whole is in the record before it is closed, as far as the disk takes it."""
        if self.unsafe:
            self._mark(Verdict.ABORTED, self.unsafe)
        for step in (self._keep_check, self.recorder.sync, self.recorder.write_parquet, self.recorder.close):
            try:
                step()
            except BenchError as err:
                self._mark(Verdict.INVALID, str(err))

    def _keep_check(self) -> None:
        judged = {case.id: case for case in self._run.verdict().cases}
        checks.keep_found(self.plan, judged, self.record, self._out, self.bench.id, self.folder)

    def _mark(self, verdict: Verdict, reason: str) -> None:
        with suppress(BenchError):
            self._note(MARK, mark(verdict, reason))

    def _note(self, kind: str, data: Mapping[str, Any]) -> None:
        self.recorder.event(self._now_us, kind, data=data)

    @property
    def _now_us(self) -> int:
        return microseconds(self.bench_time_s)
