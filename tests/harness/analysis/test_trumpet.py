"""The trumpet curve: reference vectors, the definition against the fast form, what must and what need not hold, coverage."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis.curve import Curve
from harness.analysis.grid import CHUNK, Grid, on_grid
from harness.analysis.trumpet import WINDOWS, Trumpet, extremes, trumpet
from harness.record import FloatArray
from instruments.errors import BenchError, ConfigError
from tests.conftest import DATA

EXPECTED: dict[str, dict[str, Any]] = json.loads((DATA / "vectors" / "trumpet_expected.json").read_text())
WORKED_PCT = np.array([-4.0, 2, 6, 0, -2, 4, -6, 8])


def grid_of(errors_pct: FloatArray, rate_ml_h: float = 5.0, interval_s: float = 30.0, **u: float) -> Grid:
    """The grid of a pump with an error for each interval."""
    parts_ml = rate_ml_h * interval_s / 3600 * (1 + np.asarray(errors_pct) / 100)
    return Grid(0.0, interval_s, np.concatenate([[0.0], np.cumsum(parts_ml)]), **u)


def values(found: Trumpet) -> list[float]:
    return [extreme.value for window in found.windows for extreme in (window.ep_max, window.ep_min)]


def vector_curve(name: str) -> Curve:
    table = pd.read_csv(DATA / "vectors" / f"trumpet_{name}_series.csv")
    return Curve(table.t_min.to_numpy() * 60.0, table.mass_g.to_numpy() / EXPECTED[name]["density_g_mL"])


@pytest.mark.parametrize("name", EXPECTED)
def test_reference_vectors(name: str) -> None:
    expected, curve = EXPECTED[name], vector_curve(name)
    interval_s, rate_ml_h = expected["S_min"] * 60, expected["set_rate_mL_h"]
    grid = on_grid(curve, expected["i_start"] * interval_s, expected["i_end"] * interval_s, interval_s)
    found = trumpet(grid, rate_ml_h, [float(minutes) * 60 for minutes in expected["windows"]])
    for window, known in zip(found.windows, expected["windows"].values(), strict=True):
        assert (window.windows, window.samples) == (known["m"], known["samples_per_window"])
        assert window.ep_max.value == pytest.approx(known["Ep_max_pct"], rel=1e-9)
        assert window.ep_min.value == pytest.approx(known["Ep_min_pct"], rel=1e-9)
        assert (list(window.max_at), list(window.min_at)) == (known["j_max_1based"], known["j_min_1based"])
    flow_ml_h = (grid.volumes_ml[-1] - grid.volumes_ml[0]) / grid.duration_s * 3600
    assert flow_ml_h == pytest.approx(expected["Q_mean_mL_h"], rel=1e-9)
    assert (flow_ml_h / rate_ml_h - 1) * 100 == pytest.approx(expected["A_pct"], rel=1e-9)


@pytest.mark.parametrize("name", EXPECTED)
def test_start_up_flows_of_the_reference_vectors(name: str) -> None:
    expected, curve = EXPECTED[name], vector_curve(name)
    flows_ml_h = on_grid(curve, 0, float(curve.moments_s[-1]), expected["S_min"] * 60).flows_ml_h
    known = {int(number): flow for number, flow in expected["startup_flow_mL_h"].items()}
    assert [flows_ml_h[number - 1] for number in known] == pytest.approx(list(known.values()), rel=1e-9)


def test_the_example_worked_by_hand() -> None:
    one, two = trumpet(grid_of(WORKED_PCT), 5.0, [60, 120]).windows
    assert (one.windows, one.ep_max.value, one.ep_min.value) == (7, pytest.approx(4), pytest.approx(-1))
    assert (two.windows, two.ep_max.value, two.ep_min.value) == (5, pytest.approx(2), pytest.approx(-1))
    assert (one.max_at, one.min_at, two.max_at, two.min_at) == ((2,), (1, 4, 6), (3,), (4,))


def by_definition(flows_ml_h: FloatArray, rate_ml_h: float, samples: int) -> tuple[list[float], int]:
    """E_j of all windows without a missing flow, as a loop over the sums; and how many have one."""
    means: list[float] = []
    for j in range(len(flows_ml_h) - samples + 1):
        total = 0.0
        for i in range(j, j + samples):
            total += 100 * (flows_ml_h[i] - rate_ml_h) / rate_ml_h
        means.append(total / samples)
    known = [mean for mean in means if not math.isnan(mean)]
    return known, len(means) - len(known)


errors = st.lists(st.floats(-80, 80), min_size=4, max_size=60).map(np.array)


@given(errors, st.integers(1, 4), st.sets(st.integers(0, 60), max_size=6))
@settings(deadline=None)
def test_the_fast_form_is_the_definition(errors_pct: FloatArray, samples: int, missing: set[int]) -> None:
    """Where samples are missing too: a window with one anywhere in it is left out."""
    grid = grid_of(errors_pct)
    grid.volumes_ml[[at for at in missing if at < len(grid.volumes_ml)]] = np.nan
    means, left_out = by_definition(grid.flows_ml_h, 5.0, samples)
    found = extremes(grid.volumes_ml, [samples])[0]
    assert (found.windows, found.left_out) == (len(means) + left_out, left_out)
    ends_pct = [volume_ml / samples * 120 / 5 * 100 - 100 for volume_ml in (found.low_ml, found.high_ml)]
    assert ends_pct == pytest.approx([min(means), max(means)] if means else [math.nan] * 2, rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("missing", [[], [CHUNK], [5, 20_000, 20_001, 39_999]])
def test_the_fast_form_across_its_pieces(missing: list[int]) -> None:
    volumes_ml = np.cumsum(np.random.default_rng(4).standard_normal(40_000))
    volumes_ml[missing] = np.nan
    for samples, found in zip([1, 7, 17_000], extremes(volumes_ml, [1, 7, 17_000]), strict=True):
        differences_ml = volumes_ml[samples:] - volumes_ml[:-samples]
        unknown = np.concatenate([[0], np.cumsum(np.isnan(volumes_ml))])
        differences_ml[unknown[samples + 1 :] > unknown[: -samples - 1]] = np.nan
        assert (found.low_ml, found.high_ml) == (np.nanmin(differences_ml), np.nanmax(differences_ml))
        assert (found.low_at, found.high_at) == ((np.nanargmin(differences_ml) + 1,), (np.nanargmax(differences_ml) + 1,))
        assert found.left_out == np.isnan(differences_ml).sum()


@pytest.mark.parametrize(("change", "scale", "tied"), [(1.0, 1.0, 10_000), (1.0, 1 + 1e-13, 1), (1e-6, 1.0, 10_000)])
def test_windows_that_tie(change: float, scale: float, tied: int) -> None:
    """All of them, up to ten thousand; the tolerance is asked for, not taken."""
    volumes_ml = change * np.arange(50_000.0)
    volumes_ml[-1] *= scale
    assert len(extremes(volumes_ml, [1])[0].high_at) == tied
    assert len(extremes(volumes_ml, [1], same_ml=1e-7)[0].high_at) == 10_000


def test_the_tolerance_of_ties_is_one_of_flow() -> None:
    """A longer window takes more volume, so that the same error in percent is more of it."""
    volumes_ml = np.arange(1001.0)
    volumes_ml[-1] += 5e-8
    assert [len(extremes(volumes_ml, [samples], same_ml=1e-9)[0].high_at) for samples in (10, 100)] == [1, 901]


@given(errors, st.integers(1, 4), st.floats(0.01, 100), st.floats(-1e3, 1e3), st.floats(-10, 10))
@settings(deadline=None)
def test_what_changes_nothing(errors_pct: FloatArray, samples: int, scale: float, later_s: float, more_ml: float) -> None:
    """Volumes and rate together, the zero of time, the zero of volume."""
    grid = grid_of(errors_pct)
    moved = Grid(grid.start_s + later_s, grid.interval_s, scale * (grid.volumes_ml + more_ml))
    before = values(trumpet(grid, 5.0, [30.0 * samples]))
    assert values(trumpet(moved, 5.0 * scale, [30.0 * samples])) == pytest.approx(before, rel=1e-7, abs=1e-7)


@given(errors, st.floats(0.5, 2))
@settings(deadline=None)
def test_volumes_scale_the_flow_and_not_the_error(errors_pct: FloatArray, scale: float) -> None:
    grid = grid_of(errors_pct)
    before = np.array(values(trumpet(grid, 5.0, [60])))
    after = values(trumpet(Grid(0.0, 30.0, scale * grid.volumes_ml), 5.0, [60]))
    assert after == pytest.approx((before + 100) * scale - 100, abs=1e-7)


@given(errors, st.integers(1, 3))
@settings(deadline=None)
def test_adjacent_periods_add_up(errors_pct: FloatArray, cut: int) -> None:
    curve = Curve(np.arange(len(errors_pct) + 1) * 30.0, grid_of(errors_pct).volumes_ml)
    end_s = float(curve.moments_s[-1])
    parts = [on_grid(curve, *period, 30.0).flows_ml_h.sum() for period in ((0.0, cut * 30.0), (cut * 30.0, end_s))]
    assert sum(parts) == pytest.approx(on_grid(curve, 0.0, end_s, 30.0).flows_ml_h.sum(), rel=1e-9)


@given(errors, st.integers(1, 3), st.integers(2, 4))
@settings(deadline=None)
def test_a_multiple_of_a_window_is_never_worse(errors_pct: FloatArray, samples: int, times: int) -> None:
    """It is the mean of whole windows."""
    if samples * times > len(errors_pct):
        return
    short, long = trumpet(grid_of(errors_pct), 5.0, [30.0 * samples, 30.0 * samples * times]).windows
    assert long.ep_max.value <= short.ep_max.value + 1e-9
    assert long.ep_min.value >= short.ep_min.value - 1e-9


def test_a_longer_window_that_is_no_multiple_can_be_worse() -> None:
    """A stroke every third interval: any two intervals hold one stroke at most, and so do any three; any four hold two."""
    three, four = trumpet(grid_of(np.tile([200.0, -100, -100], 7)), 5.0, [90, 120]).windows
    assert (three.ep_max.value, four.ep_max.value) == (pytest.approx(0, abs=1e-9), pytest.approx(50))


def test_both_ends_may_have_the_same_sign() -> None:
    (window,) = trumpet(grid_of(WORKED_PCT - 20), 5.0, [60]).windows
    assert (window.ep_max.value, window.ep_min.value) == (pytest.approx(-16), pytest.approx(-21))


@pytest.mark.parametrize(
    ("windows_s", "rate_ml_h", "says"),
    [
        ([45.0], 5.0, "a window of 45 s is not a whole number of sample intervals of 30 s"),
        ([60.0, 270.0], 5.0, "270 s is longer than the analysis period of 240 s; windows of 30 s to 240 s fit"),
        ([60.0], 0.0, "set rate is 0 mL/h"),
    ],
)
def test_windows_that_cannot_be(windows_s: list[float], rate_ml_h: float, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        trumpet(grid_of(WORKED_PCT), rate_ml_h, windows_s)


def test_the_whole_period_is_one_window() -> None:
    (window,) = trumpet(grid_of(WORKED_PCT), 5.0, [240]).windows
    assert (window.windows, window.ep_max.value, window.ep_min.value) == (1, pytest.approx(1), pytest.approx(1))


def test_missing_readings_are_counted_and_never_bridged() -> None:
    grid = grid_of(WORKED_PCT)
    grid.volumes_ml[3] = np.nan
    (window,) = trumpet(grid, 5.0, [60]).windows
    assert (window.windows, window.left_out) == (7, 3)
    assert (window.ep_max.value, window.ep_min.value) == (pytest.approx(1), pytest.approx(-1))
    with pytest.raises(BenchError, match="every window of 180 s"):
        trumpet(Grid(0, 30, np.array([0, 1, 2, math.nan, 4, 5, 6])), 5.0, [180])


@pytest.mark.parametrize(
    ("u", "rate_ml_h", "window_s", "u_pct"),
    [
        ({"u_ml": 0.153e-3}, 5.0, 120, 0.13),
        ({"u_ml": 0.153e-3}, 0.5, 120, 1.3),
        ({"u_ml": 0.153e-3}, 0.5, 1860, 0.084),
        ({"u_ml": 0.0153e-3}, 0.0625, 900, 0.14),
        ({"u_common_pct": 0.3}, 5.0, 120, 0.3),
        ({"u_flow_ml_h": 0.01}, 5.0, 120, 0.2),
        ({"u_common_pct": 0.3, "u_flow_ml_h": 0.02}, 5.0, 120, 0.5),
    ],
)
def test_uncertainty_of_a_window(u: dict[str, float], rate_ml_h: float, window_s: float, u_pct: float) -> None:
    """gravimetric-metrology section 6, the table of resolution limits; and the terms that all windows share."""
    grid = grid_of(np.zeros(100), rate_ml_h, **u)
    tolerances_pct = (None, 3.8 * u_pct, 4.2 * u_pct)
    found = [trumpet(grid, rate_ml_h, [window_s], tolerance_pct=tolerance).windows[0] for tolerance in tolerances_pct]
    assert found[0].u_pct == pytest.approx(u_pct, rel=0.03)
    assert [window.resolution_limited for window in found] == [False, True, False]


def test_the_terms_that_all_windows_share_scale_with_the_flow() -> None:
    grid = grid_of(WORKED_PCT + 50, u_common_pct=1.0, u_flow_ml_h=0.05)
    found = trumpet(grid, 5.0, [240]).windows[0].ep_max
    assert (found.value, found.method) == (pytest.approx(51), "Monte Carlo")
    assert found.u == pytest.approx(math.hypot(1.51, 1.0), rel=0.05)
    assert [row.contribution for row in found.budget] == pytest.approx([0, 1.51, 1.0, 0])
    assert found == trumpet(grid, 5.0, [240]).windows[0].ep_max


def test_what_wetting_may_do_widens_both_ways_by_its_full_swing() -> None:
    """0.1 uL of two levels in 5 uL (60 s at 0.3 mL/h): 2 * sqrt(3) * 0.1 / 5 = 6.9 %, of which 95.45 %; no pull is taken out."""
    (window,) = trumpet(grid_of(np.zeros(100), 0.3, u_level_ml=1e-4), 0.3, [60]).windows
    assert window.u_pct == pytest.approx(100 * math.sqrt(2) * 0.1 / 5)
    assert window.ep_max.interval == pytest.approx((-6.61, 6.61), abs=0.15)
    assert window.ep_min.interval == pytest.approx(window.ep_max.interval, abs=1e-9)


def test_nothing_uncertain_nothing_wide() -> None:
    (window,) = trumpet(grid_of(WORKED_PCT), 5.0, [60]).windows
    assert (window.u_pct, window.ep_max.expanded_uncertainty) == (0, pytest.approx(0, abs=1e-12))


def sine(size: float, period: float) -> Any:
    return lambda numbers: size * np.sin(2 * np.pi * numbers / period)


SHAPES: dict[str, Any] = {
    "steady": lambda numbers: 0 * numbers,
    "sagging": lambda numbers: -60 * (numbers / len(numbers)) ** 2,
    "swinging": sine(30, 1212),
    "ripple": sine(3, 23.7),
    "strong ripple": sine(10, 23.7),
    "starting": lambda numbers: -17 * np.exp(-numbers / 40),
    "strokes": lambda numbers: 30 * (numbers / 24.3 % 1),
}
"""What lies over the straight line, in standard uncertainties of a sample."""


def coverage(shape: str, count: int, samples: int, runs: int = 200) -> float:
    """Share of the intervals of Ep(max) and Ep(min) that hold the true value, over seeded white noise."""
    u_ml, numbers, random = 3e-4, np.arange(count), np.random.default_rng(5)
    true_ml = 5.0 / 120 * numbers + u_ml * SHAPES[shape](numbers)
    (known,) = trumpet(Grid(0.0, 30.0, true_ml), 5.0, [30.0 * samples]).windows
    held = 0
    for _ in range(runs):
        grid = Grid(0.0, 30.0, true_ml + u_ml * random.standard_normal(count), u_ml)
        (found,) = trumpet(grid, 5.0, [30.0 * samples]).windows
        for known_end, found_end in ((known.ep_max, found.ep_max), (known.ep_min, found.ep_min)):
            held += found_end.interval[0] <= known_end.value <= found_end.interval[1]
    return held / (2 * runs)


@pytest.mark.parametrize("shape", ["steady", "sagging", "swinging"])
@pytest.mark.parametrize(("count", "samples"), [(121, 4), (121, 38), (4000, 120)])
def test_coverage_of_the_interval(shape: str, count: int, samples: int) -> None:
    """95.45 % of the intervals should hold the true value; the steady flow is all noise."""
    assert 0.90 <= coverage(shape, count, samples) <= 0.99


@pytest.mark.parametrize(
    ("shape", "count", "samples", "least", "most"),
    [
        ("starting", 121, 38, 0.90, 0.99),
        ("ripple", 121, 4, 0.87, 0.99),
        ("strong ripple", 121, 38, 0.87, 0.99),
        ("starting", 4000, 120, 0.84, 0.99),
        ("ripple", 4000, 120, 0.80, 0.99),
        ("strong ripple", 4000, 120, 0.70, 0.99),
        ("strokes", 121, 4, 0.50, 0.80),
    ],
)
def test_where_the_interval_covers_less(shape: str, count: int, samples: int, least: float, most: float) -> None:
    """Bends, ripples that are short against the period, and jumps: what the docstring says of them stays true."""
    assert least <= coverage(shape, count, samples) <= most


def test_the_pull_of_the_noise_is_in_the_value_and_not_in_the_interval() -> None:
    """A steady flow that is all noise: the definition's Ep(max) is several standard uncertainties of a window too high."""
    noise_ml = 3e-4 * np.random.default_rng(6).standard_normal(4000)
    (found,) = trumpet(Grid(0.0, 30.0, 5.0 / 120 * np.arange(4000) + noise_ml, 3e-4), 5.0, [3600.0]).windows
    assert found.ep_max.value > 3 * found.u_pct > 0 > -3 * found.u_pct > found.ep_min.value
    assert all(end.interval[0] < 0 < end.interval[1] for end in (found.ep_max, found.ep_min))


def test_named_window_sets() -> None:
    assert WINDOWS["iec"] == (120, 300, 660, 1140, 1860)
    assert [seconds / 900 for seconds in WINDOWS["ambulatory"]] == [1, 4, 10, 22, 38, 62]
