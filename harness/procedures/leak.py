"""Leak: the pump brings a closed line to a pressure, stands, and what it has built up is weighed in the end."""

from __future__ import annotations

from harness.cases import LeakCase
from harness.cases.blockages import LEVEL_S
from harness.procedures.verbs import close_line, open_line, read_pressure, read_total
from harness.rig import Rig


def run_leak(rig: Rig, case: LeakCase) -> None:
    with rig.phase("before"):
        read_pressure(rig)
        rig.wait(LEVEL_S)
    with rig.phase("flow"):
        read_total(rig)
        rig.start(case.rate)
        rig.wait(case.duration)
    with rig.phase("pressurise"):
        close_line(rig, case.place)
        _pressurise(rig, case)
        rig.stop()
        read_total(rig)
    with rig.phase("rest"):
        rig.wait(case.relax)
    with rig.phase("hold"):
        _watch_pressure(rig, case)
    with rig.phase("release"):
        open_line(rig)
        rig.wait(case.release)


def _pressurise(rig: Rig, case: LeakCase) -> None:
    """Until the pressure is there, the pump gives up, or the time is over."""
    until_s = rig.clock.now_s() + case.within
    while read_pressure(rig) < case.pressure and rig.clock.now_s() < until_s and rig.poll().running:
        rig.wait(case.every)


def _watch_pressure(rig: Rig, case: LeakCase) -> None:
    until_s = rig.clock.now_s() + case.hold
    while rig.clock.now_s() < until_s:
        read_pressure(rig)
        rig.wait_until(min(until_s, rig.clock.now_s() + case.every))
    read_pressure(rig)
