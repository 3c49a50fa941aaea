"""Start-up graph and start-up delays (fluid-delivery-test-methods, section 4)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.analysis.grid import Grid, whole
from harness.metrology.budget import Estimate, Inputs, evaluate
from harness.metrology.density import Number
from harness.record import FloatArray
from instruments.errors import BenchError, ConfigError

_FLATTEST = 0.1


@dataclass(frozen=True, slots=True)
class StartUp:
    """Q_i in mL/h for each interval of the grid, and the delays in s after the grid's start; None where never reached."""

    start_s: float
    interval_s: float
    flows_ml_h: FloatArray
    sud_50_s: Estimate | None
    sud_90_s: Estimate | None


@dataclass(frozen=True, slots=True)
class _Means:
    """Moving means of the flow, each at the middle of its window, in s after the start."""

    moments_s: FloatArray
    flows_ml_h: FloatArray
    over_s: float

    @property
    def step_s(self) -> float:
        return float(self.moments_s[1] - self.moments_s[0])


def start_up(grid: Grid, rate_ml_h: float, *, mean_over_s: float = 120.0, hold_s: float = 120.0) -> StartUp:
    """The start-up graph over ``grid``, which begins where the infusion was started, with SUD_50 and SUD_90.

    SUD_x is the first time at which the moving mean of the flow over ``mean_over_s`` reaches x % of the set rate and stays
    there for ``hold_s``; between samples by a straight line. A mean stands for the middle of its window, and before its start
    the infusion gives nothing: at a pump without any delay SUD_50 is 0 and SUD_90 is 0.4 ``mean_over_s``, the least that the
    moving mean resolves. Raises ConfigError when ``mean_over_s`` is no whole number of intervals.
    """
    if not rate_ml_h > 0:
        raise ConfigError(f"the set rate is {rate_ml_h:g} mL/h; a delay until a share of it needs more than 0 mL/h")
    means = _moving_means(grid, mean_over_s)
    held = max(1, round(hold_s / grid.interval_s))
    delays = [_delay_s(grid, means, share * rate_ml_h, held) for share in (0.5, 0.9)]
    return StartUp(grid.start_s, grid.interval_s, grid.flows_ml_h, *delays)


def _moving_means(grid: Grid, over_s: float) -> _Means:
    samples = whole(over_s, grid.interval_s, "the moving mean")
    if not np.isfinite(grid.volumes_ml[0]):
        raise BenchError(f"there is no valid reading at {grid.start_s:g} s, where the infusion starts")
    volumes_ml: FloatArray = np.concatenate([np.full(samples, grid.volumes_ml[0]), grid.volumes_ml])
    flows_ml_h: FloatArray = (volumes_ml[samples:] - volumes_ml[:-samples]) * (3600 / over_s)
    middles_s = np.asarray(np.arange(len(flows_ml_h)) * grid.interval_s - over_s / 2, dtype=np.float64)
    return _Means(middles_s, flows_ml_h, over_s)


def _delay_s(grid: Grid, means: _Means, level_ml_h: float, held: int) -> Estimate | None:
    at = _first_held(means.flows_ml_h, level_ml_h, held)
    if at is None:
        return None
    # The last mean before that is known: at a gap in the readings it is further away, and the sampling less certain.
    before = int(np.flatnonzero(np.isfinite(means.flows_ml_h[:at]))[-1])
    (t0, t1), (q0, q1) = means.moments_s[[before, at]], means.flows_ml_h[[before, at]]
    value_s = float(t0 + (level_ml_h - q0) / (q1 - q0) * (t1 - t0)) if q0 < level_ml_h else float(t0 + t1) / 2
    slope_ml_h_s = _slope_ml_h_s(means, at, level_ml_h)
    noise_ml_h = 2**0.5 * math.hypot(grid.u_ml, grid.u_level_ml) / means.over_s * 3600

    def model(inputs: Inputs) -> Number:
        sampling = inputs.rectangular("sampling (s)", 0.0, float(t1 - t0) / 2)
        noise = inputs.normal("noise of the moving mean (mL/h)", 0.0, noise_ml_h)
        common = inputs.normal("alike for all volumes (%)", 0.0, grid.u_common_pct)
        flow = inputs.normal("flow alike at all moments (mL/h)", 0.0, grid.u_flow_ml_h)
        return value_s + sampling + (noise + common * (level_ml_h / 100) + flow) / slope_ml_h_s

    return evaluate(model)


def _first_held(flows_ml_h: FloatArray, level_ml_h: float, held: int) -> int | None:
    """The first mean at the level that so many after it stay at; an unknown one does not."""
    above = np.concatenate([[False], flows_ml_h >= level_ml_h, [False]])
    edges = np.flatnonzero(np.diff(above))
    begins, lengths = edges[::2], edges[1::2] - edges[::2]
    long_enough = begins[(lengths > held) & (begins > 0)]
    return int(long_enough[0]) if len(long_enough) else None


def _slope_ml_h_s(means: _Means, at: int, level_ml_h: float) -> float:
    """Rise of the moving mean where it passes the level, over as long as one mean takes: over less, noise would be read as
    slope. Where it hardly rises, a tenth of its rise since the start stands for it, so that the delay keeps an uncertainty."""
    half = max(1, round(means.over_s / means.step_s / 2))
    part = slice(max(at - half, 0), at + half + 1)
    flows_ml_h, moments_s = means.flows_ml_h[part], means.moments_s[part]
    known = np.flatnonzero(np.isfinite(flows_ml_h))
    rise_ml_h = float(flows_ml_h[known[-1]] - flows_ml_h[known[0]])
    took_s = float(moments_s[known[-1]] - moments_s[known[0]])
    whole_s = float(means.moments_s[at] - means.moments_s[0])
    return max(rise_ml_h / took_s if took_s > 0 else 0.0, _FLATTEST * level_ml_h / whole_s)
