"""When an alarm came, against what it tells of; and the criterion by which a window counts as without flow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.analysis.curve import Curve
from harness.metrology.budget import Estimate, Inputs, evaluate
from harness.metrology.density import Number
from instruments.errors import BenchError, ConfigError

_ONE_SIDED_99 = 2.33
_MOST_LAG_ONE = 0.999

Gap = tuple[float, float]
"""The moments of the last poll without an alarm and of the one that brought it, in s."""


def latency_s(alarm: Gap, event: Estimate) -> Estimate:
    """From an event to its alarm, in s; negative when the alarm came first.

    The alarm lies anywhere between the last poll without it and the one that brought it; the event's moment has the normal
    uncertainty of its estimate. Raises BenchError when the polls are in the wrong order.
    """
    since_s, until_s = ordered(alarm)

    def model(inputs: Inputs) -> Number:
        heard = inputs.rectangular("alarm, between two polls (s)", (since_s + until_s) / 2, (until_s - since_s) / 2)
        return heard - inputs.normal("moment of the event (s)", event.value, event.u, event.dof)

    return evaluate(model)


def ordered(alarm: Gap) -> Gap:
    """The polls as given. Raises BenchError when the one without the alarm is not the earlier one."""
    if not alarm[0] <= alarm[1]:
        raise BenchError(f"the poll without the alarm, at {alarm[0]:g} s, comes after the one that brought it, at {alarm[1]:g} s")
    return alarm


@dataclass(frozen=True, slots=True)
class Straight:
    """A straight line through a curve by least squares, around its middle, where level and slope are independent."""

    middle_s: float
    level_ml: float
    slope_ml_s: float
    u_level_ml: float
    u_slope_ml_s: float
    dof: float


def straight(curve: Curve) -> Straight:
    """Ordinary least squares with the noise of the curve or of the residuals, whichever is larger.

    Both uncertainties are widened by sqrt((1 + r1) / (1 - r1)) for residuals that hang together, and the degrees of freedom are
    those of as many independent readings as that leaves (gravimetric-metrology, section 7). Raises BenchError below 3 readings.
    """
    if len(curve) < 3:
        raise BenchError(f"a straight line needs 3 readings or more; there are {len(curve)}")
    middle_s, level_ml = float(curve.moments_s.mean()), float(curve.volumes_ml.mean())
    t_s, v_ml = curve.moments_s - middle_s, curve.volumes_ml - level_ml
    sxx = float(t_s @ t_s)
    slope_ml_s = float(t_s @ v_ml) / sxx
    residual_ml = v_ml - slope_ml_s * t_s
    squares = float(residual_ml @ residual_ml)
    r1 = float(residual_ml[1:] @ residual_ml[:-1]) / squares if squares > 0 else 0.0
    r1 = min(max(r1, 0.0), _MOST_LAG_ONE)
    widened = (1 + r1) / (1 - r1)
    u_ml = max(curve.u_ml, (squares / (len(curve) - 2)) ** 0.5) * widened**0.5
    dof = max(1.0, len(curve) / widened - 2)
    span_s = float(curve.moments_s[-1] - curve.moments_s[0])
    u_level_ml = math.hypot(u_ml / len(curve) ** 0.5, curve.u_level_ml)
    u_slope_ml_s = math.hypot(u_ml / sxx**0.5, 2**0.5 * curve.u_level_ml / span_s)
    return Straight(middle_s, level_ml, slope_ml_s, u_level_ml, u_slope_ml_s, dof)


@dataclass(frozen=True, slots=True)
class Flowing:
    """Flow over a window by least squares, its standard uncertainty, and whether it is clearly less than it should be."""

    flow_ml_h: float
    u_ml_h: float
    clearly_without: bool


def clearly_without_flow(curve: Curve, rate_ml_h: float, window_s: float, share: float = 0.5) -> Flowing:
    """Over the last ``window_s`` of a curve: slope + 2.33 u(slope) < share * rate.

    So that the flow is below that share of the set rate with a probability of 99 % (fluid-delivery-test-methods, section 9).
    Raises ConfigError when the set rate is not positive, BenchError when the curve is shorter than the window.
    """
    if not rate_ml_h > 0:
        raise ConfigError(f"the set rate is {rate_ml_h:g} mL/h; flow can only be missing where it is positive")
    line = straight(_last(curve, window_s))
    flow_ml_h = line.slope_ml_s * 3600
    u_ml_h = float(np.hypot(line.u_slope_ml_s * 3600, np.hypot(curve.u_flow_ml_h, flow_ml_h * curve.u_common_pct / 100)))
    return Flowing(flow_ml_h, u_ml_h, flow_ml_h + _ONE_SIDED_99 * u_ml_h < share * rate_ml_h)


def _last(curve: Curve, window_s: float) -> Curve:
    """From the last moment that lies a window before the end; a window need not be a whole number of readings."""
    first = int(np.searchsorted(curve.moments_s, curve.moments_s[-1] - window_s * (1 - 1e-9), "right")) - 1 if len(curve) else -1
    if first < 0:
        length_s = float(curve.moments_s[-1] - curve.moments_s[0]) if len(curve) else 0.0
        raise BenchError(f"the curve is {length_s:g} s long; the window needs {window_s:g} s")
    return curve.between(float(curve.moments_s[first]), np.inf)
