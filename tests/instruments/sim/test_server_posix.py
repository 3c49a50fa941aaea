"""Simulated devices on pseudo-terminals: raw bytes, who is there and who is not, links, pulled cables. Not on Windows."""

from __future__ import annotations

import os
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from instruments.errors import ConfigError
from instruments.sim.bench import SimulatedBench
from instruments.sim.channel import BACKLOG_LIMIT
from instruments.sim.endpoints_posix import PtyEndpoint
from instruments.sim.server import Server
from instruments.sim.setup import Setup
from tests.instruments.sim.served import PATIENCE_S, Cable, Exchange, served, until

EVERY_BYTE = bytes(range(256))


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    exchange = Exchange()
    yield exchange
    exchange.board.close()


@pytest.fixture
def pty(exchange: Exchange) -> PtyEndpoint:
    return attached(exchange)


def attached(exchange: Exchange, *links: Path) -> PtyEndpoint:
    return exchange.board.attach("ear", lambda selector, hear: PtyEndpoint(selector, hear, links))


class Terminal:
    """A program that opens the port as it is: sets nothing and throws nothing away."""

    def __init__(self, pty: PtyEndpoint) -> None:
        self.number = os.open(str(pty.address), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *what: object) -> None:
        os.close(self.number)

    def say(self, data: bytes) -> None:
        os.write(self.number, data)

    def taken(self) -> bytes:
        try:
            return os.read(self.number, 65_536)
        except BlockingIOError:
            return b""

    def heard(self, exchange: Exchange, end: bytes) -> bytes:
        got = b""

        def whole() -> bool:
            nonlocal got
            got += self.taken()
            return got.endswith(end)

        exchange.until(whole)
        return got


def test_every_byte_goes_through_unchanged_and_is_not_echoed(exchange: Exchange, pty: PtyEndpoint) -> None:
    with Terminal(pty) as client:
        client.say(EVERY_BYTE)
        exchange.until(lambda: exchange.ear.heard == EVERY_BYTE)
        exchange.say(EVERY_BYTE)
        assert client.heard(exchange, EVERY_BYTE) == EVERY_BYTE


def test_what_is_sent_while_nobody_has_the_port_open_is_lost(exchange: Exchange, pty: PtyEndpoint) -> None:
    exchange.say(b"to nobody")
    with Terminal(pty) as client:
        exchange.say(b"first.")
        assert client.heard(exchange, b".") == b"first."
    exchange.say(b"to nobody")
    with Terminal(pty) as client:
        exchange.say(b"second.")
        assert client.heard(exchange, b".") == b"second."


def test_what_a_client_left_unread_is_not_for_the_next(exchange: Exchange, pty: PtyEndpoint) -> None:
    with Terminal(pty):
        exchange.say(b"unread" * 1000)
    exchange.carry()
    with Terminal(pty) as client:
        exchange.say(b"mine.")
        assert client.heard(exchange, b".") == b"mine."


def test_there_is_nothing_to_do_while_nobody_has_the_port_open(exchange: Exchange, pty: PtyEndpoint) -> None:
    for _ in range(3):
        assert exchange.board.wait(0.01) == []
        with Terminal(pty):
            assert exchange.board.wait(0.01) == []
        exchange.carry()


def test_who_only_opens_says_a_word_and_closes_is_heard(exchange: Exchange, pty: PtyEndpoint) -> None:
    for word in (b"stop", b"and ", b"go"):
        with Terminal(pty) as client:
            client.say(word)
    exchange.until(lambda: exchange.ear.heard == b"stopand go")


def test_a_client_that_opens_and_is_silent_hears_the_device(exchange: Exchange, pty: PtyEndpoint) -> None:
    with Terminal(pty) as client:
        exchange.carry()
        exchange.say(b"a print key was pressed.")
        assert client.heard(exchange, b".") == b"a print key was pressed."


def test_who_does_not_read_loses_what_is_too_much_and_holds_nobody_up(exchange: Exchange, pty: PtyEndpoint) -> None:
    piece, pieces = EVERY_BYTE * (BACKLOG_LIMIT // 512), 0
    with Terminal(pty) as client:
        while not pty.lost:
            exchange.say(piece)
            pieces += 1
        assert pty.lost == len(piece) == exchange.board.lost
        client.say(b"still here")
        exchange.until(lambda: exchange.ear.heard == b"still here")
        kept = piece * (pieces - 1)
        assert client.heard(exchange, kept) == kept
        exchange.say(b"read again")
        assert client.heard(exchange, b"again") == b"read again"


def test_the_port_is_raw_again_for_the_next_client(exchange: Exchange, pty: PtyEndpoint) -> None:
    with Terminal(pty) as client:
        settings = termios.tcgetattr(client.number)
        settings[0] |= termios.ICRNL | termios.INLCR
        settings[1] |= termios.OPOST
        settings[3] |= termios.ECHO | termios.ICANON
        termios.tcsetattr(client.number, termios.TCSANOW, settings)
        exchange.carry()
    exchange.carry()
    with Terminal(pty) as client:
        exchange.say(EVERY_BYTE)
        assert client.heard(exchange, EVERY_BYTE) == EVERY_BYTE


@pytest.mark.parametrize("settings", [(9600, 7, "E"), (1200, 7, "O"), (19200, 8, "N"), (38400, 8, "E")])
def test_pyserial_opens_it_again_and_again_with_any_settings(
    exchange: Exchange, pty: PtyEndpoint, settings: tuple[int, int, str]
) -> None:
    baudrate, bytesize, parity = settings
    for _ in range(5):
        serial.Serial(pty.address, baudrate, bytesize, parity).close()
        exchange.carry()
        exchange.carry()


def test_an_unplugged_port_is_gone_as_usb_adapters_are(exchange: Exchange, tmp_path: Path) -> None:
    pty = attached(exchange, tmp_path / "ear")
    path = str(pty.address)
    with serial.Serial(path, timeout=PATIENCE_S) as client:
        exchange.carry()
        exchange.ear.unplug()
        exchange.carry()
        with pytest.raises(serial.SerialException, match="device disconnected"):
            client.read(1)
        assert not (tmp_path / "ear").is_symlink()
        with pytest.raises(serial.SerialException, match="could not open port"):
            serial.Serial(path)
    exchange.ear.plug_in()
    exchange.carry()
    with serial.Serial(str(tmp_path / "ear"), timeout=PATIENCE_S) as client:
        exchange.say(b"back")
        assert client.read(4) == b"back"


# --- links ---


def test_a_link_leads_to_the_port_and_goes_with_it(exchange: Exchange, tmp_path: Path) -> None:
    link = tmp_path / "deep" / "balance"
    pty = attached(exchange, link)
    assert str(link.readlink()) == pty.address
    pty.close()
    assert list(link.parent.iterdir()) == []


def test_an_old_link_is_replaced(exchange: Exchange, tmp_path: Path) -> None:
    link = tmp_path / "balance"
    link.symlink_to("/dev/pts/9999")
    assert str(attached(exchange, link).address) == str(link.readlink())


def test_what_is_no_link_is_left_alone(exchange: Exchange, tmp_path: Path) -> None:
    (tmp_path / "balance").write_text("notes")
    with pytest.raises(ConfigError, match=r"balance: the link to /dev/\S+ cannot be made \(there is something"):
        attached(exchange, tmp_path / "pump", tmp_path / "balance")
    assert [path.name for path in tmp_path.iterdir()] == ["balance"]
    assert (tmp_path / "balance").read_text() == "notes"


def test_a_link_that_somebody_else_made_since_is_left_alone(exchange: Exchange, tmp_path: Path) -> None:
    link = tmp_path / "balance"
    pty = attached(exchange, link)
    link.unlink()
    link.symlink_to("/dev/null")
    pty.close()
    assert str(link.readlink()) == "/dev/null"


# --- the server ---


def test_pty_tcp_and_rfc2217_are_one_line(tmp_path: Path) -> None:
    with served(SimulatedBench(Setup()), speed=20.0, link_dir=tmp_path) as server:
        found = server.addresses["balance"]
        assert found.link == str(tmp_path / "balance")
        with (
            serial.Serial(found.link, timeout=PATIENCE_S) as port,
            serial.serial_for_url(found.tcp, timeout=PATIENCE_S) as other,
        ):
            other.write(b"I4\r\n")
            assert other.read_until(b"\n") == b'I4 A "SIM0000001"\r\n'  # from now on it is connected
            port.write(b"I3\r\n")
            assert port.read_until(b"I3 A").endswith(b"I3 A")
            assert other.read_until(b"\n").startswith(b"I3 A")
    assert list(tmp_path.iterdir()) == []


def test_a_cable_is_pulled_and_put_back_in_the_middle_of_a_stream(tmp_path: Path) -> None:
    bench = SimulatedBench(Setup())
    cable = Cable(bench, "balance")
    with served(bench, speed=50.0, link_dir=tmp_path) as server:
        link = tmp_path / "balance"
        with serial.Serial(str(link), timeout=PATIENCE_S) as port:
            port.write(b"SIR\r\n")
            assert port.read_until(b"\n").startswith(b"S ")
            cable.pull()
            with pytest.raises((serial.SerialException, OSError)):
                port.read(1_000_000)
        until(lambda: server.addresses["balance"].pty is None)
        cable.put_back()
        until(link.exists)
        with serial.Serial(str(link), timeout=PATIENCE_S) as port:
            assert port.read_until(b"\n").startswith(b"S ")


def test_a_link_that_cannot_be_made_gives_everything_back(tmp_path: Path) -> None:
    (tmp_path / "pump").mkdir()
    with pytest.raises(ConfigError, match="pump: the link"):
        Server(SimulatedBench(Setup()), link_dir=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["pump"]
