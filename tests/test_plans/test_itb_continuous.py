"""The continuous infusion on a simulated implantable-style pump: clean, and with faults that different cases tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plans import run

PLAN, BENCH = "itb_continuous", "implantable"
SHORTER = {'duration = "12 h"': 'duration = "4 h"', 'duration = "22 h"': 'duration = "4 h"', '"6 h", basis': '"5 h", basis'}
"""For the faults: a wrong pump is told from a right one long before the lowest rates are known well."""

DESERVED = [
    # faults, verdict of the run, each case that tells and how one of its reasons begins
    (["rate-gain:+16%"], "FAIL", {"ITC-RATE-1": "flow error: FAIL", "ITC-FLEX": "volume error, step 1: FAIL"}),
    (
        ["schedule-late:40min", "late-rate-change:40min", "motor-stall:at=10h,for=80min"],
        "FAIL",
        {
            "ITC-RATE-0.0625": "commanded but not delivering: FAIL",
            "ITC-FLEX": "done_50, rate 2: FAIL",
            "ITC-CHANGE": "done_50, rate 2: FAIL",
        },
    ),
]


def test_a_good_pump_passes(tmp_path: Path) -> None:
    assert {case.verdict for case in run(PLAN, BENCH, tmp_path).cases} == {"PASS"}


@pytest.mark.parametrize(("faults", "verdict", "cases"), DESERVED, ids=[row[0][0] for row in DESERVED])
def test_the_deserved_verdict(tmp_path: Path, faults: list[str], verdict: str, cases: dict[str, str]) -> None:
    found = run(PLAN, BENCH, tmp_path, faults=faults, changed=SHORTER)
    assert found.verdict == verdict
    reasons = {case.id: case.reasons for case in found.cases}
    told = {case: [reason for reason in reasons[case] if reason.startswith(said)] for case, said in cases.items()}
    assert all(told.values()), reasons
