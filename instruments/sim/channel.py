"""One client of a simulated device: what it says is handed on, what it is told is kept until it takes it. Nothing here waits."""

from __future__ import annotations

from collections.abc import Callable
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector
from typing import Any

_CHUNK = 65_536
BACKLOG_LIMIT = 262_144
"""Bytes that are kept for a client that does not read; what the device sends beyond them is lost, as on a line overrun."""

Hear = Callable[[bytes], None]


class Channel:
    """The bytes of one client, both ways. ``gone`` is called once, when the client has left."""

    def __init__(
        self,
        selector: BaseSelector,
        file: Any,
        streams: tuple[Callable[[int], bytes], Callable[[bytearray], int]],
        heard: Hear,
        gone: Callable[[], None],
    ) -> None:
        self._selector, self._file, self._heard, self._gone = selector, file, heard, gone
        self._read, self._write = streams
        self._backlog = bytearray()
        self._wants = EVENT_READ
        self.open = True
        selector.register(file, EVENT_READ, self._ready)

    def write(self, data: bytes) -> bool:
        """Send ``data`` now or later; False when it was lost because the client has not read for long."""
        if not self.open or len(self._backlog) + len(data) > BACKLOG_LIMIT:
            return not self.open
        self._backlog += data
        self._flush()
        return True

    def look(self) -> None:
        """Find out whether the client is still there, taking in what it said last."""
        while self.open and self._take():
            pass

    def close(self) -> None:
        if self.open:
            self.open = False
            self._selector.unregister(self._file)
            self._gone()

    def _ready(self, events: int) -> None:
        if self.open and events & EVENT_WRITE:
            self._flush()
        if self.open and events & EVENT_READ:
            self._take()

    def _take(self) -> bool:
        try:
            data = self._read(_CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if data:
            self._heard(data)
        else:
            self.close()
        return bool(data)

    def _flush(self) -> None:
        try:
            while self._backlog:
                del self._backlog[: self._write(self._backlog)]
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        self._want(EVENT_READ | EVENT_WRITE if self._backlog else EVENT_READ)

    def _want(self, events: int) -> None:
        if events != self._wants:
            self._wants = events
            self._selector.modify(self._file, events, self._ready)
