"""The daily check of the balance: stand still, then put the check weight on and take it off, again and again.

A vessel may stay on the pan: what counts is the difference between the weight and no weight.
"""

from __future__ import annotations

from harness.cases import DailyCheckCase
from harness.rig import Rig
from instruments.hands import Step

PATIENCE_S = 60.0
"""So long a balance may take to call its reading stable. One that never does is weighed all the same: the figures will tell."""


def run_daily_check(rig: Rig, case: DailyCheckCase) -> None:
    """The pump stands. Each weighing begins when the balance has settled, and lasts ``hold``."""
    rig.stop()
    with rig.phase("still"):
        rig.wait(case.standstill)
    for number in range(1, case.placements + 1):
        _weigh(rig, case, _put_on(case, number), f"weight {number}")
        _weigh(rig, case, _take_off(case, number), f"zero {number}")


def _weigh(rig: Rig, case: DailyCheckCase, step: Step, phase: str) -> None:
    rig.by_hand(step)
    rig.settle(case.settle, PATIENCE_S)
    with rig.phase(phase):
        rig.wait(case.hold)


def _put_on(case: DailyCheckCase, number: int) -> Step:
    words = f"{number} of {case.placements}: put the {case.check_weight:g} g check weight on the middle of the pan, shut the door"
    return Step("put on", words, {"mass_g": case.check_weight, "mass_u_g": case.check_weight_uncertainty})


def _take_off(case: DailyCheckCase, number: int) -> Step:
    words = f"{number} of {case.placements}: take the check weight off, shut the door"
    return Step("take off", words, {"mass_g": case.check_weight})
