"""The drill carried out: all runs in parallel processes, every outcome told as soon as it is known."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.qualification.counting import as_they_come
from harness.qualification.drill.curves import GRADED, Caught, CurveJob, caught, curve_jobs, curves
from harness.qualification.drill.found import Drill
from harness.qualification.drill.jobs import Asked, jobs
from harness.qualification.drill.kept import AnyFound, AnyJob, Kept
from harness.qualification.drill.runs import CRASHED, Job, Outcome, crashed, names, one_run
from instruments.clock import utc_now

_ENOUGH = 10
"""Seeds from which on a curve is asked for: fewer would agree with any budget."""


def drill(asked: Asked, root: Path, *, processes: int, tell: Callable[[int, int], None], kept: Kept) -> Drill:
    """Carry out all that is asked for and is not known yet; each outcome is in the file of ``kept`` as soon as it is over.

    Raises ConfigError for a plan or a fault that is not known, when nothing is left to run, and when nothing can be kept.
    """
    started = utc_now()
    wanted: list[AnyJob] = [*jobs(asked, root), *_graded(asked, root)]
    random.Random(asked.first_seed).shuffle(wanted)  # long and short runs evenly, so that the time left can be told
    found = [known for job in wanted if (known := kept.found(job)) is not None]
    missing = [job for job in wanted if kept.found(job) is None]
    with kept.opened() as keep:
        for one in as_they_come(_carried_out, missing, processes, tell, _lost):
            found.append(one)
            keep(one)
    outcomes = sorted((one for one in found if isinstance(one, Outcome)), key=_place)
    graded = sorted((one for one in found if isinstance(one, Caught)), key=_order)
    return Drill(asked, root, f"{started:%Y-%m-%dT%H:%M:%SZ}", kept.took_s, processes, tuple(outcomes), curves(graded))


def _graded(asked: Asked, root: Path) -> Sequence[CurveJob]:
    wanted = [
        one
        for one in GRADED
        if (not asked.plans or one.plan in asked.plans) and (not asked.faults or set(names(one.fault)) & set(asked.faults))
    ]
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    return curve_jobs(seeds, wanted, root) if asked.seeds >= _ENOUGH and not asked.short else []


def _carried_out(job: AnyJob) -> AnyFound:
    return one_run(job) if isinstance(job, Job) else caught(job)


def _lost(job: AnyJob, err: BaseException) -> AnyFound:
    return crashed(job, err) if isinstance(job, Job) else Caught(job, CRASHED)


def _place(outcome: Outcome) -> tuple[str, str, str, int]:
    job = outcome.job
    return job.about, job.plan.stem, job.faults, job.seed


def _order(found: Caught) -> tuple[int, float, int]:
    return GRADED.index(found.job.graded), found.job.size, found.job.seed
