"""What a run will be able to tell: the uncertainty of each limit's measurand on a bench, before anything moves.

The budgets are the analysis's own, at the values that the plan asks for and with the noise that the bench file states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.signal import lfilter

from harness.analysis.alarm import End, latency_of, residual_of
from harness.analysis.bolus import LEVEL_S
from harness.analysis.flow import end_span_s, mean_flow
from harness.analysis.masses import volume_between
from harness.analysis.timing import Rise, duration_s, rise_of
from harness.analysis.view import Conditions, View
from harness.cases import BolusCase, Limit, PumpOffCase, RunToEmptyCase, SteadyFlowCase
from harness.metrology.budget import Estimate, scaled
from harness.metrology.rules import Interval, Spread, reachable, uncertainty_ratio
from harness.metrology.volume import Evaporation, Level
from harness.plan import Plan
from harness.procedures.bolus import BASELINE_S, DRAIN_S
from harness.record import Record, Series
from instruments.readings import Readings

_STEP_S = 0.1
_NO_READINGS = Readings(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0, dtype=np.uint8))
_NOTHING = Record("", "forecast", _NO_READINGS, ())


@dataclass(frozen=True, slots=True)
class Forecast:
    """One limit of one case: the expanded uncertainty that is to be expected, and whether any value could pass.

    ``tur`` is the test uncertainty ratio, None for a limit with an open side, and where nothing is uncertain; ``largest`` the
    source that contributes most.
    """

    case: str
    measurand: str
    unit: str
    expanded_uncertainty: float
    limits: Interval
    rule: str
    tur: float | None
    reachable: bool
    largest: str


def forecasts(plan: Plan, conditions: Conditions) -> list[Forecast]:
    """For every limit that has a budget."""
    return [_forecast(case.id, *foreseen, conditions) for case in plan.cases for foreseen in _foreseen(case, plan, conditions)]


def warnings(plan: Plan, conditions: Conditions, foreseen: Sequence[Forecast]) -> list[str]:
    """What the plan cannot find out on this bench, and what stands in its way."""
    return [
        f"case {found.case}: {found.measurand}: with U = {found.expanded_uncertainty:.2g} {found.unit} to be expected, no value "
        f"can PASS by rule {found.rule!r}, it can only be INCONCLUSIVE; most of U is {found.largest}"
        for found in foreseen
        if not found.reachable
    ] + [
        f"case {case.id}: {mass_g * 1000:.3g} mg will be weighed, less than the balance's minimum weight of {least_g * 1000:g} mg"
        for case in plan.cases
        if 0 < (mass_g := _weighed_g(case, conditions)) < (least_g := conditions.weighing.balance.least_g)
    ]


Foreseen = tuple[str, str, Estimate, Interval, Limit]
"""Measurand, unit, estimate, limits, and the limit with its rule."""


def _forecast(
    case: str, measurand: str, unit: str, found: Estimate, limits: Interval, limit: Limit, told: Conditions
) -> Forecast:
    spread, rule = Spread.of(found), limit.rule or told.rule
    largest = max(found.budget, key=lambda row: row.contribution, default=None)
    return Forecast(
        case,
        measurand,
        unit,
        found.expanded_uncertainty,
        limits,
        rule,
        uncertainty_ratio(spread, limits) if found.expanded_uncertainty else None,
        reachable(limits, spread, rule),
        largest.source if largest else "",
    )


def _foreseen(case: Any, plan: Plan, conditions: Conditions) -> Iterator[Foreseen]:
    seen = _CASES.get(type(case))
    if seen is not None:
        yield from seen(case, _view(case, plan, conditions))


def _view(case: Any, plan: Plan, conditions: Conditions) -> View[Any]:
    """With the evaporation as its blanks will tell it: its line as straight as the noise lets it be."""
    weighing, blank_s = conditions.weighing, plan.file.preparation.blank
    readings = blank_s * conditions.rate_hz
    line_g_h = weighing.reading_g() * (12 / readings) ** 0.5 / blank_s * 3600
    drift_g_h = 0.0 if case.blank else weighing.balance.drift / 3**0.5
    left_out_g_h = 0.0 if weighing.corrections.evaporation else weighing.vessel.evaporation_at_most
    loss = Evaporation(left_out_g_h, float(np.hypot(line_g_h, drift_g_h)), float("inf"), "blank", holds_drift=bool(case.blank))
    return View(_NOTHING, case, conditions, loss)


def _levels(view: View[Any], volume_ml: float, elapsed_s: float, span_s: float) -> tuple[Level, Level]:
    count = max(1, round(span_s * view.conditions.rate_hz))
    gained_g = view.conditions.weighing.sign * volume_ml / view.conditions.weighing.factor_ml_g()
    return Level(0.0, 0.0, count), Level(elapsed_s, gained_g, count)


def _bolus(case: BolusCase, view: View[BolusCase]) -> Iterator[Foreseen]:
    found, _ = volume_between(view, *_levels(view, case.volume, case.over + DRAIN_S, LEVEL_S))
    yield "bolus volume", "%", scaled(found, 100 / case.volume, -100), case.volume_error.interval, case.volume_error
    duration = duration_s(view.conditions, _rise(case, view.conditions))
    if case.duration is not None:
        yield "bolus duration", "s", duration, case.duration.interval, case.duration
    if case.duration_error is not None:
        error = scaled(duration, 100 / case.over, -100)
        yield "bolus duration error", "%", error, case.duration_error.interval, case.duration_error
    if case.hold_volume is not None:
        hold, _ = volume_between(view, *_levels(view, 0.0, case.hold, LEVEL_S), per_ml=1000)
        yield "unintended volume in the hold", "uL", hold, case.hold_volume.interval, case.hold_volume


def _rise(case: BolusCase, conditions: Conditions) -> Rise:
    """The bolus as the balance would show it behind all lags, without noise."""
    moments_s = np.arange(0.0, BASELINE_S + case.over + DRAIN_S, _STEP_S)
    masses_g = np.clip((moments_s - BASELINE_S) / case.over, 0, 1) * case.volume / conditions.weighing.factor_ml_g()
    for lag in conditions.corrected_lags:
        keep = np.exp(-_STEP_S / lag.lag_s) if lag.lag_s > 0 else 0.0
        masses_g = np.asarray(lfilter([1 - keep], [1, -keep], masses_g))
    return rise_of(Series(moments_s, masses_g), LEVEL_S)


def _steady(case: SteadyFlowCase, view: View[SteadyFlowCase]) -> Iterator[Foreseen]:
    volume_ml = case.rate * case.duration / 3600
    found, _ = mean_flow(view, *_levels(view, volume_ml, case.duration, end_span_s(case.duration)))
    yield "flow error", "%", scaled(found, 100 / case.rate, -100), case.flow_error.interval, case.flow_error


def _off(case: PumpOffCase, view: View[PumpOffCase]) -> Iterator[Foreseen]:
    found, _ = mean_flow(view, *_levels(view, 0.0, case.duration, end_span_s(case.duration)))
    yield "flow when off", "uL/h", scaled(found, 1000), case.flow.interval, case.flow


def _empty(case: RunToEmptyCase, view: View[RunToEmptyCase]) -> Iterator[Foreseen]:
    slope_g_s = case.rate / 3600 / view.conditions.weighing.factor_ml_g()
    latency = latency_of(view.conditions, (0.0, case.poll), End(0.0, slope_g_s))
    yield "alarm latency", "s", latency, case.alarm_latency.interval, case.alarm_latency
    if case.residual_volume is not None:
        filled_ml = view.conditions.filled_ml
        left = residual_of(view, *_levels(view, filled_ml, filled_ml / case.rate * 3600, LEVEL_S))
        yield "residual volume", "uL", left, case.residual_volume.interval, case.residual_volume


_CASES: Mapping[type, Callable[[Any, View[Any]], Iterator[Foreseen]]] = {
    BolusCase: _bolus,
    SteadyFlowCase: _steady,
    PumpOffCase: _off,
    RunToEmptyCase: _empty,
}


def _weighed_g(case: Any, conditions: Conditions) -> float:
    """What a case weighs in; 0 where nothing is to flow."""
    match case:
        case BolusCase():
            volume_ml = case.volume
        case SteadyFlowCase():
            volume_ml = case.rate * case.duration / 3600
        case _:
            volume_ml = 0.0
    return volume_ml / conditions.weighing.factor_ml_g()
