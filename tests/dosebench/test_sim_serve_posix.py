"""``dosebench sim serve`` from outside: what it prints, how it ends, what becomes of clients and cables. Not on Windows."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
import serial

from dosebench.serving import serve
from instruments.clock import stopwatch
from instruments.errors import ConfigError
from tests.conftest import ROOT
from tests.serving import BENCH, PATIENCE_S, Program, serving

pytestmark = pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\):DeprecationWarning")  # pyserial 3.5

KINDS = ("pty", "tcp", "rfc2217")


def opened(address: str) -> Any:
    return serial.serial_for_url(address, timeout=PATIENCE_S)


def connected(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((str(parts.hostname), int(parts.port or 0)), PATIENCE_S)


def asked(port: Any, question: bytes, end: bytes = b"\n") -> bytes:
    port.write(question)
    return bytes(port.read_until(end))


def again(act: Callable[[], bytes]) -> bytes:
    """Until it works: the other side is not there yet."""
    elapsed_s = stopwatch()
    while True:
        try:
            return act()
        except OSError:  # pyserial's own are OSErrors too
            assert elapsed_s() < PATIENCE_S, "it did not come back"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_one_line_of_json_and_a_clean_end(number: int, tmp_path: Path) -> None:
    with serving("--link-dir", tmp_path) as program:
        found = program.addresses
        assert list(found) == ["balance", "pump"]
        for role, entry in found.items():
            assert set(entry) == {"pty", "tcp", "rfc2217", "link"}
            assert (entry["link"], str((tmp_path / role).readlink())) == (str(tmp_path / role), entry["pty"])
        with connected(found["balance"]["tcp"]), opened(found["balance"]["pty"]), opened(found["pump"]["pty"]):
            assert program.end(number) == (0, "", "")
            # While this side is open, the kernel gives the number of the terminal to nobody else.
            assert not any(Path(entry["pty"]).exists() for entry in found.values())
    assert list(tmp_path.iterdir()) == []
    for kind in ("tcp", "rfc2217"):
        with pytest.raises(ConnectionRefusedError):
            connected(found["pump"][kind])


def test_a_table_for_people_and_a_signal_that_comes_at_once() -> None:
    program = Program()
    status, rest, err = program.end()
    lines = [program.told, *rest.splitlines()]
    assert (status, err, lines[0].split()) == (0, "", ["role", "pty", "raw", "TCP", "RFC", "2217"])
    assert [line.split()[0] for line in lines[1:3]] == ["balance", "pump"]
    assert all(mark in lines[1] for mark in ("/dev/", "socket://127.0.0.1:", "rfc2217://127.0.0.1:"))
    assert lines[-1].startswith("SIMULATED: no real instrument")


def test_pump_and_balance_answer_on_every_path() -> None:
    with serving("--speed", "20") as program:
        for kind in KINDS:
            with opened(program.addresses["balance"][kind]) as balance, opened(program.addresses["pump"][kind]) as pump:
                assert asked(balance, b"I4\r\n") == b'I4 A "SIM0000001"\r\n'
                assert asked(pump, b"VER\r", b"\x03") in (b"\x0200A?R\x03", b"\x0200SNE1000V3.928\x03")
        assert set(program.addresses["pump"]) == set(KINDS)


def test_a_second_program_on_one_tcp_port_is_turned_away() -> None:
    with serving("--speed", "20") as program:
        for kind in ("tcp", "rfc2217"):
            address = program.addresses["balance"][kind]
            with opened(address) as first:
                assert asked(first, b"I4\r\n")
                with connected(address) as second:
                    assert second.recv(1) == b""
                assert asked(first, b"I4\r\n") == b'I4 A "SIM0000001"\r\n'


def test_a_cable_is_pulled_and_put_back_in_mid_stream(tmp_path: Path) -> None:
    """At 10 min and 11 min of bench time, which is after 6 s and 6.6 s here."""
    fault = "balance-unplug:at=10min,for=1min"
    with serving("--speed", "100", "--fault", fault, "--link-dir", tmp_path) as program, ExitStack() as stack:
        addresses = [program.addresses["balance"][kind] for kind in ("link", "tcp")]
        ports = [stack.enter_context(opened(address)) for address in addresses]
        ports[0].write(b"SIR\r\n")
        for port in ports:
            assert port.read_until(b"\n").startswith(b"S ")
        for port in ports:
            with pytest.raises(OSError, match=r"disconnected|Input/output"):
                port.read(10_000_000)
        for address in addresses:
            assert again(lambda address=address: first_line(address)).startswith(b"S ")  # type: ignore[misc]


def first_line(address: str) -> bytes:
    with opened(address) as port:
        return bytes(port.read_until(b"\n"))


def test_a_real_bench_file_can_be_served() -> None:
    bench = ROOT / "benches" / "real_example.toml"
    with serving("--seed", "4", "--speed", "20", bench=bench) as program, opened(program.addresses["balance"]["pty"]) as port:
        assert asked(port, b"I4\r\n") == b'I4 A "B021002593"\r\n'


def test_a_second_server_on_the_same_ports_says_so() -> None:
    with serving() as program:
        taken = urlsplit(program.addresses["balance"]["tcp"]).port
        command = [sys.executable, "-m", "dosebench", "sim", "serve", "--bench", str(BENCH), "--json", "--tcp-port", str(taken)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stdout) == (64, "")
    assert f"dosebench: nothing can be served at 127.0.0.1:{taken} (" in done.stderr
    assert "Traceback" not in done.stderr


REFUSED = {
    "no speed": (("--speed", "0"), "speed 0: not a number above 0"),
    "unknown fault": (("--fault", "gremlins"), "fault 'gremlins' is not known"),
    "half a fault": (("--fault", "balance-unplug:for=5s"), r"balance-unplug takes at \(in s\), for \(in s if wanted\)"),
    "negative seed": (("--seed", "-1"), "is not a whole number from 0 upwards"),
    "no such port": (("--tcp-port", "70000"), "70000 is not in the range 1<=x<=65535"),
    "ports that end": (("--tcp-port", "65535"), "nothing can be served at 127.0.0.1:65536"),
    "no such host": (("--host", "192.0.2.1"), "nothing can be served at 192.0.2.1:0"),
    "no folder": (("--link-dir", str(BENCH)), "simulated.toml/balance: the link to /dev/"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_had_is_one_clear_error(options: tuple[str, ...], message: str) -> None:
    with pytest.raises((ConfigError, click.UsageError), match=message):
        serve.main(["--bench", str(BENCH), *options], standalone_mode=False)
