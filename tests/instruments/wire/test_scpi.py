"""SCPI program messages: how they are split, what each part may look like, and where they end."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.stamped import Stamped
from instruments.wire import scpi as wire
from instruments.wire.framing import FRAME_LIMIT, FrameBuffer, Framer
from instruments.wire.scpi import Kind, Parameter, Unit
from instruments.wire.scpi_errors import ScpiError
from tests.instruments.exchanges import load, octets, said
from tests.instruments.wire.chunks import noisy, whole_and_bytewise

MESSAGES = said(load("scpi"), "host")

NODES = st.from_regex(r"[A-Z][A-Z0-9_]{0,11}", fullmatch=True)
HEADERS = st.lists(NODES, min_size=1, max_size=4).map(lambda nodes: ":" + ":".join(nodes)) | st.from_regex(
    r"\*[A-Z]{3}", fullmatch=True
)
NUMBERS = st.from_regex(
    r"[+-]?([0-9]{1,3}\.?[0-9]{0,3}|\.[0-9]{1,3})(E[+-]?[0-9]{1,2})?( ?(V|MV|KOHM|S))?|#H[0-9A-F]{1,4}", fullmatch=True
)
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=12)
PARAMETERS = st.one_of(
    NUMBERS.map(lambda text: Parameter(Kind.NUMBER, text)),
    NODES.map(lambda text: Parameter(Kind.WORD, text)),
    TEXTS.map(lambda text: Parameter(Kind.TEXT, text)),
    st.sampled_from(["(@)", "(@101)", "(@101,103:110)", "(@ 1, 2)"]).map(lambda text: Parameter(Kind.LIST, text)),
    st.binary(max_size=12).map(lambda data: Parameter(Kind.BLOCK, data.decode("latin-1"))),
)
UNITS = st.builds(Unit, HEADERS, st.booleans(), st.lists(PARAMETERS, max_size=3).map(tuple))
ANY_BYTES = noisy(b"\n\r;:?*#'\"(),@ 0159ABE.+-")


def units(text: str) -> list[Unit]:
    return list(wire.decode_message(text.encode("latin-1") + b"\n"))


def headers(text: str) -> list[str]:
    return [unit.header + "?" * unit.query for unit in units(text)]


def parameters(text: str) -> list[tuple[str, str]]:
    return [(parameter.kind.value, parameter.value) for parameter in units("X " + text)[0].parameters]


# --- both directions ---


@given(st.lists(UNITS, min_size=1, max_size=4))
def test_any_message_survives_the_line_alone_and_in_a_row(message: list[Unit]) -> None:
    frame = wire.encode_message(message)
    assert list(wire.decode_message(frame)) == message
    assert whole_and_bytewise(wire.message_ends, frame * 2) == ([frame] * 2, [frame] * 2)


@pytest.mark.parametrize("frame", MESSAGES.values(), ids=MESSAGES)
def test_every_message_of_the_exchanges_means_the_same_after_a_round_trip(frame: bytes) -> None:
    message = list(wire.decode_message(frame))
    assert message
    assert list(wire.decode_message(wire.encode_message(message))) == message


def test_all_messages_run_together_come_apart_again() -> None:
    frames = list(MESSAGES.values())
    assert whole_and_bytewise(wire.message_ends, b"".join(frames)) == (frames, frames)


# --- headers and paths ---

PATHS = {
    "TRIG:SOUR EXT;COUN 10": [":TRIG:SOUR", ":TRIG:COUN"],
    "SAMP:COUN 5;:TRIG:SOUR BUS": [":SAMP:COUN", ":TRIG:SOUR"],
    "*IDN?;*OPC?": ["*IDN?", "*OPC?"],
    "TRIG:SOUR EXT;*CLS;COUN 10": [":TRIG:SOUR", "*CLS", ":TRIG:COUN"],
    "VOLT 5;CURR 1": [":VOLT", ":CURR"],
    "a:b:c 1;d 2;e:f 3;g 4": [":A:B:C", ":A:B:D", ":A:B:E:F", ":A:B:E:G"],
    ":INST:NSEL 1; :MEAS:VOLT:DC?": [":INST:NSEL", ":MEAS:VOLT:DC?"],
    "MEAS:VOLT? (@1);CURR? (@1)": [":MEAS:VOLT?", ":MEAS:CURR?"],
    ' DISP:TEXT "a;b:c" ; TEXT? \r': [":DISP:TEXT", ":DISP:TEXT?"],
    "DISP:TEXT 'a;b';TEXT?": [":DISP:TEXT", ":DISP:TEXT?"],
    "X #15a;b:c,1;Y?": [":X", ":Y?"],
    "*RST;": ["*RST"],
    ";;*RST": ["*RST"],
    "": [],
    " \t\r": [],
}


@pytest.mark.parametrize(("message", "complete"), PATHS.items())
def test_a_unit_goes_on_in_the_subsystem_of_the_one_before(message: str, complete: list[str]) -> None:
    assert headers(message) == complete


# --- parameters ---

SHAPES: dict[str, list[tuple[str, str]]] = {
    "5": [("number", "5")],
    "5.0,.5 ,\t5E0, +5e-3": [("number", "5.0"), ("number", ".5"), ("number", "5E0"), ("number", "+5e-3")],
    "5 V,500mV,10 ms,2 E3 OHM": [("number", "5 V"), ("number", "500mV"), ("number", "10 ms"), ("number", "2 E3 OHM")],
    "#HFF,#q17,#B101": [("number", "#HFF"), ("number", "#q17"), ("number", "#B101")],
    "ON,imm,CH1": [("word", "ON"), ("word", "imm"), ("word", "CH1")],
    '"a ""b"", c"': [("text", 'a "b", c')],
    "'a \"b\" ''c'''": [("text", "a \"b\" 'c'")],
    "(@101,103:110)": [("list", "(@101,103:110)")],
    "1, (@1, 2)": [("number", "1"), ("list", "(@1, 2)")],
    "#15ab,;\n,ON": [("block", "ab,;\n"), ("word", "ON")],
    "#10": [("block", "")],
}


@pytest.mark.parametrize(("text", "shape"), SHAPES.items())
def test_parameters_are_told_apart(text: str, shape: list[tuple[str, str]]) -> None:
    assert parameters(text) == shape


WRONG = {
    "*IDN#": -101,
    "VOLT::5": -102,
    "VOLT:": -102,
    "5": -102,
    "\xff": -101,
    "VOLT ?": -101,
    "ABCDEFGHIJKLM 1": -112,
    "TRIG:ABCDEFGHIJKLM?": -112,
    "VOLT 1 2": -103,
    "VOLT 1:2": -103,
    'VOLT 1"a"': -103,
    "VOLT 1..2": -103,
    "VOLT 1,": -109,
    "VOLT ,1": -109,
    "VOLT 1,,2": -109,
    "VOLT +": -121,
    "VOLT #9": -161,
    "VOLT #Z": -121,
    'DISP:TEXT "abc': -151,
    "DISP:TEXT 'abc\"": -151,
    "ROUT:SCAN (@101": -171,
    "X #15ab": -161,
    "X #2a5ab": -161,
}


@pytest.mark.parametrize(("message", "code"), WRONG.items())
def test_what_is_no_message_is_an_error_with_its_code(message: str, code: int) -> None:
    with pytest.raises(ScpiError) as caught:
        units(message)
    assert caught.value.code == code


def test_the_units_before_a_wrong_one_stand() -> None:
    message = wire.decode_message(b"*RST;VOLT 5;VOLT::5;CURR 1\n")
    assert [next(message).header, next(message).header] == ["*RST", ":VOLT"]
    with pytest.raises(ScpiError):
        next(message)


@given(ANY_BYTES)
def test_any_bytes_are_units_or_an_error_of_scpi(data: bytes) -> None:
    with suppress(ScpiError):
        list(wire.decode_message(data))


# --- where messages and responses end ---

FRAMES = {
    "blocks hold any byte": (wire.message_ends, [b'X #15a\nb"c\n', b"*RST\n"]),
    "a block among parameters": (wire.message_ends, [b"X 1,#12\n\n,2\n", b"*RST\n"]),
    "no block inside a text": (wire.message_ends, [b'X " #15"\n', b"*RST\n"]),
    "no block inside a header": (wire.message_ends, [b"*IDN#15\n", b"*RST\n"]),
    "an open text ends with its line": (wire.message_ends, [b'X "abc\n', b"*RST\n"]),
    "a length that is none": (wire.message_ends, [b"X #2ab\n", b"*RST\n"]),
    "a length beyond all frames": (wire.message_ends, [b"X #59999912345\n", b"*RST\n"]),
    "numbers in other bases": (wire.message_ends, [b"X #B101\n", b"*RST\n"]),
    "block responses": (wire.response_ends, [b"#16a\nb\n\n\n\n", b"1\n"]),
    "joined block responses": (wire.response_ends, [b'1;#13\n"\n;2\n', b"1\n"]),
    "a text with a mark in it": (wire.response_ends, [b'"a,#15"\n', b"1\n"]),
    "a text that lost its end": (wire.response_ends, [b'-113,"Undef\n', b"1\n"]),
    "a mark that begins nothing": (wire.response_ends, [b"CH#15\n", b"1\n"]),
    "CR LF": (wire.response_ends, [b"1.000\r\n", b"ON\r\n"]),
}


@pytest.mark.parametrize(("framer", "frames"), FRAMES.values(), ids=FRAMES)
def test_frames_end_where_they_should_in_any_chunking(framer: Framer, frames: list[bytes]) -> None:
    assert whole_and_bytewise(framer, b"".join(frames)) == (frames, frames)


@given(ANY_BYTES)
def test_frames_are_the_same_in_any_chunking(data: bytes) -> None:
    for framer in (wire.message_ends, wire.response_ends):
        whole, bytewise = whole_and_bytewise(framer, data)
        assert whole == bytewise


@pytest.mark.parametrize("endless", [b'"', b"#", b"a", b"#43000", b" #44096"])
def test_what_never_ends_is_not_kept_for_ever(endless: bytes) -> None:
    for framer in (wire.message_ends, wire.response_ends):
        frames = FrameBuffer(framer)
        for _ in range(3):
            frames.feed(Stamped.one(endless * (FRAME_LIMIT // len(endless)), 0))
            assert len(frames.held) <= FRAME_LIMIT


def test_a_block_in_an_exchange_is_cut_where_its_length_says() -> None:
    block = said(load("scpi"), "device")["scpi-7.1.1"]
    assert wire.block(octets("2D 34 2E 39")) == b"#14-4.9"
    assert whole_and_bytewise(wire.response_ends, block + b"1\n") == ([block, b"1\n"], [block, b"1\n"])
