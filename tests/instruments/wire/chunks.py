"""Bytes in pieces for the tests of framers: any bytes, any cuts, a stamp for each piece."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from hypothesis import strategies as st

from instruments.stamped import Stamped
from instruments.wire.framing import FrameBuffer, Framer

Piece = tuple[bytes, int]


def pieces_of(data: bytes, cuts: Iterable[int] = ()) -> list[Piece]:
    """``data`` cut at ``cuts``; piece number n has the stamp 100 n."""
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < len(data)}), len(data)]
    return [(data[start:end], 100 * n) for n, (start, end) in enumerate(pairwise(edges), start=1)]


def stamped(pieces: Sequence[Piece]) -> Stamped:
    return Stamped.join([Stamped.one(*piece) for piece in pieces])


def framed(framer: Framer, arrivals: Iterable[Stamped]) -> tuple[list[Piece], bytes]:
    """All frames with their stamps, and what is held at the end."""
    frames = FrameBuffer(framer)
    out = [piece for arrival in arrivals for piece in frames.feed(arrival)]
    return out, frames.held


def whole_and_bytewise(framer: Framer, data: bytes) -> tuple[list[bytes], list[bytes]]:
    """The frames of ``data`` in one go, and one byte at a time."""
    whole, _ = framed(framer, [Stamped.one(data, 0)])
    bytewise, _ = framed(framer, [Stamped.one(bytes([byte]), 0) for byte in data])
    return [frame for frame, _ in whole], [frame for frame, _ in bytewise]


def noisy(alphabet: bytes) -> st.SearchStrategy[bytes]:
    """Any bytes, with those that matter to a protocol more often than by chance."""
    marks = st.sampled_from([bytes([byte]) for byte in alphabet])
    return st.lists(marks | st.binary(min_size=1, max_size=6), max_size=40).map(b"".join)
