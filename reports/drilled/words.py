"""The words of the qualification report, as tables: verdicts, questions, marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from harness.qualification.counting import Count
from reports.drilled.data import Cell, Drill, Interval

VERDICTS = (
    ("PASS", "every value lies inside its limits, by the guard band that its plan asks for: mostly its expanded uncertainty"),
    ("FAIL", "a value lies outside its limits, or what had to come did not: the pump, or what belongs to it, is at fault"),
    ("INCONCLUSIVE", "a value lies inside its limits, but by less than that: neither good nor bad was shown"),
    ("INVALID", "the bench could not be trusted; the pump was not judged"),
    ("ABORTED", "the run was ended early, or the pump's stop could not be confirmed"),
    ("CRASHED", "the program ended without a verdict; this is never right"),
)

OWN_MOMENT = "at=..."
"""A moment in seconds is another on each plan; in the matrix they share a row."""
_MOMENT = re.compile(r"\bat=\d+(?:\.\d+)?s\b")


CRASHED = "CRASHED"
_BLAMED = ("FAIL", "INVALID")


class Question(NamedTuple):
    """What a cell of the matrix asks. ``label`` stands in the cell, ``miss`` names a wrong run: see ``miss_of``."""

    label: str
    asked: str
    accepted: str
    miss: str


QUESTIONS = {
    "clean": Question("clean", "No fault", "every run is PASS", "false alarm"),
    "told": Question(
        "",
        "A fault that the plan is there to tell",
        "every run gives the verdict the fault deserves; of a bench's fault FAIL will do where the plan judges the bench itself",
        "missed fault",
    ),
    "wide": Question(
        "not made for it",
        "A fault that the plan was not made for, and still has to tell",
        "every run is FAIL or INVALID",
        "fault missed by a plan that was not made for it",
    ),
    "inside": Question(
        "inside limits", "A fault well inside the limits", "every run is PASS or INCONCLUSIVE", "good pump not accepted"
    ),
    "combined": Question("combined", "Faults of the pump and of the bench at once", "no run is PASS", "faulty pump passed"),
    "blind": Question("blind", "A fault known not to be seen on this set-up", "every run is as stated", "not as stated"),
    "not asked": Question(
        "not asked", "A fault that the plan has no case for", "every run is PASS", "alarm without a case for it"
    ),
}
_BY_ITS_VERDICTS = ("wide", "inside", "combined", "not asked")
"""Kinds whose cells themselves say what is right, so that the page cannot say anything else."""


def accepted(kind: str, cells: Sequence[Cell]) -> str:
    right = {verdict for cell in cells for verdict in cell.right}
    known = [verdict for verdict, _ in VERDICTS if verdict in right]
    return f"every run is {' or '.join(known)}" if known and kind in _BY_ITS_VERDICTS else QUESTIONS[kind].accepted


def miss_of(about: str, verdict: str) -> str:
    """What a wrong verdict is called."""
    if verdict == CRASHED:
        return "no verdict at all"
    if about in ("told", "wide") and verdict in _BLAMED:
        return "wrong side blamed"
    return QUESTIONS[about].miss if about in QUESTIONS else about


class Mark(NamedTuple):
    """How a cell looks (``css``), what it says, and what that means."""

    css: str
    sign: str
    means: str


TOLD = Mark("told", "told", "every run gave the verdict that the fault deserves")
RIGHT = Mark(
    "right", "", "every run gave a verdict that is right for what was asked, though not always the one the fault deserves"
)
UNASKED = Mark("unasked", "not asked", "this plan has no case for this fault: PASS is right; the reason is listed")
BLIND = Mark("blind", "", "known not to be seen on this set-up; the reason is listed")
WRONG = Mark("wrong", "WRONG", "at least one run gave a verdict that is not right; every such run is listed")
_OF_A_KIND = {"blind": BLIND, "not asked": UNASKED}
MARKS = (TOLD, RIGHT, UNASKED, BLIND, WRONG)


def mark_of(cell: Cell) -> Mark:
    if not cell.ok:
        return WRONG
    if cell.about in _OF_A_KIND:
        return _OF_A_KIND[cell.about]
    return TOLD if set(dict(cell.counted)) == {cell.deserves} else RIGHT


def tag(cell: Cell) -> str:
    """What a cell says below its verdicts, so that it can be read without colours."""
    mark = mark_of(cell)
    sign = f"WRONG {cell.wrong} of {cell.runs}" if mark is WRONG else mark.sign
    return ", ".join(dict.fromkeys(word for word in (sign, QUESTIONS[cell.about].label) if word))


def verdicts(cell: Cell) -> str:
    """``FAIL 19/20, PASS 1/20``."""
    return ", ".join(f"{verdict} {runs}/{cell.runs}" for verdict, runs in cell.counted)


def misses(cell: Cell) -> str:
    """What its wrong verdicts are called."""
    return ", ".join(dict.fromkeys(miss_of(cell.about, verdict) for verdict, _ in cell.counted if verdict not in cell.right))


def decided(cell: Cell) -> str:
    """``RES-FLOW, flow error (20)``."""
    return "; ".join(f"{', '.join(filter(None, (found.case, found.measurand)))} ({found.runs})" for found in cell.decided)


def written(faults: str) -> str:
    return faults or "no fault"


def row_of(faults: str) -> str:
    """The faults as the row of the matrix that they stand in."""
    return _MOMENT.sub(OWN_MOMENT, faults)


def runs_told(drill: Drill) -> str:
    """``1234 runs of 9 plans on 3 simulated benches``: those with a verdict that had to be right."""
    plans, benches = several(len(drill.plans), "plan"), several(len(drill.benches), "simulated bench", "es")
    return f"{several(drill.count.trials, 'run')} of {plans} on {benches}"


def percent(pct: float) -> str:
    """With two places near 0 % and 100 %: ``0.11 %``, ``16.8 %``."""
    return f"{pct:.2f} %" if 0 < pct < 1 or 99 < pct < 100 else f"{pct:.1f} %"


def interval(ends_pct: Interval | None) -> str:
    """``0.11 % to 16.8 %``; empty where it is not known."""
    return "" if ends_pct is None else f"{percent(ends_pct[0])} to {percent(ends_pct[1])}"


def interval_of(count: Count) -> str:
    low, high = count.interval
    return interval((100 * low, 100 * high)) if count.trials else ""


def of_all(count: Count) -> str:
    """``20 of 20, 83.2 % to 100.0 %``."""
    return ", ".join(filter(None, (f"{count.hits} of {count.trials}", interval_of(count))))


def shared(count: Count) -> str:
    """``152 of 160 runs, 95.0 % (95 % interval 90.4 % to 97.8 %)``."""
    share = f", {percent(100 * count.share)} (95 % interval {interval_of(count)})" if count.trials else ""
    return f"{count.hits} of {several(count.trials, 'run')}{share}"


def rate(wrong: Count) -> str:
    """What a count of wrong runs says of other such runs: ``at most 0.11 % of such runs are wrong``."""
    if not wrong.trials:
        return "nothing is known of such runs"
    ends = interval_of(wrong) if wrong.hits else f"at most {percent(100 * wrong.interval[1])}"
    return f"{ends} of such runs are wrong"


def seeds_each(cells: Sequence[Cell]) -> str:
    """``5 to 20 seeds``: the fewest and the most of these cells."""
    runs = sorted({cell.runs for cell in cells}) or [0]
    return several(runs[0], "seed") if len(runs) == 1 else f"{runs[0]} to {runs[-1]} seeds"


def several(number: int, word: str, ending: str = "s") -> str:
    return f"{number} {word}{'' if number == 1 else ending}"
