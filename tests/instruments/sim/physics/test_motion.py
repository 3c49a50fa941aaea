"""How a plunger moves and what a line holds of it: the closed forms against integration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp

from instruments.sim.physics.motion import Motion, Wave
from tests.instruments.sim.physics.models import H, speed_ml_s, step_moments_s, swing

TAU_S = 5.2
LOOKS_S = np.array([0.0, 0.013, 0.31, 1.7, 4.9, 13.3, 41.7, 88.1])

SMOOTH = {
    "stands": Motion(),
    "even": Motion(5 / H),
    "drawn back": Motion(-5 / H),
    "grows": Motion(5 / H, 2e-5),
    "grows from nothing": Motion(0.0, 2e-5),
    "slows until it turns": Motion(5 / H, -4e-5),
    "one wave": Motion(5 / H, waves=(swing(0.05, 31.0, 5 / H, phase=0.7),)),
    "a wave that stands": Motion(waves=(Wave(1e-3, 0.4, 2.0),)),
    "a fast wave": Motion(5 / H, waves=(swing(0.8, 0.9, 5 / H),)),
    "a wave while drawn back": Motion(-3 / H, waves=(swing(0.3, -17.0, -3 / H, phase=1.1),)),
    "two waves and growth": Motion(2 / H, 1e-5, (swing(0.02, 61.0, 2 / H, phase=4.0), swing(0.6, 3.3, 2 / H))),
}
STEPPING = {
    "steps": Motion(5 / H, step_ml=2e-3),
    "a step begun": Motion(5 / H, step_ml=2e-3, begun_ml=1.6e-3),
    "steps back": Motion(-5 / H, step_ml=2e-3, begun_ml=0.7e-3),
    "steps far apart": Motion(0.1 / H, step_ml=1e-3),
    "steps close together": Motion(60 / H, step_ml=1.1e-5),
    "steps and waves": Motion(5 / H, 0.0, (swing(0.05, 31.0, 5 / H),), 2e-3, 0.3e-3),
    "steps, waves and growth": Motion(5 / H, 1e-5, (swing(0.05, 31.0, 5 / H),), 2e-3, 0.3e-3),
}
SMOOTHS = pytest.mark.parametrize("motion", SMOOTH.values(), ids=SMOOTH)
STEPPINGS = pytest.mark.parametrize("motion", STEPPING.values(), ids=STEPPING)
ALL = pytest.mark.parametrize("motion", [*SMOOTH.values(), *STEPPING.values()], ids=[*SMOOTH, *STEPPING])


def made(motion: Motion, elapsed_s: float) -> list[float]:
    """How long ago each step was made."""
    return [elapsed_s - moment_s for moment_s in step_moments_s(motion, elapsed_s)]


def without_steps(motion: Motion) -> Motion:
    return replace(motion, flow_ml_s=0.0, step_ml=0.0)


@SMOOTHS
def test_what_has_moved_is_the_integral_of_the_speed(motion: Motion) -> None:
    for elapsed_s, moved_ml in zip(LOOKS_S, motion.moved_ml(LOOKS_S), strict=True):
        integral_ml = quad(lambda t_s: speed_ml_s(motion, t_s), 0.0, elapsed_s, epsabs=1e-14, epsrel=1e-12, limit=500)[0]
        assert moved_ml == pytest.approx(integral_ml, rel=1e-9, abs=1e-13)


@SMOOTHS
def test_what_is_held_solves_the_equation_of_a_line_that_gives_way(motion: Motion) -> None:
    """ds/dt = dV/dt - s / tau, from nothing."""
    found = solve_ivp(
        lambda t_s, held_ml: speed_ml_s(motion, t_s) - held_ml / TAU_S,
        (0.0, LOOKS_S[-1]),
        [0.0],
        method="DOP853",
        t_eval=LOOKS_S,
        rtol=1e-12,
        atol=1e-15,
    )
    assert motion.held_ml(LOOKS_S, 1 / TAU_S) == pytest.approx(found.y[0], rel=1e-9, abs=1e-12)


@STEPPINGS
def test_a_motor_that_steps_has_moved_by_whole_steps(motion: Motion) -> None:
    rest_ml = without_steps(motion).moved_ml(LOOKS_S)
    expected_ml = [len(made(motion, look_s)) * np.copysign(motion.step_ml, motion.flow_ml_s) for look_s in LOOKS_S]
    assert motion.moved_ml(LOOKS_S) - rest_ml == pytest.approx(expected_ml, rel=1e-9, abs=1e-15)


@STEPPINGS
def test_each_step_fades_since_its_moment(motion: Motion) -> None:
    rest_ml = without_steps(motion).held_ml(LOOKS_S, 1 / TAU_S)
    fading = [sum(np.exp(-ago_s / TAU_S) for ago_s in made(motion, look_s)) for look_s in LOOKS_S]
    expected_ml = np.array(fading) * np.copysign(motion.step_ml, motion.flow_ml_s)
    assert motion.held_ml(LOOKS_S, 1 / TAU_S) - rest_ml == pytest.approx(expected_ml, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize(("begun_ml", "first_s"), [(0.0, 1.44), (1.0e-3, 0.72), (1.5e-3, 0.36)])
def test_the_first_step_is_made_when_what_is_left_of_it_has_been_turned(begun_ml: float, first_s: float) -> None:
    motion = Motion(5 / H, step_ml=2e-3, begun_ml=begun_ml)
    moments_s = np.array([0.0, first_s - 1e-6, first_s + 1e-6, first_s + 1.44 - 1e-6, first_s + 1.44 + 1e-6])
    assert motion.moved_ml(moments_s) == pytest.approx([0.0, 0.0, 2e-3, 2e-3, 4e-3], abs=1e-15)


@ALL
def test_a_closed_line_holds_all_that_was_moved_and_a_slow_one_nearly_all(motion: Motion) -> None:
    assert motion.held_ml(LOOKS_S, 0.0) == pytest.approx(motion.moved_ml(LOOKS_S), abs=0.0)
    assert motion.held_ml(LOOKS_S, 1e-9) == pytest.approx(motion.moved_ml(LOOKS_S), abs=1e-7)


@ALL
def test_a_stiff_line_holds_next_to_nothing_of_what_has_moved(motion: Motion) -> None:
    """Steps included: the last one has faded long ago."""
    moment_s = np.array([30.0])
    assert abs(motion.held_ml(moment_s, 1e4)) <= 1e-4 * (abs(motion.flow_ml_s) + abs(motion.growth_ml_s2) * 30 + 0.01)


@ALL
def test_the_volume_never_lies_further_off_the_even_course_than_its_ripple(motion: Motion) -> None:
    looks_s = np.linspace(0.0, 90.0, 20_001)
    even_ml = motion.flow_ml_s * looks_s + motion.growth_ml_s2 / 2 * looks_s**2
    off_ml = abs(motion.moved_ml(looks_s) - even_ml).max()
    assert motion.ripple_ml / 4.1 <= off_ml <= motion.ripple_ml + 1e-12


def test_the_ripple_is_the_whole_swing_of_all_waves_and_a_step() -> None:
    assert Motion(1.0, 0.0, (Wave(0.01, 1.0, 0.0), Wave(-0.02, 3.0, 1.0)), 0.005).ripple_ml == pytest.approx(0.065)


flows_ml_s = st.floats(-60 / H, 60 / H)
waves = st.builds(Wave, st.floats(0.0, 1e-3), st.floats(-5.0, 5.0), st.floats(0.0, 10.0))
motions = st.builds(
    Motion,
    flows_ml_s,
    st.just(0.0),
    st.lists(waves, max_size=2).map(tuple),
    st.sampled_from([0.0, 1.1e-5, 1e-3]),
    st.floats(0.0, 1e-5),
)
smooth_motions = st.builds(Motion, flows_ml_s, st.floats(-1e-5, 1e-5), st.lists(waves, max_size=2).map(tuple))
times_s = st.floats(0.0, 500.0)
RATES_S = [0.0, 1e-4, 0.2, 10.0]


def one(elapsed_s: float) -> np.ndarray:
    return np.array([elapsed_s])


def off_a_step(motion: Motion, elapsed_s: float) -> bool:
    """Rounding decides on which side of a step a moment lies that falls on it."""
    if not (motion.step_ml and motion.flow_ml_s):
        return True
    part = (abs(motion.flow_ml_s) * elapsed_s + motion.begun_ml) / motion.step_ml % 1.0
    return 1e-6 < part < 1 - 1e-6


@given(st.one_of(motions, smooth_motions), times_s, times_s, st.sampled_from(RATES_S))
def test_a_motion_that_is_taken_up_later_goes_on_as_it_was(motion: Motion, first_s: float, then_s: float, rate_s: float) -> None:
    if not (off_a_step(motion, first_s) and off_a_step(motion, first_s + then_s)):
        return
    later, both_s = motion.later(first_s), first_s + then_s
    moved_ml = motion.moved_ml(one(first_s)) + later.moved_ml(one(then_s))
    assert moved_ml == pytest.approx(motion.moved_ml(one(both_s)), abs=1e-10)
    held_ml = motion.held_ml(one(first_s), rate_s) * np.exp(-rate_s * then_s) + later.held_ml(one(then_s), rate_s)
    assert held_ml == pytest.approx(motion.held_ml(one(both_s), rate_s), abs=1e-10)


@given(st.one_of(motions, smooth_motions), st.sampled_from(RATES_S))
def test_nothing_has_moved_and_nothing_is_held_in_the_beginning(motion: Motion, rate_s: float) -> None:
    assert motion.moved_ml(one(0.0)) == pytest.approx(0.0, abs=1e-18)
    assert motion.held_ml(one(0.0), rate_s) == pytest.approx(0.0, abs=1e-15)


def test_a_motion_that_steps_and_grows_keeps_its_course_when_it_is_taken_up_later() -> None:
    """It keeps to whole steps of its first speed: taken up anew they may fall elsewhere, by no more than one."""
    motion = STEPPING["steps, waves and growth"]
    moved_ml = motion.moved_ml(one(40.0)) + motion.later(40.0).moved_ml(one(50.0))
    assert moved_ml == pytest.approx(motion.moved_ml(one(90.0)), abs=motion.step_ml)
