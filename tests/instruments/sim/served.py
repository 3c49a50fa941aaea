"""A served bench for tests: the server in a thread, a hand on a cable, and devices that are nothing but a line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import numpy as np

from instruments.clock import stopwatch
from instruments.sim.bench import SimulatedBench
from instruments.sim.device import SimDevice
from instruments.sim.server import Server, Switchboard
from instruments.stamped import IntArray

PATIENCE_S = 30.0
"""How long a test waits for what has to come; it never waits that long unless it fails."""


@contextmanager
def served(bench: SimulatedBench, **options: Any) -> Iterator[Server]:
    server = Server(bench, **options)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "the server did not stop"


class Cable:
    """Pulls the cable of a device and puts it back when a test says so: on the bench's clock, so in the server's own thread."""

    def __init__(self, bench: SimulatedBench, role: str) -> None:
        self._device = bench.devices[bench.roles[role]]
        self._acts: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._done = threading.Event()
        bench.clock.add(self)

    def pull(self) -> None:
        self._do(self._device.unplug)

    def put_back(self) -> None:
        self._do(self._device.plug_in)

    def _do(self, act: Callable[[], None]) -> None:
        self._done.clear()
        self._acts.put(act)
        assert self._done.wait(PATIENCE_S), "the bench's clock stands"

    def next_event_s(self) -> float:
        return float("inf")

    def next_output_s(self) -> float:
        return float("inf")

    def advance_to(self, now_s: float) -> None:
        while not self._acts.empty():
            self._acts.get()()
            self._done.set()


def _every_byte(data: bytes) -> IntArray:
    return np.arange(1, len(data) + 1)


class Ear(SimDevice):
    """Remembers what it hears; says what a test says."""

    framer = staticmethod(_every_byte)

    def __init__(self) -> None:
        super().__init__(baudrate=1_000_000, latency_s=0.0)
        self.heard = b""

    def obey(self, frame: bytes) -> None:
        self.heard += frame

    def say(self, data: bytes) -> None:
        self.send(data)
        self.advance_to(self.now_s + 10.0)


class Exchange:
    """One ``Ear`` on a switchboard, carried by hand."""

    def __init__(self) -> None:
        self.ear = Ear()
        self.board = Switchboard({"ear": self.ear})

    def carry(self) -> None:
        self.board.carry(self.board.wait(0.01))

    def until(self, done: Callable[[], object]) -> None:
        elapsed_s = stopwatch()
        while not done():
            assert elapsed_s() < PATIENCE_S, "it did not come"
            self.carry()

    def say(self, data: bytes) -> None:
        self.ear.say(data)
        self.carry()


def until(done: Callable[[], object]) -> None:
    """Wait for what somebody else does."""
    elapsed_s = stopwatch()
    while not done():
        assert elapsed_s() < PATIENCE_S, "it did not come"
