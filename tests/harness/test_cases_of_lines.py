"""What a plan can ask of a line: what is refused, with which words; how long it takes, how much liquid, and what cannot work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.bench import load_bench
from harness.plan import plan_from
from instruments.errors import ConfigError
from tests.plans import BENCHES

OCCLUSION = {
    "procedure": "occlusion", "rate": "5 mL/h", "threshold": "50 kPa",
    "alarm_within": {"at_most": "10 min"}, "pressure": {"at_most": "60 kPa"}, "bolus": {"at_most": "1 mL"},
}  # fmt: skip
NO_FLOW = {
    "procedure": "no-flow", "rate": "0.01 mL/h", "settle": "1 h", "duration": "4 h", "blocked": "2 h",
    "detection": {"at_most": "1 h"},
}  # fmt: skip
PRIME = {
    "procedure": "prime", "catheter": "0.22 mL", "volume": "0.5 mL", "rate": "1 mL/h", "flow_rate": "0.25 mL/h",
    "duration": "1 h",
    "dead_volume": {"within": "10 %"}, "volume_error": {"within": "10 %"}, "course": {"within": "100 uL"},
    "flow_error": {"within": "10 %"},
}  # fmt: skip
LEAK = {
    "procedure": "leak", "rate": "1 mL/h", "duration": "15 min", "pressure": "20 kPa", "within": "30 min", "hold": "30 min",
    "pressure_loss": {"at_most": "2 kPa"}, "volume_error": {"within": "10 %"},
}  # fmt: skip


def case_of(table: dict[str, Any], **changes: Any) -> Any:
    case = {"id": "C", "title": "", "requirement": ["R"], **table, **changes}
    case = {key: value for key, value in case.items() if value is not None}
    return plan_from({"plan": {"id": "P", "title": ""}, "case": [case]}, "", Path("plan.toml")).cases[0]


@pytest.mark.parametrize(
    ("table", "changes", "told"),
    [
        (OCCLUSION, {"alarm_within": {"at_least": "1 min"}}, "alarm_within needs an at_most"),
        (OCCLUSION, {"place": 1.1}, "less than or equal to 1"),
        (OCCLUSION, {"relief": "30 s"}, "greater than or equal to 60"),
        (OCCLUSION, {"threshold": "0 kPa"}, "greater than 0"),
        (NO_FLOW, {"detection": {"at_most": "2 h"}}, "detection needs an at_most below blocked"),
        (NO_FLOW, {"detection": {"at_least": "1 min"}}, "detection needs an at_most below blocked"),
        (NO_FLOW, {"window": "5 h"}, "window is longer than the duration"),
        (PRIME, {"volume": "0.3 mL"}, "volume of 0.3 mL does not fill the line and flow on"),
        (PRIME, {"pump_path": "0.2 mL"}, "are 0.42 mL; prime 0.63 mL at least"),
        (PRIME, {"catheter": None}, "dead_volume needs the catheter's declared volume"),
        (LEAK, {"pressure": "0 kPa"}, "greater than 0"),
    ],
)
def test_what_makes_no_sense_is_refused(table: dict[str, Any], changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        case_of(table, **changes)


@pytest.mark.parametrize(
    ("table", "lasts_s", "gives_ml", "weighed_ml"),
    [
        (OCCLUSION, 600 + 810 + 120 + 300 + 60, 5 * (600 + 810) / 3600, 0.0),
        (NO_FLOW, 7 * 3600 + 300 + 30, 0.01 * (7 + 15 / 3600), 0.0),
        (NO_FLOW | {"flow_error": {"within": "10 %"}}, 7 * 3600 + 300 + 30, 0.01 * (7 + 15 / 3600), 0.04),
        (PRIME, 240 + 1800 + 600 + 3600 + 30, 0.5 + 0.25 * 4200 / 3600, 0.25),
        (LEAK, 60 + 900 + 1800 + 120 + 1800 + 300 + 30, (900 + 1800 + 15) / 3600, 0.25),
    ],
)
def test_time_and_liquid(table: dict[str, Any], lasts_s: float, gives_ml: float, weighed_ml: float) -> None:
    case = case_of(table)
    assert (case.lasts_s(10.0), case.gives_ml(10.0)) == (pytest.approx(lasts_s), pytest.approx(gives_ml))
    assert (case.weighed_ml, case.by_hand) == (pytest.approx(weighed_ml), True)


@pytest.mark.parametrize(
    ("table", "changes", "told"),
    [
        (OCCLUSION, {}, ""),
        (OCCLUSION, {"alarm_within": {"at_most": "6 min"}}, "takes 363 s to come to 50 kPa at 5 mL/h"),  # C = 1.007e-8 L/Pa
        (OCCLUSION, {"rate": "1 mL/h"}, "and 600 s are allowed; allow more, or set a higher rate"),
        (OCCLUSION, {"rate": "1 mL/h", "threshold": None}, ""),
        (PRIME, {}, ""),
        (PRIME, {"catheter": "0.25 mL"}, "0.25 mL is declared, and the catheter of the bench file holds 0.221 mL"),
        (PRIME, {"catheter": "0.2 mL"}, "mend catheter.length or catheter.bore"),
        (PRIME, {"catheter": "0.25 mL", "dead_volume": None}, ""),
        (LEAK, {}, ""),
        (LEAK, {"within": "12 min"}, "takes 725 s to come to 20 kPa at 1 mL/h"),
    ],
)
def test_what_cannot_work_on_a_bench(table: dict[str, Any], changes: dict[str, Any], told: str) -> None:
    found = case_of(table, **changes).impossible(load_bench(BENCHES / "syringe_occlusion.toml").file)
    assert told in found[0] if told else found == ()
