"""MT-SICS bytes: weight fields, statuses, answers, and blocks that say the same as their lines one by one."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ReplyError
from instruments.stamped import NOTHING, Stamped
from instruments.wire import mt_sics as wire
from instruments.wire.framing import line_ends
from instruments.wire.mt_sics import Answer, Weighing
from tests.instruments.exchanges import MT_SICS, Row, octets, said
from tests.instruments.wire.chunks import noisy, whole_and_bytewise

COMMANDS, LINES = said(MT_SICS, "host"), said(MT_SICS, "device")
WEIGHTS = {name: line for name, line in LINES.items() if line.endswith(b" g\r\n") and b'"' not in line}
PROMPTS = {name: line for name, line in LINES.items() if line.startswith(b'C2 "')}
ERRORS = {name: line for name, line in LINES.items() if line in (b"ES\r\n", b"ET\r\n", b"EL\r\n")}
HARDWARE = {name: line for name, line in LINES.items() if b"Error" in line}
BEYOND = {name: line for name, line in LINES.items() if line.startswith(b"SIC1")}
ANSWERS = {
    name: line for name, line in LINES.items() if name not in WEIGHTS | PROMPTS | ERRORS | HARDWARE | BEYOND
}  # fmt: skip
NUMBERS = [row for row in MT_SICS["number"] if row.get("decimal", True) and row["value"]]


def each(lines: dict[str, bytes]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("line", lines.values(), ids=lines)


# --- what the exchanges show ---


@each(WEIGHTS)
def test_every_weight_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    weighing = wire.decode_weighing(line)
    assert wire.encode_weight(wire.identifier_of(line), weighing.status, str(weighing.mass_g)) == line


@each(ANSWERS)
def test_every_answer_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    answer = wire.decode_answer(line)
    text = line.decode("latin-1")
    words = [wire.quoted(word) if wire.quoted(word) in text else word for word in answer.words]
    assert wire.encode_answer(answer.identifier, answer.status, *words) == line


@each(HARDWARE)
def test_a_hardware_error_decodes_and_encodes_to_the_same_bytes(line: bytes) -> None:
    weighing = wire.decode_weighing(line)
    assert (weighing.mass_g, weighing.status) == (None, "E")
    assert wire.encode_hardware_error(weighing.code) == line


@each(ERRORS | PROMPTS | BEYOND)
def test_lines_that_answer_nothing_are_refused_by_both_decoders(line: bytes) -> None:
    for decode in (wire.decode_weighing, wire.decode_answer):
        with pytest.raises(ReplyError):
            decode(line)


@pytest.mark.parametrize("row", MT_SICS["general_error"], ids=lambda row: row["line"])
def test_a_general_error_is_named(row: Row) -> None:
    with pytest.raises(ReplyError, match=f"^{row['when'].partition(' error')[0]} error") as caught:
        wire.decode_answer(octets(row["bytes"]))
    assert caught.value.raw == octets(row["bytes"])


@pytest.mark.parametrize("lines", [COMMANDS, LINES], ids=["host", "device"])
def test_all_lines_run_together_come_apart_again(lines: dict[str, bytes]) -> None:
    frames = list(lines.values())
    assert whole_and_bytewise(line_ends, b"".join(frames)) == (frames, frames)


@each(COMMANDS)
def test_every_command_is_its_text_and_cr_lf(line: bytes) -> None:
    assert wire.encode_command(line.decode("latin-1").removesuffix("\r\n")) == line


# --- the weight field ---


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row["rule"].partition(":")[0])
def test_the_weight_field_obeys_the_rule(row: Row) -> None:
    shown = row["value"] + " " * row.get("blanked_digits", 0)
    line = wire.encode_weight("S", "S", shown)
    assert line == b"S S " + row["field"].encode("ascii") + b" g\r\n"
    assert str(wire.decode_weighing(line).mass_g) == row["value"]
    assert "never" not in row or row["never"].encode("ascii") not in line


@pytest.mark.parametrize("row", [row for row in NUMBERS if "blanked_digits" not in row], ids=lambda row: row["rule"][:20])
def test_the_block_writes_the_same_field(row: Row) -> None:
    counts = np.array([int(Decimal(row["value"]).scaleb(row["decimals"]))])
    data, ends = wire.encode_block(counts, row["decimals"], np.array([True]))
    assert (data[4:14].decode("ascii"), ends.tolist()) == (row["field"], [18])


WEIGHINGS = [
    (b"S S     100.00 g\r\n", Weighing(Decimal("100.00"), "S")),
    (b"S D    -1.2345 g\r\n", Weighing(Decimal("-1.2345"), "D")),
    (b"S S    100.00  g\r\n", Weighing(Decimal("100.00"), "S")),
    (b"S S        100 g", Weighing(Decimal(100), "S")),
    (b"S S   1.000000 kg\r\n", Weighing(Decimal("1000.000000"), "S")),
    (b"S D     1500.0 mg\r\n", Weighing(Decimal("1.5000"), "D")),
    (b"T S     100.00 g\r\n", Weighing(Decimal("100.00"), "S")),
    (b"TA A     50.00 g\r\n", None),
    (b"TA A      50.00 g\r\n", Weighing(Decimal("50.00"), "A")),
    (b"S I\r\n", Weighing(None, "I")),
    (b"S L\r\n", Weighing(None, "L")),
    (b"S +\r\n", Weighing(None, "+")),
    (b"S -\r\n", Weighing(None, "-")),
    (b"S S  Error 10b\r\n", Weighing(None, "E", "10b")),
    (b"S S   Error 9t\r\n", Weighing(None, "E", "9t")),
    (b"S S 102\r\n", Weighing(None, "E", "102")),
    (b"S S     100\r\n", None),
    (b"S S  102\r\n", None),
    (b"S S     100.00\r\n", None),
    (b"S S     100.00 ozt\r\n", None),
    (b"S S 12:07.50 lb:oz\r\n", None),
    (b"S S    +100.00 g\r\n", None),
    (b"S S    100.00 g\r\n", None),
    (b"S S     100,00 g\r\n", None),
    (b"S S         1. g\r\n", None),
    (b"S X     100.00 g\r\n", None),
    (b"s S     100.00 g\r\n", None),
    (b"S S     100.00 g x\r\n", None),
    (b'I4 A "B021002593"\r\n', None),
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


@given(counts=st.integers(-99_999_999, 999_999_999), decimals=st.integers(0, 6), status=st.sampled_from("SD"))
def test_any_weight_survives_the_wire(counts: int, decimals: int, status: str) -> None:
    mass_g = Decimal(counts).scaleb(-decimals)
    line = wire.encode_weight("S", status, f"{mass_g:.{decimals}f}")
    assert wire.decode_weighing(line) == Weighing(mass_g, status)
    assert len(line) == 18


# --- other answers ---

OTHERS = [
    (b"ZI D\r\n", Answer("ZI", "D")),
    (b"ZI S\r\n", Answer("ZI", "S")),
    (b"Z +\r\n", Answer("Z", "+")),
    (b'I4 A "a \\"b\\" c"\r\n', Answer("I4", "A", ('a "b" c',))),
    (b'I1 A "" "2.2x"\r\n', Answer("I1", "A", ("", "2.2x"))),
    (b"K R 3\r\n", Answer("K", "R", ("3",))),
    (b"UPD A 18.3\r\n", Answer("UPD", "A", ("18.3",))),
]


@pytest.mark.parametrize(("line", "answer"), OTHERS, ids=[repr(line) for line, _ in OTHERS])
def test_an_answer_is_read(line: bytes, answer: Answer) -> None:
    assert wire.decode_answer(line) == answer


@pytest.mark.parametrize("line", [b"S S     100.00 g\r\n", b"EX\r\n", b"I4 Q\r\n", b"I4\r\n", b"\r\n", b"", b"\xff\x00"])
def test_what_is_no_answer_is_refused(line: bytes) -> None:
    with pytest.raises(ReplyError):
        wire.decode_answer(line)


WORDS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f\\"), max_size=20).filter(
    str.isprintable
)


@given(
    identifier=st.from_regex(r"\A[A-Z]{1,3}[0-9]{0,2}\Z"), status=st.sampled_from("ABILR+-"), words=st.lists(WORDS, max_size=4)
)
def test_any_answer_survives_the_wire(identifier: str, status: str, words: list[str]) -> None:
    line = wire.encode_answer(identifier, status, *map(wire.quoted, words))
    assert wire.decode_answer(line) == Answer(identifier, status, tuple(words))


@given(line=noisy(b'SDI \r\n+-.0129g"\\AE'))
def test_decoders_raise_nothing_but_reply_errors(line: bytes) -> None:
    for decode in (wire.decode_weighing, wire.decode_answer, wire.identifier_of):
        with suppress(ReplyError):
            decode(line)


# --- blocks ---

GOOD = st.builds(
    lambda counts, decimals, status: wire.encode_weight("S", status, f"{Decimal(counts).scaleb(-decimals):.{decimals}f}"),
    st.integers(-9_999_999, 99_999_999),
    st.sampled_from([4, 4, 4, 2, 0]),
    st.sampled_from("SD"),
)
ODD = st.sampled_from(
    [b"S S    100.00  g\r\n", b"S I\r\n", b"S +\r\n", b"S S  Error 10b\r\n", b"S D   1.000000 kg\r\n", b"S S   0100.0000 g\r\n"]
)
BROKEN = st.sampled_from(
    [b"\r\n", b"ES\r\n", b'I4 A "SIM0000001"\r\n', b"S S    - 1.00 g\r\n", b"S S         1. g\r\n", b"T S     100.00 g\r\n"]
)
TWISTED = st.builds(
    lambda line, at, byte: line[:at] + bytes([byte]) + line[at + 1 : -1] + b"\n",
    GOOD,
    st.integers(0, 16),
    st.sampled_from(b" .-0S\rgx\x00\xff"),
)


def one_by_one(lines: list[bytes]) -> tuple[list[tuple[int, Weighing]], list[tuple[bytes, int]]]:
    weighed, others = [], []
    for stamp_us, line in enumerate(lines):
        try:
            weighing = wire.decode_weighing(line)
        except ReplyError:
            others.append((line, stamp_us))
            continue
        if line.startswith(b"S "):
            weighed.append((stamp_us, weighing))
        else:
            others.append((line, stamp_us))
    return weighed, others


@given(lines=st.lists(GOOD | GOOD | ODD | BROKEN | TWISTED, max_size=12) | st.lists(TWISTED, min_size=1, max_size=1))
def test_a_block_says_what_its_lines_say_one_by_one(lines: list[bytes]) -> None:
    block = Stamped.join([Stamped.one(line, stamp_us) for stamp_us, line in enumerate(lines)])
    readings, others = wire.decode_block(block)
    weighed, stray = one_by_one(lines)
    masses_g = [np.nan if weighing.mass_g is None else float(weighing.mass_g) for _, weighing in weighed]
    assert readings.stamps_us.tolist() == [stamp_us for stamp_us, _ in weighed]
    assert np.array_equal(readings.masses_g, masses_g, equal_nan=True)
    assert bytes(readings.statuses.tolist()) == b"".join(weighing.status.encode() for _, weighing in weighed)
    assert list(others) == stray


@pytest.mark.parametrize(
    "field", ["        1.", "1.        ", " .1       ", "       - 1", "         -", "          ", "      -.12"]
)
def test_a_regular_looking_line_with_a_crooked_number_is_no_weighing(field: str) -> None:
    readings, others = wire.decode_block(Stamped.one(f"S S {field} g\r\n".encode("ascii"), 5))
    assert (len(readings), len(others)) == (0, 1)


def test_an_empty_block_has_no_weighings() -> None:
    readings, others = wire.decode_block(NOTHING)
    assert (len(readings), len(others)) == (0, 0)


@given(counts=st.lists(st.integers(-9_999_999, 99_999_999), min_size=1, max_size=30), decimals=st.integers(0, 5))
def test_a_block_is_written_like_its_lines_and_read_back(counts: list[int], decimals: int) -> None:
    stable = np.arange(len(counts)) % 2 == 0
    data, ends = wire.encode_block(np.array(counts), decimals, stable)
    numbers = [f"{Decimal(count).scaleb(-decimals):.{decimals}f}" for count in counts]
    lines = [wire.encode_weight("S", "S" if calm else "D", number) for number, calm in zip(numbers, stable, strict=True)]
    assert data == b"".join(lines)
    readings, others = wire.decode_block(Stamped(data, ends, np.arange(len(counts), dtype=np.int64)))
    assert readings.masses_g.tolist() == [float(number) for number in numbers]
    assert not len(others)
