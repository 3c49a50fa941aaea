"""The end of a reservoir on curves whose end is known, and alarms against the reference's cases."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from harness.analysis.curve import Curve
from harness.analysis.empty import low_reservoir, residual_at, true_empty
from instruments.errors import BenchError, ConfigError
from tests.conftest import DATA

CASES: list[dict[str, Any]] = json.loads((DATA / "vectors" / "reservoir_alarm.json").read_text())["cases"]
NOISE_ML = 1e-4
END_S = 1000.0
RATES = pytest.mark.parametrize(("rate_ml_h", "window_s"), [(5.0, 20.0), (0.0625, 120.0)])


def emptying(rate_ml_h: float, after_s: float, seed: int = 0, noise_ml: float = NOISE_ML, kvo_ml_h: float = 0.0) -> Curve:
    """Flows until ``END_S``; then as keep-open rate, or not at all."""
    moments_s = np.arange(0.0, END_S + after_s, 0.1)
    clean_ml = (rate_ml_h * np.minimum(moments_s, END_S) + kvo_ml_h * np.maximum(moments_s - END_S, 0)) / 3600
    return Curve(moments_s, clean_ml + noise_ml * np.random.default_rng(seed).standard_normal(len(moments_s)), noise_ml)


@RATES
def test_the_true_end_lies_in_its_interval(rate_ml_h: float, window_s: float) -> None:
    inside = 0
    for seed in range(300):
        found = true_empty(emptying(rate_ml_h, 6 * window_s, seed), rate_ml_h, window_s=window_s)
        assert found is not None
        inside += found.moment_s.interval[0] <= END_S <= found.moment_s.interval[1]
        assert found.before_ml_h == pytest.approx(rate_ml_h, rel=0.02)
    assert 0.91 <= inside / 300 <= 0.99


@pytest.mark.parametrize(
    ("after_s", "kvo_ml_h", "ended"),
    [(70.0, 0.0, False), (100.0, 0.0, True), (400.0, 0.5, True), (400.0, 2.4, True), (400.0, 2.6, False)],
)
def test_an_end_is_less_than_half_for_more_than_three_windows(after_s: float, kvo_ml_h: float, ended: bool) -> None:
    found = true_empty(emptying(5.0, after_s, kvo_ml_h=kvo_ml_h), 5.0, window_s=20.0)
    assert (found is not None) is ended
    if found:
        assert found.moment_s.value == pytest.approx(END_S, abs=4 * found.moment_s.u)
        assert found.after_ml_h == pytest.approx(kvo_ml_h, abs=0.05)


def test_what_the_moment_of_the_end_is_known_to() -> None:
    """At 5 mL/h 2 uL of wetting in either level are 1.44 s; 4000 readings in the rise and 3800 after it have little noise.

    A lag that is known to 1 s moves it as far.
    """
    curve = replace(emptying(5.0, 400.0), u_level_ml=2e-3)
    found = true_empty(curve, 5.0, window_s=20.0, lag_s=0.0, lag_half_s=1.0)
    assert found is not None
    told = {row.source.partition(" (")[0]: row.contribution for row in found.moment_s.budget}
    assert told["level of the rise"] == pytest.approx(2e-3 * 3600 / 5, rel=0.01)
    assert told["level of the plateau"] == pytest.approx(2e-3 * 3600 / 5, rel=0.01)
    assert told["lag of line and balance"] == pytest.approx(1 / 3**0.5)
    averaged = true_empty(emptying(5.0, 400.0), 5.0, window_s=20.0)
    assert averaged is not None
    levels_ml = [row.u for row in averaged.moment_s.budget if row.source.startswith("level")]
    assert levels_ml == pytest.approx([NOISE_ML / 4000**0.5, NOISE_ML / 3800**0.5], rel=0.1)


def test_what_flows_again_was_not_empty() -> None:
    curve = emptying(5.0, 400.0)
    again_ml = np.maximum(curve.moments_s - END_S - 200, 0) * 5 / 3600
    assert true_empty(Curve(curve.moments_s, curve.volumes_ml + again_ml, NOISE_ML), 5.0, window_s=20.0) is None


@pytest.mark.parametrize("lag_s", [6.0, 20.0])
def test_the_lag_is_taken_off_and_known_to_half(lag_s: float) -> None:
    curve = emptying(5.0, 400.0, noise_ml=0.0)
    keep = math.exp(-0.1 / lag_s)
    trailing = Curve(curve.moments_s, np.asarray(lfilter([1 - keep], [1, -keep], curve.volumes_ml)), 1e-7)
    found = true_empty(trailing, 5.0, window_s=20.0, lag_s=lag_s)
    assert found is not None
    assert found.moment_s.value == pytest.approx(END_S, abs=0.15)
    assert found.moment_s.u == pytest.approx(lag_s / 2 / 3**0.5, rel=0.02)


@given(st.floats(0.1, 10.0), st.floats(-1e5, 1e5))
def test_scale_and_zero_of_time_change_nothing(factor: float, later_s: float) -> None:
    curve = emptying(5.0, 200.0)
    moved = Curve(curve.moments_s + later_s, curve.volumes_ml * factor + later_s, NOISE_ML * factor)
    plain, found = true_empty(curve, 5.0, window_s=20.0), true_empty(moved, 5.0 * factor, window_s=20.0)
    assert plain is not None
    assert found is not None
    assert found.moment_s.value - later_s == pytest.approx(plain.moment_s.value, abs=1e-3)


@pytest.mark.parametrize(
    ("rate_ml_h", "window_s", "error", "message"),
    [
        (0.0, 20.0, ConfigError, "where it is positive"),
        (0.0625, 20.0, BenchError, "do not show half of 0.0625 mL/h; 48.9 s"),
        (5.0, 400.0, BenchError, "has 3 windows of 400 s"),
        (50.0, 20.0, BenchError, "no rise before its end"),
    ],
)
def test_an_end_that_cannot_be_found(rate_ml_h: float, window_s: float, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        true_empty(emptying(5.0, 400.0), rate_ml_h, window_s=window_s)


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_alarms_of_the_reference(case: dict[str, Any]) -> None:
    found = low_reservoir(case["fill_mL"], case["low_alarm_threshold_mL"], case["programmed_mL_day"] / 24, case["true_error_pct"])
    for value, name in (
        (found.alarm_h / 24, "t_low_alarm_programmed_days"),
        (found.delivered_ml, "true_delivered_at_alarm_mL"),
        (found.residual_ml, "true_residual_at_alarm_mL"),
        (found.empty_h / 24, "t_true_empty_days"),
        (found.lead_h / 24, "lead_time_alarm_to_empty_days"),
        (found.limit_error_pct, "error_pct_at_which_empty_precedes_alarm"),
    ):
        assert value == pytest.approx(case[name], rel=1e-9), name
    assert found.empty_before_alarm is case["empty_before_low_alarm"]


def test_a_pump_that_delivers_nothing_is_never_empty() -> None:
    found = low_reservoir(20.0, 2.0, 1.0, -100.0)
    assert (found.empty_h, found.residual_ml, found.empty_before_alarm) == (math.inf, 20.0, False)


@pytest.mark.parametrize("numbers", [(20, 20, 1, 0), (20, -1, 1, 0), (20, 2, 0, 0), (20, 2, 1, -101), (20, 2, 1, math.nan)])
def test_numbers_that_are_no_reservoir(numbers: tuple[float, float, float, float]) -> None:
    with pytest.raises(ConfigError, match="has to be"):
        low_reservoir(*numbers)


@RATES
def test_the_true_residual_lies_in_its_interval(rate_ml_h: float, window_s: float) -> None:
    """By the balance, and by the programmed volume where the pump delivers what it was programmed to."""
    inside, alarm = np.zeros(2), (500.0, 510.0)
    for seed in range(300):
        random = np.random.default_rng(seed)
        filled_ml, common = 10 + 2e-4 * random.standard_normal(), 1 + 5e-4 * random.standard_normal()
        clean = emptying(rate_ml_h, 1.0, seed)
        curve = Curve(clean.moments_s, clean.volumes_ml * common, NOISE_ML, u_common_pct=0.05)
        found = residual_at(curve, alarm, 10.0, 2e-4, rate_ml_h * 505 / 3600)
        true_ul = 1000 * (filled_ml - rate_ml_h * random.uniform(*alarm) / 3600)
        inside += [one.interval[0] <= true_ul <= one.interval[1] for one in (found.true_ul, found.programmed_ul)]
    assert ((inside / 300 >= 0.91) & (inside / 300 <= 0.99)).all()


@pytest.mark.parametrize(
    ("change", "u_ul"),
    [({}, 5 / 3.6 * 5 / 3**0.5), ({"u_flow_ml_h": 0.1}, 14.57), ({"u_common_pct": 2.0}, 14.58)],
)
def test_what_the_residual_is_known_to(change: dict[str, float], u_ul: float) -> None:
    """A gap of 10 s at 5 mL/h; 505 s at 0.1 mL/h, or 2 % of 701 uL beside it."""
    clean = emptying(5.0, 1.0, noise_ml=0.0)
    found = residual_at(Curve(clean.moments_s, clean.volumes_ml, **change), (500.0, 510.0), 10.0, 0.0, 0.5)
    assert found.true_ul.value == pytest.approx(10_000 - 5 / 3.6 * 505)
    assert found.true_ul.u == pytest.approx(u_ul, rel=0.01)
    assert (found.programmed_ul.value, found.programmed_ul.u) == (9500.0, pytest.approx(500 / 505 * 5 / 3**0.5, rel=0.01))


def test_the_beginning_is_known_as_well_as_a_line_at_its_end() -> None:
    """Twice the noise of the mean of 10 s; three readings are enough for it where they come every half minute."""
    often, clean = emptying(5.0, 1.0), emptying(5.0, 1.0, noise_ml=0.0)
    budget = residual_at(often, (500.0, 510.0), 10.0, 0.0, 0.5).true_ul.budget
    (row,) = [row for row in budget if row.source.startswith("noise at the begin")]
    assert row.u == pytest.approx(2 * NOISE_ML / 101**0.5, rel=0.1)
    seldom = replace(clean, moments_s=clean.moments_s[::300], volumes_ml=clean.volumes_ml[::300])
    assert residual_at(seldom, (500.0, 510.0), 10.0, 0.0, 0.5).true_ul.value == pytest.approx(10_000 - 5 / 3.6 * 505)


def test_an_alarm_that_stops_the_pump_bends_no_line() -> None:
    """The stop lies between the polls; what was delivered by either of them is straight to its outer side."""
    clean = emptying(5.0, 100.0, noise_ml=0.0)
    found = residual_at(clean, (END_S, END_S + 2), 10.0, 0.0, 1.0)
    assert found.true_ul.value == pytest.approx(10_000 - 5 / 3.6 * END_S, abs=1e-6)


def test_what_the_line_holds_has_left_the_reservoir() -> None:
    clean = emptying(5.0, 1.0, noise_ml=0.0)
    plain, held = (residual_at(clean, (500.0, 500.0), 10.0, 0.0, 0.5, lag_s=lag_s).true_ul for lag_s in (0.0, 6.0))
    assert plain.value - held.value == pytest.approx(6 * 5 / 3.6)
    assert held.u == pytest.approx(3 * 5 / 3.6 / 3**0.5, rel=0.01)


@pytest.mark.parametrize("alarm", [(0.0, 5.0), (-10.0, 5.0), (990.0, 2000.0), (510.0, 500.0)])
def test_an_alarm_that_is_not_on_the_curve(alarm: tuple[float, float]) -> None:
    with pytest.raises(BenchError, match=r"not on the curve|comes after"):
        residual_at(emptying(5.0, 1.0), alarm, 10.0, 0.0, 0.5)
