"""What a plan can ask of a pump: one model per procedure, limits with their units."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from harness.files import Strict
from harness.quantities import (
    Micrograms,
    MicrogramsPerMilliLitre,
    MicroLitres,
    MicroLitresPerHour,
    MilliLitres,
    MilliLitresPerHour,
    Percent,
    Seconds,
)

Interval = tuple[float | None, float | None]
"""Lower and upper limit; None is an open side."""


class PercentLimit(Strict):
    """Within so many percent of the set value, both ways."""

    within: Annotated[Percent, Field(gt=0)]

    @property
    def interval(self) -> tuple[float, float]:
        return -self.within, self.within


class DurationLimit(Strict):
    at_least: Seconds | None = None
    at_most: Seconds | None = None

    @property
    def interval(self) -> Interval:
        return self.at_least, self.at_most

    @model_validator(mode="after")
    def _has_a_side(self) -> DurationLimit:
        if self.at_least is None and self.at_most is None:
            raise ValueError('needs at_least or at_most, like { at_least = "60 s" }')
        return self


class TimeLimit(Strict):
    """So long before and after the moment it should be at."""

    within: Annotated[Seconds, Field(gt=0)]

    @property
    def interval(self) -> Interval:
        return -self.within, self.within


class VolumeLimit(Strict):
    within: Annotated[MicroLitres, Field(gt=0)]

    @property
    def interval(self) -> Interval:
        return -self.within, self.within


class FlowLimit(Strict):
    within: Annotated[MicroLitresPerHour, Field(gt=0)]

    @property
    def interval(self) -> Interval:
        return -self.within, self.within


class Drug(Strict):
    """What the plan's doses are doses of; ``concentration`` in ug/mL is the labelled one."""

    name: str
    concentration: Annotated[MicrogramsPerMilliLitre, Field(gt=0)]


class After(Strict):
    """This case starts so long after the start of another, give or take ``within``."""

    case: str
    start_to_start: Annotated[Seconds, Field(gt=0)]
    within: Annotated[Seconds, Field(gt=0)]


class CaseBase(Strict):
    """What every case has. ``reporting_interval`` (s) is the spacing of the masses in the report's table."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    title: str
    requirement: Annotated[list[str], Field(min_length=1)]
    reporting_interval: Annotated[Seconds, Field(gt=0)] = 60.0
    after: After | None = None


class BolusCase(CaseBase):
    """A bolus with its observation hold: dose or volume, the time it is programmed to take, and what is asked of both."""

    procedure: Literal["bolus"]
    dose: Micrograms | None = None
    volume: Annotated[MilliLitres, Field(gt=0)]
    over: Annotated[Seconds, Field(gt=0)]
    volume_error: PercentLimit
    duration: DurationLimit | None = None
    duration_error: PercentLimit | None = None
    hold: Annotated[Seconds, Field(ge=0)] = 0.0
    hold_volume: VolumeLimit | None = None

    @property
    def rate_ml_h(self) -> float:
        return self.volume / self.over * 3600

    @model_validator(mode="after")
    def _hold_has_time(self) -> BolusCase:
        if self.hold_volume is not None and self.hold <= 0:
            raise ValueError('hold_volume needs a hold, like hold = "4 h"')
        return self


class SteadyFlowCase(CaseBase):
    """A constant set rate; the first ``settle`` of it is not judged."""

    procedure: Literal["steady-flow"]
    rate: Annotated[MilliLitresPerHour, Field(gt=0)]
    settle: Annotated[Seconds, Field(ge=0)] = 3600.0
    duration: Annotated[Seconds, Field(gt=0)]
    flow_error: PercentLimit
    no_delivery: DurationLimit | None = None


class PumpOffCase(CaseBase):
    """The pump is switched off; nothing may flow."""

    procedure: Literal["pump-off"]
    settle: Annotated[Seconds, Field(ge=0)] = 600.0
    duration: Annotated[Seconds, Field(gt=0)]
    flow: FlowLimit


class RunToEmptyCase(CaseBase):
    """Infusion until the syringe is empty; the pump has to raise its alarm in time, and once is enough."""

    procedure: Literal["run-to-empty"]
    rate: Annotated[MilliLitresPerHour, Field(gt=0)]
    alarm_latency: TimeLimit
    residual_volume: VolumeLimit | None = None
    poll: Annotated[Seconds, Field(gt=0)] = 1.0


class DeliveryCase(CaseBase):
    """Whenever the pump says that it runs, liquid has to leave it: the longest time it does not."""

    procedure: Literal["delivery"]
    no_delivery: DurationLimit


Case = Annotated[BolusCase | SteadyFlowCase | PumpOffCase | RunToEmptyCase | DeliveryCase, Field(discriminator="procedure")]
