"""``dosebench trace``: which case answers which requirement, and what became of it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from instruments.errors import ConfigError

_PATH = click.Path(path_type=Path)
_PLANS = Path("test_plans")
_REQUIREMENTS = _PLANS / "requirements.toml"
_COMPLETE, _GAPS = 0, 1


@click.command("trace")
@click.argument("plan", type=_PATH, nargs=-1)
@click.option("--requirements", type=_PATH, default=_REQUIREMENTS, show_default=True, help="What the cases answer to.")
@click.option(
    "--runs",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where run folders are; runs, if there is such a folder, unless told.",
)
@click.option("--json", "data", type=_PATH, help="Where the matrix goes as data (schema dosebench/trace/1).")
@click.option("--page", type=_PATH, help="Where the matrix goes as a page (HTML, one file).")
def trace(plan: tuple[Path, ...], requirements: Path, runs: Path | None, data: Path | None, page: Path | None) -> int:
    """Trace requirement, case, run and verdict, both ways. Without PLAN all plans in test_plans.

    Exit status: 0 when every requirement that is not out of scope has a case, and every case a requirement; 1 when one has not.
    Verdicts do not change it.
    """
    from harness.plan import load_plan
    from harness.traceability.data import as_json
    from harness.traceability.matrix import trace as traced
    from harness.traceability.requirements import load_requirements
    from reports.trace_page import trace_page, trace_text

    named = list(dict.fromkeys(plan)) or _shipped(requirements)
    matrix = traced(load_requirements(requirements), [load_plan(path) for path in named], runs or Path("runs"))
    click.echo(trace_text(matrix))
    _write(data, json.dumps(as_json(matrix), indent=1) + "\n")
    _write(page, trace_page(matrix))
    return _GAPS if matrix.gaps else _COMPLETE


def _shipped(requirements: Path) -> list[Path]:
    found = [path for path in sorted(_PLANS.glob("*.toml")) if path.resolve() != requirements.resolve()]
    if not found:
        raise ConfigError(f"{_PLANS}: has no plan files (.toml); name the plans to trace")
    return found


def _write(path: Path | None, text: str) -> None:
    """Raises ConfigError."""
    from harness.disk import replace_file

    if path is None:
        return
    try:
        replace_file(path, text.encode("utf-8"))
    except OSError as err:
        raise ConfigError(f"{path}: the matrix cannot be written there ({err.strerror}); choose another file") from err
    click.echo(f"written: {path}")
