"""Closed and opened lines whose stored volume and pressure are known, and the worked figures of the reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.curve import Curve
from harness.analysis.occlusion import Occlusion, Pressures, occlusion, stored_volume_ml, time_to_alarm_s
from instruments.errors import BenchError, ConfigError

NOISE_ML = 1e-4
CLOSED_S, OPENED_S = 300.0, 900.0
ALARM = (600.0, 602.0)


def line(rate_ml_h: float, stored_ml: float, seed: int = 0, noise_ml: float = NOISE_ML, running: bool = False) -> Curve:
    """Flows, is closed, and lets go what it stored with a time constant of 5 s; runs on, or stands, after that."""
    moments_s = np.arange(0.0, OPENED_S + 400, 0.1)
    since_s = np.maximum(moments_s - OPENED_S, 0)
    flowed_s = np.minimum(moments_s, CLOSED_S) + (since_s if running else 0)
    clean_ml = rate_ml_h * flowed_s / 3600 - stored_ml * np.expm1(-since_s / 5)
    return Curve(moments_s, clean_ml + noise_ml * np.random.default_rng(seed).standard_normal(len(moments_s)), noise_ml)


def found_in(curve: Curve, rate_ml_h: float = 0.0, pressures: Pressures | None = None) -> Occlusion:
    return occlusion(curve, CLOSED_S, ALARM, OPENED_S, pressures=pressures, rate_ml_h=rate_ml_h)


@pytest.mark.parametrize(
    ("rate_ml_h", "stored_ml", "running"), [(5.0, 0.5, False), (5.0, 0.5, True), (0.0625, 0.02, False), (0.0625, 0.02, True)]
)
def test_the_true_bolus_lies_in_its_interval(rate_ml_h: float, stored_ml: float, running: bool) -> None:
    inside = 0
    for seed in range(300):
        found = found_in(line(rate_ml_h, stored_ml, seed, running=running), rate_ml_h if running else 0.0)
        inside += found.bolus_ul.interval[0] <= stored_ml * 1000 <= found.bolus_ul.interval[1]
    assert 0.91 <= inside / 300 <= 0.99
    assert found.normal_s == OPENED_S + 60


def test_a_line_that_stored_nothing_gives_no_bolus() -> None:
    found = found_in(line(5.0, 0.0))
    assert (found.normal_s, found.bolus_ul.value) == (OPENED_S, pytest.approx(0.0, abs=4 * found.bolus_ul.u))


@pytest.mark.parametrize(
    ("change", "u_ul"), [({"u_common_pct": 1.0}, 5.0), ({"u_flow_ml_h": 0.06}, 2.0), ({"u_ml": 1e-3}, 0.0577)]
)
def test_what_the_bolus_is_known_to(change: dict[str, float], u_ul: float) -> None:
    """1 % of 500 uL; 0.06 mL/h over 120 s; two levels of 600 readings."""
    clean = line(5.0, 0.5, noise_ml=1e-9)
    assert found_in(replace(clean, **{"u_ml": 1e-7, **change})).bolus_ul.u == pytest.approx(u_ul, rel=0.01)


def test_the_time_to_the_alarm_is_an_interval() -> None:
    found = found_in(line(5.0, 0.5)).time_to_alarm_s
    assert (found.value, found.method) == (301.0, "Monte Carlo")
    assert found.interval == pytest.approx((300, 302), abs=0.06)


def test_an_alarm_cannot_come_before_the_line_is_closed() -> None:
    found = occlusion(line(5.0, 0.5), CLOSED_S, (290.0, 310.0), OPENED_S, pressures=None, rate_ml_h=0.0).time_to_alarm_s
    assert found.value == 5.0
    assert found.interval[0] > 0


@pytest.mark.parametrize("u_kpa", [0.05, 1.0])
def test_the_true_pressure_lies_in_its_interval(u_kpa: float) -> None:
    """Rising by 1 kPa from poll to poll, read twice a second."""
    inside, curve, moments_s = 0, line(5.0, 0.5), np.arange(0.0, 700.0, 0.5)
    for seed in range(300):
        random = np.random.default_rng(seed)
        kpa = 0.5 * (moments_s - CLOSED_S) + u_kpa * random.standard_normal()
        found = found_in(curve, pressures=Pressures(moments_s, kpa, u_kpa)).pressure_kpa
        assert found is not None
        inside += found.interval[0] <= 0.5 * (random.uniform(*ALARM) - CLOSED_S) <= found.interval[1]
    assert 0.91 <= inside / 300 <= 0.99


def test_a_pressure_that_is_relieved_at_the_alarm_counts_with_its_peak() -> None:
    pressures = Pressures(np.array([0.0, 600.0, 601.0, 602.0]), np.array([0.0, 50.0, 52.0, 10.0]))
    found = found_in(line(5.0, 0.5), pressures=pressures).pressure_kpa
    assert found is not None
    assert (found.value, found.u) == (31.0, pytest.approx(21 / 3**0.5, rel=0.01))


def test_without_pressures_there_is_no_pressure() -> None:
    assert found_in(line(5.0, 0.5)).pressure_kpa is None


@given(st.floats(0.1, 10.0), st.floats(-1e5, 1e5))
def test_scale_and_zero_of_time_change_nothing(factor: float, later_s: float) -> None:
    curve = line(5.0, 0.5)
    moved = Curve(curve.moments_s + later_s, curve.volumes_ml * factor + later_s, NOISE_ML * factor)
    alarm = (ALARM[0] + later_s, ALARM[1] + later_s)
    found = occlusion(moved, CLOSED_S + later_s, alarm, OPENED_S + later_s, pressures=None, rate_ml_h=0.0)
    plain = found_in(curve)
    assert found.bolus_ul.value == pytest.approx(plain.bolus_ul.value * factor, abs=0.05 * factor)
    assert found.time_to_alarm_s.value == pytest.approx(plain.time_to_alarm_s.value)


@pytest.mark.parametrize(
    ("closed_s", "alarm", "opened_s", "message"),
    [
        (700.0, ALARM, 900.0, "not in this order"),
        (300.0, ALARM, 500.0, "not in this order"),
        (300.0, (602.0, 600.0), 900.0, "comes after the one"),
        (300.0, ALARM, 1299.0, "not back to normal 0 s after"),
    ],
)
def test_moments_that_fit_no_test(closed_s: float, alarm: tuple[float, float], opened_s: float, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        occlusion(line(5.0, 0.5), closed_s, alarm, opened_s, pressures=None, rate_ml_h=0.0)


@pytest.mark.parametrize(("error", "normal"), [(0.049, True), (-0.049, True), (0.051, False), (-0.051, False)])
def test_a_pump_that_errs_is_back_to_normal_within_5_percent(error: float, normal: bool) -> None:
    curve = line(5.0 * (1 + error), 0.0, noise_ml=1e-6, running=True)
    if normal:
        assert found_in(curve, 5.0).normal_s == OPENED_S
    else:
        with pytest.raises(BenchError, match="not back to normal"):
            found_in(curve, 5.0)


def test_a_pump_that_does_not_deliver_at_first_is_not_back_to_normal() -> None:
    """Opened, nothing comes for 100 s: two windows of a minute have too little. What was due then is missing in the bolus."""
    clean = line(5.0, 0.0, noise_ml=1e-6, running=True)
    missing_ml = 5.0 / 3600 * np.clip(clean.moments_s - OPENED_S, 0, 100)
    found = found_in(replace(clean, volumes_ml=clean.volumes_ml - missing_ml), 5.0)
    assert (found.normal_s, found.bolus_ul.value) == (OPENED_S + 120, pytest.approx(-5 / 3.6 * 100, abs=0.01))


def test_a_flow_that_does_not_calm_down_has_no_bolus() -> None:
    with pytest.raises(BenchError, match="not back to normal 360 s after"):
        found_in(line(5.0, 0.5, running=True))


@pytest.mark.parametrize("moments_s", [[], [0.0, 601.0], [601.0, 700.0]])
def test_pressures_that_do_not_reach_the_alarm(moments_s: list[float]) -> None:
    with pytest.raises(BenchError, match="pressures do not reach from 600 s to 602 s"):
        found_in(line(5.0, 0.5), pressures=Pressures(np.array(moments_s), np.zeros(len(moments_s))))


@pytest.mark.parametrize(("rate_ml_h", "minutes"), [(5.0, 6.0), (1.0, 30.0), (0.5, 60.0), (0.0625, 480.0)])
def test_the_worked_figures_of_the_reference(rate_ml_h: float, minutes: float) -> None:
    """1 mL per 100 kPa and a threshold of 50 kPa (fluid-delivery-test-methods, section 9)."""
    assert stored_volume_ml(1.0e-8, 50.0) == pytest.approx(0.5)
    assert time_to_alarm_s(1.0e-8, 50.0, rate_ml_h) == pytest.approx(minutes * 60)


def test_a_line_that_is_not_filled_gives_no_alarm() -> None:
    with pytest.raises(ConfigError, match="where it is positive"):
        time_to_alarm_s(1e-8, 50.0, 0.0)
