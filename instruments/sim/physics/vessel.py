"""The vessel on the pan: what evaporates from it, how high the liquid stands, and what the air makes of its weight."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from instruments.sim.physics.arrays import FloatArray, at
from instruments.sim.physics.liquids import diffused_mg_h, saturated_g_m3, shown_per_g, water_g_ml
from instruments.sim.physics.outlet import Outlet
from instruments.sim.physics.parameters import GRAVIMETRIC, PROPOSED, quantity
from instruments.sim.physics.room import Air, Room

_MG_H_PER_G_S = 3.6e6
_STEP_K = 0.1


@dataclass(frozen=True, slots=True)
class Vessel:
    """``evaporation_mg_h`` is that in the mean air of the room; None: diffusion through ``gap_mm`` of still air.

    ``cover`` divides it: 1 for none, 40 for oil. A trap makes the air above the liquid as moist as ``trap_humidity_pct`` (0: no
    trap). ``uncovered_mg_h`` more evaporate from ``uncovered_from_s`` on. ``weight_g`` and ``density_g_ml`` are the vessel's own.
    """

    inner_diameter_mm: float = quantity(30.0, "mm", f"{GRAVIMETRIC} 5", least=0.1)
    weight_g: float = quantity(35.0, "g", PROPOSED, least=0)
    density_g_ml: float = quantity(2.5, "g/mL", f"{PROPOSED}: glass", least=0.1)
    liquid_temperature_c: float = quantity(22.0, "degC", f"{GRAVIMETRIC} 8, budget A", least=0, most=100)
    liquid_density_g_ml: float | None = quantity(None, "g/mL", f"{GRAVIMETRIC} 2: water by its temperature", least=0.1)
    evaporation_mg_h: float | None = quantity(None, "mg/h", f"{GRAVIMETRIC} 4: by diffusion")
    gap_mm: float = quantity(60.0, "mm", f"{GRAVIMETRIC} 4, one of its worked gaps", least=0.1)
    cover: float = quantity(40.0, "", f"{GRAVIMETRIC} 4: oil, 40 times less", least=1)
    trap_humidity_pct: float = quantity(0.0, "%", f"{GRAVIMETRIC} 4: a trap has more than 80 %RH", least=0, most=100)
    diffusivity_m2_s: float = quantity(2.5e-5, "m^2/s", f"{GRAVIMETRIC} 4", least=0)
    uncovered_mg_h: float = 0.0
    uncovered_from_s: float = 0.0

    @property
    def liquid_g_ml(self) -> float:
        return self.liquid_density_g_ml if self.liquid_density_g_ml is not None else water_g_ml(self.liquid_temperature_c)

    def loss_mg_h(self, room: Room) -> float:
        """Evaporation in the mean air of the room."""
        if self.evaporation_mg_h is not None:
            return self.evaporation_mg_h
        humidity_pct = self.trap_humidity_pct or room.humidity_pct
        free_mg_h = diffused_mg_h(self.inner_diameter_mm, self.gap_mm, room.temperature_c, humidity_pct, self.diffusivity_m2_s)
        return free_mg_h / self.cover

    def evaporated_g(self, moments_s: FloatArray, air: Air) -> FloatArray:
        """Gone by each moment; it follows the room in proportion to what the air could still take up, for small departures."""
        room = air.room
        per_k = (_dryness(room, _STEP_K) - _dryness(room, -_STEP_K)) / (2 * _STEP_K) / _dryness(room, 0.0)
        per_pct = -1 / (100 - room.humidity_pct) if not self.trap_humidity_pct else 0.0
        effective_s = moments_s + per_k * air.temperature.integral_s(moments_s) + per_pct * air.humidity.integral_s(moments_s)
        more_g = self.uncovered_mg_h / _MG_H_PER_G_S * np.maximum(0.0, moments_s - self.uncovered_from_s)
        return np.asarray(self.loss_mg_h(room) / _MG_H_PER_G_S * effective_s + more_g)

    def immersion(self, outlet: Outlet) -> float:
        """Share of the vessel's cross-section that a dipping needle takes (gravimetric-metrology, section 5)."""
        return (outlet.needle_od_mm / self.inner_diameter_mm) ** 2 if outlet.dips else 0.0

    def level_mm(self, liquid_g: FloatArray, outlet: Outlet) -> FloatArray:
        """How far the surface has risen."""
        area_mm2 = math.pi / 4 * self.inner_diameter_mm**2 * (1 - self.immersion(outlet))
        return np.asarray(liquid_g / self.liquid_g_ml * 1000 / area_mm2)


def _dryness(room: Room, warmer_k: float) -> float:
    return saturated_g_m3(room.temperature_c + warmer_k) * (1 - room.humidity_pct / 100)


@dataclass(frozen=True, slots=True)
class Pan:
    """What a perfect balance, adjusted with 8000 kg/m3 weights in the air of the beginning, shows of the vessel."""

    vessel: Vessel
    outlet: Outlet
    air: Air
    phase: float

    def shown_g(self, delivered_ml: FloatArray, moments_s: FloatArray) -> FloatArray:
        """Vessel and liquid, lightened by the air, with what the needle adds (gravimetric-metrology, sections 1, 3 and 5)."""
        vessel, outlet = self.vessel, self.outlet
        liquid_g = outlet.landed_g(delivered_ml * vessel.liquid_g_ml) - vessel.evaporated_g(moments_s, self.air)
        air, adjusted = self.air.density_g_ml(moments_s), float(self.air.density_g_ml(at(0.0)))
        shown_g = liquid_g * shown_per_g(vessel.liquid_g_ml, air, adjusted) / (1 - vessel.immersion(outlet))
        wetting_g = outlet.wetting_g(vessel.level_mm(liquid_g, outlet), self.phase)
        return vessel.weight_g * (1 - (air - adjusted) / vessel.density_g_ml) + shown_g + wetting_g
