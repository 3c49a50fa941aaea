"""The guardian of a run's pump: there as long as the pump may run, released when it stands, asked for help when it does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.bench import Bench
from instruments.guarding import Guarded, Guardian, guard
from instruments.ports import is_simulated

DIARY = "guardian.jsonl"
_HELP_S = 40.0
"""How long its help is waited for; it goes on for longer by itself."""


class Guardianship:
    """Of the pump of one bench; ``note`` writes into the record. A simulated pump ends with this process and needs none."""

    def __init__(self, bench: Bench, folder: Path, note: Callable[..., None]) -> None:
        self._bench, self._folder, self._note = bench, folder, note
        self._guardian: Guardian | None = None

    def ensure(self) -> None:
        """There is one, and it watches; another one takes the place of one that has died. Raises BenchError."""
        if is_simulated(self._bench.pump.address) or (self._guardian is not None and self._guardian.is_there()):
            return
        if self._guardian is not None:
            self._note("guardian gone", pid=self._guardian.pid)
        self._guardian = guard(_guarded(self._bench), self._folder / DIARY)

    def release(self) -> None:
        """The pump has confirmed that it stands."""
        if self._guardian is not None:
            self._guardian.release()

    def help(self) -> tuple[bool, str]:
        """The pump has not confirmed: the guardian tries. Returns whether it has ended, and what came of it, in words."""
        if self._guardian is None:
            return True, "it had no guardian"
        ended = self._guardian.hand_over(_HELP_S)
        told = diary(self._folder)
        self._note("guardian", diary=told)
        return ended, outcome(told)


def _guarded(bench: Bench) -> Guarded:
    """What another process needs to stop the pump."""
    stand = bench.pump
    line = asdict(stand.line(bench.driver("pump").line))
    return Guarded("pump", stand.address, stand.driver, line, stand.options, bench.file.bench.visa)


def diary(folder: Path) -> list[dict[str, Any]]:
    """What a guardian has written. Torn lines are left out: one that met a full disk went on after half a line."""
    path, entries = folder / DIARY, []
    for line in path.read_bytes().split(b"\n") if path.is_file() else []:
        with suppress(ValueError):
            entries.append(dict(json.loads(line)))
    return entries


def outcome(entries: Sequence[dict[str, Any]]) -> str:
    """Of a diary, in words."""
    told = [entry["data"]["confirmed"] for entry in entries if "confirmed" in entry.get("data", {})]
    if not told:
        return "whether the pump was stopped is not in the record"
    return "its guardian stopped the pump, which confirmed" if told[-1] else "its guardian could not confirm that the pump stands"
