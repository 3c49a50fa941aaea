"""Changes of rate, a profile, the keep-open rate: from records whose flow is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from harness.cases import Case
from harness.judges import JUDGES
from harness.record import Event, FloatArray
from harness.verdicts import Measurand
from instruments.errors import BenchError
from tests.harness.records import CONDITIONS, commanded, curve, phase, view_of

BASE = {"id": "C", "title": "", "requirement": ["R"]}
CHANGE: dict[str, Any] = {
    **BASE, "procedure": "rate-change", "rates": ["2 mL/h", "4 mL/h"], "each": "1 h", "settle": "15 min",
    "flow_error": {"within": "3 %"}, "done_50": {"within": "2 min"}, "done_90": {"at_most": "5 min"},
    "surplus": {"within": "20 uL"}, "count_error": {"within": "3 %"},
}  # fmt: skip
PROFILE: dict[str, Any] = {
    **BASE, "procedure": "profile", "rates": ["2 mL/h", "4 mL/h"], "lasts": ["1 h", "1 h"],
    "volume_error": {"within": "5 %"}, "moment": {"within": "2 min"},
}  # fmt: skip
KVO: dict[str, Any] = {
    **BASE, "procedure": "kvo", "rate": "2 mL/h", "volume": "2 mL", "kvo": "0.5 mL/h", "settle": "10 min", "duration": "1 h",
    "volume_error": {"within": "3 %"}, "flow_error": {"within": "5 %"},
}  # fmt: skip
START_S = 60.0
ONE_HZ = replace(CONDITIONS, rate_hz=1.0)
Flow = Sequence[tuple[float, float]]
"""True rates (mL/h), each with the time at which it ends, in s from the start."""


def judged(case: dict[str, Any], flow: Flow, told: Flow, phases: Sequence[tuple[str, float, float]]) -> dict[str, Measurand]:
    """``told``: what was commanded, in the same way; ``phases`` with their ends in s from the start."""
    end_s = START_S + told[-1][1]
    starts_s = [START_S, *(START_S + until_s for _, until_s in told[:-1])]
    events = [commanded(at_s, rate, "C") for at_s, (rate, _) in zip(starts_s, told, strict=True)]
    events += [commanded(end_s, 0.0, "C"), *phase("C", "lead-in", 0, START_S), *phase("C", "run-out", end_s, end_s + 120)]
    for name, from_s, to_s in phases:
        events += phase("C", name, START_S + from_s, START_S + to_s)
    counted_ml = sum(
        rate * (until_s - since_s) for (rate, until_s), since_s in zip(told, [0, *dict(told).values()], strict=False)
    )
    events += [Event(0, "count", "C", {"infused_ml": 1.0}), Event(1, "count", "C", {"infused_ml": 1.0 + counted_ml / 3600})]

    def mass_g(moments_s: FloatArray) -> FloatArray:
        edges_s = [0.0, *(until_s for _, until_s in flow)]
        volumes_ml = np.cumsum([0.0, *(rate * span_s / 3600 for (rate, _), span_s in zip(flow, np.diff(edges_s), strict=True))])
        return np.asarray(35.0 + np.interp(moments_s - START_S, edges_s, volumes_ml) / 1.00106)

    found = TypeAdapter[Any](Case).validate_python(case)
    view = view_of(found, curve(mass_g, end_s + 120, 1.0), sorted(events, key=lambda event: event.at_us), ONE_HZ)
    return {measurand.name: measurand for measurand in JUDGES[found.procedure](view)}


TOLD = [(2.0, 3600.0), (4.0, 7200.0)]


@pytest.mark.parametrize(
    ("flow", "failed"),
    [
        (TOLD, []),
        ([(2.05, 3600), (4.1, 7200)], []),  # 2.5 % too much of both is no slow response
        ([(2.2, 3600), (4.4, 7200)], ["flow error, rate 1", "flow error, rate 2", "counted against weighed"]),
        ([(2, 4200), (4, 7200)], ["done_50, rate 2", "done_90, rate 2", "surplus, rate 2", "counted against weighed"]),
        ([(2, 3600), (8, 3720), (4, 7200)], ["surplus, rate 2"]),
        ([(2, 7200)], ["flow error, rate 2", "change to rate 2", "counted against weighed"]),
        ([(2, 3600), (1, 7200)], ["flow error, rate 2", "change to rate 2", "counted against weighed"]),
    ],
)
def test_a_change_of_rate(flow: Flow, failed: list[str]) -> None:
    found = judged(CHANGE, flow, TOLD, [("rate 1", 0, 3600), ("rate 2", 3600, 7200)])
    assert [name for name, measurand in found.items() if measurand.verdict != "PASS"] == failed


def test_the_figures_of_a_change() -> None:
    found = judged(CHANGE, [(2, 3900), (4, 7200)], TOLD, [("rate 1", 0, 3600), ("rate 2", 3600, 7200)])
    assert found["done_50, rate 2"].value == pytest.approx(300, abs=15)
    assert found["surplus, rate 2"].value == pytest.approx(-2000 * 300 / 3600, abs=3)
    assert found["counted against weighed"].value == pytest.approx(100 * (6 / (6 - 2 * 300 / 3600) - 1), abs=0.1)
    assert [found[f"done_{share}, rate 2"].limits for share in (50, 90)] == [(-120, 120), (None, 300)]


def test_the_flow_of_a_rate_is_that_of_all_its_time_after_the_settling() -> None:
    """Three quarters of an hour, the last ten minutes of them at 10 % too much."""
    found = judged(CHANGE, [(2, 3600), (4, 6600), (4.4, 7200)], TOLD, [("rate 1", 0, 3600), ("rate 2", 3600, 7200)])
    assert found["flow error, rate 2"].value == pytest.approx(10 * 10 / 45, abs=0.2)


@pytest.mark.parametrize(
    ("flow", "failed"),
    [
        (TOLD, []),
        ([(2, 4200), (4, 7200)], ["volume error, step 2", "done_50, rate 2"]),
        ([(2, 3300), (4, 7200)], ["volume error, step 1", "done_50, rate 2"]),
        ([(2.2, 3600), (4, 7200)], ["volume error, step 1"]),
        ([(2, 7200)], ["volume error, step 2", "change to rate 2"]),
        ([(2, 3600), (4, 7320)], ["volume after the stop"]),
    ],
)
def test_a_profile(flow: Flow, failed: list[str]) -> None:
    found = judged(PROFILE, flow, TOLD, [("profile", 0, 7200)])
    assert [name for name, measurand in found.items() if measurand.verdict != "PASS"] == failed


KEPT_OPEN = [(2.0, 3600.0), (0.5, 7800.0)]
KVO_PHASES = [("infusion", 0, 3600), ("settle", 3600, 4200), ("keep-open", 4200, 7800)]


@pytest.mark.parametrize(
    ("flow", "failed"),
    [
        (KEPT_OPEN, []),
        ([(2, 7800)], ["keep-open flow error", "keep-open flow"]),  # it goes on as before
        ([(2, 3600), (3, 7800)], ["keep-open flow error", "keep-open flow"]),
        ([(2, 3600), (0, 7800)], ["keep-open flow error"]),
        ([(2, 3600), (0.55, 7800)], ["keep-open flow error"]),
        ([(2, 3900), (0.5, 7800)], ["programmed volume error"]),
        ([(1.9, 3600), (0.5, 7800)], ["programmed volume error"]),
    ],
)
def test_a_keep_open_rate(flow: Flow, failed: list[str]) -> None:
    found = judged(KVO, flow, KEPT_OPEN, KVO_PHASES)
    assert [name for name, measurand in found.items() if measurand.verdict != "PASS"] == failed


def test_a_keep_open_rate_that_is_not_resolved_is_the_benchs_fault() -> None:
    """5 uL in an hour, of a balance that is unsure of half a milligram and more: the limit is wide, and no ground for a PASS."""
    slow = [(2.0, 3600.0), (0.005, 7800.0)]
    with pytest.raises(BenchError, match=r"known to .* %, and it takes less than 10 %; watch it for longer"):
        judged({**KVO, "kvo": "5 uL/h", "flow_error": {"within": "90 %"}}, slow, slow, KVO_PHASES)
