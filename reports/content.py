"""What one case puts into its Allure result: title, table, figure, masses, budgets, labels."""

from __future__ import annotations

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
from reports.numbers import limits, measured
from reports.tables import banner, budget_html, measurands_html


def describe_case(plan: Plan, case: CaseBase, data_source: str) -> None:
    """Everything that is known before the case runs."""
    marked = f"[{data_source.upper()}] " if data_source != "real" else ""
    allure.dynamic.title(f"{marked}{case.id}: {case.title}")
    allure.dynamic.epic(plan.file.plan.title)
    allure.dynamic.feature(getattr(case, "procedure", "case"))
    allure.dynamic.tag(data_source, *case.requirement)
    for requirement in case.requirement:
        allure.dynamic.label("requirement", requirement)


def report_case(plan: Plan, case: CaseBase, verdict: CaseVerdict, record: Record, folder: Path, weighing: Weighing) -> None:
    """Everything that is known after it: values, limits, figure, masses, budgets."""
    for found in verdict.measurands:
        text = f"{measured(found)}; limits {limits(found.limits, found.unit)} ({found.rule}); {found.verdict}"
        allure.dynamic.parameter(found.name, text, excluded=True)
    allure.dynamic.description_html(case_html(plan, case, verdict, record.data_source))
    figure = case_figure(record, case, weighing)
    if figure:
        figures = folder / "figures"
        figures.mkdir(exist_ok=True)
        (figures / f"{case.id}.svg").write_bytes(figure)
        allure.attach(figure, f"{case.id}: mass and flow", allure.attachment_type.SVG)
    csv = masses_csv(record, case)
    if csv:
        allure.attach(csv, f"{case.id}: mass every {case.reporting_interval:g} s", allure.attachment_type.CSV)
    budgets = "".join(budget_html(found) for found in verdict.measurands if found.budget)
    if budgets:
        allure.attach(budgets, f"{case.id}: uncertainty budgets", allure.attachment_type.HTML)


def case_html(plan: Plan, case: CaseBase, verdict: CaseVerdict, data_source: str) -> str:
    """The case on one page: verdict, table, reasons, requirements."""
    head = banner(data_source)
    reasons = "".join(f"<li>{escape(reason)}</li>" for reason in verdict.reasons)
    texts = plan.file.requirement
    requirements = "".join(f"<li>{escape(name)}: {escape(texts.get(name, ''))}</li>" for name in case.requirement)
    return "".join(
        [
            f"<p><b>{escape(head)}</b></p>" if head else "",
            f"<p><b>{verdict.verdict}</b></p>",
            measurands_html(verdict) if verdict.measurands else "",
            f"<p>Why:</p><ul>{reasons}</ul>" if reasons else "",
            f"<p>Requirements:</p><ul>{requirements}</ul>",
        ]
    )
