"""Any plan that is well formed is refused before anything moves, or runs to a verdict: no third way.

Plans are drawn from the schema, so that a new procedure is in it from its first day.
"""

from __future__ import annotations

import json
import tempfile
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from harness.bench import Bench, bench_from
from harness.campaign import Campaign
from harness.dryrun import DryRun, check
from harness.plan import Plan, plan_from
from harness.quantities import UNIT_KEY
from harness.readback import read_journal
from harness.recorder import JOURNAL
from harness.schema import case_models, plan_schema
from harness.verdicts import VERDICTS, Verdict, read_verdicts
from instruments.errors import ConfigError
from tests.conftest import ROOT

SCHEMA = plan_schema()
LONGEST_S = 3 * 3600.0
POOLS = {
    "s": ("5 s", "1 min", "10 min", "40 min"),
    "mL/h": ("0.02 mL/h", "1 mL/h", "6 mL/h", "20 mL/h"),
    "mL": ("0.01 mL", "0.2 mL", "1 mL"),
    "%": ("0.5 %", "10 %", "60 %"),
    "kPa": ("-5 kPa", "10 kPa", "60 kPa"),
    "V": ("0.02 V", "2.2 V", "3 V"),
    "m": ("-0.2 m", "0.5 m"),
    "ug/mL": ("50 ug/mL", "2 mg/mL"),
}
"""Values that a bench can do something with, by unit; of any other unit a few."""
NEVER = {"after", "needs", "links", "matrix", "repeats", "id", "title", "requirement", "procedure", "reporting_interval"}
BENCHES = ("simulated", "implantable")
MOST = 5
"""Plans for each procedure."""
FILLED = "1 mL"
SELDOM = "poll"
"""A key that is always drawn: its default asks the pump every second, and that is most of a run's cost."""


def of_schema(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return table(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return st.one_of([of_schema(one) for one in schema["anyOf"]])
    if UNIT_KEY in schema:
        unit = schema[UNIT_KEY]
        return st.sampled_from(POOLS.get(unit, (f"0.1 {unit}", f"3 {unit}", f"50 {unit}")))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("type") == "array":
        return st.lists(of_schema(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
    kinds = {"integer": st.integers(1, 4), "number": st.sampled_from([0.0, 0.5, 1.0, 4.0]), "string": st.just("look at it")}
    return kinds.get(schema.get("type", ""), st.just({}))


def table(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """With all that it needs, and some of the rest."""
    keys = {key: of_schema(found) for key, found in schema["properties"].items() if key not in NEVER | {"rule", "spec", "basis"}}
    needed = [*schema.get("required", ()), *(part["anyOf"][0]["required"][0] for part in schema.get("allOf", ()))]
    required = {key: made for key, made in keys.items() if key in {*needed, SELDOM}}
    if "within" in keys or "at_most" in keys:
        return st.one_of([st.fixed_dictionaries({key: keys[key]}) for key in ("within", "at_least", "at_most") if key in keys])
    return st.fixed_dictionaries(required, optional={key: made for key, made in keys.items() if key not in required})


@st.composite
def cases(draw: st.DrawFn, name: str) -> dict[str, Any]:
    drawn = draw(table(SCHEMA["$defs"][case_models()[name].__name__]))
    return {"id": name, "title": name, "procedure": name, "requirement": ["R"], **drawn}


def bench_of(name: str) -> Bench:
    tables = tomllib.loads((ROOT / "benches" / f"{name}.toml").read_text(encoding="utf-8"))
    source = "syringe" if "syringe" in tables["pump"] else "reservoir"
    tables["pump"] = {**tables["pump"], "watchdog": "250 s", source: {**tables["pump"][source], "filled": FILLED}}
    tables["balance"]["rate"] = "1 Hz"
    return bench_from(tables, "", Path(f"{name}.toml"))


def read(case: dict[str, Any]) -> Plan:
    preparation = {"settle": "0 s", "blank": "10 min"}
    drug = {"name": "baclofen", "concentration": "500 ug/mL"}
    tables = {"plan": {"id": "ANY", "title": "any"}, "drug": drug, "preparation": preparation, "case": [case]}
    return plan_from(tables, json.dumps(tables), Path("plan.toml"))


def run(plan: Plan, bench: Bench) -> None:
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(plan, bench, Path(folder))
        campaign.start()
        for case in plan.cases:
            campaign.run_case(case)
        campaign.close()
        kept = read_verdicts(campaign.folder / VERDICTS)
        campaign.release()
        assert read_journal(campaign.folder / JOURNAL).closed
        assert [case.id for case in kept.cases] == [case.id for case in plan.cases]
        assert kept.verdict in set(Verdict)
        assert kept.verdict is Verdict.PASS or all(case.reasons for case in kept.cases if case.verdict is not Verdict.PASS)


def refused(case: dict[str, Any], bench: Bench) -> tuple[Plan, DryRun] | None:
    try:
        plan = read(case)
        return plan, check(plan, bench, date(2026, 1, 1))
    except ConfigError as err:
        assert str(err)
        return None


@pytest.mark.parametrize("name", sorted(case_models()))
@settings(
    max_examples=MOST,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_plan_is_refused_or_runs_to_a_verdict(name: str, data: st.DataObject) -> None:
    bench = bench_of(data.draw(st.sampled_from(BENCHES)))
    worked_out = refused(data.draw(cases(name)), bench)
    if worked_out is not None:
        plan, dry = worked_out
        assume(dry.duration_s < LONGEST_S)
        run(plan, bench)
