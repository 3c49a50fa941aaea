"""The method of IEC 60601-2-24 for ambulatory pumps on a simulated implantable-style pump."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plans import run, told

PLAN, BENCH = "ambulatory_iec_method", "implantable"

DESERVED = [
    # faults, a case that tells, how its first reason begins
    (["rate-gain:+7%"], "AMB-START-TYPICAL", "flow error A: FAIL"),
    (["intermittent-stall:every=8h,for=20min", "slow-start:0.5mL"], "AMB-START-TYPICAL", "start-up delay SUD_50: FAIL"),
]


def test_a_good_pump_passes(tmp_path: Path) -> None:
    assert set(told(run(PLAN, BENCH, tmp_path)).values()) == {"PASS: "}


@pytest.mark.parametrize(("faults", "case", "reason"), DESERVED, ids=[row[0][0] for row in DESERVED])
def test_the_deserved_verdict(tmp_path: Path, faults: list[str], case: str, reason: str) -> None:
    found = run(PLAN, BENCH, tmp_path, faults=faults)
    assert (found.verdict, told(found)[case].startswith(f"FAIL: {reason}")) == ("FAIL", True), told(found)
