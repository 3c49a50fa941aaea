"""From the motor to the plunger: play, friction, an uneven screw, an end and a force that is not exceeded."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.sim.physics.drive import IDEAL, ROLLERS, Drive, DriveData
from instruments.sim.physics.line import FREE, Blockage, Line
from instruments.sim.physics.motor import MotorData
from instruments.sim.physics.path import FluidPath
from tests.instruments.sim.physics.models import H, noted, run_to

NEVER_S = float("inf")
FULL = Blockage(1.0)
CATHETER = Line()
STALLING = replace(IDEAL, stall_kpa=50.0)
SCREW = replace(IDEAL, screw_turn_ml=0.175, screw_error_pct=2.0)
STEPS = replace(IDEAL, step_ml=1.1e-5)
TAU_S = CATHETER.time_constant_s


def drive(data: DriveData = IDEAL, line: Line = CATHETER, *, travel_ml: float = 10.0, **more: object) -> tuple[Drive, FluidPath]:
    path = FluidPath(line)
    return Drive(path, travel_ml=travel_ml, data=data, **more), path  # type: ignore[arg-type]


def runs(data: DriveData, flow_ml_h: float, until_s: float, **more: object) -> tuple[Drive, FluidPath]:
    """Run from the beginning on."""
    made, path = drive(data, **more)  # type: ignore[arg-type]
    made.run(0.0, flow_ml_h / H)
    run_to(made, until_s)
    return made, path


def occluded(data: DriveData, flow_ml_h: float, line: Line = CATHETER) -> tuple[Drive, FluidPath]:
    made, path = drive(data, line)
    path.block(0.0, FULL)
    made.run(0.0, flow_ml_h / H)
    return made, path


def pushed_ml(path: FluidPath, *moments_s: float) -> list[float]:
    return [float(pushed) for pushed in path.history(np.array(moments_s))["pushed_ml"]]


# --- how much it moves ---


@pytest.mark.parametrize("flow_ml_h", [0.0625, 5.0, -5.0])
@pytest.mark.parametrize(
    ("wrong", "times"),
    [
        ({}, 1.0),
        ({"gain": 1.06}, 1.06),
        ({"rate_error_pct": -0.5}, 0.995),
        ({"diameter_error_pct": 2.5}, 1.025**2),
        ({"diameter_error_pct": -5.0}, 0.95**2),
        ({"gain": 0.9, "rate_error_pct": 1.0, "diameter_error_pct": 1.0}, 0.9 * 1.01**3),
    ],
)
def test_the_plunger_moves_so_much_for_what_the_pump_counts(flow_ml_h: float, wrong: dict[str, float], times: float) -> None:
    made, path = runs(replace(IDEAL, **wrong), flow_ml_h, 1800.0)  # type: ignore[arg-type]
    assert made.counted_ml(1800.0) == pytest.approx(flow_ml_h / 2, rel=1e-12)
    assert path.pushed_ml(1800.0) == pytest.approx(flow_ml_h / 2 * times, rel=1e-12)


def test_what_is_counted_goes_on_over_every_change_of_the_flow() -> None:
    made, path = drive()
    for at_s, flow_ml_s in [(0.0, 0.1), (10.0, 0.3), (20.0, 0.0), (30.0, -0.2)]:
        made.run(at_s, flow_ml_s)
    assert made.counted_ml(35.0) == pytest.approx(1.0 + 3.0 - 1.0)
    assert path.pushed_ml(35.0) == pytest.approx(3.0)
    assert made.flow_ml_s == -0.2


@pytest.mark.parametrize("drift_pct_h", [1.0, -2.0])
@pytest.mark.parametrize("flow_ml_h", [0.5, 5.0, -0.5])
def test_a_drift_grows_the_flow_evenly_from_its_beginning(drift_pct_h: float, flow_ml_h: float) -> None:
    """Told the same flow again in between, it drifts on from the moment at which it began, not anew."""
    data = replace(IDEAL, drift_pct_h=drift_pct_h, drift_from_s=1500.0)
    made, path = runs(data, flow_ml_h, 3600.0, travel_ml=60.0)
    made.run(3600.0, flow_ml_h / H)
    run_to(made, 9000.0, 3600.0)
    for t_s in (900.0, 1500.0, 2700.0, 3600.0, 9000.0):
        drifted_s = max(0.0, t_s - 1500.0)
        expected_ml = flow_ml_h / H * (t_s + drift_pct_h / 100 / H * drifted_s**2 / 2)
        assert pushed_ml(path, t_s) == pytest.approx([expected_ml], rel=1e-9)


def test_a_drift_begins_at_its_moment_however_late_the_flow_was_told() -> None:
    made, path = drive(replace(IDEAL, drift_pct_h=10.0, drift_from_s=1500.0))
    made.run(1400.0, 5 / H)
    run_to(made, 1900.0, 1400.0)
    assert path.pushed_ml(1900.0) == pytest.approx(5 / H * (500.0 + 0.1 / H * 400.0**2 / 2), rel=1e-9)


@pytest.mark.parametrize("flow_ml_h", [0.5, 5.0, 50.0])
@pytest.mark.parametrize("phase", [0.0, 0.3, 0.75])
def test_a_screw_that_is_not_even_costs_nothing_over_whole_turns_and_swings_in_between(flow_ml_h: float, phase: float) -> None:
    """V = q t + x L / 2 pi (sin(2 pi (q t / L + phase)) - sin(2 pi phase)): the flow swings by x, once every L."""
    _, path = runs(SCREW, flow_ml_h, 1e4, phase=phase)
    turn_s = 0.175 / (flow_ml_h / H)
    assert pushed_ml(path, turn_s, 3 * turn_s) == pytest.approx([0.175, 3 * 0.175], rel=1e-9)
    for part in (0.1, 0.4, 0.8):
        angle = 2 * math.pi * (part + phase)
        swung_ml = 0.02 * 0.175 / (2 * math.pi) * (math.sin(angle) - math.sin(2 * math.pi * phase))
        assert pushed_ml(path, part * turn_s) == pytest.approx([part * 0.175 + swung_ml], rel=1e-9)


def test_the_flow_of_a_screw_and_of_rollers_swings_by_as_much_as_is_told() -> None:
    for data, part in ((SCREW, 0.02), (ROLLERS, 0.8)):
        _, path = runs(data, 5.0, 500.0)
        looks_s = np.linspace(0.0, 500.0, 500_001)
        flow_ml_h = np.diff(path.history(looks_s)["pushed_ml"]) / 1e-3 * H
        assert (flow_ml_h.max(), flow_ml_h.min()) == pytest.approx((5 * (1 + part), 5 * (1 - part)), rel=2e-5)


def test_rollers_pulse_once_in_their_volume() -> None:
    _, path = runs(ROLLERS, 5.0, 3600.0)
    pulse_s = 0.002 / (5 / H)
    assert pushed_ml(path, pulse_s, 7 * pulse_s) == pytest.approx([0.002, 0.014], rel=1e-9)
    assert pushed_ml(path, 0.25 * pulse_s)[0] == pytest.approx(0.0005 + 0.8 * 0.002 / (2 * math.pi), rel=1e-9)


@pytest.mark.parametrize("data", [SCREW, replace(SCREW, step_ml=0.0013)])
def test_the_unevenness_is_one_of_the_place_not_of_the_time(data: DriveData) -> None:
    """At another speed, after a stop, told anew: what has been turned decides. Back where it was, all is as it was."""
    _, even_path = runs(data, 5.0, 500.0)
    made, path = drive(data)
    turned_ml = [(0.0, 0.0), (20.0, 2.0), (40.0, 5.0), (60.0, 5.0), (70.0, 7.7), (300.0, 7.7)]
    for (at_s, _), flow_ml_s in zip(turned_ml, (0.1, 0.15, 0.0, 0.27, 0.0, -0.1), strict=True):
        made.run(at_s, flow_ml_s)
        run_to(made, at_s, at_s)
    for at_s, turned in turned_ml:
        assert pushed_ml(path, at_s + 1e-9) == pytest.approx(pushed_ml(even_path, turned / (5 / H) + 1e-6), abs=1e-8)
    made.run(330.0, -0.1)
    for back_s in (3.3, 20.1, 51.7):
        assert pushed_ml(path, 300.0 + back_s) == pytest.approx(pushed_ml(even_path, (7.7 - 0.1 * back_s) / (5 / H)), abs=1e-8)
    assert path.pushed_ml(300.0 + 77.0 - 1e-6) == pytest.approx(0.0, abs=1e-6)


def test_while_it_drifts_too_the_unevenness_is_one_of_the_place() -> None:
    """Flow over time: q (1 + g t) (1 + x cos(2 pi turned / L)); seen where the drift has been taken up anew."""
    _, path = runs(replace(SCREW, drift_pct_h=5.0, screw_error_pct=20.0), 5.0, 2 * H, travel_ml=60.0)
    for t_s in (601.0, 1801.0, 4201.0, 6601.0):
        before_ml, after_ml = pushed_ml(path, t_s - 0.01, t_s + 0.01)
        turned_ml = 5 / H * (t_s + 0.05 / H * t_s**2 / 2)
        expected_ml_s = 5 / H * (1 + 0.05 / H * t_s) * (1 + 0.2 * math.cos(2 * math.pi * turned_ml / 0.175))
        assert (after_ml - before_ml) / 0.02 == pytest.approx(expected_ml_s, rel=1e-3)


# --- before it moves ---


def test_friction_has_to_be_overcome_before_anything_moves() -> None:
    """gravimetric-metrology, section 10: 10 kPa at 1e-8 L/Pa are 0.1 mL, 1 h at 0.1 mL/h."""
    data = replace(IDEAL, stiction_ml=1e-5 * 10e3, sliding_ml=0.0)
    made, path = runs(data, 0.1, 3599.999)
    assert path.pushed_ml(3599.999) == 0.0
    assert made.next_event_s() == pytest.approx(3600.0, rel=1e-9)
    run_to(made, 7200.0)
    assert pushed_ml(path, 3600.001, 7200.0) == pytest.approx([0.1, 0.2], rel=1e-6)


@pytest.mark.parametrize("flow_ml_h", [0.0625, 0.5, 5.0])
def test_the_stopper_springs_when_it_breaks_loose_and_then_lags_by_its_friction(flow_ml_h: float) -> None:
    """The delay is (stiction - friction) / q at every start; in the end nothing is lost."""
    data = replace(IDEAL, stiction_ml=0.008, sliding_ml=0.006)
    made, path = runs(data, flow_ml_h, 1e5 / flow_ml_h, travel_ml=60.0)
    delay_s, stop_s = 0.002 / (flow_ml_h / H), 1e5 / flow_ml_h
    assert pushed_ml(path, delay_s * 0.999, delay_s * 1.001, stop_s) == pytest.approx(
        [0.0, 0.002 * 1.001, flow_ml_h / H * stop_s], rel=1e-6
    )
    made.run(stop_s, 0.0)
    made.run(stop_s + 10, flow_ml_h / H)
    run_to(made, stop_s + 10 + 2 * delay_s, stop_s)
    began_ml, still_ml = pushed_ml(path, stop_s, stop_s + 10 + delay_s * 0.999)
    assert still_ml == pytest.approx(began_ml, rel=1e-12)
    assert path.pushed_ml(stop_s + 10 + 2 * delay_s) == pytest.approx(began_ml + 0.004, rel=1e-9)


def test_the_spring_goes_into_the_line_and_comes_out_with_its_time_constant() -> None:
    data = replace(IDEAL, stiction_ml=0.1, sliding_ml=0.0)
    _, path = runs(data, 0.1, 3700.0)
    assert path.pressure_pa(3600.0 + 1e-6) == pytest.approx(10e3, rel=1e-5)
    out_ml = path.delivered_ml(np.array([3600.0 + TAU_S]))[0]
    flow_ml_s = 0.1 / H
    assert out_ml == pytest.approx(0.1 * (1 - math.exp(-1)) + flow_ml_s * TAU_S * math.exp(-1), rel=1e-6)


TURNS = [(5.0, -5.0), (5.0, -50.0), (0.5, -0.0625)]


@pytest.mark.parametrize(("there_ml_h", "back_ml_h"), TURNS)
@pytest.mark.parametrize(("stiction_ml", "sliding_ml"), [(0.0, 0.0), (0.008, 0.006)])
def test_on_turning_the_play_is_lost_and_the_friction_of_both_directions(
    there_ml_h: float, back_ml_h: float, stiction_ml: float, sliding_ml: float
) -> None:
    data = replace(IDEAL, backlash_ml=0.01, stiction_ml=stiction_ml, sliding_ml=sliding_ml)
    made, path = runs(data, there_ml_h, 3600.0)
    began_ml = path.pushed_ml(3600.0)
    assert began_ml == pytest.approx(there_ml_h, rel=1e-9)
    made.run(3600.0, back_ml_h / H)
    moves_s = 3600.0 + (0.01 + stiction_ml + sliding_ml) / (-back_ml_h / H)
    run_to(made, moves_s * 1.01, 3600.0)
    assert pushed_ml(path, moves_s - 0.01)[0] == pytest.approx(began_ml, rel=1e-12)
    expected_ml = began_ml + back_ml_h / H * 0.01 * moves_s - (stiction_ml - sliding_ml)
    assert path.pushed_ml(1.01 * moves_s) == pytest.approx(expected_ml, rel=1e-9)


def test_play_is_lost_once_a_turn_however_often_it_stops_meanwhile() -> None:
    made, path = drive(replace(IDEAL, backlash_ml=0.01))
    for at_s, flow_ml_s in [(0.0, 0.001), (10.0, -0.001), (14.0, 0.0), (20.0, -0.001), (40.0, 0.0), (50.0, -0.001)]:
        run_to(made, at_s)
        made.run(at_s, flow_ml_s)
    run_to(made, 60.0, 50.0)
    assert pushed_ml(path, 10.0, 14.0, 20.0, 25.999) == pytest.approx([0.01] * 4)
    assert pushed_ml(path, 27.0, 40.0, 50.0, 60.0) == pytest.approx([0.009, -0.004, -0.004, -0.014])


def test_a_slow_start_is_lost_at_every_start() -> None:
    made, path = drive(replace(IDEAL, start_play_ml=0.01))
    for at_s, flow_ml_s in [(0.0, 0.001), (50.0, 0.002), (100.0, 0.0), (150.0, 0.001)]:
        run_to(made, at_s)
        made.run(at_s, flow_ml_s)
    run_to(made, 200.0, 150.0)
    assert pushed_ml(path, 9.999, 50.0, 100.0, 159.999, 200.0) == pytest.approx([0.0, 0.04, 0.14, 0.14, 0.18])


# --- as its motor goes ---


def test_the_plunger_goes_as_the_motor_really_does_and_the_pump_counts_as_it_believes() -> None:
    pauses = MotorData(every_s=20.0, pause_s=5.0, pauses_from_s=10.0)
    made, path = runs(replace(IDEAL, motor=pauses), 36.0, 100.0)
    assert pushed_ml(path, 10.0, 15.0, 30.0, 100.0) == pytest.approx([0.1, 0.1, 0.25, 0.75])
    assert made.counted_ml(100.0) == pytest.approx(1.0)


def test_a_pause_is_a_start_with_its_friction() -> None:
    pauses = MotorData(stalls=((10.0, 20.0),))
    _, path = runs(replace(IDEAL, motor=pauses, stiction_ml=0.03, sliding_ml=0.01), 36.0, 30.0)
    assert pushed_ml(path, 10.0, 20.0, 21.999, 22.001) == pytest.approx([0.1, 0.1, 0.1, 0.12], abs=1e-4)


def test_a_plunger_that_is_drawn_along_moves_though_nothing_is_counted() -> None:
    made, path = drive(replace(IDEAL, motor=MotorData(idle_ml_s=0.001, idle_from_s=10.0)))
    run_to(made, 60.0)
    assert (made.counted_ml(60.0), path.pushed_ml(60.0)) == (0.0, pytest.approx(0.05))


def test_a_syringe_that_ran_empty_while_the_pump_stood_is_at_its_end_from_the_start_on() -> None:
    made, path = drive(replace(IDEAL, motor=MotorData(idle_ml_s=0.01, idle_from_s=10.0)), travel_ml=0.5)
    run_to(made, 100.0)
    assert (made.blocked, made.blocked_since_s, made.stall_s()) == ("end", pytest.approx(60.0), NEVER_S)
    made.run(100.0, 0.01)
    assert (made.blocked, made.blocked_since_s, made.stall_s()) == ("end", 100.0, 102.0)
    assert path.pushed_ml(200.0) == pytest.approx(0.5)


def test_a_plunger_is_drawn_along_from_the_beginning_on() -> None:
    made, path = drive(replace(IDEAL, motor=MotorData(idle_ml_s=0.001)))
    run_to(made, 60.0)
    assert path.pushed_ml(60.0) == pytest.approx(0.06)


def test_a_bolus_of_the_motors_own_is_pushed_as_it_runs() -> None:
    made, path = drive(replace(IDEAL, motor=MotorData(bolus_late_s=5.0, bolus_times=2)))
    made.run(10.0, 0.1, 1.0)
    run_to(made, 20.0, 10.0)
    made.run(20.0, 0.0)
    run_to(made, 100.0, 20.0)
    assert pushed_ml(path, 15.0, 20.0, 35.0, 100.0) == pytest.approx([0.0, 0.5, 2.0, 2.0])
    assert made.counted_ml(100.0) == pytest.approx(1.0)


# --- the end ---


@pytest.mark.parametrize("flow_ml_h", [0.5, 5.0, 60.0])
@pytest.mark.parametrize(
    ("data", "late_ml"),
    [
        (IDEAL, 0.0),
        (STEPS, 1.1e-5),
        (SCREW, 0.0),
        (replace(SCREW, step_ml=1.1e-5), 1.1e-5),
        (replace(IDEAL, stiction_ml=0.008, sliding_ml=0.006), 0.0),
        (replace(ROLLERS, screw_turn_ml=0.1), 0.0),
    ],
)
def test_the_plunger_meets_its_end_when_the_travel_has_been_pushed(data: DriveData, late_ml: float, flow_ml_h: float) -> None:
    """After 7 turns of the screw, 7 pulses of the rollers, no unevenness is left."""
    travel_ml = 7 * (data.pulse_ml or 0.175)
    events, note = noted()
    made, path = drive(data, travel_ml=travel_ml, note=note)
    made.run(0.0, flow_ml_h / H)
    run_to(made, 2e4)
    assert made.blocked_since_s == pytest.approx(travel_ml / (flow_ml_h / H), rel=1e-6, abs=late_ml / (flow_ml_h / H))
    assert path.pushed_ml(2e4) == pytest.approx(travel_ml, rel=1e-9, abs=late_ml)
    assert made.blocked == "end"
    assert events[-2:] == [(made.blocked_since_s, "empty"), (made.blocked_since_s, "plunger at 0 mL/h")]
    assert made.stall_s() == pytest.approx(made.blocked_since_s + 2.0)


def test_a_screw_reaches_the_end_between_two_turns_by_its_own_course() -> None:
    """Where 0.1 mL are pushed is where turned + x L / 2 pi sin(2 pi turned / L) is 0.1 mL."""
    made, _ = drive(replace(SCREW, screw_error_pct=20.0), travel_ml=0.1)
    made.run(0.0, 1.0 / H)
    run_to(made, 1e4)
    turned_ml = 0.1
    for _ in range(200):
        turned_ml = 0.1 - 0.2 * 0.175 / (2 * math.pi) * math.sin(2 * math.pi * turned_ml / 0.175)
    assert made.blocked_since_s == pytest.approx(turned_ml * H, rel=1e-6)


@pytest.mark.parametrize(
    ("data", "stalls_s"),
    [
        (IDEAL, 102.0),
        (replace(IDEAL, stall_notice_s=30.0), 130.0),
        (replace(IDEAL, stall_alarm=False), NEVER_S),
        (replace(IDEAL, early_ml=0.25), 77.0),
        (replace(IDEAL, gain=1.25), 82.0),
        (replace(IDEAL, gain=1.25, alarm_by_count=True), 102.0),
        (replace(IDEAL, gain=0.5, alarm_by_count=True), 102.0),
        (replace(IDEAL, gain=0.5, alarm_by_count=True, stall_alarm=False), NEVER_S),
        (replace(IDEAL, gain=0.5), 202.0),
    ],
)
def test_the_end_is_noticed_by_the_motor_or_by_the_count(data: DriveData, stalls_s: float) -> None:
    made, path = runs(data, 36.0, 300.0, travel_ml=1.0)
    assert made.stall_s() == pytest.approx(stalls_s)
    assert path.pushed_ml(300.0) == pytest.approx(1.0 - data.early_ml)
    made.run(300.0, 0.0)
    assert made.stall_s() == NEVER_S
    assert made.blocked == ""


def test_before_anything_is_in_the_way_nothing_is_noticed() -> None:
    made, _ = runs(STALLING, 36.0, 10.0)
    assert (made.stall_s(), made.blocked, made.blocked_since_s) == (NEVER_S, "", None)


def test_at_its_end_the_plunger_may_still_be_drawn_back() -> None:
    made, path = runs(IDEAL, 36.0, 200.0, travel_ml=1.0)
    made.run(200.0, -0.01)
    run_to(made, 250.0, 200.0)
    assert path.pushed_ml(250.0) == pytest.approx(0.5)
    made.run(250.0, 0.01)
    assert made.next_event_s() == pytest.approx(300.0)


@pytest.mark.parametrize("early_ml", [0.0, 0.25])
def test_at_its_end_it_is_at_its_end_again_when_it_is_started_again(early_ml: float) -> None:
    made, path = runs(replace(IDEAL, early_ml=early_ml), 36.0, 200.0, travel_ml=1.0 + early_ml)
    made.run(200.0, 0.0)
    made.run(210.0, 0.01)
    assert (made.blocked, made.blocked_since_s) == ("end", 210.0)
    assert path.pushed_ml(300.0) == pytest.approx(1.0)


@pytest.mark.parametrize("by_count", [False, True])
def test_a_refill_gives_it_so_much_more_to_push(by_count: bool) -> None:
    made, path = runs(replace(IDEAL, alarm_by_count=by_count), 36.0, 80.0, travel_ml=1.0)
    made.refill(80.0, 0.5)
    run_to(made, 300.0, 80.0)
    assert path.pushed_ml(300.0) == pytest.approx(1.3)
    assert made.stall_s() == pytest.approx(132.0)
    made.refill(300.0, 0.2)
    run_to(made, 400.0, 300.0)
    assert path.pushed_ml(400.0) == pytest.approx(1.5)
    assert made.counted_ml(400.0) == pytest.approx(4.0)


def test_a_jam_holds_the_plunger_until_the_pump_is_stopped_and_nobody_notices() -> None:
    events, note = noted()
    made, path = drive(note=note)
    made.run(0.0, 0.01)
    made.block(10.0, "jam")
    assert (run_to(made, 50.0), made.stall_s(), path.pushed_ml(50.0)) == ([], NEVER_S, pytest.approx(0.1))
    made.run(50.0, 0.02)
    assert path.pushed_ml(60.0) == pytest.approx(0.1)
    made.run(60.0, 0.0)
    made.run(70.0, 0.01)
    assert path.pushed_ml(80.0) == pytest.approx(0.2)
    assert made.counted_ml(80.0) == pytest.approx(0.01 * 50 + 0.02 * 10 + 0.01 * 10)
    assert events == [
        (0.0, "plunger at 36 mL/h"), (10.0, "jam"), (10.0, "plunger at 0 mL/h"), (70.0, "plunger at 36 mL/h"),
    ]  # fmt: skip


def place_ml(turned_ml: float, part: float) -> float:
    """Where a screw that is not even has the plunger."""
    return turned_ml + part * 0.175 / (2 * math.pi) * math.sin(2 * math.pi * turned_ml / 0.175)


def test_after_a_jam_the_screw_goes_on_where_it_stood() -> None:
    made, path = drive(replace(SCREW, screw_error_pct=20.0))
    made.run(0.0, 0.01)
    made.block(10.0, "jam")
    made.run(50.0, 0.0)
    made.run(60.0, 0.01)
    assert path.pushed_ml(64.0) == pytest.approx(place_ml(0.14, 0.2), rel=1e-9)


# --- the pressure ---


def test_after_a_stall_the_screw_goes_on_where_it_stood() -> None:
    made, path = occluded(replace(SCREW, screw_error_pct=20.0, stall_kpa=50.0), 36.0)
    run_to(made, 100.0)
    path.block(100.0, FREE)
    stalled_s, free_s = made.blocked_since_s, made.next_event_s()
    assert stalled_s is not None
    assert stalled_s < 60.0
    run_to(made, 200.0, 100.0)
    turned_ml = 0.01 * (stalled_s + 150.0 - free_s)
    assert pushed_ml(path, stalled_s, 150.0) == pytest.approx([0.5, place_ml(turned_ml, 0.2)], rel=1e-6)


@pytest.mark.parametrize(("flow_ml_h", "alarm_min"), [(5.0, 6.0), (1.0, 30.0), (0.5, 60.0), (0.0625, 480.0)])
def test_the_time_to_the_alarm_of_an_occlusion_is_the_references(flow_ml_h: float, alarm_min: float) -> None:
    """fluid-delivery-test-methods, section 9: C = 1e-8 L/Pa, 50 kPa, V_C = 0.5 mL."""
    events, note = noted()
    made, path = drive(STALLING, note=note)
    path.block(0.0, FULL)
    made.run(0.0, flow_ml_h / H)
    run_to(made, 1e5)
    assert made.blocked_since_s == pytest.approx(alarm_min * 60, rel=1e-6)
    assert made.stall_s() == pytest.approx(alarm_min * 60 + 2.0, rel=1e-6)
    assert path.pressure_pa(1e5) == pytest.approx(50e3, rel=1e-6)
    assert path.stored_ml(1e5) == pytest.approx(0.5, rel=1e-6)
    assert [what for _, what in events][-2:] == ["stalled by pressure", "plunger at 0 mL/h"]


@pytest.mark.parametrize("flow_ml_h", [0.5, 5.0])
def test_with_all_its_unevenness_a_drive_stalls_at_that_time_too(flow_ml_h: float) -> None:
    """To within its ripple and a spring."""
    made, _ = occluded(DriveData(), flow_ml_h)
    run_to(made, 5e3)
    assert made.blocked == "pressure"
    assert made.blocked_since_s == pytest.approx(0.5 / (flow_ml_h / H), abs=2e-4 / (flow_ml_h / H))


@pytest.mark.parametrize(
    ("line", "volume_ml"),
    [
        (Line(syringe_compliance_ml_pa=2.1e-5), 2.1e-5 * 50e3),
        (Line(air_ml=0.5), (1e-5 + 0.5 / 101_325) * 50e3),
        (Line(back_pressure_kpa=10.0), 1e-5 * 40e3),
        (Line(height_m=-0.5), 1e-5 * (50e3 + 998 * 9.80665 * 0.5)),
    ],
)
def test_what_it_takes_to_the_stall_is_compliance_times_pressure(line: Line, volume_ml: float) -> None:
    made, _ = occluded(STALLING, 5.0, line)
    assert made.next_event_s() == pytest.approx(volume_ml / (5 / H), rel=1e-6)


@pytest.mark.parametrize(("alarms", "notice_s", "stalls_s"), [(True, 2.0, 362.0), (True, 60.0, 420.0), (False, 2.0, NEVER_S)])
def test_a_stall_by_pressure_is_noticed_late_or_never_apart_from_the_end(alarms: bool, notice_s: float, stalls_s: float) -> None:
    data = replace(STALLING, occlusion_alarm=alarms, occlusion_notice_s=notice_s, stall_notice_s=7.0, stall_alarm=False)
    made, _ = occluded(data, 5.0)
    run_to(made, 1e4)
    assert made.stall_s() == pytest.approx(stalls_s)


@pytest.mark.parametrize("stall_kpa", [50.0, 120.0])
def test_the_bolus_after_an_occlusion_is_compliance_times_pressure(stall_kpa: float) -> None:
    """The pump stops at its alarm; the line is freed later and lets out what it holds with its time constant."""
    made, path = occluded(replace(IDEAL, stall_kpa=stall_kpa), 5.0)
    run_to(made, 2000.0)
    made.run(2000.0, 0.0)
    path.block(2500.0, FREE)
    run_to(made, 3000.0, 2000.0)
    bolus_ml = 1e-5 * stall_kpa * 1e3
    looks_s = np.array([2500.0, 2500.0 + TAU_S, 2500.0 + 3 * TAU_S, 3000.0])
    expected_ml = [0.0, bolus_ml * (1 - math.exp(-1)), bolus_ml * (1 - math.exp(-3)), bolus_ml]
    assert path.delivered_ml(looks_s) == pytest.approx(expected_ml, rel=1e-6)


@pytest.mark.parametrize(
    ("gain", "set_kpa", "stands_s"), [(1.0, 20.0, 144.0), (2.0, 20.0, 288.0), (1.0, 80.0, 576.0), (1.5, 50.0, 540.0)]
)
def test_the_motor_stands_at_the_pressure_that_was_set_times_its_gain(gain: float, set_kpa: float, stands_s: float) -> None:
    made, path = occluded(replace(STALLING, stall_gain=gain), 5.0)
    run_to(made, 100.0)
    made.set_stall(100.0, set_kpa)
    run_to(made, 1000.0, 100.0)
    assert (made.blocked, made.blocked_since_s) == ("pressure", pytest.approx(stands_s))
    assert path.pressure_pa(1000.0) == pytest.approx(set_kpa * gain * 1000)


def test_a_motor_whose_pressure_is_set_below_what_there_is_stands_at_once() -> None:
    made, path = occluded(STALLING, 5.0)
    run_to(made, 200.0)
    made.set_stall(200.0, 10.0)
    run_to(made, 1000.0, 200.0)
    assert (made.blocked, made.blocked_since_s) == ("pressure", pytest.approx(200.0))
    assert pushed_ml(path, 1000.0) == pytest.approx([5 / H * 200.0])


def test_a_motor_that_stands_against_the_pressure_turns_again_when_it_has_relaxed_to_nine_tenths() -> None:
    made, path = occluded(STALLING, 5.0)
    run_to(made, 1000.0)
    path.block(1000.0, FREE)
    free_s = 1000.0 + TAU_S * math.log(50 / 45)
    assert made.next_event_s() == pytest.approx(free_s, rel=1e-9)
    run_to(made, 2000.0, 1000.0)
    assert (made.blocked, made.blocked_since_s, made.stall_s()) == ("", None, NEVER_S)
    assert pushed_ml(path, free_s, 2000.0) == pytest.approx([0.5, 0.5 + 5 / H * (2000.0 - free_s)], rel=1e-9)


def test_against_a_blockage_that_lets_too_little_through_it_goes_on_by_fits_and_starts() -> None:
    """Between nine tenths and the whole of its pressure: so long up, so long down, each by its closed form."""
    made, path = drive(STALLING)
    path.block(0.0, Blockage(0.99))
    made.run(0.0, 10 / H)
    tau_s, settles_pa = 100 * TAU_S, 10 / H * Line().resistance_pa_s_ml * 100
    first_s = -tau_s * math.log1p(-50e3 / settles_pa)
    down_s = tau_s * math.log(50 / 45)
    up_s = tau_s * math.log((settles_pa - 45e3) / (settles_pa - 50e3))
    moments_s = run_to(made, first_s + 3 * (down_s + up_s) + 1.0)
    expected_s = np.cumsum([first_s, down_s, up_s, down_s, up_s, down_s, up_s])
    assert moments_s == pytest.approx(expected_s.tolist(), rel=1e-6)


def test_a_pressure_that_is_too_high_from_the_beginning_stalls_at_once() -> None:
    made, path = runs(STALLING, 5.0, 100.0, line=Line(back_pressure_kpa=60.0))
    assert (made.blocked, made.blocked_since_s) == ("pressure", 0.0)
    assert path.pushed_ml(100.0) == pytest.approx(0.0, abs=1e-12)


def test_drawing_back_frees_what_stalled() -> None:
    made, path = occluded(STALLING, 5.0)
    run_to(made, 1000.0)
    made.run(1000.0, -5 / H)
    assert made.blocked == ""
    assert path.pressure_pa(1360.0) == pytest.approx(0.0, abs=1e-6)


# --- time goes on, whatever is done ---

MOTORS = [
    MotorData(),
    MotorData(every_s=30.0, pause_s=7.0, pauses_from_s=100.0),
    MotorData(change_late_s=3.0, stop_late_s=11.0, digits=2),
    MotorData(bolus_late_s=4.0, bolus_length=1.3, bolus_times=2),
    MotorData(idle_ml_s=1e-4, idle_from_s=50.0, stalls=((60.0, 90.0),)),
]
DATAS = [
    DriveData(),
    ROLLERS,
    IDEAL,
    replace(ROLLERS, stall_kpa=120.0, step_ml=1e-4),
    DriveData(drift_pct_h=5.0, drift_from_s=77.0, start_play_ml=0.003),
    DriveData(stiction_ml=0.1, sliding_ml=0.09, stall_kpa=20.0, early_ml=0.3, alarm_by_count=True),
    DriveData(gain=1.1, diameter_error_pct=-2.0, screw_error_pct=30.0, step_ml=1e-4),
]
flows_ml_s = st.one_of(st.just(0.0), st.floats(0.05 / H, 0.05), st.floats(-1.0, -0.05 / H), st.sampled_from([5 / H, 1 / 3, 1.0]))
doings = st.one_of(
    st.tuples(st.just("run"), flows_ml_s, st.one_of(st.just(NEVER_S), st.floats(0.001, 1.0))),
    st.tuples(st.just("refill"), st.floats(0.01, 3.0), st.just(0)),
    st.tuples(st.just("block"), st.sampled_from([0.0, 0.9, 0.999, 1.0]), st.sampled_from([0.0, 0.4, 1.0])),
    st.tuples(st.just("leak"), st.sampled_from([0.0, 0.02, 0.5]), st.just(0)),
)
waits_s = st.one_of(st.sampled_from([0.0, 1e-6, 1.0]), st.floats(0.0, 60.0))


def do(made: Drive, path: FluidPath, now_s: float, what: str, first: float, second: float) -> None:
    """One thing, as pump, plan or bench may do it at any moment."""
    if what == "run":
        made.run(now_s, first, second)
    elif what == "refill":
        made.refill(now_s, first)
    elif what == "block":
        path.block(now_s, Blockage(first, second))
    else:
        path.leak(now_s, first)


@given(
    st.sampled_from(DATAS),
    st.sampled_from(MOTORS),
    st.sampled_from([0.0, 4e-6]),
    st.one_of(st.just(0.0), st.floats(0.0, 2e6)),
    st.lists(st.tuples(waits_s, doings), min_size=1, max_size=10),
)
def test_time_goes_on_and_the_plunger_stays_before_its_end(
    data: DriveData, motor: MotorData, tubing_ml_pa: float, now_s: float, history: list[tuple[float, tuple[str, float, float]]]
) -> None:
    made, path = drive(replace(data, motor=motor), Line(tubing_compliance_ml_pa=tubing_ml_pa), travel_ml=2.0)
    end_ml = 2.0
    made.run(now_s, 0.0)
    for wait_s, (what, first, second) in history:
        do(made, path, now_s, what, first, second)
        end_ml = path.pushed_ml(now_s) + first if what == "refill" else end_ml
        run_to(made, now_s + wait_s, now_s)
        now_s += wait_s
        assert path.pushed_ml(now_s) <= end_ml + data.step_ml + (data.stiction_ml - data.sliding_ml) + 1e-9
    assert made.next_event_s() > now_s


@pytest.mark.parametrize("flow_ml_h", [300.0, 1000.0, 3600.0])
@pytest.mark.parametrize("day", [1.0, 3.0, 14.0])
def test_time_goes_on_however_long_the_bench_has_stood(flow_ml_h: float, day: float) -> None:
    """Of a hundred starts and turns none is lost between two moments that the clock can tell apart."""
    for part in np.linspace(0.9, 1.1, 100):
        made, _ = drive(DriveData())
        now_s = part * day * 24 * H
        made.run(now_s, flow_ml_h / H)
        run_to(made, now_s + 1.0, now_s)
        made.run(now_s + 1.0, -part * flow_ml_h / H)
        run_to(made, now_s + 2.0, now_s + 1.0)


def test_the_spring_of_the_stopper_ends_at_the_end() -> None:
    made, path = runs(replace(IDEAL, stiction_ml=0.008, sliding_ml=0.006), 36.0, 99.9, travel_ml=1.0)
    made.run(99.9, 0.0)
    made.run(110.0, 0.01)
    run_to(made, 200.0, 110.0)
    assert path.pushed_ml(200.0) == pytest.approx(1.0, abs=1e-9)


def test_starting_again_against_a_full_blockage_does_not_wind_up_the_pressure() -> None:
    made, path = occluded(replace(STALLING, stiction_ml=0.008, sliding_ml=0.006), 5.0)
    for start_s in (0.0, 1000.0, 1100.0, 1200.0):
        made.run(start_s, 0.0)
        made.run(start_s, 5 / H)
        run_to(made, start_s + 90.0 if start_s else 1000.0, start_s)
    assert path.pressure_pa(1300.0) == pytest.approx(50e3, rel=1e-6)


def test_turning_back_amid_the_play_costs_only_what_of_it_was_taken_up() -> None:
    made, path = drive(replace(IDEAL, backlash_ml=0.01))
    for at_s, flow_ml_s in [(0.0, 0.001), (10.0, -0.001), (14.0, 0.001)]:
        run_to(made, at_s)
        made.run(at_s, flow_ml_s)
    run_to(made, 40.0, 14.0)
    assert path.pushed_ml(40.0) == pytest.approx(0.01 + 0.001 * (26.0 - 4.0))


def test_a_plunger_that_gets_slower_all_the_time_never_turns_round() -> None:
    _, path = runs(replace(IDEAL, drift_pct_h=-11.0), 5.0, 12 * H, travel_ml=60.0)
    told_ml = path.history(np.linspace(0.0, 12 * H, 4321))["pushed_ml"]
    assert (np.diff(told_ml) >= -1e-12).all()
    assert told_ml[-1] == pytest.approx(5.0 / 0.11 / 2, rel=1e-4)
