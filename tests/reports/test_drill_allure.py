"""The Allure run of a drill: a result for each cell, red exactly where a verdict was not right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reports.drill_allure import drill_report, write_drill_results
from tests.reports.drills import BLIND, UNASKED, cell, drill, wrong

MISSED = cell("rate-gain:+3%", verdicts={"FAIL": 18, "PASS": 2}, ok=False)
OTHER = cell("rate-gain:+3%", "itb_screening", verdicts={"FAIL": 19, "PASS": 1}, ok=False)
DRILL = drill(
    *(cell(), MISSED, OTHER, BLIND),
    wrong=[wrong(MISSED, "PASS"), wrong(MISSED, "PASS", seed=9), wrong(OTHER, "PASS", seed=3)],
    ok=False,
)


def results(folder: Path) -> list[dict[str, Any]]:
    found = [json.loads(path.read_bytes()) for path in folder.glob("*-result.json")]
    return sorted(found, key=lambda result: result["start"])


def test_a_result_for_each_cell(tmp_path: Path) -> None:
    write_drill_results(DRILL, tmp_path)
    clean, missed, _, blind = results(tmp_path)
    labels = {label["name"]: label["value"] for label in missed["labels"]}
    assert [clean["status"], missed["status"], blind["status"]] == ["passed", "failed", "passed"]
    assert missed["name"] == "rate-gain:+3% on daily_check: FAIL 18/20, PASS 2/20"
    assert missed["parameters"] == [{"name": "faults", "value": "rate-gain:+3%"}, {"name": "seeds", "value": "20"}]
    assert labels["parentSuite"] == "daily_check on simulated"
    assert labels["suite"] == "A fault that the plan is there to tell"
    assert labels["tag"] == "simulated"
    assert "rate-gain: the plunger moves faster (+) or slower (-) than set." in missed["description"]
    assert "Why it cannot be told: 1 mg is" in blind["description"]
    assert "statusDetails" not in clean


def test_a_failed_result_has_the_commands_of_its_own_wrong_runs(tmp_path: Path) -> None:
    write_drill_results(DRILL, tmp_path)
    _, missed, other, _ = results(tmp_path)
    assert missed["statusDetails"]["message"] == "WRONG: missed fault: 2 runs of 20; FAIL 18/20, PASS 2/20"
    seeds = [[line.rpartition(" ")[2] for line in one["statusDetails"]["trace"].splitlines()] for one in (missed, other)]
    assert seeds == [["7", "9"], ["3"]]


DETAILS = [
    # cell, how its message begins, what its description says
    (
        cell("drips", verdicts={"CRASHED": 2, "PASS": 1}, ok=False),
        "WRONG: no verdict at all, missed fault: 3 runs of 3; ",
        "Right: 0 of 3, ",
    ),
    (
        {**UNASKED, "verdicts": {"FAIL": 1}, "ok": False},
        "WRONG: alarm without a case for it: 1 run of 1; ",
        "Why it is not asked: no case",
    ),
]


@pytest.mark.parametrize(("plain", "message", "told"), DETAILS)
def test_a_failed_result_says_what_went_wrong(plain: dict[str, Any], message: str, told: str, tmp_path: Path) -> None:
    write_drill_results(drill(plain, ok=False), tmp_path)
    (found,) = results(tmp_path)
    assert found["statusDetails"]["message"].startswith(message)
    assert told in found["description"]


def test_results_have_names_and_times_of_their_own(tmp_path: Path) -> None:
    write_drill_results(DRILL, tmp_path)
    found = results(tmp_path)
    assert len({result["historyId"] for result in found}) == 4
    assert found[0]["start"] == 1_795_323_600_000
    assert [result["stop"] - result["start"] for result in found] == [31_250] * 4
    assert found[1]["start"] == found[0]["stop"]


def test_an_earlier_drill_leaves_nothing_and_the_same_drill_the_same(tmp_path: Path) -> None:
    write_drill_results(drill(), tmp_path)
    write_drill_results(DRILL, tmp_path)
    first = results(tmp_path)
    write_drill_results(DRILL, tmp_path)
    assert len(first) == 4
    assert results(tmp_path) == first
    assert "Data\\ source=SIMULATED" in (tmp_path / "environment.properties").read_text("ascii")


def test_without_its_tools_the_report_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.node.nodes", lambda: iter(()))
    write_drill_results(DRILL, tmp_path / "allure-results")
    found = drill_report(tmp_path, DRILL, tmp_path / "qualification.html")
    assert found.report is None
    assert found.summary == tmp_path / "qualification.html"
    assert "dosebench tools" in found.missing
