"""Hands a plan to pytest, and turns what became of it into an exit status."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import fixtures.plugin
from harness.verdicts import EXIT_STATUS, RunVerdict, Verdict

USAGE = 64
_QUIET = ("-q", "--no-header", "-p", "no:cacheprovider", "-o", "addopts=")


class _Keeper:
    """Holds on to the verdict when the session ends."""

    verdict: RunVerdict | None = None

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        self.verdict = config.stash.get(fixtures.plugin.VERDICT, None)


def run_plan(plan: Path, options: Sequence[str]) -> int:
    """Run a plan file under pytest; returns the exit status of its verdict, or 64 when nothing could be run."""
    keeper = _Keeper()
    status = pytest.main([*_QUIET, str(plan), *options], plugins=[fixtures.plugin, keeper])
    if keeper.verdict is not None:
        return EXIT_STATUS[keeper.verdict.verdict]
    return USAGE if status == pytest.ExitCode.USAGE_ERROR else EXIT_STATUS[Verdict.ABORTED]
