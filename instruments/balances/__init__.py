"""Balances: what the harness needs of one, and the drivers by the name that stands in a bench file."""

from __future__ import annotations

from typing import Protocol

from instruments.identity import Identity
from instruments.stamped import Stamped
from instruments.wire.mt_sics import Readings


class Balance(Protocol):
    """A balance that streams its readings."""

    def connect(self) -> Identity:
        """Bring the line to a known state and say who answers."""
        ...

    def set_update_rate(self, rate_hz: float) -> float:
        """Returns the rate the balance took, in 1/s."""
        ...

    def start_stream(self) -> None: ...

    def stop_stream(self) -> None: ...

    def readings(self) -> tuple[Readings, Stamped]:
        """All readings since the last call, and lines that were none."""
        ...
