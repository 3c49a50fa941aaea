"""Runs that were cut: closed, and put into report and trend like any other."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from harness.evidence.manifest import versions_of, write_manifest
from harness.recovery import Recovered, close_cut, cut_runs
from harness.verdicts import RunVerdict
from instruments.clock import utc_now
from reports.allure3 import ReportError
from reports.allure_results import settle
from reports.publish import publish


def recover(out: Path, bench: str | None = None) -> list[Recovered]:
    """Close every cut run under ``out`` (on ``bench``, if told) that nobody is running, and make its pages. Raises BenchError."""
    return [recover_one(folder) for folder in cut_runs(out, bench)]


def recover_one(folder: Path) -> Recovered:
    """The same for one run. Raises ConfigError when it is closed, or still goes on."""
    return close_cut(folder, lambda verdict: _complete(folder, verdict))


def _complete(folder: Path, verdict: RunVerdict) -> None:
    with suppress(ReportError):  # a run is closed with or without its pages; 'dosebench report' makes them again
        publish(folder, verdict, settle(folder, verdict), remember=True)
    write_manifest(folder, versions=versions_of(), closed=utc_now())
