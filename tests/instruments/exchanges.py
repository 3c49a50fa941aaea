"""The worked exchanges of the protocol references, as tables of bytes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from tests.conftest import DATA

Row = dict[str, Any]


def load(name: str) -> Row:
    return tomllib.loads((DATA / "exchanges" / f"{name}.toml").read_text(encoding="utf-8"))


NEW_ERA, MT_SICS = load("new_era"), load("mt_sics")


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


def steps(table: Row) -> Iterator[tuple[str, Row]]:
    """Each step with the id of its exchange and its number."""
    for exchange in table["exchange"]:
        for number, step in enumerate(exchange["steps"], start=1):
            yield f"{exchange['id']}.{number}", step


def said(table: Row, side: str) -> dict[str, bytes]:
    """Every frame that one side (``host`` or ``device``) sends in the table, by exchange, step and place."""
    frames = {}
    for name, step in steps(table):
        texts = [step["host"]] if side == "host" else step["device"]
        frames |= {f"{name}.{place}": octets(text) for place, text in enumerate(texts, start=1) if text}
    return frames
