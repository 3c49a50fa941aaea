"""Runs that nobody closed: found, closed as ABORTED with what is known, never thrown away."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import samples
from harness.conclusion import ENDED, conclude, judged_cases, mark
from harness.disk import replace_file, to_disk
from harness.evidence.verifier import MANIFEST
from harness.guardianship import DIARY, diary, outcome
from harness.journal import BATCH, CLOSED, Chain
from harness.readback import Journal, read_journal, read_record
from harness.record import Event
from harness.recorder import JOURNAL, PARQUET
from harness.run_folder import RUN_FILE, give_reserve_back, instruments_of, write_run
from harness.verdicts import VERDICTS, RunVerdict, Verdict, write_verdicts
from instruments.clock import utc_now
from instruments.errors import BenchError, ConfigError, LinkBusy
from instruments.guarding import lock_of
from instruments.locks import FolderLock

_CHAINED = ("raw", "samples")
_OF_THE_HEAD = ("schema", "genesis", "hash")


@dataclass(frozen=True, slots=True)
class Recovered:
    """A run that was closed now: its folder, its verdict, and what was lost or torn, in words."""

    folder: Path
    verdict: RunVerdict
    told: tuple[str, ...] = ()


def cut_runs(out: Path, bench: str | None = None) -> Iterator[Path]:
    """The folders under ``out`` of runs (on ``bench``, if told) that are not finished and that nobody is running."""
    for journal in sorted(out.glob(f"*/{JOURNAL}")):
        if _is_finished(journal.parent) or _is_running(journal.parent):
            continue
        found = _bench_of(journal)
        if found is not None and bench in (None, found):
            yield journal.parent


def unreadable_runs(out: Path) -> list[Path]:
    """The folders of runs that were cut before their record began, or whose journal is damaged. Nothing can be added to them."""
    folders = (path.parent for path in sorted(out.glob(f"*/{RUN_FILE}")))
    return [folder for folder in folders if not _is_finished(folder) and _bench_of(folder / JOURNAL) is None]


def _is_finished(folder: Path) -> bool:
    """The manifest is written last."""
    return (folder / MANIFEST).is_file()


def _bench_of(journal: Path) -> str | None:
    """Of a journal that cannot be read 'dosebench verify' says what is wrong; nothing is added to it."""
    try:
        return str(read_journal(journal).head["bench"].get("id"))
    except BenchError:
        return None


def _is_running(folder: Path) -> bool:
    try:
        with _held(folder):
            return False
    except LinkBusy:
        return True


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Neither its program nor its guardian is at it. Raises LinkBusy."""
    with ExitStack() as held:
        for lock in (FolderLock(folder), lock_of(folder / DIARY)):
            lock.acquire()
            held.callback(lock.release)
        yield


def close_cut(folder: Path, then: Callable[[RunVerdict], object] = lambda _: None) -> Recovered:
    """Close a run that was cut: ABORTED, with all that its record has. One that was being closed keeps its verdict.

    ``then`` is done while the folder is still held. Raises ConfigError when the run is finished, or still goes on.
    """
    if _is_finished(folder):
        raise ConfigError(f"{folder}: this run has been closed; there is nothing to recover")
    try:
        with _held(folder):
            journal, when = read_journal(folder / JOURNAL), utc_now().isoformat()
            torn = [] if journal.closed else _end(folder, journal, when)
            verdict = _finish(folder, when)
            then(verdict)
            return Recovered(folder, verdict, tuple(torn))
    except LinkBusy as err:
        raise ConfigError(f"{folder}: this run still goes on ({err})") from err


def _end(folder: Path, journal: Journal, when: str) -> Sequence[str]:
    """The last entries of a journal that has none; returns what was torn."""
    guardian, torn = diary(folder), read_record(folder).torn
    entries = _Appending(folder, journal)
    reason = f"the run was cut short: its program ended without a word; {outcome(guardian)}"
    entries.add("recovered", {"when": when, "torn": list(torn), "guardian": guardian, "set_aside": entries.aside})
    entries.add(ENDED, mark(Verdict.ABORTED, reason))
    entries.add(BATCH, {"files": _remainder(folder, journal.entries)})
    entries.add(CLOSED, {})
    return torn


def _finish(folder: Path, when: str) -> RunVerdict:
    """What is made of a closed journal."""
    give_reserve_back(folder)
    journal, record = read_journal(folder / JOURNAL), read_record(folder)
    judged = {case: found.verdict for case, found in judged_cases(journal.entries).items()}
    verdict = conclude(record.run, record.data_source, journal.head["cases"], journal.entries, judged)
    hashes = {name: _sha256(folder / name) for name in (JOURNAL, *_chained(folder))}
    samples.write_parquet(record.readings, folder / PARQUET, {"data_source": record.data_source, "run": record.run}, hashes)
    write_verdicts(verdict, folder / VERDICTS)
    _write_run(folder, journal, closed=when, chain={"entries": len(journal.entries), "head": journal.hash}, sha256=hashes)
    return verdict


class _Appending:
    """Entries after the last whole line of a cut journal. What was torn off is set aside first: it is kept, and not joined."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self._path, self._at_us = folder / JOURNAL, journal.entries[-1].at_us if journal.entries else 0
        self.chain = Chain(journal.hash)
        self.chain.entries = len(journal.entries)
        self.added: list[Event] = []
        self.aside = _set_aside(self._path, journal)

    def add(self, kind: str, data: Mapping[str, Any]) -> None:
        event = Event(self._at_us, kind, "", data)
        with self._path.open("ab", buffering=0) as file:
            file.write(self.chain.line(event.at_us, event.kind, event.case, event.data))
            to_disk(file.fileno())
        self.added.append(event)


def _set_aside(path: Path, journal: Journal) -> str:
    """Where the bytes of a torn line went; empty when there were none."""
    if not journal.torn:
        return ""
    data, kept = path.read_bytes(), path.with_name("journal.torn")
    replace_file(kept, data[journal.size :])
    with path.open("r+b") as file:
        file.truncate(journal.size)
        to_disk(file.fileno())
    return kept.name


def _chained(folder: Path) -> list[str]:
    paths = sorted(path for name in _CHAINED for path in (folder / name).glob("*") if path.is_file())
    return [path.relative_to(folder).as_posix() for path in paths]


def _remainder(folder: Path, entries: list[Event]) -> dict[str, dict[str, Any]]:
    """What the append-only files hold beyond the last batch that the chain knows."""
    known = {name: batch["to"] for event in entries if event.kind == BATCH for name, batch in event.data["files"].items()}
    found = {}
    for name in _chained(folder):
        rest = (folder / name).read_bytes()[known.get(name, 0) :]
        if rest:
            start = known.get(name, 0)
            found[name] = {"from": start, "to": start + len(rest), "sha256": hashlib.sha256(rest).hexdigest()}
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_run(folder: Path, journal: Journal, **told: Any) -> None:
    identity = {name: value for name, value in journal.head.items() if name not in _OF_THE_HEAD}
    entries = journal.entries
    last_s = max((event.at_s for event in entries), default=0.0)
    write_run(folder, identity, bench_time_s=last_s, instruments=instruments_of(entries), recovered=True, **told)
