"""The journal of a run: one line of canonical JSON per entry, each with the hash of all before it.

The first line is the head: who, what, when, with which versions; it carries a hash of its own. The chain of the entries begins at
the head's ``genesis``, which is the hash of plan and bench alone, and no entry knows the calendar: the same plan, bench and seed
give the same chain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SCHEMA = "dosebench/journal/1"
BATCH = "batch"
"""Kind of the entries that take the append-only files into the chain: for each that has grown, from which byte to which, and
the SHA-256 of that stretch.
"""
CLOSED = "closed"
"""Kind of the last entry; a journal without it was cut."""
_JSON = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False, default=str)


def canonical(plain: Any) -> bytes:
    """The one way in which something is written as JSON: ASCII, keys in order, no spaces. NaN has none."""
    return _JSON.encode(plain).encode("ascii")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def genesis(plan: Mapping[str, Any], bench: Mapping[str, Any]) -> str:
    """Where the chain of a run begins, from the tables of its plan and of its bench (seed and faults included)."""
    return sha256(canonical({"plan": plan, "bench": bench}))


def head_line(identity: Mapping[str, Any]) -> bytes:
    """The first line, from all that identifies the run; ``genesis`` has to be in it."""
    head = {"schema": SCHEMA, **identity}
    return canonical({**head, "hash": sha256(canonical(head))}) + b"\n"


class Chain:
    """Turns entries into lines, each bound to all before it."""

    def __init__(self, start: str) -> None:
        self.hash, self.entries = start, 0

    def line(self, at_us: int, kind: str, case: str, data: Mapping[str, Any]) -> bytes:
        """The line of the next entry. ``at_us`` is bench time; what JSON cannot say is written as text."""
        entry = {"seq": self.entries + 1, "at_us": at_us, "kind": kind, "case": case, "data": data}
        self.hash = sha256(self.hash.encode("ascii") + canonical(entry))
        self.entries += 1
        return canonical({**entry, "hash": self.hash}) + b"\n"
