"""Far ends of real lines, and what every real line has to hold, whatever it is made of."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import pytest

from instruments.errors import LinkError, ReplyTimeout
from instruments.link import Link
from instruments.port import Port
from instruments.ports import Ports
from instruments.wire.framing import line_ends

PATIENCE_S = 10.0
"""How long a test waits for what has to come; it never waits that long unless it fails."""
GIVEN_UP_S = 0.3
EVERY_BYTE = bytes(range(256))

ANSWERS = {
    b"whole": b"S S    1.0000 g\r\n",
    b"half": b"S S     12",
    b"rest first": b"3.4567 g\r\nS S    2.0000 g\r\n",
}


class FarEnd:
    """A device in a thread: answers each line as a table says. ``take`` blocks, and gives nothing when the line is closed."""

    def __init__(self, take: Callable[[], bytes], give: Callable[[bytes], object], answers: Mapping[bytes, bytes]) -> None:
        self.say = give
        self._take, self._answers = take, answers
        self._heard = b""
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        held = b""
        with suppress(OSError):
            while data := self._take():
                with self._changed:
                    self._heard += data
                    self._changed.notify_all()
                *lines, held = (held + data).split(b"\n")
                for line in lines:
                    self.say(self._answers.get(line, b""))

    def hears(self, data: bytes) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: data in self._heard, PATIENCE_S)

    def join(self) -> None:
        self._thread.join(PATIENCE_S)


class TcpEnd:
    """A server for one client on loopback. ``talk`` makes the far end of the accepted connection."""

    def __init__(self, talk: Callable[[socket.socket], FarEnd]) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.number = int(self._server.getsockname()[1])
        self._talk, self._up = talk, threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        self._connection, _ = self._server.accept()
        self._device = self._talk(self._connection)
        self._up.set()

    @property
    def device(self) -> FarEnd:
        assert self._up.wait(PATIENCE_S), "nobody connected"
        return self._device

    def say(self, data: bytes) -> None:
        self.device.say(data)

    def hears(self, data: bytes) -> bool:
        return self.device.hears(data)

    def hang_up(self) -> None:
        device = self.device
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        device.join()
        self._connection.close()

    def close(self) -> None:
        if not self._up.is_set():
            socket.create_connection(("127.0.0.1", self.number)).close()
        self._thread.join(PATIENCE_S)
        self.hang_up()
        self._server.close()


def raw_tcp(connection: socket.socket) -> FarEnd:
    return FarEnd(lambda: connection.recv(4096), connection.sendall, ANSWERS)


def closed_tcp_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def opened(address: str) -> Iterator[tuple[Ports, Port]]:
    ports = Ports({"balance": address}, {})
    ports.open("balance")
    try:
        yield ports, ports["balance"]
    finally:
        ports.close()


def received(ports: Ports, count: int) -> bytes:
    """At least ``count`` bytes from the line, or as many as came before patience ended."""
    data, deadline_s = b"", ports.clock.now_s() + PATIENCE_S
    while len(data) < count and ports.clock.now_s() < deadline_s:
        data += ports["balance"].wait(deadline_s).data
    return data


class AnyLine:
    """To be inherited, with fixtures ``far`` (the device's end) and ``address``."""

    @pytest.fixture
    def ports(self, far: TcpEnd, address: str) -> Iterator[Ports]:
        with opened(address) as (ports, _):
            yield ports

    @pytest.fixture
    def link(self, ports: Ports) -> Link:
        return Link(ports["balance"], line_ends, ports.clock, role="balance")

    def test_every_byte_arrives_unchanged(self, ports: Ports, far: TcpEnd) -> None:
        ports["balance"].write(EVERY_BYTE)
        assert far.hears(EVERY_BYTE)
        far.say(EVERY_BYTE)
        assert received(ports, 256) == EVERY_BYTE

    def test_silence_is_no_error(self, ports: Ports, far: TcpEnd) -> None:
        assert not len(ports["balance"].poll())
        assert not len(ports["balance"].wait(ports.clock.now_s() + GIVEN_UP_S))
        far.say(b"still here")
        assert received(ports, 10) == b"still here"

    def test_stamps_lie_between_the_moments_of_asking_and_never_go_back(self, ports: Ports, far: TcpEnd) -> None:
        before_s = ports.clock.now_s()
        far.say(b"one\r\n" * 20)
        pieces = list(ports["balance"].wait(before_s + PATIENCE_S))
        pieces += ports["balance"].wait(ports.clock.now_s() + GIVEN_UP_S)
        stamps_us = [stamp_us for _, stamp_us in pieces]
        assert stamps_us == sorted(stamps_us)
        assert before_s * 1e6 - 1 <= stamps_us[0] <= stamps_us[-1] <= ports.clock.now_s() * 1e6 + 1

    def test_the_rest_of_a_late_line_is_put_to_its_beginning_and_set_aside(self, link: Link, far: TcpEnd) -> None:
        with pytest.raises(ReplyTimeout, match=r"balance: no answer .*only b'S S     12' came"):
            link.exchange(b"half\n", timeout_s=GIVEN_UP_S)
        far.say(b"3.4567 g\r\n")
        assert link.exchange(b"whole\n", timeout_s=PATIENCE_S).data == b"S S    1.0000 g\r\n"
        assert link.unsolicited().data == b"S S     123.4567 g\r\n"

    def test_so_is_a_rest_that_comes_only_after_the_next_request(self, link: Link) -> None:
        with pytest.raises(ReplyTimeout):
            link.exchange(b"half\n", timeout_s=GIVEN_UP_S)
        assert link.exchange(b"rest first\n", timeout_s=PATIENCE_S).data == b"S S    2.0000 g\r\n"
        assert link.unsolicited().data == b"S S     123.4567 g\r\n"

    def test_a_lost_line_is_a_link_error_for_reader_and_writer(self, ports: Ports, far: TcpEnd, address: str) -> None:
        far.say(b"last words")
        assert received(ports, 10) == b"last words"
        far.hang_up()
        lost = "the line was lost .*; check cable and power"
        with pytest.raises(LinkError, match=lost) as caught:
            ports["balance"].wait(ports.clock.now_s() + PATIENCE_S)
        assert str(caught.value).startswith(f"{address}: ")
        with pytest.raises(LinkError, match=lost):
            ports["balance"].write(b"anybody?\n")

    def test_closing_ends_the_reader_while_it_waits_for_bytes(self, ports: Ports, address: str) -> None:
        port = ports["balance"]
        ports.close()
        assert f"read {address}" not in [thread.name for thread in threading.enumerate()]
        with pytest.raises(LinkError, match="closed"):
            port.wait(ports.clock.now_s() + PATIENCE_S)
