"""Requirement to case to run to verdict, and back: what counts, what does not, and what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.evidence.signing import seal
from harness.plan import Plan, load_plan
from harness.traceability.data import as_json
from harness.traceability.matrix import Matrix, trace
from harness.traceability.requirements import load_requirements
from instruments.errors import ConfigError
from tests.harness.evidence.runs import CLOSED, OPERATOR
from tests.harness.traced import REQUIREMENTS, add_run, plan_file, requirements_file

# --- the requirements file ---

BROKEN = {
    "neither limits nor out of scope": (
        'limits = "stated"\n',
        "",
        r"toml:2: requirement.R1: needs one of two: limits .*, or out_",
    ),
    "both": ('limits = "stated"', 'limits = "stated"\nout_of_scope = "no"', r"requirement.R1: needs one of two"),
    "unknown limits": (
        '"stated"',
        '"guessed"',
        r"toml:5: requirement.R1.limits: .*'stated', 'published' or 'proposed'.*'guessed'",
    ),
    "no text": ('text = "One millilitre."\n', "", r"requirement.R1.text: is missing"),
    "empty text": ('"One millilitre."', '""', r"requirement.R1.text: .*at least 1 character"),
    "no reason": ('"Nobody waits so long."', '""', r"requirement.OUT.out_of_scope: .*at least 1 character"),
    "unknown key": ("on_bench", "bench", r"toml:11: requirement.R2.bench: unknown key"),
    "id with a space": ("[requirement.R1]", '[requirement."R 1"]', r"toml:2: requirement.R 1"),
    "no requirement": (REQUIREMENTS, "[requirement]\n", r"requirement: .*at least 1 item"),
    "not TOML": ("[requirement.R1]", "[requirement.R1", r"is not valid TOML"),
}


@pytest.mark.parametrize(("old", "new", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_requirements_file_is_one_clear_error(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert old in REQUIREMENTS
    with pytest.raises(ConfigError, match=message):
        load_requirements(requirements_file(tmp_path, REQUIREMENTS.replace(old, new, 1)))


# --- cases and runs ---

TWO = {"C1": ["R1"], "C2": ["R1", "R2"]}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return load_plan(plan_file(tmp_path, TWO))


@pytest.fixture
def matrix(tmp_path: Path, plan: Plan) -> Callable[[], Matrix]:
    """The matrix of the plan with what lies in ``runs`` by now."""
    return lambda: trace(load_requirements(requirements_file(tmp_path)), [plan], tmp_path / "runs")


WORDS = {
    "all pass": ("PASS", "PASS", "PASS", "PASS"),
    "one fails": ("FAIL", "PASS", "FAIL", "PASS"),
    "not of another's case": ("PASS", "FAIL", "FAIL", "FAIL"),
    "FAIL before ABORTED": ("ABORTED", "FAIL", "FAIL", "FAIL"),
    "ABORTED before INVALID": ("INVALID", "ABORTED", "ABORTED", "ABORTED"),
    "INVALID before INCONCLUSIVE": ("INCONCLUSIVE", "INVALID", "INVALID", "INVALID"),
    "INCONCLUSIVE is not PASS": ("PASS", "INCONCLUSIVE", "INCONCLUSIVE", "INCONCLUSIVE"),
    "one was not run": ("PASS", None, "partly run", "not run"),
    "one was not run, the other failed": ("FAIL", None, "FAIL", "not run"),
    "nothing was run": (None, None, "not run", "not run"),
}


@pytest.mark.parametrize(("first", "second", "r1", "r2"), WORDS.values(), ids=WORDS)
def test_the_word_of_a_requirement(first: str | None, second: str | None, r1: str, r2: str, tmp_path: Path) -> None:
    """Its cases are in two plans, and a run is of one of them."""
    plans = [load_plan(plan_file(tmp_path, cases, name)) for name, cases in (("P", {"C1": ["R1"]}), ("Q", {"C2": ["R1", "R2"]}))]
    for plan, word in zip(plans, (first, second), strict=True):
        if word is not None:
            add_run(tmp_path / "runs", plan, {plan.cases[0].id: word})
    found = trace(load_requirements(requirements_file(tmp_path)), plans, tmp_path / "runs")
    assert [found.word(name, "real") for name in ("R1", "R2", "OUT")] == [r1, r2, "out of scope"]
    assert found.never_run("real") == [name for name, word in (("P/C1", first), ("Q/C2", second)) if word is None]


LATEST = {
    "the later one counts": ([(1, "real", "FAIL"), (2, "real", "PASS")], [1], {"real": "PASS"}),
    "a later FAIL counts": ([(1, "real", "PASS"), (2, "real", "FAIL")], [1], {"real": "FAIL"}),
    "by its start, not by its name": ([(9, "real", "FAIL"), (10, "real", "PASS")], [1], {"real": "PASS"}),
    "each data source by itself": (
        [(1, "real", "FAIL"), (2, "simulated", "PASS"), (3, "replay", "INVALID"), (4, "simulated", "FAIL")],
        [0, 2, 3],
        {"real": "FAIL", "replay": "INVALID", "simulated": "FAIL"},
    ),
    "simulated is not real": ([(1, "simulated", "PASS")], [0], {"real": "not run", "simulated": "PASS"}),
}


@pytest.mark.parametrize(("runs", "counting", "words"), LATEST.values(), ids=LATEST)
def test_the_latest_run_of_a_data_source_counts_and_all_are_listed(
    runs: list[tuple[int, str, str]],
    counting: list[int],
    words: Mapping[str, str],
    tmp_path: Path,
    plan: Plan,
    matrix: Callable[[], Matrix],
) -> None:
    for hour, source, verdict in runs:
        add_run(tmp_path / "runs", plan, {"C1": verdict, "C2": verdict}, hour=hour, source=source)
    found = matrix()
    listed = found.cases[0].runs
    assert [(source, found.word("R1", source)) for source in found.sources] == list(words.items())
    assert [(one.run.started.hour, one.run.data_source, one.verdict) for one in listed] == runs
    assert [at for at, one in enumerate(listed) if one.standing.word != "superseded"] == counting


def test_a_run_of_another_revision_does_not_count_and_is_listed(tmp_path: Path, plan: Plan, matrix: Callable[[], Matrix]) -> None:
    text = plan.path.read_text("utf-8")
    plan.path.write_text(text.replace("5 %", "50 %"), encoding="utf-8")
    old = add_run(tmp_path / "runs", load_plan(plan.path), {"C1": "PASS", "C2": "PASS"}, hour=2)
    plan.path.write_text(text, encoding="utf-8")
    add_run(tmp_path / "runs", plan, {"C1": "FAIL", "C2": "FAIL"}, hour=1)
    found = matrix()
    assert found.word("R1", "real") == "FAIL"
    assert [run.name for run in found.outdated] == [old.name]


def test_runs_of_other_plans_do_not_count_and_are_listed(tmp_path: Path, matrix: Callable[[], Matrix]) -> None:
    other = load_plan(plan_file(tmp_path, {"C1": ["R1"]}, "Q"))
    folder = add_run(tmp_path / "runs", other, {"C1": "PASS"})
    found = matrix()
    assert (found.word("R1", "real"), found.outdated) == ("not run", [])
    assert [run.name for run in found.of_other_plans] == [folder.name]


# --- whether a run still holds ---


def _edited(folder: Path) -> None:
    path = folder / "verdicts.json"
    path.write_text(path.read_text("utf-8").replace("INCONCLUSIVE", "PASS"), encoding="utf-8")


def _nothing(folder: Path) -> None:
    """As it was."""


def _signed(folder: Path) -> None:
    seal(folder, OPERATOR, "Operator 17", "executed", CLOSED)


STANDING = {
    "closed": (_nothing, "PASS", True, "closed", "PASS", ""),
    "signed": (_signed, "PASS", True, "signed", "PASS", "signature 1: executed by Operator 17"),
    "a verdict was changed": (_edited, "INCONCLUSIVE", True, "does not hold", "INVALID", "verdicts.json"),
    "cut": (_nothing, "PASS", False, "not closed", "ABORTED", "NOT CLOSED"),
    "cut after a FAIL": (_nothing, "FAIL", False, "not closed", "FAIL", "NOT CLOSED"),
}


@pytest.mark.parametrize(("change", "verdict", "closed", "word", "counts_as", "told"), STANDING.values(), ids=STANDING)
def test_a_run_counts_as_far_as_it_holds(
    change: Callable[[Path], None],
    verdict: str,
    closed: bool,
    word: str,
    counts_as: str,
    told: str,
    tmp_path: Path,
    plan: Plan,
    matrix: Callable[[], Matrix],
) -> None:
    change(add_run(tmp_path / "runs", plan, {"C1": verdict, "C2": verdict}, closed=closed))
    (found,) = matrix().cases[0].runs
    assert (found.standing.word, found.verdict) == (word, counts_as)
    assert told in "".join(found.standing.told)


def test_a_run_that_does_not_hold_hides_the_one_before_it(tmp_path: Path, plan: Plan, matrix: Callable[[], Matrix]) -> None:
    add_run(tmp_path / "runs", plan, {"C1": "PASS", "C2": "PASS"}, hour=1)
    _edited(add_run(tmp_path / "runs", plan, {"C1": "INCONCLUSIVE", "C2": "PASS"}, hour=2))
    assert matrix().word("R1", "real") == "INVALID"


def test_a_verdict_that_was_carried_over_names_the_run_it_is_from(
    tmp_path: Path, plan: Plan, matrix: Callable[[], Matrix]
) -> None:
    add_run(tmp_path / "runs", plan, {"C1": "PASS", "C2": "PASS"}, carried="the-run-before")
    assert [[run.carried_from for run in case.runs] for case in matrix().cases] == [["the-run-before"], [""]]


NO_START = '{"run": "x", "plan": {"id": "P", "sha256": ""}, "data_source": "real", "started": "?"}'
UNREADABLE = {
    "no verdicts": ("verdicts.json", None, "is not the verdicts file of a run"),
    "damaged verdicts": ("verdicts.json", "{", "is not the verdicts file of a run"),
    "damaged identity": ("run.json", "{", "is not the folder of a run"),
    "identity that says too little": ("run.json", '{"run": "x"}', "does not tell what was run (KeyError('plan'))"),
    "a start that is none": ("run.json", NO_START, "ValueError"),
}


@pytest.mark.parametrize(("name", "content", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_folder_that_cannot_be_read_is_listed(
    name: str, content: str | None, reason: str, tmp_path: Path, plan: Plan, matrix: Callable[[], Matrix]
) -> None:
    path = add_run(tmp_path / "runs", plan, {"C1": "PASS", "C2": "PASS"}) / name
    path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    (found,) = matrix().unreadable
    assert found.name == path.parent.name
    assert reason in found.reason
    assert str(tmp_path) not in found.reason


# --- what is missing ---

GAPS: Mapping[str, tuple[Mapping[str, list[str]], Mapping[str, list[object]]]] = {
    "nothing": (TWO, {}),
    "a requirement without a case": ({"C1": ["R1"]}, {"requirements_without_case": ["R2"]}),
    "a case with an unknown one beside": (
        {"C1": ["R1", "R2"], "C2": ["R1", "R9"]},
        {"unknown_requirements": [("P/C2", "R9")]},
    ),
    "a case with nothing but an unknown one": (
        {"C1": ["R1", "R2"], "C2": ["R9"]},
        {"unknown_requirements": [("P/C2", "R9")], "cases_without_requirement": ["P/C2"]},
    ),
    "out of scope, with a case": ({"C1": ["R1", "R2", "OUT"]}, {"out_of_scope_with_case": ["OUT"]}),
}


@pytest.mark.parametrize(("cases", "gaps"), GAPS.values(), ids=GAPS)
def test_gaps(cases: Mapping[str, list[str]], gaps: Mapping[str, list[object]], tmp_path: Path) -> None:
    matrix = trace(load_requirements(requirements_file(tmp_path)), [load_plan(plan_file(tmp_path, cases))], tmp_path / "runs")
    found = matrix.gaps
    assert {name: getattr(found, name) for name in found.__slots__ if getattr(found, name)} == gaps
    assert as_json(matrix)["complete"] == (not gaps)


def test_two_plans_with_one_id_are_refused(tmp_path: Path, plan: Plan) -> None:
    with pytest.raises(ConfigError, match=r"plan.id: 'P' is the id of .*P.toml too; give each plan its own"):
        trace(load_requirements(requirements_file(tmp_path)), [plan, plan], tmp_path)


# --- as data ---


def test_the_data_lead_from_requirement_to_run_and_back(tmp_path: Path, plan: Plan, matrix: Callable[[], Matrix]) -> None:
    folder = add_run(tmp_path / "runs", plan, {"C1": "PASS", "C2": "FAIL"}, source="simulated")
    found = json.loads(json.dumps(as_json(matrix())))
    assert (found["schema"], found["complete"], found["data_sources"]) == ("dosebench/trace/1", True, ["real", "simulated"])
    one, two, out = found["requirements"]
    assert (one["id"], one["cases"], one["verdict"]) == ("R1", ["P/C1", "P/C2"], {"real": "not run", "simulated": "FAIL"})
    assert (two["on_bench"], out["out_of_scope"], out["cases"]) == ("Only the volume.", "Nobody waits so long.", [])
    first, second = found["cases"]
    assert (first["name"], first["requirement"], first["procedure"]) == ("P/C1", ["R1"], "bolus")
    assert second["verdict"] == {"real": "not run", "simulated": "FAIL"}
    assert [(run["folder"], run["verdict"], run["standing"]) for run in second["runs"]] == [(folder.name, "FAIL", "closed")]
    assert second["runs"][0]["plan_sha256"] == plan.sha256 == found["plans"][0]["sha256"]
    assert found["never_run"] == {"real": ["P/C1", "P/C2"], "simulated": []}
    assert str(tmp_path) not in json.dumps(found)
