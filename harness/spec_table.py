"""Spec tables: limits that stand in a CSV file of their own, by id, and which file that was."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.files import find_line
from instruments.errors import ConfigError

SPEC, ROWS = "spec", "rows"
COLUMNS = ("id", "quantity", "unit", "nominal", "tol_minus", "tol_plus", "kind", "source")
_BASIS = {"proposed": "proposed", "specification": "published", "published": "published"}
"""What the kind of a row says of its limit; any other rests on what its source states."""

Row = Mapping[str, str]


def with_rows(tables: Mapping[str, Any], path: Path, text: str) -> dict[str, Any]:
    """The plan's tables with the rows of the file that ``[spec]`` names. Raises ConfigError where that is another file."""
    told = tables.get(SPEC)
    if not isinstance(told, Mapping) or not isinstance(told.get("file"), str):
        return dict(tables)
    content = _content(path.parent / told["file"], f"{path}:{find_line(text, (SPEC, 'file'))}: spec.file")
    digest = hashlib.sha256(content).hexdigest()
    if told.get("sha256") != digest:
        where = f"{path}:{find_line(text, (SPEC, 'sha256')) or find_line(text, (SPEC, 'file'))}: spec.sha256"
        advice = "look at what has changed in it, then put its hash here"
        raise ConfigError(f"{where}: {told['file']} has SHA-256 {digest}, not {told.get('sha256')!r}; {advice}")
    return {**tables, SPEC: {**told, ROWS: _rows(content, path.parent / told["file"])}}


def _content(path: Path, where: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise ConfigError(f"{where}: {path} cannot be read ({err.strerror})") from err


def _rows(content: bytes, path: Path) -> dict[str, dict[str, str]]:
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
        rows = {row["id"]: {key: value or "" for key, value in row.items() if key in COLUMNS} for row in reader}
    except (UnicodeDecodeError, KeyError, csv.Error) as err:
        raise ConfigError(f"{path}: is no spec table; its columns are {', '.join(COLUMNS)} ({err})") from err
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
        raise ConfigError(f"{path}:1: has no column {missing[0]!r}; a spec table has {', '.join(COLUMNS)}")
    return rows


def resolved(value: Any, rows: Mapping[str, Row]) -> Any:
    """Limits that name a row, with what it says. Raises ConfigError for a row that is not there, or says nothing of limits."""
    if isinstance(value, list):
        return [resolved(item, rows) for item in value]
    if not isinstance(value, Mapping):
        return value
    name = value.get(SPEC)
    if isinstance(name, str):
        return {**_limit(name, rows), **value}
    return {key: resolved(item, rows) for key, item in value.items()}


def _limit(name: str, rows: Mapping[str, Row]) -> dict[str, str]:
    if name not in rows:
        raise ConfigError(
            f"spec {name!r} is no row of the plan's spec table; it has: {', '.join(rows) or 'none, there is no [spec]'}"
        )
    row = rows[name]
    try:
        sides = {side: _side(row, key) for side, key in (("at_least", "tol_minus"), ("at_most", "tol_plus")) if row[key]}
    except ValueError as err:
        raise ConfigError(f"spec {name!r}: a tolerance of its row is no number ({err})") from err
    if not sides:
        raise ConfigError(f"spec {name!r} has neither tol_minus nor tol_plus: it is no limit")
    words = [basis for kind, basis in _BASIS.items() if kind in row["kind"]]
    return {**sides, "basis": words[0] if words else "stated"}


def _side(row: Row, key: str) -> str:
    """A tolerance in percent is one of the set value; any other is added to the nominal value, in its unit."""
    if row[key].endswith("%"):
        return f"{float(row[key][:-1]):+g} %"
    return f"{float(row['nominal'] or 0) + float(row[key]):g} {row['unit']}"
