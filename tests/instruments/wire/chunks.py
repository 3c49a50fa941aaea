"""Bytes in pieces for the tests of framers: any bytes, any cuts, a stamp for each piece."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hypothesis import strategies as st

from instruments.stamped import Stamped
from instruments.wire.framing import FrameBuffer, Framer

Piece = tuple[bytes, int]


def stamp_all(parts: Iterable[bytes]) -> list[Piece]:
    """Piece number n has the stamp 100 n."""
    return [(part, 100 * n) for n, part in enumerate(parts, start=1)]


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
    return noisy_parts(alphabet).map(b"".join)


def noisy_parts(alphabet: bytes) -> st.SearchStrategy[list[bytes]]:
    """The same in pieces that begin and end where it matters."""
    marks = st.sampled_from([bytes([byte]) for byte in alphabet])
    return st.lists(marks | st.binary(min_size=1, max_size=6), max_size=40)
