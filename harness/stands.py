"""What stands on the table: the tables of a bench file, as models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from harness.dut import Dut
from harness.files import Strict
from harness.quantities import (
    Celsius,
    Grams,
    GramsPerHour,
    GramsPerMilliLitre,
    Hectopascals,
    Hertz,
    Kelvins,
    Kilopascals,
    Metres,
    MilliLitres,
    Millimetres,
    Percent,
    Seconds,
    Volts,
    VoltsPerKilopascal,
)
from instruments.port import LineSettings

SALINE = "saline"
_BY_TEMPERATURE = ("water", SALINE)
_RELAX_TIMES, _RELAX_S = 10.0, 60.0
_LEAST_TIMES, _LEAST_NOISE = 2000.0, 0.41
_WATER_PA_S = 1e-3
_SHOWS = 0.3
"""Repeatability in readabilities below which a reading may stand still for minutes although all is well."""

ROLES: Mapping[str, str] = {
    "pump": "pumps",
    "balance": "balances",
    "pressure": "meters",
    "alarm_relay": "meters",
    "battery": "supplies",
}
"""Role and kind of driver."""


def relaxed_s(lag_s: float) -> float:
    """How long after a flow was stopped a line of that lag has relaxed: what flows then is not what was commanded before."""
    return _RELAX_S + _RELAX_TIMES * lag_s


class BenchHead(Strict):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    title: str = ""
    visa: str = "@py"


class Reservoir(Strict):
    """What a pump delivers from: ``volume`` is the nominal size, ``filled`` what is in it when a plan begins (all, unless told).

    ``filled_uncertainty`` is a standard uncertainty.
    """

    volume: Annotated[MilliLitres, Field(gt=0)]
    filled: Annotated[MilliLitres, Field(gt=0)] | None = None
    filled_uncertainty: Annotated[MilliLitres, Field(ge=0)] = 0.1

    @property
    def filled_ml(self) -> float:
        return self.volume if self.filled is None else self.filled

    @model_validator(mode="after")
    def _not_overfilled(self) -> Reservoir:
        if self.filled_ml > self.volume:
            raise ValueError(f"{self.volume:g} mL cannot be filled with {self.filled_ml:g} mL")
        return self


class Syringe(Reservoir):
    inner_diameter: Annotated[Millimetres, Field(gt=0)]


class Stand(Strict):
    """One instrument in its role: who speaks to it and how.

    ``serial`` and ``model`` are compared with what the device says of itself. The serial line is set as the family's usual,
    unless told. A lost line that comes back within ``grace`` is used again. ``options`` are the driver's own. ``asset`` and
    ``certificate`` are the numbers under which the equipment and its last calibration are filed; they go into the record.
    """

    driver: str
    address: str
    serial: str | None = None
    model: str | None = None
    baud: Annotated[int, Field(gt=0)] | None = None
    bytesize: Literal[7, 8] | None = None
    parity: Literal["N", "E", "O"] | None = None
    stopbits: Literal[1, 2] | None = None
    grace: Annotated[Seconds, Field(ge=0)] = 10.0
    asset: str = ""
    certificate: str = ""
    calibrated: date | None = None
    calibration_due: date | None = None
    options: dict[str, Any] = {}

    def line(self, usual: LineSettings) -> LineSettings:
        told = {"baudrate": self.baud, "bytesize": self.bytesize, "parity": self.parity, "stopbits": self.stopbits}
        return replace(usual, **{name: value for name, value in told.items() if value is not None})  # type: ignore[arg-type]


class PumpStand(Stand):
    """``watchdog``: how long the pump may hear nothing while infusing before it stops by itself, if it can. ``stop_watch``: how
    long the balance is watched for flow after a stop, once the line has run out; 0 for not at all.
    """

    syringe: Syringe | None = None
    reservoir: Reservoir | None = None
    watchdog: Annotated[Seconds, Field(ge=2, le=3600)] = 30.0
    stop_watch: Annotated[Seconds, Field(ge=0)] = 15.0

    @model_validator(mode="after")
    def _one_source(self) -> PumpStand:
        if (self.syringe is None) == (self.reservoir is None):
            raise ValueError("give either a syringe or a reservoir")
        return self

    @property
    def source(self) -> Reservoir:
        return self.syringe or self.reservoir or Reservoir(volume=0)


class PressureStand(Stand):
    """A meter on the line's pressure transducer: ``zero`` volts at no gauge pressure, ``sensitivity`` more for each kPa.

    ``uncertainty`` is that of a reading in kPa, standard.
    """

    zero: Volts = 0.0
    sensitivity: Annotated[VoltsPerKilopascal, Field(gt=0)] = 0.01
    uncertainty: Annotated[Kilopascals, Field(ge=0)] = 0.5

    def kpa(self, volts: float) -> float:
        return (volts - self.zero) / self.sensitivity


class BalanceSheet(Strict):
    """What the certificate and the data sheet say of a balance: the balance's part of every uncertainty budget.

    Defaults follow the 0.1 mg class of gravimetric-metrology section 8. ``response`` is the time constant of its filter, known
    within ``response_uncertainty`` (half width; half of it, unless told). ``minimum_weight`` is the certificate's; that of USP
    <41> by the repeatability, unless told. ``shows_noise``: the stream shows the balance's own
    noise (zero tracking and final-value filter off, as weighing a flow asks for), so that a reading which does not move at
    all for minutes means a balance that is stuck.
    """

    readability: Annotated[Grams, Field(gt=0)]
    repeatability: Annotated[Grams, Field(gt=0)]
    repeatability_n: Annotated[int, Field(ge=2)] = 10
    linearity: Annotated[Grams, Field(ge=0)] = 2e-4
    sensitivity: Annotated[Percent, Field(ge=0)] = 1e-3
    drift: Annotated[GramsPerHour, Field(ge=0)] = 3e-4
    response: Annotated[Seconds, Field(ge=0)] = 0.5
    response_uncertainty: Annotated[Seconds, Field(ge=0)] | None = None
    minimum_weight: Annotated[Grams, Field(gt=0)] | None = None
    shows_noise: bool = True

    @property
    def response_u_s(self) -> float:
        return self.response / 2 if self.response_uncertainty is None else self.response_uncertainty

    @property
    def least_g(self) -> float:
        """Below it, repeatability is more than 0.1 % of what is weighed (USP <41>: 2000 s, s at least 0.41 d)."""
        return self.minimum_weight or _LEAST_TIMES * max(self.repeatability, _LEAST_NOISE * self.readability)

    @model_validator(mode="after")
    def _noise_can_show(self) -> BalanceSheet:
        if self.shows_noise and self.repeatability < self.readability * _SHOWS:
            raise ValueError("noise below a third of the readability cannot show; set shows_noise = false")
        return self


class BalanceStand(Stand, BalanceSheet):
    """A balance that sends ``rate`` readings a second; after ``calibration_due`` no run starts.

    ``reading_bytes``: as many as one reading takes on the line, its end included; they are on their way before it is stamped.
    """

    rate: Annotated[Hertz, Field(gt=0)] = 10.0
    reading_bytes: Annotated[int, Field(ge=0)] = 18
    capacity: Annotated[Grams, Field(gt=0)] = 220.0


class Catheter(Strict):
    """``lag`` is the line's time constant (compliance times resistance), known within ``lag_uncertainty`` (half width; half of
    the lag, unless told).
    """

    length: Annotated[Metres, Field(gt=0)] = 1.0
    bore: Annotated[Millimetres, Field(gt=0)] = 0.53
    lag: Annotated[Seconds, Field(ge=0)] = 6.0
    lag_uncertainty: Annotated[Seconds, Field(ge=0)] | None = None

    @property
    def lag_u_s(self) -> float:
        return self.lag / 2 if self.lag_uncertainty is None else self.lag_uncertainty

    @property
    def volume_ml(self) -> float:
        """What its bore holds."""
        return math.pi * (self.bore / 2) ** 2 * self.length

    @property
    def compliance_l_pa(self) -> float:
        """C = lag / R, with R = 8 mu L / (pi r^4) of water at 20 degC (gravimetric-metrology, section 10)."""
        resistance_pa_s_m3 = 8 * _WATER_PA_S * self.length / (math.pi * (self.bore / 2000) ** 4)
        return self.lag / resistance_pa_s_m3 * 1000


class Needle(Strict):
    """The needle that dips into the vessel. The force of its wetting swings within ``capillary`` of its mean, as the level rises.

    ``immersion_uncertainty``: how well the share of the vessel that it takes is known (standard, in percent of that share).
    """

    outer_diameter: Annotated[Millimetres, Field(ge=0)] = 0.0
    capillary: Annotated[Grams, Field(ge=0)] = 5e-4
    immersion_uncertainty: Annotated[Percent, Field(ge=0)] = 5.0


class Vessel(Strict):
    """``evaporation_at_most``: a blank that loses more than this is no blank; a leak could hide in it."""

    inner_diameter: Annotated[Millimetres, Field(gt=0)] = 30.0
    capacity: Annotated[MilliLitres, Field(gt=0)] = 50.0
    evaporation_at_most: Annotated[GramsPerHour, Field(ge=0)] = 1e-3


class Liquid(Strict):
    """Water and ``saline`` (0.9 %) by their temperature, any other liquid by its density (then with its uncertainty)."""

    name: str = "water"
    lot: str = ""
    expires: date | None = None
    temperature: Celsius = 22.0
    temperature_uncertainty: Annotated[Kelvins, Field(ge=0)] = 0.2
    density: Annotated[GramsPerMilliLitre, Field(ge=0.1)] | None = None
    density_uncertainty: Annotated[GramsPerMilliLitre, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _has_a_density(self) -> Self:
        if self.density is None and self.name not in _BY_TEMPERATURE:
            known = " and ".join(_BY_TEMPERATURE)
            raise ValueError(
                f"the density of {self.name!r} is not known; give it with its uncertainty ({known} go by temperature)"
            )
        return self


class Environment(Strict):
    """The air at the balance; as warm as the liquid, unless told."""

    temperature: Celsius | None = None
    pressure: Hectopascals = 1013.25
    humidity: Percent = 50.0


class Corrections(Strict):
    """Which corrections are made. What is left out is named with every result, and stands in its budget.

    But for the transmission: it is less than the age that a reading may have, which is in the budget of an onset.
    """

    buoyancy: bool = True
    evaporation: bool = True
    immersion: bool = True
    lag: bool = True
    transmission: bool = True

    @property
    def left_out(self) -> list[str]:
        return [name for name, made in self if not made]


class DailyCheckTable(Strict):
    """No run begins unless a daily check of this bench and its balance has passed ``within`` this time; ``plan`` is the check."""

    within: Annotated[Seconds, Field(gt=0)] = 86400.0
    plan: str = "test_plans/daily_check.toml"


class Immersed(Strict):
    """Tables that say what dips into what."""

    needle: Needle = Needle()
    vessel: Vessel = Vessel()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.needle.outer_diameter >= self.vessel.inner_diameter:
            wide = f"a needle of {self.needle.outer_diameter:g} mm does not go into a vessel of {self.vessel.inner_diameter:g} mm"
            raise ValueError(f"{wide}; see needle.outer_diameter and vessel.inner_diameter")
        return self


class BenchFile(Immersed):
    """The tables of a bench file. ``simulation`` is for the simulators alone and is checked by them.

    ``pressure`` is a meter on the catheter's pressure transducer, ``alarm_relay`` one on the pump's alarm line, ``battery`` a
    supply in place of the pump's battery.
    """

    bench: BenchHead
    pump: PumpStand | None = None
    balance: BalanceStand | None = None
    pressure: PressureStand | None = None
    alarm_relay: Stand | None = None
    battery: Stand | None = None
    dut: Dut = Dut()
    catheter: Catheter = Catheter()
    liquid: Liquid = Liquid()
    environment: Environment = Environment()
    corrections: Corrections = Corrections()
    daily_check: DailyCheckTable | None = None
    simulation: dict[str, Any] | None = None
