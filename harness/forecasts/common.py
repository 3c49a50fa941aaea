"""What the forecasts of all procedures are made of: a case seen before anything was recorded, and levels as they will be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from harness.analysis.curve import Curve
from harness.analysis.masses import curve_of
from harness.analysis.view import Conditions, View
from harness.cases import Limit
from harness.metrology.budget import Estimate
from harness.metrology.rules import Interval
from harness.metrology.volume import Evaporation, Level
from harness.plan import Plan
from harness.record import FloatArray, Record, Series
from instruments.readings import Readings
from instruments.recursion import recursed

_NO_READINGS = Readings(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0, dtype=np.uint8))
_NOTHING = Record("", "forecast", _NO_READINGS, ())

Foreseen = tuple[str, str, Estimate, Interval, Limit]
"""Measurand, unit, estimate, limits, and the limit with its rule."""


def view_of(case: Any, plan: Plan, conditions: Conditions) -> View[Any]:
    """With the evaporation as its blanks will tell it: its line as straight as the noise lets it be."""
    weighing, blank_s = conditions.weighing, plan.file.preparation.blank
    line_g_h = line_u_g_h(conditions, blank_s)
    drift_g_h = 0.0 if case.blank else weighing.balance.drift / 3**0.5
    left_out_g_h = 0.0 if weighing.corrections.evaporation else weighing.vessel.evaporation_at_most
    loss = Evaporation(left_out_g_h, float(np.hypot(line_g_h, drift_g_h)), float("inf"), "blank", holds_drift=bool(case.blank))
    return View(_NOTHING, case, conditions, loss)


def line_u_g_h(conditions: Conditions, duration_s: float) -> float:
    """Standard error of the slope of a straight line through the readings of a stretch."""
    readings = duration_s * conditions.rate_hz
    return float(conditions.weighing.reading_g() * (12 / readings) ** 0.5 / duration_s * 3600)


def levels(view: View[Any], volume_ml: float, elapsed_s: float, span_s: float) -> tuple[Level, Level]:
    """Two means over ``span_s``, that time and that volume apart: what the balance shows is more by what the needle displaces."""
    count, weighing = max(1, round(span_s * view.conditions.rate_hz)), view.conditions.weighing
    gained_g = weighing.sign * volume_ml / weighing.factor_ml_g() / (1 - weighing.immersed)
    return Level(0.0, 0.0, count), Level(elapsed_s, gained_g, count)


def curve_like(view: View[Any], moments_s: FloatArray, volumes_ml: FloatArray) -> Curve:
    """A curve with these volumes, as uncertain as a recorded one on this bench will be."""
    return replace(curve_of(view, Series(np.empty(0), np.empty(0))), moments_s=moments_s, volumes_ml=volumes_ml)


def lagged(values: FloatArray, step_s: float, conditions: Conditions) -> FloatArray:
    """What happens at the pump, as it comes behind all lags of line and balance."""
    for lag in conditions.corrected_lags:
        keep = np.exp(-step_s / lag.lag_s) if lag.lag_s > 0 else 0.0
        values = recursed((1 - keep) * values, keep)
    return values
