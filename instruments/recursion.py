"""First-order recursion over samples, as lags and noise with a memory need it.

scipy.signal has it too, and much else: its import alone takes as long as a short run.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dtbsv


def recursed(driven: NDArray[np.float64], keep: float, before: float = 0.0) -> NDArray[np.float64]:
    """``y[n] = keep * y[n - 1] + driven[n]``, after a y of ``before``: the same in blocks as in one go.

    That is a triangular system of two bands, solved from its first row on.
    """
    values = np.array(driven, dtype=np.float64)
    values[0] += keep * before
    bands = np.full((2, len(values)), -keep, order="F")
    return np.asarray(dtbsv(1, bands, values, lower=1, diag=1, overwrite_x=1))
