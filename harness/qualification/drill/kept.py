"""Runs kept on the disk as soon as they are over: a drill that was cut goes on with those that are missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.journal import sha256
from harness.qualification.drill.curves import Caught, CurveJob
from harness.qualification.drill.places import PLACES
from harness.qualification.drill.runs import CRASHED, Job, Outcome
from instruments.clock import stopwatch
from instruments.errors import ConfigError

_SCHEMA = "dosebench/drill-runs/1"

AnyJob = Job | CurveJob
AnyFound = Outcome | Caught
Key = tuple[str, str, int]


def key_of(job: AnyJob) -> Key:
    """What a run is: the same key, the same bytes."""
    if isinstance(job, Job):
        return job.plan.stem, job.faults, job.seed
    return f"curve: {job.graded.name}", job.graded.spec(job.size), job.seed


class Kept:
    """The file of a drill's runs. With ``resume`` those of an older part are known and need not be made again, but for crashes.

    ``earlier_s`` is how long the older part took; ``stale`` are results of an older drill, which end when this one begins. Raises
    ConfigError for runs of another version, or of plans or benches that have changed meanwhile.
    """

    def __init__(self, path: Path, root: Path, *, resume: bool, stale: Sequence[Path] = ()) -> None:
        self._path, self._resume, self._stale, self._head = path, resume, stale, _head(root)
        self._known: Mapping[Key, Mapping[str, Any]] = self._read() if resume else {}
        self.earlier_s = max((float(entry["at_s"]) for entry in self._known.values()), default=0.0)
        self._since_s = stopwatch()

    @contextmanager
    def opened(self) -> Iterator[Callable[[AnyFound], None]]:
        """What takes one more run, and has it in the file at once. Raises ConfigError."""
        try:
            file = self._path.open("a" if self._resume else "w", encoding="utf-8")
        except OSError as err:
            raise ConfigError(f"{self._path}: cannot be written ({err.strerror}); choose another --out") from err
        for result in self._stale:
            result.unlink(missing_ok=True)
        with file:
            # A line that was cut in its middle stays one of its own.
            file.write("\n" if self._resume else json.dumps(self._head) + "\n")

            def keep(found: AnyFound) -> None:
                file.write(json.dumps(self._entry(found)) + "\n")
                file.flush()

            yield keep

    @property
    def took_s(self) -> float:
        """All parts together."""
        return self.earlier_s + self._since_s()

    def found(self, job: AnyJob) -> AnyFound | None:
        """What became of a run in the older part; None where it has to be made."""
        entry = self._known.get(key_of(job))
        if entry is None:
            return None
        result: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in entry["found"].items()}
        return Outcome(job, **result) if isinstance(job, Job) else Caught(job, **result)

    def _entry(self, found: AnyFound) -> dict[str, Any]:
        result = {one.name: getattr(found, one.name) for one in fields(found) if one.name != "job"}
        return {"key": key_of(found.job), "at_s": round(self.took_s, 1), "found": result}

    def _read(self) -> Mapping[Key, Mapping[str, Any]]:
        if not self._path.exists():
            raise ConfigError(f"{self._path}: there is nothing to take up; leave --resume away")
        head, *entries = _whole(self._path.read_text(encoding="utf-8")) or [{}]
        if changed := [name for name, value in self._head.items() if head.get(name) != value]:
            told = f"{self._path}: its runs are of another {' and another '.join(changed)}, and cannot be taken up"
            raise ConfigError(f"{told}; leave --resume away, or choose another --out")
        whole = (entry for entry in entries if entry["found"]["verdict"] != CRASHED)
        return {(plan, faults, seed): entry for entry in whole for plan, faults, seed in [entry["key"]]}


def _head(root: Path) -> dict[str, Any]:
    files = [place.files(root) for place in PLACES.values()]
    return {
        "schema": _SCHEMA,
        "version": version("dosebench"),
        "plans": {plan.stem: sha256(plan.read_bytes()) for plan, _ in files},
        "benches": {bench.stem: sha256(bench.read_bytes()) for _, bench in files},
    }


def _whole(text: str) -> list[dict[str, Any]]:
    """Without a line that was cut: its run is to be made again."""
    found = []
    for line in text.splitlines():
        with suppress(json.JSONDecodeError):
            found.append(json.loads(line))
    return found
