"""``dosebench drill``: our verdicts against everything that can be wrong."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dosebench.qualify import prepare, progress
from instruments.errors import ConfigError
from instruments.locks import FolderLock

if TYPE_CHECKING:
    from harness.qualification.drill.found import Drill

_ROOT = Path(__file__).resolve().parents[1]
_RIGHT, _WRONG = 0, 1
_RUNS, _TABLE, _DRILL, _PAGE = "runs.jsonl", "runs.csv", "drill.json", "qualification.html"
_HEAD = ("about", "plan", "bench", "faults", "seed", "right", "by", "verdict", "case", "measurand", "told", "took_s")


def _words(_: object, __: object, told: tuple[str, ...]) -> tuple[str, ...]:
    """Repeated, or several with commas between them."""
    return tuple(word.strip() for part in told for word in part.split(",") if word.strip())


@click.command()
@click.option("--plans", multiple=True, callback=_words, help="Names of shipped plans; all, unless told.")
@click.option("--faults", multiple=True, callback=_words, help="Names of faults, or clean; all, unless told.")
@click.option("--seeds", type=click.IntRange(min=1), default=20, show_default=True, help="How many of each run.")
@click.option("--first-seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--short", is_flag=True, help="Every fault once, and the clean and the combined runs: minutes.")
@click.option("--resume", is_flag=True, help="Go on with a drill that was cut: what is in runs.jsonl in --out is not run again.")
@click.option("--jobs", type=click.IntRange(min=1), default=os.cpu_count() or 1, show_default=True, help="Processes.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("qualification"), show_default=True, help="Where the results go."
)
def drill(
    plans: tuple[str, ...],
    faults: tuple[str, ...],
    seeds: int,
    first_seed: int,
    short: bool,  # noqa: FBT001 - click hands flags over like this
    resume: bool,  # noqa: FBT001
    jobs: int,
    out: Path,
) -> int:
    """Run the shipped plans under every fault there is, and compare each verdict with the one deserved.

    Every run is in runs.jsonl as soon as it is over; at the end there are drill.json, runs.csv, matrix.csv, curves.csv, Allure
    results, and the page qualification.html, with the studies of coverage and risk where they are in the same folder. Exit
    status 0: every verdict was right; 1: a miss or a false alarm, each told with the command that repeats that run.
    """
    from harness.qualification.drill.found import as_json
    from harness.qualification.drill.jobs import Asked
    from harness.qualification.drill.kept import Kept
    from harness.qualification.drill.whole import drill as whole
    from reports.qualification_report import write_report

    asked = Asked(plans, faults, 1 if short else seeds, first_seed, short)
    asked.check()
    prepare(out)
    with ExitStack() as stack:
        _hold(out, stack)
        kept = Kept(out / _RUNS, _ROOT, resume=resume, stale=(out / _DRILL, out / _PAGE))
        found = whole(asked, _ROOT, processes=jobs, tell=progress(), kept=kept)
        data = as_json(found)
        _write(out / _DRILL, json.dumps(data, indent=1, allow_nan=False) + "\n")
        _write(out / _TABLE, _table(found))
        page = write_report(out)
    click.echo("\n".join(_lines(data)))
    click.echo(f"in {out}: {page.name}")
    return _RIGHT if found.ok else _WRONG


def _hold(out: Path, stack: ExitStack) -> None:
    """One drill in a folder at a time."""
    lock = FolderLock(out)
    lock.acquire()
    stack.callback(lock.release)


def _table(found: Drill) -> str:
    """A line for each run."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(_HEAD)
    lines.writerows(outcome.as_row() for outcome in found.outcomes)
    lines.writerows(run.as_row() for curve in found.curves for run in curve.runs)
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as err:
        raise ConfigError(f"{path}: cannot be written ({err.strerror}); choose another --out") from err


def _lines(data: dict[str, Any]) -> Iterator[str]:
    """The result for a terminal: what went wrong and how to see it again; then how much was done."""
    for one in data["wrong"]:
        why = f" ({one['case']}: {one['told']})" if one["case"] or one["told"] else ""
        yield f"WRONG {one['verdict']}, right is {' or '.join(one['right'])}: {one['faults'] or 'clean'}, seed {one['seed']}{why}"
        yield f"  {one['command']}"
    for curve in (curve for curve in data["curves"] if not curve["ok"]):
        yield f"WRONG curve {curve['name']}: {_not_ok(curve)}"
        yield f"  {curve['command']}"
    yield f"{data['runs']} runs in {data['took_s'] / 60:.1f} min, {len(data['wrong'])} wrong: {'ok' if data['ok'] else 'NOT OK'}"


def _not_ok(curve: dict[str, Any]) -> str:
    """What of it does not agree with the budget."""
    points = [
        f"at {point['size']:g} {curve['size_unit']} {point['failed']} of {point['runs']} FAIL and {point['passed']} PASS, "
        f"{point['predicted_pct']:.0f} % and {point['predicted_pass_pct']:.0f} % were predicted"
        for point in curve["points"]
        if not point["ok"]
    ]
    covered, mean_z = curve["covered"], curve["mean_z"]
    told = "no value at all" if mean_z is None else f"errors are {mean_z:+.2f} u in the mean"
    covers = f"{covered['hits']} of {covered['trials']} intervals cover the truth"
    return "; ".join([*points, told, covers, f"{curve['unjudged']} runs without a value"])
