"""The MT-SICS driver, turn by turn: what it asks, and what it makes of each answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from instruments.balances.mt_sics import MtSicsBalance
from instruments.errors import Refused, ReplyError, ReplyTimeout
from instruments.readings import Weighing
from instruments.wire.framing import line_ends
from tests.instruments.script import Scripted, Turn, scripted

WHO = 'I4 A "B021002593"'


def turn(asked: str, *answers: str | tuple[float, str]) -> Turn:
    framed = [said if isinstance(said, tuple) else (0.02, said) for said in answers]
    return asked.encode("ascii") + b"\r\n", [(delay_s, said.encode("ascii") + b"\r\n") for delay_s, said in framed]


@contextmanager
def balance(*turns: Turn) -> Iterator[tuple[MtSicsBalance, Scripted]]:
    with scripted(line_ends, *turns) as script:
        yield MtSicsBalance(script.link), script


NAMES = [turn("I2", 'I2 A "WMS404C-L WMS-Bridge 410.0090 g"'), turn("I3", 'I3 A "2.10 10.28.0.493.142"')]


@pytest.mark.parametrize(
    "answers",
    [[WHO], ["S D     129.07 g", WHO], ['I2 A "x"', "ZI D", WHO]],
    ids=["quiet", "streaming before", "answers of somebody else"],
)
def test_connecting_cancels_everything_and_reads_who_it_is(answers: list[str]) -> None:
    with balance(turn("@", *answers), *NAMES) as (driver, _):
        identity = driver.connect()
        assert len(driver.readings()[0]) == 0
    assert identity.serial == "B021002593"
    assert identity.model == "WMS404C-L WMS-Bridge 410.0090 g"
    assert identity.firmware == "2.10 10.28.0.493.142"


@pytest.mark.parametrize("answer", ["I4 I", "I4 L", "I4 A"])
def test_a_balance_that_does_not_say_who_it_is_is_refused(answer: str) -> None:
    with balance(turn("@", answer)) as (driver, _), pytest.raises(Refused):
        driver.connect()


def test_the_update_rate_is_the_one_the_balance_took() -> None:
    with balance(turn("UPD 20", "UPD A"), turn("UPD", "UPD A 18.3")) as (driver, _):
        assert driver.set_update_rate(20.0) == 18.3


def test_an_update_rate_out_of_range_is_refused_with_its_status() -> None:
    with balance(turn("UPD 290", "UPD L")) as (driver, _), pytest.raises(Refused) as caught:
        driver.set_update_rate(290.0)
    assert caught.value.code == "L"


@pytest.mark.parametrize("answer", ["UPD A", "UPD A fast", "UPD A nan", "UPD I"])
def test_an_update_rate_that_cannot_be_read_is_refused(answer: str) -> None:
    with balance(turn("UPD 5", "UPD A"), turn("UPD", answer)) as (driver, _), pytest.raises(Refused):
        driver.set_update_rate(5.0)


WEIGHINGS = {
    "S S     100.00 g": Weighing(Decimal("100.00"), "S"),
    "S D    -1.2345 g": Weighing(Decimal("-1.2345"), "D"),
    "S S   1.000000 kg": Weighing(Decimal("1000.000000"), "S"),
    "S S     1500.0 mg": Weighing(Decimal("1.5000"), "S"),
    "S I": Weighing(None, "I"),
    "S L": Weighing(None, "L"),
    "S +": Weighing(None, "+"),
    "S -": Weighing(None, "-"),
    "S S  Error 10b": Weighing(None, "E", "10b"),
}


@pytest.mark.parametrize(("line", "weighing"), WEIGHINGS.items())
@pytest.mark.parametrize("asked", ["SI", "S"])
def test_a_weighing_says_what_the_balance_said(asked: str, line: str, weighing: Weighing) -> None:
    with balance(turn(asked, line)) as (driver, _):
        assert (driver.weigh() if asked == "SI" else driver.weigh_stable()) == weighing


@pytest.mark.parametrize(
    "line", ["ES", "ET", "EL", "S S     100.00 ozt", "S S    5.00 lb", "S S     100.00 ct", "S S     100"], ids=repr
)
def test_a_general_error_and_an_unexpected_unit_are_errors_that_keep_the_line(line: str) -> None:
    with balance(turn("SI", line)) as (driver, _), pytest.raises(ReplyError) as caught:
        driver.weigh()
    assert caught.value.raw == line.encode("ascii") + b"\r\n"


def test_a_settled_weight_is_waited_for_as_long_as_the_balance_waits() -> None:
    with balance(turn("S", (40.0, "S I"))) as (driver, script):
        assert driver.weigh_stable().status == "I"
        assert script.clock.now_s() == 40.0


def test_a_late_weight_is_never_taken_for_the_next() -> None:
    with balance(turn("SI", (2.05, "S S     100.00 g")), turn("SI", "S S     200.00 g")) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.weigh()
        assert driver.weigh().mass_g == Decimal("200.00")


@pytest.mark.parametrize("stray", [WHO, "K B 1", "UPD A", ""], ids=["power-up", "key", "answer to another", "empty line"])
def test_lines_nobody_asked_for_are_passed_over_and_kept(stray: str) -> None:
    with balance(turn("SI", (0.001, stray), "S S     100.00 g")) as (driver, _):
        assert driver.weigh().mass_g == Decimal("100.00")
        _, others = driver.readings()
    assert others.data == stray.encode("ascii") + b"\r\n"


# --- zero and tare ---

ZEROES = [(True, "Z", "Z A"), (False, "ZI", "ZI S"), (False, "ZI", "ZI D"), (False, "ZI", "Z A")]


@pytest.mark.parametrize(("wait", "asked", "answer"), ZEROES)
def test_zero_is_done(wait: bool, asked: str, answer: str) -> None:
    with balance(turn(asked, answer)) as (driver, _):
        driver.zero(wait=wait)


TARES = [(True, "T", "T S     100.00 g"), (False, "TI", "TI D     100.00 g"), (False, "TI", "T D     100.00 g")]


@pytest.mark.parametrize(("wait", "asked", "answer"), TARES)
def test_tare_returns_what_was_tared(wait: bool, asked: str, answer: str) -> None:
    with balance(turn(asked, answer)) as (driver, _):
        assert driver.tare(wait=wait).mass_g == Decimal("100.00")


Act = Callable[[MtSicsBalance], object]


@pytest.mark.parametrize(("name", "act"), [("Z", MtSicsBalance.zero), ("T", MtSicsBalance.tare)], ids=["zero", "tare"])
@pytest.mark.parametrize("status", "IL+-")
def test_zero_and_tare_are_refused_with_the_status_of_the_balance(name: str, act: Act, status: str) -> None:
    with balance(turn(name, f"{name} {status}")) as (driver, _), pytest.raises(Refused) as caught:
        act(driver)
    assert caught.value.code == status


@pytest.mark.parametrize(("wait", "asked"), [(False, "TI"), (True, "T")])
def test_a_tare_that_the_balance_does_not_know_is_an_error(wait: bool, asked: str) -> None:
    with balance(turn(asked, "ES")) as (driver, _), pytest.raises(ReplyError):
        driver.tare(wait=wait)


# --- stream ---


def test_a_stream_gives_readings_with_their_stamps_and_the_lines_that_are_none() -> None:
    stream = [(0.1, "S D     129.07 g"), (0.2, "S S     129.09 g"), (0.3, "S +"), (0.4, WHO)]
    with balance(turn("SIR", *stream)) as (driver, script):
        driver.start_stream()
        script.clock.sleep_until(1.0)
        readings, others = driver.readings()
        again, none = driver.readings()
    assert readings.stamps_us.tolist() == [100_000, 200_000, 300_000]
    assert readings.masses_g[:2].tolist() == [129.07, 129.09]
    assert bytes(readings.statuses.tolist()) == b"DS+"
    assert list(others) == [(WHO.encode("ascii") + b"\r\n", 400_000)]
    assert (len(again), len(none)) == (0, 0)


def test_stopping_the_stream_loses_no_reading_on_its_way() -> None:
    with balance(turn("SIR", (0.1, "S S     129.09 g")), turn("@", (0.001, "S S     129.10 g"), WHO)) as (driver, script):
        driver.start_stream()
        script.clock.sleep_until(0.5)
        driver.stop_stream()
        readings, _ = driver.readings()
    assert readings.masses_g.tolist() == [129.09, 129.10]
