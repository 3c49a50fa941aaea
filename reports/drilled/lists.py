"""Runs without a fault, what cannot be told, and every wrong run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.qualification.counting import Count
from reports.drilled.data import Cell, Drill
from reports.drilled.html import answer, cells, code, heading, numbers, paragraph, table
from reports.drilled.words import interval_of, miss_of, of_all, percent, rate, row_of, several, verdicts, written

_FALSE_ALARM = (
    "On a bench without a fault everything but PASS is counted as a false alarm, a run without any verdict too. How often there "
    "would be one in many more runs is known only within limits: the 95 % interval after Clopper and Pearson, whose upper end is "
    "the bound to reckon with."
)
_AS_STATED = (
    "These benches are exactly as their files state: noise, drift phases and the like are drawn anew with every seed, but "
    "filling, temperature, needle and pressure are not at the edges of their uncertainties. The detection curves and the "
    "coverage study draw those too."
)
_BLIND = (
    "Every method has faults that it cannot see. Those listed here were run to see whether they are as stated; others may exist, "
    "of which nothing is said."
)
_UNASKED = (
    "A plan without a case for a fault is not asked about it: PASS is right there. Whether another plan tells the fault stands "
    "in its row of the matrix."
)


def clean(drill: Drill) -> list[str]:
    found = [cell for cell in drill.cells if cell.about == "clean"]
    head = heading("clean", "5 Without a fault")
    if not found:
        return [head, paragraph("No plan was run without a fault in this drill: nothing is said of false alarms.")]
    headings = ("plan", "bench", "verdicts", "runs", "false alarms", "their rate", "its 95 % interval", "upper bound", "met")
    return [
        head,
        paragraph(_FALSE_ALARM),
        paragraph(_AS_STATED),
        table(headings, [*map(_clean, found), _false_alarms("all plans", "", "", found)]),
    ]


def _clean(cell: Cell) -> str:
    return _false_alarms(cell.plan, cell.bench, verdicts(cell), [cell])


def _false_alarms(plan: str, bench: str, found: str, of: Sequence[Cell]) -> str:
    count = Count(sum(cell.wrong for cell in of), sum(cell.runs for cell in of))
    share = percent(100 * count.share) if count.trials else ""
    shares = (share, interval_of(count), percent(100 * count.interval[1]))
    row = cells(plan, bench, found) + numbers(str(count.trials), str(count.hits), *shares)
    return row + answer(ok=all(cell.ok for cell in of))


def blind(drill: Drill) -> list[str]:
    found = [cell for cell in drill.cells if cell.about == "blind"]
    headings = ("fault", "deserves", "found by plan", "why it cannot be told", "what would show it", "as stated")
    none = "No fault is listed as one that cannot be told."
    head = [heading("blind", "6 What cannot be told, and what is not asked"), paragraph(_BLIND if found else none)]
    return [*head, table(headings, map(_blind, _alike(found))) if found else "", *_unasked(drill)]


def _alike(found: Sequence[Cell]) -> Iterable[list[Cell]]:
    """What several plans cannot tell for the same reason stands once."""
    grouped: dict[tuple[str, ...], list[Cell]] = {}
    for cell in found:
        grouped.setdefault((row_of(cell.faults), cell.deserves, cell.why, cell.shown_by), []).append(cell)
    return grouped.values()


def _blind(alike: Sequence[Cell]) -> str:
    first = alike[0]
    plans = "; ".join(f"{cell.plan}: {verdicts(cell)}" for cell in alike)
    words = (row_of(first.faults), first.deserves, plans, first.why, first.shown_by)
    return cells(*words) + answer(ok=all(cell.ok for cell in alike))


def _unasked(drill: Drill) -> list[str]:
    """Once, under each reason."""
    reasons: dict[str, list[Cell]] = {}
    for cell in drill.cells:
        if cell.about == "not asked":
            reasons.setdefault(cell.why, []).append(cell)
    headings = ("why it is not asked", "plans and faults", "PASS, 95 % interval", "as stated")
    rows = (_one_reason(why, found) for why, found in reasons.items())
    return ["<h3>Not asked</h3>", paragraph(_UNASKED), table(headings, rows)] if reasons else []


def _one_reason(why: str, found: Sequence[Cell]) -> str:
    plans: dict[str, list[str]] = {}
    for cell in found:
        plans.setdefault(cell.plan, []).append(row_of(cell.faults))
    listed = "; ".join(f"{plan}: {', '.join(dict.fromkeys(faults))}" for plan, faults in plans.items())
    passed = Count(sum(cell.count.hits for cell in found), sum(cell.runs for cell in found))
    return cells(why or "no reason is given", listed, of_all(passed)) + answer(ok=all(cell.ok for cell in found))


def wrong(drill: Drill) -> list[str]:
    head = heading("wrong", "7 Wrong runs")
    if not drill.wrong:
        return [head, paragraph(f"None of {several(drill.count.trials, 'run')}: {rate(drill.count)}.")]
    headings = ("what", "fault", "plan", "seed", "right", "found", "decided by", "in words", "to repeat it")
    found = f"{len(drill.wrong)} of {several(drill.count.trials, 'run')}: {rate(drill.count)}."
    told = "Each is repeated exactly by its command, in the project's folder."
    return [head, paragraph(f"{found} {told}"), table(headings, _wrong(drill))]


def _wrong(drill: Drill) -> Iterator[str]:
    for run in drill.wrong:
        decided = ", ".join(filter(None, (run.case, run.measurand)))
        what = miss_of(run.about, run.verdict)
        words = (what, written(run.faults), run.plan, str(run.seed), " or ".join(run.right), run.verdict, decided, run.told)
        yield cells(*words) + code(run.command)
