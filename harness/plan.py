"""The plan file: what must be true of the pump."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator

from harness.cases import BolusCase, Case, Drug, Rule
from harness.files import Strict, find_line, read_toml, validated
from harness.quantities import Seconds
from harness.stands import ROLES
from instruments.driver import CAPABILITIES
from instruments.errors import ConfigError

_SAME_DOSE = 1e-6


class Head(Strict):
    """Who the plan is, the decision rule of its limits, and what its instruments must be able to do.

    ``requires``: by role, capabilities as drivers declare them (``instruments.driver.CAPABILITIES``).
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    title: str
    revision: str = "1"
    rule: Rule = "guarded"
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


class PlanFile(Strict):
    """The tables of a plan file."""

    plan: Head
    drug: Drug | None = None
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
        return {"pump", "balance", *self.file.plan.requires}


def load_plan(path: Path) -> Plan:
    """Read and check a plan file. Raises ConfigError with file, line and key of every fault."""
    tables, text = read_toml(path)
    return plan_from(tables, text, path)


def plan_from(tables: dict[str, Any], text: str, path: Path) -> Plan:
    """A plan from its tables, wherever they were kept."""
    file = validated(PlanFile, tables, path, text)
    faults = [*_same_ids(file), *_unknown_links(file), *_impossible_doses(file)]
    if faults:
        raise ConfigError("\n".join(f"{path}:{find_line(text, ('case', at, key))}: {what}" for at, key, what in faults))
    return Plan(file, tables, text, path)


Fault = tuple[int, str, str]


def _same_ids(file: PlanFile) -> list[Fault]:
    ids = [case.id for case in file.case]
    return [(at, "id", f"case {name}: there are two cases with this id") for at, name in enumerate(ids) if name in ids[:at]]


def _unknown_links(file: PlanFile) -> list[Fault]:
    faults: list[Fault] = []
    for at, case in enumerate(file.case):
        earlier = [other.id for other in file.case[:at]]
        if case.after is not None and case.after.case not in earlier:
            known = ", ".join(earlier) or "none"
            faults.append((at, "after", f"case {case.id}: after.case {case.after.case!r} is not an earlier case ({known})"))
    return faults


def _impossible_doses(file: PlanFile) -> list[Fault]:
    faults: list[Fault] = []
    for at, case in enumerate(file.case):
        if not isinstance(case, BolusCase) or case.dose is None:
            continue
        if file.drug is None:
            faults.append((at, "dose", f"case {case.id}: a dose needs a [drug] with its concentration"))
            continue
        implied_ml = case.dose / file.drug.concentration
        if abs(implied_ml - case.volume) > _SAME_DOSE * implied_ml:
            found = f"{case.dose:g} ug at {file.drug.concentration:g} ug/mL is {implied_ml:g} mL, not {case.volume:g} mL"
            faults.append((at, "dose", f"case {case.id}: {found}"))
    return faults
