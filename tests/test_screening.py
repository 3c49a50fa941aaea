"""The whole journey: the screening plan on the simulated bench, clean and with every fault that there is."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.plan import load_plan
from harness.readback import read_record
from harness.verdicts import RunVerdict, Verdict
from instruments.sim.faults import FAULTS
from tests.conftest import ROOT
from tests.screening import BENCH, PATIENT, PLAN, SELDOM, SET_UPS, SHORT, SetUp, edited, run, what_is_not_passed

SEEN = [
    # faults, verdict of the run, the case that tells, what its first reason says; the times are those of the SHORT plan
    ("rate-gain:+3%", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("rate-gain:+6%", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("rate-gain:-6%", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("syringe-diameter:+2%", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("syringe-diameter:-4%", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("rate-drift:+2%/h", "FAIL", "ITB-SCR3", "bolus volume: FAIL"),
    ("rate-drift:by=-10%/h,at=4h", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("slow-start:0.1mL", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("slow-start:0.2mL", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("periodic-error:by=95%,period=0.5mL", "FAIL", "ITB-CONT", "commanded but not delivering: FAIL"),  # the mean hardly
    ("intermittent-stall:every=1h,for=4min", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("intermittent-stall:every=4h,for=20min", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("motor-stall:at=6h", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("motor-stall:at=6h,for=30min", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("bolus-length:-20%", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("bolus-length:+20%", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("bolus-duration:-30%", "FAIL", "ITB-SCR1", "bolus duration: FAIL"),
    ("bolus-duration:-22%", "FAIL", "ITB-SCR1", "bolus duration: FAIL"),  # 58.5 s, and the line makes it look longer
    ("bolus-duration:+30%", "FAIL", "ITB-SCR1", "bolus duration error: FAIL"),
    ("bolus-late:10min", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("bolus-missed", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("bolus-doubled", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("prime-surge:by=300%,then=-60%,for=2h", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("free-flow:height=10cm,at=71min", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("free-flow:height=1mm,at=9h", "FAIL", "ITB-OFF", "flow when off: FAIL"),
    ("free-flow:height=50cm,at=8h", "FAIL", "ITB-CONT", "volume after the stop: FAIL"),  # empty before the pump-off case begins
    ("free-flow:height=50cm,at=9.3h", "FAIL", "ITB-OFF", "volume while settling: FAIL"),  # empty before the flow is judged
    ("stop-ignored", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("stop-ignored:for=1min", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("setting-truncated:1", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("alarm-missing", "FAIL", "ITB-EMPTY", "reservoir alarms: FAIL"),
    ("alarm-late:5min", "FAIL", "ITB-EMPTY", "alarm latency: FAIL"),
    ("alarm-late:10min", "FAIL", "ITB-EMPTY", "alarm latency: FAIL"),
    ("alarm-early:0.5mL", "FAIL", "ITB-EMPTY", "residual volume: FAIL"),
    ("alarm-early:2mL", "FAIL", "ITB-EMPTY", "residual volume: FAIL"),
    ("alarm-computed:+14.5%", "FAIL", "ITB-EMPTY", "alarm latency: FAIL"),
    ("alarm-computed:-5%", "FAIL", "ITB-EMPTY", "residual volume: FAIL"),
    ("leak:5%", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("leak:part=20%,at=6h", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("occlusion:at=6h", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("occlusion:at=6h,part=99.9%", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("occlusion:at=6h,for=1h", "FAIL", "ITB-CONT", "commanded but not delivering: FAIL"),
    ("occlusion:at=6h + occlusion-alarm-missing", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("occlusion:at=6h + occlusion-alarm-late:2h", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("occlusion:at=5h,for=3h + occlusion-bolus:+200%", "FAIL", "ITB-CONT", "commanded but not delivering: FAIL"),
    ("reset-silent:at=6h", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("drift:2 mg/h", "INVALID", "ITB-SCR1", "blank: the vessel gained"),
    ("drift:-3 mg/h", "INVALID", "ITB-SCR1", "blank: the vessel lost"),
    ("evaporation:8mg/h", "INVALID", "ITB-SCR1", "blank: the vessel lost"),
    ("evaporation:by=5mg/h,at=9h", "INVALID", "ITB-OFF", "from 31"),
    ("vibration:2mg", "INVALID", "ITB-SCR1", "blank: the mass jumped"),
    ("vibration:size=0.5mg,at=2h,for=10min", "INVALID", "ITB-SCR2", "the"),
    ("draught:1mg", "INVALID", "ITB-SCR1", "blank: the"),
    ("draught:size=5mg,at=10h", "INVALID", "ITB-OFF", "the"),
    ("knock:at=4200s,swing=20mg", "INVALID", "ITB-SCR1", "blank: the mass jumped"),
    ("knock:at=6h,swing=100mg,shift=5mg", "INVALID", "ITB-CONT", "the mass jumped"),
    ("tubing-touches:at=2h,force=20mg", "INVALID", "ITB-SCR2", "the mass jumped"),
    ("tubing-touches:at=6h,force=200mg,for=30min", "INVALID", "ITB-CONT", "the mass jumped"),
    ("drips", "INVALID", "ITB-CONT", "the mass jumped"),
    ("overload:at=2h", "INVALID", "ITB-SCR2", "balance: overloaded for 10 s while the pump infuses"),
    ("overload:at=6h,for=1min", "INVALID", "ITB-CONT", "balance: overloaded for 31 s while the pump infuses"),
    ("balance-stuck:at=30min", "INVALID", "ITB-SCR1", "blank: the balance repeated"),
    ("balance-stuck:at=6h", "INVALID", "ITB-CONT", "the balance repeated"),
    ("unit-changed:at=30min", "INVALID", "ITB-SCR1", "not run: the bench could not be prepared: balance: no reading"),
    ("unit-changed:at=6h", "INVALID", "ITB-CONT", "balance: no reading for"),
    ("serial-garbage:at=2h", "INVALID", "ITB-SCR2", "1 lines from the balance were no weighings"),
    ("serial-garbage:at=6h,bytes=3", "INVALID", "ITB-CONT", "1 lines from the balance were no weighings"),
    ("lost-lines:at=30min,for=1min", "INVALID", "ITB-SCR1", "blank: no reading for 60"),
    ("lost-lines:at=6h,for=20s", "INVALID", "ITB-CONT", "no reading for 20"),
    ("balance-unplug:at=30min", "INVALID", "ITB-SCR1", "not run: the bench could not be prepared"),
    ("balance-unplug:at=6h", "INVALID", "ITB-OFF", "not run: the bench was lost in case ITB-CONT"),
    ("other-instrument", "INVALID", "ITB-SCR1", "not run: the bench could not be prepared"),
    ("calibration-overdue", "INVALID", "ITB-SCR1", "not run: the bench could not be prepared"),
    ("clock-step:at=2h,by=1min", "INVALID", "ITB-SCR2", "no reading for 60"),
    ("clock-step:at=6h,by=-1min", "INVALID", "ITB-CONT", "the stamps of the readings go backwards"),
]  # fmt: skip

UNSEEN = [
    # faults, the verdict that the plan gives, and why it cannot give the one that is deserved
    ("periodic-error:by=20%", "PASS", "only mean flows and standstills are judged, no trumpet curve"),
    ("late-rate-change:10min", "PASS", "no case changes a rate while the pump runs"),
    ("bolus-late:30s", "PASS", "no case has a limit on the start of a bolus"),
    ("reset-silent:at=10h", "PASS", "a pump that is off stays off"),
    ("free-flow:10cm", "INVALID", "it flows in the blank already, where it may be a siphon of the bench as well"),
    ("lost-lines:at=6h,for=3s", "PASS", "gaps of up to 5 s are allowed"),
    ("temperature:+8K", "PASS", "nothing on this bench measures a temperature; it moves volumes by 0.2 %"),
    ("drift:by=2mg/h,at=9h", "FAIL", "nothing tells a rising zero from a flow while the pump is off; the case before is INVALID"),
]


def run_with(faults: str, folder: Path) -> RunVerdict:
    return run(folder, faults=faults.split(" + "), plan=SHORT, bench=SELDOM)[0]


@pytest.mark.parametrize(("faults", "verdict", "case", "reason"), SEEN, ids=[row[0] for row in SEEN])
def test_every_fault_gets_the_verdict_it_deserves(faults: str, verdict: str, case: str, reason: str, tmp_path: Path) -> None:
    found = run_with(faults, tmp_path)
    assert {FAULTS[spec.partition(":")[0]].deserves for spec in faults.split(" + ")} == {verdict}
    assert found.verdict.value == verdict, what_is_not_passed(found)
    told = next(one for one in found.cases if one.id == case)
    assert told.verdict.value == verdict
    assert any(told_reason.startswith(reason) for told_reason in told.reasons), told.reasons


@pytest.mark.parametrize(("faults", "verdict", "why"), UNSEEN, ids=[row[0] for row in UNSEEN])
def test_what_the_plan_cannot_see_is_known(faults: str, verdict: str, why: str, tmp_path: Path) -> None:
    """Red as soon as a better plan or analysis sees it: then its row belongs into the other table."""
    assert run_with(faults, tmp_path).verdict.value == verdict, why


def test_every_fault_of_the_registry_is_in_a_table() -> None:
    disk = {"disk-full"}  # has a test of its own, in its own process
    elsewhere = {fault.name for fault in FAULTS.values() if fault.pumps}  # of what this bench's pump does not have: refused
    named = {spec.partition(":")[0] for row in (*SEEN, *UNSEEN) for spec in row[0].split(" + ")}
    assert named | disk | elsewhere == set(FAULTS)
    assert not named & elsewhere


def test_a_full_disk_makes_the_run_invalid_and_does_not_keep_the_pump_from_being_stopped(tmp_path: Path) -> None:
    words = [str(PLAN), "--bench", str(BENCH), "--out", str(tmp_path), "--fault", "disk-full:at=2h"]
    done = subprocess.run(
        [sys.executable, "-m", "dosebench", "run", *words], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 3, done.stdout + done.stderr
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    first = json.loads((folder / "verdicts.json").read_text())["cases"][0]
    assert "raw/balance.log: cannot be written" in " ".join(first["reasons"])
    safe = list(read_record(folder).of_kind("safe state"))
    assert safe[0].data["confirmed"]
    told = json.loads((folder / "run.json").read_text())["sha256"]
    assert told["raw/balance.log"] == hashlib.sha256((folder / "raw" / "balance.log").read_bytes()).hexdigest()


@pytest.mark.parametrize(("loss", "reason"), [("-3 mg/h", "look for a leak or a siphon"), ("8 mg/h", "cover the liquid")])
def test_a_leak_cannot_hide_in_the_blank(loss: str, reason: str, tmp_path: Path) -> None:
    """What flows while the pump stands would be taken for evaporation, and every later leak corrected away."""
    bench = edited(BENCH, tmp_path, {'evaporation = "0.2 mg/h"': f'evaporation = "{loss}"'})
    campaign = Campaign(load_plan(PLAN), load_bench(bench), tmp_path)
    campaign.start()
    verdict = campaign.run_case(campaign.plan.cases[0])
    campaign.close()
    assert verdict.verdict is Verdict.INVALID
    assert reason in verdict.reasons[0]


def test_what_the_pump_gives_between_two_doses_is_seen(tmp_path: Path) -> None:
    """A whole dose too much, hours after the hold and hours before the next dose."""
    campaign = Campaign(load_plan(PLAN), load_bench(BENCH), tmp_path)
    campaign.start()
    first, second = campaign.plan.cases[:2]
    assert campaign.run_case(first).verdict is Verdict.PASS
    rig = campaign._rig
    rig.pump.set_target(0.05)
    rig.pump.start()
    verdict = campaign.run_case(second)
    campaign.close()
    assert verdict.verdict is Verdict.FAIL
    assert verdict.reasons[0].startswith("unintended volume before the dose: FAIL")


def test_a_pump_fault_on_a_broken_bench_is_not_judged_and_never_passes(tmp_path: Path) -> None:
    assert run_with("rate-gain:+6% + balance-stuck:at=30min", tmp_path).verdict is Verdict.INVALID


@pytest.mark.parametrize("seed", range(100, 105))
@pytest.mark.parametrize("set_up", SET_UPS.values(), ids=SET_UPS)
def test_a_clean_run_never_fails(set_up: SetUp, seed: int, tmp_path: Path) -> None:
    """Five seeds here; ``python -m benchmarks.clean_benches`` goes through fifty."""
    found, _ = run(tmp_path, seed=seed, plan={**PATIENT, **set_up.plan}, bench={**set_up.bench, **SELDOM})
    assert found.verdict is Verdict.PASS, what_is_not_passed(found)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunVerdict, Path]:
    return run(tmp_path_factory.mktemp("clean"))


def raw_hashes(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted((folder / "raw").iterdir())}


def test_two_processes_with_one_seed_record_the_same_raw_lines(clean: tuple[RunVerdict, Path], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dosebench", "run", str(PLAN), "--bench", str(BENCH), "--out", str(tmp_path), "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert raw_hashes(folder) == raw_hashes(clean[1])


def test_another_seed_records_other_lines(clean: tuple[RunVerdict, Path], tmp_path: Path) -> None:
    _, folder = run(tmp_path, seed=2)
    assert raw_hashes(folder)["balance.log"] != raw_hashes(clean[1])["balance.log"]


def test_three_days_are_weighed_at_ten_hertz_without_a_gap(clean: tuple[RunVerdict, Path]) -> None:
    frame = read_record(clean[1]).samples()
    assert frame.t_s.iloc[-1] - frame.t_s.iloc[0] > 70 * 3600
    steps_s = frame.t_s.diff().dropna()
    assert (steps_s.round(6) == 0.1).all()


def test_the_run_folder_holds_what_a_reviewer_needs(clean: tuple[RunVerdict, Path]) -> None:
    folder = clean[1]
    identity = json.loads((folder / "run.json").read_text())
    assert identity["data_source"] == "simulated"
    assert "simulated" in folder.name
    assert identity["sha256"] == {
        "raw/balance.log": raw_hashes(folder)["balance.log"],
        "raw/pump.log": raw_hashes(folder)["pump.log"],
        "journal.jsonl": hashlib.sha256((folder / "journal.jsonl").read_bytes()).hexdigest(),
        "samples/balance.bin": hashlib.sha256((folder / "samples" / "balance.bin").read_bytes()).hexdigest(),
    }
    assert identity["instruments"]["balance"].endswith("serial SIM0000001, 2.10 10.28.0.493.142")
    assert (folder / "plan.toml").read_bytes() == PLAN.read_bytes()
    assert (folder / "bench.toml").read_bytes() == BENCH.read_bytes()


def test_the_pump_was_stopped_and_said_so(clean: tuple[RunVerdict, Path]) -> None:
    safe = list(read_record(clean[1]).of_kind("safe state"))
    assert safe
    assert all(event.data["confirmed"] for event in safe)


def test_the_watchdog_was_armed_whenever_the_pump_ran(clean: tuple[RunVerdict, Path]) -> None:
    """Every RUN goes out in a Safe packet, and none while infusing comes later than the watchdog allows."""
    lines = (clean[1] / "raw" / "pump.log").read_text().splitlines()
    sent = [(int(line[:13]) / 1e6, line[16:]) for line in lines if line[14] == ">"]
    starts = [at_s for at_s, text in sent if "RUN" in text]
    assert len(starts) == 5
    assert all(text.startswith("\\x02") for _, text in sent if "RUN" in text)
    for start_s in starts:
        stop_s = next(at_s for at_s, text in sent if at_s > start_s and "STP" in text)
        spoken_s = [at_s for at_s, _ in sent if start_s <= at_s <= stop_s]
        assert max(later - earlier for earlier, later in pairwise(spoken_s)) < 30


def test_the_truth_lies_beside_the_run_and_not_in_it(clean: tuple[RunVerdict, Path]) -> None:
    folder = clean[1]
    truth = json.loads(folder.with_name(f"{folder.name}.truth.json").read_text())
    volumes = pq.read_table(folder.with_name(f"{folder.name}.truth.parquet")).to_pandas()
    assert not list(folder.rglob("*truth*"))
    assert truth["schema"] == "dosebench/truth/1"
    assert truth["setup"]["drive"]["rate_error_pct"] == 0.2
    assert [event["what"] for event in truth["events"]].count("empty") == 1
    assert abs(told_ml(volumes, 1e9) - 10.0) < 1e-3


def told_ml(volumes: pd.DataFrame, moment_s: float) -> float:
    return float(volumes.delivered_ml[volumes.t_s <= moment_s].iloc[-1])


def test_what_is_measured_is_what_is_true(clean: tuple[RunVerdict, Path]) -> None:
    """The three doses and the infusion, each within its own uncertainty of the truth."""
    verdict, folder = clean
    volumes = pq.read_table(folder.with_name(f"{folder.name}.truth.parquet")).to_pandas()
    record = read_record(folder)
    for case in verdict.cases[:3]:
        before, after = record.phase(case.id, "baseline"), record.phase(case.id, "drain")
        true_ml = told_ml(volumes, after.end_s) - told_ml(volumes, before.end_s)
        assert abs(case.measurands[0].value - true_ml) < case.measurands[0].expanded_uncertainty
    flow = record.phase("ITB-CONT", "flow")
    true_ml_h = (told_ml(volumes, flow.end_s) - told_ml(volumes, flow.start_s)) / flow.duration_s * 3600
    measured = verdict.cases[3].measurands[0]
    assert abs(0.2 * (1 + measured.value / 100) - true_ml_h) < 0.2 * measured.expanded_uncertainty / 100
