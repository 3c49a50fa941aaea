"""Trumpet curve: the largest and the smallest mean error over windows of a length (fluid-delivery-test-methods, section 6).

The mean flow over a window follows from the volumes at its two ends (the telescoped form), so a window costs one subtraction.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from harness.analysis.grid import CHUNK, Grid, smoothed, stretches, whole
from harness.cases.trumpets import WINDOWS as WINDOWS
from harness.metrology.budget import Estimate, Inputs, evaluate, from_draws
from harness.metrology.density import Number
from harness.record import FloatArray
from instruments.errors import BenchError, ConfigError

_SAME_PCT = 1e-9
_LIMITING = 4.0
_MOST_INDICES = 10_000
_DRAWS = 1000
_SEED = 6
_REACH, _STEP = 8.0, 0.125
"""How far below the largest window another may win, and the classes they are counted in; in standard deviations."""
_LEVELS = -np.arange(0.0, _REACH + _STEP / 2, _STEP)

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Extremes:
    """The smallest and the largest volume of all windows of one length, and the windows that have it (1-based, as m counts).

    ``windows`` is m, ``left_out`` how many of them have a NaN in them. At most the first 10,000 indices are kept.
    """

    windows: int
    left_out: int
    low_ml: float
    high_ml: float
    low_at: tuple[int, ...]
    high_at: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Ep(max) and Ep(min) in % of the set rate over windows of ``window_s``; both may have either sign.

    ``windows`` is m = (Tx - P)/S + 1, ``left_out`` how many of them have a missing reading in them and do not count.
    ``max_at`` and ``min_at`` are the 1-based windows with the extreme (within 1e-9 %). ``u_pct`` is the standard uncertainty
    of a single window; ``resolution_limited`` where it exceeds a quarter of the tolerance.
    """

    window_s: float
    samples: int
    windows: int
    left_out: int
    ep_max: Estimate
    ep_min: Estimate
    max_at: tuple[int, ...]
    min_at: tuple[int, ...]
    u_pct: float
    resolution_limited: bool


@dataclass(frozen=True, slots=True)
class Trumpet:
    """A trumpet curve, its windows in the order they were asked for."""

    rate_ml_h: float
    interval_s: float
    windows: tuple[Window, ...]


def trumpet(grid: Grid, rate_ml_h: float, windows_s: Sequence[float], *, tolerance_pct: float | None = None) -> Trumpet:
    """Ep(max) and Ep(min) over the whole of ``grid``, which is the analysis period Tx.

    The reported values are the definition's own. The largest of many noisy values lies too high, the smallest too low
    (gravimetric-metrology, section 6); that pull is taken out of the 95.45 % interval, which therefore need not lie around the
    value, or contain it. It comes from seeded draws (a parametric bootstrap, reversed interval): white noise of ``grid.u_ml``
    a sample is laid over a curve that stands for the truth, and what that adds to the extreme is taken off. For one half of
    the draws the truth is the curve with its noise shrunk out, for the other the curve as it is: the one takes off too much of
    the pull where the flow bends at the ends of the period, the other always too little. Windows' noises count as independent.

    Measured with simulated noise that shows, the interval holds the true value in 89 % to 98 % of the cases over an hour at
    S = 30 s. Over thousands of windows that is so for flows without a short ripple; with one it is 75 % to 85 %, and 87 % with
    a start-up in the period. Where the volume jumps between two samples (single strokes) it is 60 % over an hour and less over
    a longer time: choose S as a whole number of strokes there.

    Raises ConfigError for a window that is no whole number of intervals or longer than the period, BenchError when no window
    of a length is free of missing readings.
    """
    if not rate_ml_h > 0:
        raise ConfigError(f"the set rate is {rate_ml_h:g} mL/h; an error in percent of it needs more than 0 mL/h")
    samples = [_samples(grid, window_s) for window_s in windows_s]
    same_ml = _SAME_PCT / 100 * rate_ml_h * grid.interval_s / 3600
    found = extremes(grid.volumes_ml, samples, same_ml=same_ml)
    smooth_ml = smoothed(grid.volumes_ml, grid.u_ml)
    windows = [_window(grid, smooth_ml, rate_ml_h, *each, tolerance_pct) for each in zip(samples, found, strict=True)]
    return Trumpet(rate_ml_h, grid.interval_s, tuple(windows))


def extremes(volumes_ml: FloatArray, samples_per_window: Sequence[int], *, same_ml: float = 0.0) -> list[Extremes]:
    """Smallest and largest volume over all windows of each number of samples, sliding by one sample.

    Windows with a NaN anywhere in them do not count. Volumes that differ by at most ``same_ml`` for each sample of the window
    count as the same. Works through pieces that fit into a processor's cache; takes no memory of the series' own size.
    """
    searches = [_Search(samples, [], []) for samples in samples_per_window]
    runs, scratch = stretches(volumes_ml), np.empty(CHUNK)
    for first, last in runs:
        for begin in range(first, last, CHUNK):
            for search in searches:
                search.look(volumes_ml, begin, min(begin + CHUNK, last - search.samples), scratch)
    return [search.result(volumes_ml, same_ml, scratch) for search in searches]


@dataclass(frozen=True, slots=True)
class _Search:
    """The pieces of a series that were looked through with one window length: begin, end; smallest and largest volume."""

    samples: int
    pieces: list[tuple[int, int]]
    ends_ml: list[tuple[float, float]]

    def look(self, volumes_ml: FloatArray, begin: int, end: int, scratch: FloatArray) -> None:
        if end > begin:
            found_ml = _differences(volumes_ml, self.samples, begin, end, scratch)
            self.pieces.append((begin, end))
            self.ends_ml.append((float(found_ml.min()), float(found_ml.max())))

    def result(self, volumes_ml: FloatArray, same_ml: float, scratch: FloatArray) -> Extremes:
        windows = len(volumes_ml) - self.samples
        left_out = windows - sum(end - begin for begin, end in self.pieces)
        if not self.pieces:
            return Extremes(windows, left_out, math.nan, math.nan, (), ())
        low_ml, high_ml = min(low for low, _ in self.ends_ml), max(high for _, high in self.ends_ml)
        near_ml = same_ml * self.samples
        low_at = self._where(volumes_ml, -math.inf, low_ml + near_ml, scratch)
        high_at = self._where(volumes_ml, high_ml - near_ml, math.inf, scratch)
        return Extremes(windows, left_out, low_ml, high_ml, low_at, high_at)

    def _where(self, volumes_ml: FloatArray, from_ml: float, to_ml: float, scratch: FloatArray) -> tuple[int, ...]:
        """Windows with a volume between two; only pieces that can have one are looked at again."""
        found: list[int] = []
        for (begin, end), (low_ml, high_ml) in zip(self.pieces, self.ends_ml, strict=True):
            if (low_ml <= to_ml and high_ml >= from_ml) and len(found) < _MOST_INDICES:
                piece_ml = _differences(volumes_ml, self.samples, begin, end, scratch)
                found += (np.flatnonzero((piece_ml >= from_ml) & (piece_ml <= to_ml)) + begin + 1).tolist()
        return tuple(found[:_MOST_INDICES])


def _differences(volumes_ml: FloatArray, samples: int, begin: int, end: int, scratch: FloatArray) -> FloatArray:
    """Volumes of the windows that start at samples ``begin`` to ``end``; in ``scratch``."""
    return np.subtract(volumes_ml[begin + samples : end + samples], volumes_ml[begin:end], out=scratch[: end - begin])


def _samples(grid: Grid, window_s: float) -> int:
    samples = whole(window_s, grid.interval_s, "a window")
    if samples > len(grid.volumes_ml) - 1:
        told = f"a window of {window_s:g} s is longer than the analysis period of {grid.duration_s:g} s"
        raise ConfigError(f"{told}; windows of {grid.interval_s:g} s to {grid.duration_s:g} s fit")
    return samples


def _window(
    grid: Grid, smooth_ml: FloatArray, rate_ml_h: float, samples: int, found: Extremes, tolerance_pct: float | None
) -> Window:
    window_s = samples * grid.interval_s
    if found.left_out == found.windows:
        raise BenchError(f"every window of {window_s:g} s has a missing reading in it; the trumpet curve has no value there")
    pct_ml = 100 * 3600 / (rate_ml_h * window_s)
    max_pct, min_pct = found.high_ml * pct_ml - 100, found.low_ml * pct_ml - 100
    noise_pct = math.sqrt(2) * grid.u_ml * pct_ml
    lifts = [_lifts(curve_ml, samples, math.sqrt(2) * grid.u_ml) for curve_ml in (smooth_ml, grid.volumes_ml)]
    up_pct, down_pct = (noise_pct * np.concatenate(each) for each in zip(*lifts, strict=True))
    level_pct = math.sqrt(2) * grid.u_level_ml * pct_ml
    u_pct = math.hypot(
        noise_pct, level_pct, grid.u_common_pct * (1 + (max_pct + min_pct) / 200), grid.u_flow_ml_h / rate_ml_h * 100
    )
    return Window(
        window_s,
        samples,
        found.windows,
        found.left_out,
        _estimate(grid, rate_ml_h, max_pct, -up_pct, level_pct),
        _estimate(grid, rate_ml_h, min_pct, down_pct, level_pct),
        found.high_at,
        found.low_at,
        u_pct,
        tolerance_pct is not None and u_pct > tolerance_pct / _LIMITING,
    )


def _estimate(grid: Grid, rate_ml_h: float, value_pct: float, noise_pct: FloatArray, level_pct: float) -> Estimate:
    """An extreme with what the noise draws leave of it, with its own two levels, and with what is alike for all windows.

    Wetting creeps and slips: what it pulls the extreme by depends on where it does, so it is not taken out. The extreme may have
    picked the windows between its bounds: any difference of two levels is taken to be as likely as none.
    """

    def model(inputs: Inputs) -> Number:
        noise = inputs.normal("noise, as the extreme picks it (%)", 0.0, float(noise_pct.std()))
        common = inputs.normal("alike for all volumes (%)", 0.0, grid.u_common_pct)
        flow = inputs.normal("flow alike at all moments (mL/h)", 0.0, grid.u_flow_ml_h)
        levels = inputs.rectangular("both levels: wetting, linearity (%)", 0.0, math.sqrt(6) * level_pct)
        return value_pct + noise + levels + common * (1 + value_pct / 100) + flow * (100 / rate_ml_h)

    random = np.random.default_rng(_SEED + 1)
    common, flow = random.standard_normal((2, len(noise_pct)))
    levels_pct = math.sqrt(6) * level_pct * random.uniform(-1, 1, len(noise_pct))
    alike_pct = levels_pct + common * grid.u_common_pct * (1 + value_pct / 100) + flow * grid.u_flow_ml_h * 100 / rate_ml_h
    return from_draws(evaluate(model), value_pct + noise_pct + alike_pct)


def _lifts(smooth_ml: FloatArray, samples: int, u_ml: float) -> tuple[FloatArray, FloatArray]:
    """Draws of how far noise lifts the largest, and lowers the smallest, of all windows, in ``u_ml`` of one window."""
    if not u_ml > 0:
        return np.zeros(_DRAWS), np.zeros(_DRAWS)
    found, scratch = extremes(smooth_ml, [samples])[0], np.empty(CHUNK)
    counts = np.zeros((2, len(_LEVELS)), dtype=np.int64)
    for begin, end in _pieces(smooth_ml, samples):
        piece_ml = _differences(smooth_ml, samples, begin, end, scratch)
        counts[0] += _counts(found.high_ml - piece_ml, u_ml)
        counts[1] += _counts(piece_ml - found.low_ml, u_ml)
    return _drawn_lift(counts[0]), _drawn_lift(counts[1])


def _counts(away_ml: FloatArray, u_ml: float) -> IntArray:
    """How many windows lie in each class away from the extreme one."""
    away = away_ml[away_ml < _REACH * u_ml] * (1 / (u_ml * _STEP)) + 0.5
    return np.bincount(away.astype(np.int64), minlength=len(_LEVELS))


def _drawn_lift(counts: IntArray) -> FloatArray:
    """The largest of c independent normal numbers is Phi^-1(U^(1/c)): a draw costs the same for a hundred windows and for a
    million."""
    used = counts > 0
    logs = -np.random.default_rng(_SEED).standard_exponential((_DRAWS, int(used.sum())))
    return np.asarray((_LEVELS[used] - ndtri(-np.expm1(logs / counts[used]))).max(axis=1))


def _pieces(volumes_ml: FloatArray, samples: int) -> Iterator[tuple[int, int]]:
    for first, last in stretches(volumes_ml):
        for begin in range(first, last - samples, CHUNK):
            yield begin, min(begin + CHUNK, last - samples)
