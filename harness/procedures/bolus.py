"""One bolus: a quiet baseline, the bolus, time to drain, then the observation hold in which nothing may flow."""

from __future__ import annotations

from harness.cases import BolusCase
from harness.cases.boluses import BASELINE_S, DRAIN_S
from harness.rig import Rig

_PATIENCE = 1.5
_POLL_S = 5.0


def run_bolus(rig: Rig, case: BolusCase) -> None:
    """The pump stops by itself at the target volume; if it has not after half as long again, it is stopped."""
    with rig.phase("baseline"):
        rig.wait(BASELINE_S)
    with rig.phase("bolus"):
        rig.start(case.rate_ml_h, case.volume)
        rig.watch(rig.clock.now_s() + _PATIENCE * case.over, every_s=_POLL_S)
        rig.stop()
    with rig.phase("drain"):
        rig.wait(DRAIN_S)
    if case.hold:
        with rig.phase("hold"):
            rig.wait(case.hold)
