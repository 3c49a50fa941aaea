"""What a balance said: one weighing with its digits, or a whole stretch of them as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from instruments.stamped import IntArray


@dataclass(frozen=True, slots=True)
class Weighing:
    """One weight answer. ``mass_g`` keeps the digits as they were sent; it is None when there is no value.

    ``status``: S stable, D dynamic, + overload, - underload, I not executable, L refused, E hardware error (then ``code``).
    """

    mass_g: Decimal | None
    status: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Readings:
    """Weighings of a block, one row each: stamps in microseconds, masses in g (NaN where none), status as a byte.

    The status bytes are those of ``Weighing``, whatever the family calls them on its own line.
    """

    stamps_us: IntArray
    masses_g: NDArray[np.float64]
    statuses: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.stamps_us)
