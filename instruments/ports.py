"""Opens an address. The only place that knows what kind of thing an address is.

==========================  =====================================================================
``/dev/ttyUSB0``, ``COM3``  a serial device, through pyserial
``socket://``, ``rfc2217://``  the same over TCP, through pyserial
``sim://BENCH/ROLE``        a simulated device, through pyserial's own URL hook, in virtual time
``ASRL...``, ``TCPIP...``, ``USB...``, ``GPIB...``  a VISA resource, through pyvisa
==========================  =====================================================================

A port hands out bytes with the moment they arrived. On real lines a reader thread stamps them; on a simulated line the virtual
clock knows the moment exactly.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import serial

from instruments.clock import Clock, VirtualClock, WallClock
from instruments.errors import ConfigError, LinkError
from instruments.stamped import NOTHING, Stamped, microseconds

_VISA = re.compile(r"^(ASRL|TCPIP|USB|GPIB|VXI|PXI|visa://)", re.IGNORECASE)
_SIMULATED = re.compile(r"^(ASRL)?sim://", re.IGNORECASE)
_SLICE_S = 0.05
_SIM_PACKAGE = "instruments.sim"
_LOST = (serial.SerialException, OSError)


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How a serial line is set."""

    baudrate: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: int = 1


class Port(Protocol):
    """A byte stream with stamps. All methods raise LinkError when the line is lost."""

    def write(self, data: bytes) -> None: ...

    def poll(self) -> Stamped:
        """What has arrived since the last call, without waiting."""
        ...

    def wait(self, deadline_s: float) -> Stamped:
        """The same, waiting until something arrives or the deadline has come."""
        ...

    def close(self) -> None: ...


class Stream(Protocol):
    """A blocking byte source that a reader thread can sit on."""

    def read(self) -> bytes:
        """Bytes as soon as there are any; nothing after a short while."""
        ...

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class ThreadedPort:
    """A real line: a thread waits for bytes and stamps them the moment they come."""

    def __init__(self, stream: Stream, clock: Clock, address: str) -> None:
        self._stream, self._clock, self._address = stream, clock, address
        self._arrived: list[Stamped] = []
        self._lost: Exception | None = None
        self._changed = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._read, name=f"read {address}", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while self._open:
                if data := self._stream.read():
                    self._put(Stamped.one(data, microseconds(self._clock.now_s())))
        except Exception as err:  # noqa: BLE001 - whatever ends the reader has to reach the user of the port
            with self._changed:
                self._lost = err
                self._changed.notify_all()

    def _put(self, piece: Stamped) -> None:
        with self._changed:
            self._arrived.append(piece)
            self._changed.notify_all()

    def write(self, data: bytes) -> None:
        try:
            self._stream.write(data)
        except Exception as err:
            raise self._gone(err) from err

    def poll(self) -> Stamped:
        with self._changed:
            arrived, self._arrived = self._arrived, []
        if not arrived and self._lost is not None and self._open:
            raise self._gone(self._lost) from self._lost
        return Stamped.join(arrived)

    def wait(self, deadline_s: float) -> Stamped:
        with self._changed:
            remaining_s = deadline_s - self._clock.now_s()
            self._changed.wait_for(lambda: self._arrived or self._lost is not None, max(0.0, remaining_s))
        return self.poll()

    def close(self) -> None:
        self._open = False
        self._thread.join(timeout=20 * _SLICE_S)
        with suppress(*_LOST):
            self._stream.close()

    def _gone(self, err: Exception) -> LinkError:
        return LinkError(f"{self._address}: the line was lost ({err}); check cable and power of the device")


class SerialStream:
    """pyserial, read in bulk: whatever is there, at least one byte."""

    def __init__(self, device: Any) -> None:
        self._device = device

    def read(self) -> bytes:
        return bytes(self._device.read(max(1, self._device.in_waiting)))

    def write(self, data: bytes) -> None:
        self._device.write(data)

    def close(self) -> None:
        self._device.close()


class VisaStream:
    """A VISA session read byte by byte or by what is known to wait, as pyvisa-py drops a partial read at a timeout."""

    def __init__(self, resource: Any) -> None:
        self._resource = resource
        self._counts = str(resource.resource_name).upper().startswith("ASRL")
        resource.timeout = _SLICE_S * 1000

    def read(self) -> bytes:
        waiting = self._resource.bytes_in_buffer if self._counts else 0
        data, status = self._resource.visalib.read(self._resource.session, max(1, waiting))
        return b"" if int(status) < 0 else bytes(data)

    def write(self, data: bytes) -> None:
        self._resource.write_raw(data)

    def close(self) -> None:
        self._resource.close()


class SteppedPort:
    """A simulated line: waiting lets the virtual clock run, and stamps are exact."""

    def __init__(self, device: Any, clock: VirtualClock, write: Callable[[bytes], Any], address: str) -> None:
        self._device, self._clock, self._write, self._address = device, clock, write, address

    def write(self, data: bytes) -> None:
        self._try(lambda: self._write(data))

    def poll(self) -> Stamped:
        return self._try(self._device.take) or NOTHING

    def wait(self, deadline_s: float) -> Stamped:
        self._try(lambda: self._clock.wait(lambda: self._device.in_waiting > 0, deadline_s))
        return self.poll()

    def close(self) -> None:
        self._device.close()

    def _try(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except _LOST as err:
            raise LinkError(f"{self._address}: the line was lost ({err}); check cable and power of the device") from err


class Ports:
    """All ports of one bench, on one clock.

    ``plain`` is the bench file as read: what stands behind ``sim://`` addresses is built from it. A bench with such an
    address runs on virtual time, any other on the wall clock.
    """

    def __init__(self, addresses: Mapping[str, str], plain: Mapping[str, Any]) -> None:
        self._addresses = addresses
        simulated = sorted({_SIMULATED.sub("", address).split("/")[0] for address in addresses.values() if is_simulated(address)})
        self.data_source = "simulated" if simulated or "simulation" in plain else "real"
        self._benches = [_simulate(name, plain) for name in simulated]
        self.clock: Clock = self._benches[0].clock if self._benches else WallClock()
        self._open: dict[str, Port] = {}

    def open(self, role: str, line: LineSettings | None = None) -> None:
        """Open the address of a role. Raises LinkError when nothing is there, with the reason the system gives."""
        address = self._addresses[role]
        opener = _open_visa if _VISA.match(address) else _open_serial
        try:
            self._open[role] = opener(address, line or LineSettings(), self.clock)
        except ConfigError:
            raise
        except Exception as err:
            raise LinkError(f"{role}: {address} cannot be opened ({err}); check the address and the cable") from err

    def __getitem__(self, role: str) -> Port:
        return self._open[role]

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()


def is_simulated(address: str) -> bool:
    return _SIMULATED.match(address) is not None


def _simulate(name: str, plain: Mapping[str, Any]) -> Any:
    from instruments.sim.bench import build_bench

    if _SIM_PACKAGE not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(_SIM_PACKAGE)
    return build_bench(name, plain)


def _open_serial(address: str, line: LineSettings, clock: Clock) -> Port:
    exclusive = {} if "://" in address else {"exclusive": True}
    device = serial.serial_for_url(
        address,
        baudrate=line.baudrate,
        bytesize=line.bytesize,
        parity=line.parity,
        stopbits=line.stopbits,
        timeout=_SLICE_S,
        **exclusive,
    )
    if isinstance(clock, VirtualClock):
        if not is_simulated(address):
            raise ConfigError("a simulated bench runs on virtual time and cannot have real addresses beside it")
        return SteppedPort(device, clock, device.write, address)
    return ThreadedPort(SerialStream(device), clock, address)


def _open_visa(address: str, line: LineSettings, clock: Clock) -> Port:
    import pyvisa

    resource: Any = pyvisa.ResourceManager("@py").open_resource(address)
    if address.upper().startswith("ASRL"):
        resource.baud_rate = line.baudrate
    if isinstance(clock, VirtualClock):
        device = resource.visalib.sessions[resource.session].interface
        return SteppedPort(device, clock, resource.write_raw, address)
    return ThreadedPort(VisaStream(resource), clock, address)
