"""One plan on one bench, from the dry run to the closed run folder."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any
from uuid import uuid4

from harness import checks
from harness.bench import Bench
from harness.dryrun import DryRun, check
from harness.judge import conditions_of, judge_case, without_measurands
from harness.metrology.volume import Weighing
from harness.plan import Plan
from harness.procedures import PROCEDURES
from harness.procedures.preparation import blank_after, prepare
from harness.record import WAITING, Record
from harness.recorder import Recorder
from harness.rig import Rig
from harness.stations import open_ports
from harness.verdicts import CaseVerdict, RunVerdict, Verdict, overall, write_verdicts
from instruments.clock import stopwatch, utc_now
from instruments.errors import BenchError, ConfigError, PumpAlarm, SafetyError, SettingDiffers
from instruments.hands import Hands
from instruments.stamped import microseconds

_OF_THE_PUMP = (PumpAlarm, SettingDiffers)


class Campaign:
    """A run. ``start`` opens the bench, ``run_case`` each case in turn, ``close`` leaves a closed folder behind."""

    def __init__(self, plan: Plan, bench: Bench, out: Path, operator: Hands | None = None) -> None:
        self.plan, self.bench, self._out, self._operator = plan, bench, out, operator
        self.dry_run: DryRun = check(plan, bench, utc_now().date())
        self._ports = open_ports(bench)
        try:
            self._begin(out)
        except BaseException:
            self._ports.close()
            raise

    def _begin(self, out: Path) -> None:
        plan, bench = self.plan, self.bench
        self.data_source = self._ports.data_source
        self.run = str(uuid4())
        self.started = utc_now()
        self._daily_check = checks.admitted(plan, bench, out, self.data_source, self.started)
        self._somebody_there()
        self.folder = new_folder(out, self.started, plan.id, self.data_source, self.run)
        self.recorder = Recorder(self.folder, self.run, self.data_source)
        if self._daily_check is not None:
            self.recorder.event(microseconds(self.bench_time_s), "daily check", data=asdict(self._daily_check))
        self.cost_s = 0.0
        self._conditions = conditions_of(bench, plan)
        self._rig: Rig | None = None
        self._ended: tuple[Verdict, str] | None = None
        self._unsafe = ""
        self._starts_s: dict[str, float] = {}
        self._verdicts: dict[str, CaseVerdict] = {}
        self._spent_s = stopwatch()
        self._write_identity()

    def _somebody_there(self) -> None:
        """Better known now than after an hour of blank."""
        manual = [case.id for case in self.plan.cases if case.by_hand]
        if manual and self._ports.hands is None and self._operator is None:
            told = f"case {manual[0]} has steps that are done by hand, and nobody can be asked"
            raise ConfigError(f"{self.plan.path}: {told}; run it from a terminal, and stay there")

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

    def start(self) -> None:
        """Connect and prepare. A bench that cannot be used makes every case INVALID; the reason is kept."""
        self._rig = Rig(self.bench, self._ports, self.recorder, self._operator)
        try:
            self._rig.connect()
            prepare(self._rig, self.plan.file.preparation)
        except BenchError as err:
            self._end(f"the bench could not be prepared: {err}", Verdict.INVALID)

    def run_case(self, case: Any) -> CaseVerdict:
        """Carry a case out and judge it from the record."""
        verdict = self._carried_out(case) or judge_case(self.record, case, self._conditions)
        self._verdicts[case.id] = verdict
        return verdict

    def abort_case(self, case: Any, reason: str) -> CaseVerdict:
        """The run is being ended in the middle of a case: stop the pump now. The cases after it are ABORTED too."""
        self._end(reason, Verdict.ABORTED)
        verdict = without_measurands(case, Verdict.ABORTED, reason, *self._warning())
        self._verdicts[case.id] = verdict
        return verdict

    def _carried_out(self, case: Any) -> CaseVerdict | None:
        """Run the procedure; a verdict already, where it could not be carried out."""
        if self._ended is not None or self._rig is None:
            verdict, reason = self._ended or (Verdict.ABORTED, "the bench was not started")
            return without_measurands(case, verdict, f"not run: {reason}")
        if case.after is not None and case.after.case not in self._starts_s:
            reason = f"not run: it is timed from case {case.after.case}, which was not started in this run"
            return without_measurands(case, Verdict.INVALID, reason)
        try:
            self._do(self._rig, case)
        except SafetyError as err:
            return self.abort_case(case, str(err))
        except _OF_THE_PUMP as err:
            return without_measurands(case, Verdict.FAIL, str(err))
        except BenchError as err:
            self._end(f"the bench was lost in case {case.id}: {err}", Verdict.INVALID)
            return without_measurands(case, Verdict.ABORTED if self._unsafe else Verdict.INVALID, str(err), *self._warning())
        return None

    def _do(self, rig: Rig, case: Any) -> None:
        rig.case = case.id
        self._wait_for_its_moment(rig, case)
        self._starts_s[case.id] = rig.clock.now_s()
        PROCEDURES[case.procedure](rig, case)
        if case.blank:
            blank_after(rig, case.blank)
        if case is self.plan.cases[-1]:
            rig.make_safe()

    def _wait_for_its_moment(self, rig: Rig, case: Any) -> None:
        """Watched like everything else: what the pump does between two doses counts too."""
        if case.after is not None:
            with rig.phase(WAITING):
                rig.wait_until(self._starts_s[case.after.case] + case.after.start_to_start)

    def _end(self, reason: str, verdict: Verdict) -> None:
        """No case after this one will be run: stop the pump at once, and remember why."""
        if self._ended is not None:
            return
        self._ended = (verdict, reason)
        if self._rig is not None:
            self._rig.note("run ended", reason=reason)
            self._make_safe(self._rig)

    def _make_safe(self, rig: Rig) -> None:
        try:
            rig.make_safe()
        except SafetyError as err:
            self._unsafe = str(err)

    def _warning(self) -> tuple[str, ...]:
        return (self._unsafe,) if self._unsafe else ()

    def close(self) -> RunVerdict:
        """Make the pump safe, close the record, write the verdicts. Cases without a verdict are ABORTED."""
        self._close_rig()
        incomplete = self._close_record()
        self.cost_s = self._spent_s()
        for case in self.plan.cases:
            self._verdicts.setdefault(case.id, without_measurands(case, Verdict.ABORTED, "not reached, or not selected"))
        if self._unsafe:
            self._mark_last(Verdict.ABORTED, self._unsafe)
        if incomplete:
            self._mark_last(Verdict.INVALID, incomplete)
        if refused := self._keep_check():
            self._mark_last(Verdict.INVALID, refused)
        verdict = RunVerdict(self.run, self.data_source, tuple(self._verdicts[case.id] for case in self.plan.cases))
        write_verdicts(verdict, self.folder / "verdicts.json")
        self._ports.write_truth(self.folder)
        self._write_identity(closed=utc_now().isoformat(), bench_time_s=self.bench_time_s, sha256=self.recorder.hashes)
        return verdict

    def _close_record(self) -> str:
        """Why the record is not complete on the disk; nothing when it is."""
        try:
            self.recorder.close()
        except BenchError as err:
            return str(err)
        return ""

    def _keep_check(self) -> str:
        """Keep what a daily check found; why it could not be kept, or nothing."""
        try:
            checks.keep_found(self.plan, self._verdicts, self.record, self._out, self.bench.id, self.folder)
        except BenchError as err:
            return str(err)
        return ""

    def _mark_last(self, verdict: Verdict, reason: str) -> None:
        """What went wrong at the end is said in the last case, beside what was measured there."""
        last = self._verdicts[self.plan.cases[-1].id]
        if reason not in last.reasons:
            worse = replace(last, verdict=overall([last.verdict, verdict]), reasons=(*last.reasons, reason))
            self._verdicts[last.id] = worse

    def _close_rig(self) -> None:
        try:
            if self._rig is not None:
                self._rig.close()
            else:
                self._ports.close()
        except SafetyError as err:
            self._unsafe = str(err)

    def _instruments(self) -> dict[str, str]:
        """Role and what the device said of itself."""
        told = self.recorder.record().of_kind("identity")
        return {event.data["role"]: _identity_text(event.data) for event in told}

    def _write_identity(self, **more: Any) -> None:
        identity = {
            "schema": "dosebench/run/1",
            "run": self.run,
            "data_source": self.data_source,
            "plan": {"id": self.plan.id, "sha256": self.plan.sha256, "tables": self.plan.tables},
            "bench": {"id": self.bench.id, "sha256": self.bench.sha256, "tables": self.bench.tables},
            "started": self.started.isoformat(),
            "versions": versions(),
            "corrections": self._conditions.weighing.corrections.model_dump(),
            "dry_run": asdict(self.dry_run),
            "instruments": self._instruments(),
            "daily_check": self._daily_check and asdict(self._daily_check),
            **more,
        }
        text = json.dumps(identity, indent=1, default=str)
        (self.folder / "run.json").write_text(text + "\n", encoding="utf-8")
        for name, source in (("plan.toml", self.plan.text), ("bench.toml", self.bench.text)):
            (self.folder / name).write_bytes(source.encode("utf-8"))


def _identity_text(data: Mapping[str, str]) -> str:
    return ", ".join(part for part in (data["model"], data["serial"] and f"serial {data['serial']}", data["firmware"]) if part)


def versions() -> dict[str, str]:
    """Of everything that had a hand in the numbers."""
    packages = ("dosebench", "numpy", "pandas", "pyarrow", "GTC", "scipy", "pyserial", "pyvisa", "pytest", "allure-pytest")
    found = {name: _version(name) for name in packages}
    return {"python": platform.python_version(), "system": platform.system(), **found}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def new_folder(out: Path, started: datetime, plan_id: str, data_source: str, run: str) -> Path:
    """A folder of its own for every run, that says what it is."""
    folder = out / f"{started:%Y%m%dT%H%M%SZ}-{plan_id}-{data_source}-{run[:8]}"
    try:
        folder.mkdir(parents=True)
    except OSError as err:
        raise ConfigError(f"{out}: run folders cannot go there ({err.strerror}); choose another --out") from err
    return folder
