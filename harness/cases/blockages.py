"""Cases of a line that is closed: by an alarm that tells of it, or by the balance alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from harness.analysis.occlusion import time_to_alarm_s
from harness.cases.balance import BY_HAND_S
from harness.cases.base import CaseBase, Needed, NotNegative, Positive
from harness.cases.flows import Rate
from harness.cases.limits import DurationLimit, PercentLimit, PressureLimit, VolumeLimit
from harness.quantities import Kilopascals
from harness.stands import BenchFile

LEVEL_S = 60.0
"""Averaged before the stopcock is opened, and at the end of what comes then."""
_LATE, _LATE_S = 1.25, 60.0
"""So much later than allowed an alarm is still waited for, so that its time can be told."""
Place = Annotated[float, Field(ge=0, le=1)]
"""Where along the line the stopcock is: 0 near the pump, 1 at the outlet."""


class OcclusionCase(CaseBase):
    """A closed line at a set rate: time to the alarm, line pressure at it, and the post-occlusion bolus.

    (Fluid-delivery-test-methods, section 9.) ``settle``: until the flow is constant. ``threshold``: what somebody sets the
    pump's alarm to first. ``relief``: after the alarm, for a pump that takes pressure back by itself; ``release``: so long the
    bolus is collected. Pump and pressure are asked every ``poll``.
    """

    surges: ClassVar[tuple[str, ...]] = ("release",)
    alarms: ClassVar[tuple[str, ...]] = ("stall",)
    asks: ClassVar[bool] = True
    instruments: ClassVar[tuple[Needed, ...]] = (("balance", "stream"), ("pressure", "voltage"))

    procedure: Literal["occlusion"]
    rate: Rate
    settle: NotNegative = 600.0
    place: Place = 1.0
    threshold: Annotated[Kilopascals, Field(gt=0)] | None = None
    poll: Positive = 2.0
    relief: Annotated[Positive, Field(ge=LEVEL_S)] = 2 * LEVEL_S
    release: Annotated[Positive, Field(ge=2 * LEVEL_S)] = 5 * LEVEL_S
    alarm_within: DurationLimit
    pressure: PressureLimit | None = None
    bolus: VolumeLimit

    @model_validator(mode="after")
    def _has_an_end(self) -> OcclusionCase:
        if self.alarm_within.at_most is None:
            raise ValueError(
                'alarm_within needs an at_most, like { at_most = "10 min" }: it says how long an alarm is waited for'
            )
        return self

    @property
    def waits_s(self) -> float:
        """How long an alarm is waited for."""
        return _LATE * self.alarm_within.most + _LATE_S

    def lasts_s(self, left_ml: float) -> float:
        return self.settle + self.waits_s + self.relief + self.release + 4 * BY_HAND_S

    def gives_ml(self, left_ml: float) -> float:
        return self.rate * (self.settle + self.waits_s) / 3600

    def impossible(self, bench: BenchFile) -> Sequence[str]:
        """C dp / Q is longer than what is allowed: no pump could keep to it."""
        if self.threshold is None:
            return ()
        fills_s = time_to_alarm_s(bench.catheter.compliance_l_pa, self.threshold, self.rate)
        if fills_s <= self.alarm_within.most:
            return ()
        told = f"the line takes {fills_s:.0f} s to come to {self.threshold:g} kPa at {self.rate:g} mL/h (C dp / Q, C by its lag)"
        return (f"alarm_within: {told}, and {self.alarm_within.most:g} s are allowed; allow more, or set a higher rate",)


class NoFlowCase(CaseBase):
    """A closed line at a rate at which no pressure tells of it: how long until the balance is sure that nothing flows.

    (Fluid-delivery-test-methods, section 9.) The bench is qualified by it, and with ``flow_error`` the pump's flow before.
    ``duration``: flow is weighed, and must not be missed; then the stopcock is closed for ``blocked``. ``window``: over which
    the flow is looked at; as short as the balance allows, unless told.
    """

    surges: ClassVar[tuple[str, ...]] = ("release",)
    asks: ClassVar[bool] = True

    procedure: Literal["no-flow"]
    rate: Rate
    settle: NotNegative = 3600.0
    duration: Positive
    blocked: Positive
    place: Place = 1.0
    window: Positive | None = None
    release: Annotated[Positive, Field(ge=2 * LEVEL_S)] = 5 * LEVEL_S
    detection: DurationLimit
    flow_error: PercentLimit | None = None

    @model_validator(mode="after")
    def _waits_long_enough(self) -> NoFlowCase:
        if not self.detection.most < self.blocked:
            raise ValueError(
                "detection needs an at_most below blocked: the line must be closed for longer than the detector may take"
            )
        if self.window is not None and self.window > self.duration:
            raise ValueError("window is longer than the duration that the flow is watched for")
        return self

    def lasts_s(self, left_ml: float) -> float:
        return self.settle + self.duration + self.blocked + self.release + 2 * BY_HAND_S

    def gives_ml(self, left_ml: float) -> float:
        return self.rate * (self.settle + self.duration + self.blocked + BY_HAND_S) / 3600

    @property
    def weighed_ml(self) -> float:
        return self.rate * self.duration / 3600 if self.flow_error else 0.0
