"""Bolus volume, duration, start: against the reference vectors and against ramps with a known answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.analysis.bolus import duration_s, judge_bolus, timing
from harness.cases import BolusCase
from harness.record import FloatArray
from harness.verdicts import Verdict
from tests.conftest import DATA
from tests.harness.records import CONDITIONS, commanded, curve, phase, readings, view_of

EXPECTED: dict[str, Any] = json.loads((DATA / "vectors" / "bolus_timing_expected.json").read_text())
SERIES = pd.read_csv(DATA / "vectors" / "bolus_timing_series.csv")


def case_of(**more: Any) -> BolusCase:
    plain = {
        "id": "B", "title": "bolus", "procedure": "bolus", "requirement": ["R"], "volume": "1 mL", "over": "75 s",
        "volume_error": {"within": "5 %"}, "duration": {"at_least": "60 s"}, "duration_error": {"within": "10 %"}, **more,
    }  # fmt: skip
    return BolusCase.model_validate(plain)


@pytest.mark.parametrize("expected", EXPECTED["boluses"], ids=["1 mL", "1.5 mL", "2 mL, too fast"])
def test_timing_of_the_reference_vectors(expected: dict[str, Any]) -> None:
    """The 5/95 rule on noise-free ramps: 1e-6 s. Baseline and plateau are the window's first and last reading there."""
    start_s, end_s = expected["window_s"]
    window = SERIES[(SERIES.t_s >= start_s) & (SERIES.t_s <= end_s)]
    found = readings(window.t_s.to_numpy(), window.mass_mg.to_numpy() / 1000)
    flat_s = expected["true_start_s"] - 0.5
    drained_s = expected["true_start_s"] + expected["true_duration_s"] + 0.5
    events = [*phase("B", "baseline", start_s, flat_s), *phase("B", "drain", drained_s, end_s + 0.1)]
    found_timing = timing(view_of(case_of(), found, events))
    assert found_timing.duration_s == pytest.approx(expected["duration_ext_s"], abs=1e-6)
    assert found_timing.start_s == pytest.approx(expected["start_ext_s"], abs=1e-6)


def ramp(start_s: float, length_s: float, mass_g: float) -> Any:
    def mass(moments_s: FloatArray) -> FloatArray:
        return np.asarray(35.0 + mass_g * np.clip((moments_s - start_s) / length_s, 0, 1))

    return mass


def judged(length_s: float, mass_g: float, *, hold_g_h: float = 0.0) -> dict[str, Any]:
    def mass(moments_s: FloatArray) -> FloatArray:
        return np.asarray(ramp(60.0, length_s, mass_g)(moments_s) + hold_g_h * np.clip(moments_s - 300, 0, None) / 3600)

    events = [
        *phase("B", "baseline", 0, 60), commanded(60, 48.0, "B"), *phase("B", "bolus", 60, 180),
        *phase("B", "drain", 180, 300), *phase("B", "hold", 300, 300 + 3600),
    ]  # fmt: skip
    case = case_of(hold="1 h", hold_volume={"within": "10 uL"})
    return {found.name: found for found in judge_bolus(view_of(case, curve(mass, 3900.0), events))}


@pytest.mark.parametrize(
    ("length_s", "mass_g", "hold_g_h", "verdicts"),
    [
        (75.0, 0.998, 0.0, ["PASS", "PASS", "PASS", "PASS"]),
        (75.0, 0.930, 0.0, ["FAIL", "PASS", "PASS", "PASS"]),
        (75.0, 1.065, 0.0, ["FAIL", "PASS", "PASS", "PASS"]),
        (75.0, 1.0485, 0.0, ["INCONCLUSIVE", "PASS", "PASS", "PASS"]),
        (55.0, 0.998, 0.0, ["PASS", "FAIL", "FAIL", "PASS"]),
        (60.2, 0.998, 0.0, ["PASS", "INCONCLUSIVE", "FAIL", "PASS"]),
        (95.0, 0.998, 0.0, ["PASS", "PASS", "FAIL", "PASS"]),
        (75.0, 0.998, 0.020, ["PASS", "PASS", "PASS", "FAIL"]),
        (75.0, 0.998, -0.020, ["PASS", "PASS", "PASS", "FAIL"]),
        (75.0, 0.0, 0.0, ["FAIL", "PASS"]),
    ],
    ids=["right", "little", "much", "at the limit", "fast", "near a minute", "slow", "leaks", "sucks back", "nothing"],
)
def test_verdicts_on_known_ramps(length_s: float, mass_g: float, hold_g_h: float, verdicts: list[str]) -> None:
    found = judged(length_s, mass_g, hold_g_h=hold_g_h)
    assert [measurand.verdict.value for measurand in found.values()] == verdicts


@pytest.mark.parametrize("length_s", [58.5, 75.0, 120.0])
@pytest.mark.parametrize("lag_s", [0.0, 2.0, 5.2, 10.0])
def test_the_lag_of_the_line_does_not_make_a_bolus_look_longer(length_s: float, lag_s: float) -> None:
    def lagged(moments_s: FloatArray) -> FloatArray:
        ramp_g = 0.998 / length_s
        since_s, after_s = np.clip(moments_s - 60, 0, None), np.clip(moments_s - 60 - length_s, 0, None)
        held = lag_s * (np.exp(-after_s / lag_s) - np.exp(-since_s / lag_s)) if lag_s else 0.0
        return np.asarray(35.0 + ramp_g * (since_s - after_s - held))

    events = [*phase("B", "baseline", 0, 60), *phase("B", "drain", 250, 370)]
    view = view_of(case_of(), curve(lagged, 370.0), events, replace(CONDITIONS, lag_s=lag_s))
    found = duration_s(view, timing(view))
    assert found.value == pytest.approx(length_s, abs=0.3)
    assert abs(found.value - length_s) <= found.expanded_uncertainty


def test_duration_budget_has_the_size_of_the_worked_one() -> None:
    """Worked budget B of the reference: U = 0.60 s at 0.2 s sampling; the filter's asymmetry dominates."""
    events = [*phase("B", "baseline", 0, 60), *phase("B", "drain", 180, 300)]
    view = view_of(case_of(), curve(ramp(60.0, 60.0, 0.998), 300.0), events)
    found = duration_s(view, timing(view))
    assert found.value == pytest.approx(60.0, abs=0.1)
    assert found.expanded_uncertainty == pytest.approx(0.58, abs=0.02)


@pytest.mark.parametrize(("interval_h", "verdict"), [(24.0, "PASS"), (24.24, "PASS"), (24.2499, "INCONCLUSIVE"), (24.3, "FAIL")])
def test_the_interval_counts_from_start_to_start(interval_h: float, verdict: str) -> None:
    after = {"case": "A", "start_to_start": "24 h", "within": "15 min"}
    start_s = 60 + interval_h * 3600
    events = [
        *phase("A", "baseline", 0, 60), commanded(60, 48, "A"), commanded(135, 0, "A"),
        *phase("B", "baseline", start_s - 60, start_s), commanded(start_s, 48, "B"),
        *phase("B", "drain", start_s + 80, start_s + 200),
    ]  # fmt: skip
    moments_s = np.arange(start_s - 60, start_s + 200, 0.1)
    found = readings(moments_s, ramp(start_s, 75.0, 1.0)(moments_s))
    last = judge_bolus(view_of(case_of(after=after), found, events))[-1]
    assert (last.name, last.verdict) == ("start to start, after A", Verdict(verdict))
