"""An A&D balance: six formats of lines, acknowledgements in pairs or silence, as its menu is set."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from instruments.sim.physics.weighing import WeighingCell
from instruments.sim.printing import PrintingBalance
from instruments.sim.site import Site
from instruments.stamped import IntArray
from instruments.wire import and_weighing as wire
from instruments.wire.and_weighing import Line
from instruments.wire.blocks import Mask
from instruments.wire.framing import Framer

_NEVER_S = float("inf")
_ENDS = {"CRLF": wire.CRLF, "CR": wire.CR}
_UNITS = ("g", "kg", "mg")
_LONGEST_COMMAND = 40
_IDENTIFICATION = re.compile(r"[A-Z0-9 -]{7,8}\Z", re.ASCII)
_LOCK = re.compile(r"\d{3}\Z", re.ASCII)
_PRESET = re.compile(r"(?P<number>\d{1,8}(?:\.\d{1,8})?) ?(?P<unit>g|kg|mg)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class AndData:
    """Options of the device: the balance's own menu, under its names, and what nobody documents.

    ``line_format`` is the item type, ``end`` CrLF, ``answers_errors`` erCd, ``command_limit_s`` t-UP (infinite: none).
    ``zeroing_s`` between the two acknowledgements, and ``patience_s`` until a stability error, are our guess. The balance
    takes either end of line, whichever it sends.
    """

    model: str = "GX-224A"
    serial: str = "T0000001"
    identification: str = "LAB-0123"
    baudrate: int = 2400
    latency_s: float = 0.005
    line_format: Literal["AD", "DP", "KF", "MT", "NU", "CSV"] = "AD"
    end: Literal["CRLF", "CR"] = "CRLF"
    answers_errors: bool = False
    command_limit_s: float = 1.0
    rate_hz: float = 10.0
    zeroing_s: float = 1.0
    patience_s: float = 40.0
    zero_range: float = 0.02


class AndBalance(PrintingBalance):
    """Commands, acknowledged twice or not at all."""

    framer: Framer = staticmethod(wire.command_ends)

    def __init__(self, data: AndData, cell: WeighingCell) -> None:
        super().__init__(cell, baudrate=data.baudrate, latency_s=data.latency_s, rate_hz=data.rate_hz, zero_range=data.zero_range)
        self.data = data
        self.identification, self.preset, self.awake, self.locked = data.identification, "", True, "000"
        self._end = _ENDS[data.end]
        self._finish: Callable[[], object] | None = None
        self._busy_until_s = _NEVER_S
        self._too_late_s = _NEVER_S

    # --- the line ---

    def receive(self, data: bytes) -> None:
        super().receive(data)
        if not self._frames.held:
            self._too_late_s = _NEVER_S
        elif self._too_late_s == _NEVER_S:
            self._too_late_s = self.now_s + self.data.command_limit_s

    def cancels(self, frame: bytes) -> bool:
        """Nothing waits its turn: while it zeroes the balance answers that it is not ready, and the wait of S lets others in."""
        return True

    def command(self, frame: bytes) -> None:
        text = wire.decode_command(frame)
        if not text:
            return
        name, colon, argument = text.partition(":")
        action = _COMMANDS.get(name)
        if len(text) > _LONGEST_COMMAND:
            self._refuse(wire.TOO_LONG)
        elif action is None or bool(colon) != (name in _SETTERS):
            self._refuse(wire.UNDEFINED)
        elif self._finish is not None and name not in _ANYTIME:
            self._busy(text)
        elif not (self.awake or name in _ANYTIME):
            self._refuse(wire.NOT_READY)
        else:
            action(self, argument)

    def _busy(self, text: str) -> None:
        """While zeroing: without error codes a question for the weight gets the value from before."""
        self._refuse(wire.NOT_READY)
        if not self.data.answers_errors and text in ("Q", "SI"):
            self.print_now()

    def _refuse(self, code: str) -> None:
        if self.data.answers_errors:
            self.send(wire.encode_error(code, self._end))

    def _acknowledge(self) -> None:
        if self.data.answers_errors:
            self.send(wire.encode_acknowledgement(self._end))

    def _say(self, text: str) -> None:
        self.send(wire.encode_text(text, self._end))

    # --- what is printed ---

    def line(self, count: int, *, stable: bool) -> bytes:
        beyond = self.beyond(count)
        if beyond:
            return wire.encode_out_of_range(over=beyond == "+", form=self.data.line_format, end=self._end)
        line = Line("ST" if stable else "US", self.net_text(count), self.unit)
        return wire.encode_line(line, self.data.line_format, self._end)

    def block(self, net: IntArray, stable: Mask) -> tuple[bytes, IntArray]:
        return wire.encode_block(net, self.cell.data.decimals, stable, self.data.line_format, self._end)

    # --- time ---

    def next_event_s(self) -> float:
        return min(super().next_event_s(), self._busy_until_s, self._too_late_s)

    def advance_to(self, now_s: float) -> None:
        super().advance_to(now_s)
        if now_s >= self._too_late_s:
            self._frames.drop()
            self._too_late_s = _NEVER_S
            self._refuse(wire.TOO_SLOW)
        if self._finish is not None and now_s >= self._busy_until_s:
            self._busy_until_s = _NEVER_S
            self.when_stable(self._complete, self._fail, self.data.patience_s)

    def _complete(self) -> None:
        finish, self._finish = self._finish, None
        if finish is not None and finish():
            self._acknowledge()
        else:
            self._refuse(wire.OUT_OF_RANGE)

    def _fail(self) -> None:
        self._finish = None
        self._refuse(wire.UNSTABLE)

    # --- commands ---

    def weigh(self, argument: str) -> None:
        self.print_now()

    def weigh_stable(self, argument: str) -> None:
        """Without error codes nobody would hear of the end of patience, and there is none."""
        patience_s = self.data.patience_s if self.data.answers_errors else _NEVER_S
        self.when_stable(self.print_now, lambda: self._refuse(wire.UNSTABLE), patience_s)

    def stream(self, argument: str) -> None:
        self.start_stream()

    def cancel(self, argument: str) -> None:
        self.streaming = False
        if self._finish is None:
            self.stop_waiting()
        self._acknowledge()

    def rezero(self, argument: str) -> None:
        self._begin(self.set_zero)

    def set_tare_now(self, argument: str) -> None:
        self._begin(self.set_tare)

    def calibrate(self, argument: str) -> None:
        self._begin(lambda: True)

    def _begin(self, finish: Callable[[], object]) -> None:
        """Acknowledged on receipt; done, and acknowledged again, once calm and after its time."""
        self.stop_waiting()
        self._acknowledge()
        self._finish, self._busy_until_s = finish, self.now_s + self.data.zeroing_s

    def power_on(self, argument: str) -> None:
        self.awake = True
        self._acknowledge()

    def power_off(self, argument: str) -> None:
        self.awake, self.streaming = False, False
        self._acknowledge()

    def power_toggle(self, argument: str) -> None:
        (self.power_off if self.awake else self.power_on)(argument)

    def next_unit(self, argument: str) -> None:
        self.unit = _UNITS[(_UNITS.index(self.unit) + 1) % len(_UNITS)]
        self._acknowledge()

    def sample(self, argument: str) -> None:
        self._acknowledge()

    def print_identification(self, argument: str) -> None:
        self._say(self.identification)

    def set_identification(self, argument: str) -> None:
        if not _IDENTIFICATION.match(argument):
            self._refuse(wire.BAD_FORMAT)
            return
        self.identification = argument
        self._acknowledge()

    def print_serial(self, argument: str) -> None:
        self._say(self.data.serial)

    def print_model(self, argument: str) -> None:
        self._say(self.data.model)

    def print_preset(self, argument: str) -> None:
        self.send(wire.encode_line(Line("ST", self.text(self.tare), self.unit), "AD", self._end))

    def set_preset(self, argument: str) -> None:
        match = _PRESET.match(argument)
        if match is None or match["unit"] != self.unit:
            self._refuse(wire.BAD_FORMAT)
            return
        counts = round(float(match["number"]) * 10.0**self.decimals)
        if counts > self.capacity:
            self._refuse(wire.OUT_OF_RANGE)
            return
        self.tare = counts
        self._acknowledge()

    def print_lock(self, argument: str) -> None:
        self._say(f"KL,{self.locked}")

    def set_lock(self, argument: str) -> None:
        if not _LOCK.match(argument):
            self._refuse(wire.BAD_FORMAT)
            return
        self.locked = argument
        self._acknowledge()


_COMMANDS: dict[str, Callable[[AndBalance, str], None]] = {
    **dict.fromkeys(("Q", "SI", "PRT"), AndBalance.weigh),
    **dict.fromkeys(("S", "\x1bP"), AndBalance.weigh_stable),
    "SIR": AndBalance.stream,
    "C": AndBalance.cancel,
    **dict.fromkeys(("R", "Z", "\x1bT"), AndBalance.rezero),
    "T": AndBalance.set_tare_now,
    "CAL": AndBalance.calibrate,
    "ON": AndBalance.power_on,
    "OFF": AndBalance.power_off,
    "P": AndBalance.power_toggle,
    "SMP": AndBalance.sample,
    "U": AndBalance.next_unit,
    "?ID": AndBalance.print_identification,
    "ID": AndBalance.set_identification,
    "?SN": AndBalance.print_serial,
    "?TN": AndBalance.print_model,
    "?PT": AndBalance.print_preset,
    "PT": AndBalance.set_preset,
    "?KL": AndBalance.print_lock,
    "KL": AndBalance.set_lock,
}
_SETTERS = frozenset({"ID", "PT", "KL"})
_ANYTIME = frozenset({"C", "ON", "OFF", "P"})


def build(site: Site) -> AndBalance:
    return AndBalance(site.options(AndData), site.cell())
