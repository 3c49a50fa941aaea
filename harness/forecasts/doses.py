"""Forecasts for boluses that belong together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.analysis.boluses import bolus_statistics
from harness.analysis.flow import end_span_s, mean_flow
from harness.analysis.masses import curve_of, volume_between
from harness.analysis.timing import Rise, duration_s, onset_s
from harness.analysis.view import View
from harness.cases import PercentLimit
from harness.cases.boluses import BASELINE_S
from harness.cases.doses import APART_S, LEVEL_S, BolusesCase, BolusOnBasalCase, Doses, ScheduledBolusesCase
from harness.cases.limits import TimeLimit
from harness.forecasts.boluses import bolus_rise
from harness.forecasts.common import Foreseen, levels
from harness.judges.doses import interval_error_s
from harness.metrology.budget import Estimate, scaled
from harness.record import Series

_NOTHING = Series(np.empty(0), np.empty(0))


def foresee_boluses(view: View[BolusesCase]) -> Iterator[Foreseen]:
    """Of a pump whose boluses are all alike; the largest and the smallest are known as well as any single one."""
    case, curve = view.case, curve_of(view, _NOTHING)
    level_ml = math.hypot(curve.u_ml / math.sqrt(max(1.0, LEVEL_S * view.conditions.rate_hz)), curve.u_level_ml)
    drift_pct = 100 * curve.u_flow_ml_h * (case.over + case.pause) / 3600 / case.volume
    found = bolus_statistics(
        [case.volume] * case.count,
        case.volume,
        u_each_ml=math.sqrt(2) * level_ml,
        u_common_pct=math.hypot(curve.u_common_pct, drift_pct),
        successive=True,
    )
    yield "mean bolus error", "%", found.mean_error_pct, case.mean_error.interval, case.mean_error
    one, _ = volume_between(view, *levels(view, case.volume, case.over + case.pause, LEVEL_S))
    for name in ("largest bolus error", "smallest bolus error"):
        yield name, "%", scaled(one, 100 / case.volume, -100), case.each_error.interval, case.each_error


def foresee_bolus_on_basal(view: View[BolusOnBasalCase]) -> Iterator[Foreseen]:
    case = view.case
    yield from _dose(view, case.volume_error, case.duration_error, case.onset)
    if case.basal_error is not None:
        yield flow_error(view, "basal flow error", case.basal, case.watch, case.basal_error)


def foresee_scheduled_boluses(view: View[ScheduledBolusesCase]) -> Iterator[Foreseen]:
    case = view.case
    yield from _dose(view, case.volume_error, case.duration_error, case.start_error)
    start = onset_s(view.conditions, _rise(view), BASELINE_S)
    yield "interval error", "s", interval_error_s(start, start, 0.0), case.interval_error.interval, case.interval_error
    if case.basal_error is not None and case.basal is not None:
        between_s = case.every - case.over - APART_S
        yield flow_error(view, "basal flow error", case.basal, between_s, case.basal_error)


def _rise(view: View[Doses]) -> Rise:
    return bolus_rise(view.case.volume, view.case.over, view.conditions)


def _dose(
    view: View[BolusOnBasalCase] | View[ScheduledBolusesCase],
    volume_error: PercentLimit,
    duration_error: PercentLimit | None,
    start: TimeLimit | None,
) -> Iterator[Foreseen]:
    case = view.case
    found, _ = volume_between(view, *levels(view, case.volume, APART_S + case.over, LEVEL_S))
    yield "volume error", "%", scaled(found, 100 / case.volume, -100), volume_error.interval, volume_error
    if duration_error is not None:
        lasted = scaled(duration_s(view.conditions, _rise(view)), 100 / case.over, -100)
        yield "duration error", "%", lasted, duration_error.interval, duration_error
    if start is not None:
        yield "start", "s", onset_s(view.conditions, _rise(view), BASELINE_S), start.interval, start


def flow(view: View[Any], rate_ml_h: float, duration_s: float) -> Estimate:
    """A mean flow in mL/h as it will be known."""
    return mean_flow(view, *levels(view, rate_ml_h * duration_s / 3600, duration_s, end_span_s(duration_s)))[0]


def flow_error(view: View[Any], name: str, rate_ml_h: float, duration_s: float, limit: PercentLimit) -> Foreseen:
    """Of a flow over ``duration_s``, in percent of the set rate."""
    return name, "%", scaled(flow(view, rate_ml_h, duration_s), 100 / rate_ml_h, -100), limit.interval, limit
