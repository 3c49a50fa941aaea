"""The whole journey: the screening plan on the simulated bench, clean and with every fault that the plan can see."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.plan import load_plan
from harness.record import read_record
from harness.verdicts import RunVerdict, Verdict
from instruments.sim.faults import FAULTS
from tests.conftest import ROOT

PLAN = ROOT / "test_plans" / "itb_screening.toml"
BENCH = ROOT / "benches" / "simulated.toml"


def run(out: Path, *, faults: Sequence[str] = (), seed: int = 1) -> tuple[RunVerdict, Path]:
    campaign = Campaign(load_plan(PLAN), load_bench(BENCH, faults=faults, seed=seed), out)
    campaign.start()
    for case in campaign.plan.cases:
        campaign.run_case(case)
    return campaign.close(), campaign.folder


FAULTY = [
    # fault, verdict of the run, the case that tells, what its first reason says
    ("rate-gain:+6%", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("rate-gain:-6%", "FAIL", "ITB-SCR1", "bolus volume: FAIL"),
    ("rate-gain:+3%", "FAIL", "ITB-CONT", "flow error: FAIL"),
    ("bolus-duration:-30%", "FAIL", "ITB-SCR1", "bolus duration: FAIL"),
    ("bolus-duration:-22%", "FAIL", "ITB-SCR1", "bolus duration: FAIL"),  # 58.5 s, and the line makes it look longer
    ("bolus-duration:+30%", "FAIL", "ITB-SCR1", "bolus duration error: FAIL"),
    ("alarm-missing", "FAIL", "ITB-EMPTY", "reservoir alarms: FAIL"),
    ("alarm-late:10min", "FAIL", "ITB-EMPTY", "alarm latency: FAIL"),
    ("balance-unplug:at=30min", "INVALID", "ITB-SCR1", "not run: the bench could not be prepared"),
    ("balance-unplug:at=27h", "INVALID", "ITB-SCR3", "not run: the bench was lost in case ITB-SCR2"),
    ("balance-stuck:at=30min", "INVALID", "ITB-SCR1", "blank: the balance repeated"),
    ("balance-stuck:at=3h", "INVALID", "ITB-SCR1", "the balance repeated"),
]


@pytest.mark.parametrize(("fault", "verdict", "case", "reason"), FAULTY, ids=[row[0] for row in FAULTY])
def test_every_fault_gets_the_verdict_it_deserves(fault: str, verdict: str, case: str, reason: str, tmp_path: Path) -> None:
    found, _ = run(tmp_path, faults=[fault])
    assert found.verdict.value == verdict == FAULTS[fault.partition(":")[0]].deserves
    told = next(one for one in found.cases if one.id == case)
    assert told.verdict.value == verdict
    assert told.reasons[0].startswith(reason)


@pytest.mark.parametrize(("loss", "reason"), [("-3 mg/h", "look for a leak or a siphon"), ("8 mg/h", "cover the liquid")])
def test_a_leak_cannot_hide_in_the_blank(loss: str, reason: str, tmp_path: Path) -> None:
    """What flows while the pump stands would be taken for evaporation, and every later leak corrected away."""
    bench = tmp_path / "bench.toml"
    bench.write_text(BENCH.read_text().replace('evaporation = "0.2 mg/h"', f'evaporation = "{loss}"'))
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


def test_every_fault_of_the_registry_is_in_the_table() -> None:
    assert {row[0].partition(":")[0] for row in FAULTY} == set(FAULTS)


def test_a_pump_fault_on_a_broken_bench_is_not_judged_and_never_passes(tmp_path: Path) -> None:
    found, _ = run(tmp_path, faults=["rate-gain:+6%", "balance-stuck:at=30min"])
    assert found.verdict is Verdict.INVALID


@pytest.mark.parametrize("seed", range(100, 120))
def test_a_clean_run_never_fails(seed: int, tmp_path: Path) -> None:
    found, _ = run(tmp_path, seed=seed)
    assert {case.id: case.verdict.value for case in found.cases} == dict.fromkeys(
        ["ITB-SCR1", "ITB-SCR2", "ITB-SCR3", "ITB-CONT", "ITB-OFF", "ITB-EMPTY"], "PASS"
    )


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
