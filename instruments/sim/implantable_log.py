"""The event log of an implantable-style pump: numbered entries with the pump's own time; the oldest give way."""

from __future__ import annotations

from collections import deque

from instruments.wire.scpi_errors import ScpiError
from instruments.wire.scpi_pump import LogEntry

DEPTH = 1000


class EventLog:
    """Numbers go on over power-up and ``clear``; the time is that since the last power-up."""

    def __init__(self) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=DEPTH)
        self._last = 0
        self._since_s = 0.0

    def power_up(self, now_s: float) -> None:
        self._since_s = now_s
        self.put(now_s, "POWER")

    def uptime_s(self, now_s: float) -> float:
        return now_s - self._since_s

    def put(self, now_s: float, event: str, detail: str = "") -> None:
        self._last += 1
        self._entries.append(LogEntry(self._last, self.uptime_s(now_s), event, detail))

    @property
    def numbers(self) -> range:
        return range(self._last - len(self._entries) + 1, self._last + 1)

    def entry(self, number: int) -> LogEntry:
        """Raises ScpiError -222 for an entry that is not there."""
        if number not in self.numbers:
            raise ScpiError(-222)
        return self._entries[number - self.numbers[0]]

    def clear(self) -> None:
        self._entries.clear()
