"""Spec tables: limits that stand in a CSV file of their own, by id, and which file that was."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.expansion import Fault
from harness.files import find_line
from instruments.errors import ConfigError

SPEC, ROWS = "spec", "rows"
COLUMNS = ("id", "quantity", "unit", "nominal", "tol_minus", "tol_plus", "kind", "source")
_BASIS = {"proposed": "proposed", "unconfirmed": "proposed", "specification": "published", "published": "published"}
"""What the kind of a row says of its limit; any other rests on what its source states."""
_TEXTS = ("links",)
"""Keys whose tables hold names that the writer chose."""

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
        found = f"not {told['sha256']!r}; look at what has changed in it, then" if "sha256" in told else "and the plan has none;"
        raise ConfigError(f"{where}: {told['file']} has SHA-256 {digest}, {found} put its hash here")
    return {**tables, SPEC: {**told, ROWS: _rows(content, path.parent / told["file"])}}


def _content(path: Path, where: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise ConfigError(f"{where}: {path} cannot be read ({err.strerror})") from err


def _rows(content: bytes, path: Path) -> dict[str, dict[str, str]]:
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
        rows = [{key: row.get(key) or "" for key in COLUMNS} for row in reader]
    except (UnicodeDecodeError, csv.Error) as err:
        raise ConfigError(f"{path}: is no spec table (CSV): {err}") from err
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
        raise ConfigError(f"{path}:1: has no column {missing[0]!r}; a spec table has {', '.join(COLUMNS)}")
    if twice := [name for name, count in Counter(row["id"] for row in rows).items() if count > 1 or not name]:
        raise ConfigError(f"{path}: has more than one row {twice[0]!r}; every row needs an id of its own")
    return {row["id"]: row for row in rows}


def resolved(cases: Any, rows: Mapping[str, Row]) -> tuple[Any, list[Fault]]:
    """The cases with what the rows say that their limits name; and what cannot be taken from a row, by case."""
    if not isinstance(cases, list):
        return cases, []
    faults: list[Fault] = []
    found = [_of_case(at, case, rows, faults) if isinstance(case, Mapping) else case for at, case in enumerate(cases)]
    return found, faults


def _of_case(at: int, case: Mapping[str, Any], rows: Mapping[str, Row], faults: list[Fault]) -> dict[str, Any]:
    told = dict(case)
    for key in case.keys() - set(_TEXTS):
        try:
            told[key] = _resolved(case[key], rows)
        except ConfigError as err:
            faults.append((at, key, str(err)))
    return told


def _resolved(value: Any, rows: Mapping[str, Row]) -> Any:
    if isinstance(value, list):
        return [_resolved(item, rows) for item in value]
    if not isinstance(value, Mapping):
        return value
    name = value.get(SPEC)
    if isinstance(name, str):
        return {**_limit(name, rows), **value}
    return {key: _resolved(item, rows) for key, item in value.items()}


def _limit(name: str, rows: Mapping[str, Row]) -> dict[str, str]:
    if name not in rows:
        there = f"it has: {', '.join(rows)}" if rows else "the plan has no [spec]"
        raise ConfigError(f"spec {name!r} is no row of the plan's spec table; {there}")
    row = rows[name]
    try:
        sides = dict(_sides(row))
    except ValueError as err:
        raise ConfigError(f"spec {name!r}: its row is no limit: {err}") from err
    if not sides:
        raise ConfigError(f"spec {name!r} has neither tol_minus nor tol_plus: it is no limit")
    words = [basis for kind, basis in _BASIS.items() if kind in row["kind"]]
    return {**sides, "basis": words[0] if words else "stated"}


def _sides(row: Row) -> Iterator[tuple[str, str]]:
    """Raises ValueError."""
    for side, key, sign in (("at_least", "tol_minus", -1), ("at_most", "tol_plus", 1)):
        if row[key]:
            yield side, _side(row, key, sign)


def _side(row: Row, key: str, sign: int) -> str:
    """A tolerance in percent is one of the set value; any other is added to the nominal value, in its unit.

    It has to point to its own side of the nominal value; a row without one states the limits themselves.
    """
    percent = row[key].endswith("%")
    nominal, tolerance = float(row["nominal"] or 0), float(row[key].removesuffix("%"))
    if sign * tolerance < 0 and (percent or row["nominal"]):
        raise ValueError(f"{key} {row[key]} lies on the wrong side of the nominal value")
    return f"{tolerance:+.15g} %" if percent else f"{nominal + tolerance:.15g} {row['unit']}"
