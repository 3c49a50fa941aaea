"""When the lines of a stream have gone out: each after its own conversion, and behind the line before it."""

from __future__ import annotations

import numpy as np

from instruments.sim.physics.arrays import FloatArray


def sent_s(moments_s: FloatArray, *, latency_s: float, delay_s: float, free_s: float) -> FloatArray:
    """For each conversion the moment at which the last byte of its line has left.

    ``delay_s`` is latency and line together, ``free_s`` when what was on the line before has left it.
    """
    ready_s = moments_s + latency_s - (delay_s - latency_s) * np.arange(len(moments_s))
    begin_s = np.maximum.accumulate(np.maximum(ready_s, free_s))
    return np.asarray(moments_s + delay_s + (begin_s - ready_s))
