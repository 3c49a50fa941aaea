"""The pump is off: what still flows is unintended."""

from __future__ import annotations

from harness.cases import PumpOffCase
from harness.rig import Rig


def run_pump_off(rig: Rig, case: PumpOffCase) -> None:
    """Stop, wait until the line has relaxed, watch."""
    rig.stop()
    with rig.phase("settle"):
        rig.wait(case.settle)
    with rig.phase("off"):
        rig.wait(case.duration)
