"""From a closed run folder to what people open: the plain page, and the Allure report where its tools are there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.evidence.manifest import versions_of, write_manifest
from harness.evidence.verifier import MANIFEST, SIGNATURES, FolderFiles, check_run, what_is_wrong
from harness.verdicts import VERDICTS, RunVerdict, read_verdicts
from instruments.clock import utc_now
from instruments.errors import ConfigError
from reports.allure3 import ReportError, render
from reports.allure_results import RESULTS
from reports.summary import environment, write_summary

_PAGES = ("summary.html", "report.html", "figures/", f"{RESULTS}/")


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
        report = render(results, folder / "report.html", title=title, history=history_of(folder, identity), remember=remember)
    except ReportError as err:
        return Published(summary, None, str(err))
    return Published(summary, report)


def history_of(folder: Path, identity: dict[str, Any]) -> Path:
    """A file for each bench: runs on two benches share none."""
    bench = re.sub(r"[^A-Za-z0-9.-]+", "_", identity["bench"]["id"])
    return folder.parent / f"history-{bench}.jsonl"


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
    """The pages of a closed run again, from what is in its folder; its manifest follows.

    Raises ConfigError when the run is signed, or anything but its pages is not what it was: a manifest must not hide that.
    """
    if (folder / SIGNATURES).exists():
        raise ConfigError(
            f"{folder}: this run is signed, pages included; copy the folder without {SIGNATURES} for pages of another kind"
        )
    wrong = what_is_wrong(check_run(FolderFiles(folder))) if (folder / MANIFEST).exists() else []
    if kept := [found for found in wrong if not found.file.startswith(_PAGES)]:
        raise ConfigError(f"{folder}: its pages cannot be made again, 'dosebench verify' finds: {kept[0]}")
    published = publish(folder, read_verdicts(folder / VERDICTS), folder / RESULTS, remember=False)
    write_manifest(folder, versions=versions_of(), closed=utc_now())
    return published
