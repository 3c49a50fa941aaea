"""The mapping file: what the columns of a recording mean, what stood on the bench, and what is asked of it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness.files import Strict
from harness.quantities import GramsPerHour, Seconds
from harness.requests import AnyRequest
from harness.stands import BalanceSheet, Catheter, Corrections, Environment, Immersed, Liquid
from instruments.units import to_unit


class Column(Strict):
    """A column of the file and the unit of its numbers."""

    name: str
    unit: str

    def factor(self, unit: str) -> float:
        return to_unit(f"1 {self.unit}", unit)


class StateColumn(Strict):
    """A column that says whether the pump infuses: it does while the value is one of ``values``."""

    name: str
    values: Annotated[list[float], Field(min_length=1)]


class Columns(Strict):
    time: Column
    mass: Column
    rate: Column | None = None
    running: StateColumn | None = None
    pressure: Column | None = None


class Head(Strict):
    """``weigh``: ``in`` where the vessel on the balance gains, ``out`` where the reservoir on it loses.

    A gap longer than ``max_gap`` is one; twice and a half the usual time between two rows (and 5 s at least), unless told.
    """

    title: str
    weigh: Literal["in", "out"] = "in"
    max_gap: Annotated[Seconds, Field(gt=0)] | None = None


class Stretch(Strict):
    """From and to in time since the first row."""

    start: Seconds
    end: Seconds


class Exclusion(Stretch):
    """A stretch whose readings are left out, and why."""

    reason: str


class CasePeriod(Stretch):
    """Which stretch of the recording a phase of a case is."""

    case: str
    phase: str


class Loss(Strict):
    """Evaporation from the vessel, as far as it is known."""

    loss: GramsPerHour = 0.0
    uncertainty: Annotated[GramsPerHour, Field(ge=0)] = 0.0


class RecordedBalance(BalanceSheet):
    """A balance whose filter nobody stated is taken as it shows: no lag is taken out of a timing."""

    response: Annotated[Seconds, Field(ge=0)] = 0.0


class MappingFile(Immersed):
    """``balance`` is needed for verdicts; results alone can do with what the masses themselves show of it."""

    recording: Head
    columns: Columns
    balance: RecordedBalance | None = None
    catheter: Catheter | None = None
    corrections: Corrections = Corrections()
    analysis: list[AnyRequest] = []
    liquid: Liquid = Liquid()
    environment: Environment = Environment()
    evaporation: Loss = Loss()
    exclude: list[Exclusion] = []
    period: list[CasePeriod] = []

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        ids = [asked.id for asked in self.analysis if asked.id]
        if len(set(ids)) < len(ids):
            raise ValueError(f"two [[analysis]] have the id {next(one for one in ids if ids.count(one) > 1)!r}")
        return self
