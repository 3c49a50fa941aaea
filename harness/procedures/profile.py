"""A day of several rates that the pump runs by itself."""

from __future__ import annotations

from harness.cases import ProfileCase
from harness.cases.rates import LEAD_IN_S, RUN_OUT_S
from harness.procedures.verbs import follow, start_profile
from harness.rig import Rig
from instruments.pumps import Step


def run_profile(rig: Rig, case: ProfileCase) -> None:
    """Nothing is commanded between the start and the end of the last step: it is the pump that keeps the moments."""
    with rig.phase("lead-in"):
        rig.wait(LEAD_IN_S)
    steps = start_profile(rig, [Step(rate_ml_h, rate_ml_h * span_s / 3600) for rate_ml_h, span_s in case.steps])
    with rig.phase("profile"):
        for _ in follow(rig, steps):
            rig.poll()
    rig.stop()
    with rig.phase("run-out"):
        rig.wait(RUN_OUT_S)
