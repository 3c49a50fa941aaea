"""The plan file: what must be true of the pump."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator

from harness.cases import Case, Drug, Rule
from harness.cases.base import IDENTIFIER
from harness.cases.limits import Ratio
from harness.expansion import MATRIX, Fault, expanded
from harness.files import Place, Strict, find_line, read_toml, validated
from harness.quantities import CONCENTRATION, Seconds
from harness.spec_table import ROWS, SPEC, resolved, with_rows
from harness.stands import ROLES
from harness.traceability.requirements import load_requirements
from instruments.driver import CAPABILITIES
from instruments.errors import ConfigError
from instruments.units import to_unit

PYTHON = "python"
_NOT_IN_A_FILE = "procedure 'python' is for test functions, which stand in a Python file; run that file with pytest"
_ONE_TABLE = " (its table stands for several: matrix and repeats put their values at the end of the id)"


class Head(Strict):
    """Who the plan is, the decision rule of its limits, and what its instruments must be able to do.

    ``minimum_tur``: the least test uncertainty ratio with which a limit may be judged. ``requirements``: the file that has the
    texts of the requirements, beside the plan. ``requires``: by role, capabilities as drivers declare them
    (``instruments.driver.CAPABILITIES``).
    """

    id: Annotated[str, Field(pattern=IDENTIFIER)]
    title: str
    purpose: str = ""
    revision: str = "1"
    rule: Rule = "guarded"
    minimum_tur: Ratio | None = None
    requirements: str = ""
    requires: dict[str, list[str]] = {}

    @field_validator("requires")
    @classmethod
    def _known(cls, requires: dict[str, list[str]]) -> dict[str, list[str]]:
        for role, wanted in requires.items():
            if role not in ROLES:
                raise ValueError(f"{role!r} is no role; there are: {', '.join(ROLES)}")
            if unknown := [name for name in wanted if name not in CAPABILITIES]:
                raise ValueError(f"{unknown[0]!r} is no capability; there are: {', '.join(CAPABILITIES)}")
        return requires


class Preparation(Strict):
    """Before the first case: let the bench settle, then watch it with the pump stopped (evaporation, drift)."""

    settle: Annotated[Seconds, Field(ge=0)] = 600.0
    blank: Annotated[Seconds, Field(ge=600)] = 3600.0


class Spec(Strict):
    """The spec table that limits with ``spec`` are taken from: a CSV file beside the plan, which one, and what it says."""

    file: str
    sha256: str
    rows: dict[str, dict[str, str]] = {}


class PlanFile(Strict):
    """The tables of a plan file."""

    plan: Head
    drug: Drug | None = None
    spec: Spec | None = None
    preparation: Preparation = Preparation()
    requirement: dict[str, str] = {}
    case: Annotated[list[Case], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as read: its models, the plain tables for the record, and the file it came from."""

    file: PlanFile
    tables: dict[str, Any]
    text: str
    path: Path

    @property
    def id(self) -> str:
        return self.file.plan.id

    @property
    def cases(self) -> list[Case]:
        return self.file.case

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()

    @property
    def roles(self) -> set[str]:
        """Roles that a bench must have for this plan."""
        of_cases = {role for case in self.cases for role, _ in case.instruments}
        return {"pump", "balance", *self.file.plan.requires, *of_cases}


def load_plan(path: Path) -> Plan:
    """Read and check a plan file and the files that it names. Raises ConfigError with file, line and key of every fault."""
    tables, text = read_toml(path)
    plan = plan_from(_with_texts(with_rows(tables, path, text), path, text), text, path)
    if in_python := [(at, case) for at, case in enumerate(plan.cases) if case.procedure == PYTHON]:
        at, case = in_python[0]
        raise ConfigError(_Written(path, text, tables).told(at, "procedure", f"case {case.id}: {_NOT_IN_A_FILE}"))
    return plan


def plan_from(tables: dict[str, Any], text: str, path: Path) -> Plan:
    """A plan from its tables, wherever they were kept."""
    cases, origins, unexpanded = expanded(tables.get("case"))
    written = _Written(path, text, tables, origins)
    _refuse(written, [(at, key, f"case {at + 1}: {key}: {what}") for at, key, what in unexpanded], in_file=True)
    spec = tables.get(SPEC)
    cases, unresolved = resolved(cases, spec.get(ROWS, {}) if isinstance(spec, Mapping) else {})
    _refuse(written, [(at, key, f"case {origins[at] + 1}: {key}: {what}") for at, key, what in unresolved])
    whole = {**tables, "case": cases} if "case" in tables else tables
    context = {CONCENTRATION: _concentration(tables)}
    file = validated(PlanFile, whole, path, text, place_of=written.place, context=context)
    _refuse(written, [*_same_ids(file, origins), *_unknown_links(file), *_unknown_requirements(file)])
    return Plan(file, tables, text, path)


def _concentration(tables: Mapping[str, Any]) -> float | None:
    """That of the plan's drug in ug/mL; NaN where it is wrong, which is told by its own model."""
    if "drug" not in tables:
        return None
    try:
        found = to_unit(tables["drug"]["concentration"], "ug/mL")
    except (KeyError, TypeError, ConfigError):
        return math.nan
    return found if found > 0 else math.nan


def _with_texts(tables: dict[str, Any], path: Path, text: str) -> dict[str, Any]:
    """With what the requirements file says of the requirements that the cases name; the plan's own texts come first."""
    head, own = tables.get("plan"), tables.get("requirement", {})
    name = head.get("requirements") if isinstance(head, Mapping) else None
    if not isinstance(name, str) or not name or not isinstance(own, Mapping):
        return tables
    try:
        known = load_requirements(path.parent / name).of
    except ConfigError as err:
        raise ConfigError(f"{path}:{find_line(text, ('plan', 'requirements'))}: plan.requirements: {err}") from err
    texts = {key: known[key].text for key in known if key in _named(tables)}
    return {**tables, "requirement": {**texts, **own}}


def _named(tables: Mapping[str, Any]) -> set[str]:
    """The requirements that the cases name, as far as they can be read."""
    cases = tables.get("case")
    lists = [case.get("requirement") for case in cases if isinstance(case, Mapping)] if isinstance(cases, list) else []
    return {item for named in lists if isinstance(named, list) for item in named if isinstance(item, str)}


class _Written:
    """Where something stands in the file: one table there may be several cases, and a value may stand in its matrix."""

    def __init__(self, path: Path, text: str, tables: Mapping[str, Any], origins: Sequence[int] = ()) -> None:
        self._path, self._text, self._origins = path, text, origins
        self._cases = tables.get("case")

    def place(self, place: Place) -> Place:
        if len(place) < 2 or place[0] != "case" or not isinstance(place[1], int) or place[1] >= len(self._origins):
            return place
        return self.in_file(self._origins[place[1]], *place[2:])

    def in_file(self, at: int, *keys: str | int) -> Place:
        case = self._cases[at] if isinstance(self._cases, list) else None
        matrix = case.get(MATRIX) if isinstance(case, Mapping) else None
        inside = isinstance(matrix, Mapping) and any(key in matrix for key in keys[:2])
        return ("case", at, *((MATRIX,) if inside else ()), *keys)

    def told(self, at: int, key: str, what: str, *, in_file: bool = False) -> str:
        """``at`` counts the cases, or the tables in the file."""
        place = self.in_file(at, key) if in_file else self.place(("case", at, key))
        return f"{self._path}:{find_line(self._text, place)}: {what}"


def _refuse(written: _Written, faults: Sequence[Fault], *, in_file: bool = False) -> None:
    if faults:
        raise ConfigError("\n".join(dict.fromkeys(written.told(*fault, in_file=in_file) for fault in faults)))


def _same_ids(file: PlanFile, origins: Sequence[int]) -> list[Fault]:
    ids = [case.id for case in file.case]
    return [
        (at, "id", f"case {name}: there are two cases with this id" + (_ONE_TABLE if origins.count(origins[at]) > 1 else ""))
        for at, name in enumerate(ids)
        if name in ids[:at]
    ]


def _unknown_links(file: PlanFile) -> list[Fault]:
    faults: list[Fault] = []
    for at, case in enumerate(file.case):
        earlier = [other.id for other in file.case[:at]]
        known = ", ".join(earlier) or "none"
        named = [("needs", f"needs: {name!r}", name) for name in case.needs]
        named += [("after", f"after.case {case.after.case!r}", case.after.case)] if case.after is not None else []
        faults += [
            (at, key, f"case {case.id}: {said} is not an earlier case ({known})")
            for key, said, name in named
            if name not in earlier
        ]
    return faults


def _unknown_requirements(file: PlanFile) -> list[Fault]:
    """Where the plan names the file of its requirements, a case has none that is not there."""
    if not file.plan.requirements:
        return []
    return [
        (at, "requirement", f"case {case.id}: requirement {name!r} is not in {file.plan.requirements}")
        for at, case in enumerate(file.case)
        for name in case.requirement
        if name not in file.requirement
    ]
