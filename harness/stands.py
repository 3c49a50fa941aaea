"""What stands on the table: the tables of a bench file, as models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from harness.files import Strict
from harness.quantities import (
    Celsius,
    Grams,
    GramsPerHour,
    GramsPerMilliLitre,
    Hectopascals,
    Hertz,
    Kelvins,
    Metres,
    MilliLitres,
    Millimetres,
    Percent,
    Seconds,
)
from instruments.port import LineSettings

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
    unless told. A lost line that comes back within ``grace`` is used again. ``options`` are the driver's own.
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
    calibration_due: date | None = None
    options: dict[str, Any] = {}

    def line(self, usual: LineSettings) -> LineSettings:
        told = {"baudrate": self.baud, "bytesize": self.bytesize, "parity": self.parity, "stopbits": self.stopbits}
        return replace(usual, **{name: value for name, value in told.items() if value is not None})  # type: ignore[arg-type]


class PumpStand(Stand):
    """``watchdog``: how long the pump may hear nothing while infusing before it stops by itself, if it can."""

    syringe: Syringe | None = None
    reservoir: Reservoir | None = None
    watchdog: Annotated[Seconds, Field(ge=2, le=255)] = 30.0

    @model_validator(mode="after")
    def _one_source(self) -> PumpStand:
        if (self.syringe is None) == (self.reservoir is None):
            raise ValueError("give either a syringe or a reservoir")
        return self

    @property
    def source(self) -> Reservoir:
        return self.syringe or self.reservoir or Reservoir(volume=0)


class BalanceSheet(Strict):
    """What the certificate and the data sheet say of a balance: the balance's part of every uncertainty budget.

    Defaults follow the 0.1 mg class of gravimetric-metrology section 8. ``shows_noise``: the stream shows the balance's own
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
    shows_noise: bool = True

    @model_validator(mode="after")
    def _noise_can_show(self) -> BalanceSheet:
        if self.shows_noise and self.repeatability < self.readability * _SHOWS:
            raise ValueError("noise below a third of the readability cannot show; set shows_noise = false")
        return self


class BalanceStand(Stand, BalanceSheet):
    """A balance that sends ``rate`` readings a second; after ``calibration_due`` no run starts."""

    rate: Annotated[Hertz, Field(gt=0)] = 10.0
    capacity: Annotated[Grams, Field(gt=0)] = 220.0


class Catheter(Strict):
    """``lag`` is the line's time constant (compliance times resistance), as far as it is known."""

    length: Annotated[Metres, Field(gt=0)] = 1.0
    bore: Annotated[Millimetres, Field(gt=0)] = 0.53
    lag: Annotated[Seconds, Field(ge=0)] = 6.0


class Needle(Strict):
    """The needle that dips into the vessel; ``capillary`` is the half width of the force that its wetting may change."""

    outer_diameter: Annotated[Millimetres, Field(ge=0)] = 0.0
    capillary: Annotated[Grams, Field(ge=0)] = 5e-4


class Vessel(Strict):
    """``evaporation_at_most``: a blank that loses more than this is no blank; a leak could hide in it."""

    inner_diameter: Annotated[Millimetres, Field(gt=0)] = 30.0
    capacity: Annotated[MilliLitres, Field(gt=0)] = 50.0
    evaporation_at_most: Annotated[GramsPerHour, Field(ge=0)] = 1e-3


class Liquid(Strict):
    """Water by its temperature, or any liquid by its density (then with its uncertainty)."""

    name: str = "water"
    temperature: Celsius = 22.0
    temperature_uncertainty: Annotated[Kelvins, Field(ge=0)] = 0.2
    density: Annotated[GramsPerMilliLitre, Field(gt=0)] | None = None
    density_uncertainty: Annotated[GramsPerMilliLitre, Field(ge=0)] = 0.0


class Environment(Strict):
    pressure: Hectopascals = 1013.25
    humidity: Percent = 50.0


class BenchFile(Strict):
    """The tables of a bench file. ``simulation`` is for the simulators alone and is checked by them.

    ``pressure`` is a meter on the catheter's pressure transducer, ``alarm_relay`` one on the pump's alarm line, ``battery`` a
    supply in place of the pump's battery.
    """

    bench: BenchHead
    pump: PumpStand | None = None
    balance: BalanceStand | None = None
    pressure: Stand | None = None
    alarm_relay: Stand | None = None
    battery: Stand | None = None
    catheter: Catheter = Catheter()
    needle: Needle = Needle()
    vessel: Vessel = Vessel()
    liquid: Liquid = Liquid()
    environment: Environment = Environment()
    simulation: dict[str, Any] | None = None
