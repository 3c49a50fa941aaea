"""What drivers of SCPI instruments share: answers of a known shape, settings that are checked, and staying in step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle

import pytest

from instruments import scpi as module
from instruments.errors import HalfReply, Refused, ReplyError, ReplyTimeout
from instruments.identity import Identity
from instruments.scpi import Scpi, identify_as
from instruments.wire import scpi_response as response
from instruments.wire.scpi import response_ends
from instruments.wire.scpi_response import ErrorEntry
from tests.instruments.script import Answer, Scripted, Turn, scripted

MARK, MARKED = "*ESE?;*ESE?", "+0;+0"
NO_ERROR = '+0,"No error"'
UNDEFINED = '-113,"Undefined header"'


@pytest.fixture(autouse=True)
def two_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The count of marks goes round; here it begins anew with every test."""
    monkeypatch.setattr(module, "_MARKS", cycle(range(2, 10)))


def turn(asked: str, *answers: str | Answer) -> Turn:
    framed = [answer.encode("ascii") + b"\n" if isinstance(answer, str) else answer for answer in answers]
    return asked.encode("ascii") + b"\n", framed


@contextmanager
def instrument(*turns: Turn) -> Iterator[tuple[Scpi, Scripted]]:
    with scripted(response_ends, *turns) as script:
        yield Scpi(script.link), script


# --- questions ---


def test_an_answer_is_read_and_comes_with_its_moment() -> None:
    with instrument(turn("READ?", (0.4, b"+1.73730000E+00\n"))) as (scpi, _):
        assert scpi.ask_stamped("READ?", response.is_a(response.reading)) == (b"+1.73730000E+00\n", 400_000)


@pytest.mark.parametrize("stranger", ["+1", '"VOLT"', UNDEFINED, "garbage", ""])
def test_a_line_of_another_shape_is_not_taken_for_the_answer(stranger: str) -> None:
    with instrument(turn("READ?", stranger, (0.5, b"+1.73730000E+00\n"))) as (scpi, _):
        assert scpi.ask("READ?", response.reading) == 1.7373


def test_what_came_before_the_question_is_not_its_answer() -> None:
    with instrument(turn("READ?", (0.3, b"+2.00000000E+00\n"))) as (scpi, script):
        script.port.will_say(0.0, b"+1.00000000E+00\n")
        assert scpi.ask("READ?", response.reading) == 2.0


def test_an_unknown_question_is_refused_with_the_instruments_own_error() -> None:
    turns = [turn("FOO?"), turn(MARK, MARKED), turn("SYST:ERR?", UNDEFINED), turn("SYST:ERR?", NO_ERROR)]
    with instrument(*turns) as (scpi, _), pytest.raises(Refused) as caught:
        scpi.ask("FOO?", response.number)
    assert caught.value.code == "-113"
    assert "FOO?: Undefined header" in str(caught.value)


def test_an_answer_of_the_wrong_shape_is_an_error_with_its_bytes() -> None:
    turns = [turn("READ?", "garbage"), turn(MARK, MARKED), turn("SYST:ERR?", NO_ERROR)]
    with instrument(*turns) as (scpi, _), pytest.raises(ReplyError) as caught:
        scpi.ask("READ?", response.reading)
    assert caught.value.raw == b"garbage\n"


def test_silence_is_a_timeout() -> None:
    with instrument(turn("READ?"), turn(MARK)) as (scpi, _), pytest.raises(ReplyTimeout) as caught:
        scpi.ask("READ?", response.reading, timeout_s=5.0)
    assert "within 5 s" in str(caught.value)


def test_garbage_before_the_question_is_not_blamed_on_it() -> None:
    with instrument(turn("READ?"), turn(MARK)) as (scpi, script):
        script.port.will_say(0.0, b"garbage\n")
        with pytest.raises(ReplyTimeout):
            scpi.ask("READ?", response.reading)


def test_garbage_and_then_silence_is_an_error_with_its_bytes() -> None:
    with instrument(turn("READ?", "garbage"), turn(MARK)) as (scpi, _), pytest.raises(ReplyError, match="garbage"):
        scpi.ask("READ?", response.reading)


def test_half_an_answer_is_told_as_such() -> None:
    turns = [turn("READ?", (0.1, b"+1.737")), turn(MARK, MARKED), turn("SYST:ERR?", NO_ERROR)]
    with instrument(*turns) as (scpi, _), pytest.raises(HalfReply):
        scpi.ask("READ?", response.reading)


# --- staying in step ---

LATE = (3.0, b"+1.00000000E+00\n")
"""The answer to a question that was given up after 2 s."""


def test_a_late_answer_is_never_taken_for_the_next_one() -> None:
    turns = [
        turn("READ?", LATE),
        turn(MARK, (1.5, MARKED.encode("ascii") + b"\n")),
        turn("SYST:ERR?", NO_ERROR),
        turn("READ?", "+2.00000000E+00"),
    ]
    with instrument(*turns) as (scpi, _):
        with pytest.raises(ReplyTimeout):
            scpi.ask("READ?", response.reading)
        assert scpi.ask("READ?", response.reading) == 2.0


def test_nobody_asks_on_the_link_before_the_mark_has_come() -> None:
    three = MARK + ";*ESE?"
    turns = [turn("READ?"), turn(MARK), turn(three, MARKED, (0.5, b"+0;+0;+0\n")), turn("READ?", "+2.00000000E+00")]
    with instrument(*turns) as (scpi, script):
        with pytest.raises(ReplyTimeout):
            scpi.ask("READ?", response.reading)
        assert Scpi(script.link).ask("READ?", response.reading) == 2.0


def test_a_setting_waits_for_the_mark_too() -> None:
    turns = [turn("READ?"), turn(MARK), turn(MARK + ";*ESE?", "+0;+0;+0"), turn("*RST"), turn("SYST:ERR?", NO_ERROR)]
    with instrument(*turns) as (scpi, _):
        with pytest.raises(ReplyTimeout):
            scpi.ask("READ?", response.reading)
        scpi.set("*RST")


def test_getting_in_step_lets_go_of_everything_older() -> None:
    older = ["+1", '"VOLT"', "+1;+2;+3", (0.5, b"+9\n")]
    with instrument(turn(MARK, *older, (0.6, b"+32;+32\n")), turn("*ESR?", (1.0, b"+4\n"))) as (scpi, _):
        scpi.get_in_step()
        assert scpi.ask("*ESR?", response.integer) == 4


# --- settings and errors ---


def test_each_setting_is_checked_before_the_next() -> None:
    with instrument(turn("A 1"), turn("SYST:ERR?", NO_ERROR), turn("B 2"), turn("SYST:ERR?", '0,"No error"')) as (scpi, _):
        scpi.set("A 1", "B 2")


def test_a_setting_that_is_refused_is_told_with_the_first_error_and_nothing_more_is_set() -> None:
    out_of_range = '-222,"Data out of range"'
    turns = [turn("VOLT 99"), turn("SYST:ERR?", out_of_range), turn("SYST:ERR?", UNDEFINED), turn("SYST:ERR?", NO_ERROR)]
    with instrument(*turns) as (scpi, _), pytest.raises(Refused, match="VOLT 99: Data out of range") as caught:
        scpi.set("VOLT 99", "OUTP ON")
    assert caught.value.code == "-222"


def test_the_queue_is_emptied_oldest_first() -> None:
    turns = [turn("SYST:ERR?", UNDEFINED), turn("SYST:ERR?", '+305,"Own"'), turn("SYST:ERR?", NO_ERROR)]
    with instrument(*turns) as (scpi, _):
        assert scpi.take_errors() == [ErrorEntry(-113, "Undefined header"), ErrorEntry(305, "Own")]


def test_a_queue_that_never_empties_is_given_up() -> None:
    with instrument(*[turn("SYST:ERR?", UNDEFINED)] * 65) as (scpi, _):
        assert len(scpi.take_errors()) == 64


def test_an_instrument_without_an_error_queue_times_out_once() -> None:
    with instrument(turn("A 1"), turn("SYST:ERR?")) as (scpi, _), pytest.raises(ReplyTimeout):
        scpi.set("A 1")


# --- who it is ---

ANSWERS = {
    b"Keysight Technologies,34461A,MY1,A.02\n": Identity("Keysight Technologies 34461A", "MY1", "A.02"),
    b"garbage\nKeysight Technologies,34461A,MY1,A.02\r\n": Identity("Keysight Technologies 34461A", "MY1", "A.02"),
    b"Keysight Technologies,34401A,MY1,A.02\n": None,
    b"Keysight Technologies,34461A,MY1,A.02": None,
    b" , ,MY1,A.02\n": None,
    b"ES\r\n": None,
    b"": None,
    b"\xff\x00\n": None,
}


@pytest.mark.parametrize(("answer", "identity"), ANSWERS.items())
def test_a_probe_knows_its_models(answer: bytes, identity: Identity | None) -> None:
    assert identify_as("34460A", "34461A")(answer) == identity
