"""The guardian of a run's pump: given what it needs, released when the pump stands, asked for help when it does not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.bench import Bench
from instruments.guarding import Guarded, Guardian, guard

DIARY = "guardian.jsonl"
HELP_S = 15.0
"""How long its help is waited for; it goes on for longer by itself."""


def guardian_of(bench: Bench, folder: Path) -> Guardian | None:
    """None for a pump that ends with this process. Raises BenchError when it does not stand ready."""
    stand = bench.pump
    line = asdict(stand.line(bench.driver("pump").line))
    return guard(Guarded("pump", stand.address, stand.driver, line, stand.options, bench.file.bench.visa), folder / DIARY)


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
