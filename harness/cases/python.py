"""Cases written by hand in Python: what they tell the dry run, and what they expect of the record."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from harness.cases.base import CaseBase, Positive
from harness.cases.limits import DurationLimit, PercentLimit, TimeLimit, VolumeLimit
from harness.files import Strict
from harness.quantities import MilliLitres, MilliLitresPerHour


class PythonCase(CaseBase):
    """A test function. ``lasts`` and ``gives`` are for the dry run and the interlocks: bench time, and volume from the pump."""

    procedure: Literal["python"] = "python"
    test: str
    lasts: Positive
    gives: Annotated[MilliLitres, Field(ge=0)]

    def lasts_s(self, left_ml: float) -> float:
        return self.lasts

    def gives_ml(self, left_ml: float) -> float:
        return self.gives


EXPECTATION = "expected"
"""The kind of event in which a test says what it expects."""


class Expected(Strict):
    """``name`` is that of the measurand."""

    name: str


class ExpectedVolume(Expected):
    """What was delivered from the end of the phase ``before`` to the end of the phase ``after``, against ``volume``."""

    what: Literal["volume"]
    volume: Annotated[MilliLitres, Field(gt=0)]
    before: str
    after: str
    limit: PercentLimit


class ExpectedFlow(Expected):
    """Mean flow over a phase, against ``rate``."""

    what: Literal["flow"]
    rate: Annotated[MilliLitresPerHour, Field(gt=0)]
    phase: str
    limit: PercentLimit


class ExpectedQuiet(Expected):
    """What came in a phase in which nothing should."""

    what: Literal["quiet"]
    phase: str
    limit: VolumeLimit


class ExpectedDuration(Expected):
    """How long the bolus between two phases took, from 5 to 95 % of it, extrapolated."""

    what: Literal["duration"]
    before: str
    after: str
    limit: DurationLimit


class ExpectedOnset(Expected):
    """From the first command of the case to run, to the beginning of the flow."""

    what: Literal["onset"]
    before: str
    after: str
    limit: TimeLimit


class ExpectedAlarm(Expected):
    """Alarms of one kind (``stall``, ``low-reservoir`` and so on): so many, no more and no fewer."""

    what: Literal["alarm"]
    alarm: str
    count: Annotated[int, Field(ge=0)] = 1


class ExpectedValue(Expected):
    """A number that the test found by itself, with its standard uncertainty; limits in its own unit."""

    what: Literal["value"]
    value: float
    unit: str
    uncertainty: Annotated[float, Field(ge=0)] = 0.0
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _has_a_side(self) -> ExpectedValue:
        if self.at_least is None and self.at_most is None:
            raise ValueError("needs at_least or at_most, in its unit: without them nothing could make it fail")
        return self


AnyExpected = Annotated[
    ExpectedVolume | ExpectedFlow | ExpectedQuiet | ExpectedDuration | ExpectedOnset | ExpectedAlarm | ExpectedValue,
    Field(discriminator="what"),
]
EXPECTED: TypeAdapter[AnyExpected] = TypeAdapter(AnyExpected)
