"""SBI bytes: lines of 16 and 22 characters, words in place of numbers, commands that end by themselves."""

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
from instruments.wire import sbi as wire
from instruments.wire.framing import line_ends
from instruments.wire.sbi import Line, Special
from tests.instruments.exchanges import load, said
from tests.instruments.wire.chunks import noisy, whole_and_bytewise
from tests.instruments.wire.lines_of_balances import check_block

TABLE = load("sbi")
COMMANDS, LINES = said(TABLE, "host"), said(TABLE, "device")
SPECIALS = {
    name: line for name, line in LINES.items() if name.split(".")[0] in ("sbi-10", "sbi-11", "sbi-12", "sbi-13", "sbi-14")
} | {name: line for name, line in LINES.items() if b"Cal" in line}
TEXTS = {name: line for name, line in LINES.items() if line[:3] in (b"MSE", b"Ser")}
WEIGHTS = {name: line for name, line in LINES.items() if name not in SPECIALS | TEXTS}


def each(lines: dict[str, bytes]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("line", lines.values(), ids=lines)


# --- what the exchanges show ---


@each(WEIGHTS)
def test_every_weight_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    assert wire.encode_line(wire.decode_line(line)) == line
    assert len(line) in wire.COLUMNS


@each(SPECIALS)
def test_every_status_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    assert wire.encode_special(wire.decode_special(line), len(line)) == line
    assert wire.decode_weighing(line).mass_g is None


@each(TEXTS)
def test_every_identification_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    assert wire.encode_text(wire.decode_text(line), len(line)) == line
    for decode in (wire.decode_line, wire.decode_special, wire.decode_weighing):
        with pytest.raises(ReplyError):
            decode(line)


@each(COMMANDS)
def test_every_command_comes_back_with_and_without_its_end(line: bytes) -> None:
    text = wire.decode_command(line.removesuffix(b"\r\n"))
    assert wire.encode_command(text) == line.removesuffix(b"\r\n") + b"\r\n"


def test_all_lines_run_together_come_apart_again() -> None:
    frames = list(LINES.values())
    assert whole_and_bytewise(line_ends, b"".join(frames)) == (frames, frames)


# --- commands ---

SPOKEN = [
    (b"\x1bP", ["P"]),
    (b"\x1bP\x1bT\r\n\x1bx1_", ["P", "T", "x1_"]),
    (b"\x1bf3_\r\n\x1bkP_\x1bkP\x1bV", ["f3_", "kP", "kP", "V"]),
    (b"\x1bx1\r\n\x1bP", ["x1", "P"]),
    (b"\x1bx1\x1bP", ["x1", "P"]),
    (b"P\r\n\x1bP", ["P"]),
    (b"\x1b\x1bP", ["P"]),
    (b"\x1btHELLO_\x1bP", ["tHELLO_", "P"]),
    (b"\x1b?\x1b@", ["?", "@"]),
    (b"\x1bx" + b"9" * 40 + b"\x1bP", ["x" + "9" * 23, "P"]),
    (b"\x1bx1", []),
    (b"\x1b", []),
    (b"\xff\x00", []),
]


@pytest.mark.parametrize(("data", "commands"), SPOKEN, ids=[repr(data) for data, _ in SPOKEN])
def test_a_command_is_complete_at_its_own_last_byte(data: bytes, commands: list[str]) -> None:
    for frames in whole_and_bytewise(wire.command_ends, data):
        assert [text for frame in frames if (text := wire.decode_command(frame))] == commands


@given(data=noisy(b"\x1bPTx1_\r\nkftz"))
def test_commands_are_the_same_in_any_chunking(data: bytes) -> None:
    whole, bytewise = whole_and_bytewise(wire.command_ends, data)
    assert whole == bytewise
    assert data.startswith(b"".join(whole))


@given(
    texts=st.lists(st.from_regex(r"\A(?:[PTUVKLMNSZ?@]|[fsx][0-9]{1,2}_|t[A-Z]{1,20}_|kP)\Z"), max_size=8), ended=st.booleans()
)
def test_any_commands_survive_the_wire(texts: list[str], ended: bool) -> None:
    data = b"".join(wire.encode_command(text) if ended else b"\x1b" + text.encode("ascii") for text in texts)
    frames, _ = whole_and_bytewise(wire.command_ends, data)
    assert [text for frame in frames if (text := wire.decode_command(frame))] == texts


# --- lines ---

WEIGHINGS = [
    (b"+   123.56 g  \r\n", Weighing(Decimal("123.56"), "S")),
    (b"-   123.56    \r\n", Weighing(Decimal("-123.56"), "D")),
    (b"      0.00 g  \r\n", Weighing(Decimal("0.00"), "S")),
    (b"+1234.5678 g  \r\n", Weighing(Decimal("1234.5678"), "S")),
    (b"+      123 g  \r\n", Weighing(Decimal(123), "S")),
    (b"N     +   123.56 g  \r\n", Weighing(Decimal("123.56"), "S")),
    (b"     N+   123.56 g  \r\n", Weighing(Decimal("123.56"), "S")),
    (b"N     +    0.012    \r\n", Weighing(Decimal("0.012"), "D")),
    (b"      --      \r\n", Weighing(None, "I", "--")),
    (b"      H       \r\n", Weighing(None, "+", "H")),
    (b"      L       \r\n", Weighing(None, "-", "L")),
    (b"      HH      \r\n", Weighing(None, "E", "HH")),
    (b"      High    \r\n", Weighing(None, "+", "High")),
    (b"     Low      \r\n", Weighing(None, "-", "Low")),
    (b"Stat        High    \r\n", Weighing(None, "+", "High")),
    (b"Stat        C       \r\n", Weighing(None, "I", "C")),
    (b"Stat     Cal.Ext.   \r\n", Weighing(None, "I", "Cal.Ext.")),
    (b"Stat       OFF      \r\n", Weighing(None, "I", "OFF")),
    (b"Stat     ERR  54    \r\n", Weighing(None, "E", "54")),
    (b"   Err 101    \r\n", Weighing(None, "E", "101")),
    (b"   Srr  02    \r\n", Weighing(None, "E", "02")),
    (b"Stat     APP. ERR   \r\n", Weighing(None, "E", "APP.ERR")),
    (b"Stat     COMM.ERR   \r\n", Weighing(None, "E", "COMM.ERR")),
    (b"    123.56 g  \r\n", None),  # no sign, and not zero
    (b"+   123.5[6]g  \r\n", None),
    (b"+  1 23.56 g  \r\n", None),
    (b"+   123,56 g  \r\n", None),
    (b"+   123.56  g \r\n", None),
    (b"+   123.56 kg \r\n", None),
    (b"+   123.56 ct \r\n", None),
    (b"+   123.56 GN \r\n", None),
    (b"+   123.56 g \r\n", None),
    (b"+   123.56 g  \n", None),
    (b"+       12. g  \r\n", None),
    (b"G     +   123.56 g  \r\n", None),
    (b"T1    +   123.56 g  \r\n", None),
    (b"Qnt   +       12 pcs\r\n", None),
    (b"N1 N2 +   123.56 g  \r\n", None),
    (b"N     +   123.56 g  ", None),
    (b"\xab   123.56 g  \r\n", None),
    (b"      Hi      \r\n", None),
    (b"Stat                \r\n", None),
    (b"SerNo.    0031801165\r\n", None),
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


@pytest.mark.parametrize(("line", "status"), [(b"+    12.56 mg \r\n", "S"), (b"+    12.56    \r\n", "D")])
def test_an_unstable_line_is_in_the_unit_that_the_balance_shows(line: bytes, status: str) -> None:
    assert wire.decode_weighing(line, "mg") == Weighing(Decimal("0.01256"), status)


def test_a_stable_line_in_another_unit_than_the_one_shown_is_an_error() -> None:
    with pytest.raises(ReplyError, match="not a net weight in mg"):
        wire.decode_weighing(b"+    12.56 g  \r\n", "mg")


NUMBERS = st.builds(
    lambda count, decimals: f"{Decimal(count).scaleb(-decimals):.{decimals}f}",
    st.integers(-99_999_999, 99_999_999),
    st.integers(0, 6),
).filter(lambda text: text.strip("-0.") or not text.startswith("-"))
ANY_LINE = st.builds(
    Line,
    NUMBERS,
    st.sampled_from(["g", "mg", "kg", "", "ct", "pcs", "%", "/lb"]),
    st.sampled_from(["", "N", "N1", "G#", "T2", "Qnt"]),
)


@given(line=ANY_LINE)
def test_any_line_survives_the_wire(line: Line) -> None:
    data = wire.encode_line(line)
    assert wire.decode_line(data) == line
    assert len(data) == (22 if line.identifier else 16)


@pytest.mark.parametrize("columns", wire.COLUMNS)
@pytest.mark.parametrize(
    "special", [*map(Special, wire.STATUSES), Special("Err", "2"), Special("Err", "54"), Special("Err", "101")]
)
def test_any_status_survives_the_wire(special: Special, columns: int) -> None:
    line = wire.encode_special(special, columns)
    assert wire.decode_special(line) == special
    assert len(line) == columns


@given(text=st.from_regex(r"\A[A-Z]{2,5}[0-9A-Z-]{1,12}\Z"), columns=st.sampled_from(wire.COLUMNS))
def test_any_identification_survives_the_wire(text: str, columns: int) -> None:
    assert wire.decode_text(wire.encode_text(text, columns)) == text


@pytest.mark.parametrize(
    "line", [b"\r\n", b"      \r\n", b"x" * 41 + b"\r\n", b"\x07BAC\r\n", b"      High    \r\n", b"+   123.56 g  \r\n"]
)
def test_what_is_no_identification_is_refused(line: bytes) -> None:
    with pytest.raises(ReplyError):
        wire.decode_text(line)


@given(line=noisy(b"N+- 0123.g\r\nStaERHigh"))
def test_decoders_raise_nothing_but_reply_errors(line: bytes) -> None:
    for decode in (wire.decode_line, wire.decode_special, wire.decode_weighing, wire.decode_text):
        with suppress(ReplyError):
            decode(line)


# --- blocks ---

GOOD = st.builds(
    lambda number, unit, name: wire.encode_line(Line(number, unit, name)),
    NUMBERS,
    st.sampled_from(["g", ""]),
    st.sampled_from(["N", "N", ""]),
)
ODD = st.sampled_from([line for line, _ in WEIGHINGS if line])
TWISTED = st.builds(
    lambda line, at, byte: line[: at % len(line)] + bytes([byte]) + line[at % len(line) + 1 :],
    GOOD,
    st.integers(0, 21),
    st.sampled_from(b" .-+0N\rgmx\x00\xff"),
)


@pytest.mark.parametrize("line", [line for line, _ in WEIGHINGS if line], ids=repr)
def test_a_block_of_a_line_says_what_the_line_says(line: bytes) -> None:
    check_block([line, line], wire.decode_block, wire.decode_weighing)


@given(lines=st.lists(GOOD | GOOD | ODD | TWISTED, max_size=12))
@pytest.mark.parametrize("unit", ["g", "mg"])
def test_a_block_says_what_its_lines_say_one_by_one(lines: list[bytes], unit: str) -> None:
    check_block(lines, lambda block: wire.decode_block(block, unit), lambda line: wire.decode_weighing(line, unit))


@given(counts=st.lists(st.integers(-9_999_999, 99_999_999) | st.just(0), min_size=1, max_size=20), decimals=st.integers(0, 5))
@pytest.mark.parametrize("columns", wire.COLUMNS)
def test_a_block_is_written_like_its_lines(counts: list[int], decimals: int, columns: int) -> None:
    stable = np.arange(len(counts)) % 2 == 0
    data, ends = wire.encode_block(np.array(counts), decimals, stable, columns)
    name = "N" if columns == 22 else ""
    numbers = [f"{Decimal(count).scaleb(-decimals):.{decimals}f}" for count in counts]
    lines = [wire.encode_line(Line(text, "g" if calm else "", name)) for text, calm in zip(numbers, stable, strict=True)]
    assert data == b"".join(lines)
    readings, others = wire.decode_block(Stamped(data, ends, np.arange(len(counts), dtype=np.int64)))
    assert readings.masses_g.tolist() == [float(number) for number in numbers]
    assert not len(others)
