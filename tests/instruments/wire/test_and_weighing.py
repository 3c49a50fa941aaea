"""A&D bytes: six formats of weights, acknowledgements, error codes."""

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
from instruments.wire import and_weighing as wire
from instruments.wire.and_weighing import Line
from instruments.wire.framing import line_ends
from tests.instruments.exchanges import load, said
from tests.instruments.wire.chunks import noisy, whole_and_bytewise
from tests.instruments.wire.lines_of_balances import check_block

TABLE = load("and_weighing")
COMMANDS, LINES = said(TABLE, "host"), said(TABLE, "device")
CSV = {name: line for name, line in LINES.items() if name.startswith("and-12")}
WEIGHTS = {name: line for name, line in LINES.items() if line[:2] in (b"ST", b"US") and name not in CSV}


def each(lines: dict[str, bytes]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("line", lines.values(), ids=lines)


@each(WEIGHTS)
def test_every_weight_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    assert wire.encode_line(wire.decode_line(line)) == line


@each(CSV)
def test_csv_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    assert wire.encode_line(wire.decode_line(line), "CSV") == line


def test_what_the_exchanges_show_beside_weights() -> None:
    others = {name: line for name, line in LINES.items() if name not in WEIGHTS | CSV}
    assert others == {
        "and-5.1.1": wire.encode_out_of_range(over=True),
        "and-8.1.1": wire.encode_acknowledgement(),
        "and-8.2.1": wire.encode_acknowledgement(),
        "and-9.1.1": wire.encode_error("02"),
        "and-10.1.1": wire.encode_error("01"),
        "and-11.1.1": wire.encode_text("LAB-0123"),
    }
    assert wire.decode_weighing(others["and-5.1.1"]) == Weighing(None, "+")
    assert wire.is_acknowledgement(others["and-8.1.1"])
    assert wire.decode_error(others["and-9.1.1"]) == wire.NOT_READY
    assert wire.decode_text(others["and-11.1.1"]) == "LAB-0123"


@each(COMMANDS)
def test_every_command_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    assert wire.encode_command(wire.decode_command(line)) == line


def test_all_lines_run_together_come_apart_again() -> None:
    frames = list(LINES.values())
    assert whole_and_bytewise(line_ends, b"".join(frames)) == (frames, frames)


@pytest.mark.parametrize("end", [b"\r", b"\r\n"])
def test_a_command_ends_with_either_end_of_line(end: bytes) -> None:
    for frames in whole_and_bytewise(wire.command_ends, b"Q" + end + b"\x1bP" + end):
        assert [text for frame in frames if (text := wire.decode_command(frame))] == ["Q", "\x1bP"]


# --- the formats ---

FORMATS = [
    # format, what was weighed, the line
    ("AD", Line("ST", "123.45", "g"), b"ST,+00123.45  g"),
    ("AD", Line("US", "-1.50", "g"), b"US,-00001.50  g"),
    ("AD", Line("ST", "0.00", "g"), b"ST,+00000.00  g"),
    ("AD", Line("QT", "12", "PC"), b"QT,+00000012 PC"),
    ("AD", Line("ST", "1.23", "ozt"), b"ST,+00001.23ozt"),
    ("AD", Line("ST", "220.12345", "g"), b"ST,+220.12345  g"),
    ("DP", Line("ST", "123.45", "g"), b"WT    +123.45  g"),
    ("DP", Line("US", "-1.50", "kg"), b"US      -1.50 kg"),
    ("KF", Line("ST", "123.45", "g"), b"+   123.45 g  "),
    ("MT", Line("ST", "123.45", "g"), b"S     123.45 g"),
    ("MT", Line("US", "-1.50", "g"), b"SD     -1.50 g"),
    ("CSV", Line("ST", "123.45", "g"), b"ST,+00123.45,  g"),
    ("CSV", Line("US", "-0.05", "mg"), b"US,-00000.05, mg"),
]


@pytest.mark.parametrize("end", [wire.CRLF, wire.CR], ids=["CR LF", "CR"])
@pytest.mark.parametrize(("form", "line", "data"), FORMATS)
def test_a_format_byte_for_byte(form: str, line: Line, data: bytes, end: bytes) -> None:
    assert wire.encode_line(line, form, end) == data + end
    assert wire.decode_line(data + end) == line


def test_two_formats_leave_something_out() -> None:
    assert wire.encode_line(Line("US", "123.45", "g"), "KF") == b"+   123.45    \r\n"
    assert wire.decode_line(b"+   123.45    \r\n") == Line("US", "123.45", "")
    assert wire.encode_line(Line("ST", "123.45", "g"), "NU") == b"+00123.45\r\n"
    assert wire.decode_line(b"+00123.45\r\n") == Line("", "123.45", "")


NUMBERS = st.builds(
    lambda count, decimals: f"{Decimal(count).scaleb(-decimals):.{decimals}f}",
    st.integers(-999_999, 9_999_999),
    st.integers(0, 5),
)
ANY_LINE = st.builds(Line, st.sampled_from(["ST", "US", "QT"]), NUMBERS, st.sampled_from(["g", "kg", "mg", "PC", "ozt", "%"]))


@given(line=ANY_LINE, form=st.sampled_from(["AD", "CSV", "DP"]))
def test_any_line_survives_the_formats_that_tell_everything(line: Line, form: str) -> None:
    assert wire.decode_line(wire.encode_line(line, form)) == line


@given(line=ANY_LINE, form=st.sampled_from(["MT", "KF"]))
def test_any_weight_survives_the_other_formats_but_for_what_they_leave_out(line: Line, form: str) -> None:
    header = "US" if line.header == "US" or (form == "KF" and line.header == "QT") else "ST"
    unit = "" if form == "KF" and header == "US" else line.unit
    assert wire.decode_line(wire.encode_line(line, form)) == Line(header, line.number, unit)


# --- weighings ---

WEIGHINGS = [
    (b"ST,+00123.45  g\r\n", Weighing(Decimal("123.45"), "S")),
    (b"US,-00123.45  g\r\n", Weighing(Decimal("-123.45"), "D")),
    (b"ST,+0000058.01  g\r\n", Weighing(Decimal("58.01"), "S")),
    (b"ST,+00123.45,  g\r\n", Weighing(Decimal("123.45"), "S")),
    (b"+   123.45 g  \r\n", Weighing(Decimal("123.45"), "S")),
    (b"-   123.45    \r\n", Weighing(Decimal("-123.45"), "D")),
    (b"OL,+9999999E+19\r\n", Weighing(None, "+")),
    (b"OL,-9999999E+19\r\n", Weighing(None, "-")),
    (b"SI\r\n", Weighing(None, "+")),
    (b"OL,+9999999E+1\r\n", None),
    (b"ST,+00123.45 kg\r\n", None),
    (b"ST,+00123.45 ct\r\n", None),
    (b"QT,+00000012 PC\r\n", None),
    (b"QT,+00000012  g\r\n", Weighing(Decimal(12), "S")),
    (b"+00123.45\r\n", None),
    (b"ST,+00123.45   \r\n", None),
    (b"ST,+0123.45  g\r\n", None),
    (b"ST, 00123.45  g\r\n", None),
    (b"ST,+0012+.45  g\r\n", None),
    (b"ST,+00123.45 g\r\n", None),
    (b"ST,+0012345.  g\r\n", None),
    (b"ST,+0012.3.4  g\r\n", None),
    (b"GT,+00123.45  g\r\n", None),
    (b"ST,+00123.45  g\n", None),
    (b"S S     123.45 g\r\n", None),
    (b"EC,E02\r\n", None),
    (b"\x06\r\n", None),
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


def test_the_unit_shown_may_be_another() -> None:
    assert wire.decode_weighing(b"ST,+0001.234 kg\r\n", "kg") == Weighing(Decimal(1234), "S")
    assert wire.decode_weighing(b"+    12.50    \r\n", "mg") == Weighing(Decimal("0.01250"), "D")
    with pytest.raises(ReplyError, match="not a weight in kg"):
        wire.decode_weighing(b"ST,+00123.45  g\r\n", "kg")


@pytest.mark.parametrize("code", sorted(wire.ERRORS))
@pytest.mark.parametrize("end", [wire.CRLF, wire.CR])
def test_any_error_and_acknowledgement_survive_the_wire(code: str, end: bytes) -> None:
    assert wire.decode_error(wire.encode_error(code, end)) == code
    assert wire.is_acknowledgement(wire.encode_acknowledgement(end))
    assert not wire.is_acknowledgement(wire.encode_error(code, end))
    assert not wire.decode_error(wire.encode_acknowledgement(end))


@pytest.mark.parametrize(
    "line", [b"ST,+00123.45  g\r\n", b"+00123.45\r\n", b"OL,+9999999E+19\r\n", b"EC,E01\r\n", b"\x06\r\n", b"\r\n", b"x"]
)
def test_what_is_no_text_is_refused(line: bytes) -> None:
    with pytest.raises(ReplyError):
        wire.decode_text(line)


@given(line=noisy(b"STUOL,+-0123.g E\x06\r\nC"))
def test_decoders_raise_nothing_but_reply_errors(line: bytes) -> None:
    for decode in (
        wire.decode_line,
        wire.decode_weighing,
        wire.decode_text,
        wire.decode_error,
        wire.is_acknowledgement,
        wire.is_line,
    ):
        with suppress(ReplyError):
            decode(line)
    wire.decode_command(line)


# --- blocks ---

GOOD = st.builds(lambda line, form: wire.encode_line(line, form), ANY_LINE, st.sampled_from(wire.FORMATS))
ODD = st.sampled_from([line for line, _ in WEIGHINGS if line])
TWISTED = st.builds(
    lambda line, at, byte: line[: at % len(line)] + bytes([byte]) + line[at % len(line) + 1 :],
    GOOD,
    st.integers(0, 18),
    st.sampled_from(b" .-+0,\rgkx\x00\xff"),
)


@pytest.mark.parametrize("line", [line for line, _ in WEIGHINGS if line], ids=repr)
def test_a_block_of_a_line_says_what_the_line_says(line: bytes) -> None:
    check_block([line, line], wire.decode_block, wire.decode_weighing)


@given(lines=st.lists(GOOD | GOOD | ODD | TWISTED, max_size=12))
@pytest.mark.parametrize("unit", ["g", "kg"])
def test_a_block_says_what_its_lines_say_one_by_one(lines: list[bytes], unit: str) -> None:
    check_block(lines, lambda block: wire.decode_block(block, unit), lambda line: wire.decode_weighing(line, unit))


@given(
    counts=st.lists(st.integers(-999_999, 9_999_999) | st.integers(-99_999_999, 99_999_999), min_size=1, max_size=20),
    decimals=st.integers(0, 5),
)
@pytest.mark.parametrize("form", wire.FORMATS)
def test_a_block_is_written_like_its_lines(counts: list[int], decimals: int, form: str) -> None:
    stable = np.arange(len(counts)) % 2 == 0
    numbers = [f"{Decimal(count).scaleb(-decimals):.{decimals}f}" for count in counts]
    data, ends = wire.encode_block(np.array(counts), decimals, stable, form)
    lines = [wire.encode_line(Line("ST" if calm else "US", text, "g"), form) for text, calm in zip(numbers, stable, strict=True)]
    assert data == b"".join(lines)
    readings, others = wire.decode_block(Stamped(data, ends, np.arange(len(counts), dtype=np.int64)))
    assert (readings.masses_g.tolist(), len(others)) == (
        ([float(text) for text in numbers], 0) if form != "NU" else ([], len(counts))
    )
