"""Harnesses that are killed, and what their guardians make of it: real processes, real ptys. Not on Windows.

The simulators are served by this process, so that whether the pump stands is seen where nobody can be wrong: at its drive.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
import serial

from instruments.clock import stopwatch
from instruments.drivers import drivers
from instruments.guarding import Guarded, Guardian
from instruments.locks import ResourceLock
from instruments.sim.bench import SimulatedBench, build_bench
from instruments.sim.server import Server
from instruments.sockets import SocketStream
from tests.conftest import ROOT
from tests.instruments.sim.served import PATIENCE_S, served
from tests.instruments.test_guarding import NOBODY, entries, gone, kinds

HARNESS = """
import json, sys
from pathlib import Path
from instruments.drivers import drivers
from instruments.guarding import Guarded, Guardian
from instruments.link import Link
from instruments.options import options_from
from instruments.ports import LineSettings, Ports

pump, diary, way = json.loads(sys.argv[1])
guardian = Guardian.start(Guarded(**pump), Path(diary))
ports = Ports({"pump": way}, {})
ports.open("pump", LineSettings(**pump["line"]))
driver = drivers("pumps")[pump["driver"]]
device = driver.make(Link(ports["pump"], driver.framer, ports.clock, role="pump"), options_from(driver.options, {}, "pump"))
device.connect()
if "syringe" in driver.can:
    device.set_syringe(14.5)
device.set_rate(30.0)
device.set_target(0.0)
if "watchdog" in driver.can:
    device.arm_watchdog(30.0)
device.start()
print("runs", flush=True)
for line in sys.stdin:
    guardian.release()
    print("released", flush=True)
"""
TOLD = {"started", "harness gone", "failure", "stopped", "gave up", "released"}
A_WHILE_S = 0.3


def patiently(done: Callable[[], object]) -> None:
    """Wait for what others do, without keeping the processor from them."""
    elapsed_s, rest = stopwatch(), threading.Event()
    while not done():
        assert elapsed_s() < PATIENCE_S, "it did not come"
        rest.wait(0.02)


class Eye:
    """Keeps watch on the drive of a served bench, on its clock and so in the server's own thread."""

    def __init__(self, bench: SimulatedBench) -> None:
        self.now_s = 0.0
        self._path, self._seen = bench.path, [(0.0, 0.0)]
        bench.clock.add(self)

    def next_event_s(self) -> float:
        return float("inf")

    def next_output_s(self) -> float:
        return float("inf")

    def advance_to(self, now_s: float) -> None:
        self._seen.append((now_s, self._path.pushed_ml(now_s)))
        self.now_s = now_s

    def wait(self) -> float:
        """Let the pump do what it does for a moment; returns the bench's time."""
        until_s = self.now_s + A_WHILE_S
        patiently(lambda: self.now_s > until_s)
        return self.now_s

    def pushed_ml(self, since_s: float, until_s: float) -> float:
        """By the drive, between two moments."""
        seen = [ml for moment_s, ml in self._seen if since_s <= moment_s <= until_s]
        return seen[-1] - seen[0]


class Site:
    """One served pump, and the harness process that runs it."""

    def __init__(self, driver: str, eye: Eye, server: Server, diary: Path) -> None:
        self.eye, self.ways, self.diary = eye, server.addresses["pump"], diary
        self._driver = driver

    def pump(self, address: str) -> Guarded:
        return Guarded("pump", address, self._driver, asdict(drivers("pumps")[self._driver].line), {})

    @contextmanager
    def harness(self, address: str, way: str = "") -> Iterator[subprocess.Popen[bytes]]:
        """Guards the pump at ``address`` and runs it there, or on another ``way``."""
        orders = json.dumps([asdict(self.pump(address)), str(self.diary), way or address])
        command = [sys.executable, "-c", HARNESS, orders]
        with subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, start_new_session=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"runs\n"
            self.eye.wait()
            yield process
            process.kill()

    def told(self) -> list[str]:
        return [kind for kind in kinds(self.diary) if kind in TOLD]

    def comes_to(self, last: str) -> float:
        """Wait for an entry of the diary; returns the bench's time."""
        patiently(lambda: self.told()[-1:] == [last])
        return self.eye.now_s


@contextmanager
def site(tmp_path: Path, driver: str = "new-era") -> Iterator[Site]:
    bench = build_bench("guarded", {"pump": {"driver": driver, "address": "sim://guarded/pump"}, "simulation": {"seed": 1}})
    eye = Eye(bench)
    with served(bench) as server:
        yield Site(driver, eye, server, tmp_path / "guardian.jsonl")


# --- killed ---

WAYS: dict[str, Callable[[Any], str]] = {
    "pty": lambda ways: ways.pty,
    "tcp": lambda ways: ways.tcp,
    "rfc2217": lambda ways: ways.rfc2217,
    "VISA on a pty": lambda ways: f"ASRL{ways.pty}::INSTR",
}
KILLED = [(driver, "pty") for driver in sorted(drivers("pumps"))] + [("new-era", way) for way in list(WAYS)[1:]]


@pytest.mark.parametrize(("driver", "way"), KILLED, ids=[" on ".join(pair) for pair in KILLED])
def test_a_harness_that_is_killed_leaves_a_standing_pump(driver: str, way: str, tmp_path: Path) -> None:
    with site(tmp_path, driver) as on, on.harness(WAYS[way](on.ways)) as harness:
        killed_s = on.eye.now_s
        harness.kill()
        stood_s, end_s = on.comes_to("stopped"), on.eye.wait()
    assert [kind for kind in on.told() if kind != "failure"] == ["started", "harness gone", "stopped"]
    assert entries(on.diary)[-1]["data"]["confirmed"] is True
    assert entries(on.diary)[-1]["data"]["model"]
    assert on.eye.pushed_ml(0.0, killed_s) > 0
    assert on.eye.pushed_ml(stood_s, end_s) == 0


def test_a_released_pump_runs_on_when_its_harness_is_killed(tmp_path: Path) -> None:
    with site(tmp_path) as on:
        with on.harness(str(on.ways.pty)) as harness:
            assert harness.stdin is not None
            assert harness.stdout is not None
            harness.stdin.write(b"release it\n")
            harness.stdin.flush()
            assert harness.stdout.readline() == b"released\n"
            harness.kill()
            harness.wait(PATIENCE_S)
        killed_s, end_s = on.eye.now_s, on.eye.wait()
    assert on.told() == ["started", "released"]
    assert on.eye.pushed_ml(killed_s, end_s) > 0


# --- in the way ---


@contextmanager
def locked(address: str) -> Iterator[None]:
    lock = ResourceLock(address)
    lock.acquire()
    yield
    lock.release()


def connected(address: str) -> AbstractContextManager[Any]:
    return SocketStream.open(address)._connection


HOLDERS: dict[str, tuple[Callable[[str], AbstractContextManager[Any]], str, str]] = {
    "one of ours": (locked, "pty", "tcp"),
    "somebody else's": (lambda address: serial.Serial(address, exclusive=True), "pty", "tcp"),
    "a server that hangs up": (connected, "tcp", "pty"),
}


@pytest.mark.parametrize(("holder", "way", "other"), HOLDERS.values(), ids=HOLDERS)
def test_a_port_that_a_program_holds_is_waited_for(
    holder: Callable[[str], AbstractContextManager[Any]], way: str, other: str, tmp_path: Path
) -> None:
    with site(tmp_path) as on:
        address = WAYS[way](on.ways)
        with ExitStack() as held:
            held.enter_context(holder(address))
            with on.harness(address, WAYS[other](on.ways)) as harness:
                harness.kill()
                killed_s, later_s = on.comes_to("failure"), on.eye.wait()
        stood_s, end_s = on.comes_to("stopped"), on.eye.wait()
    assert on.told()[:3] == ["started", "harness gone", "failure"]
    assert on.eye.pushed_ml(killed_s, later_s) > 0
    assert on.eye.pushed_ml(stood_s, end_s) == 0


def test_a_full_disk_does_not_keep_the_pump_running(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with site(tmp_path) as on, on.harness(str(on.ways.pty), on.ways.tcp):
        guardian = Guardian.start(on.pump(on.ways.rfc2217), Path("/dev/full"))
        guardian.hand_over()
        assert gone(guardian) == 0
        stood_s, end_s = on.eye.now_s, on.eye.wait()
    assert on.eye.pushed_ml(stood_s, end_s) == 0
    assert "has confirmed that it stands; its diary is not whole (" in capfd.readouterr().err


def test_a_pump_that_never_answers_is_given_up_and_told_loudly(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with site(tmp_path) as on:
        master, slave = os.openpty()
        guardian = Guardian.start(on.pump(os.ttyname(slave)), on.diary, limit_s=0.0)
        guardian.hand_over()
        assert gone(guardian) == 1
        os.close(master)
        os.close(slave)
    assert on.told() == ["started", "harness gone", "failure", "gave up"]
    assert entries(on.diary)[-1]["data"]["confirmed"] is False
    assert "0STP\r" in {entry["data"].get("bytes") for entry in entries(on.diary)}
    assert "\a" in capfd.readouterr().err


# --- the process ---

HOPELESS = Guarded("pump", NOBODY, "new-era", {}, {})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGTERM])
def test_signals_to_its_group_do_not_end_it(number: signal.Signals, tmp_path: Path) -> None:
    guardian = Guardian.start(HOPELESS, tmp_path / "diary")
    os.killpg(guardian.pid, number)
    guardian.release()
    assert gone(guardian) == 0
    assert kinds(tmp_path / "diary") == ["started", "released"]


def test_a_child_of_the_harness_does_not_keep_the_guardian_waiting(tmp_path: Path) -> None:
    guardian = Guardian.start(HOPELESS, tmp_path / "diary", limit_s=0.0)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False) as child:
        guardian.hand_over()
        assert gone(guardian) == 1
        child.communicate(b"\n", PATIENCE_S)


TERMINAL = """
import fcntl, sys, termios
from pathlib import Path
from instruments.guarding import Guarded, Guardian

with open(sys.argv[1], "r+b", buffering=0) as terminal:
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
guardian = Guardian.start(Guarded("pump", sys.argv[2], "new-era", {}, {}), Path(sys.argv[3]), limit_s=0.0)
guardian.hand_over()
guardian._process.wait()
"""


def test_bad_news_go_to_the_terminal_too_when_standard_error_is_a_file(tmp_path: Path) -> None:
    master, slave = os.openpty()
    command = [sys.executable, "-c", TERMINAL, os.ttyname(slave), NOBODY, str(tmp_path / "diary")]
    with (tmp_path / "stderr").open("wb") as file:
        subprocess.run(command, cwd=ROOT, stderr=file, start_new_session=True, timeout=PATIENCE_S, check=True)
    os.set_blocking(master, False)
    shown = os.read(master, 65536)
    os.close(slave)
    os.close(master)
    for said in (shown, (tmp_path / "stderr").read_bytes()):
        assert b"\a" in said
        assert b"DID NOT CONFIRM THAT IT STANDS" in said
