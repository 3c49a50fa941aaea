"""Cases of what a pump takes when it is set, and of what it makes of it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from harness.cases.base import CaseBase, Needed, NotNegative, Positive
from harness.cases.flows import Rate
from harness.cases.limits import PercentLimit, VolumeLimit
from harness.quantities import MilliLitres

Volume = Annotated[MilliLitres, Field(gt=0)]
STANDS_S = 120.0
"""Watched after all has been set: a setting moves nothing."""


class SettingsCase(CaseBase):
    """Rates and target volumes that the pump has to take and report; some of the rates are weighed.

    ``beyond_rates`` and ``beyond_volumes`` are out of its range: it has to refuse them, or to report another value.
    ``read_back``: of each value that it reports. ``volume``: what comes while it is only set. Each of the rates ``weighed`` runs
    for ``settle`` and then for ``duration``: ``flow_error`` against the rate, ``step_error`` of its ratio to the first of them,
    in which a gain cancels. A pump that reports all digits and carries out fewer is found by weighing, and by nothing else.
    """

    instruments: ClassVar[tuple[Needed, ...]] = (("pump", "target-volume"), ("balance", "stream"))

    procedure: Literal["settings"]
    rates: Annotated[list[Rate], Field(min_length=1)]
    volumes: list[Volume] = []
    beyond_rates: list[Rate] = []
    beyond_volumes: list[Volume] = []
    read_back: PercentLimit
    volume: VolumeLimit
    weighed: list[Rate] = []
    settle: NotNegative = 300.0
    duration: Annotated[Positive, Field(ge=300)] = 1200.0
    flow_error: PercentLimit | None = None
    step_error: PercentLimit | None = None

    @model_validator(mode="after")
    def _judged(self) -> SettingsCase:
        if self.weighed and self.flow_error is None:
            raise ValueError('weighed needs a flow_error, like { within = "5 %" }')
        if self.step_error is not None and len(self.weighed) < 2:
            raise ValueError("step_error is of the ratio of two rates; give two or more as weighed")
        return self

    @property
    def each_s(self) -> float:
        """How long a weighed rate runs."""
        return self.settle + self.duration

    def lasts_s(self, left_ml: float) -> float:
        return STANDS_S + len(self.weighed) * self.each_s

    def gives_ml(self, left_ml: float) -> float:
        return sum(self.weighed) * self.each_s / 3600

    @property
    def weighed_ml(self) -> float:
        return min(self.weighed, default=0.0) * self.duration / 3600
