"""The continuous infusion on a simulated implantable-style pump: clean, and with faults that different cases tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plans import run, told

PLAN, BENCH = "itb_continuous", "implantable"
SHORTER = {'duration = "12 h"': 'duration = "4 h"', 'duration = "22 h"': 'duration = "4 h"', '"6 h", basis': '"5 h", basis'}
"""For the faults: a wrong pump is told from a right one long before the lowest rates are known well."""

DESERVED = [
    # faults, verdict of the run, each case that tells and how its first reason begins
    (["rate-gain:+16%"], "FAIL", {"ITC-RATE-1": "flow error: FAIL", "ITC-FLEX": "volume error, step 1: FAIL"}),
    (
        ["schedule-late:40min", "late-rate-change:40min", "intermittent-stall:every=9h,for=80min,at=10h"],
        "FAIL",
        {
            "ITC-RATE-0.0625": "flow error: FAIL",
            "ITC-FLEX": "done_50, rate 2: FAIL",
            "ITC-CHANGE": "done_50, rate 2: FAIL",
        },
    ),
]


def test_a_good_pump_passes(tmp_path: Path) -> None:
    assert set(told(run(PLAN, BENCH, tmp_path)).values()) == {"PASS: "}


@pytest.mark.parametrize(("faults", "verdict", "cases"), DESERVED, ids=[row[0][0] for row in DESERVED])
def test_the_deserved_verdict(tmp_path: Path, faults: list[str], verdict: str, cases: dict[str, str]) -> None:
    found = run(PLAN, BENCH, tmp_path, faults=faults, changed=SHORTER)
    assert found.verdict == verdict
    reasons = told(found)
    assert {case: reasons[case].startswith(f"{verdict}: {reason}") for case, reason in cases.items()} == dict.fromkeys(
        cases, True
    ), reasons
