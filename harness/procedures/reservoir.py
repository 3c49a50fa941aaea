"""Filling a reservoir, with its account; and running it empty past both of its alarms."""

from __future__ import annotations

from typing import cast

from harness.cases import LowReservoirCase, RefillCase
from harness.cases.reservoir import PLATEAU_S, RESTS_S
from harness.procedures.verbs import read_reservoir, refill, withdraw
from harness.rig import Rig
from instruments.errors import Refused
from instruments.pumps import ReservoirPump


def run_refill(rig: Rig, case: RefillCase) -> None:
    """What is left comes out and is weighed, too much is offered, what is right goes in."""
    with rig.phase("fill"):
        withdraw(rig)
        if case.over_fill is not None:
            _offer_too_much(rig, case.over_fill)
        refill(rig, case.fill)
        read_reservoir(rig)


def run_low_reservoir(rig: Rig, case: LowReservoirCase) -> None:
    """Fill, set the alarm, run until even a slow pump has emptied the reservoir. No alarm ends that: what flows counts."""
    with rig.phase("fill"):
        withdraw(rig)
        refill(rig, case.fill)
        rig.setting("low-reservoir alarm", case.alarm_volume, "mL", cast(ReservoirPump, rig.pump).set_low_reservoir)
    with rig.phase("rest"):
        rig.wait(RESTS_S)
    with rig.phase("run"):
        rig.start(case.rate)
        rig.watch(rig.clock.now_s() + case.run_s, case.poll)
    with rig.phase("plateau"):
        rig.wait(PLATEAU_S)
    rig.stop()


def _offer_too_much(rig: Rig, volume_ml: float) -> None:
    """Only told, not filled in: a pump that takes it would let somebody burst its reservoir."""
    try:
        rig.setting("over-fill", volume_ml, "mL", cast(ReservoirPump, rig.pump).refill)
    except Refused as no:
        rig.note("refused", name="over-fill", requested=volume_ml, unit="mL", answer=no.code)
