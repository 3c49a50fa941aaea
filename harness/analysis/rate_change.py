"""How the flow follows a commanded change of rate.

A diagnostic: on simulated responses, over four times the shortest window or more, the intervals of times and overshoot hold the
truth in 82 % to 100 % of the runs. They are no ground for a verdict near its limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from harness.analysis.boluses import level
from harness.analysis.curve import Curve
from harness.metrology.budget import Estimate, Inputs, evaluate, from_draws
from harness.metrology.density import Number
from harness.record import FloatArray
from instruments.errors import BenchError, ConfigError

_BLOCKS = 20
"""Blocks of readings in a window; the moving mean moves by one."""
_HALF = _BLOCKS // 2
_NOISE_SHARE = 0.1
_LAG_KNOWN_TO = 0.5
_BESIDE = 0.08
"""Of the step: so far below and above a share is looked at how steeply the course passes it."""
_REACH = 400
"""Blocks before and after a passing within which noise may move it."""
_LESS_STEEP = 0.8
"""Noise moves a passing to where it makes the course look steep: the steepness that is found is so much too high, by trial."""
_FLAT = 0.01
_RARELY = 0.99
_BEND = 1 / 8
"""Of a block: by so much a straight line between two blocks may miss the passing of a share next to a sudden bend."""
_DRAWS, _FEWEST_DRAWS, _MOST_DRAWN = 1000, 200, 4_000_000
_SEED = 27


@dataclass(frozen=True, slots=True)
class RateChange:
    """The response to a change of rate.

    ``done_10_s``, ``done_50_s`` and ``done_90_s``: from the command until the moving mean of the flow has done that share of
    the step; None where it never has. The moving mean is centred: an immediate step shows as -0.4, 0 and 0.4 windows.
    ``overshoot_pct``: by how much the moving mean goes beyond the step at most after that, in % of the step; None where 90 % was
    never reached. ``surplus_ul``: delivered more than an immediate step would have by the curve's end; negative: a deficit.
    """

    done_10_s: Estimate | None
    done_50_s: Estimate | None
    done_90_s: Estimate | None
    overshoot_pct: Estimate | None
    surplus_ul: Estimate
    window_s: float
    lag_s: float


def shortest_window_s(u_ml: float, step_ml_h: float, lag_s: float = 0.0) -> float:
    """Shortest window over which the noise of the flow is below a tenth of the step.

    The flow over a window is a difference of two readings, u = sqrt(2) u_ml / P; taking a first-order lag out adds the slope of
    that flow, so that u^2 = u_ml^2 (2 / P^2 + 6 lag^2 / P^4). Raises ConfigError where there is no step.
    """
    if not step_ml_h:
        raise ConfigError("a change of rate needs two different rates")
    noises = (u_ml / (_NOISE_SHARE * abs(step_ml_h) / 3600)) ** 2
    return float((noises + (noises**2 + 6 * noises * lag_s**2) ** 0.5) ** 0.5)


def rate_change(
    curve: Curve,
    at_s: float,
    before_ml_h: float,
    after_ml_h: float,
    *,
    window_s: float,
    lag_s: float = 0.0,
    lag_half_s: float | None = None,
) -> RateChange:
    """The response of the flow to the command at ``at_s`` that changed the rate.

    The curve reaches from at least two windows before the command to the end of the new rate. The rates are the commanded ones,
    or the measured ones of the two plateaus: then a pump's steady error is no part of the response. ``lag_s``: time constant
    with which the balance trails behind the pump (line and filter). It is taken out as a first-order lag, known within
    ``lag_half_s`` (half of it, unless told).
    Raises ConfigError where there is no step, BenchError where the window holds too few readings or the curve is too short.
    """
    step_ml_h = after_ml_h - before_ml_h
    if not step_ml_h:
        raise ConfigError("a change of rate needs two different rates")
    _check(curve, at_s, window_s)
    response = _Response(curve, at_s, before_ml_h, step_ml_h, window_s)
    half_s = lag_s * _LAG_KNOWN_TO if lag_half_s is None else lag_half_s
    done = [_done_s(response, share, lag_s, half_s) for share in (0.1, 0.5, 0.9)]
    overshoot_pct = _overshoot_pct(response, at_s + done[2].value, lag_s) if done[2] else None
    surplus_ul = _surplus_ul(curve, at_s, (before_ml_h, after_ml_h), window_s, (lag_s, half_s))
    return RateChange(done[0], done[1], done[2], overshoot_pct, surplus_ul, window_s, lag_s)


def _check(curve: Curve, at_s: float, window_s: float) -> None:
    inside = len(curve.between(at_s, at_s + window_s))
    if inside < _BLOCKS:
        raise BenchError(f"the window of {window_s:g} s after the command holds {inside} readings; {_BLOCKS} or more are needed")
    if at_s - curve.moments_s[0] < 2 * window_s or curve.moments_s[-1] - at_s < 3 * window_s:
        found = f"{at_s - curve.moments_s[0]:g} s before the command and {curve.moments_s[-1] - at_s:g} s after it"
        raise BenchError(f"the curve has {found}; two and three windows of {window_s:g} s are needed")


class _Response:
    """Moving mean of the flow, as the share of the step that is done (0 before, 1 after), and its noise."""

    def __init__(self, curve: Curve, at_s: float, before_ml_h: float, step_ml_h: float, window_s: float) -> None:
        self.curve, self.at_s, self.before_ml_h, self.step_ml_h, self.window_s = curve, at_s, before_ml_h, step_ml_h, window_s
        self.block_s = window_s / _BLOCKS
        first_s = float(curve.moments_s[0]) - float(np.median(np.diff(curve.moments_s))) / 2
        cells = ((curve.moments_s - first_s) / self.block_s).astype(np.int64)
        counts = np.bincount(cells)[:-1]
        filled = np.flatnonzero(counts)
        self._counts = counts[filled]
        self._means_s = np.bincount(cells, curve.moments_s)[filled] / self._counts
        self.centres_s = first_s + self.block_s * (np.arange(len(counts)) + 0.5)
        self._volumes_ml = np.interp(self.centres_s, self._means_s, np.bincount(cells, curve.volumes_ml)[filled] / self._counts)

    def shares(self, lag_s: float) -> tuple[FloatArray, FloatArray]:
        """Moments and what is done by then."""
        done = (self._flow_ml_h(self._volumes_ml, lag_s) - self.before_ml_h) / self.step_ml_h
        return np.asarray(self.centres_s[_BLOCKS:-_BLOCKS]), done

    def noise(self, draws: int, around_s: FloatArray, lag_s: float) -> FloatArray:
        """Draws of the noise of the shares at neighbouring moments of ``shares``, shape (draws, moments).

        Blocks of readings are drawn and put through the same steps as the curve's own.
        """
        first = int(np.searchsorted(self.centres_s, around_s[0] - self.block_s / 2)) - _BLOCKS
        centres_s = self.centres_s[first : first + len(around_s) + 2 * _BLOCKS]
        left = np.clip(np.searchsorted(self._means_s, centres_s) - 1, 0, len(self._means_s) - 2)
        part = np.clip((centres_s - self._means_s[left]) / (self._means_s[left + 1] - self._means_s[left]), 0, 1)
        width = left[-1] - left[0] + 2
        u_ml = self.curve.u_ml / self._counts[left[0] : left[0] + width] ** 0.5
        blocks_ml = u_ml * np.random.default_rng(_SEED).standard_normal((draws, width))
        at = left - left[0]
        return self._flow_ml_h(blocks_ml[:, at] * (1 - part) + blocks_ml[:, at + 1] * part, lag_s) / self.step_ml_h

    def passing_s(self, share: float, lag_s: float) -> float | None:
        """Moment at which a share is passed for good; None where it is not, for at least a window."""
        moments_s, done = self.around_s(lag_s)
        at = float(_passes(done - share))
        return None if at > len(done) - _BLOCKS else float(np.interp(at, np.arange(len(done)), moments_s))

    def around_s(self, lag_s: float) -> tuple[FloatArray, FloatArray]:
        """The shares from a window before the command on."""
        moments_s, done = self.shares(lag_s)
        first = int(np.searchsorted(moments_s, self.at_s - self.window_s))
        return np.asarray(moments_s[first:]), done[first:]

    def _flow_ml_h(self, volumes_ml: FloatArray, lag_s: float) -> FloatArray:
        """Along the last axis: over a window, with a first-order lag taken out (it trails by lag dQ/dt)."""
        trailing = (volumes_ml[..., _BLOCKS:] - volumes_ml[..., :-_BLOCKS]) / self.window_s * 3600
        change = (trailing[..., _BLOCKS:] - trailing[..., :-_BLOCKS]) / self.window_s
        return np.asarray(trailing[..., _HALF:-_HALF] + lag_s * change)


def _passes(above: FloatArray) -> FloatArray:
    """Index, to a fraction, from which a course along the last axis is above zero, where noise takes it there more than once.

    It is the one that divides the course best into what is below and what is above: the sum up to it is least. There the
    increasing course that is closest by least squares (isotonic regression) passes zero.
    """
    sums = np.cumsum(above, axis=-1)
    at = np.clip(sums.argmin(axis=-1), 0, above.shape[-1] - 2)[..., None]
    low, high = (np.take_along_axis(above, at + side, axis=-1) for side in (0, 1))
    rise = np.where(high > low, high - low, 1.0)
    return np.asarray((at + np.clip(-low / rise, 0, 1))[..., 0])


def _done_s(response: _Response, share: float, lag_s: float, half_s: float) -> Estimate | None:
    """The interval is from draws: noise on a course that rises to the share, and on from it, as steeply as the found one."""
    passed_s = response.passing_s(share, lag_s)
    if passed_s is None:
        return None
    moments_s, course = _course(response, share, passed_s, lag_s)
    at = _passes(course + response.noise(_DRAWS, moments_s, lag_s))
    noise_s = np.interp(at, np.arange(len(moments_s)), moments_s) - passed_s
    steep = max(float(np.interp(passed_s, moments_s[1:], np.diff(course) / response.block_s)), _FLAT / response.window_s)
    u_alike = _u_alike(response, share)
    trailing_s = response.passing_s(share, 0.0) or passed_s
    half_bend_s = response.block_s * _BEND
    half_lag_s = abs(trailing_s - passed_s) * half_s / lag_s if lag_s else half_s

    def model(inputs: Inputs) -> Number:
        found_s = inputs.normal("noise of the moving mean (s)", passed_s - response.at_s, float(noise_s.std()))
        alike = inputs.normal("flow alike at all moments (1)", 0.0, u_alike)
        blocks = inputs.rectangular("bend of the course between blocks (s)", 0.0, half_bend_s)
        lag = inputs.rectangular("lag of line and balance (s)", 0.0, half_lag_s)
        return found_s + alike / steep + blocks + lag

    random = np.random.default_rng(_SEED + 1)
    normal, bend, lag = random.standard_normal(_DRAWS), *random.uniform(-1, 1, (2, _DRAWS))
    others_s = normal * u_alike / steep + bend * half_bend_s + lag * half_lag_s
    found = evaluate(model)
    return from_draws(found, found.value - noise_s + others_s)


def _course(response: _Response, share: float, passed_s: float, lag_s: float) -> tuple[FloatArray, FloatArray]:
    """Moments around a passing, and the course less the share there: two straight lines that meet in it."""
    moments_s, _ = response.around_s(lag_s)
    at = int(np.searchsorted(moments_s, passed_s))
    moments_s = moments_s[max(0, at - _REACH) : at + _REACH]
    slopes = []
    for side, last_s in ((-1, moments_s[0]), (1, moments_s[-1])):
        found_s = response.passing_s(share + side * _BESIDE, lag_s)
        apart_s = abs((last_s if found_s is None else found_s) - passed_s)
        slopes.append(_LESS_STEEP * _BESIDE / max(apart_s, response.block_s))
    since_s = moments_s - passed_s
    return moments_s, np.clip(np.where(since_s < 0, slopes[0], slopes[1]) * since_s, -share, 1 - share)


def _overshoot_pct(response: _Response, from_s: float, lag_s: float) -> Estimate:
    """The highest moving mean from a moment on, beyond the step.

    Noise makes the highest of many look higher. Its interval is a reversed parametric bootstrap: noise is drawn on top of the
    course, and by as much as it raises the highest the found one is lowered. The course is first freed of what the noise alone
    may have done to it: it is averaged over two windows, and its deviations from the plateau are shrunk (non-negative garrote).
    """
    moments_s, done = response.shares(lag_s)
    beyond = done[moments_s >= from_s] - 1
    draws = max(_FEWEST_DRAWS, min(_DRAWS, _MOST_DRAWN // len(beyond)))
    noise = response.noise(draws, moments_s[moments_s >= from_s], lag_s)
    u_share, u_alike = float(noise.std()), _u_alike(response, 1.0)

    def model(inputs: Inputs) -> Number:
        highest = inputs.normal("noise of the moving mean (1)", float(beyond.max()), u_share)
        return 100 * (highest + inputs.normal("flow alike at all moments (1)", 0.0, u_alike))

    found = evaluate(model)
    if not u_share:
        return found
    calm = _without_noise(_smooth(beyond), float(np.quantile(_smooth(noise).max(axis=1), _RARELY)))
    raised = (calm + noise).max(axis=1) - calm.max()
    alike = u_alike * np.random.default_rng(_SEED + 1).standard_normal(draws)
    return from_draws(found, 100 * (beyond.max() - raised + alike))


def _smooth(values: FloatArray) -> FloatArray:
    return np.asarray(uniform_filter1d(values, 2 * _BLOCKS, axis=-1, mode="nearest"))


def _without_noise(values: FloatArray, highest: float) -> FloatArray:
    """Values around their median, each shrunk by the less the further it is out."""
    middle = np.median(values)
    apart = values - middle
    far = np.abs(apart) > highest
    return np.asarray(middle + np.where(far, apart - highest**2 / np.where(far, apart, 1.0), 0.0))


def _u_alike(response: _Response, share: float) -> float:
    """Of the share: what is wrong alike with all flows, where that share is done."""
    curve = response.curve
    common_ml_h = (response.before_ml_h + share * response.step_ml_h) * curve.u_common_pct / 100
    levels_ml_h = math.sqrt(2) * curve.u_level_ml / response.window_s * 3600
    return math.hypot(curve.u_flow_ml_h, common_ml_h, levels_ml_h) / abs(response.step_ml_h)


def _surplus_ul(
    curve: Curve, at_s: float, rates_ml_h: tuple[float, float], window_s: float, lag: tuple[float, float]
) -> Estimate:
    """Delivered between a level before the command and one at the end, less what an immediate step would have."""
    before_ml_h, after_ml_h = rates_ml_h
    end_s = float(curve.moments_s[-1])
    begin, end = level(curve, at_s - window_s, at_s), level(curve, end_s - window_s, np.inf)
    elapsed_h = (end.moment_s - begin.moment_s) / 3600
    due_ml = (before_ml_h * (at_s - begin.moment_s) + after_ml_h * (end.moment_s - at_s)) / 3600
    delivered_ml = end.volume_ml - begin.volume_ml

    def model(inputs: Inputs) -> Number:
        noise = inputs.normal("level before the command (mL)", 0.0, begin.u_ml)
        noise += inputs.normal("level at the end (mL)", 0.0, end.u_ml)
        common = 1 + inputs.normal("alike for all volumes (%)", 0.0, curve.u_common_pct) / 100
        flow_ml_h = inputs.normal("flow alike at all moments (mL/h)", 0.0, curve.u_flow_ml_h)
        lag_h = inputs.rectangular("lag of line and balance (s)", *lag) / 3600
        held = lag_h * (after_ml_h - before_ml_h)
        return 1000 * ((delivered_ml + noise) * common + flow_ml_h * elapsed_h + held - due_ml)

    return evaluate(model)
