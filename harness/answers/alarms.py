"""What happened at an alarm, or should have brought one: occlusion, empty reservoir, residual volume."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.empty import end_window_s, residual_at, true_empty
from harness.analysis.latency import latency_s
from harness.analysis.occlusion import Pressures, occlusion
from harness.analysis.view import View, trailing_s
from harness.answers.common import Answer, Plain, curve_over, measured
from harness.record import Period
from harness.recording import Recording
from harness.requests import (
    EmptyRequest,
    OcclusionRequest,
    ResidualRequest,
)


def _occlusion(view: View[OcclusionRequest], period: Period, recording: Recording) -> Plain:
    asked, kpa = view.case, recording.pressures_kpa()
    moments_s = view.record.readings.stamps_us / 1e6
    pressures = None if kpa is None else Pressures(moments_s, kpa, asked.pressure_uncertainty)
    found = occlusion(
        curve_over(view, period),
        asked.closed,
        asked.alarm,
        asked.opened,
        pressures=pressures,
        rate_ml_h=asked.rate,
        window_s=asked.window,
    )
    return {
        "time_to_alarm_s": measured(found.time_to_alarm_s, "s"),
        "pressure_at_alarm_kPa": measured(found.pressure_kpa, "kPa"),
        "post_occlusion_bolus_uL": measured(found.bolus_ul, "uL"),
        "normal_from_s": found.normal_s,
    }


def _empty(view: View[EmptyRequest], period: Period, _: Recording) -> Plain:
    asked, curve = view.case, curve_over(view, period)
    window_s = asked.window or end_window_s(curve, asked.rate, view.conditions.rate_hz)
    lag_s, half_s = trailing_s(view.conditions)
    found = true_empty(curve, asked.rate, window_s=window_s, lag_s=lag_s, lag_half_s=half_s)
    latency = latency_s(asked.alarm, found.moment_s) if found and asked.alarm else None
    return {
        "empty_s": measured(found.moment_s, "s") if found else None,
        "flow_before_mL_h": found.before_ml_h if found else None,
        "flow_after_mL_h": found.after_ml_h if found else None,
        "alarm_latency_s": measured(latency, "s"),
        "window_s": window_s,
    }


def _residual(view: View[ResidualRequest], period: Period, _: Recording) -> Plain:
    asked, (lag_s, half_s) = view.case, trailing_s(view.conditions)
    filled = asked.filled, asked.filled_uncertainty
    found = residual_at(curve_over(view, period), asked.alarm, *filled, asked.programmed, lag_s=lag_s, lag_half_s=half_s)
    return {"true_uL": measured(found.true_ul, "uL"), "programmed_uL": measured(found.programmed_ul, "uL")}


ALARMS: Mapping[str, Answer] = {
    "occlusion": _occlusion,
    "empty": _empty,
    "residual": _residual,
}
