"""What the balance shows while the pump stands: evaporation, and the drift that cannot be told from it."""

from __future__ import annotations

from harness.analysis.masses import fit_line
from harness.analysis.view import Conditions
from harness.metrology.volume import Evaporation
from harness.record import PREPARATION, Record


def evaporation(record: Record, conditions: Conditions) -> Evaporation:
    """Loss in g/h from the blank before the first case (e = -dW/dt, gravimetric-metrology section 4).

    The balance's own drift during the blank goes into it unseen, so its uncertainty does too.
    """
    line = fit_line(record.series(record.phase(PREPARATION, "blank")))
    loss_g_h, u_line_g_h = -line.slope_g_s * 3600, line.u_g_s * 3600
    u_drift_g_h = conditions.weighing.balance.drift / 3**0.5
    return Evaporation(loss_g_h, (u_line_g_h**2 + u_drift_g_h**2) ** 0.5, dof=float("inf"), source="blank before the run")
