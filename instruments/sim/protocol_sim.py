"""``sim://BENCH/ROLE`` for pyserial: a port whose other end is a simulated device, in virtual time.

pyserial finds this module by its name, through ``serial.protocol_handler_packages``. The class behaves like any other
pyserial port (blocking reads wait in virtual time), and can also hand out what arrived with its stamps.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import numpy as np
import serial
from serial.serialutil import PortNotOpenError, SerialBase

from instruments.clock import VirtualClock
from instruments.sim.device import SimDevice
from instruments.sim.registry import find_bench
from instruments.stamped import Stamped

_UNPLUGGED = "device reports readiness to read but returned no data (device disconnected or multiple access on port?)"


class Serial(SerialBase):
    """A pyserial port on a simulated device."""

    device: SimDevice
    clock: VirtualClock

    def open(self) -> None:
        parts = urlsplit(str(self.port))
        bench = find_bench(parts.netloc)
        role = parts.path.strip("/")
        if bench is None or role not in bench.devices:
            raise serial.SerialException(f"could not open port {self.port}: no such simulated device")
        self.device, self.clock = bench.devices[role], bench.clock
        if not self.device.plugged_in:
            raise serial.SerialException(f"could not open port {self.port}: the simulated device is unplugged")
        self._cable = self.device.cable
        self.device.take()  # as a real port: what came before the open is gone
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def _reconfigure_port(self) -> None:
        """A simulated line has no electrical settings."""

    def _update_dtr_state(self) -> None: ...

    def _update_rts_state(self) -> None: ...

    def _update_break_state(self) -> None: ...

    @property
    def in_waiting(self) -> int:
        self._check_when_empty()
        return self.device.waiting

    def write(self, data: Any, /) -> int:
        self._check()
        self.device.receive(bytes(data))
        return len(data)

    def read(self, size: int = 1, /) -> bytes:
        if not self.is_open:
            raise PortNotOpenError
        deadline_s = float("inf") if self.timeout is None else self.clock.now_s() + self.timeout
        self.clock.wait(lambda: self.device.waiting >= size or self._pulled_out, deadline_s)
        self._check_when_empty()
        arrived = self.device.take()
        whole = int(np.searchsorted(arrived.ends, size, side="right"))
        self.device.put_back(Stamped(arrived.data[size:], arrived.ends[whole:] - size, arrived.stamps_us[whole:]))
        return arrived.data[:size]

    def take(self) -> Stamped:
        """Everything that has arrived so far, with the moment each piece arrived at.

        What came before the cable was pulled is still handed out; the call after that raises.
        """
        self._check_when_empty()
        arrived = self.device.take()
        return Stamped(arrived.data, arrived.ends, self.clock.shown_us(arrived.stamps_us))

    def next_output_s(self) -> float:
        """When the device will next send something of its own accord."""
        return self.clock.shown_s(self.device.next_output_s())

    def reset_input_buffer(self) -> None:
        self.device.take()

    def reset_output_buffer(self) -> None: ...

    def flush(self) -> None: ...

    @property
    def _pulled_out(self) -> bool:
        return not self.device.plugged_in or self.device.cable != self._cable

    def _check_when_empty(self) -> None:
        if not (self.is_open and self.device.waiting and self.device.cable == self._cable):
            self._check()

    def _check(self) -> None:
        if not self.is_open:
            raise PortNotOpenError
        if self._pulled_out:
            raise serial.SerialException(_UNPLUGGED)
