"""Counts of a study: how many of how many, with the interval that a count of that size leaves open."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TypeVar

from scipy.stats import binomtest

Job = TypeVar("Job")
Found = TypeVar("Found")
_PROGRESS = 20


@dataclass(frozen=True, slots=True)
class Count:
    """``hits`` of ``trials``."""

    hits: int
    trials: int

    @property
    def share(self) -> float:
        return self.hits / self.trials if self.trials else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the share (Clopper and Pearson)."""
        if not self.trials:
            return 0.0, 1.0
        low, high = binomtest(self.hits, self.trials).proportion_ci()
        return float(low), float(high)


def counted(values: Iterable[bool]) -> Count:
    found = list(values)
    return Count(sum(found), len(found))


def in_parallel(
    work: Callable[[Job], Found], jobs: list[Job], processes: int, tell: Callable[[int, int], None]
) -> Iterator[Found]:
    """The results of all jobs in their order; ``tell`` hears now and then how many of them are done."""
    with ProcessPoolExecutor(processes) as pool:
        for done, found in enumerate(pool.map(work, jobs, chunksize=4), 1):
            if done % max(1, len(jobs) // _PROGRESS) == 0:
                tell(done, len(jobs))
            yield found


def as_they_come(
    work: Callable[[Job], Found],
    jobs: list[Job],
    processes: int,
    tell: Callable[[int, int], None],
    lost: Callable[[Job, BaseException], Found],
) -> Iterator[Found]:
    """The results of all jobs as soon as each is over. ``lost`` is what becomes of one whose process has died with it.

    Left early, also by an interrupt, what has not begun is not begun any more.
    """
    pool = ProcessPoolExecutor(processes)
    try:
        waiting = {pool.submit(work, job): job for job in jobs}
        for done, future in enumerate(as_completed(waiting), 1):
            if done % max(1, len(jobs) // _PROGRESS) == 0:
                tell(done, len(jobs))
            err = future.exception()
            yield future.result() if err is None else lost(waiting[future], err)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
