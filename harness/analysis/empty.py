"""When a reservoir is empty, and what is left in it when its alarm comes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.analysis.curve import Curve
from harness.analysis.latency import Gap, Straight, ordered, straight
from harness.analysis.rate_change import shortest_window_s
from harness.metrology.budget import Estimate, Inputs, Model, evaluate
from harness.metrology.density import Number
from instruments.errors import BenchError, ConfigError

_SHARE = 0.5
_MORE_THAN = 3
"""Windows below half of the set rate that a reservoir's end needs more of."""
_RISE_WINDOWS = 20
_NEAR_S = 10.0
_LAGS = 6.0
"""After so many lags a corner is no longer rounded by them: what is left of it is below 0.3 %."""
_LAG_KNOWN_TO = 0.5
_CLEARLY = 3.0
_FEWEST = 25
"""Readings in a window."""


@dataclass(frozen=True, slots=True)
class Empty:
    """The true empty point in s of bench time, and the flow before and after it."""

    moment_s: Estimate
    before_ml_h: float
    after_ml_h: float


def end_window_s(curve: Curve, rate_ml_h: float, rate_hz: float) -> float:
    """The shortest window that shows the end of a flow, for a balance that sends ``rate_hz`` readings a second."""
    return max(shortest_window_s(curve.u_point_ml, rate_ml_h), _FEWEST / rate_hz)


def true_empty(
    curve: Curve, rate_ml_h: float, *, window_s: float, lag_s: float = 0.0, lag_half_s: float | None = None
) -> Empty | None:
    """Where the straight rise meets the plateau; None where the flow did not end.

    It ended when it was below half of the set rate for more than three windows (dosing-and-pump-specs, section 5), and did not
    come back while the curve lasts. The rise is a straight line through at most 20 windows before that, the plateau one through
    what follows; the window in which the flow ended is in neither. ``lag_s`` is by how much the balance trails behind the pump
    (line and filter): it is taken off, known within ``lag_half_s`` (half of it,
    unless told). Raises ConfigError when the set rate is not positive, BenchError when a
    window is too short to tell half of the set rate from noise, or the flow ends before there is a rise to extend.
    """
    _check_window(curve, rate_ml_h, window_s)
    edges_s, low = _windows(curve, rate_ml_h, window_s)
    ended = len(low) - int(np.logical_and.accumulate(low[::-1]).sum())
    if len(low) - ended <= _MORE_THAN:
        return None
    clear_s = _LAGS * lag_s
    begin_s, end_s = edges_s[max(0, ended - 1 - _RISE_WINDOWS)], edges_s[max(0, ended - 1)]
    if end_s <= begin_s:
        raise BenchError(
            f"the flow is below {_SHARE:g} of the set rate from the second window on: there is no rise before its end"
        )
    rise, plateau = straight(curve.between(begin_s, end_s)), straight(curve.between(edges_s[ended + 1] + clear_s, np.inf))
    return Empty(
        evaluate(_meeting(rise, plateau, lag_s, _half_s(lag_s, lag_half_s))), rise.slope_ml_s * 3600, plateau.slope_ml_s * 3600
    )


def _check_window(curve: Curve, rate_ml_h: float, window_s: float) -> None:
    if not rate_ml_h > 0:
        raise ConfigError(f"the set rate is {rate_ml_h:g} mL/h; a reservoir only runs empty where it is positive")
    least_s = _CLEARLY * 2**0.5 * curve.u_point_ml / (_SHARE * rate_ml_h / 3600)
    if window_s < least_s:
        raise BenchError(f"windows of {window_s:g} s do not show half of {rate_ml_h:g} mL/h; {least_s:.3g} s and more do")


def _windows(curve: Curve, rate_ml_h: float, window_s: float) -> tuple[list[float], NDArray[np.bool_]]:
    """Edges of the windows that fit in, counted from the end, and which of them are low."""
    count = int((curve.moments_s[-1] - curve.moments_s[0]) / window_s + 1e-9) if len(curve) else 0
    if count <= _MORE_THAN:
        raise BenchError(f"the curve has {count} windows of {window_s:g} s; an end of flow needs more than {_MORE_THAN}")
    edges_s = curve.moments_s[-1] - window_s * np.arange(count, -1, -1)
    flows_ml_h = np.diff(np.interp(edges_s, curve.moments_s, curve.volumes_ml)) / window_s * 3600
    return edges_s.tolist(), np.asarray(flows_ml_h < _SHARE * rate_ml_h)


def _half_s(lag_s: float, lag_half_s: float | None) -> float:
    return lag_s * _LAG_KNOWN_TO if lag_half_s is None else lag_half_s


def _meeting(rise: Straight, plateau: Straight, lag_s: float, half_s: float) -> Model:
    """Of two lines, in time from the middle of the rise: differences stay small there."""

    def model(inputs: Inputs) -> Number:
        low = inputs.normal("level of the rise (mL)", 0.0, rise.u_level_ml, rise.dof)
        flow = inputs.normal("slope of the rise (mL/s)", rise.slope_ml_s, rise.u_slope_ml_s, rise.dof)
        high = inputs.normal("level of the plateau (mL)", plateau.level_ml - rise.level_ml, plateau.u_level_ml, plateau.dof)
        drift = inputs.normal("slope of the plateau (mL/s)", plateau.slope_ml_s, plateau.u_slope_ml_s, plateau.dof)
        lag = inputs.rectangular("lag of line and balance (s)", lag_s, half_s)
        return rise.middle_s + (high - low - drift * (plateau.middle_s - rise.middle_s)) / (flow - drift) - lag

    return model


@dataclass(frozen=True, slots=True)
class LowReservoir:
    """What happens when a pump computes its low-reservoir alarm from what it was programmed to deliver.

    Times in h from the fill, volumes in mL at the alarm. ``limit_error_pct``: true flow error above which the reservoir is
    empty before the alarm. An empty reservoir delivers no more.
    """

    alarm_h: float
    empty_h: float
    delivered_ml: float
    residual_ml: float
    limit_error_pct: float

    @property
    def lead_h(self) -> float:
        """From the alarm to the empty reservoir; negative when it is empty first."""
        return self.empty_h - self.alarm_h

    @property
    def empty_before_alarm(self) -> bool:
        return self.lead_h < 0


def low_reservoir(filled_ml: float, threshold_ml: float, programmed_ml_h: float, true_error_pct: float) -> LowReservoir:
    """The alarm's moment and what is left then (dosing-and-pump-specs, section 5).

    ``threshold_ml`` is the volume at which the alarm is due, at least 0 and less than ``filled_ml``; ``true_error_pct`` is that
    of the flow, at least -100: then nothing flows, and the reservoir is never empty. Raises ConfigError outside of that.
    """
    if not 0 <= threshold_ml < filled_ml:
        raise ConfigError(
            f"the alarm is set to {threshold_ml:g} mL; with {filled_ml:g} mL filled it has to be from 0 to below that"
        )
    if not (programmed_ml_h > 0 and true_error_pct >= -100):
        found = f"{programmed_ml_h:g} mL/h with an error of {true_error_pct:g} %"
        raise ConfigError(f"{found} is no delivery; the rate has to be positive, the error at least -100 %")
    alarm_h, true_ml_h = (filled_ml - threshold_ml) / programmed_ml_h, programmed_ml_h * (1 + true_error_pct / 100)
    delivered_ml = min(filled_ml, true_ml_h * alarm_h)
    return LowReservoir(
        alarm_h=alarm_h,
        empty_h=filled_ml / true_ml_h if true_ml_h > 0 else math.inf,
        delivered_ml=delivered_ml,
        residual_ml=filled_ml - delivered_ml,
        limit_error_pct=100 * threshold_ml / (filled_ml - threshold_ml),
    )


@dataclass(frozen=True, slots=True)
class Residual:
    """What was in the reservoir when its alarm came, in uL: by the balance, and by what the pump was programmed to deliver."""

    true_ul: Estimate
    programmed_ul: Estimate


def residual_at(
    curve: Curve,
    alarm: Gap,
    filled_ml: float,
    u_filled_ml: float,
    programmed_ml: float,
    *,
    lag_s: float = 0.0,
    lag_half_s: float | None = None,
) -> Residual:
    """Filled volume less what was delivered from the beginning of the curve to the alarm.

    The alarm lies anywhere between two polls (``alarm``), so that what was delivered does between the volumes at both.
    ``programmed_ml`` is the programmed volume at the middle between them, delivered evenly from the beginning of the curve.
    What the line still holds at the alarm, ``lag_s`` times the flow, has left the reservoir: it counts as delivered, known within
    ``lag_half_s`` (half of it, unless told). Raises BenchError when the polls are in the wrong order or not on the curve.
    """
    since_s, until_s = ordered(alarm)
    if len(curve) < 3 or not curve.moments_s[0] < since_s <= until_s <= curve.moments_s[-1]:
        raise BenchError(
            f"the alarm between {since_s:g} s and {until_s:g} s is not on the curve, or it has no readings around it"
        )
    begin_s = float(curve.moments_s[0])
    begin = straight(_near(curve, begin_s, begin_s + _NEAR_S))
    before, after = (straight(_near(curve, at_s + from_s, at_s + to_s)) for at_s, from_s, to_s in (
        (since_s, -_NEAR_S, 0.0), (until_s, 0.0, _NEAR_S)
    ))  # fmt: skip
    half_s = _half_s(lag_s, lag_half_s)
    gap_s, elapsed_s = until_s - since_s, (since_s + until_s) / 2 - begin_s
    ends_ml = [_value_ml(line, at_s) for line, at_s in ((begin, begin_s), (before, since_s), (after, until_s))]

    def true(inputs: Inputs) -> Number:
        filled = inputs.normal("filled volume (mL)", filled_ml, u_filled_ml)
        gap = inputs.rectangular("alarm, between two polls (mL)", (ends_ml[1] + ends_ml[2]) / 2, abs(ends_ml[2] - ends_ml[1]) / 2)
        noise = inputs.normal("noise at the begin (mL)", 0.0, _u_end_ml(begin, begin_s))
        u_alarm_ml = (_u_end_ml(before, since_s) ** 2 + _u_end_ml(after, until_s) ** 2) ** 0.5 / 2
        noise += inputs.normal("noise at the alarm (mL)", 0.0, u_alarm_ml)
        held = before.slope_ml_s * inputs.rectangular("lag of line and balance (s)", lag_s, half_s)
        common = 1 + inputs.normal("alike for all volumes (%)", 0.0, curve.u_common_pct) / 100
        flow = inputs.normal("flow alike at all moments (mL/h)", 0.0, curve.u_flow_ml_h)
        return 1000 * (filled - (gap - ends_ml[0] + noise + held) * common - flow * elapsed_s / 3600)

    def programmed(inputs: Inputs) -> Number:
        filled = inputs.normal("filled volume (mL)", filled_ml, u_filled_ml)
        half_ml = programmed_ml / elapsed_s * gap_s / 2
        return 1000 * (filled - inputs.rectangular("alarm, between two polls (mL)", programmed_ml, half_ml))

    return Residual(evaluate(true), evaluate(programmed))


def _near(curve: Curve, start_s: float, end_s: float) -> Curve:
    """Both ends included, and the nearest readings where there are fewer than 3: the three that follow or lead there."""
    first = int(np.searchsorted(curve.moments_s, start_s))
    last = int(np.searchsorted(curve.moments_s, end_s, "right"))
    missing = max(0, 3 - (last - first))
    first, last = max(0, first - missing), min(len(curve), last + missing)
    return replace(curve, moments_s=curve.moments_s[first:last], volumes_ml=curve.volumes_ml[first:last])


def _value_ml(line: Straight, at_s: float) -> float:
    return line.level_ml + line.slope_ml_s * (at_s - line.middle_s)


def _u_end_ml(line: Straight, at_s: float) -> float:
    return float(np.hypot(line.u_level_ml, line.u_slope_ml_s * (at_s - line.middle_s)))
