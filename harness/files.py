"""Reads the TOML files that people write, and turns every fault in them into one clear line: file, line, key, what would do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.quantities import FOLLOWS
from instruments.errors import ConfigError

_TABLE = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_.\"-]+)\s*=")
_LONG_QUOTES = ('"""', "'''")
_QUOTE = "'"
_LONGEST = 80
_TABLE_LIKE = "has to be a table, like { key = value }"
_WORDING = {
    "missing": "is missing",
    "model_type": _TABLE_LIKE,
    "model_attributes_type": _TABLE_LIKE,
    "dict_type": _TABLE_LIKE,
    "list_type": 'has to be a list, like ["..."]',
    "string_type": "has to be a text, in quotes",
    "string_pattern_mismatch": "has to begin with a letter or a digit; letters, digits and _ . - may follow",
}
"""What pydantic says of types, in the words of the file."""


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
        tags = set(_tags(tables))
        own = [fault for fault in err.errors() if fault["type"] != FOLLOWS] or err.errors()
        places = [[part for part in fault["loc"] if part not in tags] for fault in own]
        lines = [_describe(model, path, text, place_of(place), fault) for place, fault in zip(places, own, strict=True)]
        raise ConfigError("\n".join(dict.fromkeys(lines))) from err


def _tags(value: Any) -> Iterator[str]:
    """Values of ``procedure`` and ``kind`` keys: pydantic puts the chosen variant into its path, a file has none there."""
    if isinstance(value, Mapping):
        yield from (value[key] for key in ("procedure", "kind") if isinstance(value.get(key), str))
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for item in inside:
        yield from _tags(item)


def _describe(model: type[BaseModel], path: Path, text: str, place: Place, fault: Any) -> str:
    line = find_line(text, place)
    at = f"{path}:{line}" if line else str(path)
    return f"{at}: {key_of(place)}: {_message(model, fault)}"


def _message(model: type[BaseModel], fault: Any) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "union_tag_invalid":
        return f"{context['tag']!r} is no {context['discriminator'].strip(_QUOTE)}; there are: {context['expected_tags']}"
    if kind == "extra_forbidden":
        return f"unknown key (found {shortened(fault['input'])}){_instead(model, fault['loc'])}"
    if kind == "list_type" and isinstance(fault["input"], Mapping):
        return f"there may be several: write [[{fault['loc'][-1]}]]"
    known = f"; accepted here: {context['expected']}" if "expected" in context and "expected" not in fault["msg"] else ""
    tag = f"has no {context.get('discriminator', '')}: it says what this is"
    wording = {**_WORDING, "union_tag_not_found": tag}.get(kind, fault["msg"].removeprefix("Value error, "))
    found = "" if kind in ("missing", "value_error", "union_tag_not_found") else f" (found {shortened(fault['input'])})"
    return f"{wording}{found}{known}"


def shortened(value: Any) -> str:
    """As it was found, and no longer than is read."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def _instead(model: type[BaseModel], place: Place) -> str:
    """What would be accepted in place of an unknown key: what it may have been meant for, or all there is."""
    known = _keys(model, place[:-1])
    meant = get_close_matches(str(place[-1]), known, 1)
    if meant:
        return f"; did you mean {meant[0]!r}?"
    return f"; accepted here: {', '.join(known)}" if known else ""


def _keys(model: type[BaseModel], place: Place) -> list[str]:
    """The keys of the table at a place, as far as its models can be followed."""
    models: list[Any] = [model]
    for part in [part for part in place if isinstance(part, str)]:
        chosen = [one for one in models if part in _named_by(one)]
        fields = [one.model_fields[part] for one in models if part in one.model_fields]
        models = chosen or [inner for field in fields for inner in _models(field.annotation)]
    return list(models[0].model_fields) if models else []


def _models(annotation: Any) -> Iterator[Any]:
    """The models in an annotation: of a list, of several variants, of one that may be missing."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _named_by(model: Any) -> tuple[Any, ...]:
    """What the table says of itself where it is one of several variants."""
    fields = [model.model_fields[key] for key in ("procedure", "kind") if key in model.model_fields]
    return tuple(name for field in fields for name in get_args(field.annotation))


def told_of(err: ValueError) -> str:
    """What a model says of values that somebody wrote in a program, in one line."""
    if not isinstance(err, ValidationError):
        return str(err)
    faults = [(".".join(map(str, fault["loc"][1:])), fault["msg"].removeprefix("Value error, ")) for fault in err.errors()]
    return "; ".join(f"{key}: {message}" if key else message for key, message in faults)


def key_of(place: Sequence[str | int]) -> str:
    """``("case", 1, "volume")`` as a person finds it: ``case 2: volume``."""
    if len(place) > 1 and isinstance(place[1], int):
        rest = ".".join(map(str, place[2:]))
        return f"{place[0]} {place[1] + 1}" + (f": {rest}" if rest else "")
    return ".".join(map(str, place))


def find_line(text: str, place: Sequence[str | int]) -> int | None:
    """The line (from 1) on which the key at ``place`` stands, or the nearest table above it that is there."""
    best: tuple[int, int] | None = None
    for number, path in _lines(text):
        depth = _shared(path, place)
        if depth and (best is None or depth > best[0]):
            best = (depth, number)
    return best[1] if best else None


def _lines(text: str) -> Iterator[tuple[int, list[str | int]]]:
    table: list[str | int] = []
    counts: dict[tuple[str | int, ...], int] = {}
    quoted = False
    for number, line in enumerate(text.splitlines(), 1):
        inside, quoted = quoted, quoted ^ (sum(map(line.count, _LONG_QUOTES)) % 2 == 1)
        if inside:
            continue
        if header := _TABLE.match(line):
            table = _place_of(header[2].split("."), counts, again=header[1] == "[[")
            yield number, table
        elif key := _KEY.match(line):
            yield number, [*table, *key[1].replace('"', "").split(".")]


def _place_of(names: Sequence[str], counts: dict[tuple[str | int, ...], int], *, again: bool) -> list[str | int]:
    """``[case.volume_error]`` belongs to the ``[[case]]`` above it."""
    place: tuple[str | int, ...] = ()
    for depth, name in enumerate(names, 1):
        place = (*place, name.strip().strip('"'))
        if again and depth == len(names):
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
    return list(place)


def _shared(path: Sequence[str | int], place: Sequence[str | int]) -> int:
    if list(path) != list(place[: len(path)]):
        return 0
    return len(path)
