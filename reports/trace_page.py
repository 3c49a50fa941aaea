"""The traceability matrix for readers: a table for a terminal, and a page that needs nothing but a browser and prints well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from harness.traceability.matrix import PARTLY_RUN, CaseRun, Matrix, TracedCase
from harness.traceability.runs import REAL
from harness.verdicts import Verdict
from reports.tables import banner

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Traceability</title>
<style>
@page {{ size: A4 landscape; margin: 12mm }}
body {{ font-family: sans-serif; max-width: 90em; margin: 2em auto; padding: 0 1em; color: #222 }}
table {{ border-collapse: collapse; margin: .5em 0; width: 100% }}
td, th {{ border: 1px solid #888; padding: .3em .5em; text-align: left; vertical-align: top; overflow-wrap: break-word }}
thead {{ display: table-header-group }} tr {{ break-inside: avoid }} h2 {{ break-after: avoid }}
th {{ background: #eee }} :target {{ background: #fff3c4 }} a {{ color: inherit }}
.banner {{ background: #b5541c; color: white; padding: .6em 1em; font-weight: bold; print-color-adjust: exact }}
@media print {{ body {{ font-size: 8pt; margin: 0; max-width: none }} a {{ text-decoration: none }} }}
</style></head><body>
{body}
</body></html>
"""
_ABOUT = (
    "A verdict counts when its run was of the plan as it is now (same SHA-256). Of several such runs of a case the latest "
    "counts, for each data source by itself. A run that does not hold any more is INVALID, one that was not closed ABORTED; a "
    "FAIL stays. Of the cases of a requirement FAIL speaks first, then ABORTED, INVALID, INCONCLUSIVE; PASS only when all were "
    "run. Only runs on real instruments say anything of a pump."
)
GAPS = {
    "requirements_without_case": "Requirements without a case",
    "out_of_scope_with_case": "Requirements that are out of scope, and have a case all the same",
    "cases_without_requirement": "Cases without a requirement that is known",
    "unknown_requirements": "Requirements of a case that the requirements file does not have",
}


def marked(word: str, source: str) -> str:
    """A verdict never stands without its data source, unless that is real."""
    return f"{word} ({source})" if source != REAL and word in (*Verdict, PARTLY_RUN) else word


def banners(matrix: Matrix) -> list[str]:
    """What has to stand above verdicts that do not come from a real bench; real ones may stand beside them."""
    return [f"verdicts marked ({source}) are {head}" for source in matrix.sources if (head := banner(source))]


def gap_lines(matrix: Matrix) -> list[tuple[str, list[str]]]:
    """What keeps the matrix from being whole, in words, and what it concerns; kinds that do not occur are left out."""
    found = ((title, [_joined(item) for item in getattr(matrix.gaps, name)]) for name, title in GAPS.items())
    return [(title, items) for title, items in found if items]


def note_lines(matrix: Matrix) -> list[tuple[str, list[str]]]:
    """What a reader should know beside that: what was not run, and runs that do not count."""
    found = [
        *((f"Cases without a run that counts, {source}", matrix.never_run(source)) for source in matrix.sources),
        ("Runs of another revision of the plan, which do not count", [run.name for run in matrix.outdated]),
        ("Run folders that cannot be read", [f"{run.name}: {run.reason}" for run in matrix.unreadable]),
        ("Runs of other plans, left out here", [run.name for run in matrix.of_other_plans]),
    ]
    return [(title, items) for title, items in found if items]


def _joined(item: str | Sequence[str]) -> str:
    return item if isinstance(item, str) else ": ".join(item)


# --- for a terminal ---


def trace_text(matrix: Matrix) -> str:
    """A line for each requirement, then what is missing."""
    rows = [("requirement", *matrix.sources, "cases"), *_text_rows(matrix)]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows]
    lists = [f"{title} ({len(items)}): {'; '.join(items)}" for title, items in (*gap_lines(matrix), *note_lines(matrix))]
    return "\n".join([*banners(matrix), *(line.rstrip() for line in lines), *lists])


def _text_rows(matrix: Matrix) -> Iterator[tuple[str, ...]]:
    for name, requirement in matrix.requirements.of.items():
        cases = [case.name for case in matrix.cases_of(name)]
        last = ", ".join(cases) if cases or not requirement.out_of_scope else requirement.out_of_scope
        yield (name, *(marked(matrix.word(name, source), source) for source in matrix.sources), last)


# --- as a page ---


def trace_page(matrix: Matrix) -> str:
    """The whole matrix as HTML: requirements to cases, cases to requirements and runs, linked both ways; no script in it."""
    lists = [_list(title, items) for title, items in (*gap_lines(matrix), *note_lines(matrix))]
    parts = [
        *(f'<p class="banner">{escape(head)}</p>' for head in banners(matrix)),
        "<h1>Traceability: requirement, case, run, verdict</h1>",
        f"<p>{_ABOUT}</p>",
        _table(("file", "id", "SHA-256"), _files(matrix)),
        "<h2>What is missing</h2>" if lists else "<p>Nothing is missing.</p>",
        *lists,
        "<h2>Requirements</h2>",
        _table(("id", "requirement", "source", "limits are", "cases", *matrix.sources), _requirement_rows(matrix)),
        "<h2>Cases</h2>",
        _table(("case", "title", "procedure", "requirements", *matrix.sources), _case_rows(matrix)),
        "<h2>Runs</h2>",
        _table(("case", "run", "started (UTC)", "data source", "verdict", "record"), _run_rows(matrix)),
    ]
    return _PAGE.format(body="\n".join(parts))


def _table(headings: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """``rows`` are HTML already."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in headings)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _list(title: str, items: Sequence[str]) -> str:
    return f"<p><b>{escape(title)} ({len(items)}):</b> {escape('; '.join(items))}</p>"


def _files(matrix: Matrix) -> Iterator[Sequence[str]]:
    yield escape(matrix.requirements.path.name), "", matrix.requirements.sha256
    for plan in matrix.plans:
        yield escape(plan.path.name), escape(plan.id), plan.sha256


def _anchor(kind: str, name: str) -> str:
    return f'<b id="{kind}-{escape(name)}">{escape(name)}</b>'


def _links(kind: str, names: Iterable[str]) -> str:
    return ", ".join(f'<a href="#{kind}-{escape(name)}">{escape(name)}</a>' for name in names)


def _requirement_rows(matrix: Matrix) -> Iterator[Sequence[str]]:
    for name, requirement in matrix.requirements.of.items():
        more = requirement.out_of_scope or requirement.on_bench
        text = escape(requirement.text) + (f"<br><i>{escape(more)}</i>" if more else "")
        cases = _links("case", [case.name for case in matrix.cases_of(name)])
        words = [marked(matrix.word(name, source), source) for source in matrix.sources]
        yield _anchor("requirement", name), text, escape(requirement.source), requirement.limits or "", cases, *words


def _case_rows(matrix: Matrix) -> Iterator[Sequence[str]]:
    for case in matrix.cases:
        words = [marked(case.word(source), source) for source in matrix.sources]
        yield _anchor("case", case.name), escape(case.title), escape(case.procedure), _requirements(matrix, case), *words


def _requirements(matrix: Matrix, case: TracedCase) -> str:
    known = _links("requirement", [name for name in case.requirement if name in matrix.requirements.of])
    unknown = [f"{escape(name)} (unknown)" for name in case.requirement if name not in matrix.requirements.of]
    return ", ".join([*([known] if known else []), *unknown])


def _run_rows(matrix: Matrix) -> Iterator[Sequence[str]]:
    for case in matrix.cases:
        for found in case.runs:
            yield _links("case", [case.name]), *_run_cells(found)


def _run_cells(found: CaseRun) -> Sequence[str]:
    run = found.run
    carried = [f"verdict carried over from {found.carried_from}"] if found.carried_from else []
    record = "<br>".join(map(escape, [found.standing.word, *found.standing.told, *carried]))
    verdict = marked(found.verdict.value, run.data_source)
    return escape(run.name), f"{run.started:%Y-%m-%d %H:%M:%S}", escape(run.data_source), verdict, record
