"""One case table that stands for several: a matrix of values, repeats; and texts that name a case's own values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Any

MATRIX, REPEATS = "matrix", "repeats"
NOT_IN_A_MATRIX = ("id", "title", "procedure", MATRIX, REPEATS)
"""Keys that a matrix cannot have: it is by these that its cases are told apart, and read."""
MOST_CASES = 500
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9.]+")
_PLACE = re.compile(r"\{([a-z_]+)\}")

Table = Mapping[str, Any]
Fault = tuple[int, str, str]
"""Which table (from 0), which of its keys, and what is wrong with it."""


def expanded(cases: Any) -> tuple[Any, list[int], list[Fault]]:
    """The cases that ``[[case]]`` tables stand for, for each of them which table it is of, and what cannot be expanded.

    ``matrix = { rate = ["0.5 mL/h", "1 mL/h"], concentration = [...] }`` gives one case for every combination, whose id ends
    with the values. ``repeats = 3`` gives three, numbered. ``{rate}`` in a title, and in texts of ``operator``, is what the case
    has there.
    """
    if not isinstance(cases, list):
        return cases, [], []
    found: list[Any] = []
    origins: list[int] = []
    faults: list[Fault] = []
    for at, case in enumerate(cases):
        wrong = [(at, key, what) for key, what in _faults(case)] if isinstance(case, Mapping) else []
        made = list(_made(case)) if isinstance(case, Mapping) and not wrong else [case]
        found, origins, faults = found + made, origins + [at] * len(made), faults + wrong
    return found, origins, faults


def _made(case: Table) -> Iterator[Table]:
    matrix, repeats = case.get(MATRIX, {}), case.get(REPEATS, 1)
    plain = {key: value for key, value in case.items() if key not in (MATRIX, REPEATS)}
    for values in product(*matrix.values()):
        chosen = dict(zip(matrix, values, strict=True))
        for number in range(1, repeats + 1):
            yield _one({**plain, **chosen}, [_suffix(value) for value in values], number if REPEATS in case else 0)


def _one(case: Table, suffixes: list[str], number: int) -> Table:
    """Ids of cases have to say which they are: a history is kept by them. What is no text is left to the model to refuse."""
    told = dict(case)
    if isinstance(case.get("id"), str):
        told["id"] = "-".join([case["id"], *suffixes, *([str(number)] if number else [])])
    if isinstance(case.get("title"), str):
        told["title"] = _filled(case["title"], case) + (f", {number}" if number else "")
    if isinstance(case.get("operator"), list):
        told["operator"] = [_filled(line, case) for line in case["operator"]]
    return told


def _suffix(value: Any) -> str:
    text = str(value)
    return ("minus_" if text.startswith("-") else "") + _NOT_IN_AN_ID.sub("_", text).strip("_")


def _filled(text: Any, case: Table) -> Any:
    return _PLACE.sub(lambda place: str(case[place[1]]), text) if isinstance(text, str) else text


def _faults(case: Table) -> Iterator[tuple[str, str]]:
    matrix, repeats = case.get(MATRIX, {}), case.get(REPEATS, 1)
    wrong = [*_of_matrix(matrix, case), *_of_repeats(repeats)]
    yield from wrong or [*_of_number(matrix, repeats), *_of_texts(case, matrix)]


def _of_matrix(matrix: Any, case: Table) -> Iterator[tuple[str, str]]:
    if not isinstance(matrix, Mapping) or not all(isinstance(values, list) and values for values in matrix.values()):
        yield MATRIX, 'needs a list of values for each key, like { rate = ["0.5 mL/h", "1 mL/h"] }'
        return
    for key, values in matrix.items():
        if key in NOT_IN_A_MATRIX:
            yield MATRIX, f"cannot have {key!r}: its cases are named after their values"
        elif key in case:
            yield MATRIX, f"has {key!r}, and the case has it too; give one or the other"
        elif nested := [value for value in values if isinstance(value, list | dict)]:
            yield MATRIX, f"{key}: a value is one text or number (found {nested[0]!r})"


def _of_repeats(repeats: Any) -> Iterator[tuple[str, str]]:
    if isinstance(repeats, bool) or not isinstance(repeats, int) or not 1 <= repeats <= MOST_CASES:
        yield REPEATS, f"is a whole number from 1 to {MOST_CASES} (found {repeats!r})"


def _of_number(matrix: Table, repeats: int) -> Iterator[tuple[str, str]]:
    """A slip of the pen must not become a plan of years."""
    count = repeats * prod(len(values) for values in matrix.values())
    if count > MOST_CASES:
        yield MATRIX, f"stands for {count} cases, with repeats; {MOST_CASES} are the most that a table may give"


def _of_texts(case: Table, matrix: Table) -> Iterator[tuple[str, str]]:
    """A place in a text that nothing fills would stand in the report as it is."""
    lines = case.get("operator")
    texts = [("title", case.get("title")), *(("operator", line) for line in (lines if isinstance(lines, list) else []))]
    for key, text in texts:
        places = _PLACE.findall(text) if isinstance(text, str) else []
        for name in places:
            if name not in case and name not in matrix:
                yield key, f"{{{name}}} is not filled: the case has no {name!r}"
