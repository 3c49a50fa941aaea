"""The chain: each line bound to all before it, the same for the same plan and bench, and nothing else in it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from harness.journal import SCHEMA, Chain, canonical, genesis, head_line

CANONICAL = [
    ({"b": 1, "a": [1.5, None, True]}, b'{"a":[1.5,null,true],"b":1}'),
    ({"µ": "°\n"}, b'{"\\u00b5":"\\u00b0\\n"}'),
    ({"deep": {"z": 0, "y": 0.1 + 0.2}}, b'{"deep":{"y":0.30000000000000004,"z":0}}'),
    ((1, 2), b"[1,2]"),
]


@pytest.mark.parametrize(("plain", "text"), CANONICAL)
def test_there_is_one_way_to_write_something(plain: Any, text: bytes) -> None:
    assert canonical(plain) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_has_no_word_for_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="Out of range float values"):
        canonical({"value": value})


def test_a_chain_begins_at_plan_and_bench_and_nothing_else() -> None:
    """By hand: the hash of both, in this order of keys."""
    found = genesis({"id": "P", "n": 1}, {"id": "B"})
    assert found == hashlib.sha256(b'{"bench":{"id":"B"},"plan":{"id":"P","n":1}}').hexdigest()
    assert found == genesis({"n": 1, "id": "P"}, {"id": "B"})
    assert len({found, genesis({"id": "P", "n": 2}, {"id": "B"}), genesis({"id": "P", "n": 1}, {"id": "C"})}) == 3


def test_the_head_carries_its_own_hash_and_can_be_checked_with_nothing_but_json() -> None:
    line = head_line({"run": "r-1", "genesis": "00"})
    head = json.loads(line)
    own = head.pop("hash")
    assert line.endswith(b"}\n")
    assert (head["schema"], head["run"], head["genesis"]) == (SCHEMA, "r-1", "00")
    assert own == hashlib.sha256(json.dumps(head, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


ENTRIES: list[tuple[int, str, str, dict[str, Any]]] = [
    (0, "note", "", {}),
    (5, "phase", "C", {"name": "flow", "edge": "begin"}),
    (5, "phase", "C", {"name": "flow", "edge": "end"}),
]


def lines(entries: list[tuple[int, str, str, dict[str, Any]]], start: str = "00") -> list[dict[str, Any]]:
    chain = Chain(start)
    written = [chain.line(*entry) for entry in entries]
    assert all(line.endswith(b"}\n") and line.count(b"\n") == 1 for line in written)
    assert (chain.entries, chain.hash) == (len(entries), json.loads(written[-1])["hash"])
    return [json.loads(line) for line in written]


def test_an_entry_is_bound_to_the_one_before_it() -> None:
    before = "00"
    for seq, (found, (at_us, kind, case, data)) in enumerate(zip(lines(ENTRIES), ENTRIES, strict=True), 1):
        entry = {"seq": seq, "at_us": at_us, "kind": kind, "case": case, "data": data}
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
        before = hashlib.sha256((before + text).encode()).hexdigest()
        assert found == {**entry, "hash": before}


CHANGED = {
    "another start": (ENTRIES, "01"),
    "another moment": ([(1, *ENTRIES[0][1:]), *ENTRIES[1:]], "00"),
    "another kind": ([(0, "alarm", "", {}), *ENTRIES[1:]], "00"),
    "another case": ([(0, "note", "C", {}), *ENTRIES[1:]], "00"),
    "more data": ([(0, "note", "", {"x": 1}), *ENTRIES[1:]], "00"),
    "one left out": (ENTRIES[1:], "00"),
    "one twice": ([ENTRIES[0], *ENTRIES], "00"),
    "two swapped": ([ENTRIES[1], ENTRIES[0], ENTRIES[2]], "00"),
}


@pytest.mark.parametrize(("entries", "start"), CHANGED.values(), ids=CHANGED)
def test_whatever_is_changed_the_end_of_the_chain_is_another(entries: list[Any], start: str) -> None:
    assert lines(entries, start)[-1]["hash"] != lines(ENTRIES)[-1]["hash"]
