"""Limits as a plan states them: what a value must keep to, in its unit, by which rule, and what that rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator

from harness.files import Strict
from harness.metrology.rules import Interval, parse_rule
from harness.quantities import (
    Days,
    Kilopascals,
    MicroLitres,
    MicroLitresPerHour,
    Milligrams,
    MilligramsPerHour,
    Percent,
    Seconds,
    Volts,
)

Rule = Annotated[str, AfterValidator(parse_rule)]
Basis = Literal["stated", "published", "proposed", ""]
"""What a limit rests on: ``stated`` by the therapy's documents, ``published`` (a standard, a maker), or ``proposed`` here, to be
confirmed by whoever uses the plan."""
Ratio = Annotated[float, Field(gt=0)]


class Limit(Strict):
    """``within`` so much to either side of what it should be; or ``at_least``, ``at_most``, or both.

    ``rule`` and ``minimum_tur`` (least test uncertainty ratio) are the plan's own, unless told; ``spec`` is the row of the spec
    table that the limit was taken from.
    """

    within: Any = None
    at_least: Any = None
    at_most: Any = None
    rule: Rule | None = None
    minimum_tur: Ratio | None = None
    basis: Basis = ""
    spec: str = ""

    @property
    def interval(self) -> Interval:
        return (-self.within, self.within) if self.within is not None else (self.at_least, self.at_most)

    @property
    def rests_on(self) -> str:
        """Its basis, and the row of the spec table that it was taken from."""
        return ", ".join(filter(None, (self.basis, self.spec)))

    @property
    def most(self) -> float:
        """The upper side; infinite where it is open."""
        high = self.interval[1]
        return math.inf if high is None else high

    @model_validator(mode="after")
    def _has_a_side(self) -> Limit:
        sides = self.at_least is not None or self.at_most is not None
        if self.within is None and not sides:
            raise ValueError("needs within, or at_least, or at_most, each with its unit")
        if self.within is not None and sides:
            raise ValueError("has within, and at_least or at_most too; give one or the other")
        low, high = self.interval
        if low is not None and high is not None and low > high:
            raise ValueError(f"at_least is more than at_most ({low:g} > {high:g})")
        return self


class PercentLimit(Limit):
    """In percent of the set value."""

    within: Annotated[Percent, Field(gt=0)] | None = None
    at_least: Percent | None = None
    at_most: Percent | None = None


class DurationLimit(Limit):
    """How long something may take; it is near nothing, so there is no ``within``."""

    within: None = None
    at_least: Seconds | None = None
    at_most: Seconds | None = None


class TimeLimit(Limit):
    """So long before and after the moment it should be at."""

    within: Annotated[Seconds, Field(gt=0)] | None = None
    at_least: Seconds | None = None
    at_most: Seconds | None = None


class DaysLimit(Limit):
    """Of the therapy, where bench time is shorter."""

    within: Annotated[Days, Field(gt=0)] | None = None
    at_least: Days | None = None
    at_most: Days | None = None


class VolumeLimit(Limit):
    within: Annotated[MicroLitres, Field(gt=0)] | None = None
    at_least: MicroLitres | None = None
    at_most: MicroLitres | None = None


class FlowLimit(Limit):
    within: Annotated[MicroLitresPerHour, Field(gt=0)] | None = None
    at_least: MicroLitresPerHour | None = None
    at_most: MicroLitresPerHour | None = None


class PressureLimit(Limit):
    within: None = None
    at_least: Kilopascals | None = None
    at_most: Kilopascals | None = None


class VoltageLimit(Limit):
    within: None = None
    at_least: Volts | None = None
    at_most: Volts | None = None


class MassLimit(Limit):
    within: Annotated[Milligrams, Field(gt=0)] | None = None
    at_least: Milligrams | None = None
    at_most: Milligrams | None = None


class LossLimit(Limit):
    """Of what a vessel loses; a gain is below 0."""

    within: Annotated[MilligramsPerHour, Field(gt=0)] | None = None
    at_least: MilligramsPerHour | None = None
    at_most: MilligramsPerHour | None = None


class ScatterLimit(MassLimit):
    """Of a standard deviation."""

    within: None = None


def limits_of(table: BaseModel) -> Iterator[tuple[str, Limit]]:
    """Every limit of a case that is set, by its key."""
    for key, value in table:
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Limit):
                yield key, item
            elif isinstance(item, Strict):
                yield from ((f"{key}.{inner}", limit) for inner, limit in limits_of(item))
