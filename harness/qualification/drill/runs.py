"""One run of the drill: a shipped plan on its bench with its faults, as ``dosebench run`` carries it out."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.plan import load_plan
from harness.qualification.drill.table import OWN_PROCESS
from harness.verdicts import RunVerdict, Verdict
from instruments.clock import stopwatch

CRASHED = "CRASHED"
"""No verdict at all: always wrong."""


@dataclass(frozen=True, slots=True)
class Job:
    """A run to be made, and the verdicts that are right for it; where ``by`` is told, with that measurand not passed.

    ``about`` is the kind of question that it answers; ``why`` and ``shown_by`` are of what cannot be told, or is not asked.
    """

    about: str
    plan: Path
    bench: Path
    faults: str
    seed: int
    right: tuple[str, ...]
    by: str = ""
    why: str = ""
    shown_by: str = ""

    @property
    def specs(self) -> list[str]:
        return specs(self.faults)

    @property
    def command(self) -> str:
        """What repeats it, from the project's folder."""
        plan, bench = (f"{path.parent.name}/{path.name}" for path in (self.plan, self.bench))
        faults = "".join(f' --fault "{spec}"' for spec in self.specs)
        return f"dosebench run {plan} --bench {bench}{faults} --seed {self.seed}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it. ``case`` and ``measurands`` decided; ``told`` is why, in the words of the verdict."""

    job: Job
    verdict: str
    case: str = ""
    measurands: tuple[str, ...] = ()
    told: str = ""
    took_s: float = 0.0
    bench_s: float = 0.0

    @property
    def measurand(self) -> str:
        """The first that decided."""
        return self.measurands[0] if self.measurands else ""

    def as_row(self) -> tuple[object, ...]:
        """A line of the table of runs."""
        job = self.job
        made = (job.about, job.plan.stem, job.bench.stem, job.faults, job.seed, "/".join(job.right), job.by)
        return (*made, self.verdict, self.case, "; ".join(self.measurands), self.told, f"{self.took_s:.2f}")

    @property
    def ok(self) -> bool:
        return self.verdict in self.job.right and (not self.job.by or self.job.by in self.measurands)


def specs(faults: str) -> list[str]:
    """Faults that are there together, one by one."""
    return faults.split(" + ") if faults else []


def names(faults: str) -> list[str]:
    return [spec.partition(":")[0] for spec in specs(faults)]


def one_run(job: Job) -> Outcome:
    """Carry it out; nothing of it is left on the disk. A crash is an outcome too: one that is never right."""
    since_s = stopwatch()
    try:
        if OWN_PROCESS & set(names(job.faults)):
            with ProcessPoolExecutor(1) as own:
                return own.submit(_outcome, job).result()
        return _outcome(job)
    except Exception as err:  # noqa: BLE001 - whatever it is, the other thousands of runs go on
        return crashed(job, err, since_s())


def crashed(job: Job, err: BaseException, took_s: float = 0.0) -> Outcome:
    """What became of a run that has no verdict."""
    return Outcome(job, CRASHED, told=_of_no_machine(f"{type(err).__name__}: {err}", job), took_s=took_s)


def _outcome(job: Job) -> Outcome:
    since_s = stopwatch()
    with TemporaryDirectory() as folder:
        verdict, bench_s = _carried_out(job, Path(folder))
        case, measurands, told = decided(verdict)
        return Outcome(job, verdict.verdict.value, case, measurands, _of_no_machine(told, job, folder), since_s(), bench_s)


def _of_no_machine(words: str, job: Job, *folders: str) -> str:
    """Without the paths that are another's on every machine."""
    for folder in (*folders, str(job.plan.parents[1])):
        words = words.replace(f"{folder}{os.sep}", "")
    return words


def _carried_out(job: Job, folder: Path) -> tuple[RunVerdict, float]:
    """Until no case can change the verdict any more: FAIL speaks for the whole run."""
    campaign = Campaign(load_plan(job.plan), load_bench(job.bench, faults=job.specs, seed=job.seed), folder)
    campaign.start()
    for case in campaign.plan.cases:
        if campaign.run_case(case).verdict is Verdict.FAIL:
            break
    return campaign.close(), campaign.bench_time_s


def decided(verdict: RunVerdict) -> tuple[str, tuple[str, ...], str]:
    """Case, measurands and reason that the verdict of the run rests on; nothing where everything passed."""
    if verdict.verdict is Verdict.PASS:
        return "", (), ""
    case = next(case for case in verdict.cases if case.verdict is verdict.verdict)
    found = tuple(found.name for found in case.measurands if found.verdict is case.verdict)
    return case.id, found, case.reasons[0] if case.reasons else ""
