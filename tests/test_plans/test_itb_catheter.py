"""The plan ITB-CATH: a clean bench passes, and each fault is told by the case that is there for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plans import run, told

PLAN, BENCH = "itb_catheter", "implantable"

SHORTER = {'duration = "20 h"': 'duration = "3 h"', 'duration = "5 h"': 'duration = "3 h"'}
"""For faults that do not need the time."""

DESERVED = [
    # fault, verdict of the run, a case that tells and how its first reason begins
    ("rate-gain:+16%", "FAIL", "ITB-CATH-PRIME", "primed volume error: FAIL"),
    ("prime-surge:by=+100%,then=-30%,for=2h", "FAIL", "ITB-CATH-PRIME", "furthest from the programme while priming: FAIL"),
    ("leak:part=0.1%", "FAIL", "ITB-CATH-LEAK", "pressure loss in the hold: FAIL"),
    ("motor-stall:at=7h", "FAIL", "ITB-CATH-STOP1", "flow missed with the line open: FAIL"),
    ("balance-stuck:at=7h", "INVALID", "ITB-CATH-STOP1", "the balance repeated"),
]


def test_a_good_pump_and_a_tight_line_pass(tmp_path: Path) -> None:
    assert set(told(run(PLAN, BENCH, tmp_path)).values()) == {"PASS: "}


def test_a_catheter_that_is_longer_than_it_stands_in_the_bench_file_fails(tmp_path: Path) -> None:
    longer = {"[simulation.vessel]": '[simulation.line]\nlength = "1.15 m"\n\n[simulation.vessel]'}
    primed = run(PLAN, BENCH, tmp_path, bench_changed=longer, changed=SHORTER).cases[0]
    found = {one.name: (round(one.value), one.verdict.value) for one in primed.measurands}
    assert found["dead volume error"] == (15, "FAIL")


@pytest.mark.parametrize(("fault", "verdict", "case", "reason"), DESERVED, ids=[row[0] for row in DESERVED])
def test_the_deserved_verdict(tmp_path: Path, fault: str, verdict: str, case: str, reason: str) -> None:
    found = run(PLAN, BENCH, tmp_path, faults=[fault], changed=SHORTER)
    assert (found.verdict, told(found)[case].startswith(f"{verdict}: {reason}")) == (verdict, True), told(found)
