"""The type of everything that is computed in blocks, and one moment as such a block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def at(moment_s: float) -> FloatArray:
    return np.asarray(moment_s, dtype=np.float64)
