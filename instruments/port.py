"""A byte stream with stamps, on a real line (a thread reads) or a simulated one (the virtual clock runs while somebody waits)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import serial

from instruments.clock import Clock, VirtualClock
from instruments.line_errors import line_lost
from instruments.stamped import NOTHING, Stamped, microseconds

SLICE_S = 0.05
"""How long a blocking read may go on before it looks whether it is still wanted."""
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


def reading_port(stream: Stream, device: Any, clock: Clock, address: str) -> Port:
    """The port for a pyserial ``device``, by the time the bench runs on."""
    if isinstance(clock, VirtualClock):
        return SteppedPort(stream, device, clock, address)
    return ThreadedPort(stream, clock, address)
