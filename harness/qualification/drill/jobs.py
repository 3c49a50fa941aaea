"""The runs of a drill, and which verdicts are right for each: the registry of faults says what a fault deserves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.qualification.drill.places import PLACES, Site
from harness.qualification.drill.runs import Job, names
from harness.qualification.drill.table import BLIND, COMBINED, INSIDE, NOT_ASKED, OWN_PROCESS, TOLD, UNCONFIRMED, Blind, Told
from harness.verdicts import Verdict
from instruments.errors import ConfigError
from instruments.sim.faults import FAULTS
from instruments.sim.faults.of_the_balance import OF_THE_BALANCE

CLEAN, TOLD_BY, WIDE, WITHIN, TOGETHER, UNTOLD = "clean", "told", "wide", "inside", "combined", "blind"
UNASKED = "not asked"
"""Nothing is run for it: the plan has no case for the fault."""
_NO_BLAME = (Verdict.PASS, Verdict.INCONCLUSIVE)
_BOTH = (Verdict.INVALID, Verdict.FAIL)
_STATED = frozenset({tuple(names(row.faults)): row for row in reversed(TOLD)}.values())
"""The first row of each fault."""
_FEWER = 4
"""Part of the seeds for other sizes and other plans."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a drill is asked for: plans and faults by name (none: all), and how many seeds from which on.

    ``short``: every fault once, with the quickest plan that has to tell it, and the clean and the combined runs.
    """

    plans: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    seeds: int = 20
    first_seed: int = 1
    short: bool = False

    @property
    def fewer(self) -> int:
        """Seeds for other sizes and other plans."""
        return max(1, self.seeds // _FEWER)

    def check(self) -> None:
        """Raises ConfigError."""
        for found, known, what in ((self.plans, PLACES, "plan"), (self.faults, {*FAULTS, CLEAN}, "fault")):
            if unknown := [name for name in found if name not in known]:
                raise ConfigError(f"{what} {unknown[0]!r} is not drilled; there are: {', '.join(sorted(known))}")


def deserved(faults: str) -> Verdict:
    """What the registry says of these faults together: of several the bench's speaks first, as nothing can be judged on it."""
    found = {Verdict(FAULTS[name].deserves) for name in names(faults)}
    return next((verdict for verdict in _BOTH if verdict in found), Verdict.PASS)


def jobs(asked: Asked, root: Path) -> list[Job]:
    """All runs. Raises ConfigError for a plan or a fault that is not known, and when nothing is left to run."""
    asked.check()
    sites = [Site(place, root) for name, place in PLACES.items() if not asked.plans or name in asked.plans]
    found = [job for site in sites for job in _of_site(site, asked)]
    if not found:
        raise ConfigError(
            "nothing is left to run: none of these plans has a pump with these faults, or this system cannot have them"
        )
    return _each_once(found) if asked.short else found


def _each_once(found: Sequence[Job]) -> list[Job]:
    told = {tuple(names(job.faults)): job for job in reversed(found) if job.about == TOLD_BY}
    return [*told.values(), *(job for job in found if job.about in (CLEAN, TOGETHER))]


@dataclass(frozen=True, slots=True)
class _Row:
    """What a site is asked: faults as the table has them, the verdicts that are right, and how many seeds."""

    about: str
    faults: str
    right: Sequence[Verdict]
    seeds: int
    by: str = ""
    why: str = ""
    shown_by: str = ""


def _of_site(site: Site, asked: Asked) -> Iterator[Job]:
    for row in _rows(site, asked):
        if not _wanted(row.faults, asked.faults):
            continue
        spec, right = site.spec(row.faults), tuple(verdict.value for verdict in row.right)
        for seed in range(asked.first_seed, asked.first_seed + row.seeds):
            yield Job(row.about, site.plan, site.bench, spec, seed, right, row.by, row.why, row.shown_by)


def _rows(site: Site, asked: Asked) -> Iterator[_Row]:
    name = site.name
    yield _Row(CLEAN, "", (Verdict.PASS,), asked.seeds)
    for about, table, right in ((TOLD_BY, TOLD, None), (WITHIN, INSIDE, _NO_BLAME), (TOGETHER, COMBINED, _BOTH)):
        for row in (row for row in table if name in row.plans):
            first = name == row.plans[0]
            seeds = asked.seeds if first and row in _STATED else asked.fewer
            yield _Row(about, row.faults, right or _right(site, row.faults), seeds, row.by if first else "")
    for blind in (row for row in BLIND if name in row.plans):
        seeds = asked.fewer if name == blind.plans[0] else 1
        yield _Row(UNTOLD, blind.faults, (blind.verdict,), seeds, why=blind.why, shown_by=blind.shown_by)
    yield from _elsewhere(site)


def _right(site: Site, faults: str) -> tuple[Verdict, ...]:
    """A plan that judges the bench itself may FAIL of balance and vessel where another is INVALID; it never passes them."""
    found, of_these = deserved(faults), set(names(faults))
    if found is Verdict.INVALID and site.place.judges_the_bench and of_these <= {fault.name for fault in OF_THE_BALANCE}:
        return _BOTH
    return (found, Verdict.ABORTED) if of_these & UNCONFIRMED else (found,)


def _elsewhere(site: Site) -> Iterator[_Row]:
    """Each fault of the registry that no row has for this plan, at its first size and once, if the plan asks for it at all."""
    rows: tuple[Told | Blind, ...] = (*TOLD, *BLIND)
    own = {name for row in rows if site.name in row.plans for name in names(row.faults)}
    first = {names(row.faults)[0]: row.faults for row in reversed(TOLD) if len(names(row.faults)) == 1}
    for name, faults in first.items():
        if name in own or (FAULTS[name].pumps and site.pump not in FAULTS[name].pumps):
            continue
        if not unasked(site.name, name):
            yield _Row(WIDE, faults, _wide(site, faults), 1)


def unasked(plan: str, fault: str) -> str:
    """Why a plan says nothing of a fault; empty where it has to tell it."""
    return next((row.why for row in NOT_ASKED if fault in row.faults and plan in row.plans), "")


def _wide(site: Site, faults: str) -> tuple[Verdict, ...]:
    """An interlock may end a run of days on a bench that drifts, or that somebody leans on."""
    right = _right(site, faults)
    return (*right, Verdict.ABORTED) if Verdict.INVALID in right else right


def _wanted(faults: str, asked: Sequence[str]) -> bool:
    if os.name != "posix" and OWN_PROCESS & set(names(faults)):
        return False
    return not asked or any(name in asked for name in names(faults) or [CLEAN])
