"""The fluid between plunger and balance pan, in closed form between the moments at which the plunger changes its speed.

The plunger pushes at a piecewise constant flow. Syringe and tubing give way before the line lets the liquid through, so
the outlet follows with the time constant R*C (Poiseuille resistance times compliance). What leaves the outlet lands in
a vessel on the pan, from which a little evaporates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """Syringe, tubing and catheter between plunger and outlet.

    Defaults: 1 m of 0.53 mm bore (dosing-and-pump-specs, section 3), compliance 1e-8 L/Pa
    (gravimetric-metrology, section 10), water at 20 degC.
    """

    length_m: float = 1.0
    bore_mm: float = 0.53
    compliance_ml_pa: float = 1.0e-5
    viscosity_pa_s: float = 1.0e-3

    @property
    def time_constant_s(self) -> float:
        """R*C with R = 8 mu L / (pi r^4) (Hagen-Poiseuille)."""
        resistance_pa_s_m3 = 8 * self.viscosity_pa_s * self.length_m / (math.pi * (self.bore_mm / 2000) ** 4)
        return resistance_pa_s_m3 * self.compliance_ml_pa * 1e-6


class FluidPath:
    """How much has been pushed, how much has left the outlet; valid from the last change of flow onwards."""

    def __init__(self, time_constant_s: float) -> None:
        self._tau_s = time_constant_s
        self._since_s = 0.0
        self._flow_ml_s = 0.0
        self._pushed_ml = 0.0
        self._stored_ml = 0.0

    def set_flow(self, now_s: float, flow_ml_s: float) -> None:
        """From ``now_s`` on the plunger displaces ``flow_ml_s``; ``now_s`` never lies before the last change."""
        elapsed_s = now_s - self._since_s
        self._stored_ml = self.stored_ml(now_s)
        self._pushed_ml += self._flow_ml_s * elapsed_s
        self._since_s, self._flow_ml_s = now_s, flow_ml_s

    def pushed_ml(self, now_s: float) -> float:
        """Volume displaced by the plunger so far."""
        return self._pushed_ml + self._flow_ml_s * (now_s - self._since_s)

    def delivered_ml(self, moments_s: FloatArray) -> FloatArray:
        """Volume that has left the outlet at each moment (none before the last change of flow)."""
        elapsed_s = moments_s - self._since_s
        return self._pushed_ml + self._flow_ml_s * elapsed_s - self._stored(elapsed_s)

    def stored_ml(self, now_s: float) -> float:
        """Volume that the compliance holds: pressure times compliance."""
        return float(self._stored(np.float64(now_s - self._since_s)))

    def _stored(self, elapsed_s: FloatArray | np.float64) -> FloatArray:
        """Volume held by the compliance: relaxes towards flow * tau."""
        if self._tau_s <= 0:
            return np.zeros_like(elapsed_s)
        settled_ml = self._flow_ml_s * self._tau_s
        return np.asarray(settled_ml + (self._stored_ml - settled_ml) * np.exp(-elapsed_s / self._tau_s))


@dataclass(frozen=True, slots=True)
class Vessel:
    """The vessel on the pan, its liquid and the air around it.

    Density of water after Kell (1975) and of air after the linear form of gravimetric-metrology section 3: on purpose
    other formulas than those the analysis uses, so that an error in one does not hide in the other.
    """

    temperature_c: float = 22.0
    pressure_hpa: float = 1005.0
    humidity_pct: float = 45.0
    evaporation_mg_h: float = 0.2
    needle_od_mm: float = 0.0
    inner_diameter_mm: float = 30.0
    density_g_ml: float | None = None

    def apparent_g(self, delivered_ml: FloatArray, moments_s: FloatArray) -> FloatArray:
        """What a perfect balance, adjusted with 8000 kg/m3 weights, shows for the vessel's gain."""
        liquid_g = delivered_ml * self.liquid_g_ml - self.evaporation_mg_h * moments_s / 3.6e6
        return liquid_g * (self._buoyancy / (1 - self.immersion))

    @property
    def liquid_g_ml(self) -> float:
        return self.density_g_ml if self.density_g_ml is not None else _kell_g_ml(self.temperature_c)

    @property
    def immersion(self) -> float:
        """Share of the vessel's cross-section that the dipping needle takes."""
        return (self.needle_od_mm / self.inner_diameter_mm) ** 2

    @property
    def _buoyancy(self) -> float:
        t_c, h_pct = self.temperature_c, self.humidity_pct
        air = (0.348444 * self.pressure_hpa - h_pct * (0.00252 * t_c - 0.020582)) / (273.15 + t_c) / 1000
        return (1 - air / self.liquid_g_ml) / (1 - air / 8.0)


def _kell_g_ml(t_c: float) -> float:
    """Density of water in g/mL at 1013.25 hPa, 0 to 150 degC (Kell 1975, eq. 16)."""
    above = 999.83952 + t_c * (
        16.945176 + t_c * (-7.9870401e-3 + t_c * (-46.170461e-6 + t_c * (105.56302e-9 - 280.54253e-12 * t_c)))
    )
    return above / (1 + 16.879850e-3 * t_c) / 1000
