"""Verdicts: of a value, of a case, of a run; and the file that other programs read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.cases import Interval
from harness.metrology.budget import Estimate, Row
from instruments.errors import ConfigError

SCHEMA = "dosebench/verdicts/1"


class Verdict(StrEnum):
    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    INVALID = "INVALID"
    ABORTED = "ABORTED"


_SPEAKS_FIRST = (Verdict.FAIL, Verdict.ABORTED, Verdict.INVALID, Verdict.INCONCLUSIVE, Verdict.PASS)
EXIT_STATUS = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 2, Verdict.INVALID: 3, Verdict.ABORTED: 4}


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that speaks for all; nothing at all is ABORTED, never green."""
    given = set(verdicts)
    return next((verdict for verdict in _SPEAKS_FIRST if verdict in given), Verdict.ABORTED)


def decide(value: float, expanded_uncertainty: float, limits: Interval, rule: str) -> Verdict:
    """Compare a value with its limits, inclusive (gravimetric-metrology, section 9).

    ``simple``: inside is PASS. ``guarded``: inside by at least U is PASS, inside by less is INCONCLUSIVE. Outside is
    FAIL under both. A value that is not a number cannot be decided.
    """
    low = float("-inf") if limits[0] is None else limits[0]
    high = float("inf") if limits[1] is None else limits[1]
    guard = {"simple": 0.0, "guarded": expanded_uncertainty}[rule]
    if value != value or guard != guard:
        return Verdict.INCONCLUSIVE
    if not low <= value <= high:
        return Verdict.FAIL
    return Verdict.PASS if low + guard <= value <= high - guard else Verdict.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class Measurand:
    """One measured value against its limits. ``detail`` says in words what a reader should also know."""

    name: str
    value: float
    unit: str
    expanded_uncertainty: float
    coverage_factor: float
    limits: Interval
    rule: str
    verdict: Verdict
    detail: str = ""
    budget: tuple[Row, ...] = ()


def judge(name: str, found: Estimate, unit: str, limits: Interval, rule: str, detail: str = "") -> Measurand:
    """A measurand with the verdict that its limits and its uncertainty give it."""
    verdict = decide(found.value, found.expanded_uncertainty, limits, rule)
    return Measurand(
        name, found.value, unit, found.expanded_uncertainty, found.coverage_factor, limits, rule, verdict, detail, found.budget
    )


@dataclass(frozen=True, slots=True)
class CaseVerdict:
    """What became of one case; ``reasons`` say why when it is not a plain pass."""

    id: str
    title: str
    verdict: Verdict
    requirement: tuple[str, ...]
    measurands: tuple[Measurand, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """What became of a run."""

    run: str
    data_source: str
    cases: tuple[CaseVerdict, ...]

    @property
    def verdict(self) -> Verdict:
        return overall(case.verdict for case in self.cases)

    def as_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "run": self.run,
            "data_source": self.data_source,
            "verdict": self.verdict.value,
            "cases": [_case_json(case) for case in self.cases],
        }


def _case_json(case: CaseVerdict) -> dict[str, Any]:
    return {
        "id": case.id,
        "title": case.title,
        "verdict": case.verdict.value,
        "requirement": list(case.requirement),
        "reasons": list(case.reasons),
        "measurands": [_measurand_json(measurand) for measurand in case.measurands],
    }


def _measurand_json(measurand: Measurand) -> dict[str, Any]:
    plain = asdict(measurand)
    plain["verdict"], plain["limits"] = measurand.verdict.value, list(measurand.limits)
    del plain["budget"]
    return plain


def write_verdicts(run: RunVerdict, path: Path) -> None:
    text = json.dumps(run.as_json(), indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_verdicts(path: Path) -> RunVerdict:
    """What ``write_verdicts`` wrote (budgets are not in the file). Raises ConfigError when it is not such a file."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if plain["schema"] != SCHEMA:
            raise ConfigError(f"{path}: has schema {plain['schema']!r}, this program reads {SCHEMA!r}")
        return RunVerdict(plain["run"], plain["data_source"], tuple(map(_case_from, plain["cases"])))
    except (OSError, json.JSONDecodeError, KeyError, TypeError, ValueError) as err:
        raise ConfigError(f"{path}: is not the verdicts file of a run ({err})") from err


def _case_from(plain: dict[str, Any]) -> CaseVerdict:
    measurands = tuple(
        Measurand(**{**found, "limits": tuple(found["limits"]), "verdict": Verdict(found["verdict"])})
        for found in plain["measurands"]
    )
    requirement, reasons = tuple(plain["requirement"]), tuple(plain["reasons"])
    return CaseVerdict(plain["id"], plain["title"], Verdict(plain["verdict"]), requirement, measurands, reasons)
