"""Where the line of a simulated device comes out of this process: TCP, raw (``socket://``) or with line settings (``rfc2217://``).

Nothing here waits. An endpoint registers what it listens to with the selector of its switchboard, with the function to call as
the data of the key; it hands the bytes of its client to ``hear`` and gives the client those of the device (``send``).
"""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from selectors import EVENT_READ, BaseSelector
from typing import Any, Protocol

from serial.rfc2217 import IAC, PortManager

from instruments.errors import ConfigError
from instruments.sim.channel import Channel, Hear

_SETTING_LIMIT = 64
"""Bytes of one setting in RFC 2217; the longest that means something has 6."""

_LAST_PORT = 65_535
_MANAGER: Any = PortManager  # its annotations ask for more than it uses


class Endpoint(Protocol):
    """One way to the device. ``lost`` counts the bytes that clients did not fetch in time."""

    lost: int

    @property
    def address(self) -> str | None:
        """What a client opens; None while there is nothing to open."""
        ...

    def look(self) -> None:
        """Notice clients that come without a sign."""
        ...

    def send(self, data: bytes) -> None:
        """To whoever has the line open just now; lost when nobody has."""
        ...

    def plug_in(self) -> None: ...

    def unplug(self) -> None:
        """Hang up, and let nobody in until ``plug_in``."""
        ...

    def close(self) -> None: ...


class TcpEndpoint:
    """Raw bytes over TCP for one client at a time; another one is hung up on at once, as device servers do.

    ``port`` 0 is any free one. Raises ConfigError when there is no listening there.
    """

    scheme = "socket"

    def __init__(self, selector: BaseSelector, hear: Hear, host: str, port: int) -> None:
        self.lost = 0
        self._selector, self._hear = selector, hear
        self._listener = _listener(host, port)
        self.address = f"{self.scheme}://{_name(host)}:{self._listener.getsockname()[1]}"
        self._client: Channel | None = None
        self._plugged_in = True
        selector.register(self._listener, EVENT_READ, self._accept)

    def look(self) -> None:
        """Clients of a listener announce themselves."""

    def send(self, data: bytes) -> None:
        if self._client is not None and not self._client.write(data):
            self.lost += len(data)

    def plug_in(self) -> None:
        self._plugged_in = True

    def unplug(self) -> None:
        self._plugged_in = False
        if self._client is not None:
            self._client.close()

    def close(self) -> None:
        self.unplug()
        self._selector.unregister(self._listener)
        self._listener.close()

    def _accept(self, events: int) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # it has left already
            return
        if self._client is not None:
            self._client.look()
        if self._client is not None or not self._plugged_in:
            connection.close()
        else:
            self._begin(connection)

    def _begin(self, connection: socket.socket) -> Channel:
        connection.settimeout(0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

        def gone() -> None:
            self._client = None
            connection.close()

        self._client = Channel(self._selector, connection, (connection.recv, connection.send), self._heard, gone)
        return self._client

    def _heard(self, data: bytes) -> None:
        self._hear(data)


class Rfc2217Endpoint(TcpEndpoint):
    """TCP with the line settings of RFC 2217. All that a serial port could take are taken, and mean nothing to the device."""

    scheme = "rfc2217"

    def send(self, data: bytes) -> None:
        super().send(data.replace(IAC, IAC + IAC))

    def _begin(self, connection: socket.socket) -> Channel:
        client = super()._begin(connection)
        self._manager = _MANAGER(_Settings(), client)
        return client

    def _heard(self, data: bytes) -> None:
        """A client that breaks the rules of RFC 2217 loses its connection: pyserial's manager raises whatever comes."""
        try:
            said = b"".join(self._manager.filter(data))
        except Exception:  # noqa: BLE001 - TypeError, KeyError, struct.error: the client's fault all the same
            self._drop()
            return
        self._hear(said)
        if len(self._manager.suboption or b"") > _SETTING_LIMIT:
            self._drop()

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()


@dataclass
class _Settings:
    """What a client may set and see of a serial port, by pyserial's names."""

    baudrate: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: float = 1
    xonxoff: bool = False
    rtscts: bool = False
    dtr: bool = True
    rts: bool = True
    break_condition: bool = False
    cts: bool = True
    dsr: bool = True
    cd: bool = True
    ri: bool = False

    def reset_input_buffer(self) -> None:
        """Nothing is held back on this side."""

    def reset_output_buffer(self) -> None: ...


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        if port > _LAST_PORT:
            raise ValueError(f"port numbers end at {_LAST_PORT}")
        listener = socket.create_server((host, port), family=family)
    except (OSError, ValueError) as err:
        raise ConfigError(f"nothing can be served at {_name(host)}:{port} ({err}); choose another host or port") from err
    listener.settimeout(0)
    return listener


def _name(host: str) -> str:
    """As it stands in an address. A listener on all interfaces is reached from here over the loopback."""
    with suppress(KeyError):
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}[host]  # noqa: S104 - compared, not bound
    return f"[{host}]" if ":" in host else host
