"""Volumes and flows: mean, keep-open, leak, missing, after a change of rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.analysis.delivery import longest_standstill
from harness.analysis.flow import diagnosis, end_span_s, mean_flow
from harness.analysis.masses import Line, volume_between
from harness.analysis.rate_change import rate_change, shortest_window_s
from harness.analysis.view import View, trailing_s
from harness.answers.common import FEWEST, Answer, Plain, curve_over, ends_of, measured, series_of
from harness.metrology.budget import Estimate, scaled
from harness.record import Period, Series
from harness.recording import Recording
from harness.requests import (
    FlowRequest,
    KvoRequest,
    LeakRequest,
    NoFlowRequest,
    RateChangeRequest,
)
from instruments.errors import ConfigError

_MG_MIN = 60e3
"""mg/min in one g/s."""
_RESOLVED = 0.1
"""A keep-open flow is resolved from U(Q)/Q below this (fluid-delivery-test-methods, section 10)."""


def _flow(view: View[FlowRequest], period: Period, _: Recording) -> Plain:
    series = series_of(view, period)
    begin, end = ends_of(view, series, end_span_s(period.duration_s))
    flow, words = mean_flow(view, begin, end)
    volume = volume_between(view, begin, end)[0]
    error = scaled(flow, 100 / view.case.rate, -100) if view.case.rate else None
    return {
        "begin_g": begin.mass_g,
        "end_g": end.mass_g,
        "elapsed_s": end.moment_s - begin.moment_s,
        "slope_mg_min": (end.mass_g - begin.mass_g) / (end.moment_s - begin.moment_s) * _MG_MIN,
        "volume_mL": measured(volume, "mL"),
        "flow_mL_h": measured(flow, "mL/h"),
        "error_pct": measured(error, "%"),
        "regression": _regression(view, series, flow),
        "in_words": words,
    }


def _regression(view: View[Any], series: Series, flow: Estimate) -> Plain | None:
    """The diagnostic beside the two-point flow; there is none through two readings."""
    if len(series) <= 2:
        return None
    found = diagnosis(view, series, flow)
    return {"flow_mL_h": found.flow_ml_h, "steady": found.steady, **_line(found.line)}


def _line(line: Line) -> Plain:
    return {
        "n": line.count,
        "slope_mg_min": line.slope_g_s * _MG_MIN,
        "intercept_mg": line.intercept_g * 1e3,
        "residual_sd_mg": line.residual_sd_g * 1e3,
        "se_slope_mg_min": line.se_g_s * _MG_MIN,
        "u_slope_mg_min": line.u_g_s * _MG_MIN,
        "sxx_min2": line.sxx_s2 / 3600,
        "durbin_watson": line.durbin_watson,
        "lag1_autocorrelation": line.lag_one,
    }


def _leak(view: View[LeakRequest], period: Period, _: Recording) -> Plain:
    begin, end = ends_of(view, series_of(view, period), end_span_s(period.duration_s))
    flow, words = mean_flow(view, begin, end)
    return {"flow_uL_h": measured(scaled(flow, 1000), "uL/h"), "in_words": words}


def _kvo(view: View[KvoRequest], period: Period, _: Recording) -> Plain:
    begin, end = ends_of(view, series_of(view, period), end_span_s(period.duration_s))
    flow, words = mean_flow(view, begin, end)
    return {
        "flow_mL_h": measured(flow, "mL/h"),
        "error_pct": measured(scaled(flow, 100 / view.case.declared, -100), "%"),
        "resolved": flow.value > 0 and flow.expanded_uncertainty / flow.value < _RESOLVED,
        "not_above_set_rate": flow.interval[1] <= view.case.rate,
        "in_words": words,
    }


def _no_flow(view: View[NoFlowRequest], period: Period, recording: Recording) -> Plain:
    if recording.mapping.columns.rate is None:
        raise ConfigError("the recording does not say what was commanded; give columns.rate in the mapping")
    longest, stretches = longest_standstill(view, period)
    return {"longest_s": measured(longest, "s"), "stretches_s": [[found.start_s, found.end_s] for found in stretches]}


def _rate_change(view: View[RateChangeRequest], period: Period, _: Recording) -> Plain:
    asked, curve, (lag_s, half_s) = view.case, curve_over(view, period), trailing_s(view.conditions)
    shortest_s = shortest_window_s(curve.u_point_ml, asked.after - asked.before, lag_s)
    window_s = asked.window or max(shortest_s, FEWEST / view.conditions.rate_hz)
    found = rate_change(curve, asked.command, asked.before, asked.after, window_s=window_s, lag_s=lag_s, lag_half_s=half_s)
    times = {name: measured(getattr(found, name), "s") for name in ("done_10_s", "done_50_s", "done_90_s")}
    overshoot, surplus = measured(found.overshoot_pct, "%"), measured(found.surplus_ul, "uL")
    return {**times, "overshoot_pct": overshoot, "surplus_uL": surplus, "window_s": found.window_s, "lag_s": found.lag_s}


FLOWS: Mapping[str, Answer] = {
    "flow": _flow,
    "kvo": _kvo,
    "leak": _leak,
    "no-flow": _no_flow,
    "rate-change": _rate_change,
}
