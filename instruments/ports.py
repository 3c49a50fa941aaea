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
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import serial

from instruments.clock import Clock, VirtualClock, WallClock
from instruments.errors import ConfigError, LinkError
from instruments.stamped import NOTHING, Stamped, microseconds

_VISA = re.compile(r"^(ASRL|TCPIP|USB|GPIB|VXI|PXI|visa://)", re.IGNORECASE)
_SIMULATED = re.compile(r"^(ASRL)?sim://", re.IGNORECASE)
SLICE_S = 0.05
_WRITE_S = 2.0
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
            self._give_up(err)

    def _put(self, piece: Stamped) -> None:
        with self._changed:
            self._arrived.append(piece)
            self._changed.notify_all()

    def _give_up(self, reason: Exception) -> None:
        with self._changed:
            self._lost = self._lost or reason
            self._changed.notify_all()

    def write(self, data: bytes) -> None:
        if self._lost is not None:  # a socket takes one more write after its peer has gone
            raise line_lost(self._address, self._lost) from self._lost
        try:
            self._stream.write(data)
        except Exception as err:
            raise line_lost(self._address, err) from err

    def poll(self) -> Stamped:
        with self._changed:
            arrived, self._arrived = self._arrived, []
            lost = self._lost
        if lost is not None and not arrived:
            raise line_lost(self._address, lost) from lost
        return Stamped.join(arrived)

    def wait(self, deadline_s: float) -> Stamped:
        with self._changed:
            remaining_s = deadline_s - self._clock.now_s()
            self._changed.wait_for(lambda: self._arrived or self._lost is not None, max(0.0, remaining_s))
        return self.poll()

    def close(self) -> None:
        """Let the reader finish its look at the line first: closing under it would break it in the middle."""
        self._open = False
        try:
            self._thread.join(timeout=20 * SLICE_S)
        finally:
            self._give_up(ConnectionAbortedError("it was closed here"))
            with suppress(Exception):
                self._stream.close()


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


class SteppedPort:
    """A simulated line: waiting lets the virtual clock run, and stamps are exact."""

    def __init__(self, stream: Stream, device: Any, clock: VirtualClock, address: str) -> None:
        self._stream, self._device, self._clock, self._address = stream, device, clock, address

    def write(self, data: bytes) -> None:
        self._try(lambda: self._stream.write(data))

    def poll(self) -> Stamped:
        return self._try(self._device.take) or NOTHING

    def wait(self, deadline_s: float) -> Stamped:
        self._try(lambda: self._clock.wait(lambda: self._device.in_waiting > 0, deadline_s))
        return self.poll()

    def close(self) -> None:
        self._stream.close()

    def _try(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except _LOST as err:
            raise line_lost(self._address, err) from err


def line_lost(address: str, err: Exception) -> LinkError:
    """The error that says so, and what to look at."""
    return LinkError(f"{address}: the line was lost ({err}); check cable and power of the device")


class Ports:
    """All ports of one bench, on one clock.

    ``plain`` is the bench file as read: what stands behind ``sim://`` addresses is built from it. A bench with such an
    address runs on virtual time, any other on the wall clock.
    """

    def __init__(self, addresses: Mapping[str, str], plain: Mapping[str, Any]) -> None:
        self._addresses = addresses
        simulated = _one_bench(addresses)
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


def _one_bench(addresses: Mapping[str, str]) -> list[str]:
    """The simulated bench that the addresses are on, if any: all or none, as they have one clock."""
    benches = {_SIMULATED.sub("", address).split("/")[0] if is_simulated(address) else "" for address in addresses.values()}
    if len(benches) > 1:
        listed = ", ".join(f"{role} {address}" for role, address in addresses.items())
        raise ConfigError(f"{listed}: simulated addresses have to be on one bench, with no real address beside them")
    return [name for name in benches if name]


def _simulate(name: str, plain: Mapping[str, Any]) -> Any:
    from instruments.sim.bench import build_bench

    if _SIM_PACKAGE not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(_SIM_PACKAGE)
    return build_bench(name, plain)


def _open_serial(address: str, line: LineSettings, clock: Clock) -> Port:
    options = _OPTIONS.get(address.partition("://")[0].lower() if "://" in address else "", {})
    device = serial.serial_for_url(address, timeout=SLICE_S, **asdict(line), **options)
    return reading_port(SerialStream(device), device, clock, address)


_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "": {"exclusive": True, "write_timeout": _WRITE_S},
    "socket": {"write_timeout": _WRITE_S},
}
"""By the scheme of the address, a device path having none. RFC 2217 of pyserial refuses a write timeout."""


def reading_port(stream: Stream, device: Any, clock: Clock, address: str) -> Port:
    """The port for a pyserial ``device``, by the time the bench runs on."""
    if isinstance(clock, VirtualClock):
        return SteppedPort(stream, device, clock, address)
    return ThreadedPort(stream, clock, address)


def _open_visa(address: str, line: LineSettings, clock: Clock) -> Port:
    from instruments.visa import open_visa

    return open_visa(address, line, clock)
