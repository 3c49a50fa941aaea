"""The SBI driver line by line: nothing acknowledged, everything proved, nobody else's line taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from instruments.balances.sbi import DRIVER, SbiBalance, SbiOptions
from instruments.errors import ConfigError, Refused, ReplyError, ReplyTimeout
from instruments.identity import Identity
from instruments.options import options_from
from instruments.readings import Weighing
from instruments.wire.framing import line_ends
from tests.instruments.script import Scripted, Turn, scripted

STABLE, MOVING, ZERO = "N     +   100.00 g  ", "N     +   100.00    ", "N           0.00 g  "
MODEL, SERIAL, SOFTWARE = "MSE1203S-100-DR     ", "SerNo.    0031801165", "BAC         00-39-21"


def turn(asked: str, *answers: str | tuple[float, str]) -> Turn:
    timed = [said if isinstance(said, tuple) else (0.03, said) for said in answers]
    return b"\x1b" + asked.encode("ascii") + b"\r\n", [(delay_s, said.encode("ascii") + b"\r\n") for delay_s, said in timed]


@contextmanager
def balance(*turns: Turn, unit: str = "g") -> Iterator[tuple[SbiBalance, Scripted]]:
    with scripted(line_ends, *turns) as script:
        yield DRIVER.make(script.link, options_from(SbiOptions, {"unit": unit}, "balance.options")), script


NAMES = [turn("x1_", MODEL), turn("x2_", SERIAL), turn("x3_", SOFTWARE)]


def test_connecting_reads_who_it_is() -> None:
    with balance(*NAMES) as (driver, _):
        assert driver.connect() == Identity("MSE1203S-100-DR", "0031801165", "00-39-21")


def test_identifications_are_found_between_lines_of_the_stream() -> None:
    asked = [turn(command, (0.01, STABLE), (0.02, MOVING), (0.03, text), (0.04, STABLE)) for command, text in
             (("x1_", MODEL), ("x2_", SERIAL), ("x3_", SOFTWARE))]  # fmt: skip
    with balance(*asked) as (driver, script):
        script.port.will_say(0.3, STABLE.encode("ascii") + b"\r\n")
        assert driver.connect().serial == "0031801165"
        assert not len(driver.readings()[0])


def test_an_older_balance_tells_nothing_but_has_to_weigh() -> None:
    with balance(turn("x1_"), turn("x2_"), turn("x3_"), turn("P", "+   100.00 g  ")) as (driver, _):
        assert driver.connect() == Identity("")


def test_a_port_in_another_mode_is_an_error() -> None:
    with (
        balance(turn("x1_"), turn("x2_"), turn("x3_"), turn("P", "\x04\x01\x09\x1f")) as (driver, _),
        pytest.raises(ReplyTimeout),
    ):
        driver.connect()


WEIGHINGS = {
    STABLE: Weighing(Decimal("100.00"), "S"),
    MOVING: Weighing(Decimal("100.00"), "D"),
    "-     0.31 g  ": Weighing(Decimal("-0.31"), "S"),
    "Stat        High    ": Weighing(None, "+", "High"),
    "      L       ": Weighing(None, "-", "L"),
    "Stat     ERR  54    ": Weighing(None, "E", "54"),
    "Stat     Cal.Int.   ": Weighing(None, "I", "Cal.Int."),
}


@pytest.mark.parametrize(("line", "weighing"), WEIGHINGS.items())
def test_a_weighing_says_what_the_balance_said(line: str, weighing: Weighing) -> None:
    with balance(turn("P", line)) as (driver, _):
        assert driver.weigh() == weighing


@pytest.mark.parametrize("line", ["+   100.00 kg ", "+   100.00 ct ", "Qnt   +       12 pcs", "G     +   100.00 g  "])
def test_another_unit_and_another_quantity_are_errors_that_keep_the_line(line: str) -> None:
    with balance(turn("P", line)) as (driver, _), pytest.raises(ReplyError) as caught:
        driver.weigh()
    assert caught.value.raw == line.encode("ascii") + b"\r\n"


def test_a_balance_that_shows_milligrams_is_read_in_milligrams() -> None:
    with balance(turn("P", "+    12.50 mg "), turn("P", "+    12.50    "), unit="mg") as (driver, _):
        assert (driver.weigh(), driver.weigh()) == (Weighing(Decimal("0.01250"), "S"), Weighing(Decimal("0.01250"), "D"))


@pytest.mark.parametrize("unit", ["ct", "", "G"])
def test_only_masses_are_units(unit: str) -> None:
    with pytest.raises(ConfigError, match=r"\[balance.options\] unit"), balance(unit=unit):
        pass


@pytest.mark.parametrize("stray", [MODEL, SERIAL, "", "+   100.0", "\xff\x00"], ids=repr)
def test_lines_nobody_asked_for_are_passed_over_and_kept(stray: str) -> None:
    with balance((b"\x1bP\r\n", [(0.001, stray.encode("latin-1") + b"\r\n"), (0.02, STABLE.encode("ascii") + b"\r\n")])) as (
        driver,
        _,
    ):
        assert driver.weigh().mass_g == Decimal("100.00")
        _, others = driver.readings()
    assert others.data == stray.encode("latin-1") + b"\r\n"


@pytest.mark.parametrize("late_s", [2.05, 2.15, 3.9])
def test_a_late_line_is_set_aside_before_the_next_question(late_s: float) -> None:
    with balance(turn("P", (late_s, STABLE)), turn("P", "N     +   200.00 g  ")) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.weigh()
        assert driver.weigh().mass_g == Decimal("200.00")


def test_half_a_line_is_never_a_weighing() -> None:
    with balance(
        (b"\x1bP\r\n", [b"N     +   1"]), (b"\x1bP\r\n", [b"00.00 g  \r\n", (0.05, STABLE.encode("ascii") + b"\r\n")])
    ) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.weigh()
        assert driver.weigh().mass_g == Decimal("100.00")


# --- zero and tare ---


def test_zero_is_proved_by_a_stable_zero() -> None:
    with balance(turn("V"), turn("P", STABLE), turn("P", "N           0.00    "), turn("P", ZERO)) as (driver, _):
        driver.zero()


def test_tare_returns_what_was_shown_before() -> None:
    with balance(turn("P", MOVING), turn("P", STABLE), turn("U"), turn("P", ZERO)) as (driver, _):
        assert driver.tare() == Weighing(Decimal("100.00"), "S")


@pytest.mark.parametrize(
    ("shown", "near"), [("N     +     0.09 g  ", True), ("N     -     0.09 g  ", True), ("N     +     0.10 g  ", False)]
)
def test_a_few_digits_are_zero(shown: str, near: bool) -> None:
    later = [] if near else [turn("P", "Stat     ERR  10    ")]
    with balance(turn("V"), turn("P", shown), *later) as (driver, _):
        if near:
            driver.zero()
            return
        with pytest.raises(Refused):
            driver.zero()


@pytest.mark.parametrize("code", ["02", "10", "11"])
def test_an_error_ends_the_proof_with_its_code(code: str) -> None:
    with (
        balance(turn("V"), turn("P", STABLE), turn("P", f"Stat     ERR {code:>3}    ")) as (driver, _),
        pytest.raises(Refused) as caught,
    ):
        driver.zero()
    assert caught.value.code == code


def test_a_balance_that_never_shows_zero_has_not_been_zeroed() -> None:
    with balance(turn("V"), turn("P", STABLE), turn("P", (46.0, STABLE))) as (driver, _), pytest.raises(ReplyTimeout):
        driver.zero()


# --- automatic output ---


@contextmanager
def automatic(*turns: Turn) -> Iterator[tuple[SbiBalance, Scripted]]:
    with balance(*NAMES, *turns) as (driver, script):
        script.port.will_say(0.3, STABLE.encode("ascii") + b"\r\n")
        driver.connect()
        yield driver, script


def test_a_balance_that_prints_by_itself_is_never_asked() -> None:
    with automatic() as (driver, script):
        script.port.will_say(1.0, MOVING.encode("ascii") + b"\r\n")
        script.clock.sleep_until(script.clock.now_s() + 2.0)
        script.port.will_say(0.4, b"N     +   200.00 g  \r\n")
        assert driver.weigh() == Weighing(Decimal("200.00"), "S")
        readings, others = driver.readings()
    assert readings.masses_g.tolist() == [100.0, 200.0]
    assert not len(others)


def test_the_line_that_was_waited_for_is_in_the_record_in_its_place() -> None:
    with automatic() as (driver, script):
        for number, line in enumerate(["", "N     +     1.00 g  ", "N     +     2.00 g  "], start=1):
            script.port.will_say(0.1 * number, line.encode("ascii") + b"\r\n")
        driver.start_stream()
        script.clock.sleep_until(script.clock.now_s() + 1.0)
        readings, others = driver.readings()
    assert readings.masses_g.tolist() == [1.0, 2.0]
    assert [line for line, _ in others] == [b"\r\n"]


def test_zero_is_proved_by_the_stream() -> None:
    with automatic(turn("V", (0.3, STABLE), (0.6, "N           0.00    "), (0.9, ZERO))) as (driver, _):
        driver.zero()
