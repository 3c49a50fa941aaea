"""A drill as an Allure run: a result for each cell of the matrix, failed where a verdict was not right."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from harness.disk import replace_file
from reports.allure3 import ReportError, render
from reports.allure_results import RESULTS
from reports.drilled.data import Cell, Drill, Wrong, typed
from reports.drilled.front import facts, title
from reports.drilled.words import QUESTIONS, decided, misses, of_all, several, verdicts, written
from reports.publish import Published, write_environment

REPORT = "report.html"
_WHY = {"blind": "Why it cannot be told", "not asked": "Why it is not asked"}
_Json = dict[str, Any]


def write_drill_results(drill: Mapping[str, Any], folder: Path) -> None:
    """``*-result.json`` in ``folder``, and its environment; results of an earlier drill are gone. Raises ConfigError, OSError."""
    found = typed(Drill, drill)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*-result.json"):
        path.unlink()
    for result in _results(found):
        replace_file(folder / f"{result['uuid']}-result.json", json.dumps(result).encode("ascii"))
    write_environment(folder, dict(facts(found)))


def _results(drill: Drill) -> Iterator[_Json]:
    """One after the other from the start of the drill on, as if a single process had run them."""
    began_ms = 1000 * drill.started_utc.timestamp()
    ends_ms = accumulate((1000 * cell.took_s for cell in drill.cells), initial=began_ms)
    does = {fault.name: fault.does for fault in drill.faults}
    starts = list(ends_ms)
    for cell, start_ms, stop_ms in zip(drill.cells, starts, starts[1:], strict=False):
        times = {"start": round(start_ms), "stop": round(stop_ms)}
        yield {**_result(cell, does, _wrong_runs(cell, drill.wrong)), **times}


def _wrong_runs(cell: Cell, wrong: Sequence[Wrong]) -> list[Wrong]:
    return [run for run in wrong if (run.about, run.faults, run.plan) == (cell.about, cell.faults, cell.plan)]


def _result(cell: Cell, does: Mapping[str, str], wrong: Sequence[Wrong]) -> _Json:
    name = f"{cell.plan}/{cell.bench}/{cell.about}/{written(cell.faults)}"
    known = str(uuid5(NAMESPACE_URL, name))
    return {
        "uuid": known,
        "name": f"{written(cell.faults)} on {cell.plan}: {verdicts(cell)}",
        "fullName": name,
        **dict.fromkeys(("testCaseId", "historyId"), known.replace("-", "")),
        "status": "passed" if cell.ok else "failed",
        "stage": "finished",
        "description": _description(cell, does),
        "labels": _labels(cell),
        "parameters": [{"name": "faults", "value": written(cell.faults)}, {"name": "seeds", "value": str(cell.runs)}],
        **({} if cell.ok else {"statusDetails": _details(cell, wrong)}),
    }


def _labels(cell: Cell) -> list[dict[str, str]]:
    told = {
        "parentSuite": f"{cell.plan} on {cell.bench}",
        "suite": QUESTIONS[cell.about].asked,
        "tag": "simulated",
        "framework": "dosebench",
        "language": "python",
    }
    return [{"name": name, "value": value} for name, value in told.items()]


def _description(cell: Cell, does: Mapping[str, str]) -> str:
    parts = [part.partition(":")[0] for part in cell.faults.split(" + ") if part]
    question = QUESTIONS[cell.about]
    told = [
        *(f"{name}: {does.get(name, 'not in the registry of faults')}." for name in parts),
        f"{question.asked}; accepted when {question.accepted}. Deserves {cell.deserves}; right: {' or '.join(cell.right)}.",
        f"Decided by: {decided(cell)}." if cell.decided else "",
        f"Right: {of_all(cell.count)} (95 % interval).",
        f"{_WHY.get(cell.about, 'Why')}: {cell.why}" if cell.why else "",
        f"What would show it: {cell.shown_by}" if cell.shown_by else "",
        f"To repeat it: `{cell.command}`",
    ]
    return "\n\n".join(filter(None, told))


def _details(cell: Cell, wrong: Sequence[Wrong]) -> dict[str, str]:
    message = f"WRONG: {misses(cell)}: {several(cell.wrong, 'run')} of {cell.runs}; {verdicts(cell)}"
    trace = "\n".join(f"{run.verdict}, right is {' or '.join(run.right)} ({run.told}): {run.command}" for run in wrong)
    return {"message": message, "trace": trace or cell.command}


def drill_report(folder: Path, drill: Mapping[str, Any], page: Path) -> Published:
    """``report.html`` in ``folder``, from its results; where tools are missing, ``page`` alone and why. Raises ConfigError."""
    found = typed(Drill, drill)
    heading = f"{title(found)}: {several(found.count.trials, 'run')}, {len(found.wrong)} wrong (SIMULATED)"
    try:
        return Published(page, render(folder / RESULTS, folder / REPORT, title=heading))
    except ReportError as err:
        return Published(page, None, str(err))
