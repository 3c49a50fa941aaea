"""Writes a run down while it happens: raw frames first, then what they mean, in append-only files that a chain of hashes binds.

Who records never waits for the disk: a thread writes once a second of wall time. What goes into the chain, and when, follows
bench time alone, so that the same seed gives the same chain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from harness import samples
from harness.appending import AppendFile, Writer
from harness.interrupts import uninterrupted
from harness.journal import BATCH, CLOSED, Chain, genesis, head_line
from harness.rawlog import raw_lines, readable
from harness.record import Event, Record
from instruments.errors import BenchError
from instruments.readings import Readings
from instruments.stamped import Stamped

JOURNAL = "journal.jsonl"
SAMPLES = "samples/balance.bin"
PARQUET = "samples.parquet"
BATCH_S = 60.0
"""Bench time after which what the append-only files hold goes into the chain."""
_NOBODY: Mapping[str, Any] = {"plan": {"tables": {}}, "bench": {"tables": {}}}


class Recorder:
    """The open record of one run, and the tap on all its links. As a context it leaves the samples as Parquet as well.

    ``identity`` is what the journal's head says of the run, with the tables of its plan and of its bench.
    """

    def __init__(self, folder: Path, run: str, data_source: str, identity: Mapping[str, Any] = _NOBODY) -> None:
        self.folder, self.run, self.data_source = folder, run, data_source
        start = genesis(identity["plan"]["tables"], identity["bench"]["tables"])
        self._chain = Chain(start)
        self._events: list[Event] = []
        self._commands: list[Event] = []
        self._readings: list[Readings] = []
        self._batches = 0
        self._health = dict.fromkeys(("readings", "without_value", "commands", "without_reply"), 0)
        self._told = ""
        self._open = True
        self._files: dict[str, AppendFile] = {}
        self._writer = Writer()
        self._append(JOURNAL, head_line({**identity, "run": run, "data_source": data_source, "genesis": start}))
        self.sync()

    # --- the tap ---

    @uninterrupted
    def sent(self, role: str, data: bytes, stamp_us: int) -> None:
        self._append(f"raw/{role}.log", raw_lines(Stamped.one(data, stamp_us), ">"))

    @uninterrupted
    def received(self, role: str, frames: Stamped) -> None:
        self._append(f"raw/{role}.log", raw_lines(frames, "<"))
        step = int(frames.stamps_us[-1] // (BATCH_S * 1e6))
        if step > self._batches:
            self._batches = step
            self._into_chain(int(frames.stamps_us[-1]))

    @uninterrupted
    def exchanged(self, role: str, request: bytes, reply: bytes | None, sent_us: int, heard_us: int) -> None:
        told = {
            "role": role,
            "command": readable(request),
            "reply": None if reply is None else readable(reply),
            "heard_us": heard_us,
        }
        self._commands.append(self._entry(Event(sent_us, "command", "", told)))
        self._health["commands"] += bool(request)
        self._health["without_reply"] += reply is None

    @uninterrupted
    def keep(self, name: str, data: bytes) -> None:
        """Something raw that did not come over a link, like a recording that was made elsewhere."""
        self._append(name, data)

    # --- what it means ---

    @uninterrupted
    def readings(self, readings: Readings) -> None:
        if len(readings):
            first = b"" if SAMPLES in self._files else samples.FIRST_LINE
            self._append(SAMPLES, first + samples.as_bytes(readings))
            self._readings.append(readings)
            self._health["readings"] += len(readings)
            self._health["without_value"] += int(np.isnan(readings.masses_g).sum())
        self._complain()

    @uninterrupted
    def event(self, at_us: int, kind: str, case: str = "", data: Mapping[str, Any] | None = None) -> None:
        self._events.append(self._entry(Event(at_us, kind, case, _plain(dict(data or {})))))
        if kind == "phase":
            self._into_chain(at_us)
            self._writer.wake()
            self._complain()

    @property
    def health(self) -> dict[str, int]:
        """How many readings and commands there have been so far, and how many of them lack their value or their reply."""
        return dict(self._health)

    def commands_since(self, count: int) -> list[str]:
        """What has been sent since ``command_count`` was ``count``."""
        return [str(command.data["command"]) for command in self._commands[count:]]

    @property
    def command_count(self) -> int:
        return len(self._commands)

    def record(self) -> Record:
        """What has been recorded so far, as analysis reads it."""
        joined = samples.joined(self._readings)
        self._readings = [joined] if len(joined) else []
        return Record(self.run, self.data_source, joined, tuple(self._events), commands=tuple(self._commands))

    # --- the files ---

    def together(self) -> AbstractContextManager[bool]:
        """What is recorded in here comes to the disk together, or not at all."""
        return self._writer.appending

    def _append(self, name: str, data: bytes) -> None:
        if not self._open:
            return
        with self._writer.appending:
            if name not in self._files:
                self._files[name] = AppendFile(self.folder / name)
                self._writer.add(self._files[name], last=name == JOURNAL)
            self._files[name].append(data)

    def _entry(self, event: Event) -> Event:
        if self._open:
            self._append(JOURNAL, self._chain.line(event.at_us, event.kind, event.case, event.data))
        return event

    def _into_chain(self, at_us: int) -> None:
        """All files but the journal itself, with what they have grown by."""
        grown = {name: batch for name, file in self._files.items() if name != JOURNAL and (batch := file.batch()) is not None}
        if grown:
            self._entry(Event(at_us, BATCH, "", {"files": grown}))

    def _complain(self) -> None:
        """Raise BenchError the first time the disk does not take it, and again only after it has: whoever is stopping the pump
        must not be kept from it.
        """
        before, self._told = self._told, self._writer.refused
        if self._told and not before:
            raise BenchError(self._told)

    @uninterrupted
    def sync(self) -> None:
        """Wait until everything is on the disk. Raises BenchError as ``received`` does."""
        self._writer.write()
        self._complain()

    @uninterrupted
    def close(self) -> None:
        """Close the files.

        Raises BenchError, when all are closed, if something could not be written.
        """
        if not self._open:
            return
        at_us = self._events[-1].at_us if self._events else 0
        self._into_chain(at_us)
        self._entry(Event(at_us, CLOSED))
        self._open = False
        self._writer.close()
        if self._writer.refused:
            raise BenchError(self._writer.refused)

    @uninterrupted
    def write_parquet(self) -> None:
        """The samples for people with pandas, with the hashes of what has been recorded so far. Raises BenchError."""
        try:
            self._writer.write()
            told = {"data_source": self.data_source, "run": self.run}
            samples.write_parquet(self.record().readings, self.folder / PARQUET, told, self.hashes)
        except OSError as err:
            raise BenchError(f"{self.folder}: the samples cannot be written ({err.strerror}); make room on the disk") from err

    @property
    def chain(self) -> dict[str, Any]:
        """How many entries the journal has, and the hash of the last one."""
        return {"entries": self._chain.entries, "head": self._chain.hash}

    @property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of every file that is on the disk, as it is there."""
        return {name: file.sha256 for name, file in sorted(self._files.items()) if file.path.is_file()}

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.write_parquet()
        finally:
            self.close()


def _plain(value: Any) -> Any:
    """As JSON reads it back: lists for tuples, Python's own numbers, text for what is no number."""
    match value:
        case Mapping():
            return {str(name): _plain(part) for name, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case np.generic():
            return _plain(value.item())
        case float() if not math.isfinite(value):
            return str(value)
    return value
