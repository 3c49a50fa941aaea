"""Bytes in pieces, each piece with the moment it arrived.

One value serves from the port to the record: what a port hands out (pieces as they came), and what a link makes of it
(pieces that are whole frames). A quiet hour of balance readings is one such value, so nothing here loops over lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stamped:
    """``data[ends[i-1]:ends[i]]`` is piece i; its last byte arrived at ``stamps_us[i]`` (microseconds of bench time)."""

    data: bytes
    ends: IntArray
    stamps_us: IntArray

    @classmethod
    def one(cls, data: bytes, stamp_us: int) -> Stamped:
        return cls(data, np.array([len(data)], dtype=np.int64), np.array([stamp_us], dtype=np.int64))

    @classmethod
    def join(cls, parts: Sequence[Stamped]) -> Stamped:
        """All pieces of ``parts`` in their order."""
        parts = [part for part in parts if len(part)]
        if len(parts) < 2:
            return parts[0] if parts else NOTHING
        offsets = np.cumsum([0] + [len(part.data) for part in parts])
        ends = [part.ends + offset for part, offset in zip(parts, offsets, strict=False)]
        stamps = [part.stamps_us for part in parts]
        return cls(b"".join(part.data for part in parts), _concatenate(ends), _concatenate(stamps))

    @property
    def starts(self) -> IntArray:
        starts = np.zeros_like(self.ends)
        starts[1:] = self.ends[:-1]
        return starts

    @property
    def lengths(self) -> IntArray:
        return self.ends - self.starts

    def __len__(self) -> int:
        return len(self.ends)

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        """Each piece with its stamp."""
        start = 0
        for end, stamp_us in zip(self.ends.tolist(), self.stamps_us.tolist(), strict=True):
            yield self.data[start:end], stamp_us
            start = end

    def split(self, count: int) -> tuple[Stamped, Stamped]:
        """The first ``count`` pieces, and the others."""
        if count in (0, len(self)):
            return (self, NOTHING) if count else (NOTHING, self)
        cut = int(self.ends[count - 1])
        first = Stamped(self.data[:cut], self.ends[:count], self.stamps_us[:count])
        return first, Stamped(self.data[cut:], self.ends[count:] - cut, self.stamps_us[count:])

    def in_order(self) -> Stamped:
        """The same pieces sorted by their stamps; pieces of one moment keep their order."""
        if (self.stamps_us[1:] >= self.stamps_us[:-1]).all():
            return self
        pieces = sorted(self, key=lambda piece: piece[1])
        return Stamped.join([Stamped.one(piece, stamp_us) for piece, stamp_us in pieces])

    def pick(self, mask: NDArray[np.bool_]) -> Stamped:
        """The pieces where ``mask`` holds, in their order."""
        if mask.all() or not mask.any():
            return self if mask.any() else NOTHING
        chosen = [(piece, stamp_us) for (piece, stamp_us), wanted in zip(self, mask.tolist(), strict=True) if wanted]
        ends = np.cumsum([len(piece) for piece, _ in chosen], dtype=np.int64)
        stamps = np.array([stamp_us for _, stamp_us in chosen], dtype=np.int64)
        return Stamped(b"".join(piece for piece, _ in chosen), ends, stamps)


NOTHING = Stamped(b"", np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def _concatenate(arrays: Sequence[IntArray]) -> IntArray:
    return np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int64)


def microseconds(moment_s: float) -> int:
    """A moment of bench time as it is kept in records."""
    return round(moment_s * 1_000_000)
