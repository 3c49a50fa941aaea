"""Densities, corrections and budgets against numbers computed independently (tests/data/vectors)."""

from __future__ import annotations

import json
import math
from typing import Any

import pandas as pd
import pytest

from harness.metrology.budget import Inputs
from harness.metrology.density import air_kg_m3, water_kg_m3, z_ml_per_g
from harness.metrology.volume import Evaporation, Weighing
from harness.stands import BalanceSheet, Environment, Liquid, Needle, Vessel
from tests.conftest import DATA

VECTORS = DATA / "vectors"
CORRECTIONS: list[dict[str, Any]] = json.loads((VECTORS / "corrections.json").read_text())["cases"]
BUDGETS: list[dict[str, Any]] = json.loads((VECTORS / "uncertainty_budgets.json").read_text())
SHEET = BalanceSheet.model_validate({"readability": "0.1 mg", "repeatability": "0.1 mg", "drift": "0.3 mg/h"})


def test_density_of_water() -> None:
    table = pd.read_csv(VECTORS / "water_density.csv")
    found = [water_kg_m3(t_c) for t_c in table.iloc[:, 0]]
    assert found == pytest.approx(table.iloc[:, 1].tolist(), abs=1e-6)


def test_density_of_air() -> None:
    table = pd.read_csv(VECTORS / "air_density.csv")
    found = [air_kg_m3(t_c, p_hpa, h_pct) for t_c, p_hpa, h_pct in table.iloc[:, :3].to_numpy()]
    assert found == pytest.approx(table.iloc[:, 3].tolist(), abs=1e-7)


def test_z_factor() -> None:
    table = pd.read_csv(VECTORS / "z_factor.csv")
    found = [z_ml_per_g(water_kg_m3(row[0]), air_kg_m3(row[0], row[1], 50.0)) for row in table.iloc[:, :2].to_numpy()]
    assert found == pytest.approx(table.filter(regex="(?i)^z").iloc[:, 0].tolist(), abs=1e-7)


def weighing_of(case: dict[str, Any]) -> Weighing:
    return Weighing(
        SHEET,
        Needle.model_construct(outer_diameter=case["needle_od_mm"], capillary=0.0),
        Vessel.model_construct(inner_diameter=case["vessel_id_mm"], capacity=50.0),
        Liquid.model_construct(
            name="", temperature=case["t_C"], temperature_uncertainty=0.0,
            density=case["liquid_density_kg_m3"] / 1000, density_uncertainty=0.0,
        ),
        Environment.model_construct(pressure=case["p_hPa"], humidity=case["rh_pct"]),
    )  # fmt: skip


@pytest.mark.parametrize("case", CORRECTIONS, ids=range(len(CORRECTIONS)))
def test_from_indicated_change_to_volume(case: dict[str, Any]) -> None:
    inputs = Inputs()
    loss = Evaporation(case["evaporation_mg_per_h"] / 1000, 0.0)
    volume = weighing_of(case).volume_ml(inputs, case["delta_indicated_mg"] / 1000, case["duration_h"] * 3600, loss)
    assert inputs.estimate(volume).value * 1000 == pytest.approx(case["volume_uL"], rel=1e-9)


def test_weigh_out_is_the_mirror_of_weigh_in() -> None:
    """A reservoir that loses what a vessel gains delivers the same; evaporation takes from both."""
    sheet = SHEET
    parts = (sheet, Needle(), Vessel(), Liquid(), Environment())
    volumes = []
    for sign in (1, -1):
        inputs = Inputs()
        gained_g = sign * 1.0 - 0.001 * 2
        volume = Weighing(*parts, sign=sign).volume_ml(inputs, gained_g, 7200, Evaporation(0.001, 0.0))
        volumes.append(inputs.estimate(volume).value)
    assert volumes[0] == pytest.approx(volumes[1], rel=1e-12)


@pytest.mark.parametrize("expected", BUDGETS, ids=[budget["name"] for budget in BUDGETS])
def test_budgets_of_the_reference(expected: dict[str, Any]) -> None:
    """Each component as the reference gives it, through our way of propagating: same u_c, dof and U."""
    inputs = Inputs()
    result = expected["value"] + sum(
        component["sensitivity"] * inputs.normal(component["source"], 0.0, component["u"], component["dof"] or math.inf)
        for component in expected["components"]
    )
    found = inputs.estimate(result)
    assert found.expanded_uncertainty / found.coverage_factor == pytest.approx(expected["u_c"], rel=1e-9)
    assert found.dof == pytest.approx(expected["nu_eff"] or math.inf, rel=1e-6)
    assert found.expanded_uncertainty == pytest.approx(expected["U_k2"], rel=1e-9)
    contributions = [row.contribution for row in found.budget]
    assert contributions == pytest.approx([component["contribution"] for component in expected["components"]], rel=1e-9)


def test_our_own_budget_of_a_bolus_has_the_size_of_the_worked_one() -> None:
    """Worked budget B: U = 0.71 uL for 1 mL in 3 min; ours has no term for basal flow, a correlation less."""
    inputs, expected = Inputs(), BUDGETS[1]
    weighing = Weighing(
        SHEET,
        Needle.model_validate({"outer_diameter": "0.82 mm", "capillary": "0.5 mg"}),
        Vessel.model_validate({"inner_diameter": "30 mm"}),
        Liquid.model_validate({"temperature": "22 degC"}),
        Environment.model_validate({"pressure": "1005 hPa", "humidity": "45 %"}),
    )
    volume = weighing.volume_ml(inputs, expected["inputs"]["delta_W_mg"] / 1000, 180, Evaporation(0.0, 2e-4))
    found = inputs.estimate(volume)
    assert found.expanded_uncertainty == pytest.approx(expected["U_k2"], rel=0.02)


@pytest.mark.parametrize(("dof", "k"), [(9, 2.32), (49, 2.05), (50, 2.0), (math.inf, 2.0)])
def test_coverage_factor_follows_the_degrees_of_freedom(dof: float, k: float) -> None:
    inputs = Inputs()
    assert inputs.estimate(inputs.normal("x", 1.0, 0.1, dof)).coverage_factor == pytest.approx(k, abs=0.005)
