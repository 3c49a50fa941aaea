"""Before the first case: let the bench settle, then watch it with the pump stopped, to know evaporation and drift."""

from __future__ import annotations

from harness.plan import Preparation
from harness.record import PREPARATION
from harness.rig import Rig


def prepare(rig: Rig, preparation: Preparation) -> None:
    """Settle, then the blank."""
    rig.case = PREPARATION
    rig.poll()
    with rig.phase("settle"):
        rig.wait(preparation.settle)
    with rig.phase("blank"):
        rig.wait(preparation.blank)
