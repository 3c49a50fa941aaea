"""Commands and their exit status: 0 all PASS, 1 FAIL, 2 INCONCLUSIVE, 3 INVALID, 4 ABORTED, 64 usage."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import click
import typer

from dosebench.running import USAGE, run_plan
from harness.verdicts import EXIT_STATUS, Verdict
from instruments.clock import stopwatch
from instruments.errors import BenchError
from reports.allure3 import ReportToolsMissing, install_tools
from reports.publish import republish

_ROOT = Path(__file__).resolve().parents[1]

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Bench tests of pump and catheter rigs.")

Bench = Annotated[Path, typer.Option("--bench", help="the bench file")]
Out = Annotated[Path, typer.Option("--out", help="where run folders go")]
Fault = Annotated[list[str] | None, typer.Option("--fault", help="a fault of a simulated bench, like rate-gain:+6%")]
Seed = Annotated[int | None, typer.Option("--seed", help="seed of a simulated bench")]


@app.command()
def run(plan: Path, bench: Bench, out: Out = Path("runs"), fault: Fault = None, seed: Seed = None) -> int:
    """Run a plan on a bench."""
    return _on_bench(plan, bench, out, fault or [], seed)


@app.command()
def demo(out: Out = Path("runs")) -> int:
    """Run the screening plan on the simulated bench, and make its report."""
    try:
        install_tools()
    except ReportToolsMissing as err:
        typer.echo(f"without the Allure report: {err}")
    since_s = stopwatch()
    status = _on_bench(_ROOT / "test_plans" / "itb_screening.toml", _ROOT / "benches" / "simulated.toml", out, [], None)
    typer.echo(f"the whole demo, report included, took {since_s():.1f} s")
    return status


@app.command()
def analyse(
    file: Path,
    plan: Annotated[Path, typer.Option("--plan", help="the plan file")],
    mapping: Annotated[Path, typer.Option("--map", help="what the columns of the file mean")],
    out: Out = Path("runs"),
) -> int:
    """Judge a recording that was made elsewhere."""
    return run_plan(plan, ["--recording", str(file), "--map", str(mapping), "--out", str(out)])


def _on_bench(plan: Path, bench: Path, out: Path, faults: list[str], seed: int | None) -> int:
    options = ["--bench", str(bench), "--out", str(out), *(f"--fault={fault}" for fault in faults)]
    return run_plan(plan, options + ([] if seed is None else ["--seed", str(seed)]))


@app.command()
def report(folder: Path) -> int:
    """Make the pages of a run again."""
    published = republish(folder)
    typer.echo(f"{published.report or published.missing}")
    return 0


@app.command()
def tools() -> int:
    """Install what the Allure report needs (once, with a network)."""
    typer.echo(f"report tools: {install_tools()}")
    return 0


def main() -> None:
    """Run the command line; every expected error becomes one clear message and its exit status."""
    try:
        sys.exit(app(standalone_mode=False))
    except click.UsageError as err:
        err.show()
        sys.exit(USAGE)
    except (BenchError, ReportToolsMissing) as err:
        typer.echo(f"dosebench: {err}", err=True)
        sys.exit(USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(EXIT_STATUS[Verdict.ABORTED])
