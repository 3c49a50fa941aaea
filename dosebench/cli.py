"""Commands and their exit status: 0 all PASS, 1 FAIL, 2 INCONCLUSIVE, 3 INVALID, 4 ABORTED, 64 usage."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dosebench.discover import discover
from dosebench.drill import drill
from dosebench.evidence import bundle, key, seal, verify
from dosebench.instruments_list import list_instruments
from dosebench.planning import planning
from dosebench.qualify import qualify
from dosebench.records import reanalyse_run, recover_runs
from dosebench.results import write_results
from dosebench.running import ABORTED, USAGE, run_plan
from dosebench.serving import sim
from dosebench.tracing import trace
from instruments.clock import stopwatch
from instruments.errors import BenchError
from reports.node import ReportError, ReportToolsMissing, install_tools

_ROOT = Path(__file__).resolve().parents[1]
_PATH = click.Path(path_type=Path)

Command = Callable[..., Any]


def _out(command: Command) -> Command:
    return click.option("--out", type=_PATH, default=Path("runs"), show_default=True, help="Where run folders go.")(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dosebench")
def app() -> None:
    """Bench tests of pump and catheter rigs.

    Exit status: 0 all PASS, 1 FAIL, 2 INCONCLUSIVE, 3 INVALID, 4 ABORTED, 64 usage.
    """


@app.command()
@click.argument("plan", type=_PATH)
@click.option("--bench", type=_PATH, required=True, help="The bench file.")
@click.option("--fault", multiple=True, metavar="SPEC", help="A fault of a simulated bench, like rate-gain:+6%; may be repeated.")
@click.option("--seed", type=int, help="Seed of a simulated bench.")
@click.option("--resume", type=_PATH, help="The folder of a run that was cut: go on with its first case without a verdict.")
@_out
def run(plan: Path, bench: Path, fault: tuple[str, ...], seed: int | None, resume: Path | None, out: Path) -> int:
    """Run PLAN on a bench."""
    options = ["--bench", str(bench), "--out", str(out), *(f"--fault={spec}" for spec in fault)]
    options += [] if resume is None else ["--resume", str(resume)]
    return run_plan(plan, options + ([] if seed is None else ["--seed", str(seed)]))[0]


@app.command()
@_out
def demo(out: Path) -> int:
    """Run the screening plan on the simulated bench, and make its report."""
    try:
        install_tools()
    except ReportToolsMissing as err:
        click.echo(f"without the Allure report: {err}")
    since_s = stopwatch()
    bench = _ROOT / "benches" / "simulated.toml"
    status, cost = run_plan(_ROOT / "test_plans" / "itb_screening.toml", ["--bench", str(bench), "--out", str(out)])
    click.echo(f"\n{cost}\nthe whole demo, report included, took {since_s():.1f} s")
    return status


@app.command()
@click.argument("recording", type=_PATH)
@click.option("--map", "mapping", type=_PATH, required=True, help="What the columns of the recording mean.")
@click.option("--plan", type=_PATH, help="A plan file: judge the recording by its limits, in a run folder of its own.")
@click.option("--json", "results", type=_PATH, help="Where the results go; to the standard output, unless told.")
@_out
def analyse(recording: Path, mapping: Path, plan: Path | None, results: Path | None, out: Path) -> int:
    """Analyse a RECORDING (CSV) that was made elsewhere.

    The mapping says what its columns mean, and asks with [[analysis]] for what is to be computed: the results are JSON. With a
    plan the recording is judged like a run.
    """
    if plan is None or results is not None:
        write_results(recording, mapping, results)
    if plan is None:
        return 0
    return run_plan(plan, ["--recording", str(recording), "--map", str(mapping), "--out", str(out)])[0]


@app.command()
@click.argument("folder", type=_PATH)
def report(folder: Path) -> int:
    """Make the pages of the run in FOLDER again."""
    from reports.publish import republish

    published = republish(folder)
    click.echo(published.report or published.missing)
    return 0


@app.command()
def tools() -> int:
    """Install what the Allure report needs (once, with a network)."""
    click.echo(f"report tools: {install_tools()}")
    return 0


for command in (discover, recover_runs, reanalyse_run, trace, key, seal, verify, bundle, drill):
    app.add_command(command)
app.add_command(planning)
app.add_command(sim)
app.add_command(qualify)
app.add_command(list_instruments)


def main() -> None:
    """Run the command line; every expected error becomes one clear message and its exit status."""
    try:
        sys.exit(app(standalone_mode=False))
    except click.UsageError as err:
        err.show()
        sys.exit(USAGE)
    except (BenchError, ReportError) as err:
        click.echo(f"dosebench: {err}", err=True)
        sys.exit(USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(ABORTED)
    except Exception:  # noqa: BLE001 - Python's own status for a crash is 1, and that says FAIL
        traceback.print_exc()
        sys.exit(ABORTED)
