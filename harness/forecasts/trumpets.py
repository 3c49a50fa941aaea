"""Forecasts for start-up and trumpet curve: the analysis's own estimators on a flow without a fault."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.analysis.flow import end_span_s, mean_flow
from harness.analysis.grid import Grid
from harness.analysis.startup import start_up
from harness.analysis.trumpet import Window, trumpet
from harness.analysis.view import View
from harness.cases import TrumpetCase
from harness.forecasts.common import Foreseen, curve_like, levels
from harness.metrology.budget import scaled
from harness.record import FloatArray


def foresee_trumpet(view: View[TrumpetCase]) -> Iterator[Foreseen]:
    case = view.case
    flow, _ = mean_flow(view, *levels(view, case.weighed_ml, case.analysis, end_span_s(case.analysis)))
    yield f"flow error {case.period}", "%", scaled(flow, 100 / case.rate, -100), case.flow_error.interval, case.flow_error
    yield from _delays(view)
    if case.judged_windows:
        for window, (window_s, limit) in zip(_windows(view), case.judged_windows, strict=True):
            low, high = limit.interval
            yield f"Ep(max) over {window_s / 60:g} min", "%", window.ep_max, (None, high), limit
            yield f"Ep(min) over {window_s / 60:g} min", "%", window.ep_min, (low, None), limit


def _delays(view: View[TrumpetCase]) -> Iterator[Foreseen]:
    case = view.case
    found = start_up(_grid(view, case.start_up_s), case.rate, mean_over_s=case.moving_mean_s)
    for name, delay, limit in (("SUD_50", found.sud_50_s, case.sud_50), ("SUD_90", found.sud_90_s, case.sud_90)):
        if limit is not None and delay is not None:
            yield f"start-up delay {name}", "s", delay, limit.interval, limit


def _windows(view: View[TrumpetCase]) -> Iterator[Window]:
    yield from trumpet(_grid(view, view.case.analysis), view.case.rate, view.case.windows).windows


def _grid(view: View[TrumpetCase], span_s: float) -> Grid:
    """An even flow on the grid of the analysis."""
    case, known = view.case, curve_like(view, np.empty(0), np.empty(0))
    count = round(span_s / case.sample_interval)
    volumes_ml: FloatArray = np.arange(count + 1, dtype=np.float64) * (case.rate * case.sample_interval / 3600)
    return Grid(0.0, case.sample_interval, volumes_ml, known.u_ml, known.u_common_pct, known.u_flow_ml_h, known.u_level_ml)
