"""Densities of water and air, and the factor that turns a balance's indication into a volume.

All functions take plain floats or GTC uncertain numbers.
"""

from __future__ import annotations

from typing import Any

import GTC

_STEEL_KG_M3 = 8000.0

Number = Any
"""A float, or a GTC uncertain real number."""


def water_kg_m3(t_c: Number) -> Number:
    """Air-free water at 1013.25 hPa, 0 to 40 degC (Tanaka et al. 2001, the CIPM formula)."""
    departure = (t_c - 3.983035) ** 2 * (t_c + 301.797) / (522528.9 * (t_c + 69.34881))
    return 999.974950 * (1 - departure)


def air_kg_m3(t_c: Number, pressure_hpa: Number, humidity_pct: Number) -> Number:
    """Moist air, 900 to 1100 hPa, 10 to 30 degC (simplified CIPM formula, OIML R 111-1 E.3; rel. uncertainty 2e-4)."""
    return (0.34848 * pressure_hpa - 0.009 * humidity_pct * GTC.exp(0.061 * t_c)) / (273.15 + t_c)


def z_ml_per_g(liquid_kg_m3: Number, air_density_kg_m3: Number) -> Number:
    """Volume of liquid for one gram indicated by a balance adjusted with 8000 kg/m3 weights (ISO 8655-6, Z factor)."""
    return 1000 / (liquid_kg_m3 - air_density_kg_m3) * (1 - air_density_kg_m3 / _STEEL_KG_M3)
