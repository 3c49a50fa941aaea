"""Water, air, vapour and surface tension against the numbers of gravimetric-metrology, which were not made by these formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from instruments.sim.physics.liquids import (
    air_g_ml,
    diffused_mg_h,
    drop_mg,
    saturated_g_m3,
    shown_per_g,
    water_g_ml,
    wetting_mg,
)
from tests.conftest import DATA

VECTORS = DATA / "vectors"
WATER_MN_M = 72.7
DIFFUSIVITY_M2_S = 2.5e-5


def test_water_is_as_dense_as_by_the_formula_of_the_analysis_to_4_ppm() -> None:
    """Kell 1975 stands on an older temperature scale than Tanaka 2001."""
    table = pd.read_csv(VECTORS / "water_density.csv")
    found = [water_g_ml(t_c) * 1000 for t_c in table["t_C"]]
    assert found == pytest.approx(table["rho_airfree_kg_m3"].tolist(), rel=4e-6)


def test_air_is_as_dense_as_by_the_full_equation_to_a_tenth_of_a_percent() -> None:
    """The linear form loses in moist warm air; a thousandth of the buoyancy is a millionth of the mass."""
    table = pd.read_csv(VECTORS / "air_density.csv").to_numpy()
    found = air_g_ml(table[:, 0], table[:, 1], table[:, 2]) * 1000
    assert found == pytest.approx(table[:, 4], rel=1.2e-3)


@pytest.mark.parametrize(("humidity_pct", "rel"), [(20.0, 4e-4), (50.0, 7e-4)])
def test_drier_air_is_closer(humidity_pct: float, rel: float) -> None:
    table = pd.read_csv(VECTORS / "air_density.csv").to_numpy()
    table = table[(table[:, 2] == humidity_pct) & (table[:, 0] <= 25)]
    assert air_g_ml(table[:, 0], table[:, 1], table[:, 2]) * 1000 == pytest.approx(table[:, 4], rel=rel)


def test_a_gram_is_shown_lighter_by_what_z_puts_back() -> None:
    """Z = volume over indication = 1 / (density * shown per g), for a balance adjusted in the same air."""
    table = pd.read_csv(VECTORS / "z_factor.csv").to_numpy()
    found = []
    for t_c, pressure_hpa, humidity_pct, _, _ in table:
        air = air_g_ml(t_c, pressure_hpa, humidity_pct)
        found.append(1 / (water_g_ml(t_c) * float(shown_per_g(water_g_ml(t_c), np.asarray(air), air))))
    assert found == pytest.approx(table[:, 3].tolist(), rel=5e-6)


def test_buoyancy_alone_is_a_tenth_of_a_percent() -> None:
    """gravimetric-metrology, section 3: a factor of 1.00105 at 20 degC, 1013.25 hPa and 50 %."""
    assert 1 / float(shown_per_g(0.9982067, np.asarray(1.19929e-3), 1.19929e-3)) == pytest.approx(1.00105, abs=5e-6)


@pytest.mark.parametrize(
    ("density_g_ml", "air_mg_ml", "adjusted_mg_ml", "shown_g"),
    [
        (1.0, 1.2, 1.2, 0.9988 / 0.99985),
        (1.0, 1.1, 1.2, 0.9989 / 0.99985),
        (1.0, 1.2, 1.1, 0.9988 / 0.9998625),
        (8.0, 1.2, 1.2, 1.0),
        (0.8, 1.2, 1.2, 0.9985 / 0.99985),
    ],
)
def test_air_lifts_the_liquid_now_and_the_weights_when_the_balance_was_adjusted(
    density_g_ml: float, air_mg_ml: float, adjusted_mg_ml: float, shown_g: float
) -> None:
    found = shown_per_g(density_g_ml, np.asarray(air_mg_ml / 1000), adjusted_mg_ml / 1000)
    assert float(found) == pytest.approx(shown_g, rel=1e-12)


@pytest.mark.parametrize(("t_c", "vapour_g_m3"), [(0, 4.85), (10, 9.40), (20, 17.3), (25, 23.05), (30, 30.4)])
def test_vapour_in_saturated_air_follows_the_common_table(t_c: float, vapour_g_m3: float) -> None:
    assert saturated_g_m3(t_c) == pytest.approx(vapour_g_m3, rel=4e-3)


@pytest.mark.parametrize(("gap_mm", "loss_mg_h"), [(10, "24"), (30, "8.2"), (60, "4.1")])
def test_evaporation_through_the_vessel_is_that_of_the_reference(gap_mm: float, loss_mg_h: str) -> None:
    """gravimetric-metrology, section 4: 20 mm bore, 50 % RH, 20 degC, to the two digits it gives."""
    assert f"{diffused_mg_h(20, gap_mm, 20, 50, DIFFUSIVITY_M2_S):.2g}" == loss_mg_h


@pytest.mark.parametrize(
    ("changed", "factor"),
    [({"bore_mm": 40.0}, 4.0), ({"humidity_pct": 80.0}, 0.4), ({"humidity_pct": 0.0}, 2.0), ({"diffusivity_m2_s": 5e-5}, 2.0)],
)
def test_evaporation_goes_with_area_dryness_and_diffusivity(changed: dict[str, float], factor: float) -> None:
    usual = {"bore_mm": 20.0, "gap_mm": 60.0, "t_c": 20.0, "humidity_pct": 50.0, "diffusivity_m2_s": DIFFUSIVITY_M2_S}
    assert diffused_mg_h(**{**usual, **changed}) == pytest.approx(factor * diffused_mg_h(**usual), rel=1e-12)


@pytest.mark.parametrize(("needle_mm", "force_mg"), [(0.82, 19.1), (0.41, 9.6), (1.27, 29.6)])
def test_wetting_pulls_at_the_needle_as_in_the_reference(needle_mm: float, force_mg: float) -> None:
    """gravimetric-metrology, section 5: F = pi d sigma cos(theta), as mass; its numbers are rounded."""
    assert wetting_mg(needle_mm, WATER_MN_M) == pytest.approx(force_mg, abs=0.06)
    assert wetting_mg(needle_mm, WATER_MN_M, 60) == pytest.approx(force_mg / 2, abs=0.03)
    assert wetting_mg(needle_mm, WATER_MN_M, 90) == pytest.approx(0, abs=1e-12)


def test_a_drop_has_the_mass_of_the_reference() -> None:
    """gravimetric-metrology, section 5 (Tate): 12.4 mg from 0.82 mm; at 0.5 mL/h (499 mg/h) one every 1.5 min."""
    mass_mg = drop_mg(0.82, WATER_MN_M, 0.65)
    assert mass_mg == pytest.approx(12.4, abs=0.05)
    assert mass_mg / 499 * 60 == pytest.approx(1.5, abs=0.05)
