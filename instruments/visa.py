"""VISA resources as ports, through pyvisa with pyvisa-py beneath.

=========================  ========================================================================
``ASRL...::INSTR``         a serial line: read all the time, by a thread
``TCPIP...::SOCKET``       the same over TCP
USB, GPIB, VXI-11, HiSLIP  messages, and only when asked: read while somebody waits for an answer
=========================  ========================================================================

Lines and sockets are always pyvisa-py's, for only there can bytes be taken in bulk without losing half a message; for messages
the bench file may name the vendor's library.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import pyvisa
from pyvisa.constants import StatusCode
from pyvisa.resources import SerialInstrument, TCPIPSocket

from instruments.clock import Clock
from instruments.line_errors import line_lost
from instruments.port import SLICE_S, LineSettings, Port, SerialStream, ThreadedPort, reading_port
from instruments.sockets import SocketStream
from instruments.stamped import NOTHING, Stamped, microseconds

_CHUNK = 65536
_OPEN_MS, _WRITE_MS = 5000, 2000


class VisaStream:
    """A VISA session whose bytes are taken where pyvisa-py itself takes them.

    Its own read drops half a message at a timeout, and on a socket never notices that the other end has gone.
    """

    def __init__(self, resource: Any, take: Callable[[], bytes]) -> None:
        self._resource, self.read = resource, take

    def write(self, data: bytes) -> None:
        self._resource.write_raw(data)

    def close(self) -> None:
        self._resource.close()


class AskedPort:
    """An instrument that speaks in messages and only when asked: reading it without need would be an error in its queue.

    So it is read only between a question and the end of its answer.
    """

    def __init__(self, resource: Any, clock: Clock, address: str) -> None:
        self._resource, self._clock, self._address = resource, clock, address
        self._asked = False

    def write(self, data: bytes) -> None:
        self._asked = self._asked or b"?" in data
        try:
            self._resource.timeout = _WRITE_MS  # the last wait may have left a millisecond
            self._resource.write_raw(data)
        except Exception as err:
            raise line_lost(self._address, err) from err

    def poll(self) -> Stamped:
        return NOTHING

    def wait(self, deadline_s: float) -> Stamped:
        if not self._asked:
            self._clock.sleep_until(deadline_s)
            return NOTHING
        try:
            self._resource.timeout = max(1.0, 1000 * (deadline_s - self._clock.now_s()))
            data, _ = self._resource.visalib.read(self._resource.session, _CHUNK)
        except Exception as err:
            if getattr(err, "error_code", None) == StatusCode.error_timeout:
                return NOTHING
            raise line_lost(self._address, err) from err
        self._asked = not data.endswith(b"\n")
        return Stamped.one(bytes(data), microseconds(self._clock.now_s()))

    def close(self) -> None:
        with suppress(Exception):
            self._resource.close()


def open_visa(address: str, line: LineSettings, clock: Clock, library: str) -> Port:
    """Open a resource. Raises what the system gives as the reason."""
    resource: Any = pyvisa.ResourceManager(library).open_resource(address, open_timeout=_OPEN_MS)
    try:
        return _OPENERS.get(type(resource), _open_messages)(resource, line, clock, address)
    except BaseException:
        resource.close()
        raise


def _open_serial(resource: Any, line: LineSettings, clock: Clock, address: str) -> Port:
    device = _beneath(resource)
    device.apply_settings({"timeout": SLICE_S, **asdict(line)})
    device.exclusive = True  # pyvisa-py itself shares a port with anybody
    return reading_port(VisaStream(resource, SerialStream(device).read), device, clock, address)


def _open_socket(resource: Any, line: LineSettings, clock: Clock, address: str) -> Port:
    connection: socket.socket = _beneath(resource)
    refused = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # pyvisa-py does not look
    if refused:
        raise OSError(refused, os.strerror(refused))
    return ThreadedPort(VisaStream(resource, SocketStream(connection).read), clock, address)


def _open_messages(resource: Any, line: LineSettings, clock: Clock, address: str) -> Port:
    return AskedPort(resource, clock, address)


_OPENERS = {SerialInstrument: _open_serial, TCPIPSocket: _open_socket}


def _beneath(resource: Any) -> Any:
    """What pyvisa-py reads from: a pyserial port or a socket."""
    return resource.visalib.sessions[resource.session].interface
