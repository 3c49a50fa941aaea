"""Readings as bytes of an append-only file, and as Parquet when a run is closed.

The file begins with a line of text that says how to read it; then 17 bytes per reading, little-endian: bench time in microseconds
(int64), mass in g (float64, NaN where there was none), status (one letter, see ``instruments.readings``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from harness.disk import names_to_disk
from instruments.readings import Readings

LAYOUT = np.dtype([("t_us", "<i8"), ("mass_g", "<f8"), ("status", "u1")])
FIRST_LINE = b"dosebench samples 1: int64 t_us, float64 mass_g, uint8 status; little-endian, 17 bytes a reading\n"


def as_bytes(readings: Readings) -> bytes:
    rows = np.empty(len(readings), dtype=LAYOUT)
    rows["t_us"], rows["mass_g"], rows["status"] = readings.stamps_us, readings.masses_g, readings.statuses
    return rows.tobytes()


def from_bytes(data: bytes) -> tuple[Readings, int]:
    """The whole readings of a samples file, and how many bytes of a torn one stand at its end. Raises ValueError."""
    if not data.startswith(FIRST_LINE):
        if FIRST_LINE.startswith(data):
            return joined([]), len(data)
        raise ValueError("it does not begin like a file of samples")
    body = len(data) - len(FIRST_LINE)
    torn = body % LAYOUT.itemsize
    rows = np.frombuffer(data, dtype=LAYOUT, count=body // LAYOUT.itemsize, offset=len(FIRST_LINE))
    return Readings(rows["t_us"].astype(np.int64), rows["mass_g"].astype(np.float64), rows["status"].copy()), torn


def joined(parts: list[Readings]) -> Readings:
    """All readings of ``parts`` in their order."""
    if len(parts) == 1:
        return parts[0]
    empty = np.empty(0, dtype=np.int64)
    return Readings(
        np.concatenate([empty, *(part.stamps_us for part in parts)]),
        np.concatenate([empty.astype(np.float64), *(part.masses_g for part in parts)]),
        np.concatenate([empty.astype(np.uint8), *(part.statuses for part in parts)]),
    )


def frame_of(readings: Readings) -> pd.DataFrame:
    """All readings: ``t_s`` (bench time), ``mass_g``, ``status`` (one letter)."""
    statuses = readings.statuses.view("S1").astype("U1")
    return pd.DataFrame({"t_s": readings.stamps_us / 1e6, "mass_g": readings.masses_g, "status": statuses})


def write_parquet(readings: Readings, path: Path, told: Mapping[str, str], hashes: Mapping[str, str]) -> None:
    """To a temporary file, onto the disk, then renamed; carries the SHA-256 of the files it came from. Raises OSError."""
    columns = {"t_us": readings.stamps_us, "mass_g": readings.masses_g, "status": readings.statuses}
    table = pa.table(columns).replace_schema_metadata({**told, "sha256": json.dumps(dict(hashes))})
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    names_to_disk(path.parent)
