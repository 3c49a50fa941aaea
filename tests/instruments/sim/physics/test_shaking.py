"""What disturbs a balance: each has its size, its moment and its memory, and touches nothing but what it is meant to."""

from __future__ import annotations

import math

import numpy as np
import pytest

from instruments.sim.bench import SimulatedBench
from instruments.sim.faults import with_faults
from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.shaking import Disturbance, Force, Knock, Push, Slope, Unrest
from instruments.sim.physics.weighing import Samples
from instruments.sim.setup import Setup
from instruments.sim.site import Site, noise_of

RING_TURN_S = 2 * math.pi * 2.3


@pytest.mark.parametrize(
    ("force", "moment_s", "felt_g"),
    [
        (Push(10.0, 0.5), 9.99, 0.0),
        (Push(10.0, 0.5), 10.0, 0.5),
        (Push(10.0, 0.5), 1e6, 0.5),
        (Push(10.0, 0.5, 20.0), 19.99, 0.5),
        (Push(10.0, 0.5, 20.0), 20.0, 0.0),
        (Push(10.0, 0.5, creep=0.3), 10.0, 0.35),
        (Push(10.0, 0.5, creep=0.3), 130.0, 0.5 * (1 - 0.3 / math.e)),
        (Push(10.0, 0.5, creep=0.3), 1e6, 0.5),
        (Push(10.0, 0.5, creep=0.3), 0.0, 0.0),
        (Push(10.0, -0.5), 11.0, -0.5),
        (Knock(10.0, 2.0, 0.1), 9.99, 0.0),
        (Knock(10.0, 2.0, 0.1), 10.0, 2.1),
        (Knock(10.0, 2.0, 0.1), 10 + 1 / 2.3, 2 * math.exp(-1 / 2.3 / 0.8) + 0.1),
        (Knock(10.0, 2.0, 0.1), 10 + 0.5 / 2.3, -2 * math.exp(-0.5 / 2.3 / 0.8) + 0.1),
        (Knock(10.0, 2.0, 0.1), 10 + 0.25 / 2.3, 0.1),
        (Knock(10.0, 2.0, 0.1), 60.0, 0.1),
        (Knock(10.0, 2.0), 60.0, 0.0),
        (Slope(3600.0, 0.5), 0.0, 0.0),
        (Slope(3600.0, 0.5), 3600.0, 0.0),
        (Slope(3600.0, 0.5), 5400.0, 0.25),
        (Slope(0.0, -0.5), 7200.0, -1.0),
    ],
)
def test_a_force_is_felt_from_its_moment_on(force: Force, moment_s: float, felt_g: float) -> None:
    assert force.felt_g(np.array([moment_s])) == pytest.approx([felt_g], abs=1e-9)


# --- unrest ---


def course_g(unrest: Unrest, seconds: float, rate_hz: float = 10.0, seed: int = 0) -> FloatArray:
    moments_s = np.arange(1, seconds * rate_hz + 1) / rate_hz
    return Disturbance(unrest, np.random.default_rng(seed)).felt_g(moments_s, rate_hz)


def remembered(course: FloatArray, samples: int) -> float:
    return float(np.mean(course[:-samples] * course[samples:]) / np.mean(course**2))


@pytest.mark.parametrize("memory_s", [0.0, 1.0, 20.0])
@pytest.mark.parametrize("size_g", [1e-3, 5e-2])
@pytest.mark.parametrize("rate_hz", [10.0, 4.0])
def test_unrest_has_its_size_at_any_rate(memory_s: float, size_g: float, rate_hz: float) -> None:
    """Over 200000 s a course that remembers for 20 s holds 5000 stretches that know nothing of each other: 1 %, three allowed."""
    found_g = course_g(Unrest("any", size_g, memory_s), 200_000, rate_hz)
    assert found_g.std() == pytest.approx(size_g, rel=0.03)
    assert found_g.mean() == pytest.approx(0, abs=0.06 * size_g)


@pytest.mark.parametrize("memory_s", [1.0, 5.0, 20.0])
@pytest.mark.parametrize("rate_hz", [10.0, 4.0])
@pytest.mark.parametrize("after", [0.5, 1.0, 2.0])
def test_unrest_fades_from_memory_with_its_time_constant(memory_s: float, rate_hz: float, after: float) -> None:
    found_g = course_g(Unrest("any", 1.0, memory_s), 200_000, rate_hz)
    assert remembered(found_g, round(after * memory_s * rate_hz)) == pytest.approx(math.exp(-after), abs=0.04)


def test_without_memory_it_knows_nothing_of_itself() -> None:
    assert remembered(course_g(Unrest("any", 1.0), 20_000), 1) == pytest.approx(0, abs=0.01)


def test_it_is_felt_between_its_moments_alone_and_runs_on_meanwhile() -> None:
    whole_g, part_g = course_g(Unrest("any", 1.0, 5.0), 30), course_g(Unrest("any", 1.0, 5.0, 10.0, 20.0), 30)
    assert np.flatnonzero(part_g).tolist() == [*range(99, 199)]
    assert part_g[99:199].tolist() == whole_g[99:199].tolist()


def test_in_blocks_it_goes_on_where_it_was() -> None:
    unrest, moments_s = Unrest("any", 1.0, 5.0), np.arange(1, 301) / 10
    parts = Disturbance(unrest, np.random.default_rng(0))
    found_g = np.concatenate([parts.felt_g(block_s, 10.0) for block_s in np.split(moments_s, [1, 2, 50, 51, 200])])
    assert found_g == pytest.approx(course_g(unrest, 30), abs=1e-15)


# --- streams of their own ---


def test_every_name_and_every_seed_has_a_stream_of_its_own() -> None:
    def drawn(seed: int, name: str) -> list[float]:
        return list(noise_of(seed, name).standard_normal(1000))

    assert drawn(1, "balance") == drawn(1, "balance")
    streams = np.array([drawn(seed, name) for seed in (1, 2) for name in ("balance", "vibration", "draught", "room", "needle")])
    among = np.corrcoef(streams) - np.eye(len(streams))
    assert np.abs(among).max() < 0.15


def samples(*faults: str, seed: int = 3, until_s: float = 300.0) -> Samples:
    """What the bench's balance converts while its pump stands."""
    bench = SimulatedBench(with_faults(Setup(seed=seed), faults))
    cell = Site({"balance": {}}, bench.setup, bench.path, bench._load_g, {}).cell()
    return cell.convert_until(until_s)


def assert_same(one: Samples, other: Samples, first: int, last: int) -> None:
    assert one.counts[first:last].tolist() == other.counts[first:last].tolist()
    assert one.stable[first:last].tolist() == other.stable[first:last].tolist()


LATER = (
    "vibration:size=5mg,at=100s",
    "draught:size=5mg,at=100s",
    "knock:at=100s,swing=1g,shift=5mg",
    "tubing-touches:at=100s,force=20mg",
    "drift:by=1g/h,at=100s",
    "overload:at=100s",
    "balance-stuck:at=100s",
    "evaporation:by=500mg/h,at=100s",
)


@pytest.mark.parametrize("spec", LATER)
def test_before_its_moment_nothing_is_otherwise_and_after_it_something_is(spec: str) -> None:
    clean, touched = samples(), samples(spec)
    assert_same(clean, touched, 0, 999)
    assert np.count_nonzero(clean.counts[999:] != touched.counts[999:]) > 1000


@pytest.mark.parametrize(
    "spec",
    [
        "vibration:size=5mg,at=100s,for=50s",
        "draught:size=5mg,at=100s,for=50s",
        "overload:at=100s,for=50s",
        "tubing-touches:at=100s,force=20mg,for=50s",
    ],
)
def test_after_its_end_all_is_as_if_it_had_never_been(spec: str) -> None:
    """Once the cell's filter and its stability detector have forgotten it."""
    clean, touched = samples(), samples(spec)
    assert np.count_nonzero(clean.counts[999:1499] != touched.counts[999:1499]) > 450
    assert_same(clean, touched, 1700, 3000)


@pytest.mark.parametrize(("name", "memory_s"), [("vibration", 0.0), ("draught", 20.0)])
def test_while_it_lasts_it_is_added_to_the_noise_that_is_there_anyway(name: str, memory_s: float) -> None:
    clean, touched = samples(until_s=20_000.0), samples(f"{name}:size=5mg", until_s=20_000.0)
    added_g = (touched.counts - clean.counts) / 1e4
    assert added_g.std() == pytest.approx(5e-3, rel=0.06)
    assert remembered(added_g, 100) == pytest.approx(math.exp(-10 / memory_s) if memory_s else 0.0, abs=0.08)


def test_two_unrests_do_not_know_of_each_other() -> None:
    clean, both = samples(until_s=20_000.0), samples("vibration:size=5mg", "draught:size=5mg", until_s=20_000.0)
    one, other = (samples(f"{name}:size=5mg", until_s=20_000.0) for name in ("vibration", "draught"))
    added = [run.counts - clean.counts for run in (one, other, both)]
    assert np.abs(added[0] + added[1] - added[2]).max() <= 2
    assert np.corrcoef(added[0], added[1])[0, 1] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(
    "spec",
    ["rate-gain:+6%", "syringe-diameter:+2%", "bolus-late:5s", "alarm-missing", "serial-garbage:at=10s", "other-instrument"],
)
def test_what_does_not_touch_the_balance_leaves_its_values_alone(spec: str) -> None:
    assert_same(samples(), samples(spec), 0, 3000)


def test_another_seed_is_another_balance_on_another_day() -> None:
    assert np.count_nonzero(samples(seed=3).counts != samples(seed=4).counts) > 1500
