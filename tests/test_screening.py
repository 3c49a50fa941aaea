"""The whole journey: the screening plan on the simulated bench. What faults become of it: ``dosebench drill``."""

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
from tests.conftest import ROOT
from tests.screening import BENCH, PATIENT, PLAN, SELDOM, SET_UPS, SetUp, edited, run, what_is_not_passed


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


@pytest.mark.parametrize("set_up", SET_UPS.values(), ids=SET_UPS)
def test_a_clean_run_never_fails(set_up: SetUp, tmp_path: Path) -> None:
    """One seed here; ``python -m benchmarks.clean_benches`` goes through fifty, ``dosebench drill`` through all plans."""
    found, _ = run(tmp_path, seed=100, plan={**PATIENT, **set_up.plan}, bench={**set_up.bench, **SELDOM})
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
