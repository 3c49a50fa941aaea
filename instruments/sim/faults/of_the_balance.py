"""Faults of balance, vessel and table: each deserves INVALID, as the bench cannot be trusted."""

from __future__ import annotations

from dataclasses import replace

from instruments.errors import ConfigError
from instruments.sim.faults.fault import AT_AND_FOR, POSITIVE, Fault, Values, until_s
from instruments.sim.physics.shaking import Force, Knock, Push, Slope, Unrest
from instruments.sim.setup import Setup

_DRAUGHT_S = 20.0
_TOUCH_CREEPS = 0.3
_AT = frozenset({"at"})
_LATER = frozenset({"at", "for"})
_TIMES = {"at": POSITIVE, "for": POSITIVE}
_NOISE = {**_TIMES, "size": POSITIVE}
_LIQUID_K = (-20.0, 70.0)
"""From the 22 degC of the model the liquid stays a liquid."""


def _forced(setup: Setup, force: Force) -> Setup:
    return replace(setup, shaking=replace(setup.shaking, forces=(*setup.shaking.forces, force)))


def _restless(setup: Setup, values: Values, name: str, memory_s: float) -> Setup:
    unrest = Unrest(name, values["size"], memory_s, values.get("at", 0.0), until_s(values))
    return replace(setup, shaking=replace(setup.shaking, unrests=(*setup.shaking.unrests, unrest)))


def _drift(setup: Setup, values: Values) -> Setup:
    return _forced(setup, Slope(values.get("at", 0.0), values["by"]))


def _evaporation(setup: Setup, values: Values) -> Setup:
    return replace(setup, vessel=replace(setup.vessel, uncovered_mg_h=values["by"], uncovered_from_s=values.get("at", 0.0)))


def _vibration(setup: Setup, values: Values) -> Setup:
    return _restless(setup, values, "vibration", 0.0)


def _draught(setup: Setup, values: Values) -> Setup:
    return _restless(setup, values, "draught", _DRAUGHT_S)


def _knock(setup: Setup, values: Values) -> Setup:
    return _forced(setup, Knock(values["at"], values["swing"], values.get("shift", 0.0)))


def _touch(setup: Setup, values: Values) -> Setup:
    return _forced(setup, Push(values["at"], values["force"], until_s(values), _TOUCH_CREEPS))


def _drips(setup: Setup, values: Values) -> Setup:
    if not setup.outlet.needle_od_mm:
        raise ConfigError("fault 'drips': drops need a needle; give needle.outer_diameter in the bench file")
    return replace(setup, outlet=replace(setup.outlet, above_surface=1.0))


def _overload(setup: Setup, values: Values) -> Setup:
    return _forced(setup, Push(values["at"], setup.cell.capacity_g, until_s(values)))


def _stuck(setup: Setup, values: Values) -> Setup:
    return replace(setup, stuck_s=values["at"])


def _temperature(setup: Setup, values: Values) -> Setup:
    room = replace(setup.room, temperature_c=setup.room.temperature_c + values["by"])
    vessel = replace(setup.vessel, liquid_temperature_c=setup.vessel.liquid_temperature_c + values["by"])
    return replace(setup, room=room, vessel=vessel, line=replace(setup.line, density_g_ml=vessel.liquid_g_ml))


OF_THE_BALANCE = (
    Fault("drift", "INVALID", "the zero of the balance runs away", {"by": "g/h", "at": "s"}, _drift, _AT, _TIMES),
    Fault(
        "evaporation",
        "INVALID",
        "the liquid is uncovered: so much more is lost",
        {"by": "mg/h", "at": "s"},
        _evaporation,
        _AT,
        {"by": POSITIVE, "at": POSITIVE},
    ),
    Fault(
        "vibration",
        "INVALID",
        "the table vibrates: noise of this size (standard deviation)",
        {"size": "g", **AT_AND_FOR},
        _vibration,
        _LATER,
        _NOISE,
    ),
    Fault(
        "draught",
        "INVALID",
        "moving air: the reading wanders by this size within half a minute",
        {"size": "g", **AT_AND_FOR},
        _draught,
        _LATER,
        _NOISE,
    ),
    Fault(
        "knock",
        "INVALID",
        "a knock on the table: the reading swings, and may stay off",
        {"at": "s", "swing": "g", "shift": "g"},
        _knock,
        frozenset({"shift"}),
        {"at": POSITIVE},
    ),
    Fault(
        "tubing-touches",
        "INVALID",
        "the tubing leans on the vessel",
        {"at": "s", "force": "g", "for": "s"},
        _touch,
        frozenset({"for"}),
        _TIMES,
    ),
    Fault("drips", "INVALID", "the needle hangs above the surface and drips", {}, _drips),
    Fault("overload", "INVALID", "somebody leans on the pan", AT_AND_FOR, _overload, frozenset({"for"}), _TIMES),
    Fault("balance-stuck", "INVALID", "the balance repeats its last value for ever", {"at": "s"}, _stuck, within=_TIMES),
    Fault(
        "temperature",
        "INVALID",
        "room and liquid are warmer (+) or colder (-) than the bench file says",
        {"by": "K"},
        _temperature,
        within={"by": _LIQUID_K},
    ),
)
