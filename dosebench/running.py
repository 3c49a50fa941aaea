"""Hands a plan to pytest, and turns what became of it into an exit status."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

from instruments.errors import ConfigError

USAGE = 64
ABORTED = 4

_OPTIONS = (
    *("-q", "--no-header", "-p", "no:cacheprovider", "-p", "fixtures.plugin"),
    # Settings that a project has for its own tests are not for its plans.
    *("-o", "addopts=", "-o", "filterwarnings=", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
)


class _Keeper:
    """Holds on to what came of the session when it ends."""

    status: int | None = None
    cost: str = ""

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        from fixtures.ending import cost_line
        from fixtures.items import CAMPAIGN
        from fixtures.plugin import ENDING

        ending = config.stash.get(ENDING, None)
        if ending is not None and ending.status is not None:
            self.status = ending.status
            self.cost = cost_line(config.stash[CAMPAIGN])


def run_plan(plan: Path, options: Sequence[str]) -> tuple[int, str]:
    """Run a plan file under pytest.

    Returns the exit status of its verdict (64 when nothing could be run), and a line on the time it cost.
    """
    import pytest

    if plan.suffix != ".toml":
        raise ConfigError(f"{plan}: is not a plan file (.toml)")
    keeper = _Keeper()
    status = pytest.main([*_OPTIONS, str(plan), *options], plugins=[keeper])
    if keeper.status is not None:
        return keeper.status, keeper.cost
    return (USAGE if status == pytest.ExitCode.USAGE_ERROR else ABORTED), ""
