"""What the forecasts of all procedures are made of: a case seen before anything was recorded, and levels as they will be."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.analysis.view import Conditions, View
from harness.cases import Limit
from harness.metrology.budget import Estimate
from harness.metrology.rules import Interval
from harness.metrology.volume import Evaporation, Level
from harness.plan import Plan
from harness.record import Record
from instruments.readings import Readings

_NO_READINGS = Readings(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0, dtype=np.uint8))
_NOTHING = Record("", "forecast", _NO_READINGS, ())

Foreseen = tuple[str, str, Estimate, Interval, Limit]
"""Measurand, unit, estimate, limits, and the limit with its rule."""


def view_of(case: Any, plan: Plan, conditions: Conditions) -> View[Any]:
    """With the evaporation as its blanks will tell it: its line as straight as the noise lets it be."""
    weighing, blank_s = conditions.weighing, plan.file.preparation.blank
    readings = blank_s * conditions.rate_hz
    line_g_h = weighing.reading_g() * (12 / readings) ** 0.5 / blank_s * 3600
    drift_g_h = 0.0 if case.blank else weighing.balance.drift / 3**0.5
    left_out_g_h = 0.0 if weighing.corrections.evaporation else weighing.vessel.evaporation_at_most
    loss = Evaporation(left_out_g_h, float(np.hypot(line_g_h, drift_g_h)), float("inf"), "blank", holds_drift=bool(case.blank))
    return View(_NOTHING, case, conditions, loss)


def levels(view: View[Any], volume_ml: float, elapsed_s: float, span_s: float) -> tuple[Level, Level]:
    """Two means over ``span_s``, that time and that volume apart."""
    count = max(1, round(span_s * view.conditions.rate_hz))
    gained_g = view.conditions.weighing.sign * volume_ml / view.conditions.weighing.factor_ml_g()
    return Level(0.0, 0.0, count), Level(elapsed_s, gained_g, count)
