"""Append-only files, and the one thread that puts them on the disk: reading and stopping never wait for a disk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Lock, RLock, Thread
from typing import Any, BinaryIO

from harness.disk import names_to_disk, to_disk
from instruments.errors import BenchError

WRITE_EVERY_S = 0.75
"""Wall time: a virtual day is not paid for in 86,400 writes. With the quarter of a second between two looks at a real line, no
more than a second is ever at risk.
"""


class AppendFile:
    """Bytes are collected by who has them, and written in one go by who has the time.

    What could not be written is kept, and is the first thing that the next ``write`` takes. The file is made by the first
    ``write``; one that is there already is refused.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._held: list[bytes] = []
        self._left, self._synced = b"", True
        self._batch = hashlib.sha256()
        self._whole = hashlib.sha256()
        self._from = self._to = 0

    # --- whoever has something to keep ---

    def append(self, data: bytes) -> None:
        self._held.append(data)
        self._batch.update(data)
        self._to += len(data)

    def batch(self) -> dict[str, Any] | None:
        """The stretch that was appended since the last call and its hash; None when nothing was."""
        if self._from == self._to:
            return None
        found = {"from": self._from, "to": self._to, "sha256": self._batch.hexdigest()}
        self._from, self._batch = self._to, hashlib.sha256()
        return found

    # --- the writer ---

    def take(self) -> None:
        """All that has been appended so far is to be written next. Not while somebody appends."""
        held, self._held = self._held, []
        self._left = b"".join([self._left, *held])

    def write(self) -> None:
        """Put what was taken on the disk. Raises BenchError when the disk does not take it."""
        if not self._left and self._synced:
            return
        self._synced = False
        try:
            file = self._opened()
            while self._left:
                written = file.write(self._left)
                self._whole.update(self._left[:written])
                self._left = self._left[written:]
            to_disk(file.fileno())
            self._synced = True
        except OSError as err:
            raise BenchError(f"{self.path}: cannot be written ({err.strerror}); {_advice(err)}") from err

    @property
    def sha256(self) -> str:
        """Of what is in the file. Not while somebody writes."""
        return self._whole.hexdigest()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("xb", buffering=0)
            names_to_disk(self.path.parent)
        return self._file

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _advice(err: OSError) -> str:
    return "a record is never written over" if isinstance(err, FileExistsError) else "make room on the disk"


class Writer:
    """One write and one fdatasync per file and second, by a thread of its own; at once when ``wake``d."""

    def __init__(self, every_s: float = WRITE_EVERY_S) -> None:
        self.appending = RLock()
        """Held by whoever appends, so that what is written is what was appended up to one moment."""
        self._files: list[AppendFile] = []
        self._every_s = every_s
        self._writing = Lock()
        self._due, self._ended = Event(), False
        self.refused = ""
        """Why the disk did not take everything at the last try; empty when it did."""
        self._thread = Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def add(self, file: AppendFile, *, last: bool = False) -> None:
        """``last``: the journal. What it says of other files is on the disk before it says so, unless the disk refused that file:
        the journal's last words matter more.
        """
        self._files.insert(len(self._files) if last or not self._files else len(self._files) - 1, file)

    def wake(self) -> None:
        self._due.set()

    def _run(self) -> None:
        while not self._ended:
            self._due.wait(self._every_s)
            self._due.clear()
            self.write()

    def write(self) -> None:
        """Put everything that has been appended so far on the disk; ``refused`` says whether that worked."""
        with self._writing:
            files = self._taken()
            refused = ""
            for file in files:
                try:
                    file.write()
                except BenchError as err:
                    refused = refused or str(err)
            self.refused = refused

    def _taken(self) -> Sequence[AppendFile]:
        with self.appending:
            for file in self._files:
                file.take()
            return tuple(self._files)

    def close(self) -> None:
        """Write what is left, end the thread, close the files."""
        self._ended = True
        self.wake()
        self._thread.join()
        self.write()
        for file in self._files:
            file.close()
