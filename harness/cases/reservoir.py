"""Cases of a reservoir that runs empty."""

from __future__ import annotations

from typing import ClassVar, Literal

from harness.cases.base import CaseBase, Needed, Positive
from harness.cases.flows import Rate
from harness.cases.limits import TimeLimit, VolumeLimit


class RunToEmptyCase(CaseBase):
    """Infusion until the syringe is empty; the pump has to raise its alarm in time, and once is enough."""

    alarms: ClassVar[tuple[str, ...]] = ("stall", "empty", "low-reservoir")
    instruments: ClassVar[tuple[Needed, ...]] = (("pump", "totals"), ("balance", "stream"))

    procedure: Literal["run-to-empty"]
    rate: Rate
    alarm_latency: TimeLimit
    residual_volume: VolumeLimit | None = None
    poll: Positive = 1.0

    def lasts_s(self, left_ml: float) -> float:
        return max(left_ml, 0.0) / self.rate * 3600

    def gives_ml(self, left_ml: float) -> float:
        return max(left_ml, 0.0)
