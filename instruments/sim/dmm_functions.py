"""What a Truevolt multimeter can measure: functions with their ranges, and how one input is set up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from instruments.sim.scpi_commands import Given
from instruments.wire.scpi import Kind
from instruments.wire.scpi_errors import ScpiError

NPLC_PPM: tuple[tuple[float, float], ...] = ((0.02, 100.0), (0.2, 10.0), (1.0, 3.0), (10.0, 1.0), (100.0, 0.3))
"""Integration times of the 34461A in mains periods, and the resolution of each in millionths of the range (Truevolt guide)."""
NPLCS = tuple(nplc for nplc, _ in NPLC_PPM)
_OVER = 1.2
_RANGE_STEPS_V = (0.1, 1.0, 10.0, 100.0)


@dataclass(frozen=True, slots=True)
class Function:
    """``header``: its node in commands; ``unit`` as DATA:LAST? tells it; ``suffix`` as numbers may have it.

    ``overload_bit``: of the questionable register; ``open_value``: what it reads with nothing connected.
    """

    name: str
    header: str
    unit: str
    suffix: str
    ranges: tuple[float, ...]
    overload_bit: int
    open_value: float = 0.0

    def range_for(self, value: float) -> float:
        """The smallest range that ``value`` may be set to. Raises ScpiError -222 when there is none."""
        found = next((limit for limit in self.ranges if abs(value) <= limit), None)
        if found is None:
            raise ScpiError(-222)
        return found

    def range_holding(self, value: float) -> float:
        """The range that autoranging settles on, each with its 20 % of over-range."""
        return next((limit for limit in self.ranges if self.holds(value, limit)), self.ranges[-1])

    def holds(self, value: float, limit: float) -> bool:
        """All ranges but the highest go 20 % beyond their name."""
        return abs(value) <= (limit if limit == self.ranges[-1] else limit * _OVER)


_OPEN = float("inf")
FUNCTIONS: Mapping[str, Function] = {
    function.name: function
    for function in (
        Function("VOLT", "VOLTage[:DC]", "VDC", "V", (*_RANGE_STEPS_V, 1000.0), 1),
        Function("VOLT:AC", "VOLTage:AC", "VAC", "V", (*_RANGE_STEPS_V, 750.0), 1),
        Function("CURR", "CURRent[:DC]", "ADC", "A", (1e-4, 1e-3, 0.01, 0.1, 1.0, 3.0, 10.0), 2),
        Function("CURR:AC", "CURRent:AC", "AAC", "A", (1e-4, 1e-3, 0.01, 0.1, 1.0, 3.0, 10.0), 2),
        Function("RES", "RESistance", "OHM", "OHM", (100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8), 1 << 9, _OPEN),
        Function("FRES", "FRESistance", "OHM", "OHM", (100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8), 1 << 9, _OPEN),
    )
}


@dataclass(slots=True)
class Input:
    """How one function is set up. ``limit`` is the range, fixed or the one that autoranging chose last."""

    limit: float
    auto: bool = True
    nplc: float = 10.0
    auto_zero: bool = True
    auto_impedance: bool = False

    @property
    def resolution(self) -> float:
        return self.limit * dict(NPLC_PPM)[self.nplc] * 1e-6

    def set_nplc(self, nplc: float) -> None:
        """What lies between two integration times becomes the longer one."""
        self.nplc = next(step for step in NPLCS if step >= nplc)

    def set_resolution(self, resolution: float) -> None:
        """The shortest integration time that gives it. Raises ScpiError -222 when none does."""
        found = next((nplc for nplc, ppm in NPLC_PPM if self.limit * ppm * 1e-6 <= resolution * (1 + 1e-9)), None)
        if found is None:
            raise ScpiError(-222)
        self.nplc = found

    def cycle_s(self, mains_hz: float) -> float:
        """Auto zero measures a second time, with the input shorted inside."""
        return self.nplc / mains_hz * (2 if self.auto_zero else 1)


def take_range(function: Function, fresh: Input, given: Given) -> None:
    """The first number of CONF and MEAS. ``AUTO`` and ``DEFault`` leave the choice to the meter, as does no range at all."""
    words = {"MINimum": function.ranges[0], "MAXimum": function.ranges[-1], "AUTO": math.nan, "DEFault": math.nan}
    asked = given.number(function.suffix, words=words) if _number_follows(given) else math.nan
    if not math.isnan(asked):
        fresh.limit, fresh.auto = function.range_for(asked), False


def take_resolution(function: Function, fresh: Input, given: Given) -> None:
    """The second number of CONF and MEAS, which needs a range. Raises ScpiError -221, -222."""
    if not _number_follows(given):
        return
    ppms = [ppm * 1e-6 * fresh.limit for _, ppm in NPLC_PPM]
    asked = given.number(function.suffix, words={"MINimum": min(ppms), "MAXimum": max(ppms), "DEFault": math.nan})
    if math.isnan(asked):
        return
    if fresh.auto:
        raise ScpiError(-221)
    fresh.set_resolution(asked)


def _number_follows(given: Given) -> bool:
    return given.left > 0 and given.peek() is not Kind.LIST
