"""What no pump does is seen, and what a pump may do, however wrong, is left to be judged as flow."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from harness.analysis.calm import calm_faults, losses, quiet_stretches
from harness.record import Event, FloatArray, Period, Record
from harness.stands import Needle, Vessel
from instruments.readings import Readings
from tests.harness.records import CONDITIONS, PLAIN, SHEET, commanded, curve, readings

HOUR = Period(0.0, 3600.0)
LINE_S, BALANCE_S = 5.2, 0.5
BASAL = [commanded(0.0, 0.5)]
BOLUS = [commanded(1000.0, 48.0), commanded(1075.0, 0.0)]
Curve = Callable[[FloatArray], FloatArray]


def faults(found: Readings, events: Sequence[Event] = (), within: Period = HOUR) -> str:
    return "; ".join(calm_faults(Record("run", "real", found, tuple(events)), within, replace(CONDITIONS, lag_s=5.7)))


def trailed(moments_s: FloatArray, masses_g: FloatArray, lag_s: float) -> FloatArray:
    """What is left of a course behind a first-order lag."""
    keep = np.exp(-0.1 / lag_s)
    return np.asarray(lfilter([1 - keep], [1, -keep], masses_g, zi=[keep * masses_g[0]])[0])


def shown(mass_g: Curve) -> Readings:
    """As a balance with a response of 0.5 s shows it."""
    return curve(lambda t: trailed(t, 35.0 + mass_g(t), BALANCE_S), HOUR.end_s)


def ramp(begin_s: float, end_s: float, rate_ml_h: float) -> Curve:
    """A flow for a while, through an elastic line."""
    return lambda t: trailed(t, np.clip(t - begin_s, 0, end_s - begin_s) * rate_ml_h / 3600, LINE_S)


def let_go(at_s: float, volume_g: float, lag_s: float) -> Curve:
    """What was stored behind an occlusion comes out."""
    return lambda t: volume_g * -np.expm1(-np.maximum(t - at_s, 0.0) / lag_s)


def basal(t: FloatArray) -> FloatArray:
    return np.asarray(t * 0.5 / 3600)


FLOWS = {
    "nothing": (lambda t: t * 0, []),
    "a bolus": (ramp(1000, 1075, 48.0), BOLUS),
    "a bolus twice as fast": (ramp(1000, 1037, 96.0), BOLUS),
    "a bolus ten times as fast": (ramp(1000, 1007.5, 480.0), BOLUS),
    "a bolus of which most comes at once": (ramp(1000, 1001.5, 2400.0), BOLUS),
    "a bolus that nobody asked for": (ramp(2000, 2075, 48.0), []),
    "a free flow that begins": (ramp(2000, 4000, 34.0), []),
    "the stored volume of an occlusion": (let_go(2000, 0.5, LINE_S), BASAL),
    "the same through a wider line": (let_go(2000, 0.5, 2.0), BASAL),
    "a leaking stop": (ramp(1000, 1500, 48.0), BOLUS),
    "pulses of rollers": (lambda t: basal(t) + 2.5e-4 * np.sin(2 * np.pi * t / 14.4), BASAL),
    "strokes of 20 uL": (lambda t: trailed(t, np.floor(basal(t) / 0.02) * 0.02, LINE_S), BASAL),
    "a stopper that springs": (lambda t: basal(t) + let_go(500, 0.002, LINE_S)(t), BASAL),
    "a needle that slips": (lambda t: basal(t) + 5e-4 * (2 * ((t / 900) % 1.0) - 1), BASAL),
}


@pytest.mark.parametrize(("mass_g", "events"), FLOWS.values(), ids=FLOWS)
def test_a_flow_is_left_to_be_judged_as_flow(mass_g: Curve, events: list[Event]) -> None:
    assert faults(shown(mass_g), events) == ""


def step(at_s: float, mass_g: float) -> Curve:
    return lambda t: np.where(t >= at_s, mass_g, 0.0)


def ringing(at_s: float, mass_g: float) -> Curve:
    def course(t: FloatArray) -> FloatArray:
        since_s = np.maximum(t - at_s, 0.0)
        return np.where(t >= at_s, mass_g * np.exp(-since_s / 0.8) * np.cos(14.0 * since_s), 0.0)

    return course


def drops(t: FloatArray) -> FloatArray:
    return np.asarray(np.floor(basal(t) / 0.0124) * 0.0124)


DISTURBED = {
    "a step up": (step(2000, 0.005), [], "the mass jumped by"),
    "a step down": (step(2000, -0.005), [], "the mass jumped by -"),
    "a step while it flows": (lambda t: basal(t) + step(2000, 0.01)(t), BASAL, "the mass jumped by"),
    "a step long after a bolus": (lambda t: ramp(1000, 1075, 48.0)(t) + step(2000, 0.005)(t), BOLUS, "jumped .* at 2000"),
    "a step before a bolus": (lambda t: ramp(1000, 1075, 48.0)(t) + step(500, 0.005)(t), BOLUS, "jumped .* at 500"),
    "a knock that leaves nothing": (ringing(2000, 0.05), [], "the mass jumped by"),
    "drops": (drops, BASAL, "the mass jumped by"),
}


@pytest.mark.parametrize(("mass_g", "events", "message"), DISTURBED.values(), ids=DISTURBED)
def test_what_no_flow_looks_like_is_said(mass_g: Curve, events: list[Event], message: str) -> None:
    assert re.search(message, faults(shown(mass_g), events))


SLOW_S = (0.5, 1.0, 2.0, 3.0)
"""Responses of balances (gravimetric-metrology, section 6)."""


def slowly_shown(mass_g: Curve, response_s: float) -> str:
    slow = replace(
        CONDITIONS, lag_s=5.2 + response_s, weighing=replace(PLAIN, balance=SHEET.model_copy(update={"response": response_s}))
    )
    found = curve(lambda t: trailed(t, 35.0 + mass_g(t), response_s), HOUR.end_s)
    return "; ".join(calm_faults(Record("run", "real", found, tuple(BASAL)), HOUR, slow))


PAIRS = [(response_s, line_s) for response_s in SLOW_S for line_s in (1.0, 3.0, 5.2, 10.0) if line_s >= response_s]
"""What comes through a faster line than the balance cannot be told from a step."""


@pytest.mark.parametrize(("response_s", "line_s"), PAIRS)
@pytest.mark.parametrize("volume_g", [0.02, 0.5])
def test_what_comes_through_a_line_is_flow_however_slow_the_balance(response_s: float, line_s: float, volume_g: float) -> None:
    """The spring of a stopper, what an occlusion had stored."""
    assert slowly_shown(lambda t: basal(t) + let_go(2000, volume_g, line_s)(t), response_s) == ""


@pytest.mark.parametrize("response_s", SLOW_S)
@pytest.mark.parametrize("mass_g", [0.01, -0.02, 0.2])
def test_a_step_is_one_however_slow_the_balance(response_s: float, mass_g: float) -> None:
    assert "the mass jumped by" in slowly_shown(lambda t: basal(t) + step(2000, mass_g)(t), response_s)


@pytest.mark.parametrize(("capillary", "said"), [("0.5 mg", False), ("0.1 mg", True)])
def test_a_needle_may_slip_as_far_as_the_bench_file_says(capillary: str, said: bool) -> None:
    """On a balance that is fine enough to see it."""
    sheet = SHEET.model_copy(update={"readability": 1e-5, "repeatability": 2e-5})
    fine = replace(PLAIN, balance=sheet, needle=Needle.model_validate({"capillary": capillary}))
    found = curve(lambda t: 35.0 + trailed(t, step(2000, -0.00095)(t), BALANCE_S), HOUR.end_s, noise_g=2e-5)
    told = "; ".join(calm_faults(Record("run", "real", found, ()), HOUR, replace(CONDITIONS, weighing=fine)))
    assert ("the mass jumped by" in told) == said


@pytest.mark.parametrize(("noise_g", "said"), [(1e-4, False), (2.5e-4, False), (4e-4, True), (2e-3, True)])
def test_readings_that_scatter_more_than_the_bench_file_says(noise_g: float, said: bool) -> None:
    found = curve(lambda t: 35.0 + basal(t), HOUR.end_s, noise_g=noise_g)
    assert ("the readings scatter by" in faults(found, BASAL)) == said


def wandering(size_g: float) -> Readings:
    """Air that moves: a course that remembers itself for 20 s."""
    keep = np.exp(-0.1 / 20)
    drawn_g = size_g * np.sqrt(1 - keep**2) * np.random.default_rng(2).standard_normal(36_000)
    return curve(lambda t: 35.0 + t * 0 + lfilter([1], [1, -keep], drawn_g), HOUR.end_s)


@pytest.mark.parametrize(("size_g", "said"), [(2e-4, False), (2e-3, True), (1e-2, True)])
def test_readings_that_wander_while_the_pump_stands(size_g: float, said: bool) -> None:
    assert ("while the pump stood: a draught" in faults(wandering(size_g))) == said


def test_the_same_while_it_pumps_may_be_the_pump() -> None:
    assert "draught" not in faults(wandering(2e-3), BASAL)


QUIET = {
    "never told anything": ([], [(0.0, 3600.0)]),
    "after a bolus, when the line has relaxed": (BOLUS, [(0.0, 1000.0), (1192.0, 3600.0)]),
    "never quiet": (BASAL, []),
    "too short": ([commanded(0.0, 1.0), commanded(3500.0, 0.0)], []),
}


@pytest.mark.parametrize(("events", "expected"), QUIET.values(), ids=QUIET)
def test_where_it_is_quiet(events: list[Event], expected: list[tuple[float, float]]) -> None:
    record = Record("run", "real", readings([0.0], [35.0]), tuple(events))
    found = quiet_stretches(record, HOUR, replace(CONDITIONS, lag_s=5.7))
    assert [(stretch.start_s, stretch.end_s) for stretch in found] == expected


SEALED = replace(CONDITIONS, weighing=replace(PLAIN, vessel=Vessel.model_validate({"evaporation_at_most": "0.5 mg/h"})))


@pytest.mark.parametrize(
    ("slope_mg_h", "events", "said"),
    [
        (-0.4, [], False),
        (-1.5, [], True),
        (-8.0, [], True),
        (5.0, [], False),
        (-8.0, BASAL, False),
        (-8.0, BOLUS, True),
        (-680.0, [], False),
    ],
)
def test_a_vessel_that_loses_while_the_pump_stands(slope_mg_h: float, events: list[Event], said: bool) -> None:
    found = curve(lambda t: 35.0 + slope_mg_h * 1e-3 * t / 3600, HOUR.end_s)
    record = Record("run", "real", found, tuple(events))
    told = losses(record, HOUR.end_s, SEALED)
    assert bool(told) == said
    assert not said or f"the vessel lost {-slope_mg_h:.1f}"[:-1] in told[0]


def test_a_vessel_that_is_weighed_out_is_meant_to_lose() -> None:
    found = curve(lambda t: 35.0 - 8e-3 * t / 3600, HOUR.end_s)
    out = replace(SEALED, weighing=replace(SEALED.weighing, sign=-1))
    assert losses(Record("run", "real", found, ()), HOUR.end_s, out) == []


@pytest.mark.parametrize(("handled", "said"), [("take off", False), ("do", True)])
def test_a_weight_that_is_taken_off_is_no_loss(handled: str, said: bool) -> None:
    """A lost 50 mg look like 28 mg/h over an hour, where nobody has taken anything off."""
    found = curve(lambda t: 35.0 + np.where(t < 1000.0, 0.05, 0.0), HOUR.end_s)
    record = Record("run", "real", found, (Event(1_000_000_000, "done by hand", "", {"step": handled, "answer": "done"}),))
    assert bool(losses(record, HOUR.end_s, CONDITIONS)) == said


def test_a_swing_of_one_reading_is_seen_in_a_flow_too() -> None:
    """One reading a second, and 1 mL/h: what flows between the readings around it is as large as a quarter of the swing."""
    found = curve(lambda t: 35.0 + t / 3600 - 6e-3 * (t == 2000.0), HOUR.end_s, rate_hz=1.0)
    conditions = replace(CONDITIONS, rate_hz=1.0, lag_s=5.7)
    told = calm_faults(Record("run", "real", found, (commanded(0.0, 1.0),)), HOUR, conditions)
    assert [fault.partition(":")[0] for fault in told] == ["the mass jumped by -6.0 mg at 2000.0 s"]
