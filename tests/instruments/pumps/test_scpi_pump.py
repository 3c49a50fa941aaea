"""The driver of SCPI pumps, turn by turn and against the simulated pump: what it asks, what it takes, what it never believes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import pytest

from instruments import scpi as module
from instruments.driver import CAPABILITIES
from instruments.errors import ConfigError, Refused, ReplyError, ReplyTimeout, SafetyError, SettingDiffers
from instruments.link import Link
from instruments.options import options_from
from instruments.pumps import BatteryStatus, Step
from instruments.pumps.scpi_pump import DRIVER, ScpiPump, ScpiPumpOptions
from instruments.sim.implantable import ImplantablePump
from tests.instruments.script import Answer, Scripted, Turn, scripted
from tests.instruments.sim.pump_states import pump as a_pump
from tests.instruments.sim.test_implantable import OTHER_TREE
from tests.instruments.simulated_line import line_to

NO_ERROR = '0,"No error"'
TAKEN: Turn = (b"SYST:ERR?\n", [NO_ERROR.encode("ascii") + b"\n"])


@pytest.fixture(autouse=True)
def two_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MARKS", cycle(range(2, 10)))


def turn(asked: str, *answers: str | Answer) -> Turn:
    framed = [answer.encode("ascii") + b"\n" if isinstance(answer, str) else answer for answer in answers]
    return asked.encode("ascii") + b"\n", framed


@contextmanager
def pump(*turns: Turn, commands: dict[str, Any] | None = None) -> Iterator[tuple[ScpiPump, Scripted]]:
    with scripted(DRIVER.framer, *turns) as script:
        yield ScpiPump(script.link, commands or {}), script


# --- settings ---

Setter = Callable[[ScpiPump], Any]
SETTINGS: dict[str, tuple[Setter, list[Turn], Any]] = {
    "rate": (lambda pump: pump.set_rate(0.125), [turn("INF:RATE 0.125"), TAKEN, turn("INF:RATE?", "+1.25000000E-01")], 0.125),
    "target": (lambda pump: pump.set_target(0.5), [turn("INF:TARG 0.5"), TAKEN, turn("INF:TARG?", "+5.00000000E-01")], 0.5),
    "no target": (lambda pump: pump.set_target(0), [turn("INF:TARG 0"), TAKEN, turn("INF:TARG?", "0")], 0.0),
    "refill": (lambda pump: pump.refill(18), [turn("RES:REF 18"), TAKEN, turn("RES:REF?", "18.0")], 18.0),
    "alarm volume": (lambda pump: pump.set_low_reservoir(4), [turn("RES:LOW 4"), TAKEN, turn("RES:LOW?", "+4.0E+00")], 4.0),
    "watchdog": (lambda pump: pump.arm_watchdog(30.2), [turn("WDOG:TIM 31"), TAKEN, turn("WDOG:TIM?", "31")], 31.0),
}


@pytest.mark.parametrize(("apply", "turns", "taken"), SETTINGS.values(), ids=SETTINGS)
def test_a_setter_returns_what_the_pump_took(apply: Setter, turns: list[Turn], taken: float) -> None:
    with pump(*turns) as (driver, _):
        assert apply(driver) == taken


DIFFERENT = [
    ("rate", "+1.25002000E-01"),
    ("target", "+5.00020000E-01"),
    ("no target", "1"),
    ("refill", "17.9"),
    ("watchdog", "33"),
]


@pytest.mark.parametrize(("name", "answer"), DIFFERENT)
def test_a_value_that_the_pump_did_not_take_is_an_error(name: str, answer: str) -> None:
    apply, turns, _ = SETTINGS[name]
    asked = turns[-1][0].decode("ascii").strip()
    with pump(*turns[:-1], turn(asked, answer)) as (driver, _), pytest.raises(SettingDiffers):
        apply(driver)


@pytest.mark.parametrize("error", ['-222,"Data out of range"', '-221,"Settings conflict"', '-113,"Undefined header"'])
def test_a_refusal_carries_the_code_of_the_pump(error: str) -> None:
    with pump(turn("INF:RATE 500"), turn("SYST:ERR?", error), TAKEN) as (driver, _), pytest.raises(Refused) as caught:
        driver.set_rate(500)
    assert caught.value.code == error.split(",")[0]


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
def test_what_is_no_rate_is_refused_before_anything_is_sent(value: float) -> None:
    with pump() as (driver, _), pytest.raises(Refused):
        driver.set_rate(value)


def test_there_is_no_syringe() -> None:
    with pump() as (driver, _), pytest.raises(Refused):
        driver.set_syringe(14.5)


NO_TARGET = [turn("INF:TARG 0"), TAKEN, turn("INF:TARG?", "0")]
BOLUS = (Step(60.0, 0.5), Step(0.125, 0.0))


def test_a_profile_is_the_schedule_of_the_pump() -> None:
    turns = [*NO_TARGET, turn("FLEX:STEP 60,0.5,0.125,0"), TAKEN, turn("FLEX:STEP?", "60,0.5,0.125,0")]
    with pump(*turns) as (driver, _):
        assert driver.set_profile(BOLUS) == BOLUS


@pytest.mark.parametrize("answer", ["60,0.5", "60,0.5,0.126,0", "60,0.4,0.125,0", "60,0.5,0.125,0,1,1"])
def test_a_profile_that_the_pump_did_not_take_is_an_error(answer: str) -> None:
    turns = [*NO_TARGET, turn("FLEX:STEP 60,0.5,0.125,0"), TAKEN, turn("FLEX:STEP?", answer)]
    with pump(*turns) as (driver, _), pytest.raises(SettingDiffers):
        driver.set_profile(BOLUS)


# --- running and stopping ---


def test_start_returns_when_the_pump_says_that_it_infuses() -> None:
    with pump(turn("INIT"), TAKEN, turn("INF:STAT?", "CONS")) as (driver, _):
        driver.start()


def test_a_pump_that_stays_off_has_not_started() -> None:
    with pump(turn("INIT"), TAKEN, turn("INF:STAT?", "OFF")) as (driver, _), pytest.raises(Refused):
        driver.start()


def test_stop_returns_when_the_pump_says_that_it_is_off() -> None:
    with pump(turn("ABOR"), turn("INF:STAT?", "OFF")) as (driver, _):
        driver.stop()


def test_stop_goes_on_until_the_pump_is_off() -> None:
    with pump(turn("ABOR"), turn("INF:STAT?", "CONS"), turn("ABOR"), turn("INF:STAT?", "OFF")) as (driver, _):
        driver.stop()


def test_a_pump_that_does_not_stop_is_a_matter_of_safety() -> None:
    with pump(*[turn("ABOR"), turn("INF:STAT?", "CONS")] * 3) as (driver, _), pytest.raises(SafetyError):
        driver.stop()


def marks(count: int, *answers: str) -> Turn:
    """The marker behind which nothing older can come."""
    return turn(";".join(["*ESE?"] * count), *answers)


def test_the_stop_goes_out_before_the_line_is_in_step_again() -> None:
    lost = [turn("INF:STAT?", (5.0, b"CONS\n")), marks(2)]
    with pump(*lost, turn("ABOR"), marks(3, "0;0;0"), turn("INF:STAT?", "OFF")) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.poll()
        driver.stop()


def test_a_pump_that_says_nothing_to_a_stop_is_a_matter_of_safety() -> None:
    tries = [turn("ABOR"), turn("INF:STAT?"), marks(2), turn("ABOR"), marks(3), marks(4), turn("ABOR"), marks(5), marks(6)]
    with pump(*tries) as (driver, _), pytest.raises(SafetyError):
        driver.stop()


# --- polling ---

POLLS = [("OFF", False, "off"), ("CONS", True, "infusing at a constant rate"), ("PRIM", True, "priming the catheter")]


@pytest.mark.parametrize(("word", "running", "told"), POLLS)
def test_the_state_is_told_with_its_moment(word: str, running: bool, told: str) -> None:
    with pump(turn("INF:STAT?", (0.03, word.encode() + b"\n")), turn("STAT:QUES?", "0")) as (driver, _):
        status = driver.poll()
    assert (status.running, status.word, status.alarm, status.stamp_us) == (running, told, "", 30_000)


def test_alarms_that_one_answer_tells_are_told_one_by_one_and_once() -> None:
    quiet = [turn("INF:STAT?", "OFF"), turn("STAT:QUES?", "0")]
    with pump(turn("INF:STAT?", "OFF"), turn("STAT:QUES?", "20"), *quiet, *quiet) as (driver, _):
        told = [driver.poll() for _ in range(3)]
    assert [(status.alarm, status.kind) for status in told] == [("STALL", "stall"), ("EOS", "battery"), ("", "")]
    assert told[0].stamp_us == told[1].stamp_us == 20_000


@pytest.mark.parametrize("stranger", ["RUN", "0", "", '"CONS', "CONS,OFF", "garbage \x7f"])
def test_what_is_no_state_is_never_taken_for_one(stranger: str) -> None:
    with pump(turn("INF:STAT?", stranger), marks(2, "0;0"), TAKEN) as (driver, _), pytest.raises(ReplyError):
        driver.poll()


def test_half_a_reply_is_no_reply() -> None:
    with pump(turn("INF:STAT?", b"CON"), marks(2, "0;0"), TAKEN) as (driver, _), pytest.raises(ReplyTimeout):
        driver.poll()


def test_alarms_of_before_are_forgotten_when_it_is_connected_anew() -> None:
    with simulated(stall_at_s=5.0) as (driver, device, wait):
        device.receive(b"RES:REF 1.5\n")
        driver.set_rate(60.0)
        driver.start()
        wait(10.0)
        assert driver.poll().alarm == "LOW"
        driver.connect()
        assert driver.poll().alarm == ""


def test_the_volume_is_counted_from_when_the_pump_was_connected() -> None:
    connecting = [
        TAKEN, turn("*IDN?", "Dosebench,IP20,P1,1.0.0"), turn("ABOR"), turn("INF:STAT?", "OFF"), turn("*RST"), TAKEN,
        turn("ALAR:ACKN"), TAKEN, turn("STAT:QUES?", "64"), turn("TOT:VOL?", "+4.00000000E+00"),
    ]  # fmt: skip
    after = [turn("TOT:VOL?", "+4.50000000E+00"), turn("INF:STAT?", "OFF"), turn("STAT:QUES?", "0")]
    with pump(*connecting, *after) as (driver, _):
        identity = driver.connect()
        assert (identity.model, identity.serial) == ("Dosebench IP20", "P1")
        assert driver.infused_ml() == 0.5
        assert driver.poll().alarm == ""


def test_a_battery_of_which_the_charge_is_not_known() -> None:
    turns = [turn("BATT:CHAR?", "9.91000000E+37"), turn("BATT:VOLT?", "+2.60000000E+00"), turn("BATT:STAT?", "ERI")]
    with pump(*turns) as (driver, _):
        battery = driver.battery()
    assert (battery.voltage_v, battery.state, math.isnan(battery.charge_pct)) == (2.6, "ERI", True)


# --- against the simulated pump ---


@contextmanager
def simulated(
    commands: dict[str, Any] | None = None, **data: Any
) -> Iterator[tuple[ScpiPump, ImplantablePump, Callable[[float], None]]]:
    """A connected driver, its pump, and how to let time pass."""
    device = a_pump(commands=commands or {}, **data).device
    with line_to(device, DRIVER.framer) as link:
        driver = DRIVER.make(link, options_from(ScpiPumpOptions, {"commands": commands or {}}, "pump.options"))
        driver.connect()
        yield driver, device, lambda duration_s: _pass(link, duration_s)


def _pass(link: Link, duration_s: float) -> None:
    link._clock.sleep_until(link._clock.now_s() + duration_s)


@pytest.mark.parametrize("commands", [{}, OTHER_TREE], ids=["as in the manual", "another tree"])
def test_an_infusion_from_start_to_stop(commands: dict[str, Any]) -> None:
    with simulated(commands) as (driver, device, wait):
        assert driver.set_rate(6.0) == pytest.approx(6.0)
        assert driver.set_target(0.0) == 0.0
        driver.start()
        wait(600.0)
        assert driver.poll().running
        assert driver.infused_ml() == pytest.approx(1.0, abs=1e-3)
        assert driver.reservoir_ml() == pytest.approx(19.0, abs=1e-3)
        driver.stop()
        assert (device.delivery.state, driver.poll().running) == ("OFF", False)
        assert [entry.event for entry in driver.event_log()] == ["POWER", "INIT", "OFF"]
        assert driver.event_log() == ()


def test_a_bolus_on_the_basal_rate_by_profile_and_by_command() -> None:
    with simulated() as (driver, device, wait):
        assert driver.set_profile(BOLUS) == BOLUS
        driver.start()
        wait(31.0)
        assert driver.infused_ml() == pytest.approx(0.5, abs=1e-3)
        assert (driver.poll().word, device.delivery.flow_ml_h) == ("infusing by its schedule", 0.125)
        driver.give_bolus(0.25, 60.0)
        assert driver.poll().word == "giving a bolus"
        wait(16.0)
        assert driver.infused_ml() == pytest.approx(0.75, abs=2e-3)
        assert driver.set_rate(1.0) == 1.0
        assert (device.delivery.state, device.delivery.mode) == ("CONS", "CONS")


def test_a_profile_is_not_cut_by_a_target_of_before() -> None:
    with simulated() as (driver, _, wait):
        driver.set_target(0.1)
        driver.set_profile(BOLUS)
        driver.start()
        wait(31.0)
        assert driver.infused_ml() == pytest.approx(0.5, abs=1e-3)


def test_priming_from_off_to_off() -> None:
    with simulated() as (driver, device, wait):
        driver.prime(0.42, 60.0)
        assert driver.poll().word == "priming the catheter"
        wait(26.0)
        assert (device.delivery.state, driver.infused_ml()) == ("OFF", pytest.approx(0.42))


def test_the_alarms_of_the_reservoir_and_their_acknowledgement() -> None:
    with simulated() as (driver, device, wait):
        assert (driver.refill(3.0), driver.low_reservoir_ml(), driver.set_low_reservoir(2.5)) == (3.0, 2.0, 2.5)
        driver.set_rate(60.0)
        driver.start()
        wait(33.0)
        status = driver.poll()
        assert (status.running, status.alarm, status.kind) == (True, "LOW", "low-reservoir")
        wait(160.0)
        assert (driver.poll().alarm, driver.reservoir_ml()) == ("EMPTY", 0.0)
        assert driver.poll().alarm == ""
        assert [entry.detail for entry in driver.event_log() if entry.event == "ALARM"] == ["LOW", "EMPTY"]
        driver.acknowledge()
        assert device.alarms.next_tone_s() == math.inf


def test_the_watchdog_is_told_by_the_next_poll() -> None:
    with simulated() as (driver, _, wait):
        driver.set_rate(1.0)
        assert driver.arm_watchdog(29.5) == 30.0
        driver.start()
        wait(29.0)
        assert driver.poll().alarm == ""
        wait(31.0)
        status = driver.poll()
        assert (status.running, status.alarm, status.kind) == (False, "WDOG", "watchdog")
        driver.start()
        assert driver.poll().running


def test_the_battery_as_the_pump_knows_it() -> None:
    with simulated(battery={"charge_pct": 50.0}) as (driver, _, _wait):
        assert driver.battery() == BatteryStatus(3.0, 50.0, "NORM")


def test_connecting_stops_what_runs_and_forgets_old_alarms_but_not_the_patient() -> None:
    device = a_pump().device
    with line_to(device, DRIVER.framer) as link:
        device.receive(b"NOT:A COMMAND\nRES:REF 1;LOW 2\nFLEX:STEP 1,1;CYCL 1;:WDOG:TIM 2;:INIT\n")
        _pass(link, 5.0)
        driver = ScpiPump(link, {})
        driver.connect()
        assert (driver.poll().alarm, driver.low_reservoir_ml(), driver.infused_ml()) == ("", 2.0, 0.0)
        assert device.delivery.state == "OFF"
        assert not device.delivery.cycles


def test_resuming_leaves_the_pump_as_it_is() -> None:
    with simulated() as (driver, device, wait):
        driver.set_rate(6.0)
        driver.start()
        wait(60.0)
        before_ml = driver.infused_ml()
        assert driver.resume().serial == "SIM0000001"
        assert device.delivery.state == "CONS"
        assert driver.infused_ml() >= before_ml > 0


# --- what it tells of itself ---


def test_its_capabilities_are_known_words() -> None:
    assert set(CAPABILITIES) >= DRIVER.can
    assert not DRIVER.can & {"syringe", "alarms-unsolicited", "withdraw"}


@pytest.mark.parametrize(
    ("answer", "model"),
    [
        (b"Dosebench,IP20,P1,1.0.0\n", "Dosebench IP20"),
        (b"Keysight Technologies,34461A,M,1\n", None),
        (b"", None),
        (b"\x00\xff\n", None),
    ],
)
def test_the_probe_knows_its_own(answer: bytes, model: str | None) -> None:
    assert DRIVER.probe is not None
    identity = DRIVER.probe.identify(answer)
    assert (identity.model if identity else None) == model


def test_a_bench_file_with_an_unknown_command_is_refused_with_what_there_is() -> None:
    with pytest.raises(ConfigError, match="'speed' is no command of this driver; there are: start, stop"):
        options_from(ScpiPumpOptions, {"commands": {"speed": "B"}}, "pump.options")
