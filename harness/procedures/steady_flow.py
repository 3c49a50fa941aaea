"""A constant set rate: time to become steady, then the analysis period."""

from __future__ import annotations

from harness.cases import SteadyFlowCase
from harness.procedures.outlet import against
from harness.rig import Rig


def run_steady_flow(rig: Rig, case: SteadyFlowCase) -> None:
    """An alarm ends neither phase: the record shows what flowed."""
    rig.start(case.rate)
    with against(rig, case.outlet_kpa):
        with rig.phase("settle"):
            rig.wait(case.settle)
        with rig.phase("flow"):
            rig.wait(case.duration)
    rig.stop()
