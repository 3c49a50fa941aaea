"""Simulated supplies in the states that the exchanges begin with, each on a clock of its own."""

from __future__ import annotations

from typing import Any

from instruments.sim.dp800 import Dp800, Dp800Data
from instruments.sim.e36300 import E36300, E36300Data
from instruments.sim.supply import SupplyDevice
from tests.instruments.exchanges import Row
from tests.instruments.sim.scpi_states import ScpiStanding

_LINE: dict[str, Any] = {"baudrate": 1_000_000, "latency_s": 0.001}


class SupplyStanding(ScpiStanding):
    device: SupplyDevice

    def all_told(self, *texts: str) -> list[str]:
        return [self.told(text) for text in texts]


def keysight(**data: Any) -> SupplyStanding:
    """An E36312A with nothing connected, unless told."""
    return SupplyStanding(E36300(E36300Data(**{**_LINE, **data})))


def rigol(**data: Any) -> SupplyStanding:
    """A DP832 with nothing connected, unless told."""
    return SupplyStanding(Dp800(Dp800Data(**{**_LINE, **data})))


def given_supply(exchange: Row) -> SupplyStanding:
    """A supply in the state that the exchange begins with. Those that measure have settled."""
    load: dict[str, Any] = {}
    if exchange["given"] == "loaded":
        volts, amps = exchange["volts"][0], exchange["amps"][0]
        load = {"resistance_ohm": volts / amps, "settling_s": 0.0}
        programmed_v = round(volts, 2) if exchange["device"] == "supply" else volts
        load["gain"] = volts / programmed_v
    if exchange["device"] == "rigol":
        standing = rigol(**load)
        standing.all_told(f":APPL CH1,{exchange['volts'][0]},3.2", ":OUTP CH1,ON")
    else:
        standing = keysight(**load)
    if exchange["given"] == "tripped":
        standing.all_told("VOLT:PROT 4,(@1)", "VOLT 5,(@1)", "OUTP ON,(@1)", "VOLT 3,(@1)")
    standing.told("*CLS")
    return standing
