"""What a test written by hand expects of its record: it has said so in the record, and is judged from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.analysis.bolus import LEVEL_S, start_command_s
from harness.analysis.flow import ends, mean_flow
from harness.analysis.masses import first, last, volume_between
from harness.analysis.timing import Rise, duration_s, onset_s, rise_of
from harness.analysis.view import View
from harness.cases.python import (
    EXPECTATION,
    EXPECTED,
    ExpectedAlarm,
    ExpectedDuration,
    ExpectedFlow,
    ExpectedOnset,
    ExpectedQuiet,
    ExpectedValue,
    ExpectedVolume,
    PythonCase,
)
from harness.metrology.budget import evaluate, exact, scaled
from harness.verdicts import Measurand, judge
from instruments.errors import BenchError


def judge_python(view: View[PythonCase]) -> list[Measurand]:
    """Raises BenchError for a test that expects nothing."""
    asked = [EXPECTED.validate_python(event.data) for event in view.record.of_kind(EXPECTATION, view.case.id)]
    if not asked:
        advice = "say what with the fixture 'expect': an assert alone measures nothing"
        raise BenchError(f"the test expects nothing of what was weighed; {advice}")
    return [measurand for one in asked for measurand in _JUDGED[type(one)](view, one)]


def _volume(view: View[PythonCase], asked: ExpectedVolume) -> Iterator[Measurand]:
    before, after = last(view.series(asked.before), LEVEL_S), last(view.series(asked.after), LEVEL_S)
    found, words = volume_between(view, before, after)
    told = f"{found.value:.6g} mL of {asked.volume:g} mL; {words}"
    yield view.judge(asked.name, scaled(found, 100 / asked.volume, -100), "%", asked.limit, told)


def _flow(view: View[PythonCase], asked: ExpectedFlow) -> Iterator[Measurand]:
    found, words = mean_flow(view, *ends(view.series(asked.phase)))
    yield view.judge(asked.name, scaled(found, 100 / asked.rate, -100), "%", asked.limit, words)


def _quiet(view: View[PythonCase], asked: ExpectedQuiet) -> Iterator[Measurand]:
    series = view.series(asked.phase)
    found, words = volume_between(view, first(series, LEVEL_S), last(series, LEVEL_S), per_ml=1000)
    yield view.judge(asked.name, found, "uL", asked.limit, words)


def _rise(view: View[PythonCase], before: str, after: str) -> Rise:
    return rise_of(view.series(before, after), LEVEL_S, sign=view.conditions.weighing.sign)


def _duration(view: View[PythonCase], asked: ExpectedDuration) -> Iterator[Measurand]:
    yield view.judge(asked.name, duration_s(view.conditions, _rise(view, asked.before, asked.after)), "s", asked.limit)


def _onset(view: View[PythonCase], asked: ExpectedOnset) -> Iterator[Measurand]:
    command_s = start_command_s(view.record, view.case.id)
    yield view.judge(asked.name, onset_s(view.conditions, _rise(view, asked.before, asked.after), command_s), "s", asked.limit)


def _alarm(view: View[PythonCase], asked: ExpectedAlarm) -> Iterator[Measurand]:
    alarms = [event for event in view.record.of_kind("alarm", view.case.id) if event.data["kind"] == asked.alarm]
    words = ", ".join(f"{event.data['word']} at {event.at_s:.1f} s" for event in alarms) or "none came"
    yield judge(asked.name, exact(len(alarms)), "1", (float(asked.count), float(asked.count)), "simple", words)


def _value(view: View[PythonCase], asked: ExpectedValue) -> Iterator[Measurand]:
    found = evaluate(lambda inputs: inputs.normal(f"{asked.name} ({asked.unit})", asked.value, asked.uncertainty))
    yield judge(asked.name, found, asked.unit, (asked.at_least, asked.at_most), view.conditions.rule)


_JUDGED: Mapping[type, Callable[[View[PythonCase], Any], Iterator[Measurand]]] = {
    ExpectedVolume: _volume,
    ExpectedFlow: _flow,
    ExpectedQuiet: _quiet,
    ExpectedDuration: _duration,
    ExpectedOnset: _onset,
    ExpectedAlarm: _alarm,
    ExpectedValue: _value,
}
