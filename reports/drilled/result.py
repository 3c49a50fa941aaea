"""The result of a qualification: one sentence, and each criterion with what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from harness.qualification.counting import Count
from reports.drilled.data import Cell, Curve, Drill
from reports.drilled.front import part_of
from reports.drilled.html import answer, cells, heading, paragraph, table, td
from reports.drilled.studies_data import Coverage, Mutants, Risk
from reports.drilled.words import QUESTIONS, accepted, miss_of, rate, runs_told, seeds_each, several, shared, written

_SHOWN = 5
_SUCH = (
    "Such runs: the same faults with the same plans on the same benches, in the same proportions, with other seeds. How many of "
    "them are wrong is known only within the 95 % interval after Clopper and Pearson; after a count of none its upper end is "
    "told. A fault, a size or a plan that was not run is not in it."
)


class Criterion(NamedTuple):
    """``met`` is None for one that was not examined."""

    asked: str
    accepted: str
    found: str = ""
    met: bool | None = None


def result(drill: Drill, coverage: Coverage | None, risk: Risk | None, mutants: Mutants | None) -> list[str]:
    criteria = [*_questions(drill), _curves(drill), *_studies(drill, coverage, risk), _mutants(mutants)]
    met = drill.ok and not drill.wrong and all(one.met is not False for one in criteria)
    notes = [f"The data contradict themselves: {told}." for told in contradictions(drill)]
    return [
        heading("result", "1 Result"),
        _box(statement(drill, criteria, met=met), bad=not met),
        *(_box(note, bad=True) for note in notes),
        table(("what was asked", "accepted when", "found", "met"), map(_row, criteria)),
        paragraph(_SUCH),
    ]


def _box(text: str, *, bad: bool) -> str:
    return f'<p class="result{" bad" if bad else ""}">{escape(text)}</p>'


def _row(one: Criterion) -> str:
    told = cells(one.asked, one.accepted, one.found)
    return told + (td("not examined") if one.met is None else answer(ok=one.met))


# --- in one sentence ---


def statement(drill: Drill, criteria: list[Criterion], *, met: bool) -> str:
    examined = sum(one.met is not None for one in criteria)
    whole = f"all {examined} criteria" if examined == len(criteria) else f"the {examined} of {len(criteria)} criteria examined"
    part = part_of(drill)
    only = f", in {part} only" if part else ""
    end = f"({rate(drill.count)}), and the program {'met' if met else 'did NOT meet'} {whole}{only}."
    number = len(drill.wrong)
    if not number:
        return f"In {runs_told(drill)} no verdict was wrong {end}"
    were = "verdict was" if number == 1 else "verdicts were"
    return f"In {runs_told(drill)} {number} {were} wrong - {_misses(drill)} - {end}"


def _misses(drill: Drill) -> str:
    """What went wrong, how often, with which faults on which plans."""
    kinds: dict[str, list[str]] = {}
    for run in drill.wrong:
        kinds.setdefault(miss_of(run.about, run.verdict), []).append(f"{written(run.faults)} on {run.plan}")
    return "; ".join(f"{miss}: {len(found)} ({_some(list(dict.fromkeys(found)))})" for miss, found in kinds.items())


def _some(found: list[str]) -> str:
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def contradictions(drill: Drill) -> list[str]:
    """A page whose figures do not agree with each other says so itself."""
    listed, counted = sum(run.about in QUESTIONS for run in drill.wrong), drill.count.hits
    odd = [cell for cell in drill.cells if cell.ok is not (cell.wrong == 0)]
    found = {
        f"{several(listed, 'wrong run')} listed, and {counted} counted in the cells of the matrix": listed != counted,
        f"{several(len(odd), 'cell')} called right with wrong verdicts, or wrong without": bool(odd),
        "called good as a whole, with a part that is not": drill.ok and not _parts_ok(drill),
    }
    return [told for told, is_so in found.items() if is_so]


def _parts_ok(drill: Drill) -> bool:
    return all(cell.ok for cell in drill.cells) and all(curve.good for curve in drill.curves) and not drill.wrong


# --- criterion by criterion ---


def _questions(drill: Drill) -> Iterator[Criterion]:
    for kind, question in QUESTIONS.items():
        asked = [cell for cell in drill.cells if cell.about == kind]
        found = (_found(asked), all(cell.ok for cell in asked)) if asked else ()
        yield Criterion(question.asked, accepted(kind, asked), *found)


def _found(asked: Sequence[Cell]) -> str:
    wrong = Count(sum(cell.wrong for cell in asked), sum(cell.runs for cell in asked))
    where = f"{several(wrong.trials, 'run')} in {several(len(asked), 'cell')}, {seeds_each(asked)} each"
    return f"{where}, {wrong.hits} wrong: {rate(wrong)}"


def _curves(drill: Drill) -> Criterion:
    told = (
        "From which size on a fault is told",
        "the shares found agree with those that the stated uncertainty predicts, and the stated intervals hold the true values",
    )
    if not drill.curves:
        return Criterion(*told)
    agree = sum(curve.good for curve in drill.curves)
    found = f"{agree} of {several(len(drill.curves), 'curve')} agree{_covered(drill.curves)}"
    return Criterion(*told, found, agree == len(drill.curves))


def _covered(curves: Sequence[Curve]) -> str:
    known = [curve.covered for curve in curves if curve.covered]
    count = Count(sum(one.hits for one in known), sum(one.trials for one in known))
    return f"; the true value lay in the stated interval in {shared(count)}" if known else ""


def _studies(drill: Drill, coverage: Coverage | None, risk: Risk | None) -> Iterator[Criterion]:
    """What another version made says nothing of this one."""
    for study, criterion in ((coverage, _coverage(coverage)), (risk, _risk(risk))):
        other = study.of_other_version(drill.version) if study else ""
        yield criterion._replace(found=other, met=None) if other else criterion


def _coverage(found: Coverage | None) -> Criterion:
    told = "Whether the stated uncertainties are right", "the true value lies inside the stated interval as often as stated"
    if found is None:
        return Criterion(*told)
    good = sum(cell.ok for cell in found.cells)
    return Criterion(*told, f"it does for {good} of {several(len(found.cells), 'measurand')}", found.ok)


def _risk(found: Risk | None) -> Criterion:
    asked = "How often a pump on or outside its limit is passed"
    if found is None:
        return Criterion(asked, "as rarely as guarded acceptance promises")
    told = f"passed in {shared(Count(found.overall.passed, found.overall.runs))}"
    return Criterion(asked, f"at most {found.at_most_pct:g} %", told, found.ok)


def _mutants(found: Mutants | None) -> Criterion:
    told = "Whether the program's own tests notice a broken line", "they do, or it is told why this line may be broken"
    if found is None:
        return Criterion(*told)
    return Criterion(*told, f"{len(found.mutants)} noticed, {len(found.survivors)} not", found.ok)
