"""Boluses in a row, each weighed: told to run until a target volume, left alone until the line has run out, told again."""

from __future__ import annotations

from harness.cases.boluses import BASELINE_S
from harness.cases.doses import LONGEST, BolusesCase
from harness.rig import Rig

_LOOKS = 2
"""At a bolus, in the time that it should take."""


def run_boluses(rig: Rig, case: BolusesCase) -> None:
    """A bolus that has not ended after half as long again is stopped. They start evenly, whenever each of them ends."""
    with rig.phase("baseline"):
        rig.wait(BASELINE_S)
    with rig.phase("boluses"):
        for _ in range(case.count):
            rig.start(case.rate_ml_h, case.volume)
            started_s = rig.clock.now_s()
            rig.watch(started_s + LONGEST * case.over, every_s=case.over / _LOOKS)
            rig.stop()
            rig.wait_until(started_s + case.over + case.pause)
