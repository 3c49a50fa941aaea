"""The bench file: what stands on the table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, model_validator

from harness.files import Strict, find_line, read_toml, validated
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
from instruments.drivers import drivers
from instruments.errors import ConfigError

_SHOWS = 0.3
"""Repeatability in readabilities below which a reading may stand still for minutes although all is well."""


class BenchHead(Strict):
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    title: str = ""


class Syringe(Strict):
    """``volume`` is the nominal size, ``filled`` what is in it when a plan begins (the whole size, unless told).

    ``filled_uncertainty`` is a standard uncertainty.
    """

    volume: Annotated[MilliLitres, Field(gt=0)]
    inner_diameter: Annotated[Millimetres, Field(gt=0)]
    filled: Annotated[MilliLitres, Field(gt=0)] | None = None
    filled_uncertainty: Annotated[MilliLitres, Field(ge=0)] = 0.1

    @property
    def filled_ml(self) -> float:
        return self.volume if self.filled is None else self.filled


class PumpStand(Strict):
    """``watchdog``: how long the pump may hear nothing while infusing before it stops by itself."""

    driver: str
    address: str
    baud: int = 19200
    unit: Annotated[int, Field(ge=0, le=99)] = 0
    syringe: Syringe
    watchdog: Annotated[Seconds, Field(ge=2, le=255)] = 30.0


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


class BalanceStand(BalanceSheet):
    """``serial`` is compared with what the balance says of itself; after ``calibration_due`` no run starts."""

    driver: str
    address: str
    baud: int = 9600
    rate: Annotated[Hertz, Field(gt=0)] = 10.0
    capacity: Annotated[Grams, Field(gt=0)] = 220.0
    serial: str | None = None
    calibration_due: date | None = None


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
    """The tables of a bench file. ``simulation`` is for the simulators alone and is checked by them."""

    bench: BenchHead
    pump: PumpStand | None = None
    balance: BalanceStand | None = None
    catheter: Catheter = Catheter()
    needle: Needle = Needle()
    vessel: Vessel = Vessel()
    liquid: Liquid = Liquid()
    environment: Environment = Environment()
    simulation: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """A bench as read: its models, the plain tables (faults and seed of the command line included), and its file."""

    file: BenchFile
    tables: dict[str, Any]
    text: str
    path: Path

    @property
    def id(self) -> str:
        return self.file.bench.id

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()

    @property
    def roles(self) -> set[str]:
        return {role for role in ("pump", "balance") if getattr(self.file, role) is not None}

    @property
    def pump(self) -> PumpStand:
        return _present(self.file.pump, "pump", self.path)

    @property
    def balance(self) -> BalanceStand:
        return _present(self.file.balance, "balance", self.path)

    @property
    def addresses(self) -> dict[str, str]:
        return {role: getattr(self.file, role).address for role in sorted(self.roles)}


def load_bench(path: Path, *, faults: Sequence[str] = (), seed: int | None = None) -> Bench:
    """Read and check a bench file; ``faults`` and ``seed`` go to its simulation. Raises ConfigError."""
    tables, text = read_toml(path)
    if (faults or seed is not None) and "simulation" not in tables:
        raise ConfigError(f"{path}: --fault and --seed need a simulated bench, and this one has no [simulation]")
    return bench_from(_with_simulation(tables, faults, seed), text, path)


def bench_from(tables: dict[str, Any], text: str, path: Path) -> Bench:
    """A bench from its tables, wherever they were kept."""
    file = validated(BenchFile, tables, path, text)
    faults = [*_unknown_drivers(file, path, text), *_overfilled(file, path, text)]
    if faults:
        raise ConfigError("\n".join(faults))
    return Bench(file, tables, text, path)


def _with_simulation(tables: Mapping[str, Any], faults: Sequence[str], seed: int | None) -> dict[str, Any]:
    simulation = tables.get("simulation")
    if simulation is None:
        return dict(tables)
    changed = {"faults": [*simulation.get("faults", []), *faults]} | ({} if seed is None else {"seed": seed})
    return {**tables, "simulation": {**simulation, **changed}}


def _overfilled(file: BenchFile, path: Path, text: str) -> list[str]:
    syringe = file.pump.syringe if file.pump else None
    if syringe is None or syringe.filled_ml <= syringe.volume:
        return []
    at = f"{path}:{find_line(text, ('pump', 'syringe'))}: pump.syringe.filled"
    return [f"{at}: a {syringe.volume:g} mL syringe cannot be filled with {syringe.filled_ml:g} mL"]


def _unknown_drivers(file: BenchFile, path: Path, text: str) -> list[str]:
    chosen = (("pump", file.pump, drivers("pumps")), ("balance", file.balance, drivers("balances")))
    return [
        f"{path}:{find_line(text, (role, 'driver'))}: {role}.driver: {stand.driver!r} is not known; there are: {', '.join(known)}"
        for role, stand, known in chosen
        if stand is not None and stand.driver not in known
    ]


Stand = TypeVar("Stand")


def _present(stand: Stand | None, role: str, path: Path) -> Stand:
    if stand is None:
        raise ConfigError(f"{path}: this bench has no {role}; add a [{role}] table")
    return stand
