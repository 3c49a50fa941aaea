"""Successive rates of one infusion: the mean flow of each, and how the flow follows from one to the next."""

from __future__ import annotations

from dataclasses import dataclass

from harness.analysis.curve import Curve
from harness.analysis.flow import ends, mean_flow
from harness.analysis.masses import curve_of
from harness.analysis.rate_change import RateChange, rate_change, shortest_window_s
from harness.analysis.view import Conditions, Named, View, trailing_s
from harness.metrology.budget import Estimate
from harness.record import Period

_FEWEST = 25
"""Readings in a window of a moving mean."""
BEFORE, AFTER = 2, 3
"""Windows of the flow before a change and after it that its response is found from."""
_EARLIER = 1.5
_MADE = 0.5
"""Of a commanded change: what is less than that is none."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One rate as it was commanded, from the command to the next one, and where in it the flow is steady."""

    period: Period
    rate_ml_h: float
    steady: Period

    def flow(self, view: View[Named]) -> tuple[Estimate, str]:
        """Mean flow where it is steady, in mL/h, and what it was made of."""
        return mean_flow(view, *ends(view.within(self.steady)))


def window_s(curve: Curve, step_ml_h: float, conditions: Conditions, early_s: float = 0.0) -> float:
    """The shortest window that shows a change of the flow on this balance, also one that is ``early_s`` early: a change is looked
    for from one window before its command on.
    """
    lag_s, _ = trailing_s(conditions)
    return max(shortest_window_s(curve.u_point_ml, step_ml_h, lag_s), _FEWEST / conditions.rate_hz, _EARLIER * early_s)


def response(view: View[Named], one: Stretch, other: Stretch, early_s: float = 0.0) -> RateChange | None:
    """How the flow follows from one rate to the next; None where it does not: less than half of the change was made.

    Between the measured flows of the two, so that a steady error of the pump is no part of it.
    """
    before_ml_h, after_ml_h = one.flow(view)[0].value, other.flow(view)[0].value
    if not (after_ml_h - before_ml_h) / (other.rate_ml_h - one.rate_ml_h) >= _MADE:
        return None
    curve = curve_of(view, view.within(Period(one.steady.start_s, other.period.end_s)))
    lag_s, half_s = trailing_s(view.conditions)
    span_s = window_s(curve, other.rate_ml_h - one.rate_ml_h, view.conditions, early_s)
    rates_ml_h = before_ml_h, after_ml_h
    return rate_change(curve, other.period.start_s, *rates_ml_h, window_s=span_s, lag_s=lag_s, lag_half_s=half_s)
