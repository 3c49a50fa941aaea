"""Boluses in a row, on an infusion and by a schedule, settings, and a loss of power, on a syringe pump that is asked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.cases import Case
from harness.plan import load_plan
from harness.verdicts import RunVerdict
from tests.conftest import ROOT

HEAD = '[plan]\nid = "DOSES"\ntitle = "Doses"\n[preparation]\nsettle = "5 min"\nblank = "30 min"\n'
DOSE = 'volume = "0.2 mL"\nover = "60 s"\n'
BOLUSES = f"""procedure = "boluses"\n{DOSE}count = 4\npause = "150 s"
mean_error = {{ within = "3 %" }}\neach_error = {{ within = "6 %" }}"""
BASAL = f"""procedure = "bolus-on-basal"\n{DOSE}basal = "0.5 mL/h"
settle = "15 min"\nwatch = "15 min"\nvolume_error = {{ within = "5 %" }}\nduration_error = {{ within = "10 %" }}
onset = {{ within = "15 s" }}\nbasal_error = {{ within = "5 %" }}"""
MOMENTS = f"""procedure = "scheduled-boluses"\n{DOSE}count = 3\nevery = "10 min"
volume_error = {{ within = "5 %" }}\nduration_error = {{ within = "10 %" }}
start_error = {{ within = "15 s" }}\ninterval_error = {{ within = "15 s" }}"""
SCHEDULE = MOMENTS.replace("10 min", "20 min") + '\nbasal = "0.5 mL/h"\nbasal_error = { within = "8 %" }'
SETTINGS = """procedure = "settings"\nrates = ["0.5 mL/h", "30 mL/h"]\nvolumes = ["1 mL"]\nbeyond_rates = ["5000 mL/h"]
read_back = { within = "0.1 %" }\nvolume = { within = "10 uL" }\nweighed = ["10 mL/h", "10.9 mL/h"]
settle = "2 min"\nduration = "5 min"\nflow_error = { within = "3 %" }\nstep_error = { within = "2 %" }"""
POWER = """procedure = "power-interruption"\nby = "hand"\nrate = "2 mL/h"\noff = "3 min"\nsettle = "5 min"\nduration = "10 min"
watch = "5 min"\nflow_error = { within = "4 %" }\nunasked_volume = { within = "30 uL" }"""
CASES = {"BOLUSES": BOLUSES, "BASAL": BASAL, "MOMENTS": MOMENTS, "SCHEDULE": SCHEDULE, "SETTINGS": SETTINGS, "POWER": POWER}


def run(out: Path, names: list[str], *faults: str) -> RunVerdict:
    tables = [f'[[case]]\nid = "{name}"\ntitle = "{name}"\nrequirement = ["X"]\n{CASES[name]}\n' for name in names]
    (out / "plan.toml").write_text(HEAD + "".join(tables))
    text = (ROOT / "benches/simulated.toml").read_text().replace('"10 Hz"', '"2 Hz"').replace('"30 s"', '"250 s"')
    (out / "bench.toml").write_text(text)
    campaign = Campaign(load_plan(out / "plan.toml"), load_bench(out / "bench.toml", faults=faults, seed=1), out)
    campaign.start()
    for case in campaign.plan.cases:
        campaign.run_case(case)
    return campaign.close()


def test_a_good_pump_passes_whether_it_has_functions_of_its_own_or_not(tmp_path: Path) -> None:
    verdict = run(tmp_path, list(CASES))
    assert {case.id: case.reasons for case in verdict.cases if case.verdict != "PASS"} == {}
    found = {case.id: {one.name: one for one in case.measurands} for case in verdict.cases}
    assert found["POWER"]["flow error after"].detail.startswith("it went on with its own programme")
    assert found["BOLUSES"]["mean bolus error"].value == pytest.approx(0.2, abs=0.3)
    assert "basal 20." in found["SCHEDULE"]["dose 2: volume error"].detail  # 150 s of it, not 210 s


FAULTS = [
    ("BOLUSES", "bolus-missed", "mean bolus error: FAIL"),
    ("BOLUSES", "bolus-length:+5%", "mean bolus error: FAIL"),
    ("BASAL", "bolus-late:by=30s", "bolus: start: FAIL"),
    ("BASAL", "bolus-length:+20%", "bolus: volume error: FAIL"),
    ("MOMENTS", "bolus-late:by=30s", "dose 1: start: FAIL"),
    ("MOMENTS", "bolus-missed", "dose 1: volume error: FAIL"),
    ("MOMENTS", "bolus-duration:+20%", "dose 3: duration error: FAIL"),
    ("SETTINGS", "setting-truncated:digits=2", "step error, 10 to 10.9 mL/h: FAIL"),
]


@pytest.mark.parametrize(("case", "fault", "reason"), FAULTS, ids=[f"{case} {fault}" for case, fault, _ in FAULTS])
def test_a_fault_fails_the_case_that_asks_for_it(case: str, fault: str, reason: str, tmp_path: Path) -> None:
    (judged,) = run(tmp_path, [case], fault).cases
    assert judged.verdict == "FAIL"
    assert any(one.startswith(reason) for one in judged.reasons), judged.reasons


# --- on paper ---

IDENTITY = {"id": "A", "title": "t", "requirement": ["X"]}
SOME = {"within": "5 %"}
BATTERY = {"procedure": "battery", "rate": "1 mL/h", "flow_error": SOME, "volume_after": {"within": "10 uL"}, "least": "2.2 V"}
BATTERY |= {"eri_voltage": {"at_least": "2.55 V", "at_most": "2.65 V"}, "eos_voltage": {"at_least": "2.25 V"}}
ROW = {"procedure": "boluses", "volume": "1 mL", "over": "60 s", "pause": "150 s", "mean_error": SOME, "each_error": SOME}
DAY = {"procedure": "scheduled-boluses", "volume": "1 mL", "over": "60 s", "count": 4, "every": "6 h", "volume_error": SOME}
DAY |= {"start_error": {"within": "30 s"}, "interval_error": {"within": "30 s"}}
SET = {"procedure": "settings", "rates": ["1 mL/h"], "read_back": SOME, "volume": {"within": "5 uL"}}
BROKEN: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (ROW, {"pause": "60 s"}, "pause is too short: a bolus of 60 s, watched, needs at least 150 s to the next"),
    (ROW, {"count": 1}, "greater than or equal to 2"),
    (DAY, {"every": "4 min"}, "every is too short: a dose of 60 s, watched, needs at least 270 s to the next"),
    (DAY, {"count": 12}, "less than or equal to 11"),
    (DAY, {"basal_error": SOME}, 'basal_error needs a basal rate, like basal = "0.1 mL/h"'),
    (SET, {"weighed": ["1 mL/h"]}, "weighed needs a flow_error"),
    (SET, {"step_error": SOME}, "step_error is of the ratio of two rates"),
    (BATTERY, {"least": "2.3 V"}, "full (3 V) has to be above all limits of the alarms, and least (2.3 V) below"),
    (BATTERY, {"full": "2.25 V"}, "full (2.25 V) has to be above all limits"),
]


def case_of(table: dict[str, Any]) -> Any:
    return TypeAdapter(Case).validate_python({**IDENTITY, **table})


@pytest.mark.parametrize("table", [ROW, DAY, SET, BATTERY], ids=lambda table: table["procedure"])
def test_what_is_changed_below_is_right(table: dict[str, Any]) -> None:
    assert case_of(table).lasts_s(0.0) > 0


@pytest.mark.parametrize(("table", "change", "message"), BROKEN, ids=[message[:40] for _, _, message in BROKEN])
def test_a_case_that_cannot_be_says_why(table: dict[str, Any], change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r"(?s).") as caught:
        case_of({**table, **change})
    assert message in str(caught.value)


ASKED = [
    (ROW, 60 + 25 * 210, 25.0),
    ({**DAY, "basal": "0.1 mL/h"}, 60 + 600 + 4 * 21600, 4 + 0.1 * (600 + 4 * 21540) / 3600),
    ({**SET, "weighed": ["1 mL/h", "2 mL/h"], "flow_error": SOME}, 120 + 2 * 1500, 3 * 1500 / 3600),
]


@pytest.mark.parametrize(("table", "duration_s", "volume_ml"), ASKED, ids=[table["procedure"] for table, _, _ in ASKED])
def test_time_and_liquid_are_known_before(table: dict[str, Any], duration_s: float, volume_ml: float) -> None:
    case = case_of(table)
    assert (case.lasts_s(20.0), case.gives_ml(20.0)) == pytest.approx((duration_s, volume_ml))


def test_a_battery_is_lowered_from_full_to_least_and_no_further() -> None:
    assert case_of(BATTERY).voltages_v == pytest.approx([2.98 - 0.02 * number for number in range(40)])


UNFIT = [
    ("harvard-ultra", {**DAY, "basal": "0.1 mL/h"}, "basal: 'harvard-ultra' runs no schedule of its own"),
    ("new-era", {**DAY, "basal": "0.1 mL/h"}, ""),
    ("new-era", {"procedure": "power-interruption", "by": "supply", "rate": "1 mL/h", "off": "1 min", "flow_error": SOME,
                 "unasked_volume": {"within": "10 uL"}}, 'by = "supply" needs a supply as the pump\'s battery'),
]  # fmt: skip


@pytest.mark.parametrize(("driver", "table", "why"), UNFIT, ids=[f"{driver} {table['procedure']}" for driver, table, _ in UNFIT])
def test_what_a_bench_has_not_is_told_on_paper(driver: str, table: dict[str, Any], why: str, tmp_path: Path) -> None:
    path = tmp_path / "bench.toml"
    path.write_text((ROOT / "benches/simulated.toml").read_text().replace('"new-era"', f'"{driver}"'))
    assert "".join(case_of(table).impossible(load_bench(path).file)).startswith(why)
    assert bool(case_of(table).impossible(load_bench(path).file)) == bool(why)


def test_a_pump_that_does_not_come_back_is_a_lost_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gives it its power back: no verdict on the pump, and no run that goes on without it."""
    monkeypatch.setattr("harness.procedures.power_interruption.restore_power", lambda *_: None)
    (judged,) = run(tmp_path, ["POWER"]).cases
    assert judged.verdict == "ABORTED"
    assert "it was without power" in judged.reasons[0]
