"""A run read back: the same frames live, closed, cut and imported; what a cut tore is told and costs nothing before it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.journal import CLOSED
from harness.plan import load_plan
from harness.readback import read_events, read_journal, read_record
from harness.record import Record
from harness.recorder import JOURNAL, SAMPLES, Recorder
from harness.recording import load_recording
from harness.replay import Replay
from instruments.errors import BenchError
from tests.conftest import DATA, ROOT
from tests.dosebench.test_cli import short_plan
from tests.harness.test_recorder import TABLES, fed

REAL = DATA / "real-gravimetric"


def frames(record: Record) -> tuple[pd.DataFrame, ...]:
    return record.samples(), record.events_frame(), record.settings()


def assert_same(first: Record, second: Record) -> None:
    assert (first.run, first.data_source) == (second.run, second.data_source)
    for one, other in zip(frames(first), frames(second), strict=True):
        pd.testing.assert_frame_equal(one, other)


# --- alike ---


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    """A run that still goes on: its one case is done, nothing is closed."""
    out = tmp_path_factory.mktemp("live")
    campaign = Campaign(load_plan(short_plan(out)), load_bench(ROOT / "benches" / "simulated.toml"), out)
    campaign.start()
    campaign.run_case(campaign.plan.cases[0])
    yield campaign
    closed(campaign)


def closed(campaign: Campaign) -> None:
    if not read_journal(campaign.folder / JOURNAL).closed:
        campaign.close()


def test_a_run_reads_alike_while_it_goes_on_when_it_is_closed_and_when_it_was_cut(campaign: Campaign, tmp_path: Path) -> None:
    campaign.recorder.sync()
    live = campaign.record
    assert_same(live, read_record(campaign.folder))
    cut = shutil.copytree(campaign.folder, tmp_path / "cut")
    for name in (JOURNAL, SAMPLES):
        with (cut / name).open("ab") as file:
            file.write(b'{"at_us":')
    torn = read_record(cut)
    assert_same(live, torn)
    assert torn.torn == ["journal.jsonl: its last line is torn, 9 bytes", "samples/balance.bin: its last line is torn, 9 bytes"]
    closed(campaign)
    whole = read_record(campaign.folder)
    assert_same(campaign.record, whole)
    assert whole.torn == []
    assert len(whole.samples()) > len(live.samples())
    pd.testing.assert_frame_equal(whole.events_frame()[: len(live.events_frame())], live.events_frame())
    assert pd.read_parquet(campaign.folder / "samples.parquet").mass_g.equals(whole.samples().mass_g)


def test_settings_say_what_was_asked_sent_and_taken(campaign: Campaign) -> None:
    settings = read_record(campaign.folder).settings()
    assert list(settings.columns) == ["t_s", "case", "name", "requested", "reported", "unit", "applied"]
    found = {row.name: row for row in settings.itertuples(index=False)}
    rate = settings[settings.name == "set rate"].iloc[0]
    assert (rate.case, rate.requested, rate.reported, rate.unit) == ("BOLUS", 48.0, 48.0, "mL/h")
    assert any("RAT" in sent and "48" in sent for sent in rate.applied)
    assert set(found) >= {"syringe inner diameter", "weighing rate", "set rate", "target volume", "watchdog"}
    events = read_record(campaign.folder).events_frame()
    assert events.t_s.is_monotonic_increasing
    assert {"command", "setting", "phase", "verdict"} <= set(events.kind)
    assert not {"batch", CLOSED} & set(events.kind)


def test_an_imported_recording_reads_like_a_run(tmp_path: Path) -> None:
    recording = load_recording(REAL / "nitric_acid_dosing_hh79.csv", REAL / "mapping.toml")
    replay = Replay(load_plan(REAL / "plan.toml"), recording, tmp_path)
    for case in replay.plan.cases:
        replay.run_case(case)
    replay.close()
    record = read_record(replay.folder)
    assert_same(replay.recorder.record(), record)
    assert list(record.events)[: len(replay.record.events)] == list(replay.record.events)
    assert record.data_source == "replay"
    assert len(record.settings()) == 0
    assert len(record.samples()) == len(recording.frame)


# --- cut and damaged ---


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fed(Recorder(tmp_path / "run", "r-1", "simulated", TABLES)).close()
    return tmp_path / "run"


def test_a_journal_that_is_cut_anywhere_gives_every_whole_line(folder: Path) -> None:
    path = folder / JOURNAL
    data, whole = path.read_bytes(), read_journal(path)
    ends = [at + 1 for at, byte in enumerate(data) if byte == 0x0A]
    for size in range(len(data), -1, -1):
        os.truncate(path, size)
        lines = sum(end <= size for end in ends)
        if not lines:
            with pytest.raises(BenchError, match=r"journal\.jsonl: does not begin like a journal .*cut before it began"):
                read_journal(path)
            continue
        found = read_journal(path)
        assert found.entries == whole.entries[: lines - 1]
        assert (found.size, found.torn) == (ends[lines - 1], size - ends[lines - 1])
        assert (found.head, found.closed) == (whole.head, size == len(data))
    assert len(ends) == len(whole.entries) + 1


def test_samples_that_are_cut_anywhere_are_told_and_cost_no_other_record(folder: Path) -> None:
    data, whole = (folder / SAMPLES).read_bytes(), read_record(folder)
    for size in range(len(data), -1, -1):
        os.truncate(folder / SAMPLES, size)
        found = read_record(folder)
        assert found.events == whole.events
        assert len(found.readings) == max(0, size - (len(data) - 3 * 17)) // 17
        rest = (size - (len(data) - 3 * 17)) % 17 if size >= len(data) - 3 * 17 else size
        assert list(found.torn) == ([f"samples/balance.bin: its last line is torn, {rest} bytes"] if rest else [])


def test_a_run_that_weighed_nothing_has_no_samples_and_is_whole(folder: Path) -> None:
    (folder / SAMPLES).unlink()
    found = read_record(folder)
    assert (len(found.readings), list(found.torn)) == (0, [])
    assert found.samples().empty


DAMAGES = {
    # line (from 0), what becomes of it, the line that is named
    "no JSON": (3, lambda line: line[:-5], r"journal\.jsonl:4: is no entry of a journal"),
    "two lines in one": (2, lambda line: line + line, r"journal\.jsonl:3: is no entry of a journal"),
    "empty": (4, lambda _: b"", r"journal\.jsonl:5: is no entry of a journal"),
    "a number": (2, lambda _: b"17", r"journal\.jsonl:3: is no entry of a journal"),
    "not UTF-8": (2, lambda line: b"\xff" + line, r"journal\.jsonl:3: is no entry of a journal"),
    "another key": (2, lambda line: line.replace(b'"at_us"', b'"at_uz"'), r"journal\.jsonl:3: is no entry of a journal"),
    "no hash": (-1, lambda line: line.replace(b'"hash"', b'"hush"'), r"journal\.jsonl:\d+: is no entry of a journal"),
    "another file's head": (0, lambda line: line.replace(b"journal/1", b"journal/9"), r"does not begin like a journal"),
    "a head without its genesis": (0, lambda line: line.replace(b'"genesis"', b'"genesys"'), r"journal\.jsonl"),
}


@pytest.mark.parametrize(("at", "damage", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_journal_that_is_damaged_before_its_end_says_where(at: int, damage: object, message: str, folder: Path) -> None:
    assert callable(damage)
    lines = (folder / JOURNAL).read_bytes().splitlines()
    lines[at] = damage(lines[at])
    (folder / JOURNAL).write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(BenchError, match=message):
        read_record(folder)


def test_samples_that_are_none_are_refused_by_name(folder: Path) -> None:
    (folder / SAMPLES).write_bytes(b"t_s,mass_g\n0.1,35\n")
    with pytest.raises(BenchError, match=r"balance\.bin: cannot be read \(it does not begin like a file of samples\)"):
        read_record(folder)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"is not the folder of a run \(.*journal\.jsonl: No such file or directory\)"):
        read_record(tmp_path)


def test_what_was_said_to_instruments_and_the_chain_are_no_events(folder: Path) -> None:
    kinds = [event.kind for event in read_events(folder / JOURNAL)]
    assert kinds == ["phase", "note"]
    assert [command.data["command"] for command in read_record(folder).commands] == ["I4\\r\\n"]
