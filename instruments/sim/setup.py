"""What stands on the simulated table, read from the plain data of a bench file.

The physical sections (pump, balance, catheter, ...) are the same ones that describe a real bench; ``[simulation]`` adds what
only a simulator can know: the seed, the pump's true error, the true evaporation, and in a table per role the options of
the device that stands there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from instruments.errors import ConfigError
from instruments.sim.drive import DriveData
from instruments.sim.fluid import Line, Vessel
from instruments.sim.weighing import CellData
from instruments.units import to_unit

Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that the simulated bench is made of."""

    seed: int = 0
    fill_ml: float = 10.0
    load_g: float = 35.0
    drive: DriveData = field(default_factory=DriveData)
    cell: CellData = field(default_factory=CellData)
    line: Line = field(default_factory=Line)
    vessel: Vessel = field(default_factory=Vessel)
    stuck_s: float = float("inf")
    unplug_s: Mapping[str, float] = field(default_factory=dict)
    plug_in_s: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, Plain] = field(default_factory=dict)


_SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "cell": {
        "balance.readability": ("readability_g", "g"),
        "balance.repeatability": ("repeatability_g", "g"),
        "balance.drift": ("drift_g_h", "g/h"),
        "balance.response": ("response_s", "s"),
        "balance.capacity": ("capacity_g", "g"),
    },
    "line": {
        "catheter.length": ("length_m", "m"),
        "catheter.bore": ("bore_mm", "mm"),
        "simulation.compliance": ("compliance_ml_pa", "mL/Pa"),
    },
    "vessel": {
        "liquid.temperature": ("temperature_c", "degC"),
        "liquid.density": ("density_g_ml", "g/mL"),
        "environment.pressure": ("pressure_hpa", "hPa"),
        "environment.humidity": ("humidity_pct", "%"),
        "needle.outer_diameter": ("needle_od_mm", "mm"),
        "vessel.inner_diameter": ("inner_diameter_mm", "mm"),
        "simulation.evaporation": ("evaporation_mg_h", "mg/h"),
    },
    "drive": {"simulation.stall_notice": ("stall_notice_s", "s")},
}
_PLAIN_KEYS = {"seed", "faults", "rate_error"}


def read_setup(plain: Plain) -> Setup:
    """The simulated bench that a bench file describes, without its faults. Raises ConfigError for unknown keys."""
    _refuse_unknown(plain.get("simulation", {}))
    setup = Setup(seed=_seed(_get(plain, "simulation.seed")))
    parts = {name: _filled(getattr(setup, name), plain, keys) for name, keys in _SECTIONS.items()}
    setup = replace(setup, **parts)
    error_pct = _quantity(plain, "simulation.rate_error", "%", 0.0)
    return replace(
        setup,
        fill_ml=_fill_ml(plain, setup.fill_ml),
        drive=replace(setup.drive, gain=1 + error_pct / 100),
        options={key: value for key, value in plain.get("simulation", {}).items() if isinstance(value, Mapping)},
    )


def _seed(given: Any) -> int:
    if given is None or (type(given) is int and given >= 0):
        return given or 0
    raise ConfigError(f"[simulation] seed: {given!r} is not a whole number from 0 upwards")


def _filled(part: Any, plain: Plain, keys: Mapping[str, tuple[str, str]]) -> Any:
    known = {entry.name for entry in fields(part)}
    given = {name: to_unit(text, unit) for key, (name, unit) in keys.items() if (text := _get(plain, key)) is not None}
    return replace(part, **{name: value for name, value in given.items() if name in known})


def _quantity(plain: Plain, key: str, unit: str, default: float) -> float:
    text = _get(plain, key)
    return default if text is None else to_unit(text, unit)


def _fill_ml(plain: Plain, default: float) -> float:
    """What is in the syringe or in the reservoir; a reservoir is full unless told."""
    told = ("pump.syringe.filled", "pump.reservoir.filled", "pump.reservoir.volume")
    return next((to_unit(text, "mL") for key in told if (text := _get(plain, key)) is not None), default)


def _get(plain: Plain, key: str) -> Any:
    value: Any = plain
    for word in key.split("."):
        value = value.get(word) if isinstance(value, Mapping) else None
    return value


def _refuse_unknown(simulation: Plain) -> None:
    known = _PLAIN_KEYS | {key.split(".")[1] for keys in _SECTIONS.values() for key in keys if key.startswith("simulation.")}
    unknown = sorted(key for key, value in simulation.items() if key not in known and not isinstance(value, Mapping))
    if unknown:
        raise ConfigError(f"[simulation] {unknown[0]}: unknown key; accepted are {', '.join(sorted(known))}")
