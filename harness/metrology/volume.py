"""From a change of the balance's indication to the volume that was delivered, with everything that is uncertain about it.

V = (dW (1 - a) + e dt) Z (gravimetric-metrology, section 1): a is the share of the vessel that the dipping needle takes,
e the evaporation, Z the volume per indicated gram with the air's buoyancy in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.metrology.budget import Inputs
from harness.metrology.density import Number, air_kg_m3, water_kg_m3, z_ml_per_g
from harness.stands import BalanceSheet, Environment, Liquid, Needle, Vessel

_IMMERSION_KNOWN_TO = 0.05
_AIR_KNOWN_TO = 0.005
_WATER_PURITY = 1e-5


@dataclass(frozen=True, slots=True)
class Evaporation:
    """Loss from the vessel in g/h (positive), as measured in a blank, and where it comes from."""

    loss_g_h: float
    u_g_h: float
    dof: float = 4.0
    source: str = "not measured"


@dataclass(frozen=True, slots=True)
class Weighing:
    """How masses become volumes on one bench. ``sign`` is +1 where the vessel gains (weigh-in), -1 where it loses."""

    balance: BalanceSheet
    needle: Needle
    vessel: Vessel
    liquid: Liquid
    environment: Environment
    sign: int = 1

    def volume_ml(self, inputs: Inputs, change_g: float, elapsed_s: float, evaporation: Evaporation) -> Number:
        """Volume delivered while the indication changed by ``change_g`` in ``elapsed_s``."""
        elapsed_h = elapsed_s / 3600
        immersion = self._immersion(inputs)
        loss_g_h = inputs.normal("evaporation, from the blank", evaporation.loss_g_h, evaporation.u_g_h, evaporation.dof)
        indicated_g = self.sign * (change_g + self._balance_g(inputs, change_g, elapsed_h))
        return (indicated_g * (1 - immersion) + self.sign * loss_g_h * elapsed_h) * self.z_ml_g(inputs)

    def factor_ml_g(self) -> float:
        """Z without its uncertainty, in mL per indicated gram."""
        inputs = Inputs()
        return inputs.estimate(self.z_ml_g(inputs)).value

    def in_words(self, begin_g: float, end_g: float, elapsed_s: float, evaporation: Evaporation) -> str:
        """All that a reader needs to work the volume out again by hand."""
        share = (self.needle.outer_diameter / self.vessel.inner_diameter) ** 2
        return (
            f"{begin_g:.5f} g to {end_g:.5f} g in {elapsed_s:.1f} s; Z = {self.factor_ml_g():.6f} mL/g, "
            f"a = {share:.6f}, e = {evaporation.loss_g_h * 1000:.3f} mg/h"
        )

    def _balance_g(self, inputs: Inputs, change_g: float, elapsed_h: float) -> Number:
        """Everything that the balance may add to a difference of two readings; zero, give or take."""
        sheet, dof = self.balance, self.balance.repeatability_n - 1
        return (
            inputs.normal("repeatability of the difference, sqrt(2) s (g)", 0.0, 2**0.5 * sheet.repeatability, dof)
            + inputs.rectangular("readability, start reading (g)", 0.0, sheet.readability / 2)
            + inputs.rectangular("readability, end reading (g)", 0.0, sheet.readability / 2)
            + inputs.rectangular("linearity (g)", 0.0, sheet.linearity)
            + inputs.normal("sensitivity (g)", 0.0, abs(change_g) * sheet.sensitivity / 100)
            + inputs.rectangular("zero drift (g)", 0.0, sheet.drift * elapsed_h)
            + inputs.rectangular("capillary force on the needle (g)", 0.0, self.needle.capillary)
        )

    def _immersion(self, inputs: Inputs) -> Number:
        share = (self.needle.outer_diameter / self.vessel.inner_diameter) ** 2
        return inputs.normal("immersion of the needle (1)", share, share * _IMMERSION_KNOWN_TO)

    def z_ml_g(self, inputs: Inputs) -> Number:
        """Millilitres per indicated gram."""
        air = air_kg_m3(self.liquid.temperature, self.environment.pressure, self.environment.humidity)
        air = inputs.normal("air density (kg/m3)", air, air * _AIR_KNOWN_TO)
        return z_ml_per_g(self._density_kg_m3(inputs), air)

    def _density_kg_m3(self, inputs: Inputs) -> Number:
        if self.liquid.density is not None:
            known_to = self.liquid.density_uncertainty * 1000
            return inputs.normal("liquid density (kg/m3)", self.liquid.density * 1000, known_to)
        temperature = inputs.normal("water temperature (degC)", self.liquid.temperature, self.liquid.temperature_uncertainty)
        return water_kg_m3(temperature) * inputs.rectangular("water purity and gas (1)", 1.0, _WATER_PURITY)
