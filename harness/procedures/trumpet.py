"""A constant rate from its start on: a quiet baseline, the stabilisation, the analysis period."""

from __future__ import annotations

from harness.cases import TrumpetCase
from harness.cases.trumpets import BASELINE_S, RUN_OUT_S
from harness.procedures.outlet import against
from harness.rig import Rig


def run_trumpet(rig: Rig, case: TrumpetCase) -> None:
    """The start-up graph begins with the start command, so it is seen from before."""
    with rig.phase("baseline"):
        rig.wait(BASELINE_S)
    rig.start(case.rate)
    with against(rig, case.outlet_kpa):
        with rig.phase("stabilisation"):
            rig.wait(case.stabilisation)
        with rig.phase("analysis"):
            rig.wait(case.analysis)
    rig.stop()
    with rig.phase("run-out"):
        rig.wait(RUN_OUT_S)
