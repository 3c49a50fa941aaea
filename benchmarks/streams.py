"""How fast lines are decoded, how fast questions are answered: against pyserial and pyvisa, in one run. Not on Windows.

    python -m benchmarks.streams [--lines N] [--queries N]

Only ratios within one run mean anything on a machine that does other things too.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pyvisa
import serial

from benchmarks.far_end import LINE
from instruments.balances.mt_sics import MtSicsBalance
from instruments.clock import stopwatch
from instruments.link import Link
from instruments.ports import Ports
from instruments.stamped import Stamped
from instruments.wire.framing import FrameBuffer, line_ends
from instruments.wire.mt_sics import decode_block, decode_weighing

PATIENCE_S = 60.0


@contextmanager
def far_end(*what: str) -> Iterator[str]:
    """A far end in its own process; its address."""
    command = [sys.executable, "-m", "benchmarks.far_end", *what]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def block(lines: int) -> float:
    """Bytes in memory to masses: framing and decoding, a second of a fast line at a time."""
    data = LINE * 2000
    frames, since_s = FrameBuffer(line_ends), stopwatch()
    for _ in range(lines // 2000):
        readings, _ = decode_block(frames.feed(Stamped.one(data, 0)))
        assert len(readings) == 2000
    return lines / since_s()


def line_by_line(lines: int) -> float:
    frames, since_s = FrameBuffer(line_ends), stopwatch()
    for _ in range(lines):
        for line, _ in frames.feed(Stamped.one(LINE, 0)):
            decode_weighing(line)
    return lines / since_s()


def whole_path(lines: int) -> float:
    """A flooded pty through port, link and driver to masses, as a rig takes them."""
    with far_end("flood", str(lines)) as path:
        ports = Ports({"balance": path}, {})
        ports.open("balance")
        balance = MtSicsBalance(Link(ports["balance"], line_ends, ports.clock, role="balance"))
        since_s, found = stopwatch(), 0
        ports["balance"].write(b"!")
        while found < lines:
            ports.clock.sleep_until(ports.clock.now_s() + 0.02)
            readings, others = balance.readings()
            found += len(readings) + len(others)
        took_s = since_s()
        ports.close()
    return lines / took_s


def pyserial_readline(lines: int) -> float:
    with far_end("flood", str(lines)) as path, serial.Serial(path, timeout=PATIENCE_S) as port:
        return _line_loop(port.readline, port.write, lines)


def pyvisa_read(lines: int) -> float:
    with far_end("flood", str(lines)) as path:
        resource = pyvisa.ResourceManager("@py").open_resource(f"ASRL{path}::INSTR")
        resource.timeout = PATIENCE_S * 1000
        took = _line_loop(lambda: resource.read().encode(), resource.write_raw, lines)
        resource.close()
    return took


def _line_loop(read: Callable[[], bytes], write: Callable[[bytes], object], lines: int) -> float:
    write(b"!")
    since_s = stopwatch()
    for _ in range(lines):
        decode_weighing(read())
    return lines / since_s()


def ours(address: str, queries: int) -> float:
    ports = Ports({"balance": address}, {})
    ports.open("balance")
    link = Link(ports["balance"], line_ends, ports.clock, role="balance")
    rate = _queries(lambda: link.exchange(b"SI\r\n", timeout_s=PATIENCE_S).data, queries)
    ports.close()
    return rate


def pyserial_query(address: str, queries: int) -> float:
    with serial.serial_for_url(address, timeout=PATIENCE_S) as port:

        def ask() -> bytes:
            port.write(b"SI\r\n")
            return port.readline()

        return _queries(ask, queries)


def _queries(ask: Callable[[], bytes], queries: int) -> float:
    since_s = stopwatch()
    for _ in range(queries):
        assert ask() == LINE
    return queries / since_s()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--lines", type=int, default=20_000)
    options.add_argument("--queries", type=int, default=2_000)
    chosen = options.parse_args()
    print("lines a second (ratio to pyserial's readline)")
    rates = {
        "pyserial readline, pty": pyserial_readline(chosen.lines),
        "pyvisa read, pty": pyvisa_read(chosen.lines),
        "line by line, in memory": line_by_line(chosen.lines),
        "port, link and driver, pty": whole_path(20 * chosen.lines),
        "block, in memory": block(100 * chosen.lines),
    }
    base = rates["pyserial readline, pty"]
    for name, rate in rates.items():
        print(f"  {name:28} {rate:12,.0f}  {rate / base:7.1f}")
    print("queries a second (ours, pyserial, ratio)")
    for kind in ("pty", "tcp", "rfc2217"):
        found = []
        for ask in (ours, pyserial_query):
            with far_end("answer", kind) as address:
                found.append(ask(address, chosen.queries))
        print(f"  {kind:28} {found[0]:12,.0f} {found[1]:12,.0f}  {np.divide(*found):7.2f}")


if __name__ == "__main__":
    main()
