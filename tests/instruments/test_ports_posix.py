"""Ports on pseudo-terminals, and what needs one: device paths, VISA serial resources, RFC 2217. Not on Windows."""

from __future__ import annotations

import os
import select
import socket
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import serial
from serial.rfc2217 import PortManager

from instruments.errors import LinkBusy, LinkError
from instruments.port import LineSettings
from instruments.ports import Ports
from tests.instruments.lines import ANSWERS, PATIENCE_S, AnyLine, FarEnd, TcpEnd, opened, raw_tcp

Form = Callable[[str], str]
PTY_HOLDS = 65_536
"""More bytes than any pseudo-terminal takes while nobody reads."""


class Pty:
    """A pseudo-terminal in raw mode. The second descriptor stays open, or the device would see the line end with each client."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._wake, self._waker = os.pipe()
        self._open = [self._master, self._slave, self._wake, self._waker]

    @property
    def attributes(self) -> list[Any]:
        """What the client set."""
        return tty.tcgetattr(self._slave)

    def talk(self) -> None:
        self._device = FarEnd(self._take, self._give, ANSWERS)
        self.hears = self._device.hears

    def _take(self) -> bytes:
        ready, _, _ = select.select([self._master, self._wake], [], [])
        return b"" if self._wake in ready else os.read(self._master, 4096)

    def _give(self, data: bytes) -> None:
        os.write(self._master, data)

    say = _give

    def hang_up(self) -> None:
        if self._open:
            os.write(self._waker, b"!")
            self._device.join()
        self.close()

    def close(self) -> None:
        while self._open:
            os.close(self._open.pop())


@pytest.fixture
def pty() -> Iterator[Pty]:
    pty = Pty()
    yield pty
    pty.close()


class OnPty(AnyLine):
    @pytest.fixture
    def far(self, pty: Pty) -> Iterator[Pty]:
        pty.talk()
        yield pty
        pty.hang_up()


class TestDevicePath(OnPty):
    @pytest.fixture
    def address(self, far: Pty) -> str:
        return far.path


class TestStableName(OnPty):
    """A symbolic link, as udev makes them for serial adapters."""

    @pytest.fixture
    def address(self, far: Pty, tmp_path: Path) -> str:
        link = tmp_path / "by-id-balance"
        link.symlink_to(far.path)
        return str(link)


class TestVisaSerial(OnPty):
    @pytest.fixture
    def address(self, far: Pty) -> str:
        return f"ASRL{far.path}::INSTR"


class TestVisaSerialOverTcp(AnyLine):
    @pytest.fixture
    def far(self) -> Iterator[TcpEnd]:
        end = TcpEnd(raw_tcp)
        yield end
        end.close()

    @pytest.fixture
    def address(self, far: TcpEnd) -> str:
        return f"ASRLsocket://127.0.0.1:{far.number}::INSTR"


class Rfc2217End(TcpEnd):
    """A serial device server: what the client sets is seen on ``line``."""

    def __init__(self) -> None:
        self.line = serial.serial_for_url("loop://")
        super().__init__(self._talk_telnet)

    def _talk_telnet(self, connection: socket.socket) -> FarEnd:
        self.write = connection.sendall  # where the manager puts its own answers
        manager = PortManager(self.line, self)

        def take() -> bytes:
            while raw := connection.recv(4096):
                if data := b"".join(manager.filter(raw)):
                    return data
            return b""

        return FarEnd(take, lambda data: connection.sendall(b"".join(manager.escape(data))), ANSWERS)


@pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\):DeprecationWarning")  # pyserial 3.5
class TestRfc2217(AnyLine):
    @pytest.fixture
    def far(self) -> Iterator[Rfc2217End]:
        end = Rfc2217End()
        yield end
        end.close()
        end.line.close()

    @pytest.fixture
    def address(self, far: Rfc2217End) -> str:
        return f"rfc2217://127.0.0.1:{far.number}"

    def test_line_settings_reach_the_device_server(self, far: Rfc2217End, address: str) -> None:
        ports = Ports({"balance": address}, {})
        ports.open("balance", LineSettings(2400, 7, "O", 2))
        ports.close()
        assert (far.line.baudrate, far.line.bytesize, far.line.parity, far.line.stopbits) == (2400, 7, "O", 2)


def visa(path: str) -> str:
    return f"ASRL{path}::INSTR"


def plain(path: str) -> str:
    return path


@pytest.mark.parametrize("first", [plain, visa])
@pytest.mark.parametrize("second", [plain, visa])
def test_one_port_is_never_opened_twice(pty: Pty, first: Form, second: Form) -> None:
    with (
        opened(first(pty.path)),
        pytest.raises(LinkBusy, match=rf"^{pty.path} is in use by .*, 0 min ago; end"),
        opened(second(pty.path)),
    ):
        pass
    with opened(second(pty.path)):  # free again
        pass


@pytest.mark.parametrize("form", [plain, visa])
def test_a_port_that_somebody_elses_program_has_locked_is_busy(pty: Pty, form: Form) -> None:
    with (
        serial.Serial(pty.path, exclusive=True),
        pytest.raises(LinkBusy, match="another program has it open"),
        opened(form(pty.path)),
    ):
        pass


@pytest.mark.parametrize("form", [plain, visa])
def test_a_device_that_takes_nothing_does_not_hold_up_the_bench_for_ever(pty: Pty, form: Form) -> None:
    errors: list[LinkError] = []

    def write() -> None:
        try:
            port.write(bytes(PTY_HOLDS))
        except LinkError as err:
            errors.append(err)

    with opened(form(pty.path)) as (_, port):
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        writer.join(PATIENCE_S)
        assert "the line was lost" in str(errors)


@pytest.mark.parametrize("form", [plain, visa])
def test_line_settings_reach_the_port(pty: Pty, form: Form) -> None:
    ports = Ports({"balance": form(pty.path)}, {})
    ports.open("balance", LineSettings(baudrate=2400, stopbits=2))
    attributes = pty.attributes
    ports.close()
    assert attributes[4] == tty.B2400
    assert attributes[2] & tty.CSTOPB


@pytest.mark.parametrize("form", [plain, visa])
def test_a_device_that_is_not_there_is_named_with_the_reason(form: Form, tmp_path: Path) -> None:
    address = form(str(tmp_path / "ttyUSB7"))
    with pytest.raises(LinkError, match="No such file or directory") as caught, opened(address):
        pass
    assert str(caught.value).startswith(f"balance: {address} cannot be opened (")


def test_a_simulated_balance_answers_through_visa_with_the_same_exact_stamps() -> None:
    with opened("ASRLsim://bench/balance::INSTR") as (ports, port):
        port.write(b"UPD 10\r\nSIR\r\n")
        ports.clock.sleep_until(10.0)
        lines = [(data, stamp_us) for data, stamp_us in port.poll() if data.startswith(b"S ")]
    assert len(lines) > 90
    assert set(np.diff([stamp_us for _, stamp_us in lines])) == {100_000}


def test_no_reader_is_left_behind_when_opening_fails(pty: Pty) -> None:
    with opened(pty.path):
        readers = threading.active_count()
        with pytest.raises(LinkError), opened(visa(pty.path)):
            pass
        assert threading.active_count() == readers
