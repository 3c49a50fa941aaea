"""Occlusion: a constant flow, a closed stopcock, the alarm, and what comes when the stopcock is opened."""

from __future__ import annotations

from harness.cases import OcclusionCase
from harness.procedures.verbs import close_line, open_line, read_pressure, set_threshold, watch_line
from harness.rig import Rig
from instruments.hands import Step


def run_occlusion(rig: Rig, case: OcclusionCase) -> None:
    """A pump that has not alarmed by then is stopped: what it has built up is collected all the same."""
    if case.threshold is not None:
        set_threshold(rig, case.threshold)
    with rig.phase("run"):
        read_pressure(rig)
        rig.start(case.rate)
        rig.wait(case.settle)
    with rig.phase("closed"):
        close_line(rig, case.place)
        watch_line(rig, rig.clock.now_s() + case.waits_s, case.poll)
        read_pressure(rig)
        rig.wait(case.poll)
        rig.poll()  # an alarm is to stop it, before we do
    with rig.phase("relief"):
        rig.stop()
        rig.by_hand(Step("do", "look along the line for leaks; touch nothing"))
        rig.wait(case.relief)
    with rig.phase("release"):
        open_line(rig)
        rig.wait(case.release)
