"""Drills made by hand: a small one for tables of tests, and one of realistic size to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scipy.stats import binomtest, norm

Json = dict[str, Any]

WIDTH, LIMIT = 0.11, 2.0
"""Standard uncertainty and limit of the curve, in %."""


def cell(faults: str = "", plan: str = "daily_check", **other: Any) -> Json:
    """Told by its plan in all of 20 runs, unless something else is said."""
    clean = not faults
    plain = {
        "about": "clean" if clean else "told",
        "faults": faults,
        "plan": plan,
        "bench": "simulated",
        "deserves": "PASS" if clean else "FAIL",
        "right": ["PASS"] if clean else ["FAIL"],
        "verdicts": {"PASS": 20} if clean else {"FAIL": 20},
        "decided": [] if clean else [{"case": "DAILY-FLOW", "measurand": "flow error", "runs": 20}],
        "ok": True,
        "why": "",
        "shown_by": "",
        "command": f"dosebench run test_plans/{plan}.toml --bench benches/simulated.toml --fault '{faults}' --seed 1",
        "took_s": 31.25,
    }
    return {**plain, **other}


def wrong(found: Mapping[str, Any], verdict: str, seed: int = 7, **other: Any) -> Json:
    same = {key: found[key] for key in ("about", "faults", "plan", "right")}
    command = found["command"].replace("--seed 1", f"--seed {seed}")
    told = {"command": command, "seed": seed, "verdict": verdict, "case": "", "measurand": "", "told": "nothing was outside"}
    return {**same, **told, **other}


def point(size: float, failed: int, runs: int = 20, **other: Any) -> Json:
    """Without its share of PASS; ``passing`` has that."""
    low, high = binomtest(failed, runs).proportion_ci()
    predicted = float(norm.cdf((size - LIMIT) / WIDTH))
    shares = {"interval_pct": [100 * float(low), 100 * float(high)], "predicted_pct": 100 * predicted}
    return {"size": size, "true": size, "runs": runs, "failed": failed, **shares, "ok": True, **other}


def passing(passed: int, predicted_pct: float = 50.0, wider: Sequence[float | None] | None = (1.0, 99.0)) -> Json:
    """What a point has of its share of PASS."""
    return {"passed": passed, "predicted_pass_pct": predicted_pct, "family_pass_interval_pct": wider}


def no_value(size: float, **other: Any) -> Json:
    """What is left of a point where no run stated a value."""
    unknown = ("true", "interval_pct", "family_interval_pct", "predicted_pct", "predicted_pass_pct")
    numbers = {
        **dict.fromkeys(unknown),
        **dict.fromkeys(("runs", "failed", "passed"), 0),
        "family_pass_interval_pct": [None, None],
    }
    return {"size": size, "ok": True, **numbers, **other}


COVERED: Json = {"hits": 133, "trials": 140, "interval_pct": [90.0, 98.0], "ok": True}


def curve(**other: Any) -> Json:
    counts = ((1.6, 0), (1.8, 1), (1.9, 4), (2.0, 11), (2.1, 15), (2.2, 20), (2.5, 20))
    zones = {
        "inside by more than U": {"runs": 20, "FAIL": 0, "INCONCLUSIVE": 0, "PASS": 20},
        "between": {"runs": 80, "FAIL": 31, "INCONCLUSIVE": 49, "PASS": 0},
        "outside by more than U": {"runs": 40, "FAIL": 40, "INCONCLUSIVE": 0, "PASS": 0},
    }
    plain = {
        "name": "daily_check: rate-gain",
        "fault": "rate-gain:{size}%",
        "plan": "daily_check",
        "bench": "simulated",
        "case": "DAILY-FLOW",
        "measurand": "flow error",
        "unit": "%",
        "limits": [-LIMIT, LIMIT],
        "expanded_uncertainty": 2 * WIDTH,
        "size_unit": "%",
        "ok": True,
        "points": [point(size, failed) for size, failed in counts],
        "size_50": 1.99,
        "size_95": None,
        "predicted_50": LIMIT,
        "predicted_95": LIMIT + 1.645 * WIDTH,
        "zones": zones,
    }
    return {**plain, **other}


def plan_file(name: str, **other: Any) -> Json:
    plain = {"id": name.upper(), "title": f"Title of {name}", "revision": "1", "sha256": "ab" * 32, "cases": 6}
    return {"file": f"test_plans/{name}.toml", "bench": "benches/simulated.toml", **plain, **other}


FAULTS = (
    ("rate-gain", "FAIL", "the plunger moves faster (+) or slower (-) than set", "by (in %)"),
    ("motor-stall", "FAIL", "the motor stands for a while, or for ever, and the pump does not say so", "at (in s), for (in s)"),
    ("draught", "INVALID", "moving air: the reading wanders by this size within half a minute", "size (in g), at (in s)"),
    ("eri-missing", "FAIL", "the battery raises no alarm when it has to be replaced", "no value"),
)
BLIND = cell(
    "draught:1mg",
    "itb_screening",
    about="blind",
    deserves="INVALID",
    right=["PASS"],
    verdicts={"PASS": 20},
    decided=[],
    why="1 mg is <1 % of a dose & lies inside its uncertainty",
    shown_by="the daily check",
)


UNASKED = cell(
    "eri-missing",
    about="not asked",
    right=["PASS"],
    verdicts={"PASS": 1},
    decided=[],
    why="no case waits for <this> alarm",
)


def drill(*cells: Json, curves: Sequence[Json] = (), **other: Any) -> Json:
    """Two plans, four faults, one of them not run, no curve; all is well unless something else is said."""
    found = cells or (
        cell(),
        cell(plan="itb_screening"),
        cell("rate-gain:+3%"),
        cell("rate-gain:+3%", "itb_screening", about="wide", right=["FAIL", "INVALID"], verdicts={"INVALID": 1}),
        cell("rate-gain:+1%", about="inside", right=["PASS", "INCONCLUSIVE"], verdicts={"PASS": 18, "INCONCLUSIVE": 2}),
        cell("motor-stall:at=300s"),
        cell("motor-stall:at=14400s", "itb_screening"),
        cell(
            "rate-gain:+3% + draught:1mg",
            about="combined",
            deserves="INVALID",
            verdicts={"INVALID": 20},
            right=["INVALID", "FAIL"],
        ),
        BLIND,
    )
    points = [at for one in curves for at in one["points"]]
    plain = {
        "schema": "dosebench/drill/1",
        "ok": True,
        "version": "0.1.0",
        "python": "3.11.7",
        "platform": "Linux 6.8 x86_64",
        "packages": {"numpy": "2.1.3"},
        "started_utc": "2026-11-22T05:00:00Z",
        "took_s": 2711.0,
        "processes": 2,
        "first_seed": 1,
        "seeds": 20,
        "runs": sum(sum(one["verdicts"].values()) for one in found) + sum(at["runs"] or 0 for at in points),
        "bench_days": 800.4,
        "plans": [plan_file("daily_check"), plan_file("itb_screening")],
        "benches": [
            {
                "file": "benches/simulated.toml",
                "id": "simulated",
                "title": "A syringe pump",
                "sha256": "cd" * 32,
                "instruments": {"pump": "new-era", "balance": "mt-sics"},
            }
        ],
        "faults": [dict(zip(("name", "deserves", "does", "takes"), fault, strict=True)) for fault in FAULTS],
        "cells": list(found),
        "wrong": [],
        "curves": list(curves),
    }
    return {**plain, **other}


COVERAGE: Json = {
    "schema": "dosebench/coverage/1",
    "stated_pct": 95.45,
    "band_pct": [93.0, 97.5],
    "runs_per_set_up": 1000,
    "first_seed": 0,
    "ok": True,
    "unusable": ["screening, seed 7: the needle slipped in a blank"],
    "cells": [
        {
            "set_up": "screening",
            "measurand": "bolus volume",
            "covered": 957,
            "runs": 1000,
            "coverage_pct": 95.7,
            "interval_pct": [94.3, 96.9],
            "mean_expanded_uncertainty": 0.0021,
            "mean_error_over_U": 0.01,
            "sd_error_over_U": 0.49,
            "largest_error_over_U": 1.7,
            "ok": True,
        }
    ],
}
RISK: Json = {
    "schema": "dosebench/risk/1",
    "set_up": "screening",
    "limit_pct": 5.0,
    "standard_uncertainty_pct": 0.15,
    "at_most_pct": 2.5,
    "ok": True,
    "verdicts": {"PASS": 9, "FAIL": 1300, "INCONCLUSIVE": 691},
    "overall": {"passed": 9, "runs": 2000, "false_accept_pct": 0.45, "interval_pct": [0.2, 0.9]},
    "places": [{"outside_u": 0.0, "passed": 9, "runs": 500, "false_accept_pct": 1.8, "interval_pct": [0.8, 3.4]}],
}
MUTANTS: Json = {
    "schema": "dosebench/mutants/1",
    "mutants": [{"name": "U is halved", "place": "harness/x.py:12", "red_by": "tests/test_x.py::test_u"}],
    "survivors": [{"name": "a log line is left out", "place": "harness/y.py:3", "why": "nobody reads it"}],
}


def write_drill(folder: Path, plain: Mapping[str, Any], **studies: Mapping[str, Any]) -> Path:
    """``drill.json`` and what is beside it, as the drill leaves them."""
    for name, found in {"drill": plain, **studies}.items():
        (folder / f"{name}.json").write_text(json.dumps(found), encoding="utf-8")
    return folder
