"""How often the true value lies inside the stated interval, over runs whose truth was drawn from what the bench file states.

Too wide is as wrong as too narrow: k = 2 says 95.45 %, and what is found has to lie between 93 % and 97.5 %.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

import numpy as np

from harness.qualification.counting import Count, counted, in_parallel
from harness.qualification.set_ups import SET_UPS, drawn
from harness.qualification.study import Trial, carried_out, trials
from harness.verdicts import Verdict

BAND = (0.93, 0.975)
_FEW = 0.01
_ENOUGH = 1000
"""Runs from which the share itself, and not only its interval, has to lie in the band."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of the study stated, and why it stated nothing where it did not."""

    set_up: int
    seed: int
    trials: tuple[Trial, ...]
    unusable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One measurand on one set-up: how often it was covered, and how its errors compare with U."""

    set_up: str
    measurand: str
    count: Count
    mean_u: float
    errors: np.ndarray = field(repr=False)
    """Stated less true value, in units of U."""

    @property
    def ok(self) -> bool:
        low, high = self.count.interval
        compatible = low <= BAND[1] and high >= BAND[0]
        return compatible and (self.count.trials < _ENOUGH or BAND[0] <= self.count.share <= BAND[1])


@dataclass(frozen=True, slots=True)
class Coverage:
    """The study: a cell for each measurand on each set-up, the runs that stated nothing, and seeds."""

    runs: int
    first_seed: int
    cells: tuple[Cell, ...]
    unusable: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Runs that stated nothing (the needle slipped in a blank) are few, and listed; no interval of theirs is wrong."""
        few = len(self.unusable) <= _FEW * self.runs
        return few and bool(self.cells) and all(cell.ok for cell in self.cells)


def study(runs: int, *, first_seed: int = 0, processes: int = 2, tell: Callable[[int, int], None]) -> Coverage:
    """``runs`` runs on each set-up; the same seeds give the same numbers."""
    jobs = [(at, first_seed + number) for number in range(runs) for at in range(len(SET_UPS))]
    found = list(in_parallel(one_run, jobs, processes, tell))
    unusable = tuple(f"{SET_UPS[run.set_up].name}, seed {run.seed}: {why}" for run in found for why in run.unusable)
    return Coverage(runs, first_seed, tuple(_cells(found)), unusable)


def one_run(job: tuple[int, int]) -> Run:
    at, seed = job
    set_up = SET_UPS[at]
    verdict, true = carried_out(set_up.plan, drawn(set_up, seed))
    unusable = [
        f"{case.id} {case.verdict}: {'; '.join(case.reasons)}" for case in verdict.cases if case.verdict is not Verdict.PASS
    ]
    return Run(at, seed, tuple(trials(verdict, true)), tuple(unusable))


def _cells(found: Sequence[Run]) -> list[Cell]:
    grouped: dict[tuple[int, str], list[Trial]] = {}
    for run in found:
        for trial in run.trials:
            grouped.setdefault((run.set_up, trial.measurand), []).append(trial)
    return [_cell(SET_UPS[at].name, measurand, grouped[at, measurand]) for at, measurand in sorted(grouped)]


def _cell(set_up: str, measurand: str, found: Sequence[Trial]) -> Cell:
    expanded = np.array([trial.expanded_uncertainty for trial in found])
    errors = np.array([trial.value - trial.true for trial in found]) / expanded
    return Cell(set_up, measurand, counted(trial.covered for trial in found), float(expanded.mean()), errors)


def as_json(found: Coverage) -> Mapping[str, object]:
    return {
        "schema": "dosebench/coverage/1",
        "version": version("dosebench"),
        "stated_pct": 95.45,
        "band_pct": [100 * end for end in BAND],
        "runs_per_set_up": found.runs,
        "first_seed": found.first_seed,
        "ok": found.ok,
        "unusable": list(found.unusable),
        "cells": [_cell_json(cell) for cell in found.cells],
    }


def _cell_json(cell: Cell) -> Mapping[str, object]:
    return {
        "set_up": cell.set_up,
        "measurand": cell.measurand,
        "covered": cell.count.hits,
        "runs": cell.count.trials,
        "coverage_pct": 100 * cell.count.share,
        "interval_pct": [100 * end for end in cell.count.interval],
        "mean_expanded_uncertainty": cell.mean_u,
        "mean_error_over_U": float(cell.errors.mean()),
        "sd_error_over_U": float(cell.errors.std()),
        "largest_error_over_U": float(np.abs(cell.errors).max()),
        "ok": cell.ok,
    }
