"""Densities against numbers computed independently, and as budgets use them: on uncertain numbers and on draws."""

from __future__ import annotations

from collections.abc import Callable

import GTC
import numpy as np
import pandas as pd
import pytest

from harness.metrology.budget import Inputs, drawn, evaluate
from harness.metrology.density import (
    SALINE_EXCESS_KG_M3,
    SALINE_U_KG_M3,
    Number,
    air_cipm2007_kg_m3,
    air_kg_m3,
    saline_kg_m3,
    water_kg_m3,
    water_saturated_kg_m3,
    z_ml_per_g,
)
from tests.conftest import DATA

WATER = pd.read_csv(DATA / "vectors" / "water_density.csv")
AIR = pd.read_csv(DATA / "vectors" / "air_density.csv")
Z = pd.read_csv(DATA / "vectors" / "z_factor.csv")


@pytest.mark.parametrize(
    ("density", "column", "within"),
    [
        (water_kg_m3, "rho_airfree_kg_m3", 1e-6),
        (water_saturated_kg_m3, "rho_airsaturated_kg_m3", 1e-6),
        (water_kg_m3, "rho_published_table_kg_m3", 5.1e-5),  # printed to four decimals
    ],
)
def test_water(density: Callable[[Number], Number], column: str, within: float) -> None:
    rows = WATER.dropna(subset=column)
    assert len(rows) >= 36
    assert density(rows["t_C"].to_numpy()) == pytest.approx(rows[column].to_numpy(), abs=within)


@pytest.mark.parametrize(
    ("density", "column"), [(air_kg_m3, "rho_air_simplified_kg_m3"), (air_cipm2007_kg_m3, "rho_air_cipm2007_kg_m3")]
)
def test_air(density: Callable[..., Number], column: str) -> None:
    found = [density(*row) for row in AIR[["t_C", "p_hPa", "rh_pct"]].to_numpy()]
    assert found == pytest.approx(AIR[column].tolist(), abs=1e-7)


def test_both_formulas_for_air_agree_within_what_the_simple_one_claims() -> None:
    t_c, p_hpa, rh_pct = (AIR[name].to_numpy() for name in ("t_C", "p_hPa", "rh_pct"))
    assert air_kg_m3(t_c, p_hpa, rh_pct) == pytest.approx(air_cipm2007_kg_m3(t_c, p_hpa, rh_pct), rel=2e-4)


def test_z_factor() -> None:
    t_c, p_hpa, rh_pct = (Z[name].to_numpy() for name in ("t_C", "p_hPa", "rh_pct"))
    found = z_ml_per_g(water_kg_m3(t_c), air_kg_m3(t_c, p_hpa, rh_pct))
    assert found == pytest.approx(Z["z_uL_per_mg"].to_numpy(), abs=1e-7)


def test_saline_is_heavier_than_water() -> None:
    assert saline_kg_m3(20.0) == pytest.approx(1004.6, abs=0.01)
    assert saline_kg_m3(20.0, 7.0) - saline_kg_m3(20.0) == pytest.approx(0.6)


def test_saline_in_a_budget() -> None:
    def model(inputs: Inputs) -> Number:
        return saline_kg_m3(22.0, inputs.normal("excess", SALINE_EXCESS_KG_M3, SALINE_U_KG_M3))

    found = evaluate(model)
    assert found.value == pytest.approx(water_kg_m3(22.0) + 6.4)
    assert found.u == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("density", "slope"),
    [
        (water_kg_m3, -0.2068),
        (water_saturated_kg_m3, -0.2068 + 1.06e-4),
        (lambda t_c: air_kg_m3(t_c, 1013.25, 50.0), -0.00445),
        (lambda t_c: air_cipm2007_kg_m3(t_c, 1013.25, 50.0), -0.00445),
    ],
)
def test_an_uncertain_temperature_goes_through_by_both_methods(density: Callable[[Number], Number], slope: float) -> None:
    """Slopes in kg/m3 per K at 20 degC."""

    def model(inputs: Inputs) -> Number:
        return density(inputs.normal("temperature (degC)", 20.0, 0.2))

    found = evaluate(model)
    assert found.budget[0].sensitivity == pytest.approx(slope, rel=0.01)
    assert drawn(found, model).u == pytest.approx(found.u, rel=0.02)


@pytest.mark.parametrize("number", [20.0, GTC.ureal(20.0, 0.1), np.array([20.0])])
def test_air_at_20_degrees_by_whatever_number(number: Number) -> None:
    found = air_cipm2007_kg_m3(number, 1013.25, 50.0), air_kg_m3(number, 1013.25, 50.0)
    assert [float(np.ravel(GTC.value(value))[0]) for value in found] == pytest.approx([1.19931, 1.19929], abs=5e-6)
