"""A Sartorius balance behind SBI.

The personas of the protocol reference are options of ``SbiData``; the defaults are those of a Cubis. The others:
Entris II: ``columns=22, baudrate=9600``. Classic laboratory balance: ``columns=16, classic=True, baudrate=1200, frame_bits=10,
print_when="stable", auto_pauses=False``. Weigh cell for builders: ``columns=22, classic=True, baudrate=1200, frame_bits=10,
auto="any", auto_pauses=False``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from instruments.sim.physics.weighing import Samples, WeighingCell
from instruments.sim.printing import PrintingBalance
from instruments.sim.site import Site
from instruments.stamped import IntArray
from instruments.wire import sbi as wire
from instruments.wire.blocks import Mask
from instruments.wire.framing import Framer
from instruments.wire.sbi import Line, Special

_NEVER_S = float("inf")
_FILTER_HZ = {"K": 20.0, "L": 10.0, "M": 5.0, "N": 2.5}
"""Values a second under the ambient filters very stable, stable, unstable, very unstable."""
_NOT_ADJUSTED, _NO_TARE = "02", "11"


@dataclass(frozen=True, slots=True)
class SbiData:
    """Options of the device: what its menu would have, and where sources disagree.

    ``print_when`` and ``auto`` are the menu's output modes (individual, automatic). ``auto_pauses``: ESC P ends the stream
    after one more line, until ESC T or ESC V (seen on a Cubis, documented for Entris II). ``classic``: the words ``H`` and ``L``
    for ``High`` and ``Low``. ``tare_when``: no source tells a default; "any" is what the worked exchange shows, a zero that
    is not yet stable. ``rate_hz``: the display cycle of the filter; streams of 60 lines a second were also seen.
    ``identity_columns``: 20 on a Cubis, other families may differ. ``adjusting_s`` is our guess.
    """

    model: str = "MSE1203S-100-DR"
    serial: str = "0031801165"
    software: str = "00-39-21"
    identifies: bool = True
    identity_columns: int = 20
    baudrate: int = 19200
    frame_bits: int = 11
    latency_s: float = 0.005
    columns: Literal[16, 22] = 22
    classic: bool = False
    print_when: Literal["any", "stable"] = "any"
    auto: Literal["off", "any", "stable"] = "off"
    auto_pauses: bool = True
    tare_when: Literal["any", "stable"] = "any"
    rate_hz: float = 10.0
    zero_range: float = 0.02
    adjusting_s: float = 12.0


class SbiBalance(PrintingBalance):
    """Silent commands, printing on request and by itself, words in place of values."""

    framer: Framer = staticmethod(wire.command_ends)

    def __init__(self, data: SbiData, cell: WeighingCell) -> None:
        super().__init__(
            cell,
            baudrate=data.baudrate,
            latency_s=data.latency_s,
            rate_hz=data.rate_hz,
            zero_range=data.zero_range,
            bits=data.frame_bits,
        )
        self.data = data
        self.error = ""
        self._adjusted_s = -_NEVER_S
        self._adjusting = False
        self.power_up()

    def power_up(self) -> None:
        """As after power-on: no zero or tare kept, the automatic output running if the menu has it."""
        self.zero, self.tare, self.error, self._adjusting = 0, 0, "", False
        self.streaming = False
        self.cancel_later()
        if self.data.auto != "off":
            self.start_stream()

    def command(self, frame: bytes) -> None:
        action = _COMMANDS.get(wire.decode_command(frame))
        if action is not None:
            action(self)

    # --- what is printed ---

    def line(self, count: int, *, stable: bool) -> bytes:
        special = self._special(count)
        if special is not None:
            return wire.encode_special(special, self.data.columns)
        name = wire.NET if self.data.columns == wire.COLUMNS[1] else ""
        return wire.encode_line(Line(self.net_text(count), self.unit if stable else "", name))

    def _special(self, count: int) -> Special | None:
        if self._adjusting:
            return Special("C" if self.data.classic else "Cal.Int.")
        if self.error:
            return Special("Err", self.error)
        words = {"+": ("H", "High"), "-": ("L", "Low")}.get(self.beyond(count))
        return Special(words[0 if self.data.classic else 1]) if words else None

    def block(self, net: IntArray, stable: Mask) -> tuple[bytes, IntArray]:
        return wire.encode_block(net, self.cell.data.decimals, stable, self.data.columns)

    def ordinary(self) -> bool:
        return super().ordinary() and not (self._adjusting or self.error)

    def chosen(self, samples: Samples) -> Mask:
        return super().chosen(samples) if self.data.auto == "any" or self._adjusting else samples.stable

    # --- time ---

    def next_event_s(self) -> float:
        return min(super().next_event_s(), self._adjusted_s if self._adjusting else _NEVER_S)

    def advance_to(self, now_s: float) -> None:
        super().advance_to(now_s)
        if self._adjusting and now_s >= self._adjusted_s:
            self._adjusting = False
            self.set_zero()

    # --- commands ---

    def print_value(self) -> None:
        if self.streaming and self.data.auto_pauses:
            self.streaming = False
        if self.data.print_when == "any" or self._special(self.count):
            self.print_now()
            self.error = ""
        else:
            self.when_stable(self.print_now)

    def _soon(self, act: Callable[[], object]) -> None:
        """Zero or tare, at once or settled; either lets a paused stream go on. Nothing is answered."""
        if self.data.tare_when == "any":
            act()
        else:
            self.when_stable(act)
        if self.data.auto != "off" and not self.streaming:
            self.start_stream()

    def zero_or_tare(self) -> None:
        self._soon(self._zero_or_tare)

    def zero_only(self) -> None:
        self._soon(self.set_zero)

    def tare_only(self) -> None:
        self._soon(self._tare)

    def _zero_or_tare(self) -> None:
        if not self.set_zero():
            self._tare()

    def _tare(self) -> None:
        if self.count - self.zero <= 0 or not self.set_tare():
            self._trouble(_NO_TARE)

    def _trouble(self, code: str) -> None:
        """An error is told once: in the stream, or in place of the next value that is asked for."""
        if self.streaming:
            self.send(wire.encode_special(Special("Err", code), self.data.columns))
        else:
            self.error = code

    def adjust(self) -> None:
        """The internal weight: only with an empty pan and a calm cell."""
        if not self.stable or abs(self.count) > self.capacity * self.data.zero_range:
            self._trouble(_NOT_ADJUSTED)
            return
        self._adjusting, self._adjusted_s = True, self.now_s + self.data.adjusting_s

    def identify(self, text: str) -> None:
        if self.data.identifies:
            self.send(wire.encode_text(text, self.data.identity_columns + len(wire.END)))

    def model(self) -> None:
        self.identify(self.data.model)

    def serial(self) -> None:
        self.identify(f"SerNo.{self.data.serial:>{self.data.identity_columns - 6}}")

    def software(self) -> None:
        self.identify(f"BAC{self.data.software:>{self.data.identity_columns - 3}}")


def _filter(letter: str) -> Callable[[SbiBalance], None]:
    return lambda balance: balance.cell.set_rate(balance.now_s, _FILTER_HZ[letter])


_COMMANDS: dict[str, Callable[[SbiBalance], None]] = {
    **dict.fromkeys(("P", "kP", "p_"), SbiBalance.print_value),
    "T": SbiBalance.zero_or_tare,
    **dict.fromkeys(("U", "f4_"), SbiBalance.tare_only),
    **dict.fromkeys(("V", "f3_"), SbiBalance.zero_only),
    **{letter: _filter(letter) for letter in _FILTER_HZ},
    "S": SbiBalance.power_up,
    **dict.fromkeys(("Z", "x0_"), SbiBalance.adjust),
    "x1_": SbiBalance.model,
    "x2_": SbiBalance.serial,
    "x3_": SbiBalance.software,
}
"""Commands with an effect that a host can see. Of all others (keys, beep, display, unknown ones) it sees nothing."""


def build(site: Site) -> SbiBalance:
    return SbiBalance(site.options(SbiData), site.cell())
