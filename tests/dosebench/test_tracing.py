"""``dosebench trace``: exit status, text, data and page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dosebench.cli import main
from harness.plan import load_plan
from tests.harness.traced import add_run, plan_file, requirements_file

STATUS = {
    "whole": ({"C1": ["R1", "R2"]}, 0, "R2           not run       P/C1"),
    "a requirement without a case": ({"C1": ["R1"]}, 1, "Requirements without a case (1): R2"),
    "an unknown requirement": ({"C1": ["R1", "R2", "R9"]}, 1, "does not have (1): P/C1: R9"),
}


Told = tuple[int, str, str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with ``test_plans`` in it."""
    (tmp_path / "test_plans").mkdir()
    requirements_file(tmp_path / "test_plans")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def dosebench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Exit status, standard output and standard error of a command line."""

    def run(*words: str | Path) -> Told:
        monkeypatch.setattr("sys.argv", ["dosebench", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return run


@pytest.mark.parametrize(("cases", "status", "line"), STATUS.values(), ids=STATUS)
def test_without_a_plan_all_of_test_plans_is_traced(
    cases: dict[str, list[str]], status: int, line: str, folder: Path, dosebench: Callable[..., Told]
) -> None:
    plan_file(folder / "test_plans", cases)
    found, told, _ = dosebench("trace")
    assert found == status
    assert line in told


def test_verdicts_do_not_change_the_status_and_go_into_text_data_and_page(folder: Path, dosebench: Callable[..., Told]) -> None:
    path = plan_file(folder, {"C1": ["R1", "R2"]})
    add_run(folder / "kept", load_plan(path), {"C1": "FAIL"}, source="simulated")
    words = ("trace", path, path, "--runs", "kept", "--json", "out/trace.json", "--page", "out/trace.html")
    status, told, _ = dosebench(*words)
    assert status == 0
    assert "FAIL (simulated)" in told
    assert json.loads((folder / "out" / "trace.json").read_text("utf-8"))["requirements"][0]["verdict"]["simulated"] == "FAIL"
    assert "FAIL (simulated)" in (folder / "out" / "trace.html").read_text("utf-8")


USAGE = {
    "no plans": (("trace",), "test_plans: has no plan files (.toml); name the plans to trace"),
    "no such plan": (("trace", "no.toml"), "no.toml: there is no such file"),
    "no such requirements": (("trace", "P.toml", "--requirements", "no.toml"), "no.toml: there is no such file"),
    "a plan for requirements": (("trace", "P.toml", "--requirements", "P.toml"), "P.toml:2: plan: unknown key"),
    "no such runs": (("trace", "P.toml", "--runs", "no"), "Directory 'no' does not exist"),
    "nowhere to write": (("trace", "P.toml", "--json", "P.toml/x"), "P.toml/x: the matrix cannot be written there"),
}


@pytest.mark.parametrize(("words", "message"), USAGE.values(), ids=USAGE)
def test_bad_input_is_one_clear_error(words: tuple[str, ...], message: str, folder: Path, dosebench: Callable[..., Told]) -> None:
    plan_file(folder, {"C1": ["R1", "R2"]})
    status, told, error = dosebench(*words)
    assert status == 64, told
    assert message in error
    assert "Traceback" not in error
