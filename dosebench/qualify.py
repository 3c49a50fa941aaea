"""``dosebench qualify``: is what is installed here fit to judge a pump."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from instruments.clock import stopwatch
from instruments.errors import ConfigError

if TYPE_CHECKING:
    from harness.qualification.checks import Check
    from harness.qualification.vectors import Comparison

_SHOWN = 5
"""Differing numbers of one file that the table names; --json has all."""


@click.group()
def qualify() -> None:
    """Check the harness itself: its numbers, the coverage of its intervals, the risk of its decisions."""


@qualify.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="The comparisons as JSON instead of a table.")
def vectors(folder: Path, as_json: bool) -> int:  # noqa: FBT001 - click hands flags over like this
    """Compute the reference vectors in FOLDER again and compare.

    Kinds of files, by name: water_density, air_density, z_factor, corrections, dosing_conversions, guard_band,
    uncertainty_budgets, trumpet, flow_regression, bolus_25, bolus_timing, reservoir_alarm, spec_table. The project's own lie in
    tests/data/vectors of its source. Exit status 0: every number agrees; 1: one does not, or a file
    could not be compared.
    """
    from harness.qualification.vectors import check_vectors

    comparisons = check_vectors(folder)
    click.echo(json.dumps([found.as_json() for found in comparisons], indent=1) if as_json else _table(comparisons))
    return 0 if all(found.ok for found in comparisons) else 1


_RUNS = click.option("--runs", type=click.IntRange(min=1), default=1000, show_default=True)
_JOBS = click.option("--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1, show_default=True, help="Processes.")
_SEED = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The first of the seeds.")
_OUT = click.option(
    "--out", type=click.Path(path_type=Path), default=Path("qualification"), show_default=True, help="Where the results go."
)


@qualify.command()
@_RUNS
@_JOBS
@_SEED
@_OUT
def coverage(runs: int, jobs: int, seed: int, out: Path) -> int:
    """How often the true value lies inside the stated 95.45 % interval.

    RUNS runs on each of three simulated set-ups, whose truth is drawn from what their bench files state. Writes coverage.json,
    coverage.md and coverage.svg. Exit status 0: between 93 % and 97.5 % for every measurand; 1: not.
    """
    from harness.qualification.coverage import as_json, study
    from reports.qualification import coverage_figure, coverage_table

    prepare(out)
    found = study(runs, first_seed=seed, processes=jobs, tell=progress())
    table = coverage_table(found) + "".join(f"\nunusable: {why}" for why in found.unusable)
    _write(out, "coverage", as_json(found), table, coverage_figure(found))
    return 0 if found.ok else 1


@qualify.command()
@click.option("--runs", type=click.IntRange(min=8), default=2000, show_default=True)
@_JOBS
@_SEED
@_OUT
def risk(runs: int, jobs: int, seed: int, out: Path) -> int:
    """How often guarded acceptance passes a pump whose true error lies on its limit or just outside.

    Writes risk.json and risk.md. Exit status 0: at most 2.5 %; 1: more.
    """
    from harness.qualification.risk import as_json, study
    from reports.qualification import risk_table

    prepare(out)
    found = study(runs, first_seed=seed, processes=jobs, tell=progress())
    _write(out, "risk", as_json(found), risk_table(found))
    return 0 if found.ok else 1


def progress() -> Callable[[int, int], None]:
    """Tells how many runs are done, and about how long the others will take."""
    since_s = stopwatch()

    def tell(done: int, all_of_them: int) -> None:
        left_s = since_s() * (all_of_them - done) / done
        click.echo(f"{done} of {all_of_them} runs, about {left_s / 60:.0f} min left", err=True)

    return tell


def prepare(out: Path) -> None:
    """Better known now than after hours."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ConfigError(f"{out}: results cannot go there ({err.strerror}); choose another --out") from err


def _write(out: Path, name: str, plain: Mapping[str, object], table: str, figure: bytes = b"") -> None:
    try:
        (out / f"{name}.json").write_text(json.dumps(plain, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        (out / f"{name}.md").write_text(table, encoding="utf-8")
        if figure:
            (out / f"{name}.svg").write_bytes(figure)
    except OSError as err:
        raise ConfigError(f"{out}: the results cannot be written there ({err.strerror}); choose another --out") from err
    click.echo(f"{table}\nin {out}")


def _table(comparisons: list[Comparison]) -> str:
    width = max(len(found.file) for found in comparisons)
    lines = [f"{'file':{width}}  {'numbers':>7}  {'worst deviation':>15}  {'tolerance':>9}"]
    for found in comparisons:
        lines += [f"{found.file:{width}}  {_line(found)}", *_details(found)]
    failed = sum(not found.ok for found in comparisons)
    numbers = sum(len(found.checks) for found in comparisons)
    return "\n".join(
        [*lines, f"{numbers} numbers in {len(comparisons)} files: {f'{failed} files not ok' if failed else 'all ok'}"]
    )


def _line(found: Comparison) -> str:
    if found.worst is None:
        return f"not ok: {found.fault}" if found.fault else found.note
    word = "ok" if found.ok else "DIFFERS"
    return f"{len(found.checks):7}  {found.worst.deviation:15.2g}  {found.worst.tolerance:9.2g}  {word}"


def _details(found: Comparison) -> list[str]:
    lines = [f"  {_difference(check)}" for check in found.differing[:_SHOWN]]
    more = len(found.differing) - _SHOWN
    return [*lines, f"  and {more} more"] if more > 0 else lines


def _difference(check: Check) -> str:
    return f"{check.name}: found {check.found}, expected {check.expected} within {check.tolerance:.2g}"
