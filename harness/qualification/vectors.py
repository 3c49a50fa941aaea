"""The self-check of an installation: reference vectors, computed again with the harness's own functions.

A folder may hold any files of the kinds below, recognised by their names; those of the project lie in ``tests/data/vectors``.
Nothing is left out in silence: a table (.csv, .json) that cannot be read or is of no known kind is not ok.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from harness.qualification import number_kinds, series_kinds
from harness.qualification.checks import Check, Checker
from instruments.errors import BenchError, ConfigError

KINDS: Mapping[str, Checker] = {
    "water_density*.csv": number_kinds.water,
    "air_density*.csv": number_kinds.air,
    "z_factor*.csv": number_kinds.z_factor,
    "corrections*.json": number_kinds.corrections,
    "uncertainty_budgets*.json": number_kinds.budgets,
    "guard_band*.json": number_kinds.guard_band,
    "dosing_conversions*.json": number_kinds.dosing,
    "spec_table*.csv": number_kinds.spec_table,
    "trumpet_*expected*.json": series_kinds.trumpet_curves,
    "flow_regression_*expected*.json": series_kinds.flow_regression,
    "bolus_25*.json": series_kinds.bolus_25,
    "bolus_timing_*expected*.json": series_kinds.bolus_timing,
    "reservoir_alarm*.json": series_kinds.reservoir_alarm,
}
BELONGS_TO: Mapping[str, str] = {
    "trumpet_*series*.csv": "trumpet_*expected*.json",
    "flow_regression_*series*.csv": "flow_regression_*expected*.json",
    "bolus_timing_*series*.csv": "bolus_timing_*expected*.json",
}
"""Series are read with the file that says what is expected of them."""
_TABLES = (".csv", ".json")
_UNREADABLE = (OSError, LookupError, TypeError, ValueError, ArithmeticError, AttributeError)
"""What a file of another make raises in code that reads it by its description."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One file: all its numbers, or in ``fault`` why they could not be compared; ``note`` says what else a reader should know."""

    file: str
    checks: tuple[Check, ...] = ()
    fault: str = ""
    note: str = ""

    @property
    def ok(self) -> bool:
        return not self.fault and all(check.ok for check in self.checks)

    @property
    def worst(self) -> Check | None:
        """The number that uses up most of its tolerance."""
        return max(self.checks, key=lambda check: check.used, default=None)

    @property
    def differing(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.ok)

    def as_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "ok": self.ok,
            "numbers": len(self.checks),
            "worst": None if self.worst is None else _check_json(self.worst),
            "differing": [_check_json(check) for check in self.differing],
            "fault": self.fault,
            "note": self.note,
        }


def check_vectors(folder: Path) -> list[Comparison]:
    """Compare every vector file of a folder, in the order of their names.

    Raises ConfigError when there is no such folder or nothing in it to compare; a file that cannot be read is a Comparison
    with a fault.
    """
    try:
        names = sorted(path.name for path in folder.iterdir() if path.suffix in _TABLES)
    except OSError as err:
        raise ConfigError(f"{folder}: is not a folder that can be read ({err.strerror})") from err
    if not names:
        raise ConfigError(f"{folder}: holds no vectors; they are .csv and .json files, named like {', '.join(KINDS)}")
    return [_comparison(folder / name, names) for name in names]


def _comparison(path: Path, names: list[str]) -> Comparison:
    partner = _first_match(path.name, BELONGS_TO)
    if partner is not None:
        there = [name for name in names if fnmatchcase(name, BELONGS_TO[partner])]
        missing = "" if there else f"no {BELONGS_TO[partner]} says what is expected of this series"
        return Comparison(path.name, fault=missing, note="a series; compared with " + ", ".join(there) if there else "")
    kind = _first_match(path.name, KINDS)
    if kind is None:
        return Comparison(path.name, fault="its name is that of no known kind; see dosebench qualify vectors --help")
    return _checked(path, KINDS[kind])


def _checked(path: Path, checker: Checker) -> Comparison:
    try:
        checks = tuple(checker(path))
    except KeyError as err:
        return Comparison(path.name, fault=f"has no {err.args[0]!r}")
    except (BenchError, *_UNREADABLE) as err:
        return Comparison(path.name, fault=f"cannot be read: {_one_line(err)}")
    return Comparison(path.name, checks, fault="" if checks else "holds no numbers")


def _first_match(name: str, patterns: Iterable[str]) -> str | None:
    return next((pattern for pattern in patterns if fnmatchcase(name, pattern)), None)


def _one_line(err: BaseException) -> str:
    return " ".join(str(err).split()) or type(err).__name__


def _check_json(check: Check) -> dict[str, Any]:
    return {
        "number": check.name,
        "found": _plain(check.found),
        "expected": _plain(check.expected),
        "deviation": _plain(check.deviation),
        "tolerance": check.tolerance,
    }


def _plain(value: object) -> object:
    """JSON has no infinity and no not-a-number."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
