"""SCPI over raw TCP: LF both ways, no END, answers in pieces or several in one segment, blocks that hold an LF."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from instruments.errors import LinkError
from instruments.link import Link
from instruments.scpi import Scpi
from instruments.wire import scpi_response as response
from instruments.wire.scpi import response_ends
from tests.instruments.lines import PATIENCE_S, FarEnd, TcpEnd, opened

SAYS = {
    b"*IDN?": b"Keysight Technologies,34461A,MY1,A.02\n",
    b"R? 3": b"#216+1.0E0\n,\n+2.0E0,\n\n",
    b"*OPC?": b"1\n",
    b"READ?": b"+1.73730",
    b"FETC?": b"000E+00\n+2.00000000E+00\n",
}


@pytest.fixture(params=["socket://127.0.0.1:{}", "TCPIP0::127.0.0.1::{}::SOCKET"], ids=["socket", "TCPIP SOCKET"])
def wired(request: pytest.FixtureRequest) -> Iterator[tuple[TcpEnd, Link]]:
    def talk(connection: socket.socket) -> FarEnd:
        return FarEnd(lambda: connection.recv(4096), connection.sendall, SAYS)

    far = TcpEnd(talk)
    try:
        with opened(request.param.format(far.number)) as (ports, port):
            yield far, Link(port, response_ends, ports.clock, role="meter")
    finally:
        far.close()


def test_messages_end_with_lf_alone_and_so_do_answers(wired: tuple[TcpEnd, Link]) -> None:
    far, link = wired
    assert Scpi(link).identify().serial == "MY1"
    assert far.hears(b"*IDN?\n")


def test_a_block_is_whole_although_it_holds_line_ends(wired: tuple[TcpEnd, Link]) -> None:
    _, link = wired
    assert Scpi(link).ask("R? 3", response.block_data, timeout_s=PATIENCE_S) == b"+1.0E0\n,\n+2.0E0,"
    assert Scpi(link).ask("*OPC?", response.boolean, timeout_s=PATIENCE_S) is True


def test_an_answer_in_two_segments_is_one_and_two_in_one_segment_are_two(wired: tuple[TcpEnd, Link]) -> None:
    _, link = wired
    link.send(b"READ?\nFETC?\n")
    frames = [link.receive(timeout_s=PATIENCE_S).data for _ in range(2)]
    assert list(map(response.reading, frames)) == [1.7373, 2.0]


def test_a_connection_that_is_closed_is_a_lost_line(wired: tuple[TcpEnd, Link]) -> None:
    far, link = wired
    assert Scpi(link).ask("*OPC?", response.boolean) is True
    far.hang_up()
    with pytest.raises(LinkError):
        Scpi(link).ask("*IDN?", response.identity)
