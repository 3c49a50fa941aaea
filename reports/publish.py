"""From a closed run folder to what people open: the plain page, and the Allure report where its tools are there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from harness.verdicts import RunVerdict, read_verdicts
from reports.allure3 import ReportError, render
from reports.summary import environment, write_summary

HISTORY = "history.jsonl"


@dataclass(frozen=True, slots=True)
class Published:
    """Where the pages are; ``missing`` says in one line why there is no Allure report, if there is none."""

    summary: Path
    report: Path | None
    missing: str = ""


def publish(folder: Path, run: RunVerdict, results: Path, *, remember: bool) -> Published:
    """``summary.html`` and ``report.html`` in the run folder. A report that is made again does not grow the history."""
    identity = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    summary = write_summary(folder, run)
    write_environment(results, environment(identity))
    marked = f" ({run.data_source.upper()})" if run.data_source != "real" else ""
    title = f"{identity['plan']['id']} on {identity['bench']['id']}: {run.verdict}{marked}"
    try:
        report = render(results, folder / "report.html", title=title, history=folder.parent / HISTORY, remember=remember)
    except ReportError as err:
        return Published(summary, None, str(err))
    return Published(summary, report)


def write_environment(results: Path, told: dict[str, str]) -> None:
    """Allure's environment block (a Java properties file: no spaces in keys, escapes for what is not ASCII)."""
    lines = [f"{_key(name)}={_value(value)}" for name, value in told.items()]
    results.mkdir(parents=True, exist_ok=True)
    (results / "environment.properties").write_text("\n".join(lines) + "\n", encoding="ascii")


def _key(name: str) -> str:
    return _value(name).replace(" ", "\\ ").replace(":", "\\:").replace("=", "\\=")


def _value(text: str) -> str:
    return "".join(char if 0x20 <= ord(char) < 0x7F else f"\\u{ord(char):04x}" for char in text.replace("\\", "\\\\"))


def republish(folder: Path) -> Published:
    """The pages of a closed run again, from what is in its folder."""
    return publish(folder, read_verdicts(folder / "verdicts.json"), folder / "allure-results", remember=False)
