"""The weighing cell: what its data sheet promises is what its readings show, however they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.drive import IDEAL, Drive
from instruments.sim.physics.line import Line
from instruments.sim.physics.outlet import Outlet
from instruments.sim.physics.path import FluidPath
from instruments.sim.physics.room import Air, Room
from instruments.sim.physics.shaking import Disturbance, Knock, Push, Slope, Unrest
from instruments.sim.physics.vessel import Pan, Vessel
from instruments.sim.physics.weighing import CellData, Samples, WeighingCell

QUIET = CellData(readability_g=1e-9, repeatability_g=0, linearity_g=0, sensitivity_pct=0, drift_g_h=0, response_s=0)
"""Shows the load and nothing else."""
SEEDS = range(8)
Load = Callable[[FloatArray], FloatArray]


def resting(load_g: float) -> Load:
    return lambda moments_s: np.full_like(moments_s, load_g)


def stepping(at_s: float, load_g: float = 1.0) -> Load:
    return lambda moments_s: np.where(moments_s >= at_s, load_g, 0.0)


def cell_of(load_g: Load, seed: int = 0, **data: float) -> WeighingCell:
    return WeighingCell(replace(QUIET, **data), load_g, np.random.default_rng(seed))


def shown_g(cell: WeighingCell, until_s: float) -> FloatArray:
    return cell.convert_until(until_s).counts / 10.0**cell.data.decimals


# --- repeatability and readability ---


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("repeatability_g", [1e-5, 1e-4, 2e-3])
def test_readings_scatter_by_the_stated_repeatability(seed: int, repeatability_g: float) -> None:
    """A standard deviation of 20000 values is known to 0.5 %, four of those allowed; and they know nothing of each other."""
    found_g = shown_g(cell_of(resting(20.0), seed, repeatability_g=repeatability_g), 2000)
    assert found_g.std(ddof=1) == pytest.approx(repeatability_g, rel=0.02)
    assert found_g.mean() == pytest.approx(20.0, abs=4 * repeatability_g / 20_000**0.5)
    assert np.corrcoef(found_g[:-1], found_g[1:])[0, 1] == pytest.approx(0, abs=4 / 20_000**0.5)


@pytest.mark.parametrize("seed", SEEDS)
def test_rounding_adds_a_digit_over_the_root_of_twelve(seed: int) -> None:
    found_g = shown_g(cell_of(resting(20.00003), seed, readability_g=1e-4, repeatability_g=1e-4), 2000)
    assert found_g.std(ddof=1) == pytest.approx((1 + 1 / 12) ** 0.5 * 1e-4, rel=0.02)


def test_another_seed_scatters_otherwise_and_the_same_one_the_same() -> None:
    counts = [cell_of(resting(20.0), seed, repeatability_g=1e-4).convert_until(10).counts.tolist() for seed in (1, 1, 2)]
    assert counts[0] == counts[1] != counts[2]


@pytest.mark.parametrize(
    ("readability_g", "decimals", "counts"),
    [(1e-5, 5, 1_234_568), (1e-4, 4, 123_457), (1e-3, 3, 12_346), (0.1, 1, 123), (1.0, 0, 12)],
)
def test_a_reading_is_whole_digits(readability_g: float, decimals: int, counts: int) -> None:
    cell = cell_of(resting(12.345678), readability_g=readability_g)
    found = cell.convert_until(1).counts
    assert cell.data.decimals == decimals
    assert found.dtype == np.int64
    assert found.tolist() == [counts] * 10


# --- drift ---


def drift_g_h(seed: int, stated_g_h: float) -> FloatArray:
    """Slope of the zero from minute to minute, over a day."""
    cell = cell_of(resting(0.0), seed, drift_g_h=stated_g_h, readability_g=1e-12)
    cell.set_rate(0.0, 1 / 60)
    return np.diff(shown_g(cell, 86_400)) * 60


@pytest.mark.parametrize("stated_g_h", [1e-4, 3e-3])
def test_the_zero_wanders_as_fast_as_stated_and_never_faster(stated_g_h: float) -> None:
    steepest = [np.abs(drift_g_h(seed, stated_g_h)).max() / stated_g_h for seed in range(20)]
    assert max(steepest) <= 1 + 1e-6
    assert max(steepest) > 0.95
    assert min(steepest) > 0.5


def test_it_wanders_both_ways_and_slowly() -> None:
    """Within an hour a straight line through a blank takes all but a tenth of the stated drift away."""
    for seed in SEEDS:
        slope = drift_g_h(seed, 1e-4) / 1e-4
        assert slope.min() < -0.2
        assert slope.max() > 0.2
        assert np.abs(slope[60:] - slope[:-60]).max() < 0.8
        zero = np.cumsum(slope) / 60
        assert np.abs(zero[60:-60] - (zero[:-120] + zero[120:]) / 2).max() < 0.4


def test_each_balance_wanders_its_own_way() -> None:
    begins = [float(drift_g_h(seed, 1e-4)[0]) for seed in SEEDS]
    assert len({round(slope, 8) for slope in begins}) == len(SEEDS)
    assert min(begins) < 0 < max(begins)


# --- sensitivity and linearity ---


@pytest.mark.parametrize("stated_pct", [1e-3, 0.05])
def test_the_sensitivity_is_off_by_a_constant_share_within_its_bound(stated_pct: float) -> None:
    shares = []
    for seed in range(60):
        loads_g = np.array([10.0, 100.0, 200.0])
        found_g = np.array([shown_g(cell_of(resting(load_g), seed, sensitivity_pct=stated_pct), 0.1)[0] for load_g in loads_g])
        share = (found_g / loads_g - 1) * 100 / stated_pct
        assert share == pytest.approx(share[2], abs=1e-4)
        shares.append(share[2])
    assert max(map(abs, shares)) <= 1
    assert (min(shares), max(shares)) == (pytest.approx(-1, abs=0.15), pytest.approx(1, abs=0.15))


def departures_g(seed: int, **data: float) -> FloatArray:
    """How far the reading is off over the whole range, in ten thousand steps."""
    capacity_g = data.get("capacity_g", QUIET.capacity_g)
    cell = cell_of(lambda moments_s: moments_s * 10 * capacity_g / 10_000, seed, **data)
    return shown_g(cell, 1000) - np.arange(1, 10_001) * capacity_g / 10_000


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("data", [{"linearity_g": 2e-4}, {"linearity_g": 3e-3, "capacity_g": 4200.0}])
def test_the_linearity_stays_within_its_bound_and_reaches_it_on_both_sides(seed: int, data: dict[str, float]) -> None:
    off_g = departures_g(seed, **data)
    bound_g = data["linearity_g"]
    assert np.abs(off_g).max() <= bound_g + 1e-9
    assert (off_g.min(), off_g.max()) == (pytest.approx(-bound_g, rel=1e-3), pytest.approx(bound_g, rel=1e-3))
    assert np.count_nonzero(np.diff(np.signbit(off_g))) == pytest.approx(10, abs=1)


def test_it_bends_elsewhere_on_another_balance() -> None:
    zeros = {round(float(departures_g(seed, linearity_g=2e-4)[0]), 7) for seed in SEEDS}
    assert len(zeros) == len(SEEDS)


# --- response ---


@pytest.mark.parametrize("response_s", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("rate_hz", [10.0, 50.0])
def test_a_step_is_answered_with_the_stated_time_constant(response_s: float, rate_hz: float) -> None:
    """The load changes as a sample has just been taken: so long ago it is for each that follows."""
    cell = cell_of(stepping(10 + 1e-6), response_s=response_s)
    cell.set_rate(0.0, rate_hz)
    samples = cell.convert_until(30)
    since_s = samples.moments_s - 10
    expected = np.where(since_s > 1e-6, 1 - np.exp(-since_s / response_s), 0.0)
    assert samples.counts / 1e9 == pytest.approx(expected, abs=2e-9)


def test_without_a_filter_the_load_is_shown_as_it_is() -> None:
    assert shown_g(cell_of(stepping(0.55)), 1.0).tolist() == [0.0] * 5 + [1.0] * 5


def test_a_steady_flow_is_shown_late_by_the_time_constant() -> None:
    """gravimetric-metrology, section 6: the lag cancels for steady flow; sampling as such takes half an interval off it."""
    found_g = shown_g(cell_of(lambda moments_s: 1e-3 * moments_s, response_s=2.0), 60)
    assert np.diff(found_g[-10:]) == pytest.approx(1e-4, abs=2e-9)
    assert 60 - found_g[-1] / 1e-3 == pytest.approx(2.0 - 0.05, abs=0.001)


def test_what_is_on_the_pan_at_first_has_been_there_for_long() -> None:
    assert shown_g(cell_of(resting(50.0), response_s=3.0), 1.0) == pytest.approx(50.0, abs=1e-9)


# --- when it samples ---


def test_it_samples_at_its_rate_from_one_interval_after_it_was_told() -> None:
    cell = cell_of(resting(1.0))
    assert cell.next_sample_s == pytest.approx(0.1)
    assert cell.convert_until(0.5).moments_s == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert cell.next_sample_s == pytest.approx(0.6)
    assert len(cell.convert_until(0.59).counts) == 0
    cell.set_rate(0.59, 4.0)
    assert cell.next_sample_s == pytest.approx(0.84)
    assert cell.convert_until(1.4).moments_s == pytest.approx([0.84, 1.09, 1.34])
    assert cell.sample_s(8) == pytest.approx(2.59)


@pytest.mark.parametrize("rate_hz", [10.0, 7.3, 100.0, 92.0])
def test_each_sample_is_there_at_the_moment_that_was_announced(rate_hz: float) -> None:
    """0.29 s times 100 Hz is a little less than 29, for a computer."""
    cell = cell_of(resting(1.0))
    cell.set_rate(0.1, rate_hz)
    due_s, found = [], []
    for _ in range(1000):
        due_s.append(cell.next_sample_s)
        found.append(cell.convert_until(cell.next_sample_s).moments_s.tolist())
    assert found == [[moment_s] for moment_s in due_s]


# --- what presses on it and what shakes it ---


def test_what_presses_goes_through_the_filter_and_what_shakes_does_not() -> None:
    """0.05 g less 0.025 g from 5 s on; the unrest is there at 10 s with its full size."""
    noise = np.random.default_rng(0)
    forces, unrest = [Push(5 + 1e-6, 0.05), Push(5 + 1e-6, -0.025)], Disturbance(Unrest("any", 1e-3, 0.0, 10.0), noise)
    cell = WeighingCell(replace(QUIET, response_s=1.0), resting(20.0), np.random.default_rng(0), forces, [unrest])
    found_g = shown_g(cell, 1000) - 20
    assert found_g[:50] == pytest.approx(np.zeros(50), abs=1e-9)
    assert found_g[50:99] == pytest.approx(0.025 * (1 - np.exp(-np.arange(1, 50) / 10)), abs=2e-9)
    assert found_g[200:].mean() == pytest.approx(0.025, abs=5e-5)
    assert found_g[200:].std() == pytest.approx(1e-3, rel=0.04)


# --- stability and a balance that is stuck ---


@pytest.mark.parametrize(
    ("jump_g", "calm_s", "unstable"),
    [
        (5e-4, 1.0, []),
        (7e-4, 1.0, [*range(50, 59)]),
        (-7e-4, 1.0, [*range(50, 59)]),
        (7e-4, 2.0, [*range(50, 69)]),
        (7e-4, 0.0, [50]),
    ],
)
def test_stable_is_what_has_stayed_within_its_digits_for_long_enough(jump_g: float, calm_s: float, unstable: list[int]) -> None:
    """Six digits of 0.1 mg for a second of ten samples; in the beginning it is not known yet."""
    cell = cell_of(stepping(5.05, jump_g), readability_g=1e-4, calm_s=calm_s)
    found = np.flatnonzero(~cell.convert_until(10).stable).tolist()
    first = [*range(max(2, round(calm_s * 10)) - 1)]
    assert found == [*first, *unstable]


def test_more_digits_let_more_pass() -> None:
    cell = cell_of(stepping(5.05, 7e-4), readability_g=1e-4, calm_digits=8.0)
    assert cell.convert_until(10).stable[9:].all()


@pytest.mark.parametrize("blocks_s", [[10.0], [4.0, 10.0], [0.1 * number for number in range(1, 101)]])
def test_a_stuck_balance_repeats_its_last_value(blocks_s: list[float]) -> None:
    free, stuck = (cell_of(resting(1.0), repeatability_g=1e-4) for _ in range(2))
    stuck.stuck_from_s = 4.05
    expected = free.convert_until(10).counts
    found = np.concatenate([stuck.convert_until(until_s).counts for until_s in blocks_s])
    assert found[:40].tolist() == expected[:40].tolist()
    assert set(found[40:]) == {expected[39]}
    assert len(set(expected[40:])) > 40


# --- the same readings however they are asked for ---


def restless_cell(rate_hz: float) -> WeighingCell:
    """With everything on that a cell can have."""
    unrests = [Unrest("vibration", 3e-4, 0.0, 20.0, 80.0), Unrest("draught", 1e-3, 20.0)]
    cell = WeighingCell(
        CellData(drift_g_h=0.01, linearity_g=0.01, sensitivity_pct=0.1),
        lambda moments_s: 35 + 0.001 * moments_s,
        np.random.default_rng(3),
        [Push(30.0, 0.05, 70.0, 0.3), Knock(40.0, 0.02, 0.001), Slope(50.0, 0.1)],
        [Disturbance(unrest, np.random.default_rng(number)) for number, unrest in enumerate(unrests)],
    )
    cell.set_rate(0.0, rate_hz)
    cell.stuck_from_s = 100.0
    return cell


def joined(cell: WeighingCell, until_s: Iterable[float]) -> Samples:
    blocks = [cell.convert_until(moment_s) for moment_s in until_s]
    return Samples(*(np.concatenate([getattr(block, name) for block in blocks]) for name in ("moments_s", "counts", "stable")))


@pytest.mark.parametrize("rate_hz", [10.0, 7.3, 0.5])
@pytest.mark.parametrize(
    "until_s",
    [np.arange(1, 121.0), np.arange(1, 2401) / 20, np.array([0.05, 0.3, 17.77, 17.78, 40.0, 99.95, 100.0, 120.0])],
    ids=["a second at a time", "half an interval at a time", "anyhow"],
)
def test_one_block_or_many_give_the_same_samples(rate_hz: float, until_s: FloatArray) -> None:
    whole, parts = restless_cell(rate_hz).convert_until(120.0), joined(restless_cell(rate_hz), until_s)
    assert np.array_equal(parts.moments_s, whole.moments_s)
    assert np.array_equal(parts.counts, whole.counts)
    assert np.array_equal(parts.stable, whole.stable)
    assert len(whole.counts) == int(120 * rate_hz)


# --- the unevenness of a drive, seen by the balance ---


@pytest.mark.parametrize(
    ("uneven", "period_ml", "share"),
    [
        ({"screw_error_pct": 5.0, "screw_turn_ml": 0.02}, 0.02, 0.05),
        ({"screw_error_pct": 1.0, "screw_turn_ml": 0.05}, 0.05, 0.01),
        ({"pulse_depth_pct": 80.0, "pulse_ml": 0.002}, 0.002, 0.8),
    ],
    ids=["a fine screw", "a coarse screw", "rollers"],
)
@pytest.mark.parametrize("compliance_ml_pa", [1e-5, 6e-5])
@pytest.mark.parametrize("rate_ml_h", [0.5, 5.0])
def test_the_periodic_error_shows_at_its_period(
    uneven: dict[str, Any], period_ml: float, share: float, compliance_ml_pa: float, rate_ml_h: float
) -> None:
    """Volume swings by share * period / 2 pi; the line makes that smaller by the root of 1 + (w tau)^2, later by atan(w tau)."""
    line, flow_ml_s = Line(syringe_compliance_ml_pa=compliance_ml_pa), rate_ml_h / 3600
    path, phase = FluidPath(line), 0.1
    Drive(path, travel_ml=60.0, data=replace(IDEAL, **uneven), phase=phase).run(0.0, flow_ml_s)
    air = Air(Room(temperature_swing_k=0, pressure_swing_hpa=0, humidity_swing_pct=0), np.random.default_rng(0))
    pan = Pan(Vessel(evaporation_mg_h=0.0), Outlet(), air, 0.0)
    cell = cell_of(lambda moments_s: pan.shown_g(path.delivered_ml(moments_s), moments_s))
    period_s, turns = period_ml / flow_ml_s, 20
    cell.set_rate(0.0, 64 / period_s)
    begin_s = np.ceil(30 * line.time_constant_s / period_s) * period_s
    samples = cell.convert_until(begin_s + turns * period_s)
    mass_g = samples.counts[-64 * turns :] / 1e9
    moments_s = samples.moments_s[-64 * turns :]
    residual_g = mass_g - np.polyval(np.polyfit(moments_s, mass_g, 1), moments_s)

    spectrum = np.fft.rfft(residual_g) / len(residual_g) * 2
    turn_s = 2 * np.pi / period_s
    lag = turn_s * line.time_constant_s
    shown_per_ml = 0.997772 * 0.99895
    assert np.abs(spectrum).argmax() == turns
    assert np.abs(np.delete(spectrum, turns)).max() < 0.1 * np.abs(spectrum[turns])
    expected_g = share * period_ml / (2 * np.pi) / np.hypot(1, lag) * shown_per_ml
    swing = 2 * np.mean(residual_g * np.exp(-1j * turn_s * moments_s))
    assert np.abs(swing) == pytest.approx(expected_g, rel=0.01, abs=2e-9)
    assert np.angle(swing * 1j * np.exp(1j * (np.arctan(lag) - 2 * np.pi * phase))) == pytest.approx(0, abs=0.02)
