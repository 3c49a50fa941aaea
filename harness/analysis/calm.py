"""Is the weighing as calm as the bench file says? Knocks, drops and touches; vibration; draught; a vessel that loses too much.

What is found here is not the pump's doing: either no flow could look like it, or the pump stood.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harness.analysis.masses import fit_line
from harness.analysis.view import Conditions
from harness.record import FloatArray, Period, Record, Series
from harness.stands import relaxed_s

_NOISE, _FEW_NOISE, _HASTE, _LONE = 20.0, 5.0, 3.0, 0.25
"""A sudden change is more than so many times the noise, and so many times what the commanded rate moves meanwhile; next to it the
mass changes by less than this part of it."""
_FILTER_TIMES = 5.0
"""After so many response times of the balance a step has come through its filter."""
_SHORT, _MOST = 2 / 5, 0.8
"""Of a span: two response times, and the part of a step that has come by then."""
_FADES = 6.0
"""Lags after which a flow that was stopped is no longer an excuse."""
_BLOCK_S, _RESTLESS = 60.0, 3.0
_MEAN_S, _WANDER_S = 10.0, 1800.0
_QUIET_S = 1800.0
_CLEARLY = 2.0
_BARE_G_H, _BARE_MM = 0.1, 20.0
"""No vessel of that bore loses more, even bare and in moving air: four times what still air takes at a gap of 10 mm
(gravimetric-metrology, section 4). What goes faster flows."""
_SD_PER_MEDIAN = 1.4826
"""Of a normal distribution: its standard deviation over the median of its absolute values."""
_FEWEST = 30
_WEIGHTS = ("put on", "take off")
"""Steps by hand that move the balance."""
_PIECE = 32_768


def calm_faults(record: Record, period: Period, conditions: Conditions) -> list[str]:
    """What disturbed the readings of a period, in words."""
    series = record.series(period)
    quiet = [record.series(stretch) for stretch in quiet_stretches(record, period, conditions)]
    return [
        *_sudden(series, record, conditions),
        *_scatter(series, conditions),
        *(fault for stretch in quiet for fault in _wander(stretch, conditions)),
    ]


def losses(record: Record, until_s: float, conditions: Conditions) -> list[str]:
    """The vessel has lost more than it may in a stretch in which the pump stood: from then on the blank does not hold.

    Where check weights come and go, their mass is no loss: the stretches begin when the last one is off.
    """
    for stretch in quiet_stretches(record, Period(_last_handled_s(record), until_s), conditions):
        if (
            stretch.duration_s >= _QUIET_S
            and conditions.weighing.sign > 0
            and (told := _loss(record.series(stretch), conditions))
        ):
            return [f"from {stretch.start_s:.0f} s to {stretch.end_s:.0f} s {told}"]
    return []


def _last_handled_s(record: Record) -> float:
    return max((event.at_s for event in record.of_kind("done by hand") if event.data["step"] in _WEIGHTS), default=0.0)


def _loss(series: Series, conditions: Conditions) -> str:
    if len(series) < 3:
        return ""
    line, balance = fit_line(series), conditions.weighing.balance
    loss_g_h, vessel = -line.slope_g_s * 3600, conditions.weighing.vessel
    most_g_h, bare_g_h = vessel.evaporation_at_most, _BARE_G_H * (vessel.inner_diameter / _BARE_MM) ** 2
    clearly_g_h = most_g_h + _CLEARLY * ((line.u_g_s * 3600) ** 2 + balance.drift**2 / 3) ** 0.5
    if not clearly_g_h < loss_g_h <= max(bare_g_h, clearly_g_h):
        return ""
    return (
        f"the vessel lost {loss_g_h * 1000:.2f} mg/h while the pump stood (allowed are {most_g_h * 1000:g} mg/h): "
        "it was uncovered, or the balance drifts"
    )


def quiet_stretches(record: Record, period: Period, conditions: Conditions) -> Iterator[Period]:
    """Parts of a period in which the pump had been told to stand, and the line had relaxed."""
    still_s = relaxed_s(conditions.lag_s)
    changes = [(event.at_s, float(event.data["rate_ml_h"])) for event in record.of_kind("commanded")]
    for (start_s, rate_ml_h), (end_s, _) in pairwise([(-np.inf, 0.0), *changes, (np.inf, 0.0)]):
        stretch = Period(max(start_s + still_s, period.start_s), min(end_s, period.end_s))
        if rate_ml_h == 0 and stretch.duration_s > 0:
            yield stretch


def _sudden(series: Series, record: Record, conditions: Conditions) -> list[str]:
    """A lone step or a lone swing that no flow explains; a step among others of its kind is flow, however fast."""
    span = max(1, round(_FILTER_TIMES * conditions.weighing.balance.response * conditions.rate_hz))
    masses_g = series.masses_g
    if len(masses_g) <= 3 * span:
        return []
    allowed_g = _allowed_g(series, record, conditions, span)
    if not any(_restless(masses_g, allowed_g, span, begin) for begin in range(0, len(masses_g) - span, _PIECE)):
        return []
    flowed_g = 2 / _HASTE * (allowed_g - _unexplained_g(conditions))
    found = [*_steps(masses_g, allowed_g, span), *_swings(masses_g, allowed_g, flowed_g, span)]
    if not found:
        return []
    first, change_g = min(found)
    within = np.abs(np.diff(masses_g[first : first + span + 1]))
    at_s = series.moments_s[first + int(within.argmax()) + 1]
    return [f"the mass jumped by {change_g * 1000:.1f} mg at {at_s:.1f} s: a knock, a touch, or a drop"]


def _restless(masses_g: FloatArray, allowed_g: FloatArray, span: int, begin: int) -> bool:
    """Whether anything in a piece changes more than it may: in most records nothing does, and a piece fits into the cache."""
    part_g, may_g = masses_g[begin : begin + _PIECE + 2 * span], allowed_g[begin : begin + _PIECE]
    change_g = np.abs(part_g[span:] - part_g[:-span])[: len(may_g)]
    swing_g = np.abs(part_g[span:-span] - (part_g[: -2 * span] + part_g[2 * span :]) / 2)[: len(may_g)]
    return bool((change_g > may_g[: len(change_g)]).any() or (swing_g > may_g[: len(swing_g)]).any())


def _steps(masses_g: FloatArray, allowed_g: FloatArray, span: int) -> list[tuple[int, float]]:
    """The first change within a span that has nothing of its kind before and after it."""
    change_g = masses_g[span:] - masses_g[:-span]
    quiet_g = _LONE * np.abs(change_g)
    before_g, after_g = np.zeros_like(change_g), np.zeros_like(change_g)
    before_g[span:], after_g[:-span] = change_g[:-span], change_g[span:]
    lone = (np.abs(change_g) > allowed_g[: len(change_g)]) & (np.abs(before_g) < quiet_g) & (np.abs(after_g) < quiet_g)
    return _first(lone & _at_once(masses_g, change_g, span), change_g)


def _at_once(masses_g: FloatArray, change_g: FloatArray, span: int) -> NDArray[np.bool_]:
    """Where most of a change comes within two response times: a step behind the balance's filter does (1 - 1/e^2 of it), a flow
    through a line that is no faster than the balance does not (two thirds).
    """
    short = max(1, round(span * _SHORT))
    inner_g = np.abs(masses_g[short:] - masses_g[:-short])
    most_g = np.lib.stride_tricks.sliding_window_view(inner_g, span - short + 1).max(axis=1)
    return np.asarray(most_g[: len(change_g)] >= _MOST * np.abs(change_g))


def _swings(masses_g: FloatArray, allowed_g: FloatArray, flowed_g: FloatArray, span: int) -> list[tuple[int, float]]:
    """The first swing away from where the mass is both before and after, but for what has flowed meanwhile."""
    before_g, middle_g, after_g = masses_g[: -2 * span], masses_g[span:-span], masses_g[2 * span :]
    swing_g = middle_g - (before_g + after_g) / 2
    same_g = _LONE * np.abs(swing_g) + flowed_g[: len(swing_g)]
    lone = (np.abs(swing_g) > allowed_g[: len(swing_g)]) & (np.abs(after_g - before_g) < same_g)
    return _first(lone, swing_g)


def _first(lone: NDArray[np.bool_], change_g: FloatArray) -> list[tuple[int, float]]:
    if not lone.any():
        return []
    at = int(lone.argmax())
    return [(at, float(change_g[at]))]


def _allowed_g(series: Series, record: Record, conditions: Conditions, span: int) -> FloatArray:
    """For each reading: how much the mass may change within a span from it."""
    fastest_ml_h = np.zeros(len(series))
    span_s = span / conditions.rate_hz
    faded_s = _FADES * conditions.lag_s + span_s
    changes = [(event.at_s, float(event.data["rate_ml_h"])) for event in record.of_kind("commanded")]
    for (start_s, rate_ml_h), (end_s, _) in pairwise([*changes, (np.inf, 0.0)]):
        first, last = np.searchsorted(series.moments_s, [start_s - 2 * span_s, end_s + faded_s])
        fastest_ml_h[first:last] = np.maximum(fastest_ml_h[first:last], rate_ml_h)
    fastest_ml_h *= _HASTE / conditions.weighing.factor_ml_g() / 3600 * span_s
    fastest_ml_h += _unexplained_g(conditions)
    return fastest_ml_h


def _unexplained_g(conditions: Conditions) -> float:
    """What noise may look like; or the wetting of the needle, that slips from one bound of its force to the other."""
    sheet, needle = conditions.weighing.balance, conditions.weighing.needle
    noise_g = max(sheet.repeatability, sheet.readability)
    return max(_NOISE * noise_g, 2 * needle.capillary + _FEW_NOISE * noise_g)


def _scatter(series: Series, conditions: Conditions) -> list[str]:
    """Readings that scatter much more than the balance does. Second differences know no flow, their median does not know
    where one begins or ends.
    """
    size = max(100, round(_BLOCK_S * conditions.rate_hz))
    blocks_g = _blocks(series.masses_g[:-2], size)
    if not len(blocks_g):
        return []
    bends_g = (np.diff(series.masses_g[at : at + size + 2], 2) for at in range(0, blocks_g.size, size))
    scatter_g = np.array([np.median(np.abs(bend_g)) for bend_g in bends_g]) * _SD_PER_MEDIAN / 6**0.5
    at = int(scatter_g.argmax())
    if scatter_g[at] <= _RESTLESS * _reading_g(conditions):
        return []
    told = f"the readings scatter by {scatter_g[at] * 1000:.2g} mg around {series.moments_s[at * size]:.0f} s"
    return [f"{told}, the bench file says {conditions.weighing.balance.repeatability * 1000:g} mg: the table shakes"]


def _wander(series: Series, conditions: Conditions) -> list[str]:
    """Readings that wander within half a minute although the pump stands."""
    means_g = _blocks(series.masses_g, max(1, round(_MEAN_S * conditions.rate_hz))).mean(axis=1) if len(series) else np.empty(0)
    size = min(round(_WANDER_S / _MEAN_S), max(0, len(means_g) - 2))
    bends_g = _blocks(np.diff(means_g, 2), size) if size >= _FEWEST else np.empty((0, 1))
    if not len(bends_g):
        return []
    wander_g = np.median(np.abs(bends_g), axis=1) * _SD_PER_MEDIAN / 6**0.5
    at = int(wander_g.argmax())
    if wander_g[at] <= _RESTLESS * _reading_g(conditions):
        return []
    at_s = series.moments_s[0] + at * size * _MEAN_S
    told = f"the reading wandered by {wander_g[at] * 1000:.2g} mg around {at_s:.0f} s while the pump stood"
    return [f"{told}: a draught, or an open door"]


def _blocks(values: FloatArray, size: int) -> FloatArray:
    whole = len(values) // size if size else 0
    return values[: whole * size].reshape(whole, size) if whole else np.empty((0, max(size, 1)))


def _reading_g(conditions: Conditions) -> float:
    """Standard deviation of one reading."""
    return conditions.weighing.reading_g()
