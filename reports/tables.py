"""Verdicts as tables: plain text for a terminal, HTML for a report."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from harness.metrology.budget import Row
from harness.verdicts import CaseVerdict, Measurand, RunVerdict
from reports.numbers import limits, measured

_HEADINGS = ("case", "measurand", "value ± U", "limits", "rule", "verdict")


def verdict_rows(run: RunVerdict) -> list[tuple[str, ...]]:
    """One row a measurand; one with the first reason for a case that has none."""
    return [row for case in run.cases for row in _case_rows(case)]


def _case_rows(case: CaseVerdict) -> list[tuple[str, ...]]:
    if not case.measurands:
        reason = case.reasons[0] if case.reasons else "nothing was measured"
        return [(case.id, reason, "", "", "", case.verdict.value)]
    return [(case.id, *_cells(found)) for found in case.measurands]


def _cells(found: Measurand) -> tuple[str, ...]:
    return found.name, measured(found), limits(found.limits, found.unit), found.rule, found.verdict.value


def text_table(run: RunVerdict) -> str:
    """The verdict table for a terminal; simulated and replayed runs say so above it."""
    rows = [_HEADINGS, *verdict_rows(run)]
    widths = [max(len(row[column]) for row in rows if row[2] or column != 1) for column in range(len(_HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    head = banner(run.data_source)
    rule = "-" * max(map(len, lines))
    return "\n".join([*([head] if head else []), lines[0], rule, *lines[1:], rule, f"overall: {run.verdict.value}"])


def banner(data_source: str) -> str:
    """What has to stand above everything that does not come from a real bench; empty for a real one."""
    words = {"simulated": "SIMULATED: no real pump was tested", "replay": "REPLAY: computed from a recording made elsewhere"}
    return words.get(data_source, "")


def html_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table border="1" cellspacing="0" cellpadding="4"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def measurands_html(case: CaseVerdict) -> str:
    """Values, and below them what a reader should also know of each: the numbers to work it out again."""
    rows = [(*_cells(found), f"{found.coverage_factor:.2f}", *_decided(found), found.basis) for found in case.measurands]
    details = [f"<li>{escape(found.name)}: {escape(found.detail)}</li>" for found in case.measurands if found.detail]
    return html_table((*_HEADINGS[1:], "k", "accepted", "p_c (normal)", "limits rest on"), rows) + (
        f"<ul>{''.join(details)}</ul>" if details else ""
    )


def _decided(found: Measurand) -> tuple[str, str]:
    """What the guard bands leave of the limits, and the probability that the true value keeps to them."""
    probability = found.conformance_probability
    return limits(found.acceptance, found.unit), "" if probability is None else f"{probability:.4f}"


def budget_html(found: Measurand) -> str:
    """The budget as it stands in the reference: source, u, sensitivity, contribution, degrees of freedom; then u_c, k and U.

    From draws, it says so and where the interval lies.
    """
    rows = [_budget_cells(row) for row in found.budget]
    combined = found.expanded_uncertainty / found.coverage_factor if found.coverage_factor else 0.0
    freedom = "inf" if found.degrees_of_freedom is None else f"{found.degrees_of_freedom:.0f}"
    drawn = "" if found.method == "GUM" else ", from draws"
    rows.append((f"combined u_c{drawn}", "", "", f"{combined:.3g} {found.unit}", freedom))
    rows.append((f"expanded U (k = {found.coverage_factor:.2f})", "", "", f"{found.expanded_uncertainty:.3g} {found.unit}", ""))
    if found.interval is not None and found.method != "GUM":
        low, high = found.interval
        rows.append((f"95.45 % interval by {found.method}", "", "", f"{low:.6g} to {high:.6g} {found.unit}", ""))
    return f"<h4>{escape(found.name)}</h4>" + html_table(("source", "u", "sensitivity", "contribution", "dof"), rows)


def _budget_cells(row: Row) -> tuple[str, ...]:
    dof = "inf" if row.dof == float("inf") else f"{row.dof:.0f}"
    sensitivity = "" if row.sensitivity != row.sensitivity else f"{row.sensitivity:.4g}"
    return row.source, f"{row.u:.3g}", sensitivity, f"{row.contribution:.3g}", dof
