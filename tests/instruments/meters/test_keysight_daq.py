"""The DAQ driver against the simulated DAQ970A: several inputs on one link, and answers that belong to another."""

from __future__ import annotations

import math
from typing import Any

import pytest

from instruments.errors import BenchError, ConfigError, Refused, ReplyError, SettingDiffers
from instruments.link import Link
from instruments.meters.keysight_daq import DRIVER, KeysightDaq, KeysightDaqOptions
from instruments.meters.keysight_dmm import KeysightDmmOptions
from instruments.options import options_from
from instruments.wire.scpi import response_ends
from tests.instruments.meters.sim_link import linked
from tests.instruments.script import scripted
from tests.instruments.sim.scpi_states import ScpiStanding, daq, errors
from tests.instruments.test_scpi import MARK, MARKED, NO_ERROR, turn, two_marks

__all__ = ["two_marks"]

VOLTS = {101: 1.0, 102: 2.0, 103: 30.0}
READ = "FORM:READ:UNIT OFF;TIME OFF;ALAR OFF;CHAN ON;:ROUT:SCAN (@101);:READ?"


def inputs(link: Link, *options: KeysightDaqOptions) -> list[KeysightDaq]:
    """Drivers on one link, connected in this order."""
    drivers: list[KeysightDaq] = [DRIVER.make(link, one) for one in options]
    for driver in drivers:
        driver.connect()
    return drivers


def one(standing: ScpiStanding, options: KeysightDaqOptions) -> KeysightDaq:
    return inputs(linked(standing)[0], options)[0]


# --- several on one ---


def test_inputs_on_one_link_do_not_ruin_each_other() -> None:
    standing = daq(VOLTS, byte=lambda: 0xFE)
    pressure, relay, battery = inputs(
        linked(standing)[0],
        KeysightDaqOptions(channel=101, range_v=10.0, nplc=10.0, delay_s=0.5),
        KeysightDaqOptions(channel=301, bit=0),
        KeysightDaqOptions(channel=102, range_v=100.0),
    )
    for _ in range(2):
        assert [pressure.voltage().value, relay.level().value, battery.voltage().value] == [1.0, 0.0, 2.0]
        assert [battery.voltage().value, pressure.voltage().value] == [2.0, 1.0]
    assert standing.told("VOLT:DC:NPLC? (@101,102);RANG? (@101,102)") == (
        "+1.00000000E+01,+1.00000000E+00;+1.00000000E+01,+1.00000000E+02"
    )
    assert standing.told("ROUT:CHAN:DEL? (@101,102)") == "+5.00000000E-01,+0.00000000E+00"
    assert errors(standing) == []


def test_resuming_one_leaves_the_others_as_they_are() -> None:
    standing = daq(VOLTS)
    pressure, battery = inputs(
        linked(standing)[0], KeysightDaqOptions(channel=101, nplc=10.0), KeysightDaqOptions(channel=102, nplc=0.2)
    )
    assert pressure.resume().model == "Keysight Technologies DAQ970A"
    assert standing.told("VOLT:NPLC? (@101,102)") == "+1.00000000E+01,+2.00000000E-01"
    assert (battery.voltage().value, pressure.voltage().value) == (2.0, 1.0)


def test_reading_the_digital_byte_touches_neither_scan_list_nor_extras() -> None:
    standing = daq(VOLTS)
    (relay,) = inputs(linked(standing)[0], KeysightDaqOptions(channel=301, bit=0))
    standing.told("ROUT:SCAN (@101:103);:FORM:READ:TIME ON;:TRIG:COUN 7")
    assert relay.level().value == 1.0
    assert standing.told("ROUT:SCAN?;:FORM:READ:TIME?;:TRIG:COUN?") == "#214(@101,102,103);1;+7"


def test_what_another_controller_left_on_does_not_get_into_the_reading() -> None:
    standing = daq(VOLTS)
    driver = one(standing, KeysightDaqOptions(channel=102))
    standing.told("FORM:READ:UNIT ON;TIME ON;ALAR ON;CHAN OFF;:ROUT:SCAN (@101,103)")
    assert driver.voltage().value == 2.0


def test_only_an_input_for_volts_ends_a_scan_and_does_so_before_it_is_set_up() -> None:
    standing = daq(VOLTS)
    standing.told("ROUT:SCAN (@101);:TRIG:SOUR TIM;COUN INF;:INIT")
    link, port = linked(standing)
    inputs(link, KeysightDaqOptions(channel=301, bit=0))
    assert standing.told("STAT:OPER:COND?") == "+16"
    inputs(link, KeysightDaqOptions(channel=102))
    assert standing.told("STAT:OPER:COND?") == "+0"
    assert port.written.index("ABOR") < port.written.index("CONF:VOLT:DC AUTO,(@102)")


BEFORE = {
    "a scan without an end": "ROUT:SCAN (@101);:TRIG:SOUR TIM;COUN INF;:INIT",
    "waiting for a trigger": "ROUT:SCAN (@101);:TRIG:SOUR BUS;:INIT",
    "another function": "CONF:RES (@101)",
    "an error in the queue": "FOO",
}


@pytest.mark.parametrize("message", BEFORE.values(), ids=BEFORE)
def test_connecting_leaves_it_ready_to_read_whatever_it_was_doing(message: str) -> None:
    standing = daq(VOLTS)
    standing.told(message)
    driver = one(standing, KeysightDaqOptions())
    assert [error.code for error in driver.found_errors] == ([-113] if message == "FOO" else [])
    assert driver.voltage().value == 1.0


# --- one input ---


def test_an_overload_is_no_number() -> None:
    driver = one(daq(VOLTS), KeysightDaqOptions(channel=103, range_v=10.0))
    assert math.isnan(driver.voltage().value)


@pytest.mark.parametrize("bit", range(8))
def test_a_bit_is_read_out_of_its_byte(bit: int) -> None:
    for byte, level in ((1 << bit, 1.0), (0xFF ^ 1 << bit, 0.0)):
        assert one(daq(byte=lambda byte=byte: byte), KeysightDaqOptions(channel=301, bit=bit)).level().value == level  # type: ignore[misc]


@pytest.mark.parametrize(("channel", "level"), [(101, 0.0), (103, 1.0)])
def test_a_channel_for_volts_is_a_line_too(channel: int, level: float) -> None:
    assert one(daq(VOLTS), KeysightDaqOptions(channel=channel)).level().value == level


def test_a_digital_channel_has_no_voltage() -> None:
    with pytest.raises(ConfigError, match="channel 301"):
        one(daq(VOLTS), KeysightDaqOptions(channel=301, bit=0)).voltage()


def test_a_long_settling_time_is_waited_for() -> None:
    assert one(daq(VOLTS), KeysightDaqOptions(delay_s=30.0)).voltage().value == 1.0


IMPOSSIBLE: list[tuple[KeysightDaqOptions, type[BenchError]]] = [
    (KeysightDaqOptions(channel=199), Refused),
    (KeysightDaqOptions(channel=301), Refused),
    (KeysightDaqOptions(channel=101, bit=0), Refused),
    (KeysightDaqOptions(range_v=2000.0), Refused),
    (KeysightDaqOptions(delay_s=61.0), Refused),
    (KeysightDaqOptions(nplc=3.0), SettingDiffers),
    (KeysightDaqOptions(range_v=5.0), SettingDiffers),
]


@pytest.mark.parametrize(("options", "error"), IMPOSSIBLE)
def test_what_the_scanner_cannot_do_is_an_error_when_connecting(options: KeysightDaqOptions, error: type[BenchError]) -> None:
    with pytest.raises(error):
        one(daq(VOLTS), options)


@pytest.mark.parametrize("bit", [-1, 8])
def test_a_byte_has_eight_bits(bit: int) -> None:
    with pytest.raises(ConfigError, match="bits 0 to 7"):
        options_from(KeysightDaqOptions, {"channel": 301, "bit": bit}, "alarm_relay.options")


@pytest.mark.parametrize("kind", [KeysightDaqOptions, KeysightDmmOptions])
@pytest.mark.parametrize("wrong", [{"mains_hz": 0}, {"nplc": 0}, {"nplc": math.nan}])
def test_an_integration_takes_some_time(kind: type[Any], wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="nplc and mains_hz are greater than 0"):
        options_from(kind, wrong, "pressure.options")


# --- answers of others ---

GARBAGE = ["+1.00000000E+00", "+1.00000000E+00,101,000000000.017", "+1.00000000E+00 VDC,101", "+1.00000000E+00,102", "garbage"]


@pytest.mark.parametrize("answer", GARBAGE)
def test_what_is_no_reading_of_the_channel_is_an_error_with_its_bytes(answer: str) -> None:
    turns = [turn(READ, answer), turn(MARK, MARKED), turn("SYST:ERR?", NO_ERROR)]
    with scripted(response_ends, *turns) as script, pytest.raises(ReplyError) as caught:
        KeysightDaq(script.link, KeysightDaqOptions()).voltage()
    assert caught.value.raw == answer.encode("ascii") + b"\n"


@pytest.mark.parametrize("answer", ["+256", "-1", "+2.54000000E+02", "", '"254"'])
def test_what_is_no_byte_is_an_error(answer: str) -> None:
    turns = [turn("SENS:DIG:DATA:BYTE? (@301)", answer), turn(MARK, MARKED), turn("SYST:ERR?", NO_ERROR)]
    with scripted(response_ends, *turns) as script, pytest.raises(ReplyError):
        KeysightDaq(script.link, KeysightDaqOptions(channel=301, bit=0)).level()


def test_the_reading_of_another_channel_is_passed_over() -> None:
    with scripted(response_ends, turn(READ, "+2.00000000E+00,102", "+1.00000000E+00,101")) as script:
        assert KeysightDaq(script.link, KeysightDaqOptions()).voltage().value == 1.0


def test_the_probe_tells_a_scanner_from_a_multimeter() -> None:
    probe = DRIVER.probe
    assert probe is not None
    assert probe.identify(daq().ask(probe.request)) is not None
    assert probe.identify(b"Keysight Technologies,34461A,MY1,A.02\n") is None
