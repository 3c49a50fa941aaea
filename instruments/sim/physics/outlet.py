"""Where the liquid comes out: a needle under the surface, whose wetting sticks and slips, or above it, from which drops fall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.liquids import drop_mg, wetting_mg
from instruments.sim.physics.parameters import GRAVIMETRIC, PROPOSED, quantity


@dataclass(frozen=True, slots=True)
class Outlet:
    """``needle_od_mm`` 0: the needle is so thin that it does not count. ``above_surface`` above 0: it drips.

    As the level rises, the wetted line first sticks to the needle, then slips every ``slip_mm``; the force swings by
    ``slip_force_pct`` of the wetting force to either side. A drop takes ``drop_share`` of what the wetting could hold.
    """

    needle_od_mm: float = quantity(0.0, "mm", f"{GRAVIMETRIC} 5; the bench file's needle", least=0)
    tension_mn_m: float = quantity(72.7, "mN/m", f"{GRAVIMETRIC} 5, water at 20 degC", least=0)
    angle_deg: float = quantity(0.0, "deg", f"{GRAVIMETRIC} 5, its worked forces")
    slip_force_pct: float = quantity(2.5, "%", f"{GRAVIMETRIC} 5: 5 % of the force from end to end", least=0)
    slip_mm: float = quantity(0.2, "mm", PROPOSED, least=0.001)
    drop_share: float = quantity(0.65, "", f"{GRAVIMETRIC} 5", least=0.001)
    above_surface: float = quantity(0.0, "", f"{GRAVIMETRIC} 5: keep the tip submerged", least=0)

    @property
    def dips(self) -> bool:
        return not self.above_surface

    @property
    def drop_mg(self) -> float:
        return drop_mg(self.needle_od_mm, self.tension_mn_m, self.drop_share)

    def landed_g(self, delivered_g: FloatArray) -> FloatArray:
        """What of the liquid that came out is in the vessel; the rest hangs at the needle."""
        if self.dips or not self.needle_od_mm:
            return delivered_g
        drop_g = self.drop_mg / 1000
        return np.asarray(np.floor(delivered_g / drop_g) * drop_g)

    def wetting_g(self, level_mm: FloatArray, phase: float) -> FloatArray:
        """What the wetting adds to the weight, apart from what does not change: a saw over the level."""
        if not self.dips:
            return np.zeros_like(level_mm)
        swing_g = wetting_mg(self.needle_od_mm, self.tension_mn_m, self.angle_deg) * self.slip_force_pct / 1e5
        return swing_g * (2 * ((level_mm / self.slip_mm + phase) % 1.0) - 1)
