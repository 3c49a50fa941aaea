"""The simulated DAQ970A: modules and channels, scan list, scans and their timing, what is told of a reading, digital bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from instruments.errors import ConfigError
from instruments.sim.acquisition import Reading
from instruments.sim.daq import Daq, build
from instruments.sim.daq_scanner import DaqData
from instruments.sim.physics.motion import Motion
from tests.instruments.sim.scpi_states import ScpiStanding, daq, errors, site_of

Turns = list[tuple[str, str]]
VOLTS = {101: 1.0, 102: 2.0, 103: 3.0, 120: 0.05}
ONE, TWO, THREE = (f"{value:+.8E}" for value in (1.0, 2.0, 3.0))


def scanner() -> ScpiStanding:
    device = daq(VOLTS)
    device.told("*CLS")
    return device


# --- scan list and channels ---

LISTS: dict[str, Turns] = {
    "empty": [("ROUT:SCAN?", "#13(@)"), ("ROUT:SCAN:SIZE?", "+0")],
    "three": [("ROUT:SCAN (@101:103)", ""), ("ROUT:SCAN?", "#214(@101,102,103)"), ("ROUT:SCAN:SIZE?", "+3")],
    "ascending and once each": [("ROUT:SCAN (@103,101,103)", ""), ("ROUT:SCAN?", "#210(@101,103)")],
    "across slots": [("ROUT:SCAN (@121:302)", ""), ("ROUT:SCAN?", "#218(@121,122,301,302)")],
    "emptied": [("ROUT:SCAN (@101);SCAN (@);SCAN?", "#13(@)")],
    "CONF redefines it": [("ROUT:SCAN (@101:103);:CONF:VOLT:DC 10,(@102)", ""), ("ROUT:SCAN?", "#16(@102)")],
    "MEAS redefines it": [("ROUT:SCAN (@101:103);:MEAS:DIG:BYTE? (@301)", "+255"), ("ROUT:SCAN?", "#16(@301)")],
    "a reset empties it": [("ROUT:SCAN (@101)", ""), ("*RST;:ROUT:SCAN?", "#13(@)")],
    "a preset does not": [("ROUT:SCAN (@101)", ""), ("SYST:PRES;:ROUT:SCAN?", "#16(@101)")],
    "CONF turns the extras off": [("FORM:READ:CHAN ON;UNIT ON;:CONF:VOLT:DC (@101)", ""), ("FORM:READ:CHAN?;UNIT?", "0;0")],
    "MEAS turns the extras off": [("FORM:READ:CHAN ON;:MEAS:VOLT:DC? (@101)", ONE), ("FORM:READ:CHAN?", "0")],
    "SENS does neither": [
        ("ROUT:SCAN (@101);:FORM:READ:CHAN ON;:SENS:DIG:DATA:BYTE? (@301)", "+255"),
        ("ROUT:SCAN?;:FORM:READ:CHAN?", "#16(@101);1"),
    ],
    "CONF resets the parameters of its channels only": [
        ("ROUT:CHAN:DEL 2,(@101,102);:VOLT:NPLC 10,(@101,102);:CONF:VOLT:DC 1,(@101)", ""),
        ("ROUT:CHAN:DEL? (@101,102)", "+0.00000000E+00,+2.00000000E+00"),
        ("VOLT:DC:NPLC? (@101,102)", "+1.00000000E+00,+1.00000000E+01"),
        ("VOLT:RANG? (@101);RANG:AUTO? (@101,102)", "+1.00000000E+00;0,1"),
    ],
    "without a list the scan list": [
        ("ROUT:SCAN (@101:102);:VOLT:NPLC 10", ""), ("VOLT:NPLC?", "+1.00000000E+01,+1.00000000E+01"),
    ],
    "CONF without a list keeps it": [("ROUT:SCAN (@101:102);:CONF:VOLT:DC 10;:ROUT:SCAN?", "#210(@101,102)")],
    "CONF with resolution": [("CONF:VOLT:DC 10,0.001,(@101);:VOLT:NPLC? (@101)", "+2.00000000E-02")],
    "spaces in lists": [("ROUT:CHAN:DEL 1.5, (@101, 102)", ""), ("ROUT:CHAN:DEL? (@102)", "+1.50000000E+00")],
    "what is in the slots": [
        ("SYST:CTYP? 100", "Keysight Technologies,DAQM901A,MY00000100,1.00"), ("SYST:CTYP? 200", "Keysight Technologies,0,0,0"),
    ],
    "relays": [
        ("ROUT:CLOS? (@101)", "0"), ("ROUT:CLOS (@101,103)", ""), ("ROUT:CLOS? (@101:103)", "1,0,1"),
        ("ROUT:OPEN? (@101:103)", "0,1,0"), ("ROUT:OPEN (@101);CLOS? (@101)", "0"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("turns", LISTS.values(), ids=LISTS)
def test_channels_and_scan_list(turns: Turns) -> None:
    device = scanner()
    assert [(asked, device.told(asked)) for asked, _ in turns] == turns
    assert errors(device) == []


REFUSED = {
    "ROUT:SCAN (@104:199)": -222, "ROUT:SCAN (@201)": -222, "ROUT:SCAN 101": -128, "CONF:VOLT:DC 10,(@301)": -222,
    "CONF:VOLT:DC 10,(@121)": -222, "CONF:CURR:DC (@101)": -222, "CONF:DIG:BYTE (@101)": -222, "CONF:VOLT:DC 301,(@101)": 0,
    "CONF:VOLT:DC 1001,(@101)": -222, "MEAS:DIG:BYTE? (@101)": -222, "MEAS:DIG:BYTE?": -109, "SENS:DIG:DATA:BYTE? (@101)": -222,
    "ROUT:CHAN:DEL 61,(@101)": -222, "VOLT:NPLC 500,(@101)": -222, "SYST:CTYP? 400": -222, "ROUT:MON (@101,102)": -222,
    "ROUT:MON:DATA?": -221, "SOUR:DIG:DATA:BYTE 256,(@302)": -222, "INIT": -221, "READ?": -221, "FORM:READ:CHAN MAYBE": -148,
    "TRIG:SOUR INT": -141, "TRIG:TIM -1": -222,
}  # fmt: skip


@pytest.mark.parametrize(("message", "code"), REFUSED.items())
def test_what_a_scanner_cannot_do_is_refused(message: str, code: int) -> None:
    device = scanner()
    assert device.told(message) == ""
    assert errors(device) == ([code] if code else [])
    assert code == 0 or device.told("ROUT:SCAN?") == "#13(@)"


def test_a_scan_list_holds_120_channels() -> None:
    device = daq(slot_100="DAQM908A", slot_200="DAQM908A", slot_300="DAQM908A")
    device.told("ROUT:SCAN (@101:340)")
    assert device.told("ROUT:SCAN:SIZE?") == "+120"


# --- scans ---

SCANS: dict[str, tuple[str, str]] = {
    "values": ("", f"{ONE},{TWO},{THREE}"),
    "channels": ("FORM:READ:CHAN ON", f"{ONE},101,{TWO},102,{THREE},103"),
    "units": ("FORM:READ:UNIT ON", f"{ONE} VDC,{TWO} VDC,{THREE} VDC"),
    "alarms": (
        "FORM:READ:ALAR ON;:CALC:LIM:LOW 1.5,(@101:102);LOW:STAT ON,(@101:102);:CALC:LIM:UPP 2.5,(@103);UPP:STAT ON,(@103)",
        f"{ONE},1,{TWO},0,{THREE},2",
    ),
    "times": ("FORM:READ:TIME ON", f"{ONE},000000000.052,{TWO},000000000.103,{THREE},000000000.155"),
    "two scans": ("TRIG:COUN 2;:ROUT:SCAN (@101)", f"{ONE},{ONE}"),
}


@pytest.mark.parametrize(("set_up", "told"), SCANS.values(), ids=SCANS)
def test_a_scan_tells_what_is_asked_for_in_a_fixed_order(set_up: str, told: str) -> None:
    device = scanner()
    device.told("ROUT:SCAN (@101:103)")
    device.told(set_up)
    assert device.told("READ?", within_s=2.0) == told
    assert errors(device) == []


def test_a_reading_with_all_extras_is_told_to_the_byte() -> None:
    device = scanner()
    device.told("FORM:READ:UNIT ON;TIME ON;CHAN ON;ALAR ON")
    reading = Reading(26.195, "C", 100.017, 0.017, 101, 2)
    assert isinstance(device.device, Daq)
    assert device.device.text_of(reading) == "+2.61950000E+01 C,000000000.017,101,2"


def test_absolute_times_are_those_of_the_devices_own_calendar_with_commas() -> None:
    device = daq(VOLTS, calendar="2026-02-28T23:59:59")
    device.told("ROUT:SCAN (@101);:FORM:READ:TIME ON;TIME:TYPE ABS;TYPE?")
    assert device.told("FORM:READ:TIME:TYPE?") == "ABS"
    device.pass_s(0.8)
    assert device.told("READ?", within_s=1.0) == f"{ONE},2026,03,01,00,00,00.052"


TIMES = [
    ("", 0.0517),
    ("VOLT:NPLC 0.02", 0.0125),
    ("VOLT:NPLC 10", 0.4117),
    ("ROUT:CHAN:DEL 1,(@101)", 1.0517),
    ("ROUT:SCAN (@101:103)", 3 * 0.0517),
    ("TRIG:COUN 2", 2 * 0.0517),
    ("TRIG:SOUR TIM;COUN 3;TIM 2", 4.0517),
    ("TRIG:SOUR TIM;COUN 3;TIM 0", 3 * 0.0517),
    ("ROUT:SCAN (@301)", 0.001),
]


@pytest.mark.parametrize(("set_up", "lasts_s"), TIMES)
def test_a_scan_takes_relay_settling_and_integration_for_every_channel(set_up: str, lasts_s: float) -> None:
    device = scanner()
    device.told("ROUT:SCAN (@101)")
    device.told(set_up)
    asked_s = device.clock.now_s()
    device.say(b"READ?\n")
    assert device.hear(5, within_s=10.0)
    assert device.clock.now_s() - asked_s == pytest.approx(lasts_s, abs=0.003)


RUNS: dict[str, Turns] = {
    "INIT and FETC?": [("ROUT:SCAN (@101:102);:INIT", ""), ("FETC?;FETC?", f"{ONE},{TWO};{ONE},{TWO}")],
    "logging until ABOR": [
        ("ROUT:SCAN (@101);:VOLT:NPLC 0.02;:TRIG:SOUR TIM;TIM 0.09;COUN INF;:INIT", ""), ("DATA:POIN?", "+1"), ("ABOR", ""),
        ("DATA:POIN?", "+3"), ("R? 1", f"#215{ONE}"), ("DATA:REM? 2", f"{ONE},{ONE}"),
    ],
    "last values": [
        ("ROUT:SCAN (@101:102);:VOLT:NPLC 0.02", ""), ("DATA:LAST? (@101)", "9.91000000E+37 VDC"),
        ("TRIG:COUN 2;:READ?", f"{ONE},{TWO},{ONE},{TWO}"), ("DATA:LAST? (@102)", f"{TWO} VDC"),
        ("DATA:LAST? 2,(@102)", f"{TWO} VDC,{TWO} VDC"),
    ],
    "a monitor beside the scan": [
        ("ROUT:SCAN (@101);MON (@102);MON?", "#16(@102)"), ("ROUT:MON:STAT ON;STAT?", "1"), ("ROUT:MON:DATA?", TWO),
        ("READ?", ONE),
    ],
    "by software": [("ROUT:SCAN (@101);:TRIG:SOUR BUS;:INIT", ""), ("STAT:OPER:COND?;*TRG", "+32"), ("FETC?", ONE)],
    "overload": [("CONF:VOLT:DC 1,(@101:102)", ""), ("READ?", ""), ("STAT:QUES?", f"{ONE},+9.90000000E+37\n+1")],
    "a digital channel in a scan": [("ROUT:SCAN (@101,301);:READ?", f"{ONE},+255")],
}  # fmt: skip


@pytest.mark.parametrize("turns", RUNS.values(), ids=RUNS)
def test_runs(turns: Turns) -> None:
    device = scanner()
    assert [(asked, device.told(asked)) for asked, _ in turns] == turns
    assert errors(device) == []


def test_each_channel_ranges_for_itself() -> None:
    device = scanner()
    device.told("ROUT:SCAN (@101,120);:READ?", within_s=1.0)
    assert device.told("VOLT:RANG? (@101,120)") == "+1.00000000E+00,+1.00000000E-01"


# --- digital ---


def test_bytes_are_read_and_put_out() -> None:
    lines = [0xFE]
    device = daq(byte=lambda: lines[0])
    assert device.told("SENS:DIG:DATA:BYTE? (@301)") == "+254"
    lines[0] = 0x0F
    assert device.told("MEAS:DIG:BYTE? (@301)") == "+15"
    assert device.told("SENS:DIG:DATA:BYTE? (@301,302)") == "+15,+255"
    device.told("SOUR:DIG:DATA:BYTE 129,(@302)")
    assert device.told("SENS:DIG:DATA:BYTE? (@302);:SOUR:DIG:DATA:BYTE? (@302)") == "+129;+129"
    assert device.told("CONF:DIG:BYTE (@302);:READ?") == "+255"


# --- on the bench ---


def test_it_is_wired_to_the_transducer_and_to_the_alarm_line_at_once() -> None:
    site = site_of(["alarm_relay", "pressure"], zero_v=0.25, pressure_channel=102)
    device = ScpiStanding(build(site))
    asked = "MEAS:VOLT:DC? 10,(@101:102);:SENS:DIG:DATA:BYTE? (@301)"
    assert device.told(asked, within_s=1.0) == "+0.00000000E+00,+2.50000000E-01;+255"
    site.devices["pump"].alarming = True
    site.path.move(device.clock.now_s(), Motion(0.01))
    device.pass_s(600.0)
    volts, byte = device.told(asked, within_s=1.0).split(";")
    assert float(volts.split(",")[1]) == pytest.approx(0.25 + 0.02 * site.pressure_pa(device.clock.now_s()) / 1000, rel=1e-6)
    assert byte == "+254"


def test_the_alarm_line_may_be_on_another_bit() -> None:
    site = site_of(["alarm_relay"], alarm_bit=3, alarm_channel=302)
    site.devices["pump"].alarming = True
    assert ScpiStanding(build(site)).told("SENS:DIG:DATA:BYTE? (@301:302)") == "+255,+247"


def test_options_of_either_role_are_the_devices() -> None:
    site = site_of(["alarm_relay", "pressure"], alarm_bit=3)
    both = {"alarm_relay": {"alarm_bit": 3}, "pressure": {"zero_v": 4.0}}
    data = replace(site, setup=replace(site.setup, options=both)).options(DaqData)
    assert (data.alarm_bit, data.zero_v, data.serial) == (3, 4.0, "MY1")


MISWIRED = [
    (["pressure"], {"pressure_channel": 301}, "channel 301 of the scanner is none for volts"),
    (["alarm_relay"], {"alarm_channel": 101}, "channel 101 of the scanner is none for digital"),
    (["alarm_relay"], {"slot_300": ""}, "channel 301 of the scanner is none for digital"),
    (["pressure"], {"slot_100": "DAQM999A"}, "there is no module 'DAQM999A'"),
    (["pressure"], {"volume": 1}, "unknown key"),
]


@pytest.mark.parametrize(("roles", "options", "said"), MISWIRED)
def test_a_bench_file_that_wires_it_wrongly_is_refused(roles: list[str], options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        build(site_of(roles, **options))


def test_a_slot_without_need_may_be_empty() -> None:
    assert build(site_of(["pressure"], slot_300="")).scan_list == ()
