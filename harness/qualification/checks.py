"""One number of a reference vector beside what the harness makes of it, and how vector files are read."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from harness.record import Series

_RELATIVE = 1e-9
ROUNDING = 1e-15
"""Differences this small are rounding, whatever the number's size."""
CANCELLED = 1e-12
"""The same for small numbers that are differences of large ones."""


@dataclass(frozen=True, slots=True)
class Check:
    """One number: what the harness finds and what is expected. ``tolerance`` is absolute, in the number's own unit."""

    name: str
    found: object
    expected: object
    tolerance: float = 0.0

    @property
    def deviation(self) -> float:
        """Of words, lists and open limits it is 0 or infinite."""
        if self.found == self.expected:
            return 0.0
        if isinstance(self.found, int | float) and isinstance(self.expected, int | float):
            return math.inf if math.isnan(away := abs(self.found - self.expected)) else away
        return math.inf

    @property
    def used(self) -> float:
        """Deviation in tolerances."""
        return self.deviation / self.tolerance if self.tolerance else self.deviation

    @property
    def ok(self) -> bool:
        return self.deviation <= self.tolerance


Checks = Iterator[Check]
Checker = Callable[[Path], Checks]


def near(name: str, found: object, expected: object, *, within: float | None = None, at_least: float = ROUNDING) -> Check:
    """A number to compare: ``within`` is absolute; without it, 1e-9 of what is expected, but ``at_least`` so much."""
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        share = max(_RELATIVE * abs(expected), at_least) if within is None else within
        return Check(name, found, float(expected), share if math.isfinite(share) else 0.0)
    return Check(name, found, expected)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8-sig"))


def rows_of(path: Path) -> Iterator[tuple[str, Mapping[str, float]]]:
    """The rows of a table of numbers, each with its line in the file; an empty cell is not a number."""
    table = pd.read_csv(path, encoding="utf-8-sig").astype(float)
    for at, row in enumerate(table.to_dict("records"), start=2):
        yield f"line {at}", {str(name): float(value) for name, value in row.items()}


def named(place: str, found: Mapping[str, object], expected: Mapping[str, Any], *, at_least: float = ROUNDING) -> Checks:
    """Several numbers of one place, each by its name in the file. Raises KeyError for one that the file does not have."""
    for name, value in found.items():
        yield near(f"{place}: {name}", value, expected[name], at_least=at_least)


def series_of(path: Path, time: str, seconds: float, mass: str, grams: float) -> Series:
    """Masses over time from two columns of a table, which count in so many seconds and grams."""
    table = pd.read_csv(path, encoding="utf-8-sig").astype(float)
    return Series(table[time].to_numpy() * seconds, table[mass].to_numpy() * grams)


def series_path(expected: Path, usual: str, word: str = "series") -> Path:
    """``flow_regression_expected-2.json`` has its series in ``flow_regression_series-2.csv``, if there is one."""
    own = expected.with_name(expected.name.replace("expected", word)).with_suffix(".csv")
    return own if own.exists() else expected.with_name(usual)
