"""Volumes at exactly even moments: what start-up graph, trumpet and pulsation are computed from.

A balance sends its readings when it likes. The estimators of the standards number their samples, so the samples have to lie at
start + i S (fluid-delivery-test-methods, section 3, the harness rule).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import dct, idct, irfft, rfft
from scipy.ndimage import uniform_filter

from harness.analysis.curve import Curve
from harness.record import FloatArray
from instruments.errors import BenchError, ConfigError

CHUNK = 16_384
"""Samples worked on at a time: small enough for a processor's cache, so that nothing of the series' own size is copied."""
_WHOLE = 1e-6
_BLOCK = 32_768
_SHRINK, _SHRINK_SHORT = 4.505, 8.0
_SHORT = 64
_STAMP_S = 1e-6
"""Stamps are kept in microseconds."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Volumes in mL at ``start_s + i * interval_s``; NaN where the readings do not tell.

    ``u_ml`` is the standard uncertainty of one volume that is independent from sample to sample (root mean square over the
    samples). ``u_common_pct``, ``u_flow_ml_h`` and ``u_level_ml`` are those of the curve.
    """

    start_s: float
    interval_s: float
    volumes_ml: FloatArray
    u_ml: float = 0.0
    u_common_pct: float = 0.0
    u_flow_ml_h: float = 0.0
    u_level_ml: float = 0.0

    @property
    def duration_s(self) -> float:
        return (len(self.volumes_ml) - 1) * self.interval_s

    @property
    def flows_ml_h(self) -> FloatArray:
        """Q_i, the mean flow of each interval (fluid-delivery-test-methods, section 4)."""
        return np.diff(self.volumes_ml) * (3600 / self.interval_s)


def on_grid(
    curve: Curve, start_s: float, end_s: float, interval_s: float, *, mean_over_s: float = 0.0, max_gap_s: float = math.inf
) -> Grid:
    """A curve's volumes from ``start_s`` to ``end_s``, both included, every ``interval_s``.

    Between the two neighbouring readings by a straight line; with ``mean_over_s`` above 0, the mean of the readings at most so
    far before and after (the straight line through the stretch is taken out first, so that the mean stands for the very
    moment). NaN where the neighbouring readings are further apart than ``max_gap_s``, or no reading is near enough for a mean.

    Raises ConfigError when the period is no whole number of intervals, BenchError when the curve does not cover it.
    """
    count = whole(end_s - start_s, interval_s, "the period")
    _check_cover(curve, start_s, end_s)
    volumes_ml, squares, known = np.empty(count + 1), 0.0, 0
    step = min(CHUNK, max(1, CHUNK * count // len(curve)))
    for first in range(0, count + 1, step):
        numbers = np.arange(first, min(first + step, count + 1))
        moments_s = np.clip(start_s + numbers * interval_s, curve.moments_s[0], curve.moments_s[-1])
        part_ml, shares = _sampled(_around(curve, moments_s, mean_over_s), moments_s, mean_over_s, max_gap_s)
        volumes_ml[first : first + len(part_ml)] = part_ml
        squares, known = squares + float(np.nansum(shares)), known + int(np.isfinite(shares).sum())
    u_ml = curve.u_ml * math.sqrt(squares / known) if known else math.nan
    return Grid(start_s, interval_s, volumes_ml, u_ml, curve.u_common_pct, curve.u_flow_ml_h, curve.u_level_ml)


def whole(span_s: float, interval_s: float, what: str) -> int:
    """How many intervals a span has. Raises ConfigError unless they are a whole number, at least 1."""
    if not (interval_s > 0 and math.isfinite(interval_s)):
        raise ConfigError(f"the sample interval is {interval_s:g} s; it has to be more than 0 s")
    count = span_s / interval_s
    nearest = round(count) if math.isfinite(count) else 0
    if nearest < 1 or abs(count - nearest) > _WHOLE * nearest:
        raise ConfigError(f"{what} of {span_s:g} s is not a whole number of sample intervals of {interval_s:g} s")
    return nearest


def stretches(volumes_ml: FloatArray) -> list[tuple[int, int]]:
    """First index and one past the last of each run of samples without a NaN."""
    edges: list[int] = []
    inside = False
    for first in range(0, len(volumes_ml), CHUNK):
        finite = np.isfinite(volumes_ml[first : first + CHUNK])
        if inside and finite.all():
            continue
        changes = np.flatnonzero(np.diff(finite, prepend=inside))
        edges += (first + changes).tolist()
        inside = bool(finite[-1])
    edges += [len(volumes_ml)] if inside else []
    return list(zip(edges[::2], edges[1::2], strict=True))


def smoothed(volumes_ml: FloatArray, u_ml: float) -> FloatArray:
    """Volumes with their noise shrunk out: what stands above white noise of ``u_ml`` in their spectrum stays.

    Departures from the straight line are transformed, first over the whole length (cosines), then what that left over short
    overlapping stretches. A group of neighbouring coefficients is shrunk by 1 - c u^2 / s, s their mean square (block
    James-Stein; Cai, Annals of Statistics 27 (1999) 898, where c is 4.505). NaN stays NaN. A jump between two samples is not
    smooth: overshoot stays beside it. Takes memory of the series' own size.
    """
    if not u_ml > 0:
        return volumes_ml
    smooth_ml = np.full(len(volumes_ml), np.nan)
    for first, last in stretches(volumes_ml):
        for begin in range(first, last, _BLOCK):
            piece = slice(begin, min(begin + _BLOCK, last))
            smooth_ml[piece] = _shrunk(volumes_ml[piece], u_ml)
    return smooth_ml


def _shrunk(volumes_ml: FloatArray, u_ml: float) -> FloatArray:
    if len(volumes_ml) < 3:
        return volumes_ml
    numbers = np.arange(len(volumes_ml)) - (len(volumes_ml) - 1) / 2
    slope_ml = float((numbers * volumes_ml).sum()) / (len(numbers) * (len(numbers) ** 2 - 1) / 12)
    line_ml = volumes_ml.mean() + slope_ml * numbers
    waves_ml = _long_waves(volumes_ml - line_ml, u_ml)
    return np.asarray(line_ml + waves_ml + _short_waves(volumes_ml - line_ml - waves_ml, u_ml))


def _long_waves(rest_ml: FloatArray, u_ml: float) -> FloatArray:
    """What is coherent over the whole length."""
    waves = dct(rest_ml, norm="ortho")
    starts = np.arange(0, len(waves), max(4, int(math.log(len(waves)))))
    lengths = np.diff(starts, append=len(waves))
    kept = _kept(np.add.reduceat(waves * waves, starts) / lengths, _SHRINK * u_ml**2)
    return np.asarray(idct(waves * np.repeat(kept, lengths), norm="ortho"))


def _short_waves(rest_ml: FloatArray, u_ml: float) -> FloatArray:
    """What stands out for a while only, or where the cosines end: tapered stretches that overlap by half.

    Neighbouring coefficients share noise here, so the threshold is higher.
    """
    half, taper = _SHORT // 2, np.hanning(_SHORT + 1)[:-1]
    if len(rest_ml) < _SHORT:
        return np.zeros(len(rest_ml))
    longer_ml = np.pad(rest_ml, (half, half + -len(rest_ml) % half), mode="reflect")
    waves = rfft(sliding_window_view(longer_ml, _SHORT)[::half] * taper)
    squares = uniform_filter(waves.real**2 + waves.imag**2, size=3, mode="nearest")
    back_ml = irfft(waves * _kept(squares, _SHRINK_SHORT * u_ml**2 * float((taper**2).sum()))) * taper
    joined_ml = (back_ml[:-1, half:] + back_ml[1:, :half]) / (taper[half:] ** 2 + taper[:half] ** 2)
    return np.asarray(joined_ml.ravel()[: len(rest_ml)])


def _kept(squares: FloatArray, floor: float) -> FloatArray:
    return np.asarray(np.maximum(0.0, 1 - floor / np.maximum(squares, np.finfo(np.float64).tiny)))


def _check_cover(curve: Curve, start_s: float, end_s: float) -> None:
    if len(curve) < 2:
        raise BenchError(f"the period from {start_s:g} s to {end_s:g} s has {len(curve)} readings; it needs at least two")
    first_s, last_s = float(curve.moments_s[0]), float(curve.moments_s[-1])
    if start_s < first_s - _STAMP_S or end_s > last_s + _STAMP_S:
        told = f"the readings go from {first_s:.3f} s to {last_s:.3f} s"
        raise BenchError(f"{told}; they do not cover the period from {start_s:.3f} s to {end_s:.3f} s")


def _around(curve: Curve, moments_s: FloatArray, mean_over_s: float) -> Curve:
    """The readings that some moments need: their neighbours, and all within ``mean_over_s``."""
    reach_s = np.array([moments_s[0] - mean_over_s, moments_s[-1] + mean_over_s])
    first, last = np.searchsorted(curve.moments_s, reach_s, side="right")
    part = slice(max(min(int(first) - 1, len(curve) - 2), 0), int(last) + 1)
    return Curve(curve.moments_s[part], curve.volumes_ml[part])


def _sampled(near: Curve, at_s: FloatArray, mean_over_s: float, max_gap_s: float) -> tuple[FloatArray, FloatArray]:
    """Volumes at some moments, and the variance of each in variances of one reading."""
    before = np.clip(np.searchsorted(near.moments_s, at_s, side="right") - 1, 0, max(len(near) - 2, 0))
    gaps_s = near.moments_s[before + 1] - near.moments_s[before]
    share = (at_s - near.moments_s[before]) / gaps_s
    if mean_over_s > 0:
        volumes_ml, variances = _means(near, at_s, mean_over_s)
    else:
        volumes_ml = (1 - share) * near.volumes_ml[before] + share * near.volumes_ml[before + 1]
        variances = (1 - share) ** 2 + share**2
    missing = (gaps_s > max_gap_s) & (np.minimum(share, 1 - share) * gaps_s > _STAMP_S)
    volumes_ml[missing] = np.nan
    variances[~np.isfinite(volumes_ml)] = np.nan
    return volumes_ml, variances


def _means(near: Curve, at_s: FloatArray, reach_s: float) -> tuple[FloatArray, FloatArray]:
    """Means of the readings around some moments. Departures from a straight line are summed up, so the sums stay small."""
    since_s = near.moments_s - near.moments_s[0]
    slope_ml_s = (near.volumes_ml[-1] - near.volumes_ml[0]) / since_s[-1]
    sums_ml = np.concatenate([[0.0], np.cumsum(near.volumes_ml - near.volumes_ml[0] - slope_ml_s * since_s)])
    first = np.searchsorted(near.moments_s, at_s - reach_s - _STAMP_S)
    last = np.searchsorted(near.moments_s, at_s + reach_s + _STAMP_S)
    counts = np.where(last > first, last - first, np.nan)
    line_ml = near.volumes_ml[0] + slope_ml_s * (at_s - near.moments_s[0])
    return line_ml + (sums_ml[last] - sums_ml[first]) / counts, 1 / counts
