"""The other end of a line, in a process of its own: floods lines, or answers each with a fixed one. Not on Windows.

    python -m benchmarks.far_end flood COUNT      a pty: COUNT weighings as fast as they are taken, once a byte has come
    python -m benchmarks.far_end answer KIND      pty, tcp or rfc2217: every line is answered at once

The first line on standard output is the address; the process ends with its standard input.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import tty
from collections.abc import Callable
from typing import Any

import serial
from serial.rfc2217 import PortManager

LINE = b"S S    12.3456 g\r\n"
_BATCH = 200


def flood(count: int) -> None:
    master, path = _pty()
    _tell(path)
    os.read(master, 1)
    data = memoryview(LINE * _BATCH)
    for _ in range(count // _BATCH):
        sent = 0
        while sent < len(data):
            sent += os.write(master, data[sent:])


def answer_pty() -> None:
    master, path = _pty()
    _tell(path)
    _serve(lambda: os.read(master, 4096), lambda data: os.write(master, data))


def answer_tcp() -> None:
    connection = _accepted("socket")
    _serve(lambda: connection.recv(4096), connection.sendall)


def answer_rfc2217() -> None:
    connection = _accepted("rfc2217")
    lock = threading.Lock()

    class Wire:
        def write(self, data: bytes) -> None:
            with lock:
                connection.sendall(data)

    line: Any = serial.serial_for_url("loop://")
    manager: Any = PortManager(line, Wire())
    _serve(
        lambda: b"".join(manager.filter(connection.recv(4096))) or b"\0",
        lambda data: Wire().write(b"".join(manager.escape(data))),
    )


def _pty() -> tuple[int, str]:
    master, slave = os.openpty()
    tty.setraw(slave)
    return master, os.ttyname(slave)


def _accepted(scheme: str) -> socket.socket:
    server = socket.create_server(("127.0.0.1", 0))
    _tell(f"{scheme}://127.0.0.1:{server.getsockname()[1]}")
    connection, _ = server.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _serve(take: Callable[[], bytes], give: Callable[[bytes], object]) -> None:
    while data := take():
        for _ in range(data.count(b"\n")):
            give(LINE)


def _tell(address: str) -> None:
    print(address, flush=True)
    threading.Thread(target=_end_with_input, daemon=True).start()


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


ANSWERS = {"pty": answer_pty, "tcp": answer_tcp, "rfc2217": answer_rfc2217}

if __name__ == "__main__":
    what, which = sys.argv[1:]
    flood(int(which)) if what == "flood" else ANSWERS[which]()
    sys.stdin.read()
