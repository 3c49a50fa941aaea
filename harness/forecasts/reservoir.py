"""Forecasts for a reservoir that runs empty."""

from __future__ import annotations

from collections.abc import Iterator

from harness.analysis.alarm import End, latency_of, residual_of
from harness.analysis.bolus import LEVEL_S
from harness.analysis.view import View
from harness.cases import RunToEmptyCase
from harness.forecasts.common import Foreseen, levels


def foresee_run_to_empty(view: View[RunToEmptyCase]) -> Iterator[Foreseen]:
    case = view.case
    slope_g_s = case.rate / 3600 / view.conditions.weighing.factor_ml_g()
    latency = latency_of(view.conditions, (0.0, case.poll), End(0.0, slope_g_s))
    yield "alarm latency", "s", latency, case.alarm_latency.interval, case.alarm_latency
    if case.residual_volume is not None:
        filled_ml = view.conditions.filled_ml
        left = residual_of(view, *levels(view, filled_ml, filled_ml / case.rate * 3600, LEVEL_S))
        yield "residual volume", "uL", left, case.residual_volume.interval, case.residual_volume
