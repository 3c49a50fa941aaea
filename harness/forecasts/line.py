"""Forecasts for a line that is primed, closed, or put under pressure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.analysis.bolus import LEVEL_S
from harness.analysis.curve import Curve
from harness.analysis.delivery import window_s_of
from harness.analysis.flow import end_span_s, mean_flow
from harness.analysis.latency import latency_s
from harness.analysis.masses import volume_between
from harness.analysis.occlusion import Pressures, pressure_at, stored_volume_ml, time_to_alarm_s
from harness.analysis.view import View
from harness.cases import LeakCase, NoFlowCase, OcclusionCase, PrimeCase
from harness.cases.balance import BY_HAND_S
from harness.cases.limits import PercentLimit
from harness.forecasts.common import Foreseen, curve_like, lagged, levels
from harness.judges.blockages import CLOSED
from harness.judges.line import FURTHEST, course_ul, dead_ml, loss_kpa, primed_error_pct
from harness.judges.steps import between
from harness.metrology.budget import Estimate, scaled


def foresee_occlusion(view: View[OcclusionCase]) -> Iterator[Foreseen]:
    """With C dp / Q for the time, and the pressure rising on until the alarm is heard."""
    case, conditions, threshold_kpa = view.case, view.conditions, view.case.threshold or 0.0
    fills_s = time_to_alarm_s(conditions.compliance_l_pa, threshold_kpa, case.rate)
    polls = fills_s, fills_s + case.poll
    yield "time to the alarm", "s", latency_s(polls, _closed()), case.alarm_within.interval, case.alarm_within
    if case.pressure is not None:
        rising_kpa = threshold_kpa * np.array([1.0, polls[1] / fills_s if fills_s else 1.0])
        pressure = pressure_at(Pressures(np.array(polls), rising_kpa, conditions.pressure_u_kpa), polls)
        yield "pressure at the alarm", "kPa", pressure, case.pressure.interval, case.pressure
    stored_ml = stored_volume_ml(conditions.compliance_l_pa, threshold_kpa)
    bolus, _ = volume_between(view, *levels(view, stored_ml, case.release, LEVEL_S), per_ml=1000)
    yield "post-occlusion bolus", "uL", bolus, case.bolus.interval, case.bolus


def _closed() -> Estimate:
    return between((0.0, BY_HAND_S), CLOSED)


def foresee_no_flow(view: View[NoFlowCase]) -> Iterator[Foreseen]:
    """The detector is sure by the time its window has no flow in it any more."""
    case, window_s = view.case, view.case.window or window_s_of(view, view.case.rate)
    found = latency_s((window_s, window_s), _closed())
    yield "time until no flow is sure", "s", found, case.detection.interval, case.detection
    if case.flow_error is not None:
        yield _flow(view, "flow error", case.rate, case.duration, case.flow_error)


def foresee_prime(view: View[PrimeCase]) -> Iterator[Foreseen]:
    case, curve = view.case, _primed(view)
    primed, _ = volume_between(view, *levels(view, case.volume - case.dead_ml, case.primes_s, LEVEL_S))
    yield "primed volume error", "%", primed_error_pct(case, primed), case.volume_error.interval, case.volume_error
    yield FURTHEST, "uL", course_ul(view, curve, LEVEL_S), case.course.interval, case.course
    if case.dead_volume is not None:
        error = scaled(dead_ml(view, curve, LEVEL_S), 100 / case.dead_ml, -100)
        yield "dead volume error", "%", error, case.dead_volume.interval, case.dead_volume
    yield _flow(view, "flow error after priming", case.flow_rate, case.duration, case.flow_error)


def _primed(view: View[PrimeCase]) -> Curve:
    """What an exact pump primes from ``LEVEL_S`` on, behind all lags, without noise."""
    case, step_s = view.case, 1 / view.conditions.rate_hz
    moments_s = np.arange(0.0, case.primes_s + 4 * LEVEL_S, step_s)
    pushed_ml = np.clip((moments_s - LEVEL_S) * case.rate / 3600, 0.0, case.volume)
    return curve_like(view, moments_s, lagged(np.maximum(0.0, pushed_ml - case.dead_ml), step_s, view.conditions))


def foresee_leak(view: View[LeakCase]) -> Iterator[Foreseen]:
    case = view.case
    loss = loss_kpa(np.full(1, case.pressure), view.conditions.pressure_u_kpa)
    yield "pressure loss in the hold", "kPa", loss, case.pressure_loss.interval, case.pressure_loss
    weighed, _ = volume_between(view, *levels(view, case.weighed_ml, case.duration, LEVEL_S))
    error = scaled(weighed, 100 / case.weighed_ml, -100)
    yield "weighed against counted", "%", error, case.volume_error.interval, case.volume_error


def _flow(view: View[NoFlowCase | PrimeCase], name: str, rate_ml_h: float, duration_s: float, limit: PercentLimit) -> Foreseen:
    found, _ = mean_flow(view, *levels(view, rate_ml_h * duration_s / 3600, duration_s, end_span_s(duration_s)))
    return name, "%", scaled(found, 100 / rate_ml_h, -100), limit.interval, limit
