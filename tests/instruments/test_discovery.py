"""Every family is found by its own question, and no question of any family moves, stops, tares or sets anything on any other."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from instruments.discovery import Found, ask, skeleton
from instruments.drivers import KINDS, drivers
from instruments.errors import LinkError, LinkLost, Refused
from instruments.identity import Identity
from instruments.link import Link
from instruments.port import LineSettings
from instruments.ports import Ports
from instruments.sim.bench import SimulatedBench
from instruments.sim.registry import find_bench
from instruments.sim.setup import read_setup
from tests.instruments.sim.served import served

ROLES = {"pumps": "pump", "balances": "balance", "meters": "pressure", "supplies": "battery"}
NAMES = [(kind, name) for kind in KINDS for name in sorted(drivers(kind))]
OF_PUMPS, OF_BALANCES = ([name for kind, name in NAMES if kind == wanted] for wanted in ("pumps", "balances"))
OTHER_QUESTIONS = [b"*IDN?\r\n", b"\n"]
ADDRESS = "sim://lab/thing"


def plain(kind: str, name: str) -> dict[str, Any]:
    """A bench file with nothing but this device."""
    return {"simulation": {"seed": 3}, ROLES[kind]: {"driver": name, "address": ADDRESS}}


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_a_device_is_found_by_the_driver_that_understands_it(kind: str, name: str) -> None:
    found = ask(ADDRESS, plain(kind, name))
    assert (found.kind, found.driver) == (kind, name), found.told
    assert found.identity is not None


@pytest.mark.parametrize(("kind", "name"), [("pumps", "new-era"), ("balances", "mt-sics"), ("pumps", "scpi-pump")])
def test_so_it_is_over_tcp_where_all_questions_reach_it_one_after_the_other(kind: str, name: str) -> None:
    tables = {role: table for role, table in plain(kind, name).items() if role != "simulation"}
    with served(SimulatedBench(read_setup({}), tables)) as server:
        found = ask(server.addresses[ROLES[kind]].tcp)
    assert (found.kind, found.driver) == (kind, name), found.told


def test_an_address_where_nobody_answers_says_so() -> None:
    assert ask("sim://lab/nobody").told.startswith("asked: sim://lab/nobody cannot be opened")


class Asked:
    """A device on its own, its driver, and a way to put every family's question to it."""

    def __init__(self, kind: str, name: str) -> None:
        self.ports = Ports({"thing": ADDRESS}, plain(kind, name))
        self.ports.open("thing")
        driver = drivers(kind)[name]
        self.link = Link(self.ports["thing"], driver.framer, self.ports.clock, role="thing")
        self.device = driver.make(self.link, driver.options())
        self.device.connect()
        bench: Any = find_bench("lab")
        self.path = bench.path

    def hear_all_questions(self) -> None:
        requests = {driver.probe.request for kind in KINDS for driver in drivers(kind).values() if driver.probe is not None}
        for request in [*sorted(requests), *OTHER_QUESTIONS]:
            self.ports["thing"].write(request)
            self.pass_s(2.0)
        self.link.settle()
        self.link.unsolicited()

    def pass_s(self, duration_s: float) -> None:
        self.ports.clock.sleep_until(self.ports.clock.now_s() + duration_s)

    def pushed_ml(self) -> float:
        return float(self.path.pushed_ml(self.ports.clock.now_s()))


@pytest.fixture
def asked(request: pytest.FixtureRequest) -> Iterator[Asked]:
    asked = Asked(*request.param)
    yield asked
    asked.ports.close()


pumps = pytest.mark.parametrize("asked", [("pumps", name) for name in OF_PUMPS], indirect=True, ids=OF_PUMPS)
balances = pytest.mark.parametrize("asked", [("balances", name) for name in OF_BALANCES], indirect=True, ids=OF_BALANCES)


@pumps
def test_no_question_starts_a_pump(asked: Asked) -> None:
    asked.hear_all_questions()
    asked.pass_s(600.0)
    assert asked.pushed_ml() == 0.0
    assert asked.device.resume() is not None
    assert not asked.device.poll().running


@pumps
def test_no_question_stops_a_pump_or_changes_its_rate(asked: Asked) -> None:
    with suppress(Refused):
        asked.device.set_syringe(14.5)
    asked.device.set_rate(1.0)
    asked.device.set_target(5.0)
    asked.device.start()
    asked.hear_all_questions()
    before_ml = asked.pushed_ml()
    asked.pass_s(3600.0)
    assert asked.pushed_ml() - before_ml == pytest.approx(1.0, rel=0.01)


@balances
def test_no_question_tares_a_balance_or_sets_its_zero(asked: Asked) -> None:
    before_g = float(asked.device.weigh().mass_g)
    asked.hear_all_questions()
    asked.device.resume()
    assert float(asked.device.weigh().mass_g) == pytest.approx(before_g, abs=0.002)
    assert before_g > 1.0


def test_the_skeleton_has_a_table_for_everything_that_was_found() -> None:
    found = [
        Found("COM3", "pumps", "new-era", Identity("New Era NE1000", "", "V3")),
        Found("COM4", told="nothing that we know answered"),
        Found("COM5", "balances", "mt-sics", Identity("SIM204", "B021")),
    ]
    text = skeleton(found)
    assert '[pump]                     # New Era NE1000 V3\ndriver = "new-era"\naddress = "COM3"' in text
    assert 'driver = "mt-sics"\naddress = "COM5"\nserial = "B021"' in text
    assert "COM4" not in text
    assert np.all([line.count('"') % 2 == 0 for line in text.splitlines()])


def test_the_skeleton_can_be_read_whatever_devices_and_systems_call_themselves() -> None:
    found = [
        Found(r"\\.\COM12", "balances", "mt-sics", Identity('The "big"\none', 'B"7')),
        Found("COM4", "balances", "kern-kcp", Identity("")),
        Found("COM5", "supplies", "rigol-dp800", Identity("DP832")),
    ]
    read = tomllib.loads(skeleton(found))
    assert (read["balance"]["address"], read["balance"]["serial"]) == (r"\\.\COM12", 'B"7')
    assert read["battery"]["driver"] == "rigol-dp800"
    assert '# driver = "kern-kcp"' in skeleton(found)


def test_line_settings_that_a_port_does_not_take_do_not_end_the_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[LineSettings] = []

    def refuse(self: Ports, role: str, line: LineSettings) -> None:
        asked.append(line)
        raise LinkError("(22, 'Invalid argument')")

    monkeypatch.setattr(Ports, "open", refuse)
    assert ask("COM3").told == "(22, 'Invalid argument')"
    assert len(asked) == len(set(asked)) > 2


def test_a_port_without_a_line_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[LineSettings] = []

    def hang_up(self: Ports, role: str, line: LineSettings) -> None:
        asked.append(line)
        raise LinkLost("the other end closed the connection")

    monkeypatch.setattr(Ports, "open", hang_up)
    assert "closed the connection" in ask("socket://10.0.0.7:4001").told
    assert asked == [LineSettings()]
