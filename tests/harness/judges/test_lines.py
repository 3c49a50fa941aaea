"""Closed, primed and pressed lines whose truth is known, judged from their records alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.cases import LeakCase, NoFlowCase, OcclusionCase, PrimeCase
from harness.judges.blockages import judge_no_flow, judge_occlusion
from harness.judges.line import judge_leak, judge_prime
from harness.record import Event, FloatArray
from harness.verdicts import Measurand
from instruments.errors import BenchError
from tests.harness.records import CONDITIONS, commanded, curve, phase, view_of
from tests.harness.test_cases_of_lines import LEAK, NO_FLOW, OCCLUSION, PRIME, case_of

TOLD = replace(CONDITIONS, pressure_u_kpa=0.1)


def event(at_s: float, what: str, **data: Any) -> Event:
    return Event(round(at_s * 1e6), what, "C", data)


def by_hand(step: str, asked_s: float, done_s: float) -> list[Event]:
    return [event(asked_s, "by hand", step=step), event(done_s, "done by hand", step=step, answer="done")]


def pressure(at_s: float, kpa: float) -> Event:
    return event(at_s, "pressure", kpa=kpa, read_us=round(at_s * 1e6))


def alarm(at_s: float, since_s: float) -> Event:
    return event(at_s, "alarm", letter="S", kind="stall", word="stalled", since_us=round(since_s * 1e6))


Figures = dict[str, tuple[float, str]]


def figures(found: list[Measurand]) -> Figures:
    return {one.name: (one.value, one.verdict.value) for one in found}


# --- occlusion: closed at 605 s, alarm by 902 s, opened from 1200 s on ---


def occluded(
    *alarms: Event, bolus_ml: float = 0.5, first_kpa: float = 0.1, closed: bool = True, stands: bool | None = True
) -> Figures:
    case: OcclusionCase = case_of(OCCLUSION)

    def mass_g(moments_s: FloatArray) -> FloatArray:
        return 5 / 3600 * np.minimum(moments_s, 605.0) - bolus_ml * np.expm1(-np.maximum(moments_s - 1205, 0) / 5)

    names = (("run", 0, 600), ("closed", 600, 905), ("relief", 905, 1200), ("release", 1200, 1500))
    events = [one for name, *span in names for one in phase("C", name, *span)]
    events += [pressure(0.0, first_kpa), *(pressure(605.0 + s, 0.16 * s) for s in range(0, 300, 2))]
    events += [*(by_hand("close", 600, 610) if closed else []), *by_hand("open", 1200, 1210), *alarms]
    events += [] if stands is None else [event(902, "pump", word="stalled", running=not stands)]
    return figures(judge_occlusion(view_of(case, curve(mass_g, 1500.0), events, TOLD)))


def test_an_occlusion_is_timed_from_the_middle_of_the_closing() -> None:
    assert occluded(alarm(902, 900)) == {
        "occlusion alarms": (1.0, "PASS"),
        "runs on after its alarm": (0.0, "PASS"),
        "time to the alarm": (pytest.approx(901 - 605), "PASS"),
        "pressure at the alarm": (pytest.approx(0.16 * 296, abs=0.01), "PASS"),
        "post-occlusion bolus": (pytest.approx(500, abs=1), "PASS"),
    }


@pytest.mark.parametrize(
    ("alarms", "bolus_ml", "failed"),
    [
        ((), 0.5, {"occlusion alarms"}),
        ((alarm(902, 900), alarm(903, 902)), 0.5, {"occlusion alarms"}),
        ((alarm(500, 498), alarm(902, 900)), 0.5, {"alarms with the line open"}),
        ((alarm(902, 900),), 1.1, {"post-occlusion bolus"}),
    ],
)
def test_an_occlusion_fails(alarms: tuple[Event, ...], bolus_ml: float, failed: set[str]) -> None:
    found = occluded(*alarms, bolus_ml=bolus_ml)
    assert {name for name, (_, verdict) in found.items() if verdict == "FAIL"} == failed


def test_an_alarm_that_does_not_stop_the_pump_fails() -> None:
    found = occluded(alarm(902, 900), stands=False)
    assert {name for name, (_, verdict) in found.items() if verdict == "FAIL"} == {"runs on after its alarm"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"stands": None}, "does not say whether the pump stood"),
        ({"first_kpa": -25.0}, "showed -25 kPa before anything flowed"),
        ({"closed": False}, "step 'close' of case C was done"),
    ],
)
def test_a_bench_that_cannot_tell_is_not_judged(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(BenchError, match=told):
        occluded(alarm(902, 900), **changes)


# --- no flow: closed at 18 005 s ---


def missing(ends_s: float, flow_ml_h: float = 0.01, released_ml: float = 0.0) -> Figures:
    case: NoFlowCase = case_of(NO_FLOW, window="30 min", flow_error={"within": "10 %"})
    names = (("flow", 3600, 18_000), ("blocked", 18_000, 25_210), ("release", 25_210, 25_500))
    events = [one for name, *span in names for one in phase("C", name, *span)] + by_hand("close", 18_000, 18_010)

    def mass_g(moments_s: FloatArray) -> FloatArray:
        came_g = flow_ml_h / 3600 * np.minimum(moments_s, ends_s)
        return np.asarray(came_g + released_ml * np.clip((moments_s - 25_220) / 200, 0, 1))

    masses = curve(mass_g, 25_600.0, 1.0, 2e-5)
    return figures(judge_no_flow(view_of(case, masses, events, TOLD)))


@pytest.mark.parametrize(("released_ml", "verdict"), [(0.02, "PASS"), (0.028, "PASS"), (0.033, "FAIL"), (0.5, "FAIL")])
def test_no_more_comes_at_the_opening_than_was_pushed(released_ml: float, verdict: str) -> None:
    value_ul, found = missing(18_005.0, released_ml=released_ml)["volume after the opening"]
    assert (value_ul, found) == (pytest.approx(released_ml * 1000, abs=1), verdict)


def test_the_balance_finds_a_closed_line_in_time() -> None:
    found = missing(18_005.0)
    assert {verdict for _, verdict in found.values()} == {"PASS"}
    assert 600 < found["time until no flow is sure"][0] < 1800


@pytest.mark.parametrize(
    ("ends_s", "flow_ml_h", "failed"),
    [
        (12_000.0, 0.01, {"flow missed with the line open", "flow error"}),
        (np.inf, 0.01, {"time until no flow is sure"}),
        (18_005.0, 0.012, {"flow error"}),
    ],
)
def test_the_detector_fails(ends_s: float, flow_ml_h: float, failed: set[str]) -> None:
    found = missing(ends_s, flow_ml_h)
    assert {name for name, (_, verdict) in found.items() if verdict == "FAIL"} == failed
    assert found["time until no flow is sure"][0] > 0


# --- priming: from 120 s on, then 0.25 mL/h from 2220 s on ---


UNEVEN = {"primed volume error", "furthest from the programme while priming"}


def primed(
    dead_ml: float = 0.22, gain: float = 1.0, surge: float = 1.0, after: float = 1.0, late_s: float = 0.0, on_ml: float = 0.0
) -> Figures:
    """``surge`` times as fast in the first half of the priming, and the rest of it in the time that is left.

    ``on_ml`` more come in the ten minutes in which the flow settles.
    """
    case: PrimeCase = case_of(PRIME)

    def mass_g(moments_s: FloatArray) -> FloatArray:
        course_s, course_ml = [120, 120 + 900 / surge, 1920], [0, 0.25, 0.5]
        pushed_ml = gain * np.interp(moments_s - late_s, course_s, course_ml)
        primes_on_ml = np.interp(moments_s, [2220, 2820], [0.0, on_ml])
        return (
            np.maximum(0.0, pushed_ml - dead_ml) + primes_on_ml + after * 0.25 / 3600 * np.maximum(0.0, moments_s - 2220 - late_s)
        )

    names = (("before", 0, 120), ("prime", 120, 1930), ("filled", 1930, 2050), ("settle", 2220, 2820), ("flow", 2820, 6420))
    events = [one for name, *span in names for one in phase("C", name, *span)]
    events += [commanded(120, 1.0, "C"), commanded(1930, 0.0, "C"), commanded(2220, 0.25, "C")]
    return figures(judge_prime(view_of(case, curve(mass_g, 6420.0, 1.0), events, replace(TOLD, lag_s=late_s))))


def test_a_primed_line_tells_its_dead_volume() -> None:
    found = primed(dead_ml=0.225)
    assert {verdict for _, verdict in found.values()} == {"PASS"}
    assert found["dead volume error"][0] == pytest.approx(100 * 0.005 / 0.22, abs=0.5)
    assert found["primed volume error"][0] == pytest.approx(-1.0, abs=0.1)


def test_what_the_line_trails_behind_is_no_dead_volume_and_no_delay() -> None:
    found = primed(late_s=30.0)
    assert found["dead volume error"][0] == pytest.approx(0.0, abs=0.5)
    assert found["furthest from the programme while priming"][0] == pytest.approx(0.0, abs=1.0)


@pytest.mark.parametrize(
    ("truth", "failed"),
    [
        ({"dead_ml": 0.25}, {"dead volume error"}),
        ({"dead_ml": 0.19}, {"dead volume error"}),
        ({"gain": 1.15}, {"primed volume error"}),
        ({"surge": 4.0}, {"furthest from the programme while priming"}),
        ({"after": 0.5}, {"flow error after priming"}),
        ({"on_ml": 0.15}, {"furthest from the programme while priming"}),  # it has not stopped priming
        ({"gain": 0.0, "after": 0.0}, {*UNEVEN, "flow error after priming"}),
    ],
)
def test_a_priming_fails(truth: dict[str, float], failed: set[str]) -> None:
    found = primed(**truth)
    assert {name for name, (_, verdict) in found.items() if verdict == "FAIL"} == failed
    assert ("dead volume error" in found) is not bool(failed & UNEVEN)


# --- leak: 0.25 mL flow, 0.2 mL are stored and let go ---


def pressed(loss_kpa: float = 0.0, reached_kpa: float = 20.5, told_ml: float = 0.45, came_ml: float = 0.2) -> Figures:
    case: LeakCase = case_of(LEAK)

    def mass_g(moments_s: FloatArray) -> FloatArray:
        return np.minimum(np.maximum(moments_s - 60, 0), 900) / 3600 + came_ml * (moments_s > 4000)

    names = (("before", 0, 60), ("flow", 60, 960), ("pressurise", 960, 1700), ("hold", 1800, 3600), ("release", 3900, 4200))
    events = [one for name, *span in names for one in phase("C", name, *span)]
    events += [pressure(0.0, 0.0), pressure(970.0, 0.1), pressure(1690.0, reached_kpa)]
    events += [pressure(1800.0 + s, reached_kpa - loss_kpa * (s > 900)) for s in range(0, 1800, 60)]
    events += [event(60, "infused", told_ml=1.0), event(1700, "infused", told_ml=1.0 + told_ml)]
    return figures(judge_leak(view_of(case, curve(mass_g, 4200.0, 1.0), events, TOLD)))


def test_a_tight_line_holds_and_gives_back() -> None:
    found = pressed(loss_kpa=1.0)
    assert {verdict for _, verdict in found.values()} == {"PASS"}
    assert found["pressure loss in the hold"][0] == pytest.approx(1.0)
    assert found["weighed against counted"][0] == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize(
    ("truth", "failed"),
    [
        ({"loss_kpa": 2.5}, {"pressure loss in the hold"}),
        ({"reached_kpa": 19.9}, {"pressure reached"}),
        ({"came_ml": 0.1}, {"weighed against counted"}),
        ({"told_ml": 0.38}, {"weighed against counted"}),
        ({"told_ml": 0.0}, {"volume that the pump counted"}),
    ],
)
def test_a_leak_fails(truth: dict[str, float], failed: set[str]) -> None:
    assert {name for name, (_, verdict) in pressed(**truth).items() if verdict == "FAIL"} == failed
