"""The drivers, by the name that stands in a bench file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from instruments.balances import Balance
from instruments.balances.mt_sics import MtSicsBalance
from instruments.link import Link
from instruments.pumps import Pump
from instruments.pumps.new_era import NewEraPump
from instruments.wire import new_era
from instruments.wire.framing import Framer, line_ends

Device = TypeVar("Device")


@dataclass(frozen=True, slots=True)
class Driver(Generic[Device]):
    """How to cut the incoming bytes into frames, and who understands them; ``unit`` is the address on a shared line."""

    framer: Framer
    make: Callable[[Link, int], Device]


PUMPS: Mapping[str, Driver[Pump]] = {
    "new-era": Driver(new_era.reply_ends, lambda link, unit: NewEraPump(link, address=unit)),
}
BALANCES: Mapping[str, Driver[Balance]] = {
    "mt-sics": Driver(line_ends, lambda link, _: MtSicsBalance(link)),
}
