"""When a bolus began and how long it took: the 5/95 rule on what the balance shows, the lag of line and balance taken out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np
from scipy.ndimage import correlate1d

from harness.analysis.masses import crossing_s, first, last
from harness.analysis.view import Conditions
from harness.metrology.budget import Estimate, Inputs, between, evaluate
from harness.metrology.density import Number
from harness.record import FloatArray, Series

_LOW, _HIGH = 0.05, 0.95
_CLOCK_RATE = 1e-4
_HALF_SPANS_S, _CLEAR_OF_CORNERS = (2.0, 5.0), 0.04
_GRID = 5
"""Lags at which a timing is taken, from the least to the most that they may be; straight lines between them."""


@dataclass(frozen=True, slots=True)
class Rise:
    """A bolus on the balance: the series (rising, its basal flow taken out) and the levels before and after it, in g."""

    series: Series
    before_g: float
    after_g: float

    @property
    def gain_g(self) -> float:
        return self.after_g - self.before_g


@dataclass(frozen=True, slots=True)
class Timing:
    """The 5 % and 95 % points in s of bench time, and what they extrapolate to (fluid-delivery-test-methods, section 8)."""

    t05_s: Number
    t95_s: Number

    @property
    def duration_s(self) -> Number:
        return (self.t95_s - self.t05_s) / (_HIGH - _LOW)

    @property
    def start_s(self) -> Number:
        return self.t05_s - _LOW * self.duration_s


def rise_of(series: Series, span_s: float, *, sign: int = 1, basal_g_s: float = 0.0) -> Rise:
    """A series that begins before a bolus and ends after it; ``span_s`` at either end is averaged."""
    masses_g = sign * series.masses_g
    if basal_g_s:
        masses_g = masses_g - basal_g_s * (series.moments_s - series.moments_s[:1])
    rising = Series(series.moments_s, np.asarray(masses_g))
    return Rise(rising, first(rising, span_s).mass_g, last(rising, span_s).mass_g)


def timing_of(rise: Rise, *lags_s: float) -> Timing:
    """The 5/95 rule, after first-order lags in series are taken out.

    At 5 % a lag has not built up yet, at 95 % it has: left in, it would make every bolus look longer than it is.
    Raises BenchError where the mass does not pass its 5 % and 95 % points.
    """
    return _crossings(rise, _without_lags(rise, [lag_s for lag_s in lags_s if lag_s > 0]))


def _crossings(rise: Rise, series: Series) -> Timing:
    return Timing(*(crossing_s(series, rise.before_g + share * rise.gain_g) for share in (_LOW, _HIGH)))


def duration_s(conditions: Conditions, rise: Rise) -> Estimate:
    """How long a bolus took, with its budget (gravimetric-metrology, section 8, worked budget B).

    There is no term for sampling: between two readings the mass is taken by a straight line, and a bolus is one.
    """
    return _timed(conditions, rise, lambda inputs, timing: timing.duration_s * inputs.rectangular("clock (1)", 1.0, _CLOCK_RATE))


def onset_s(conditions: Conditions, rise: Rise, command_s: float) -> Estimate:
    """How long after the command a bolus began. A reading may be as old as the time between two of them."""
    age_s = 0.5 / conditions.rate_hz
    return _timed(
        conditions,
        rise,
        lambda inputs, timing: timing.start_s - command_s - inputs.rectangular("age of a reading (s)", 0.0, age_s),
    )


def _timed(conditions: Conditions, rise: Rise, asked: Callable[[Inputs, Timing], Number]) -> Estimate:
    """Something of a timing with its budget.

    A lag that has built up delays both crossings alike; what an unknown lag does is therefore taken from the recorded rise
    itself, at values from the least to the most that it may be. That is no straight line: the interval is taken from draws.
    """
    lags = conditions.corrected_lags
    known_s = [lag.lag_s for lag in lags]
    found = timing_of(rise, *known_s)
    courses = [_course(rise, known_s, at, lag.half_width_s) for at, lag in enumerate(lags)]

    def model(inputs: Inputs) -> Number:
        t05_s, t95_s = (found_s + _crossing_s(inputs, conditions, rise, found, which) for found_s, which in (
            (found.t05_s, "5 %"), (found.t95_s, "95 %")
        ))  # fmt: skip
        for lag, (lags_s, early_s, late_s) in zip(lags, courses, strict=True):
            drawn_s = inputs.rectangular(f"{lag.source} (s)", lag.lag_s, lag.half_width_s)
            t05_s, t95_s = t05_s + between(lags_s, early_s, drawn_s), t95_s + between(lags_s, late_s, drawn_s)
        return asked(inputs, Timing(t05_s, t95_s))

    return evaluate(model, bent=True)


def _course(rise: Rise, known_s: Sequence[float], at: int, half_width_s: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """How both points move with one of the lags: values of it, and the changes in s."""
    lags_s = known_s[at] + half_width_s * np.linspace(-1, 1, _GRID if half_width_s else 1)
    known = timing_of(rise, *known_s)
    timings = [timing_of(rise, *known_s[:at], max(0.0, float(lag_s)), *known_s[at + 1 :]) for lag_s in lags_s]
    early_s, late_s = (np.array([getattr(timing, name) for timing in timings]) for name in ("t05_s", "t95_s"))
    return lags_s, early_s - known.t05_s, late_s - known.t95_s


def _crossing_s(inputs: Inputs, conditions: Conditions, rise: Rise, found: Timing, which: str) -> Number:
    """What a crossing may be off by; zero, give or take. Taking out lags makes noise larger, and a slip of the wetting too.

    A slip is sudden, and takes the wetting from one of its bounds to the other; one crossing in four is taken to be near one.
    """
    weighing, slope_g_s = conditions.weighing, rise.gain_g / found.duration_s
    weights = _weights(rise, [lag.lag_s for lag in conditions.corrected_lags if lag.lag_s > 0])
    slips = np.sqrt(np.mean((2 * np.cumsum(weights) - 1) ** 2) / 4)
    noise_g, wetting_g = weighing.reading_g() * float(np.linalg.norm(weights)), weighing.needle.capillary * float(slips)
    linearity_s = weighing.balance.linearity / slope_g_s / 2**0.5
    return (
        inputs.normal(f"mass noise at {which} (s)", 0.0, noise_g / slope_g_s)
        + inputs.rectangular(f"linearity at {which} (s)", 0.0, linearity_s)
        + inputs.normal(f"wetting of the needle at {which} (s)", 0.0, wetting_g / slope_g_s)
    )


def _without_lags(rise: Rise, lags_s: Sequence[float]) -> Series:
    """What goes into first-order lags in series: (1 + lag d/dt) for each of them, of cubics through a few seconds."""
    series = rise.series
    if not lags_s:
        return series
    moments_s = np.arange(series.moments_s[0], series.moments_s[-1], _step_s(series))
    masses_g = np.interp(moments_s, series.moments_s, series.masses_g)
    return Series(moments_s, np.asarray(correlate1d(masses_g, _weights(rise, lags_s), mode="nearest")))


def _inverse(lags_s: Sequence[float]) -> FloatArray:
    """Coefficients of value, slope and curvature in the product of all (1 + lag d/dt); what is beyond is not resolved."""
    product = np.ones(1)
    for lag_s in lags_s:
        product = np.convolve(product, [1.0, lag_s])
    return product[:3]


def _weights(rise: Rise, lags_s: Sequence[float]) -> FloatArray:
    """What each reading around a moment counts for in the mass without lags there; the reading itself, without any."""
    if not lags_s:
        return np.ones(1)
    half = _span(rise) // 2
    around_s = _step_s(rise.series) * np.arange(-half, half + 1)
    cubic = np.linalg.pinv(np.vander(around_s, 4, increasing=True))  # its coefficients, by least squares (Savitzky and Golay)
    return np.asarray(sum(c * factorial(n) * cubic[n] for n, c in enumerate(_inverse(lags_s))))


def _step_s(series: Series) -> float:
    return float(np.median(np.diff(series.moments_s)))


def _span(rise: Rise) -> int:
    """Readings in a cubic: as many as noise needs, but none from beyond the corners, which lie 5 % of the duration away."""
    half_s = min(max(_CLEAR_OF_CORNERS * float(_crossings(rise, rise.series).duration_s), _HALF_SPANS_S[0]), _HALF_SPANS_S[1])
    return 2 * max(3, round(half_s / _step_s(rise.series))) + 1
