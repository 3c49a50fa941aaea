"""The drivers of bench supplies, turn by turn and against the simulated supplies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import pytest

from instruments import scpi as module
from instruments.driver import CAPABILITIES
from instruments.errors import BenchError, ConfigError, Refused, ReplyError, ReplyTimeout, SettingDiffers
from instruments.options import options_from
from instruments.sim.supply import SupplyDevice
from instruments.supplies import Supply, keysight_e36300, rigol_dp800
from instruments.supplies.keysight_e36300 import KeysightE36300
from instruments.supplies.rigol_dp800 import RigolDp800
from instruments.wire.scpi import response_ends
from tests.instruments.script import Answer, Turn, scripted
from tests.instruments.sim import supply_states
from tests.instruments.simulated_line import line_to

TAKEN: Turn = (b"SYST:ERR?\n", [b'+0,"No error"\n'])


@pytest.fixture(autouse=True)
def two_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MARKS", cycle(range(2, 10)))


def turn(asked: str, *answers: str | Answer) -> Turn:
    framed = [answer.encode("ascii") + b"\n" if isinstance(answer, str) else answer for answer in answers]
    return asked.encode("ascii") + b"\n", framed


@contextmanager
def keysight(*turns: Turn, channel: int = 1, cc_bit: int = 0) -> Iterator[KeysightE36300]:
    with scripted(response_ends, *turns) as script:
        yield KeysightE36300(script.link, channel=channel, cc_bit=cc_bit)


@contextmanager
def rigol(*turns: Turn, channel: int = 1) -> Iterator[RigolDp800]:
    with scripted(response_ends, *turns) as script:
        yield RigolDp800(script.link, channel=channel, crlf=False)


# --- Keysight, turn by turn ---

SIX = "MEAS:VOLT? (@1);:MEAS:CURR? (@1);:OUTP? (@1);:VOLT:PROT:TRIP? (@1);:CURR:PROT:TRIP? (@1);:STAT:QUES:INST:ISUM1:COND?"
POLLS = [
    # the six answers, which bit says CC; volts, amps, mode, trip
    ("+2.99990000E+00;+1.20000000E-03;1;0;0;+2", 0, 2.9999, 0.0012, "CV", ""),
    ("+1.00000000E+00;+1.00000000E-01;1;0;0;+1", 0, 1.0, 0.1, "CC", ""),
    ("+1.00000000E+00;+1.00000000E-01;1;0;0;2", 1, 1.0, 0.1, "CC", ""),
    ("+2.00000000E-04;+0.00000000E+00;0;0;0;+0", 0, 0.0002, 0.0, "OFF", ""),
    ("+2.00000000E-04;+0.00000000E+00;0;1;0;+0", 0, 0.0002, 0.0, "OFF", "OVP"),
    ("+2.00000000E-04;+0.00000000E+00;0;0;1;+0", 0, 0.0002, 0.0, "OFF", "OCP"),
]


@pytest.mark.parametrize(("answer", "cc_bit", "volts", "amps", "mode", "tripped"), POLLS)
def test_one_message_tells_all_of_a_keysight_output(
    answer: str, cc_bit: int, volts: float, amps: float, mode: str, tripped: str
) -> None:
    with keysight(turn(SIX, (0.03, answer.encode() + b"\n")), cc_bit=cc_bit) as supply:
        status = supply.poll()
    assert (status.voltage_v, status.current_a, status.mode, status.tripped, status.stamp_us) == (
        volts,
        amps,
        mode,
        tripped,
        30_000,
    )


NOT_SIX = ["1;2;1;0;0", "1;2;1;0;0;2;3", "1;2;ON;0;0;2", "1;2;5;0;0;2", "garbage", '"1;2;1;0;0;2"']


@pytest.mark.parametrize("answer", NOT_SIX)
def test_what_are_not_six_answers_is_never_taken_for_them(answer: str) -> None:
    with keysight(turn(SIX, answer), turn("*ESE?;*ESE?", "+0;+0"), TAKEN) as supply, pytest.raises(ReplyError):
        supply.poll()


@pytest.mark.parametrize("bits", ["+0", "+3", "+4"])
def test_an_output_that_is_on_and_holds_nothing_is_no_status(bits: str) -> None:
    with keysight(turn(SIX, f"1;0;1;0;0;{bits}")) as supply, pytest.raises(ReplyError):
        supply.poll()


def test_an_answer_of_before_is_not_that_of_the_next_question() -> None:
    late = turn("VOLT? (@1)", (2.05, b"+9.00000000E+00\n"))
    turns = [turn("VOLT 3,(@1)"), TAKEN, late, turn("*ESE?;*ESE?", "+0;+0"), TAKEN]
    with keysight(*turns, turn("VOLT 2,(@1)"), TAKEN, turn("VOLT? (@1)", "+2.00000000E+00")) as supply:
        with pytest.raises(ReplyTimeout):
            supply.set_voltage(3.0)
        assert supply.set_voltage(2.0) == 2.0


def test_half_an_answer_is_none() -> None:
    with keysight(turn(SIX, b"+2.99990000E+00;+1.2"), turn("*ESE?;*ESE?", "+0;+0"), TAKEN) as supply, pytest.raises(ReplyTimeout):
        supply.poll()


def test_a_trip_is_cleared_with_the_output_off_first() -> None:
    turns = [turn("OUTP OFF,(@2)"), TAKEN, turn("OUTP? (@2)", "0"), turn("OUTP:PROT:CLE (@2)"), TAKEN]
    with keysight(*turns, turn("VOLT:PROT:TRIP? (@2)", "0"), turn("CURR:PROT:TRIP? (@2)", "0"), channel=2) as supply:
        supply.clear_trip()


def test_an_output_that_does_not_go_off_is_not_cleared() -> None:
    with keysight(turn("OUTP OFF,(@1)"), TAKEN, turn("OUTP? (@1)", "1")) as supply, pytest.raises(SettingDiffers):
        supply.clear_trip()


# --- Rigol, turn by turn ---

RIGOL_POLLS = [
    (["3.000,0.001,0.003", "ON", "CV", "NO", "NO"], "CV", ""), (["1.000,0.100,0.100", "ON", "CC", "NO", "NO"], "CC", ""),
    (["0.000,0.000,0.000", "OFF", "", "YES"], "OFF", "OVP"), (["0.000,0.000,0.000", "OFF", "", "NO", "YES"], "OFF", "OCP"),
]  # fmt: skip
ASKED = [":MEAS:ALL? CH1", ":OUTP? CH1", ":OUTP:MODE? CH1", ":OUTP:OVP:QUES? CH1", ":OUTP:OCP:QUES? CH1"]


@pytest.mark.parametrize(("answers", "mode", "tripped"), RIGOL_POLLS)
def test_a_rigol_channel_is_asked_by_its_name(answers: Sequence[str], mode: str, tripped: str) -> None:
    turns = [turn(asked, answer) for asked, answer in zip(ASKED, answers, strict=False) if answer]
    with rigol(*turns) as supply:
        status = supply.poll()
    assert (status.voltage_v, status.mode, status.tripped) == (float(answers[0][:5]), mode, tripped)


@pytest.mark.parametrize("answer", ["CH1:30V/3A,3.000,1.0000", "CH1,3.000,1.0000"])
def test_settings_are_read_whatever_stands_before_them(answer: str) -> None:
    with rigol(turn(":SOUR1:VOLT 3"), TAKEN, turn(":APPL? CH1", answer)) as supply:
        assert supply.set_voltage(3.0) == 3.0


@pytest.mark.parametrize(
    "answer", ["CH2:30V/3A,3.000,1.0000", "3.000,1.0000", "CH1,3.000", "CH1,3.000,1.0000,2", "CH1,x,1.0000", "CH1"]
)
def test_settings_of_another_channel_are_never_taken(answer: str) -> None:
    turns = [turn(":SOUR1:VOLT 3"), TAKEN, turn(":APPL? CH1", answer), turn("*ESE?;*ESE?", "0;0"), TAKEN]
    with rigol(*turns) as supply, pytest.raises(ReplyError):
        supply.set_voltage(3.0)


@pytest.mark.parametrize(("index", "answer"), [(0, "3.000,0.001"), (1, "1.5"), (1, "MAYBE"), (2, "ON"), (3, "MAYBE")])
def test_what_is_no_answer_of_a_rigol_supply_is_never_taken(index: int, answer: str) -> None:
    good = RIGOL_POLLS[0][0]
    turns = [turn(asked, said) for asked, said in zip(ASKED[:index], good, strict=False)]
    wrong = [turn(ASKED[index], answer), turn("*ESE?;*ESE?", "0;0"), TAKEN]
    with rigol(*turns, *wrong) as supply, pytest.raises(ReplyError):
        supply.poll()


# --- both, against the simulated supplies ---

DRIVERS = {
    "keysight": (keysight_e36300.DRIVER, supply_states.keysight),
    "rigol": (rigol_dp800.DRIVER, supply_states.rigol),
}
BOTH = pytest.mark.parametrize("maker", DRIVERS)
Wait = Callable[[float], None]


@contextmanager
def simulated(maker: str, options: dict[str, Any] | None = None, **data: Any) -> Iterator[tuple[Supply, SupplyDevice, Wait]]:
    """A connected driver, its supply, and how to let time pass."""
    driver, make = DRIVERS[maker]
    device = make(**data).device
    with line_to(device, driver.framer) as link:
        supply = driver.make(link, options_from(driver.options, options or {}, "battery.options"))
        supply.connect()
        yield supply, device, lambda duration_s: link._clock.sleep_until(link._clock.now_s() + duration_s)


@BOTH
def test_a_battery_is_stepped_down_into_its_current_limit(maker: str) -> None:
    with simulated(maker, resistance_ohm=100.0) as (supply, _, wait):
        assert (supply.set_voltage(3.0), supply.set_current_limit(0.1), supply.switch(on=True)) == (3.0, 0.1, True)
        wait(0.1)
        status = supply.poll()
        assert (status.voltage_v, status.current_a, status.mode, status.tripped) == (3.0, 0.03, "CV", "")
        supply.set_current_limit(0.02)
        wait(0.1)
        status = supply.poll()
        assert (status.voltage_v, status.current_a, status.mode) == (2.0, 0.02, "CC")
        assert supply.switch(on=False) is False
        wait(0.1)
        status = supply.poll()
        assert (status.mode, status.voltage_v < 0.001, status.current_a) == ("OFF", True, 0.0)


@BOTH
def test_connecting_leaves_the_output_as_it_is(maker: str) -> None:
    with simulated(maker, on=True, voltage_v=3.0) as (supply, device, wait):
        assert device.outputs[1].on
        wait(1.0)
        assert supply.poll().mode == "CV"
        assert supply.resume().model.split()[-1] in ("E36312A", "DP832")
        assert device.outputs[1].on


@BOTH
def test_what_the_supply_refuses_is_refused_with_its_code(maker: str) -> None:
    with simulated(maker) as (supply, _, _wait):
        for act in (supply.set_voltage, supply.set_current_limit):
            with pytest.raises(Refused) as caught:
                act(99.0)
            assert caught.value.code == "-222"


@BOTH
@pytest.mark.parametrize("restores", [True, False])
def test_after_a_cleared_trip_the_output_is_off(maker: str, restores: bool) -> None:
    data = {"clear_restores": restores} if maker == "keysight" else {}
    with simulated(maker, **data) as (supply, device, wait):
        supply.set_voltage(3.0)
        supply.switch(on=True)
        device.outputs[1].ovp_on, device.outputs[1].ovp_v = True, 2.0
        wait(0.1)
        device.look()
        assert (supply.poll().tripped, supply.poll().mode) == ("OVP", "OFF")
        supply.clear_trip()
        assert (supply.poll().tripped, supply.poll().mode, device.outputs[1].on) == ("", "OFF", False)


@BOTH
def test_another_channel_is_left_alone(maker: str) -> None:
    with simulated(maker, {"channel": 2}) as (supply, device, _wait):
        assert supply.set_voltage(12.0) == 12.0
        supply.switch(on=True)
        assert [(output.voltage_v, output.on) for output in device.outputs.values()] == [(0.0, False), (12.0, True), (0.0, False)]


def test_a_rigol_on_rs232_is_spoken_to_with_cr_and_lf() -> None:
    with simulated("rigol", {"crlf": True}, rs232=True) as (supply, _, _wait):
        assert supply.set_voltage(3.0) == 3.0
        assert supply.resume().serial == "DP8C194205678"


def test_a_keysight_with_the_other_bits() -> None:
    with simulated("keysight", {"cc_bit": 1}, cc_bit=1, resistance_ohm=10.0) as (supply, _, wait):
        supply.set_voltage(3.0)
        supply.switch(on=True)
        wait(0.1)
        assert supply.poll().mode == "CV"
        supply.set_current_limit(0.1)
        wait(0.1)
        assert supply.poll().mode == "CC"


DIFFERENT: list[tuple[Callable[..., Any], str, str, str]] = [
    (keysight, "VOLT 3,(@1)", "VOLT? (@1)", "+3.00200000E+00"),
    (rigol, ":SOUR1:VOLT 3", ":APPL? CH1", "CH1,3.002,1.0000"),
]


@pytest.mark.parametrize(("supply", "setting", "question", "answer"), DIFFERENT)
def test_a_voltage_that_the_supply_did_not_take_is_an_error(
    supply: Callable[..., Any], setting: str, question: str, answer: str
) -> None:
    with supply(turn(setting), TAKEN, turn(question, answer)) as driver, pytest.raises(SettingDiffers):
        driver.set_voltage(3.0)


NOT_SWITCHED: list[tuple[Callable[..., Any], str, str, str]] = [
    (keysight, "OUTP ON,(@1)", "OUTP? (@1)", "0"),
    (rigol, ":OUTP CH1,ON", ":OUTP? CH1", "OFF"),
]


@pytest.mark.parametrize(("supply", "setting", "question", "answer"), NOT_SWITCHED)
def test_an_output_that_does_not_come_on_is_an_error(
    supply: Callable[..., Any], setting: str, question: str, answer: str
) -> None:
    with (
        supply(turn(setting), TAKEN, turn(question, answer)) as driver,
        pytest.raises(SettingDiffers, match="output: asked for on, the supply says off"),
    ):
        driver.switch(on=True)


# --- what they tell of themselves ---


@BOTH
def test_capabilities_are_known_words_and_probes_know_their_own(maker: str) -> None:
    driver, make = DRIVERS[maker]
    assert set(CAPABILITIES) >= driver.can == {"output", "protection"}
    assert driver.probe is not None
    identity = driver.probe.identify(make().ask(b"*IDN?\n"))
    assert identity is not None
    assert driver.probe.identify(b"Dosebench,IP20,P1,1.0.0\n") is None


@pytest.mark.parametrize(
    ("maker", "options"), [("keysight", {"channel": 4}), ("keysight", {"cc_bit": 2}), ("rigol", {"channel": 0})]
)
def test_options_out_of_range_are_refused(maker: str, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        options_from(DRIVERS[maker][0].options, options, "battery.options")


def test_silence_is_an_error_of_the_bench() -> None:
    with keysight(turn(SIX), turn("*ESE?;*ESE?")) as supply, pytest.raises(BenchError, match="no answer"):
        supply.poll()
