"""The no-flow detector as it would run beside a pump: at which moment it is sure, and whether it is ever sure for nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.analysis.curve import Curve
from harness.analysis.latency import clearly_without_flow

_STEPS = 10
"""So often within its window the detector looks."""


def without_flow_s(curve: Curve, rate_ml_h: float, window_s: float) -> Iterator[float]:
    """Moments at which the window before them is clearly without flow (fluid-delivery-test-methods, section 9), one after the
    other. Nothing where the curve is shorter than the window.
    """
    if not len(curve):
        return
    for moment_s in np.arange(curve.moments_s[0] + window_s, curve.moments_s[-1], window_s / _STEPS):
        until = curve.between(-np.inf, float(moment_s))
        if clearly_without_flow(until, rate_ml_h, min(window_s, float(until.moments_s[-1] - until.moments_s[0]))).clearly_without:
            yield float(until.moments_s[-1])
