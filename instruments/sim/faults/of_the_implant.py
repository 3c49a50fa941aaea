"""Faults of what only an implantable-style pump has: reservoir and port, schedule, battery. Each deserves FAIL."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from instruments.sim.faults.fault import POSITIVE, Fault, Values, optioned
from instruments.sim.setup import Setup

_IMPLANTS = ("scpi-pump",)


def _pocket_fill(setup: Setup, values: Values) -> Setup:
    return optioned(setup, refill_error_ml=-values["volume"])


def _late_schedule(setup: Setup, values: Values) -> Setup:
    return optioned(setup, schedule_late_s=values["by"])


def _never(alarm: str) -> Callable[[Setup, Values], Setup]:
    return partial(_unnoticed, alarm)


def _unnoticed(alarm: str, setup: Setup, values: Values) -> Setup:
    missed = setup.options.get("pump", {}).get("unnoticed", ())
    return optioned(setup, unnoticed=(*missed, alarm))


OF_THE_IMPLANT = (
    Fault(
        "pocket-fill",
        "FAIL",
        "at a refill so much of it misses the reservoir",
        {"volume": "mL"},
        _pocket_fill,
        within={"volume": POSITIVE},
        pumps=_IMPLANTS,
    ),
    Fault(
        "schedule-late",
        "FAIL",
        "every step of a schedule but its first begins late",
        {"by": "s"},
        _late_schedule,
        within={"by": POSITIVE},
        pumps=_IMPLANTS,
    ),
    Fault("low-alarm-missing", "FAIL", "the low reservoir raises no alarm", {}, _never("LOW"), pumps=_IMPLANTS),
    Fault("eri-missing", "FAIL", "the battery raises no alarm when it has to be replaced", {}, _never("ERI"), pumps=_IMPLANTS),
    Fault(
        "power-alarm-missing", "FAIL", "a delivery that a loss of power has ended is not told", {}, _never("POW"), pumps=_IMPLANTS
    ),
    Fault(
        "eos-missing",
        "FAIL",
        "the battery raises no alarm at the end of service, and the pump goes on",
        {},
        _never("EOS"),
        pumps=_IMPLANTS,
    ),
)
