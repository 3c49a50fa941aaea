"""Options of a driver or a simulator: the plain values of a file as the dataclass that says what there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from instruments.errors import ConfigError

Data = TypeVar("Data")


def options_from(kind: type[Data], given: Mapping[str, Any], table: str) -> Data:
    """``given`` as ``kind``. Raises ConfigError naming table, key and what would be accepted."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(given) - known):
        accepted = ", ".join(sorted(known)) or "none"
        raise ConfigError(f"[{table}] {unknown[0]}: unknown key; accepted: {accepted}")
    try:
        return TypeAdapter(kind).validate_python(dict(given))
    except ValidationError as err:
        first = err.errors()[0]
        where = ".".join(map(str, first["loc"])) or "all"
        raise ConfigError(f"[{table}] {where}: {first['msg'].removeprefix('Value error, ')} (found {first['input']!r})") from err
