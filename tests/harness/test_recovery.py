"""Runs that were cut anywhere: found, closed as ABORTED with all that is known, nothing green, the chain whole and closed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from harness.bench import load_bench
from harness.campaign import Campaign
from harness.conclusion import ENDED, VERDICT, not_closed
from harness.evidence.manifest import write_manifest
from harness.evidence.verifier import MANIFEST
from harness.guardianship import DIARY
from harness.plan import load_plan
from harness.readback import read_journal, read_record
from harness.recorder import JOURNAL, PARQUET, SAMPLES
from harness.recovery import close_cut, cut_runs
from harness.run_folder import RUN_FILE, hold_reserve, read_run
from harness.verdicts import VERDICTS, read_verdicts, write_verdicts
from instruments.clock import utc_now
from instruments.errors import ConfigError
from instruments.guardian import Diary
from instruments.guarding import lock_of
from instruments.locks import FolderLock
from reports.allure_results import RESULTS, Planned, stand_by
from reports.publish import history_of
from reports.recovered import recover
from tests.conftest import ROOT
from tests.fixtures.test_plugin import two_cases
from tests.harness.test_recorder import RAW, covered, sizes

BENCH = ROOT / "benches" / "simulated.toml"
TORN = b'{"at_us":123456,"case":"BOL'


def finished(out: Path, *faults: str, plan: Callable[[Path], Path] = two_cases) -> Path:
    """The folder of a run of two boluses, closed."""
    campaign = Campaign(load_plan(plan(out)), load_bench(BENCH, faults=faults), out)
    campaign.start()
    for case in campaign.plan.cases:
        campaign.run_case(case)
    campaign.close()
    write_manifest(campaign.folder, versions={}, closed=utc_now())
    campaign.release()
    return campaign.folder


def place(entries: list[dict[str, Any]], kind: str, case: str = "", name: str = "") -> int:
    """How many entries there are up to and including this one."""
    return 1 + next(
        at
        for at, entry in enumerate(entries)
        if entry["kind"] == kind and entry["case"] == case and name in (entry["data"].get("name", ""), "")
    )


def cut(source: Path, folder: Path, kind: str, case: str = "", name: str = "", *, torn: bytes = b"", more: int = 0) -> Path:
    """A copy as a kill would have left it when this entry was the last.

    ``more``: bytes of raw files beyond the last batch; a sample takes less than half of its raw line.
    """
    shutil.copytree(source, folder)
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    entries = [json.loads(line) for line in lines[1:]]
    count = place(entries, kind, case, name) if kind else 0
    (folder / JOURNAL).write_bytes(b"".join(lines[: count + 1]) + torn)
    batches = [entry["data"]["files"] for entry in entries[:count] if entry["kind"] == "batch"]
    known = {name: batch["to"] for files in batches for name, batch in files.items()}
    for name, whole in sizes(folder).items():
        size = min(whole, known.get(name, 0) + (more // 3 if name == SAMPLES else more))
        os.truncate(folder / name, size) if size else (folder / name).unlink()
    for made in (PARQUET, MANIFEST):
        (folder / made).unlink(missing_ok=True)
    hold_reserve(folder)
    head = json.loads(lines[0])
    (folder / RUN_FILE).write_text(json.dumps(head))
    write_verdicts(not_closed(head["run"], head["data_source"], head["cases"]), folder / VERDICTS)
    return folder


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("passed"))


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("failed"), "rate-gain:+6%")


PLACES: dict[str, tuple[tuple[str, ...], bytes, int]] = {
    # the last entry; what was torn off the next; bytes beyond the last batch
    "no entry but the head": ((), b"", 0),
    "no entry, and a torn one": ((), TORN, 5),
    "who answered": (("identity",), b"", 60),
    "in the preparation": (("phase", "preparation", "blank"), b"", 1000),
    "in the first case": (("phase", "BOLUS", "bolus"), b"", 37),
    "torn in the first case": (("commanded", "BOLUS"), TORN, 40),
    "between the cases": (("verdict", "BOLUS"), b"", 0),
    "torn between the cases": (("verdict", "BOLUS"), TORN[:1], 0),
    "in the second case": (("phase", "BOLUS-2", "bolus"), b"", 1 << 40),
    "after the last verdict": (("verdict", "BOLUS-2"), b"", 53),
    "torn after the last verdict": (("verdict", "BOLUS-2"), TORN, 1 << 40),
}


@pytest.mark.parametrize(("last", "torn", "more"), PLACES.values(), ids=PLACES)
def test_a_run_that_was_cut_anywhere_is_closed_as_aborted(
    last: tuple[str, ...], torn: bytes, more: int, passed: Path, tmp_path: Path
) -> None:
    folder = cut(passed, tmp_path / "out" / "run", *(last or ("",)), torn=torn, more=more)
    before, taken = (folder / JOURNAL).read_bytes().removesuffix(torn), read_record(folder)
    stood = sizes(folder)
    found = close_cut(folder)
    assert (folder / JOURNAL).read_bytes().startswith(before)
    assert covered(folder) == sizes(folder) == stood
    assert not {"PASS"} & {entry["verdict"] for entry in json.loads((folder / VERDICTS).read_bytes())["cases"]}
    assert b'"PASS"' not in (folder / VERDICTS).read_bytes()
    assert read_verdicts(folder / VERDICTS) == found.verdict
    assert [case.verdict.value for case in found.verdict.cases] == ["ABORTED", "ABORTED"]
    assert found.told == tuple(taken.torn)
    assert any(JOURNAL in told for told in found.told) is bool(torn)
    assert list(cut_runs(tmp_path / "out")) == [folder]
    write_manifest(folder, versions={}, closed=utc_now())
    assert list(cut_runs(tmp_path / "out")) == []
    closed(folder, taken.samples(), torn)


def closed(folder: Path, samples: Any, torn: bytes) -> None:
    """What every closed folder has."""
    journal = read_journal(folder / JOURNAL)
    told = [event for event in journal.entries if event.kind in ("recovered", ENDED, "closed")]
    assert [event.kind for event in told] == ["recovered", ENDED, "closed"]
    assert {event.at_us for event in told} == {journal.entries[-5].at_us if journal.entries[4:] else 0}
    assert (journal.closed, journal.torn) == (True, 0)
    assert told[0].data["set_aside"] == ("journal.torn" if torn else "")
    assert not torn or (folder / "journal.torn").read_bytes() == torn
    run = read_run(folder)
    assert run["chain"] == {"entries": len(journal.entries), "head": journal.hash}
    assert (run["recovered"], run["closed"]) == (True, told[0].data["when"])
    hashes = json.loads(pq.read_schema(folder / PARQUET).metadata[b"sha256"])
    assert hashes == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (JOURNAL, *sizes(folder))}
    assert hashes == run["sha256"]
    assert pq.read_table(folder / PARQUET).to_pandas().mass_g.equals(samples.mass_g)
    assert not (folder / ".reserve").exists()


@pytest.mark.parametrize(
    ("last", "verdicts"),
    [
        (("phase", "BOLUS", "bolus"), "ABORTED ABORTED -> ABORTED"),
        (("verdict", "BOLUS"), "FAIL ABORTED -> FAIL"),
        (("verdict", "BOLUS-2"), "FAIL FAIL -> FAIL"),
    ],
)
def test_what_has_failed_stays_failed(last: tuple[str, ...], verdicts: str, failed: Path, tmp_path: Path) -> None:
    found = close_cut(cut(failed, tmp_path / "run", *last)).verdict
    assert " ".join([*(case.verdict for case in found.cases), "->", found.verdict]) == verdicts
    assert found.cases[0].measurands or "ABORTED A" in verdicts


def test_a_verdict_that_was_green_is_told_with_its_values_and_why_it_is_not(passed: Path, tmp_path: Path) -> None:
    first, second = close_cut(cut(passed, tmp_path / "run", "verdict", "BOLUS")).verdict.cases
    assert {found.verdict for found in first.measurands} == {"ABORTED"}
    assert first.reasons == (
        "judged in a run that was aborted, where nothing counts as passed; a run that resumes it may carry this over",
    )
    assert second.reasons == ("not reached, or not selected",)


# --- what the guardian knows ---

NOT_SAID = "whether the pump was stopped is not in the record"
STOPPED, LOST = "its guardian stopped the pump, which confirmed", "its guardian could not confirm that the pump stands"
READY, GONE = ("started", {"guardian": 1}), ("harness gone", {"harness": 2})
STOP: tuple[str, dict[str, Any]] = ("stopped", {"confirmed": True, "word": "stopped"})
GAVE_UP: tuple[str, dict[str, Any]] = ("gave up", {"confirmed": False, "reason": "LinkLost: gone"})
DIARIES: dict[str, tuple[Sequence[tuple[str, dict[str, Any]] | bytes], str, int]] = {
    # what it noted, in order (bytes: half a line); what is told of it, and how many of its lines are kept
    "no diary": ([], NOT_SAID, 0),
    "nothing but half a line": ([b'{"data":{"confirmed":true'], NOT_SAID, 0),
    "it stood ready, and no more": ([READY], NOT_SAID, 1),
    "stopped": ([READY, GONE, STOP], STOPPED, 3),
    "not confirmed": ([READY, GAVE_UP], LOST, 2),
    "at the second try": ([GAVE_UP, STOP], STOPPED, 2),
    "torn at its end": ([READY, GAVE_UP, b'{"data":{"confirmed":true'], LOST, 2),
    "torn in its middle": ([READY, b'{"data":{"conf\n', STOP], STOPPED, 2),
}


@pytest.mark.parametrize(("noted", "words", "kept"), DIARIES.values(), ids=DIARIES)
def test_what_the_guardian_wrote_is_in_the_record(
    noted: Sequence[tuple[str, dict[str, Any]] | bytes], words: str, kept: int, passed: Path, tmp_path: Path
) -> None:
    folder = cut(passed, tmp_path / "run", "phase", "BOLUS", "bolus")
    for told in noted:
        with closing(Diary(folder / DIARY)) as diary:
            diary._append(told) if isinstance(told, bytes) else diary.note(told[0], **told[1])
    close_cut(folder)
    events = {event.kind: event.data for event in read_journal(folder / JOURNAL).entries}
    assert events[ENDED]["reason"] == f"the run was cut short: its program ended without a word; {words}"
    assert events[ENDED]["verdict"] == "ABORTED"
    assert len(events["recovered"]["guardian"]) == kept


# --- which runs ---


@pytest.mark.parametrize(
    "lock_on",
    [FolderLock, lambda folder: lock_of(folder / DIARY)],
    ids=["its program", "its guardian"],
)
def test_a_run_that_somebody_is_still_at_is_left_alone(
    lock_on: Callable[[Path], FolderLock], passed: Path, tmp_path: Path
) -> None:
    folder = cut(passed, tmp_path / "run", "verdict", "BOLUS")
    before = {path: path.read_bytes() for path in folder.rglob("[!.]*") if path.is_file()}
    lock = lock_on(folder)
    lock.acquire()
    try:
        assert list(cut_runs(tmp_path)) == []
        with pytest.raises(ConfigError, match=r"this run still goes on \(.* is being written by another program"):
            close_cut(folder)
    finally:
        lock.release()
    assert {path: path.read_bytes() for path in folder.rglob("[!.]*") if path.is_file()} == before
    assert list(cut_runs(tmp_path)) == [folder]


def test_a_run_that_is_closed_is_refused_and_not_touched(passed: Path) -> None:
    before = {path: path.read_bytes() for path in passed.rglob("*") if path.is_file()}
    with pytest.raises(ConfigError, match="this run has been closed; there is nothing to recover"):
        close_cut(passed)
    assert {path: path.read_bytes() for path in passed.rglob("*") if path.is_file()} == before


def test_cut_runs_are_found_by_their_bench_and_no_damaged_one_is_in_their_way(passed: Path, tmp_path: Path) -> None:
    shutil.copytree(passed, tmp_path / "closed")
    first, second = (cut(passed, tmp_path / name, "verdict", "BOLUS") for name in ("one", "two"))
    for name, journal in {"empty": b"", "garbage": b"\xff\n\n", "no journal": b"{}\n"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / JOURNAL).write_bytes(journal)
    (tmp_path / "two" / JOURNAL).write_bytes((second / JOURNAL).read_bytes().replace(b'"id":"simulated"', b'"id":"another"', 1))
    assert list(cut_runs(tmp_path)) == [first, second]
    assert list(cut_runs(tmp_path, "simulated")) == [first]
    assert list(cut_runs(tmp_path, "another")) == [second]
    assert list(cut_runs(tmp_path / "nowhere")) == []


def test_a_recovery_that_was_cut_itself_is_taken_up_again(passed: Path, tmp_path: Path) -> None:
    """At each of the entries that it adds, and within the last."""
    whole = cut(passed, tmp_path / "whole", "verdict", "BOLUS", more=50)
    before = len((whole / JOURNAL).read_bytes().splitlines())
    pristine = shutil.copytree(whole, tmp_path / "pristine")
    close_cut(whole)
    lines = (whole / JOURNAL).read_bytes().splitlines(keepends=True)
    for count in range(before, len(lines)):
        folder = shutil.copytree(pristine, tmp_path / str(count))
        (folder / JOURNAL).write_bytes(b"".join(lines[:count]) + lines[count][:10])
        found = close_cut(folder)
        assert covered(folder) == sizes(folder)
        assert read_journal(folder / JOURNAL).closed
        assert found.verdict == read_verdicts(whole / VERDICTS)


@pytest.mark.parametrize("kept", [(), (PARQUET,), (PARQUET, VERDICTS), (PARQUET, VERDICTS, RUN_FILE)])
def test_a_run_that_was_cut_while_it_was_closed_keeps_its_verdict_and_gets_the_rest(
    kept: tuple[str, ...], failed: Path, tmp_path: Path
) -> None:
    """Nothing is added to a journal that has its end."""
    folder = cut(failed, tmp_path / "run", "closed", more=1 << 40)
    for name in kept:
        shutil.copy(failed / name, folder / name)
    assert list(cut_runs(tmp_path)) == [folder]
    found = close_cut(folder)
    assert (folder / JOURNAL).read_bytes() == (failed / JOURNAL).read_bytes()
    assert (folder / VERDICTS).read_bytes() == (failed / VERDICTS).read_bytes()
    assert (found.verdict.verdict, found.told) == ("FAIL", ())
    assert pq.read_table(folder / PARQUET) == pq.read_table(failed / PARQUET)
    assert read_run(folder)["chain"] == read_run(failed)["chain"]
    assert not (folder / ".reserve").exists()


def test_samples_that_were_torn_are_told_and_kept_as_they_are(passed: Path, tmp_path: Path) -> None:
    folder = cut(passed, tmp_path / "run", "phase", "BOLUS", "bolus")
    with (folder / SAMPLES).open("ab") as file:
        file.write(b"torn")
    size = (folder / SAMPLES).stat().st_size
    found = close_cut(folder)
    (told,) = found.told
    assert told.startswith("samples/balance.bin: its last line is torn")
    assert (folder / SAMPLES).stat().st_size == size
    assert covered(folder)[SAMPLES] == size


def test_a_run_that_was_cut_before_its_files_were_there_is_closed_all_the_same(passed: Path, tmp_path: Path) -> None:
    folder = cut(passed, tmp_path / "run", "")
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != JOURNAL:
            path.unlink()
    assert close_cut(folder).verdict.verdict == "ABORTED"
    assert read_run(folder)["plan"]["id"] == "SHORT"
    assert (covered(folder), sizes(folder)) == ({}, {})
    assert not (folder / RAW).exists()


# --- with its pages ---


def planned(folder: Path) -> Path:
    """Results that stand by, as in every run that pytest began."""
    cases = [Planned(case, case, f"short.toml#{case}", case, case) for case in ("BOLUS", "BOLUS-2")]
    stand_by(folder, cases, "simulated")
    return folder


def shown(folder: Path) -> list[tuple[str, str, str]]:
    results = [json.loads(path.read_bytes()) for path in (folder / RESULTS).glob("*-result.json")]
    return sorted((one["testCaseId"], one["status"], one["name"]) for one in results)


BROKEN = [("BOLUS", "broken", "ABORTED: BOLUS"), ("BOLUS-2", "broken", "ABORTED: BOLUS-2")]


def test_the_next_run_on_the_bench_closes_what_was_cut_there(
    passed: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no report: it costs seconds and is not looked at
    out = pytester.path / "out"
    out.mkdir()
    folder = planned(cut(passed, out / "20260101T000000Z-cut", "verdict", "BOLUS"))
    words = (str(two_cases(pytester.path)) + "::BOLUS", "--bench", str(BENCH), "--out", str(out), "-p", "fixtures.plugin")
    done = pytester.runpytest_subprocess(*words)
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines([f"{folder}: was cut short, and is closed now as ABORTED"])
    assert read_journal(folder / JOURNAL).closed
    assert shown(folder) == BROKEN
    assert list(cut_runs(out)) == []


def test_recovering_puts_every_cut_run_into_report_and_trend_and_finds_nothing_the_second_time(
    passed: Path, failed: Path, tmp_path: Path
) -> None:
    folders = [planned(cut(run, tmp_path / name, "verdict", "BOLUS")) for run, name in ((passed, "a"), (failed, "b"))]
    found = recover(tmp_path)
    assert [(one.folder, one.verdict.verdict.value) for one in found] == [(folders[0], "ABORTED"), (folders[1], "FAIL")]
    assert [shown(folder) for folder in folders] == [BROKEN, [("BOLUS", "failed", "BOLUS"), BROKEN[1]]]
    for folder, verdict in zip(folders, ("ABORTED", "FAIL"), strict=True):
        assert verdict in (folder / "summary.html").read_text(encoding="utf-8")
        manifest = json.loads((folder / "manifest.json").read_bytes())
        assert {JOURNAL, VERDICTS, PARQUET, RUN_FILE, "summary.html"} <= set(manifest["files"])
        assert manifest["chain"]["head"] == read_journal(folder / JOURNAL).hash
    if shutil.which("node"):  # the trend is Allure's, where its tools are there
        assert len(history_of(folders[0], read_run(folders[0])).read_text().splitlines()) == 2
    assert recover(tmp_path) == []
    assert [event.case for event in read_journal(folders[0] / JOURNAL).entries if event.kind == VERDICT] == ["BOLUS"]
