"""Commanded but not delivering: stretches in which the pump says that it runs and the balance sees nothing.

Over a window P the flow counts as missing when slope + 2.33 u(slope) < f r, with f = 0.5 (fluid-delivery-test-methods, section
9): with 99 % probability less than half of the set rate. P is as short as the balance allows at that rate.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harness.analysis.view import Named, View
from harness.cases import CaseBase, DeliveryCase, DurationLimit
from harness.metrology.budget import Estimate, evaluate
from harness.record import FloatArray, Period, Record
from harness.verdicts import Measurand
from instruments.errors import BenchError

_SHARE = 0.5
_ONE_SIDED_99 = 2.33
_SHORTEST_S = 60.0
_RESOLVED = 20.0
_STEPS = 10


@dataclass(frozen=True, slots=True)
class Commanded:
    """A stretch with one commanded rate."""

    period: Period
    rate_ml_h: float


def commanded(record: Record, within: Period) -> Iterator[Commanded]:
    """Stretches of ``within`` in which the pump was told to infuse, each with its rate."""
    changes = [(event.at_s, float(event.data["rate_ml_h"])) for event in record.of_kind("commanded")]
    for (start_s, rate_ml_h), (end_s, _) in pairwise([*changes, (np.inf, 0.0)]):
        period = Period(max(start_s, within.start_s), min(end_s, within.end_s))
        if rate_ml_h > 0 and period.duration_s > 0:
            yield Commanded(period, rate_ml_h)


def judge_delivery(view: View[DeliveryCase]) -> list[Measurand]:
    """Over the whole record."""
    stamps_us = view.record.readings.stamps_us
    whole = Period(float(stamps_us[0]) / 1e6, float(stamps_us[-1]) / 1e6)
    return [no_delivery(view, whole, view.case.no_delivery)]


def no_delivery(view: View[CaseBase], within: Period, limit: DurationLimit) -> Measurand:
    """The longest stretch without delivery, in s, and when it was."""
    found, stretches = longest_standstill(view, within)
    detail = "; ".join(map(_in_words, stretches)) or "delivering whenever commanded"
    return view.judge("commanded but not delivering", found, "s", limit, detail)


def longest_standstill(view: View[Named], within: Period) -> tuple[Estimate, list[Period]]:
    """The longest stretch without delivery, in s, and all of them.

    What the detector cannot see, because it is shorter than its window, is in the uncertainty. Raises BenchError when
    nothing was commanded: then there is nothing to be missed.
    """
    told = list(commanded(view.record, within))
    if not told:
        raise BenchError("the record has no stretch in which the pump was told to infuse")
    stretches = [stretch for one in told for stretch in _missing(view, one)]
    longest_s = max((stretch.duration_s for stretch in stretches), default=0.0)
    blind_s = max(min(window_s_of(view, one.rate_ml_h), one.period.duration_s) for one in told)
    half_width_s = blind_s / 2 if stretches else blind_s
    return evaluate(lambda inputs: inputs.rectangular("window of the detector (s)", longest_s, half_width_s)), stretches


def _in_words(period: Period) -> str:
    return f"from {period.start_s:.0f} s to {period.end_s:.0f} s"


def _missing(view: View[Named], told: Commanded) -> list[Period]:
    """Stretches without delivery inside one commanded stretch."""
    window_s = window_s_of(view, told.rate_ml_h)
    step_s = window_s / _STEPS
    period = told.period
    grid_s = np.arange(period.start_s + view.conditions.lag_s, period.end_s, step_s)
    if len(grid_s) <= _STEPS:
        return []
    volumes_ml = _volumes_ml(view, told.period, grid_s)
    flow_ml_h = (volumes_ml[_STEPS:] - volumes_ml[:-_STEPS]) / window_s * 3600
    u_ml_h = _u_flow_ml_h(view, window_s)
    low = flow_ml_h + _ONE_SIDED_99 * u_ml_h < _SHARE * told.rate_ml_h
    return _runs(grid_s, low)


def _runs(grid_s: FloatArray, low: NDArray[np.bool_]) -> list[Period]:
    """Windows that lie side by side make one stretch.

    A window counts as soon as half of it is without flow, so the stretch begins and ends half a window inside its outer
    windows; but not where the command itself begins or ends.
    """
    half = _STEPS // 2
    edges = np.flatnonzero(np.diff(np.concatenate([[False], low, [False]]).astype(np.int8)))
    pairs = zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True)
    inside = [(first + half * (first > 0), last + (half if last < len(low) - 1 else _STEPS)) for first, last in pairs]
    return [Period(float(grid_s[begin]), float(grid_s[end])) for begin, end in inside if end > begin]


def _volumes_ml(view: View[Named], period: Period, grid_s: FloatArray) -> FloatArray:
    """Volume on a grid of moments, each the mean of the readings of one step around it."""
    series, weighing = view.within(period), view.conditions.weighing
    step_s = float(grid_s[1] - grid_s[0])
    totals = np.concatenate([[0.0], np.cumsum(series.masses_g - series.masses_g[:1].sum())])
    first, last = (np.searchsorted(series.moments_s, grid_s + side * step_s / 2) for side in (-1, 1))
    counts = last - first
    masses_g = np.where(counts > 0, (totals[last] - totals[first]) / np.maximum(counts, 1), np.nan)
    known = np.isfinite(masses_g)
    if not known.any():
        raise BenchError(f"there is no valid reading {_in_words(period)}")
    masses_g = np.interp(grid_s, grid_s[known], masses_g[known])
    loss_g_h = view.evaporation.loss_g_h if weighing.corrections.evaporation else 0.0
    corrected_g = (masses_g + loss_g_h * grid_s / 3600) * (1 - weighing.immersed)
    return np.asarray(weighing.sign * corrected_g * weighing.factor_ml_g())


def window_s_of(view: View[Named], rate_ml_h: float) -> float:
    """Long enough for the set rate to move twenty times what the balance is unsure of."""
    return max(_SHORTEST_S, _RESOLVED * _u_volume_ml(view) / (rate_ml_h / 3600))


def _u_flow_ml_h(view: View[Named], window_s: float) -> float:
    return _u_volume_ml(view) / window_s * 3600


def _u_volume_ml(view: View[Named]) -> float:
    """Standard uncertainty of a difference of two readings, as a volume."""
    weighing = view.conditions.weighing
    wetting_g = weighing.needle.capillary / 3**0.5
    return math.sqrt(2) * math.hypot(weighing.reading_g(), wetting_g) * weighing.factor_ml_g()
