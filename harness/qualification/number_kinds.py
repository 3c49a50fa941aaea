"""Vectors of single numbers: densities, corrections, budgets, decisions and doses, by the harness's own functions.

Tolerances are those of the vectors' README: 1e-9 relative unless a kind says otherwise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from harness.metrology import dosing as doses
from harness.metrology.budget import Inputs, evaluate, value_of
from harness.metrology.density import Number, air_cipm2007_kg_m3, air_kg_m3, water_kg_m3, water_saturated_kg_m3, z_ml_per_g
from harness.metrology.risks import Process, global_risks, specific_risks
from harness.metrology.rules import Decision, Interval, Outcome, Spread, decide
from harness.metrology.volume import Evaporation, Level, Weighing
from harness.qualification.checks import Check, Checks, named, near, read_json, rows_of
from harness.stands import BalanceSheet, Environment, Liquid, Needle, Vessel


def water(path: Path) -> Checks:
    for line, row in rows_of(path):
        yield near(f"{line}: rho_airfree_kg_m3", water_kg_m3(row["t_C"]), row["rho_airfree_kg_m3"], within=1e-6)
        if not math.isnan(saturated := row["rho_airsaturated_kg_m3"]):
            yield near(f"{line}: rho_airsaturated_kg_m3", water_saturated_kg_m3(row["t_C"]), saturated, within=1e-6)


def air(path: Path) -> Checks:
    formulas = {"rho_air_simplified_kg_m3": air_kg_m3, "rho_air_cipm2007_kg_m3": air_cipm2007_kg_m3}
    for line, row in rows_of(path):
        for column, density in formulas.items():
            found = density(row["t_C"], row["p_hPa"], row["rh_pct"])
            yield near(f"{line}: {column}", found, row[column], within=1e-7)


def z_factor(path: Path) -> Checks:
    for line, row in rows_of(path):
        found = z_ml_per_g(water_kg_m3(row["t_C"]), air_kg_m3(row["t_C"], row["p_hPa"], row["rh_pct"]))
        yield near(f"{line}: z_uL_per_mg", found, row["z_uL_per_mg"], within=1e-7)


def corrections(path: Path) -> Checks:
    for at, case in enumerate(read_json(path)["cases"], start=1):
        weighing, end_s = _weighing(case), case["duration_h"] * 3600
        begin, end = Level(0.0, 0.0), Level(end_s, case["delta_indicated_mg"] / 1000)
        loss = Evaporation(case["evaporation_mg_per_h"] / 1000, 0.0)
        volume_ul = 1000 * value_of(lambda inputs: weighing.volume_ml(inputs, begin, end, loss))  # noqa: B023 - called at once
        z_ul_mg = weighing.factor_ml_g()
        found = {
            "area_ratio": weighing.immersed,
            "Z_uL_per_mg": z_ul_mg,
            "mass_corrected_mg": volume_ul / z_ul_mg,
            "volume_uL": volume_ul,
            "flow_mL_h": volume_ul / 1000 / case["duration_h"],
        }
        yield from named(f"case {at}", found, case)


def _weighing(case: Mapping[str, Any]) -> Weighing:
    """The bench of a case: all that its numbers do not depend on stays as a bench has it by default."""
    liquid = {"temperature": f"{case['t_C']!r} degC"}
    if case.get("liquid_density_kg_m3") is not None:
        liquid["density"] = f"{case['liquid_density_kg_m3'] / 1000!r} g/mL"
    return Weighing(
        BalanceSheet.model_validate({"readability": "0.1 mg", "repeatability": "0.1 mg"}),
        Needle.model_validate({"outer_diameter": f"{case['needle_od_mm']!r} mm"}),
        Vessel.model_validate({"inner_diameter": f"{case['vessel_id_mm']!r} mm"}),
        Liquid.model_validate(liquid),
        Environment.model_validate({"pressure": f"{case['p_hPa']!r} hPa", "humidity": f"{case['rh_pct']!r} %"}),
    )


def budgets(path: Path) -> Checks:
    for at, budget in enumerate(read_json(path), start=1):
        yield from _budget(f"budget {at}", budget)


def _budget(place: str, budget: Mapping[str, Any]) -> Checks:
    """The components as they stand, through our propagation; the vectors' U is by k = 2, whatever the degrees of freedom."""
    components = budget["components"]

    def model(inputs: Inputs) -> Number:
        parts = (c["sensitivity"] * inputs.normal(c["source"], 0.0, c["u"], _dof(c["dof"])) for c in components)
        return budget["value"] + sum(parts)

    found, value, dof = evaluate(model), budget["value"], _dof(budget["nu_eff"])
    for at, (row, component) in enumerate(zip(found.budget, components, strict=True), start=1):
        yield near(f"{place}, component {at}: contribution", row.contribution, abs(component["contribution"]))
    yield near(f"{place}: nu_eff", found.dof, dof)
    yield near(f"{place}: k", found.coverage_factor, budget["k_95_45"] if dof < _MANY_DOF else 2.0)
    expanded = {"u_c": found.u, "U_k2": 2 * found.u, "u_rel_pct": 100 * found.u / value, "U_k2_rel_pct": 200 * found.u / value}
    yield from named(place, expanded, budget)


_MANY_DOF = 50


def _dof(found: float | None) -> float:
    return math.inf if found is None else float(found)


_RULES = {"simple": "simple", "guarded_U": "guarded", "guarded_1.645u": "one-sided-5%", "ilac_nonbinary": "non-binary"}
"""The vectors' names and ours."""


def guard_band(path: Path) -> Checks:
    tables = read_json(path)
    for at, case in enumerate(tables["cases"], start=1):
        yield from _decision(f"case {at}", case)
    for at, case in enumerate(tables["global_risk"], start=1):
        yield from _global_risk(f"global risk {at}", case)


def _decision(place: str, case: Mapping[str, Any]) -> Checks:
    spread, limits = Spread.symmetric(case["u"], case["k"]), _limits(case)
    for name, expected in case["rules"].items():
        decision = decide(case["y"], spread, limits, _RULES[name])
        low, high = decision.acceptance
        found = {"decision": _binary(decision), "A_L": low, "A_U": high, "w": decision.guard[0]}
        yield from named(f"{place}, {name}", found, expected)
    p_c = decide(case["y"], spread, limits, "simple").p_c
    risks = specific_risks(p_c)
    accepted, rejected = "specific_false_accept_risk_if_accepted", "specific_false_reject_risk_if_rejected"
    yield from named(place, {"p_conform": p_c, accepted: risks.false_accept, rejected: risks.false_reject}, case)


def _binary(decision: Decision) -> str:
    """The vectors' binary rules have no word for a value in the guard band: what is not accepted is rejected."""
    return str(Outcome.FAIL if decision.outcome is Outcome.INCONCLUSIVE else decision.outcome)


def _global_risk(place: str, case: Mapping[str, Any]) -> Checks:
    limits, spread = _limits(case), Spread.symmetric(case["u"])
    decision = decide(case["prior_mean"], spread, limits, _RULES[case["rule"]])
    found = global_risks(Process(case["prior_mean"], case["prior_sd"]), case["u"], limits, decision.acceptance)
    yield near(f"{place}: w", decision.guard[0], case["w"])
    yield near(f"{place}: global_PFA", found.false_accept, case["global_PFA"], within=1e-6)
    yield near(f"{place}: global_PFR", found.false_reject, case["global_PFR"], within=1e-6)


def _limits(case: Mapping[str, Any]) -> Interval:
    return case["T_L"], case["T_U"]


_DOSING_KEY = re.compile(r"(within|days|mass_saline_g_at)_(\d+(?:p\d+)?)(?:mL|_(\d+(?:p\d+)?))?")
"""Such keys carry their own parameters, like ``days_18mL`` and ``within_0p048_24``."""


def dosing(path: Path) -> Checks:
    tables = read_json(path)
    for at, case in enumerate(tables["maintenance"], start=1):
        daily_ml = doses.rate_ml_day(case["dose_ug_day"], case["conc_ug_mL"])
        found = {"rate_mL_day": daily_ml, "rate_uL_h": doses.rate_ul_h(daily_ml)}
        yield from named(f"maintenance {at}", {**found, **_by_key(case, daily_ml)}, case)
    for at, case in enumerate(tables["screening"], start=1):
        volume_ml = doses.bolus_ml(case["dose_ug"], case["conc_ug_mL"])
        found = {"volume_mL": volume_ml, "max_rate_mL_min": doses.fastest_ml_min(volume_ml)}
        yield from named(f"screening {at}", {**found, **_by_key(case, volume_ml)}, case)


def _by_key(case: Mapping[str, Any], amount_ml: float) -> dict[str, object]:
    asked: dict[str, Callable[..., object]] = {
        "within": lambda low, high: doses.is_programmable(amount_ml, (low, high)),
        "days": lambda usable_ml: doses.days_per_fill(usable_ml, amount_ml),
        "mass_saline_g_at": lambda density_g_ml: doses.mass_g(amount_ml, density_g_ml),
    }
    keys = [key for key in map(_DOSING_KEY.fullmatch, case) if key]
    return {key[0]: asked[key[1]](*(float(text.replace("p", ".")) for text in key.groups()[1:] if text)) for key in keys}


_SPEC_COLUMNS = ["id", "quantity", "unit", "nominal", "tol_minus", "tol_plus", "kind", "source"]
_SPEC_VALUE = re.compile(r"([+-]?\d+(\.\d+)?%?(\|(?!$)|$))*")


def spec_table(path: Path) -> Checks:
    """Nothing to compute: the columns, one row to an id, numbers where numbers belong."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    yield Check("columns", list(table.columns), _SPEC_COLUMNS)
    if list(table.columns) != _SPEC_COLUMNS:
        return
    yield Check("ids that stand twice", table["id"][table["id"].duplicated()].tolist(), [])
    for row in table.to_dict("records"):
        empty = [name for name in ("id", "quantity", "unit", "kind", "source") if not row[name]]
        no_number = [name for name in ("nominal", "tol_minus", "tol_plus") if not _SPEC_VALUE.fullmatch(row[name])]
        yield Check(f"{row['id']}: empty or no number", empty + no_number, [])
