"""Reads the TOML files that people write, and turns every fault in them into one clear line: file, line, key, what would do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from instruments.errors import ConfigError

_TABLE = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_.\"-]+)\s*=")


class Strict(BaseModel):
    """A table in which unknown keys are errors and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=Strict)
Place = Sequence[str | int]
"""Keys and numbers on the way to a value, as ``("case", 1, "volume")``."""


def _as_it_is(place: Place) -> Place:
    return place


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """The tables of a TOML file, and its text. Raises ConfigError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")  # line ends stay as they are: the text's hash is the file's
        return tomllib.loads(text), text
    except FileNotFoundError as err:
        raise ConfigError(f"{path}: there is no such file") from err
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"{path}: cannot be read ({err})") from err
    except tomllib.TOMLDecodeError as err:
        raise ConfigError(f"{path}: is not valid TOML: {err}") from err


def validated(
    model: type[Model],
    tables: dict[str, Any],
    path: Path,
    text: str,
    *,
    place_of: Callable[[Place], Place] = _as_it_is,
    context: Mapping[str, Any] | None = None,
) -> Model:
    """``tables`` as ``model``. Raises ConfigError with one line for each fault.

    ``place_of``: where something that is in the tables stands in the file; ``context`` is for the model's validators.
    """
    try:
        return model.model_validate(tables, context=context)
    except ValidationError as err:
        lines = [_describe(path, text, place_of(fault["loc"]), fault) for fault in err.errors()]
        raise ConfigError("\n".join(dict.fromkeys(lines))) from err


def _describe(path: Path, text: str, where: Sequence[str | int], fault: Any) -> str:
    place = [part for part in where if not (isinstance(part, str) and part in _tags(text))]
    line = find_line(text, place)
    at = f"{path}:{line}" if line else str(path)
    context = fault.get("ctx", {})
    known = f"; accepted here: {context['expected']}" if "expected" in context and "expected" not in fault["msg"] else ""
    message = fault["msg"].removeprefix("Value error, ")
    found = "" if fault["type"] in ("missing", "value_error", "union_tag_not_found") else f" (found {fault['input']!r})"
    tag = f"has no {context.get('discriminator', '')}: it says what this is"
    wording = {"extra_forbidden": "unknown key", "missing": "is missing", "union_tag_not_found": tag}.get(fault["type"], message)
    return f"{at}: {key_of(place)}: {wording}{found}{known}"


def key_of(place: Sequence[str | int]) -> str:
    """``("case", 1, "volume")`` as a person finds it: ``case 2: volume``."""
    if len(place) > 1 and isinstance(place[1], int):
        rest = ".".join(map(str, place[2:]))
        return f"{place[0]} {place[1] + 1}" + (f": {rest}" if rest else "")
    return ".".join(map(str, place))


def _tags(text: str) -> set[str]:
    """Values of ``procedure`` and ``kind`` keys: pydantic puts the chosen variant into its path, a file has none there."""
    return set(re.findall(r"^\s*(?:procedure|kind)\s*=\s*\"([^\"]*)\"", text, re.MULTILINE))


def find_line(text: str, place: Sequence[str | int]) -> int | None:
    """The line (from 1) on which the key at ``place`` stands, or the nearest table above it that is there."""
    best: tuple[int, int] | None = None
    for number, path in _lines(text):
        depth = _shared(path, place)
        if depth and (best is None or depth > best[0]):
            best = (depth, number)
    return best[1] if best else None


def _lines(text: str) -> list[tuple[int, list[str | int]]]:
    found: list[tuple[int, list[str | int]]] = []
    table: list[str | int] = []
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.match(line):
            name = header[2]
            table = [*name.split(".")]
            if header[1] == "[[":
                counts[name] = counts.get(name, -1) + 1
                table.append(counts[name])
            found.append((number, table))
        elif key := _KEY.match(line):
            found.append((number, [*table, *key[1].replace('"', "").split(".")]))
    return found


def _shared(path: Sequence[str | int], place: Sequence[str | int]) -> int:
    if list(path) != list(place[: len(path)]):
        return 0
    return len(path)
