"""Cases of a constant flow, and of none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from harness.cases.base import CaseBase, NotNegative, Positive
from harness.cases.limits import DurationLimit, FlowLimit, LossLimit, PercentLimit
from harness.cases.outlet import OutletCase
from harness.quantities import MilliLitresPerHourOfDrug
from harness.stands import BenchFile

Rate = Annotated[MilliLitresPerHourOfDrug, Field(gt=0)]


class SteadyFlowCase(OutletCase):
    """A constant set rate; the first ``settle`` of it is not judged."""

    procedure: Literal["steady-flow"]
    rate: Rate
    settle: NotNegative = 3600.0
    duration: Positive
    flow_error: PercentLimit
    no_delivery: DurationLimit | None = None

    def lasts_s(self, left_ml: float) -> float:
        return self.settle + self.duration + self.moving_s

    def gives_ml(self, left_ml: float) -> float:
        return self.rate * self.lasts_s(left_ml) / 3600

    @property
    def weighed_ml(self) -> float:
        return self.rate * self.duration / 3600


class PumpOffCase(CaseBase):
    """The pump is switched off; nothing may flow.

    ``evaporation``: what the vessel loses meanwhile, by nothing but its own readings; below 0 it gains, so that a leak into it
    which was there in the blank too, and was taken for less evaporation, has a limit of its own.
    """

    procedure: Literal["pump-off"]
    settle: NotNegative = 600.0
    duration: Positive
    flow: FlowLimit
    evaporation: LossLimit | None = None

    def lasts_s(self, left_ml: float) -> float:
        return self.settle + self.duration

    def impossible(self, bench: BenchFile) -> Sequence[str]:
        """A leak as large as the evaporation that the blank may show cannot be told from it."""
        hidden_ul_h, most_ul_h = bench.vessel.evaporation_at_most * 1000, self.flow.most
        if hidden_ul_h <= most_ul_h / 2:
            return ()
        told = f"a leak of {hidden_ul_h:g} uL/h could hide in the blank, and {most_ul_h:g} uL/h are allowed"
        return (f"flow: {told}; cover the vessel and lower vessel.evaporation_at_most of the bench to half of that",)


class DeliveryCase(CaseBase):
    """Whenever the pump says that it runs, liquid has to leave it: the longest time it does not."""

    procedure: Literal["delivery"]
    no_delivery: DurationLimit
