"""Stamped bytes: pieces keep their bytes and their stamps whatever is done to them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.stamped import NOTHING, Stamped, microseconds

Pieces = list[tuple[bytes, int]]
PIECES = st.lists(st.tuples(st.binary(min_size=1, max_size=5), st.integers(0, 9)), max_size=8)


def stamped(pieces: Pieces) -> Stamped:
    return Stamped.join([Stamped.one(*piece) for piece in pieces])


@given(PIECES)
def test_joining_keeps_pieces_bytes_and_stamps(pieces: Pieces) -> None:
    whole = stamped(pieces)
    assert list(whole) == pieces
    assert len(whole) == len(pieces)
    assert whole.data == b"".join(data for data, _ in pieces)
    assert [whole.data[start:end] for start, end in zip(whole.starts, whole.ends, strict=True)] == [data for data, _ in pieces]


@given(st.lists(PIECES, max_size=5))
def test_blocks_join_like_their_pieces(blocks: list[Pieces]) -> None:
    assert list(Stamped.join([stamped(block) for block in blocks])) == [piece for block in blocks for piece in block]


@given(PIECES, st.data())
def test_the_two_parts_of_a_split_are_the_whole(pieces: Pieces, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(pieces)))
    first, others = stamped(pieces).split(count)
    assert (list(first), list(others)) == (pieces[:count], pieces[count:])


@given(PIECES)
def test_order_is_by_stamp_and_pieces_of_one_moment_keep_theirs(pieces: Pieces) -> None:
    assert list(stamped(pieces).in_order()) == sorted(pieces, key=lambda piece: piece[1])


@given(PIECES, st.data())
def test_picking_leaves_the_chosen_pieces_whole(pieces: Pieces, data: st.DataObject) -> None:
    mask = data.draw(st.lists(st.booleans(), min_size=len(pieces), max_size=len(pieces)))
    picked = stamped(pieces).pick(np.array(mask, dtype=np.bool_))
    assert list(picked) == [piece for piece, wanted in zip(pieces, mask, strict=True) if wanted]


def test_nothing_is_empty() -> None:
    assert (list(NOTHING), len(NOTHING), NOTHING.data, list(Stamped.join([]))) == ([], 0, b"", [])


def test_a_stamped_value_is_not_changed_by_what_is_made_of_it() -> None:
    whole = stamped([(b"b", 2), (b"a", 1), (b"c", 3)])
    whole.in_order(), whole.split(1), whole.pick(np.array([True, False, True]))
    assert list(whole) == [(b"b", 2), (b"a", 1), (b"c", 3)]


@pytest.mark.parametrize(
    ("moment_s", "stamp_us"),
    [(0.0, 0), (1.0, 1_000_000), (0.1 + 0.2, 300_000), (86_400.1, 86_400_100_000), (1e-6, 1), (4e-7, 0)],
)
def test_moments_are_kept_to_the_nearest_microsecond(moment_s: float, stamp_us: int) -> None:
    assert microseconds(moment_s) == stamp_us
