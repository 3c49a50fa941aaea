"""The matrix: requirement to case to run to verdict, and back; and what is missing in it.

A verdict counts for a case when its run was of the plan as it is now, file hash and all. Of such runs the latest of each data
source counts, and only as far as it still is what it was when it was closed. Data sources are never mixed: a simulated PASS says
nothing of a real pump.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.plan import Plan
from harness.traceability.requirements import Requirements
from harness.traceability.runs import REAL, SUPERSEDED, Run, Standing, Unreadable, runs_under, standing_of
from harness.verdicts import Verdict, overall
from instruments.errors import ConfigError

NO_CASE, NOT_RUN, PARTLY_RUN, OUT_OF_SCOPE = "no case", "not run", "partly run", "out of scope"


@dataclass(frozen=True, slots=True)
class CaseRun:
    """What a run says of a case. ``carried_from``: the folder of the run that the verdict was taken over from."""

    run: Run
    verdict: Verdict
    standing: Standing
    carried_from: str = ""


@dataclass(frozen=True, slots=True)
class TracedCase:
    """A case of a plan, and all runs of it in the plan's present form, the oldest first."""

    plan: str
    id: str
    title: str
    procedure: str
    requirement: Sequence[str]
    runs: Sequence[CaseRun] = ()

    @property
    def name(self) -> str:
        """Of this case alone, among all plans."""
        return f"{self.plan}/{self.id}"

    def word(self, source: str) -> str:
        """The verdict of the latest run on a data source, or that there is none."""
        verdicts = [found.verdict.value for found in self.runs if found.run.data_source == source]
        return verdicts[-1] if verdicts else NOT_RUN


@dataclass(frozen=True, slots=True)
class Gaps:
    """What keeps the matrix from being whole. Cases are named ``PLAN/CASE``; an unknown requirement comes with its case."""

    requirements_without_case: Sequence[str]
    out_of_scope_with_case: Sequence[str]
    cases_without_requirement: Sequence[str]
    unknown_requirements: Sequence[tuple[str, str]]

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class Matrix:
    """``outdated``: runs of other revisions of the plans. ``of_other_plans``: runs of none of them. Neither counts."""

    requirements: Requirements
    plans: Sequence[Plan]
    cases: Sequence[TracedCase]
    outdated: Sequence[Run] = ()
    unreadable: Sequence[Unreadable] = ()
    of_other_plans: Sequence[Run] = ()

    @property
    def sources(self) -> list[str]:
        """Real first, whether there is such a run or not; then the others that there are."""
        return [REAL, *sorted({found.run.data_source for case in self.cases for found in case.runs} - {REAL})]

    def cases_of(self, requirement: str) -> list[TracedCase]:
        return [case for case in self.cases if requirement in case.requirement]

    def word(self, requirement: str, source: str) -> str:
        """What all cases of a requirement say together: the verdict that speaks first, and PASS only if all were run."""
        if self.requirements.of[requirement].out_of_scope is not None:
            return OUT_OF_SCOPE
        words = [case.word(source) for case in self.cases_of(requirement)]
        judged = [Verdict(word) for word in words if word != NOT_RUN]
        if not judged:
            return NOT_RUN if words else NO_CASE
        spoken = overall(judged)
        return PARTLY_RUN if spoken is Verdict.PASS and len(judged) < len(words) else spoken.value

    def never_run(self, source: str) -> list[str]:
        """The cases without a run that counts."""
        return [case.name for case in self.cases if case.word(source) == NOT_RUN]

    @property
    def gaps(self) -> Gaps:
        known = self.requirements.of
        claimed = {name for case in self.cases for name in case.requirement}
        return Gaps(
            [name for name, told in known.items() if told.out_of_scope is None and name not in claimed],
            [name for name, told in known.items() if told.out_of_scope is not None and name in claimed],
            [case.name for case in self.cases if not any(name in known for name in case.requirement)],
            [(case.name, name) for case in self.cases for name in case.requirement if name not in known],
        )


def trace(requirements: Requirements, plans: Sequence[Plan], out: Path) -> Matrix:
    """The matrix of ``plans`` with the runs under ``out``. Raises ConfigError when two plans have one id."""
    now = _by_id(plans)
    runs, unreadable = runs_under(out)
    ours = [run for run in runs if run.plan in now]
    current = [run for run in ours if run.plan_sha256 == now[run.plan].sha256]
    outdated = [run for run in ours if run.plan_sha256 != now[run.plan].sha256]
    others = [run for run in runs if run.plan not in now]
    return Matrix(requirements, plans, _cases(plans, current), outdated, unreadable, others)


def _by_id(plans: Iterable[Plan]) -> dict[str, Plan]:
    found: dict[str, Plan] = {}
    for plan in plans:
        if plan.id in found:
            raise ConfigError(f"{plan.path}: plan.id: {plan.id!r} is the id of {found[plan.id].path} too; give each plan its own")
        found[plan.id] = plan
    return found


def _cases(plans: Iterable[Plan], runs: Sequence[Run]) -> list[TracedCase]:
    verified = cache(standing_of)
    return [
        TracedCase(
            plan.id,
            case.id,
            case.title,
            case.procedure,
            tuple(case.requirement),
            _case_runs(case.id, (run for run in runs if run.plan == plan.id), verified),
        )
        for plan in plans
        for case in plan.cases
    ]


def _case_runs(case: str, runs: Iterable[Run], verified: Callable[[Path], Standing]) -> list[CaseRun]:
    """``runs`` are of its plan, the oldest first. Only those that count are verified: that takes a second for days of record."""
    having = [run for run in runs if case in run.cases]
    latest = {run.data_source: run for run in having}
    return [_case_run(case, run, verified(run.folder) if run is latest[run.data_source] else SUPERSEDED) for run in having]


def _case_run(case: str, run: Run, standing: Standing) -> CaseRun:
    return CaseRun(run, overall([run.cases[case], standing.says]), standing, run.carried.get(case, ""))
