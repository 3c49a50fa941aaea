"""Forecasts for a reservoir that runs empty."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.analysis.alarm import End, latency_of, residual_of
from harness.analysis.bolus import LEVEL_S
from harness.analysis.curve import Curve
from harness.analysis.empty import low_reservoir
from harness.analysis.latency import Gap
from harness.analysis.view import View, trailing_s
from harness.cases import LowReservoirCase, RefillCase, RunToEmptyCase
from harness.cases.reservoir import PLATEAU_S, RESTS_S
from harness.forecasts.common import Foreseen, curve_like, levels
from harness.judges.reservoir import emptied, times, volumes, withdrawn_error


def foresee_run_to_empty(view: View[RunToEmptyCase]) -> Iterator[Foreseen]:
    case = view.case
    slope_g_s = case.rate / 3600 / view.conditions.weighing.factor_ml_g()
    latency = latency_of(view.conditions, (0.0, case.poll), End(view.conditions.lag_s, slope_g_s))
    yield "alarm latency", "s", latency, case.alarm_latency.interval, case.alarm_latency
    if case.residual_volume is not None:
        filled_ml = view.conditions.filled_ml
        left = residual_of(view, *levels(view, filled_ml, filled_ml / case.rate * 3600, LEVEL_S))
        yield "residual volume", "uL", left, case.residual_volume.interval, case.residual_volume


def foresee_refill(view: View[RefillCase]) -> Iterator[Foreseen]:
    case = view.case
    error = withdrawn_error(case.fill, case.fill, case.withdrawn_uncertainty, view.conditions.filled_u_ml)
    yield "volume drawn out, less what the pump told", "uL", error, case.withdrawn_error.interval, case.withdrawn_error


def foresee_low_reservoir(view: View[LowReservoirCase]) -> Iterator[Foreseen]:
    """Of a pump that is exact, and does what it is programmed to do."""
    case, curve = view.case, _emptying(view)
    low, dry = (_polled(view, left_ml) for left_ml in (case.alarm_volume, 0.0))
    figures = [*volumes(view, curve, RESTS_S, low), *times(view, emptied(view, curve), RESTS_S, low, dry)]
    yield from ((name, unit, found, limit.interval, limit) for name, found, unit, limit, _ in figures)


def _emptying(view: View[LowReservoirCase]) -> Curve:
    case = view.case
    moments_s = np.arange(0.0, RESTS_S + case.fill / case.rate * 3600 + PLATEAU_S, 1 / view.conditions.rate_hz)
    flowing_s = moments_s - RESTS_S - trailing_s(view.conditions)[0]
    return curve_like(view, moments_s, np.clip(flowing_s * case.rate / 3600, 0.0, case.fill))


def _polled(view: View[LowReservoirCase], left_ml: float) -> Gap:
    """The polls around the moment at which so much is left."""
    at_s, half_s = RESTS_S + (view.case.fill - left_ml) / view.case.rate * 3600, view.case.poll / 2
    return at_s - half_s, at_s + half_s


def empty_first(case: LowReservoirCase) -> Iterator[str]:
    """A pump may keep to its accuracy and be empty before it says that it is low."""
    found = low_reservoir(case.fill, case.alarm_volume, case.rate, case.accuracy)
    if found.empty_before_alarm:
        needed_ml = case.fill * case.accuracy / (100 + case.accuracy)
        told = f"delivers more than {found.limit_error_pct:.3g} % too much is empty before its low-reservoir alarm"
        yield (
            f"a pump that {told}, and {case.accuracy:g} % are within its accuracy; "
            f"an alarm at {needed_ml:.3g} mL would come first at any error that is allowed"
        )
