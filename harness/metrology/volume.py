"""From two levels of the balance's indication to the volume that was delivered, with everything that is uncertain about it.

V = (dW (1 - a) + e dt) Z (gravimetric-metrology, section 1): a is the share of the vessel that the dipping needle takes,
e the evaporation, Z the volume per indicated gram with the air's buoyancy in it. A correction that the bench switches off is
not made; what it would have been then stands in the budget as a standard uncertainty, so that U covers it (JCGM 100, F.2.4.5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.metrology.budget import Inputs, value_of
from harness.metrology.density import (
    SALINE_EXCESS_KG_M3,
    SALINE_U_KG_M3,
    Number,
    air_kg_m3,
    saline_kg_m3,
    water_kg_m3,
    z_ml_per_g,
)
from harness.stands import SALINE, BalanceSheet, Corrections, Environment, Liquid, Needle, Vessel

_AIR_KNOWN_TO = 0.005
_WATER_PURITY = 1e-5
_FEWEST = 10
"""Independent readings from which their own scatter tells something."""
HALF, _COURSE_H = 0.5, 4.0
_LEAST_NOISE = 0.41
"""Repeatability is never taken as less than this part of the readability (USP <41>; gravimetric-metrology, section 6)."""


_ALL = Corrections()


@dataclass(frozen=True, slots=True)
class Evaporation:
    """Loss from the vessel in g/h (positive), and where it comes from.

    ``holds_drift``: it was measured before and after, on the same balance, so that the drift of the zero is in it too.
    """

    loss_g_h: float
    u_g_h: float
    dof: float = 4.0
    source: str = "not measured"
    holds_drift: bool = False


def _left(evaporation: Evaporation, elapsed_h: float) -> float:
    """What is left of the drift where blanks before and after have told it: the more, the longer the measurement takes.

    Seen at both ends, a drift that keeps its course is in the correction; one that comes and goes within hours is so by half.
    """
    return HALF * min(1.0, elapsed_h / _COURSE_H) if evaporation.holds_drift else 1.0


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard deviation of one reading in g, how well it is known, and from where."""

    sd_g: float
    dof: float
    source: str


@dataclass(frozen=True, slots=True)
class DayCheck:
    """What the day's check found: the noise of one ``reading`` at rest, and that of a ``level``, from weighing to weighing."""

    reading: Noise
    level: Noise


@dataclass(frozen=True, slots=True)
class Level:
    """A mean mass and the moment it stands for; ``residual_g`` is the scatter of its ``count`` readings around their own line.

    ``correlation`` is the residuals' lag-one autocorrelation: readings that hang together count for fewer.
    """

    moment_s: float
    mass_g: float
    count: int = 1
    residual_g: float = 0.0
    correlation: float = 0.0

    @property
    def independent(self) -> float:
        return max(1.0, self.count * (1 - self.correlation) / (1 + self.correlation))


@dataclass(frozen=True, slots=True)
class Weighing:
    """How masses become volumes on one bench. ``sign`` is +1 where the vessel gains (weigh-in), -1 where it loses.

    ``checked`` is what the day's check found, where there was one.
    """

    balance: BalanceSheet
    needle: Needle
    vessel: Vessel
    liquid: Liquid
    environment: Environment
    sign: int = 1
    corrections: Corrections = _ALL
    checked: DayCheck | None = None

    def volume_ml(self, inputs: Inputs, begin: Level, end: Level, evaporation: Evaporation) -> Number:
        """Volume delivered between two levels."""
        elapsed_h = (end.moment_s - begin.moment_s) / 3600
        change_g = end.mass_g - begin.mass_g
        indicated_g = change_g + self._balance_g(inputs, begin, end) + self._wetting_g(inputs)
        indicated_g += inputs.rectangular("zero drift (g)", 0.0, self.balance.drift * elapsed_h * _left(evaporation, elapsed_h))
        lost_g = self._lost_g(inputs, evaporation, elapsed_h)
        return self.sign * (indicated_g * (1 - self._immersion(inputs)) + lost_g) * self.z_ml_g(inputs)

    def factor_ml_g(self) -> float:
        """Z without its uncertainty, in mL per indicated gram."""
        return value_of(self.z_ml_g)

    @property
    def immersed(self) -> float:
        """The share of the vessel that the needle takes, as it is corrected for."""
        return self._share if self.corrections.immersion else 0.0

    def noise(self, level: Level | None = None) -> Noise:
        """Of one reading: the largest of certificate, day's check and the readings' own residual."""
        sheet = self.balance
        known = [Noise(max(sheet.repeatability, _LEAST_NOISE * sheet.readability), sheet.repeatability_n - 1, "certificate")]
        known += [self.checked.reading] if self.checked else []
        if level is not None and level.independent >= _FEWEST:
            own_g = max(0.0, level.residual_g**2 - sheet.readability**2 / 12) ** 0.5
            known.append(Noise(own_g, level.independent - 2, "own residual"))
        return max(known, key=lambda noise: noise.sd_g)

    def _of_level(self, level: Level) -> Noise:
        """Where the display holds still, its noise does not average out: all readings are one."""
        reading, alike = self.noise(level), not self.balance.shows_noise
        mean = Noise(reading.sd_g * (1.0 if alike else level.independent**-0.5), reading.dof, reading.source)
        return max(mean, self.checked.level, key=lambda noise: noise.sd_g) if self.checked else mean

    def reading_g(self) -> float:
        """Standard uncertainty of one reading: noise and readability."""
        return float((self.noise().sd_g ** 2 + self.balance.readability**2 / 12) ** 0.5)

    def in_words(self, begin: Level, end: Level, evaporation: Evaporation) -> str:
        """All that a reader needs to work the volume out again by hand."""
        loss_mg_h = evaporation.loss_g_h * 1000 if self.corrections.evaporation else 0.0
        return (
            f"{begin.mass_g:.5f} g to {end.mass_g:.5f} g in {end.moment_s - begin.moment_s:.1f} s; "
            f"Z = {self.factor_ml_g():.6f} mL/g, a = {self.immersed:.6f}, e = {loss_mg_h:.3f} mg/h ({evaporation.source})"
            f"{self._left_out()}{self._light(begin, end)}"
        )

    def _left_out(self) -> str:
        names = self.corrections.left_out
        return f"; not corrected for {', '.join(names)}" if names else ""

    def _light(self, begin: Level, end: Level) -> str:
        """Less than the minimum weight says more about the balance than about the pump."""
        least_g = self.balance.least_g
        enough = abs(end.mass_g - begin.mass_g) >= least_g
        return "" if enough else f"; below the balance's minimum weight of {least_g * 1000:g} mg"

    def _balance_g(self, inputs: Inputs, begin: Level, end: Level) -> Number:
        """Everything that the balance may add to a difference of two levels; zero, give or take.

        Linearity and sensitivity are one balance's, so they count once (gravimetric-metrology, section 8).
        """
        sheet, change_g = self.balance, end.mass_g - begin.mass_g
        return (
            self._level_g(inputs, begin, "start")
            + self._level_g(inputs, end, "end")
            + inputs.rectangular("linearity (g)", 0.0, sheet.linearity)
            + inputs.normal("sensitivity (g)", 0.0, abs(change_g) * sheet.sensitivity / 100)
        )

    def _level_g(self, inputs: Inputs, level: Level, which: str) -> Number:
        """A mean of independent readings is known better than one of them, but no better than the day's check found levels to be.

        Where no noise shows, rounding does not average out.
        """
        noise, share = self._of_level(level), level.independent**-0.5
        rounding_g = self.balance.readability / 2 * (share if self.balance.shows_noise else 1.0)
        return inputs.normal(
            f"repeatability, {which} level, by {noise.source} (g)", 0.0, noise.sd_g, noise.dof
        ) + inputs.rectangular(f"readability, {which} level (g)", 0.0, rounding_g)

    def _wetting_g(self, inputs: Inputs) -> Number:
        """The wetting sticks and slips anywhere between its bounds, at the start as at the end: the difference may take both."""
        half_width_g = self.needle.capillary
        if not half_width_g:
            return 0.0
        return inputs.rectangular("wetting of the needle, end (g)", 0.0, half_width_g) - inputs.rectangular(
            "wetting of the needle, start (g)", 0.0, half_width_g
        )

    def _lost_g(self, inputs: Inputs, evaporation: Evaporation, elapsed_h: float) -> Number:
        if not self.corrections.evaporation:
            left_g_h = math.hypot(evaporation.loss_g_h, evaporation.u_g_h)
            return inputs.normal("evaporation, not corrected (g)", 0.0, left_g_h * elapsed_h)
        name = f"evaporation, {evaporation.source} (g/h)"
        return inputs.normal(name, evaporation.loss_g_h, evaporation.u_g_h, evaporation.dof) * elapsed_h

    @property
    def _share(self) -> float:
        """(d_n / D_v)^2 (gravimetric-metrology, section 5)."""
        return (self.needle.outer_diameter / self.vessel.inner_diameter) ** 2

    def _immersion(self, inputs: Inputs) -> Number:
        if not self._share:
            return 0.0
        if not self.corrections.immersion:
            return inputs.normal("immersion of the needle, not corrected (1)", 0.0, self._share)
        return inputs.normal("immersion of the needle (1)", self._share, self._share * self.needle.immersion_uncertainty / 100)

    def z_ml_g(self, inputs: Inputs) -> Number:
        """Millilitres per indicated gram."""
        place, liquid_c = self.environment, self.liquid.temperature
        air = air_kg_m3(liquid_c if place.temperature is None else place.temperature, place.pressure, place.humidity)
        liquid = self._density_kg_m3(inputs)
        if not self.corrections.buoyancy:
            effect = z_ml_per_g(1000.0, air) - 1
            return 1000 / liquid * inputs.normal("buoyancy of the air, not corrected (1)", 1.0, effect)
        return z_ml_per_g(liquid, inputs.normal("air density (kg/m3)", air, air * _AIR_KNOWN_TO))

    def _density_kg_m3(self, inputs: Inputs) -> Number:
        if self.liquid.density is not None:
            known_to = self.liquid.density_uncertainty * 1000
            return inputs.normal("liquid density (kg/m3)", self.liquid.density * 1000, known_to)
        temperature = inputs.normal("water temperature (degC)", self.liquid.temperature, self.liquid.temperature_uncertainty)
        if self.liquid.name == SALINE:
            return saline_kg_m3(temperature, inputs.normal("saline over water (kg/m3)", SALINE_EXCESS_KG_M3, SALINE_U_KG_M3))
        return water_kg_m3(temperature) * inputs.rectangular("water purity and gas (1)", 1.0, _WATER_PURITY)
