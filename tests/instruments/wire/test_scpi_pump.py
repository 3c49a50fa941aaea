"""What a SCPI pump says, in both directions; its commands, and how a bench file may write them otherwise."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ConfigError, ReplyError
from instruments.wire import scpi_pump as wire
from instruments.wire import scpi_response as response
from instruments.wire.scpi import decode_message
from instruments.wire.scpi_pump import ALARMS, LogEntry
from instruments.wire.scpi_pump_commands import STANDARD, forms
from tests.instruments.exchanges import load, octets, said
from tests.instruments.wire.chunks import noisy

EXCHANGES = load("scpi_pump")
READERS = [wire.log_entry, wire.log_range, wire.steps]


# --- both directions ---

ENTRIES = st.builds(
    LogEntry,
    st.integers(1, 999_999_999),
    st.integers(0, 10**12).map(lambda ms: ms / 1000),
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=12),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters='"'), max_size=30),
)


@given(entry=ENTRIES)
def test_a_log_entry_comes_back_as_it_was(entry: LogEntry) -> None:
    assert wire.log_entry(response.encode_response([wire.encode_log_entry(entry)])) == entry


@given(first=st.integers(1, 10**8), count=st.integers(0, 1000))
def test_a_log_range_comes_back_as_it_was(first: int, count: int) -> None:
    numbers = range(first, first + count)
    assert list(wire.log_range(response.encode_response([wire.encode_log_range(numbers)]))) == list(numbers)


RATES = st.integers(0, 10**9).map(lambda millionths: millionths / 1e6)


@given(steps=st.lists(st.tuples(RATES, RATES), min_size=1, max_size=24))
def test_steps_come_back_as_they_were(steps: list[tuple[float, float]]) -> None:
    taken = wire.steps(response.encode_response([wire.encode_steps(steps)]))
    assert taken == tuple(pytest.approx(step, rel=1e-8) for step in steps)


@given(data=noisy(b'0123456789,."ALARM\n+-E'))
def test_any_bytes_are_an_answer_or_no_reply(data: bytes) -> None:
    for read in READERS:
        with suppress(ReplyError):
            read(data)  # type: ignore[operator]


NO_ENTRIES = [
    '1,0.000,POWER,"', '1,0.000,POWER', '1,0.00,POWER,""', '1,-1.000,POWER,""', '+1,0.000,POWER,""', '1,0.000,power,""',
    '1,0.000,POWER,"""', '1,0.000,POWER,"",', '1,nan,POWER,""', "",
]  # fmt: skip


@pytest.mark.parametrize("line", NO_ENTRIES)
def test_what_is_no_entry_is_refused(line: str) -> None:
    with pytest.raises(ReplyError):
        wire.log_entry(line.encode("ascii") + b"\n")


@pytest.mark.parametrize("line", ["0,1", "1,0", "5,4", "1", "1,2,3", "-1,2", "1.0,2", ""])
def test_what_is_no_range_is_refused(line: str) -> None:
    with pytest.raises(ReplyError):
        wire.log_range(line.encode("ascii") + b"\n")


@pytest.mark.parametrize("line", ["1", "1,2,3", "1,x", ""])
def test_what_are_no_steps_is_refused(line: str) -> None:
    with pytest.raises(ReplyError):
        wire.steps(line.encode("ascii") + b"\n")


def test_every_alarm_has_a_bit_of_its_own() -> None:
    assert [alarm.bit for alarm in ALARMS.values()] == [1, 2, 4, 8, 16, 32, 64]
    assert [alarm.word for alarm in wire.alarms(0b1010010 | 0x4000)] == ["EMPTY", "EOS", "POW"]


# --- the examples of the manual ---


@pytest.mark.parametrize("frame", said(EXCHANGES, "host").values(), ids=said(EXCHANGES, "host"))
def test_every_example_is_a_message(frame: bytes) -> None:
    assert list(decode_message(frame))


@pytest.mark.parametrize("frame", said(EXCHANGES, "device").values(), ids=said(EXCHANGES, "device"))
def test_every_answer_is_a_response_of_known_shapes(frame: bytes) -> None:
    shapes = [response.number, response.word, response.text, response.error, response.identity, response.numbers, *READERS]
    for answer in response.answers(frame):
        line = answer.encode("ascii") + b"\n"
        assert any(response.is_a(shape)(line) for shape in shapes), answer


def test_the_examples_show_every_command_that_the_driver_uses() -> None:
    spoken = {unit.header for frame in said(EXCHANGES, "host").values() for unit in decode_message(frame)}
    used = {
        unit.header
        for form in STANDARD.values()
        for text in filter(None, (form.query, form.set))
        for unit in decode_message(text.replace("{value}", "1").encode("ascii") + b"\n")
    }
    assert used - spoken == set()


def test_octets_are_what_the_comments_say() -> None:
    assert octets(EXCHANGES["exchange"][0]["steps"][0]["host"]) == b"*IDN?\n"


# --- other commands ---

WRITTEN: list[tuple[str, Any, str, str]] = [
    # name, as the bench file has it, the question, the setting of 0.05
    ("rate", "PUMP:BASal", "PUMP:BASal?", "PUMP:BASal 0.05"),
    ("rate", {"query": "B?", "set": "B {value}", "unit": "uL/day"}, "B?", "B 1200"),
    ("rate", {"query": "B? ULD", "set": "B {value},ULD", "scale": 0.5}, "B? ULD", "B 0.1,ULD"),
    ("reservoir", "RSV:LEFT", "RSV:LEFT?", ""),
    ("start", "PUMP:GO", "", "PUMP:GO"),
    ("state", {"query": "PUMP?", "words": {"IDLE": "OFF"}}, "PUMP?", ""),
    ("rate", ":PUMP:BASAL", ":PUMP:BASAL?", ":PUMP:BASAL 0.05"),
]


@pytest.mark.parametrize(("name", "given", "question", "setting"), WRITTEN)
def test_a_command_may_be_written_otherwise(name: str, given: Any, question: str, setting: str) -> None:
    form = forms({name: given})[name]
    assert (form.asking(), form.setting(0.05)) == (question, setting)


def test_what_is_not_rewritten_stays() -> None:
    taken = forms({"rate": "PUMP:BASAL"})
    assert {name for name in STANDARD if taken[name] != STANDARD[name]} == {"rate"}
    assert taken["log-entry"].asking(12) == "LOG:ENTR? 12"


def test_a_resolution_in_the_pumps_unit_is_one_in_the_drivers() -> None:
    form = forms({"rate": {"query": "B?", "set": "B {value}", "unit": "uL/day", "resolution": 24.0}})["rate"]
    assert (form.factor, form.resolution) == (pytest.approx(1 / 24000), pytest.approx(1e-3))


REFUSED: list[tuple[str, Any, str]] = [
    ("speed", "B", "'speed' is no command.*start, stop, state, rate"),
    ("rate", 5, "commands.rate: write a header or a table"),
    ("rate", "", "is no query command"),
    ("rate", "9B", "is no query command"),
    ("rate", "B;C", "is no query command"),
    ("rate", {"query": "B?"}, "commands.rate: needs a set command, such as 'INF:RATE {value}'"),
    ("rate", {"query": "B?", "set": "B"}, "'B' is no set command"),
    ("rate", {"query": "B?", "set": "B {value},{value}"}, "is no set command"),
    ("rate", {"query": "B", "set": "B {value}"}, "'B' is no query command"),
    ("rate", {"query": "B?", "set": "B? {value}"}, "is no set command"),
    ("reservoir", {"query": "B?", "set": "B {value}"}, "commands.reservoir: takes no set command"),
    ("rate", {"query": "B?", "set": "B {value}", "unit": "mL"}, "not a quantity in mL/h"),
    ("rate", {"query": "B?", "set": "B {value}", "unit": "uL/h", "scale": 2.0}, "either a unit or a positive scale"),
    ("rate", {"query": "B?", "set": "B {value}", "scale": -2.0}, "either a unit or a positive scale"),
    ("flex", {"query": "B?", "set": "B {value}", "unit": "uL"}, "takes neither unit nor scale"),
    ("rate", {"query": "B?", "set": "B {value}", "words": {"A": "B"}}, "takes no words"),
    ("rate", {"query": "B?", "set": "B {value}", "factor": 2}, "commands.rate.*factor: unknown key; accepted: query"),
    ("log-entry", {"query": "B?"}, "is no query command; write it like 'LOG:ENTR"),
]


@pytest.mark.parametrize(("name", "given", "told"), REFUSED)
def test_what_cannot_be_used_is_refused_with_what_would_be_accepted(name: str, given: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        forms({name: given})


def test_what_any_pump_would_mean_by_each_alarm() -> None:
    assert {alarm.word: alarm.kind for alarm in ALARMS.values()} == {
        "LOW": "low-reservoir", "EMPTY": "empty", "STALL": "stall", "ERI": "battery", "EOS": "battery", "WDOG": "watchdog",
        "POW": "power",
    }  # fmt: skip
