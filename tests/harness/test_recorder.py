"""Raw files, journal, samples: written as it happens, readable as text, the same again when read."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from harness.rawlog import raw_lines
from harness.record import Event, read_events, read_record
from harness.recorder import AppendFile, Recorder
from instruments.errors import BenchError
from instruments.stamped import Stamped
from tests.harness.records import readings


def stamped(*frames: bytes, every_us: int = 100_000) -> Stamped:
    return Stamped.join([Stamped.one(frame, (at + 1) * every_us) for at, frame in enumerate(frames)])


ROWS = [
    (b"S S     35.0001 g\r\n", rb"0000000100000 < S S     35.0001 g\r\n"),
    (b"\x0200S\x03", rb"0000000100000 < \x0200S\x03"),
    (b"back\\slash", rb"0000000100000 < back\\slash"),
    (b"\xff\x00\x1f\x7f", rb"0000000100000 < \xff\x00\x1f\x7f"),
]


@pytest.mark.parametrize(("frame", "line"), ROWS)
def test_a_frame_is_one_line_of_text_and_loses_nothing(frame: bytes, line: bytes) -> None:
    written = raw_lines(Stamped.one(frame, 100_000), "<")
    assert written == line + b"\n"
    text = written.decode("ascii").rstrip("\n")[16:]
    assert text.encode("ascii").decode("unicode_escape").encode("latin-1") == frame


@pytest.mark.parametrize("count", [1, 3, 4, 100])
@pytest.mark.parametrize("frame", [b"S D     35.0001 g\r\n", b"S D  \\  35.0001 g\r\n", b"no end of line"])
def test_blocks_are_written_like_single_lines(frame: bytes, count: int) -> None:
    frames = stamped(*[frame] * count)
    assert raw_lines(frames, "<") == b"".join(raw_lines(Stamped.one(piece, at), "<") for piece, at in frames)


def test_an_append_file_knows_its_hash_and_is_never_overwritten(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "deep" / "raw.log")
    file.append(b"one\n")
    file.sync()
    file.append(b"two\n")
    assert file.close() == hashlib.sha256(b"one\ntwo\n").hexdigest()
    with pytest.raises(FileExistsError):
        AppendFile(tmp_path / "deep" / "raw.log")


class Grudging:
    """A disk file that takes ``room`` bytes, then refuses until there is room again."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self.room = file, room

    def write(self, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = int(self._file.write(data[: self.room]))
        self.room -= written
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_what_a_full_disk_did_not_take_is_written_when_there_is_room(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "raw.log")
    file._file = Grudging(file._file, 6)
    file.append(b"one\ntwo\n")
    with pytest.raises(BenchError, match=r"raw.log: cannot be written \(No space left on device\); make room on the disk"):
        file.sync()
    assert file.sha256 == hashlib.sha256((tmp_path / "raw.log").read_bytes()).hexdigest()
    file.append(b"three\n")
    file._file.room = 100
    assert file.close() == hashlib.sha256(b"one\ntwo\nthree\n").hexdigest()
    assert (tmp_path / "raw.log").read_bytes() == b"one\ntwo\nthree\n"


def test_a_full_disk_is_told_once_and_again_after_there_was_room(tmp_path: Path) -> None:
    """Whoever stops the pump talks to it through the recorder, and must not be stopped by it."""
    recorder = Recorder(tmp_path, "r-1", "simulated")
    recorder.event(1, "note")
    journal = recorder._journal
    journal._file = disk = Grudging(journal._file, 0)
    with pytest.raises(BenchError):
        recorder.sync()
    recorder.event(2, "safe state")
    recorder.sync()
    disk.room = 1000
    recorder.sync()
    disk.room = 0
    recorder.event(3, "note")
    with pytest.raises(BenchError):
        recorder.sync()
    with pytest.raises(BenchError, match=r"journal\.jsonl: cannot be written"):
        recorder.close()
    assert [event.at_us for event in read_events(tmp_path / "journal.jsonl")] == [1, 2]
    assert recorder.hashes["journal.jsonl"] == hashlib.sha256((tmp_path / "journal.jsonl").read_bytes()).hexdigest()
    assert (tmp_path / "samples.parquet").exists()


@pytest.fixture
def closed_run(tmp_path: Path) -> Path:
    (tmp_path / "run.json").write_text(json.dumps({"run": "r-1", "data_source": "simulated"}))
    with Recorder(tmp_path, "r-1", "simulated") as recorder:
        recorder.sent("balance", b"SIR\r\n", 50_000)
        recorder.received("balance", stamped(b"S S     35.0001 g\r\n", b"S +\r\n"))
        recorder.readings(readings([0.1], [35.0001]))
        recorder.readings(readings([0.2], [np.nan], "+"))
        recorder.event(250_000, "phase", "C", {"name": "flow", "edge": "begin"})
    return tmp_path


def test_a_closed_run_reads_back_as_it_was(closed_run: Path) -> None:
    record = read_record(closed_run)
    frame = record.samples()
    assert (record.run, record.data_source) == ("r-1", "simulated")
    assert frame.t_s.tolist() == [0.1, 0.2]
    assert frame.status.tolist() == ["S", "+"]
    assert frame.mass_g.isna().tolist() == [False, True]
    assert record.events == [Event(250_000, "phase", "C", {"name": "flow", "edge": "begin"})]


def test_the_raw_file_holds_both_ways_in_order(closed_run: Path) -> None:
    lines = (closed_run / "raw" / "balance.log").read_text().splitlines()
    assert [line[14:20] for line in lines] == ["> SIR\\", "< S S ", "< S +\\"]


def test_the_samples_say_where_they_come_from(closed_run: Path) -> None:
    told = pq.read_schema(closed_run / "samples.parquet").metadata
    raw = hashlib.sha256((closed_run / "raw" / "balance.log").read_bytes()).hexdigest()
    assert told[b"data_source"] == b"simulated"
    assert json.loads(told[b"sha256"])["raw/balance.log"] == raw


def test_a_torn_last_line_of_the_journal_loses_nothing_before_it(closed_run: Path) -> None:
    journal = closed_run / "journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'{"at_us": 3000')
    assert [event.at_us for event in read_events(journal)] == [250_000]


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"not the folder of a closed run"):
        read_record(tmp_path)


def test_what_is_received_is_on_disk_before_the_next_phase(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "r", "real")
    recorder.received("balance", stamped(b"S S     35.0001 g\r\n"))
    recorder.event(1, "phase", "C", {"name": "flow", "edge": "begin"})
    assert b"35.0001" in (tmp_path / "raw" / "balance.log").read_bytes()
    recorder.close()
