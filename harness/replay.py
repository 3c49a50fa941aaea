"""A recording judged by a plan: the same steps as a run on a bench, but nothing moves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

from harness.analyses import results_of
from harness.campaign import new_folder, versions
from harness.judge import judge_case, without_measurands
from harness.metrology.volume import Weighing
from harness.plan import Plan
from harness.record import Record
from harness.recorder import write_journal, write_samples
from harness.recording import Recording
from harness.verdicts import CaseVerdict, RunVerdict, Verdict, write_verdicts
from instruments.clock import stopwatch, utc_now
from instruments.errors import ConfigError


class Replay:
    """Stands where a campaign stands: the cases of a plan, over somebody else's recording."""

    data_source = "replay"
    started_up = True

    def __init__(self, plan: Plan, recording: Recording, out: Path) -> None:
        self.plan, self.recording = plan, recording
        _check(plan, recording)
        self.run = str(uuid4())
        self.started = utc_now()
        self.record: Record = recording.record(self.run)
        self.folder = new_folder(out, self.started, plan.id, self.data_source, self.run)
        self.cost_s = 0.0
        self._verdicts: dict[str, CaseVerdict] = {}
        self._spent_s = stopwatch()

    @property
    def weighing(self) -> Weighing:
        return self.recording.conditions(self.plan).weighing

    @property
    def bench_time_s(self) -> float:
        return float(self.record.readings.stamps_us[-1]) / 1e6

    def start(self) -> None:
        """Nothing to prepare."""

    def run_case(self, case: Any) -> CaseVerdict:
        verdict = judge_case(self.record, case, self.recording.conditions(self.plan), self.recording.evaporation)
        self._verdicts[case.id] = verdict
        return verdict

    def abort_case(self, case: Any, reason: str) -> CaseVerdict:
        verdict = without_measurands(case, Verdict.ABORTED, reason)
        self._verdicts[case.id] = verdict
        return verdict

    def close(self) -> RunVerdict:
        """Leave a run folder like any other: the recording as it came, samples, journal, verdicts."""
        for case in self.plan.cases:
            self._verdicts.setdefault(case.id, without_measurands(case, Verdict.ABORTED, "not reached, or not selected"))
        hashes = self._write_files()
        self.cost_s = self._spent_s()
        verdict = RunVerdict(self.run, self.data_source, tuple(self._verdicts[case.id] for case in self.plan.cases))
        write_verdicts(verdict, self.folder / "verdicts.json")
        if self.recording.mapping.analysis:
            results = json.dumps(results_of(self.recording, self.record), indent=1, allow_nan=False)
            (self.folder / "analysis.json").write_text(results + "\n", encoding="utf-8")
        self._write_identity(hashes)
        return verdict

    def _write_files(self) -> dict[str, str]:
        raw = self.folder / "raw"
        raw.mkdir()
        shutil.copyfile(self.recording.source, raw / self.recording.source.name)
        hashes = {f"raw/{self.recording.source.name}": self.recording.sha256}
        write_journal(self.record.events, self.folder / "journal.jsonl")
        write_samples(self.record, self.folder / "samples.parquet", hashes)
        (self.folder / "plan.toml").write_text(self.plan.text, encoding="utf-8")
        (self.folder / "mapping.toml").write_text(self.recording.text, encoding="utf-8")
        return hashes

    def _write_identity(self, hashes: dict[str, str]) -> None:
        identity = {
            "schema": "dosebench/run/1",
            "run": self.run,
            "data_source": self.data_source,
            "plan": {"id": self.plan.id, "sha256": self.plan.sha256, "tables": self.plan.tables},
            "bench": {"id": self.recording.source.name, "sha256": self.recording.sha256, "tables": self.recording.tables},
            "corrections": self.weighing.corrections.model_dump(),
            "started": self.started.isoformat(),
            "closed": utc_now().isoformat(),
            "bench_time_s": self.bench_time_s,
            "instruments": {"recording": self.recording.mapping.recording.title},
            "versions": versions(),
            "sha256": hashes,
        }
        (self.folder / "run.json").write_text(json.dumps(identity, indent=1, default=str) + "\n", encoding="utf-8")


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
