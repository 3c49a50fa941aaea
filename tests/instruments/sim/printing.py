"""Balances that print lines, simulated on a clock of their own, in the states that their exchanges begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from instruments.sim import and_weighing, kern, ohaus, sbi
from instruments.sim.physics.weighing import CellData, WeighingCell
from tests.instruments.exchanges import Row, load
from tests.instruments.sim.states import IDEAL, Pan, Standing

TABLES = {name: load(name) for name in ("sbi", "ohaus", "and_weighing", "kern")}
_MADE: Mapping[str, tuple[Any, Any]] = {
    "sbi": (sbi.SbiBalance, sbi.SbiData),
    "ohaus": (ohaus.OhausBalance, ohaus.OhausData),
    "and_weighing": (and_weighing.AndBalance, and_weighing.AndData),
    "kern": (kern.KernBalance, kern.KernData),
}
SLACK_S = 0.5
_BEYOND = {"overload": 1.1, "underload": -0.1}


@dataclass
class Weighed(Standing):
    """A balance with something on its pan."""

    device: Any
    pan: Pan = field(default_factory=Pan)

    def put(self, load_g: float) -> None:
        self.pan.load_g = load_g
        self.pass_s(2.0)

    def restless(self, *, stable: bool) -> None:
        """Whether the load moves: the cell is told so by a criterion that nothing, or everything, meets."""
        cell = self.device.cell
        cell.data = replace(cell.data, calm_digits=1e9 if stable else -1.0)

    def lines(self) -> list[bytes]:
        return self.heard().splitlines(keepends=True)


def balance(
    family: str, pan: Pan | None = None, cell: CellData = IDEAL, *, seed: int = 1, warm_s: float = 2.0, **options: Any
) -> Weighed:
    pan = pan or Pan()
    kind, data = _MADE[family]
    device = kind(data(**options), WeighingCell(cell, pan, np.random.default_rng(seed)))
    standing = Weighed(device, pan=pan)
    standing.pass_s(warm_s)
    return standing


def given(family: str, exchange: Row) -> Weighed:
    """A balance in the state that the exchange begins with."""
    readability_g = exchange["readability_g"]
    cell = replace(IDEAL, readability_g=readability_g, capacity_g=410.0 if readability_g < 1 else 6000.0)
    standing = balance(family, cell=cell, **exchange.get("options", {}))
    device = standing.device
    device.unit = exchange.get("unit", device.unit)
    device.tare = round(exchange.get("tare_g", 0.0) / readability_g)
    change(standing, exchange)
    standing.pass_s(2.0)
    _GIVEN[exchange["given"]](standing)
    standing.heard()
    return standing


def _beyond(word: str) -> Callable[[Weighed], None]:
    return lambda standing: standing.put(_BEYOND[word] * standing.device.cell.data.capacity_g)


def _error_54(standing: Weighed) -> None:
    standing.device.error = "54"


_GIVEN: Mapping[str, Callable[[Weighed], object]] = {
    "weighing": Standing.heard,
    "overload": _beyond("overload"),
    "underload": _beyond("underload"),
    "error-54": _error_54,
    "zeroing": lambda standing: standing.ask(b"R\r\n"),
}


def change(standing: Weighed, row: Row) -> None:
    if "load_g" in row:
        standing.pan.load_g = row["load_g"]
    if "stable" in row:
        standing.restless(stable=row["stable"])


def exchanges(*, excerpt: bool) -> Iterator[tuple[str, Row]]:
    for family, table in TABLES.items():
        for row in table["exchange"]:
            if row.get("excerpt", False) == excerpt:
                yield family, row
