"""Forecasts for constant flows, and for none."""

from __future__ import annotations

from collections.abc import Iterator

from harness.analysis.blank import loss_mg_h
from harness.analysis.flow import end_span_s, mean_flow
from harness.analysis.view import View
from harness.cases import PumpOffCase, SteadyFlowCase
from harness.forecasts.common import Foreseen, levels, line_u_g_h
from harness.metrology.budget import scaled


def foresee_steady_flow(view: View[SteadyFlowCase]) -> Iterator[Foreseen]:
    case = view.case
    found, _ = mean_flow(view, *levels(view, case.weighed_ml, case.duration, end_span_s(case.duration)))
    yield "flow error", "%", scaled(found, 100 / case.rate, -100), case.flow_error.interval, case.flow_error


def foresee_pump_off(view: View[PumpOffCase]) -> Iterator[Foreseen]:
    case = view.case
    found, _ = mean_flow(view, *levels(view, 0.0, case.duration, end_span_s(case.duration)))
    yield "flow when off", "uL/h", scaled(found, 1000), case.flow.interval, case.flow
    if case.evaporation is not None:
        lost = loss_mg_h(view.conditions, 0.0, line_u_g_h(view.conditions, case.duration))
        yield "evaporation", "mg/h", lost, case.evaporation.interval, case.evaporation
