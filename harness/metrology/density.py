"""Densities of water and air, and the factor that turns a balance's indication into a volume.

All functions take plain floats, GTC uncertain numbers or arrays of draws.
"""

from __future__ import annotations

from typing import Any

import GTC
import numpy as np

_STEEL_KG_M3 = 8000.0
_ZERO_C_K = 273.15
SALINE_EXCESS_KG_M3 = 6.4
"""By how much 0.9 % sodium chloride is denser than water, 15 to 40 degC (gravimetric-metrology, section 2)."""
SALINE_U_KG_M3 = 0.5
"""Standard uncertainty of that; a densitometer's certificate does better than this."""

Number = Any
"""A float, a GTC uncertain real number, or an array of draws."""


def water_kg_m3(t_c: Number) -> Number:
    """Air-free water at 1013.25 hPa, 0 to 40 degC (Tanaka et al. 2001, the CIPM formula)."""
    departure = (t_c - 3.983035) ** 2 * (t_c + 301.797) / (522528.9 * (t_c + 69.34881))
    return 999.974950 * (1 - departure)


def water_saturated_kg_m3(t_c: Number) -> Number:
    """Air-saturated water at 1013.25 hPa, 0 to 25 degC: about 2.5 ppm below air-free water (gravimetric-metrology, section 2)."""
    return water_kg_m3(t_c) - 4.612e-3 + 0.106e-3 * t_c


def saline_kg_m3(t_c: Number, excess_kg_m3: Number = SALINE_EXCESS_KG_M3) -> Number:
    """0.9 % sodium chloride, 15 to 40 degC, as water and an excess over it (gravimetric-metrology, section 2).

    A budget hands over the excess as an input of its own, with ``SALINE_U_KG_M3``.
    """
    return water_kg_m3(t_c) + excess_kg_m3


def air_kg_m3(t_c: Number, pressure_hpa: Number, humidity_pct: Number) -> Number:
    """Moist air, 900 to 1100 hPa, 10 to 30 degC (simplified CIPM formula, OIML R 111-1 E.3; rel. uncertainty 2e-4)."""
    return (0.34848 * pressure_hpa - 0.009 * humidity_pct * _exp(0.061 * t_c)) / (273.15 + t_c)


def air_cipm2007_kg_m3(t_c: Number, pressure_hpa: Number, humidity_pct: Number) -> Number:
    """Moist air with 400 ppm CO2, 600 to 1100 hPa, 15 to 27 degC (CIPM-2007; gravimetric-metrology, section 3)."""
    t_k, p_pa = t_c + _ZERO_C_K, pressure_hpa * 100
    vapour = _vapour_share(t_c, p_pa, humidity_pct)
    return 3.483740e-3 * p_pa / (_compressibility(t_c, p_pa, vapour) * t_k) * (1 - 0.3780 * vapour)


def _vapour_share(t_c: Number, p_pa: Number, humidity_pct: Number) -> Number:
    """Mole fraction of water vapour: humidity times saturation pressure, with the enhancement factor of moist air."""
    t_k = t_c + _ZERO_C_K
    saturation_pa = _exp(1.2378847e-5 * t_k**2 - 1.9121316e-2 * t_k + 33.93711047 - 6.3431645e3 / t_k)
    enhancement = 1.00062 + 3.14e-8 * p_pa + 5.6e-7 * t_c**2
    return humidity_pct / 100 * enhancement * saturation_pa / p_pa


def _compressibility(t_c: Number, p_pa: Number, vapour: Number) -> Number:
    p_over_t = p_pa / (t_c + _ZERO_C_K)
    dry = 1.58123e-6 - 2.9331e-8 * t_c + 1.1043e-10 * t_c**2
    moist = (5.707e-6 - 2.051e-8 * t_c) * vapour + (1.9898e-4 - 2.376e-6 * t_c) * vapour**2
    return 1 - p_over_t * (dry + moist) + p_over_t**2 * (1.83e-11 - 0.765e-8 * vapour**2)


def z_ml_per_g(liquid_kg_m3: Number, air_density_kg_m3: Number) -> Number:
    """Volume of liquid for one gram indicated by a balance adjusted with 8000 kg/m3 weights (ISO 8655-6, Z factor)."""
    return 1000 / (liquid_kg_m3 - air_density_kg_m3) * (1 - air_density_kg_m3 / _STEEL_KG_M3)


def _exp(exponent: Number) -> Number:
    return np.exp(exponent) if isinstance(exponent, np.ndarray) else GTC.exp(exponent)
