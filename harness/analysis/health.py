"""Can these readings be trusted? What is found here makes a case INVALID: the pump is not judged by a broken bench."""

from __future__ import annotations

import math

import numpy as np

from harness.analysis.calm import calm_faults
from harness.analysis.view import Conditions
from harness.record import Period, Record, Series

_VALUE = (ord("S"), ord("D"))
_WORDS = {"+": "overload", "-": "underload", "E": "hardware error", "I": "not executable", "L": "refused"}
_STUCK_S = 60.0
_NEVER = 1e-12


def bench_faults(record: Record, period: Period, conditions: Conditions, *, calm: bool = True) -> list[str]:
    """Everything that makes the readings of a period unfit, in words; empty when they are fit.

    ``calm``: nothing but flow may move the balance.
    """
    series = record.series(period)
    if len(series) < 2:
        return [f"no readings between {period.start_s:.0f} s and {period.end_s:.0f} s"]
    return [
        *_gaps(series, period, conditions),
        *_without_value(record, period),
        *_stray_lines(record, period),
        *_watchdog(record, period),
        *(calm_faults(record, period, conditions) if calm else []),
        *_stuck(series, conditions),
    ]


def _gaps(series: Series, period: Period, conditions: Conditions) -> list[str]:
    moments_s = np.concatenate([[period.start_s], series.moments_s, [period.end_s]])
    steps_s = np.diff(moments_s)
    if (steps_s[1:-1] < 0).any():  # lines that a real port hands out together have one stamp
        return ["the stamps of the readings go backwards"]
    at = int(steps_s.argmax())
    if steps_s[at] <= conditions.max_gap_s:
        return []
    return [f"no reading for {steps_s[at]:.1f} s from {moments_s[at]:.1f} s (allowed: {conditions.max_gap_s:g} s)"]


def _without_value(record: Record, period: Period) -> list[str]:
    readings = record.readings
    first, last = np.searchsorted(readings.stamps_us, [round(period.start_s * 1e6), round(period.end_s * 1e6)])
    statuses = readings.statuses[first:last]
    odd = sorted({chr(status) for status in np.unique(statuses)} - {chr(status) for status in _VALUE})
    return [f"the balance reported {_WORDS.get(status, status)!r}" for status in odd]


def _stray_lines(record: Record, period: Period) -> list[str]:
    lines = [event for event in record.of_kind("stray line") if period.start_s <= event.at_s < period.end_s]
    return [f"{len(lines)} lines from the balance were no weighings, first {lines[0].data['line']!r}"] if lines else []


def _watchdog(record: Record, period: Period) -> list[str]:
    """The pump's own watchdog: we were silent, so the pump is not to blame for standing still."""
    events = [event for event in record.of_kind("alarm") if period.start_s <= event.at_s < period.end_s]
    late = [event for event in events if event.data["kind"] == "watchdog"]
    return [f"the pump heard nothing from us and stopped by itself at {late[0].at_s:.1f} s"] if late else []


def _stuck(series: Series, conditions: Conditions) -> list[str]:
    """A balance whose noise shows does not repeat one value for minutes: its own declared noise makes that impossible."""
    if not conditions.weighing.balance.shows_noise:
        return []
    changes = np.flatnonzero(series.masses_g[1:] != series.masses_g[:-1])
    edges = np.concatenate([[-1], changes, [len(series) - 1]])
    at = int(np.diff(edges).argmax())
    first, last = int(edges[at]) + 1, int(edges[at + 1])
    held_s = float(series.moments_s[last] - series.moments_s[first])
    if held_s < _STUCK_S or _chance_log(last - first, conditions) > math.log(_NEVER):
        return []
    start_s = series.moments_s[first]
    told = f"the balance repeated {series.masses_g[first]:g} g for {held_s:.0f} s from {start_s:.0f} s: it is stuck"
    return [f"{told} (if its filter holds the display still, set shows_noise = false for it)"]


def _chance_log(repeats: int, conditions: Conditions) -> float:
    """Logarithm of the probability that so many readings round to one value, at the noise that the bench file states."""
    sheet = conditions.weighing.balance
    same = math.erf(sheet.readability / 2 / (sheet.repeatability * math.sqrt(2)))
    return repeats * math.log(same) if same < 1 else 0.0
