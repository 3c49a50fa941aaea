"""The method of IEC 60601-2-24 on a simulated syringe pump: clean, and with faults of pump and bench."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from harness.bench import load_bench
from harness.dryrun import check
from harness.plan import load_plan
from tests.plans import BENCHES, PLANS, run, told

PLAN, BENCH = "syringe_pump_iec_method", "syringe_60ml"

DESERVED = [
    # fault, verdict of the run, a case that tells and how its first reason begins
    ("syringe-diameter:+3%", "FAIL", "IEC-START-1", "flow error A: FAIL"),
    ("rate-gain:-3%", "FAIL", "IEC-LAST-5", "flow error B: FAIL"),
    ("slow-start:0.2mL", "FAIL", "IEC-START-1", "start-up delay SUD_50: FAIL"),
    ("periodic-error:by=8%,period=0.5mL", "FAIL", "IEC-START-5", "Ep(max) over 2 min: FAIL"),  # the mean is right
    ("intermittent-stall:every=20min,for=1min", "FAIL", "IEC-START-1", "flow error A: FAIL"),
    ("knock:at=3h,swing=20mg", "INVALID", "IEC-START-1", "the mass jumped"),
]


def test_a_good_pump_passes_and_is_as_uncertain_as_was_foreseen(tmp_path: Path) -> None:
    verdict = run(PLAN, BENCH, tmp_path)
    assert set(told(verdict).values()) == {"PASS: "}
    dry = check(load_plan(PLANS / f"{PLAN}.toml"), load_bench(BENCHES / f"{BENCH}.toml"), date(2026, 1, 1))
    foreseen = {(found.case, found.measurand): found.expanded_uncertainty for found in dry.forecasts}
    found = {
        (case.id, measurand.name): measurand.expanded_uncertainty
        for case in verdict.cases
        for measurand in case.measurands
        if measurand.name.startswith(("flow error", "Ep", "keep-open flow error", "programmed"))
    }
    assert found == {key: pytest.approx(foreseen[key], rel=0.5) for key in found}


@pytest.mark.parametrize(("fault", "verdict", "case", "reason"), DESERVED, ids=[row[0] for row in DESERVED])
def test_the_deserved_verdict(tmp_path: Path, fault: str, verdict: str, case: str, reason: str) -> None:
    found = run(PLAN, BENCH, tmp_path, faults=[fault])
    assert (found.verdict, told(found)[case].startswith(f"{verdict}: {reason}")) == (verdict, True), told(found)
