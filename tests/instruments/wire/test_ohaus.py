"""Ohaus bytes: numbers in front of letters, weights of current and older models, units without padding."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ReplyError
from instruments.readings import Weighing
from instruments.stamped import Stamped
from instruments.wire import ohaus as wire
from instruments.wire.framing import line_ends
from instruments.wire.ohaus import Command, Line
from tests.instruments.exchanges import load, said
from tests.instruments.wire.chunks import noisy, whole_and_bytewise
from tests.instruments.wire.lines_of_balances import check_block

TABLE = load("ohaus")
COMMANDS, LINES = said(TABLE, "host"), said(TABLE, "device")
OLD = {name: line for name, line in LINES.items() if name.startswith("oh-11")}
WORDS = {name: line for name, line in LINES.items() if line in (b"OK!\r\n", b"ES\r\n")}
WEIGHTS = {name: line for name, line in LINES.items() if name not in OLD | WORDS}


def each(lines: dict[str, bytes]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("line", lines.values(), ids=lines)


@each(WEIGHTS)
def test_every_weight_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    assert wire.encode_line(wire.decode_line(line)) == line


@each(OLD)
def test_every_weight_of_an_older_model_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    assert wire.encode_old_line(wire.decode_line(line)) == line


@each(WORDS)
def test_words_are_texts_and_no_weights(line: bytes) -> None:
    assert wire.encode_text(wire.decode_text(line)) == line
    with pytest.raises(ReplyError):
        wire.decode_weighing(line)


@each(COMMANDS)
def test_every_command_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    assert wire.encode_command(wire.decode_command(line)) == line


def test_all_lines_run_together_come_apart_again() -> None:
    frames = list(LINES.values())
    assert whole_and_bytewise(line_ends, b"".join(frames)) == (frames, frames)


# --- commands ---


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\n"])
def test_a_command_ends_with_either_end_of_line(end: bytes) -> None:
    for frames in whole_and_bytewise(wire.command_ends, b"IP" + end + b"15P" + end):
        assert [frame.strip() for frame in frames if frame.strip()] == [b"IP", b"15P"]


SPELLED = {
    b"IP": Command("IP"), b"0P\r": Command("P", "0"), b"100.5T\r\n": Command("T", "100.5"), b"\x1bR\r\n": Command("\x1bR"),
    b"10#\r\n": Command("#", "10"), b"P#\r\n": Command("P#"), b"?\r\n": Command("?"),
    b"ip\r\n": None, b"P15\r\n": None, b"-5T\r\n": None, b" IP\r\n": None, b"I P": None, b"15": None, b"": None,
    b"\xff": None, b"1.2.3T": None,
}  # fmt: skip


@pytest.mark.parametrize(("frame", "command"), SPELLED.items(), ids=map(repr, SPELLED))
def test_spelling(frame: bytes, command: Command | None) -> None:
    if command is not None:
        assert wire.decode_command(frame) == command
        return
    with pytest.raises(ReplyError):
        wire.decode_command(frame)


@given(name=st.from_regex(r"\A[A-Z]{1,4}\Z"), number=st.from_regex(r"\A(?:[0-9]{1,4}(?:\.[0-9]{1,3})?)?\Z"))
def test_any_command_survives_the_wire(name: str, number: str) -> None:
    assert wire.decode_command(wire.encode_command(Command(name, number))) == Command(name, number)


# --- lines ---

WEIGHINGS = [
    (b"    192.21 g\r\n", Weighing(Decimal("192.21"), "S")),
    (b"     192.21 g\r\n", Weighing(Decimal("192.21"), "S")),
    (b"   192.21 g\r\n", Weighing(Decimal("192.21"), "S")),
    (b"      192.21 g\r\n", Weighing(Decimal("192.21"), "S")),
    (b"    -15.20 g ?\r\n", Weighing(Decimal("-15.20"), "D")),
    (b"    1.2345 kg\r\n", Weighing(Decimal("1234.5"), "S")),
    (b"    1234.5 mg ?\r\n", Weighing(Decimal("1.2345"), "D")),
    (b"    176.30 g ? 00:00:15\r\n", Weighing(Decimal("176.30"), "D")),
    (b"    192.08 g   00:00:30\r\n", Weighing(Decimal("192.08"), "S")),
    (b"    192.08 g   NET\r\n", Weighing(Decimal("192.08"), "S")),
    (b"   192.21 g     \r\n", Weighing(Decimal("192.21"), "S")),
    (b"     0.01 g    ?\r\n", Weighing(Decimal("0.01"), "D")),
    (b"   -0.021 kg    \r\n", Weighing(Decimal("-21"), "S")),
    (b"   Err 8.3\r\n", Weighing(None, "+", "8.3")),
    (b"   Err 8.4\r\n", Weighing(None, "-", "8.4")),
    (b"Err 9\r\n", Weighing(None, "E", "9")),
    (b"    192.08 g   TOTAL\r\n", None),
    (b"    192.08 g   G\r\n", None),
    (b"    192.08 g   00:00\r\n", None),
    (b"    192.21 oz\r\n", None),
    (b"    192.21 lb:oz\r\n", None),
    (b"  192.21 g\r\n", None),
    (b"    192.21\r\n", None),
    (b"    192.21g\r\n", None),
    (b"    192.21 g \r\n", None),
    (b"    192.21 g  \r\n", None),
    (b"    192.21 g  ?\r\n", None),
    (b"    192.21 g ? \r\n", None),
    (b"   - 15.20 g\r\n", None),
    (b"   +192.21 g\r\n", None),
    (b"    192,21 g\r\n", None),
    (b"   192.21 g      \r\n", None),
    (b"    192.21 g\n", None),
    (b"OK!\r\n", None),
    (b"ES\r\n", None),
    (b"", None),
]


@pytest.mark.parametrize(("line", "weighing"), WEIGHINGS, ids=[repr(line) for line, _ in WEIGHINGS])
def test_a_weighing_is_read_or_refused(line: bytes, weighing: Weighing | None) -> None:
    if weighing is not None:
        assert wire.decode_weighing(line) == weighing
        return
    with pytest.raises(ReplyError) as caught:
        wire.decode_weighing(line)
    assert caught.value.raw == line


NUMBERS = st.builds(
    lambda count, decimals: f"{Decimal(count).scaleb(-decimals):.{decimals}f}",
    st.integers(-999_999, 9_999_999),
    st.integers(0, 5),
)
UNITS = st.sampled_from(["g", "kg", "mg", "oz", "lb:oz", "ct"])
ANY_LINE = st.builds(Line, NUMBERS, UNITS, st.booleans(), st.sampled_from(["", "", "NET", "TOTAL", "00:01:15"]))


@given(line=ANY_LINE, width=st.sampled_from(wire.WIDTHS))
def test_any_line_survives_the_wire(line: Line, width: int) -> None:
    assert wire.decode_line(wire.encode_line(line, width=width)) == line


@given(number=NUMBERS, unit=UNITS, stable=st.booleans())
def test_any_line_of_an_older_model_survives_the_wire(number: str, unit: str, stable: bool) -> None:
    line = wire.encode_old_line(Line(number, unit, stable))
    assert wire.decode_line(line) == Line(number, unit, stable)
    assert len(line) == 18


@pytest.mark.parametrize("code", ["8.3", "8.4", "9", "13.1"])
def test_any_trouble_survives_the_wire(code: str) -> None:
    assert wire.decode_weighing(wire.encode_trouble(code)).code == code


@pytest.mark.parametrize("line", [b"    192.21 g\r\n", b"   192.21 g     \r\n", b"\x06\r\n", b"OK!", b"\xff\r\n"])
def test_what_is_no_text_is_refused(line: bytes) -> None:
    with pytest.raises(ReplyError):
        wire.decode_text(line)


@given(line=noisy(b" -?0123.g\r\nOK!ESr"))
def test_decoders_raise_nothing_but_reply_errors(line: bytes) -> None:
    for decode in (wire.decode_command, wire.decode_line, wire.decode_weighing, wire.decode_text):
        with suppress(ReplyError):
            decode(line)


# --- blocks ---

GOOD = st.builds(lambda line, width: wire.encode_line(line, width=width), ANY_LINE, st.sampled_from(wire.WIDTHS)) | st.builds(
    wire.encode_old_line, st.builds(Line, NUMBERS, UNITS, st.booleans())
)
ODD = st.sampled_from([line for line, _ in WEIGHINGS if line])
TWISTED = st.builds(
    lambda line, at, byte: line[: at % len(line)] + bytes([byte]) + line[at % len(line) + 1 :],
    GOOD,
    st.integers(0, 21),
    st.sampled_from(b" .-?0\rgkx\x00\xff"),
)


@pytest.mark.parametrize("line", [line for line, _ in WEIGHINGS if line], ids=repr)
def test_a_block_of_a_line_says_what_the_line_says(line: bytes) -> None:
    check_block([line, line], wire.decode_block, wire.decode_weighing)


@given(lines=st.lists(GOOD | GOOD | ODD | TWISTED, max_size=12))
def test_a_block_says_what_its_lines_say_one_by_one(lines: list[bytes]) -> None:
    check_block(lines, wire.decode_block, wire.decode_weighing)


@given(
    counts=st.lists(st.integers(-999_999, 9_999_999), min_size=1, max_size=20),
    decimals=st.integers(0, 5),
    width=st.sampled_from([0, *wire.WIDTHS]),
)
def test_a_block_is_written_like_its_lines(counts: list[int], decimals: int, width: int) -> None:
    stable = np.arange(len(counts)) % 3 == 0
    numbers = [f"{Decimal(count).scaleb(-decimals):.{decimals}f}" for count in counts]
    each_line = [Line(text, "g", bool(calm)) for text, calm in zip(numbers, stable, strict=True)]
    if width:
        data, ends = wire.encode_block(np.array(counts), decimals, stable, width=width)
        lines = [wire.encode_line(line, width=width) for line in each_line]
    else:
        data, ends = wire.encode_old_block(np.array(counts), decimals, stable)
        lines = [wire.encode_old_line(line) for line in each_line]
    assert data == b"".join(lines)
    assert ends.tolist() == np.cumsum([len(line) for line in lines]).tolist()
    readings, others = wire.decode_block(Stamped(data, ends, np.arange(len(counts), dtype=np.int64)))
    assert readings.masses_g.tolist() == [float(number) for number in numbers]
    assert not len(others)
