"""Append-only files and their writer: nothing lost, nothing twice, and nobody waits for a disk."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from harness.appending import AppendFile, Writer
from instruments.errors import BenchError

NEVER_S = 3600.0
PATIENCE_S = 20.0


class Disk:
    """Between a file and its disk: counts, takes no more than ``room`` bytes, and nothing while it is not ``free``."""

    def __init__(self, file: AppendFile, room: int = 1 << 40, log: list[str] | None = None) -> None:
        self._file, self._name, self.room, self._log = file._opened(), file.path.name, room, log
        self.writes = self.syncs = 0
        self.free, self.reached = Event(), Event()
        self.free.set()
        file._file = self  # type: ignore[assignment]

    def write(self, data: bytes) -> int:
        self.reached.set()
        assert self.free.wait(PATIENCE_S)
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.writes += 1
        if self._log is not None:
            self._log.append(self._name)
        written = int(self._file.write(data[: self.room]))
        self.room -= written
        return written

    def fileno(self) -> int:
        """Asked for once at every sync."""
        self.syncs += 1
        return self._file.fileno()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def in_time(act: Callable[[], object]) -> bool:
    """Whether something comes to its end."""
    thread = Thread(target=act, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    return not thread.is_alive()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[AppendFile]:
    file = AppendFile(tmp_path / "deep" / "raw.log")
    yield file
    file.close()


@pytest.fixture
def writer() -> Iterator[Writer]:
    writer = Writer(NEVER_S)
    yield writer
    for file in writer._files:
        if isinstance(file._file, Disk):
            file._file.free.set()
    writer.close()


def put(file: AppendFile, data: bytes = b"") -> bytes:
    """Append, take, write; what is on the disk then."""
    file.append(data)
    file.take()
    file.write()
    return file.path.read_bytes()


# --- one file ---


def test_only_what_was_taken_is_written(file: AppendFile) -> None:
    file.append(b"one\n")
    file.write()
    assert not file.path.exists()
    file.take()
    file.append(b"two\n")
    file.write()
    assert file.path.read_bytes() == b"one\n"
    assert put(file) == b"one\ntwo\n"
    assert put(file) == b"one\ntwo\n"


def test_a_file_that_is_there_is_never_overwritten(file: AppendFile) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(b"another run")
    with pytest.raises(BenchError, match=r"raw\.log: cannot be written \(File exists\)"):
        put(file, b"one\n")
    assert file.path.read_bytes() == b"another run"


@pytest.mark.parametrize("room", [0, 1, 4, 7, 8, 100])
def test_what_a_full_disk_did_not_take_is_kept_and_written_first_when_there_is_room(room: int, file: AppendFile) -> None:
    disk = Disk(file, room)
    full = pytest.raises(BenchError, match=r"raw\.log: cannot be written \(No space left on device\); make room on the disk")
    with nullcontext() if room >= 8 else full:
        put(file, b"one\ntwo\n")
    assert file.path.read_bytes() == b"one\ntwo\n"[:room]
    disk.room = 1 << 20
    assert put(file, b"three\n") == b"one\ntwo\nthree\n"


def test_batches_follow_what_was_appended_wherever_the_disk_is(file: AppendFile) -> None:
    pieces = [b"one\n", b"two\nthree\n", b"four\n"]
    found = [file.batch()]
    for piece in pieces:
        file.append(piece[:2])
        file.append(piece[2:])
        found.append(file.batch())
    put(file)
    assert found[0] is None
    assert file.batch() is None
    assert found[1:] == [
        {"from": start, "to": start + len(piece), "sha256": hashlib.sha256(piece).hexdigest()}
        for start, piece in zip((0, 4, 14), pieces, strict=True)
    ]


# --- the writer ---


class Unsynced(Disk):
    """Takes everything, and does not get it onto the disk while it is ``broken``."""

    broken = True

    def fileno(self) -> int:
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        return super().fileno()


def test_what_was_written_and_not_synced_is_not_taken_for_safe(file: AppendFile) -> None:
    disk = Unsynced(file)
    file.append(b"one\n")
    file.take()
    for _ in range(2):
        with pytest.raises(BenchError, match="Input/output error"):
            file.write()
    disk.broken = False
    file.write()
    file.write()
    assert (disk.writes, disk.syncs) == (1, 1)


def test_one_write_and_one_sync_per_file_and_wake_up(writer: Writer, tmp_path: Path) -> None:
    files = [AppendFile(tmp_path / name) for name in "abc"]
    disks = [Disk(file) for file in files]
    for file in files:
        writer.add(file)
    for count in (1, 2):
        for _ in range(1000):
            for file in files[:2]:
                file.append(b"0123456789\n")
        writer.write()
        writer.write()
        assert [(disk.writes, disk.syncs) for disk in disks] == [(count, count), (count, count), (0, 0)]
    assert (tmp_path / "a").stat().st_size == 22_000


def test_the_journal_is_written_last_and_nothing_from_after_the_moment(writer: Writer, tmp_path: Path) -> None:
    """The journal never speaks of bytes that are not on the disk yet."""
    journal, raw, other = (AppendFile(tmp_path / name) for name in ("journal", "raw", "other"))
    log: list[str] = []
    disks = [Disk(file, log=log) for file in (journal, raw, other)]
    writer.add(journal, last=True)
    writer.add(raw)
    writer.add(other)
    for file in (journal, raw, other):
        file.append(b"1\n")
    disks[1].free.clear()
    writer.wake()
    assert disks[1].reached.wait(PATIENCE_S)
    for file in (journal, raw, other):
        with writer.appending:
            file.append(b"2\n")
    assert journal.path.read_bytes() == b""
    disks[1].free.set()
    writer._ended = True
    writer._thread.join(PATIENCE_S)
    assert log == ["raw", "other", "journal"]
    assert {file.path.read_bytes() for file in (journal, raw, other)} == {b"1\n"}
    writer.write()
    assert {file.path.read_bytes() for file in (journal, raw, other)} == {b"1\n2\n"}


def test_who_appends_never_waits_for_a_disk_that_blocks(writer: Writer, tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "raw")
    disk = Disk(file)
    writer.add(file)
    file.append(b"0\n")
    disk.free.clear()
    writer.wake()
    assert disk.reached.wait(PATIENCE_S)

    def append() -> None:
        for _ in range(100):
            with writer.appending:
                file.append(b"1\n")
            writer.wake()

    assert in_time(append)
    assert not disk.writes
    disk.free.set()
    writer.write()
    assert file.path.read_bytes() == b"0\n" + b"1\n" * 100


def test_a_writer_writes_without_being_told_to(tmp_path: Path) -> None:
    writer, file = Writer(0.01), AppendFile(tmp_path / "raw")
    disk = Disk(file)
    with writer.appending:
        writer.add(file)
        file.append(b"1\n")
    assert disk.reached.wait(PATIENCE_S)
    writer.close()


def test_a_file_that_is_refused_keeps_no_other_from_being_written(writer: Writer, tmp_path: Path) -> None:
    files = [AppendFile(tmp_path / name) for name in ("journal", "a", "b")]
    full = [Disk(file, room) for file, room in zip(files, (100, 0, 0), strict=True)]
    for file in files:
        writer.add(file, last=file is files[0])
        file.append(b"1\n")
    writer.write()
    assert writer.refused.startswith(f"{tmp_path / 'a'}: cannot be written")
    assert files[0].path.read_bytes() == b"1\n"
    full[1].room = full[2].room = 2
    writer.write()
    assert writer.refused == ""
    assert [file.path.read_bytes() for file in files] == [b"1\n"] * 3


@pytest.mark.parametrize("room", [0, 100])
def test_closing_writes_what_is_left_ends_the_thread_and_closes_all(room: int, tmp_path: Path) -> None:
    writer = Writer(NEVER_S)
    files = [AppendFile(tmp_path / name) for name in "ab"]
    disks = [Disk(files[0], room), Disk(files[1])]
    for file in files:
        writer.add(file)
        file.append(b"1\n")
    assert in_time(writer.close)
    assert not writer._thread.is_alive()
    assert [disk.closed for disk in disks] == [True, True]
    assert [file.path.read_bytes() for file in files] == [b"1\n"[:room], b"1\n"]
    assert bool(writer.refused) is (room == 0)
