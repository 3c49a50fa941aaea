"""From what a journal says of a run to the verdict of the run: the same for one that ends now, was cut, or is judged again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.record import Event
from harness.verdicts import CaseVerdict, RunVerdict, Verdict, case_from, case_json, overall

VERDICT, MARK, ENDED = "verdict", "mark", "run ended"
_NOT_REACHED = "not reached, or not selected"
_NOT_COUNTED = "judged in a run that was aborted, where nothing counts as passed; a run that resumes it may carry this over"


@dataclass(frozen=True, slots=True)
class Judged:
    """A case's verdict. ``from_record``: it was computed from the record, and can be again; ``carried``: the run it is from."""

    verdict: CaseVerdict
    from_record: bool = False
    carried: str = ""

    def as_data(self) -> dict[str, Any]:
        return {"from_record": self.from_record, "carried": self.carried, "verdict": case_json(self.verdict)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Judged:
        return cls(case_from(data["verdict"]), from_record=data["from_record"], carried=data["carried"])


def judged_cases(events: Iterable[Event]) -> dict[str, Judged]:
    """The verdicts that a journal holds, by case."""
    return {event.case: Judged.from_data(event.data) for event in events if event.kind == VERDICT}


def mark(verdict: Verdict, reason: str) -> dict[str, Any]:
    """What went wrong with a run as a whole; it is said in its last case, beside what was measured there."""
    return {"verdict": verdict.value, "reason": reason}


def conclude(
    run: str,
    data_source: str,
    cases: Sequence[Mapping[str, Any]],
    events: Sequence[Event],
    judged: Mapping[str, CaseVerdict],
    planned: Collection[str] | None = None,
) -> RunVerdict:
    """The verdict of a run. ``cases`` are those of its plan (id, title, requirement), ``judged`` the verdicts of those it has.

    ``planned``: the ids of the plan that was run, where ``cases`` are those of another one.
    """
    found = {case["id"]: judged.get(case["id"]) or _not_reached(case) for case in cases}
    last = str(cases[-1]["id"])
    for event in events:
        if event.kind == MARK:
            found[last] = _marked(found[last], Verdict(event.data["verdict"]), event.data["reason"])
    own = [case for name, case in found.items() if planned is None or name in planned]
    if _cut_short(events) or any(case.verdict is Verdict.ABORTED for case in own):
        found = {name: _never_green(case) for name, case in found.items()}
    return RunVerdict(run, data_source, tuple(found.values()))


def not_closed(run: str, data_source: str, cases: Sequence[Mapping[str, Any]]) -> RunVerdict:
    """What stands in the folder of a run until it is closed, and stays there if nobody does."""
    reason = "the run has not been closed: it goes on, or it was cut short; see 'dosebench recover'"
    return RunVerdict(run, data_source, tuple(replace(_not_reached(case), reasons=(reason,)) for case in cases))


def _not_reached(case: Mapping[str, Any]) -> CaseVerdict:
    return CaseVerdict(case["id"], case["title"], Verdict.ABORTED, tuple(case["requirement"]), (), (_NOT_REACHED,))


def _cut_short(events: Iterable[Event]) -> bool:
    return any(event.kind == ENDED and event.data["verdict"] == Verdict.ABORTED for event in events)


def _never_green(case: CaseVerdict) -> CaseVerdict:
    """In a run that was aborted nothing is green; what had been measured stays to be seen."""
    if case.verdict is not Verdict.PASS:
        return case
    measurands = tuple(replace(found, verdict=Verdict.ABORTED) for found in case.measurands)
    return replace(case, verdict=Verdict.ABORTED, measurands=measurands, reasons=(*case.reasons, _NOT_COUNTED))


def _marked(case: CaseVerdict, verdict: Verdict, reason: str) -> CaseVerdict:
    if reason in case.reasons:
        return case
    return replace(case, verdict=overall([case.verdict, verdict]), reasons=(*case.reasons, reason))
