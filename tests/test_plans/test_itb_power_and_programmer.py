"""The plan ITB-PROG: clean benches pass, and each fault is told by the case that is there for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.verdicts import RunVerdict
from tests.plans import run, told

PLAN, BENCH = "itb_power_and_programmer", "implantable"
SHORT = {
    'duration = "4 h"': 'duration = "30 min"',
    'watch = "2 h"': 'watch = "30 min"',
    'count = 4\nevery = "2 h"': 'count = 2\nevery = "1 h"',
    '"2 s", "10 min"': '"2 s"',
}
"""Of the same cases, with as much as a fault needs to show."""

Reasons = dict[str, str]
"""By case, how its first reason begins; cases that pass are left out."""


def failed(verdict: RunVerdict) -> Reasons:
    return {case.id: case.reasons[0] for case in verdict.cases if case.verdict != "PASS"}


def test_a_clean_bench_passes(tmp_path: Path) -> None:
    verdict = run(PLAN, BENCH, tmp_path)
    assert (verdict.verdict, set(told(verdict).values())) == ("PASS", {"PASS: "}), told(verdict)


SETTING, ALARM, ERI, EOS = "setting-truncated:digits=2", "power-alarm-missing", "eri-missing", "eos-missing"
LATE, LONG, GAIN = "schedule-late:by=5min", "bolus-length:+20%", "rate-gain:+16%"
FAULTY: dict[str, tuple[list[str], Reasons]] = {
    "each of another function": (
        [SETTING, LATE, ALARM, EOS],
        {
            "ITB-PROG-RATE": "step error, 1 to 1.09 mL/h: FAIL",
            "ITB-PROG-TIME": "dose 1: volume error: FAIL (0.00",
            "ITB-PROG-POWER-2_s": "power alarms: FAIL (none came)",
            "ITB-PROG-BATTERY": "EOS alarms: FAIL (none came)",
        },
    ),
    "doses and replacement": (
        [LONG, ERI],
        {
            "ITB-PROG-DOSE-50_ug": "bolus: volume error: FAIL (0.119",
            "ITB-PROG-DOSE-100_ug": "bolus: volume error: FAIL (0.24",
            "ITB-PROG-TIME": "dose 1: volume error: FAIL",
            "ITB-PROG-BATTERY": "ERI alarms: FAIL (none came)",
        },
    ),
    "right by its own counter": (
        [GAIN],
        {
            "ITB-PROG-RATE": "flow error at 1 mL/h: FAIL",
            "ITB-PROG-DOSE-50_ug": "bolus: volume error: FAIL (0.116",
            "ITB-PROG-DOSE-100_ug": "bolus: volume error: FAIL (0.23",
            "ITB-PROG-TIME": "dose 1: volume error: FAIL (0.11",
            "ITB-PROG-POWER-2_s": "flow error before: FAIL",
            "ITB-PROG-BATTERY": "flow error at full voltage: FAIL",
        },
    ),
}


@pytest.mark.parametrize(("faults", "reasons"), FAULTY.values(), ids=FAULTY)
def test_a_fault_is_told_by_the_case_that_is_there_for_it(faults: list[str], reasons: Reasons, tmp_path: Path) -> None:
    found = failed(run(PLAN, BENCH, tmp_path, faults=faults, changed=SHORT))
    assert found.keys() == reasons.keys(), found
    assert all(found[case].startswith(reason) for case, reason in reasons.items()), found


def test_a_bench_that_cannot_be_trusted_judges_nothing(tmp_path: Path) -> None:
    verdict = run(PLAN, BENCH, tmp_path, faults=["knock:at=2h,swing=1g,shift=10mg"], changed=SHORT)
    assert verdict.verdict == "INVALID"
    assert failed(verdict) == {"ITB-PROG-RATE": failed(verdict)["ITB-PROG-RATE"]}
    assert "a knock, a touch, or a drop" in failed(verdict)["ITB-PROG-RATE"]
