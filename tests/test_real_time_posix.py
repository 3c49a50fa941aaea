"""The rig on real ptys in real time: reader threads, wall clock, simulated devices at the other end served by a thread."""

from __future__ import annotations

import os
import threading
import tty
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from harness.bench import load_bench
from harness.record import read_events, read_record
from harness.recorder import Recorder
from harness.rig import Rig
from instruments.clock import stopwatch
from instruments.errors import BenchError, LinkError
from instruments.ports import Ports
from instruments.sim.bench import SimulatedBench
from instruments.sim.device import SimDevice
from instruments.sim.setup import Setup
from tests.conftest import ROOT


def _line() -> tuple[int, int]:
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    return master, slave


class Served:
    """Every device of a simulated bench on a pty, its virtual time held to real time."""

    def __init__(self, bench: SimulatedBench) -> None:
        self.bench = bench
        self.lines = {role: _line() for role in bench.devices}
        self.paths = {role: os.ttyname(slave) for role, (_, slave) in self.lines.items()}
        self._since_s = stopwatch()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stop.wait(0.002):
            self.bench.clock.sleep_until(self._since_s())
            for role, device in self.bench.devices.items():
                self._carry(role, device)

    def _carry(self, role: str, device: SimDevice) -> None:
        master, _ = self.lines[role]
        with suppress(OSError):  # nothing to read just now, or the line was pulled in this very moment
            device.receive(os.read(master, 4096))
        if data := device.take().data:
            os.write(master, data)

    def unplug(self, role: str) -> None:
        master, slave = self.lines[role]
        self.bench.devices[role].unplug()
        os.close(slave)
        os.close(master)
        self.lines[role] = _line()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        for ends in self.lines.values():
            for end in ends:
                os.close(end)


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served(SimulatedBench(Setup(seed=3)))
    yield served
    served.close()


@pytest.fixture
def rig(served: Served, tmp_path: Path) -> Iterator[Rig]:
    text = (ROOT / "benches" / "simulated.toml").read_text().partition("[simulation]")[0]
    for role, path in served.paths.items():
        text = text.replace(f"sim://simulated/{role}", path)
    (tmp_path / "bench.toml").write_text(text)
    (tmp_path / "run.json").write_text('{"run": "r", "data_source": "real"}')
    bench = load_bench(tmp_path / "bench.toml")
    ports = Ports(bench.addresses, bench.tables)
    for role in bench.addresses:
        ports.open(role)
    recorder = Recorder(tmp_path, "r", ports.data_source)
    yield Rig(bench, ports, recorder)
    recorder.close()


def test_a_bolus_in_real_time(rig: Rig, served: Served, tmp_path: Path) -> None:
    assert rig.connect()["balance"].serial == "SIM0000001"
    rig.wait(0.5)
    assert rig.start(48.0, 0.02) == pytest.approx(48.0)
    status = rig.watch(rig.clock.now_s() + 20, every_s=0.2)
    rig.wait(1.0)
    rig.close()
    rig.recorder.close()
    record = read_record(tmp_path)
    assert (status.running, status.word, served.bench.devices["pump"].status) == (False, "stopped", "S")  # type: ignore[attr-defined]
    assert served.bench.path.pushed_ml(served.bench.clock.now_s()) == pytest.approx(0.02, rel=1e-6)
    frame = record.samples()
    assert len(frame) > 10
    assert frame.t_s.is_monotonic_increasing
    assert record.data_source == "real"
    assert [event.data["confirmed"] for event in record.of_kind("safe state")] == [True]


def test_a_balance_that_is_pulled_out_is_an_error_and_the_pump_is_stopped(rig: Rig, served: Served, tmp_path: Path) -> None:
    rig.connect()
    rig.start(48.0)
    rig.wait(0.3)
    served.unplug("balance")
    with pytest.raises(LinkError, match="the line was lost"):
        rig.wait(3.0)
    rig.close()
    assert served.bench.devices["pump"].status == "S"  # type: ignore[attr-defined]
    rig.recorder.sync()
    safe = [event.data["confirmed"] for event in read_events(tmp_path / "journal.jsonl") if event.kind == "safe state"]
    assert safe == [True]


def test_a_pump_that_is_pulled_out_is_said_to_be_unsafe(rig: Rig, served: Served) -> None:
    rig.connect()
    rig.start(48.0)
    served.unplug("pump")
    with pytest.raises(BenchError, match="did not confirm that it stands"):
        rig.close()
