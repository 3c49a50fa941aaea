"""Who an instrument says it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Maker's model text, serial number and firmware as the device gave them; empty where it has no such command."""

    model: str
    serial: str = ""
    firmware: str = ""
