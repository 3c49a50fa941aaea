"""Simulated SCPI meters in the states that the exchanges begin with (``given`` in the table), each on a clock of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from instruments.sim.daq import Daq
from instruments.sim.daq_scanner import ALL_HIGH, DaqData
from instruments.sim.dmm import Dmm, DmmData
from instruments.sim.physics.path import FluidPath
from instruments.sim.scpi import ScpiDevice
from instruments.sim.setup import Setup
from instruments.sim.site import Site
from tests.instruments.exchanges import Row, load
from tests.instruments.sim.states import Standing

SCPI = load("scpi")


@dataclass
class ScpiStanding(Standing):
    device: ScpiDevice

    def ask(self, data: bytes) -> bytes:
        """Say it and hear what comes in the next tenth of a second."""
        self.heard()
        self.say(data)
        self.pass_s(0.1)
        return self.heard()

    def told(self, text: str, *, within_s: float = 0.1) -> str:
        """A message as text; the line that answers it within a while, or an empty text."""
        self.heard()
        self.say(text.encode("ascii") + b"\n")
        self.pass_s(within_s)
        return self.heard().decode("ascii").removesuffix("\n")


def errors(device: ScpiStanding) -> list[int]:
    """The codes in the error queue, which is empty then."""
    codes = []
    while code := int(device.told("SYST:ERR?").partition(",")[0]):
        codes.append(code)
    return codes


def series(values: list[float]) -> Callable[[float], float]:
    """One value after the other, one at each reading; the last one stays."""
    following: Iterator[float] = chain(values, repeat(values[-1]))
    return lambda _: next(following)


def dmm(volts: float | Callable[[float], float] = 0.0, **data: Any) -> ScpiStanding:
    """A meter on a line that costs next to no time, after its power-up."""
    signal = volts if callable(volts) else lambda _: volts
    return ScpiStanding(Dmm(DmmData(**{"baudrate": 1_000_000, "latency_s": 0.001, **data}), signal))


def daq(volts: Mapping[int, float] | None = None, *, byte: Callable[[], int] = lambda: ALL_HIGH, **data: Any) -> ScpiStanding:
    signals = {number: _constant(value) for number, value in (volts or {}).items()}
    return ScpiStanding(Daq(DaqData(**{"baudrate": 1_000_000, "latency_s": 0.001, **data}), signals, {301: lambda _: byte()}))


def _constant(value: float) -> Callable[[float], float]:
    return lambda _: value


def site_of(roles: list[str], **options: object) -> Site:
    """Where a device with these roles stands: beside a pump that may alarm, on a line that may be under pressure."""
    tables = {role: {"address": "sim://bench/device", "serial": "MY1"} for role in roles}
    setup = Setup(options={roles[0]: options})
    path = FluidPath(setup.line)
    return Site(tables, setup, path, lambda moments_s: moments_s, {"pump": dmm().device})


_PREPARED: dict[str, list[str]] = {
    "idle": [],
    "strict": [],
    "undefined-header": ["VOLTA 5", "SYST:ERR?"],
    "three-stored": ["SAMP:COUN 3;:INIT"],
    "finest-10V": ["CONF:VOLT:DC 10", "VOLT:DC:NPLC 100"],
}


def given_meter(exchange: Row) -> ScpiStanding:
    """A meter or scanner in the state that the exchange begins with."""
    values = exchange.get("volts", [0.0])
    if exchange["device"] == "daq":
        byte = ALL_HIGH - 1 if exchange.get("alarming") else ALL_HIGH
        standing = daq(dict(enumerate(values, start=101)), byte=lambda: byte)
    else:
        standing = dmm(series(values), strict=exchange["given"] == "strict")
    for text in ["*CLS", "*RST", *_PREPARED[exchange["given"]]]:
        standing.told(text, within_s=2.0)
    return standing
