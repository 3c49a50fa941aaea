"""Cases of the start-up graph and the trumpet curve (fluid-delivery-test-methods, sections 4 to 6)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.cases.base import NotNegative, Positive
from harness.cases.flows import Rate
from harness.cases.limits import DurationLimit, PercentLimit
from harness.cases.outlet import OutletCase
from harness.quantities import Seconds

BASELINE_S, RUN_OUT_S = 60.0, 120.0
"""Watched before the start, and after the stop."""
WINDOWS: Mapping[str, tuple[float, ...]] = {
    "iec": tuple(60.0 * minutes for minutes in (2, 5, 11, 19, 31)),
    "ambulatory": tuple(60.0 * minutes for minutes in (15, 60, 150, 330, 570, 930)),
}
"""Window lengths in s by name: S = 0.5 min and S = 15 min (fluid-delivery-test-methods, section 6)."""
_WHOLE = 1e-6


def _windows(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value not in WINDOWS:
        raise ValueError(f'is {", ".join(WINDOWS)}, or a list like ["2 min", "5 min"]')
    return [f"{window_s:g} s" for window_s in WINDOWS[value]]


Windows = Annotated[
    tuple[Annotated[Seconds, Field(gt=0)], ...],
    BeforeValidator(_windows, json_schema_input_type=Literal["iec", "ambulatory"] | list[Seconds]),
    Field(min_length=1),
]


class TrumpetCase(OutletCase):
    """A constant rate from its start on: start-up graph, mean error over the analysis period, trumpet curve in it.

    The analysis period follows the ``stabilisation``, whatever a standard calls the two: for syringe and volumetric pumps T1 is
    the second hour and T2 the last one of the container's life, for ambulatory pumps T1 is the stabilisation and T2 the
    analysis. ``period`` says which error it is: A (T1) or B (T2); an ambulatory pump's is A. The start-up graph goes from the
    start to the end of the analysis period, at most over 2 h or the stabilisation, whichever is longer (T0).

    ``window_errors`` are limits of the trumpet curve: one for all windows, or one for each. ``sud_50`` and ``sud_90``: from
    the start until the flow has half, and 90 %, of the set rate.
    """

    procedure: Literal["trumpet"]
    rate: Rate
    sample_interval: Positive = 30.0
    stabilisation: NotNegative = 3600.0
    analysis: Positive = 3600.0
    period: Literal["A", "B"] = "A"
    windows: Windows = Field(default="iec", validate_default=True)
    flow_error: PercentLimit
    window_errors: list[PercentLimit] = []
    sud_50: DurationLimit | None = None
    sud_90: DurationLimit | None = None

    @property
    def start_up_s(self) -> float:
        """T0 in whole sample intervals."""
        longest_s = min(self.stabilisation + self.analysis, max(7200.0, self.stabilisation))
        return max(1, math.floor(longest_s / self.sample_interval + _WHOLE)) * self.sample_interval

    @property
    def moving_mean_s(self) -> float:
        """Over which the start-up delay is found: 2 min, or one interval where that is longer."""
        return self.sample_interval * math.ceil(120.0 / self.sample_interval - _WHOLE)

    @property
    def judged_windows(self) -> list[tuple[float, PercentLimit]]:
        """Each window in s with its limit."""
        limits = self.window_errors * len(self.windows) if len(self.window_errors) == 1 else self.window_errors
        return list(zip(self.windows, limits, strict=False))

    @model_validator(mode="after")
    def _fits(self) -> TrumpetCase:
        for name, span_s in (("analysis", self.analysis), *(("windows", window_s) for window_s in self.windows)):
            count = span_s / self.sample_interval
            if abs(count - round(count)) > _WHOLE * count or round(count) < 1:
                told = f"{name}: {span_s:g} s is no whole number of sample intervals"
                raise ValueError(f"{told} of {self.sample_interval:g} s")
        if max(self.windows) > self.analysis:
            raise ValueError(f"windows: {max(self.windows):g} s is longer than the analysis period of {self.analysis:g} s")
        return self

    @model_validator(mode="after")
    def _limits_fit(self) -> TrumpetCase:
        if len(self.window_errors) not in (0, 1, len(self.windows)):
            told = f"window_errors: {len(self.window_errors)} limits for {len(self.windows)} windows"
            raise ValueError(f"{told}; give one for all, or one for each")
        if late := [limit for limit in (self.sud_50, self.sud_90) if limit is not None and limit.most >= self.start_up_s]:
            told = f"a start-up that is watched for {self.start_up_s:g} s cannot show a delay of {late[0].most:g} s"
            raise ValueError(f"sud_50 and sud_90 need an at_most below that: {told}")
        if self.outlet_kpa and (self.sud_50 or self.sud_90):
            raise ValueError(
                "sud_50 and sud_90 are of the normal condition; leave them, or outlet_pressure and outlet_height, out"
            )
        return self

    def lasts_s(self, left_ml: float) -> float:
        return BASELINE_S + self.stabilisation + self.analysis + self.moving_s + RUN_OUT_S

    def gives_ml(self, left_ml: float) -> float:
        return self.rate * (self.stabilisation + self.analysis + self.moving_s) / 3600

    @property
    def weighed_ml(self) -> float:
        return self.rate * self.analysis / 3600
