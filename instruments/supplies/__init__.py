"""Bench supplies: what the harness needs of one output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from instruments.identity import Identity


@dataclass(frozen=True, slots=True)
class OutputStatus:
    """What an output does: ``mode`` is CV, CC, OFF, or UR (on, but it holds neither); ``tripped`` names the protection that has
    switched it off (OVP, OCP)."""

    voltage_v: float
    current_a: float
    mode: str
    tripped: str
    stamp_us: int


class Supply(Protocol):
    """One output of a bench supply, as the bench file describes it."""

    def connect(self) -> Identity:
        """Bring the supply to a known state without switching the output, and say who answers."""
        ...

    def resume(self) -> Identity:
        """Get in step again after the line was lost; says who answers."""
        ...

    def set_voltage(self, voltage_v: float) -> float:
        """Returns the voltage the supply took, in V."""
        ...

    def set_current_limit(self, current_a: float) -> float:
        """Returns the limit the supply took, in A."""
        ...

    def switch(self, *, on: bool) -> bool:
        """Switch the output; returns what the supply says it is now."""
        ...

    def poll(self) -> OutputStatus: ...

    def clear_trip(self) -> None:
        """Reset the protections; the output stays off until it is switched on."""
        ...
