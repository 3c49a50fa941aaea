"""The command line from outside: exit status, messages, files. The real program is started in an empty folder.

Only what is refused before anything begins is asked for in this process: a start of the program costs seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dosebench.cli import main
from tests.conftest import DATA, NO_NODE, ROOT

PLAN = ROOT / "test_plans" / "itb_screening.toml"
BENCH = ROOT / "benches" / "simulated.toml"
REAL = DATA / "real-gravimetric"

SHORT_PLAN = """
[plan]
id = "SHORT"
title = "One bolus"

[preparation]
settle = "0 s"
blank = "10 min"

[[case]]
id = "BOLUS"
title = "1 mL within 5 %"
procedure = "bolus"
volume = "1 mL"
over = "75 s"
volume_error = {{ within = "{within}" }}
requirement = ["R1"]
"""


def dosebench(folder: Path, *words: str | Path, node: bool = False) -> subprocess.CompletedProcess[str]:
    command, env = [sys.executable, "-m", "dosebench", *map(str, words)], os.environ | ({} if node else NO_NODE)
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False)


def run_folder(out: Path) -> Path:
    (folder,) = [path for path in out.iterdir() if path.is_dir()]
    return folder


def short_plan(folder: Path, within: str = "5 %") -> Path:
    path = folder / "short.toml"
    path.write_text(SHORT_PLAN.format(within=within))
    return path


STATUS = [
    ("5 %", (), 0, "PASS"),
    ("5 %", ("--fault", "rate-gain:+6%"), 1, "FAIL"),
    ("0.22 %", (), 2, "INCONCLUSIVE"),
    ("5 %", ("--fault", "balance-unplug:at=5min"), 3, "INVALID"),
]


@pytest.mark.parametrize(("within", "options", "status", "verdict"), STATUS, ids=[row[3] for row in STATUS])
def test_exit_status_and_verdict_file_agree(
    within: str, options: tuple[str, ...], status: int, verdict: str, tmp_path: Path
) -> None:
    done = dosebench(tmp_path, "run", short_plan(tmp_path, within), "--bench", BENCH, "--out", "out", *options)
    assert done.returncode == status, done.stdout + done.stderr
    folder = run_folder(tmp_path / "out")
    assert json.loads((folder / "verdicts.json").read_text())["verdict"] == verdict
    assert f"overall: {verdict}" in done.stdout
    assert "SIMULATED: no real pump was tested" in done.stdout
    assert "SIMULATED" in (folder / "summary.html").read_text()


USAGE = {
    "no bench": (("run", PLAN), "Missing option '--bench'"),
    "no such plan": (("run", "nowhere.toml", "--bench", BENCH), "nowhere.toml: there is no such file"),
    "no such bench": (("run", PLAN, "--bench", "nowhere.toml"), "nowhere.toml: there is no such file"),
    "bench for plan": (("run", BENCH, "--bench", BENCH), "plan: is missing"),
    "unknown fault": (("run", PLAN, "--bench", BENCH, "--fault", "gremlins"), "fault 'gremlins' is not known"),
    "seed no number": (("run", PLAN, "--bench", BENCH, "--seed", "x"), "Invalid value for '--seed'"),
    "unknown command": (("dance",), "No such command 'dance'"),
    "no such recording": (
        ("analyse", "no.csv", "--map", REAL / "mapping.toml", "--plan", REAL / "plan.toml"),
        "no.csv: there is no",
    ),
    "not a plan": (("run", ROOT / "README.md", "--bench", BENCH), "is not a plan file"),
    "out is a file": (("run", PLAN, "--bench", BENCH, "--out", BENCH / "x"), "run folders cannot go there"),
    "negative seed": (("run", PLAN, "--bench", BENCH, "--seed", "-1"), "is not a whole number from 0 upwards"),
    "no such run": (("report", "nowhere"), "nowhere"),
    "recording only": (("run", REAL / "plan.toml", "--bench", BENCH), "judges a recording; use it with 'dosebench analyse'"),
}


@pytest.mark.parametrize(("words", "message"), USAGE.values(), ids=USAGE)
def test_bad_input_is_one_clear_error_and_status_64(
    words: tuple[str | Path, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["dosebench", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    told = "".join(capfd.readouterr())
    assert ended.value.code == 64, told
    assert message in told
    assert "Traceback" not in told
    assert not (tmp_path / "runs").exists()


def test_a_port_that_is_not_there_is_status_64_and_leaves_no_run(tmp_path: Path) -> None:
    text = BENCH.read_text().partition("[simulation]")[0].replace("sim://simulated/", "/dev/no-such-port-")
    (tmp_path / "real.toml").write_text(text)
    done = dosebench(tmp_path, "run", PLAN, "--bench", "real.toml")
    assert done.returncode == 64, done.stdout
    assert "pump: /dev/no-such-port-pump cannot be opened" in done.stdout + done.stderr
    assert not (tmp_path / "runs").exists()


def test_the_real_recording(tmp_path: Path) -> None:
    """Four hours of somebody else's pump: right over the first stretch, later running and delivering nothing."""
    words = ("analyse", REAL / "nitric_acid_dosing_hh79.csv", "--map", REAL / "mapping.toml", "--plan", REAL / "plan.toml")
    done = dosebench(tmp_path, *words, "--out", "out")
    assert done.returncode == 1, done.stdout + done.stderr
    verdicts = json.loads((run_folder(tmp_path / "out") / "verdicts.json").read_text())
    flow, delivery = verdicts["cases"]
    assert (verdicts["data_source"], verdicts["verdict"]) == ("replay", "FAIL")
    assert (flow["verdict"], flow["measurands"][0]["limits"]) == ("PASS", [-2.0, 2.0])
    assert flow["measurands"][0]["value"] == pytest.approx(-0.3, abs=0.3)
    assert delivery["verdict"] == "FAIL"
    assert delivery["measurands"][0]["value"] == pytest.approx(13063 - 10938, abs=30)
    assert "from 10939 s to 130" in delivery["reasons"][0]


def test_being_told_to_end_stops_the_pump_and_closes_the_run_as_aborted(tmp_path: Path) -> None:
    """SIGTERM to the real program in the middle of its three days."""
    command = [sys.executable, "-m", "dosebench", "run", str(PLAN), "--bench", str(BENCH), "--out", "out"]
    env = os.environ | NO_NODE
    program = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    journals = "out/*/journal.jsonl"
    while program.poll() is None and not any('"name":"hold"' in file.read_text() for file in tmp_path.glob(journals)):
        threading.Event().wait(0.02)
    program.terminate()
    told, _ = program.communicate(timeout=120)
    assert program.returncode == 4, told
    folder = run_folder(tmp_path / "out")
    verdicts = [case["verdict"] for case in json.loads((folder / "verdicts.json").read_text())["cases"]]
    assert verdicts[-1] == "ABORTED"
    assert '"safe state"' in (folder / "journal.jsonl").read_text()


def test_pages_can_be_made_again_without_a_longer_history(tmp_path: Path) -> None:
    dosebench(tmp_path, "tools", node=True)
    dosebench(tmp_path, "run", short_plan(tmp_path), "--bench", BENCH, "--out", "out", node=True)
    folder, history = run_folder(tmp_path / "out"), tmp_path / "out" / "history-simulated.jsonl"
    before = history.read_bytes()
    (folder / "report.html").unlink()
    done = dosebench(tmp_path, "report", folder, node=True)
    assert done.returncode == 0, done.stderr
    assert (folder / "report.html").is_file()
    assert history.read_bytes() == before


def test_discover_asks_at_the_addresses_of_a_bench_file(tmp_path: Path) -> None:
    told = dosebench(tmp_path, "discover", "--bench", BENCH)
    assert told.returncode == 0, told.stderr
    assert "sim://simulated/pump: New Era" in told.stdout
    assert "sim://simulated/balance: " in told.stdout
    assert 'driver = "mt-sics"\naddress = "sim://simulated/balance"\nserial = "SIM0000001"' in told.stdout
    found = [json.loads(line) for line in dosebench(tmp_path, "discover", "--json", "--bench", BENCH).stdout.splitlines()]
    assert {thing["address"]: thing["driver"] for thing in found} == {
        "sim://simulated/pump": "new-era",
        "sim://simulated/balance": "mt-sics",
    }


def test_discover_says_why_an_address_tells_nothing(tmp_path: Path) -> None:
    told = dosebench(tmp_path, "discover", "/dev/no-such-port")
    assert (told.returncode, "is the cable in" in told.stdout) == (0, True)


def test_instruments_lists_every_driver_with_what_it_can(tmp_path: Path) -> None:
    told = dosebench(tmp_path, "instruments").stdout
    assert "new-era              19200 8N1; options: unit" in told
    assert "can: output, protection" in told
    for name in ("harvard-ultra", "sartorius-sbi", "keysight-daq", "rigol-dp800", "what the words mean"):
        assert name in told


def test_a_crash_of_the_program_is_never_taken_for_a_verdict(tmp_path: Path) -> None:
    code = "import dosebench.cli as cli; cli.app = lambda **_: 1 / 0; cli.main()"
    crashed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (crashed.returncode, "ZeroDivisionError" in crashed.stderr) == (4, True)
