"""``dosebench recover``, ``run --resume`` and ``reanalyse``, from outside, on runs that were cut."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.readback import read_journal
from tests.conftest import ROOT
from tests.dosebench.test_cli import dosebench
from tests.harness.test_recovery import cut, finished

BENCH = ROOT / "benches" / "simulated.toml"


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("records"))


@pytest.fixture
def halved(passed: Path, tmp_path: Path) -> Path:
    """A run that was killed in its second case, under ``out``."""
    return cut(passed, tmp_path / "out" / "halved", "phase", "BOLUS-2", "bolus")


def outcomes(folder: Path) -> dict[str, Any]:
    found = [json.loads(path.read_text()) for path in (folder / "allure-results").glob("*-result.json")]
    return {result["name"]: result["status"] for result in found}


def resumed(tmp_path: Path, halved: Path, plan: Path) -> Any:
    return dosebench(tmp_path, "run", plan, "--bench", BENCH, "--out", "out", "--resume", halved)


def test_a_cut_run_is_closed_once_and_gone_on_with(halved: Path, passed: Path, tmp_path: Path) -> None:
    first, second = (dosebench(tmp_path, "recover", "--out", "out") for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0)
    assert "halved: closed as ABORTED" in first.stdout
    assert second.stdout == "out: no run there was cut short\n"
    done = resumed(tmp_path, halved, passed / "plan.toml")
    assert done.returncode == 0, done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    (folder,) = (path for path in (tmp_path / "out").iterdir() if path.is_dir() and path.name != "halved")
    verdicts = json.loads((folder / "verdicts.json").read_text())
    assert [case["reasons"] for case in verdicts["cases"]] == [
        ["carried over from the run in halved, which this one resumes"],
        [],
    ]
    assert sorted(outcomes(folder).values()) == ["passed", "passed"]
    journal = read_journal(folder / "journal.jsonl")
    assert journal.head["resumes"]["carried"] == ["BOLUS"]
    assert {entry.case for entry in journal.entries if entry.kind == "phase"} == {"preparation", "BOLUS-2"}
    assert not list((folder / "figures").glob("BOLUS.svg"))
    told = dosebench(tmp_path, "verify", folder, "--recompute")
    assert told.returncode == 0, told.stdout
    assert "verdicts of BOLUS are carried over from halved: verify that one too" in told.stdout


def test_nothing_is_carried_over_from_a_run_that_was_changed(halved: Path, passed: Path, tmp_path: Path) -> None:
    assert dosebench(tmp_path, "recover", halved).returncode == 0
    journal = halved / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"value":1.0', b'"value":0.9', 1))
    done = resumed(tmp_path, halved, passed / "plan.toml")
    assert done.returncode == 64, done.stdout
    assert "nothing can be carried over from this run, 'dosebench verify' finds: line" in done.stdout + done.stderr


def test_a_folder_without_a_record_is_named_and_left_alone(halved: Path, tmp_path: Path) -> None:
    (halved / "journal.jsonl").write_bytes(b'{"schema":"dosebench/jour')
    done = dosebench(tmp_path, "recover", "--out", "out")
    assert done.returncode == 0
    assert (
        "halved: was cut before its record began, or is damaged; nothing can be recovered, nothing in it is green" in done.stdout
    )
    assert not (halved / "manifest.json").exists()


REANALYSES = {
    "its own plan": ("", 0, "overall: PASS\n"),
    "tighter limits": ('"0.1 %"', 1, "new  FAIL"),
}


@pytest.mark.parametrize(("within", "status", "says"), REANALYSES.values(), ids=REANALYSES)
def test_a_run_is_judged_again(within: str, status: int, says: str, passed: Path, tmp_path: Path) -> None:
    words = []
    if within:
        (tmp_path / "new.toml").write_text((passed / "plan.toml").read_text().replace('"5 %"', within))
        words = ["--plan", "new.toml"]
    done = dosebench(tmp_path, "reanalyse", passed, *words, "--json", "again.json")
    assert done.returncode == status, done.stdout + done.stderr
    assert says in done.stdout
    assert ((tmp_path / "again.json").read_bytes() == (passed / "verdicts.json").read_bytes()) == (not within)
