"""The programmed volume, then the keep-open rate: both programmed, and run by the pump itself.

A keep-open function that a pump has of its own, with a rate that nobody programmed, is not what is tested here.
"""

from __future__ import annotations

from harness.cases import KvoCase
from harness.cases.rates import LEAD_IN_S, RUN_OUT_S
from harness.procedures.verbs import follow, start_profile
from harness.rig import Rig
from instruments.pumps import Step


def run_kvo(rig: Rig, case: KvoCase) -> None:
    """A profile of two steps, the second one until stopped."""
    with rig.phase("lead-in"):
        rig.wait(LEAD_IN_S)
    steps = start_profile(rig, [Step(case.rate, case.volume), Step(case.kvo, 0.0)])
    with rig.phase("infusion"):
        for _ in follow(rig, steps):
            rig.poll()
    with rig.phase("settle"):
        rig.wait(case.settle)
    with rig.phase("keep-open"):
        rig.wait(case.duration)
    rig.stop()
    with rig.phase("run-out"):
        rig.wait(RUN_OUT_S)
