"""Faults against plans, and the list of all cells with what decided them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from reports.drilled.data import Cell, Drill, Fault
from reports.drilled.html import cells, heading, numbers, paragraph, table, td
from reports.drilled.words import OWN_MOMENT, QUESTIONS, decided, mark_of, of_all, row_of, tag, verdicts, written

Numbered = tuple[int, Cell]

_SEVERAL = " + "
_NUMBER = re.compile(r"(\d+)")
_TOGETHER = Fault(name="", deserves="", does="several faults at once", takes="")

_ABOUT = (
    "Rows: each fault as it is switched on, below what it does. Columns: the test plans. An empty cell was not run. "
    f"{OWN_MOMENT} stands for a moment that is another in each plan. The small number of a cell leads to the list of all "
    "cells, which tells what decided."
)


def matrix(drill: Drill) -> list[str]:
    """Everything but the clean runs."""
    groups = _grouped(drill)
    columns = _columns(drill)
    body = "".join(_group(fault, rows, columns) for fault, rows in groups)
    return [
        heading("matrix", "4 Faults and plans"),
        paragraph(_ABOUT),
        f'<table class="matrix">{_head(drill, columns)}{body}</table>',
        *_not_run(drill),
    ]


def _head(drill: Drill, columns: Sequence[str]) -> str:
    widths = f'<colgroup><col class="fault">{"<col>" * len(columns)}</colgroup>'
    return f"{widths}<thead><tr><th>fault</th>{_headings(drill, columns)}</tr></thead>"


def _numbered(drill: Drill) -> list[Numbered]:
    return list(enumerate(drill.cells, 1))


def _columns(drill: Drill) -> list[str]:
    return list(dict.fromkeys([*drill.plan_names, *(cell.plan for cell in drill.cells)]))


def _headings(drill: Drill, columns: Sequence[str]) -> str:
    return "".join(f"<th>{escape(plan).replace('_', '_<wbr>')}<small>on {_benches(drill, plan)}</small></th>" for plan in columns)


def _benches(drill: Drill, plan: str) -> str:
    return escape(" or ".join(dict.fromkeys(cell.bench for cell in drill.cells if cell.plan == plan)) or "no bench")


_Rows = Mapping[str, Sequence[Numbered]]


def _grouped(drill: Drill) -> list[tuple[Fault, _Rows]]:
    """By the fault's name, as the registry has them; then several at once, and what the registry does not know."""
    found: dict[str, dict[str, list[Numbered]]] = {}
    for number, cell in _numbered(drill):
        if cell.faults:
            row = row_of(cell.faults)
            found.setdefault(_name(cell.faults), {}).setdefault(row, []).append((number, cell))
    known = {fault.name: fault for fault in (*drill.faults, _TOGETHER)}
    names = [*known, *(name for name in found if name not in known)]
    return [(known.get(name, _unknown(name)), dict(sorted(found[name].items(), key=_by_size))) for name in names if name in found]


def _by_size(row: tuple[str, object]) -> list[str]:
    """Numbers by their size: 2 before 10."""
    return [part.zfill(9) if part.isdigit() else part for part in _NUMBER.split(row[0])]


def _name(faults: str) -> str:
    return "" if _SEVERAL in faults else faults.partition(":")[0]


def _unknown(name: str) -> Fault:
    return Fault(name=name, deserves="", does="not in the registry of faults", takes="")


def _group(fault: Fault, rows: _Rows, columns: Sequence[str]) -> str:
    name = f"<b>{escape(fault.name)}</b>: " if fault.name else ""
    deserves = f"; deserves <b>{escape(fault.deserves)}</b>" if fault.deserves else ""
    head = f'<tr><th class="group" colspan="{len(columns) + 1}">{name}{escape(fault.does)}{deserves}</th></tr>'
    body = "".join(f"<tr><th>{_row_name(row)}</th>{_row(found, columns)}</tr>" for row, found in rows.items())
    return f"<tbody>{head}{body}</tbody>"


def _row_name(row: str) -> str:
    return escape(row).replace(",", ",<wbr>").replace(":", ":<wbr>")


def _row(found: Sequence[Numbered], columns: Sequence[str]) -> str:
    return "".join(_cell([(number, cell) for number, cell in found if cell.plan == plan]) for plan in columns)


def _cell(found: Sequence[Numbered]) -> str:
    """The mark of several in one place is that of the worst."""
    if not found:
        return "<td></td>"
    css = next(
        (name for name in ("wrong", "blind", "unasked", "right") if any(mark_of(cell).css == name for _, cell in found)), "told"
    )
    title = "; ".join(f"{cell.faults}: {_told(cell)}" for _, cell in found)
    return td("".join(f"<div>{_verdicts(number, cell)}</div>" for number, cell in found), css, title)


def _told(cell: Cell) -> str:
    return f"{decided(cell) or 'no single value decided'}; right in {of_all(cell.count)} (95 % interval)"


def _verdicts(number: int, cell: Cell) -> str:
    counts = "<br>".join(f"<b>{escape(verdict)}</b> {runs}/{cell.runs}" for verdict, runs in cell.counted)
    return f'<a href="#cell-{number}">{counts}<small><i>{number}</i>{escape(tag(cell))}</small></a>'


def _not_run(drill: Drill) -> list[str]:
    run = {part.partition(":")[0] for cell in drill.cells for part in cell.faults.split(_SEVERAL)}
    missing = [fault.name for fault in drill.faults if fault.name not in run]
    told = f"Faults of the registry that were not run ({len(missing)}): {', '.join(missing)}."
    return [paragraph(told if missing else "Every fault of the registry was run.")]


# --- the list of all cells ---

_LIST = (
    "no.",
    "faults",
    "plan",
    "bench",
    "asked",
    "deserves",
    "right",
    "found",
    "right verdicts, 95 % interval",
    "decided by (runs)",
    "took",
)


def all_cells(drill: Drill) -> list[str]:
    return [
        heading("cells", "12 All cells, and what decided them"),
        paragraph(
            "Decided by: the case whose verdict spoke for the run and the value in it, with the number of runs. Any run is "
            "repeated with: dosebench run PLAN --bench BENCH --fault FAULT --seed SEED. The same as data, with the commands: "
            "matrix.csv."
        ),
        table(_LIST, _listed(drill), "list"),
    ]


def _listed(drill: Drill) -> Iterator[str]:
    for number, cell in _numbered(drill):
        asked = QUESTIONS[cell.about].label or "told"
        found = f"{verdicts(cell)}{'' if cell.ok else ' WRONG'}"
        first = f'<td class="number" id="cell-{number}">{number}</td>'
        words = cells(written(cell.faults), cell.plan, cell.bench, asked, cell.deserves, " or ".join(cell.right))
        yield (
            first
            + words
            + td(escape(found), "" if cell.ok else "no")
            + cells(of_all(cell.count), decided(cell))
            + numbers(f"{cell.took_s:.0f} s")
        )
