"""``dosebench plan``: exit status, text and data of a check; the schemas, and the page on the plan language."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docs.reference.plan_tables import PAGE, SCHEMAS, page
from dosebench.cli import main
from dosebench.planning import schema_text
from harness.bench import load_bench
from harness.campaign import Campaign
from harness.cases import Case
from harness.dryrun import check
from harness.plan import load_plan
from harness.readback import read_journal
from harness.recorder import JOURNAL
from harness.schema import bench_schema, case_models, plan_schema
from instruments.errors import ConfigError
from tests.conftest import ROOT

PLANS = [path for path in sorted((ROOT / "test_plans").glob("*.toml")) if path.name != "requirements.toml"]
BENCHES = sorted((ROOT / "benches").glob("*.toml"))
SCREENING, SIMULATED = ROOT / "test_plans" / "itb_screening.toml", ROOT / "benches" / "simulated.toml"
WIDE, NARROW = 'volume_error = { within = "5 %"', 'volume_error = { within = "0.05 %"'

Told = tuple[int, str, str]


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


def changed(folder: Path, old: str, new: str) -> Path:
    text = SCREENING.read_text(encoding="utf-8")
    assert old in text
    (folder / "plan.toml").write_text(text.replace(old, new), encoding="utf-8")
    return folder / "plan.toml"


CHECKS = {
    # a change of the screening plan; exit status, in the text, in the errors
    "as it is": ("", "", 0, r"ITB-EMPTY  run-to-empty .* 2\.9 mL +0 mL", r"\A\Z"),
    "a limit that nothing can pass": (WIDE, NARROW, 2, r"case ITB-SCR1: bolus volume: .*what would help: a needle", r"\A\Z"),
    "a dose that weighs too little": (
        'volume = "1 mL"\nover = "75 s"',
        'volume = "0.05 mL"\nover = "75 s"\nconcentration = "1 mg/mL"',
        0,
        r"warning: case ITB-SCR1: 49.8 mg will be weighed, less than .* 200 mg; weigh 0.201 mL or more",
        r"\A\Z",
    ),
    "a step by hand": (
        'over = "75 s"',
        'over = "75 s"\noperator = ["look"]',
        0,
        r"warning: somebody has to be there: steps are done by hand in ITB-SCR1",
        r"\A\Z",
    ),
    "a limit that is proposed": (
        'hold = "4 h"',
        'hold = "3 h"',
        0,
        r"proposed, to be confirmed by whoever uses the plan: ITB-SCR1: volume_error, .*; ITB-SCR2: volume_error,",
        r"\A\Z",
    ),
    "a dose that is not its volume": ('"1.5 mL"', '"15 mL"', 64, r"\A\Z", r"case 2: volume: 75 ug at 50 ug/mL is 1.5 mL"),
    "more than there is in the pump": ('"0.2 mL/h"', '"2 mL/h"', 64, r"\A\Z", r"ITB-CONT: needs 26 mL, and"),
    "no time for it": ('"24 h"', '"1 h"', 64, r"\A\Z", r"ITB-SCR2: after.start_to_start: .*\n.*ITB-SCR3: after"),
    "broken": ('id = "ITB-SCR"', "", 64, r"\A\Z", r"plan.toml:\d+: plan.id: is missing"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "status", "text", "error"), CHECKS.values(), ids=CHECKS)
def test_a_check_tells_what_can_be_found_out(
    old: str, new: str, status: int, text: str, error: str, dosebench: Callable[..., Told], tmp_path: Path
) -> None:
    data = tmp_path / "check.json"
    found = dosebench("plan", "check", changed(tmp_path, old, new), "--bench", SIMULATED, "--json", data)
    assert found[0] == status
    assert re.search(text, found[1])
    assert re.search(error, found[2])
    told = json.loads(data.read_text(encoding="utf-8"))
    assert (told["schema"], told["status"], bool(told["refused"])) == ("dosebench/plan-check/1", status, status == 64)


def test_the_data_of_a_check_hold_all_of_it(dosebench: Callable[..., Told], tmp_path: Path) -> None:
    dosebench("plan", "check", SCREENING, "--bench", SIMULATED, "--json", tmp_path / "check.json")
    told = json.loads((tmp_path / "check.json").read_text(encoding="utf-8"))
    plan = load_plan(SCREENING)
    assert (told["plan"]["sha256"], told["bench"]["id"]) == (plan.sha256, "simulated")
    dry = told["dry_run"]
    ends = datetime.fromisoformat(told["starts"]) + timedelta(seconds=dry["duration_s"])
    assert datetime.fromisoformat(told["ends"]) == ends
    assert [case["case"] for case in dry["cases"]] == [case.id for case in plan.cases]
    assert dry["cases"][1]["starts_s"] - dry["cases"][0]["starts_s"] == 24 * 3600
    assert dry["cases"][-1]["left_ml"] == pytest.approx(0.0, abs=1e-9)
    assert dry["volume_ml"] == pytest.approx(10.0)
    assert {found["case"] for found in dry["forecasts"]} == {case.id for case in plan.cases}


def test_a_run_keeps_its_check_in_the_head_of_its_journal(tmp_path: Path) -> None:
    plan, bench = load_plan(SCREENING), load_bench(SIMULATED)
    campaign = Campaign(plan, bench, tmp_path)
    campaign.close()
    kept = read_journal(campaign.folder / JOURNAL).head["dry_run"]
    expected = check(plan, bench, datetime(2026, 1, 1).astimezone().date())
    assert kept["volume_ml"] == expected.volume_ml
    assert [case["starts_s"] for case in kept["cases"]] == [case.starts_s for case in expected.cases]
    assert kept["forecasts"][0]["fails_beyond"] == list(expected.forecasts[0].fails_beyond)


# --- the schemas ---


@pytest.mark.parametrize(("name", "of"), SCHEMAS.items())
def test_a_shipped_schema_is_the_one_that_the_models_give(name: str, of: str, dosebench: Callable[..., Told]) -> None:
    """``python -m docs.reference.plan_tables`` writes it."""
    status, told, _ = dosebench("plan", "schema", of)
    assert status == 0
    assert told == schema_text(of) == (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.loads(told))


def tables_of(path: Path) -> Any:
    """As JSON has them: a day is a text."""
    return json.loads(json.dumps(tomllib.loads(path.read_text(encoding="utf-8")), default=str))


SHIPPED = {path.stem: (path, of) for paths, of in ((PLANS, "plan"), (BENCHES, "bench")) for path in paths}


@pytest.mark.parametrize(("path", "of"), SHIPPED.values(), ids=SHIPPED)
def test_every_shipped_file_keeps_to_its_schema(path: Path, of: str) -> None:
    schema = {"plan": plan_schema, "bench": bench_schema}[of]()
    assert [error.message for error in Draft202012Validator(schema).iter_errors(tables_of(path))] == []


AGAINST = {
    "no unit": {"over": "75"},
    "a bare number": {"over": 75},
    "an unknown key": {"hold_on": "4 h"},
    "a key of another procedure": {"check_weight": "50 g"},
    "no procedure of ours": {"procedure": "bollus"},
    "a procedure of test functions": {"procedure": "python"},
    "no requirement": {"requirement": []},
    "a limit of nothing": {"volume_error": {}},
    "a limit with a key too many": {"volume_error": {"within": "5 %", "withn": "5 %"}},
    "a matrix of one value": {"matrix": {"dose": "50 ug"}},
    "a matrix of ids": {"matrix": {"id": ["A"]}},
    "too many repeats": {"repeats": 501},
    "something needed that is nowhere": {"over": None},
}
WITHIN: dict[str, dict[str, Any]] = {
    "as it is": {},
    "in the matrix": {"over": None, "matrix": {"over": ["75 s", "2 min"]}},
    "repeated": {"repeats": 3},
    "a limit from the spec table": {"volume_error": {"spec": "ITB-SCR1-VOL", "rule": "simple"}},
    "micro as it is printed": {"dose": "50 µg"},
}


def with_case(changes: dict[str, Any]) -> Any:
    tables = tables_of(SCREENING)
    case = {**tables["case"][0], **changes}
    return {**tables, "case": [{key: value for key, value in case.items() if value is not None}]}


@pytest.mark.parametrize("changes", AGAINST.values(), ids=AGAINST)
def test_an_editor_sees_what_is_wrong(changes: dict[str, Any]) -> None:
    assert not Draft202012Validator(plan_schema()).is_valid(with_case(changes))


@pytest.mark.parametrize("changes", WITHIN.values(), ids=WITHIN)
def test_an_editor_leaves_alone_what_is_right(changes: dict[str, Any]) -> None:
    assert [error.message for error in Draft202012Validator(plan_schema()).iter_errors(with_case(changes))] == []


@pytest.mark.parametrize("schema", [plan_schema, bench_schema])
def test_every_key_has_its_meaning(schema: Callable[[], Any]) -> None:
    """A key that no docstring names has its word in ``harness/schema_words.py``."""
    made = schema()
    tables = {"": made, **made["$defs"]}
    bare = [
        f"{name}.{key}"
        for name, table in tables.items()
        for key, found in table.get("properties", {}).items()
        if not found["description"].partition("(")[0]
    ]
    assert bare == []


def test_a_description_bounds_what_is_read() -> None:
    case = plan_schema()["$defs"]["BolusCase"]["properties"]
    assert case["over"]["description"].endswith("(more than 0 s)")
    assert plan_schema()["$defs"]["Preparation"]["properties"]["blank"]["default"] == "1 h"


# --- the page ---

EXAMPLE = next(iter(re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)))
CHANGES = {
    "flow_errors: unknown key": ("flow_error =", "flow_errors ="),
    "over: a quantity needs": ('over = "2 min"', "over = 120"),
    "volume: 250 ug": ('dose = "250 ug"', 'dose = "250 ug"\nvolume = "1 mL"'),
    "matrix.rate: '3 mg'": ('"3 mg/day"', '"3 mg"'),
    "title: {speed}": ("{rate} for", "{speed} for"),
    "matrix: has 'duration'": ("matrix = { ", 'matrix = { duration = ["1 h"], '),
    "needs: 'DOSES'": ('needs = ["DOSE"]', 'needs = ["DOSES"]'),
    "volume_error: has within": ('{ within = "5 %", basis = "proposed" }', '{ within = "5 %", at_most = "5 %" }'),
    "volume_error: spec 'X'": ('{ within = "5 %", basis = "proposed" }', '{ spec = "X" }'),
    "'bollus' is no procedure": ('"bolus"', '"bollus"'),
}
"""A piece of a message of the page, and the change of its example that brings it."""
REFUSED = re.findall(r"^\| `(.*?)` \|", PAGE.read_text(encoding="utf-8").split("## What is refused")[1], re.MULTILINE)


def test_the_generated_parts_of_the_page_are_up_to_date() -> None:
    """``python -m docs.reference.plan_tables`` writes them."""
    assert PAGE.read_text(encoding="utf-8") == page()
    assert set(case_models()) == set(re.findall(r"^### `([\w-]+)`$", page(), re.MULTILINE))


def test_a_procedure_of_a_plan_file_is_on_the_page() -> None:
    assert len(case_models()) == len(Case.__args__[0].__args__) - 1  # type: ignore[attr-defined]


def test_the_example_of_the_page_can_be_run(dosebench: Callable[..., Told], tmp_path: Path) -> None:
    (tmp_path / "example.toml").write_text(EXAMPLE, encoding="utf-8")
    status, told, _ = dosebench("plan", "check", tmp_path / "example.toml", "--bench", SIMULATED)
    assert status == 0
    assert re.findall(r"^(\S+) +(?:bolus|steady-flow) +[\d.]+ h ", told, re.MULTILINE) == [
        "DOSE",
        "FLOW-0.2_mL_h",
        "FLOW-3_mg_day",
    ]
    assert [error.message for error in Draft202012Validator(plan_schema()).iter_errors(tomllib.loads(EXAMPLE))] == []


@pytest.mark.parametrize("message", REFUSED)
def test_what_the_page_calls_refused_is(message: str, tmp_path: Path) -> None:
    old, new = next(change for piece, change in CHANGES.items() if piece in message)
    assert old in EXAMPLE
    (tmp_path / "example.toml").write_text(EXAMPLE.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_plan(tmp_path / "example.toml")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#\s]+)", PAGE.read_text(encoding="utf-8")))))
def test_the_page_leads_somewhere(target: str) -> None:
    assert (PAGE.parent / target).exists()
