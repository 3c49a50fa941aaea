"""The occlusions of the plan SYR-IEC by themselves, on its own bench and on the one that was made for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.plan import load_plan
from harness.verdicts import RunVerdict
from tests.plans import BENCHES, PLANS, edited, told

DESERVED = [
    # fault, and of each case its verdict and how its first reason begins: at 20 kPa, at 100 kPa, at 1 mL/h
    ("occlusion-alarm-missing", ["FAIL: occlusion alarms"] * 3),
    ("occlusion-alarm-late:by=10min", ["FAIL: occlusion alarms", "FAIL: time to the alarm", "FAIL: time to the alarm"]),
    ("occlusion-bolus:by=+100%", ["FAIL: time to the alarm", "FAIL: occlusion alarms", "FAIL: time to the alarm"]),
    ("occlusion-bolus:by=-80%", ["FAIL: pressure at the alarm"] * 3),
    ("leak:part=5%", ["FAIL: occlusion alarms"] * 3),
    ("drift:by=20mg/h", ["INVALID: blank: the vessel gained"] * 3),
]


def occlusions(folder: Path, *faults: str, bench: str = "syringe_60ml") -> RunVerdict:
    plan = edited(PLANS / "syringe_pump_iec_method.toml", folder, {})
    head, *cases = re.split(r"(?m)^(?=\[\[case\]\])", plan.read_text(encoding="utf-8"))
    plan.write_text(head + "".join(case for case in cases if 'id = "IEC-OCC' in case), encoding="utf-8")
    campaign = Campaign(load_plan(plan), load_bench(BENCHES / f"{bench}.toml", faults=faults), folder)
    campaign.start()
    for case in campaign.plan.cases:
        campaign.run_case(case)
    return campaign.close()


def test_a_good_alarm_passes_at_both_thresholds(tmp_path: Path) -> None:
    verdict = occlusions(tmp_path, bench="syringe_occlusion")
    assert list(told(verdict).values()) == ["PASS: "] * 3
    found = [{one.name: one.value for one in case.measurands} for case in verdict.cases]
    assert [one["pressure at the alarm"] for one in found] == pytest.approx([20, 100, 20], abs=0.5)
    assert [one["post-occlusion bolus"] for one in found] == pytest.approx([220, 1100, 200], abs=3)


@pytest.mark.parametrize(("fault", "reasons"), DESERVED, ids=[row[0] for row in DESERVED])
def test_the_deserved_verdict(tmp_path: Path, fault: str, reasons: list[str]) -> None:
    found = list(told(occlusions(tmp_path, fault)).values())
    assert [one[: len(reason)] for one, reason in zip(found, reasons, strict=True)] == reasons, found
