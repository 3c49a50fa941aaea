"""An MT-SICS balance behind its wire protocol: analytical, with terminal, unless its data say otherwise.

Where the sources disagree the behaviour is an option of ``BalanceData``; defaults follow the manufacturer's own manual.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from instruments.sim.device import SimDevice
from instruments.sim.fluid import FloatArray
from instruments.sim.site import Site
from instruments.sim.weighing import Samples, WeighingCell
from instruments.wire import framing
from instruments.wire import mt_sics as wire

_NEVER_S = float("inf")
_UNIT_CODES = {"0": "g", "1": "kg", "3": "mg"}
_DECIMAL_SHIFT = {"g": 0, "kg": 3, "mg": -3}
_STEP_S = 10.0
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class BalanceData:
    """Options of the device.

    ``update_rates_hz``: no source lists the realisable rates; 18.311 is documented (asked 20, got 18.311), the others are
    taken to exist so that a bench can weigh at round rates. With a terminal the device refuses 23 per second and more.
    """

    model: str = "SIM204"
    serial: str = "SIM0000001"
    software: str = "2.10 10.28.0.493.142"
    baudrate: int = 9600
    latency_s: float = 0.004
    update_rates_hz: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 18.311)
    update_rate_hz: float = 18.311
    update_limit_hz: float = 23.0
    patience_s: float = 40.0
    zero_range: float = 0.02
    reset_clears_tare: bool = False
    adjustment_g: float = 2000.0
    display_characters: int = 20


class MtSicsBalance(SimDevice):
    """Command interpreter, stream, and the commands that wait for stability."""

    framer: framing.Framer = staticmethod(framing.line_ends)

    def __init__(self, data: BalanceData, cell: WeighingCell) -> None:
        super().__init__(baudrate=data.baudrate, latency_s=data.latency_s)
        self.data, self.cell = data, cell
        self.streaming, self.awake = False, True
        self.hardware_error = ""
        self.zero, self.tare = 0, 0
        self.unit, self.display_unit, self.info_unit = "0", "0", "0"
        self._count, self._stable = 0, False
        self._waiting: Callable[[], None] | None = None
        self._wait_failed: Callable[[], bytes] = bytes
        self._deadline_s = _NEVER_S
        self._queue: deque[bytes] = deque()
        self._keys = 1
        cell.set_rate(0.0, data.update_rate_hz)

    # --- the line ---

    def obey(self, frame: bytes) -> None:
        if self._waiting is not None and frame.strip() != b"@":
            self._queue.append(frame)
            return
        text = frame.removesuffix(b"\n").removesuffix(b"\r").decode("latin-1")
        if text:
            self._execute(text)

    def _execute(self, text: str) -> None:
        name, _, argument = text.partition(" ")
        action = _COMMANDS.get(name)
        if action is None or text != text.strip() or argument != argument.strip() or "  " in argument.split('"')[0]:
            self.send(b"ES\r\n")
            return
        if name in _WEIGHING:
            self.streaming = False
        if name in _NEEDS_POWER and not self.awake:
            self.answer(name if name[0] in "ZT" else "S", "I")
            return
        action(self, argument)

    def answer(self, identifier: str, status: str, *words: str) -> None:
        self.send(wire.encode_answer(identifier, status, *words))

    # --- weighing ---

    def next_event_s(self) -> float:
        return min(self.cell.next_sample_s, self._deadline_s) if self._waiting else _NEVER_S

    def next_output_s(self) -> float:
        sampled_s = self.cell.next_sample_s + self._line_delay_s if self.streaming else _NEVER_S
        return min(super().next_output_s(), sampled_s)

    def advance_to(self, now_s: float) -> None:
        samples = self.cell.convert_until(now_s)
        if len(samples.counts):
            self._count, self._stable = int(samples.counts[-1]), bool(samples.stable[-1])
            if self.streaming:
                self._stream(samples)
        super().advance_to(now_s)
        self._try_waiting()

    @property
    def _line_delay_s(self) -> float:
        return self._latency_s + len(wire.encode_weight("S", "S", "")) * self._byte_s

    def _stream(self, samples: Samples) -> None:
        gross = samples.counts - self.zero
        odd = self._out_of_range(int(gross.max())) or self._out_of_range(int(gross.min()))
        if odd or self.unit != "0" or self.hardware_error:
            for moment_s, count, stable in zip(samples.moments_s, samples.counts, samples.stable, strict=True):
                line = self._weight_line("S", int(count), "S" if stable else "D")
                self.send(line, delay_s=float(moment_s) - self.now_s)
            return
        data, ends = wire.encode_block(gross - self.tare, self.cell.data.decimals, samples.stable)
        stamps_us = np.rint(self._sent_s(samples.moments_s) * 1e6).astype(np.int64)
        self.send_block(data, ends, stamps_us)

    def _sent_s(self, moments_s: FloatArray) -> FloatArray:
        """When the line of each sample has gone out: after its own time, and behind the line before it."""
        line_s = self._line_delay_s - self._latency_s
        ready_s = moments_s + self._latency_s - line_s * np.arange(len(moments_s))
        free_s = np.maximum.accumulate(np.maximum(ready_s, self._free_s))
        sent_s = moments_s + self._line_delay_s + (free_s - ready_s)
        self._free_s = float(sent_s[-1])
        return np.asarray(sent_s)

    @property
    def _capacity(self) -> float:
        """In digits of the last place, like all counts."""
        return self.cell.data.capacity_g * 10.0**self.cell.data.decimals

    def _out_of_range(self, gross: int) -> str:
        """``+`` above capacity and 9 digits, ``-`` below minus the zero range, else nothing."""
        if gross > self._capacity + 9:
            return "+"
        return "-" if gross < -self._capacity * self.data.zero_range else ""

    def _weight_line(self, identifier: str, count: int, status: str) -> bytes:
        beyond = self._out_of_range(count - self.zero)
        if self.hardware_error:
            return wire.encode_hardware_error(self.hardware_error)
        if beyond:
            return wire.encode_answer(identifier, beyond)
        return wire.encode_weight(identifier, status, self.number(count - self.zero - self.tare), self.host_unit)

    @property
    def host_unit(self) -> str:
        return _UNIT_CODES[self.unit]

    def number(self, count: int) -> str:
        """Digits of ``count`` (last places of the display in g) in the host unit."""
        decimals = self.cell.data.decimals + _DECIMAL_SHIFT[self.host_unit]
        return f"{Decimal(count).scaleb(-decimals):.{max(decimals, 0)}f}"

    # --- waiting for stability ---

    def _when_stable(self, act: Callable[[], None], failed: Callable[[], bytes], patience_s: float | None = None) -> None:
        if self._stable:
            act()
            return
        self._waiting, self._wait_failed = act, failed
        self._deadline_s = self.now_s + (self.data.patience_s if patience_s is None else patience_s)

    def _try_waiting(self) -> None:
        act = self._waiting
        if act is None or not (self._stable or self.now_s >= self._deadline_s):
            return
        self._stop_waiting()
        if self._stable:
            act()
        else:
            self.send(self._wait_failed())
        while self._queue and self._waiting is None:
            self.obey(self._queue.popleft())

    def _stop_waiting(self) -> None:
        self._waiting, self._deadline_s = None, _NEVER_S

    # --- commands ---

    def reset(self, argument: str) -> None:
        self.streaming, self.awake, self._keys = False, True, 1
        self._stop_waiting()
        self._queue.clear()
        self.cancel_later()
        if self.data.reset_clears_tare:
            self.tare = 0
        self.answer("I4", "A", wire.quoted(self.data.serial))

    def weigh_stable(self, argument: str) -> None:
        self._when_stable(lambda: self.send(self._weight_line("S", self._count, "S")), lambda: b"S I\r\n")

    def weigh_now(self, argument: str) -> None:
        self.send(self._weight_line("S", self._count, "S" if self._stable else "D"))

    def weigh_within(self, argument: str) -> None:
        if not _is_number(argument) or "." in argument or not 0 <= int(argument) <= 65535:
            self.answer("S", "L")
            return
        self._when_stable(lambda: self.weigh_now(""), lambda: self._weight_line("S", self._count, "D"), int(argument) / 1000)

    def stream(self, argument: str) -> None:
        self.streaming = True

    def zero_stable(self, argument: str) -> None:
        self._when_stable(lambda: self._zero("Z", "A"), lambda: b"Z I\r\n")

    def zero_now(self, argument: str) -> None:
        self._zero("ZI", "S" if self._stable else "D")

    def _zero(self, identifier: str, done: str) -> None:
        if abs(self._count) > self._capacity * self.data.zero_range:
            self.answer(identifier, "+" if self._count > 0 else "-")
            return
        self.zero, self.tare = self._count, 0
        self.answer(identifier, done)

    def tare_stable(self, argument: str) -> None:
        self._when_stable(lambda: self._tare("T", "S"), lambda: b"T I\r\n")

    def tare_now(self, argument: str) -> None:
        self._tare("TI", "S" if self._stable else "D")

    def _tare(self, identifier: str, status: str) -> None:
        gross = self._count - self.zero
        beyond = "-" if gross < 0 else self._out_of_range(gross)
        if beyond:
            self.answer(identifier, beyond)
            return
        self.tare = gross
        self.send(wire.encode_weight(identifier, status, self.number(gross), self.host_unit))

    def tare_value(self, argument: str) -> None:
        words = argument.split(" ")
        if argument and not (len(words) == 2 and words[1] == self.host_unit and _is_number(words[0])):
            self.answer("TA", "L")
            return
        if argument and not self._preset_tare(Decimal(words[0])):
            self.answer("TA", "L")
            return
        self.send(wire.encode_weight("TA", "A", self.number(self.tare), self.host_unit))

    def _preset_tare(self, value: Decimal) -> bool:
        """Take a tare in the host unit, rounded to the last place; nothing below zero or above the capacity."""
        decimals = self.cell.data.decimals + _DECIMAL_SHIFT[self.host_unit]
        counts = int(value.scaleb(decimals).to_integral_value())
        possible = 0 <= counts <= self._capacity
        self.tare = counts if possible else self.tare
        return possible

    def clear_tare(self, argument: str) -> None:
        self.tare = 0
        self.answer("TAC", "A")

    def update_rate(self, argument: str) -> None:
        if not argument:
            self.answer("UPD", "A", f"{self.cell.rate_hz:.1f}")
            return
        if not _is_number(argument) or not 1 <= float(argument) < self.data.update_limit_hz:
            self.answer("UPD", "L")
            return
        asked_hz = float(argument)
        self.cell.set_rate(self.now_s, min(self.data.update_rates_hz, key=lambda rate_hz: abs(rate_hz - asked_hz)))
        self.answer("UPD", "A")

    def commands(self, argument: str) -> None:
        known = sorted((level, name) for name, level in _LEVELS.items())
        for level, name in known[:-1]:
            self.answer("I0", "B", str(level), wire.quoted(name))
        self.answer("I0", "A", str(known[-1][0]), wire.quoted(known[-1][1]))

    def levels(self, argument: str) -> None:
        self.answer("I1", "A", *map(wire.quoted, ("0123", "2.00", "2.20", "1.00", "1.50")))

    def type_line(self, argument: str) -> None:
        cell = self.cell.data
        self.answer("I2", "A", wire.quoted(f"{self.data.model} {cell.capacity_g:.{cell.decimals}f} g"))

    def software(self, argument: str) -> None:
        self.answer("I3", "A", wire.quoted(self.data.software))

    def serial_number(self, argument: str) -> None:
        self.answer("I4", "A", wire.quoted(self.data.serial))

    def units(self, argument: str) -> None:
        channels = {"0": "unit", "1": "display_unit", "2": "info_unit"}
        if not argument:
            for channel, name in channels.items():
                self.answer("M21", "A" if channel == "2" else "B", channel, getattr(self, name))
            return
        channel, _, code = argument.partition(" ")
        possible = channel in channels and (code in _UNIT_CODES or (channel != "0" and code.isdecimal()))
        if possible:
            setattr(self, channels[channel], code)
        self.answer("M21", "A" if possible else "L")

    def display(self, argument: str) -> None:
        fits = len(argument.strip('"')) <= self.data.display_characters
        self.answer("D", "A" if argument.startswith('"') and argument.endswith('"') and fits else "L")

    def display_weight(self, argument: str) -> None:
        self.answer("DW", "A")

    def keys(self, argument: str) -> None:
        known = argument in ("1", "2", "3", "4")
        self._keys = int(argument) if known else self._keys
        self.answer("K", "A" if known else "L")

    def power(self, argument: str) -> None:
        if argument not in ("0", "1"):
            self.answer("PWR", "L")
            return
        woken = argument == "1" and not self.awake
        self.awake, self.streaming = argument == "1", False
        self.answer("PWR", "A")
        if woken:
            self.answer("I4", "A", wire.quoted(self.data.serial))

    def adjust_internal(self, argument: str) -> None:
        self.answer("C3", "B")
        self.send(b"C3 A\r\n", delay_s=2 * _STEP_S)

    def adjust_external(self, argument: str) -> None:
        self.answer("C2", "B")
        for step, load_g in enumerate((0.0, self.data.adjustment_g, 0.0), start=1):
            prompt = f"{load_g:>10.{self.cell.data.decimals}f} g"
            self.send(f"C2 {wire.quoted(prompt)}\r\n".encode("latin-1"), delay_s=step * _STEP_S)
        self.send(b"C2 A\r\n", delay_s=4 * _STEP_S)


def _is_number(text: str) -> bool:
    return _NUMBER.match(text) is not None


_TABLE: tuple[tuple[int, str, Callable[[MtSicsBalance, str], None]], ...] = (
    (0, "@", MtSicsBalance.reset),
    (0, "I0", MtSicsBalance.commands),
    (0, "I1", MtSicsBalance.levels),
    (0, "I2", MtSicsBalance.type_line),
    (0, "I3", MtSicsBalance.software),
    (0, "I4", MtSicsBalance.serial_number),
    (0, "S", MtSicsBalance.weigh_stable),
    (0, "SI", MtSicsBalance.weigh_now),
    (0, "SIR", MtSicsBalance.stream),
    (0, "Z", MtSicsBalance.zero_stable),
    (0, "ZI", MtSicsBalance.zero_now),
    (1, "D", MtSicsBalance.display),
    (1, "DW", MtSicsBalance.display_weight),
    (1, "K", MtSicsBalance.keys),
    (1, "T", MtSicsBalance.tare_stable),
    (1, "TA", MtSicsBalance.tare_value),
    (1, "TAC", MtSicsBalance.clear_tare),
    (1, "TI", MtSicsBalance.tare_now),
    (2, "C2", MtSicsBalance.adjust_external),
    (2, "C3", MtSicsBalance.adjust_internal),
    (2, "M21", MtSicsBalance.units),
    (2, "PWR", MtSicsBalance.power),
    (2, "SC", MtSicsBalance.weigh_within),
    (3, "UPD", MtSicsBalance.update_rate),
)
_COMMANDS = {name: action for _, name, action in _TABLE}
_LEVELS = {name: level for level, name, _ in _TABLE}
_WEIGHING = frozenset({"S", "SI", "SIR", "SC", "@"})
_NEEDS_POWER = frozenset({"S", "SI", "SIR", "SC", "Z", "ZI", "T", "TI"})


def build(site: Site) -> MtSicsBalance:
    return MtSicsBalance(site.options(BalanceData), site.cell())
