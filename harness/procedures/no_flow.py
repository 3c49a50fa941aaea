"""No flow: a small flow that is weighed, then a closed stopcock that only the balance can tell of."""

from __future__ import annotations

from harness.cases import NoFlowCase
from harness.procedures.verbs import close_line, open_line
from harness.rig import Rig


def run_no_flow(rig: Rig, case: NoFlowCase) -> None:
    """The pump runs on against the closed line; it stands when the line is opened."""
    rig.start(case.rate)
    with rig.phase("settle"):
        rig.wait(case.settle)
    with rig.phase("flow"):
        rig.wait(case.duration)
    with rig.phase("blocked"):
        close_line(rig, case.place)
        rig.wait(case.blocked)
    rig.stop()
    with rig.phase("release"):
        open_line(rig)
        rig.wait(case.release)
