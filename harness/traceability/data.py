"""The matrix for other programs. Nothing in it depends on where the files lie."""

from __future__ import annotations

from typing import Any

from harness.traceability.matrix import CaseRun, Matrix, TracedCase
from harness.traceability.runs import Run

SCHEMA = "dosebench/trace/1"


def as_json(matrix: Matrix) -> dict[str, Any]:
    """Schema ``dosebench/trace/1``; ``complete`` when there are no gaps, whatever the verdicts."""
    gaps = matrix.gaps
    return {
        "schema": SCHEMA,
        "complete": not gaps,
        "requirements_file": {"name": matrix.requirements.path.name, "sha256": matrix.requirements.sha256},
        "plans": [{"id": plan.id, "name": plan.path.name, "sha256": plan.sha256} for plan in matrix.plans],
        "data_sources": matrix.sources,
        "requirements": [_requirement(matrix, name) for name in matrix.requirements.of],
        "cases": [_case(matrix, case) for case in matrix.cases],
        "gaps": {name: list(getattr(gaps, name)) for name in gaps.__slots__},
        "never_run": {source: matrix.never_run(source) for source in matrix.sources},
        "runs_of_other_revisions": [_run(run) for run in matrix.outdated],
        "unreadable": [{"folder": run.name, "reason": run.reason} for run in matrix.unreadable],
        "runs_of_other_plans": [_run(run) for run in matrix.of_other_plans],
    }


def _requirement(matrix: Matrix, name: str) -> dict[str, Any]:
    return {
        "id": name,
        **matrix.requirements.of[name].model_dump(),
        "cases": [case.name for case in matrix.cases_of(name)],
        "verdict": {source: matrix.word(name, source) for source in matrix.sources},
    }


def _case(matrix: Matrix, case: TracedCase) -> dict[str, Any]:
    return {
        "name": case.name,
        "plan": case.plan,
        "id": case.id,
        "title": case.title,
        "procedure": case.procedure,
        "requirement": list(case.requirement),
        "verdict": {source: case.word(source) for source in matrix.sources},
        "runs": [_case_run(found) for found in case.runs],
    }


def _case_run(found: CaseRun) -> dict[str, Any]:
    return {
        **_run(found.run),
        "verdict": found.verdict.value,
        "standing": found.standing.word,
        "told": list(found.standing.told),
        "carried_from": found.carried_from,
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "run": run.run,
        "folder": run.name,
        "plan": run.plan,
        "plan_sha256": run.plan_sha256,
        "data_source": run.data_source,
        "started": run.started.isoformat(),
    }
