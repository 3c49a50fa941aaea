"""The New Era driver with the simulated pump: profiles that run, lost lines, several pumps, pumps that somebody else has used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from instruments.clock import VirtualClock
from instruments.errors import Refused, SafetyError
from instruments.link import Link
from instruments.pumps import Step
from instruments.pumps.new_era import NewEraPump
from instruments.pumps.new_era_probe import PROBE
from instruments.sim.device import SimDevice
from instruments.sim.new_era import PumpChain
from instruments.sim.new_era_data import PumpData
from instruments.sim.new_era_pump import NewEraPump as SimPump
from instruments.sim.physics.drive import Drive
from instruments.sim.physics.line import Line
from instruments.sim.physics.path import FluidPath
from instruments.stamped import Stamped
from instruments.wire import new_era as wire


class Cable:
    """A port whose other end is a simulated device; ``deaf``: what the host says is lost."""

    def __init__(self, device: SimDevice, clock: VirtualClock) -> None:
        self.device, self.clock, self.deaf = device, clock, False

    def write(self, data: bytes) -> None:
        if not self.deaf:
            self.device.receive(data)

    def poll(self) -> Stamped:
        return self.device.take()

    def wait(self, deadline_s: float) -> Stamped:
        self.clock.wait(lambda: self.device.waiting > 0, deadline_s)
        return self.poll()

    def close(self) -> None:
        """Nothing to let go of."""


def sim_pump(*, travel_ml: float = 10.0, **data: object) -> SimPump:
    drive = Drive(FluidPath(Line()), travel_ml=travel_ml)
    return SimPump(replace(PumpData(), **data), drive)  # type: ignore[arg-type]


@dataclass
class Bench:
    """Simulated pumps on one line, and a driver for one of them."""

    pumps: list[SimPump]
    clock: VirtualClock
    cable: Cable
    link: Link
    driver: NewEraPump

    @property
    def pump(self) -> SimPump:
        return self.pumps[0]

    def wait(self, duration_s: float) -> None:
        self.clock.sleep_until(self.clock.now_s() + duration_s)

    def lose_line(self, duration_s: float) -> None:
        """The cable is out for a while; what the pump says meanwhile is lost."""
        self.wait(duration_s)
        self.cable.device.take()
        self.link.renew(self.cable)

    def pushed_ml(self) -> float:
        return self.pump.drive._path.pushed_ml(self.clock.now_s())


def bench(*pumps: SimPump, unit: int = 0) -> Bench:
    device: SimDevice = pumps[0] if len(pumps) == 1 else PumpChain(pumps)
    clock = VirtualClock()
    clock.add(device)
    cable = Cable(device, clock)
    link = Link(cable, wire.reply_ends, clock, role="pump")
    return Bench(list(pumps), clock, cable, link, NewEraPump(link, address=unit))


def connected(**data: object) -> Bench:
    standing = bench(sim_pump(**data))
    standing.driver.connect()
    standing.driver.set_syringe(14.5)
    return standing


# --- profiles ---

BOLUS_ON_BASAL = (Step(48.0, 0.8), Step(0.05, 0.0))


def test_a_bolus_on_a_basal_rate_runs_by_itself_and_to_the_moment() -> None:
    on = connected()
    taken = on.driver.set_profile(BOLUS_ON_BASAL)
    assert [(step.rate_ml_h, step.volume_ml) for step in taken] == [(48.0, 0.8), (pytest.approx(0.05), 0.0)]
    began_ml, began_s = on.pushed_ml(), on.clock.now_s()
    on.driver.start()
    on.wait(59.5)
    assert on.pump.program.at == 1
    on.clock.sleep_until(began_s + 60.5)
    assert on.pump.program.at == 2
    on.wait(3600.0)
    assert on.pushed_ml() - began_ml == pytest.approx(0.8 + 0.05 * 3600.5 / 3600, abs=1e-6)
    assert on.driver.poll().running
    on.driver.stop()
    assert on.driver.infused_ml() == pytest.approx(0.85, abs=1e-3)


def test_a_flex_schedule_of_forty_steps_ends_by_itself() -> None:
    on = connected(version="NE1000V3.934")
    on.driver.set_profile([Step(1.0 + number, 0.01) for number in range(40)])
    on.driver.start()
    on.wait(sum(36.0 / (1.0 + number) for number in range(40)) + 1.0)
    assert not on.driver.poll().running
    assert on.driver.infused_ml() == pytest.approx(0.4, abs=1e-3)


def test_small_volumes_are_programmed_in_microlitres_and_counted_in_them() -> None:
    on = connected()
    taken = on.driver.set_profile([Step(0.6, 0.0123), Step(0.05, 0.0)])
    assert taken[0].volume_ml == pytest.approx(0.0123)
    assert on.pump.memory.volume_unit == "UL"
    on.driver.start()
    on.wait(74.0)
    assert on.pump.program.at == 2
    assert on.driver.infused_ml() == pytest.approx(0.0123, abs=1e-5)


def test_a_rate_ends_a_profile_and_brings_the_target_back() -> None:
    on = connected()
    on.driver.set_target(0.2)
    on.driver.set_profile(BOLUS_ON_BASAL)
    assert on.driver.set_rate(12.0) == pytest.approx(12.0)
    on.driver.start()
    on.wait(120.0)
    assert not on.driver.poll().running
    assert on.driver.infused_ml() == pytest.approx(0.2)


def test_a_running_profile_is_not_changed_by_a_rate() -> None:
    on = connected()
    on.driver.set_profile(BOLUS_ON_BASAL)
    on.driver.start()
    with pytest.raises(Refused) as caught:
        on.driver.set_rate(12.0)
    assert caught.value.code == "?NA"
    on.wait(61.0)
    assert on.pump.program.at == 2


@pytest.mark.parametrize("ignores_s", [0.001, 0.005])
def test_a_stop_at_the_start_of_a_phase_gets_through(ignores_s: float) -> None:
    on = connected(ignores_s=ignores_s)
    on.driver.set_profile(BOLUS_ON_BASAL)
    on.driver.start()
    on.clock.sleep_until(on.pump.program.events()[0][0])
    assert on.pump.program.at == 2
    on.driver.stop()
    assert on.pump.status == "S"


def test_what_somebody_left_in_the_pump_does_not_follow_the_target() -> None:
    on = connected()
    for text in ("PHN2", "FUNRAT", "RAT1MH", "VOL0", "PHN1"):
        on.pump.panel.execute(text)
    on.driver.connect()
    on.driver.set_rate(60.0)
    on.driver.set_target(0.1)
    on.driver.start()
    on.wait(30.0)
    assert not on.driver.poll().running


def test_another_syringe_does_not_turn_microlitres_into_millilitres() -> None:
    on = connected()
    on.driver.set_target(0.0123)
    on.driver.set_syringe(26.59)
    assert on.pump.program.phase(1).volume * on.pump.memory.volume_unit_ml == pytest.approx(0.0123)
    on.driver.set_profile([Step(0.6, 0.0123), Step(0.05, 0.0)])
    on.driver.set_syringe(14.5)
    with pytest.raises(Refused, match="not written to its end"):
        on.driver.start()


def test_a_pump_without_phases_runs_to_its_target_and_refuses_a_profile() -> None:
    on = connected(model="NE-300")
    with pytest.raises(Refused):
        on.driver.set_profile(BOLUS_ON_BASAL)
    on.driver.set_rate(60.0)
    on.driver.set_target(0.1)
    on.driver.start()
    on.wait(30.0)
    assert not on.driver.poll().running
    assert on.driver.infused_ml() == pytest.approx(0.1)


# --- connecting to pumps in any state ---

LEFT: dict[str, dict[str, object]] = {
    "as after power-up": {},
    "in Safe mode": {"safe_s": 20},
    "in Safe mode, alarms framed as asked": {"safe_s": 20, "saf_alarm_as_asked": True},
    "without alarm": {"powered_up": False},
    "starting at the selected phase": {"run_from_selected": True},
    "an Aladdin": {"model": "AL-1000"},
    "an NE-500": {"model": "NE-500"},
    "saying nothing to a second stop": {"stop_when_stopped": ""},
}


@pytest.mark.parametrize("data", LEFT.values(), ids=LEFT)
def test_a_pump_is_taken_over_in_whatever_state_it_is(data: dict[str, object]) -> None:
    on = connected(**data)
    on.driver.set_rate(60.0)
    on.driver.set_target(0.1)
    assert on.driver.arm_watchdog(5) == 5
    on.driver.start()
    on.wait(3.0)
    assert on.driver.poll().running
    on.driver.stop()
    assert on.driver.arm_watchdog(0) == 0
    assert on.driver.infused_ml() == pytest.approx(0.05, abs=0.002)


def test_a_rate_change_while_running_is_taken_within_the_unit() -> None:
    on = connected()
    on.driver.set_rate(0.6)
    on.driver.set_target(0.0)
    on.driver.start()
    assert on.driver.set_rate(1.2342) == pytest.approx(1.2342)
    assert on.pump.drive.flow_ml_s == pytest.approx(1.2342 / 3600)


# --- lost lines ---


def running(watchdog_s: float, **data: object) -> Bench:
    on = connected(**data)
    on.driver.set_rate(60.0)
    on.driver.set_target(0.0)
    on.driver.arm_watchdog(watchdog_s)
    on.driver.start()
    return on


def nothing(on: Bench) -> None:
    """The line is lost, and that is all."""


def another_hand(said: bytes) -> Callable[[Bench], None]:
    return lambda on: on.cable.device.receive(said)


Meanwhile = Callable[[Bench], None]
LOST: dict[str, tuple[float, dict[str, object], float, Meanwhile, str, bool]] = {
    # watchdog, options, how long the line is lost, what else happens, the alarm then, whether the pump still runs
    "shortly, watched": (20.0, {}, 5.0, nothing, "", True),
    "shortly, not watched": (0.0, {}, 5.0, nothing, "", True),
    "longer than the watchdog": (20.0, {}, 25.0, nothing, "T", False),
    "with the power": (20.0, {"power_fails_s": 5.0}, 10.0, nothing, "R", False),
    "with the power, not watched": (0.0, {"power_fails_s": 5.0}, 10.0, nothing, "R", False),
    "with the power, and the pump goes on by itself": (0.0, {"power_fails_s": 5.0}, 10.0, another_hand(b"PF1\r"), "R", True),
    "somebody left Safe mode": (
        20.0,
        {},
        5.0,
        another_hand(wire.encode_command("SAF0", safe=True)),
        "",
        True,
    ),
    "somebody went to Safe mode": (0.0, {}, 5.0, another_hand(b"SAF99\r"), "", True),
}


@pytest.mark.parametrize(("watchdog_s", "data", "gap_s", "meanwhile", "alarm", "runs"), LOST.values(), ids=LOST)
def test_after_a_lost_line_the_driver_is_in_step_and_the_pump_as_it_was(
    watchdog_s: float, data: dict[str, object], gap_s: float, meanwhile: Meanwhile, alarm: str, runs: bool
) -> None:
    on = running(watchdog_s, **data)
    meanwhile(on)
    on.lose_line(gap_s)
    infused_ml = on.pump.program.infused_ml
    assert on.driver.resume().model == "New Era NE1000"
    assert on.pump.memory.safe_s == watchdog_s
    assert on.pump.program.infused_ml >= infused_ml
    first, second = on.driver.poll(), on.driver.poll()
    assert [(first.alarm, first.running), (second.alarm, second.running)] == [(alarm, runs), ("", runs)]
    on.driver.stop()


def test_a_stop_that_the_pump_does_not_hear_is_a_matter_of_safety_and_one_that_it_hears_later_is_not() -> None:
    on = running(0.0)
    on.cable.deaf = True
    with pytest.raises(SafetyError):
        on.driver.stop()
    on.cable.deaf = False
    on.driver.stop()
    assert on.pump.status == "S"


# --- several pumps on one line ---


def test_every_driver_speaks_to_its_own_pump() -> None:
    on = bench(sim_pump(address=0), sim_pump(address=7), sim_pump(address=12))
    drivers = [on.driver, NewEraPump(on.link, address=7), NewEraPump(on.link, address=12)]
    for number, driver in enumerate(drivers, start=1):
        driver.connect()
        driver.set_syringe(14.5)
        driver.set_rate(6.0 * number)
        driver.set_target(0.0)
        driver.start()
    on.wait(600.0)
    for driver in drivers[:2]:
        driver.stop()
    assert [pump.status for pump in on.pumps] == ["S", "S", "I"]
    assert [driver.infused_ml() for driver in drivers] == [pytest.approx(number, rel=1e-2) for number in (1.0, 2.0, 3.0)]


def test_the_alarm_of_one_pump_is_told_to_its_own_driver() -> None:
    on = bench(sim_pump(address=0), sim_pump(address=1, travel_ml=0.01))
    other = NewEraPump(on.link, address=1)
    for driver in (on.driver, other):
        driver.connect()
        driver.set_syringe(14.5)
        driver.set_rate(6.0)
        driver.arm_watchdog(60)
        driver.start()
    on.wait(20.0)
    assert on.driver.poll().alarm == ""
    assert other.poll().alarm == "S"


def test_an_address_where_no_pump_is_gets_no_answer_from_the_others() -> None:
    on = bench(sim_pump(address=1), sim_pump(address=2), unit=3)
    with pytest.raises(SafetyError):
        on.driver.stop()
    assert [pump.alarm for pump in on.pumps] == ["R", "R"]


# --- the probe ---

ASKED: dict[str, tuple[dict[str, object], str | None]] = {
    "standing": ({"powered_up": False}, "New Era NE1000"),
    "after power-up": ({}, "New Era (told an alarm: power was interrupted)"),
    "in Safe mode": ({"safe_s": 20}, None),
    "at another address": ({"address": 3}, None),
}


@pytest.mark.parametrize(("data", "model"), ASKED.values(), ids=ASKED)
def test_the_probe_changes_nothing_that_a_pump_does(data: dict[str, object], model: str | None) -> None:
    on = bench(sim_pump(**data))
    on.wait(1.0)
    on.cable.device.take()
    before = replace(on.pump.memory)
    on.cable.write(PROBE.request)
    on.wait(1.0)
    identity = PROBE.identify(on.cable.poll().data)
    assert (identity.model if identity else None) == model
    assert on.pump.memory == before
    assert (on.pump.status, on.pump._deadline_s) == ("S", float("inf"))
