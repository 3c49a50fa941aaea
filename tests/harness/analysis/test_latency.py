"""Alarms between two polls, and the criterion of no flow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from harness.analysis.curve import Curve
from harness.analysis.latency import clearly_without_flow, latency_s, straight
from harness.metrology.budget import Estimate, exact
from instruments.errors import BenchError, ConfigError

RATES = pytest.mark.parametrize(("rate_ml_h", "window_s"), [(5.0, 20.0), (0.0625, 120.0)])


def flow(rate_ml_h: float, seed: int = 0, length_s: float = 300.0, noise_ml: float = 1e-4) -> Curve:
    moments_s = np.arange(0.0, length_s, 0.1)
    noise = noise_ml * np.random.default_rng(seed).standard_normal(len(moments_s))
    return Curve(moments_s, rate_ml_h * moments_s / 3600 + noise, noise_ml)


def event(value_s: float, u_s: float) -> Estimate:
    return Estimate(value_s, 2 * u_s, 2.0, float("inf"))


@pytest.mark.parametrize(
    ("alarm", "found", "value", "u", "method"),
    [
        ((10.0, 12.0), exact(9.0), 2.0, 1 / 3**0.5, "Monte Carlo"),
        ((10.0, 12.0), event(9.0, 5.0), 2.0, (25 + 1 / 3) ** 0.5, "GUM"),
        ((10.0, 10.0), event(12.0, 0.5), -2.0, 0.5, "GUM"),
    ],
)
def test_latency(alarm: tuple[float, float], found: Estimate, value: float, u: float, method: str) -> None:
    latency = latency_s(alarm, found)
    assert (latency.value, latency.u, latency.method) == (pytest.approx(value), pytest.approx(u, rel=0.01), method)


@pytest.mark.parametrize(("gap_s", "u_s"), [(5.0, 0.1), (5.0, 2.0), (0.1, 2.0)])
def test_the_true_latency_lies_in_its_interval(gap_s: float, u_s: float) -> None:
    inside = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        since_s = 100 - random.uniform(0, gap_s)
        low, high = latency_s((since_s, since_s + gap_s), event(90 + u_s * random.standard_normal(), u_s)).interval
        inside += low <= 10 <= high
    assert 0.91 <= inside / 300 <= 0.99


def test_a_moment_that_few_readings_tell_is_known_as_badly_in_a_latency() -> None:
    """Three degrees of freedom: 95.45 % are 3.31 standard deviations."""
    found = latency_s((10.0, 10.0), Estimate(9.0, 3.31, 3.31, 3.0))
    assert (found.u, found.dof, found.expanded_uncertainty) == pytest.approx((1.0, 3.0, 3.31), rel=2e-3)


def test_polls_in_the_wrong_order() -> None:
    with pytest.raises(BenchError, match="comes after the one that brought it"):
        latency_s((12.0, 10.0), exact(9.0))


@RATES
@pytest.mark.parametrize(("share", "missing"), [(0.0, True), (1.0, False), (0.52, False)])
def test_no_flow(rate_ml_h: float, window_s: float, share: float, missing: bool) -> None:
    found = clearly_without_flow(flow(share * rate_ml_h), rate_ml_h, window_s)
    assert found.clearly_without is missing
    assert found.flow_ml_h == pytest.approx(share * rate_ml_h, abs=4 * found.u_ml_h)


@RATES
def test_a_flow_of_just_that_share_is_rarely_called_missing(rate_ml_h: float, window_s: float) -> None:
    """1 % of the time, by the criterion's 2.33."""
    curves = [flow(0.5 * rate_ml_h, seed, window_s) for seed in range(500)]
    called = sum(clearly_without_flow(curve, rate_ml_h, window_s - 0.2).clearly_without for curve in curves)
    assert called <= 13


@pytest.mark.parametrize("common", [{"u_flow_ml_h": 2.5}, {"u_common_pct": 200.0}])
def test_what_is_wrong_alike_counts_too(common: dict[str, float]) -> None:
    curve = flow(1.0)
    widened = Curve(curve.moments_s, curve.volumes_ml, curve.u_ml, **common)
    assert clearly_without_flow(curve, 5.0, 20.0).clearly_without
    assert not clearly_without_flow(widened, 5.0, 20.0).clearly_without


@pytest.mark.parametrize(("share", "missing"), [(0.5, False), (0.65, False), (0.75, True)])
def test_how_much_has_to_flow_can_be_told(share: float, missing: bool) -> None:
    assert clearly_without_flow(flow(3.5), 5.0, 20.0, share).clearly_without is missing


def test_only_the_last_window_counts() -> None:
    curve = flow(5.0)
    stopped = Curve(curve.moments_s, np.minimum(curve.volumes_ml, curve.volumes_ml[2000]), curve.u_ml)
    assert clearly_without_flow(stopped, 5.0, 90.0).clearly_without
    assert not clearly_without_flow(stopped, 5.0, 290.0).clearly_without


def test_the_slope_is_known_as_well_as_its_residuals_allow() -> None:
    """u = sigma sqrt(12 / (S^2 N (N^2 - 1))) for white noise; more where the residuals hang together."""
    curve, n = flow(5.0), 3000
    white = straight(curve)
    assert white.u_slope_ml_s == pytest.approx(1e-4 * (12 / (0.01 * n * (n**2 - 1))) ** 0.5, rel=0.1)
    waves_ml = 1e-3 * np.sin(2 * np.pi * curve.moments_s / 10)
    waving = straight(Curve(curve.moments_s, curve.volumes_ml + waves_ml, curve.u_ml))
    assert waving.u_slope_ml_s > 50 * white.u_slope_ml_s
    assert waving.dof < white.dof / 50


def test_the_wetting_of_the_needle_does_not_average_out_along_a_line() -> None:
    """It may be another at either end: sqrt 2 of 1 uL over 300 s."""
    wet = straight(Curve(flow(5.0).moments_s, flow(5.0).volumes_ml, 1e-4, u_level_ml=1e-3))
    assert (wet.u_level_ml, wet.u_slope_ml_s) == pytest.approx((1e-3, 2**0.5 * 1e-3 / 300), rel=0.01)


@pytest.mark.parametrize("alike", [0.0, 0.8])
def test_readings_that_hang_together_scatter_the_slope_as_much_as_it_says(alike: float) -> None:
    """300 lines through residuals that each keep so much of the one before."""
    moments_s, lines = np.arange(0.0, 60.0, 0.1), []
    for seed in range(300):
        noise = lfilter([1e-4], [1.0, -alike], np.random.default_rng(seed).standard_normal(700))[100:]
        lines.append(straight(Curve(moments_s, 1e-3 * moments_s + noise, 1e-5)))
    scatter_ml_s = np.std([line.slope_ml_s for line in lines])
    assert np.median([line.u_slope_ml_s for line in lines]) == pytest.approx(scatter_ml_s, rel=0.15)


def test_readings_that_stand_still_are_no_better_than_the_balance() -> None:
    still = Curve(np.arange(0.0, 60.0, 0.1), np.zeros(600), 1e-4)
    assert straight(still).u_level_ml == pytest.approx(1e-4 / 600**0.5)


@given(st.floats(0.01, 100.0), st.floats(-1e6, 1e6))
def test_scale_and_zero_of_time_change_nothing(factor: float, later_s: float) -> None:
    curve = flow(1.0)
    moved = Curve(curve.moments_s + later_s, curve.volumes_ml * factor + later_s, curve.u_ml * factor)
    plain, found = clearly_without_flow(curve, 5.0, 100.05), clearly_without_flow(moved, 5.0 * factor, 100.05)
    assert found.clearly_without == plain.clearly_without
    assert found.flow_ml_h == pytest.approx(plain.flow_ml_h * factor, rel=1e-3)


@pytest.mark.parametrize(
    ("curve", "rate_ml_h", "error", "message"),
    [
        (flow(5.0), 0.0, ConfigError, "where it is positive"),
        (flow(5.0, length_s=10.0), 5.0, BenchError, "9.9 s long; the window needs 20 s"),
        (flow(5.0, length_s=0.0), 5.0, BenchError, "0 s long"),
    ],
)
def test_what_has_no_window(curve: Curve, rate_ml_h: float, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        clearly_without_flow(curve, rate_ml_h, 20.0)


def test_two_readings_make_no_line() -> None:
    with pytest.raises(BenchError, match="3 readings or more; there are 2"):
        straight(flow(5.0, length_s=0.2))
