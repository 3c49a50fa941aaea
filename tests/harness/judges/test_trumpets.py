"""The trumpet case from a record with a known flow: start-up, mean error, extremes, and what came after the stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.cases import TrumpetCase
from harness.judges.trumpets import judge_trumpet
from harness.record import Event, FloatArray
from harness.verdicts import Measurand
from tests.harness.records import CONDITIONS, commanded, curve, phase, view_of

START_S, ANALYSIS_S, STOP_S, END_S = 60.0, 1860.0, 3660.0, 3780.0
ONE_HZ = replace(CONDITIONS, rate_hz=1.0)
CASE: dict[str, Any] = {
    "id": "T", "title": "", "requirement": ["R"], "procedure": "trumpet", "rate": "5 mL/h",
    "stabilisation": "30 min", "analysis": "30 min", "windows": ["2 min", "5 min"],
    "flow_error": {"within": "2 %"}, "window_errors": [{"within": "5 %"}, {"at_most": "3 %"}],
    "sud_50": {"at_most": "2 min"}, "sud_90": {"at_most": "3 min"},
}  # fmt: skip
PLAIN = ["start-up delay SUD_50", "start-up delay SUD_90", "flow error A"]
EXTREMES = ["Ep(max) over 2 min", "Ep(min) over 2 min", "Ep(max) over 5 min"]


def flowing(rate_ml_h: Callable[[FloatArray], FloatArray]) -> Callable[[FloatArray], FloatArray]:
    """The mass of a flow, from the start to the stop, in steps of a tenth of a second."""

    def mass_g(moments_s: FloatArray) -> FloatArray:
        since_s = np.arange(0.0, STOP_S - START_S, 0.1)
        grown_ml = np.concatenate([[0.0], np.cumsum(rate_ml_h(since_s)) * 0.1 / 3600])
        return 35.0 + np.interp(moments_s - START_S, np.append(since_s, STOP_S - START_S), grown_ml) / 1.00106

    return mass_g


def judged(flow: Callable[[FloatArray], FloatArray], *events: Event, **changes: Any) -> dict[str, Measurand]:
    told = [
        *phase("T", "baseline", 0, START_S),
        commanded(START_S, 5.0, "T"),
        *phase("T", "stabilisation", START_S, ANALYSIS_S),
        *phase("T", "analysis", ANALYSIS_S, STOP_S),
        commanded(STOP_S, 0.0, "T"),
        *phase("T", "run-out", STOP_S, END_S),
        *events,
    ]
    case = TrumpetCase.model_validate({**CASE, **changes})
    return {found.name: found for found in judge_trumpet(view_of(case, curve(flowing(flow), END_S, 1.0), told, ONE_HZ))}


def steady(since_s: FloatArray) -> FloatArray:
    return np.full_like(since_s, 5.0)


def late(since_s: FloatArray) -> FloatArray:
    return np.where(since_s < 300, 0.0, 5.0)


def swinging(since_s: FloatArray) -> FloatArray:
    """10 % up and down, once in 20 min: the analysis period has one turn and a half, the half one below the set rate."""
    return np.asarray(5.0 * (1 + 0.1 * np.sin(2 * np.pi * since_s / 1200)))


def fast(since_s: FloatArray) -> FloatArray:
    return np.full_like(since_s, 5.2)


@pytest.mark.parametrize(
    ("flow", "failed"),
    [
        (steady, []),
        (late, PLAIN[:2]),
        (fast, ["flow error A", EXTREMES[2]]),
        (swinging, ["flow error A", *EXTREMES]),
    ],
)
def test_what_fails(flow: Callable[[FloatArray], FloatArray], failed: list[str]) -> None:
    found = judged(flow)
    assert list(found) == [*PLAIN, *EXTREMES]
    assert [name for name, measurand in found.items() if measurand.verdict != "PASS"] == failed


def test_the_figures() -> None:
    """SUD_90 of an immediate start is 0.4 windows of 2 min; the extremes of the swing are its peaks, smoothed by the window."""
    found = judged(swinging)
    peak_pct = 10 * np.sinc(120 / 1200)
    assert found["Ep(max) over 2 min"].value == pytest.approx(peak_pct, abs=0.5)
    assert found["Ep(min) over 2 min"].value == pytest.approx(-peak_pct, abs=0.5)
    assert found["flow error A"].value == pytest.approx(-10 * 2 / np.pi / 3, abs=0.1)
    assert judged(steady)["start-up delay SUD_90"].value == pytest.approx(48, abs=3)
    assert judged(late)["start-up delay SUD_50"].value == pytest.approx(300, abs=3)


def test_a_flow_that_never_comes() -> None:
    found = judged(lambda since_s: np.full_like(since_s, 1.0))["start-up delay SUD_90"]
    assert (found.value, found.verdict, found.detail) == (3600.0, "FAIL", "never reached")


def test_each_extreme_has_the_limit_of_its_side() -> None:
    found = judged(steady)
    assert [found[name].limits for name in EXTREMES] == [(None, 5.0), (-5.0, None), (None, 3.0)]


@pytest.mark.parametrize(("changes", "names"), [({"period": "B"}, ["flow error B"]), ({}, ["flow error A"])])
def test_what_is_not_asked_for_is_not_listed(changes: dict[str, Any], names: list[str]) -> None:
    assert list(judged(steady, window_errors=[], sud_50=None, sud_90=None, **changes)) == names


def test_a_pump_that_says_that_it_stands() -> None:
    stop = Event(round(2000e6), "pump", "T", {"word": "stopped", "running": False})
    assert judged(steady, stop)["stops of its own accord"].verdict == "FAIL"
