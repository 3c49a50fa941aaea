"""The Ohaus driver line by line: every control acknowledged, ES read by what was asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from instruments.balances.ohaus import DRIVER, OhausBalance
from instruments.driver import NoOptions
from instruments.errors import Refused, ReplyError, ReplyTimeout
from instruments.identity import Identity
from instruments.readings import Weighing
from instruments.wire.framing import line_ends
from tests.instruments.script import Scripted, Turn, scripted

HUNDRED, ZERO = "    100.00 g", "      0.00 g"


def turn(asked: str, *answers: str | tuple[float, str]) -> Turn:
    timed = [said if isinstance(said, tuple) else (0.03, said) for said in answers]
    return asked.encode("ascii") + b"\r\n", [(delay_s, said.encode("ascii") + b"\r\n") for delay_s, said in timed]


@contextmanager
def balance(*turns: Turn) -> Iterator[tuple[OhausBalance, Scripted]]:
    with scripted(line_ends, *turns) as script:
        yield DRIVER.make(script.link, NoOptions()), script


OPENING = [turn("1RL", "OK!"), turn("0P", "OK!")]
IDENTITIES = [
    ([turn("PSN", "B123"), turn("PV", "Sr 2.00")], Identity("", "B123", "Sr 2.00")),
    ([turn("PSN", "B123"), turn("PV", "Sr 2.00", (0.05, "LFT ON"))], Identity("", "B123", "Sr 2.00")),
    ([turn("PSN", "ES"), turn("PV", "ES")], Identity("")),
    ([turn("PSN", (0.01, HUNDRED), "B123"), turn("PV", (0.01, "OK!"), "Sr 2.00")], Identity("", "B123", "Sr 2.00")),
]


@pytest.mark.parametrize(("names", "identity"), IDENTITIES)
def test_connecting_has_commands_acknowledged_and_reads_who_it_is(names: list[Turn], identity: Identity) -> None:
    with balance(*OPENING, *names) as (driver, _):
        assert driver.connect() == identity
        readings, others = driver.readings()
    assert (len(readings), len(others)) == (0, 0)


def test_a_balance_that_does_not_acknowledge_is_not_ours() -> None:
    with balance(turn("1RL", "ES")) as (driver, _), pytest.raises(Refused) as caught:
        driver.connect()
    assert caught.value.code == "ES"


WEIGHINGS = {
    HUNDRED: Weighing(Decimal("100.00"), "S"),
    "    100.00 g ?": Weighing(Decimal("100.00"), "D"),
    "   100.00 g     ": Weighing(Decimal("100.00"), "S"),
    "   0.10000 kg ?": Weighing(Decimal("100.00"), "D"),
    "   Err 8.3": Weighing(None, "+", "8.3"),
    "Err 9": Weighing(None, "E", "9"),
}


@pytest.mark.parametrize(("line", "weighing"), WEIGHINGS.items())
@pytest.mark.parametrize("asked", ["IP", "SP"])
def test_a_weighing_says_what_the_balance_said(asked: str, line: str, weighing: Weighing) -> None:
    with balance(turn(asked, line)) as (driver, _):
        assert (driver.weigh() if asked == "IP" else driver.weigh_stable()) == weighing


def test_a_command_that_it_does_not_know_is_refused() -> None:
    with balance(turn("IP", "ES")) as (driver, _), pytest.raises(Refused, match="older command set") as caught:
        driver.weigh()
    assert caught.value.code == "ES"


@pytest.mark.parametrize("line", ["    100.00 oz", "    100.00 g   TOTAL"])
def test_another_unit_and_another_quantity_are_errors_that_keep_the_line(line: str) -> None:
    with balance(turn("IP", line)) as (driver, _), pytest.raises(ReplyError) as caught:
        driver.weigh()
    assert caught.value.raw == line.encode("ascii") + b"\r\n"


def test_es_after_a_wait_is_no_stability() -> None:
    with balance(turn("SP", (40.0, "ES"))) as (driver, _):
        assert driver.weigh_stable() == Weighing(None, "I", "ES")


def test_an_acknowledgement_is_not_a_weight() -> None:
    with balance(turn("IP", (0.01, "OK!"), (0.02, "B123"), HUNDRED)) as (driver, _):
        assert driver.weigh().mass_g == Decimal("100.00")
        _, others = driver.readings()
    assert others.data == b"B123\r\n"


@pytest.mark.parametrize("late_s", [2.05, 2.15, 3.9])
def test_a_late_weight_is_set_aside_before_the_next_question(late_s: float) -> None:
    with balance(turn("IP", (late_s, HUNDRED)), turn("IP", "    200.00 g")) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.weigh()
        assert driver.weigh().mass_g == Decimal("200.00")


def test_half_a_line_is_never_a_weighing() -> None:
    with balance((b"IP\r\n", [b"    1"]), (b"IP\r\n", [b"00.00 g\r\n", (0.05, HUNDRED.encode("ascii") + b"\r\n")])) as (
        driver,
        _,
    ):
        with pytest.raises(ReplyTimeout):
            driver.weigh()
        assert driver.weigh().mass_g == Decimal("100.00")


# --- zero, tare, stream ---


def test_zero_is_acknowledged_and_proved() -> None:
    with balance(turn("Z", (30.0, "OK!")), turn("SP", ZERO)) as (driver, _):
        driver.zero()


def test_tare_is_read_back() -> None:
    with balance(turn("T", "OK!"), turn("SP", ZERO), turn("PT", HUNDRED)) as (driver, _):
        assert driver.tare() == Weighing(Decimal("100.00"), "S")


REFUSALS = [
    ([turn("Z", "ES")], "ES"),
    ([turn("Z", "OK!"), turn("SP", HUNDRED)], "100.00 g"),
    ([turn("Z", "OK!"), turn("SP", "ES")], "ES"),
    ([turn("Z", "OK!"), turn("SP", "   Err 8.4")], "8.4"),
]


@pytest.mark.parametrize(("turns", "code"), REFUSALS)
def test_a_zero_that_is_not_shown_is_refused(turns: list[Turn], code: str) -> None:
    with balance(*turns) as (driver, _), pytest.raises(Refused) as caught:
        driver.zero()
    assert caught.value.code == code


@pytest.mark.parametrize("first", [[], ["OK!"]], ids=["silent", "acknowledged"])
def test_a_stream_begins_with_or_without_an_acknowledgement(first: list[str]) -> None:
    with balance(turn("CP", *first, (0.1, HUNDRED), (0.2, "    100.01 g ?"), (0.3, "ES"))) as (driver, script):
        driver.start_stream()
        script.clock.sleep_until(1.0)
        readings, others = driver.readings()
    assert readings.masses_g.tolist() == [100.0, 100.01]
    assert bytes(readings.statuses.tolist()) == b"SD"
    assert others.data == b"ES\r\n"


@pytest.mark.parametrize("answers", [[], ["ES"]])
def test_a_stream_without_lines_is_refused(answers: list[str]) -> None:
    with balance(turn("CP", *answers)) as (driver, _), pytest.raises(Refused, match="no weight comes"):
        driver.start_stream()


def test_stopping_the_stream_loses_no_reading_on_its_way() -> None:
    with balance(turn("CP", (0.1, HUNDRED)), turn("0P", (0.001, "    100.01 g"), "OK!")) as (driver, script):
        driver.start_stream()
        script.clock.sleep_until(0.5)
        driver.stop_stream()
        readings, _ = driver.readings()
    assert readings.masses_g.tolist() == [100.0, 100.01]
