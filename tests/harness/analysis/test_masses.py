"""Levels, lines and crossings of noisy masses; volumes between levels and the curve that estimators work on."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

from harness.analysis.masses import crossing_s, curve_of, first, fit_line, last, level, volume_between
from harness.metrology.volume import Evaporation, Weighing
from harness.record import FloatArray, Series
from harness.stands import Corrections, Needle, Vessel
from instruments.errors import BenchError
from tests.conftest import DATA
from tests.harness.records import CONDITIONS, DRY, PLAIN, readings, view_of

REGRESSION: dict[str, Any] = json.loads((DATA / "vectors" / "flow_regression_expected.json").read_text())


def noise(count: int, correlation: float = 0.0, seed: int = 1) -> FloatArray:
    """First-order autoregressive noise of standard deviation 1."""
    white = np.random.default_rng(seed).standard_normal(count + 500) * math.sqrt(1 - correlation**2)
    return np.asarray(lfilter([1.0], [1.0, -correlation], white)[500:])


def series_of(masses_g: FloatArray, step_s: float = 0.1, start_s: float = 0.0) -> Series:
    return Series(start_s + step_s * np.arange(len(masses_g)), np.asarray(masses_g, dtype=np.float64))


# --- levels ---


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_a_level_knows_how_its_readings_scatter_and_hang_together(correlation: float) -> None:
    """A slope is no scatter."""
    moments_s = np.arange(20_000) * 0.1
    found = level(Series(moments_s, 35 + 1e-4 * moments_s + 2e-4 * noise(20_000, correlation)))
    assert (found.moment_s, found.count) == (pytest.approx(999.95), 20_000)
    assert found.mass_g == pytest.approx(35 + 1e-4 * 999.95, abs=3e-5)
    assert found.residual_g == pytest.approx(2e-4, rel=0.05)
    assert found.correlation == pytest.approx(correlation, abs=0.03)
    assert found.independent == pytest.approx(20_000 * (1 - correlation) / (1 + correlation), rel=0.12)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_the_mean_of_a_level_scatters_as_its_independent_readings_say(correlation: float) -> None:
    levels = [level(series_of(noise(600, correlation, seed))) for seed in range(300)]
    scatter = float(np.std([found.mass_g for found in levels]))
    claimed = [found.residual_g / math.sqrt(found.independent) for found in levels]
    assert float(np.median(claimed)) == pytest.approx(scatter, rel=0.15)


@pytest.mark.parametrize(("count", "residual"), [(1, False), (3, False), (4, True)])
def test_few_readings_have_no_scatter_of_their_own(count: int, residual: bool) -> None:
    found = level(series_of(np.array([1.0, 2.0, 1.0, 3.0])[:count]))
    assert (found.count, found.residual_g > 0) == (count, residual)
    assert (found.correlation, found.independent >= 1) == (0.0, True)


@pytest.mark.parametrize("span_s", [0.0, 1.0, 1.04, 30.0])
def test_both_ends_of_a_span_belong_to_it(span_s: float) -> None:
    series = series_of(np.arange(601) / 10, start_s=7.0)
    count = int(span_s / 0.1 + 1e-9) + 1
    begin, end = first(series, span_s), last(series, span_s)
    assert (begin.count, end.count) == (count, count)
    assert (begin.mass_g, end.mass_g) == pytest.approx(((count - 1) / 20, 60 - (count - 1) / 20))
    assert (begin.moment_s - 7, end.moment_s - 7) == pytest.approx((begin.mass_g, end.mass_g))


@pytest.mark.parametrize("take", [first, last])
def test_nothing_has_no_level(take: Any) -> None:
    with pytest.raises(BenchError, match="no valid reading where a mass is needed"):
        take(series_of(np.empty(0)), 30.0)


# --- lines ---


def test_the_line_of_the_reference_vectors() -> None:
    table = pd.read_csv(DATA / "vectors" / "flow_regression_series.csv")
    found, expected = fit_line(Series(table.t_min.to_numpy() * 60, table.mass_mg.to_numpy() / 1000)), REGRESSION["ols"]
    ours = {
        "n": found.count, "slope": found.slope_g_s * 60_000, "intercept": found.intercept_g * 1000,
        "resid_sd": found.residual_sd_g * 1000, "se_slope": found.se_g_s * 60_000, "sxx": found.sxx_s2 / 3600,
        "durbin_watson": found.durbin_watson, "lag1_autocorr": found.lag_one,
    }  # fmt: skip
    assert ours == pytest.approx(expected, rel=1e-9)
    assert found.u_g_s == found.se_g_s  # readings that lie apart from each other are no better known for it


@pytest.mark.parametrize("start_s", [0.0, 1e6])
@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_a_line_is_numpys(correlation: float, start_s: float) -> None:
    masses_g = 35 + 3e-6 * np.arange(500) + 1e-4 * noise(500, correlation)
    found = fit_line(series_of(masses_g, 1.0, start_s))
    (slope, at_zero), covariance = np.polyfit(np.arange(500.0), masses_g, 1, cov=True)
    assert found.slope_g_s == pytest.approx(slope, rel=1e-6)
    assert found.intercept_g == pytest.approx(at_zero - slope * start_s, rel=1e-6)
    assert found.se_g_s == pytest.approx(math.sqrt(covariance[0, 0]), rel=1e-6)
    assert found.lag_one == pytest.approx(correlation, abs=0.1)
    assert found.u_g_s == pytest.approx(found.se_g_s * math.sqrt((1 + max(found.lag_one, 0)) / (1 - max(found.lag_one, 0))))


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_the_standard_error_holds_for_readings_that_hang_together(correlation: float) -> None:
    lines = [fit_line(series_of(noise(400, correlation, seed))) for seed in range(400)]
    scatter = float(np.std([line.slope_g_s for line in lines]))
    assert float(np.median([line.u_g_s for line in lines])) == pytest.approx(scatter, rel=0.12)
    assert float(np.median([line.se_g_s for line in lines])) == pytest.approx(
        scatter * math.sqrt((1 - correlation) / (1 + correlation)), rel=0.12
    )


@pytest.mark.parametrize(("masses_g", "slope_g_s"), [([1.0, 1.0, 1.0, 1.0], 0.0), ([1.0, 2.0, 3.0, 4.0], 1.0)])
def test_points_on_a_line_have_no_residual(masses_g: list[float], slope_g_s: float) -> None:
    found = fit_line(series_of(np.array(masses_g), 1.0))
    assert (found.slope_g_s, found.u_g_s, found.lag_one, found.durbin_watson) == (slope_g_s, 0.0, 0.0, 2.0)


def test_two_readings_have_no_slope_with_an_error() -> None:
    with pytest.raises(BenchError, match="too few valid readings"):
        fit_line(series_of(np.array([1.0, 2.0])))


# --- crossings ---


def test_a_crossing_lies_between_two_readings_by_a_straight_line() -> None:
    assert crossing_s(series_of(np.array([0.0, 0.0, 1.0, 5.0, 5.0]), 2.0), 2.0) == pytest.approx(4.5)
    assert crossing_s(series_of(np.array([0.0, 2.0, 5.0]), 1.0), 2.0) == pytest.approx(1.0)


@pytest.mark.parametrize("noise_g", [1e-4, 1e-3, 5e-3])
def test_noise_does_not_pull_a_crossing_to_either_side(noise_g: float) -> None:
    """At 1 mL/min and 10 Hz readings rise by 1.7 mg: noise passes the level several times."""
    rising_g = np.clip((np.arange(1200) * 0.1 - 30) / 60, 0, 1)
    found_s = [crossing_s(series_of(rising_g + noise_g * noise(1200, seed=seed)), 0.5) for seed in range(400)]
    scatter_s = float(np.std(found_s))
    assert float(np.mean(found_s)) == pytest.approx(60.0, abs=4 * scatter_s / math.sqrt(400))
    assert scatter_s < 1.1 * noise_g * 60


@pytest.mark.parametrize(
    "masses_g", [[0.0, 1.0, 1.5], [3.0, 4.0, 5.0], [3.0, 1.0, 1.0], [1.0, 3.0, 1.0], [2.0, 1.0, 3.0], [1.0, np.inf, 1.0]]
)
def test_a_level_that_is_not_passed_upwards_for_good_has_no_crossing(masses_g: list[float]) -> None:
    with pytest.raises(BenchError, match="does not pass the level"):
        crossing_s(series_of(np.array(masses_g)), 2.0)


# --- volumes ---

LOSS = Evaporation(0.036, 0.01)
IMMERSED = replace(
    PLAIN,
    needle=Needle.model_validate({"outer_diameter": "2 mm", "capillary": "0.5 mg"}),
    vessel=Vessel.model_validate({"inner_diameter": "20 mm"}),
)
WEIGHINGS: dict[str, tuple[Weighing, Evaporation, float]] = {
    # volume in mL after 100 s of 1 mg/s into the vessel (or out of the reservoir)
    "plain": (PLAIN, DRY, 0.1),
    "evaporation": (PLAIN, LOSS, 0.101),
    "evaporation left out": (replace(PLAIN, corrections=Corrections(evaporation=False)), LOSS, 0.1),
    "immersion": (IMMERSED, DRY, 0.1 * 0.99),
    "both": (IMMERSED, LOSS, 0.101 * 0.99),  # evaporation before anything else
    "immersion left out": (replace(IMMERSED, corrections=Corrections(immersion=False)), DRY, 0.1),
    "weigh-out": (replace(PLAIN, sign=-1), LOSS, -0.101),
}


@pytest.mark.parametrize(("weighing", "loss", "volume_g"), WEIGHINGS.values(), ids=WEIGHINGS)
def test_the_curve_has_all_corrections_in_it(weighing: Weighing, loss: Evaporation, volume_g: float) -> None:
    view = replace(view_of(None, readings([0.0], [1.0]), [], replace(CONDITIONS, weighing=weighing)), evaporation=loss)
    moments_s = np.arange(0.0, 101.0)
    curve = curve_of(view, Series(moments_s, 35 + 1e-3 * moments_s))
    assert float(curve.volumes_ml[-1] - curve.volumes_ml[0]) == pytest.approx(volume_g * weighing.factor_ml_g(), rel=1e-9)
    assert curve.u_ml == pytest.approx(PLAIN.reading_g() * weighing.factor_ml_g())
    assert curve.u_level_ml == pytest.approx(math.hypot(5e-4, 2e-4 / math.sqrt(2)) / math.sqrt(3) * weighing.factor_ml_g())


DRIFT_G_H = 1e-4 / math.sqrt(3)
ALIKE: dict[str, tuple[Evaporation, Corrections, float]] = {
    "drift": (DRY, Corrections(), DRIFT_G_H),
    "both": (LOSS, Corrections(), math.hypot(DRIFT_G_H, 0.01)),
    "a loss that holds the drift": (replace(LOSS, holds_drift=True), Corrections(), math.hypot(DRIFT_G_H / 2, 0.01)),
    "a loss that is not corrected": (LOSS, Corrections(evaporation=False), math.hypot(DRIFT_G_H, 0.01, 0.036)),
}


@pytest.mark.parametrize(("loss", "corrections", "u_g_h"), ALIKE.values(), ids=ALIKE)
def test_what_is_alike_at_all_moments_is_evaporation_and_drift(loss: Evaporation, corrections: Corrections, u_g_h: float) -> None:
    conditions = replace(CONDITIONS, weighing=replace(PLAIN, corrections=corrections))
    view = replace(view_of(None, readings([0.0], [1.0]), [], conditions), evaporation=loss)
    assert curve_of(view, series_of(np.ones(3))).u_flow_ml_h == pytest.approx(u_g_h * PLAIN.factor_ml_g())


def test_what_is_alike_for_all_volumes_is_density_sensitivity_and_immersion() -> None:
    view = view_of(None, readings([0.0], [1.0]), [], replace(CONDITIONS, weighing=IMMERSED))
    parts_pct = (1e-3, 100 * 0.05 * 0.01 / 0.99, 100 * 0.005 * 1.1929 * (1 / 998.8 - 1 / 8000))
    assert curve_of(view, series_of(np.ones(3))).u_common_pct == pytest.approx(math.hypot(*parts_pct), rel=0.01)


def test_a_volume_in_another_unit_has_its_budget_in_that_unit() -> None:
    view = replace(view_of(None, readings([0.0], [1.0]), []), evaporation=LOSS)
    ends = level(series_of(np.full(100, 35.0))), level(series_of(np.full(100, 36.0), start_s=3600.0))
    (in_ml, words), (in_ul, same_words) = (volume_between(view, *ends, per_ml=factor) for factor in (1.0, 1000.0))
    assert in_ml.value == pytest.approx(1.036 * PLAIN.factor_ml_g(), rel=1e-9)
    assert (in_ul.value, in_ul.expanded_uncertainty) == pytest.approx((1000 * in_ml.value, 1000 * in_ml.expanded_uncertainty))
    assert [row.contribution for row in in_ul.budget] == pytest.approx([1000 * row.contribution for row in in_ml.budget])
    assert words == same_words
    assert "e = 36.000 mg/h" in words
