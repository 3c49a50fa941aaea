"""Alarms: how many, and the empty syringe's alarm against the moment at which the flow really ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.masses import crossing_s, fit_line, last
from harness.analysis.view import View
from harness.cases import CaseBase, RunToEmptyCase
from harness.metrology.budget import Estimate, Inputs, exact
from harness.record import PREPARATION, Event, Series
from harness.verdicts import Measurand, Verdict, judge
from instruments.errors import BenchError

_LEVEL_S = 60.0
_FROM, _TO = 0.2, 0.8
_LAG_KNOWN_TO = 0.5
_EMPTY = ("stall", "empty")
"""What a pump says of an empty reservoir: a syringe pump that its motor stalls, an implantable one that it is empty."""
_LOW = "low-reservoir"
WATCHDOG = "watchdog"


@dataclass(frozen=True, slots=True)
class End:
    """When the flow ended by the balance, and how fast the mass rose before."""

    moment_s: float
    slope_g_s: float


def judge_run_to_empty(view: View[RunToEmptyCase]) -> list[Measurand]:
    """One alarm, at the right moment; and the syringe really was empty."""
    case, rule = view.case, view.conditions.rule
    alarms = [alarm for alarm in view.record.of_kind("alarm", case.id) if alarm.data["kind"] in _EMPTY]
    words = _in_words(alarms)
    judged = [judge("reservoir alarms", exact(len(alarms)), "1", (1.0, 1.0), rule, words or "none came")]
    if case.residual_volume is not None:
        judged.append(judge("residual volume", residual_ul(view), "uL", case.residual_volume.interval, rule))
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
    return [judge("alarm latency", found, "s", view.case.alarm_latency.interval, view.conditions.rule)]


def unexpected_alarms(view: View[CaseBase]) -> list[Measurand]:
    """Alarms that a case should not have; listed only when there are any. The watchdog's is the bench's fault, not the pump's."""
    wanted = (*_EMPTY, _LOW) if isinstance(view.case, RunToEmptyCase) else ()
    found = view.record.of_kind("alarm", view.case.id)
    alarms = [alarm for alarm in found if alarm.data["kind"] not in (*wanted, WATCHDOG)]
    return [judge("unexpected alarms", exact(len(alarms)), "1", (0.0, 0.0), "simple", _in_words(alarms))] if alarms else []


def _in_words(alarms: Sequence[Event]) -> str:
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
    conditions, inputs = view.conditions, Inputs()
    end = end_of_flow(view.series("run", "plateau"), conditions.weighing.sign)
    sheet = conditions.weighing.balance
    mass_g = (2 * sheet.repeatability**2 + (sheet.readability**2) / 6) ** 0.5
    since_s = alarm.data["since_us"] / 1e6
    heard = inputs.rectangular("between two polls (s)", (since_s + alarm.at_s) / 2, (alarm.at_s - since_s) / 2)
    level = inputs.normal("masses at the end of flow (s)", 0.0, mass_g / abs(end.slope_g_s))
    lag = inputs.rectangular("lag of line and balance (s)", conditions.lag_s, conditions.lag_s * _LAG_KNOWN_TO)
    return inputs.estimate(heard - (end.moment_s - lag + level))


def residual_ul(view: View[RunToEmptyCase]) -> Estimate:
    """What was filled in, less everything that was weighed since the bench was prepared."""
    conditions, inputs = view.conditions, Inputs()
    begin = last(view.record.series(view.record.phase(PREPARATION, "blank")), _LEVEL_S)
    end = last(view.series("plateau"), _LEVEL_S)
    elapsed_s = end.moment_s - begin.moment_s
    delivered = conditions.weighing.volume_ml(inputs, end.mass_g - begin.mass_g, elapsed_s, view.evaporation)
    filled = inputs.normal("filled volume (mL)", conditions.filled_ml, conditions.filled_u_ml)
    return inputs.estimate((filled - delivered) * 1000)
