"""The plan ITB-RES: clean benches pass, and each fault is told by the case that is there for it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from harness.bench import load_bench
from harness.dryrun import DryRun, check
from harness.plan import load_plan
from instruments.errors import ConfigError
from tests.plans import BENCHES, PLANS, edited, run, told

PLAN, BENCH = "itb_reservoir", "implantable"
SHORT = {'fill = "20 mL"': 'fill = "4 mL"', 'lasts = { spec = "ITB-REFILL" }\n': "", 'duration = "2 h"': 'duration = "30 min"'}
"""Runs of some hours, for faults that do not depend on the size of the filling."""
LARGE = {'fill = "20 mL"': 'fill = "40 mL"', 'over_fill = "21 mL"': 'over_fill = "41 mL"'}
LARGE_BENCH = {
    'volume = "20 mL", filled = "20 mL"': 'volume = "40 mL", filled = "40 mL"',
    'capacity = "40 mL"': 'capacity = "80 mL"',
}


def test_a_clean_bench_passes(tmp_path: Path) -> None:
    verdict = run(PLAN, BENCH, tmp_path)
    assert (verdict.verdict, set(told(verdict).values())) == ("PASS", {"PASS: "}), told(verdict)


def test_the_alarm_comes_where_it_is_set(tmp_path: Path) -> None:
    verdict = run(PLAN, BENCH, tmp_path, changed=SHORT | {'alarm_volume = "2 mL"': 'alarm_volume = "1 mL"'})
    assert set(told(verdict).values()) == {"PASS: "}, told(verdict)


def test_a_pump_within_its_accuracy_that_is_empty_before_its_alarm_fails(tmp_path: Path) -> None:
    flow, refill, low = run(PLAN, BENCH, tmp_path, faults=["rate-gain:+14%"]).cases
    assert (flow.verdict, refill.verdict, low.verdict) == ("PASS", "PASS", "FAIL")
    assert 14 < flow.measurands[0].value < 14.5
    lead = next(found for found in low.measurands if found.name == "lead of the low-reservoir alarm")
    assert (lead.verdict, lead.value < 0) == ("FAIL", True)
    assert lead.detail.endswith("min before its alarm")


FAULTY = {
    "accuracy": ("rate-gain:+16%", "FAIL", "RES-FLOW", "flow error"),
    "pocket fill": ("pocket-fill:1mL", "FAIL", "RES-LOW", "volume drawn out, less what the pump told"),
    "no low alarm": ("low-alarm-missing", "FAIL", "RES-LOW", "low-reservoir alarms"),
    "no alarm at all": ("alarm-missing", "FAIL", "RES-LOW", "low-reservoir alarms"),
    "late alarms": ("alarm-late:by=30min", "FAIL", "RES-LOW", "left by the programme"),
    "stops too early": ("alarm-early:volume=0.5mL", "FAIL", "RES-LOW", "volume never delivered"),
    "open vessel": ("evaporation:by=5mg/h,at=3h", "INVALID", "RES-LOW", "blank after the case: the vessel lost"),
    "balance that drifts": ("drift:by=5mg/h,at=3h", "INVALID", "RES-LOW", "blank after the case: the vessel gained"),
    "touched": ("tubing-touches:at=4h,force=30mg", "INVALID", "RES-LOW", "the mass jumped"),
}


@pytest.mark.parametrize(("fault", "verdict", "case", "reason"), FAULTY.values(), ids=FAULTY)
def test_a_fault_is_told_by_the_case_that_is_there_for_it(
    fault: str, verdict: str, case: str, reason: str, tmp_path: Path
) -> None:
    found = run(PLAN, BENCH, tmp_path, faults=[fault], changed=SHORT)
    reasons = next(one.reasons for one in found.cases if one.id == case)
    assert found.verdict == verdict, told(found)
    assert any(one.startswith(reason) for one in reasons), reasons


# --- on paper ---


def dry(tmp_path: Path, plan: dict[str, str], bench: dict[str, str]) -> DryRun:
    files = edited(PLANS / f"{PLAN}.toml", tmp_path, plan), edited(BENCHES / f"{BENCH}.toml", tmp_path, bench)
    return check(load_plan(files[0]), load_bench(files[1]), date(2026, 2, 1))


@pytest.mark.parametrize(
    ("plan", "bench", "margin"), [({}, {}, "11.1 %"), (LARGE, LARGE_BENCH, "5.26 %")], ids=["20 mL", "40 mL"]
)
def test_the_dry_run_names_the_margin_and_nothing_is_undecided(
    plan: dict[str, str], bench: dict[str, str], margin: str, tmp_path: Path
) -> None:
    found = dry(tmp_path, plan, bench)
    assert found.undecided == ()
    assert [margin in warning for warning in found.warnings] == [True], found.warnings


IMPOSSIBLE = {
    "alarm at nothing": ('alarm_volume = "2 mL"', 'alarm_volume = "0 mL"', "an alarm at 0 mL cannot occur"),
    "alarm above the filling": ('alarm_volume = "2 mL"', 'alarm_volume = "20 mL"', "an alarm at 20 mL cannot occur"),
    "more than there is room": ('fill = "20 mL"', 'fill = "20.5 mL"', "20.5 mL do not go into the reservoir, it holds 20 mL"),
    "an over-fill that fits": ('over_fill = "21 mL"', 'over_fill = "20 mL"', "only more than that has to be refused"),
}


@pytest.mark.parametrize(("old", "new", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_cannot_work_is_refused_before_anything_moves(old: str, new: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        dry(tmp_path, {old: new}, {})
