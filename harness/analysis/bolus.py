"""Volume, duration and start of a bolus, and what flowed in the hold after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.analysis.masses import crossing_s, first, last, volume_between
from harness.analysis.view import View
from harness.cases import After, BolusCase, Interval
from harness.metrology.budget import Estimate, Inputs
from harness.record import WAITING, FloatArray, Record, Series
from harness.verdicts import Measurand, Verdict, judge
from instruments.errors import BenchError

_LEVEL_S = 30.0
_LOW, _HIGH = 0.05, 0.95
_CLOCK_RATE = 1e-4
_SLOPE_S = 1.0
_LAG_KNOWN_TO = 0.5
_CLEAR = 20.0
"""A rise of less than so many times the balance's repeatability has no duration."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When a bolus began and how long it took, extrapolated from its 5 % and 95 % points, in s of bench time."""

    start_s: float
    duration_s: float
    slope_g_s: float


def judge_bolus(view: View[BolusCase]) -> list[Measurand]:
    case = view.case
    volume = _judge_volume(view)
    judged = [volume, *_judge_duration(view, nothing_came=volume.verdict is Verdict.FAIL)]
    if case.hold_volume is not None:
        for name, phase in (("unintended volume before the dose", WAITING), ("unintended volume in the hold", "hold")):
            if view.record.has_phase(case.id, phase):
                judged.append(_judge_quiet(view, name, phase, case.hold_volume.interval))
    if case.after is not None:
        judged.append(_judge_interval(view, case.after))
    return judged


def _judge_volume(view: View[BolusCase]) -> Measurand:
    """From the mean before the bolus to the mean after the line has drained."""
    case = view.case
    before, after = last(view.series("baseline"), _LEVEL_S), last(view.series("drain"), _LEVEL_S)
    found, words = volume_between(view, before, after)
    low_ml, high_ml = (case.volume * (1 + side / 100) for side in case.volume_error.interval)
    label_ug_ml = view.conditions.label_ug_ml
    dose = f"{found.value * label_ug_ml:.3g} ug at the labelled {label_ug_ml:g} ug/mL; " if label_ug_ml else ""
    return judge("bolus volume", found, "mL", (low_ml, high_ml), view.conditions.rule, dose + words)


def timing(view: View[BolusCase], lag_s: float | None = None) -> Timing:
    """The 5/95 rule (fluid-delivery-test-methods, section 8), after the lag of line and balance is taken out.

    At 5 % the lag has not built up yet, at 95 % it has: left in, it would make every bolus look longer than it is.
    """
    conditions = view.conditions
    lag_s = conditions.lag_s if lag_s is None else lag_s
    sign, series = conditions.weighing.sign, view.series("baseline", "drain")
    risen = Series(series.moments_s, _without_lag(series.moments_s, sign * series.masses_g, lag_s))
    before_g = sign * last(view.series("baseline"), _LEVEL_S).mass_g
    gain_g = sign * last(view.series("drain"), _LEVEL_S).mass_g - before_g
    if gain_g < _CLEAR * conditions.weighing.balance.repeatability:
        raise BenchError("nothing rises above the noise where a bolus should be")
    low_s, high_s = (crossing_s(risen, before_g + share * gain_g) for share in (_LOW, _HIGH))
    duration_s = (high_s - low_s) / (_HIGH - _LOW)
    return Timing(low_s - _LOW * duration_s, duration_s, gain_g / duration_s)


def _without_lag(moments_s: FloatArray, masses_g: FloatArray, lag_s: float) -> FloatArray:
    """A first-order lag trails by lag * dm/dt; the slope is taken over two seconds, so that noise stays small."""
    if lag_s <= 0:
        return masses_g
    ahead_g, behind_g = (np.interp(moments_s + side * _SLOPE_S, moments_s, masses_g) for side in (1, -1))
    return np.asarray(masses_g + lag_s * (ahead_g - behind_g) / (2 * _SLOPE_S))


def duration_s(view: View[BolusCase], found: Timing) -> Estimate:
    """The duration with its budget (gravimetric-metrology, section 8, worked budget B)."""
    sheet, inputs = view.conditions.weighing.balance, Inputs()
    half_sample_s = 0.5 / view.conditions.rate_hz
    noise_s = sheet.repeatability / abs(found.slope_g_s) if found.slope_g_s else float("inf")
    ends_s = (
        inputs.rectangular("sampling, start (s)", 0.0, half_sample_s)
        + inputs.rectangular("sampling, end (s)", 0.0, half_sample_s)
        + inputs.rectangular("asymmetry of the balance's filter (s)", 0.0, sheet.response)
        + inputs.normal("mass noise at the crossings (s)", 0.0, noise_s * 2**0.5)
        + inputs.rectangular("rate of the clock (s)", 0.0, _CLOCK_RATE * found.duration_s)
        + inputs.rectangular("lag of line and balance, known to half (s)", 0.0, _lag_effect_s(view, found) * _LAG_KNOWN_TO)
    )
    return inputs.estimate(found.duration_s + ends_s)


def _lag_effect_s(view: View[BolusCase], found: Timing) -> float:
    """By how much the lag would have stretched the duration."""
    return abs(timing(view, 0.0).duration_s - found.duration_s)


def _judge_duration(view: View[BolusCase], *, nothing_came: bool) -> list[Measurand]:
    """Where nothing came there is nothing to time, and the volume has already said so."""
    case, rule = view.case, view.conditions.rule
    if case.duration is None and case.duration_error is None:
        return []
    try:
        found = duration_s(view, timing(view))
    except BenchError:
        if nothing_came:
            return []
        raise
    judged = []
    if case.duration is not None:
        judged.append(judge("bolus duration", found, "s", case.duration.interval, rule))
    if case.duration_error is not None:
        share = 100 / case.over
        error = Estimate(found.value * share - 100, found.expanded_uncertainty * share, found.coverage_factor, found.dof)
        judged.append(judge("bolus duration error", error, "%", case.duration_error.interval, rule))
    return judged


def _judge_quiet(view: View[BolusCase], name: str, phase: str, limits_ul: Interval) -> Measurand:
    """Volume over a phase in which nothing may flow."""
    series = view.series(phase)
    found, words = volume_between(view, first(series, _LEVEL_S), last(series, _LEVEL_S), per_ml=1000)
    return judge(name, found, "uL", limits_ul, view.conditions.rule, words)


def _judge_interval(view: View[BolusCase], after: After) -> Measurand:
    """From the start command of the earlier case to that of this one, in h."""
    inputs = Inputs()
    interval_s = start_command_s(view.record, view.case.id) - start_command_s(view.record, after.case)
    found = inputs.estimate((interval_s + inputs.rectangular("rate of the clock (s)", 0.0, _CLOCK_RATE * interval_s)) / 3600)
    limits_h = ((after.start_to_start - after.within) / 3600, (after.start_to_start + after.within) / 3600)
    return judge(f"start to start, after {after.case}", found, "h", limits_h, view.conditions.rule)


def start_command_s(record: Record, case: str) -> float:
    """When the pump was first told to run in a case. Raises BenchError when it never was."""
    starts = [event.at_s for event in record.of_kind("commanded", case) if event.data["rate_ml_h"] > 0]
    if not starts:
        raise BenchError(f"the record has no start of the pump in case {case}")
    return starts[0]
