"""Power is lost in the middle of an infusion and comes back; then the infusion is started again."""

from __future__ import annotations

from harness.cases.power import PowerInterruptionCase
from harness.procedures.verbs import cut_power, restore_power, try_start
from harness.rig import Rig


def run_power_interruption(rig: Rig, case: PowerInterruptionCase) -> None:
    """The pump is told to start with what it still has for its programme; where it says that it has none, it is set again."""
    rig.start(case.rate)
    with rig.phase("settle"):
        rig.wait(case.settle)
    with rig.phase("flow"):
        rig.wait(case.duration)
    with rig.unpowered():
        cut_power(rig, case.by)
        with rig.phase("off"):
            rig.wait(case.off)
        restore_power(rig, case.by)
    with rig.phase("restored"):
        rig.wait(case.watch)
    rig.stop()
    if not try_start(rig, case.rate):
        rig.start(case.rate)
    with rig.phase("settle again"):
        rig.wait(case.settle)
    with rig.phase("flow again"):
        rig.wait(case.duration)
    rig.stop()
