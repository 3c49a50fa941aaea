"""Ports on TCP, on simulated devices and on message-based instruments; and what is refused."""

from __future__ import annotations

import errno
import queue
import socket
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import pyvisa
import serial
from pyvisa.constants import StatusCode

from instruments.clock import VirtualClock
from instruments.errors import ConfigError, LinkAbsent, LinkError, LinkRefused, ReplyTimeout
from instruments.line_errors import not_opened
from instruments.link import Link
from instruments.port import LineSettings, SerialStream, SteppedPort, ThreadedPort
from instruments.ports import Ports
from instruments.sim.device import SimDevice
from instruments.sim.registry import register_bench
from instruments.wire.framing import line_ends
from tests.instruments.lines import PATIENCE_S, AnyLine, TcpEnd, closed_tcp_port, opened, raw_tcp


class OverTcp(AnyLine):
    @pytest.fixture
    def far(self) -> Iterator[TcpEnd]:
        end = TcpEnd(raw_tcp)
        yield end
        end.close()


class TestSocket(OverTcp):
    @pytest.fixture
    def address(self, far: TcpEnd) -> str:
        return f"socket://127.0.0.1:{far.number}"


class TestVisaSocket(OverTcp):
    @pytest.fixture
    def address(self, far: TcpEnd) -> str:
        return f"TCPIP0::127.0.0.1::{far.number}::SOCKET"


# --- the reader thread ---


class HandClock:
    """A clock that somebody sets."""

    utc_anchor = datetime(2026, 1, 1, tzinfo=UTC)
    look_s = 1.0

    def __init__(self) -> None:
        self.moment_s = 0.0

    def now_s(self) -> float:
        return self.moment_s

    def sleep_until(self, deadline_s: float) -> None:
        self.moment_s = deadline_s


class HandStream:
    """Bytes, or the end of the line, from the hand of the test."""

    def __init__(self) -> None:
        self._coming: queue.Queue[bytes | Exception] = queue.Queue()
        self._busy = False
        self.closed = False

    def feed(self, *items: bytes | Exception) -> None:
        """Returns when the reader has dealt with all of them."""
        for item in items:
            self._coming.put(item)
        self._coming.join()

    def read(self) -> bytes:
        if self._busy:
            self._coming.task_done()  # the reader comes back: it has dealt with the item before
        self._busy = False
        try:
            item = self._coming.get(timeout=0.01)
        except queue.Empty:
            return b""
        self._busy = True
        if isinstance(item, Exception):
            self._coming.task_done()
            raise item
        return item

    def write(self, data: bytes) -> None:
        raise AssertionError("a line known to be lost is not written to")

    def close(self) -> None:
        self.closed = True
        raise OSError("the adapter is not there any more")


@pytest.fixture
def stream() -> HandStream:
    return HandStream()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def port(stream: HandStream, clock: HandClock) -> Iterator[ThreadedPort]:
    port = ThreadedPort(stream, clock, "/dev/ttyUSB0")
    yield port
    port.close()


def test_bytes_are_stamped_when_they_come_not_when_they_are_asked_for(
    port: ThreadedPort, stream: HandStream, clock: HandClock
) -> None:
    for clock.moment_s, data in ((1.0, b"a"), (2.5, b"bc"), (2.5, b"d")):
        stream.feed(data)
    clock.moment_s = 60.0
    assert list(port.poll()) == [(b"a", 1_000_000), (b"bc", 2_500_000), (b"d", 2_500_000)]
    assert not len(port.poll())


def test_what_came_before_the_cable_was_pulled_is_handed_out_first(port: ThreadedPort, stream: HandStream) -> None:
    stream.feed(b"last", b"words", OSError(5, "Input/output error"))
    assert port.wait(PATIENCE_S).data == b"lastwords"
    for _ in range(2):
        with pytest.raises(LinkError, match=r"/dev/ttyUSB0: the line was lost \(.*Input/output error\)"):
            port.wait(PATIENCE_S)
    with pytest.raises(LinkError, match="Input/output error"):
        port.write(b"?")


def test_waiting_ends_at_once_when_bytes_come(port: ThreadedPort, stream: HandStream) -> None:
    heard: list[bytes] = []
    waiter = threading.Thread(target=lambda: heard.append(port.wait(deadline_s=3600.0).data), daemon=True)
    waiter.start()
    stream.feed(b"now")
    waiter.join(PATIENCE_S)
    assert heard == [b"now"]


def test_closing_never_fails_and_leaves_no_thread(port: ThreadedPort, stream: HandStream) -> None:
    port.close()
    port.close()
    assert stream.closed
    assert "read /dev/ttyUSB0" not in [thread.name for thread in threading.enumerate()]


# --- simulated lines ---


def streaming(rate_hz: int) -> bytes:
    return f"UPD {rate_hz}\r\nSIR\r\n".encode()


@pytest.mark.parametrize("asleep_s", [0.1, 0.25, 7.3, 3600.0])
def test_simulated_readings_are_stamped_exactly_however_long_nobody_looks(asleep_s: float) -> None:
    with opened("sim://bench/balance") as (ports, port):
        port.write(streaming(10))
        port.wait(2.0)
        stamps_us: list[int] = []
        while len(stamps_us) < 30:
            ports.clock.sleep_until(ports.clock.now_s() + asleep_s)
            stamps_us += port.poll().stamps_us.tolist()
    assert set(np.diff(stamps_us)) == {100_000}


def test_a_long_quiet_stretch_is_one_block() -> None:
    with opened("sim://bench/balance") as (ports, port):
        port.write(streaming(10))
        ports.clock.sleep_until(3600.0)
        hour = port.poll()
    assert len(hour) > 35_900
    assert len(line_ends(hour.data)) == len(hour)


def test_two_simulated_runs_give_the_same_bytes_at_the_same_moments() -> None:
    def run() -> list[tuple[bytes, int]]:
        with opened("sim://bench/balance") as (ports, port):
            port.write(streaming(10))
            ports.clock.sleep_until(30.0)
            return list(port.poll())

    assert run() == run()


class Parrot(SimDevice):
    """Says what it hears, 100 ms later and 1 ms for every byte."""

    framer = staticmethod(line_ends)

    def __init__(self) -> None:
        super().__init__(baudrate=10_000, latency_s=0.1)

    def obey(self, frame: bytes) -> None:
        self.send(frame)


class Cage:
    """A simulated bench with a parrot and a hand that may pull its cable."""

    def __init__(self) -> None:
        self.clock, self.parrot = VirtualClock(), Parrot()
        self.devices = {"parrot": self.parrot}
        self.unplug_s = float("inf")
        self.clock.add(self.parrot)
        self.clock.add(self)

    def next_event_s(self) -> float:
        return self.unplug_s

    def next_output_s(self) -> float:
        return float("inf")

    def advance_to(self, now_s: float) -> None:
        if self.unplug_s <= now_s:
            self.unplug_s = float("inf")
            self.parrot.unplug()


@pytest.fixture
def cage(monkeypatch: pytest.MonkeyPatch) -> Cage:
    monkeypatch.setattr(serial, "protocol_handler_packages", ["instruments.sim"])
    cage = Cage()
    register_bench("cage", cage)
    return cage


def perch(cage: Cage) -> SteppedPort:
    device = serial.serial_for_url("sim://cage/parrot", timeout=5.0)
    return SteppedPort(SerialStream(device), device, cage.clock, "sim://cage/parrot")


def test_a_simulated_answer_takes_its_latency_and_its_bytes(cage: Cage) -> None:
    port = perch(cage)
    port.write(b"hi\nlong\n")
    assert list(port.wait(10.0)) == [(b"hi\n", 103_000)]
    assert list(port.wait(10.0)) == [(b"long\n", 108_000)]
    assert not len(port.wait(10.0))
    assert cage.clock.now_s() == 10.0


@pytest.mark.parametrize("look", ["poll", "wait"])
def test_what_came_before_the_simulated_cable_was_pulled_is_handed_out_first(cage: Cage, look: str) -> None:
    port = perch(cage)
    cage.unplug_s = 0.105
    port.write(b"hi\nlong\n")
    cage.clock.sleep_until(1.0)
    ask = {"poll": port.poll, "wait": lambda: port.wait(2.0)}[look]
    assert list(ask()) == [(b"hi\n", 103_000)]
    with pytest.raises(LinkError, match=r"sim://cage/parrot: the line was lost .*; check cable and power"):
        ask()
    with pytest.raises(LinkError, match="the line was lost"):
        port.write(b"anybody?\n")


def test_waiting_ends_when_the_simulated_cable_is_pulled(cage: Cage) -> None:
    port = perch(cage)
    cage.unplug_s = 3.0
    with pytest.raises(LinkError, match="the line was lost"):
        port.wait(100.0)
    assert cage.clock.now_s() == 3.0


def test_a_simulated_port_reads_like_any_pyserial_port(cage: Cage) -> None:
    device: Any = serial.serial_for_url("sim://cage/parrot", timeout=5.0)
    device.write(b"some words\nmore\n")
    assert [device.read(4), device.read(3), device.read_until(b"\n"), device.in_waiting] == [b"some", b" wo", b"rds\n", 0]
    assert device.read(100) == b"more\n"
    assert cage.clock.now_s() == pytest.approx(0.111 + 5.0)
    cage.parrot.unplug()
    for act in (lambda: device.in_waiting, device.read, lambda: device.write(b"?")):
        with pytest.raises(serial.SerialException, match="device disconnected"):
            act()
    device.close()
    for act in (lambda: device.in_waiting, device.read, lambda: device.write(b"?")):
        with pytest.raises(serial.SerialException, match="not open"):
            act()


def test_a_piece_that_was_read_in_part_keeps_the_stamp_of_its_end(cage: Cage) -> None:
    device: Any = serial.serial_for_url("sim://cage/parrot", timeout=5.0)
    device.write(b"words\nmore\n")
    cage.clock.sleep_until(1.0)
    assert device.read(2) == b"wo"
    assert list(device.take()) == [(b"rds\n", 106_000), (b"more\n", 111_000)]


def test_opening_flushes_as_on_a_real_port_and_an_unplugged_device_is_not_there(cage: Cage) -> None:
    first = perch(cage)
    first.write(b"early\n")
    cage.clock.sleep_until(1.0)
    assert not len(perch(cage).poll())
    cage.parrot.unplug()
    with pytest.raises(serial.SerialException, match="could not open port sim://cage/parrot"):
        perch(cage)


# --- instruments that speak only when asked ---


@dataclass
class Instrument:
    """What pyvisa gives for a USB, GPIB or LAN instrument."""

    answers: deque[bytes | Exception] = field(default_factory=deque)
    written: list[bytes] = field(default_factory=list)
    session: int = 1
    timeout: float = 2000.0
    closed: bool = False
    library: str = ""
    write_timeouts: list[float] = field(default_factory=list)

    def by(self, library: str) -> Instrument:
        self.library = library
        return self

    @property
    def visalib(self) -> Instrument:
        return self

    def open_resource(self, address: str, *, open_timeout: int) -> Instrument:
        return self

    def read(self, session: int, count: int) -> tuple[bytes, StatusCode]:
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer, StatusCode.success

    def write_raw(self, data: bytes) -> None:
        if self.closed:
            raise pyvisa.InvalidSession
        self.written.append(data)
        self.write_timeouts.append(self.timeout)

    def close(self) -> None:
        self.closed = True


LATE = pyvisa.VisaIOError(StatusCode.error_timeout)
LOST = pyvisa.VisaIOError(StatusCode.error_connection_lost)


@pytest.fixture
def instrument(monkeypatch: pytest.MonkeyPatch) -> Instrument:
    instrument = Instrument()
    monkeypatch.setattr(pyvisa, "ResourceManager", lambda library: instrument.by(library))
    return instrument


@pytest.mark.parametrize("address", ["USB0::1::2::A3::INSTR", "GPIB0::22::INSTR", "TCPIP0::192.0.2.1::hislip0::INSTR"])
def test_a_message_based_instrument_is_read_only_while_somebody_waits(instrument: Instrument, address: str) -> None:
    with opened(address) as (ports, port):
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("read ")]
        port.write(b"*IDN?\n")
        instrument.answers.extend([LATE, b"MAKER,", b"MODEL\n"])
        assert not len(port.poll())
        assert [port.wait(ports.clock.now_s() + 30.0).data for _ in range(3)] == [b"", b"MAKER,", b"MODEL\n"]
        assert 1.0 <= instrument.timeout <= 30_000
    assert instrument.written == [b"*IDN?\n"]
    assert instrument.closed


def test_a_message_based_instrument_that_was_asked_nothing_is_not_read(instrument: Instrument) -> None:
    with opened("GPIB0::22::INSTR") as (ports, port):
        link = Link(port, line_ends, ports.clock, role="pressure")
        link.settle()
        port.write(b"*RST\n")
        link.settle()
        instrument.answers.append(b"1\n")
        assert link.exchange(b"*OPC?\n", timeout_s=PATIENCE_S).data == b"1\n"
        link.settle()


def test_a_late_answer_of_a_message_based_instrument_is_still_read(instrument: Instrument) -> None:
    with opened("GPIB0::22::INSTR") as (ports, port):
        link = Link(port, line_ends, ports.clock, role="pressure")
        instrument.answers.extend([LATE] * 100_000)
        with pytest.raises(ReplyTimeout):
            link.exchange(b"READ?\n", timeout_s=0.01)
        instrument.answers.clear()
        instrument.answers.extend([b"1\n", b"2\n"])
        assert link.exchange(b"READ?\n", timeout_s=PATIENCE_S).data == b"2\n"
        assert link.unsolicited().data == b"1\n"


def test_a_short_wait_leaves_no_short_time_for_the_next_question(instrument: Instrument) -> None:
    with opened("GPIB0::22::INSTR") as (ports, port):
        instrument.answers.extend([LATE, LATE])
        for _ in range(2):
            port.write(b"READ?\n")
            port.wait(ports.clock.now_s() + 0.001)
    assert instrument.write_timeouts == [2000, 2000]


@pytest.mark.parametrize(("bench", "library"), [({}, "@py"), ({"visa": "@ivi"}, "@ivi")])
def test_messages_go_through_the_visa_library_that_the_bench_file_names(
    instrument: Instrument, bench: dict[str, str], library: str
) -> None:
    ports = Ports({"pressure": "USB0::1::2::A3::INSTR"}, {"bench": bench})
    ports.open("pressure")
    ports.close()
    assert instrument.library == library


@pytest.mark.parametrize("act", [lambda port: port.wait(1.0), lambda port: port.write(b"?")], ids=["read", "write"])
def test_a_lost_message_based_instrument_is_a_link_error(instrument: Instrument, act: Any) -> None:
    instrument.answers.append(LOST)
    with opened("GPIB0::22::INSTR") as (_, port):
        port.write(b"*IDN?\n")
        instrument.close()
        with pytest.raises(LinkError, match=r"GPIB0::22::INSTR: the line was lost .*; check cable and power"):
            act(port)


# --- refused ---


REFUSED = [
    ("socket://127.0.0.1:{closed}", LinkRefused, "refused", "nothing takes connections there"),
    ("rfc2217://127.0.0.1:{closed}", LinkRefused, "refused", "nothing takes connections there"),
    ("TCPIP0::127.0.0.1::{closed}::SOCKET", LinkRefused, "refused", "nothing takes connections there"),
    ("socket://no-such-host.invalid:4001", LinkAbsent, "name", "no host has that name"),
    ("socket://two..dots:4001", LinkAbsent, "label empty", "no host has that name"),
    ("no-such-port", LinkAbsent, "could not open port", "is the cable in"),
    ("ASRL/dev/no-such-port::INSTR", LinkAbsent, "could not open port", "is the cable in"),
    ("sim://bench/nobody", LinkAbsent, "no such simulated device", "is the cable in"),
    ("telepathy://pump", LinkError, "not known", "check the address"),
    ("socket://127.0.0.1", LinkError, "expected socket://host:port", "check the address"),
]


@pytest.mark.parametrize(("address", "kind", "reason", "advice"), REFUSED)
def test_a_port_that_is_not_there_is_named_with_role_address_reason_and_what_to_do(
    address: str, kind: type[LinkError], reason: str, advice: str
) -> None:
    address = address.format(closed=closed_tcp_port())
    with pytest.raises(LinkError) as caught, opened(address):
        pass
    text = str(caught.value)
    assert type(caught.value) is kind
    assert text.startswith(f"balance: {address} cannot be opened (")
    assert reason in text.lower()
    assert advice in text.rpartition(");")[2]


CAUSES: list[tuple[Exception, type[LinkError], str]] = [
    (Exception("could not connect: -1073807339"), LinkRefused, "the host does not answer"),
    (ValueError("Could not locate a VISA implementation."), LinkAbsent, "bench.visa names a VISA library that is not"),
    (ValueError("Wrapper not found: No package named pyvisa_x"), LinkAbsent, "bench.visa names a VISA library that is not"),
    (ValueError("Please install PyUSB to use this resource type."), LinkAbsent, "install what is named there"),
    (OSError(errno.EHOSTDOWN, "Host is down"), LinkRefused, "the host does not answer"),
    (socket.gaierror(errno.ENOENT, "try again"), LinkAbsent, "no host has that name"),
]


@pytest.mark.parametrize(("cause", "kind", "advice"), CAUSES)
def test_a_cause_is_told_from_another_of_the_same_number_or_class(cause: Exception, kind: type[LinkError], advice: str) -> None:
    error = not_opened("balance", "somewhere", cause)
    assert type(error) is kind
    assert advice in str(error)


@pytest.mark.parametrize(
    "addresses",
    [
        {"pump": "sim://bench/pump", "balance": "/dev/ttyUSB0"},
        {"pump": "sim://bench/pump", "balance": "TCPIP0::192.0.2.1::5025::SOCKET"},
        {"pump": "sim://one/pump", "balance": "sim://other/balance"},
        {"pump": "ASRLsim://one/pump::INSTR", "balance": "sim://other/balance"},
    ],
    ids=["simulated and real", "simulated and real VISA", "two benches", "two benches, one through VISA"],
)
def test_addresses_that_cannot_share_a_clock_are_refused_before_anything_opens(addresses: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="have to be on one bench, with no real address beside them") as caught:
        Ports(addresses, {})
    assert all(f"{role} {address}" in str(caught.value) for role, address in addresses.items())


@pytest.mark.parametrize(
    ("address", "plain", "expected"),
    [
        ("/dev/ttyUSB0", {}, "real"),
        ("TCPIP0::192.0.2.1::5025::SOCKET", {}, "real"),
        ("/dev/pts/3", {"simulation": {}}, "simulated"),
        ("sim://bench/pump", {}, "simulated"),
        ("SIM://bench/pump", {}, "simulated"),
        ("ASRLsim://bench/pump::INSTR", {}, "simulated"),
    ],
)
def test_data_say_whether_they_are_simulated(address: str, plain: dict[str, Any], expected: str) -> None:
    assert Ports({"pump": address}, plain).data_source == expected


def test_line_settings_default_to_what_most_devices_have() -> None:
    assert LineSettings() == LineSettings(baudrate=9600, bytesize=8, parity="N", stopbits=1)
