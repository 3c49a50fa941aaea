"""Cases of the balance itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from harness.cases.base import CaseBase, NotNegative
from harness.cases.limits import MassLimit, ScatterLimit
from harness.quantities import Grams, Seconds
from harness.stands import BenchFile

BY_HAND_S = 15.0
"""What a person takes to put a weight on the pan, or to take it off."""


class DailyCheckCase(CaseBase):
    """A check weight, put on the balance and taken off ``placements`` times after a ``standstill`` in which nothing is touched.

    ``check_weight`` is its conventional mass by its certificate, ``check_weight_uncertainty`` standard. After each step the
    balance has ``settle`` at least, then it is weighed for ``hold``. ``stability`` bounds drift and scatter in the stand-still.
    """

    weighs_flow: ClassVar[bool] = False
    asks: ClassVar[bool] = True

    procedure: Literal["daily-check"]
    check_weight: Annotated[Grams, Field(gt=0)]
    check_weight_uncertainty: Annotated[Grams, Field(ge=0)]
    placements: Annotated[int, Field(ge=3)] = 10
    settle: NotNegative = 10.0
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

    def lasts_s(self, left_ml: float) -> float:
        return self.standstill + 2 * self.placements * (BY_HAND_S + self.settle + self.hold)

    def impossible(self, bench: BenchFile) -> Sequence[str]:
        balance = bench.balance
        if balance is None or self.check_weight <= balance.capacity:
            return ()
        return (f"check_weight: {self.check_weight:g} g is too heavy for the balance, it weighs up to {balance.capacity:g} g",)
