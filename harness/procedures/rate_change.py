"""Rates that are set one after the other while the pump infuses."""

from __future__ import annotations

from harness.cases import RateChangeCase
from harness.cases.rates import LEAD_IN_S, RUN_OUT_S
from harness.procedures.verbs import change_rate
from harness.rig import Rig


def run_rate_change(rig: Rig, case: RateChangeCase) -> None:
    """What the pump counts is asked for next to what is weighed: before the start, and when the line has run out."""
    with rig.phase("lead-in"):
        _count(rig)
        rig.wait(LEAD_IN_S)
    rig.start(case.rates[0])
    for number, rate_ml_h in enumerate(case.rates, 1):
        if number > 1:
            change_rate(rig, rate_ml_h)
        with rig.phase(f"rate {number}"):
            rig.wait(case.each)
    rig.stop()
    with rig.phase("run-out"):
        rig.wait(RUN_OUT_S)
        _count(rig)


def _count(rig: Rig) -> None:
    rig.note("count", infused_ml=rig.pump.infused_ml())
