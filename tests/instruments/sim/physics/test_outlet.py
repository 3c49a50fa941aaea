"""Drops that fall whole, and wetting that sticks and slips."""

from __future__ import annotations

import numpy as np
import pytest

from instruments.sim.physics.outlet import Outlet

NEEDLE_21G = Outlet(needle_od_mm=0.82)
DRIPPING = Outlet(needle_od_mm=0.82, above_surface=1.0)
WETTING_21G_G = 19.0975e-3
"""gravimetric-metrology, section 5, with more digits: pi 0.82 mm 72.7 mN/m / 9.80665 m/s2."""


@pytest.mark.parametrize(
    ("outlet", "mass_mg"),
    [
        (NEEDLE_21G, 12.4134),
        (Outlet(needle_od_mm=0.41), 6.2067),
        (Outlet(needle_od_mm=0.82, drop_share=1.0), 19.0975),
        (Outlet(needle_od_mm=0.82, tension_mn_m=36.35), 6.2067),
    ],
)
def test_a_drop_is_what_the_needle_can_hold_times_a_share(outlet: Outlet, mass_mg: float) -> None:
    assert outlet.drop_mg == pytest.approx(mass_mg, rel=1e-4)


def test_drops_fall_whole_and_what_hangs_is_less_than_one() -> None:
    delivered_g = np.linspace(0, 1, 9973)
    landed_g = DRIPPING.landed_g(delivered_g)
    drops, hanging_g = landed_g / (DRIPPING.drop_mg / 1000), delivered_g - landed_g
    assert drops == pytest.approx(np.rint(drops), abs=1e-9)
    assert set(np.diff(np.rint(drops))) == {0.0, 1.0}
    assert hanging_g.min() >= -1e-12
    assert hanging_g.max() < DRIPPING.drop_mg / 1000
    assert hanging_g.max() == pytest.approx(DRIPPING.drop_mg / 1000, rel=0.02)


def test_at_half_a_millilitre_an_hour_one_falls_every_minute_and_a_half() -> None:
    """gravimetric-metrology, section 5."""
    moments_s = np.arange(0, 3600.5, 0.5)
    landed_g = DRIPPING.landed_g(0.5 / 3600 * 0.998 * moments_s)
    falls_s = moments_s[1:][np.diff(landed_g) > 0]
    assert len(falls_s) == 40
    assert np.diff(falls_s).mean() / 60 == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize("outlet", [Outlet(), NEEDLE_21G, Outlet(above_surface=1.0)], ids=["no needle", "dips", "thin, above"])
def test_under_the_surface_or_without_a_needle_everything_lands_at_once(outlet: Outlet) -> None:
    delivered_g = np.linspace(0, 0.1, 1001)
    assert outlet.landed_g(delivered_g).tolist() == delivered_g.tolist()


@pytest.mark.parametrize(("outlet", "dips"), [(NEEDLE_21G, True), (DRIPPING, False)])
def test_it_dips_unless_it_is_above_the_surface(outlet: Outlet, dips: bool) -> None:
    assert outlet.dips is dips


@pytest.mark.parametrize(
    ("level_mm", "phase", "share"),
    [
        (0.0, 0.0, -1.0),
        (0.05, 0.0, -0.5),
        (0.1, 0.0, 0.0),
        (0.15, 0.0, 0.5),
        (0.19999, 0.0, 0.9999),
        (0.20001, 0.0, -0.9999),
        (1.05, 0.0, -0.5),
        (0.0, 0.25, -0.5),
        (0.15, 0.5, -0.5),
        (-0.05, 0.0, 0.5),
    ],
)
def test_the_wetting_grows_with_the_level_and_slips_every_fifth_of_a_millimetre(
    level_mm: float, phase: float, share: float
) -> None:
    """5 % of the 19.1 mg from end to end (gravimetric-metrology, section 5: about 1 mg)."""
    found = NEEDLE_21G.wetting_g(np.array([level_mm]), phase)
    assert found == pytest.approx([share * 0.025 * WETTING_21G_G], rel=1e-4, abs=1e-10)


def test_the_swing_is_about_a_milligram_from_end_to_end_and_none_in_the_mean() -> None:
    force_g = NEEDLE_21G.wetting_g(np.linspace(0, 20, 100_000, endpoint=False), 0.3)
    assert np.ptp(force_g) * 1000 == pytest.approx(0.95, abs=0.01)
    assert force_g.mean() * 1000 == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("changed", "factor"),
    [({"angle_deg": 60.0}, 0.5), ({"slip_force_pct": 5.0}, 2.0), ({"tension_mn_m": 36.35}, 0.5), ({"above_surface": 1.0}, 0.0)],
)
def test_the_swing_goes_with_tension_angle_and_share(changed: dict[str, float], factor: float) -> None:
    level_mm = np.linspace(0, 1, 501)
    found = Outlet(**{"needle_od_mm": 0.82, **changed}).wetting_g(level_mm, 0.1)
    assert found == pytest.approx(factor * NEEDLE_21G.wetting_g(level_mm, 0.1), rel=1e-9, abs=1e-15)
    assert found.shape == level_mm.shape
