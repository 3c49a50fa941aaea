"""Syringe, tubing and catheter as a resistance behind something elastic: what the line is made of, and what may block it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from instruments.sim.physics.liquids import GRAVITY_M_S2
from instruments.sim.physics.parameters import GRAVIMETRIC, METHODS, PROPOSED, SPECS, quantity

_AIR_PA = 101_325.0
_ML_PER_M3 = 1e6


@dataclass(frozen=True, slots=True)
class Line:
    """Syringe, tubing and catheter between plunger and outlet.

    ``syringe_compliance_ml_pa`` is that of syringe and stopper, ``tubing_compliance_ml_pa`` that of the whole tubing.
    ``height_m`` is the outlet above the pump: below it (a negative height) the line is a siphon. ``unprimed_ml`` of the line are
    empty in the beginning. ``leak_pct`` of a steady flow escapes at the syringe's joint, as far as there is no back pressure.
    """

    length_m: float = quantity(1.0, "m", f"{SPECS} 3, catheter", least=0.001)
    bore_mm: float = quantity(0.53, "mm", f"{SPECS} 3, catheter", least=0.01)
    viscosity_mpa_s: float = quantity(1.0, "mPa*s", f"{GRAVIMETRIC} 10, water at 20 degC", least=0.001)
    density_g_ml: float = quantity(0.998, "g/mL", f"{GRAVIMETRIC} 2, water at 20 to 22 degC", least=0.1)
    syringe_compliance_ml_pa: float = quantity(1.0e-5, "mL/Pa", f"{GRAVIMETRIC} 10, 9.0e-9 to 2.1e-8 L/Pa", least=1e-12)
    tubing_compliance_ml_pa: float = quantity(0.0, "mL/Pa", f"{GRAVIMETRIC} 10: the syringe dominates", least=0)
    air_ml: float = quantity(0.0, "mL", f"{METHODS} 3: all air removed", least=0)
    unprimed_ml: float = quantity(0.0, "mL", f"{METHODS} 3: everything primed", least=0)
    back_pressure_kpa: float = quantity(0.0, "kPa", f"{METHODS} 7: the normal condition; +/-13.33 kPa the stress case")
    height_m: float = quantity(0.0, "m", f"{METHODS} 7")
    leak_pct: float = quantity(0.0, "%", PROPOSED, least=0, most=99)

    @property
    def resistance_pa_s_ml(self) -> float:
        """R = 8 mu L / (pi r^4) (Hagen-Poiseuille; gravimetric-metrology, section 10)."""
        return 8e-3 * self.viscosity_mpa_s * self.length_m / (math.pi * (self.bore_mm / 2000) ** 4) / _ML_PER_M3

    @property
    def compliance_ml_pa(self) -> float:
        """Of everything that gives way; a bubble at V / p, for pressures that are small against the air's."""
        return self.syringe_compliance_ml_pa + self.air_ml / _AIR_PA + self.tubing_compliance_ml_pa

    @property
    def time_constant_s(self) -> float:
        return self.resistance_pa_s_ml * self.compliance_ml_pa

    @property
    def dead_volume_ml(self) -> float:
        """What the bore holds: the drug needs that much to come through (dosing-and-pump-specs, section 3)."""
        return math.pi * (self.bore_mm / 2) ** 2 * self.length_m

    @property
    def outlet_pa(self) -> float:
        """Gauge pressure that the pump has to overcome at rest."""
        return self.back_pressure_kpa * 1000 + self.column_pa(self.height_m)

    def column_pa(self, height_m: float) -> float:
        """p = rho g h."""
        return self.density_g_ml * 1000 * GRAVITY_M_S2 * height_m


@dataclass(frozen=True, slots=True)
class Blockage:
    """An occlusion: ``part`` of the line's conductance is gone (1: nothing comes through), at ``place`` along the line.

    The place matters for a full one alone: the tubing before it is filled on, the tubing behind it relaxes.
    """

    part: float = 0.0
    place: float = 1.0


FREE = Blockage()


@dataclass(frozen=True, slots=True)
class Network:
    """The line in one state: one elastic store that lets go through outlet and leak, and a pocket behind a full blockage."""

    compliance_ml_pa: float
    through_ml_pa_s: float
    leak_ml_pa_s: float
    outlet_pa: float
    pocket_ml_pa: float = 0.0
    pocket_through_ml_pa_s: float = 0.0

    @property
    def rate_s(self) -> float:
        """The share of what is stored that is let go each second: 1 / tau."""
        return (self.through_ml_pa_s + self.leak_ml_pa_s) / self.compliance_ml_pa

    @property
    def pocket_rate_s(self) -> float:
        return self.pocket_through_ml_pa_s / self.pocket_ml_pa if self.pocket_ml_pa else 0.0

    @property
    def pushed_back_ml_s(self) -> float:
        """What the outlet's pressure would push back into an empty store."""
        return self.through_ml_pa_s * self.outlet_pa


def network(line: Line, blockage: Blockage = FREE, leak_ml_pa_s: float | None = None) -> Network:
    """What a line is to the liquid. ``leak_ml_pa_s``: in place of the line's own leak."""
    through = 1 / line.resistance_pa_s_ml
    leak = leak_conductance(line, line.leak_pct / 100) if leak_ml_pa_s is None else leak_ml_pa_s
    if blockage.part < 1:
        return Network(line.compliance_ml_pa, through * (1 - blockage.part), leak, line.outlet_pa)
    behind = 1 - blockage.place
    pocket_ml_pa = behind * line.tubing_compliance_ml_pa
    drained = through / behind if pocket_ml_pa else 0.0
    return Network(line.compliance_ml_pa - pocket_ml_pa, 0.0, leak, line.outlet_pa, pocket_ml_pa, drained)


def leak_conductance(line: Line, part: float) -> float:
    """In mL/s per Pa: beside the open line, such a leak takes ``part`` of a steady flow."""
    return part / (1 - part) / line.resistance_pa_s_ml
