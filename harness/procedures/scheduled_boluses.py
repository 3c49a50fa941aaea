"""Doses at their moments: by the pump's own schedule on a basal rate, or each commanded when its moment has come."""

from __future__ import annotations

from collections.abc import Iterator

from harness.cases.boluses import BASELINE_S
from harness.cases.doses import LONGEST, ScheduledBolusesCase
from harness.procedures.verbs import follow, start_profile
from harness.rig import Rig
from instruments.pumps import Step

_LOOKS = 2
"""At a bolus, in the time that it should take."""


def run_scheduled_boluses(rig: Rig, case: ScheduledBolusesCase) -> None:
    """To the end of the pause after the last dose."""
    with rig.phase("baseline"):
        rig.wait(BASELINE_S)
    with rig.phase("schedule"):
        begins_s = rig.clock.now_s()
        if case.basal is None:
            _command_each(rig, case, begins_s)
        else:
            _let_it_run(rig, case, case.basal)
        rig.wait_until(begins_s + case.first + case.count * case.every)
    rig.stop()


def _command_each(rig: Rig, case: ScheduledBolusesCase, begins_s: float) -> None:
    for moment_s in case.moments_s:
        rig.wait_until(begins_s + moment_s)
        rig.start(case.rate_ml_h, case.volume)
        rig.watch(rig.clock.now_s() + LONGEST * case.over, every_s=case.over / _LOOKS)
        rig.stop()


def _let_it_run(rig: Rig, case: ScheduledBolusesCase, basal_ml_h: float) -> None:
    taken = start_profile(rig, [*_steps(case, basal_ml_h), Step(basal_ml_h, 0.0)])
    for _ in follow(rig, taken):
        pass


def _steps(case: ScheduledBolusesCase, basal_ml_h: float) -> Iterator[Step]:
    """A pause and a dose, for each of them."""
    for number in range(case.count):
        pause_s = case.every - case.over if number else case.first
        yield Step(basal_ml_h, basal_ml_h * pause_s / 3600)
        yield Step(case.rate_ml_h, case.volume)
