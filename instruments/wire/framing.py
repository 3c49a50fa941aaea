"""Where one message ends and the next begins. A framer looks at bytes and says where whole frames end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from instruments.stamped import NOTHING, IntArray, Stamped

Framer = Callable[[bytes], IntArray]
"""Given all bytes not yet framed, the offsets at which whole frames end (ascending; the rest is kept for later)."""

FRAME_LIMIT = 4096
"""Bytes without an end of frame that are kept, at most; more than that is handed on as a frame that no decoder takes."""


def line_ends(data: bytes) -> IntArray:
    """Frames that end with LF (CR LF families)."""
    return np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 0x0A) + 1


class FrameBuffer:
    """Collects stamped bytes in any chunking and hands out whole frames, each with the stamp of its last byte."""

    def __init__(self, framer: Framer) -> None:
        self._framer = framer
        self._held = b""

    @property
    def held(self) -> bytes:
        """The beginning of a frame that has not ended yet."""
        return self._held

    def feed(self, arrived: Stamped) -> Stamped:
        """Take what arrived; return the frames that are whole now."""
        already = len(self._held)
        data = self._held + arrived.data
        ends = self._framer(data)
        if len(data) - (ends[-1] if len(ends) else 0) > FRAME_LIMIT:
            ends = np.append(ends, len(data))
        if not len(ends):
            self._held = data
            return NOTHING
        whole = int(ends[-1])
        self._held = data[whole:]
        piece = np.searchsorted(arrived.ends, ends - already, side="left")
        return Stamped(data[:whole], ends, arrived.stamps_us[piece])

    def drop(self) -> bytes:
        """Forget the unfinished frame and return its bytes."""
        held, self._held = self._held, b""
        return held
