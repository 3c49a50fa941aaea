"""Raw files, journal, samples: written as it happens, bound by one chain, the same again when read."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from harness.appending import Writer
from harness.bench import load_bench
from harness.campaign import Campaign
from harness.plan import load_plan
from harness.rawlog import frames_of, raw_lines
from harness.readback import read_events, read_journal
from harness.recorder import JOURNAL, PARQUET, SAMPLES, Recorder
from instruments.errors import BenchError
from instruments.stamped import Stamped
from tests.conftest import ROOT
from tests.dosebench.test_cli import short_plan
from tests.harness.records import readings
from tests.harness.test_appending import NEVER_S, PATIENCE_S, Disk, in_time

LINE = b"S S     35.0001 g\r\n"
RAW = "raw/balance.log"


def stamped(*frames: bytes, every_us: int = 100_000, from_us: int = 100_000) -> Stamped:
    return Stamped.join([Stamped.one(frame, from_us + at * every_us) for at, frame in enumerate(frames)])


def covered(folder: Path) -> dict[str, int]:
    """How many bytes of each file the chain of its journal holds, hashed again: batch joins batch, and the chain is whole."""
    lines = [json.loads(line) for line in (folder / JOURNAL).read_bytes().splitlines()]
    link, found = lines[0]["genesis"], dict[str, int]()
    for seq, line in enumerate(lines[1:], 1):
        entry = {name: line[name] for name in ("seq", "at_us", "kind", "case", "data")}
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
        link = hashlib.sha256((link + text).encode("ascii")).hexdigest()
        assert (line["seq"], line["hash"]) == (seq, link)
        for name, batch in (line["data"]["files"] if line["kind"] == "batch" else {}).items():
            assert batch["from"] == found.get(name, 0)
            stretch = (folder / name).read_bytes()[batch["from"] : batch["to"]]
            assert (len(stretch), hashlib.sha256(stretch).hexdigest()) == (batch["to"] - batch["from"], batch["sha256"])
            found[name] = batch["to"]
    return found


def sizes(folder: Path) -> dict[str, int]:
    """Of all that belongs into the chain."""
    files = [path for name in ("raw", "samples") for path in (folder / name).glob("*")]
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def entries(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / JOURNAL).read_bytes().splitlines()[1:]]


# --- raw text ---

ROWS = [
    (LINE, rb"0000000100000 < S S     35.0001 g\r\n"),
    (b"\x0200S\x03", rb"0000000100000 < \x0200S\x03"),
    (b"back\\slash", rb"0000000100000 < back\\slash"),
    (b"\\r\\n", rb"0000000100000 < \\r\\n"),
    (b"a\\\r\n", rb"0000000100000 < a\\\r\n"),
    (b"\xff\x00\x1f\x7f", rb"0000000100000 < \xff\x00\x1f\x7f"),
    (b"", rb"0000000100000 < "),
]


@pytest.mark.parametrize(("frame", "line"), ROWS)
def test_a_frame_is_one_line_of_text_and_loses_nothing(frame: bytes, line: bytes) -> None:
    written = raw_lines(Stamped.one(frame, 100_000), "<")
    assert written == line + b"\n"
    again, torn = frames_of(written, "<")
    assert (list(again), torn) == ([(frame, 100_000)], 0)


@pytest.mark.parametrize("count", [1, 3, 4, 100])
@pytest.mark.parametrize("frame", [b"S D     35.0001 g\r\n", b"S D  \\  35.0001 g\r\n", b"no end of line"])
def test_blocks_are_written_like_single_lines(frame: bytes, count: int) -> None:
    frames = stamped(*[frame] * count)
    assert raw_lines(frames, "<") == b"".join(raw_lines(Stamped.one(piece, at), "<") for piece, at in frames)


def test_a_raw_file_that_is_cut_anywhere_gives_its_whole_lines_of_one_direction() -> None:
    frames = [(b"one\r\n", "<"), (b"ASK\r\n", ">"), (b"\xfftwo\n", "<")]
    lines = [raw_lines(Stamped.one(frame, at), direction) for at, (frame, direction) in enumerate(frames)]
    text = b"".join(lines)
    for size in range(len(text) + 1):
        ends = np.cumsum([len(line) for line in lines])
        whole = int((ends <= size).sum())
        found, torn = frames_of(text[:size], "<")
        assert list(found) == [(frame, at) for at, (frame, direction) in enumerate(frames[:whole]) if direction == "<"]
        assert torn == size - ([0, *ends][whole])


# --- the chain ---

FEED: Sequence[tuple[str, Any]] = (
    ("sent", ("balance", b"SIR\r\n", 50_000)),
    ("exchanged", ("balance", b"I4\r\n", b'I4 A "1"\r\n', 60_000, 70_000)),
    ("received", ("balance", stamped(LINE, LINE))),
    ("readings", (readings([0.1, 0.2], [35.0001, 35.0001]),)),
    ("event", (250_000, "phase", "C", {"name": "flow", "edge": "begin"})),
    ("received", ("balance", stamped(LINE, from_us=61_000_000))),
    ("readings", (readings([61.0], [np.nan], "+"),)),
    ("event", (62_000_000, "note", "C", {"value": np.float64(1.5), "nothing": float("nan"), "pair": (1, np.int64(2))})),
)
TABLES: Mapping[str, Any] = {"plan": {"tables": {"plan": {"id": "P"}}}, "bench": {"tables": {"simulation": {"seed": 1}}}}


def fed(recorder: Recorder, count: int = len(FEED)) -> Recorder:
    for what, told in FEED[:count]:
        getattr(recorder, what)(*told)
    return recorder


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """One whose writer writes when it is told to, and at no other time."""
    monkeypatch.setattr(Writer.__init__, "__defaults__", (NEVER_S,))
    recorder = Recorder(tmp_path / "run", "r-1", "simulated", TABLES)
    yield recorder
    for file in recorder._files.values():
        if isinstance(file._file, Disk):
            file._file.room = 1 << 40
            file._file.free.set()
    recorder.close()


def test_a_chain_knows_no_wall_time_no_disk_and_no_run_but_plan_and_bench(recorder: Recorder, tmp_path: Path) -> None:
    """A disk that stands still from the beginning to the end, and one that is waited for after everything."""
    slow = Disk(recorder._files[JOURNAL])
    slow.free.clear()
    fed(recorder)
    slow.free.set()
    recorder.close()
    fast = Recorder(tmp_path / "fast", "r-2", "real", {**TABLES, "started": "another day"})
    for count in range(len(FEED)):
        getattr(fast, FEED[count][0])(*FEED[count][1])
        fast.sync()
    fast.close()
    other = fed(Recorder(tmp_path / "other", "r-1", "simulated", {**TABLES, "bench": {"tables": {"simulation": {"seed": 2}}}}))
    other.close()
    assert recorder.chain == fast.chain == {"entries": len(entries(fast.folder)), "head": entries(fast.folder)[-1]["hash"]}
    assert entries(recorder.folder) == entries(fast.folder)
    assert other.chain["head"] != fast.chain["head"]


def test_the_same_seed_gives_the_same_run_and_another_seed_another(tmp_path: Path) -> None:
    plan, found = load_plan(short_plan(tmp_path)), []
    for number, seed in enumerate((1, 1, 2)):
        campaign = Campaign(plan, load_bench(ROOT / "benches" / "simulated.toml", seed=seed), tmp_path / str(number))
        campaign.start()
        campaign.run_case(plan.cases[0])
        campaign.close()
        found.append((campaign.recorder.chain, entries(campaign.folder)))
        assert covered(campaign.folder) == sizes(campaign.folder)
    assert found[0] == found[1]
    assert found[0][0] != found[2][0]


def test_batches_come_every_minute_of_bench_time_at_every_phase_edge_and_at_the_end(recorder: Recorder) -> None:
    for second in (1, 59, 60, 61, 119, 121, 300, 301):
        recorder.received("balance", Stamped.one(LINE, second * 1_000_000))
    recorder.event(301_500_000, "phase", "C", {"name": "flow", "edge": "begin"})
    recorder.event(301_600_000, "note")
    recorder.event(302_000_000, "phase", "C", {"name": "flow", "edge": "end"})
    recorder.sent("balance", b"@\r\n", 303_000_000)
    recorder.close()
    told = [(entry["kind"], entry["at_us"] / 1e6) for entry in entries(recorder.folder)]
    phases = [("phase", 301.5), ("batch", 301.5), ("note", 301.6), ("phase", 302.0)]
    assert told == [("batch", 60), ("batch", 121), ("batch", 300), *phases, ("batch", 302.0), ("closed", 302.0)]
    assert covered(recorder.folder) == sizes(recorder.folder)


def test_every_byte_of_every_file_is_in_the_chain(recorder: Recorder) -> None:
    fed(recorder).keep("raw/recording.csv", b"t,m\n0,1\n")
    recorder.close()
    assert covered(recorder.folder) == sizes(recorder.folder)
    assert set(sizes(recorder.folder)) == {RAW, SAMPLES, "raw/recording.csv"}
    assert recorder.hashes == {
        name: hashlib.sha256((recorder.folder / name).read_bytes()).hexdigest() for name in (JOURNAL, *sizes(recorder.folder))
    }


def test_nothing_is_added_to_a_record_that_is_closed(recorder: Recorder) -> None:
    fed(recorder).close()
    before = {path: path.read_bytes() for path in recorder.folder.rglob("*") if path.is_file()}
    fed(recorder)
    recorder.sync()
    recorder.close()
    assert {path: path.read_bytes() for path in recorder.folder.rglob("*") if path.is_file()} == before


# --- what is said ---


def test_a_command_is_in_the_journal_with_its_reply_and_settings_can_name_it(recorder: Recorder) -> None:
    before = recorder.command_count
    recorder.exchanged("pump", b"RAT 5\r", b"\x0200S\x03", 1_000_000, 1_100_000)
    recorder.exchanged("pump", b"RUN\r", None, 2_000_000, 2_500_000)
    recorder.close()
    commands = [(entry["at_us"], entry["data"]) for entry in entries(recorder.folder) if entry["kind"] == "command"]
    assert commands == [
        (1_000_000, {"role": "pump", "command": "RAT 5\\r", "reply": "\\x0200S\\x03", "heard_us": 1_100_000}),
        (2_000_000, {"role": "pump", "command": "RUN\\r", "reply": None, "heard_us": 2_500_000}),
    ]
    assert (recorder.commands_since(before), recorder.commands_since(1)) == (["RAT 5\\r", "RUN\\r"], ["RUN\\r"])


def test_the_health_of_a_run_counts_what_lacks_its_value_or_its_reply(recorder: Recorder) -> None:
    fed(recorder).exchanged("pump", b"RUN\r", None, 2_000_000, 2_500_000)
    recorder.exchanged("balance", b"", LINE, 2_600_000, 2_700_000)
    assert recorder.health == {"readings": 3, "without_value": 1, "commands": 2, "without_reply": 1}


def test_what_json_cannot_say_is_written_as_it_is_read_back(recorder: Recorder) -> None:
    fed(recorder).close()
    assert entries(recorder.folder)[-3]["data"] == {"value": 1.5, "nothing": "nan", "pair": [1, 2]}
    assert recorder.record().events == tuple(read_events(recorder.folder / JOURNAL))


def test_the_raw_file_holds_both_ways_in_order(recorder: Recorder) -> None:
    fed(recorder).close()
    lines = (recorder.folder / RAW).read_text().splitlines()
    assert [line[14:20] for line in lines] == ["> SIR\\", "< S S ", "< S S ", "< S S "]


def test_the_samples_say_where_they_come_from(recorder: Recorder) -> None:
    fed(recorder).write_parquet()
    told = pq.read_schema(recorder.folder / PARQUET).metadata
    raw = hashlib.sha256((recorder.folder / RAW).read_bytes()).hexdigest()
    assert (told[b"data_source"], told[b"run"]) == (b"simulated", b"r-1")
    assert json.loads(told[b"sha256"])[RAW] == raw


# --- the disk ---


def test_reading_never_waits_for_the_disk(recorder: Recorder) -> None:
    disk = Disk(recorder._files[JOURNAL])
    disk.free.clear()
    recorder.event(1, "note")
    recorder._writer.wake()
    assert disk.reached.wait(PATIENCE_S)
    assert in_time(lambda: fed(recorder))
    assert not disk.writes
    disk.free.set()
    recorder.sync()
    assert covered(recorder.folder)[RAW] == (recorder.folder / RAW).stat().st_size


def test_a_phase_is_put_on_the_disk_without_waiting_for_the_second(recorder: Recorder) -> None:
    disk = Disk(recorder._files[JOURNAL])
    recorder.received("balance", stamped(LINE))
    recorder.event(150_000, "note")
    assert not disk.writes
    recorder.event(200_000, "phase", "C", {"name": "flow", "edge": "begin"})
    assert disk.reached.wait(PATIENCE_S)
    recorder.sync()
    assert b"35.0001" in (recorder.folder / RAW).read_bytes()
    assert b'"flow"' in (recorder.folder / JOURNAL).read_bytes()


def told(recorder: Recorder, act: str, *more: Any) -> bool:
    """Whether a full disk was complained of."""
    recorder._writer.write()
    try:
        getattr(recorder, act)(*more)
    except BenchError as err:
        assert "cannot be written (No space left on device); make room on the disk" in str(err)  # noqa: PT017 - and no other
        return True
    return False


@pytest.mark.parametrize(
    ("act", "more"),
    [("sync", ()), ("readings", (readings([0.1], [35.0]),)), ("event", (5, "phase", "C", {"name": "flow", "edge": "end"}))],
)
def test_a_full_disk_is_told_once_and_again_after_there_was_room(act: str, more: tuple[Any, ...], recorder: Recorder) -> None:
    """Whoever stops the pump talks to it through the recorder, and must not be stopped by it."""
    disk = Disk(recorder._files[JOURNAL])
    told_at = []
    for room in (0, 0, 0, 1 << 20, 0, 0):
        disk.room = room
        recorder.event(1, "note")
        told_at.append(told(recorder, act, *more))
    assert told_at == [True, False, False, False, True, False]
    disk.room = 1 << 20
    recorder.sync()
    assert [event.at_us for event in read_events(recorder.folder / JOURNAL) if event.kind == "note"] == [1] * 6


def test_a_raw_line_and_what_it_means_come_to_the_disk_together(recorder: Recorder) -> None:
    writing = threading.Thread(target=recorder._writer.write)
    with recorder.together():
        recorder.received("balance", stamped(LINE))
        writing.start()
        writing.join(0.2)
        assert not (recorder.folder / RAW).exists()
        recorder.readings(readings([0.1], [35.0]))
    writing.join(PATIENCE_S)
    assert (recorder.folder / RAW).exists()
    assert (recorder.folder / SAMPLES).exists()


def test_a_note_is_taken_whatever_the_disk_says(recorder: Recorder) -> None:
    """The word that a pump was stopped is not to be lost to an error about a disk."""
    Disk(recorder._files[JOURNAL], 0)
    recorder.event(1, "safe state")
    recorder._writer.write()
    recorder.event(2, "safe state")
    recorder.sent("pump", b"STP\r", 3)
    recorder.exchanged("pump", b"STP\r", None, 3, 4)
    with pytest.raises(BenchError):
        recorder.sync()
    assert [event.at_us for event in recorder.record().events] == [1, 2]


def test_closing_with_a_full_disk_tells_so_after_all_is_closed(recorder: Recorder) -> None:
    fed(recorder)
    recorder.sync()
    disk = Disk(recorder._files[JOURNAL], 30)
    before = (recorder.folder / JOURNAL).read_bytes()
    with pytest.raises(BenchError, match=r"journal\.jsonl: cannot be written"):
        recorder.close()
    assert (recorder.folder / JOURNAL).stat().st_size == len(before) + 30
    assert not read_journal(recorder.folder / JOURNAL).closed
    assert all(file._file is not None and file._file.closed for file in recorder._files.values())
    assert disk.closed
    recorder.write_parquet()
    assert (recorder.folder / PARQUET).exists()
    assert recorder.hashes[JOURNAL] == hashlib.sha256((recorder.folder / JOURNAL).read_bytes()).hexdigest()


def test_a_folder_that_has_a_journal_takes_no_other(recorder: Recorder) -> None:
    with pytest.raises(BenchError, match=r"journal\.jsonl: cannot be written \(File exists\)"):
        Recorder(recorder.folder, "r-2", "simulated")
