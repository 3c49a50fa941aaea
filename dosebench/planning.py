"""``dosebench plan``: a plan on paper, and how one is written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dosebench.running import USAGE
from instruments.errors import ConfigError

if TYPE_CHECKING:
    from harness.bench import Bench
    from harness.dryrun import DryRun
    from harness.plan import Plan

SCHEMA = "dosebench/plan-check/1"
_FINE, _UNDECIDED = 0, 2
_PATH = click.Path(path_type=Path)


@click.group("plan")
def planning() -> None:
    """Check a plan before it is run; write one with the help of an editor."""


@planning.command("check")
@click.argument("plan", type=_PATH)
@click.option("--bench", type=_PATH, required=True, help="The bench file.")
@click.option("--json", "data", type=_PATH, help=f"Where it goes as data (schema {SCHEMA}).")
def check(plan: Path, bench: Path, data: Path | None) -> int:
    """Work PLAN out on paper for a bench: time, liquid, and what each limit can tell. Nothing is opened, nothing moves.

    Exit status: 0 when every limit can PASS, 2 when there is one that even a pump which does exactly what it is told will not
    PASS, 64 when the plan cannot work on this bench; then all reasons are told.
    """
    from instruments.clock import utc_now

    now = utc_now().astimezone()
    try:
        checked, dry = _checked(plan, bench, now)
    except ConfigError as err:
        _write(data, {"schema": SCHEMA, "status": USAGE, "refused": str(err).splitlines()})
        raise
    status = _UNDECIDED if dry.undecided else _FINE
    ends = now + timedelta(seconds=dry.duration_s)
    told = {"starts": now.isoformat(), "ends": ends.isoformat(), "dry_run": asdict(dry)}
    _write(data, {"schema": SCHEMA, "status": status, "refused": [], **_of(*checked), **told})
    click.echo(check_text(*checked, dry, now))
    return status


@planning.command("schema")
@click.argument("of", type=click.Choice(["plan", "bench"]), default="plan")
def schema(of: str) -> int:
    """Print the JSON Schema of plan files, or of bench files, for an editor."""
    click.echo(schema_text(of), nl=False)
    return 0


def schema_text(of: str) -> str:
    """The bytes that are shipped as ``docs/reference/plan.schema.json`` and ``bench.schema.json``."""
    from harness.schema import bench_schema, plan_schema

    found = {"plan": plan_schema, "bench": bench_schema}[of]()
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _checked(plan: Path, bench: Path, now: datetime) -> tuple[tuple[Plan, Bench], DryRun]:
    from harness.bench import load_bench
    from harness.dryrun import check as dry_run
    from harness.plan import load_plan

    read = load_plan(plan), load_bench(bench)
    return read, dry_run(*read, now.date())


def _of(plan: Plan, bench: Bench) -> dict[str, Any]:
    return {"plan": {"id": plan.id, "sha256": plan.sha256}, "bench": {"id": bench.id, "sha256": bench.sha256}}


def _write(path: Path | None, plain: Any) -> None:
    """Raises ConfigError."""
    from harness.disk import replace_file

    if path is None:
        return
    try:
        replace_file(path, (json.dumps(plain, indent=1) + "\n").encode("utf-8"))
    except OSError as err:
        raise ConfigError(f"{path}: it cannot be written there ({err.strerror}); choose another file") from err


# --- as text ---


def check_text(plan: Plan, bench: Bench, dry: DryRun, now: datetime) -> str:
    """What a person reads before the night begins."""
    parts = [_head(plan, bench, dry, now), _cases(dry, now), _limits(dry), _notes(dry)]
    return "\n\n".join(filter(None, parts))


def _head(plan: Plan, bench: Bench, dry: DryRun, now: datetime) -> str:
    source = bench.pump.source
    return "\n".join(
        [
            f"{plan.id} ({plan.file.plan.title}) on {bench.id}",
            f"time     {dry.duration_s / 3600:.1f} h of bench time; started now it ends {_moment(now, dry.duration_s)}",
            f"liquid   {dry.volume_ml:.4g} mL from the pump, filled with {source.filled_ml:g} mL; room for {dry.room_ml:.4g} mL",
            f"balance  reads {bench.balance.readability * 1000:g} mg; least to be weighed {bench.balance.least_g * 1000:g} mg",
        ]
    )


def _moment(now: datetime, after_s: float) -> str:
    return (now + timedelta(seconds=after_s)).strftime("%a %Y-%m-%d %H:%M")


def _cases(dry: DryRun, now: datetime) -> str:
    rows = [("case", "procedure", "starts", "at", "lasts", "gives", "left in pump")]
    rows += [
        (
            case.case,
            case.procedure,
            f"{case.starts_s / 3600:.2f} h",
            _moment(now, case.starts_s),
            f"{case.lasts_s / 3600:.2f} h",
            f"{case.gives_ml:.4g} mL",
            f"{case.left_ml:.4g} mL",
        )
        for case in dry.cases
    ]
    return aligned(rows)


def _limits(dry: DryRun) -> str:
    """``FAIL is sure``: for true values beyond these."""
    from reports.numbers import limits

    rows = [("case", "measurand", "limits", "U", "TUR", "FAIL is sure", "an exact pump")]
    rows += [
        (
            found.case,
            found.measurand,
            limits(found.limits, found.unit),
            f"{_digits(found.expanded_uncertainty)} {found.unit}",
            _ratio(found.tur, found.minimum_tur),
            _beyond(*found.fails_beyond, found.unit),
            found.verdict,
        )
        for found in dry.forecasts
    ]
    return aligned(rows) if dry.forecasts else ""


def _ratio(tur: float | None, least: float | None) -> str:
    asked = f" (asked: {least:g})" if least is not None else ""
    return "-" if tur is None else f"{tur:.3g}{asked}"


def _beyond(low: float | None, high: float | None, unit: str) -> str:
    sides = [f"{word} {side:.4g} {unit}" for word, side in (("below", low), ("above", high)) if side is not None]
    return ", ".join(sides) or "never"


def _notes(dry: DryRun) -> str:
    by_hand = [f"somebody has to be there: steps are done by hand in {', '.join(dry.by_hand)}"] if dry.by_hand else []
    proposed = [f"proposed, to be confirmed by whoever uses the plan: {'; '.join(dry.proposed)}"] if dry.proposed else []
    return "\n".join([*(f"warning: {told}" for told in [*dry.warnings, *by_hand]), *proposed])


def _digits(value: float) -> str:
    """Two significant ones, never as a power of ten."""
    return f"{float(f'{value:.2g}'):g}"


def aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
