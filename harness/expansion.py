"""One case table that stands for several: a matrix of values, repeats."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from instruments.errors import ConfigError

MATRIX, REPEATS = "matrix", "repeats"
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9.]+")
_MOST = 500

Table = Mapping[str, Any]


def expanded(cases: Any) -> tuple[Any, list[int]]:
    """The cases that ``[[case]]`` tables stand for, and for each of them which table it is of.

    ``matrix = { rate = ["0.5 mL/h", "1 mL/h"], concentration = [...] }`` gives one case for every combination, whose id ends
    with the values; ``{rate}`` in its title, and in texts of ``operator``, is the value. ``repeats = 3`` gives three,
    numbered. Raises ConfigError for a matrix or a number that is none.
    """
    if not isinstance(cases, list):
        return cases, []
    found: list[Any] = []
    origins: list[int] = []
    for at, case in enumerate(cases):
        made = list(_made(case, at)) if isinstance(case, Mapping) else [case]
        found += made
        origins += [at] * len(made)
    return found, origins


def _made(case: Table, at: int) -> Iterator[Table]:
    matrix, repeats = case.get(MATRIX, {}), case.get(REPEATS, 1)
    _check(matrix, repeats, at)
    plain = {key: value for key, value in case.items() if key not in (MATRIX, REPEATS)}
    for values in product(*matrix.values()):
        chosen = dict(zip(matrix, values, strict=True))
        for number in range(1, repeats + 1):
            yield _one(plain, chosen, str(number) if repeats > 1 else "")


def _one(plain: Table, chosen: Table, number: str) -> Table:
    """Ids of cases have to say which they are: a history is kept by them."""
    suffixes = [*(_NOT_IN_AN_ID.sub("_", str(value)).strip("_") for value in chosen.values()), *([number] if number else [])]
    told = {**plain, **chosen, "id": "-".join([str(plain.get("id", "")), *suffixes])}
    told["title"] = _filled(plain.get("title"), chosen) + (f", {number}" if number else "")
    if "operator" in plain:
        told["operator"] = [_filled(line, chosen) for line in plain["operator"]]
    return told


def _filled(text: Any, chosen: Table) -> Any:
    for key, value in chosen.items():
        text = text.replace(f"{{{key}}}", str(value)) if isinstance(text, str) else text
    return "" if text is None else text


def _check(matrix: Any, repeats: Any, at: int) -> None:
    if not isinstance(matrix, Mapping) or not all(isinstance(values, list) and values for values in matrix.values()):
        raise ConfigError(f'case {at + 1}: matrix: needs a list of values for each key, like {{ rate = ["0.5 mL/h", "1 mL/h"] }}')
    if isinstance(repeats, bool) or not isinstance(repeats, int) or not 1 <= repeats <= _MOST:
        raise ConfigError(f"case {at + 1}: repeats: is a whole number from 1 to {_MOST} (found {repeats!r})")
