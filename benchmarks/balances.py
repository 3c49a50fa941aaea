"""Streaming balances at 10 Hz on ptys: what one costs, and whether a line is lost when there are 64. Not on Windows.

    python -m benchmarks.balances [--count N] [--seconds S]

The balances stand in a process of their own. Every byte that was received is compared with what the same bench, with the same
seed, sends in virtual time.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys

from instruments.balances.mt_sics import DRIVER
from instruments.clock import stopwatch
from instruments.link import Link
from instruments.ports import Ports
from instruments.sim.bench import SimulatedBench
from instruments.sim.server import Server
from instruments.sim.setup import read_setup
from instruments.stamped import Stamped

RATE_HZ = 10.0
LOOK_S = 0.25
_START = b"SIR\r\n"
_MARGIN_S = 60


def bench(count: int) -> SimulatedBench:
    """``count`` balances, all alike, that weigh at 10 Hz from the beginning."""
    roles = [f"balance{number}" for number in range(count)]
    options = {role: {"update_rate_hz": RATE_HZ, "update_rates_hz": [RATE_HZ]} for role in roles}
    tables = {role: {"driver": "mt-sics", "address": f"sim://many/{role}"} for role in roles}
    return SimulatedBench(read_setup({"simulation": {"seed": 1, **options}}), tables)


def serve(count: int) -> None:
    """Tell the ptys, serve until SIGINT, then tell the bytes that were lost and the processor time used."""
    server = Server(bench(count))
    signal.signal(signal.SIGINT, lambda *_: server.stop())
    print(json.dumps([found.pty for found in server.addresses.values()]), flush=True)
    server.serve()
    print(json.dumps({"lost": server.lost, "cpu_s": _cpu_s()}), flush=True)


def _cpu_s() -> float:
    used = os.times()
    return used.user + used.system


def expected(seconds: float) -> bytes:
    """All that such a balance sends in virtual time."""
    alone = bench(1)
    device = alone.devices["balance0"]
    device.receive(_START)
    alone.clock.sleep_until(seconds)
    return device.take().data


class Reader:
    """One balance at the end of its pty, as a rig reads it."""

    def __init__(self, ports: Ports, role: str) -> None:
        self.kept: list[Stamped] = []
        self._balance = DRIVER.make(Link(ports[role], DRIVER.framer, ports.clock, role=role, tap=self), DRIVER.options())
        ports[role].write(_START)
        self.readings = 0

    def sent(self, role: str, data: bytes, stamp_us: int) -> None: ...

    def received(self, role: str, frames: Stamped) -> None:
        self.kept.append(frames)

    def exchanged(self, role: str, request: bytes, reply: bytes | None, sent_us: int, heard_us: int) -> None: ...

    def look(self) -> None:
        readings, _ = self._balance.readings()
        self.readings += len(readings)


def read(paths: list[str], seconds: float) -> tuple[list[Reader], float, float]:
    """The readers after so many seconds, the processor time they took, and the time that went by."""
    ports = Ports({str(number): path for number, path in enumerate(paths)}, {})
    for number in range(len(paths)):
        ports.open(str(number))
    readers = [Reader(ports, str(number)) for number in range(len(paths))]
    before_s, elapsed_s = _cpu_s(), stopwatch()
    while elapsed_s() < seconds:
        ports.clock.sleep_until(ports.clock.now_s() + LOOK_S)
        for reader in readers:
            reader.look()
    cost = _cpu_s() - before_s, elapsed_s()
    ports.close()
    return readers, *cost


def measure(count: int, seconds: float) -> None:
    command = [sys.executable, "-m", "benchmarks.balances", "--serve", "--count", str(count)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    readers, cpu_s, wall_s = read(json.loads(process.stdout.readline()), seconds)
    process.send_signal(signal.SIGINT)
    served = json.loads(process.communicate()[0])
    reference = expected(seconds + _MARGIN_S)
    whole = sum(Stamped.join(reader.kept).data in reference for reader in readers)
    lines = sum(reader.readings for reader in readers)
    print(f"{count} balances for {wall_s:.0f} s: {lines} lines, {lines / count / wall_s:.2f} a second each")
    print(f"  without a gap: {whole} of {count}; bytes not fetched in time: {served['lost']}")
    print(f"  reading took {cpu_s / wall_s:.2%} of a core, serving {served['cpu_s'] / wall_s:.1%}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--count", type=int)
    options.add_argument("--seconds", type=float, default=30.0)
    options.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        serve(chosen.count)
        return
    for count in [chosen.count] if chosen.count else [1, 64]:
        measure(count, chosen.seconds)


if __name__ == "__main__":
    main()
