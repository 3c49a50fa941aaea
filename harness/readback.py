"""A run read back from its folder: live, closed, cut or imported alike. What a cut tore is said, and costs nothing before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from harness import samples
from harness.journal import BATCH, CLOSED, SCHEMA
from harness.record import Event, Record
from harness.recorder import JOURNAL, SAMPLES
from instruments.errors import BenchError
from instruments.readings import Readings

_APART = (BATCH, CLOSED)
_RELIED_ON = ("run", "data_source", "genesis", "plan", "bench")
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Journal:
    """The head of a journal, and all its entries; ``size`` is where the whole lines end, ``torn`` counts the bytes after that."""

    head: dict[str, Any]
    entries: list[Event] = field(default_factory=list)
    hash: str = ""
    size: int = 0
    torn: int = 0

    @property
    def closed(self) -> bool:
        return bool(self.entries) and self.entries[-1].kind == CLOSED


def read_journal(path: Path) -> Journal:
    """The journal of a run; a torn last line is left out. Raises BenchError when it is none, or broken before its end."""
    try:
        data = path.read_bytes()
    except OSError as err:
        raise BenchError(f"{path.parent}: is not the folder of a run ({err.filename}: {err.strerror})") from err
    whole, _, torn = data.rpartition(b"\n")
    lines = whole.split(b"\n") if whole else []
    head = _read(lines[0], 1, path, _head) if lines else {}
    if head.get("schema") != SCHEMA:
        raise BenchError(f"{path}: does not begin like a journal ({SCHEMA}); was the run cut before it began?")
    entries = [_read(line, at, path, _entry) for at, line in enumerate(lines[1:], 2)]
    last = entries[-1][1] if entries else head["genesis"]
    return Journal(head, [event for event, _ in entries], last, len(whole) + 1, len(torn))


def _read(line: bytes, at: int, path: Path, read: Callable[[Any], Read]) -> Read:
    try:
        return read(json.loads(line))
    except (ValueError, TypeError, KeyError) as err:
        raise BenchError(f"{path}:{at}: is no entry of a journal ({err!r}); 'dosebench verify' says what else is wrong") from err


def _head(plain: Any) -> dict[str, Any]:
    """Raises KeyError when it lacks what others rely on."""
    return {**plain, **{name: plain[name] for name in _RELIED_ON}} if plain.get("schema") == SCHEMA else dict(plain)


def _entry(plain: Any) -> tuple[Event, str]:
    return Event(plain["at_us"], plain["kind"], plain["case"], plain["data"]), str(plain["hash"])


def read_events(path: Path) -> list[Event]:
    """What happened in a run, but for what was said to its instruments. Raises BenchError."""
    return [event for event in read_journal(path).entries if event.kind not in ("command", *_APART)]


def read_record(folder: Path) -> Record:
    """The record of a run, whatever became of it. Raises BenchError when there is none, or when it is damaged."""
    journal = read_journal(folder / JOURNAL)
    readings, torn = _readings(folder / SAMPLES)
    told = {JOURNAL: journal.torn, SAMPLES: torn}
    return Record(
        journal.head["run"],
        journal.head["data_source"],
        readings,
        [event for event in journal.entries if event.kind not in ("command", *_APART)],
        commands=[event for event in journal.entries if event.kind == "command"],
        torn=[f"{name}: its last line is torn, {count} bytes" for name, count in told.items() if count],
    )


def _readings(path: Path) -> tuple[Readings, int]:
    try:
        return samples.from_bytes(path.read_bytes())
    except FileNotFoundError:
        return samples.joined([]), 0
    except (OSError, ValueError) as err:
        raise BenchError(f"{path}: cannot be read ({err})") from err
