"""What a balance keeps over a power failure, and the commands that ask and set it: ``M..``, ``UPD``, ``COM``, ``USTB``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from instruments.sim.mt_sics.adjusting import INTERNAL, number
from instruments.sim.mt_sics.options import Persona
from instruments.sim.mt_sics.scale import CODES, INFO, UNITS
from instruments.sim.physics.weighing import CellData
from instruments.wire import mt_sics as wire

if TYPE_CHECKING:
    from instruments.sim.mt_sics.device import MtSicsBalance

Words = tuple[str, ...]

_ON_OFF = range(2)
_CHOICES: Mapping[str, tuple[Iterable[int], int]] = {
    "M01": ((0, 1, 2, 3, 6), 0),
    "M02": (range(5), 2),
    "M03": (_ON_OFF, 0),
    "M23": (range(6), 0),
    "M29": (range(5), 2),
    "M35": (_ON_OFF, 1),
    "M67": (range(65536), 40),
    "ST": (_ON_OFF, 0),
}
"""What each setting may be, and is when new. Zero tracking (``M03``) is off: the cell has none. ``M01``, ``M02`` and ``M29``
change filters by amounts that no source tells, so they change nothing here but the answer."""

_BAUDRATES = (150, 300, 600, 1200, 2400, 4800, 9600, 19200, 38400)
_LINE_CHARACTERS = 18
_SLOWEST_HZ, _FASTEST_HZ = 1, 1000
_MT_SICS = "0"


class Settings:
    """The numbers of ``_CHOICES`` by command, and what is no plain number."""

    def __init__(self, persona: Persona, cell: CellData) -> None:
        self._persona, self._calm = persona, (cell.calm_digits, cell.calm_s)
        self.restore()

    def restore(self) -> None:
        """As it left the factory."""
        self._numbers = {name: new for name, (_, new) in _CHOICES.items()} | {"M67": round(self._persona.patience_s)}
        self.user_text = ""
        self.line_codes = ("3", "0")
        self.criteria = dict.fromkeys(("0", "1", "2", "3"), self._calm)
        self.adjustment = ("0", INTERNAL)
        self.weights = dict.fromkeys(("M19", "M20"), Decimal(str(self._persona.adjustment_g)))

    def __getitem__(self, name: str) -> int:
        return self._numbers[name]

    def take(self, name: str, text: str) -> bool:
        possible = text in map(str, _CHOICES[name][0])
        if possible:
            self._numbers[name] = int(text)
        return possible

    @property
    def patience_s(self) -> float:
        """How long ``S``, ``Z``, ``T`` and ``SR`` wait."""
        return float(self["M67"])


def choice(name: str) -> Callable[[MtSicsBalance, Words], None]:
    """A setting that is one number."""

    def act(balance: MtSicsBalance, words: Words) -> None:
        if not words:
            balance.answer(name, "A", str(balance.settings[name]))
        elif balance.settings.take(name, words[0]):
            balance.scale.resolution = balance.settings["M23"]
            balance.answer(name, "A")
        else:
            balance.answer(name, "L")

    return act


def units(balance: MtSicsBalance, words: Words) -> None:
    """``M21``: the unit of each channel. Weights are told in those of the host and of the display."""
    channels = balance.scale.units
    if not words:
        for channel, code in channels.items():
            balance.answer("M21", "A" if channel == INFO else "B", channel, code)
        return
    channel, code = words
    possible = code in CODES if channel == INFO else channel in channels and code in UNITS and balance.scale.fits(code)
    if possible:
        channels[channel] = code
    balance.answer("M21", "A" if possible else "L")


def update_rate(balance: MtSicsBalance, words: Words) -> None:
    """``UPD``: of the rates that can be had, the one nearest to what was asked."""
    if not words:
        balance.answer("UPD", "A", f"{balance.cell.rate_hz:.1f}")
        return
    asked = number(words[0])
    if asked is None or not _possible(balance, float(asked)):
        balance.answer("UPD", "L")
        return
    rates_hz, asked_hz = balance.persona.update_rates_hz, float(asked)
    balance.cell.set_rate(balance.now_s, min(rates_hz, key=lambda rate_hz: abs(rate_hz - asked_hz)))
    balance.answer("UPD", "A")


def _possible(balance: MtSicsBalance, rate_hz: float) -> bool:
    carried = not balance.data.rate_fits_line or rate_hz <= _line_rate_hz(balance.baudrate)
    return _SLOWEST_HZ <= rate_hz <= _FASTEST_HZ and rate_hz < balance.persona.update_limit_hz and carried


def _line_rate_hz(baudrate: float) -> float:
    """Weight answers that go over a line in a second."""
    return baudrate / 10 / _LINE_CHARACTERS


def serial_line(balance: MtSicsBalance, words: Words) -> None:
    """``COM``: one port; its pace changes behind the answer, which still goes out at the old one."""
    if not words:
        now = str(_BAUDRATES.index(round(balance.baudrate)))
        balance.answer("COM", "A", "0", now, *balance.settings.line_codes)
        return
    port, speed, bits, handshake = words
    known = port == "0" and speed in map(str, range(9)) and bits in map(str, range(8)) and handshake in ("0", "1", "2")
    if not known:
        balance.answer("COM", "L")
    elif balance.cell.rate_hz > _line_rate_hz(_BAUDRATES[int(speed)]):
        balance.answer("COM", "I")
    else:
        balance.answer("COM", "A")
        balance.settings.line_codes = (bits, handshake)
        balance.baudrate = _BAUDRATES[int(speed)]


def command_set(balance: MtSicsBalance, words: Words) -> None:
    """``M89``: this port speaks MT-SICS; the other command sets are not installed."""
    if not words:
        balance.answer("M89", "A", "0", _MT_SICS)
    elif words == ("0", _MT_SICS):
        balance.answer("M89", "A")
    else:
        balance.answer("M89", "L")


def stability(balance: MtSicsBalance, words: Words) -> None:
    """``USTB``: tolerance (digits) and time (s) of what is calm. Only the criterion of weighing (0) acts on the cell."""
    criteria = balance.settings.criteria
    if not words:
        for function, (digits, time_s) in criteria.items():
            balance.answer("USTB", "A" if function == list(criteria)[-1] else "B", function, f"{digits:g}", f"{time_s:g}")
        return
    taken = [float(value) for word in words[1:] if (value := number(word)) is not None]
    if words[0] not in criteria or len(taken) != 2 or not (0.1 <= taken[0] <= 1000 and 0.1 <= taken[1] <= 4):
        balance.answer("USTB", "L")
        return
    criteria[words[0]] = (taken[0], taken[1])
    _apply(balance)
    balance.answer("USTB", "A")


def _apply(balance: MtSicsBalance) -> None:
    """Let the criterion of weighing act on the cell."""
    digits, time_s = balance.settings.criteria["0"]
    balance.cell.data = replace(balance.cell.data, calm_digits=digits, calm_s=time_s)


def power(balance: MtSicsBalance, words: Words) -> None:
    """``PWR``: standby, and awake again, which tells the serial number."""
    if words[0] not in ("0", "1"):
        balance.answer("PWR", "L")
        return
    woken = words[0] == "1" and not balance.awake
    balance.awake = words[0] == "1"
    balance.stop_sending()
    balance.answer("PWR", "A")
    if woken:
        balance.greet()


def restart(balance: MtSicsBalance, _: Words) -> None:
    balance.power_on()


def restart_at_zero(balance: MtSicsBalance, _: Words) -> None:
    """``RDB``: whatever ``M35`` says, zero is set."""
    balance.power_on(initial_zero=True)


def factory(balance: MtSicsBalance, _: Words) -> None:
    """``FSET``: settings as new, then a restart."""
    balance.settings.restore()
    _apply(balance)
    balance.scale.resolution = 0
    balance.scale.units.update(dict.fromkeys(balance.scale.units, "0"))
    balance.cell.set_rate(balance.now_s, balance.persona.update_rate_hz)
    balance.power_on(first=wire.encode_answer("FSET", "A"))
    balance.baudrate = balance.data.baudrate
