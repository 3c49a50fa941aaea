"""What a line holds, when and how fast it was filled, and whether it lets anything go."""

from __future__ import annotations

import numpy as np

from harness.analysis.bolus import LEVEL_S, start_command_s
from harness.analysis.curve import Curve
from harness.analysis.flow import flow_error
from harness.analysis.latency import straight
from harness.analysis.masses import crossing_s, curve_of, last, volume_between
from harness.analysis.view import View, trailing_s
from harness.cases import LeakCase, PrimeCase
from harness.judges.steps import pressures_of
from harness.metrology.budget import Estimate, Inputs, evaluate, exact, scaled
from harness.metrology.density import Number
from harness.metrology.rules import worst
from harness.record import FloatArray, Series
from harness.verdicts import Measurand, Verdict, judge

_FROM, _TO = 0.2, 0.8
"""Of what comes in a priming: the part in which it flows evenly."""
FURTHEST = "furthest from the programme while priming"
_ENDS = 5
"""Readings of the transducer that are averaged at both ends of a hold."""


# --- priming ---


def judge_prime(view: View[PrimeCase]) -> list[Measurand]:
    """How much was primed, how evenly, into how large a dead volume; and the flow after it.

    Behind a surge, or where hardly anything came, the first drop says nothing of the line.
    """
    case = view.case
    primed, words = volume_between(view, last(view.series("before"), LEVEL_S), last(view.series("filled"), LEVEL_S))
    told = f"{case.dead_ml:g} mL of it stay in the line; {words}"
    judged = [view.judge("primed volume error", primed_error_pct(case, primed), "%", case.volume_error, told)]
    curve, begin_s = curve_of(view, view.series("before", "filled")), start_command_s(view.record, case.id)
    whole, then_s = curve_of(view, view.series("before", "settle")), view.phase("settle").start_s
    judged.append(view.judge(FURTHEST, course_ul(view, whole, begin_s, then_s), "uL", case.course))
    if case.dead_volume is not None and all(found.verdict is not Verdict.FAIL for found in judged):
        found_ml = dead_ml(view, curve, begin_s)
        told = f"{found_ml.value:.4g} mL, {case.dead_ml:g} mL are declared"
        judged.append(view.judge("dead volume error", scaled(found_ml, 100 / case.dead_ml, -100), "%", case.dead_volume, told))
    judged.append(flow_error(view, "flow error after priming", view.series("flow"), case.flow_rate, case.flow_error))
    return judged


def primed_error_pct(case: PrimeCase, weighed: Estimate) -> Estimate:
    """Of all that was to be primed, what stays in the line among it."""
    return scaled(weighed, 100 / case.volume, 100 * (case.dead_ml / case.volume - 1))


def course_ul(view: View[PrimeCase], curve: Curve, begin_s: float, then_s: float = np.inf) -> Estimate:
    """Ahead of what was commanded (above 0) or behind it, where it is furthest; in uL. The pump began at ``begin_s``.

    From ``then_s`` on it infuses: one that is still priming then gives a dose that nobody has asked for.
    """
    case, (lag_s, half_s) = view.case, trailing_s(view.conditions)
    came_ml = curve.volumes_ml - curve.between(begin_s - LEVEL_S, begin_s).volumes_ml.mean()
    pushed_ml = np.clip((curve.moments_s - begin_s - lag_s) * case.rate / 3600, 0.0, case.volume)
    infused_ml = np.maximum(0.0, curve.moments_s - then_s - lag_s) * case.flow_rate / 3600
    apart_ml = came_ml - np.maximum(0.0, pushed_ml - case.dead_ml) - infused_ml
    at = worst((apart_ml * 1000).tolist(), case.course.interval)
    elapsed_h = (float(curve.moments_s[at]) - begin_s) / 3600

    def model(inputs: Inputs) -> Number:
        noise_ml = inputs.normal("two readings (mL)", 0.0, 2**0.5 * curve.u_point_ml)
        common = 1 + inputs.normal("alike for all volumes (%)", 0.0, curve.u_common_pct) / 100
        flow_ml = inputs.normal("flow alike at all moments (mL/h)", 0.0, curve.u_flow_ml_h) * elapsed_h
        lag_ml = inputs.rectangular("lag of line and balance (s)", 0.0, half_s) * case.rate / 3600
        return 1000 * (float(apart_ml[at]) + noise_ml + float(came_ml[at]) * (common - 1) + flow_ml + lag_ml)

    return evaluate(model)


def dead_ml(view: View[PrimeCase], curve: Curve, begin_s: float) -> Estimate:
    """The even flow behind the first drop, followed back to the start of the pump: it was that far behind then."""
    lag_s, half_s = trailing_s(view.conditions)
    before_ml, after_ml = (
        float(part.volumes_ml.mean())
        for part in (curve.between(begin_s - LEVEL_S, begin_s), curve.between(curve.moments_s[-1] - LEVEL_S, np.inf))
    )
    line = straight(_even(curve, before_ml, after_ml))
    back_s = line.middle_s - begin_s - lag_s

    def model(inputs: Inputs) -> Number:
        level_ml = line.level_ml + inputs.normal("level of the even flow (mL)", 0.0, line.u_level_ml, line.dof)
        slope_ml_s = inputs.normal("slope of the even flow (mL/s)", line.slope_ml_s, line.u_slope_ml_s, line.dof)
        noise_ml = inputs.normal("level before (mL)", 0.0, curve.u_point_ml)
        trailing = inputs.rectangular("lag of line and balance (s)", 0.0, half_s)
        common = 1 + inputs.normal("alike for all volumes (%)", 0.0, curve.u_common_pct) / 100
        return (before_ml + noise_ml - level_ml + slope_ml_s * (back_s + trailing)) * common

    return evaluate(model)


def _even(curve: Curve, before_ml: float, after_ml: float) -> Curve:
    gain_ml, came = after_ml - before_ml, Series(curve.moments_s, curve.volumes_ml)
    low_s, high_s = (crossing_s(came, before_ml + part * gain_ml) for part in (_FROM, _TO))
    return curve.between(low_s, high_s)


# --- leak ---


def judge_leak(view: View[LeakCase]) -> list[Measurand]:
    """The pressure is reached, and held; and all that the pump counted has come."""
    case, pressures = view.case, pressures_of(view)
    reached_kpa = float(pressures.during(view.phase("pressurise")).max(initial=0.0))
    reached = judge("pressure reached", exact(reached_kpa), "kPa", (case.pressure, None), "simple", f"within {case.within:g} s")
    if reached.verdict is not Verdict.PASS:
        return [reached, _accounted(view)]
    loss = loss_kpa(pressures.during(view.phase("hold")), pressures.u_kpa)
    return [reached, view.judge("pressure loss in the hold", loss, "kPa", case.pressure_loss), _accounted(view)]


def loss_kpa(held_kpa: FloatArray, u_kpa: float) -> Estimate:
    """From the beginning of a hold to its end; it is not taken for granted that the transducer errs alike at both."""

    def model(inputs: Inputs) -> Number:
        first_kpa = inputs.normal("transducer, first readings (kPa)", float(held_kpa[:_ENDS].mean()), u_kpa)
        return first_kpa - inputs.normal("transducer, last readings (kPa)", float(held_kpa[-_ENDS:].mean()), u_kpa)

    return evaluate(model)


def _accounted(view: View[LeakCase]) -> Measurand:
    """What was weighed from before the infusion to after the opening, against what the pump says it has infused."""
    totals_ml = [float(event.data["told_ml"]) for event in view.record.of_kind("infused", view.case.id)]
    told_ml = totals_ml[-1] - totals_ml[0] if totals_ml else 0.0
    if not told_ml > 0:
        return judge("volume that the pump counted", exact(told_ml), "mL", (view.case.weighed_ml / 2, None), "simple")
    weighed, words = volume_between(view, last(view.series("before"), LEVEL_S), last(view.series("release"), LEVEL_S))
    error, detail = scaled(weighed, 100 / told_ml, -100), f"the pump counted {told_ml:.4g} mL; {words}"
    return view.judge("weighed against counted", error, "%", view.case.volume_error, detail)
