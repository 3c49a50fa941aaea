"""Meters: what the harness needs of a DMM or a scanner on the bench."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from instruments.identity import Identity


@dataclass(frozen=True, slots=True)
class Measured:
    """One measured value; NaN where the meter was overloaded. ``stamp_us`` is when the answer had arrived."""

    value: float
    stamp_us: int


class Meter(Protocol):
    """One input of a meter, as the bench file describes it."""

    def connect(self) -> Identity:
        """Bring the meter to a known state, set up this input, and say who answers."""
        ...

    def resume(self) -> Identity:
        """Get in step again after the line was lost; says who answers."""
        ...

    def voltage(self) -> Measured:
        """DC voltage in V."""
        ...


class DigitalInput(Protocol):
    """One line that is high or low."""

    def connect(self) -> Identity: ...

    def resume(self) -> Identity: ...

    def level(self) -> Measured:
        """1.0 high, 0.0 low."""
        ...
