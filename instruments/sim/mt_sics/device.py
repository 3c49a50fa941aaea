"""The balance itself: its line, its stream, the commands that wait, its power."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np

from instruments.errors import ReplyError
from instruments.sim.device import SimDevice
from instruments.sim.mt_sics import pace
from instruments.sim.mt_sics.changes import Changes
from instruments.sim.mt_sics.identity import Terminal
from instruments.sim.mt_sics.mishaps import read_mishaps
from instruments.sim.mt_sics.options import BalanceData, Persona
from instruments.sim.mt_sics.pending import Pending, never
from instruments.sim.mt_sics.scale import DISPLAY, HOST, UNITS, Scale
from instruments.sim.mt_sics.settings import Settings
from instruments.sim.mt_sics.table import commands_of
from instruments.sim.physics.weighing import Samples, WeighingCell
from instruments.stamped import NOTHING
from instruments.wire import framing
from instruments.wire import mt_sics as wire
from instruments.wire.mt_sics import Text

_NEVER_S = float("inf")


class MtSicsBalance(SimDevice):
    """Takes one command after the other. Power that comes back finds settings and zero as they were, tare and unit lost."""

    framer: framing.Framer = staticmethod(framing.line_ends)

    def __init__(self, data: BalanceData, cell: WeighingCell) -> None:
        super().__init__(baudrate=data.baudrate, latency_s=data.latency_s)
        self.data: BalanceData = data
        self.persona: Persona = data.as_persona()
        self.cell, self.scale = cell, Scale(data, cell)
        self.settings, self.terminal = Settings(self.persona, cell.data), Terminal()
        self.commands = commands_of(self.persona.commands)
        self.awake, self.streaming, self.stream_channel = True, False, HOST
        self.changes: Changes | None = None
        self.count, self.stable = 0, False
        self.history: list[tuple[datetime, str, str]] = []
        self.calendar_start = data.began()
        self.started_s, self.deaf_until_s = 0.0, 0.0
        self.garbled, self.lines_to_lose = False, 0
        self.pending: Pending | None = None
        self._queue: deque[bytes] = deque()
        self._mishaps = read_mishaps(data.mishaps)
        cell.set_rate(0.0, self.persona.update_rate_hz)

    @property
    def unit(self) -> str:
        return self.scale.units[HOST]

    @unit.setter
    def unit(self, code: str) -> None:
        self.scale.units[HOST] = code

    @property
    def tare(self) -> int:
        return self.scale.tare

    @tare.setter
    def tare(self, counts: int) -> None:
        self.scale.tare = counts

    def set_unit(self, unit: str) -> None:
        code = next(code for code, known in UNITS.items() if known.symbol == unit)
        self.scale.units[HOST] = self.scale.units[DISPLAY] = code

    # --- the line ---

    def receive(self, data: bytes) -> None:
        if self.data.answers and self.now_s >= self.deaf_until_s:
            super().receive(data)

    def obey(self, frame: bytes) -> None:
        text = frame.removesuffix(b"\n").removesuffix(b"\r").decode("latin-1")
        if self.pending is not None and not self._urgent(text):
            self._keep(frame)
        elif text and self.garbled:
            self.garbled = False
            self.send(b"ET\r\n")
        elif text:
            self._execute(text)

    def _urgent(self, text: str) -> bool:
        if text == "C":
            return text in self.commands
        return text == "@" and (self.persona.reset_ends_adjustment or not self.adjusting)

    def _keep(self, frame: bytes) -> None:
        if frame.strip() and len(self._queue) < self.data.queue_length:
            self._queue.append(frame)

    def _execute(self, text: str) -> None:
        try:
            command = wire.decode_command(text.encode("latin-1"))
            entry = self.commands[command.name]
        except (ReplyError, KeyError):
            self.send(b"ES\r\n")
            return
        if len(command.words) not in entry.takes:
            self.send(b"EL\r\n" if entry.wrong == "EL" else wire.encode_answer(entry.identifier, entry.wrong))
        elif entry.needs_power and not self.awake:
            self.answer(entry.identifier, "I")
        else:
            if entry.weighs:
                self.stop_sending()
            entry.act(self, command.words)

    def answer(self, identifier: str, status: str, *words: str) -> None:
        self.send(wire.encode_answer(identifier, status, *words))

    def send(self, data: bytes, *, delay_s: float = 0.0) -> None:
        if self.lines_to_lose:
            self.lines_to_lose -= 1
            return
        super().send(data, delay_s=delay_s)

    def greet(self, delay_s: float = 0.0) -> None:
        line = wire.encode_answer("I4", "A", Text(self.data.serial))
        self.send(line, delay_s=delay_s)

    @property
    def baudrate(self) -> float:
        return 10 / self._byte_s

    @baudrate.setter
    def baudrate(self, baudrate: float) -> None:
        self._byte_s = 10 / baudrate

    # --- what it sends by itself ---

    def next_event_s(self) -> float:
        mishap_s = self._mishaps[0].moment_s if self._mishaps else _NEVER_S
        if self.pending is None:
            return mishap_s
        looked_s = _NEVER_S if self.pending.ready is never else self.cell.next_sample_s
        return min(mishap_s, looked_s, self.pending.deadline_s)

    def next_output_s(self) -> float:
        sending = (self.streaming or self.changes is not None) and not self.adjusting
        sampled_s = self.cell.next_sample_s + self._line_delay_s if sending else _NEVER_S
        return min(super().next_output_s(), sampled_s)

    def advance_to(self, now_s: float) -> None:
        samples = self.cell.convert_until(now_s)
        if len(samples.counts):
            self.count, self.stable = int(samples.counts[-1]), bool(samples.stable[-1])
            if not self.adjusting:
                self._report(samples)
        super().advance_to(now_s)
        self._try_pending()
        while self._mishaps and self._mishaps[0].moment_s <= now_s:
            self._mishaps.popleft().befall(self)

    def _report(self, samples: Samples) -> None:
        if self.streaming:
            self._stream(samples)
        for moment_s, count, status in self.changes.feed(samples) if self.changes is not None else ():
            line = b"S I\r\n" if status == "I" else self.scale.line(count, status)
            self.send(line, delay_s=moment_s - self.now_s)

    def _stream(self, samples: Samples) -> None:
        if self.stream_channel != HOST or self.lines_to_lose or not self.scale.regular(samples.counts):
            for moment_s, count, stable in zip(samples.moments_s, samples.counts, samples.stable, strict=True):
                line = self.scale.line(int(count), "S" if stable else "D", self.stream_channel)
                self.send(line, delay_s=float(moment_s) - self.now_s)
            return
        net = samples.counts - self.scale.zero - self.scale.tare
        data, ends = wire.encode_block(net, self.cell.data.decimals, samples.stable)
        sent_s = pace.sent_s(samples.moments_s, latency_s=self._latency_s, delay_s=self._line_delay_s, free_s=self._free_s)
        self._free_s = float(sent_s[-1])
        self.send_block(data, ends, np.rint(sent_s * 1e6).astype(np.int64))

    @property
    def _line_delay_s(self) -> float:
        return self._latency_s + len(wire.encode_weight("S", "S", "")) * self._byte_s

    def stop_sending(self) -> None:
        self.streaming, self.changes = False, None

    # --- commands that wait ---

    @property
    def adjusting(self) -> bool:
        return self.pending is not None and self.pending.adjusts

    def when_stable(self, act: Callable[[], None], expire: Callable[[], None], patience_s: float) -> None:
        """``act`` at once on a quiet pan, otherwise when it has become quiet."""
        if self.stable:
            act()
            return
        self.pending = Pending(self.now_s + patience_s, expire, act, lambda: self.stable)

    def _try_pending(self) -> None:
        pending = self.pending
        if pending is None:
            return
        ready = pending.ready()
        if not ready and self.now_s < pending.deadline_s:
            return
        self.pending = None
        (pending.act if ready else pending.expire)()
        while self._queue and self.pending is None:
            self.obey(self._queue.popleft())

    def call_off(self) -> bytes:
        """End all that waits or repeats; returns what the waiting command says to it."""
        said = self.pending.cancelled if self.pending is not None else b""
        if self.streaming:
            self.cancel_later()
        self.stop_sending()
        self.pending = None
        self._queue.clear()
        return said

    # --- power and time ---

    def calendar(self) -> datetime:
        """What the balance's own clock shows."""
        return self.calendar_start + timedelta(seconds=self.now_s)

    def power_off(self) -> None:
        self.call_off()
        self._collect()
        self._outbox.clear()
        self._sent.clear()
        self._on_the_way = NOTHING
        self._frames.drop()
        self.deaf_until_s = _NEVER_S

    def power_on(self, *, initial_zero: bool = False, first: bytes = b"") -> None:
        """Start up: what was not meant to last is gone; after a while the serial number comes unasked.

        ``first`` answers the command that asked for it.
        """
        self.call_off()
        if first:
            self.send(first)
        self.scale.clear_tare()
        self.unit = "0"
        if initial_zero or self.settings["M35"]:
            self.scale.set_zero(self.count)
        self.awake, self.terminal = True, Terminal()
        self.started_s, self.deaf_until_s = self.now_s, self.now_s + self.data.boot_s
        if self.data.power_up_noise:
            self.send(self.data.power_up_noise.encode("latin-1"), delay_s=self.data.boot_s / 2)
        self.greet(delay_s=self.data.boot_s)
