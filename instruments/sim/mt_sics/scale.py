"""From converted counts to what stands in a weight answer: zero, tare, ranges, units and digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from instruments.sim.mt_sics.options import BalanceData
from instruments.sim.physics.weighing import CellData, WeighingCell
from instruments.stamped import IntArray
from instruments.wire import mt_sics as wire

HOST, DISPLAY, INFO = "0", "1", "2"
_OVERLOAD_DIGITS = 9
_COARSER = 10


@dataclass(frozen=True, slots=True)
class Unit:
    symbol: str
    grams: Decimal


UNITS: Mapping[str, Unit] = {
    "0": Unit("g", Decimal(1)),
    "1": Unit("kg", Decimal(1000)),
    "3": Unit("mg", Decimal("0.001")),
    "4": Unit("µg", Decimal("0.000001")),
    "5": Unit("ct", Decimal("0.2")),
    "6": Unit("N", Decimal(1000) / Decimal("9.80665")),
    "7": Unit("lb", Decimal("453.59237")),
    "8": Unit("oz", Decimal("28.349523125")),
    "9": Unit("ozt", Decimal("31.1034768")),
    "10": Unit("GN", Decimal("0.06479891")),
    "11": Unit("dwt", Decimal("1.55517384")),
    "12": Unit("mom", Decimal("3.75")),
}
"""Units that a weight can be told in, by their code in ``M21``."""
CODES = frozenset(map(str, (*range(21), *range(25, 30)))) - {"2"}
"""All codes of ``M21``."""
STEPS: Mapping[int, tuple[int, int]] = {0: (1, 0), 1: (10, 1), 2: (100, 2), 3: (1000, 3), 4: (2, 0), 5: (5, 0)}
"""By the number of ``M23``: the step in digits of the full resolution, and how many decimals it drops."""


class Scale:
    """Counts are whole digits of the cell's full resolution, above the factory's zero."""

    def __init__(self, data: BalanceData, cell: WeighingCell) -> None:
        self._data, self._cell = data, cell
        self.hardware_error = ""
        self.zero, self.tare = 0, 0
        self.tare_preset = False
        self.resolution = 0
        self.units = {HOST: "0", DISPLAY: "0", INFO: "0"}

    @property
    def cell(self) -> CellData:
        return self._cell.data

    @property
    def capacity(self) -> float:
        return self.cell.capacity_g * 10.0**self.cell.decimals

    @property
    def zero_range(self) -> float:
        return self.capacity * self._data.zero_range

    def counts(self, mass_g: Decimal) -> int:
        return int(mass_g.scaleb(self.cell.decimals).to_integral_value())

    def in_g(self, value: Decimal) -> Decimal:
        """What a value in the host unit is in g."""
        return value * UNITS[self.units[HOST]].grams

    def regular(self, counts: IntArray) -> bool:
        """Whether all these are told in g, in full resolution, within the range and fine enough."""
        lowest, highest = int(counts.min()) - self.zero, int(counts.max()) - self.zero
        whole = self.units[HOST] == "0" and not self.resolution and not self.hardware_error
        return whole and not any(self.beyond(gross) or self._coarse(gross) for gross in (lowest, highest))

    def beyond(self, gross: int) -> str:
        """``+`` above capacity and 9 digits, ``-`` below minus the zero range, else nothing."""
        if gross > self.capacity + _OVERLOAD_DIGITS:
            return "+"
        return "-" if gross < -self.zero_range else ""

    def line(self, count: int, status: str, channel: str = HOST) -> bytes:
        """The weight answer for a converted count."""
        gross = count - self.zero
        if self.hardware_error:
            return wire.encode_hardware_error(self.hardware_error)
        if beyond := self.beyond(gross):
            return wire.encode_answer("S", beyond)
        return wire.encode_weight("S", status, self._shown(gross, gross - self.tare, channel), self.symbol(channel))

    def symbol(self, channel: str = HOST) -> str:
        return UNITS[self.units[channel]].symbol

    def decimals(self, channel: str = HOST) -> int:
        """Decimals of a value in the unit of a channel; as many as the readability allows."""
        digit = Decimal(10) ** -(self.cell.decimals - STEPS[self.resolution][1]) / UNITS[self.units[channel]].grams
        exact = digit.scaleb(-digit.adjusted()) == 1
        return max(0, -digit.adjusted() - (not exact))

    def number(self, count: int, channel: str = HOST, *, coarser: int = 1) -> str:
        """A mass in the unit of a channel, rounded to its readability; zero has no sign."""
        step = STEPS[self.resolution][0] * coarser
        rounded = int(np.rint(count / step)) * step
        value = Decimal(rounded).scaleb(-self.cell.decimals) / UNITS[self.units[channel]].grams
        return f"{value.quantize(Decimal(1).scaleb(-self.decimals(channel))) + 0:f}"

    def fits(self, code: str) -> bool:
        """Whether the capacity can be told in ten characters in this unit."""
        before, self.units[HOST] = self.units[HOST], code
        fits = len(self.number(int(self.capacity))) <= wire.FIELD
        self.units[HOST] = before
        return fits

    def set_zero(self, count: int) -> str:
        """Take ``count`` for zero, which clears the tare; returns why not, as ``+`` or ``-``."""
        if abs(count) > self.zero_range:
            return "+" if count > 0 else "-"
        self.zero = count
        self.clear_tare()
        return ""

    def clear_tare(self) -> None:
        self.tare, self.tare_preset = 0, False

    def set_tare(self, count: int) -> str:
        """Take what lies on the pan for tare; returns why not, as ``+`` or ``-``."""
        gross = count - self.zero
        beyond = "-" if gross < 0 else self.beyond(gross)
        if not beyond:
            self.tare, self.tare_preset = gross, False
        return beyond

    def preset_tare(self, value: Decimal) -> bool:
        """Take a tare in the host unit, rounded to the last place; nothing below zero or above the capacity."""
        counts = self.counts(self.in_g(value))
        possible = 0 <= counts <= self.capacity
        if possible:
            self.tare, self.tare_preset = counts, counts > 0
        return possible

    def _coarse(self, gross: int) -> bool:
        return bool(abs(gross) > self._data.fine_range_g * 10.0**self.cell.decimals)

    def _shown(self, gross: int, net: int, channel: str) -> str:
        if not self._coarse(gross) or self.decimals(channel) < 2:
            return self.number(net, channel)
        return self.number(net, channel, coarser=_COARSER)[:-1] + " "
