"""Doses, rates and refills against the reference's table, and the dose with its budget."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from harness.metrology import dosing
from harness.metrology.budget import Estimate, exact
from tests.conftest import DATA

VECTORS: dict[str, list[dict[str, Any]]] = json.loads((DATA / "vectors" / "dosing_conversions.json").read_text())


@pytest.mark.parametrize("case", VECTORS["maintenance"], ids=lambda case: f"{case['dose_ug_day']} at {case['conc_ug_mL']}")
def test_maintenance(case: dict[str, Any]) -> None:
    daily_ml = dosing.rate_ml_day(case["dose_ug_day"], case["conc_ug_mL"])
    assert daily_ml == pytest.approx(case["rate_mL_day"], rel=1e-9)
    assert dosing.rate_ul_h(daily_ml) == pytest.approx(case["rate_uL_h"], rel=1e-9)
    assert dosing.is_programmable(daily_ml) is case["within_0p048_24"]
    assert dosing.days_per_fill(20 - 2, daily_ml) == pytest.approx(case["days_18mL"], rel=1e-9)
    assert dosing.days_per_fill(40 - 2, daily_ml) == pytest.approx(case["days_38mL"], rel=1e-9)


@pytest.mark.parametrize("case", VECTORS["screening"], ids=lambda case: f"{case['dose_ug']} ug")
def test_screening(case: dict[str, Any]) -> None:
    volume_ml = dosing.bolus_ml(case["dose_ug"], case["conc_ug_mL"])
    assert volume_ml == pytest.approx(case["volume_mL"], rel=1e-9)
    assert dosing.mass_g(volume_ml, 1.0046) == pytest.approx(case["mass_saline_g_at_1p0046"], rel=1e-9)
    assert dosing.fastest_ml_min(volume_ml) == pytest.approx(case["max_rate_mL_min"], rel=1e-9)
    assert dosing.fastest_ml_min(volume_ml, 120.0) == pytest.approx(case["max_rate_mL_min"] / 2, rel=1e-9)


@pytest.mark.parametrize(
    ("daily_ml", "can"), [(0.048, True), (math.nextafter(0.048, 0), False), (24.0, True), (math.nextafter(24.0, 25), False)]
)
def test_range_of_the_pump_is_inclusive(daily_ml: float, *, can: bool) -> None:
    assert dosing.is_programmable(daily_ml) is can


def test_dose_is_known_no_better_than_the_label() -> None:
    """u(dose)^2 / dose^2 = u(V)^2 / V^2 + u(c)^2 / c^2; 95.45 % of a rectangle lies within 0.9545 of its half width."""
    found = dosing.dose_ug(Estimate(1.0, 0.0007, 2.0, 690.0), 50.0)
    assert found.value == 50.0
    assert found.u == pytest.approx(50 * math.hypot(0.00035, 0.05 / 3**0.5), rel=2e-3)
    assert found.expanded_uncertainty == pytest.approx(0.9545 * 2.5, rel=2e-3)
    assert (found.method, found.budget[1].shape) == ("Monte Carlo", "rectangular")


def test_a_measured_concentration_leaves_the_volume() -> None:
    found = dosing.dose_ug(Estimate(2.0, 0.004, 2.5, 8.0), 50.0, tolerance_pct=0.0)
    assert (found.value, found.dof) == (100.0, pytest.approx(8.0))
    assert found.u == pytest.approx(0.0016 * 50)


def test_the_label_alone() -> None:
    assert dosing.dose_ug(exact(1.0), 500.0, 3.0).u == pytest.approx(15 / 3**0.5, rel=2e-3)
