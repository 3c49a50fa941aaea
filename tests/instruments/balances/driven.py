"""A driver on a simulated balance, through pyserial and the virtual clock as on a simulated bench."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import serial

from instruments.clock import VirtualClock
from instruments.driver import Driver
from instruments.link import Link
from instruments.port import SerialStream, reading_port
from instruments.sim.device import SimDevice
from instruments.sim.registry import register_bench
from tests.instruments.sim.printing import Weighed

_ADDRESS = "sim://one-balance/device"


@dataclass
class _Bench:
    clock: VirtualClock
    devices: dict[str, SimDevice]


@contextmanager
def driven(driver: Driver[Any], standing: Weighed, **options: Any) -> Iterator[Any]:
    """The driver of the family, not yet connected."""
    bench = _Bench(standing.clock, {"device": standing.device})
    register_bench("one-balance", bench)
    if "instruments.sim" not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append("instruments.sim")
    with serial.serial_for_url(_ADDRESS) as opened:
        port = reading_port(SerialStream(opened), opened, bench.clock, _ADDRESS)
        yield driver.make(Link(port, driver.framer, bench.clock, role="balance"), driver.options(**options))
