"""Where one message ends and the next begins. A framer looks at bytes and says where whole frames end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from instruments.stamped import NOTHING, IntArray, Stamped

Framer = Callable[[bytes], IntArray]
"""Given all bytes not yet framed, the offsets at which whole frames end (ascending; the rest is kept for later)."""

FRAME_LIMIT = 4096
"""Bytes of one frame, at most; what goes on longer is handed out in frames of this size, which no decoder takes."""


def line_ends(data: bytes) -> IntArray:
    """Frames that end with LF (CR LF families)."""
    return np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 0x0A) + 1


class FrameBuffer:
    """Collects stamped bytes in any chunking and hands out whole frames, each with the stamp of its last byte."""

    def __init__(self, framer: Framer) -> None:
        self._framer = framer
        self._held = b""
        self._held_stamp_us = 0

    @property
    def held(self) -> bytes:
        """The beginning of a frame that has not ended yet."""
        return self._held

    def feed(self, arrived: Stamped) -> Stamped:
        """Take what arrived; return the frames that are whole now."""
        data = self._held + arrived.data
        ends = self._ends(data)
        stamps_us = self._stamps_us(arrived, ends - len(self._held))
        whole = int(ends[-1]) if len(ends) else 0
        if len(arrived):
            self._held, self._held_stamp_us = data[whole:], int(arrived.stamps_us[-1])
        return Stamped(data[:whole], ends, stamps_us) if whole else NOTHING

    def _ends(self, data: bytes) -> IntArray:
        """Where frames end. One that grows beyond the limit is cut there, so the frames are the same in any chunking."""
        if len(data) <= FRAME_LIMIT:
            return self._framer(data)
        done: list[IntArray] = []
        start = 0
        while True:
            ends = self._framer(data[start:] if start else data)
            too_long = np.flatnonzero(np.diff(ends, prepend=0, append=len(data) - start) > FRAME_LIMIT)
            if not len(too_long):
                return np.concatenate([*done, ends + start])
            good = int(too_long[0])
            done.append(ends[:good] + start)
            start = int(done[-1][-1] if good else start) + FRAME_LIMIT
            done.append(np.array([start], dtype=np.int64))

    def _stamps_us(self, arrived: Stamped, ends: IntArray) -> IntArray:
        """Stamps of the last bytes of frames that end at ``ends`` in what arrived; 0: the frame had ended before it."""
        if not len(ends):
            return np.empty(0, dtype=np.int64)
        piece = np.searchsorted(arrived.ends, ends, side="left")
        return np.where(ends > 0, arrived.stamps_us[piece], self._held_stamp_us)

    def drop(self) -> bytes:
        """Forget the unfinished frame and return its bytes."""
        held, self._held = self._held, b""
        return held
