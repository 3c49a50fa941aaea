"""Crest value and dominant period: lines that are there, and noise in which there is none."""

from __future__ import annotations

import numpy as np
import pytest

from harness.analysis.grid import Grid
from harness.analysis.pulsation import Pulsation, pulsation
from harness.record import FloatArray
from instruments.errors import BenchError, ConfigError

RATE_ML_H = 5.0
U_ML = 1e-4


def noise(count: int, seed: int) -> FloatArray:
    return U_ML * np.random.default_rng(seed).standard_normal(count)


def pump(
    amplitude_ml: float, period_s: float, count: int = 1200, interval_s: float = 3.0, seed: int = 1, walk_ml: float = 0.0
) -> Grid:
    """A sinusoid over a straight line, with noise, on a pump that wanders."""
    moments_s = np.arange(count) * interval_s
    wander_ml = walk_ml * np.cumsum(np.random.default_rng(seed + 1000).standard_normal(count))
    wave_ml = amplitude_ml * np.sin(2 * np.pi * moments_s / period_s + 1)
    return Grid(0.0, interval_s, 20 + RATE_ML_H / 3600 * moments_s + wave_ml + wander_ml + noise(count, seed), U_ML)


@pytest.mark.parametrize("period_s", [7.3, 31.0, 97.0, 204.0, 500.0])
@pytest.mark.parametrize("amplitude_ml", [1e-4, 2e-3])
def test_a_line_is_found(period_s: float, amplitude_ml: float) -> None:
    found = pulsation(pump(amplitude_ml, period_s), RATE_ML_H)
    assert found.period_s == pytest.approx(period_s, rel=0.01)
    assert found.amplitude_ml == pytest.approx(amplitude_ml, rel=0.15 if amplitude_ml < 1e-3 else 0.03)
    assert found.shortest_window_s == pytest.approx(10 * period_s, rel=0.01)
    assert found.left_pct == pytest.approx(200 * amplitude_ml / (RATE_ML_H * period_s / 360), rel=0.16)


@pytest.mark.parametrize("period_s", [1.3, 31.0])
def test_a_long_record_is_thinned(period_s: float) -> None:
    """Period and amplitude stay; 200,001 samples are averaged by four."""
    found = pulsation(pump(1e-3, period_s, count=200_001, interval_s=0.1), RATE_ML_H)
    assert (found.period_s, found.amplitude_ml) == (pytest.approx(period_s, rel=1e-3), pytest.approx(1e-3, rel=0.01))


def test_noise_alone_has_no_line() -> None:
    """One in a thousand may; nor has a flow that wanders, or one without any noise."""
    periods = [
        pulsation(pump(0.0, 60.0, seed=seed, walk_ml=walk), RATE_ML_H).period_s for seed in range(150) for walk in (0, 1e-4)
    ]
    assert sum(period is not None for period in periods) <= 2
    assert pulsation(Grid(0.0, 1.0, np.arange(1000.0) / 720), RATE_ML_H).period_s is None


@pytest.mark.parametrize(("amplitude_ml", "there"), [(1e-4, False), (2e-3, True)])
def test_a_line_has_to_stand_out_of_what_wanders(amplitude_ml: float, there: bool) -> None:
    found = pulsation(pump(amplitude_ml, 204.0, walk_ml=1e-4), RATE_ML_H)
    assert (found.period_s is not None) == there


@pytest.mark.parametrize(("u_ml", "there"), [(1e-4, True), (1e-3, False)])
def test_a_line_has_to_stand_out_of_the_stated_noise(u_ml: float, there: bool) -> None:
    """Also where the noise happens to be less than is stated."""
    grid = pump(2e-4, 97.0)
    assert (pulsation(Grid(0.0, 3.0, grid.volumes_ml, u_ml), RATE_ML_H).period_s is not None) == there


def test_the_strongest_of_two_lines() -> None:
    one, other = pump(1e-3, 31.0), pump(3e-3, 97.0)
    both = Grid(0.0, 3.0, (one.volumes_ml + other.volumes_ml) / 2, U_ML)
    assert pulsation(both, RATE_ML_H).period_s == pytest.approx(97, rel=0.01)


@pytest.mark.parametrize(("periods", "there"), [(5.0, False), (7.0, True)])
def test_a_period_has_to_fit_six_times(periods: float, there: bool) -> None:
    assert (pulsation(pump(5e-3, 3600 / periods), RATE_ML_H).period_s is not None) == there


def test_single_strokes() -> None:
    """Vector C of the trumpet has periods of 204 and 51 min; here 0.1 mL strokes every 72 s: the crest is theirs too."""
    moments_s = np.arange(2400) * 2.0
    found = pulsation(Grid(0.0, 2.0, 0.1 * np.floor(moments_s / 72) + noise(2400, 3), U_ML), RATE_ML_H)
    assert found.period_s == pytest.approx(72, rel=0.005)
    assert found.crest == pytest.approx(36, rel=0.02)


def test_crest_of_a_sinusoid() -> None:
    """max Q / mean Q = 1 + A omega / r, at an interval short against the period."""
    grid = Grid(0.0, 1.0, RATE_ML_H / 3600 * np.arange(3601.0) + 2e-3 * np.sin(2 * np.pi * np.arange(3601) / 120))
    found = pulsation(grid, RATE_ML_H)
    assert found.crest == pytest.approx(1 + 2e-3 * 2 * np.pi / 120 / (RATE_ML_H / 3600), rel=1e-3)
    assert (found.period_s, found.amplitude_ml) == (pytest.approx(120, rel=1e-4), pytest.approx(2e-3, rel=1e-3))


def test_missing_readings_leave_the_longest_stretch() -> None:
    grid = pump(2e-3, 97.0)
    grid.volumes_ml[[100, 101]] = np.nan
    assert pulsation(grid, RATE_ML_H).period_s == pytest.approx(97, rel=0.01)


def test_too_short_for_a_spectrum() -> None:
    assert pulsation(Grid(0.0, 1.0, np.array([0.0, 1, 4])), RATE_ML_H) == Pulsation(1.5, None, None, None, None)


@pytest.mark.parametrize(
    ("volumes_ml", "rate_ml_h", "error", "says"),
    [
        ([0.0, 1, 2], 0.0, ConfigError, "set rate is 0"),
        ([0.0, -1, -2], 5.0, BenchError, "mean flow is -3600 mL/h"),
        ([np.nan, 1, np.nan], 5.0, BenchError, "mean flow is 0 mL/h"),
    ],
)
def test_no_flow_no_pulsation(volumes_ml: list[float], rate_ml_h: float, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        pulsation(Grid(0.0, 1.0, np.array(volumes_ml)), rate_ml_h)
