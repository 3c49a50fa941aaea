"""SCPI responses: what instruments write, and what a reader takes for it and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ReplyError
from instruments.identity import Identity
from instruments.wire import scpi_response as wire
from instruments.wire.scpi import response_ends
from instruments.wire.scpi_response import ErrorEntry
from tests.instruments.exchanges import load, said
from tests.instruments.wire.chunks import noisy, whole_and_bytewise

RESPONSES = said(load("scpi"), "device")
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=24)
VALUES = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e37, max_value=1e37)
Read = Callable[[bytes], Any]

# --- writing ---

WRITTEN = {
    "+24": wire.nr1(24),
    "24": wire.nr1(24, signed=False),
    "-3": wire.nr1(-3, signed=False),
    "+0": wire.nr1(0),
    "4.105": wire.nr2(4.1052, 3),
    "5.0000": wire.nr2(5, 4),
    "+1.23456789E+00": wire.nr3(1.23456789),
    "-4.98748741E-01": wire.nr3(-0.498748741),
    "+3.000000E-06": wire.nr3(3e-6, 6),
    "+9.90000000E+37": wire.nr3(math.inf),
    "-9.90000000E+37": wire.nr3(-math.inf),
    "9.91000000E+37": wire.nr3(math.nan),
    '+0,"No error"': wire.error_text(ErrorEntry(0, "No error")),
    '0,"No error"': wire.error_text(ErrorEntry(0, "No error"), signed=False),
    '-113,"Undefined header;""X"""': wire.error_text(ErrorEntry(-113, 'Undefined header;"X"'), signed=False),
    '+305,"Own"': wire.error_text(ErrorEntry(305, "Own")),
    "RIGOL TECHNOLOGIES,DP832,DP8C1,00.01.14": wire.identity_text("RIGOL TECHNOLOGIES", Identity("DP832", "DP8C1", "00.01.14")),
}


@pytest.mark.parametrize(("text", "written"), WRITTEN.items())
def test_values_are_written_to_the_character(text: str, written: str) -> None:
    assert written == text


# --- reading ---

READ: list[tuple[Read, str, Any]] = [
    (wire.number, "+1.73730000E+00", 1.7373),
    (wire.number, "4.105", 4.105),
    (wire.number, "24", 24.0),
    (wire.number, "-.5e-3", -5e-4),
    (wire.numbers, "4.105,0.512,2.102", (4.105, 0.512, 2.102)),
    (wire.numbers, "+1.0E+00", (1.0,)),
    (wire.joined_numbers, "+5.99987000E+00;+2.34100000E-01", (5.99987, 0.2341)),
    (wire.reading, "+1.73730000E+00", 1.7373),
    (wire.reading, "9.91000000E+37", 9.91e37),
    (wire.reading, "-9.90000000E+37", -9.9e37),
    (wire.channel_reading, "+2.05010000E+00,101", (2.0501, 101)),
    (wire.integer, "+24", 24),
    (wire.integer, "24", 24),
    (wire.integer, "-3", -3),
    (wire.byte, "+254", 254),
    (wire.boolean, "1", True),
    (wire.boolean, "+0", False),
    (wire.boolean, "ON", True),
    (wire.boolean, "OFF", False),
    (wire.booleans, "1,1,0", (True, True, False)),
    (wire.text, '"VOLT +1.000000E+01,+3.000000E-06"', "VOLT +1.000000E+01,+3.000000E-06"),
    (wire.text, '"a ""b"""', 'a "b"'),
    (wire.text, '""', ""),
    (wire.word, "CV", "CV"),
    (wire.word, "imm", "IMM"),
    (wire.error, '+0,"No error"', ErrorEntry(0, "No error")),
    (wire.error, '0,"No error"', ErrorEntry(0, "No error")),
    (wire.error, '-113,"Undefined header;""X"""', ErrorEntry(-113, 'Undefined header;"X"')),
    (wire.identity, "Keysight Technologies,34461A,MY1,A.02-01", Identity("Keysight Technologies 34461A", "MY1", "A.02-01")),
    (wire.identity, "RIGOL TECHNOLOGIES,DP832,,", Identity("RIGOL TECHNOLOGIES DP832", "", "")),
    (wire.block_data, "#15hello", b"hello"),
    (wire.block_data, "#10", b""),
    (wire.block_data, "#15a\nb\nc", b"a\nb\nc"),
    (wire.answers, '1;"a;b";2', ("1", '"a;b"', "2")),
    (wire.fields, 'CH1:30V/3A,5.000,"a,b"', ("CH1:30V/3A", "5.000", '"a,b"')),
]


@pytest.mark.parametrize(("read", "line", "value"), READ, ids=[f"{read.__name__} {line!r}" for read, line, _ in READ])
def test_a_response_is_read(read: Read, line: str, value: Any) -> None:
    assert read(line.encode("ascii") + b"\n") == value


@pytest.mark.parametrize(("read", "line", "value"), [row for row in READ if row[0] is not wire.block_data])
def test_cr_lf_ends_a_response_too(read: Read, line: str, value: Any) -> None:
    assert read(line.encode("ascii") + b"\r\n") == value


REFUSED: dict[Read, list[str]] = {
    wire.number: ["", "V", "1 V", "1,2", "1;2", "nan", "inf", "1_0", "0x1", "1E", "+-1", "1.2.3", " 1", "1 ", "1E9999", "٣"],
    wire.numbers: ["", "1,", ",1", "1;2", "1, 2"],
    wire.joined_numbers: ["", "1;", "1,2"],
    wire.reading: ["1", "+1.7", "+1.73730000", "+17.3730000E+00", "+1.73730000E+0", "+1.73730000E+00,1", "+1.73730000E+00 VDC"],
    wire.channel_reading: ["+1.73730000E+00", "+1.73730000E+00,", "+1.73730000E+00,101,1", "+1.73730000E+00 VDC,101", "1,101"],
    wire.integer: ["", "1.0", "+1E+00", "1,2", "--1", "1_0"],
    wire.byte: ["+256", "-1", "1.0"],
    wire.boolean: ["", "2", "-1", "on", "YES", "1.0"],
    wire.booleans: ["", "1,", "1;0"],
    wire.text: ["", "VOLT", '"', '"a', 'a"', '"a"b"', '"a",1', '"a" '],
    wire.word: ["", "1", "A B", '"CV"', "CV,CC"],
    wire.error: ["", "0", "0,No error", '0,"No error', '0;"No error"', '0,"a"b"', '+0,"No error",1'],
    wire.identity: ["", "a,b,c", "a,b,c,d,e", '"a",b,c,d', "a,b,c,d;1", ",b,c,d", "a,,c,d"],
    wire.block_data: ["", "#", "#0abc", "#15hell", "#15helloo", "#2a5hello", "hello", "#25"],
}


@pytest.mark.parametrize(("read", "line"), [(read, line) for read, lines in REFUSED.items() for line in lines])
def test_what_is_no_such_response_is_refused_and_kept(read: Read, line: str) -> None:
    frame = line.encode("utf-8") + b"\n"
    with pytest.raises(ReplyError) as caught:
        read(frame)
    assert caught.value.raw == frame
    assert not wire.is_a(read)(frame)


@pytest.mark.parametrize("frame", [b"1", b"1\r", b"\xff1\n", b"1\n\n", b"\x001\n", b"1\n1\n"])
def test_a_line_is_printable_and_ends_once(frame: bytes) -> None:
    with pytest.raises(ReplyError):
        wire.integer(frame)


@given(noisy(b'\r\n#";,+-.0159EON'))
def test_any_bytes_are_a_response_or_a_reply_error(frame: bytes) -> None:
    for read in REFUSED:
        with suppress(ReplyError):
            read(frame)


# --- both directions ---


@given(VALUES)
def test_any_value_survives_nr3_to_its_ninth_digit(value: float) -> None:
    frame = wire.encode_response([wire.nr3(value)])
    assert wire.number(frame) == pytest.approx(value, rel=1e-8)


@given(st.integers(-(10**9), 10**9), st.booleans())
def test_any_whole_number_survives_nr1(value: int, signed: bool) -> None:
    assert wire.integer(wire.encode_response([wire.nr1(value, signed=signed)])) == value


@given(st.integers(-999, 999), PRINTABLE, st.booleans())
def test_any_error_entry_survives_the_line(code: int, text: str, signed: bool) -> None:
    entry = ErrorEntry(code, text)
    assert wire.error(wire.encode_response([wire.error_text(entry, signed=signed)])) == entry


@given(PRINTABLE)
def test_any_text_survives_its_quotes(text: str) -> None:
    assert wire.text(wire.encode_response([wire.quoted(text)])) == text


@given(st.binary(max_size=300))
def test_any_bytes_survive_a_block_whole_and_in_pieces(data: bytes) -> None:
    frame = wire.encode_block(data)
    assert wire.block_data(frame) == data
    assert whole_and_bytewise(response_ends, frame * 2) == ([frame] * 2, [frame] * 2)


@given(st.lists(PRINTABLE.map(wire.quoted), min_size=1, max_size=4))
def test_joined_answers_come_apart_again(parts: list[str]) -> None:
    assert wire.answers(wire.encode_response(parts)) == tuple(parts)


EXCHANGED: dict[str, tuple[Read, Callable[[Any], str]]] = {
    "scpi-1": (wire.identity, lambda who: f"{who.model.replace(' 34', ',34')},{who.serial},{who.firmware}"),
    "scpi-2": (wire.integer, lambda value: wire.nr1(value, signed=False)),
    "scpi-3": (wire.error, wire.error_text),
    "scpi-4": (wire.integer, wire.nr1),
    "scpi-5": (wire.reading, wire.nr3),
    "scpi-6": (wire.numbers, lambda values: ",".join(map(wire.nr3, values))),
    "scpi-7": (wire.block_data, lambda data: wire.block(data).decode("ascii")),
    "scpi-8": (wire.reading, wire.nr3),
    "scpi-9": (wire.text, wire.quoted),
    "scpi-10": (
        wire.numbers,
        lambda values: ",".join(f"{wire.nr3(v)},{int(n)}" for v, n in zip(*[iter(values)] * 2, strict=True)),
    ),
    "scpi-11": (wire.byte, wire.nr1),
    "scpi-12": (wire.joined_numbers, lambda values: ";".join(map(wire.nr3, values))),
    "scpi-13": (wire.boolean, lambda on: str(int(on))),
    "scpi-14": (wire.error, wire.error_text),
    "scpi-16": (wire.error, wire.error_text),
    "scpi-15.1": (wire.numbers, lambda values: ",".join(wire.nr2(value, 3) for value in values)),
    "scpi-15.2": (wire.word, str),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_every_response_of_the_exchanges_is_read_and_written_to_the_same_bytes(name: str) -> None:
    step, _, _ = name.rpartition(".")
    read, write = EXCHANGED.get(step) or EXCHANGED[step.partition(".")[0]]
    assert wire.encode_response([write(read(RESPONSES[name]))]) == RESPONSES[name]


MARKS = {9.9e37: True, -9.9e37: True, 9.91e37: True, math.inf: True, 9.89e37: False, 0.0: False, -1.7373: False}


@pytest.mark.parametrize(("value", "none"), MARKS.items())
def test_overload_and_no_value_are_not_numbers(value: float, none: bool) -> None:
    assert math.isnan(wire.measured(value)) is none
    assert none or wire.measured(value) == value
