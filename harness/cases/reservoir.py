"""Cases of a reservoir: filling it, its alarms, running it empty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from harness.cases.base import CaseBase, Needed, Positive
from harness.cases.flows import Rate
from harness.cases.limits import DaysLimit, TimeLimit, VolumeLimit
from harness.quantities import MilliLitres, Percent
from harness.stands import BenchFile

BY_HAND_S = 30.0
"""What the simulated hands, and a person in no hurry at best, take to draw a reservoir out and to fill it again."""
RESTS_S = 120.0
"""Between the filling and the start of the flow: the line is at rest, and the balance has its level."""
PLATEAU_S = 600.0
"""Weighed when even a slow pump is empty, so that the end of the flow can be seen."""
_SLACK_ML = 1e-9


class RunToEmptyCase(CaseBase):
    """Infusion until the syringe is empty; the pump has to raise its alarm in time, and once is enough."""

    alarms: ClassVar[tuple[str, ...]] = ("stall", "empty", "low-reservoir")
    instruments: ClassVar[tuple[Needed, ...]] = (("pump", "totals"), ("balance", "stream"))

    procedure: Literal["run-to-empty"]
    rate: Rate
    alarm_latency: TimeLimit
    residual_volume: VolumeLimit | None = None
    poll: Positive = 1.0

    @model_validator(mode="after")
    def _alarm_has_an_end(self) -> RunToEmptyCase:
        if not math.isfinite(self.alarm_latency.most):
            raise ValueError(
                'alarm_latency needs within or at_most, like { at_most = "60 s" }: it says how long it is waited for'
            )
        return self

    def lasts_s(self, left_ml: float) -> float:
        return max(left_ml, 0.0) / self.rate * 3600

    def gives_ml(self, left_ml: float) -> float:
        return max(left_ml, 0.0)


class FilledCase(CaseBase):
    """What is in the reservoir is drawn out and weighed, then ``fill`` goes in and the pump is told.

    ``fill_uncertainty`` and ``withdrawn_uncertainty`` are standard: those of weighing the syringe before and after.
    ``withdrawn_error``: the volume drawn out, less what the pump believed to be there. A filling that has missed the reservoir is
    found when it is to be drawn out again.
    """

    asks: ClassVar[bool] = True
    instruments: ClassVar[tuple[Needed, ...]] = (("pump", "reservoir"), ("balance", "stream"))

    fill: Annotated[MilliLitres, Field(gt=0)]
    fill_uncertainty: Annotated[MilliLitres, Field(ge=0)] = 0.01
    withdrawn_uncertainty: Annotated[MilliLitres, Field(ge=0)] = 0.01
    withdrawn_error: VolumeLimit | None = None

    def leaves_ml(self, left_ml: float) -> float:
        return self.fill - self.gives_ml(left_ml)

    def impossible(self, bench: BenchFile) -> Sequence[str]:
        reservoir = bench.pump.reservoir if bench.pump else None
        if reservoir is None or self.fill <= reservoir.volume + _SLACK_ML:
            return ()
        return (f"fill: {self.fill:g} mL do not go into the reservoir, it holds {reservoir.volume:g} mL; fill less in",)


class RefillCase(FilledCase):
    """A refill and its account. ``told_error``: what the pump then says is in the reservoir, less ``fill``.

    ``over_fill``: a volume that it is told before, more than its reservoir holds; it has to refuse.
    """

    procedure: Literal["refill"]
    withdrawn_error: VolumeLimit
    told_error: VolumeLimit
    over_fill: Annotated[MilliLitres, Field(gt=0)] | None = None

    def lasts_s(self, left_ml: float) -> float:
        return BY_HAND_S

    def impossible(self, bench: BenchFile) -> Sequence[str]:
        reservoir = bench.pump.reservoir if bench.pump else None
        if reservoir is None or self.over_fill is None or self.over_fill > reservoir.volume:
            return super().impossible(bench)
        told = f"over_fill: {self.over_fill:g} mL go into the reservoir, it holds {reservoir.volume:g} mL"
        return (*super().impossible(bench), f"{told}; only more than that has to be refused")


class LowReservoirCase(FilledCase):
    """A reservoir is filled and run empty at ``rate``: its low-reservoir alarm, and that of the empty reservoir.

    A pump that only computes alarms by what it was programmed to deliver, so the alarm is held against both: ``alarm_error`` is
    the volume left by the programme at the low-reservoir alarm less ``alarm_volume``; ``residual`` what was left by the balance.
    Volumes are the same at any rate, so times at the rate of the therapy follow from times at ``rate``, in days: ``lead`` from
    the low-reservoir alarm to the empty reservoir, ``lasts`` from the start until it is empty, ``empty_latency`` from then to
    its alarm. ``undelivered``: what was filled in and never arrived.

    ``accuracy`` is that of the pump's flow: it is run until a pump that is so much too slow is empty too.
    """

    alarms: ClassVar[tuple[str, ...]] = ("low-reservoir", "empty")

    procedure: Literal["low-reservoir"]
    rate: Rate
    therapy_rate: Rate
    alarm_volume: Annotated[MilliLitres, Field(ge=0)]
    accuracy: Annotated[Percent, Field(gt=0, lt=100)]
    alarm_error: VolumeLimit
    residual: VolumeLimit | None = None
    lead: DaysLimit
    lasts: DaysLimit | None = None
    empty_latency: DaysLimit | None = None
    undelivered: VolumeLimit
    poll: Positive = 30.0

    @property
    def run_s(self) -> float:
        """Until a pump that is as slow as it may be has emptied the reservoir."""
        return self.fill / (self.rate * (1 - self.accuracy / 100)) * 3600

    @property
    def days_per_s(self) -> float:
        """Days at the rate of the therapy for a second at the rate of the test."""
        return self.rate / self.therapy_rate / 86400

    def lasts_s(self, left_ml: float) -> float:
        return BY_HAND_S + RESTS_S + self.run_s + PLATEAU_S

    def gives_ml(self, left_ml: float) -> float:
        return self.fill

    @property
    def weighed_ml(self) -> float:
        return self.fill

    def impossible(self, bench: BenchFile) -> Sequence[str]:
        if 0 < self.alarm_volume < self.fill:
            return super().impossible(bench)
        told = f"alarm_volume: with {self.fill:g} mL filled, an alarm at {self.alarm_volume:g} mL cannot occur in the run"
        return (*super().impossible(bench), f"{told}; it has to be more than 0 mL and less than the filling")
