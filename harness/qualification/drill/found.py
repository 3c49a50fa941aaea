"""What a drill found: the matrix of faults and plans, the runs that went wrong, the curves; and all of it as data."""

from __future__ import annotations

import math
import platform
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.bench import load_bench
from harness.plan import load_plan
from harness.qualification.counting import Count, counted
from harness.qualification.drill.curves import Curve, Point
from harness.qualification.drill.jobs import UNASKED, Asked, deserved, unasked
from harness.qualification.drill.places import PLACES
from harness.qualification.drill.runs import Outcome, names
from instruments.sim.faults import FAULTS

SCHEMA = "dosebench/drill/1"
_PACKAGES = ("numpy", "scipy", "pandas", "pyserial", "pyvisa", "pytest", "allure-pytest")


@dataclass(frozen=True, slots=True)
class Cell:
    """The runs of one plan with the same faults, all seeds."""

    outcomes: tuple[Outcome, ...]

    @property
    def ok(self) -> bool:
        return all(outcome.ok for outcome in self.outcomes)

    @property
    def right(self) -> Count:
        return counted(outcome.ok for outcome in self.outcomes)

    @property
    def verdicts(self) -> Counter[str]:
        return Counter(outcome.verdict for outcome in self.outcomes)

    @property
    def decided(self) -> Counter[tuple[str, str]]:
        """How many runs each case and measurand decided."""
        return Counter((outcome.case, outcome.measurand) for outcome in self.outcomes if outcome.case)


@dataclass(frozen=True, slots=True)
class Drill:
    """A whole drill."""

    asked: Asked
    root: Path
    started_utc: str
    took_s: float
    processes: int
    outcomes: tuple[Outcome, ...]
    curves: tuple[Curve, ...]

    @property
    def wrong(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if not outcome.ok]

    @property
    def ok(self) -> bool:
        return bool(self.outcomes) and not self.wrong and all(curve.ok for curve in self.curves)

    @property
    def bench_days(self) -> float | None:
        """Of the runs of the matrix; unknown where one has crashed."""
        lasted_s = [outcome.bench_s for outcome in self.outcomes]
        return round(sum(lasted_s) / 86_400, 1) if all(lasted_s) else None

    @property
    def cells(self) -> list[Cell]:
        grouped: dict[tuple[str, str, str], list[Outcome]] = {}
        for outcome in self.outcomes:
            job = outcome.job
            grouped.setdefault((job.about, job.plan.stem, job.faults), []).append(outcome)
        return [Cell(tuple(outcomes)) for outcomes in grouped.values()]


# --- as data ---


def as_json(drill: Drill) -> dict[str, Any]:
    """The whole drill under schema ``dosebench/drill/1``; nothing in it is of one machine but platform and times."""
    plans = list(dict.fromkeys(outcome.job.plan for outcome in drill.outcomes))
    return {
        "schema": SCHEMA,
        "ok": drill.ok,
        "version": version("dosebench"),
        "python": platform.python_version(),
        "platform": platform.system(),
        "packages": {name: version(name) for name in _PACKAGES},
        "started_utc": drill.started_utc,
        "took_s": round(drill.took_s, 1),
        "processes": drill.processes,
        "first_seed": drill.asked.first_seed,
        "seeds": drill.asked.seeds,
        "other_seeds": drill.asked.fewer,
        "asked": {"plans": list(drill.asked.plans), "faults": list(drill.asked.faults), "short": drill.asked.short},
        "runs": len(drill.outcomes) + sum(len(curve.runs) + curve.unjudged for curve in drill.curves),
        "bench_days": drill.bench_days,
        "plans": [_plan_json(plan) for plan in plans],
        "benches": [_bench_json(drill.root, bench) for bench in dict.fromkeys(PLACES[plan.stem].bench for plan in plans)],
        "faults": [{key: getattr(fault, key) for key in ("name", "deserves", "does", "takes")} for fault in FAULTS.values()],
        "cells": [*map(_cell_json, drill.cells), *(cell for plan in plans for cell in _unasked_json(plan))],
        "wrong": [_wrong_json(outcome) for outcome in drill.wrong],
        "curves": [_curve_json(drill, curve) for curve in drill.curves],
    }


def _plan_json(path: Path) -> dict[str, Any]:
    plan = load_plan(path)
    return {
        "file": _named(path),
        "id": plan.id,
        "title": plan.file.plan.title,
        "revision": plan.file.plan.revision,
        "sha256": plan.sha256,
        "bench": f"benches/{PLACES[path.stem].bench}.toml",
        "cases": len(plan.cases),
    }


def _bench_json(root: Path, name: str) -> dict[str, Any]:
    bench = load_bench(root / "benches" / f"{name}.toml")
    return {
        "file": _named(bench.path),
        "id": bench.id,
        "title": bench.file.bench.title,
        "sha256": bench.sha256,
        "instruments": {role: stand.driver for role, stand in bench.stands.items()},
    }


def _named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _cell_json(cell: Cell) -> dict[str, Any]:
    job = cell.outcomes[0].job
    return {
        "about": job.about,
        "faults": job.faults,
        "plan": job.plan.stem,
        "bench": job.bench.stem,
        "deserves": deserved(job.faults).value,
        "right": list(job.right),
        "verdicts": dict(cell.verdicts),
        "decided": [{"case": case, "measurand": name, "runs": runs} for (case, name), runs in cell.decided.most_common()],
        "ok": cell.ok,
        "by": job.by,
        "runs": cell.right.trials,
        "interval_pct": _pct(cell.right.interval),
        "why": job.why,
        "shown_by": job.shown_by,
        "command": job.command,
        "took_s": round(sum(outcome.took_s for outcome in cell.outcomes), 1),
    }


def _unasked_json(plan: Path) -> Iterator[dict[str, Any]]:
    """What a plan says nothing of: nothing was run."""
    nothing: dict[str, Any] = {"right": [], "verdicts": {}, "decided": [], "ok": True, "by": "", "runs": 0}
    for name, fault in FAULTS.items():
        if why := unasked(plan.stem, name):
            named = {"about": UNASKED, "faults": name, "plan": plan.stem, "bench": PLACES[plan.stem].bench}
            more = {"interval_pct": [0.0, 100.0], "why": why, "shown_by": "", "command": "", "took_s": 0.0}
            yield {**named, "deserves": fault.deserves, **nothing, **more}


def _pct(interval: tuple[float, float]) -> list[float]:
    return [100 * end for end in interval]


def _wrong_json(outcome: Outcome) -> dict[str, Any]:
    job = outcome.job
    return {
        "command": job.command,
        "about": job.about,
        "faults": job.faults,
        "plan": job.plan.stem,
        "seed": job.seed,
        "right": [f"{verdict} by {job.by}" if job.by else verdict for verdict in job.right],
        "verdict": outcome.verdict,
        "case": outcome.case,
        "measurand": outcome.measurand,
        "told": outcome.told,
    }


def _curve_json(drill: Drill, curve: Curve) -> dict[str, Any]:
    graded, covered, (mean, spread) = curve.graded, curve.covered, curve.scores
    first = curve.runs[0] if curve.runs else None
    return {
        "name": f"{graded.plan}: {graded.name}",
        "fault": graded.fault,
        "plan": graded.plan,
        "bench": PLACES[graded.plan].bench,
        "case": graded.case,
        "measurand": graded.measurand,
        "unit": first.unit if first else "",
        "limits": list(first.limits) if first else [None, None],
        "expanded_uncertainty": _number(2 * curve.u),
        "size_unit": graded.size_unit,
        "ok": curve.ok,
        "unjudged": curve.unjudged,
        "points": [_point_json(point) for point in curve.points],
        "size_50": curve.size_at(0.5, predicted=False),
        "size_50_interval": curve.size_interval(0.5),
        "size_95": curve.size_at(0.95, predicted=False),
        "size_95_interval": curve.size_interval(0.95),
        "predicted_50": curve.size_at(0.5, predicted=True),
        "predicted_95": curve.size_at(0.95, predicted=True),
        "zones": {zone: {"runs": sum(found.values()), **_words(found)} for zone, found in curve.zones.items()},
        "covered": {
            "hits": covered.count.hits,
            "trials": covered.count.trials,
            "interval_pct": _pct(covered.count.interval),
            "ok": covered.ok,
        },
        "mean_z": _number(mean),
        "sd_z": _number(spread),
        "command": _curve_command(drill.asked, curve),
    }


def _curve_command(asked: Asked, curve: Curve) -> str:
    fault = names(curve.graded.fault)[0]
    return f"dosebench drill --plans {curve.graded.plan} --faults {fault} --seeds {asked.seeds} --first-seed {asked.first_seed}"


def _number(value: float) -> float | None:
    """JSON has nothing for what is no number."""
    return value if math.isfinite(value) else None


def _words(found: Mapping[str, int]) -> dict[str, int]:
    return {word: found.get(word, 0) for word in ("FAIL", "INCONCLUSIVE", "PASS")}


def _point_json(point: Point) -> dict[str, Any]:
    failed, passed = point.failed, point.passed
    return {
        "size": point.size,
        "true": point.true,
        "runs": failed.count.trials,
        "failed": failed.count.hits,
        "interval_pct": _pct(failed.count.interval),
        "family_interval_pct": _pct(failed.likely),
        "predicted_pct": 100 * failed.predicted,
        "passed": passed.count.hits,
        "predicted_pass_pct": 100 * passed.predicted,
        "family_pass_interval_pct": _pct(passed.likely),
        "ok": point.ok,
    }
