"""The qualification report as one page: opens in any browser, prints on A4, can be read without knowing the program."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from reports.drilled.curves import curves
from reports.drilled.data import Drill, typed
from reports.drilled.front import about, identity, part_of, reading, selection, title
from reports.drilled.html import cells, heading, page, paragraph, table
from reports.drilled.lists import blind, clean, wrong
from reports.drilled.matrix import all_cells, matrix
from reports.drilled.result import result
from reports.drilled.studies import coverage_section, mutants_section, risk_section
from reports.drilled.studies_data import Coverage, Mutants, Risk
from reports.tables import banner

Plain = Mapping[str, Any]

_HEADING = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>')
_FILES = (
    ("drill.json", "everything the drill found; this page, the tables and the Allure run are made from it"),
    ("runs.csv", "one row for each run, as it was made"),
    ("matrix.csv", "one row for each cell of the matrix, with what decided and the command that repeats it"),
    ("curves.csv", "one row for each point of the detection curves, with the shares of FAIL and of PASS"),
    ("coverage.json, risk.json, mutants.json", "the other studies, where they are part of this report"),
    ("allure-results", "one result for each cell, for the Allure report"),
)


def drill_page(
    drill: Plain,
    coverage: Plain | None = None,
    risk: Plain | None = None,
    mutants: Plain | None = None,
    *,
    coverage_figure: bytes = b"",
) -> str:
    """The page, from the data as they stand in their files; ``coverage_figure`` is an SVG. Raises ConfigError."""
    found = typed(Drill, drill)
    studies = (
        None if coverage is None else typed(Coverage, coverage),
        None if risk is None else typed(Risk, risk),
        None if mutants is None else typed(Mutants, mutants),
    )
    sections = list(_sections(found, *studies, coverage_figure))
    front = [*selection(found), f'<p class="banner">{escape(banner("simulated"))}</p>', *about(found)]
    return page(title(found), [*front, _contents(sections), *sections], part_of(found))


def _sections(
    drill: Drill, coverage: Coverage | None, risk: Risk | None, mutants: Mutants | None, figure: bytes
) -> Iterator[str]:
    yield from result(drill, coverage, risk, mutants)
    for section in (reading, identity, matrix, clean, blind, wrong, curves):
        yield from section(drill)
    yield from coverage_section(coverage, drill.version, figure)
    yield from risk_section(risk, drill.version)
    yield from mutants_section(mutants)
    yield from all_cells(drill)
    yield from _data_files()
    yield from _review()


def _contents(sections: Iterable[str]) -> str:
    """Links, before the first section."""
    found = (match for part in sections if (match := _HEADING.match(part)))
    return "<nav>" + "".join(f'<a href="#{match[1]}">{match[2]}</a>' for match in found) + "</nav>"


def _data_files() -> list[str]:
    told = "Whoever doubts a number of this page finds what it was computed from in these files, beside it."
    return [heading("files", "13 Data"), paragraph(told), table(("file", "holds"), (cells(*row) for row in _FILES), "narrow")]


def _review() -> list[str]:
    told = (
        "To be filled in by those who file this report; the reviewer is not the one who ran it. "
        "A signature says that the program was qualified as told above, and nothing of any pump."
    )
    rows = (cells(role, *[""] * 3) for role in ("run by", "reviewed by", "approved by"))
    return [heading("review", "14 Review"), paragraph(told), table(("", "name", "date", "signature"), rows)]
