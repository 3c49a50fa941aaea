"""A driver's link to one simulated device, through pyserial and the virtual clock as on a simulated bench."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import serial

from instruments.clock import VirtualClock
from instruments.link import Link
from instruments.port import SerialStream, reading_port
from instruments.sim.device import SimDevice
from instruments.sim.registry import register_bench
from instruments.wire.framing import Framer

_ADDRESS = "sim://one-device/device"


@dataclass
class OneDevice:
    """A bench with nothing else on it."""

    clock: VirtualClock
    devices: Mapping[str, SimDevice]


@contextmanager
def line_to(device: SimDevice, framer: Framer) -> Iterator[Link]:
    """The device stands on a clock of its own while the line is open."""
    bench = OneDevice(VirtualClock(), {"device": device})
    bench.clock.add(device)
    register_bench("one-device", bench)
    if "instruments.sim" not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append("instruments.sim")
    with serial.serial_for_url(_ADDRESS) as opened:
        port = reading_port(SerialStream(opened), opened, bench.clock, _ADDRESS)
        yield Link(port, framer, bench.clock, role="device")
