"""What stands in two places of a run: a change in one of them is found, also when the manifest was made again afterwards."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.evidence.manifest import write_manifest
from harness.evidence.verifier import FolderFiles, check_run, what_is_wrong
from harness.recovery import close_cut
from instruments.clock import utc_now
from instruments.errors import ConfigError
from reports.publish import republish
from tests.harness.test_recovery import cut, finished

Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("copies"))


def wrong(folder: Path) -> list[str]:
    return [str(found) for found in what_is_wrong(check_run(FolderFiles(folder)))]


def text(name: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        before = (folder / name).read_text(encoding="utf-8")
        assert old in before
        (folder / name).write_text(before.replace(old, new, 1), encoding="utf-8")

    return change


def plain(name: str, act: Callable[[dict[str, Any]], object]) -> Change:
    def change(folder: Path) -> None:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
        act(found)
        (folder / name).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    return change


def of_first(key: str, value: object) -> Change:
    return plain("verdicts.json", lambda found: found["cases"][0]["measurands"][0].update({key: value}))


CHANGES: dict[str, tuple[Change, str]] = {
    "limit in the plan": (text("plan.toml", '"5 %"', '"9 %"'), r"plan\.toml.*expected the text that the head of the journal has"),
    "bench": (text("bench.toml", "0.1 mg", "0.2 mg"), r"bench\.toml.*expected the text"),
    "operator": (plain("run.json", lambda run: run["people"].update(operator="x")), r"run\.json.*expected people"),
    "versions": (plain("run.json", lambda run: run.pop("versions")), r"run\.json.*expected versions"),
    "value": (
        of_first("value", 0.9999),
        r"verdicts\.json.*expected value 1\.\d+ of 'bolus volume' by the journal, found 0\.9999",
    ),
    "limits": (of_first("limits", [0.0, 9.0]), r"expected limits \[0\.95, 1\.05\] of 'bolus volume'"),
    "no measurand": (
        plain("verdicts.json", lambda run: run["cases"][1]["measurands"].clear()),
        r"expected 1 measurands of case 'BOLUS-2'",
    ),
    "case's verdict": (
        plain("verdicts.json", lambda run: run["cases"][0].update(verdict="FAIL")),
        r"expected PASS for case 'BOLUS' by the journal, found 'FAIL'",
    ),
    "no case": (plain("verdicts.json", lambda run: run["cases"].pop()), r"expected the cases BOLUS, BOLUS-2, found BOLUS"),
    "no JSON": (lambda folder: (folder / "run.json").write_text("{") and None, r"run\.json.*expected what is known of a run"),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_found_although_the_manifest_was_made_again(
    change: Change, message: str, passed: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(passed, tmp_path / "run"))
    assert wrong(folder) == []
    change(folder)
    write_manifest(folder, versions={}, closed=utc_now())
    found = wrong(folder)
    assert len(found) == 1
    assert re.search(message, found[0]), found[0]


def test_the_verdict_of_a_run_is_that_of_its_cases(passed: Path, tmp_path: Path) -> None:
    """FAIL cannot be written over a run in which everything passed, nor the other way round."""
    folder = Path(shutil.copytree(passed, tmp_path / "run"))
    plain("verdicts.json", lambda run: run.update(verdict="FAIL"))(folder)
    write_manifest(folder, versions={}, closed=utc_now())
    assert "expected PASS for the run by its cases, found 'FAIL'" in wrong(folder)[0]


def test_a_run_that_was_cut_overrules_what_was_judged_before(passed: Path, tmp_path: Path) -> None:
    folder = cut(passed, tmp_path / "cut", "phase", "BOLUS-2", "bolus")
    close_cut(folder)
    write_manifest(folder, versions={}, closed=utc_now())
    assert wrong(folder) == []


@pytest.mark.parametrize("change", [CHANGES["value"][0], lambda folder: (folder / "note.txt").write_text("x") and None])
def test_pages_are_not_made_again_over_a_run_that_was_changed(change: Change, passed: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(passed, tmp_path / "run"))
    manifest = (folder / "manifest.json").read_bytes()
    change(folder)
    with pytest.raises(ConfigError, match="its pages cannot be made again, 'dosebench verify' finds: DOES NOT HOLD"):
        republish(folder)
    assert (folder / "manifest.json").read_bytes() == manifest
