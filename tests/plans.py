"""Shipped plans as their tests run them: in this process, on a simulated bench, with faults and with pieces replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.plan import load_plan
from harness.qualification.drill.places import PLACES
from harness.verdicts import RunVerdict
from tests.conftest import ROOT

PLANS, BENCHES = ROOT / "test_plans", ROOT / "benches"
SHIPPED: Mapping[str, str] = {place.plan: place.bench for place in PLACES.values()}
"""Every plan that is shipped, and the simulated bench that it is run on."""
NAMED_FILES = ("requirements.toml", "spec_table.csv")


def run(
    plan: str,
    bench: str,
    out: Path,
    *,
    faults: Sequence[str] = (),
    seed: int = 1,
    changed: Mapping[str, str] | None = None,
    bench_changed: Mapping[str, str] | None = None,
) -> RunVerdict:
    """Run ``test_plans/PLAN.toml`` on ``benches/BENCH.toml``; ``changed`` are pieces of the plan and what they become."""
    plan_file = edited(PLANS / f"{plan}.toml", out, changed or {})
    bench_file = edited(BENCHES / f"{bench}.toml", out, bench_changed or {})
    campaign = Campaign(load_plan(plan_file), load_bench(bench_file, faults=faults, seed=seed), out)
    campaign.start()
    for case in campaign.plan.cases:
        campaign.run_case(case)
    return campaign.close()


def edited(source: Path, folder: Path, changes: Mapping[str, str]) -> Path:
    """A copy with pieces replaced, beside copies of the files that plans name; every piece has to be there."""
    text = source.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"{source.name} has no {old!r}"
        text = text.replace(old, new)
    for name in NAMED_FILES:
        if (PLANS / name).exists():
            (folder / name).write_bytes((PLANS / name).read_bytes())
    copy = folder / source.name
    copy.write_text(text, encoding="utf-8")
    return copy


def told(verdict: RunVerdict) -> dict[str, str]:
    """Case, its verdict and its first reason, for whoever reads a failing test."""
    return {case.id: f"{case.verdict}: {case.reasons[0] if case.reasons else ''}" for case in verdict.cases}
