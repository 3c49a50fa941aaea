"""Numbers as a reviewer reads them: U to two significant digits, the value to the same digit. For display only."""

from __future__ import annotations

import math

from harness.metrology.rules import Interval
from harness.verdicts import Measurand

_EXACT_DIGITS = 6


def with_uncertainty(value: float, expanded_uncertainty: float) -> str:
    """``1.0020 ± 0.0007`` becomes ``1.00200 ± 0.00070``; a value without uncertainty stands alone."""
    if expanded_uncertainty <= 0 or not math.isfinite(expanded_uncertainty):
        return f"{value:.{_EXACT_DIGITS}g}"
    rounded = float(f"{expanded_uncertainty:.2g}")
    place = 1 - math.floor(math.log10(rounded))
    decimals = max(0, place)
    return f"{round(value, place):.{decimals}f} ± {round(expanded_uncertainty, place):.{decimals}f}"


def measured(measurand: Measurand) -> str:
    return f"{with_uncertainty(measurand.value, measurand.expanded_uncertainty)}{_unit(measurand.unit)}"


def limits(interval: Interval, unit: str) -> str:
    """``0.95 to 1.05 mL``, ``at least 60 s``, ``at most 10 uL``."""
    low, high = interval
    if low is None and high is None:
        return "none"
    if low is None or high is None:
        word, side = ("at most", high) if low is None else ("at least", low)
        return f"{word} {side:g}{_unit(unit)}"
    return f"{low:g}{_unit(unit)}" if low == high else f"{low:g} to {high:g}{_unit(unit)}"


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"
