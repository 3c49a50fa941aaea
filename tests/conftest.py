"""What all tests share: where the data are, short plans and benches, and whether there is a browser."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "tests" / "data"
NO_NODE = {"PATH": ""}
"""A machine on which no Allure report can be made: that takes longer than all the rest of a run."""

# A machine that is busy is no defect.
settings.register_profile("dosebench", deadline=None)
settings.load_profile("dosebench")

pytest_plugins = ["pytester"]
collect_ignore_glob = ["**/*_posix.py"] if sys.platform == "win32" else []


def chromium() -> str | None:
    return next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    pages = [item for item in items if item.get_closest_marker("browser")]
    if pages and chromium() is None:
        config.hook.pytest_deselected(items=pages)
        items[:] = [item for item in items if item not in pages]


def pytest_report_header() -> str:
    return f"pages are opened in {chromium() or 'no browser: there is no Chromium, page tests are left out'}"


@pytest.fixture(scope="session", autouse=True)
def interrupts_are_heard() -> None:
    """A shell that starts the tests in the background has them ignore Ctrl-C, and all programs that they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def own_locks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Ptys get the numbers of those that are gone, so that workers would find each other's locks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOSEBENCH_LOCKS", str(tmp_path_factory.mktemp("locks")))
        yield


@pytest.fixture
def screening_plan() -> Path:
    return ROOT / "test_plans" / "itb_screening.toml"


@pytest.fixture
def simulated_bench() -> Path:
    return ROOT / "benches" / "simulated.toml"


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[Path, str, str], Path]:
    """A copy of a file with one piece of its text replaced; the piece has to be there."""

    def edit(source: Path, old: str, new: str) -> Path:
        text = source.read_text(encoding="utf-8")
        assert old in text, f"{source.name} has no {old!r}"
        copy = tmp_path / source.name
        copy.write_text(text.replace(old, new, 1), encoding="utf-8")
        return copy

    return edit
