"""What the balance shows while the pump stands: evaporation, and the drift that cannot be told from it."""

from __future__ import annotations

from harness.analysis.masses import fit_line
from harness.analysis.view import Conditions
from harness.metrology.volume import Evaporation
from harness.record import PREPARATION, Record

_CLEARLY = 2.0


def blank_faults(record: Record, conditions: Conditions) -> list[str]:
    """Why the blank cannot be what it should be.

    Every case is corrected with it: a leak that was there in the blank too would be taken for evaporation and hidden.
    """
    found, most_g_h = evaporation(record, conditions), conditions.weighing.vessel.evaporation_at_most
    margin_g_h = _CLEARLY * found.u_g_h
    if found.loss_g_h < -margin_g_h:
        return [f"the vessel gained {-found.loss_g_h * 1000:.2f} mg/h with the pump stopped; look for a leak or a siphon"]
    if found.loss_g_h > most_g_h + margin_g_h:
        told = f"the vessel lost {found.loss_g_h * 1000:.2f} mg/h, allowed are {most_g_h * 1000:g} mg/h"
        return [f"{told}; cover the liquid (oil, trap) or state what is right in vessel.evaporation_at_most"]
    return []


def evaporation(record: Record, conditions: Conditions) -> Evaporation:
    """Loss in g/h from the blank before the first case (e = -dW/dt, gravimetric-metrology section 4).

    The balance's own drift during the blank goes into it unseen, so its uncertainty does too.
    """
    line = fit_line(record.series(record.phase(PREPARATION, "blank")))
    loss_g_h, u_line_g_h = -line.slope_g_s * 3600, line.u_g_s * 3600
    u_drift_g_h = conditions.weighing.balance.drift / 3**0.5
    return Evaporation(loss_g_h, (u_line_g_h**2 + u_drift_g_h**2) ** 0.5, dof=float("inf"), source="blank before the run")
