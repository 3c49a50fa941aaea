"""Cases of single boluses."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from harness.cases.base import CaseBase, Needed, NotNegative, Positive
from harness.cases.limits import DurationLimit, PercentLimit, TimeLimit, VolumeLimit
from harness.quantities import Micrograms, VolumeOfDose

BASELINE_S = 60.0
"""Watched before a bolus."""
DRAIN_S = 120.0
"""Watched after it, while the line runs out."""


class BolusCase(CaseBase):
    """A bolus with its observation hold: dose or volume, the time it is programmed to take, and what is asked of both.

    Where both dose and volume are given they have to agree. ``onset``: from the command to the beginning of the flow.
    """

    instruments: ClassVar[tuple[Needed, ...]] = (("pump", "target-volume"), ("balance", "stream"))

    procedure: Literal["bolus"]
    dose: Annotated[Micrograms, Field(gt=0)] | None = None
    volume: VolumeOfDose = Field(default=None, validate_default=True)
    over: Positive
    volume_error: PercentLimit
    duration: DurationLimit | None = None
    duration_error: PercentLimit | None = None
    onset: TimeLimit | None = None
    hold: NotNegative = 0.0
    hold_volume: VolumeLimit | None = None

    @property
    def rate_ml_h(self) -> float:
        return self.volume / self.over * 3600

    @model_validator(mode="after")
    def _hold_has_time(self) -> BolusCase:
        if self.hold_volume is not None and self.hold <= 0:
            raise ValueError('hold_volume needs a hold, like hold = "4 h"')
        return self

    def lasts_s(self, left_ml: float) -> float:
        return BASELINE_S + self.over + DRAIN_S + self.hold

    def gives_ml(self, left_ml: float) -> float:
        return self.volume

    @property
    def weighed_ml(self) -> float:
        return self.volume
