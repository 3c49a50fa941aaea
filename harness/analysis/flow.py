"""Mean flow over a period, and what flows when nothing should."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.analysis.blank import loss_mg_h
from harness.analysis.delivery import no_delivery
from harness.analysis.masses import Line, first, fit_line, last, volume_between
from harness.analysis.view import Named, View
from harness.cases import Limit, PumpOffCase, SteadyFlowCase
from harness.metrology.budget import Estimate, Inputs, evaluate, exact, scaled, value_of
from harness.metrology.density import Number
from harness.metrology.volume import Level
from harness.record import BLANK, Period, Series
from harness.verdicts import Measurand, judge

_END_SHARE = 0.02
_END_S = 60.0
_STAMP_S = 0.05
_STEADY_U = 3.0
_GOES_ON = 0.1
_HELD = 3.0
"""Lags whose flow a line may give when its pump has stopped."""


def judge_steady_flow(view: View[SteadyFlowCase]) -> list[Measurand]:
    """Flow error in percent of the set rate: two-point with averaged ends; the regression is a diagnostic beside it."""
    case = view.case
    judged = [flow_error(view, "flow error", view.series("flow"), case.rate, case.flow_error)]
    judged += [*standing_still(view, view.phase("flow")), *after_the_stop(view, case.rate, case.flow_error)]
    if case.no_delivery is not None:
        judged.append(no_delivery(view, view.phase("flow"), case.no_delivery))
    return judged


def flow_error(view: View[Named], name: str, series: Series, rate_ml_h: float, limit: Limit) -> Measurand:
    """Mean flow over a series against a set rate, in percent of it."""
    found, words = mean_flow(view, *ends(series))
    detail = f"{_in_words(diagnosis(view, series, found), rate_ml_h)}; {words}"
    return view.judge(name, scaled(found, 100 / rate_ml_h, -100), "%", limit, detail)


def standing_still(view: View[Named], period: Period) -> list[Measurand]:
    """The pump said that it stands while it was told to run, by the end of a period; listed only when it did."""
    stops = [event for event in view.record.of_kind("pump", view.case.id) if not event.data["running"]]
    within = [event for event in stops if event.at_s <= period.end_s]
    words = ", ".join(f"{event.data['word']} at {event.at_s:.0f} s" for event in within)
    return [judge("stops of its own accord", exact(len(within)), "1", (0.0, 0.0), "simple", words)] if within else []


def judge_pump_off(view: View[PumpOffCase]) -> list[Measurand]:
    """Flow while the pump is off, in uL/h, corrected for evaporation."""
    found, words = mean_flow(view, *ends(view.series("off")))
    judged = [view.judge("flow when off", scaled(found, 1000), "uL/h", view.case.flow, words)]
    return [*judged, *_evaporated(view), *_while_settling(view)]


def _evaporated(view: View[PumpOffCase]) -> list[Measurand]:
    if view.case.evaporation is None:
        return []
    line = fit_line(view.series("off"))
    found = loss_mg_h(view.conditions, -line.slope_g_s * 3600, line.u_g_s * 3600)
    return [view.judge("evaporation", found, "mg/h", view.case.evaporation, "by the readings of this case alone")]


def _while_settling(view: View[PumpOffCase]) -> list[Measurand]:
    """What came between the stop and the time that is judged."""
    limit = view.case.flow
    return went_on(view, "volume while settling", ("settle",), limit.most, view.rule(limit))


def after_the_stop(
    view: View[Named], rate_ml_h: float, limit: Limit, phases: Sequence[str] = ("relax", BLANK)
) -> list[Measurand]:
    """What came while the line relaxed, and in the blank. A tenth of the set rate is no drift of a balance: the flow went on."""
    return went_on(view, "volume after the stop", phases, _GOES_ON * rate_ml_h * 1000, view.rule(limit))


def went_on(view: View[Named], name: str, phases: Sequence[str], flow_ul_h: float, rule: str) -> list[Measurand]:
    """The volume of phases in which the pump stands, listed where it is more than the line held back and ``flow_ul_h`` allow."""
    if not all(view.record.has_phase(view.case.id, phase) for phase in phases):
        return []
    period = view.span(*phases)
    if period.duration_s == 0:
        return []
    most_ul = _held_ul(view, period.start_s) + flow_ul_h * period.duration_s / 3600
    found, words = volume_between(view, *ends(view.series(*phases)), per_ml=1000)
    if found.value - found.expanded_uncertainty <= most_ul:
        return []
    return [judge(name, found, "uL", (None, most_ul), rule, words)]


def _held_ul(view: View[Named], moment_s: float) -> float:
    """What the line may still give at a moment after the pump was stopped."""
    told = [(event.at_s, float(event.data["rate_ml_h"])) for event in view.record.of_kind("commanded") if event.at_s < moment_s]
    lag_s, held_ul = view.conditions.lag_s, 0.0
    for (_, rate_ml_h), (end_s, _) in pairwise([*told, (moment_s, 0.0)]):
        held_ul += _HELD * lag_s * rate_ml_h / 3.6 * math.exp((end_s - moment_s) / lag_s) if lag_s else 0.0
    return held_ul


def ends(series: Series) -> tuple[Level, Level]:
    """Averaged ends of a series: at most 2 % of its time each, at most a minute."""
    span_s = end_span_s(float(series.moments_s[-1] - series.moments_s[0])) if len(series) else 0.0
    return first(series, span_s), last(series, span_s)


def end_span_s(duration_s: float) -> float:
    """How much of either end of a period is averaged (gravimetric-metrology, section 7)."""
    return min(_END_S, _END_SHARE * duration_s)


def mean_flow(view: View[Named], begin: Level, end: Level) -> tuple[Estimate, str]:
    """Mean flow in mL/h between two levels, and the numbers it was made of (gravimetric-metrology, sections 1 and 7)."""
    weighing, elapsed_s = view.conditions.weighing, end.moment_s - begin.moment_s

    def flow_ml_h(inputs: Inputs) -> Number:
        volume_ml = weighing.volume_ml(inputs, begin, end, view.evaporation)
        return volume_ml / (elapsed_s + inputs.triangular("elapsed time, two stamps (s)", 0.0, 2 * _STAMP_S)) * 3600

    return evaluate(flow_ml_h), weighing.in_words(begin, end, view.evaporation)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the least-squares line says beside the two-point flow. ``steady``: both agree within three standard uncertainties."""

    line: Line
    flow_ml_h: float
    steady: bool


def diagnosis(view: View[Named], series: Series, found: Estimate) -> Diagnosis:
    """Where flow has a trend or steps, the line is not its mean (gravimetric-metrology, section 7)."""
    line, hour_s = fit_line(series), 3600.0
    ends_of_it = Level(0.0, 0.0), Level(hour_s, line.slope_g_s * hour_s)
    flow_ml_h = value_of(lambda inputs: view.conditions.weighing.volume_ml(inputs, *ends_of_it, view.evaporation))
    return Diagnosis(line, flow_ml_h, abs(flow_ml_h - found.value) <= _STEADY_U * found.u)


def _in_words(told: Diagnosis, rate_ml_h: float) -> str:
    disagrees = "" if told.steady else " (disagrees: the flow was not steady)"
    return f"regression: {(told.flow_ml_h / rate_ml_h - 1) * 100:+.3f} %{disagrees}"
