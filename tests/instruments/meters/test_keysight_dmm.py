"""The DMM driver against the simulated 34461A, and against one that lies."""

from __future__ import annotations

import math

import pytest

from instruments.errors import Refused, ReplyError, ReplyTimeout, SettingDiffers
from instruments.meters import DigitalInput, Meter
from instruments.meters.keysight_dmm import DRIVER, KeysightDmm, KeysightDmmOptions
from instruments.wire.scpi import response_ends
from instruments.wire.scpi_response import ErrorEntry
from tests.instruments.meters.sim_link import SimPort, linked
from tests.instruments.script import scripted
from tests.instruments.sim.scpi_states import ScpiStanding, dmm, errors, series
from tests.instruments.test_scpi import MARK, MARKED, NO_ERROR, turn, two_marks

__all__ = ["two_marks"]


def connected(standing: ScpiStanding, options: KeysightDmmOptions | None = None) -> tuple[KeysightDmm, SimPort]:
    link, port = linked(standing)
    driver = DRIVER.make(link, options or KeysightDmmOptions())
    assert isinstance(driver, KeysightDmm)
    driver.connect()
    return driver, port


def test_it_is_a_meter_and_a_digital_input() -> None:
    driver, _ = connected(dmm(1.0))
    meter: Meter = driver
    line: DigitalInput = driver
    assert (meter.voltage().value, line.level().value) == (1.0, 0.0)
    assert {"voltage", "digital-input"} == DRIVER.can


# --- connecting ---


def test_connecting_says_who_answers_and_tells_the_errors_it_found() -> None:
    standing = dmm(1.0)
    for message in ("VOLTA 5", "VOLT:RANG 5000"):
        standing.told(message)
    driver, _ = connected(standing)
    assert driver.resume().model == "Keysight Technologies 34461A"
    assert driver.found_errors == ()
    standing.told("FOO")
    assert (driver.connect().serial, driver.found_errors) == ("MY57200519", (ErrorEntry(-113, "Undefined header"),))
    assert errors(standing) == []


BEFORE = {
    "another function": "CONF:RES",
    "another trigger": "TRIG:SOUR BUS;COUN 7;:SAMP:COUN 9",
    "a run under way": "TRIG:COUN INF;:INIT",
    "waiting for a trigger": "TRIG:SOUR BUS;:INIT",
    "a delay": "TRIG:DEL 100",
    "auto zero off": "VOLT:ZERO:AUTO OFF",
    "an answer on its way": "*IDN?",
    "readings in memory": "SAMP:COUN 3;:INIT",
}


@pytest.mark.parametrize("message", BEFORE.values(), ids=BEFORE)
def test_connecting_leaves_it_ready_to_read_whatever_it_was_doing(message: str) -> None:
    standing = dmm(1.7373)
    standing.say(message.encode("ascii") + b"\n")
    driver, _ = connected(standing, KeysightDmmOptions(range_v=10.0, nplc=1.0))
    assert driver.voltage().value == 1.7373
    assert standing.told("CONF?;:VOLT:DC:NPLC?;ZERO:AUTO?") == '"VOLT +1.000000E+01,+3.000000E-05";+1.00000000E+00;1'
    assert errors(standing) == []


SET_UP = [
    (KeysightDmmOptions(), '"VOLT +1.000000E+01,+3.000000E-05"', "1"),
    (KeysightDmmOptions(range_v=0.1, nplc=100.0), '"VOLT +1.000000E-01,+3.000000E-08"', "0"),
    (KeysightDmmOptions(range_v=1000.0, nplc=0.02), '"VOLT +1.000000E+03,+1.000000E-01"', "0"),
]


@pytest.mark.parametrize(("options", "configuration", "auto"), SET_UP)
def test_the_input_is_set_up_as_the_options_say(options: KeysightDmmOptions, configuration: str, auto: str) -> None:
    standing = dmm(0.01)
    connected(standing, options)
    assert standing.told("CONF?;:VOLT:RANG:AUTO?") == f"{configuration};{auto}"


@pytest.mark.parametrize("options", [KeysightDmmOptions(nplc=3.0), KeysightDmmOptions(range_v=5.0)])
def test_what_the_meter_rounds_is_a_visible_difference(options: KeysightDmmOptions) -> None:
    with pytest.raises(SettingDiffers):
        connected(dmm(), options)


@pytest.mark.parametrize("options", [KeysightDmmOptions(nplc=1000.0), KeysightDmmOptions(range_v=2000.0)])
def test_what_the_meter_refuses_is_refused(options: KeysightDmmOptions) -> None:
    with pytest.raises(Refused, match="-222"):
        connected(dmm(), options)


# --- reading ---


def test_readings_come_with_the_moment_they_arrived() -> None:
    standing = dmm(series([1.0, -2.0]))
    driver, _ = connected(standing)
    begun_s = standing.clock.now_s()
    first, second = driver.voltage(), driver.voltage()
    assert (first.value, second.value) == (1.0, -2.0)
    assert first.stamp_us == pytest.approx((begun_s + 0.041) * 1e6, abs=300)
    assert second.stamp_us - first.stamp_us == pytest.approx(41_000, abs=300)


@pytest.mark.parametrize(("volts", "limit"), [(0.2, 0.1), (-13.0, 10.0)])
def test_an_overload_is_no_number(volts: float, limit: float) -> None:
    driver, _ = connected(dmm(volts), KeysightDmmOptions(range_v=limit))
    assert math.isnan(driver.voltage().value)
    assert math.isnan(driver.level().value)


def test_a_long_integration_is_waited_for() -> None:
    driver, _ = connected(dmm(1.0, mains_hz=50.0), KeysightDmmOptions(nplc=100.0))
    assert driver.voltage().value == 1.0


LEVELS = [(5.0, 2.5, 1.0), (0.0, 2.5, 0.0), (2.5, 2.5, 0.0), (2.6, 2.5, 1.0), (0.9, 0.8, 1.0)]


@pytest.mark.parametrize(("volts", "threshold_v", "level"), LEVELS)
def test_a_line_is_high_above_its_threshold(volts: float, threshold_v: float, level: float) -> None:
    driver, _ = connected(dmm(volts), KeysightDmmOptions(threshold_v=threshold_v))
    assert driver.level().value == level


# --- a line that was lost, and a meter that lies ---


def test_after_a_power_cycle_resuming_sets_the_input_up_again() -> None:
    standing = dmm(0.05)
    driver, _ = connected(standing, KeysightDmmOptions(range_v=10.0, nplc=1.0))
    standing.told("*RST")
    assert driver.resume().serial == "MY57200519"
    assert standing.told("CONF?") == '"VOLT +1.000000E+01,+3.000000E-05"'


def test_a_reading_that_comes_too_late_is_not_the_next_one() -> None:
    standing = dmm(series([1.0, 2.0]))
    driver, _ = connected(standing, KeysightDmmOptions(nplc=10.0))
    standing.told("VOLT:NPLC 100;:TRIG:DEL 1")
    with pytest.raises(ReplyTimeout):
        driver.voltage()
    standing.told("VOLT:NPLC 10;:TRIG:DEL 0", within_s=5.0)
    assert driver.voltage().value == 2.0


IDENTITY = "Keysight Technologies,34461A,MY1,A.02"
START = [turn(MARK, MARKED), turn("SYST:ERR?", NO_ERROR), turn("*IDN?", IDENTITY)]
SETTING = [
    piece
    for text in ("*RST", "ABOR", "CONF:VOLT:DC AUTO", "VOLT:DC:NPLC 1")
    for piece in (turn(text), turn("SYST:ERR?", NO_ERROR))
]
LIES = [
    ([turn("VOLT:DC:NPLC?", "+1.00000000E+01")], SettingDiffers),
    ([turn("VOLT:DC:NPLC?", "+1.00000000E+00"), turn("VOLT:DC:RANG:AUTO?", "0")], SettingDiffers),
    ([turn("VOLT:DC:NPLC?", "lots"), turn(MARK + ";*ESE?", "+0;+0;+0"), turn("SYST:ERR?", NO_ERROR)], ReplyError),
    ([turn("VOLT:DC:NPLC?"), turn(MARK + ";*ESE?")], ReplyTimeout),
]


@pytest.mark.parametrize(("turns", "error"), LIES)
def test_what_is_read_back_is_not_taken_on_trust(turns: list[tuple[bytes, list[bytes]]], error: type[Exception]) -> None:
    with scripted(response_ends, *START, *SETTING, *turns) as script, pytest.raises(error):
        KeysightDmm(script.link, KeysightDmmOptions()).connect()


WRONG = ["1.7", "+1.73730000E+00,+1.73730000E+00", "+1.73730000E+00 VDC", '"VOLT"', "garbage", "\x02+1.73730000E+00"]


@pytest.mark.parametrize("answer", WRONG)
def test_what_is_no_single_reading_is_an_error_with_its_bytes(answer: str) -> None:
    turns = [turn("READ?", answer), turn(MARK, MARKED), turn("SYST:ERR?", NO_ERROR)]
    with scripted(response_ends, *turns) as script, pytest.raises(ReplyError) as caught:
        KeysightDmm(script.link, KeysightDmmOptions()).voltage()
    assert caught.value.raw == answer.encode("ascii") + b"\n"


def test_the_probe_asks_nothing_but_who_it_is() -> None:
    standing = dmm()
    probe = DRIVER.probe
    assert probe is not None
    identity = probe.identify(standing.ask(probe.request))
    assert identity is not None
    assert identity.serial == "MY57200519"
    assert errors(standing) == []
