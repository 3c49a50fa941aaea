"""Forecasts for boluses."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.analysis.bolus import LEVEL_S
from harness.analysis.masses import volume_between
from harness.analysis.timing import Rise, duration_s, onset_s, rise_of
from harness.analysis.view import Conditions, View
from harness.cases import BolusCase
from harness.cases.boluses import BASELINE_S, DRAIN_S
from harness.forecasts.common import Foreseen, lagged, levels
from harness.metrology.budget import scaled
from harness.record import Series

_STEP_S = 0.1


def foresee_bolus(view: View[BolusCase]) -> Iterator[Foreseen]:
    case = view.case
    found, _ = volume_between(view, *levels(view, case.volume, case.over + DRAIN_S, LEVEL_S))
    yield "bolus volume", "%", scaled(found, 100 / case.volume, -100), case.volume_error.interval, case.volume_error
    rise = bolus_rise(case.volume, case.over, view.conditions)
    duration = duration_s(view.conditions, rise)
    if case.duration is not None:
        yield "bolus duration", "s", duration, case.duration.interval, case.duration
    if case.duration_error is not None:
        error = scaled(duration, 100 / case.over, -100)
        yield "bolus duration error", "%", error, case.duration_error.interval, case.duration_error
    if case.onset is not None:
        yield "bolus onset", "s", onset_s(view.conditions, rise, BASELINE_S), case.onset.interval, case.onset
    if case.hold_volume is not None:
        hold, _ = volume_between(view, *levels(view, 0.0, case.hold, LEVEL_S), per_ml=1000)
        yield "unintended volume in the hold", "uL", hold, case.hold_volume.interval, case.hold_volume


def bolus_rise(volume_ml: float, over_s: float, conditions: Conditions) -> Rise:
    """The bolus as the balance would show it behind all lags, without noise."""
    moments_s = np.arange(0.0, BASELINE_S + over_s + DRAIN_S, _STEP_S)
    masses_g = np.clip((moments_s - BASELINE_S) / over_s, 0, 1) * volume_ml / conditions.weighing.factor_ml_g()
    return rise_of(Series(moments_s, lagged(masses_g, _STEP_S, conditions)), LEVEL_S)
