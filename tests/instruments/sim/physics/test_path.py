"""The liquid between plunger and outlet: what was pushed is stored, leaked or let out, and each goes its closed form."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.sim.physics.line import FREE, Blockage, Line, leak_conductance, network
from instruments.sim.physics.motion import Motion, Wave
from instruments.sim.physics.path import FluidPath
from tests.instruments.sim.physics.models import NAMES, H, Step, integrated, play, swing

NEVER_S = float("inf")
TUBING = Line(tubing_compliance_ml_pa=4e-6)
FULL = Blockage(1.0)
STILL = Motion()
WAVY = Motion(5 / H, 0.0, (swing(0.05, 31.0, 5 / H, phase=0.7), swing(0.6, 4.3, 5 / H)))


def at(*moments_s: float) -> np.ndarray:
    return np.array(moments_s)


def moved(line: Line, motion: Motion) -> FluidPath:
    """A line behind a plunger that has moved from the beginning on."""
    path = FluidPath(line)
    path.move(0.0, motion)
    return path


# --- the line's own figures, as the reference works them out ---


def test_the_figures_of_a_catheter_of_1_m_by_053_mm() -> None:
    """gravimetric-metrology, section 10, and dosing-and-pump-specs, section 3."""
    line = Line()
    resistance_pa_s_m3 = 8 * 1e-3 * 1.0 / (math.pi * (0.53e-3 / 2) ** 4)
    assert line.resistance_pa_s_ml * 1e6 == pytest.approx(resistance_pa_s_m3, rel=1e-12)
    assert line.resistance_pa_s_ml * 1e6 == pytest.approx(5.2e11, abs=0.05e11)
    assert 0.5 / H * line.resistance_pa_s_ml == pytest.approx(72, abs=0.5)
    assert line.time_constant_s == pytest.approx(resistance_pa_s_m3 * 1e-11, rel=1e-12)
    assert line.time_constant_s == pytest.approx(5, abs=0.2)
    assert line.dead_volume_ml == pytest.approx(0.22, abs=0.005)
    assert Line(length_m=0.01).dead_volume_ml * 1000 == pytest.approx(2.206, abs=0.0005)


def test_1_33_kpa_times_ten_is_a_column_of_1_3617_m() -> None:
    """fluid-delivery-test-methods, section 7, for water of 998.2 kg/m3."""
    line = Line(density_g_ml=0.9982, back_pressure_kpa=2.0, height_m=-0.5)
    assert line.column_pa(1.3617) == pytest.approx(13_330, abs=0.5)
    assert line.outlet_pa == pytest.approx(2000 - 998.2 * 9.80665 * 0.5, rel=1e-12)


@pytest.mark.parametrize(
    ("changed", "times"),
    [({"length_m": 2.0}, 2.0), ({"bore_mm": 0.265}, 16.0), ({"viscosity_mpa_s": 0.7}, 0.7), ({"air_ml": 1.0}, 1.0)],
)
def test_the_resistance_goes_with_length_viscosity_and_the_fourth_power_of_the_bore(
    changed: dict[str, float], times: float
) -> None:
    assert replace(Line(), **changed).resistance_pa_s_ml == pytest.approx(times * Line().resistance_pa_s_ml, rel=1e-12)


def test_everything_that_gives_way_adds_up_a_bubble_at_its_volume_over_the_air_pressure() -> None:
    line = Line(syringe_compliance_ml_pa=9e-6, tubing_compliance_ml_pa=2e-6, air_ml=0.05)
    assert line.compliance_ml_pa == pytest.approx(9e-6 + 2e-6 + 0.05 / 101_325, rel=1e-12)


@pytest.mark.parametrize("part", [0.0, 0.25, 1.0])
def test_only_a_full_blockage_leaves_a_pocket_behind_it(part: float) -> None:
    net = network(TUBING, Blockage(part, place=0.25))
    open_ml_pa_s = 1 / TUBING.resistance_pa_s_ml
    assert net.through_ml_pa_s == pytest.approx(open_ml_pa_s * (1 - part))
    assert net.compliance_ml_pa + net.pocket_ml_pa == pytest.approx(TUBING.compliance_ml_pa)
    assert net.pocket_ml_pa == pytest.approx(3e-6 if part == 1 else 0.0)
    assert net.pocket_through_ml_pa_s == pytest.approx(open_ml_pa_s / 0.75 if part == 1 else 0.0)


# --- against integration ---

Scenario = tuple[Line, list[Step]]
FIVE: Step = (3.0, "move", (Motion(5 / H),))
SCENARIOS: dict[str, Scenario] = {
    "constant flow": (Line(), [FIVE]),
    "flow that grows": (Line(), [(3.0, "move", (Motion(5 / H, 3e-6),))]),
    "waves": (Line(), [(3.0, "move", (WAVY,)), (47.0, "move", (STILL,))]),
    "steps": (Line(), [(3.0, "move", (Motion(5 / H, step_ml=3e-3, begun_ml=1.1e-3),)), (70.3, "move", (STILL,))]),
    "infused, then withdrawn": (Line(), [FIVE, (31.0, "move", (Motion(-9 / H),)), (66.0, "move", (STILL,))]),
    "back pressure": (Line(back_pressure_kpa=13.33), [FIVE, (40.0, "move", (STILL,))]),
    "suction at the outlet": (Line(back_pressure_kpa=-13.33), [FIVE, (40.0, "move", (STILL,))]),
    "a siphon": (Line(height_m=-0.5), [FIVE]),
    "a leak": (Line(leak_pct=20.0), [FIVE, (50.0, "move", (STILL,))]),
    "a leak under back pressure": (Line(leak_pct=20.0, back_pressure_kpa=2.0), [FIVE]),
    "a leak under a siphon draws air": (Line(leak_pct=5.0, height_m=-0.3), [FIVE]),
    "a leak that begins and ends": (Line(), [FIVE, (30.0, "leak", (0.4,)), (60.0, "leak", (0.0,))]),
    "partly blocked": (Line(), [FIVE, (20.0, "block", (Blockage(0.9),))]),
    "partly blocked, leaking, under back pressure": (
        Line(leak_pct=10.0, back_pressure_kpa=1.0),
        [FIVE, (20.0, "block", (Blockage(0.9, place=0.3),)), (60.0, "block", (Blockage(0.3),))],
    ),
    "blocked at the end and released": (TUBING, [FIVE, (20.0, "block", (FULL,)), (60.0, "block", (FREE,))]),
    "blocked in the middle and released": (TUBING, [FIVE, (20.0, "block", (Blockage(1.0, 0.5),)), (60.0, "block", (FREE,))]),
    "blocked at the pump under back pressure": (
        replace(TUBING, back_pressure_kpa=3.0),
        [FIVE, (20.0, "block", (Blockage(1.0, 0.0),)), (60.0, "block", (FREE,))],
    ),
    "blocked beside a leak": (replace(TUBING, leak_pct=30.0), [FIVE, (20.0, "block", (Blockage(1.0, 0.4),))]),
    "blocked partly, then fully, then partly": (
        TUBING,
        [FIVE, (15.0, "block", (Blockage(0.8),)), (40.0, "block", (Blockage(1.0, 0.6),)), (70.0, "block", (Blockage(0.8),))],
    ),
    "blocked while it swings": (TUBING, [(3.0, "move", (WAVY,)), (25.0, "block", (Blockage(1.0, 0.7),))]),
    "trapped air": (Line(air_ml=0.5), [FIVE, (20.0, "block", (FULL,)), (50.0, "block", (FREE,)), (80.0, "move", (STILL,))]),
    "jumps": (TUBING, [FIVE, (10.0, "jump", (0.004,)), (30.0, "block", (Blockage(1.0, 0.5),)), (40.0, "jump", (-0.002,))]),
    "two changes at one moment": (Line(), [FIVE, (20.0, "jump", (0.004,)), (20.0, "leak", (0.2,)), (20.0, "jump", (0.001,))]),
    "from the beginning": (Line(), [(0.0, "jump", (0.01,)), (0.0, "move", (Motion(5 / H),))]),
    "thick liquid in a long line": (Line(length_m=2.0, viscosity_mpa_s=3.0), [FIVE, (50.0, "move", (STILL,))]),
    "a leak that begins while blocked": (replace(TUBING, back_pressure_kpa=2.0), [FIVE, (20.0, "block", (Blockage(1.0, 0.5),))]),
}
LOOKS_S = np.sort(np.concatenate([np.linspace(0.0, 120.0, 97), [3.0001, 20.0001, 60.0001]]))
AGAINST = pytest.mark.parametrize(("line", "steps"), SCENARIOS.values(), ids=SCENARIOS)


@AGAINST
def test_what_is_pushed_stored_leaked_and_let_out_is_what_integration_finds(line: Line, steps: list[Step]) -> None:
    path = FluidPath(line)
    play(path, steps)
    told, found = path.history(LOOKS_S), integrated(line, steps, LOOKS_S)
    for name in NAMES:
        assert told[name] == pytest.approx(found[name], rel=1e-9, abs=1e-10), name
    assert told["pressure_pa"] == pytest.approx(found["pressure_pa"], rel=1e-9, abs=1e-5)


def test_a_leak_that_begins_before_a_full_blockage_does_not_open_it() -> None:
    steps: list[Step] = [FIVE, (20.0, "block", (Blockage(1.0, 0.5),)), (50.0, "leak", (0.1,))]
    path = FluidPath(TUBING)
    play(path, steps)
    assert path.history(LOOKS_S)["pressure_pa"] == pytest.approx(integrated(TUBING, steps, LOOKS_S)["pressure_pa"], rel=1e-9)


# --- whatever happens ---

lines = st.builds(
    Line,
    length_m=st.sampled_from([0.2, 1.0]),
    bore_mm=st.sampled_from([0.1, 0.53, 1.0]),
    tubing_compliance_ml_pa=st.sampled_from([0.0, 3e-6]),
    air_ml=st.sampled_from([0.0, 0.2]),
    back_pressure_kpa=st.sampled_from([-13.33, 0.0, 13.33]),
    height_m=st.sampled_from([-0.5, 0.0, 1.3617]),
    leak_pct=st.sampled_from([0.0, 0.0, 5.0, 60.0]),
)
motions = st.builds(
    Motion,
    st.floats(-60 / H, 60 / H),
    st.sampled_from([0.0, 0.0, 1e-7, -1e-6]),
    st.sampled_from([(), (Wave(7e-5, 0.05, 1.0),), (Wave(2.5e-4, 1.5, 3.0), Wave(7e-5, -0.3, 0.0))]),
)
stepping = st.builds(Motion, st.floats(-60 / H, 60 / H), step_ml=st.sampled_from([1.1e-5, 1e-3]), begun_ml=st.floats(0, 1e-5))
doings = st.one_of(
    st.tuples(st.just("move"), st.tuples(st.one_of(motions, stepping))),
    st.tuples(st.just("block"), st.tuples(st.builds(Blockage, st.sampled_from([0.0, 0.5, 0.999, 1.0]), st.floats(0.0, 1.0)))),
    st.tuples(st.just("leak"), st.tuples(st.sampled_from([0.0, 0.01, 0.5]))),
    st.tuples(st.just("jump"), st.tuples(st.floats(-0.01, 0.01))),
)
waits_s = st.one_of(st.sampled_from([0.0, 1e-9]), st.floats(0.0, 5000.0))


@st.composite
def happenings(draw: st.DrawFn) -> list[Step]:
    """Anything, one after the other, now and then at one moment."""
    steps: list[Step] = []
    now_s = 0.0
    for wait_s, (name, given_) in draw(st.lists(st.tuples(waits_s, doings), min_size=1, max_size=12)):
        now_s += wait_s
        steps.append((now_s, name, given_))
    return steps


def scale_ml(steps: list[Step], line: Line) -> float:
    """The sum of all that may have moved: what 1e-9 is counted against."""
    ends_s = [at_s for at_s, _, _ in steps[1:]] + [steps[-1][0] + 1000.0]
    total_ml, motion = 1.0 + abs(line.outlet_pa) * line.compliance_ml_pa, STILL
    for (at_s, name, given_), end_s in zip(steps, ends_s, strict=True):
        motion = given_[0] if name == "move" else motion  # type: ignore[assignment]
        through_ml = abs(line.outlet_pa) / line.resistance_pa_s_ml * (end_s - at_s)
        grown_ml_s = abs(motion.growth_ml_s2) * steps[-1][0]
        total_ml += (abs(motion.flow_ml_s) + grown_ml_s) * (end_s - at_s) + motion.ripple_ml + through_ml
    return total_ml


@given(lines, happenings())
def test_what_was_pushed_is_stored_or_leaked_or_let_out(line: Line, steps: list[Step]) -> None:
    path = FluidPath(line)
    began_ml = path.stored_ml(0.0)
    play(path, steps)
    told = path.history(np.linspace(0.0, steps[-1][0] + 1000.0, 301))
    found_ml = told["stored_ml"] - began_ml + told["leaked_ml"] + told["delivered_ml"]
    assert found_ml == pytest.approx(told["pushed_ml"], rel=0, abs=1e-9 * scale_ml(steps, line))
    assert all(np.isfinite(told[name]).all() for name in told)


@given(lines, happenings(), st.integers(1, 7))
def test_history_tells_of_every_moment_what_was_so_in_it(line: Line, steps: list[Step], looks: int) -> None:
    """However it is asked: all at once afterwards, moment by moment, or as it went."""
    path = FluidPath(line)
    moments_s, live = [], []
    ends_s = [at_s for at_s, _, _ in steps[1:]] + [steps[-1][0] + 1000.0]
    for step, end_s in zip(steps, ends_s, strict=True):
        play(path, [step])
        for look_s in np.linspace(step[0], end_s, looks, endpoint=False) if end_s > step[0] else []:
            moments_s.append(look_s)
            pushed_ml, stored_ml, pressure_pa = path.pushed_ml(look_s), path.stored_ml(look_s), path.pressure_pa(look_s)
            live.append((pushed_ml, stored_ml, path.delivered_ml(at(look_s))[0], pressure_pa))
    told = path.history(np.array(moments_s))
    names = ("pushed_ml", "stored_ml", "delivered_ml", "pressure_pa")
    for name, values in zip(names, np.array(live).T, strict=True):
        assert told[name].tolist() == values.tolist(), name
    single = [path.history(at(moment_s))["leaked_ml"][0] for moment_s in moments_s]
    assert single == told["leaked_ml"].tolist()


def uncut(steps: list[Step]) -> list[Step]:
    """Without what falls on other steps of the motor when it is taken up anew: rounding decides about those."""
    return [step for step in steps if not (step[1] == "move" and step[2][0].step_ml)]  # type: ignore[attr-defined]


@given(lines, happenings(), st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6))
def test_a_stretch_may_be_cut_in_two_by_a_change_that_changes_nothing(line: Line, steps: list[Step], parts: list[float]) -> None:
    steps = uncut(steps) or [(0.0, "jump", (0.001,))]
    end_s = steps[-1][0] + 1000.0
    cuts: list[Step] = [(part * end_s, "jump", (0.0,)) for part in parts]
    whole, cut = FluidPath(line), FluidPath(line)
    play(whole, steps)
    play(cut, sorted([*steps, *cuts], key=lambda step: step[0]))
    looks_s = np.linspace(0.0, end_s, 50)
    for name in NAMES:
        told, expected = cut.history(looks_s)[name], whole.history(looks_s)[name]
        assert told == pytest.approx(expected, rel=0, abs=1e-9 * scale_ml(steps, line)), name


@given(lines, happenings())
def test_nothing_but_a_jump_makes_the_volumes_jump(line: Line, steps: list[Step]) -> None:
    path = FluidPath(line)
    play(path, steps)
    for before, after in pairwise(path.stretches):
        jumped_ml = sum(given_[0] for at_s, name, given_ in steps if name == "jump" and at_s == after.start_s)  # type: ignore[misc]
        edge = at(after.start_s)
        assert after.pushed(edge) - before.pushed(edge) == pytest.approx(jumped_ml, abs=1e-11)
        held_ml = [stretch.stored(edge)[0] + stretch.pocket(edge)[0] for stretch in (before, after)]
        assert held_ml[1] - held_ml[0] == pytest.approx(jumped_ml, abs=1e-11)
        assert after.leaked(edge) == pytest.approx(before.leaked(edge), rel=1e-12, abs=1e-11)
        assert after.let_out(edge) == pytest.approx(before.let_out(edge), rel=1e-12, abs=1e-11)


# --- closed forms of the reference ---

TAU_S = Line().time_constant_s


def outflow_ml_s(path: FluidPath, moment_s: float) -> float:
    """as a difference over a thousandth of a second around the moment."""
    before, after = path.history(at(moment_s - 5e-4, moment_s + 5e-4))["delivered_ml"]
    return float(after - before) / 1e-3


@pytest.mark.parametrize("flow_ml_h", [0.0625, 0.5, 5.0])
@pytest.mark.parametrize("times_tau", [0.1, 1.0, 3.0, 10.0])
def test_the_flow_starts_up_with_the_time_constant(flow_ml_h: float, times_tau: float) -> None:
    """q (1 - exp(-t / RC)) at the outlet, and its integral there."""
    path, t_s = moved(Line(), Motion(flow_ml_h / H)), times_tau * TAU_S
    assert outflow_ml_s(path, t_s) == pytest.approx(flow_ml_h / H * (1 - math.exp(-times_tau)), rel=1e-6)
    expected_ml = flow_ml_h / H * (t_s - TAU_S * (1 - math.exp(-times_tau)))
    assert path.delivered_ml(at(t_s))[0] == pytest.approx(expected_ml, rel=1e-6)


@pytest.mark.parametrize("times_tau", [0.1, 1.0, 3.0])
def test_a_step_of_the_rate_comes_out_with_the_time_constant(times_tau: float) -> None:
    path = moved(Line(), Motion(0.5 / H))
    path.move(600.0, Motion(2.0 / H))
    expected_ml_s = (0.5 + 1.5 * (1 - math.exp(-times_tau))) / H
    assert outflow_ml_s(path, 600.0 + times_tau * TAU_S) == pytest.approx(expected_ml_s, rel=1e-6)


def test_a_steady_flow_needs_its_pressure_and_the_outlets() -> None:
    path = moved(Line(back_pressure_kpa=13.33), Motion(0.5 / H))
    assert path.pressure_pa(0.0) == pytest.approx(13_330, rel=1e-12)
    assert path.pressure_pa(600.0) == pytest.approx(13_330 + 0.5 / H * Line().resistance_pa_s_ml, rel=1e-9)


@pytest.mark.parametrize("height_m", [-0.5, 0.3, 1.3617])
def test_a_line_at_rest_lets_nothing_out_however_high_its_outlet(height_m: float) -> None:
    path = FluidPath(Line(height_m=height_m))
    assert path.delivered_ml(at(0.0, 1.0, 1e5)) == pytest.approx([0.0] * 3, abs=1e-14)
    assert path.pressure_pa(1e5) == pytest.approx(998.0 * 9.80665 * height_m, rel=1e-12)


@pytest.mark.parametrize("compliance_ml_pa", [9.0e-6, 1.0e-5, 2.1e-5])
def test_the_pressure_behind_a_full_blockage_rises_with_what_is_pushed(compliance_ml_pa: float) -> None:
    """p = q t / C, from the pressure of the steady flow on."""
    path = moved(Line(syringe_compliance_ml_pa=compliance_ml_pa), Motion(5 / H))
    path.block(3600.0, FULL)
    steady_pa = 5 / H * Line().resistance_pa_s_ml
    assert path.pressure_pa(3600.0 + 200.0) == pytest.approx(steady_pa + 5 / H * 200.0 / compliance_ml_pa, rel=1e-6)
    assert path.delivered_ml(at(3800.0)) == pytest.approx(path.delivered_ml(at(3600.0)), abs=1e-15)


@pytest.mark.parametrize("flow_ml_h", [0.0625, 0.5, 1.0, 5.0])
@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
def test_only_the_tubing_before_a_blockage_gives_way(flow_ml_h: float, place: float) -> None:
    path = FluidPath(TUBING)
    path.block(0.0, Blockage(1.0, place))
    path.move(0.0, Motion(flow_ml_h / H))
    expected_s = 50e3 * (1e-5 + 4e-6 * place) / (flow_ml_h / H)
    assert path.reaches_s(50e3) == pytest.approx(expected_s, rel=1e-9)


@pytest.mark.parametrize("times_tau", [0.2, 1.0, 4.0])
@pytest.mark.parametrize("pressure_kpa", [10.0, 50.0])
def test_a_blockage_that_is_released_lets_out_a_bolus_of_compliance_times_pressure(pressure_kpa: float, times_tau: float) -> None:
    path = FluidPath(Line())
    path.block(0.0, FULL)
    path.jump(0.0, pressure_kpa * 1e3 * 1e-5)
    path.block(100.0, FREE)
    bolus_ml = 1e-5 * pressure_kpa * 1e3
    expected_ml = bolus_ml * (1 - math.exp(-times_tau))
    assert path.delivered_ml(at(100.0 + times_tau * TAU_S))[0] == pytest.approx(expected_ml, rel=1e-6)
    assert path.delivered_ml(at(100.0 + 60 * TAU_S))[0] == pytest.approx(bolus_ml, rel=1e-6)


def test_what_is_behind_a_blockage_comes_out_at_once_and_the_rest_on_release() -> None:
    """Half of the tubing drains through half of the resistance."""
    path = moved(TUBING, Motion(30 / H))
    path.block(600.0, Blockage(1.0, 0.5))
    path.move(600.0, STILL)
    steady_pa, behind_tau_s = 30 / H * TUBING.resistance_pa_s_ml, 2e-6 * TUBING.resistance_pa_s_ml / 2
    before_ml = path.delivered_ml(at(600.0))[0]
    drained_ml = 2e-6 * steady_pa * (1 - math.exp(-1.0))
    assert path.delivered_ml(at(600.0 + behind_tau_s))[0] - before_ml == pytest.approx(drained_ml, rel=1e-6)
    path.block(700.0, FREE)
    assert path.delivered_ml(at(900.0))[0] - before_ml == pytest.approx(14e-6 * steady_pa, rel=1e-6)
    assert path.pressure_pa(700.0) == pytest.approx(12e-6 * steady_pa / 14e-6, rel=1e-6)


@pytest.mark.parametrize("part", [0.5, 0.9, 0.99])
def test_a_partial_blockage_passes_the_whole_flow_at_a_higher_pressure_and_slower(part: float) -> None:
    path = moved(Line(), Motion(5 / H))
    path.block(600.0, Blockage(part))
    free_pa, tau_s = 5 / H * Line().resistance_pa_s_ml, TAU_S / (1 - part)
    rising_pa = free_pa + (free_pa / (1 - part) - free_pa) * (1 - math.exp(-1.0))
    assert path.pressure_pa(600.0 + tau_s) == pytest.approx(rising_pa, rel=1e-6)
    assert path.pressure_pa(600.0 + 40 * tau_s) == pytest.approx(free_pa / (1 - part), rel=1e-6)
    assert outflow_ml_s(path, 600.0 + 40 * tau_s) == pytest.approx(5 / H, rel=1e-6)


FACED = [
    # the line, what it was blocked by, and how much of its store takes part when the outlet is moved
    ("open", Line(), FREE, 1e-5),
    ("open, with tubing", TUBING, FREE, 14e-6),
    ("half closed", Line(), Blockage(0.5), 1e-5),
    ("closed in the middle", TUBING, Blockage(1.0, 0.5), 2e-6),
    ("closed at its end", Line(), FULL, 0.0),
]


@pytest.mark.parametrize(("line", "blockage", "store_ml_pa"), [row[1:] for row in FACED], ids=[row[0] for row in FACED])
@pytest.mark.parametrize("outlet_pa", [-5e3, 13_330.0])
def test_a_line_whose_outlet_is_moved_takes_up_or_gives_what_its_store_changes(
    line: Line, blockage: Blockage, store_ml_pa: float, outlet_pa: float
) -> None:
    path, while_s = moved(line, Motion(5 / H)), at(1000.0, 1000.0 + 1e-9)
    path.block(600.0, blockage)
    path.face(1000.0, outlet_pa)
    told = path.history(while_s)
    assert {name: float(np.ptp(course)) for name, course in told.items()} == pytest.approx(dict.fromkeys(told, 0.0), abs=1e-4)
    same = moved(line, Motion(5 / H))
    same.block(600.0, blockage)
    later = at(1000.0 + 40 * TAU_S)
    gained_ml = path.history(later)["stored_ml"] - same.history(later)["stored_ml"]
    assert gained_ml == pytest.approx([outlet_pa * store_ml_pa], rel=1e-6, abs=1e-12)
    assert path.delivered_ml(later) == pytest.approx(same.delivered_ml(later) - gained_ml, abs=1e-12)
    assert path.history(later)["pushed_ml"] == pytest.approx(same.history(later)["pushed_ml"], rel=1e-12)


def test_a_leak_and_an_outlet_that_was_moved_stay_when_the_other_changes() -> None:
    path = moved(Line(height_m=0.3), Motion(5 / H))
    path.leak(10.0, 0.2)
    path.face(20.0, 0.0)
    path.leak(30.0, 0.1)
    assert outflow_ml_s(path, 3600.0) == pytest.approx(0.9 * 5 / H, rel=1e-6)


BLOCKED_TWICE = [
    # by the one, by the other, what counts
    (Blockage(0.5), Blockage(0.9), Blockage(0.9)),
    (Blockage(0.9), FULL, FULL),
    (Blockage(1.0, 0.8), Blockage(1.0, 0.2), Blockage(1.0, 0.2)),
    (FULL, FREE, FULL),
]


@pytest.mark.parametrize(("one", "other", "counts"), BLOCKED_TWICE)
@pytest.mark.parametrize("first", ["one", "other"])
def test_of_two_blockages_the_worse_counts_and_each_goes_by_itself(
    one: Blockage, other: Blockage, counts: Blockage, first: str
) -> None:
    path, alone, after = (moved(TUBING, Motion(5 / H)) for _ in range(3))
    for by, blockage in sorted({"one": one, "other": other}.items(), key=lambda pair: pair[0] != first):
        path.block(0.0, blockage, by)
    alone.block(0.0, counts)
    assert path.pressure_pa(50.0) == alone.pressure_pa(50.0)
    path.block(50.0, FREE, "other")
    after.block(0.0, counts)
    after.block(50.0, one)
    assert path.pressure_pa(90.0) == after.pressure_pa(90.0)


@pytest.mark.parametrize("part", [0.02, 0.1, 0.5])
def test_a_leak_takes_its_part_of_a_steady_flow(part: float) -> None:
    """While the line fills, the part is the same of what is let go."""
    path = moved(Line(leak_pct=part * 100), Motion(5 / H))
    told = path.history(at(1.0, 10.0, 3600.0))
    assert told["leaked_ml"] / (told["leaked_ml"] + told["delivered_ml"]) == pytest.approx([part] * 3, rel=1e-9)
    assert outflow_ml_s(path, 3600.0) == pytest.approx(5 / H * (1 - part), rel=1e-6)
    assert leak_conductance(Line(), part) * Line().resistance_pa_s_ml == pytest.approx(part / (1 - part), rel=1e-12)


@pytest.mark.parametrize("flow_ml_h", [5.0, 50.0])
def test_trapped_air_delays_the_flow_as_its_compliance(flow_ml_h: float) -> None:
    line = Line(air_ml=0.5)
    delay_s = line.resistance_pa_s_ml * (1e-5 + 0.5 / 101_325)
    path = moved(line, Motion(flow_ml_h / H))
    expected_ml = flow_ml_h / H * (600.0 - delay_s * -math.expm1(-600.0 / delay_s))
    assert path.delivered_ml(at(600.0))[0] == pytest.approx(expected_ml, rel=1e-9)


def test_an_unprimed_line_lets_out_nothing_until_it_is_full() -> None:
    path = moved(Line(unprimed_ml=0.1), Motion(10 / H))
    full_s = 0.1 / (10 / H) + TAU_S
    delivered_ml = path.delivered_ml(at(0.0, full_s - 0.01, full_s + 36.0))
    assert delivered_ml == pytest.approx([0.0, 0.0, 0.1], abs=1e-6)
    assert path.history(at(full_s + 36.0))["delivered_ml"] == pytest.approx(delivered_ml[2:])


# --- when something will be so ---

COURSES: dict[str, tuple[Line, Motion, Blockage]] = {
    "even, open": (Line(), Motion(120 / H), FREE),
    "even, closed": (Line(), Motion(5 / H), FULL),
    "even, partly closed, leaking": (Line(leak_pct=10.0), Motion(20 / H), Blockage(0.9)),
    "even, under suction": (Line(back_pressure_kpa=-13.33), Motion(500 / H), FREE),
    "growing, open": (Line(), Motion(60 / H, 1e-5), FREE),
    "growing, closed": (Line(), Motion(5 / H, 1e-6), FULL),
    "growing slowly, closed": (Line(), Motion(5 / H, 5 / H * 0.01 / H), FULL),
    "slowing down, closed": (Line(), Motion(5 / H, -1e-6), FULL),
    "swinging, closed": (Line(), WAVY, FULL),
    "swinging, nearly closed": (Line(), WAVY, Blockage(0.97)),
    "stepping, closed": (Line(), Motion(5 / H, step_ml=1e-3), FULL),
    "stepping finely, nearly closed": (Line(), Motion(5 / H, step_ml=1.1e-5), Blockage(0.97)),
    "swinging, stepping, growing, closed": (Line(), replace(WAVY, growth_ml_s2=1e-7, step_ml=1.1e-5), FULL),
}
COURSE = pytest.mark.parametrize(("line", "motion", "blockage"), COURSES.values(), ids=COURSES)


def course(line: Line, motion: Motion, blockage: Blockage) -> FluidPath:
    path = FluidPath(line)
    path.block(7.0, blockage)
    path.move(7.0, motion)
    return path


@COURSE
@pytest.mark.parametrize("pressure_kpa", [0.5, 5.0, 13.0])
def test_a_pressure_is_first_reached_when_it_is_told(line: Line, motion: Motion, blockage: Blockage, pressure_kpa: float) -> None:
    path = course(line, motion, blockage)
    reached_s = path.reaches_s(pressure_kpa * 1e3)
    step_pa = motion.step_ml / line.compliance_ml_pa
    before_s = np.linspace(7.0, reached_s, 200_001)[:-1]
    assert 7.0 < reached_s < NEVER_S
    assert path.history(before_s)["pressure_pa"].max() <= pressure_kpa * 1e3 * (1 + 1e-9)
    assert path.pressure_pa(reached_s) == pytest.approx(pressure_kpa * 1e3, rel=1e-6, abs=step_pa)
    assert path.pressure_pa(reached_s + 1e-6) >= pressure_kpa * 1e3 * (1 - 1e-9)


@pytest.mark.parametrize("name", ["swinging, nearly closed", "stepping finely, nearly closed"])
@pytest.mark.parametrize("part", [0.999, 1.0, 1.00001])
def test_at_the_pressure_that_it_settles_at_an_uneven_flow_is_told_within_its_ripple(name: str, part: float) -> None:
    """There it passes the level again and again: the one told is one of them, and none before went further than a ripple."""
    line, motion, blockage = COURSES[name]
    path = course(line, motion, blockage)
    level_pa = part * 5 / H * line.resistance_pa_s_ml / (1 - blockage.part)
    reached_s = path.reaches_s(level_pa)
    before_s = np.linspace(7.0, reached_s, 200_001)[:-1]
    ripple_pa = motion.ripple_ml / line.compliance_ml_pa
    assert path.history(before_s)["pressure_pa"].max() <= level_pa + ripple_pa
    assert path.pressure_pa(reached_s) == pytest.approx(level_pa, rel=1e-9, abs=motion.step_ml / line.compliance_ml_pa)


@COURSE
@pytest.mark.parametrize("volume_ml", [1e-4, 0.01, 0.1])
def test_a_volume_is_pushed_when_it_is_told(line: Line, motion: Motion, blockage: Blockage, volume_ml: float) -> None:
    path = course(line, motion, blockage)
    pushed_s = path.pushes_s(volume_ml)
    before_s = np.linspace(7.0, pushed_s, 200_001)[:-1]
    assert 7.0 < pushed_s < NEVER_S
    assert path.history(before_s)["pushed_ml"].max() <= volume_ml * (1 + 1e-9)
    assert path.pushed_ml(pushed_s) == pytest.approx(volume_ml, rel=1e-6, abs=motion.step_ml)
    assert path.pushed_ml(pushed_s + 1e-6) >= volume_ml * (1 - 1e-9)


@pytest.mark.parametrize(
    ("line", "motion", "pressure_pa"),
    [
        (Line(), Motion(0.5 / H), 73.0),
        (Line(), STILL, 1.0),
        (Line(), Motion(-5 / H), 1.0),
        (Line(back_pressure_kpa=-13.33), Motion(5 / H), 100.0),
        (Line(), Motion(5 / H, 0.0, (swing(0.05, 31.0, 5 / H),)), 1500.0),
        (Line(), Motion(5 / H, step_ml=1e-4), 800.0),
        (Line(), Motion(5 / H, -1e-6), 800.0),
    ],
)
def test_a_pressure_that_the_flow_does_not_build_up_is_never_reached(line: Line, motion: Motion, pressure_pa: float) -> None:
    assert moved(line, motion).reaches_s(pressure_pa) == NEVER_S


def test_a_pressure_that_is_there_is_reached_at_once() -> None:
    path = FluidPath(Line(back_pressure_kpa=2.0))
    path.move(9.0, Motion(1 / H))
    assert path.reaches_s(2000.0 - 1e-6) == 9.0


@pytest.mark.parametrize("motion", [STILL, Motion(-1 / H), Motion(-1 / H, 0.0, (swing(0.5, 4.0, 1 / H),))])
def test_a_plunger_that_does_not_go_forward_never_has_pushed_more(motion: Motion) -> None:
    assert moved(Line(), motion).pushes_s(0.01) == NEVER_S


def test_a_plunger_that_slows_down_and_turns_never_gets_there() -> None:
    path = moved(Line(), Motion(5 / H, -5 / H / 100))
    assert path.pushes_s(5 / H * 50 * 1.01) == NEVER_S
    assert path.pushes_s(5 / H * 50 * 0.99) == pytest.approx(90.0, abs=1e-6)


@pytest.mark.parametrize("pressure_kpa", [1.0, 20.0, 49.9])
@pytest.mark.parametrize(
    ("line", "blockage"),
    [(Line(), FREE), (Line(), Blockage(0.99)), (Line(leak_pct=5.0), FULL), (Line(leak_pct=5.0, back_pressure_kpa=-3.0), FREE)],
)
def test_a_pressure_relaxes_behind_a_plunger_that_stands_when_it_is_told(
    line: Line, blockage: Blockage, pressure_kpa: float
) -> None:
    path = FluidPath(line)
    path.block(0.0, blockage)
    path.jump(5.0, (50e3 - path.pressure_pa(5.0)) * line.compliance_ml_pa)
    relaxed_s = path.relaxes_s(pressure_kpa * 1e3)
    assert relaxed_s > 5.0
    assert path.pressure_pa(relaxed_s) == pytest.approx(pressure_kpa * 1e3, rel=1e-9)


def test_what_holds_or_settles_higher_never_relaxes_and_what_is_lower_has() -> None:
    line = Line(back_pressure_kpa=10.0)
    path = FluidPath(line)
    path.jump(0.0, 0.4)
    assert path.relaxes_s(9.9e3) == NEVER_S
    assert path.relaxes_s(60e3) == 0.0
    path.block(1.0, FULL)
    assert path.relaxes_s(20e3) == NEVER_S
    assert path.relaxes_s(60e3) == 1.0


def test_a_closed_line_whose_pressure_is_lower_has_relaxed_already() -> None:
    path = FluidPath(Line())
    path.block(3.0, FULL)
    assert path.relaxes_s(1e3) == 3.0


def test_a_line_that_settles_lower_than_asked_and_rises_to_it_has_relaxed_already() -> None:
    path = FluidPath(Line(back_pressure_kpa=1.0))
    path.jump(3.0, -0.005)
    assert path.relaxes_s(2e3) == 3.0


def test_a_change_makes_what_was_foretold_be_found_anew() -> None:
    path = moved(Line(), Motion(5 / H))
    path.block(0.0, FULL)
    assert path.reaches_s(50e3) == pytest.approx(360.0)
    assert path.pushes_s(1.0) == pytest.approx(720.0)
    assert path.reaches_s(25e3) == pytest.approx(180.0)
    assert path.pushes_s(0.5) == pytest.approx(360.0)
    path.move(60.0, Motion(10 / H))
    assert path.reaches_s(25e3) == pytest.approx(120.0)
    assert path.pushes_s(0.5) == pytest.approx(60.0 + 150.0)
