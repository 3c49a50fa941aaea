"""Responses to a change of rate whose true course is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from harness.analysis.curve import Curve
from harness.analysis.rate_change import RateChange, rate_change, shortest_window_s
from harness.record import FloatArray
from instruments.errors import BenchError, ConfigError

AT_S, END_S = 200.0, 900.0
MOMENTS_S = np.arange(0.0, END_S, 0.1)


def course(t_s: FloatArray, step_ml_h: float, before_ml_h: float, tau_s: float = 0.0, beyond: float = 0.0) -> FloatArray:
    """Volume behind a flow that takes ``tau_s`` to rise by (1 - 1/e) of the step, and swings by ``beyond`` of it besides."""
    since_s = np.maximum(t_s - AT_S, 0)
    if not tau_s:
        return np.asarray((before_ml_h * t_s + step_ml_h * since_s) / 3600)
    left = np.exp(-since_s / tau_s)
    extra_s = since_s - tau_s * (1 - left) + beyond * np.e * (tau_s - (since_s + tau_s) * left)
    return np.asarray((before_ml_h * t_s + step_ml_h * extra_s) / 3600)


def curve(clean_ml: FloatArray, noise_ml: float = 0.0, seed: int = 0) -> Curve:
    return Curve(MOMENTS_S, clean_ml + noise_ml * np.random.default_rng(seed).standard_normal(len(MOMENTS_S)), noise_ml)


def truth(step_ml_h: float, tau_s: float, beyond: float, window_s: float) -> list[float]:
    """10 %, 50 % and 90 % by the moving mean, and its overshoot in %, from the definition."""
    t_s = np.arange(AT_S - window_s, END_S - window_s, 0.02)
    later_ml, earlier_ml = (course(t_s + side * window_s / 2, 1.0, 0.0, tau_s, beyond) for side in (1, -1))
    done = (later_ml - earlier_ml) / window_s * 3600
    passings = [int((done >= share).argmax()) for share in (0.1, 0.5, 0.9)]
    return [*(float(t_s[at]) - AT_S for at in passings), 100 * (float(done[passings[2] :].max()) - 1)]


def estimates(found: RateChange) -> list[float]:
    all_found = (found.done_10_s, found.done_50_s, found.done_90_s, found.overshoot_pct)
    return [np.nan if one is None else one.value for one in all_found]


@pytest.mark.parametrize(("tau_s", "beyond"), [(0.0, 0.0), (40.0, 0.0), (30.0, 2.0)])
@pytest.mark.parametrize(("step_ml_h", "before_ml_h"), [(5.0, 0.0), (5.0, 5.0), (-5.0, 10.0), (0.0625, 0.0625)])
def test_a_response_without_noise(step_ml_h: float, before_ml_h: float, tau_s: float, beyond: float) -> None:
    clean = curve(course(MOMENTS_S, step_ml_h, before_ml_h, tau_s, beyond))
    found = rate_change(clean, AT_S, before_ml_h, before_ml_h + step_ml_h, window_s=20.0)
    assert estimates(found) == pytest.approx(truth(step_ml_h, tau_s, beyond, 20.0), abs=0.15)
    surplus_ul = step_ml_h * tau_s * (beyond * np.e - 1) / 3.6
    assert found.surplus_ul.value == pytest.approx(surplus_ul, abs=1e-4 + 1e-3 * abs(surplus_ul))


@pytest.mark.parametrize(("tau_s", "beyond"), [(2.0, 0.0), (30.0, 2.0)])
def test_what_blocks_of_readings_miss_of_a_bend_is_inside_the_interval(tau_s: float, beyond: float) -> None:
    """Without any noise; the truth is worked out every 0.02 s."""
    found = rate_change(curve(course(MOMENTS_S, 5.0, 0.0, tau_s, beyond)), AT_S, 0.0, 5.0, window_s=20.0)
    for one, true_s in zip((found.done_10_s, found.done_50_s, found.done_90_s), truth(5.0, tau_s, beyond, 20.0)[:3], strict=True):
        assert one is not None
        assert one.interval[0] - 0.02 <= true_s <= one.interval[1] + 0.02
        assert one.expanded_uncertainty < 0.2


@pytest.mark.parametrize(("step_ml_h", "noise_ml", "window_s"), [(5.0, 1e-4, 5.0), (0.0625, 1e-5, 40.0)])
@pytest.mark.parametrize(("tau_s", "beyond"), [(0.0, 0.0), (40.0, 0.0), (30.0, 2.0)])
def test_the_true_response_lies_in_its_intervals(
    step_ml_h: float, noise_ml: float, window_s: float, tau_s: float, beyond: float
) -> None:
    inside, clean_ml = np.zeros(5), course(MOMENTS_S, step_ml_h, 0.0, tau_s, beyond)
    surplus_ul = step_ml_h * tau_s * (beyond * np.e - 1) / 3.6
    true = [*truth(step_ml_h, tau_s, beyond, window_s), surplus_ul]
    for seed in range(60):
        found = rate_change(curve(clean_ml, noise_ml, seed), AT_S, 0.0, step_ml_h, window_s=window_s)
        all_found = (found.done_10_s, found.done_50_s, found.done_90_s, found.overshoot_pct, found.surplus_ul)
        inside += [one is not None and one.interval[0] <= at <= one.interval[1] for one, at in zip(all_found, true, strict=True)]
    assert (inside / 60 >= 0.83).all(), inside
    assert inside.mean() / 60 >= 0.9


def test_the_lag_is_taken_out_and_known_to_half() -> None:
    lag_s, keep = 6.0, np.exp(-0.1 / 6.0)
    trailing_ml = np.asarray(lfilter([1 - keep], [1, -keep], course(MOMENTS_S, 5.0, 0.0, 40.0)))
    found = rate_change(curve(trailing_ml), AT_S, 0.0, 5.0, window_s=20.0, lag_s=lag_s)
    left = rate_change(curve(trailing_ml), AT_S, 0.0, 5.0, window_s=20.0)
    assert estimates(found)[:3] == pytest.approx(truth(5.0, 40.0, 0.0, 20.0)[:3], abs=1.2)
    assert found.done_50_s is not None
    assert left.done_50_s is not None
    taken_s = left.done_50_s.value - found.done_50_s.value
    assert taken_s == pytest.approx(lag_s, abs=1.5)
    assert found.done_50_s.u == pytest.approx(taken_s / 2 / 3**0.5, rel=0.1)
    assert (found.surplus_ul.value, left.surplus_ul.value) == pytest.approx((-200 / 3.6, -230 / 3.6), rel=2e-3)
    assert found.surplus_ul.u == pytest.approx(15 / 3.6 / 3**0.5, rel=0.01)


def test_a_lag_that_is_not_taken_out_may_be_anywhere_up_to_its_bound() -> None:
    found = rate_change(curve(course(MOMENTS_S, 5.0, 0.0, 40.0)), AT_S, 0.0, 5.0, window_s=20.0, lag_s=0.0, lag_half_s=2.0)
    for one in (found.done_10_s, found.done_50_s, found.done_90_s):
        assert one is not None
        assert [row.u for row in one.budget if row.source.startswith("lag of line")] == pytest.approx([2 / 3**0.5])
        assert one.interval == pytest.approx((one.value - 1.91, one.value + 1.91), abs=0.2)


def test_a_surge_before_the_new_rate_is_reached_for_good_is_no_overshoot_of_it() -> None:
    """Twice the rate for 30 s, half of it for five minutes, and the rate itself from then on."""
    flowed_s = np.interp(MOMENTS_S - AT_S, [0, 30, 330, END_S], [0, 60, 210, 210 + END_S - 330])
    found = rate_change(curve(flowed_s * 5 / 3600), AT_S, 0.0, 5.0, window_s=20.0)
    assert found.done_90_s is not None
    assert found.overshoot_pct is not None
    assert (found.done_90_s.value, found.overshoot_pct.value) == pytest.approx((336.0, 0.0), abs=0.2)


@pytest.mark.parametrize(
    ("reached", "which"), [(0.05, [False] * 3), (0.3, [True, False, False]), (0.85, [True, True, False]), (1.0, [True] * 3)]
)
def test_what_is_never_reached_has_no_time(reached: float, which: list[bool]) -> None:
    found = rate_change(curve(course(MOMENTS_S, 5.0 * reached, 0.0), 1e-4), AT_S, 0.0, 5.0, window_s=5.0)
    assert [one is not None for one in (found.done_10_s, found.done_50_s, found.done_90_s)] == which
    assert (found.overshoot_pct is not None) is which[2]


def test_what_is_wrong_alike_with_all_flows_counts() -> None:
    """50 mL/h^2 at 50 %: 0.1 mL/h more is 2 % of the step, and 2 % of it takes 2 % of a window of 20 s."""
    clean = replace(curve(course(MOMENTS_S, 5.0, 0.0)), u_flow_ml_h=0.1)
    found = rate_change(clean, AT_S, 0.0, 5.0, window_s=20.0)
    assert found.done_50_s is not None
    assert found.overshoot_pct is not None
    assert found.done_50_s.u == pytest.approx(0.5, rel=0.15)
    assert found.overshoot_pct.u == pytest.approx(2.0, rel=1e-6)
    assert found.surplus_ul.u == pytest.approx(0.1 / 3.6 * (END_S - AT_S), rel=0.01)


ALIKE = {
    # rate before, step, what is wrong alike, and of the step in %: where half of it is done, and all
    "2 % of every volume": (5.0, 5.0, {"u_common_pct": 2.0}, 3.0, 4.0),
    "2 %, to a lower rate": (10.0, -5.0, {"u_common_pct": 2.0}, 3.0, 2.0),
    "2 %, from nothing": (0.0, 5.0, {"u_common_pct": 2.0}, 1.0, 2.0),
    "1 uL of wetting at both ends of 20 s": (5.0, 5.0, {"u_level_ml": 1e-3}, 5.09, 5.09),
}


@pytest.mark.parametrize(("before_ml_h", "step_ml_h", "change", "half_pct", "all_pct"), ALIKE.values(), ids=ALIKE)
def test_what_is_wrong_alike_with_all_volumes_counts(
    before_ml_h: float, step_ml_h: float, change: dict[str, float], half_pct: float, all_pct: float
) -> None:
    clean = replace(curve(course(MOMENTS_S, step_ml_h, before_ml_h)), **change)
    found = rate_change(clean, AT_S, before_ml_h, before_ml_h + step_ml_h, window_s=20.0)
    assert found.done_50_s is not None
    assert found.overshoot_pct is not None
    (alike,) = [row for row in found.done_50_s.budget if row.source.startswith("flow alike")]
    assert (100 * alike.u, found.overshoot_pct.u) == pytest.approx((half_pct, all_pct), rel=2e-3)


@pytest.mark.parametrize(
    ("change", "u_ul"), [({"u_common_pct": 1.0}, 9.58), ({"u_ml": 1e-3}, 0.1), ({"u_level_ml": 1e-3}, 2**0.5)]
)
def test_what_the_surplus_is_known_to(change: dict[str, float], u_ul: float) -> None:
    """1 % of the 958 uL that come from 200 s to 890 s; two levels of 200 readings each; the wetting at both ends."""
    clean = replace(curve(course(MOMENTS_S, 5.0, 0.0), 1e-6), **change)
    assert rate_change(clean, AT_S, 0.0, 5.0, window_s=20.0).surplus_ul.u == pytest.approx(u_ul, rel=0.02)


@pytest.mark.parametrize(("step_ml_h", "u_ml", "lag_s"), [(5.0, 1e-4, 0.0), (-0.0625, 1e-4, 0.0), (5.0, 1e-4, 6.0)])
def test_over_the_shortest_window_the_noise_is_a_tenth_of_the_step(step_ml_h: float, u_ml: float, lag_s: float) -> None:
    window_s = shortest_window_s(u_ml, step_ml_h, lag_s)
    noise = u_ml * np.random.default_rng(1).standard_normal((100_000, 5))
    flow_ml_s = (noise[:, 1] - noise[:, 0]) / window_s + lag_s * (noise[:, 2] - 2 * noise[:, 3] + noise[:, 4]) / window_s**2
    assert flow_ml_s.std() * 3600 == pytest.approx(abs(step_ml_h) / 10, rel=0.01)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.1, 10.0), st.floats(-1e5, 1e5))
def test_scale_and_zero_of_time_change_nothing(factor: float, later_s: float) -> None:
    plain = curve(course(MOMENTS_S, 5.0, 1.0, 40.0))
    moved = Curve(plain.moments_s + later_s, plain.volumes_ml * factor + later_s)
    found = rate_change(moved, AT_S + later_s, factor, 6.0 * factor, window_s=20.0)
    expected = rate_change(plain, AT_S, 1.0, 6.0, window_s=20.0)
    assert estimates(found) == pytest.approx(estimates(expected), abs=0.01)
    assert found.surplus_ul.value == pytest.approx(expected.surplus_ul.value * factor, rel=1e-3)


@pytest.mark.parametrize(
    ("at_s", "after_ml_h", "window_s", "error", "message"),
    [
        (AT_S, 0.0, 20.0, ConfigError, "two different rates"),
        (AT_S, 5.0, 1.0, BenchError, "1 s after the command holds 10 readings; 20 or more"),
        (30.0, 5.0, 20.0, BenchError, "30 s before the command"),
        (860.0, 5.0, 20.0, BenchError, "39.9 s after it"),
    ],
)
def test_what_shows_no_response(at_s: float, after_ml_h: float, window_s: float, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        rate_change(curve(course(MOMENTS_S, 5.0, 0.0)), at_s, 0.0, after_ml_h, window_s=window_s)


def test_no_step_has_no_shortest_window() -> None:
    with pytest.raises(ConfigError, match="two different rates"):
        shortest_window_s(1e-4, 0.0)
