"""Cases of what feeds a pump: power that is lost and comes back, a battery near its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from harness.cases.base import CaseBase, Needed, NotNegative, Positive
from harness.cases.flows import Rate
from harness.cases.limits import PercentLimit, VoltageLimit, VolumeLimit
from harness.quantities import Volts
from harness.stands import BenchFile, relaxed_s

Watched = Annotated[Positive, Field(ge=300)]
DWELL_S = 10.0
"""At each voltage: a battery has to be low for a while before a pump says so."""
WITHOUT_S = 10.0
"""Between the old battery and the new one."""


class PowerInterruptionCase(CaseBase):
    """The pump loses its power in the middle of an infusion, has none for ``off``, and gets it back.

    By the ``supply`` in its battery's place, or by ``hand``. ``flow_error``: over ``duration`` before, and again after it was
    started anew, for which the pump either has kept its rate or says that it has lost it. What comes from the loss of the power
    until it is told to start (``watch`` after the power is back) keeps to ``unasked_volume``.
    """

    alarms: ClassVar[tuple[str, ...]] = ("power",)

    procedure: Literal["power-interruption"]
    by: Literal["supply", "hand"]
    rate: Rate
    settle: NotNegative = 600.0
    duration: Watched = 1200.0
    off: Positive
    watch: Watched = 600.0
    flow_error: PercentLimit
    unasked_volume: VolumeLimit

    @property
    def by_hand(self) -> bool:
        return self.by == "hand" or super().by_hand

    def lasts_s(self, left_ml: float) -> float:
        return 2 * (self.settle + self.duration) + self.off + self.watch

    def gives_ml(self, left_ml: float) -> float:
        return self.rate * 2 * (self.settle + self.duration) / 3600

    @property
    def weighed_ml(self) -> float:
        return self.rate * self.duration / 3600

    def impossible(self, bench: BenchFile) -> Sequence[str]:
        if self.by == "hand" or bench.battery is not None:
            return ()
        return ('by = "supply" needs a supply as the pump\'s battery: a [battery] table; else take the power away by "hand"',)


class BatteryCase(CaseBase):
    """The battery's voltage falls from ``full`` in steps of ``step``, as far as ``least`` if need be, while the pump infuses.

    ``eri_voltage`` and ``eos_voltage`` are the windows in which the alarms for replacement (ERI) and end of service (EOS) have to
    come. Up to EOS the delivery goes on: ``flow_error`` over ``duration`` at full voltage, and again after ERI. After EOS nothing
    more than ``volume_after`` comes within ``watch``. At the end the pump has a new battery. The supply holds a voltage within
    ``supply_uncertainty`` (standard).
    """

    alarms: ClassVar[tuple[str, ...]] = ("battery",)
    instruments: ClassVar[tuple[Needed, ...]] = (("pump", "battery"), ("battery", "output"), ("balance", "stream"))

    procedure: Literal["battery"]
    rate: Rate
    settle: NotNegative = 600.0
    duration: Watched = 1200.0
    watch: Watched = 1200.0
    full: Volts = 3.0
    least: Annotated[Volts, Field(gt=0)]
    step: Annotated[Volts, Field(gt=0)] = 0.02
    supply_uncertainty: Annotated[Volts, Field(ge=0)] = 0.005
    eri_voltage: VoltageLimit
    eos_voltage: VoltageLimit
    flow_error: PercentLimit
    volume_after: VolumeLimit

    @model_validator(mode="after")
    def _falls(self) -> BatteryCase:
        lowest_v = min(side for limit in (self.eri_voltage, self.eos_voltage) for side in limit.interval if side is not None)
        if not self.least < lowest_v < self.full:
            told = f"full ({self.full:g} V) has to be above all limits of the alarms, and least ({self.least:g} V) below"
            raise ValueError(f"{told} the lowest of them ({lowest_v:g} V)")
        return self

    @property
    def voltages_v(self) -> list[float]:
        """Every voltage on the way down."""
        return [self.full - number * self.step for number in range(1, int((self.full - self.least) / self.step + 1.5))]

    def lasts_s(self, left_ml: float) -> float:
        return self._infuses_s + self.watch + relaxed_s(0.0) + WITHOUT_S

    def gives_ml(self, left_ml: float) -> float:
        return self.rate * self._infuses_s / 3600

    @property
    def _infuses_s(self) -> float:
        return self.settle + 2 * self.duration + len(self.voltages_v) * DWELL_S

    @property
    def weighed_ml(self) -> float:
        return self.rate * self.duration / 3600
