"""Water and air, by other formulas than those the analysis uses: an error in one must not hide in the other."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np

from instruments.sim.physics.arrays import FloatArray

GRAVITY_M_S2 = 9.80665
_C_SAT_20_G_M3 = 17.3
_STEEL_G_ML = 8.0

Number = TypeVar("Number", float, FloatArray)


def water_g_ml(t_c: float) -> float:
    """Density of water at 1013.25 hPa, 0 to 150 degC (Kell 1975, eq. 16)."""
    above = 999.83952 + t_c * (
        16.945176 + t_c * (-7.9870401e-3 + t_c * (-46.170461e-6 + t_c * (105.56302e-9 - 280.54253e-12 * t_c)))
    )
    return above / (1 + 16.879850e-3 * t_c) / 1000


def air_g_ml(t_c: Number, pressure_hpa: Number, humidity_pct: Number) -> Number:
    """Density of moist air: the older linear form of gravimetric-metrology, section 3."""
    return (0.348444 * pressure_hpa - humidity_pct * (0.00252 * t_c - 0.020582)) / (273.15 + t_c) / 1000


def shown_per_g(density_g_ml: float, air: FloatArray, air_adjusted: float) -> FloatArray:
    """What a balance shows for a gram of a liquid; it was adjusted with 8000 kg/m3 weights in air of ``air_adjusted`` g/mL.

    gravimetric-metrology, section 3 (the inverse of Z times the density).
    """
    return np.asarray((1 - air / density_g_ml) / (1 - air_adjusted / _STEEL_G_ML))


def saturated_g_m3(t_c: float) -> float:
    """Water vapour in saturated air: 17.3 g/m3 at 20 degC (gravimetric-metrology, section 4), over temperature after Magnus."""
    return _C_SAT_20_G_M3 * _magnus(t_c) / _magnus(20.0)


def _magnus(t_c: float) -> float:
    """Saturation pressure over absolute temperature, in arbitrary units (WMO coefficients over water)."""
    return math.exp(17.62 * t_c / (243.12 + t_c)) / (273.15 + t_c)


def diffused_mg_h(bore_mm: float, gap_mm: float, t_c: float, humidity_pct: float, diffusivity_m2_s: float) -> float:
    """Evaporation through the still air of a vessel: e = D A (c_sat - c_room) / L (gravimetric-metrology, section 4)."""
    area_m2 = math.pi * (bore_mm / 2000) ** 2
    deficit_g_m3 = saturated_g_m3(t_c) * (1 - humidity_pct / 100)
    return diffusivity_m2_s * area_m2 * deficit_g_m3 / (gap_mm / 1000) * 3.6e6


def wetting_mg(needle_mm: float, tension_mn_m: float, angle_deg: float = 0.0) -> float:
    """Force of the meniscus on a needle, as mass: pi d sigma cos(theta) / g (gravimetric-metrology, section 5)."""
    return math.pi * needle_mm * tension_mn_m * math.cos(math.radians(angle_deg)) / GRAVITY_M_S2


def drop_mg(needle_mm: float, tension_mn_m: float, share: float) -> float:
    """Mass of a drop that falls from a needle: 2 pi r sigma f / g (Tate; gravimetric-metrology, section 5)."""
    return math.pi * needle_mm * tension_mn_m * share / GRAVITY_M_S2
