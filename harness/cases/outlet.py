"""Cases in which the outlet may lie higher or lower than the pump, or under a pressure of its own."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from harness.cases.base import CaseBase
from harness.quantities import Kilopascals, Metres

OUTLET, OUTLET_BACK = "outlet", "outlet back"
"""Phases in which the outlet is moved: what is elastic in the line fills or empties then, faster than any set rate."""
RELAXING_S = 600.0
"""So long each of them lasts at least: ten minutes are a hundred lags of a stiff line."""
PA_M = 998.2 * 9.80665
"""Of water at 20 degC (fluid-delivery-test-methods, section 7)."""


class OutletCase(CaseBase):
    """A flow against ``outlet_pressure`` (gauge), or with the outlet ``outlet_height`` above the pump; below 0 it is a siphon.

    Somebody brings the outlet there when the pump has been started, and back before it is stopped.
    """

    surges: ClassVar[tuple[str, ...]] = (OUTLET, OUTLET_BACK)

    outlet_pressure: Annotated[Kilopascals, Field(ge=-90, le=200)] | None = None
    outlet_height: Annotated[Metres, Field(ge=-5, le=5)] | None = None

    @property
    def outlet_kpa(self) -> float:
        """p = rho g h where a height was declared (fluid-delivery-test-methods, section 7)."""
        if self.outlet_height is not None:
            return self.outlet_height * PA_M / 1000
        return self.outlet_pressure or 0.0

    @property
    def by_hand(self) -> bool:
        return super().by_hand or self.outlet_kpa != 0

    @property
    def moving_s(self) -> float:
        """What bringing the outlet there and back adds to the case."""
        return 2 * RELAXING_S if self.outlet_kpa else 0.0

    @model_validator(mode="after")
    def _one_of_both(self) -> OutletCase:
        if self.outlet_pressure is not None and self.outlet_height is not None:
            raise ValueError("has outlet_pressure and outlet_height; give one of them")
        return self
