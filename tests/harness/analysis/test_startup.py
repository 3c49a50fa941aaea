"""Start-up delays on curves with a known answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from harness.analysis.grid import Grid
from harness.analysis.startup import start_up
from harness.record import FloatArray
from instruments.errors import BenchError, ConfigError

RATE_ML_H = 5.0


def delivered_ml(moments_s: FloatArray, tau_s: float) -> FloatArray:
    """By a flow that rises as r (1 - exp(-t / tau)); nothing before 0."""
    moments_s = np.maximum(moments_s, 0)
    return np.asarray(RATE_ML_H / 3600 * (moments_s - tau_s * (1 - np.exp(-moments_s / tau_s))))


def exponential(tau_s: float, interval_s: float = 30.0, until_s: float = 7200.0, **u: float) -> Grid:
    moments_s = np.arange(round(until_s / interval_s) + 1) * interval_s
    return Grid(1000.0, interval_s, 3.0 + delivered_ml(moments_s, tau_s), **u)


def known_s(tau_s: float, share: float, over_s: float = 120.0) -> float:
    """Where the mean over a window around a moment passes the share of r."""

    def above(at_s: float) -> float:
        ends_ml = delivered_ml(np.array([at_s - over_s / 2, at_s + over_s / 2]), tau_s)
        return float(ends_ml[1] - ends_ml[0]) / over_s * 3600 - share * RATE_ML_H

    return float(brentq(above, -over_s / 2, 20 * tau_s + over_s))


@pytest.mark.parametrize("tau_s", [20.0, 120.0, 360.0, 1200.0])
@pytest.mark.parametrize(
    ("interval_s", "over_s", "within_s"), [(0.5, 120.0, 0.01), (30.0, 120.0, 2.0), (30.0, 90.0, 2.0), (40.0, 120.0, 3.0)]
)
def test_delays_of_an_exponential(tau_s: float, interval_s: float, over_s: float, within_s: float) -> None:
    found = start_up(exponential(tau_s, interval_s), RATE_ML_H, mean_over_s=over_s)
    assert found.sud_50_s is not None
    assert found.sud_90_s is not None
    within_s = max(within_s, interval_s / 4) if tau_s < interval_s else within_s
    assert found.sud_50_s.value == pytest.approx(known_s(tau_s, 0.5, over_s), abs=within_s)
    assert found.sud_90_s.value == pytest.approx(known_s(tau_s, 0.9, over_s), abs=within_s)


@pytest.mark.parametrize("tau_s", [360.0, 1200.0])
def test_long_after_the_start_the_mean_is_the_flow(tau_s: float) -> None:
    """Then the delays are tau ln 2 and tau ln 10, but for what two minutes average."""
    found = start_up(exponential(tau_s, 1.0), RATE_ML_H)
    assert found.sud_50_s is not None
    assert found.sud_90_s is not None
    assert found.sud_50_s.value == pytest.approx(tau_s * math.log(2), abs=2)
    assert found.sud_90_s.value == pytest.approx(tau_s * math.log(10), abs=2)


def test_a_pump_without_delay() -> None:
    found = start_up(Grid(0.0, 1.0, RATE_ML_H / 3600 * np.arange(1000.0)), RATE_ML_H)
    assert [found.sud_50_s and found.sud_50_s.value, found.sud_90_s and found.sud_90_s.value] == pytest.approx([0, 48], abs=1e-6)
    assert found.flows_ml_h.tolist() == pytest.approx([RATE_ML_H] * 999)
    assert (found.start_s, found.interval_s) == (0.0, 1.0)


def flowing(*parts: tuple[float, float]) -> Grid:
    """Flows in mL/h, each for so many seconds, at S = 30 s."""
    flows = np.concatenate([np.full(round(seconds / 30), flow) for flow, seconds in parts])
    return Grid(0.0, 30.0, np.concatenate([[0.0], np.cumsum(flows * 30 / 3600)]))


@pytest.mark.parametrize(
    ("parts", "sud_50_s", "sud_90_s"),
    [
        ([(0, 600), (5, 600)], 600, 648),
        ([(2, 600), (5, 600)], 560, 640),
        ([(2, 1200)], None, None),
        ([(4, 1200)], 15, None),
        ([(0, 600), (5, 210), (0, 600), (5, 600)], 600, 1458),
        ([(0, 600), (5, 90), (0, 600), (5, 600)], 1290, 1338),
        ([(0, 600), (5, 180)], 600, None),
        ([(0, 600), (5, 120)], None, None),
    ],
)
def test_reached_and_held(parts: list[tuple[float, float]], sud_50_s: float | None, sud_90_s: float | None) -> None:
    """A mean that drops again within two minutes has not arrived."""
    found = start_up(flowing(*parts), RATE_ML_H)
    for delay, known in ((found.sud_50_s, sud_50_s), (found.sud_90_s, sud_90_s)):
        assert (delay is None) == (known is None)
        if delay is not None:
            assert delay.value == pytest.approx(known, abs=0.1)


@pytest.mark.parametrize(
    ("u", "u_s"),
    [
        ({}, 0.0),
        ({"u_ml": 1e-3}, 2**0.5 * 1e-3 / 120),
        ({"u_common_pct": 2.0}, 0.02 * 2.5 / 3600),
        ({"u_flow_ml_h": 0.05}, 0.05 / 3600),
    ],
)
def test_uncertainty_is_sampling_and_noise_over_the_slope(u: dict[str, float], u_s: float) -> None:
    """At half of r the flow of an exponential rises by r / (2 tau)."""
    tau_s = 600.0
    found = start_up(exponential(tau_s, 10.0, **u), RATE_ML_H).sud_50_s
    assert found is not None
    slope_ml_s2 = RATE_ML_H / 3600 / (2 * tau_s)
    assert found.budget[0].contribution == pytest.approx(5 / 3**0.5)
    assert math.hypot(*(row.contribution for row in found.budget[1:])) == pytest.approx(u_s / slope_ml_s2, rel=0.02)


def test_the_stated_noise_is_what_noise_does() -> None:
    random, tau_s, u_ml = np.random.default_rng(8), 600.0, 3e-4
    clean = exponential(tau_s, 10.0)
    delays = []
    for _ in range(100):
        grid = Grid(0.0, 10.0, clean.volumes_ml + u_ml * random.standard_normal(len(clean.volumes_ml)), u_ml)
        found = start_up(grid, RATE_ML_H).sud_50_s
        assert found is not None
        delays.append((found.value, found.interval[0] <= known_s(tau_s, 0.5) <= found.interval[1]))
    assert np.mean([held for _, held in delays]) >= 0.9
    assert np.mean([value for value, _ in delays]) == pytest.approx(known_s(tau_s, 0.5), abs=6)


def test_a_gap_at_the_crossing_widens_the_delay() -> None:
    grid = exponential(600.0, 10.0)
    grid.volumes_ml[36:42] = np.nan
    found = start_up(grid, RATE_ML_H).sud_50_s
    assert found is not None
    assert found.value == pytest.approx(known_s(600.0, 0.5), abs=found.expanded_uncertainty)
    assert found.budget[0].contribution >= 30 / 3**0.5


def test_a_start_without_a_reading_has_no_delays() -> None:
    """What comes after it cannot tell how much had been delivered by then."""
    grid = exponential(600.0)
    grid.volumes_ml[0] = np.nan
    with pytest.raises(BenchError, match="no valid reading at 1000 s, where the infusion starts"):
        start_up(grid, RATE_ML_H)


@pytest.mark.parametrize(
    ("rate_ml_h", "over_s", "says"),
    [(0.0, 120.0, "set rate is 0 mL/h"), (5.0, 100.0, "the moving mean of 100 s is not a whole number")],
)
def test_what_cannot_be(rate_ml_h: float, over_s: float, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        start_up(exponential(60.0), rate_ml_h, mean_over_s=over_s)
