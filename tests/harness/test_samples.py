"""Readings as bytes and as Parquet: the same again when read, and whole up to where a file was cut."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from harness.samples import FIRST_LINE, as_bytes, frame_of, from_bytes, joined, write_parquet
from instruments.readings import Readings
from tests.harness.records import readings

PARTS = [
    readings([0.1, 0.2], [35.0001, -0.5]),
    readings([0.3], [np.nan], "+"),
    readings([90_000.000001], [220.00001], "D"),
]
WHOLE = joined(PARTS)
FILE = FIRST_LINE + b"".join(map(as_bytes, PARTS))


def same(first: Readings, second: Readings) -> bool:
    columns = ("stamps_us", "masses_g", "statuses")
    return all(
        getattr(first, name).dtype == getattr(second, name).dtype
        and np.array_equal(getattr(first, name), getattr(second, name), equal_nan=name == "masses_g")
        for name in columns
    )


def test_the_file_is_what_its_first_line_says() -> None:
    """Read with nothing but the standard library: 17 bytes a reading, little-endian."""
    assert FIRST_LINE == b"dosebench samples 1: int64 t_us, float64 mass_g, uint8 status; little-endian, 17 bytes a reading\n"
    rows = list(struct.iter_unpack("<qdB", FILE[len(FIRST_LINE) :]))
    assert [(at, status) for at, _, status in rows] == [(100_000, 83), (200_000, 83), (300_000, 43), (90_000_000_001, 68)]
    assert [str(mass) for _, mass, _ in rows] == ["35.0001", "-0.5", "nan", "220.00001"]


def test_a_file_that_is_cut_anywhere_gives_all_readings_before_the_cut() -> None:
    for size in range(len(FILE) + 1):
        found, torn = from_bytes(FILE[:size])
        body = size - len(FIRST_LINE)
        whole = max(0, body) // 17
        assert same(found, Readings(WHOLE.stamps_us[:whole], WHOLE.masses_g[:whole], WHOLE.statuses[:whole]))
        assert torn == (size if body < 0 else body % 17)


@pytest.mark.parametrize("data", [b"t_s,mass_g\n", b"dosebench samples 2", b"x" + FILE, FILE[:20] + b"?" + FILE[21:]])
def test_what_is_no_file_of_samples_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="does not begin like a file of samples"):
        from_bytes(data)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_joined_readings_keep_their_order_and_types(count: int) -> None:
    again, torn = from_bytes(FIRST_LINE + b"".join(map(as_bytes, PARTS[:count])))
    assert same(joined(PARTS[:count]), again)
    assert (len(again), torn) == ((0, 2, 3, 4)[count], 0)


def test_a_frame_has_seconds_grams_and_letters() -> None:
    frame = frame_of(WHOLE)
    assert list(frame.columns) == ["t_s", "mass_g", "status"]
    assert frame.t_s.tolist() == [0.1, 0.2, 0.3, 90_000.000001]
    assert frame.status.tolist() == ["S", "S", "+", "D"]
    assert frame.mass_g.isna().tolist() == [False, False, True, False]


def test_parquet_has_the_same_readings_and_says_where_they_come_from(tmp_path: Path) -> None:
    path = tmp_path / "samples.parquet"
    path.write_bytes(b"what a run that was cut had left")
    write_parquet(WHOLE, path, {"run": "r-1"}, {"raw/balance.log": "00"})
    table = pq.read_table(path)
    assert same(Readings(*(table[name].to_numpy() for name in ("t_us", "mass_g", "status"))), WHOLE)
    told = table.schema.metadata
    assert (told[b"run"], json.loads(told[b"sha256"])) == (b"r-1", {"raw/balance.log": "00"})
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_parquet_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "samples.parquet"
    path.write_bytes(b"before")
    (tmp_path / "samples.parquet.partial").mkdir()
    with pytest.raises(OSError, match=r"samples\.parquet\.partial"):
        write_parquet(WHOLE, path, {}, {})
    assert path.read_bytes() == b"before"
