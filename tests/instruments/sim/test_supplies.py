"""What simulated supplies do: settings, channels, a load, protections, settling, and where their dialects differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from instruments.clock import VirtualClock
from instruments.sim.device import SimDevice
from instruments.sim.dp800 import build as build_rigol
from instruments.sim.e36300 import build as build_keysight
from instruments.sim.implantable_commands import build as build_pump
from instruments.sim.physics.line import Line
from instruments.sim.physics.path import FluidPath
from instruments.sim.setup import Setup
from instruments.sim.site import Site
from instruments.sim.supply import Load
from instruments.wire import scpi_response as response
from instruments.wire.scpi import response_ends
from tests.instruments.sim.supply_states import SupplyStanding, keysight, rigol
from tests.instruments.wire.chunks import noisy

NO_ERROR, OUT_OF_RANGE = '+0,"No error"', '-222,"Data out of range"'
MAKERS = pytest.mark.parametrize("supply", [keysight, rigol])
Make = Callable[..., SupplyStanding]


# --- the load ---

HELD = [
    # volts, limit, ohms, drawn beside; volts, amps, mode
    (3.0, 1.0, float("inf"), 0.0, 3.0, 0.0, "CV"),
    (3.0, 1.0, 10.0, 0.0, 3.0, 0.3, "CV"),
    (3.0, 0.3, 10.0, 0.0, 3.0, 0.3, "CV"),
    (3.0, 0.1, 10.0, 0.0, 1.0, 0.1, "CC"),
    (3.0, 0.1, 10.0, 0.05, 0.5, 0.1, "CC"),
    (3.0, 0.1, float("inf"), 0.2, 0.0, 0.1, "CC"),
    (3.0, 0.0, 10.0, 0.0, 0.0, 0.0, "CC"),
    (0.0, 1.0, 10.0, 0.05, 0.0, 0.0, "CV"),
]


@pytest.mark.parametrize(("volts", "limit_a", "ohms", "drawn_a", "held_v", "held_a", "mode"), HELD)
def test_voltage_or_current_is_held_whichever_the_load_reaches_first(
    volts: float, limit_a: float, ohms: float, drawn_a: float, held_v: float, held_a: float, mode: str
) -> None:
    found_v, found_a, found = Load(ohms, lambda: drawn_a).held(volts, limit_a)
    assert (found_v, found_a, found) == (pytest.approx(held_v), pytest.approx(held_a), mode)


# --- Keysight ---

KEYSIGHT = [
    # asked one after the other, the last answer
    (["VOLT 5,(@1)", "VOLT? (@1)"], "+5.00000000E+00"),
    (["VOLTAGE:LEVEL:IMMEDIATE:AMPLITUDE 5, (@1)", ":SOUR:VOLT? (@1)"], "+5.00000000E+00"),
    (["VOLT 500 mV,(@1)", "VOLT? (@1)"], "+5.00000000E-01"),
    (["VOLT MAX,(@2)", "VOLT? (@2)"], "+2.50000000E+01"),
    (["VOLT? MAX,(@2)"], "+2.50000000E+01"), (["CURR? MIN,(@1)"], "+0.00000000E+00"), (["CURR? (@1)"], "+5.00000000E+00"),
    (["VOLT 3,(@1:3)", "VOLT? (@1,2,3)"], "+3.00000000E+00,+3.00000000E+00,+3.00000000E+00"),
    (["INST CH2", "VOLT 20", "VOLT? (@2)"], "+2.00000000E+01"),
    (["INST:NSEL 3", "INST?"], "CH3"),
    (["INST P25V", "INST:NSEL?"], "+2"),
    (["INST OUTP3", "INST:NSEL?"], "+3"), (["INST:NSEL 2;:VOLT 4;VOLT?"], "+4.00000000E+00"),
    (["APPL CH2,20,0.5", "APPL? (@2)"], '"+2.00000000E+01,+5.00000000E-01"'),
    (["APPL 5,1,(@1)", "APPL? CH1"], '"+5.00000000E+00,+1.00000000E+00"'), (["APPL 5,(@1)", "CURR? (@1)"], "+5.00000000E+00"),
    (["OUTP ON,(@1,3)", "OUTP? (@1:3)"], "1,0,1"), (["outp:stat 1, (@1)", "OUTP?"], "1"), (["OUTP? (@1)"], "0"),
    (["VOLT:PROT? (@1)"], "+6.60000000E+00"), (["VOLT:PROT:STAT? (@1)"], "1"), (["CURR:PROT:STAT? (@1)"], "0"),
    (["CURR:PROT:DEL 0.1,(@1)", "CURR:PROT:DEL? (@1)"], "+1.00000000E-01"),
    (["VOLT 5,(@1)", "OUTP ON,(@1)", "*RST", "OUTP?;:VOLT?;:CURR?"], "0;+0.00000000E+00;+5.00000000E+00"),
    (["STAT:QUES:INST:ISUM1:COND?"], "+0"), (["SYST:REM", "SYST:ERR?"], NO_ERROR),
    (["*IDN?"], "Keysight Technologies,E36312A,SIM0000001,2.1.0-1.0.4-1.12"),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "answer"), KEYSIGHT)
def test_what_a_keysight_supply_answers(texts: list[str], answer: str) -> None:
    standing = keysight()
    assert standing.all_told(*texts)[-1] == answer
    assert standing.told("SYST:ERR?") == NO_ERROR


KEYSIGHT_REFUSES = [
    ("VOLT 6.1,(@1)", OUT_OF_RANGE),
    ("VOLT 6.1,(@1:3)", OUT_OF_RANGE),
    ("VOLT -1,(@1)", OUT_OF_RANGE),
    ("VOLT 5,(@4)", OUT_OF_RANGE),
    ("CURR 5.1,(@1)", OUT_OF_RANGE),
    ("APPL CH1,7,1", OUT_OF_RANGE),
    ("INST:NSEL 4", OUT_OF_RANGE),
    ("CURR:PROT:DEL 0.3", OUT_OF_RANGE),
    ("VOLT 5,5", '-108,"Parameter not allowed"'),
    ("VOLT", '-109,"Missing parameter"'),
    ("OUTP MAYBE", '-148,"Character data not allowed"'),
    ("INST CH9", '-224,"Illegal parameter value"'),
    ("VOLT 5 A", '-131,"Invalid suffix"'),
    ("OUTP ON,5", '-108,"Parameter not allowed"'),
    ("VOLTA 5", '-113,"Undefined header"'), ("STAT:QUES:INST:ISUM4:COND?", '-114,"Header suffix out of range"'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "error"), KEYSIGHT_REFUSES)
def test_what_a_keysight_supply_refuses(text: str, error: str) -> None:
    standing = keysight()
    standing.told("*CLS")
    assert standing.told(text) == ""
    assert standing.all_told("SYST:ERR?", "SYST:ERR?") == [error, NO_ERROR]
    assert standing.told("VOLT? (@1:3)") == ",".join(["+0.00000000E+00"] * 3)


DISPUTED: list[tuple[dict[str, Any], str, str]] = [
    ({"decimals": 5}, "VOLT? (@1)", "+0.00000E+00"), ({"selected_as": "OUTP"}, "INST?", "OUTP1"),
    ({"apply_quoted": False}, "APPL? (@1)", "+0.00000000E+00,+5.00000000E+00"),
]  # fmt: skip


@pytest.mark.parametrize(("option", "text", "answer"), DISPUTED)
def test_what_the_sources_dispute_is_an_option(option: dict[str, Any], text: str, answer: str) -> None:
    assert keysight(**option).told(text) == answer
    assert keysight().told(text) != answer


@pytest.mark.parametrize(("cc_bit", "voltage", "current"), [(0, "+2", "+1"), (1, "+1", "+2")])
def test_the_register_of_an_output_tells_what_it_holds(cc_bit: int, voltage: str, current: str) -> None:
    standing = keysight(cc_bit=cc_bit, resistance_ohm=10.0)
    standing.all_told("APPL CH1,5,1", "OUTP ON,(@1)")
    assert standing.told("STAT:QUES:INST:ISUM1:COND?") == voltage
    standing.told("CURR 0.1,(@1)")
    assert standing.told("STAT:QUES:INST:ISUM1:COND?;EVEN?;EVEN?") == f"{current};+3;+0"


def test_an_overcurrent_trip_follows_the_limit_after_its_delay() -> None:
    standing = keysight(resistance_ohm=10.0)
    standing.all_told("APPL CH1,5,1", "CURR:PROT:STAT ON,(@1)", "CURR:PROT:DEL 0.25,(@1)", "OUTP ON,(@1)")
    standing.say(b"CURR 0.1,(@1)\n")
    standing.pass_s(0.249)
    assert standing.device.outputs[1].on
    standing.pass_s(0.002)
    assert standing.told("OUTP? (@1);:CURR:PROT:TRIP? (@1);:VOLT:PROT:TRIP? (@1)") == "0;1;0"


def test_a_limit_that_is_left_in_time_trips_nothing() -> None:
    standing = keysight(resistance_ohm=10.0)
    standing.all_told("APPL CH1,5,1", "CURR:PROT:STAT ON,(@1)", "CURR:PROT:DEL 0.25,(@1)", "OUTP ON,(@1)")
    for text in ("CURR 0.1,(@1)", "CURR 1,(@1)", "CURR 0.1,(@1)", "CURR 1,(@1)"):
        standing.say(text.encode() + b"\n")
        standing.pass_s(0.2)
    assert standing.device.outputs[1].on


RESTORES = [(True, "VOLT 3,(@1)", "1"), (True, "OUTP OFF,(@1)", "0"), (False, "VOLT 3,(@1)", "0")]


@pytest.mark.parametrize(("restores", "meanwhile", "after"), RESTORES)
def test_after_a_trip_is_cleared_the_output_is_as_before_or_off(restores: bool, meanwhile: str, after: str) -> None:
    standing = keysight(clear_restores=restores)
    standing.all_told("VOLT:PROT 4,(@1)", "VOLT 5,(@1)", "OUTP ON,(@1)")
    assert standing.told("OUTP? (@1);:VOLT:PROT:TRIP? (@1)") == "0;1"
    standing.all_told(meanwhile, "OUTP:PROT:CLE (@1)")
    assert standing.told("OUTP? (@1);:VOLT:PROT:TRIP? (@1)") == f"{after};0"


def test_an_output_that_is_still_too_high_trips_again() -> None:
    standing = keysight()
    standing.all_told("VOLT:PROT 4,(@1)", "VOLT 5,(@1)", "OUTP ON,(@1)", "OUTP:PROT:CLE (@1)")
    assert standing.told("VOLT:PROT:TRIP? (@1)") == "1"


# --- Rigol ---

RIGOL = [
    ([":APPL CH1,5,1", ":APPL? CH1"], "CH1:30V/3A,5.000,1.0000"), ([":APPL CH3,5,1", ":APPL? CH3"], "CH3:5V/3A,5.000,1.0000"),
    ([":SOUR2:VOLT 12", ":APPL? CH2"], "CH2:30V/3A,12.000,3.2000"), ([":SOUR2:CURR 0.5", ":SOUR2:CURR?"], "0.5000"),
    ([":SOUR1:VOLT? MAX"], "32.000"), ([":OUTP CH1,ON", ":OUTP? CH1"], "ON"), ([":OUTP? CH2"], "OFF"),
    ([":OUTP:MODE? CH1"], "UR"), ([":SOUR1:VOLT 5", ":OUTP CH1,ON", ":OUTP:CVCC? CH1"], "CV"),
    ([":OUTP:OVP:VAL CH1,8.8", ":OUTP:OVP:VAL? CH1"], "8.800"), ([":OUTP:OCP:VAL CH1,1.5", ":OUTP:OCP:VAL? CH1"], "1.5000"),
    ([":OUTP:OVP CH1,ON", ":OUTP:OVP? CH1"], "ON"), ([":OUTP:OVP:QUES? CH1"], "NO"), ([":OUTP:OCP:ALAR? CH1"], "NO"),
    ([":SOUR2:VOLT:PROT 8.8", ":SOUR2:VOLT:PROT?;:OUTP:OVP:VAL? CH2;:VOLT:PROT:LEV?"], "8.800;8.800;33.000"),
    ([":CURR:PROT:STAT on", ":CURR:PROT:STAT?;:OUTP:OCP? CH1;:SOUR2:CURR:PROT:STAT?;:CURR:PROT:TRIP?"], "ON;ON;OFF;NO"),
    ([":SYST:REM", ":SYST:RWL ON", ":SYST:BEEP:STAT OFF", ":SYST:LOC", ":INST?"], "CH1"),
    ([":INST CH2", ":INST?"], "CH2"),
    ([":INST:NSEL 3", ":INST:NSEL?"], "3"),
    ([":MEAS? CH1"], "0.000"),
    ([":MEAS:POWE? CH1"], "0.000"),
    ([":SYST:ERR?"], '0,"No error"'), (["*IDN?"], "RIGOL TECHNOLOGIES,DP832,DP8C194205678,00.01.14"),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "answer"), RIGOL)
def test_what_a_rigol_supply_answers(texts: list[str], answer: str) -> None:
    standing = rigol()
    assert standing.all_told(*texts)[-1] == answer
    assert standing.told(":SYST:ERR?") == '0,"No error"'


RIGOL_REFUSES = [
    (":APPL CH1,33,1", OUT_OF_RANGE),
    (":APPL CH3,5.4,1", OUT_OF_RANGE),
    (":SOUR1:CURR 3.3", OUT_OF_RANGE),
    (":OUTP:OVP:VAL CH1,34", OUT_OF_RANGE),
    (":OUTP CH4,ON", '-224,"Illegal parameter value"'), (":INST CH9", '-224,"Illegal parameter value"'),
    (":SOUR4:VOLT 5", '-114,"Header suffix out of range"'), (":VOLTS 5", '-113,"Undefined header"'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "error"), RIGOL_REFUSES)
def test_what_a_rigol_supply_refuses(text: str, error: str) -> None:
    standing = rigol()
    assert standing.told(text) == ""
    assert standing.all_told(":SYST:ERR?", ":SYST:ERR?") == [error, '0,"No error"']


def test_the_answer_to_apply_without_a_rating() -> None:
    assert rigol(apply_with_rating=False).told(":APPL? CH1") == "CH1,0.000,3.2000"


def test_a_rigol_trip_holds_the_output_until_it_is_cleared_and_switched_on() -> None:
    standing = rigol(resistance_ohm=10.0)
    standing.all_told(":SOUR1:VOLT 5", ":OUTP:OCP:VAL CH1,0.4", ":OUTP:OCP CH1,ON", ":OUTP CH1,ON")
    assert standing.told(":OUTP? CH1;:OUTP:OCP:QUES? CH1;:OUTP:OVP:ALAR? CH1;:SOUR1:CURR:PROT:TRIP?") == "OFF;YES;NO;YES"
    standing.all_told(":SOUR1:VOLT 3", ":OUTP CH1,ON")
    assert standing.told(":OUTP? CH1") == "OFF"
    standing.told(":OUTP:OCP:CLEAR CH1")
    assert standing.told(":OUTP? CH1;:OUTP:OCP:QUES? CH1") == "OFF;NO"
    standing.told(":OUTP CH1,ON")
    assert standing.told(":OUTP? CH1;:OUTP:MODE? CH1") == "ON;CV"


def test_a_selected_channel_is_meant_after_a_while() -> None:
    standing = rigol(select_s=0.1)
    standing.all_told(":SOUR1:VOLT 1", ":SOUR2:VOLT 2")
    standing.say(b":INST CH2\n")
    standing.say(b":VOLT?\n")
    standing.pass_s(0.05)
    standing.say(b":VOLT?\n")
    standing.pass_s(0.06)
    standing.say(b":VOLT?\n")
    standing.pass_s(0.05)
    assert standing.heard() == b"1.000\n1.000\n2.000\n"


SELECTED = {"in one message": [":INST CH2;:VOLT 3;VOLT?"], "a setting of its own": [":INST CH2", ":VOLT 3"]}


@pytest.mark.parametrize("texts", SELECTED.values(), ids=SELECTED)
def test_settings_and_the_message_that_selects_mean_the_new_channel_at_once(texts: list[str]) -> None:
    standing = rigol(select_s=0.1)
    for text in texts:
        standing.say(f"{text}\n".encode())
    standing.pass_s(0.2)
    assert standing.heard() == (b"3.000\n" if "?" in texts[-1] else b"")
    assert standing.told(":SOUR1:VOLT?;:SOUR2:VOLT?") == "0.000;3.000"


def test_on_rs232_a_message_ends_with_cr_and_lf_only() -> None:
    standing = rigol(rs232=True)
    assert standing.told(":OUTP? CH1") == ""
    standing.heard()
    assert standing.ask(b"\r\n") == b"OFF\r\n"
    assert standing.ask(b"*OPC?\r\n") == b"1\r\n"


# --- both: settling, output off, power left on ---


@MAKERS
def test_the_output_settles_and_falls_to_nearly_nothing(supply: Make) -> None:
    standing = supply(settling_s=0.5, off_v=2e-4)
    output = standing.device.outputs[1]
    standing.say(b"APPL CH1,5,1;:OUTP ON\n")
    standing.pass_s(0.1)
    assert 3.0 < output.voltage(standing.device.now_s) < 4.0
    standing.pass_s(0.4)
    assert output.voltage(standing.device.now_s) == 5.0
    standing.say(b"OUTP OFF\n")
    standing.pass_s(0.5)
    assert output.voltage(standing.device.now_s) == 2e-4


@MAKERS
def test_a_supply_may_have_been_left_on(supply: Make) -> None:
    device = supply(on=True, voltage_v=3.0, current_a=0.1).device
    assert (device.terminal_v(), device.outputs[1].on, device.outputs[2].on, device.outputs[1].limit_a) == (3.0, True, False, 0.1)


@MAKERS
def test_a_trip_sets_no_time_before_now(supply: Make) -> None:
    standing = supply(resistance_ohm=10.0)
    standing.told("APPL CH1,5,1;:OUTP ON")
    assert standing.device.next_event_s() > standing.device.now_s


@given(data=noisy(b'\n;:?*,. 0159@()VOLTCURROUTPAPPLCH1"'))
@MAKERS
def test_no_bytes_bring_a_supply_down_and_all_it_says_is_a_line(supply: Make, data: bytes) -> None:
    standing = supply()
    standing.say(data)
    standing.pass_s(1.0)
    heard = standing.heard()
    ends = response_ends(heard).tolist()
    for start, end in zip([0, *ends], ends, strict=False):
        response.body(heard[start:end])
    assert len(heard) == (ends[-1] if ends else 0)


# --- the bench: a supply in place of the pump's battery ---


@pytest.mark.parametrize(("driver", "build"), [("keysight-e36300", build_keysight), ("rigol-dp800", build_rigol)])
def test_a_pump_lives_on_the_supply_and_runs_down_with_it(driver: str, build: Callable[[Site], SupplyStanding]) -> None:
    options = {"battery": {"on": True, "voltage_v": 3.0, "settling_s": 0.05, "serial": "S1"}, "pump": {}}
    devices: dict[str, SimDevice] = {}
    setup, path, clock = Setup(options=options), FluidPath(Line()), VirtualClock()
    for role, make in (("battery", build), ("pump", build_pump)):
        table = {"driver": driver if role == "battery" else "scpi-pump", "address": f"sim://b/{role}"}
        devices[role] = make(Site({role: table}, setup, path, lambda moments_s: moments_s, devices))  # type: ignore[operator]
        clock.add(devices[role])
    battery, pump = devices["battery"], devices["pump"]
    pump.receive(b"INF:RATE 10;:INIT\n")
    clock.sleep_until(1.0)
    output = battery.outputs[1]  # type: ignore[attr-defined]
    assert output.current(clock.now_s()) == pytest.approx(616e-6)
    for volts, state, running in ((2.55, "ERI", True), (2.2, "EOS", False), (1.0, "", False)):
        battery.receive(f"APPL CH1,{volts},0.1\n".encode())
        clock.sleep_until(clock.now_s() + 5.0)
        pump.receive(b"BATT:STAT?\n")
        clock.sleep_until(clock.now_s() + 1.0)
        assert pump.take().data.decode().strip() == state
        assert (pump.delivery.state != "OFF") is running  # type: ignore[attr-defined]
    assert output.current(clock.now_s()) == 0.0
