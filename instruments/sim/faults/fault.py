"""What a fault is: a name, its parameters, what it does to the bench, and the verdict it deserves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from instruments.sim.setup import Happening, Setup

Values = Mapping[str, float]

NEVER_S = float("inf")
AT_AND_FOR: Mapping[str, str] = {"at": "s", "for": "s"}
POSITIVE = (0.0, float("inf"))


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault. ``units`` lists its parameters, the first of which may stand alone after the colon; no unit: a number.

    Those of ``optional`` may be left out; ``within`` bounds values, in their unit. Where ``pumps`` names drivers, only their
    simulators have what the fault is about.
    """

    name: str
    deserves: str
    does: str
    units: Mapping[str, str]
    apply: Callable[[Setup, Values], Setup]
    optional: frozenset[str] = frozenset()
    within: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    pumps: tuple[str, ...] = ()

    @property
    def takes(self) -> str:
        """Its parameters in words."""
        told = (
            f"{key} ({f'in {unit}' if unit else 'a whole number'}{' if wanted' if key in self.optional else ''})"
            for key, unit in self.units.items()
        )
        return ", ".join(told) or "no value"


def driven(setup: Setup, **changed: Any) -> Setup:
    return replace(setup, drive=replace(setup.drive, **changed))


def motored(setup: Setup, **changed: Any) -> Setup:
    return driven(setup, motor=replace(setup.drive.motor, **changed))


def optioned(setup: Setup, **changed: Any) -> Setup:
    """With other options of the simulated pump."""
    return replace(setup, options={**setup.options, "pump": {**setup.options.get("pump", {}), **changed}})


def happening(setup: Setup, *more: Happening) -> Setup:
    return replace(setup, happenings=(*setup.happenings, *more))


def until_s(values: Values) -> float:
    """When something ends that began at ``at`` (or with the run) and is ``for`` a while, or for ever."""
    return values.get("at", 0.0) + values.get("for", NEVER_S)
