"""The sections of the other studies: coverage, risk, and lines broken on purpose. A page without one says so."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from reports.drilled.data import Interval
from reports.drilled.html import answer, cells, heading, numbers, paragraph, table
from reports.drilled.studies_data import Coverage, Mutants, Risk, Study
from reports.drilled.words import several


def coverage_section(found: Coverage | None, version: str, figure: bytes = b"") -> list[str]:
    """``version`` made the page."""
    head = heading("coverage", "9 Whether the stated uncertainties are right")
    if found is None:
        return [head, _not_made("coverage.json", "dosebench qualify coverage")]
    headings = ("set-up", "measurand", "covered", "share", "95 % interval", "mean U", "error / U, mean", "its sd", "met")
    return [
        head,
        *_made(found, version),
        paragraph(_covers(found)),
        *_unusable(found),
        table(headings, _covered(found)),
        _image(figure),
    ]


def _not_made(file: str, command: str = "") -> str:
    how = f" '{command}' makes it." if command else ""
    return paragraph(f"Not part of this report: there is no {file} beside its data.{how}")


def _made(found: Study, version: str) -> list[str]:
    """Which version made it, where that is known."""
    other = found.of_other_version(version)
    if other:
        return [paragraph(f"This study was {other}: what it found is shown, and counts for nothing here.", "other")]
    return [paragraph(f"Made by version {found.version}.")] if found.version else []


def _covers(found: Coverage) -> str:
    low, high = found.band_pct
    return (
        f"A stated interval of {found.stated_pct:g} % has to hold the true value in {found.stated_pct:g} % of the runs, neither "
        f"less nor clearly more; accepted is {low:g} % to {high:g} %. Simulated benches were drawn at random from what their "
        f"bench files state, {found.runs_per_set_up} for each set-up, from seed {found.first_seed} on. Error / U is the stated "
        "less the true value, in units of the expanded uncertainty U. The same as data: coverage.json."
    )


def _covered(found: Coverage) -> Iterator[str]:
    for cell in found.cells:
        shares = (f"{cell.covered} of {cell.runs}", f"{cell.coverage_pct:.1f} %", _interval(cell.interval_pct))
        errors = (f"{cell.mean_expanded_uncertainty:.2g}", f"{cell.mean_error:+.2f}", f"{cell.sd_error:.2f}")
        yield cells(cell.set_up, cell.measurand) + numbers(*shares, *errors) + answer(ok=cell.ok)


def _unusable(found: Coverage) -> list[str]:
    told = f"Runs that stated nothing ({len(found.unusable)}): {'; '.join(found.unusable)}."
    return [paragraph(told)] if found.unusable else []


def _image(svg: bytes) -> str:
    """As an image: what is in such a file can neither run nor load anything."""
    told = base64.b64encode(svg).decode("ascii")
    return f'<img alt="coverage of each measurand, and its errors" src="data:image/svg+xml;base64,{told}">' if svg else ""


def risk_section(found: Risk | None, version: str) -> list[str]:
    head = heading("risk", "10 How often a pump on or outside its limit is passed")
    if found is None:
        return [head, _not_made("risk.json", "dosebench qualify risk")]
    headings = ("true error, either sign", "passed", "share", "95 % interval")
    return [head, *_made(found, version), paragraph(_risked(found)), table(headings, _risks(found), "narrow")]


def _risked(found: Risk) -> str:
    verdicts = ", ".join(f"{word} {runs}" for word, runs in found.verdicts.items() if runs)
    return (
        f"The true flow error was put on the limit of {found.limit_pct:g} %, or outside it by so many standard uncertainties "
        f"u = {found.standard_uncertainty_pct:.2g} %, on either side; set-up: {found.set_up}. At most {found.at_most_pct:g} % of "
        f"such pumps may be passed. All verdicts: {verdicts}. The same as data: risk.json."
    )


def _risks(found: Risk) -> Iterator[str]:
    named = [(f"{found.limit_pct:g} % + {place.outside_u:g} u", place) for place in found.places]
    for where, count in (*named, ("all", found.overall)):
        shares = (f"{count.passed} of {count.runs}", f"{count.false_accept_pct:.2f} %", _interval(count.interval_pct))
        yield cells(where) + numbers(*shares)


def _interval(ends: Interval) -> str:
    low, high = ends
    return f"{low:.1f} % to {high:.1f} %"


def mutants_section(found: Mutants | None) -> list[str]:
    head = heading("mutants", "11 Whether the tests notice a broken line")
    if found is None:
        return [head, _not_made("mutants.json")]
    survived = (cells(one.name, one.place) + (cells(one.why) if one.why else answer(ok=False)) for one in found.survivors)
    noticed = (cells(one.name, one.place, one.red_by) for one in found.mutants)
    return [
        *(head, paragraph(_broken(found))),
        table(("not noticed", "place", "why this line may be broken"), survived) if found.survivors else "",
        table(("noticed", "place", "test that failed"), noticed) if found.mutants else "",
    ]


def _broken(found: Mutants) -> str:
    tried = len(found.mutants) + len(found.survivors)
    return (
        f"{several(tried, 'line')} of the program {'was' if tried == 1 else 'were'} broken on purpose, one at a time. For "
        f"{len(found.mutants)} of them a test of the project's own failed, as it should; for {len(found.survivors)} none did. "
        "The same as data: mutants.json."
    )
