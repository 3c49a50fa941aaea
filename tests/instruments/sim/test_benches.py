"""The shipped simulated benches: everything on them is found, and shows what is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.bench import Bench, load_bench
from harness.stations import Stations, open_ports
from instruments.hands import Step
from instruments.ports import Ports
from tests.conftest import ROOT

BENCHES = sorted(path for path in (ROOT / "benches").glob("*.toml") if path.name != "real_example.toml")
METERED = [path for path in BENCHES if "[pressure]" in path.read_text(encoding="utf-8")]


class Deaf:
    """Takes in what goes over the lines, and forgets it."""

    def sent(self, *told: Any) -> None: ...

    def exchanged(self, *told: Any) -> None: ...

    def received(self, *told: Any) -> None: ...

    def note(self, *told: Any, **more: Any) -> None: ...


class Table:
    """A bench that was opened: its ports, and the driver of every role."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.ports = bench, open_ports(bench)
        self.stations = Stations(bench, self.ports, Deaf(), Deaf().note)
        self.stations.connect()

    def by_hand(self, kind: Any, **data: float) -> str:
        assert isinstance(self.ports, Ports)
        assert self.ports.hands is not None
        return self.ports.hands.ask(Step(kind, "", data), lambda: None)

    def wait(self, duration_s: float) -> None:
        self.ports.clock.sleep_until(self.ports.clock.now_s() + duration_s)

    @property
    def pressure_kpa(self) -> float:
        assert self.bench.file.pressure is not None
        return self.bench.file.pressure.kpa(self.stations["pressure"].voltage().value)


@pytest.fixture
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    opened = Table(load_bench(request.param))
    yield opened
    opened.stations.close()


def on(*names: str) -> pytest.MarkDecorator:
    paths = [path for path in BENCHES if path.stem in names] if names else BENCHES
    return pytest.mark.parametrize("table", paths, indirect=True, ids=[path.stem for path in paths])


@on()
def test_every_instrument_says_who_it_is(table: Table) -> None:
    assert set(table.stations.identities) == set(table.bench.stands)


@on(*(path.stem for path in METERED))
def test_the_transducer_shows_the_pressure_in_kpa(table: Table) -> None:
    assert table.pressure_kpa == pytest.approx(0.0, abs=1e-6)
    table.by_hand("outlet", pressure_kpa=-13.33)
    table.wait(120.0)
    assert table.pressure_kpa == pytest.approx(-13.33, abs=1e-3)


@on("syringe_occlusion")
@pytest.mark.parametrize("rate_ml_h", [5.0, 20.0])
def test_a_closed_line_gives_alarm_at_the_threshold_that_was_set(table: Table, rate_ml_h: float) -> None:
    """After C p_stall / q, and the two seconds that it takes to notice; until it is told the line of the alarm is low."""
    pump = table.stations["pump"]
    pump.set_syringe(14.5)
    pump.set_rate(rate_ml_h)
    table.by_hand("threshold", pressure_kpa=30.0)
    pump.start()
    table.wait(60.0)
    table.by_hand("close", place=1.0)
    rises_s = 11e-6 * 30e3 / (rate_ml_h / 3600)
    table.wait(0.8 * rises_s)
    assert table.stations["alarm_relay"].level().value == 1.0
    table.wait(0.3 * rises_s)
    assert table.stations["alarm_relay"].level().value == 0.0
    assert table.pressure_kpa == pytest.approx(30.0, abs=0.1)
    assert pump.poll().kind == "stall"
    assert table.stations["alarm_relay"].level().value == 1.0  # told, and so acknowledged


@on("implantable")
def test_a_supply_stands_in_for_the_battery_of_the_implant(table: Table) -> None:
    pump, supply = table.stations["pump"], table.stations["battery"]
    pump.set_rate(1.0)
    pump.start()
    table.wait(60.0)
    assert (pump.battery().voltage_v, pump.battery().state) == (pytest.approx(3.0, abs=0.01), "NORM")
    assert supply.poll().current_a == pytest.approx(76e-6, rel=0.01)
    for volts, state in ((2.5, "ERI"), (2.2, "EOS")):
        supply.set_voltage(volts)
        table.wait(10.0)
        assert pump.battery().state == state
        assert table.stations["alarm_relay"].level().value == 0.0
    assert not pump.poll().running
