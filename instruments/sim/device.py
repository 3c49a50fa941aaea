"""What every simulated device has: a line to the host, with replies that take their time and may be unplugged."""

from __future__ import annotations

import heapq
from itertools import count

import numpy as np

from instruments.stamped import NOTHING, IntArray, Stamped, microseconds
from instruments.wire.framing import FrameBuffer, Framer

_BITS_PER_BYTE = 10


class SimDevice:
    """One end of a line: bytes in at the present moment, stamped bytes out when they are due.

    Subclasses say what frames look like (``framer``) and act on each (``obey``). ``advance_to`` is called by the clock
    with every moment at which anything on the bench happens.
    """

    framer: Framer
    alarming = False
    """Whether the device gives alarm just now, as its alarm line would show it."""
    feels_pressure = True
    """Of a pump: whether it has an occlusion alarm, and so a threshold that can be set."""

    def __init__(self, *, baudrate: int, latency_s: float) -> None:
        self.now_s = 0.0
        self.plugged_in, self.cable = True, 1
        self._dark = False
        self._frames = FrameBuffer(type(self).framer)
        self._latency_s = latency_s
        self._byte_s = _BITS_PER_BYTE / baudrate
        self._free_s = 0.0
        self._order = count()
        self._outbox: list[tuple[float, int, bytes]] = []
        self._sent: list[Stamped] = []
        self._on_the_way, self._arrived = NOTHING, NOTHING
        self._lost_us: list[tuple[float, float]] = []

    def obey(self, frame: bytes) -> None:
        """Act on one whole frame from the host."""
        raise NotImplementedError

    def receive(self, data: bytes) -> None:
        """Bytes from the host, arriving now, in any chunking."""
        if self._dark:
            return
        for frame, _ in self._frames.feed(Stamped.one(data, microseconds(self.now_s))):
            self.obey(frame)

    def send(self, data: bytes, *, delay_s: float = 0.0) -> None:
        """Put ``data`` on the line: after the device's own latency, behind what is on the line, at the line's speed."""
        begin_s = max(self.now_s + self._latency_s + delay_s, self._free_s)
        self._free_s = begin_s + len(data) * self._byte_s
        heapq.heappush(self._outbox, (self._free_s, next(self._order), data))

    def cancel_later(self) -> None:
        """Take back what has not begun to be sent; the line is free again after what has."""
        begun = [entry for entry in self._outbox if entry[0] - len(entry[2]) * self._byte_s <= self.now_s]
        self._outbox = sorted(begun)
        self._free_s = max((due_s for due_s, _, _ in begun), default=self.now_s)

    def send_block(self, data: bytes, ends: IntArray, stamps_us: IntArray) -> None:
        """Put on the line what was computed for a whole stretch; each piece arrives at its stamp."""
        if len(ends) and self.plugged_in:
            self._sent.append(Stamped(data, ends, stamps_us))

    def next_event_s(self) -> float:
        return float("inf")

    def next_output_s(self) -> float:
        queued_s = self._outbox[0][0] if self._outbox else float("inf")
        self._collect()
        return min(queued_s, self._on_the_way.stamps_us[0] / 1e6) if len(self._on_the_way) else queued_s

    def advance_to(self, now_s: float) -> None:
        self.now_s = now_s
        while self._outbox and self._outbox[0][0] <= now_s:
            due_s, _, data = heapq.heappop(self._outbox)
            self.send_block(data, np.array([len(data)], dtype=np.int64), np.array([microseconds(due_s)], dtype=np.int64))

    def unplug(self) -> None:
        """Pull the cable: what has not arrived by now is lost, what has arrived is still there to be taken."""
        self._collect()
        self.plugged_in = False
        self._outbox.clear()
        self._sent.clear()
        self._on_the_way = NOTHING

    def plug_in(self) -> None:
        """Put the cable back. A port that was opened before stays dead, as on a real line: ``cable`` counts the times."""
        if not self.plugged_in:
            self.plugged_in, self.cable = True, self.cable + 1

    def lose(self, from_s: float, until_s: float) -> None:
        """What arrives between these moments does not."""
        self._lost_us.append((from_s * 1e6, until_s * 1e6))

    def blurt(self, data: bytes) -> None:
        """Stray bytes on the line, now."""
        self.send_block(data, np.array([len(data)], dtype=np.int64), np.array([microseconds(self.now_s)], dtype=np.int64))

    def restart(self) -> None:
        """Power was gone for a moment: what becomes of a device that does not tell of it. By default nothing."""

    def cut_power(self) -> None:
        """Its power is taken away: what it did ends, it hears nothing and says nothing."""
        self.restart()
        self.cancel_later()
        self._dark = True

    def restore_power(self) -> None:
        """It has its power back."""
        self._dark = False

    def set_unit(self, unit: str) -> None:
        """Somebody sets the unit that is shown and sent, on a device that has one."""

    @property
    def waiting(self) -> int:
        """Bytes that have arrived at the host and were not taken yet."""
        self._collect()
        return len(self._arrived.data)

    def take(self) -> Stamped:
        """All that has arrived at the host since the last call, with its stamps."""
        self._collect()
        arrived, self._arrived = self._arrived, NOTHING
        return arrived

    def put_back(self, rest: Stamped) -> None:
        """Return what a reader took too much of."""
        self._arrived = Stamped.join([rest, self._arrived])

    def _collect(self) -> None:
        """Move what is due from the line to the host, in the order of arrival."""
        if not self._sent and not len(self._on_the_way):
            return
        now_us = microseconds(self.now_s)
        if not self._sent and self._on_the_way.stamps_us[0] > now_us:
            return
        line = Stamped.join([self._on_the_way, *self._sent]).in_order()
        due = int(np.searchsorted(line.stamps_us, now_us, side="right"))
        now, self._on_the_way = line.split(due)
        for from_us, until_us in self._lost_us:
            now = now.pick((now.stamps_us < from_us) | (now.stamps_us >= until_us))
        self._sent.clear()
        self._arrived = Stamped.join([self._arrived, now])
