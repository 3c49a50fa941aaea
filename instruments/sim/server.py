"""A simulated bench in real time, for programs that know nothing of virtual time: every device on a pty and on TCP.

One thread does it all. Its virtual clock is held to real time (times ``speed``): before bytes are handed to a device the clock is
advanced to the present, afterwards what the devices have sent is given to their clients, then it waits for whatever comes first.
"""

from __future__ import annotations

import selectors
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from instruments.clock import WallClock
from instruments.errors import ConfigError
from instruments.sim.bench import SimulatedBench
from instruments.sim.channel import Hear
from instruments.sim.device import SimDevice
from instruments.sim.endpoints import Endpoint, Rfc2217Endpoint, TcpEndpoint

_LONGEST_REST_S = 0.02
"""Who opens a pty gives no sign: it is seen within this time."""
_REST_PER_WORK = 5
"""Rounds that no client asked for take a sixth of a processor, at most: with many devices several outputs go out in one round."""
_FASTEST = 1e6

AnyEndpoint = TypeVar("AnyEndpoint", bound=Endpoint)
Make = Callable[[selectors.BaseSelector, Hear], AnyEndpoint]
Ready = list[tuple[selectors.SelectorKey, int]]


class _Line:
    """One device and the endpoints at which its line comes out: all clients hear the device, the device hears them all."""

    def __init__(self, device: SimDevice) -> None:
        self.device = device
        self.endpoints: list[Endpoint] = []
        self._cable = device.cable if device.plugged_in else 0

    def hear(self, data: bytes) -> None:
        if data:
            self.device.receive(data)

    def pump(self) -> None:
        if data := self.device.take().data:
            for endpoint in self.endpoints:
                endpoint.send(data)
        self._follow_cable()

    def _follow_cable(self) -> None:
        cable = self.device.cable if self.device.plugged_in else 0
        if cable != self._cable:
            self._cable = cable
            for endpoint in self.endpoints:
                endpoint.unplug()
                if cable:
                    endpoint.plug_in()


class Switchboard:
    """Carries bytes between devices and clients; knows nothing of time."""

    def __init__(self, devices: Mapping[str, SimDevice]) -> None:
        self.selector = selectors.DefaultSelector()
        self._lines = {name: _Line(device) for name, device in devices.items()}

    def attach(self, device: str, make: Make[AnyEndpoint]) -> AnyEndpoint:
        line = self._lines[device]
        endpoint = make(self.selector, line.hear)
        line.endpoints.append(endpoint)
        return endpoint

    def wait(self, timeout_s: float) -> Ready:
        """What can be carried, as soon as there is something."""
        for line in self._lines.values():
            for endpoint in line.endpoints:
                endpoint.look()
        return self.selector.select(timeout_s)

    def carry(self, ready: Ready) -> None:
        """Hand over what clients have sent, and what devices have sent up to the present moment of their clock."""
        self._pump()
        for key, events in ready:
            key.data(events)
        self._pump()

    def _pump(self) -> None:
        for line in self._lines.values():
            line.pump()

    @property
    def lost(self) -> int:
        """Bytes that clients did not fetch in time."""
        return sum(endpoint.lost for line in self._lines.values() for endpoint in line.endpoints)

    def close(self) -> None:
        for line in self._lines.values():
            for endpoint in line.endpoints:
                endpoint.close()
        self.selector.close()


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where one device can be opened; the pty is None on systems that have none, the link where none is asked for."""

    pty: str | None
    link: str | None
    tcp: str
    rfc2217: str


_Ends = tuple[Endpoint | None, TcpEndpoint, TcpEndpoint]


class Server:
    """Serves every device of a bench, from the moment at which its clock stands, until it is told to stop.

    ``first_port`` is the first TCP port: two for each device, raw and RFC 2217, in the order of their names; any free ones
    unless told. ``link_dir`` gets a symbolic link to the pty of each role. Raises ConfigError for what cannot be had.
    """

    def __init__(
        self,
        bench: SimulatedBench,
        *,
        speed: float = 1.0,
        host: str = "127.0.0.1",
        first_port: int | None = None,
        link_dir: Path | None = None,
    ) -> None:
        if not 0 < speed <= _FASTEST:
            raise ConfigError(f"speed {speed:g}: not a number above 0 and up to {_FASTEST:g}")
        self._bench, self._speed, self._link_dir = bench, speed, link_dir
        self._board = Switchboard(bench.devices)
        self._waker, self._woken = socket.socketpair()
        self._board.selector.register(self._woken, selectors.EVENT_READ, self._wake)
        self._stopped = False
        ports = _ports(first_port)
        try:
            self._ends = {name: self._attached(name, host, ports) for name in sorted(bench.devices)}
        except BaseException:
            self.close()
            raise

    def _attached(self, name: str, host: str, ports: Iterator[int]) -> _Ends:
        raw, settings = next(ports), next(ports)
        tcp = self._board.attach(name, lambda selector, hear: TcpEndpoint(selector, hear, host, raw))
        rfc2217 = self._board.attach(name, lambda selector, hear: Rfc2217Endpoint(selector, hear, host, settings))
        pty = _pty([link for role, link in self._links().items() if self._bench.roles[role] == name])
        return (self._board.attach(name, pty) if pty else None), tcp, rfc2217

    def _links(self) -> dict[str, Path]:
        return {role: self._link_dir / role for role in self._bench.roles} if self._link_dir else {}

    @property
    def addresses(self) -> dict[str, Addresses]:
        """By role. Two roles of one device have the same."""
        links, found = self._links(), {}
        for role, name in self._bench.roles.items():
            pty, tcp, rfc2217 = self._ends[name]
            link = str(links[role].absolute()) if pty and role in links else None
            found[role] = Addresses(pty.address if pty else None, link, tcp.address, rfc2217.address)
        return found

    @property
    def lost(self) -> int:
        """Bytes that clients did not fetch in time."""
        return self._board.lost

    def serve(self) -> None:
        """Until ``stop``; then everything is closed."""
        clock, wall = self._bench.clock, WallClock()
        begun_s, rest_s = clock.now_s(), 0.0
        try:
            while not self._stopped:
                ready = self._board.wait(rest_s)
                round_s = wall.now_s()
                clock.sleep_until(begun_s + round_s * self._speed)
                self._board.carry(ready)
                now_s = wall.now_s()
                left_s = (clock.due_s() - begun_s) / self._speed - now_s
                rest_s = min(_LONGEST_REST_S, max(left_s, _REST_PER_WORK * (now_s - round_s)))
        finally:
            self.close()

    def _wake(self, events: int) -> None:
        self._woken.recv(1)

    def stop(self) -> None:
        """May be called from another thread, or by a signal."""
        self._stopped = True
        with suppress(OSError):
            self._waker.send(b"!")

    def close(self) -> None:
        self._board.close()
        self._waker.close()
        self._woken.close()


def _ports(first: int | None) -> Iterator[int]:
    while True:
        yield first or 0
        first = first and first + 1


def _pty(links: list[Path]) -> Make[Endpoint] | None:
    if sys.platform == "win32":
        return None
    from instruments.sim.endpoints_posix import PtyEndpoint

    return lambda selector, hear: PtyEndpoint(selector, hear, links)
