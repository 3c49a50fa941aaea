"""What the balance shows while the pump stands: evaporation, and the drift that cannot be told from it."""

from __future__ import annotations

import math

from harness.analysis.masses import fit_line
from harness.analysis.view import Conditions
from harness.metrology.budget import Estimate, Inputs, evaluate
from harness.metrology.density import Number
from harness.metrology.volume import Evaporation
from harness.record import BLANK, PREPARATION, Period, Record

_CLEARLY = 2.0
_CHANGE_PCT = 0.5
"""Of the flow: a change of the evaporation that no run may have (gravimetric-metrology, section 4, acceptance)."""


def blank_faults(record: Record, conditions: Conditions, case: str = PREPARATION) -> list[str]:
    """Why the blank of a case (the one before the first case, unless told) cannot be what it should be.

    Cases are corrected with it: a leak that was there in the blank too would be taken for evaporation and hidden.
    """
    return _faults(record, conditions, record.phase(case, BLANK))


def _faults(record: Record, conditions: Conditions, blank: Period) -> list[str]:
    return [*_gained(record, conditions, blank), *lost_too_much(record, conditions, blank)]


def _gained(record: Record, conditions: Conditions, blank: Period) -> list[str]:
    loss_g_h, u_g_h = _loss(record, blank)
    if loss_g_h >= -_CLEARLY * _with_drift(u_g_h, conditions):
        return []
    return [f"the vessel gained {-loss_g_h * 1000:.2f} mg/h with the pump stopped; look for a leak or a siphon"]


def lost_too_much(record: Record, conditions: Conditions, blank: Period) -> list[str]:
    """No pump takes anything out of the vessel: whatever the case shows, its vessel was open."""
    (loss_g_h, u_g_h), most_g_h = _loss(record, blank), conditions.weighing.vessel.evaporation_at_most
    if loss_g_h <= most_g_h + _CLEARLY * _with_drift(u_g_h, conditions):
        return []
    told = f"the vessel lost {loss_g_h * 1000:.2f} mg/h, allowed are {most_g_h * 1000:g} mg/h"
    return [f"{told}; cover the liquid (oil, trap) or state what is right in vessel.evaporation_at_most"]


def change_faults(record: Record, conditions: Conditions, case: str, rate_ml_h: float) -> list[str]:
    """Why the blanks before and after a case do not belong together: what changed that much is no longer a correction."""
    (before_g_h, u_before), (after_g_h, u_after) = _around(record, conditions, case)
    clearly_g_h = _CLEARLY * math.hypot(_with_drift(u_before, conditions), _with_drift(u_after, conditions))
    allowed_g_h = _CHANGE_PCT / 100 * rate_ml_h / conditions.weighing.factor_ml_g()
    if abs(after_g_h - before_g_h) <= allowed_g_h + clearly_g_h:
        return []
    told = f"the vessel lost {before_g_h * 1000:.2f} mg/h before and {after_g_h * 1000:.2f} mg/h after"
    return [f"{told}; they may differ by {allowed_g_h * 1000:.2g} mg/h, {_CHANGE_PCT:g} % of the flow"]


def evaporation(record: Record, conditions: Conditions, case: str = "") -> Evaporation:
    """Loss in g/h by which a case is corrected: from the blank before it, and from the one after it where it has a good one.

    e = (e_before + e_after) / 2, u^2 = u_ols^2 + (e_after - e_before)^2 / 12 (gravimetric-metrology, section 4). Both on one
    balance, they hold its drift too; one alone does not know what the drift is in the case, so its uncertainty holds it.
    """
    if not record.has_phase(case, BLANK) or blank_faults(record, conditions, case):
        loss_g_h, u_g_h = _loss(record, blank_before(record, conditions, case))
        return Evaporation(loss_g_h, _with_drift(u_g_h, conditions), math.inf, "blank before the case")
    (before_g_h, u_before), (after_g_h, u_after) = _around(record, conditions, case)
    u_g_h = math.hypot(u_before / 2, u_after / 2, (after_g_h - before_g_h) / math.sqrt(12))
    return Evaporation((before_g_h + after_g_h) / 2, u_g_h, math.inf, "blanks before and after", holds_drift=True)


def blank_before(record: Record, conditions: Conditions, case: str) -> Period:
    """The last good blank that was over when a case began; that of the preparation, where none after it is good."""
    good = (blank for blank in _blanks_before(record, case) if not _faults(record, conditions, blank))
    return next(good, record.phase(PREPARATION, BLANK))


def bad_blank_before(record: Record, conditions: Conditions, case: str) -> list[str]:
    """What the last blank before a case says against it, although an older one is good: a leak, or an open vessel, may go on."""
    last = next(iter(_blanks_before(record, case)), None)
    return [f"the blank before the case: {fault}" for fault in _faults(record, conditions, last)] if last else []


def _blanks_before(record: Record, case: str) -> list[Period]:
    """All that were over when a case began, the last one first."""
    begins_s = min((event.at_s for event in record.of_kind("phase", case)), default=math.inf)
    owners = {event.case for event in record.of_kind("phase") if event.data["name"] == BLANK} - {case}
    blanks = [record.phase(owner, BLANK) for owner in owners if record.has_phase(owner, BLANK)]
    return sorted((blank for blank in blanks if blank.end_s <= begins_s), key=lambda blank: blank.end_s, reverse=True)


def loss_mg_h(conditions: Conditions, loss_g_h: float, u_g_h: float) -> Estimate:
    """What a vessel loses, from a straight line through its readings; the balance's zero may drift meanwhile."""
    drift_mg_h = conditions.weighing.balance.drift * 1000

    def model(inputs: Inputs) -> Number:
        line = inputs.normal("slope of the readings (mg/h)", loss_g_h * 1000, u_g_h * 1000)
        return line + inputs.rectangular("drift of the balance (mg/h)", 0.0, drift_mg_h)

    return evaluate(model)


Loss = tuple[float, float]
"""Loss in g/h and the standard error of its line."""


def _around(record: Record, conditions: Conditions, case: str) -> tuple[Loss, Loss]:
    return _loss(record, blank_before(record, conditions, case)), _loss(record, record.phase(case, BLANK))


def _loss(record: Record, blank: Period) -> Loss:
    line = fit_line(record.series(blank))
    return -line.slope_g_s * 3600, line.u_g_s * 3600


def _with_drift(u_g_h: float, conditions: Conditions) -> float:
    """The zero may drift alone: a blank cannot tell it from evaporation."""
    return math.hypot(u_g_h, conditions.weighing.balance.drift / math.sqrt(3))
