"""What stands on the simulated table, read from the plain data of a bench file.

The physical sections (pump, balance, catheter, ...) are the same ones that describe a real bench. ``[simulation]`` adds what
only a simulator can know: the seed, the faults, in a table per part of the model (drive, line, outlet, vessel, room, cell)
what is true whatever the rest of the file says, and in a table per role the options of the device that stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from instruments.errors import ConfigError
from instruments.sim.physics.drive import ROLLERS, DriveData
from instruments.sim.physics.line import Line
from instruments.sim.physics.outlet import Outlet
from instruments.sim.physics.parameters import given_in
from instruments.sim.physics.room import Room
from instruments.sim.physics.shaking import Shaking
from instruments.sim.physics.vessel import Vessel
from instruments.sim.physics.weighing import CellData
from instruments.units import to_unit

if TYPE_CHECKING:
    from instruments.sim.bench import SimulatedBench

Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens on the bench at a moment of its time. ``role``: the instrument that it needs, if any."""

    at_s: float
    what: str
    act: Callable[[SimulatedBench, float], None]
    role: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that the simulated bench is made of, and what will happen to it. ``pump`` is the driver of its pump."""

    seed: int = 0
    pump: str = ""
    fill_ml: float = 10.0
    drive: DriveData = field(default_factory=DriveData)
    line: Line = field(default_factory=Line)
    outlet: Outlet = field(default_factory=Outlet)
    vessel: Vessel = field(default_factory=Vessel)
    room: Room = field(default_factory=Room)
    cell: CellData = field(default_factory=CellData)
    shaking: Shaking = field(default_factory=Shaking)
    stuck_s: float = float("inf")
    overdue: bool = False
    happenings: tuple[Happening, ...] = ()
    options: Mapping[str, Plain] = field(default_factory=dict)


PARTS = ("drive", "line", "outlet", "vessel", "room", "cell")
"""The parts of the model: fields of Setup, and tables under ``[simulation]``."""
_ROLES = ("pump", "balance", "pressure", "alarm_relay", "battery")
_DESCRIBED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "drive": {"pump.syringe.inner_diameter": ("inner_diameter_mm", "mm")},
    "line": {"catheter.length": ("length_m", "m"), "catheter.bore": ("bore_mm", "mm")},
    "outlet": {"needle.outer_diameter": ("needle_od_mm", "mm")},
    "vessel": {
        "liquid.temperature": ("liquid_temperature_c", "degC"),
        "liquid.density": ("liquid_density_g_ml", "g/mL"),
        "vessel.inner_diameter": ("inner_diameter_mm", "mm"),
    },
    "room": {
        "liquid.temperature": ("temperature_c", "degC"),
        "environment.pressure": ("pressure_hpa", "hPa"),
        "environment.humidity": ("humidity_pct", "%"),
    },
    "cell": {
        "balance.readability": ("readability_g", "g"),
        "balance.repeatability": ("repeatability_g", "g"),
        "balance.linearity": ("linearity_g", "g"),
        "balance.sensitivity": ("sensitivity_pct", "%"),
        "balance.drift": ("drift_g_h", "g/h"),
        "balance.response": ("response_s", "s"),
        "balance.capacity": ("capacity_g", "g"),
    },
}
"""What the physical sections say of the parts of the model."""


def read_setup(plain: Plain) -> Setup:
    """The simulated bench that a bench file describes, without its faults. Raises ConfigError for unknown keys."""
    simulation = plain.get("simulation", {})
    roles = {*_ROLES, *(role for role, table in plain.items() if isinstance(table, Mapping) and "driver" in table)}
    _refuse_unknown(simulation, roles)
    setup = Setup(seed=_seed(simulation.get("seed")), drive=ROLLERS if _get(plain, "pump.reservoir") else DriveData())
    setup = replace(setup, **{name: _filled(getattr(setup, name), plain, name) for name in PARTS})
    return replace(
        setup,
        pump=str(_get(plain, "pump.driver") or ""),
        fill_ml=_fill_ml(plain, setup.fill_ml),
        line=replace(setup.line, **_density(simulation, setup)),
        options={key: value for key, value in simulation.items() if key in roles},
    )


def _seed(given: Any) -> int:
    if given is None or (type(given) is int and given >= 0):
        return given or 0
    raise ConfigError(f"[simulation] seed: {given!r} is not a whole number from 0 upwards")


def _filled(part: Any, plain: Plain, name: str) -> Any:
    """A part as the physical sections describe it, and as ``[simulation.NAME]`` knows better."""
    described = {
        entry: to_unit(text, unit)
        for key, (entry, unit) in _DESCRIBED.get(name, {}).items()
        if (text := _get(plain, key)) is not None
    }
    return replace(part, **(described | given_in(_table(plain, name), part, name)))


def _table(plain: Plain, name: str) -> Plain:
    table: Plain = plain.get("simulation", {}).get(name, {})
    return table


def _density(simulation: Plain, setup: Setup) -> dict[str, float]:
    """The line holds what the vessel collects, unless told otherwise."""
    return {} if "density" in simulation.get("line", {}) else {"density_g_ml": setup.vessel.liquid_g_ml}


def _fill_ml(plain: Plain, default: float) -> float:
    """What is in the syringe or in the reservoir: what is true of it, or else what the bench file says; full unless told."""
    told = ("simulation.fill", "pump.syringe.filled", "pump.reservoir.filled", "pump.syringe.volume", "pump.reservoir.volume")
    if (true := _get(plain, "simulation.fill")) is not None and to_unit(true, "mL") <= 0:
        raise ConfigError(f"[simulation] fill: {true!r} is no volume above 0 mL")
    return next((to_unit(text, "mL") for key in told if (text := _get(plain, key)) is not None), default)


def _get(plain: Plain, key: str) -> Any:
    value: Any = plain
    for word in key.split("."):
        value = value.get(word) if isinstance(value, Mapping) else None
    return value


def _refuse_unknown(simulation: Plain, roles: set[str]) -> None:
    tables = {*PARTS, *roles}
    unknown = sorted(key for key in simulation if key not in {"seed", "faults", "fill", *tables})
    if unknown:
        raise ConfigError(
            f"[simulation] {unknown[0]}: unknown key; accepted are faults, fill, seed, tables {', '.join(sorted(tables))}"
        )
    for name in sorted(tables & set(simulation)):
        if not isinstance(simulation[name], Mapping):
            raise ConfigError(f"[simulation] {name}: is a table; write [simulation.{name}]")
