"""What the studies beside a drill leave as JSON: coverage, risk, and lines broken on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from reports.drilled.data import Interval, Part


class Study(Part):
    """``version`` made it; empty where that is not known."""

    version: str = ""

    def of_other_version(self, version: str) -> str:
        """In words; empty where it is not."""
        return f"made by version {self.version}, not by this one" if self.version not in ("", version) else ""


class CoverageCell(Part):
    set_up: str
    measurand: str
    covered: int
    runs: int
    coverage_pct: float
    interval_pct: Interval
    mean_expanded_uncertainty: float
    mean_error: float = Field(alias="mean_error_over_U")
    sd_error: float = Field(alias="sd_error_over_U")
    ok: bool


class Coverage(Study):
    schema_is: Literal["dosebench/coverage/1"] = Field(alias="schema")
    stated_pct: float
    band_pct: Interval
    runs_per_set_up: int
    first_seed: int
    ok: bool
    unusable: tuple[str, ...]
    cells: tuple[CoverageCell, ...]


class RiskCount(Part):
    passed: int
    runs: int
    false_accept_pct: float
    interval_pct: Interval


class RiskPlace(RiskCount):
    outside_u: float


class Risk(Study):
    schema_is: Literal["dosebench/risk/1"] = Field(alias="schema")
    set_up: str
    limit_pct: float
    standard_uncertainty_pct: float
    at_most_pct: float
    ok: bool
    verdicts: Mapping[str, int]
    overall: RiskCount
    places: tuple[RiskPlace, ...]


class Mutant(Part):
    """A line that was broken on purpose, and the test that went red."""

    name: str
    place: str
    red_by: str


class Survivor(Part):
    """A line that was broken on purpose, and nothing went red."""

    name: str
    place: str
    why: str


class Mutants(Part):
    schema_is: Literal["dosebench/mutants/1"] = Field(alias="schema")
    mutants: tuple[Mutant, ...]
    survivors: tuple[Survivor, ...]

    @property
    def ok(self) -> bool:
        return all(survivor.why for survivor in self.survivors)
