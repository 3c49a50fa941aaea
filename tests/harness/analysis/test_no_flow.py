"""The no-flow detector on flows that end at a known moment."""

from __future__ import annotations

import numpy as np
import pytest

from harness.analysis.curve import Curve
from harness.analysis.no_flow import without_flow_s

RATE_ML_H, WINDOW_S, ENDS_S = 0.01, 1800.0, 7200.0
NOISE_ML = 3e-5


def flow(ends_s: float, share: float = 1.0, until_s: float = 14_400.0, seed: int = 0) -> Curve:
    """At ``share`` of the set rate until ``ends_s``."""
    moments_s = np.arange(0.0, until_s)
    noise_ml = NOISE_ML * np.random.default_rng(seed).standard_normal(len(moments_s))
    return Curve(moments_s, share * RATE_ML_H / 3600 * np.minimum(moments_s, ends_s) + noise_ml, NOISE_ML)


def sure_s(curve: Curve) -> list[float]:
    return list(without_flow_s(curve, RATE_ML_H, WINDOW_S))


@pytest.mark.parametrize("seed", range(5))
def test_it_is_sure_within_its_window_and_stays_so(seed: int) -> None:
    found_s = sure_s(flow(ENDS_S, seed=seed))
    assert ENDS_S + WINDOW_S / 2 < found_s[0] <= ENDS_S + WINDOW_S
    assert np.diff(found_s) == pytest.approx(WINDOW_S / 10)
    assert found_s[-1] > 14_400 - WINDOW_S / 5


@pytest.mark.parametrize(("share", "missed"), [(1.0, False), (0.6, False), (0.4, True), (0.0, True)])
def test_less_than_half_of_the_set_rate_is_no_flow(share: float, missed: bool) -> None:
    assert bool(sure_s(flow(np.inf, share))) is missed


def test_a_curve_that_is_shorter_than_the_window_tells_nothing() -> None:
    assert sure_s(flow(0.0, until_s=WINDOW_S - 1)) == []
    assert list(without_flow_s(Curve(np.empty(0), np.empty(0)), RATE_ML_H, WINDOW_S)) == []
