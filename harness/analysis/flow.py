"""Mean flow over a period, and what flows when nothing should."""

from __future__ import annotations

import math
from itertools import pairwise

from harness.analysis.delivery import no_delivery
from harness.analysis.masses import Level, first, fit_line, last, volume_between
from harness.analysis.view import View
from harness.cases import CaseBase, PumpOffCase, SteadyFlowCase
from harness.metrology.budget import Estimate, Inputs, exact
from harness.metrology.density import Number
from harness.record import Series
from harness.verdicts import Measurand, judge

_END_SHARE = 0.02
_END_S = 60.0
_STAMP_S = 0.05
_STEADY_U = 3.0
_HELD = 3.0
"""Lags whose flow a line may give when its pump has stopped."""


def judge_steady_flow(view: View[SteadyFlowCase]) -> list[Measurand]:
    """Flow error in percent of the set rate: two-point with averaged ends; the regression is a diagnostic beside it."""
    case, series, inputs = view.case, view.series("flow"), Inputs()
    flow_ml_h, words = _flow_ml_h(view, inputs, series)
    found = inputs.estimate((flow_ml_h / case.rate - 1) * 100)
    detail = f"{_diagnosis(view, series, found)}; {words}"
    judged = [judge("flow error", found, "%", case.flow_error.interval, view.conditions.rule, detail), *_standing_still(view)]
    if case.no_delivery is not None:
        judged.append(no_delivery(view, view.phase("flow"), case.no_delivery))
    return judged


def _standing_still(view: View[SteadyFlowCase]) -> list[Measurand]:
    """The pump said that it stands while it was told to run; listed only when it did."""
    period = view.phase("flow")
    stops = [event for event in view.record.of_kind("pump", view.case.id) if not event.data["running"]]
    within = [event for event in stops if event.at_s <= period.end_s]
    words = ", ".join(f"{event.data['word']} at {event.at_s:.0f} s" for event in within)
    return [judge("stops of its own accord", exact(len(within)), "1", (0.0, 0.0), "simple", words)] if within else []


def judge_pump_off(view: View[PumpOffCase]) -> list[Measurand]:
    """Flow while the pump is off, in uL/h, corrected for evaporation."""
    inputs = Inputs()
    flow_ml_h, words = _flow_ml_h(view, inputs, view.series("off"))
    found = inputs.estimate(flow_ml_h * 1000)
    judged = judge("flow when off", found, "uL/h", view.case.flow.interval, view.conditions.rule, words)
    return [judged, *_while_settling(view)]


def _while_settling(view: View[PumpOffCase]) -> list[Measurand]:
    """What came between the stop and the time that is judged, listed where it is more than the line held back."""
    if not view.record.has_phase(view.case.id, "settle"):
        return []
    settle = view.phase("settle")
    most_ul = _held_ul(view, settle.start_s) + view.case.flow.within * settle.duration_s / 3600
    found, words = volume_between(view, *ends(view.series("settle")), per_ml=1000)
    if found.value - found.expanded_uncertainty <= most_ul:
        return []
    return [judge("volume while settling", found, "uL", (None, most_ul), view.conditions.rule, words)]


def _held_ul(view: View[PumpOffCase], moment_s: float) -> float:
    """What the line may still give at a moment after the pump was stopped."""
    told = [(event.at_s, float(event.data["rate_ml_h"])) for event in view.record.of_kind("commanded") if event.at_s < moment_s]
    lag_s, held_ul = view.conditions.lag_s, 0.0
    for (_, rate_ml_h), (end_s, _) in pairwise([*told, (moment_s, 0.0)]):
        held_ul += _HELD * lag_s * rate_ml_h / 3.6 * math.exp((end_s - moment_s) / lag_s) if lag_s else 0.0
    return held_ul


def ends(series: Series) -> tuple[Level, Level]:
    """Averaged ends of a series: at most 2 % of its time each, at most a minute."""
    span_s = min(_END_S, _END_SHARE * float(series.moments_s[-1] - series.moments_s[0])) if len(series) else 0.0
    return first(series, span_s), last(series, span_s)


def _flow_ml_h(view: View[CaseBase], inputs: Inputs, series: Series) -> tuple[Number, str]:
    """Mean flow between the averaged ends, and the numbers it was made of."""
    (begin, end), weighing = ends(series), view.conditions.weighing
    elapsed_s = end.moment_s - begin.moment_s
    volume = weighing.volume_ml(inputs, end.mass_g - begin.mass_g, elapsed_s, view.evaporation)
    stamps = inputs.rectangular("elapsed time, two stamps (s)", 0.0, _STAMP_S * 2**0.5)
    words = weighing.in_words(begin.mass_g, end.mass_g, elapsed_s, view.evaporation)
    return volume / (elapsed_s + stamps) * 3600, words


def _diagnosis(view: View[SteadyFlowCase], series: Series, found: Estimate) -> str:
    """What the least-squares line says, and whether it disagrees by more than three standard uncertainties."""
    line, inputs = fit_line(series), Inputs()
    elapsed_s = 3600.0
    flow_ml_h = view.conditions.weighing.volume_ml(inputs, line.slope_g_s * elapsed_s, elapsed_s, view.evaporation)
    error_pct = (inputs.estimate(flow_ml_h).value / view.case.rate - 1) * 100
    steady = abs(error_pct - found.value) <= _STEADY_U * found.expanded_uncertainty / found.coverage_factor
    return f"regression: {error_pct:+.3f} %" + ("" if steady else " (disagrees: the flow was not steady)")
