"""What the kinds of analyses share: an estimate as plain data, and the stretch that is asked about."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from harness.analysis.curve import Curve
from harness.analysis.masses import curve_of, first, last
from harness.analysis.view import View
from harness.metrology.budget import Estimate
from harness.metrology.volume import Level
from harness.record import Period, Series
from harness.recording import Recording
from instruments.errors import BenchError

_STAMP_S = 1e-6
BOLUS_LEVEL_S = 30.0
FEWEST = 25
"""Readings in a window of a moving mean."""

Plain = dict[str, Any]
"""What JSON can hold."""
Answer = Callable[[View[Any], Period, Recording], Plain]


def measured(found: Estimate | None, unit: str) -> Plain | None:
    """An estimate as plain data, with its budget; an infinite number of degrees of freedom is null."""
    if found is None:
        return None
    rows = [{**asdict(row), "dof": finite(row.dof), "sensitivity": finite(row.sensitivity)} for row in found.budget]
    return {
        "value": found.value,
        "unit": unit,
        "expanded_uncertainty": found.expanded_uncertainty,
        "coverage_factor": found.coverage_factor,
        "standard_uncertainty": found.u,
        "degrees_of_freedom": finite(found.dof),
        "interval": list(found.interval),
        "method": found.method,
        "budget": rows,
    }


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def series_of(view: View[Any], period: Period) -> Series:
    """Both ends belong to it."""
    return view.within(Period(period.start_s, period.end_s + _STAMP_S))


def curve_over(view: View[Any], period: Period) -> Curve:
    curve = curve_of(view, series_of(view, period))
    if not len(curve):
        raise BenchError(f"there is no valid reading from {period.start_s:g} s to {period.end_s:g} s")
    return curve


def ends_of(view: View[Any], series: Series, span_s: float) -> tuple[Level, Level]:
    averaged_s = span_s if view.case.level is None else view.case.level
    lasts_s = float(series.moments_s[-1] - series.moments_s[0]) if len(series) else 0.0
    if not lasts_s > 2 * averaged_s:
        told = f"{len(series)} valid readings over {lasts_s:g} s leave nothing between levels of {averaged_s:g} s at both ends"
        raise BenchError(f"{told}; take a longer stretch, or a shorter level ('0 s' for single readings)")
    return first(series, averaged_s), last(series, averaged_s)
