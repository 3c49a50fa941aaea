"""Frames out of any bytes in any pieces: nothing lost, nothing added, bounded memory, exact stamps."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.stamped import NOTHING, Stamped
from instruments.wire.framing import FRAME_LIMIT, FrameBuffer, Framer, line_ends
from instruments.wire.new_era import command_ends, reply_ends
from tests.instruments.wire.chunks import framed, noisy_parts, stamp_all, stamped

FRAMERS = pytest.mark.parametrize("framer", [line_ends, reply_ends, command_ends], ids=lambda framer: framer.__name__)
ANY_PARTS = noisy_parts(b"\x02\x03\x04\x07\r\n0S")
ANY_EDGES = st.sets(st.integers(1, 39))


@FRAMERS
@given(parts=ANY_PARTS)
def test_frames_and_the_held_rest_are_the_input(framer: Framer, parts: list[bytes]) -> None:
    frames, held = framed(framer, [Stamped.one(*piece) for piece in stamp_all(parts)])
    assert b"".join(frame for frame, _ in frames) + held == b"".join(parts)
    assert all(frame for frame, _ in frames)


@FRAMERS
@given(parts=ANY_PARTS, groups=ANY_EDGES)
def test_frames_and_stamps_do_not_depend_on_how_the_pieces_are_fed(framer: Framer, parts: list[bytes], groups: set[int]) -> None:
    pieces = stamp_all(parts)
    edges = [0, *sorted(edge for edge in groups if edge < len(pieces)), len(pieces)]
    grouped = [stamped(pieces[start:end]) for start, end in pairwise(edges)]
    assert framed(framer, grouped) == framed(framer, [Stamped.one(*piece) for piece in pieces])


@FRAMERS
@given(parts=ANY_PARTS)
def test_the_stamp_of_a_frame_is_that_of_its_last_byte(framer: Framer, parts: list[bytes]) -> None:
    pieces = stamp_all(parts)
    stamp_of_byte = [stamp_us for piece, stamp_us in pieces for _ in piece]
    at = 0
    for frame, stamp_us in framed(framer, [stamped(pieces)])[0]:
        at += len(frame)
        assert stamp_us == stamp_of_byte[at - 1]


@FRAMERS
@pytest.mark.parametrize("length", [FRAME_LIMIT, FRAME_LIMIT + 1, 3 * FRAME_LIMIT + 5])
@pytest.mark.parametrize("chunk", [1, 7, 5000, 100_000])
def test_what_never_ends_is_cut_at_the_limit_in_any_chunking(framer: Framer, length: int, chunk: int) -> None:
    data = b"x" * length + b"\x02\r\n\r\n"
    frames = FrameBuffer(framer)
    out: list[bytes] = []
    for start in range(0, len(data), chunk):
        out += [frame for frame, _ in frames.feed(Stamped.one(data[start : start + chunk], start))]
        assert len(frames.held) <= FRAME_LIMIT
    assert b"".join(out) + frames.held == data
    assert [len(frame) for frame in out[: length // FRAME_LIMIT]] == [FRAME_LIMIT] * (length // FRAME_LIMIT)
    assert out == [frame for frame, _ in framed(framer, [Stamped.one(data, 0)])[0]]


def test_noise_has_the_stamp_of_its_own_last_byte_although_its_end_shows_later() -> None:
    arrivals = [Stamped.one(b"noi", 1), Stamped.one(b"se", 2), Stamped.one(b"\x0200S\x03", 3)]
    assert framed(reply_ends, arrivals)[0] == [(b"noise", 2), (b"\x0200S\x03", 3)]


def test_half_a_frame_can_be_dropped_and_the_next_is_whole() -> None:
    frames = FrameBuffer(line_ends)
    assert frames.feed(Stamped.one(b"S S   1", 1)) is NOTHING
    assert (frames.held, frames.drop(), frames.held) == (b"S S   1", b"S S   1", b"")
    assert list(frames.feed(Stamped.one(b"S I\r\n", 2))) == [(b"S I\r\n", 2)]


def test_nothing_in_nothing_out() -> None:
    frames = FrameBuffer(line_ends)
    frames.feed(Stamped.one(b"S", 1))
    assert len(frames.feed(NOTHING)) == 0
    assert frames.held == b"S"
