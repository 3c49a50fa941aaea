"""Cases that mean nothing without another one's PASS."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.plan import plan_from
from tests.conftest import ROOT

BOLUS = {
    "procedure": "bolus", "title": "t", "requirement": ["R"], "volume": "1 mL", "over": "75 s", "volume_error": {"within": "5 %"},
}  # fmt: skip
TABLES = {
    "plan": {"id": "NEEDS", "title": "t"},
    "preparation": {"settle": "1 min", "blank": "10 min"},
    "case": [
        {**BOLUS, "id": "FIRST"},
        {**BOLUS, "id": "SECOND", "needs": ["FIRST"]},
        {**BOLUS, "id": "OWN", "volume_error": {"within": "20 %"}},
        {**BOLUS, "id": "BOTH", "needs": ["OWN", "SECOND"]},
    ],
}
NOT_RUN = "not run: it needs case {}, which has not passed"


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ([], {"FIRST": "PASS", "SECOND": "PASS", "OWN": "PASS", "BOTH": "PASS"}),
        (
            ["rate-gain:+8%"],
            {"FIRST": "FAIL", "SECOND": NOT_RUN.format("FIRST"), "OWN": "PASS", "BOTH": NOT_RUN.format("SECOND")},
        ),
    ],
)
def test_a_case_is_run_only_when_what_it_needs_has_passed(faults: list[str], told: dict[str, str], tmp_path: Path) -> None:
    bench = load_bench(ROOT / "benches" / "simulated.toml", faults=faults)
    campaign = Campaign(plan_from(TABLES, "", tmp_path / "plan.toml"), bench, tmp_path)
    campaign.start()
    for case in campaign.plan.cases:
        campaign.run_case(case)
    found = {case.id: case.reasons[0] if case.verdict == "INVALID" else case.verdict for case in campaign.close().cases}
    assert found == told
