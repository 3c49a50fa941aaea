"""All verdicts of a run again, from its raw lines: what the samples say is decoded once more from what came over the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.bench import Bench, bench_from
from harness.conclusion import conclude, judged_cases
from harness.judge import conditions_of, judge_case
from harness.plan import Plan, load_plan, plan_from
from harness.rawlog import frames_of, readable
from harness.readback import read_journal, read_record
from harness.record import Record
from harness.recorder import JOURNAL
from harness.recording import load_recording
from harness.replay import MAPPING
from harness.verdicts import CaseVerdict, RunVerdict, verdicts_text
from instruments.clock import WallClock
from instruments.errors import BenchError, ConfigError
from instruments.link import Link
from instruments.options import options_from
from instruments.readings import Readings
from instruments.stamped import NOTHING, Stamped

_BALANCE = "balance"
_STREAM = "weighing begins"


@dataclass(frozen=True, slots=True)
class Reanalysis:
    """The verdicts again. ``differs`` says in words where the samples are not what the raw lines say; empty when they are."""

    verdict: RunVerdict
    differs: str = ""


def reanalyse(folder: Path, new_plan: Path | None = None) -> Reanalysis:
    """Judge every case of a closed run again, by its own plan or by another one with cases of the same names.

    What was not judged from the record (a case that was not run, an alarm at a command) stays as it was. Raises BenchError when
    the run is damaged, ConfigError when it is not closed or the plan has none of its cases.
    """
    journal = read_journal(folder / JOURNAL)
    if missing := [name for name in ("text", "tables") if name not in journal.head["plan"]]:
        raise BenchError(f"{folder}: the head of its journal has no plan.{missing[0]}; nothing can be judged by it")
    if not journal.closed:
        raise ConfigError(f"{folder}: this run has not been closed; 'dosebench recover' closes it, if nobody is running it")
    head, record = journal.head, read_record(folder)
    plan = load_plan(new_plan) if new_plan else plan_from(head["plan"]["tables"], head["plan"]["text"], folder / "plan.toml")
    judged = judged_cases(record.events)
    _known(plan, head["cases"], folder)
    again, judge = _judging(folder, head, record, plan)
    verdicts = {
        case.id: judge(case) if judged[case.id].from_record else judged[case.id].verdict
        for case in plan.cases
        if case.id in judged
    }
    cases = [{"id": case.id, "title": case.title, "requirement": list(case.requirement)} for case in plan.cases]
    planned = {case["id"] for case in head["cases"]}
    verdict = conclude(record.run, record.data_source, cases, record.events, verdicts, planned)
    return Reanalysis(verdict, _difference(record, again))


def recomputed(folder: Path) -> bytes:
    """The bytes of ``verdicts.json``, computed again from raw lines. Raises BenchError."""
    found = reanalyse(folder)
    if found.differs:
        raise BenchError(f"{folder}: {found.differs}")
    return verdicts_text(found.verdict)


def _known(plan: Plan, cases: Sequence[Mapping[str, Any]], folder: Path) -> None:
    names = [case["id"] for case in cases]
    if not any(case.id in names for case in plan.cases):
        raise ConfigError(f"{plan.path}: none of its cases is in the run in {folder}; it has {', '.join(names)}")


def _judging(folder: Path, head: Mapping[str, Any], record: Record, plan: Plan) -> tuple[Readings, Any]:
    """The readings as the raw lines have them, and how a case is judged by them."""
    if head["data_source"] == "replay":
        recording = load_recording(next((folder / "raw").iterdir()), folder / MAPPING)
        again = recording.record(record.run)
        return again.readings, lambda case: judge_case(again, case, recording.conditions(plan), recording.evaporation)
    bench = bench_from(dict(head["bench"]["tables"]), head["bench"]["text"], folder / "bench.toml")
    readings = _decoded(folder, bench, record)
    conditions, anew = conditions_of(bench, plan), replace(record, readings=readings)
    return readings, lambda case: judge_case(anew, case, conditions)


def _decoded(folder: Path, bench: Bench, record: Record) -> Readings:
    """The balance's raw lines through its own driver: those that came by themselves once it had been told to weigh."""
    path = folder / "raw" / f"{_BALANCE}.log"
    frames, _ = frames_of(path.read_bytes(), "<") if path.is_file() else (NOTHING, 0)
    driver = bench.driver(_BALANCE)
    link = Link(_Kept(_by_themselves(frames, record)), driver.framer, WallClock(), role=_BALANCE)
    device = driver.make(link, options_from(driver.options, bench.balance.options, "balance.options"))
    readings: Readings = device.readings()[0]
    return readings


def _by_themselves(frames: Stamped, record: Record) -> Stamped:
    """Without the answers to questions, and without what came before the stream was asked for.

    A frame that was waited for without a question, like the first of a stream, came by itself.
    """
    begins = [event.at_us for event in record.of_kind(_STREAM)]
    if not begins:
        return NOTHING
    asked = [event.data for event in record.commands if event.data["role"] == _BALANCE and event.data["command"]]
    answers = {(told["heard_us"], told["reply"]) for told in asked}
    stamps = {stamp_us for stamp_us, _ in answers}
    unasked = frames.stamps_us >= begins[0]
    for at in np.flatnonzero(unasked & np.isin(frames.stamps_us, list(stamps))):
        frame = frames.data[frames.starts[at] : frames.ends[at]]
        unasked[at] = (int(frames.stamps_us[at]), readable(frame)) not in answers
    return frames.pick(unasked)


class _Kept:
    """A port that hands out what once came, and takes nothing."""

    def __init__(self, frames: Stamped) -> None:
        self._frames = frames

    def write(self, data: bytes) -> None:
        raise BenchError("a record cannot be asked anything")

    def poll(self) -> Stamped:
        frames, self._frames = self._frames, NOTHING
        return frames

    def wait(self, deadline_s: float) -> Stamped:
        return self.poll()

    def close(self) -> None:
        """Nothing is open."""


def _difference(record: Record, again: Readings) -> str:
    """Of a run that was cut, raw lines may have come to the disk whose samples have not."""
    samples = record.readings
    if any(record.of_kind("recovered")) and len(samples) < len(again):
        count = len(samples)
        again = Readings(again.stamps_us[:count], again.masses_g[:count], again.statuses[:count])
    if len(samples) != len(again):
        return f"the raw lines have {len(again)} readings, the samples {len(samples)}"
    same = (samples.stamps_us == again.stamps_us) & (samples.statuses == again.statuses)
    same &= np.isclose(samples.masses_g, again.masses_g, rtol=0, atol=0, equal_nan=True)
    if same.all():
        return ""
    at = int(np.flatnonzero(~same)[0])
    said, raw = samples.masses_g[at], again.masses_g[at]
    return f"the sample at {samples.stamps_us[at] / 1e6:.6f} s is {said:g} g, the raw lines say {raw:g} g"


def changes(old: RunVerdict, new: RunVerdict) -> list[tuple[str, str, str, str]]:
    """Old against new: case, measurand (empty for the case itself), and both in words; only what is not the same."""
    rows = []
    before, after = ({case.id: case for case in run.cases} for run in (old, new))
    for case in dict.fromkeys([*before, *after]):
        was, now = _lines(before.get(case)), _lines(after.get(case))
        rows += [
            (case, name, was.get(name, "-"), now.get(name, "-"))
            for name in dict.fromkeys([*was, *now])
            if was.get(name) != now.get(name)
        ]
    return rows


def _lines(case: CaseVerdict | None) -> dict[str, str]:
    if case is None:
        return {}
    limits = ((found, [side if side is not None else "-" for side in found.limits]) for found in case.measurands)
    told = {
        found.name: f"{found.value:.6g} ± {found.expanded_uncertainty:.2g} {found.unit} in [{low}, {high}]: {found.verdict}"
        for found, (low, high) in limits
    }
    return {"": case.verdict.value, **told}
