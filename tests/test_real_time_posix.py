"""The rig on real ptys in real time: reader threads, wall clock, simulated devices served at the other end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.bench import load_bench
from harness.readback import read_events, read_record
from harness.recorder import Recorder
from harness.rig import Rig
from instruments.errors import BenchError, LinkError
from instruments.ports import Ports
from instruments.sim.bench import SimulatedBench
from instruments.sim.setup import Setup
from tests.conftest import ROOT
from tests.instruments.sim.served import Cable, served


@pytest.fixture
def simulated() -> SimulatedBench:
    return SimulatedBench(Setup(seed=3))


@pytest.fixture
def cables(simulated: SimulatedBench) -> dict[str, Cable]:
    return {role: Cable(simulated, role) for role in simulated.roles}


@pytest.fixture
def grace() -> str:
    return "1 s"


@pytest.fixture
def rig(simulated: SimulatedBench, cables: dict[str, Cable], grace: str, tmp_path: Path) -> Iterator[Rig]:
    text = (ROOT / "benches" / "simulated.toml").read_text().partition("[simulation]")[0]
    text = text.replace("sim://simulated/", f"{tmp_path}/").replace("driver =", f'grace = "{grace}"\ndriver =')
    text = text.replace('lag = "5.2 s"', 'lag = "0.2 s"').replace("[pump]", '[pump]\nstop_watch = "1.5 s"')
    (tmp_path / "bench.toml").write_text(text)
    (tmp_path / "run.json").write_text('{"run": "r", "data_source": "real"}')
    with served(simulated, link_dir=tmp_path):
        bench = load_bench(tmp_path / "bench.toml")
        ports = Ports(bench.addresses, bench.tables)
        for role in bench.addresses:
            ports.open(role)
        recorder = Recorder(tmp_path, "r", ports.data_source)
        yield Rig(bench, ports, recorder)
        recorder.close()


def test_a_bolus_in_real_time(rig: Rig, simulated: SimulatedBench, tmp_path: Path) -> None:
    assert rig.connect()["balance"].serial == "SIM0000001"
    rig.wait(0.5)
    assert rig.start(48.0, 0.02) == pytest.approx(48.0)
    status = rig.watch(rig.clock.now_s() + 20, every_s=0.2)
    rig.wait(1.0)
    rig.close()
    rig.recorder.close()
    record = read_record(tmp_path)
    assert (status.running, status.word, simulated.devices["pump"].status) == (False, "stopped", "S")  # type: ignore[attr-defined]
    assert simulated.path.pushed_ml(simulated.clock.now_s()) == pytest.approx(0.02, rel=5e-3)
    frame = record.samples()
    assert len(frame) > 10
    assert frame.t_s.is_monotonic_increasing
    assert record.data_source == "real"
    assert [event.data["confirmed"] for event in record.of_kind("safe state")] == [True]


def test_a_balance_that_is_pulled_out_is_an_error_and_the_pump_is_stopped(
    rig: Rig, simulated: SimulatedBench, cables: dict[str, Cable], tmp_path: Path
) -> None:
    rig.connect()
    rig.start(48.0)
    rig.wait(0.3)
    cables["balance"].pull()
    with pytest.raises(LinkError, match="the line was lost"):
        rig.wait(3.0)
    rig.close()
    assert simulated.devices["pump"].status == "S"  # type: ignore[attr-defined]
    rig.recorder.sync()
    safe = [event.data["confirmed"] for event in read_events(tmp_path / "journal.jsonl") if event.kind == "safe state"]
    assert safe == [True]


def test_a_pump_that_is_pulled_out_is_said_to_be_unsafe(rig: Rig, cables: dict[str, Cable]) -> None:
    rig.connect()
    rig.start(48.0)
    cables["pump"].pull()
    with pytest.raises(BenchError, match="did not confirm that it stands"):
        rig.close()


@pytest.mark.parametrize("grace", ["60 s"])
def test_a_balance_that_comes_back_in_time_is_used_again(rig: Rig, cables: dict[str, Cable], tmp_path: Path) -> None:
    rig.connect()
    rig.wait(0.5)
    cables["balance"].pull()
    back = threading.Timer(0.3, cables["balance"].put_back)
    back.start()
    rig.wait(2.0)
    back.join()
    rig.wait(1.0)
    rig.close()
    rig.recorder.sync()
    kinds = [event.kind for event in read_events(tmp_path / "journal.jsonl")]
    assert [kind for kind in kinds if kind.startswith("link ")] == ["link lost", "link back"]
