"""Blocks of MT-SICS weights say the same as their lines one by one."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ReplyError
from instruments.readings import Weighing
from instruments.stamped import NOTHING, Stamped
from instruments.wire import mt_sics as wire
from instruments.wire.mt_sics import decode_block, encode_block
from tests.instruments.exchanges import MT_SICS, Row

NUMBERS = [row for row in MT_SICS["number"] if row.get("decimal", True) and row["value"] and "blanked_digits" not in row]


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row["rule"][:20])
def test_the_block_writes_the_same_field(row: Row) -> None:
    counts = np.array([int(Decimal(row["value"]).scaleb(row["decimals"]))])
    data, ends = encode_block(counts, row["decimals"], np.array([True]))
    assert (data[4:14].decode("ascii"), ends.tolist()) == (row["field"], [18])


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
        in_g = weighing.mass_g is None or line.split()[-1] == b"g"
        if line.startswith(b"S ") and in_g:
            weighed.append((stamp_us, weighing))
        else:
            others.append((line, stamp_us))
    return weighed, others


@given(lines=st.lists(GOOD | GOOD | ODD | BROKEN | TWISTED, max_size=12) | st.lists(TWISTED, min_size=1, max_size=1))
def test_a_block_says_what_its_lines_say_one_by_one(lines: list[bytes]) -> None:
    block = Stamped.join([Stamped.one(line, stamp_us) for stamp_us, line in enumerate(lines)])
    readings, others = decode_block(block)
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
    readings, others = decode_block(Stamped.one(f"S S {field} g\r\n".encode("ascii"), 5))
    assert (len(readings), len(others)) == (0, 1)


def test_a_stream_in_another_unit_is_no_longer_a_stream_of_readings() -> None:
    """Somebody has been at the balance; what lies on it may not be what lay there before."""
    lines = [b"S S    35.0000 g\r\n", b"S S   35000.0 mg\r\n", b"S D 0.0350000 kg\r\n"]
    readings, others = decode_block(Stamped.join([Stamped.one(line, 5) for line in lines]))
    assert readings.masses_g.tolist() == [35.0]
    assert [line for line, _ in others] == lines[1:]


def test_an_empty_block_has_no_weighings() -> None:
    readings, others = decode_block(NOTHING)
    assert (len(readings), len(others)) == (0, 0)


@given(counts=st.lists(st.integers(-9_999_999, 99_999_999), min_size=1, max_size=30), decimals=st.integers(0, 5))
def test_a_block_is_written_like_its_lines_and_read_back(counts: list[int], decimals: int) -> None:
    stable = np.arange(len(counts)) % 2 == 0
    data, ends = encode_block(np.array(counts), decimals, stable)
    numbers = [f"{Decimal(count).scaleb(-decimals):.{decimals}f}" for count in counts]
    lines = [wire.encode_weight("S", "S" if calm else "D", number) for number, calm in zip(numbers, stable, strict=True)]
    assert data == b"".join(lines)
    readings, others = decode_block(Stamped(data, ends, np.arange(len(counts), dtype=np.int64)))
    assert readings.masses_g.tolist() == [float(number) for number in numbers]
    assert not len(others)
