"""The rig on a simulated bench: what it does about lost replies, other rates, other balances, and a pump that does not stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from harness.bench import load_bench
from harness.recorder import Recorder
from harness.rig import Rig
from instruments.errors import BenchError, SafetyError, SettingDiffers
from instruments.ports import Ports
from instruments.sim.registry import find_bench

Build = Callable[..., Rig]


@pytest.fixture
def build(simulated_bench: Path, tmp_path: Path) -> Iterator[Build]:
    rigs: list[Rig] = []

    def make(old: str = "", new: str = "") -> Rig:
        path = tmp_path / "bench.toml"
        path.write_text(simulated_bench.read_text().replace(old, new) if old else simulated_bench.read_text())
        bench = load_bench(path)
        ports = Ports(bench.addresses, bench.tables)
        for role in bench.addresses:
            ports.open(role)
        rigs.append(Rig(bench, ports, Recorder(tmp_path / "run", "r", ports.data_source)))
        return rigs[-1]

    yield make
    for rig in rigs:
        with suppress(BenchError):
            rig.close()
        rig.recorder.close()


def pump_of(rig: Rig) -> Any:
    found = find_bench("simulated")
    assert found is not None
    return found.devices["pump"]


def notes(rig: Rig, kind: str) -> list[dict[str, Any]]:
    return [dict(event.data) for event in rig.recorder.record().of_kind(kind)]


def test_one_lost_reply_of_the_pump_is_noted_and_survived(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = build()
    rig.connect()
    rig.start(1.0)
    pump = pump_of(rig)
    send = pump.send
    monkeypatch.setattr(pump, "send", lambda _: monkeypatch.setattr(pump, "send", send))
    rig.wait(30)
    assert rig.poll().running
    assert [note["role"] for note in notes(rig, "lost reply")] == ["pump"]


def test_a_weighing_rate_that_the_balance_does_not_take_is_refused(build: Build) -> None:
    with pytest.raises(SettingDiffers, match=r"asked for 4 readings a second, it took 5; put that into balance.rate"):
        build('rate = "10 Hz"', 'rate = "4 Hz"').connect()


@pytest.mark.parametrize(("due", "refused"), [("2000-01-31", True), ("2099-12-31", False)])
def test_an_instrument_whose_calibration_ran_out_is_not_used(build: Build, due: str, refused: bool) -> None:
    """By the bench's calendar, whatever the computer's said when the plan was checked."""
    rig = build("calibration_due = 2099-12-31", f"calibration_due = {due}")
    if not refused:
        assert rig.connect()["balance"].serial == "SIM0000001"
        return
    with pytest.raises(BenchError, match=rf"balance\.calibration_due: the calibration ran out on {due}; have it calibrated"):
        rig.connect()


def test_another_balance_at_the_address_is_refused(build: Build) -> None:
    bench_file = ('serial = "SIM0000001"', 'serial = "B021002593"')
    rig = build()
    object.__setattr__(rig.bench.file.balance, "serial", bench_file[1].split('"')[1])
    with pytest.raises(BenchError, match="the balance there says its serial is 'SIM0000001', the bench file says 'B021002593'"):
        rig.connect()


def test_a_pump_that_ignores_the_stop_is_unsafe_and_the_record_says_so(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = build()
    rig.connect()
    rig.start(1.0)
    pump = pump_of(rig)
    monkeypatch.setattr(pump.program, "halt", lambda _: None)
    with pytest.raises(SafetyError, match="go and stop it by hand now"):
        rig.make_safe()
    assert [note["confirmed"] for note in notes(rig, "safe state")] == [False]


def test_the_pump_stops_by_itself_when_the_harness_falls_silent(build: Build) -> None:
    rig = build()
    rig.connect()
    rig.start(1.0)
    rig.clock.sleep_until(rig.clock.now_s() + 31)
    assert pump_of(rig).status == "S"
    assert rig.poll().kind == "watchdog"


def test_a_pump_that_is_to_lose_its_power_is_asked_until_it_is_silent(build: Build) -> None:
    rig = build()
    rig.connect()
    rig.start(1.0)
    pump = pump_of(rig)
    with rig.unpowered():
        rig.wait(60)
        assert rig.poll().running, "its watchdog of 30 s was kept content as long as the plug was in"
        pump.cut_power()
        rig.wait(600)
        pump.restore_power()
    assert [note["word"] for note in notes(rig, "pump")][1:3] == ["silent, without power", "power was interrupted"]
    assert [note["kind"] for note in notes(rig, "alarm")] == ["power"]
    assert not rig.poll().running
