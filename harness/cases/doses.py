"""Cases of boluses that belong together: in a row, on a running infusion, by a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from harness.cases.base import CaseBase, Needed, NotNegative, Positive
from harness.cases.boluses import BASELINE_S, DRAIN_S
from harness.cases.flows import Rate
from harness.cases.limits import PercentLimit, TimeLimit
from harness.quantities import Micrograms, VolumeOfDose
from harness.stands import BenchFile
from instruments.drivers import drivers

LEVEL_S = 30.0
"""Averaged for a mass before a bolus, and after it."""
APART_S = BASELINE_S + DRAIN_S
"""So long at least a line needs between two boluses, to run out and to be watched."""
LONGEST = 1.5
"""A bolus that has not ended after so many times its time is stopped."""
MOST_DOSES = 11
"""A schedule has a step for each dose and one for each pause around it, and there are pumps that take 24 steps."""


class Doses(CaseBase):
    """What cases of boluses have: each of ``dose`` or ``volume``, programmed to take the time ``over``."""

    instruments: ClassVar[tuple[Needed, ...]] = (("pump", "target-volume"), ("balance", "stream"))

    dose: Annotated[Micrograms, Field(gt=0)] | None = None
    volume: VolumeOfDose = Field(default=None, validate_default=True)
    over: Positive

    @property
    def rate_ml_h(self) -> float:
        return self.volume / self.over * 3600

    @property
    def weighed_ml(self) -> float:
        return self.volume


class BolusesCase(Doses):
    """``count`` boluses on demand, one after the other, each weighed (fluid-delivery-test-methods, section 8).

    ``pause``: from the end of one to the start of the next. ``mean_error`` bounds the mean of all, ``each_error`` the largest
    deviation to either side.
    """

    procedure: Literal["boluses"]
    count: Annotated[int, Field(ge=2, le=100)] = 25
    pause: Positive
    mean_error: PercentLimit
    each_error: PercentLimit

    @model_validator(mode="after")
    def _runs_out(self) -> BolusesCase:
        least_s = (LONGEST - 1) * self.over + DRAIN_S
        if self.pause < least_s:
            raise ValueError(f"pause is too short: a bolus of {self.over:g} s, watched, needs at least {least_s:g} s to the next")
        return self

    def lasts_s(self, left_ml: float) -> float:
        return BASELINE_S + self.count * (self.over + self.pause)

    def gives_ml(self, left_ml: float) -> float:
        return self.count * self.volume


class BolusOnBasalCase(Doses):
    """A bolus in the middle of an infusion at ``basal``, which takes its place and goes on afterwards.

    What the basal rate delivers is taken out of volume and timing. ``basal_error``: the flow of the last ``watch`` before it, and
    of ``watch`` after it.
    """

    instruments: ClassVar[tuple[Needed, ...]] = (("pump", "bolus-on-basal"), ("balance", "stream"))

    procedure: Literal["bolus-on-basal"]
    basal: Rate
    settle: NotNegative = 1800.0
    watch: Annotated[Positive, Field(ge=300)] = 1800.0
    volume_error: PercentLimit
    duration_error: PercentLimit | None = None
    onset: TimeLimit | None = None
    basal_error: PercentLimit | None = None

    @property
    def before_s(self) -> float:
        return self.settle + self.watch

    def lasts_s(self, left_ml: float) -> float:
        return self.before_s + self.over + DRAIN_S + self.watch

    def gives_ml(self, left_ml: float) -> float:
        return self.volume + self.basal * (self.lasts_s(left_ml) - self.over) / 3600


class ScheduledBolusesCase(Doses):
    """``count`` boluses, the first ``first`` after the command, the others ``every`` start to start.

    With a ``basal`` rate between them the pump runs its own schedule; without one each is commanded at its moment.
    ``start_error``: of every start against its moment; ``interval_error``: of every interval against ``every``;
    ``basal_error``: of the flow between two boluses.
    """

    procedure: Literal["scheduled-boluses"]
    count: Annotated[int, Field(ge=2, le=MOST_DOSES)]
    every: Positive
    first: Annotated[Positive, Field(ge=APART_S)] = 600.0
    basal: Rate | None = None
    volume_error: PercentLimit
    start_error: TimeLimit
    interval_error: TimeLimit
    duration_error: PercentLimit | None = None
    basal_error: PercentLimit | None = None

    @model_validator(mode="after")
    def _apart(self) -> ScheduledBolusesCase:
        if self.every < (least_s := LONGEST * self.over + APART_S):
            raise ValueError(f"every is too short: a dose of {self.over:g} s, watched, needs at least {least_s:g} s to the next")
        if self.basal_error is not None and self.basal is None:
            raise ValueError('basal_error needs a basal rate, like basal = "0.1 mL/h"')
        return self

    @property
    def moments_s(self) -> list[float]:
        """When each bolus has to begin, after the command."""
        return [self.first + number * self.every for number in range(self.count)]

    def lasts_s(self, left_ml: float) -> float:
        return BASELINE_S + self.first + self.count * self.every

    def gives_ml(self, left_ml: float) -> float:
        between_s = self.first + self.count * (self.every - self.over)
        return self.count * self.volume + (self.basal or 0.0) * between_s / 3600

    def impossible(self, bench: BenchFile) -> Sequence[str]:
        """Only some pumps have a schedule of their own."""
        pump = bench.pump
        if self.basal is None or pump is None or "bolus-on-basal" in drivers("pumps")[pump.driver].can:
            return ()
        return (f"basal: {pump.driver!r} runs no schedule of its own; without basal each bolus is commanded at its moment",)
