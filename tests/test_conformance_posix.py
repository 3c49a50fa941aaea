"""The fast path equals the operating system's: the same seed gives the same bytes through sim://, a pty, TCP and RFC 2217.

First on virtual time: the same commands at the same moments of one bench hour, the bytes carried by real ptys and sockets through
the endpoints that serve them, read by plain pyserial. Then in real time, from the program that serves them. Not on Windows.
"""

from __future__ import annotations

import hashlib
import threading
import tomllib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache, partial
from typing import Any, Protocol

import pytest
import serial

from instruments.clock import stopwatch
from instruments.sim.bench import SimulatedBench, build_bench
from instruments.sim.endpoints import Rfc2217Endpoint, TcpEndpoint
from instruments.sim.endpoints_posix import PtyEndpoint
from instruments.sim.registry import register_bench
from instruments.sim.server import Switchboard
from instruments.sim.setup import Setup
from instruments.stamped import Stamped
from instruments.wire.new_era import encode_command
from tests.serving import BENCH, PATIENCE_S, serving

pytestmark = pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\):DeprecationWarning")  # pyserial 3.5

HOUR_S = 3600.0
LOOK_S = 20.0
"""Bench time between two looks at the lines."""


def pump(text: str, *, safe: bool = False) -> tuple[str, bytes]:
    return "pump", encode_command(text, safe=safe)


def balance(*lines: str) -> tuple[str, bytes]:
    return "balance", "".join(f"{line}\r\n" for line in lines).encode()


HOUR: Sequence[tuple[float, tuple[str, bytes]]] = sorted(
    [
        (0.2, pump("VER")),
        (0.3, pump("DIA14.5")),
        (0.5, balance("@")),
        (1.0, balance("I0", "UPD 10", "SIR")),
        (1.5, pump("RAT1.5MH")),
        (60.25, pump("RUN")),
        (60.25, balance("I4")),
        *((moment_s, pump("DIS")) for moment_s in range(100, 2700, 97)),
        (1200.0, pump("RAT12MH")),
        (2000.0, balance("T")),
        (2700.0, pump("STP")),
        (2760.0, balance("SI", "Z", "SIR")),
        (2900.0, pump("VOL0.5")),
        (2901.0, pump("RUN")),
        (3100.0, pump("DIS")),
        (3200.0, pump("SAF10")),
        (3201.0, pump("RUN", safe=True)),
    ]
)
"""A pump that infuses while the balance streams; a tare that finds no stability; a bolus; a pump that is left without a word."""


class Path(Protocol):
    """One way to the devices of a bench."""

    def write(self, role: str, data: bytes) -> None: ...

    def fetch(self, role: str) -> bytes:
        """All that the device has sent up to now and nobody has fetched."""
        ...


Way = Callable[[SimulatedBench, ExitStack], Path]


def play(way: Way, seed: int) -> dict[str, bytes]:
    """What each device says in the hour."""
    bench = SimulatedBench(Setup(seed=seed))
    said = dict.fromkeys(bench.devices, b"")
    with ExitStack() as stack:
        path = way(bench, stack)
        for moment_s, command in [*HOUR, (HOUR_S, None)]:
            while bench.clock.now_s() < moment_s:
                bench.clock.sleep_until(min(moment_s, bench.clock.now_s() + LOOK_S))
                for role in said:
                    said[role] += path.fetch(role)
            if command is not None:
                path.write(*command)
    return said


def digests(said: dict[str, bytes]) -> dict[str, str]:
    return {role: hashlib.sha256(data).hexdigest() for role, data in said.items()}


# --- the fast path ---


class Simulated:
    def __init__(self, bench: SimulatedBench, stack: ExitStack) -> None:
        register_bench("conformance", bench)
        if "instruments.sim" not in serial.protocol_handler_packages:
            serial.protocol_handler_packages.append("instruments.sim")
        self._ports = {
            role: stack.enter_context(serial.serial_for_url(f"sim://conformance/{role}", timeout=0)) for role in bench.devices
        }

    def write(self, role: str, data: bytes) -> None:
        self._ports[role].write(data)

    def fetch(self, role: str) -> bytes:
        return bytes(self._ports[role].read(self._ports[role].in_waiting))


# --- the operating system's ---


class Tally:
    """Counts the bytes that go into a device and come out of it."""

    def __init__(self, device: Any) -> None:
        self.heard = self.said = 0
        self._take, self._receive = device.take, device.receive
        device.take, device.receive = self.take, self.receive

    def take(self) -> Stamped:
        taken: Stamped = self._take()
        self.said += len(taken.data)
        return taken

    def receive(self, data: bytes) -> None:
        self.heard += len(data)
        self._receive(data)


class Carried:
    """Every byte goes through the kernel; nothing goes on before all bytes have arrived that were sent."""

    def __init__(self, kind: Callable[..., PtyEndpoint | TcpEndpoint], bench: SimulatedBench, stack: ExitStack) -> None:
        self._board = Switchboard(bench.devices)
        stack.callback(self._board.close)
        self._tallies = {role: Tally(device) for role, device in bench.devices.items()}
        self._written, self._fetched = dict.fromkeys(bench.devices, 0), dict.fromkeys(bench.devices, 0)
        self._clients = {role: stack.enter_context(self._opened(role, kind)) for role in bench.devices}

    def _opened(self, role: str, kind: Callable[..., PtyEndpoint | TcpEndpoint]) -> Any:
        """Opening takes both sides."""
        address, opened = self._board.attach(role, kind).address, []
        opening = threading.Thread(target=lambda: opened.append(serial.serial_for_url(address, timeout=0.05)), daemon=True)
        opening.start()
        self._until(lambda: not opening.is_alive())
        return opened.pop()

    def write(self, role: str, data: bytes) -> None:
        self._clients[role].write(data)
        self._written[role] += len(data)
        self._until(lambda: self._tallies[role].heard == self._written[role])

    def fetch(self, role: str) -> bytes:
        fetched = b""
        self._carry()
        missing = self._tallies[role].said - self._fetched[role]
        self._fetched[role] += missing

        def whole() -> bool:
            nonlocal fetched
            fetched += self._clients[role].read(missing - len(fetched))
            return len(fetched) == missing

        self._until(whole)
        return fetched

    def _until(self, done: Callable[[], object]) -> None:
        elapsed_s = stopwatch()
        while not done():
            assert elapsed_s() < PATIENCE_S, "bytes were lost"
            self._carry()

    def _carry(self) -> None:
        self._board.carry(self._board.wait(0.0))


WAYS: dict[str, Way] = {
    "pty": partial(Carried, PtyEndpoint),
    "tcp": partial(Carried, partial(TcpEndpoint, host="127.0.0.1", port=0)),
    "rfc2217": partial(Carried, partial(Rfc2217Endpoint, host="127.0.0.1", port=0)),
}


@cache
def simulated(seed: int) -> dict[str, bytes]:
    return play(Simulated, seed)


@pytest.mark.parametrize("way", WAYS)
def test_an_hour_is_the_same_to_the_byte_on_every_path(way: str) -> None:
    assert digests(play(WAYS[way], 7)) == digests(simulated(7))


def test_the_hour_is_full() -> None:
    weighed, pumped = simulated(7)["balance"], simulated(7)["pump"]
    assert min(weighed.count(b"S S "), weighed.count(b"S D ")) > 10_000
    assert [weighed.count(mark) for mark in (b"T I\r\n", b"Z +\r\n", b'I4 A "SIM')] == [1, 1, 2]
    assert [pumped.count(mark) for mark in (b"A?R", b"A?T", b"ML")] == [1, 1, 28]


def test_another_seed_gives_other_readings_and_the_same_pump() -> None:
    one, other = digests(simulated(7)), digests(simulated(8))
    assert one["balance"] != other["balance"]
    assert one["pump"] == other["pump"]


# --- the program, in real time ---

LINES = 300


def all_readings(seed: int) -> bytes:
    """What the balance of that bench says through sim:// in four hours, from the first reading on."""
    tables: dict[str, Any] = tomllib.loads(BENCH.read_text())
    bench = build_bench("expected", {**tables, "simulation": {**tables["simulation"], "seed": seed}})
    with ExitStack() as stack:
        register_bench("conformance", bench)
        port = stack.enter_context(serial.serial_for_url("sim://conformance/balance", timeout=0))
        port.write(b"SIR\r\n")
        bench.clock.sleep_until(4 * HOUR_S)
        return bytes(port.read(port.in_waiting))


def whole_lines(port: Any) -> bytes:
    """At least so many lines as they come, without the piece of one at either end."""
    got, elapsed_s = b"", stopwatch()
    while got.count(b"\n") < LINES + 2:
        assert elapsed_s() < PATIENCE_S, f"only {got.count(10)} lines came"
        got += port.read(max(1, port.in_waiting))
    return got[got.index(b"\n") + 1 : got.rindex(b"\n") + 1]


def test_what_is_served_in_real_time_is_a_run_of_the_same_lines_without_a_gap() -> None:
    expected = all_readings(11)
    with ExitStack() as stack:
        addresses = stack.enter_context(serving("--seed", "11", "--speed", "50")).addresses["balance"]
        ports = [stack.enter_context(serial.serial_for_url(addresses[kind], timeout=1)) for kind in ("pty", "tcp", "rfc2217")]
        ports[0].write(b"SIR\r\n")
        runs = [whole_lines(port) for port in ports]
    assert [expected.find(b"\n" + run) >= 0 for run in runs] == [True, True, True]
    assert all_readings(12).find(runs[0]) < 0
