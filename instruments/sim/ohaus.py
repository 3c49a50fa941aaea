"""An Ohaus balance: print commands, four ways to print by itself, acknowledgements that can be switched off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from instruments.errors import ReplyError
from instruments.sim.physics.weighing import Samples, WeighingCell
from instruments.sim.printing import PrintingBalance
from instruments.sim.site import Site
from instruments.stamped import IntArray
from instruments.wire import ohaus as wire
from instruments.wire.blocks import Mask
from instruments.wire.framing import Framer
from instruments.wire.ohaus import Command, Line

_NEVER_S = float("inf")
_UNITS = ("g", "kg", "mg")
_LONGEST_INTERVAL_S = 3600
_RANGE_CODES = {"+": "8.3", "-": "8.4"}


@dataclass(frozen=True, slots=True)
class OhausData:
    """Options of the device.

    ``weight_columns``: 10 by the manuals' tables, 11 in their examples (9 and 12 were seen as well). ``old_lines``: the fixed
    lines and the command set of older models. ``acknowledges``: whether ``OK!`` is sent (command ``xRL``); its factory state is
    not documented, the worked exchanges have it. ``acknowledges_stream``: whether ``CP`` is answered ``OK!`` before its first
    line; seen, but not in the worked exchange. ``deaf_while_printing``: older models lose a command that comes during a print.
    ``rate_hz``: "as fast as possible", 5 to 10 a second are typical.
    """

    serial: str = "B000000001"
    software: str = "Sr 2.00"
    baudrate: int = 9600
    latency_s: float = 0.005
    weight_columns: int = 10
    old_lines: bool = False
    acknowledges: bool = True
    acknowledges_stream: bool = False
    deaf_while_printing: bool = False
    legal_for_trade: bool = False
    only_stable: bool = False
    rate_hz: float = 10.0
    patience_s: float = 40.0
    zero_range: float = 0.02


class OhausBalance(PrintingBalance):
    """Number and letters in, lines out."""

    framer: Framer = staticmethod(wire.command_ends)

    def __init__(self, data: OhausData, cell: WeighingCell) -> None:
        super().__init__(cell, baudrate=data.baudrate, latency_s=data.latency_s, rate_hz=data.rate_hz, zero_range=data.zero_range)
        self.data = data
        self.acknowledges, self.only_stable, self.awake = data.acknowledges, data.only_stable, True
        self._settled: str | None = None
        self._was_stable = False
        self._interval_s, self._begun_s, self._printed = 0.0, 0.0, 0

    # --- the line ---

    def command(self, frame: bytes) -> None:
        if not frame.strip() or (self.data.deaf_while_printing and self._free_s > self.now_s):
            return
        try:
            asked = wire.decode_command(frame)
        except ReplyError:
            self._refuse()
            return
        action = (_OLD_COMMANDS if self.data.old_lines else _COMMANDS).get(asked.name)
        if action is None or not (self.awake or asked.name in ("ON", "OFF")):
            self._refuse()
        else:
            action(self, asked)

    def _say(self, text: str) -> None:
        self.send(wire.encode_text(text))

    def _refuse(self) -> None:
        self._say(wire.ERROR)

    def _done(self) -> None:
        if self.acknowledges:
            self._say(wire.DONE)

    # --- what is printed ---

    def line(self, count: int, *, stable: bool, legend: str = "") -> bytes:
        beyond = self.beyond(count)
        if beyond:
            return wire.encode_trouble(_RANGE_CODES[beyond], width=self.data.weight_columns)
        return self._encoded(Line(self.net_text(count), self.unit, stable, legend))

    def _encoded(self, line: Line) -> bytes:
        return wire.encode_old_line(line) if self.data.old_lines else wire.encode_line(line, width=self.data.weight_columns)

    def block(self, net: IntArray, stable: Mask) -> tuple[bytes, IntArray]:
        if self.data.old_lines:
            return wire.encode_old_block(net, self.cell.data.decimals, stable)
        return wire.encode_block(net, self.cell.data.decimals, stable, width=self.data.weight_columns)

    def chosen(self, samples: Samples) -> Mask:
        """All values; or those with which the cell has become stable (``SLP`` but at zero, ``SLZP``)."""
        if self._settled is None:
            return samples.stable if self.only_stable else super().chosen(samples)
        before = np.concatenate([[self._was_stable], samples.stable[:-1]])
        self._was_stable = bool(samples.stable[-1])
        shown = samples.counts - self.zero - self.tare
        return np.asarray(samples.stable & ~before & ((shown != 0) | (self._settled == "SLZP")))

    # --- printing at intervals ---

    @property
    def _next_print_s(self) -> float:
        return self._begun_s + (self._printed + 1) * self._interval_s if self._interval_s else _NEVER_S

    def next_event_s(self) -> float:
        return min(super().next_event_s(), self._next_print_s)

    def advance_to(self, now_s: float) -> None:
        super().advance_to(now_s)
        if now_s >= self._next_print_s:
            self._printed += 1
            elapsed_s = round(self._printed * self._interval_s)
            legend = f"{elapsed_s // 3600:02d}:{elapsed_s // 60 % 60:02d}:{elapsed_s % 60:02d}"
            self.send(self.line(self.count, stable=self.stable, legend="" if self.data.old_lines else legend))

    def _stop(self) -> None:
        self.streaming, self._interval_s, self._settled = False, 0.0, None

    # --- commands ---

    def print_displayed(self, asked: Command) -> None:
        self.print_now()

    def print_chosen(self, asked: Command) -> None:
        """``P``: at once, once stable (``1S``), or, with a number, every so many seconds until ``0P``."""
        if asked.number:
            self.print_every(asked)
        elif self.only_stable:
            self.print_stable(asked)
        else:
            self.print_now()

    def print_stable(self, asked: Command) -> None:
        self.when_stable(self.print_now, self._refuse, self.data.patience_s)

    def print_every(self, asked: Command) -> None:
        if "." in asked.number or not 0 <= int(asked.number) <= _LONGEST_INTERVAL_S:
            self._refuse()
            return
        self._stop()
        self._interval_s, self._begun_s, self._printed = float(asked.number), self.now_s, 0
        self._done()

    def print_all(self, asked: Command) -> None:
        self._stop()
        self.start_stream()
        if self.data.acknowledges_stream:
            self._done()

    def print_settled(self, asked: Command) -> None:
        self._stop()
        self._settled, self._was_stable = asked.name, False
        self.start_stream()

    def zero_command(self, asked: Command) -> None:
        self.when_stable(lambda: self._done() if self.set_zero() else self._refuse(), self._refuse, self.data.patience_s)

    def tare_command(self, asked: Command) -> None:
        if asked.number:
            self.preset_tare(asked)
            return
        self.when_stable(lambda: self._done() if self.set_tare() else self._refuse(), self._refuse, self.data.patience_s)

    def preset_tare(self, asked: Command) -> None:
        counts = round(float(asked.number) * 10.0**self.decimals)
        if counts > self.capacity:
            self._refuse()
            return
        self.tare = counts
        self._done()

    def print_tare(self, asked: Command) -> None:
        self.send(self._encoded(Line(self.text(self.tare), self.unit, stable=True)))

    def print_unit(self, asked: Command) -> None:
        self._say(self.unit)

    def next_unit(self, asked: Command) -> None:
        """The next unit, or the one with the number that is given, from 1."""
        number = int(float(asked.number)) - 1 if asked.number else (_UNITS.index(self.unit) + 1) % len(_UNITS)
        if not 0 <= number < len(_UNITS):
            self._refuse()
            return
        self.unit = _UNITS[number]
        self._done()

    def print_mode(self, asked: Command) -> None:
        self._say("Weigh")

    def next_mode(self, asked: Command) -> None:
        """There is only one."""
        self._done()

    def power_on(self, asked: Command) -> None:
        self.awake = True
        self._done()

    def power_off(self, asked: Command) -> None:
        self.awake = False
        self._stop()
        self._done()

    def print_serial(self, asked: Command) -> None:
        self._say(self.data.serial)

    def print_version(self, asked: Command) -> None:
        self._say(self.data.software)
        if self.data.legal_for_trade:
            self._say("LFT ON")

    def print_last_error(self, asked: Command) -> None:
        self._say("[Err 0]")

    def stable_only(self, asked: Command) -> None:
        if asked.number not in ("0", "1"):
            self._refuse()
            return
        self.only_stable = asked.number == "1"
        self._done()

    def responses(self, asked: Command) -> None:
        if asked.number not in ("0", "1"):
            self._refuse()
            return
        self.acknowledges = asked.number == "1"
        self._done()

    def reset_interface(self, asked: Command) -> None:
        self._stop()
        self.acknowledges, self.only_stable = self.data.acknowledges, self.data.only_stable
        self._done()


_BOTH: dict[str, Callable[[OhausBalance, Command], None]] = {
    "P": OhausBalance.print_chosen,
    "T": OhausBalance.tare_command,
    "Z": OhausBalance.zero_command,
    "S": OhausBalance.stable_only,
    "\x1bR": OhausBalance.reset_interface,
}
_COMMANDS: dict[str, Callable[[OhausBalance, Command], None]] = {
    **_BOTH,
    "IP": OhausBalance.print_displayed,
    "SP": OhausBalance.print_stable,
    "CP": OhausBalance.print_all,
    "SLP": OhausBalance.print_settled,
    "SLZP": OhausBalance.print_settled,
    "PT": OhausBalance.print_tare,
    "PU": OhausBalance.print_unit,
    "U": OhausBalance.next_unit,
    "PM": OhausBalance.print_mode,
    "M": OhausBalance.next_mode,
    "ON": OhausBalance.power_on,
    "OFF": OhausBalance.power_off,
    "PSN": OhausBalance.print_serial,
    "PV": OhausBalance.print_version,
    "RL": OhausBalance.responses,
}
_OLD_COMMANDS: dict[str, Callable[[OhausBalance, Command], None]] = {
    **_BOTH,
    "A": OhausBalance.print_every,
    "CA": OhausBalance.print_all,
    "SA": OhausBalance.print_settled,
    "?": OhausBalance.print_mode,
    "V": OhausBalance.print_version,
    "\x1bV": OhausBalance.print_version,
    "LE": OhausBalance.print_last_error,
}


def build(site: Site) -> OhausBalance:
    return OhausBalance(site.options(OhausData), site.cell())
