"""Allure results of a run from its first moment to its end: aborted until it is closed, then what its verdicts say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.verdicts import CaseVerdict, RunVerdict, Verdict
from reports.allure3 import ReportError
from reports.allure_results import RESULTS, STAGED, Planned, deliver, settle, stand_by
from tests.fixtures.test_plugin import BENCH, two_cases

PLANNED = [Planned(name, f"[SIMULATED] {name}", f"plan.toml#{name}", f"test-{name}", f"history-{name}") for name in "ABC"]


def run_of(verdicts: Mapping[str, str]) -> RunVerdict:
    cases = [CaseVerdict(name, name, Verdict(word), (), (), ("why", "and why")) for name, word in verdicts.items()]
    return RunVerdict("r-1", "simulated", tuple(cases))


def staged(folder: Path, name: str, status: str, /, **more: Any) -> dict[str, Any]:
    """A result as allure-pytest leaves it."""
    result = {
        "uuid": f"u-{name}", "name": f"[SIMULATED] {name}", "fullName": f"plan.toml#{name}", "testCaseId": f"test-{name}",
        "historyId": f"history-{name}", "status": status, "statusDetails": {"message": "said", "trace": "where"},
        "attachments": [{"name": "masses", "source": f"{name}.csv", "type": "text/csv"}], "start": 1, "stop": 2, **more,
    }  # fmt: skip
    (folder / STAGED).mkdir(exist_ok=True)
    (folder / STAGED / f"u-{name}-result.json").write_text(json.dumps(result))
    (folder / STAGED / f"{name}.csv").write_text("t_s,mass_g\n")
    return result


def results(folder: Path) -> dict[str, dict[str, Any]]:
    """By test case; each is there once."""
    found = [json.loads(path.read_bytes()) for path in (folder / RESULTS).glob("*-result.json")]
    assert len({one["testCaseId"] for one in found}) == len(found)
    return {one["testCaseId"].removeprefix("test-"): one for one in found}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a run that has begun."""
    stand_by(tmp_path, PLANNED, "simulated")
    return tmp_path


def test_every_case_is_there_as_aborted_from_the_beginning(folder: Path) -> None:
    for name, found in results(folder).items():
        assert (found["status"], found["stage"]) == ("broken", "finished")
        assert found["name"] == f"ABORTED: [SIMULATED] {name}"
        assert found["statusDetails"]["message"] == "ABORTED: the run has not been closed"
        assert (found["fullName"], found["historyId"]) == (f"plan.toml#{name}", f"history-{name}")
        assert {"name": "tag", "value": "simulated"} in found["labels"]
        assert found["start"] > 0  # or a report would begin before all others, and show none of them as its past
    assert set(results(folder)) == set("ABC")
    assert len({found["uuid"] for found in results(folder).values()}) == 3


STATUSES = [
    # the verdict, what allure-pytest wrote, what is shown
    ("PASS", "passed", "passed"),
    ("FAIL", "failed", "failed"),
    ("INCONCLUSIVE", "broken", "broken"),
    ("INVALID", "broken", "broken"),
    ("ABORTED", "broken", "broken"),
    ("ABORTED", "passed", "broken"),  # broken off by KeyboardInterrupt
    ("ABORTED", "skipped", "broken"),
    ("INVALID", "passed", "broken"),
    ("FAIL", "passed", "failed"),
    ("FAIL", "broken", "failed"),
    ("INCONCLUSIVE", "failed", "broken"),
    ("PASS", "broken", "passed"),
]


@pytest.mark.parametrize(("verdict", "written", "shown"), STATUSES)
def test_what_is_shown_is_what_the_verdict_says(verdict: str, written: str, shown: str, folder: Path) -> None:
    before = staged(folder, "A", written)
    assert settle(folder, run_of({"A": verdict, "B": "PASS", "C": "ABORTED"})) == folder / RESULTS
    found = results(folder)["A"]
    assert found["status"] == shown
    if verdict == "ABORTED":
        assert (found["name"], found["statusDetails"]["trace"]) == ("ABORTED: [SIMULATED] A", "where")
        assert found["statusDetails"]["message"] == "ABORTED: why; and why"
    else:
        assert found == {**before, "status": shown}
    assert not (folder / STAGED).exists()
    assert (folder / RESULTS / "A.csv").read_text() == "t_s,mass_g\n"


def test_what_was_written_as_aborted_while_the_run_went_on_gets_its_name_and_status_back(folder: Path) -> None:
    before = staged(folder, "A", "broken", name="ABORTED: [SIMULATED] A")
    settle(folder, run_of({"A": "PASS", "B": "ABORTED", "C": "ABORTED"}))
    assert results(folder)["A"] == {**before, "name": "[SIMULATED] A", "status": "passed"}


def test_a_case_that_nothing_was_written_of_stays_with_the_reason_that_is_known_now(folder: Path) -> None:
    staged(folder, "A", "passed")
    settle(folder, run_of({"A": "PASS", "B": "ABORTED", "C": "INVALID"}))
    found = results(folder)
    assert {name: one["status"] for name, one in found.items()} == {"A": "passed", "B": "broken", "C": "broken"}
    assert found["B"]["name"] == "ABORTED: [SIMULATED] B"
    assert found["B"]["statusDetails"]["message"] == "ABORTED: why; and why"


def test_a_run_that_was_killed_before_anything_was_written_is_there_whole(folder: Path) -> None:
    settle(folder, run_of(dict.fromkeys("ABC", "ABORTED")))
    assert {name: one["status"] for name, one in results(folder).items()} == dict.fromkeys("ABC", "broken")


def test_settling_twice_changes_nothing(folder: Path) -> None:
    staged(folder, "A", "passed")
    run = run_of({"A": "ABORTED", "B": "FAIL", "C": "ABORTED"})
    settle(folder, run)
    before = results(folder)
    settle(folder, run)
    assert results(folder) == before
    assert before["A"]["name"] == "ABORTED: [SIMULATED] A"


def test_other_tests_beside_the_plan_are_left_as_they_are(folder: Path) -> None:
    before = staged(folder, "else", "passed")
    settle(folder, run_of(dict.fromkeys("ABC", "ABORTED")))
    assert results(folder)["else"] == before


def test_half_a_result_that_a_kill_left_costs_no_other(folder: Path) -> None:
    """Its case stands as aborted, as it did before."""
    staged(folder, "A", "failed")
    staged(folder, "B", "passed")
    torn = folder / STAGED / "u-B-result.json"
    torn.write_bytes(torn.read_bytes()[:-1])
    settle(folder, run_of({"A": "FAIL", "B": "ABORTED", "C": "ABORTED"}))
    assert {name: one["status"] for name, one in results(folder).items()} == {"A": "failed", "B": "broken", "C": "broken"}


def test_results_that_cannot_be_put_in_order_are_told(folder: Path) -> None:
    path = next((folder / RESULTS).iterdir())
    path.write_text("[]")
    with pytest.raises(ReportError, match="its Allure results cannot be put in order"):
        settle(folder, run_of(dict.fromkeys("ABC", "PASS")))


def test_who_asked_for_results_elsewhere_gets_a_copy(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "wanted").mkdir()
    (tmp_path / "wanted" / "before.json").write_text("{}")
    deliver(settle(folder, run_of(dict.fromkeys("ABC", "ABORTED"))), tmp_path / "wanted")
    names = {path.name for path in (folder / RESULTS).iterdir()}
    assert {path.name for path in (tmp_path / "wanted").iterdir()} == {*names, "before.json"}


COPY = """
import shutil
from fixtures.items import CAMPAIGN
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    folder = session.config.stash[CAMPAIGN].folder
    shutil.copytree(folder / "allure-results", session.config.rootpath / "standing")
"""


def test_what_stands_by_has_the_ids_that_allure_pytest_gives(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the trend of a case would begin anew with every run that was cut."""
    monkeypatch.setenv("PATH", "")  # no report: it costs seconds and is not looked at
    pytester.makeconftest(COPY)
    pytester.makeini("[pytest]\n")
    words = (str(two_cases(pytester.path)), "--bench", str(BENCH), "--out", "out", "-p", "fixtures.plugin")
    pytester.runpytest_subprocess(*words).assert_outcomes(passed=2)
    (after,) = (pytester.path / "out").glob("*/allure-results")
    standing, real = (ids(folder) for folder in (pytester.path / "standing", after))
    assert [one["testCaseId"] for one in standing] == [one["testCaseId"] for one in real]
    assert [{**one, "name": f"ABORTED: {one['name']}"} for one in real] == standing


def ids(folder: Path) -> list[dict[str, str]]:
    found = [json.loads(path.read_bytes()) for path in folder.glob("*-result.json")]
    names = ("name", "fullName", "testCaseId", "historyId")
    return sorted(({name: one[name] for name in names} for one in found), key=lambda one: one["testCaseId"])
