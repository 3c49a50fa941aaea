"""Columns of digits to numbers and back, the same as Python's own decimals have it; a day of lines in a moment."""

from __future__ import annotations

import re
import tracemalloc
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.clock import stopwatch
from instruments.errors import ReplyError
from instruments.readings import Weighing
from instruments.stamped import NOTHING, Stamped
from instruments.wire import and_weighing, blocks, ohaus, sbi
from instruments.wire.blocks import Row

WIDTH = 8
GRAMMAR = re.compile(rb" *[-+]?\d+(\.\d+)?\Z")
ROW = Row(b"A" + b" " * WIDTH + b"g\n", 1, 1 + WIDTH, "S", "g")


def field(texts: list[bytes]) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.frombuffer(b"".join(texts), dtype=np.uint8).reshape(-1, WIDTH)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"  123.45", (12345, 2)), (b" -123.45", (-12345, 2)), (b" +123.45", (12345, 2)), (b"00000001", (1, 0)),
        (b"-0000.01", (-1, 2)), (b"       0", (0, 0)), (b"99999999", (99999999, 0)), (b"0.000000", (0, 6)),
        (b"     12.", None), (b"     .12", None), (b"    - 12", None), (b"   1 2.3", None), (b"   1.2.3", None),
        (b"   --1.2", None), (b"   +-1.2", None), (b"        ", None), (b"       -", None), (b"   12.3 ", None),
        (b"  12,345", None), (b"  1e0005", None), (b"\xff\x00    12", None), (b"    -.12", None), (b"  12-345", None),
    ],
)  # fmt: skip
def test_a_column_is_read_or_refused(text: bytes, number: tuple[int, int] | None) -> None:
    counts, decimals, good = blocks.read_numbers(field([text]), b"+-")
    assert good.tolist() == [number is not None]
    assert number is None or (counts.tolist(), decimals.tolist()) == ([number[0]], [number[1]])


@given(
    texts=st.lists(st.lists(st.sampled_from(b"  -+.0129x"), min_size=WIDTH, max_size=WIDTH).map(bytes), min_size=1, max_size=9)
)
def test_columns_obey_the_grammar(texts: list[bytes]) -> None:
    counts, decimals, good = blocks.read_numbers(field(texts), b"+-")
    for text, count, places, right in zip(texts, counts.tolist(), decimals.tolist(), good.tolist(), strict=True):
        assert right == bool(GRAMMAR.match(text))
        assert not right or Decimal(count).scaleb(-places) == Decimal(text.strip().decode("ascii"))


@pytest.mark.parametrize("signs", [b"", b"-", b"+-"])
def test_only_the_signs_of_the_row_stand_in_front(signs: bytes) -> None:
    _, _, good = blocks.read_numbers(field([b"   +1.23", b"   -1.23", b"    1.23"]), signs)
    assert good.tolist() == [b"+" in signs, b"-" in signs, True]


@given(counts=st.lists(st.integers(-999_999, 9_999_999), min_size=1, max_size=9), decimals=st.integers(0, 5))
def test_numbers_are_written_as_they_are_formatted(counts: list[int], decimals: int) -> None:
    table = blocks.repeat_row(b" " * 10, len(counts))
    signs = np.array([ord("-") if count < 0 else ord("+") for count in counts], dtype=np.uint8)
    blocks.write_numbers(table, np.array(counts), decimals, in_front=signs)
    assert [bytes(row).decode("ascii") for row in table] == [
        f"{f'{Decimal(count).scaleb(-decimals):+.{decimals}f}':>10}" for count in counts
    ]


@given(counts=st.lists(st.integers(-999_999, 9_999_999), min_size=1, max_size=9), decimals=st.integers(0, 5))
def test_zeros_fill_the_column(counts: list[int], decimals: int) -> None:
    table = blocks.repeat_row(b" " * 10, len(counts))
    blocks.write_numbers(table, np.array(counts), decimals, zero_filled=True)
    assert [bytes(row).decode("ascii") for row in table] == [
        f"{Decimal(abs(count)).scaleb(-decimals):010.{decimals}f}" for count in counts
    ]


@pytest.mark.parametrize(
    ("number", "width", "text"),
    [(0, 1, b"0"), (9_999, 4, b"9999"), (10_000, 5, b"10000"), (70_605, 13, b"0000000070605"), (123_456, 3, b"456")],
)
def test_digits_fill_a_width(number: int, width: int, text: bytes) -> None:
    assert blocks.digits_of(np.array([number, 0]), width).tobytes() == text + b"0" * width


@pytest.mark.parametrize(("count", "decimals", "text"), [(-5, 2, "-0.05"), (0, 3, "0.000"), (123, 0, "123"), (12, -3, "12000")])
def test_a_count_as_text(count: int, decimals: int, text: str) -> None:
    assert blocks.decimal_text(count, decimals) == text


@pytest.mark.parametrize(
    ("number", "unit", "mass_g"), [("-1.50", "g", "-1.50"), ("1.234", "kg", "1234"), ("12.5", "mg", "0.0125")]
)
def test_grams_keep_their_digits(number: str, unit: str, mass_g: str) -> None:
    assert str(blocks.grams(number, unit, b"")) == mass_g


@pytest.mark.parametrize("unit", ["", "G", "ct", "oz", "lb", "N", "%", "pcs"])
def test_another_unit_is_an_error_that_keeps_the_line(unit: str) -> None:
    with pytest.raises(ReplyError) as caught:
        blocks.grams("1.0", unit, b"the line")
    assert caught.value.raw == b"the line"


def test_what_is_not_regular_is_left_to_the_decoder_of_lines() -> None:
    asked: list[bytes] = []

    def one(line: bytes) -> Weighing:
        asked.append(line)
        if line == b"odd\n":
            return Weighing(None, "+")
        raise ReplyError("no", line)

    lines = [b"A    1.50g\n", b"odd\n", b"A      xxg\n", b"A   -2.50g\n", b"A    1.5 g\n"]
    block = Stamped(b"".join(lines), np.cumsum([len(line) for line in lines]), np.arange(5))
    readings, others = blocks.decode_block(block, [ROW], one)
    assert asked == [b"odd\n", b"A      xxg\n", b"A    1.5 g\n"]
    assert readings.masses_g[[0, 2]].tolist() == [1.5, -2.5]
    assert bytes(readings.statuses.tolist()) == b"S+S"
    assert list(others) == [(b"A      xxg\n", 2), (b"A    1.5 g\n", 4)]


def test_an_empty_block_has_no_weighings() -> None:
    readings, others = blocks.decode_block(NOTHING, [ROW], ohaus.decode_weighing)
    assert (len(readings), len(others)) == (0, 0)


DAY = 864_000
ENCODED = {
    "sbi": (lambda counts, calm: sbi.encode_block(counts, 4, calm, 22), sbi.decode_block),
    "ohaus": (lambda counts, calm: ohaus.encode_block(counts, 4, calm), ohaus.decode_block),
    "and": (lambda counts, calm: and_weighing.encode_block(counts, 4, calm), and_weighing.decode_block),
}


@pytest.mark.parametrize("family", ENCODED)
def test_a_day_at_10_hz_is_a_matter_of_arrays(family: str) -> None:
    encode, decode = ENCODED[family]
    counts = 350_000 + np.arange(DAY) % 500_000
    data, ends = encode(counts, counts % 7 > 0)
    block = Stamped(data, ends, np.arange(DAY, dtype=np.int64))
    elapsed_s = stopwatch()
    tracemalloc.start()
    readings, others = decode(block)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert elapsed_s() < 10.0
    assert peak < 400e6
    assert (len(readings), len(others)) == (DAY, 0)
    assert np.array_equal(readings.masses_g, counts / 1e4)
    assert np.array_equal(readings.statuses == ord("S"), counts % 7 > 0)
