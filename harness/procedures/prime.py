"""Priming: an empty line is filled, then the pump infuses as if nothing had been."""

from __future__ import annotations

from harness.cases import PrimeCase
from harness.cases.blockages import LEVEL_S
from harness.procedures.verbs import drain_line, prime
from harness.rig import Rig
from instruments.hands import Step

_PATIENCE = 1.5
_POLLS, _OFTEN_S = 50, 5.0
_LOOK = "look along the line: no bubble is left, and the needle's tip is in the liquid; touch nothing"


def run_prime(rig: Rig, case: PrimeCase) -> None:
    """The pump stops by itself when it has primed; if it has not after half as long again, it is stopped."""
    if case.dead_ml:
        drain_line(rig, case.pump_path)
    with rig.phase("before"):
        rig.wait(2 * LEVEL_S)
    with rig.phase("prime"):
        prime(rig, case.volume, case.rate)
        rig.watch(rig.clock.now_s() + _PATIENCE * case.primes_s, every_s=max(_OFTEN_S, case.primes_s / _POLLS))
        rig.stop()
    with rig.phase("filled"):
        rig.wait(2 * LEVEL_S)
    rig.by_hand(Step("do", _LOOK))
    rig.start(case.flow_rate)
    with rig.phase("settle"):
        rig.wait(case.settle)
    with rig.phase("flow"):
        rig.wait(case.duration)
    rig.stop()
