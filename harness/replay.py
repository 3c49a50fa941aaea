"""A recording judged by a plan: the same steps as a run on a bench, but nothing moves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.analyses import results_of
from harness.conclusion import Judged
from harness.disk import replace_file
from harness.judge import judge_case, without_measurands
from harness.metrology.volume import Weighing
from harness.open_run import OpenRun
from harness.plan import Plan
from harness.record import Record
from harness.recording import Recording
from harness.run_folder import give_reserve_back
from harness.verdicts import VERDICTS, CaseVerdict, RunVerdict, Verdict, write_verdicts
from instruments.clock import stopwatch, utc_now
from instruments.errors import ConfigError

MAPPING = "mapping.toml"


class Replay:
    """Stands where a campaign stands: the cases of a plan, over somebody else's recording."""

    data_source = "replay"
    started_up = True

    def __init__(self, plan: Plan, recording: Recording, out: Path) -> None:
        self.plan, self.recording = plan, recording
        _check(plan, recording)
        self.cost_s, self.unsafe, self.guarded = 0.0, "", False
        self._spent_s = stopwatch()
        # The recording stands where the bench stands.
        bench = {"id": recording.source.name, "sha256": recording.sha256, "text": recording.text, "tables": recording.tables}
        told = {"bench": bench, "corrections": self.weighing.corrections.model_dump()}
        self._run = OpenRun(out, utc_now(), plan, self.data_source, recording.tables, **told)
        self.folder, self.recorder = self._run.folder, self._run.recorder
        self.record: Record = recording.record(self._run.run)
        self._keep_inputs()

    def _keep_inputs(self) -> None:
        """The recording as it came, and what it was taken for."""
        self.recorder.keep(f"raw/{self.recording.source.name}", self.recording.source.read_bytes())
        self.recorder.readings(self.record.readings)
        for event in self.record.events:
            self.recorder.event(event.at_us, event.kind, event.case, event.data)
        self._run.keep("plan.toml", self.plan.text)
        self._run.keep(MAPPING, self.recording.text)

    @property
    def run(self) -> str:
        """Its id."""
        return self._run.run

    @property
    def weighing(self) -> Weighing:
        return self.recording.conditions(self.plan).weighing

    @property
    def bench_time_s(self) -> float:
        return float(self.record.readings.stamps_us[-1]) / 1e6

    def start(self) -> None:
        """Nothing to prepare."""

    def carried(self, case: Any) -> bool:
        """A recording is judged whole."""
        return False

    def run_case(self, case: Any) -> CaseVerdict:
        verdict = judge_case(self.record, case, self.recording.conditions(self.plan), self.recording.evaporation)
        return self._judged(Judged(verdict, from_record=True))

    def abort(self, reason: str) -> None:
        """No case after this is judged."""
        self._run.ended(self._end_us, Verdict.ABORTED, reason)

    def abort_case(self, case: Any, reason: str) -> CaseVerdict:
        self.abort(reason)
        return self._judged(Judged(without_measurands(case, Verdict.ABORTED, reason)))

    def _judged(self, judged: Judged) -> CaseVerdict:
        return self._run.judged(self._end_us, judged)

    @property
    def _end_us(self) -> int:
        return int(self.record.readings.stamps_us[-1])

    def close(self) -> RunVerdict:
        """Leave a run folder like any other: the recording as it came, samples, journal, verdicts."""
        give_reserve_back(self.folder)
        self.recorder.write_parquet()
        self.recorder.close()
        self.cost_s = self._spent_s()
        verdict = self._run.verdict()
        write_verdicts(verdict, self.folder / VERDICTS)
        if self.recording.mapping.analysis:
            results = json.dumps(results_of(self.recording, self.record), indent=1, allow_nan=False)
            replace_file(self.folder / "analysis.json", results.encode("utf-8") + b"\n")
        instruments = {"recording": self.recording.mapping.recording.title}
        self._run.finish(bench_time_s=self.bench_time_s, instruments=instruments)
        return verdict

    def release(self) -> None:
        """The folder is complete."""
        self._run.release()


def _check(plan: Plan, recording: Recording) -> None:
    """Every case has its period, unless it looks at the whole record; every period has its case."""
    known = {case.id: case.procedure for case in plan.cases}
    if "run-to-empty" in known.values():
        raise ConfigError(f"{plan.path}: run-to-empty needs alarms, and a recording brings none")
    if "delivery" in known.values() and recording.mapping.columns.rate is None:
        raise ConfigError("procedure 'delivery' needs to know what was commanded; give columns.rate in the mapping")
    if recording.mapping.balance is None:
        raise ConfigError("the mapping has no [balance]; a verdict needs what its certificate says: readability, repeatability")
    given = {period.case for period in recording.mapping.period}
    unknown = sorted(given - set(known))
    if unknown:
        raise ConfigError(f"the mapping has a period for case {unknown[0]}, and {plan.path.name} has no such case")
    without = [case for case, procedure in known.items() if procedure != "delivery" and case not in given]
    if without:
        raise ConfigError(f"the mapping has no [[period]] for case {without[0]}; say where it begins and ends in the recording")
