"""A simulated implantable-style pump in the states that the exchanges begin with, on a clock of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from instruments.sim.implantable import ImplantablePump
from instruments.sim.implantable_battery import BatteryData
from instruments.sim.implantable_commands import make
from instruments.sim.implantable_data import ImplantableData
from instruments.sim.physics.drive import IDEAL, Drive
from instruments.sim.physics.line import Line
from instruments.sim.physics.path import FluidPath
from instruments.sim.power import Source
from tests.instruments.exchanges import Row, load
from tests.instruments.sim.scpi_states import ScpiStanding

SCPI_PUMP = load("scpi_pump")


@dataclass
class PumpStanding(ScpiStanding):
    device: ImplantablePump

    def all_told(self, *texts: str) -> list[str]:
        return [self.told(text) for text in texts]

    def log(self) -> list[tuple[float, str, str]]:
        """Moment, event and detail of every entry of the event log."""
        entries = [self.device.log.entry(number) for number in self.device.log.numbers]
        return [(round(entry.uptime_s, 3), entry.event, entry.detail) for entry in entries]

    def events(self, *events: str) -> list[tuple[float, str]]:
        """Of these events the moments and details."""
        return [(moment_s, detail) for moment_s, event, detail in self.log() if event in events]

    @property
    def pushed_ml(self) -> float:
        """What has really left the reservoir."""
        return self.device.drive._path.pushed_ml(self.device.now_s)


def pump(
    *,
    filled_ml: float = 20.0,
    gain: float = 1.0,
    source: Source | None = None,
    battery: Mapping[str, float] | None = None,
    driven: Mapping[str, Any] | None = None,
    **data: Any,
) -> PumpStanding:
    """A pump without a line behind it, just powered up, on a line that costs next to no time."""
    drive = Drive(FluidPath(Line()), travel_ml=filled_ml, data=replace(IDEAL, gain=gain, **(driven or {})))
    told = ImplantableData(**{"baudrate": 1_000_000, "latency_s": 0.001, "battery": BatteryData(**(battery or {})), **data})
    return PumpStanding(make(told, drive, filled_ml=filled_ml, source=source))


_PROGRAMMED = ["INF:RATE 0.125"]
_PREPARED: dict[str, list[str]] = {
    "programmed": _PROGRAMMED,
    "infusing": [*_PROGRAMMED, "INIT"],
    "primed": ["PRIM:RATE 60", "PRIM"],
    "stalled": [*_PROGRAMMED, "INIT"],
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "stalled": {"stall_at_s": 10.0},
    "eri": {"battery": {"charge_pct": 6.0001}},
    "eos": {"battery": {"charge_pct": 3.0001}},
}
_LONG_S = {"primed": 30.0, "stalled": 20.0, "eri": 300.0, "eos": 300.0}


def given_pump(exchange: Row) -> PumpStanding:
    """A pump in the state that the exchange begins with."""
    given = exchange["given"]
    standing = pump(**_OPTIONS.get(given, {}))
    if given != "power-up":
        standing.all_told("*CLS", "*RST", *_PREPARED.get(given, []))
        standing.pass_s(_LONG_S.get(given, 0.0))
    standing.heard()
    return standing
