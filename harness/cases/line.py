"""Cases of the line itself: what it holds, and whether it holds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from harness.analysis.occlusion import time_to_alarm_s
from harness.cases.balance import BY_HAND_S
from harness.cases.base import CaseBase, Needed, NotNegative, Positive
from harness.cases.blockages import LEVEL_S, Place
from harness.cases.flows import Rate
from harness.cases.limits import PercentLimit, PressureLimit, VolumeLimit
from harness.quantities import Kilopascals, MilliLitres
from harness.stands import BenchFile

_BEYOND = 1.5
"""So many dead volumes have to be primed at least: the flow behind the first drop is what the dead volume is told from."""


class PrimeCase(CaseBase):
    """A line is filled by priming, then the pump infuses: dead volume, what came in all, and when.

    The line is emptied by hand first: ``catheter`` is its declared volume, ``pump_path`` what is empty of the pump besides; with
    neither the line is full already, and is only rinsed and wetted. ``rate`` is that of priming. ``dead_volume``: pushed until
    the first liquid arrives, in percent of what is declared; ``volume_error``: of what was primed, what stays in the line
    counted in; ``course``: how far the volume at the outlet is ahead of the programme, or behind it, at any moment;
    ``flow_error``: at ``flow_rate`` for ``duration``, ``settle`` after the priming. The last two find the hazard of a priming
    bolus that comes too fast and is followed by too little (dosing-and-pump-specs, section 3).
    """

    asks: ClassVar[bool] = True
    instruments: ClassVar[tuple[Needed, ...]] = (("pump", "target-volume"), ("balance", "stream"))

    procedure: Literal["prime"]
    catheter: Annotated[MilliLitres, Field(ge=0)] = 0.0
    pump_path: Annotated[MilliLitres, Field(ge=0)] = 0.0
    volume: Annotated[MilliLitres, Field(gt=0)]
    rate: Rate
    flow_rate: Rate
    settle: NotNegative = 600.0
    duration: Positive
    dead_volume: PercentLimit | None = None
    volume_error: PercentLimit
    course: VolumeLimit
    flow_error: PercentLimit

    @property
    def dead_ml(self) -> float:
        """What is declared to be empty."""
        return self.catheter + self.pump_path

    @property
    def primes_s(self) -> float:
        return self.volume / self.rate * 3600

    @model_validator(mode="after")
    def _fills_the_line(self) -> PrimeCase:
        if self.dead_volume is not None and not self.catheter:
            raise ValueError('dead_volume needs the catheter\'s declared volume, like catheter = "0.22 mL"')
        if self.volume < _BEYOND * self.dead_ml:
            least = f"catheter and pump_path are {self.dead_ml:g} mL; prime {_BEYOND * self.dead_ml:g} mL at least"
            raise ValueError(f"volume of {self.volume:g} mL does not fill the line and flow on: {least}")
        return self

    def lasts_s(self, left_ml: float) -> float:
        return 4 * LEVEL_S + self.primes_s + self.settle + self.duration + 2 * BY_HAND_S

    def gives_ml(self, left_ml: float) -> float:
        return self.volume + self.flow_rate * (self.settle + self.duration) / 3600

    @property
    def weighed_ml(self) -> float:
        return self.flow_rate * self.duration / 3600

    def impossible(self, bench: BenchFile) -> Sequence[str]:
        """A catheter that is declared otherwise than it stands in the bench file would be found, and no fault of the line."""
        if self.dead_volume is None:
            return ()
        low_pct, high_pct = self.dead_volume.interval
        off_pct = (bench.catheter.volume_ml / self.catheter - 1) * 100
        if (low_pct is None or off_pct >= low_pct) and (high_pct is None or off_pct <= high_pct):
            return ()
        told = f"{self.catheter:g} mL is declared, and the catheter of the bench file holds {bench.catheter.volume_ml:.3g} mL"
        return (f"catheter: {told}; mend catheter.length or catheter.bore there, or declare what it is",)


class LeakCase(CaseBase):
    """The pump brings a closed line to ``pressure``, within so much time, and stands: the line has to hold it for ``hold``.

    Before that it infuses into the vessel for ``settle`` and ``duration``, afterwards the line is opened: all that the pump says
    it has infused has to be weighed (``volume_error``). The hold begins ``relax`` after the stop; pressures are read ``every`` so
    often.
    """

    surges: ClassVar[tuple[str, ...]] = ("release",)
    asks: ClassVar[bool] = True
    instruments: ClassVar[tuple[Needed, ...]] = (("pump", "totals"), ("balance", "stream"), ("pressure", "voltage"))

    procedure: Literal["leak"]
    rate: Rate
    duration: Positive
    place: Place = 1.0
    pressure: Annotated[Kilopascals, Field(gt=0)]
    within: Positive
    relax: NotNegative = 120.0
    hold: Positive
    every: Positive = 10.0
    release: Annotated[Positive, Field(ge=2 * LEVEL_S)] = 5 * LEVEL_S
    pressure_loss: PressureLimit
    volume_error: PercentLimit

    def lasts_s(self, left_ml: float) -> float:
        return LEVEL_S + self.duration + self.within + self.relax + self.hold + self.release + 2 * BY_HAND_S

    def gives_ml(self, left_ml: float) -> float:
        return self.rate * (self.duration + self.within + BY_HAND_S) / 3600

    @property
    def weighed_ml(self) -> float:
        return self.rate * self.duration / 3600

    def impossible(self, bench: BenchFile) -> Sequence[str]:
        fills_s = time_to_alarm_s(bench.catheter.compliance_l_pa, self.pressure, self.rate)
        if fills_s <= self.within:
            return ()
        told = f"the line takes {fills_s:.0f} s to come to {self.pressure:g} kPa at {self.rate:g} mL/h (C dp / Q, C by its lag)"
        return (f"within: {told}, and {self.within:g} s are given; give more, or set a higher rate",)
