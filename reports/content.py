"""What one case puts into its Allure result: title, table, figure, masses, budgets, labels."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path

import allure

from harness.cases import CaseBase
from harness.metrology.volume import Weighing
from harness.plan import Plan
from harness.record import Record
from harness.verdicts import CaseVerdict
from reports.figures import case_figure
from reports.masses import masses_csv
from reports.numbers import measured
from reports.tables import banner, budget_html, html_table, measurands_html


def case_title(case: CaseBase, data_source: str) -> str:
    marked = f"[{data_source.upper()}] " if data_source != "real" else ""
    return f"{marked}{case.id}: {case.title}"


def describe_case(plan: Plan, case: CaseBase, data_source: str) -> None:
    """Everything that is known before the case runs."""
    allure.dynamic.title(case_title(case, data_source))
    allure.dynamic.epic(plan.file.plan.title)
    allure.dynamic.feature(getattr(case, "procedure", "case"))
    allure.dynamic.tag(data_source, *case.requirement)
    allure.dynamic.label("case", case.id)
    allure.dynamic.severity(case.severity)
    for name, address in case.links.items():
        allure.dynamic.link(address, name=name)
    for requirement in case.requirement:
        allure.dynamic.label("requirement", requirement)


def report_case(plan: Plan, case: CaseBase, verdict: CaseVerdict, record: Record, folder: Path, weighing: Weighing) -> None:
    """Everything that is known after it: values, limits, figure, masses, budgets."""
    for found in verdict.measurands:
        allure.dynamic.parameter(found.name, measured(found), excluded=True)
    figure = case_figure(record, case, weighing)
    allure.dynamic.description_html(case_html(plan, case, verdict, record.data_source, figure))
    if figure:
        _keep(folder / "figures" / f"{case.id}.svg", figure)
        allure.attach(figure, f"{case.id}: mass and flow", allure.attachment_type.SVG)
    if asked := steps_html(record, case):
        allure.attach(asked, f"{case.id}: steps by hand", allure.attachment_type.HTML)
    if csv := masses_csv(record, case):
        allure.attach(csv, f"{case.id}: mass every {case.reporting_interval:g} s", allure.attachment_type.CSV)
    if budgets := "".join(budget_html(found) for found in verdict.measurands if found.budget):
        allure.attach(budgets, f"{case.id}: uncertainty budgets", allure.attachment_type.HTML)


def steps_html(record: Record, case: CaseBase) -> str:
    """Who was asked for what, when, and what was answered."""
    asked, done = (list(record.of_kind(kind, case.id)) for kind in ("by hand", "done by hand"))
    answers = [(f"{event.at_s:.1f}", event.data["answer"]) for event in done] + [("", "not answered")] * (len(asked) - len(done))
    rows = [(f"{event.at_s:.1f}", event.data["words"], *answer) for event, answer in zip(asked, answers, strict=True)]
    return html_table(("asked at (s)", "what", "answered at (s)", "answer"), rows) if rows else ""


def report_carried(plan: Plan, case: CaseBase, verdict: CaseVerdict, data_source: str) -> None:
    """Of a case that is carried over from another run: its values. Figure and masses are in the report of that run."""
    for found in verdict.measurands:
        allure.dynamic.parameter(found.name, measured(found), excluded=True)
    allure.dynamic.description_html(case_html(plan, case, verdict, data_source))


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def case_html(plan: Plan, case: CaseBase, verdict: CaseVerdict, data_source: str, figure: bytes = b"") -> str:
    """The case on one page: verdict, table, figure, reasons, requirements."""
    head, texts = banner(data_source), plan.file.requirement
    picture = f'<img src="data:image/svg+xml;base64,{b64encode(figure).decode("ascii")}">' if figure else ""
    parts = [
        f"<p><b>{escape(head)}</b></p>" if head else "",
        f"<p><b>{verdict.verdict}</b></p>",
        measurands_html(verdict) if verdict.measurands else "",
        picture,
        _list("Why:", verdict.reasons),
        _list("Requirements:", [f"{name}: {texts.get(name, '')}" for name in case.requirement]),
    ]
    return "".join(parts)


def _list(title: str, lines: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<p>{title}</p><ul>{items}</ul>" if items else ""
