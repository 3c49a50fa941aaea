"""Any plan that is well formed is refused before anything moves, or runs to a verdict: no third way.

Cases are drawn from the schema, so that a new procedure is among them from its first day.
"""

from __future__ import annotations

import json
import tempfile
import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from harness.bench import Bench, bench_from
from harness.campaign import Campaign
from harness.dryrun import check
from harness.plan import Plan, plan_from
from harness.quantities import UNIT_KEY
from harness.readback import read_journal
from harness.recorder import JOURNAL
from harness.schema import case_models, plan_schema
from harness.verdicts import VERDICTS, Verdict, read_verdicts
from instruments.errors import ConfigError
from tests.conftest import ROOT

SCHEMA = plan_schema()
CANDIDATES, LONGEST_S = 12, 2 * 3600.0
"""So many cases are drawn, until there is one that a bench can do within this bench time."""
POOLS = {
    "s": ("10 s", "2 min", "5 min", "10 min", "30 min"),
    "mL/h": ("0.02 mL/h", "1 mL/h", "6 mL/h"),
    "mL": ("0.01 mL", "0.2 mL", "0.8 mL"),
    "%": ("0.5 %", "10 %", "60 %"),
    "kPa": ("-5 kPa", "10 kPa", "60 kPa"),
    "V": ("0.1 V", "2.2 V", "2.5 V", "2.9 V"),
    "m": ("-0.2 m", "0.5 m"),
    "ug/mL": ("50 ug/mL", "2 mg/mL"),
}
"""Values that a bench can do something with, by unit; of any other unit a few."""
LEFT_OUT = {"after", "needs", "links", "matrix", "repeats", "id", "title", "requirement", "procedure", "reporting_interval"}
ALWAYS = {"poll"}
"""Its default asks the pump every second, and that is most of a run's cost."""
SELDOM = 0.2
BENCHES = ("simulated", "implantable")


def drawn(schema: dict[str, Any], random: Random) -> Any:
    """A value, or a table with all that it needs and some of the rest."""
    if "$ref" in schema:
        return _table(schema["$ref"].rpartition("/")[2], random)
    if "anyOf" in schema:
        return drawn(random.choice(schema["anyOf"]), random)
    if UNIT_KEY in schema:
        unit = schema[UNIT_KEY]
        return random.choice(POOLS.get(unit, (f"0.1 {unit}", f"3 {unit}", f"50 {unit}")))
    if "enum" in schema:
        return random.choice(schema["enum"])
    if schema.get("type") == "array":
        return [drawn(schema["items"], random) for _ in range(random.randint(schema.get("minItems", 0), 3))]
    return {"integer": random.randint(1, 4), "number": random.choice([0.0, 0.5, 1.0]), "string": "look"}.get(schema["type"], {})


def _table(name: str, random: Random) -> dict[str, Any]:
    table = SCHEMA["$defs"][name]
    keys = [key for key in table["properties"] if key not in LEFT_OUT]
    if name.endswith("Limit"):
        sides = [key for key in ("within", "at_least", "at_most") if key in keys]
        keys = [random.choice(sides)]
    else:
        needed = {*table.get("required", ()), *(part["anyOf"][0]["required"][0] for part in table.get("allOf", ()))} | ALWAYS
        keys = [key for key in keys if key in needed or random.random() < SELDOM]
    return {key: drawn(table["properties"][key], random) for key in keys}


def case_of(name: str, random: Random) -> dict[str, Any]:
    made = _table(case_models()[name].__name__, random)
    if "volume" in SCHEMA["$defs"][case_models()[name].__name__]["properties"] and "dose" not in made:
        made.setdefault("volume", random.choice(POOLS["mL"]) if name != "settings" else {"within": "10 uL"})
    return {"id": name, "title": name, "procedure": name, "requirement": ["R"], **made}


@cache
def bench_of(name: str) -> Bench:
    """With little in its pump, and few readings: that is what a run costs."""
    tables = tomllib.loads((ROOT / "benches" / f"{name}.toml").read_text(encoding="utf-8"))
    source = "syringe" if "syringe" in tables["pump"] else "reservoir"
    tables["pump"] = {**tables["pump"], "watchdog": "250 s", source: {**tables["pump"][source], "filled": "1 mL"}}
    tables["balance"]["rate"] = "1 Hz"
    return bench_from(tables, "", Path(f"{name}.toml"))


def read(case: dict[str, Any]) -> Plan:
    preparation = {"settle": "0 s", "blank": "10 min"}
    drug = {"name": "baclofen", "concentration": "500 ug/mL"}
    tables = {"plan": {"id": "ANY", "title": "any"}, "drug": drug, "preparation": preparation, "case": [case]}
    return plan_from(tables, json.dumps(tables), Path("plan.toml"))


def accepted(case: dict[str, Any], bench: Bench) -> Plan | None:
    """The plan, if it is to be run here; else it was refused, in words, or would take too long."""
    try:
        plan = read(case)
        return plan if check(plan, bench, date(2026, 1, 1)).duration_s < LONGEST_S else None
    except ConfigError:
        return None


def run(plan: Plan, bench: Bench) -> None:
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(plan, bench, Path(folder))
        campaign.start()
        for case in plan.cases:
            campaign.run_case(case)
        campaign.close()
        campaign.release()
        kept = read_verdicts(campaign.folder / VERDICTS)
        assert read_journal(campaign.folder / JOURNAL).closed
        assert [case.id for case in kept.cases] == [case.id for case in plan.cases]
        assert [case.id for case in kept.cases if case.verdict is not Verdict.PASS and not case.reasons] == []


@pytest.mark.parametrize("name", sorted(case_models()))
@settings(max_examples=2, derandomize=True, database=None, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_any_plan_is_refused_or_runs_to_a_verdict(name: str, seed: int) -> None:
    random = Random(seed)
    for _ in range(CANDIDATES):
        case, bench = case_of(name, random), bench_of(random.choice(BENCHES))
        plan = accepted(case, bench)
        if plan is not None:
            return run(plan, bench)
    return None
