"""When a bolus began and how long it took: the reference's ramps, and ramps behind lags that are not known exactly."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

from harness.analysis.timing import Rise, duration_s, onset_s, rise_of, timing_of
from harness.analysis.view import Conditions, Lag, lags_of
from harness.record import FloatArray, Series
from harness.stands import BalanceSheet, Catheter, Corrections, Needle
from instruments.errors import BenchError
from tests.conftest import DATA
from tests.harness.records import CONDITIONS, PLAIN

EXPECTED: dict[str, Any] = json.loads((DATA / "vectors" / "bolus_timing_expected.json").read_text())
SERIES = pd.read_csv(DATA / "vectors" / "bolus_timing_series.csv")
RATE_HZ = 10.0
START_S = 60.0
FILTER, LINE = 0.5, 5.2
STILL = replace(PLAIN, needle=Needle.model_validate({"capillary": "0 mg"}))


def ramp(since_s: FloatArray, length_s: float, lags_s: tuple[float, ...]) -> FloatArray:
    """A ramp of 1 from 0 to ``length_s`` behind first-order lags in series, in closed form."""
    return np.asarray((_risen(since_s, lags_s) - _risen(since_s - length_s, lags_s)) / length_s)


def _risen(t_s: FloatArray, lags_s: tuple[float, ...]) -> FloatArray:
    """Integral of the step response of first-order lags in series: t - sum L + sum of L^(n+1) / prod (L - L') exp(-t / L)."""
    after_s = np.clip(t_s, 0, None)
    fading = [
        lag_s ** (len(lags_s)) / math.prod(lag_s - other_s for other_s in lags_s if other_s != lag_s) * np.exp(-after_s / lag_s)
        for lag_s in lags_s
    ]
    return np.where(t_s > 0, after_s - sum(lags_s) + sum(fading, np.zeros(len(t_s))), 0.0)


def recorded(
    length_s: float, lags_s: tuple[float, ...] = (), *, mass_g: float = 1.0, sd_g: float = 1e-4, seed: int = 1, wet_g: float = 0.0
) -> Series:
    moments_s = np.arange(0.0, START_S + length_s + 120.0, 1 / RATE_HZ)
    random = np.random.default_rng(seed)
    share = (moments_s - START_S) / length_s
    wetting = np.select([(share > 0) & (share < 0.5), (share >= 0.5) & (share < 1)], random.uniform(-1, 1, 2))
    noise_g = wet_g * wetting + sd_g * random.standard_normal(len(moments_s))
    return Series(moments_s, np.round(35 + mass_g * ramp(moments_s - START_S, length_s, lags_s) + noise_g, 4))


def behind(*lags: tuple[float, float]) -> Conditions:
    told = tuple(Lag(f"lag {at}", lag_s, half_width_s) for at, (lag_s, half_width_s) in enumerate(lags))
    return replace(CONDITIONS, weighing=STILL, lags=told, rate_hz=RATE_HZ)


@pytest.mark.parametrize("expected", EXPECTED["boluses"], ids=["1 mL", "1.5 mL", "2 mL, too fast"])
def test_ramps_of_the_reference(expected: dict[str, Any]) -> None:
    """Noise-free: baseline and final mass are the first and the last reading of the window."""
    start_s, end_s = expected["window_s"]
    window = SERIES[(SERIES.t_s >= start_s) & (SERIES.t_s <= end_s)]
    rise = rise_of(Series(window.t_s.to_numpy(), window.mass_mg.to_numpy() / 1000), 0.0)
    found = timing_of(rise)
    assert (found.t05_s, found.t95_s) == pytest.approx((expected["t05_s"], expected["t95_s"]), abs=1e-6)
    assert (found.start_s, found.duration_s) == pytest.approx((expected["start_ext_s"], expected["duration_ext_s"]), abs=1e-6)
    assert found.duration_s == pytest.approx(expected["true_duration_s"], abs=0.002)
    assert 1000 * rise.gain_g == pytest.approx(expected["delta_mg"], rel=1e-9)


def test_the_ramps_here_are_what_the_lags_make_of_them() -> None:
    """The closed form against the differential equations, solved in small steps."""
    step_s, moments_s = 1e-3, np.arange(-5.0, 150.0, 1e-3)
    level = ramp(moments_s, 60.0, ())
    for lag_s in (FILTER, LINE):
        level = lfilter([step_s / lag_s], [1.0, step_s / lag_s - 1], level)
    assert ramp(moments_s, 60.0, (FILTER, LINE)) == pytest.approx(level, abs=1e-4)


LAGS: dict[str, tuple[float, ...]] = {"none": (), "filter": (FILTER,), "line": (LINE,), "both": (FILTER, LINE), "slow": (10.0,)}


@pytest.mark.parametrize("length_s", [45.0, 60.0, 120.0])
@pytest.mark.parametrize("lags_s", LAGS.values(), ids=LAGS)
def test_true_duration_and_start_come_back_through_lags(lags_s: tuple[float, ...], length_s: float) -> None:
    conditions = replace(behind(*((lag_s, 0.1 * lag_s) for lag_s in lags_s or (0.0,))), weighing=PLAIN)
    rise = rise_of(recorded(length_s, lags_s), 30.0)
    duration, onset = duration_s(conditions, rise), onset_s(conditions, rise, START_S)
    assert duration.value == pytest.approx(length_s, abs=0.1)
    assert abs(duration.value - length_s) <= duration.expanded_uncertainty
    assert abs(onset.value) <= onset.expanded_uncertainty
    assert duration.expanded_uncertainty < 0.6 + 0.1 * sum(lags_s)


@pytest.mark.parametrize("length_s", [45.0, 60.0])
@pytest.mark.parametrize("lags_s", [(LINE,), (FILTER, LINE), (10.0,)])
def test_left_in_a_lag_makes_a_bolus_later_and_longer(lags_s: tuple[float, ...], length_s: float) -> None:
    rise = rise_of(recorded(length_s, lags_s), 30.0)
    left_in, taken_out = timing_of(rise), timing_of(rise, *lags_s)
    assert left_in.duration_s > length_s + 1.0
    assert left_in.start_s > START_S + 1.0
    assert taken_out.start_s == pytest.approx(START_S, abs=0.5)


def test_a_lag_that_is_left_out_lies_well_within_its_bounds() -> None:
    sheet = BalanceSheet.model_validate({"readability": "0.1 mg", "repeatability": "0.1 mg", "response": "0.5 s"})
    line = Catheter.model_validate({"lag": "5.2 s", "lag_uncertainty": "1 s"})
    made, left_out = (lags_of(Corrections(lag=lag), sheet, line) for lag in (True, False))
    assert [(lag.lag_s, lag.half_width_s) for lag in made] == [(0.5, 0.25), (5.2, 1.0)]
    assert [(lag.lag_s, lag.half_width_s) for lag in left_out] == [(0.0, 1.0), (0.0, 10.4)]
    found = duration_s(replace(CONDITIONS, lags=left_out), rise_of(recorded(60.0, (FILTER, LINE)), 30.0))
    rows = {row.source: row for row in found.budget}
    assert rows["lag of the line, not corrected (s)"].u == pytest.approx(10.4 / math.sqrt(3))
    assert "lag of the balance's filter, not corrected (s)" in rows


def test_a_bench_that_tells_one_lag_alone_knows_it_to_half() -> None:
    told = replace(CONDITIONS, lag_s=4.0).corrected_lags
    assert [(lag.lag_s, lag.half_width_s) for lag in told] == [(4.0, 2.0)]


ROWS = {
    # slope: 1 g in 60 s
    "mass noise at 5 %": PLAIN.reading_g() * 60,
    "mass noise at 95 %": PLAIN.reading_g() * 60,
    "linearity at 5 %": 2e-4 / math.sqrt(3) * 60 / math.sqrt(2),
    "linearity at 95 %": 2e-4 / math.sqrt(3) * 60 / math.sqrt(2),
}


@pytest.mark.parametrize(("source", "u_s"), ROWS.items())
def test_what_stands_in_the_budget_of_a_duration(source: str, u_s: float) -> None:
    found = duration_s(CONDITIONS, rise_of(recorded(60.0), 30.0))
    (row,) = [row for row in found.budget if row.source.startswith(source)]
    assert (row.u, row.contribution) == pytest.approx((u_s, u_s / 0.9), rel=0.01)
    assert found.method == "Monte Carlo"


@pytest.mark.parametrize("capillary_g", [5e-4, 2e-3])
@pytest.mark.parametrize("which", ["5 %", "95 %"])
def test_the_wetting_of_the_needle_is_no_more_than_its_bounds_let_it_be(capillary_g: float, which: str) -> None:
    """A force that slips between its two bounds has the bound over sqrt 2 at most for a standard deviation."""
    wet = replace(PLAIN, needle=PLAIN.needle.model_copy(update={"capillary": capillary_g}))
    found = duration_s(replace(CONDITIONS, weighing=wet), rise_of(recorded(60.0), 30.0))
    (row,) = [row for row in found.budget if row.source.startswith(f"wetting of the needle at {which}")]
    assert 0.4 * 60 * capillary_g <= row.u <= 60 * capillary_g / math.sqrt(2) * 1.01
    assert row.contribution == pytest.approx(row.u / 0.9)


@pytest.mark.parametrize("lag_s", [0.0, LINE])
def test_one_crossing_in_four_is_taken_to_be_near_a_slip_of_the_wetting(lag_s: float) -> None:
    """From one bound to the other, anywhere within the readings that tell the crossing: half of what that does to it there.

    Where a lag is taken out the slip stands out of the readings next to it, and does more than its own height.
    """
    capillary_g, moments_s = 1e-4, np.arange(0.0, 240.0, 1 / RATE_HZ)
    masses_g = 35 + ramp(moments_s - START_S, 60.0, (lag_s,) if lag_s else ())
    dry = rise_of(Series(moments_s, masses_g), 30.0)
    true_s, late_s = timing_of(dry, lag_s).t05_s, []
    for at_s in true_s + np.linspace(-2.45, 2.45, 50):
        slipped = Series(moments_s, masses_g + np.where(moments_s < at_s, -capillary_g, capillary_g))
        late_s.append(timing_of(Rise(slipped, dry.before_g, dry.after_g), lag_s).t05_s - true_s)
    wet = replace(PLAIN, needle=PLAIN.needle.model_copy(update={"capillary": capillary_g}))
    found = duration_s(replace(behind((lag_s, 0.0)), weighing=wet), dry)
    (row,) = [row for row in found.budget if row.source.startswith("wetting of the needle at 5 %")]
    assert row.u == pytest.approx(np.mean(np.square(late_s)) ** 0.5 / 2, rel=0.03)


def test_a_clock_that_runs_wrong_makes_all_of_it_longer() -> None:
    (row,) = [row for row in duration_s(CONDITIONS, rise_of(recorded(60.0), 30.0)).budget if row.source.startswith("clock")]
    assert row.contribution == pytest.approx(60 * 1e-4 / math.sqrt(3), rel=0.01)


@pytest.mark.parametrize(("rate_hz", "u_s"), [(10.0, 0.05 / math.sqrt(3)), (1.0, 0.5 / math.sqrt(3))])
def test_a_reading_may_be_as_old_as_the_next_is_away(rate_hz: float, u_s: float) -> None:
    found = onset_s(replace(CONDITIONS, rate_hz=rate_hz), rise_of(recorded(60.0), 30.0), START_S - 1.5)
    (row,) = [row for row in found.budget if row.source.startswith("age of a reading")]
    assert (row.u, row.contribution) == pytest.approx((u_s, u_s))
    assert found.value == pytest.approx(1.5, abs=0.1)


@pytest.mark.parametrize("lag_s", [0.0, 1.0, LINE])
def test_noise_moves_a_crossing_as_far_as_the_budget_says(lag_s: float) -> None:
    """Taking out a lag makes noise larger, a cubic through a few seconds smaller; without a lag the first and the last crossing
    are averaged, and the budget has one of them."""
    rises = [rise_of(recorded(60.0, (lag_s,) if lag_s else (), seed=seed, sd_g=1e-3), 30.0) for seed in range(300)]
    scatter_s = float(np.std([timing_of(rise, lag_s).t95_s for rise in rises]))
    noisy = replace(STILL, balance=PLAIN.balance.model_copy(update={"repeatability": 1e-3}))
    row = duration_s(replace(behind((lag_s, 0.0)), weighing=noisy), rises[0]).budget[0]
    assert row.source == "mass noise at 5 % (s)"
    assert 0.85 * scatter_s <= row.u <= 1.15 * scatter_s * (1 if lag_s else 2**0.5)


@pytest.mark.parametrize("basal_ml_h", [0.0, 2.0, 20.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_basal_flow_under_a_bolus_is_no_part_of_it(basal_ml_h: float, sign: int) -> None:
    series, basal_g_s = recorded(60.0), basal_ml_h / PLAIN.factor_ml_g() / 3600
    with_basal = Series(series.moments_s, sign * (series.masses_g + basal_g_s * series.moments_s))
    rise = rise_of(with_basal, 30.0, sign=sign, basal_g_s=basal_g_s)
    found = timing_of(rise)
    assert (found.duration_s, found.start_s) == pytest.approx((60.0, START_S), abs=0.05)
    assert rise.gain_g == pytest.approx(1.0, abs=1e-4)


def test_later_in_the_day_a_bolus_is_as_long() -> None:
    rise = rise_of(recorded(60.0, (LINE,)), 30.0)
    later = Rise(Series(rise.series.moments_s + 86_400, rise.series.masses_g), rise.before_g, rise.after_g)
    now, then = timing_of(rise, LINE), timing_of(later, LINE)
    assert (then.duration_s, then.start_s - 86_400) == pytest.approx((now.duration_s, now.start_s), abs=1e-3)


@pytest.mark.parametrize("masses_g", [np.full(3000, 35.0), 35 - np.linspace(0, 1, 3000)], ids=["flat", "falling"])
def test_what_does_not_rise_has_no_timing(masses_g: FloatArray) -> None:
    with pytest.raises(BenchError, match="does not pass the level"):
        timing_of(rise_of(Series(np.arange(3000) / 10, masses_g), 30.0))


COVERED = {
    # length, lags with their half widths, what the wetting may do
    "line known to half": (60.0, ((LINE, LINE / 2),), 0.0),
    "line and filter": (75.0, ((FILTER, 0.25), (LINE, 1.0)), 0.0),
    "no lag, a needle that sticks": (60.0, ((0.0, 0.0),), 5e-4),
}


@pytest.mark.parametrize(("length_s", "lags", "wet_g"), COVERED.values(), ids=COVERED)
def test_the_true_duration_lies_inside_the_interval_as_often_as_it_says(
    length_s: float, lags: tuple[tuple[float, float], ...], wet_g: float
) -> None:
    """200 boluses, with lags drawn within their bounds."""
    weighing = PLAIN if wet_g else STILL
    conditions, inside = replace(behind(*lags), weighing=weighing), 0
    for seed in range(200):
        random = np.random.default_rng(1000 + seed)
        true_s = tuple(random.uniform(lag_s - half_s, lag_s + half_s) for lag_s, half_s in lags if lag_s)
        found = duration_s(conditions, rise_of(recorded(length_s, true_s, seed=seed, wet_g=wet_g), 30.0))
        inside += found.interval[0] <= length_s <= found.interval[1]
    most = 1.0 if wet_g else 0.99  # the wetting is taken to be at its bounds, here it lies anywhere between them
    assert 0.90 <= inside / 200 <= most
