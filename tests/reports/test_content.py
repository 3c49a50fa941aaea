"""What a reviewer finds beside the values: what limits rest on, and who was asked for what."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.cases import PumpOffCase
from harness.metrology.budget import Estimate
from harness.record import Event, Record
from harness.verdicts import CaseVerdict, Verdict, judge
from reports.content import steps_html
from reports.tables import measurands_html
from tests.harness.records import readings

CASE = PumpOffCase.model_validate(
    {
        "procedure": "pump-off", "id": "C", "title": "off", "requirement": ["R"], "duration": "1 h",
        "flow": {"within": "1 uL/h", "basis": "proposed", "spec": "ROW"},
    }
)  # fmt: skip


def test_the_table_says_what_limits_rest_on() -> None:
    found = judge("flow", Estimate(0.0, 0.1, 2.0, math.inf), "uL/h", CASE.flow.interval, "guarded")
    verdict = CaseVerdict("C", "off", Verdict.PASS, ("R",), (replace(found, basis=CASE.flow.rests_on),))
    assert "<td>proposed, ROW</td>" in measurands_html(verdict)


ASKED, ANSWERED = ("by hand", {"words": "close <it>"}), ("done by hand", {"answer": "17.8 mL"})
STEPS = [
    ([], ""),
    ([ASKED, ANSWERED], "<td>close &lt;it&gt;</td><td>2.0</td><td>17.8 mL</td>"),
    ([ASKED], "<td>close &lt;it&gt;</td><td></td><td>not answered</td>"),
]


@pytest.mark.parametrize(("told", "html"), STEPS)
def test_steps_by_hand_are_shown_with_their_answers(told: list[tuple[str, dict[str, str]]], html: str) -> None:
    events = [Event(at * 1_000_000, kind, "C", data) for at, (kind, data) in enumerate(told, 1)]
    shown = steps_html(Record("run", "simulated", readings([], []), events), CASE)
    assert html in shown
    assert bool(shown) == bool(told)
