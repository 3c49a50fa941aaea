"""The dose steps on a simulated implantable-style pump."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plans import run, told

PLAN, BENCH = "itb_titration", "implantable"
SHORTER = {'each = "24 h"': 'each = "12 h"'}

DESERVED = [
    # fault, verdict, how the first reason begins
    ("rate-gain:-10%", "PASS", ""),  # a steady error inside the specification is no slow response
    ("rate-gain:+16%", "FAIL", "flow error, rate 1: FAIL"),
    ("late-rate-change:4h", "FAIL", "done_50, rate 2: FAIL"),
    ("balance-unplug:at=30h", "INVALID", "sim://implantable/balance: the line was lost"),
]


@pytest.mark.parametrize(("fault", "verdict", "reason"), DESERVED, ids=[row[0] for row in DESERVED])
def test_the_deserved_verdict(tmp_path: Path, fault: str, verdict: str, reason: str) -> None:
    found = run(PLAN, BENCH, tmp_path, faults=[fault], changed=SHORTER)
    assert told(found)["TITR"].startswith(f"{verdict}: {reason}"), told(found)


def test_a_good_pump_passes(tmp_path: Path) -> None:
    assert told(run(PLAN, BENCH, tmp_path)) == {"TITR": "PASS: "}
