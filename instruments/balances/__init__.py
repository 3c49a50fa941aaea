"""Balances: what the harness needs of one, and the drivers by the name that stands in a bench file."""

from __future__ import annotations

from typing import Protocol

from instruments.identity import Identity
from instruments.readings import Readings, Weighing
from instruments.stamped import Stamped


class Balance(Protocol):
    """A balance that streams its readings."""

    def connect(self) -> Identity:
        """Bring the line to a known state and say who answers."""
        ...

    def resume(self) -> Identity:
        """Get in step again after the line was lost, without taring or zeroing; says who answers."""
        ...

    def set_update_rate(self, rate_hz: float) -> float:
        """Returns the rate the balance took, in 1/s."""
        ...

    def start_stream(self) -> None: ...

    def stop_stream(self) -> None: ...

    def readings(self) -> tuple[Readings, Stamped]:
        """All readings since the last call, and lines that were none."""
        ...

    def weigh(self) -> Weighing:
        """The present mass, settled or not. Not while streaming."""
        ...

    def weigh_stable(self) -> Weighing:
        """The next settled mass; status ``I`` when the balance gave up waiting. Not while streaming."""
        ...

    def zero(self) -> None:
        """Set zero, settled. Raises Refused."""
        ...

    def tare(self) -> Weighing:
        """Set tare, settled; returns the tare mass. Raises Refused."""
        ...
