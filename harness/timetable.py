"""A plan on paper: when each case begins, how long it takes, and what is in pump and vessel after it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.bench import Bench
from harness.cases import CaseBase
from harness.cases.balance import BY_HAND_S
from harness.plan import Plan
from harness.stands import relaxed_s


@dataclass(frozen=True, slots=True)
class Outlook:
    """One case: bench time in s from the beginning of the run, volumes in mL.

    ``lasts_s`` has the blank after the case in it; ``left_ml`` is in the pump when the case is over, ``collected_ml`` has left it
    by then since the run began.
    """

    case: str
    procedure: str
    starts_s: float
    lasts_s: float
    gives_ml: float
    left_ml: float
    collected_ml: float

    @property
    def ends_s(self) -> float:
        return self.starts_s + self.lasts_s


def timetable(plan: Plan, bench: Bench) -> tuple[Outlook, ...]:
    """One after the other, where a case that has its moment after another waits for it."""
    now_s = plan.file.preparation.settle + plan.file.preparation.blank
    left_ml, collected_ml = bench.pump.source.filled_ml, 0.0
    found: dict[str, Outlook] = {}
    for case in plan.cases:
        now_s += len(case.operator) * BY_HAND_S  # asked before the case waits for its moment
        if case.after is not None:
            now_s = max(now_s, found[case.after.case].starts_s + case.after.start_to_start)
        lasts_s, gives_ml = case.lasts_s(left_ml) + _blank_s(case, bench), case.gives_ml(left_ml)
        left_ml, collected_ml = case.leaves_ml(left_ml), collected_ml + gives_ml
        found[case.id] = Outlook(case.id, case.procedure, now_s, lasts_s, gives_ml, left_ml, collected_ml)
        now_s += lasts_s
    return tuple(found.values())


def _blank_s(case: CaseBase, bench: Bench) -> float:
    """The blank after a case, with the time in which the line relaxes."""
    return relaxed_s(bench.file.catheter.lag + bench.balance.response) + case.blank if case.blank else 0.0
