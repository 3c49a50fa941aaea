"""What happens to a balance without a command: its power fails, a key is pressed, a line is disturbed or lost."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from instruments.errors import ConfigError
from instruments.sim.mt_sics.adjusting import Done, internal_by_key
from instruments.sim.mt_sics.scale import UNITS

if TYPE_CHECKING:
    from instruments.sim.mt_sics.device import MtSicsBalance

Act = Callable[["MtSicsBalance", str], None]

_SILENT, _BLOCKED, _TOLD, _WORKING = 1, 2, 3, 4
"""The modes of ``K``."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """``argument`` is what stands behind the name: a key, a unit, an error code, a number of lines."""

    moment_s: float
    name: str
    argument: str

    def befall(self, balance: MtSicsBalance) -> None:
        _MISHAPS[self.name](balance, self.argument)


def read_mishaps(given: Iterable[tuple[float, str]]) -> deque[Mishap]:
    """In the order of their moments. Raises ConfigError for one that is not in the table."""
    found = [Mishap(moment_s, *text.partition(" ")[::2]) for moment_s, text in given]
    for mishap in found:
        if mishap.name not in _MISHAPS:
            raise ConfigError(f"mishaps: {mishap.name!r} is not known; there are: {', '.join(_MISHAPS)}")
        if not re.fullmatch(_ARGUMENTS.get(mishap.name, ""), mishap.argument):
            raise ConfigError(f"mishaps: {mishap.name} cannot have {mishap.argument!r}")
    return deque(sorted(found, key=lambda mishap: mishap.moment_s))


def _break(balance: MtSicsBalance, _: str) -> None:
    balance.stop_sending()
    balance.send(b"ET\r\n")


def _garble(balance: MtSicsBalance, _: str) -> None:
    balance.garbled = True


def _lose(balance: MtSicsBalance, lines: str) -> None:
    balance.lines_to_lose = int(lines or 1)


def _unit(balance: MtSicsBalance, symbol: str) -> None:
    """Somebody changes the unit at the balance: on some that is also the unit of the answers."""
    balance.set_unit(symbol)


def _error(balance: MtSicsBalance, code: str) -> None:
    balance.scale.hardware_error = code


def _press(balance: MtSicsBalance, key: str) -> None:
    """Keys by their number in ``K``: 0 adjust, 1 tare, 2 zero, 3 transfer."""
    if balance.terminal.keys == _TOLD:
        balance.answer("K", "C", key)
    elif balance.terminal.keys != _BLOCKED and not balance.adjusting:
        _work(balance, key, told=balance.terminal.keys == _WORKING)


def _hold(balance: MtSicsBalance, key: str) -> None:
    if balance.terminal.keys == _TOLD:
        balance.answer("K", "R", key)


def _work(balance: MtSicsBalance, key: str, *, told: bool) -> None:
    def done(status: str) -> None:
        if told:
            balance.answer("K", status, key)

    if told:
        balance.answer("K", "B", key)
    _KEYS[key](balance, done)


def _tare(balance: MtSicsBalance, done: Done) -> None:
    done("A" if balance.stable and not balance.scale.set_tare(balance.count) else "I")


def _zero(balance: MtSicsBalance, done: Done) -> None:
    done("A" if balance.stable and not balance.scale.set_zero(balance.count) else "I")


def _transfer(balance: MtSicsBalance, done: Done) -> None:
    if balance.settings["ST"] and balance.stable:
        balance.send(balance.scale.line(balance.count, "S"))
    done("A" if balance.stable else "I")


_KEYS: Mapping[str, Callable[[MtSicsBalance, Done], None]] = {
    "0": internal_by_key,
    "1": _tare,
    "2": _zero,
    "3": _transfer,
}
_MISHAPS: Mapping[str, Act] = {
    "power-off": lambda balance, _: balance.power_off(),
    "power-on": lambda balance, _: balance.power_on(),
    "break": _break,
    "garble": _garble,
    "lose": _lose,
    "unit": _unit,
    "error": _error,
    "press": _press,
    "hold": _hold,
}
"""``garble``: the next command arrives with a parity error. ``lose N``: the next N lines do not go out."""
_ARGUMENTS: Mapping[str, str] = {
    "lose": "[0-9]{0,6}",
    "unit": "|".join(unit.symbol for unit in UNITS.values()),
    "error": "([0-9]{1,2}[bt]|[0-9]{1,3})?",
    "press": "|".join(_KEYS),
    "hold": "|".join(_KEYS),
}
