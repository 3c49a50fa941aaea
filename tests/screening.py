"""The screening plan as tests and benchmarks run it: with holds and intervals of minutes where hours would show nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.plan import load_plan
from harness.verdicts import RunVerdict
from tests.conftest import ROOT

PLAN = ROOT / "test_plans" / "itb_screening.toml"
BENCH = ROOT / "benches" / "simulated.toml"

PATIENT: Mapping[str, str] = {'poll = "5 s"': 'poll = "10 s"'}
"""The pump is asked less often whether it is empty, in a case that allows its alarm a minute: every question costs a run 2 ms."""
SELDOM: Mapping[str, str] = {'watchdog = "30 s"': 'watchdog = "250 s"'}
"""The same while it infuses: asking is most of a run's cost."""


@dataclass(frozen=True)
class SetUp:
    """Changes to the plan and to the bench."""

    plan: Mapping[str, str]
    bench: Mapping[str, str] = field(default_factory=dict)


def continuous(rate: str, settle: str, duration: str, bench: Mapping[str, str]) -> SetUp:
    """The continuous infusion at another rate."""
    changed = {
        'rate = "0.2 mL/h"': f'rate = "{rate}"',
        'settle = "1 h"': f'settle = "{settle}"',
        'duration = "12 h"': f'duration = "{duration}"',
    }
    return SetUp(changed, bench)


SET_UPS: Mapping[str, SetUp] = {
    "0.0625 mL/h": continuous(
        "0.0625 mL/h",
        "1 h",
        "12 h",
        {'readability = "0.1 mg"': 'readability = "0.01 mg"', 'repeatability = "0.1 mg"': 'repeatability = "0.02 mg"'},
    ),
    "0.5 mL/h": continuous("0.5 mL/h", "1 h", "6 h", {}),
    "5 mL/h": continuous(
        "5 mL/h", "10 min", "45 min", {'rate = "10 Hz"': 'rate = "5 Hz"', 'response = "0.5 s"': 'response = "1 s"'}
    ),
}


def edited(source: Path, folder: Path, changes: Mapping[str, str]) -> Path:
    """A copy with pieces replaced; every piece has to be there."""
    text = source.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"{source.name} has no {old!r}"
        text = text.replace(old, new)
    copy = folder / source.name
    copy.write_text(text, encoding="utf-8")
    return copy


def run(
    out: Path,
    *,
    faults: Sequence[str] = (),
    seed: int = 1,
    plan: Mapping[str, str] | None = None,
    bench: Mapping[str, str] | None = None,
) -> tuple[RunVerdict, Path]:
    """Run the screening plan; its verdict and its folder."""
    plan_file, bench_file = edited(PLAN, out, plan or {}), edited(BENCH, out, bench or {})
    campaign = Campaign(load_plan(plan_file), load_bench(bench_file, faults=faults, seed=seed), out)
    campaign.start()
    for case in campaign.plan.cases:
        campaign.run_case(case)
    return campaign.close(), campaign.folder


def what_is_not_passed(verdict: RunVerdict) -> dict[str, str]:
    """Case and first reason, for whoever reads a failing test."""
    return {case.id: f"{case.verdict}: {case.reasons[0]}" for case in verdict.cases if case.reasons}
