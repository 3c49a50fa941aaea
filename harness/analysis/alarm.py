"""Alarms: how many, and the empty syringe's alarm against the moment at which the flow really ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.masses import crossing_s, fit_line, last
from harness.analysis.view import Conditions, View
from harness.cases import CaseBase, RunToEmptyCase
from harness.cases.python import EXPECTATION
from harness.metrology.budget import Estimate, Inputs, evaluate, exact, scaled
from harness.metrology.density import Number
from harness.metrology.volume import Level
from harness.record import BLANK, PREPARATION, Event, Series
from harness.verdicts import Measurand, Verdict, judge
from instruments.errors import BenchError

_LEVEL_S = 60.0
_FROM, _TO = 0.2, 0.8
_EMPTY = ("stall", "empty")
"""What a pump says of an empty reservoir: a syringe pump that its motor stalls, an implantable one that it is empty."""
WATCHDOG = "watchdog"


@dataclass(frozen=True, slots=True)
class End:
    """When the flow ended by the balance, and how fast the mass rose before."""

    moment_s: float
    slope_g_s: float


def judge_run_to_empty(view: View[RunToEmptyCase]) -> list[Measurand]:
    """One alarm, at the right moment; and the syringe really was empty."""
    case = view.case
    alarms = [alarm for alarm in view.record.of_kind("alarm", case.id) if alarm.data["kind"] in _EMPTY]
    words = in_words(alarms)
    judged = [judge("reservoir alarms", exact(len(alarms)), "1", (1.0, 1.0), "simple", words or "none came")]
    if case.residual_volume is not None:
        judged.append(view.judge("residual volume", residual_ul(view), "uL", case.residual_volume))
    failed = any(found.verdict is Verdict.FAIL for found in judged)
    return judged + (_judge_latency(view, alarms[0], nothing_came=failed) if alarms else [])


def _judge_latency(view: View[RunToEmptyCase], alarm: Event, *, nothing_came: bool) -> list[Measurand]:
    """Where nothing flowed there is no end of flow, and another measurand has already said so."""
    try:
        found = latency_s(view, alarm)
    except BenchError:
        if nothing_came:
            return []
        raise BenchError(
            "nothing flowed: the syringe was empty before it was run to empty, so its alarm cannot be timed"
        ) from None
    return [view.judge("alarm latency", found, "s", view.case.alarm_latency)]


def unexpected_alarms(view: View[CaseBase]) -> list[Measurand]:
    """Alarms that a case should not have; listed only when there are any. The watchdog's is the bench's fault, not the pump's."""
    counted = [event.data.get("alarm") for event in view.record.of_kind(EXPECTATION, view.case.id)]
    found = view.record.of_kind("alarm", view.case.id)
    alarms = [alarm for alarm in found if alarm.data["kind"] not in (*view.case.alarms, *counted, WATCHDOG)]
    return [judge("unexpected alarms", exact(len(alarms)), "1", (0.0, 0.0), "simple", in_words(alarms))] if alarms else []


def in_words(alarms: Sequence[Event]) -> str:
    return ", ".join(f"{alarm.data['word']} at {alarm.at_s:.1f} s" for alarm in alarms)


def end_of_flow(series: Series, sign: int) -> End:
    """Where the straight rise meets the plateau: independent of when the pump noticed anything."""
    rising = Series(series.moments_s, sign * series.masses_g)
    start_g, plateau_g = float(rising.masses_g[:10].mean()), last(rising, _LEVEL_S).mass_g
    share = (plateau_g - start_g) * _FROM, (plateau_g - start_g) * _TO
    low_s, high_s = (crossing_s(rising, start_g + part) for part in share)
    slope_g_s = fit_line(rising.between(low_s, high_s)).slope_g_s
    return End(high_s + (plateau_g - start_g - share[1]) / slope_g_s, slope_g_s)


def latency_s(view: View[RunToEmptyCase], alarm: Event) -> Estimate:
    """Alarm minus end of flow. The alarm lies between the last poll without it and the one that brought it."""
    end = end_of_flow(view.series("run", "plateau"), view.conditions.weighing.sign)
    return latency_of(view.conditions, (alarm.data["since_us"] / 1e6, alarm.at_s), end)


def latency_of(conditions: Conditions, polls_s: tuple[float, float], end: End) -> Estimate:
    """The same, for an alarm that came between two polls."""
    level_s = conditions.weighing.reading_g() * 2**0.5 / abs(end.slope_g_s)
    wetting_s = 2 * conditions.weighing.needle.capillary / abs(end.slope_g_s)
    early_s, late_s = polls_s

    def model(inputs: Inputs) -> Number:
        heard_s = inputs.rectangular("between two polls (s)", (early_s + late_s) / 2, (late_s - early_s) / 2)
        level = inputs.normal("masses at the end of flow (s)", 0.0, level_s)
        wetting = inputs.triangular("wetting of the needle (s)", 0.0, wetting_s)
        trailing_s = sum(
            inputs.rectangular(f"{lag.source} (s)", lag.lag_s, lag.half_width_s) for lag in conditions.corrected_lags
        )
        return heard_s - (end.moment_s - trailing_s + level + wetting)

    return evaluate(model)


def residual_ul(view: View[RunToEmptyCase]) -> Estimate:
    """What was filled in, less everything that was weighed since the bench was prepared."""
    begin = last(view.within(view.record.phase(PREPARATION, BLANK)), _LEVEL_S)
    return residual_of(view, begin, last(view.series("plateau"), _LEVEL_S))


def residual_of(view: View[RunToEmptyCase], begin: Level, end: Level) -> Estimate:
    """The same, between two levels."""
    conditions = view.conditions

    def left_ml(inputs: Inputs) -> Number:
        delivered_ml = conditions.weighing.volume_ml(inputs, begin, end, view.evaporation)
        return inputs.normal("filled volume (mL)", conditions.filled_ml, conditions.filled_u_ml) - delivered_ml

    return scaled(evaluate(left_ml), 1000)
