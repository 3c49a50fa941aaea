"""What a plan can ask of a pump: one model per procedure, limits with their units."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from harness.files import Strict
from harness.metrology.rules import Interval, parse_rule
from harness.quantities import (
    Grams,
    Micrograms,
    MicrogramsPerMilliLitre,
    MicroLitres,
    MicroLitresPerHour,
    Milligrams,
    MilliLitres,
    MilliLitresPerHour,
    Percent,
    Seconds,
)

Rule = Annotated[str, AfterValidator(parse_rule)]


class Limit(Strict):
    """What a value must keep to, and by which decision rule; the plan's own, unless told."""

    rule: Rule | None = None


class PercentLimit(Limit):
    """Within so many percent of the set value, both ways."""

    within: Annotated[Percent, Field(gt=0)]

    @property
    def interval(self) -> tuple[float, float]:
        return -self.within, self.within


class DurationLimit(Limit):
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


class TimeLimit(Limit):
    """So long before and after the moment it should be at."""

    within: Annotated[Seconds, Field(gt=0)]

    @property
    def interval(self) -> Interval:
        return -self.within, self.within


class VolumeLimit(Limit):
    within: Annotated[MicroLitres, Field(gt=0)]

    @property
    def interval(self) -> Interval:
        return -self.within, self.within


class FlowLimit(Limit):
    within: Annotated[MicroLitresPerHour, Field(gt=0)]

    @property
    def interval(self) -> Interval:
        return -self.within, self.within


class MassLimit(Limit):
    within: Annotated[Milligrams, Field(gt=0)]

    @property
    def interval(self) -> Interval:
        return -self.within, self.within


class ScatterLimit(Limit):
    at_most: Annotated[Milligrams, Field(gt=0)]

    @property
    def interval(self) -> Interval:
        return None, self.at_most


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
    """What every case has. ``reporting_interval`` (s) is the spacing of the masses in the report's table.

    ``blank`` (s): after the case the pump stands for so long, so that its evaporation is known from before and after.
    ``weighs_flow``: the balance shows what flows into the vessel; the bench must be calm then, and a blank corrects it.
    ``by_hand``: it has steps that somebody is asked to do.
    """

    weighs_flow: ClassVar[bool] = True
    by_hand: ClassVar[bool] = False

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    title: str
    requirement: Annotated[list[str], Field(min_length=1)]
    reporting_interval: Annotated[Seconds, Field(gt=0)] = 60.0
    after: After | None = None
    blank: Annotated[Seconds, Field(ge=0)] = 0.0


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


class DailyCheckCase(CaseBase):
    """A check weight, put on the balance and taken off ``placements`` times after a ``standstill`` in which nothing is touched.

    ``check_weight`` is its conventional mass by its certificate, ``check_weight_uncertainty`` standard. After each step the
    balance has ``settle`` at least, then it is weighed for ``hold``. ``stability`` bounds drift and scatter in the stand-still.
    """

    weighs_flow: ClassVar[bool] = False
    by_hand: ClassVar[bool] = True

    procedure: Literal["daily-check"]
    check_weight: Annotated[Grams, Field(gt=0)]
    check_weight_uncertainty: Annotated[Grams, Field(ge=0)]
    placements: Annotated[int, Field(ge=3)] = 10
    settle: Annotated[Seconds, Field(ge=0)] = 10.0
    hold: Annotated[Seconds, Field(ge=1)] = 10.0
    standstill: Annotated[Seconds, Field(ge=30)] = 120.0
    deviation: MassLimit
    zero: MassLimit
    stability: MassLimit
    repeatability: ScatterLimit

    @model_validator(mode="after")
    def _hold_fits(self) -> DailyCheckCase:
        if self.hold > self.standstill:
            raise ValueError("hold is longer than the standstill, whose last part is the first zero")
        return self


Case = Annotated[
    BolusCase | SteadyFlowCase | PumpOffCase | RunToEmptyCase | DeliveryCase | DailyCheckCase,
    Field(discriminator="procedure"),
]
