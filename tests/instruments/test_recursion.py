"""Recursion over samples, against its definition."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest

from instruments.recursion import recursed


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.99999])
def test_each_sample_holds_what_is_kept_of_the_one_before(keep: float) -> None:
    driven = np.random.default_rng(1).standard_normal(1000)
    expected = [*accumulate(driven.tolist(), lambda last, new: keep * last + new, initial=3.0)][1:]
    assert recursed(driven, keep, 3.0) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_blocks_are_the_same_as_one_go_and_what_drives_is_left_as_it_was() -> None:
    driven = np.random.default_rng(2).standard_normal(1000)
    before = driven.copy()
    first = recursed(driven[:333], 0.9)
    assert (np.concatenate([first, recursed(driven[333:], 0.9, float(first[-1]))]) == recursed(driven, 0.9)).all()
    assert (driven == before).all()
