"""Volumes at even moments: between readings, as means, across gaps; and with their noise shrunk out."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.curve import Curve
from harness.analysis.grid import CHUNK, Grid, on_grid, smoothed, stretches
from harness.record import FloatArray
from instruments.errors import BenchError, ConfigError

BENT = Curve(np.array([0.0, 1, 2, 4, 10, 11]), np.array([0.0, 1, 4, 16, 100, 121]), 0.3, 0.2, 0.1)


@pytest.mark.parametrize(
    ("start_s", "end_s", "interval_s", "max_gap_s", "volumes_ml"),
    [
        (0, 2, 1, 9, [0, 1, 4]),
        (0.5, 2.5, 1, 9, [0.5, 2.5, 7]),
        (3, 11, 4, 9, [10, 58, 121]),
        (1, 11, 2.5, 5, [1, 13, math.nan, math.nan, 121]),
        (2, 4, 1, 1.5, [4, math.nan, 16]),
        (4, 10, 6, 1, [16, 100]),
        (3, 11, 8, 2, [10, 121]),
        (0, 10, 5, 1, [0, math.nan, 100]),
    ],
)
def test_volumes_between_readings(
    start_s: float, end_s: float, interval_s: float, max_gap_s: float, volumes_ml: list[float]
) -> None:
    found = on_grid(BENT, start_s, end_s, interval_s, max_gap_s=max_gap_s)
    assert found.volumes_ml.tolist() == pytest.approx(volumes_ml, nan_ok=True)
    assert (found.start_s, found.interval_s, found.u_common_pct, found.u_flow_ml_h) == (start_s, interval_s, 0.2, 0.1)
    assert found.duration_s == end_s - start_s


@pytest.mark.parametrize(
    ("start_s", "mean_over_s", "share"), [(10.0, 0.0, 1.0), (10.5, 0.0, 0.5**0.5), (10.0, 2.0, 0.2**0.5), (10.5, 2.0, 0.5)]
)
def test_noise_of_a_sample(start_s: float, mean_over_s: float, share: float) -> None:
    """At a reading all of its noise, half way between two 0.71 of it, in a mean of n 1/sqrt(n); stated, and true of noise."""
    noise = np.random.default_rng(1).standard_normal(40_000)
    found = on_grid(Curve(np.arange(40_000.0), noise, 1.0), start_s, start_s + 39_900, 10.0, mean_over_s=mean_over_s)
    assert found.u_ml == pytest.approx(share, rel=1e-9)
    assert found.volumes_ml.std() == pytest.approx(share, rel=0.05)


@pytest.mark.parametrize("mean_over_s", [0.0, 0.7, 5.0])
def test_a_straight_line_stays_one(mean_over_s: float) -> None:
    """However unevenly the readings lie around a sample, at the ends too."""
    moments_s = np.sort(np.random.default_rng(2).uniform(0, 5000, 50_000))
    moments_s[[0, -1]] = 0, 5000
    found = on_grid(Curve(moments_s, 20 + 3 * moments_s), 0, 5000, 0.2, mean_over_s=mean_over_s)
    assert len(found.volumes_ml) > CHUNK
    assert np.abs(found.volumes_ml - (20 + 3 * np.arange(25_001) * 0.2)).max() < 1e-8


def test_a_mean_needs_a_reading() -> None:
    found = on_grid(BENT, 1, 11, 2.5, mean_over_s=0.6)
    assert np.isnan(found.volumes_ml).tolist() == [False, False, True, True, False]


@pytest.mark.parametrize(
    ("start_s", "end_s", "interval_s", "error", "says"),
    [
        (0, 10, 3, ConfigError, "10 s is not a whole number"),
        (0, 10, 0, ConfigError, "more than 0 s"),
        (5, 5, 1, ConfigError, "0 s is not a whole number"),
        (-1, 10, 1, BenchError, "from 0.000 s to 11.000 s; they do not cover"),
        (1, 12, 1, BenchError, "from 1.000 s to 12.000 s"),
    ],
)
def test_what_cannot_be_put_on_a_grid(start_s: float, end_s: float, interval_s: float, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        on_grid(BENT, start_s, end_s, interval_s)


def test_stamps_are_known_to_a_microsecond() -> None:
    found = on_grid(Curve(np.array([0.3, 0.9]), np.array([1.0, 7.0])), 0.3, 0.3 + 3 * 0.2000000001, 0.2000000001)
    assert found.volumes_ml.tolist() == pytest.approx([1, 3, 5, 7], abs=1e-6)


def test_the_last_reading_needs_no_neighbour_and_the_first_none_before() -> None:
    found = on_grid(BENT.between(0, 10.5), -5e-7, 10, 5.0000001, max_gap_s=5)
    assert found.volumes_ml.tolist() == pytest.approx([0, math.nan, 100], nan_ok=True)


def test_no_readings_no_grid() -> None:
    with pytest.raises(BenchError, match="1 readings"):
        on_grid(BENT.between(0, 1), 0, 1, 1)


def test_flows_of_the_intervals() -> None:
    assert Grid(0, 30, np.array([0.0, 0.04, 0.04, 0.05])).flows_ml_h.tolist() == pytest.approx([4.8, 0, 1.2])


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([1, 2, CHUNK - 1, CHUNK, CHUNK + 1])), max_size=6))
def test_stretches_without_a_missing_sample(runs: list[tuple[bool, int]]) -> None:
    known = np.concatenate([np.zeros(0, dtype=bool), *(np.full(length, each) for each, length in runs)])
    found = stretches(np.where(known, 1.0, np.nan))
    assert all(known[first:last].all() for first, last in found)
    assert sum(last - first for first, last in found) == known.sum()
    assert all(later[0] > earlier[1] for earlier, later in pairwise(found))


def test_noise_is_shrunk_out_of_a_smooth_curve() -> None:
    numbers = np.arange(2000.0)
    true_ml = 0.01 * numbers + np.sin(numbers / 50)
    noisy_ml = true_ml + 0.1 * np.random.default_rng(3).standard_normal(2000)
    noisy_ml[700] = np.nan
    found = smoothed(noisy_ml, 0.1)
    assert np.flatnonzero(np.isnan(found)).tolist() == [700]
    assert np.nanstd(found - true_ml) < 0.03
    assert smoothed(noisy_ml, 0.0) is noisy_ml


@pytest.mark.parametrize("volumes_ml", [np.array([1.0]), np.array([1.0, 2.0])])
def test_too_few_to_shrink(volumes_ml: FloatArray) -> None:
    assert smoothed(volumes_ml, 0.1).tolist() == volumes_ml.tolist()
