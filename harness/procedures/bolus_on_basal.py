"""A bolus on a running infusion: by the pump's own bolus where it has one, else as the second of three steps of a profile."""

from __future__ import annotations

from harness.cases.boluses import DRAIN_S
from harness.cases.doses import BolusOnBasalCase
from harness.procedures.verbs import give_bolus, start_profile
from harness.rig import Rig
from instruments.pumps import Step

_AHEAD_S = 10.0
"""The bolus of a profile comes so much later than the phase before it ends: the pump's clock is not ours."""


def run_bolus_on_basal(rig: Rig, case: BolusOnBasalCase) -> None:
    """Infuse until the flow is steady, watch it, give the bolus, let the line run out, watch the infusion go on."""
    by_itself = rig.stations.can("pump", "bolus")
    if by_itself:
        rig.start(case.basal)
    else:
        start_profile(rig, _steps(case))
    with rig.phase("settle"):
        rig.wait(case.settle)
    with rig.phase("basal"):
        rig.wait(case.watch)
    with rig.phase("bolus"):
        rig.wait(_AHEAD_S)
        if by_itself:
            give_bolus(rig, case.volume, case.rate_ml_h, case.basal)
        else:
            _let_it_give(rig, case)
        rig.wait(DRAIN_S)
    with rig.phase("after"):
        rig.wait(case.watch)
    rig.stop()


def _steps(case: BolusOnBasalCase) -> tuple[Step, ...]:
    before_ml = case.basal * (case.before_s + _AHEAD_S) / 3600
    return Step(case.basal, before_ml), Step(case.rate_ml_h, case.volume), Step(case.basal, 0.0)


def _let_it_give(rig: Rig, case: BolusOnBasalCase) -> None:
    rig.commanded(case.rate_ml_h)
    rig.wait(case.over)
    rig.commanded(case.basal)
