"""The daily check from made-up weighings whose deviation, scatter and zeros are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from harness.analysis.daily_check import DEVIATION, DRIFT, REPEATABILITY, SCATTER, ZERO, judge_daily_check, scatter
from harness.analysis.view import View
from harness.cases import DailyCheckCase
from harness.record import Event
from harness.verdicts import Measurand
from instruments.errors import BenchError
from tests.harness.records import CONDITIONS, PLAIN, SHEET, phase, readings, view_of

VESSEL_G, WEIGHT_G = 35.0, 50.0
HOLD_S, EVERY_S, STILL_S = 10.0, 30.0, 120.0
APART_H = EVERY_S / 3600
ZEROS = [0.0, 0.0, 0.0, 0.0]


def case_of(placements: int, **changed: Any) -> DailyCheckCase:
    wide = {"within": "100 mg"}
    told: dict[str, Any] = {"id": "D", "title": "daily", "requirement": ["R"], "procedure": "daily-check"}
    told |= {"check_weight": "50 g", "check_weight_uncertainty": "0.03 mg", "placements": placements}
    told |= {"deviation": wide, "zero": wide, "stability": wide, "repeatability": {"at_most": "100 mg"}}
    return DailyCheckCase.model_validate(told | changed)


def checked(
    loads_mg: Sequence[float], zeros_mg: Sequence[float], *, slope_mg_s: float = 0.0, noise_mg: float = 0.0, **changed: Any
) -> View[Any]:
    """Readings that depart by so many mg from 85 g with the weight and from 35 g without; the first zero is the stand-still."""
    levels = [(STILL_S, "still", VESSEL_G, zeros_mg[0])]
    for number, (load_mg, zero_mg) in enumerate(zip(loads_mg, zeros_mg[1:], strict=True), 1):
        levels += [(HOLD_S, f"weight {number}", VESSEL_G + WEIGHT_G, load_mg), (HOLD_S, f"zero {number}", VESSEL_G, zero_mg)]
    begin_s, moments_s, masses_g, events = 0.0, [], [], list[Event]()
    for span_s, name, level_g, departs_mg in levels:
        since_s = np.arange(0.0, span_s, 0.1)
        moments_s.append(begin_s + since_s)
        masses_g.append(level_g + (departs_mg + slope_mg_s * (since_s if name == "still" else 0 * since_s)) / 1000)
        events += phase("D", name, begin_s, begin_s + span_s)
        begin_s += max(span_s, EVERY_S)
    masses = np.concatenate(masses_g)
    masses = masses + noise_mg / 1000 * np.random.default_rng(1).standard_normal(len(masses))
    return view_of(case_of(len(loads_mg), **changed), readings(np.concatenate(moments_s), masses), events)


def found(view: View[Any], name: str) -> Measurand:
    return {one.name: one for one in judge_daily_check(view)}[name]


DEVIATIONS = [
    ([1.0, 2.0, 3.0], ZEROS, 2.0, 1.0),
    ([1.0, 2.0, 3.0], [9.0, 1.0, 2.0, 3.0], 0.0, 0.0),
    ([0.4, 0.4, 0.1, 0.3], [*ZEROS, 0.0], 0.3, 0.02**0.5),
]


@pytest.mark.parametrize(("loads_mg", "zeros_mg", "deviation_mg", "s_mg"), DEVIATIONS)
def test_deviation_and_repeatability_are_those_of_each_weight_and_the_zero_after_it(
    loads_mg: list[float], zeros_mg: list[float], deviation_mg: float, s_mg: float
) -> None:
    view = checked(loads_mg, zeros_mg)
    assert found(view, DEVIATION).value == pytest.approx(deviation_mg, abs=1e-8)
    assert found(view, REPEATABILITY).value == pytest.approx(s_mg, abs=1e-8)


def test_the_deviation_is_known_as_well_as_the_weight_and_the_weighings() -> None:
    """s / sqrt(n), certificate, two roundings over 100 readings, 0.1 mg/h of drift and 1 mg/h of evaporation in half a minute."""
    measured = found(checked([1.0, 2.0, 3.0], ZEROS, noise_mg=1e-5), DEVIATION)
    parts_mg = [1 / 3**0.5, 0.03, 0.005 / 3**0.5, 0.005 / 3**0.5, 1.1 * APART_H / 3**0.5]
    assert [row.contribution for row in measured.budget] == pytest.approx(parts_mg, rel=1e-4, abs=2e-3)
    assert measured.budget[-1].contribution == pytest.approx(parts_mg[-1])
    assert [row.dof for row in measured.budget] == [2, *[math.inf] * 4]
    assert measured.expanded_uncertainty == pytest.approx(measured.coverage_factor * math.hypot(*parts_mg), rel=1e-3)


def test_rounding_does_not_average_out_where_no_noise_shows() -> None:
    view = checked([1.0, 2.0, 3.0], ZEROS, noise_mg=1e-5)
    quiet = SHEET.model_copy(update={"shows_noise": False})
    view = replace(view, conditions=replace(CONDITIONS, weighing=replace(PLAIN, balance=quiet)))
    rounding = [row.contribution for row in found(view, DEVIATION).budget if "readability" in row.source]
    assert rounding == pytest.approx([0.05 / 3**0.5] * 2)


def test_the_zero_return_is_the_largest_change_of_the_zero_with_its_sign() -> None:
    measured = found(checked([0.0, 0.0, 0.0], [0.0, 0.1, -0.3, -0.2]), ZERO)
    assert measured.value == pytest.approx(-0.4, abs=1e-8)
    assert measured.detail == "the largest of 3, after weight 2"
    assert measured.budget[0].u == pytest.approx(np.std([0.1, -0.4, 0.1], ddof=1))


def test_drift_at_rest_is_what_the_line_through_the_stand_still_covers() -> None:
    measured = found(checked([0.0, 0.0, 0.0], ZEROS, slope_mg_s=1 / 60), DRIFT)
    assert measured.value == pytest.approx((STILL_S - 0.1) / 60, abs=1e-6)


def test_scatter_at_rest_is_around_the_drift_and_drift_knows_of_the_scatter() -> None:
    view = checked([0.0, 0.0, 0.0], ZEROS, slope_mg_s=1 / 60, noise_mg=0.2)
    assert found(view, SCATTER).value == pytest.approx(0.2, rel=0.06)
    slope_u_mg = 0.2 * (12 / 1200) ** 0.5
    assert found(view, DRIFT).expanded_uncertainty == pytest.approx(2 * slope_u_mg, rel=0.15)


@pytest.mark.parametrize("dof", [4, 9, 29])
def test_the_interval_of_a_scatter_is_that_of_chi_squared(dof: int) -> None:
    low, high = scatter(0.1, dof).interval
    tail = (1 - 0.9545) / 2
    assert low == pytest.approx(0.1 * (dof / chi2.ppf(1 - tail, dof)) ** 0.5, rel=0.02)
    assert high == pytest.approx(0.1 * (dof / chi2.ppf(tail, dof)) ** 0.5, rel=0.02)


def test_the_budget_of_a_scatter_says_how_well_few_placements_know_it() -> None:
    """24 % from ten (JCGM 100, table E.1)."""
    (row,) = scatter(0.1, 9).budget
    assert (row.u / 0.1, row.dof) == (pytest.approx(0.236, abs=5e-4), 9)


def test_the_interval_of_a_scatter_covers_the_true_one() -> None:
    s = np.random.default_rng(7).standard_normal((4000, 10)).std(axis=1, ddof=1)
    low, high = scatter(1.0, 9).interval
    assert 0.945 < np.mean((s * low < 1.0) & (s * high > 1.0)) < 0.965


VERDICTS = [
    (DEVIATION, {"deviation": {"within": "5 mg"}}, "PASS"),
    (DEVIATION, {"deviation": {"within": "2.1 mg"}}, "INCONCLUSIVE"),
    (DEVIATION, {"deviation": {"within": "2.1 mg", "rule": "simple"}}, "PASS"),
    (DEVIATION, {"deviation": {"within": "1.9 mg"}}, "FAIL"),
    (REPEATABILITY, {"repeatability": {"at_most": "10 mg"}}, "PASS"),
    (REPEATABILITY, {"repeatability": {"at_most": "1.1 mg"}}, "INCONCLUSIVE"),
    (REPEATABILITY, {"repeatability": {"at_most": "1.1 mg", "rule": "simple"}}, "PASS"),
    (REPEATABILITY, {"repeatability": {"at_most": "0.9 mg"}}, "FAIL"),
    (ZERO, {"zero": {"within": "12 mg"}}, "PASS"),
    (ZERO, {"zero": {"within": "1.5 mg"}}, "FAIL"),
    (ZERO, {"zero": {"within": "2.5 mg", "rule": "simple"}}, "PASS"),
    (DRIFT, {"stability": {"within": "3 mg"}}, "PASS"),
    (DRIFT, {"stability": {"within": "1.9 mg", "rule": "simple"}}, "FAIL"),
    (SCATTER, {"stability": {"within": "1.9 mg", "rule": "simple"}}, "PASS"),
    (SCATTER, {"stability": {"within": "0.15 mg"}}, "FAIL"),
]


@pytest.mark.parametrize(("name", "limit", "verdict"), VERDICTS, ids=[f"{name}: {limit}" for name, limit, _ in VERDICTS])
def test_each_limit_judges_its_own_figure(name: str, limit: dict[str, Any], verdict: str) -> None:
    loads_mg, zeros_mg = [1.0, 2.5, 3.0], [0.0, 0.0, 0.5, 0.0]
    assert found(checked(loads_mg, zeros_mg, slope_mg_s=1 / 60, noise_mg=0.2, **limit), name).verdict == verdict


def test_a_scatter_has_no_lower_limit() -> None:
    measured = {one.name: one.limits for one in judge_daily_check(checked([0.0, 0.0, 0.0], ZEROS))}
    assert (measured[SCATTER], measured[REPEATABILITY], measured[DRIFT]) == ((None, 100.0), (None, 100.0), (-100.0, 100.0))


def test_a_check_that_was_cut_short_is_no_check() -> None:
    view = checked([0.0, 0.0, 0.0], ZEROS)
    cut = replace(view, record=replace(view.record, events=view.record.events[:-1]))
    with pytest.raises(BenchError, match="no complete phase 'zero 3' of case D"):
        judge_daily_check(cut)


REFUSED = [
    ({"placements": 2}, "greater than or equal to 3"),
    ({"hold": "3 min"}, "hold is longer than the standstill"),
    ({"check_weight": "0 g"}, "greater than 0"),
]


@pytest.mark.parametrize(("changed", "message"), REFUSED)
def test_a_check_that_would_say_nothing_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        case_of(**{"placements": 3, **changed})
