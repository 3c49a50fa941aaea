"""The plan language: what drug, doses, matrices and references become, what is told of them, and what a record keeps of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.plan import Plan, load_plan, plan_from
from harness.readback import read_journal
from harness.reanalysis import reanalyse, recomputed
from harness.recorder import JOURNAL
from harness.resumption import resume
from harness.spec_table import COLUMNS
from harness.verdicts import VERDICTS, Verdict
from instruments.errors import ConfigError
from tests.conftest import ROOT

HEAD = '[plan]\nid = "P"\ntitle = "t"\n{more}\n'
DRUG = '[drug]\nname = "baclofen"\nconcentration = "{}"\n'
FLOW = """[[case]]
id = "F"
title = "flow"
procedure = "steady-flow"
{rate}
duration = "1 h"
flow_error = {limit}
requirement = ["R1"]
{more}
"""
BOLUS = """[[case]]
id = "B"
title = "bolus"
procedure = "bolus"
{amount}
over = "1 min"
volume_error = {{ within = "5 %" }}
requirement = ["R1"]
{more}
"""
SPEC = f"{','.join(COLUMNS)}\nROW,flow error,%,0,-5,+5,specification,maker\n"
REQUIREMENTS = '[requirement.R1]\ntext = "It flows."\nsource = "a source"\nlimits = "stated"\n'


def flow(rate: str = '"1 mL/h"', limit: str = '{ within = "5 %" }', more: str = "", name: str = "F") -> str:
    return FLOW.format(rate=rate if "=" in rate else f"rate = {rate}", limit=limit, more=more).replace('"F"', f'"{name}"', 1)


def bolus(amount: str, more: str = "") -> str:
    return BOLUS.format(amount=amount, more=more)


def load(folder: Path, *parts: str, more: str = "") -> Plan:
    path = folder / "plan.toml"
    path.write_text("\n".join([HEAD.format(more=more), *parts]), encoding="utf-8")
    return load_plan(path)


RATES = {
    "a volume a time": (DRUG.format("500 ug/mL"), '"4.8 mL/day"', "", 0.2),
    "drug a time": (DRUG.format("500 ug/mL"), '"100 ug/day"', "", 100 / 500 / 24),
    "at the concentration of the case": (DRUG.format("500 ug/mL"), '"100 ug/day"', 'concentration = "2 mg/mL"', 100 / 2000 / 24),
    "without a drug of the plan": ("", '"100 ug/day"', 'concentration = "2 mg/mL"', 100 / 2000 / 24),
}
VOLUMES = {
    "a volume": ("", 'volume = "500 uL"', "", 0.5),
    "a dose": (DRUG.format("50 ug/mL"), 'dose = "0.05 mg"', "", 1.0),
    "both, that agree": (DRUG.format("50 ug/mL"), 'dose = "50 ug"\nvolume = "1 mL"', "", 1.0),
    "a dose at the concentration of the case": (DRUG.format("50 ug/mL"), 'dose = "50 ug"', 'concentration = "100 ug/mL"', 0.5),
}


@pytest.mark.parametrize(("drug", "rate", "more", "rate_ml_h"), RATES.values(), ids=RATES)
def test_a_rate_is_one_in_volume(drug: str, rate: str, more: str, rate_ml_h: float, tmp_path: Path) -> None:
    assert load(tmp_path, drug, flow(rate, more=more)).cases[0].rate == pytest.approx(rate_ml_h)  # type: ignore[union-attr]


@pytest.mark.parametrize(("drug", "amount", "more", "volume_ml"), VOLUMES.values(), ids=VOLUMES)
def test_a_bolus_has_its_volume(drug: str, amount: str, more: str, volume_ml: float, tmp_path: Path) -> None:
    assert load(tmp_path, drug, bolus(amount, more)).cases[0].volume == pytest.approx(volume_ml)  # type: ignore[union-attr]


def test_a_dose_of_a_matrix_is_taken_at_each_concentration(tmp_path: Path) -> None:
    matrix = 'matrix = { rate = ["100 ug/day", "300 ug/day"], concentration = ["500 ug/mL", "2000 ug/mL"] }'
    rates = {case.id: case.rate for case in load(tmp_path, flow(matrix)).cases}  # type: ignore[union-attr]
    assert rates["F-300_ug_day-500_ug_mL"] == pytest.approx(300 / 500 / 24)
    assert rates["F-100_ug_day-2000_ug_mL"] == pytest.approx(100 / 2000 / 24)


NO_DRUG = "is an amount of drug; give [drug] with its concentration, or the case its own"
TOLD = {
    # parts of the file; the messages, each with its line, and no other
    "a rate of drug without a drug": ([flow('"1 ug/h"')], [f"10: case 1: rate: '1 ug/h' {NO_DRUG}"]),
    "a concentration that is wrong is told once": (
        [DRUG.format("500 ug"), flow('"1 ug/h"')],
        ["8: drug.concentration: '500 ug' is not a quantity in ug/mL or a unit of that kind"],
    ),
    "and so is one of nothing": (
        [DRUG.format("0 ug/mL"), flow('"1 ug/h"')],
        ["8: drug.concentration: Input should be greater than 0 (found '0 ug/mL')"],
    ),
    "a dose that is wrong is told once": (
        [DRUG.format("500 ug/mL"), bolus('dose = "0 ug"')],
        ["14: case 1: dose: Input should be greater than 0 (found '0 ug')"],
    ),
    "a negative rate of drug": (
        [DRUG.format("500 ug/mL"), flow('"-1 ug/h"')],
        ["14: case 1: rate: Input should be greater than 0 (found '-1 ug/h')"],
    ),
    "a value of a matrix, where it stands": (
        [flow(name="A"), flow('matrix = { rate = ["1 mL/h", "1 mL"] }')],
        ["20: case 2: matrix.rate: '1 mL' is not a quantity in mL/h or a unit of that kind"],
    ),
    "the same in a table of its own": (
        [flow("x = 1").replace("x = 1", ""), '[case.matrix]\nrate = ["1 mL"]'],
        ["17: case 1: matrix.rate: '1 mL' is not a quantity in mL/h or a unit of that kind"],
    ),
    "a limit in a table of its own": (
        [flow().replace('flow_error = { within = "5 %" }', ""), '[case.flow_error]\nwithin = "0 %"'],
        ["17: case 1: flow_error.within: Input should be greater than 0 (found '0 %')"],
    ),
    "a matrix that is none": ([flow("matrix = 3")], ["10: case 1: matrix: needs a list of values for each key"]),
    "a key that a matrix cannot have": ([flow('matrix = { ratee = ["1 mL/h"] }')], [
        "6: case 1: rate: is missing", "10: case 1: matrix.ratee: unknown key (found '1 mL/h'); did you mean 'rate'?",
    ]),
    "values that give one id": (
        [flow('matrix = { rate = ["1 mL/h", "+1 mL/h"] }')],
        ["7: case F-1_mL_h: there are two cases with this id (its table stands for several"],
    ),
    "two tables that give one id": (
        [flow(name="F-1"), flow(more="repeats = 2")],
        ["17: case F-1: there are two cases with this id"],
    ),
    "a need of a table that stands for several": (
        [flow(more="repeats = 2"), flow(name="G", more='needs = ["F"]')],
        ["24: case G: needs: 'F' is not an earlier case (F-1, F-2)"],
    ),
    "a case timed from itself": (
        [flow(more='after = { case = "F", start_to_start = "1 h", within = "1 min" }')],
        ["14: case F: after.case 'F' is not an earlier case (none)"],
    ),
    "a row without a spec table": (
        [flow(name="A"), flow(limit='{ spec = "ROW" }')],
        ["22: case 2: flow_error: spec 'ROW' is no row of the plan's spec table; the plan has no [spec]"],
    ),
    "a case that is no list": ([flow().replace("[[case]]", "[case]")], ["6: case: there may be several: write [[case]]"]),
    "an id that is no text": ([flow().replace('"F"', "3", 1)], ["7: case 1: id: has to be a text, in quotes (found 3)"]),
    "a repeated case without a title": (
        [flow(more="repeats = 2").replace('title = "flow"\n', "")],
        ["6: case 1: title: is missing"],
    ),
    "one text for the operator": ([flow(more='operator = "go"')], ["14: case 1: operator: has to be a list, like"]),
    "a procedure of test functions": (
        ['[[case]]\nid = "F"\ntitle = "t"\nprocedure = "python"\ntest = "t"\nlasts = "1 h"\ngives = "1 mL"\nrequirement = ["R"]'],
        ["9: case F: procedure 'python' is for test functions"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "messages"), TOLD.values(), ids=TOLD)
def test_a_fault_is_told_once_with_its_line(parts: list[str], messages: list[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        load(tmp_path, *parts)
    found = [line.partition("plan.toml:")[2] for line in str(told.value).splitlines()]
    assert len(found) == len(messages)
    for line, message in zip(found, messages, strict=True):
        assert line.startswith(message)


REFERENCES = {
    "a file that is not there": ({}, "R1", r"plan.toml:4: plan.requirements: .*requirements.toml: there is no such file"),
    "a requirement that it has not": ({"requirements.toml": REQUIREMENTS}, "R2", r":13: case F: requirement 'R2' is not in req"),
    "a requirement without a source": (
        {"requirements.toml": REQUIREMENTS.replace('source = "a source"\n', "")},
        "R1",
        r"plan.toml:4: plan.requirements: .*requirements.toml:1: requirement.R1.source: is missing",
    ),
    "a requirement that is no text": ({"requirements.toml": REQUIREMENTS}, 3, r"case 1: requirement.0: has to be a text"),
}


@pytest.mark.parametrize(("files", "name", "message"), REFERENCES.values(), ids=REFERENCES)
def test_a_requirements_file_with_a_fault_is_refused(files: dict[str, str], name: Any, message: str, tmp_path: Path) -> None:
    for file, text in files.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, flow().replace('["R1"]', json.dumps([name])), more='requirements = "requirements.toml"')


def test_texts_of_requirements_come_from_their_file_those_of_the_plan_first(tmp_path: Path) -> None:
    (tmp_path / "requirements.toml").write_text(f"{REQUIREMENTS}{REQUIREMENTS.replace('R1', 'R2')}", encoding="utf-8")
    told = load(tmp_path, '[requirement]\nR9 = "mine"', flow(), more='requirements = "requirements.toml"')
    assert told.file.requirement == {"R1": "It flows.", "R9": "mine"}
    own = load(tmp_path, '[requirement]\nR1 = "mine"', flow(), more='requirements = "requirements.toml"')
    assert own.file.requirement == {"R1": "mine"}


# --- what the record keeps ---

SHORT = """
[spec]
file = "spec.csv"
sha256 = "{digest}"
[preparation]
settle = "0 s"
blank = "10 min"
[[case]]
id = "OFF"
title = "off, for {{duration}}"
procedure = "pump-off"
settle = "1 min"
duration = "10 min"
flow = {{ within = "15 uL/h" }}
requirement = ["R1"]
repeats = 2
[[case]]
id = "FLOW"
title = "flow"
procedure = "steady-flow"
matrix = {{ rate = ["30 mL/h"] }}
settle = "1 min"
duration = "5 min"
flow_error = {{ spec = "ROW" }}
requirement = ["R1"]
"""
IDS = ["OFF-1", "OFF-2", "FLOW-30_mL_h"]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder with a plan and the files that it names."""
    (tmp_path / "spec.csv").write_text(SPEC, encoding="utf-8")
    (tmp_path / "requirements.toml").write_text(REQUIREMENTS, encoding="utf-8")
    digest = hashlib.sha256(SPEC.encode()).hexdigest()
    (tmp_path / "plan.toml").write_text(HEAD.format(more='requirements = "requirements.toml"') + SHORT.format(digest=digest))
    return tmp_path


def campaign(folder: Path, resumed: Path | None = None) -> Campaign:
    changed = (ROOT / "benches" / "simulated.toml").read_text(encoding="utf-8").replace('rate = "10 Hz"', 'rate = "2 Hz"')
    (folder / "bench.toml").write_text(changed, encoding="utf-8")
    plan, bench = load_plan(folder / "plan.toml"), load_bench(folder / "bench.toml")
    return Campaign(plan, bench, folder / "runs", resumed=resume(resumed, plan, bench)) if resumed else Campaign(
        plan, bench, folder / "runs"
    )  # fmt: skip


def test_a_plan_is_read_again_from_the_tables_of_a_journal(kept: Path, tmp_path: Path) -> None:
    """Without the files that it named: their rows and texts are in the tables."""
    plan = load_plan(kept / "plan.toml")
    tables = json.loads(json.dumps(plan.tables))
    again = plan_from(tables, plan.text, tmp_path / "elsewhere" / "plan.toml")
    assert again.file == plan.file
    assert [case.id for case in again.cases] == IDS
    assert again.cases[2].flow_error.interval == (-5.0, 5.0)  # type: ignore[union-attr]
    assert again.cases[0].title == "off, for 10 min, 1"


def test_a_run_of_expanded_cases_is_cut_resumed_and_judged_again(kept: Path) -> None:
    first = campaign(kept)
    first.start()
    first.run_case(first.plan.cases[0])
    first.close()
    first.release()
    second = campaign(kept, first.folder)
    second.start()
    for case in second.plan.cases:
        second.run_case(case)
    verdict = second.close()
    second.release()
    assert [(case.id, case.verdict) for case in verdict.cases] == [(name, Verdict.PASS) for name in IDS]
    assert read_journal(second.folder / JOURNAL).head["resumes"]["carried"] == IDS[:1]
    (kept / "spec.csv").unlink()
    (kept / "requirements.toml").unlink()
    assert recomputed(second.folder) == (second.folder / VERDICTS).read_bytes()


def test_a_run_of_expanded_cases_is_judged_by_another_plan(kept: Path) -> None:
    run = campaign(kept)
    run.start()
    for case in run.plan.cases:
        run.run_case(case)
    run.close()
    run.release()
    changed = (kept / "plan.toml").read_text(encoding="utf-8").replace("15 uL/h", "0.01 uL/h")
    (kept / "plan.toml").write_text(changed, encoding="utf-8")
    again = {case.id: case.verdict for case in reanalyse(run.folder, kept / "plan.toml").verdict.cases}
    assert again["OFF-2"] is not Verdict.PASS
    assert again["FLOW-30_mL_h"] is Verdict.PASS
