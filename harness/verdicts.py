"""Verdicts: of a value, of a case, of a run; and the file that other programs read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.disk import replace_file
from harness.metrology.budget import Estimate, Method, Row
from harness.metrology.rules import Interval, Outcome, Spread, decide
from instruments.errors import ConfigError

SCHEMA = "dosebench/verdicts/1"
VERDICTS = "verdicts.json"


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


_SAYS = {
    Outcome.PASS: Verdict.PASS,
    Outcome.FAIL: Verdict.FAIL,
    Outcome.INCONCLUSIVE: Verdict.INCONCLUSIVE,
    Outcome.CONDITIONAL_PASS: Verdict.INCONCLUSIVE,
    Outcome.CONDITIONAL_FAIL: Verdict.INCONCLUSIVE,
}
"""Only what is sure is green or red; the conditional ones are told in words."""


@dataclass(frozen=True, slots=True)
class Measurand:
    """One measured value against its limits. ``detail`` says in words what a reader should also know.

    ``interval`` is the 95.45 % interval, by ``method``; ``acceptance`` what the guard bands leave of the limits;
    ``conformance_probability`` how likely the true value is to keep to them, were it normally distributed. ``basis`` is what the
    limits rest on.
    """

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
    interval: tuple[float, float] | None = None
    degrees_of_freedom: float | None = None
    method: Method = "GUM"
    acceptance: Interval = (None, None)
    conformance_probability: float | None = None
    basis: str = ""


def judge(
    name: str, found: Estimate, unit: str, limits: Interval, rule: str, detail: str = "", minimum_tur: float | None = None
) -> Measurand:
    """A measurand with the verdict that its limits and its uncertainty give it.

    Two-sided limits need a test uncertainty ratio of ``minimum_tur``: with less, a value that would PASS is INCONCLUSIVE.
    """
    decision = decide(found.value, Spread.of(found), limits, rule)
    conditional = decision.outcome.value.replace("_", " ").lower() if "_" in decision.outcome.value else ""
    verdict = _SAYS[decision.outcome]
    if minimum_tur is not None and decision.tur is not None and decision.tur < minimum_tur and verdict is Verdict.PASS:
        verdict, conditional = Verdict.INCONCLUSIVE, f"test uncertainty ratio {decision.tur:.2g}, {minimum_tur:g} is asked for"
    return Measurand(
        name,
        found.value,
        unit,
        found.expanded_uncertainty,
        found.coverage_factor,
        limits,
        rule,
        verdict,
        "; ".join(filter(None, (conditional, detail))),
        found.budget,
        found.interval,
        found.dof if math.isfinite(found.dof) else None,
        found.method,
        decision.acceptance,
        decision.p_c if math.isfinite(decision.p_c) else None,
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
            "cases": [case_json(case) for case in self.cases],
        }


def case_json(case: CaseVerdict) -> dict[str, Any]:
    """A case as the verdicts file has it; budgets are not in it."""
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
    del plain["budget"]
    return plain | {"verdict": measurand.verdict.value}


def verdicts_text(run: RunVerdict) -> bytes:
    """The bytes of the verdicts file."""
    return json.dumps(run.as_json(), indent=1, allow_nan=False).encode("utf-8") + b"\n"


def write_verdicts(run: RunVerdict, path: Path) -> None:
    """In one step: a run that is killed meanwhile keeps the file from before. Raises OSError."""
    replace_file(path, verdicts_text(run))


def read_verdicts(path: Path) -> RunVerdict:
    """What ``write_verdicts`` wrote (budgets are not in the file). Raises ConfigError when it is not such a file."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if plain["schema"] != SCHEMA:
            raise ConfigError(f"{path}: has schema {plain['schema']!r}, this program reads {SCHEMA!r}")
        return RunVerdict(plain["run"], plain["data_source"], tuple(map(case_from, plain["cases"])))
    except (OSError, json.JSONDecodeError, KeyError, TypeError, ValueError) as err:
        raise ConfigError(f"{path}: is not the verdicts file of a run ({err})") from err


def case_from(plain: Mapping[str, Any]) -> CaseVerdict:
    """What ``case_json`` made."""
    measurands = tuple(
        Measurand(**{**found, **_pairs(found), "verdict": Verdict(found["verdict"])}) for found in plain["measurands"]
    )
    requirement, reasons = tuple(plain["requirement"]), tuple(plain["reasons"])
    return CaseVerdict(plain["id"], plain["title"], Verdict(plain["verdict"]), requirement, measurands, reasons)


def _pairs(plain: dict[str, Any]) -> dict[str, Any]:
    """JSON has no tuples; runs that are older have fewer of these."""
    return {name: tuple(plain[name]) for name in ("limits", "interval", "acceptance") if plain.get(name) is not None}
