"""On the sample grid: trumpet, start-up, pulsation."""

from __future__ import annotations

import math
from collections.abc import Mapping

from harness.analysis.grid import Grid, on_grid
from harness.analysis.pulsation import pulsation
from harness.analysis.startup import start_up
from harness.analysis.trumpet import Window, trumpet
from harness.analysis.view import View
from harness.answers.common import Answer, Plain, curve_over, finite, measured
from harness.record import Period
from harness.recording import Recording
from harness.requests import (
    OnGrid,
    PulsationRequest,
    StartUpRequest,
    TrumpetRequest,
)

_MOVING_S, _ROUNDING = 120.0, 1e-9


def _grid(view: View[OnGrid], period: Period) -> Grid:
    """From the whole recording: the masses next to both ends are needed too."""
    asked, record = view.case, view.record
    whole = Period(float(record.readings.stamps_us[0]) / 1e6, float(record.readings.stamps_us[-1]) / 1e6)
    gap_s = view.conditions.max_gap_s
    curve = curve_over(view, whole)
    return on_grid(curve, period.start_s, period.end_s, asked.sample_interval, mean_over_s=asked.mean_over, max_gap_s=gap_s)


def _trumpet(view: View[TrumpetRequest], period: Period, _: Recording) -> Plain:
    asked, grid = view.case, _grid(view, period)
    found = trumpet(grid, asked.rate, asked.windows, tolerance_pct=asked.tolerance)
    mean_ml_h = (grid.volumes_ml[-1] - grid.volumes_ml[0]) / grid.duration_s * 3600
    return {
        "sample_interval_s": found.interval_s,
        "T_min": grid.duration_s / 60,
        "Q_mean_mL_h": finite(float(mean_ml_h)),
        "A_pct": finite(float(100 * (mean_ml_h / asked.rate - 1))),
        "windows": {f"{window.window_s / 60:g}": _window(window) for window in found.windows},
    }


def _window(window: Window) -> Plain:
    return {
        "m": window.windows,
        "samples_per_window": window.samples,
        "left_out": window.left_out,
        "Ep_max_pct": window.ep_max.value,
        "j_max_1based": list(window.max_at),
        "Ep_min_pct": window.ep_min.value,
        "j_min_1based": list(window.min_at),
        "u_pct": window.u_pct,
        "resolution_limited": window.resolution_limited,
        "Ep_max": measured(window.ep_max, "%"),
        "Ep_min": measured(window.ep_min, "%"),
    }


def _start_up(view: View[StartUpRequest], period: Period, _: Recording) -> Plain:
    step_s = view.case.sample_interval
    found = start_up(_grid(view, period), view.case.rate, mean_over_s=step_s * math.ceil(_MOVING_S / step_s - _ROUNDING))
    flows_ml_h = [finite(float(flow)) for flow in found.flows_ml_h]
    delays = {"SUD_50_s": measured(found.sud_50_s, "s"), "SUD_90_s": measured(found.sud_90_s, "s")}
    return {"sample_interval_s": found.interval_s, **delays, "flows_mL_h": flows_ml_h}


def _pulsation(view: View[PulsationRequest], period: Period, _: Recording) -> Plain:
    found = pulsation(_grid(view, period), view.case.rate)
    return {
        "crest": found.crest,
        "period_s": found.period_s,
        "amplitude_mL": found.amplitude_ml,
        "shortest_window_s": found.shortest_window_s,
        "left_pct": found.left_pct,
    }


ON_GRID: Mapping[str, Answer] = {
    "trumpet": _trumpet,
    "start-up": _start_up,
    "pulsation": _pulsation,
}
