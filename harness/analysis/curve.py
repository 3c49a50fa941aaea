"""The corrected volume over time: what the estimators work on that look at more than two moments."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from harness.record import FloatArray


@dataclass(frozen=True, slots=True)
class Curve:
    """Volume delivered by each moment, in mL, all corrections made; its zero has no meaning.

    ``u_ml`` is the standard uncertainty of one point that is independent from point to point (noise and readability of one
    reading); ``u_level_ml`` that of a level, however many readings it is the mean of (wetting of the needle, linearity);
    ``u_common_pct`` that of any difference in percent of it, alike for all (density, sensitivity, immersion);
    ``u_flow_ml_h`` that of the flow which is alike at all moments (evaporation, drift).
    """

    moments_s: FloatArray
    volumes_ml: FloatArray
    u_ml: float = 0.0
    u_common_pct: float = 0.0
    u_flow_ml_h: float = 0.0
    u_level_ml: float = 0.0

    def __len__(self) -> int:
        return len(self.moments_s)

    @property
    def u_point_ml(self) -> float:
        """Standard uncertainty of one point, from all that is not alike for all."""
        return math.hypot(self.u_ml, self.u_level_ml)

    def between(self, start_s: float, end_s: float) -> Curve:
        """Points with ``start_s <= moment < end_s``."""
        first, last = np.searchsorted(self.moments_s, [start_s, end_s])
        return replace(self, moments_s=self.moments_s[first:last], volumes_ml=self.volumes_ml[first:last])
