"""Writes a run down while it happens: raw frames first, then what they mean, in append-only files.

One write and one fdatasync a second of real time at most, and at every phase change.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.rawlog import raw_lines
from harness.record import Event, Record
from instruments.clock import stopwatch
from instruments.errors import BenchError
from instruments.readings import Readings
from instruments.stamped import Stamped

_SYNC_S = 1.0


class AppendFile:
    """Bytes are collected and written in one go; ``sync`` puts them on the disk. Knows the hash of all that is in the file.

    What could not be written is kept, and is the first thing that the next ``sync`` writes.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file: BinaryIO = path.open("xb", buffering=0)
        self._held: list[bytes] = []
        self._hash = hashlib.sha256()

    def append(self, data: bytes) -> None:
        self._held.append(data)

    def sync(self) -> None:
        """Raises BenchError when the disk does not take it."""
        if self._held:
            self._held = [b"".join(self._held)]
            try:
                while self._held[0]:
                    self._write_some()
                _to_disk(self._file.fileno())
            except OSError as err:
                raise BenchError(f"{self.path}: cannot be written ({err.strerror}); make room on the disk") from err
            self._held.clear()

    def _write_some(self) -> None:
        written = self._file.write(self._held[0])
        self._hash.update(self._held[0][:written])
        self._held[0] = self._held[0][written:]

    def close(self) -> str:
        """Write what is left; returns the SHA-256 of the file. Raises BenchError, closed, when the disk does not take it."""
        try:
            self.sync()
        finally:
            self._file.close()
        return self.sha256

    @property
    def sha256(self) -> str:
        """Of what is in the file."""
        return self._hash.hexdigest()


def _to_disk(descriptor: int) -> None:
    getattr(os, "fdatasync", os.fsync)(descriptor)


class Recorder:
    """The open record of one run, and the tap on all its links."""

    def __init__(self, folder: Path, run: str, data_source: str) -> None:
        self.folder, self.run, self.data_source = folder, run, data_source
        self._journal = AppendFile(folder / "journal.jsonl")
        self._raw: dict[str, AppendFile] = {}
        self._events: list[Event] = []
        self._readings: list[Readings] = []
        self._since_sync_s = stopwatch()
        self._refused = ""
        self.hashes: dict[str, str] = {}

    # --- the tap ---

    def sent(self, role: str, data: bytes, stamp_us: int) -> None:
        self._raw_file(role).append(raw_lines(Stamped.one(data, stamp_us), ">"))

    def received(self, role: str, frames: Stamped) -> None:
        self._raw_file(role).append(raw_lines(frames, "<"))
        self._sync_if_due()

    def _raw_file(self, role: str) -> AppendFile:
        if role not in self._raw:
            self._raw[role] = AppendFile(self.folder / "raw" / f"{role}.log")
        return self._raw[role]

    # --- what it means ---

    def readings(self, readings: Readings) -> None:
        if len(readings):
            self._readings.append(readings)

    def event(self, at_us: int, kind: str, case: str = "", data: Mapping[str, Any] | None = None) -> None:
        event = Event(at_us, kind, case, dict(data or {}))
        self._events.append(event)
        self._journal.append(journal_line(event))
        if kind == "phase":
            self.sync()

    def record(self) -> Record:
        """What has been recorded so far, as analysis reads it."""
        joined = _joined(self._readings)
        self._readings = [joined] if len(joined) else []
        return Record(self.run, self.data_source, joined, tuple(self._events))

    # --- the disk ---

    def _sync_if_due(self) -> None:
        if self._since_sync_s() >= _SYNC_S:
            self.sync()

    def sync(self) -> None:
        """Put everything on the disk. Raises BenchError the first time it does not take it, and again only after it has: whoever
        is stopping the pump must not be kept from it.
        """
        self._since_sync_s = stopwatch()
        before, self._refused = self._refused, self._synced()
        if self._refused and not before:
            raise BenchError(self._refused)

    def _synced(self) -> str:
        """Why a file could not be written; nothing when all were."""
        refused = ""
        for file in (*self._raw.values(), self._journal):
            try:
                file.sync()
            except BenchError as err:
                refused = refused or str(err)
        return refused

    def close(self) -> None:
        """Close the files and write the samples as Parquet; ``hashes`` then has the SHA-256 of every file.

        Raises BenchError, when all are closed, if something could not be written.
        """
        refused = ""
        for file in (*self._raw.values(), self._journal):
            try:
                file.close()
            except BenchError as err:
                refused = refused or str(err)
            self.hashes[file.path.relative_to(self.folder).as_posix()] = file.sha256
        try:
            write_samples(self.record(), self.folder / "samples.parquet", self.hashes)
        except OSError as err:
            refused = refused or f"{self.folder}: the samples cannot be written ({err.strerror}); make room on the disk"
        if refused:
            raise BenchError(refused)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def journal_line(event: Event) -> bytes:
    plain = {"at_us": event.at_us, "kind": event.kind, "case": event.case, "data": event.data}
    return json.dumps(plain, ensure_ascii=True).encode("ascii") + b"\n"


def write_journal(events: Iterable[Event], path: Path) -> None:
    """The journal of a run that was not recorded by us."""
    path.write_bytes(b"".join(map(journal_line, events)))


def write_samples(record: Record, path: Path, hashes: Mapping[str, str]) -> None:
    """Samples as Parquet: to a temporary file, onto the disk, then renamed; carries where it came from."""
    told = {"data_source": record.data_source, "run": record.run, "sha256": json.dumps(dict(hashes))}
    readings = record.readings
    columns = {"t_us": readings.stamps_us, "mass_g": readings.masses_g, "status": readings.statuses}
    table = pa.table(columns).replace_schema_metadata(told)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _joined(parts: list[Readings]) -> Readings:
    if len(parts) == 1:
        return parts[0]
    empty = np.empty(0, dtype=np.int64)
    return Readings(
        np.concatenate([empty, *(part.stamps_us for part in parts)]),
        np.concatenate([empty.astype(np.float64), *(part.masses_g for part in parts)]),
        np.concatenate([empty.astype(np.uint8), *(part.statuses for part in parts)]),
    )
