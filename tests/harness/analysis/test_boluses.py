"""Sets of boluses, against the reference's numbers and against boluses whose true volumes are known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.boluses import bolus_statistics, level, step_boluses, step_volumes
from harness.analysis.curve import Curve
from instruments.errors import BenchError, ConfigError
from tests.conftest import DATA

VECTOR: dict[str, Any] = json.loads((DATA / "vectors" / "bolus_25_expected.json").read_text())
VOLUMES_ML = [mass_mg * VECTOR["Z_uL_per_mg"] / 1000 for mass_mg in VECTOR["mass_mg"]]
STARTS_S = [100.0 + 60 * number for number in range(25)]
TRUE_ML = 0.1 * (1 + 0.02 * np.sin(np.arange(25)))


def staircase(volumes_ml: Any, basal_ml_h: float = 0.0, noise_ml: float = 0.0, seed: int = 1) -> Curve:
    """One bolus of 5 s at each start, at 10 Hz."""
    moments_s = np.arange(0.0, STARTS_S[-1] + 60, 0.1)
    done = np.clip((moments_s - np.asarray(STARTS_S)[:, None]) / 5, 0, 1)
    clean_ml = np.asarray(volumes_ml) @ done + basal_ml_h * moments_s / 3600
    return Curve(moments_s, clean_ml + noise_ml * np.random.default_rng(seed).standard_normal(len(moments_s)), noise_ml)


def test_the_numbers_of_the_reference() -> None:
    found = bolus_statistics(VOLUMES_ML, VECTOR["set_mL"])
    assert (found.largest.index, found.smallest.index) == (
        VECTOR["max_positive_index_1based"],
        VECTOR["max_negative_index_1based"],
    )
    for value, name in (
        (found.mean_ml, "mean_mL"),
        (found.mean_error_pct.value, "mean_error_pct"),
        (found.largest.deviation_pct.value, "max_positive_dev_pct"),
        (found.smallest.deviation_pct.value, "max_negative_dev_pct"),
        (found.sd_ml, "sd_mL"),
        (found.cv_pct, "cv_pct"),
        (found.u_mean_ml, "u_mean_typeA_mL"),
    ):
        assert value == pytest.approx(VECTOR[name], rel=1e-9), name


def test_of_equal_extremes_the_first_is_named() -> None:
    found = bolus_statistics([0.1, 0.2, 0.05, 0.2, 0.05], 0.1)
    assert (found.largest.index, found.smallest.index) == (2, 3)


@pytest.mark.parametrize(
    ("u_each_ml", "u_common_pct", "successive", "u_pct"),
    [(0.001, 0.0, False, 0.2), (0.001, 0.0, True, 0.04), (0.0, 0.5, False, 0.5), (0.001, 0.15, False, 0.25)],
)
def test_what_the_mean_is_known_to(u_each_ml: float, u_common_pct: float, successive: bool, u_pct: float) -> None:
    """The pump's scatter is no part of it."""
    volumes_ml = 0.1 + 0.01 * np.resize([-1.0, 1.0], 25) * np.r_[0.0, np.ones(24)]
    found = bolus_statistics(volumes_ml.tolist(), 0.1, u_each_ml=u_each_ml, u_common_pct=u_common_pct, successive=successive)
    assert found.mean_error_pct.u == pytest.approx(u_pct, rel=1e-9)


@pytest.mark.parametrize("successive", [False, True])
@pytest.mark.parametrize("share", [0.5, 1.0, 3.0])
def test_the_true_extremes_lie_in_their_intervals(share: float, successive: bool) -> None:
    """Whether the pump scatters less or more than the weighing."""
    inside = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        true_ml = 0.1 + share * 1e-3 * random.standard_normal(25)
        noise = np.diff(random.standard_normal(26)) / 2**0.5 if successive else random.standard_normal(25)
        found = bolus_statistics((true_ml + 1e-3 * noise).tolist(), 0.1, u_each_ml=1e-3, successive=successive)
        for extreme, true in ((found.largest, true_ml.max()), (found.smallest, true_ml.min())):
            low, high = extreme.deviation_pct.interval
            inside += low <= 100 * (true / 0.1 - 1) <= high
    assert 0.91 <= inside / 200 <= 0.99
    assert found.largest.deviation_pct.method == "Monte Carlo"


@pytest.mark.parametrize("successive", [False, True])
@pytest.mark.parametrize("apart_ml", [0.0, 1e-6])
def test_where_all_boluses_are_alike_the_largest_is_known_no_better_than_the_mean(apart_ml: float, successive: bool) -> None:
    found = bolus_statistics([0.1, 0.1 + apart_ml] * 2, 0.1, u_each_ml=1e-3, successive=successive)
    for extreme in (found.largest, found.smallest):
        assert extreme.deviation_pct.u == pytest.approx(found.mean_error_pct.u, rel=0.05)


def test_what_all_boluses_share_is_in_their_extremes_too() -> None:
    """0.5 % of 103 % and of 98 % of the set volume."""
    found = bolus_statistics([0.1, 0.103, 0.098], 0.1, u_each_ml=1e-7, u_common_pct=0.5)
    assert (found.largest.deviation_pct.u, found.smallest.deviation_pct.u) == pytest.approx((0.515, 0.49), rel=0.03)


def test_a_pump_that_gives_nothing_has_no_relative_scatter() -> None:
    found = bolus_statistics([0.0, 0.0], 0.1)
    assert (found.sd_ml, found.mean_error_pct.value, np.isnan(found.cv_pct)) == (0.0, -100.0, True)


@pytest.mark.parametrize("basal_ml_h", [0.0, 0.5])
def test_steps_of_a_continuous_record(basal_ml_h: float) -> None:
    curve = staircase(TRUE_ML, basal_ml_h)
    assert step_volumes(curve, STARTS_S, 20.0, 10.0, basal_ml_h=basal_ml_h) == pytest.approx(TRUE_ML, rel=1e-9)


def test_the_uncertainty_of_steps_is_that_of_their_levels() -> None:
    inside = 0
    for seed in range(200):
        found = step_boluses(staircase(TRUE_ML, noise_ml=1e-4, seed=seed), STARTS_S, 0.1, settle_s=20.0, span_s=10.0)
        low, high = found.mean_error_pct.interval
        inside += low <= 100 * (TRUE_ML.mean() / 0.1 - 1) <= high
    assert found.mean_error_pct.u == pytest.approx(100 * (2**0.5 * 1e-5 / 25) / 0.1, rel=1e-6)
    assert 0.9 <= inside / 200 <= 0.99


def test_a_flow_that_is_wrong_alike_is_wrong_in_every_bolus() -> None:
    curve = staircase(TRUE_ML)
    wrong = Curve(curve.moments_s, curve.volumes_ml, u_flow_ml_h=0.06)
    found = step_boluses(wrong, STARTS_S, 0.1, settle_s=20.0, span_s=10.0)
    assert found.mean_error_pct.u == pytest.approx(1.0, rel=0.05)


def test_what_all_volumes_share_is_wrong_in_every_bolus() -> None:
    """0.5 % of the volumes' mean, which is 2 % too much."""
    shared = replace(staircase(1.02 * np.full(25, 0.1)), u_common_pct=0.5)
    found = step_boluses(shared, STARTS_S, 0.1, settle_s=20.0, span_s=10.0)
    assert found.mean_error_pct.u == pytest.approx(0.51, rel=1e-6)


def test_the_level_with_the_fewest_readings_says_how_well_a_bolus_is_known() -> None:
    """Of 4 readings in place of 100."""
    full = staircase(TRUE_ML, noise_ml=1e-4)
    kept = (full.moments_s < STARTS_S[5] - 9.65) | (full.moments_s >= STARTS_S[5])
    curve = replace(full, moments_s=full.moments_s[kept], volumes_ml=full.volumes_ml[kept])
    found = step_boluses(curve, STARTS_S, 0.1, settle_s=20.0, span_s=10.0)
    assert found.mean_error_pct.u == pytest.approx(100 * (2**0.5 * 1e-4 / 4**0.5 / 25) / 0.1, rel=1e-6)


def test_the_wetting_of_the_needle_does_not_average_out_in_a_level() -> None:
    moments_s = np.arange(0.0, 10.0, 0.1)
    wet = level(Curve(moments_s, np.resize([1.0, 1.0001], 100), 1e-4, u_level_ml=3e-4), 0.0, 10.0)
    assert wet.u_ml == pytest.approx(np.hypot(1e-5, 3e-4))


def test_rounding_that_all_readings_share_does_not_average_out() -> None:
    moments_s = np.arange(0.0, 10.0, 0.1)
    alike = level(Curve(moments_s, np.full(100, 1.0), 1e-4), 0.0, 10.0)
    apart = level(Curve(moments_s, np.resize([1.0, 1.0001], 100), 1e-4), 0.0, 10.0)
    assert (alike.u_ml, apart.u_ml) == pytest.approx((1e-4, 1e-5))


@given(st.floats(0.01, 100.0), st.floats(-1e5, 1e5))
def test_scale_and_zero_of_time_change_nothing(factor: float, later_s: float) -> None:
    curve, starts_s = staircase(TRUE_ML), [start_s + later_s for start_s in STARTS_S]
    moved = Curve(curve.moments_s + later_s, curve.volumes_ml * factor)
    found = bolus_statistics(step_volumes(moved, starts_s, 20.0, 10.0), 0.1 * factor)
    assert found.mean_error_pct.value == pytest.approx(100 * (TRUE_ML.mean() / 0.1 - 1), abs=1e-6)


@pytest.mark.parametrize(
    ("starts_s", "message"),
    [([], "no start of a bolus"), ([100.0, 120.0], "bolus 2 starts 20 s after bolus 1"), ([5000.0], "no valid reading")],
)
def test_starts_that_have_no_levels(starts_s: list[float], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        step_volumes(staircase(TRUE_ML), starts_s, 20.0, 10.0)


@pytest.mark.parametrize("volumes_ml", [[], [0.1], [0.1, float("nan")]])
def test_volumes_that_are_no_set(volumes_ml: list[float]) -> None:
    with pytest.raises(BenchError, match="two volumes or more"):
        bolus_statistics(volumes_ml, 0.1)


def test_a_set_volume_is_positive() -> None:
    with pytest.raises(ConfigError, match="has to be positive"):
        bolus_statistics([0.1, 0.1], 0.0)
