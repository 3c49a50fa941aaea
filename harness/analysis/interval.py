"""Was a case begun at its moment after another? The bench begins them, so a wrong one is not the pump's fault."""

from __future__ import annotations

from dataclasses import dataclass

from harness.analysis.view import View
from harness.cases import CaseBase
from harness.metrology.budget import evaluate
from harness.record import WAITING, Record
from harness.verdicts import Measurand, Verdict, judge
from instruments.errors import BenchError

_CLOCK_RATE = 1e-4


@dataclass(frozen=True, slots=True)
class Interval:
    """The interval as a measurand, and what was wrong with it: a case that was begun at another moment shows nothing."""

    measurands: tuple[Measurand, ...] = ()
    faults: tuple[str, ...] = ()


def start_to_start(view: View[CaseBase]) -> Interval:
    """From the beginning of the earlier case to that of this one, in h; nothing for a case that is not timed."""
    after = view.case.after
    if after is None:
        return Interval()
    interval_h = (begun_s(view.record, view.case.id) - begun_s(view.record, after.case)) / 3600
    found = evaluate(lambda inputs: inputs.rectangular("rate of the clock (h)", interval_h, _CLOCK_RATE * interval_h))
    limits_h = ((after.start_to_start - after.within) / 3600, (after.start_to_start + after.within) / 3600)
    judged = judge(f"start to start, after {after.case}", found, "h", limits_h, view.conditions.rule)
    if judged.verdict is not Verdict.FAIL:
        return Interval((judged,))
    told = f"the bench began it {interval_h:.5g} h after case {after.case}, and not {limits_h[0]:.5g} h to {limits_h[1]:.5g} h"
    return Interval(faults=(told,))


def begun_s(record: Record, case: str) -> float:
    """When the pump was first told to run in a case; when its first phase began, for one in which it was not."""
    starts = [event.at_s for event in record.of_kind("commanded", case) if event.data["rate_ml_h"] > 0]
    edges = [event.at_s for event in record.of_kind("phase", case) if event.data["name"] != WAITING]
    if not (starts or edges):
        raise BenchError(f"the record has no beginning of case {case}")
    return min(starts or edges)
