"""A voltage read as a line that is high or low."""

from __future__ import annotations

import math

from instruments.meters import Measured


def level_of(volts: Measured, threshold_v: float) -> Measured:
    """1.0 above the threshold, 0.0 up to it; NaN stays NaN."""
    value = volts.value if math.isnan(volts.value) else float(volts.value > threshold_v)
    return Measured(value, volts.stamp_us)
