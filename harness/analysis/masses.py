"""Small estimators on series of masses. Masses in g, moments in s."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.analysis.view import View
from harness.cases import CaseBase
from harness.metrology.budget import Estimate, Inputs
from harness.record import Series
from instruments.errors import BenchError


@dataclass(frozen=True, slots=True)
class Level:
    """A mean mass and the moment it stands for."""

    moment_s: float
    mass_g: float


def level(series: Series) -> Level:
    """Mean of a stretch. Raises BenchError when it is empty."""
    if not len(series):
        raise BenchError("there is no valid reading where a mass is needed")
    return Level(float(series.moments_s.mean()), float(series.masses_g.mean()))


def first(series: Series, span_s: float) -> Level:
    """Mean over the first ``span_s`` of a series."""
    start_s = float(series.moments_s[0]) if len(series) else 0.0
    return level(series.between(start_s, start_s + span_s))


def last(series: Series, span_s: float) -> Level:
    """Mean over the last ``span_s`` of a series."""
    end_s = float(series.moments_s[-1]) if len(series) else 0.0
    return level(series.between(end_s - span_s, np.inf))


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line through a series: slope in g/s with its standard error, and the residuals' autocorrelation."""

    slope_g_s: float
    u_g_s: float
    residual_sd_g: float
    lag_one: float


def fit_line(series: Series) -> Line:
    """Ordinary least squares; the standard error is widened for residuals that hang together.

    u = s sqrt(1 / Sxx) sqrt((1 + r1) / (1 - r1)) (gravimetric-metrology, section 7). Raises BenchError below 3 readings.
    """
    if len(series) < 3:
        raise BenchError("there are too few valid readings for a slope")
    t_s, mass_g = series.moments_s - series.moments_s.mean(), series.masses_g - series.masses_g.mean()
    sxx = float(t_s @ t_s)
    slope_g_s = float(t_s @ mass_g) / sxx
    residual_g = mass_g - slope_g_s * t_s
    sum_squares = float(residual_g @ residual_g)
    sd_g = float(np.sqrt(sum_squares / (len(series) - 2)))
    r1 = float(residual_g[1:] @ residual_g[:-1]) / sum_squares if sum_squares > 0 else 0.0
    r1 = min(max(r1, 0.0), 0.999)
    return Line(slope_g_s, sd_g / sxx**0.5 * float(np.sqrt((1 + r1) / (1 - r1))), sd_g, r1)


def crossing_s(series: Series, mass_g: float) -> float:
    """Moment from which the mass stays above ``mass_g``, between readings by a straight line (5/95 rule)."""
    below = np.flatnonzero(series.masses_g < mass_g)
    at = int(below[-1]) + 1 if len(below) else 0
    if not 0 < at < len(series):
        raise BenchError("the mass does not pass the level that it should pass")
    (t0, t1), (m0, m1) = series.moments_s[at - 1 : at + 1], series.masses_g[at - 1 : at + 1]
    return float(t0 + (mass_g - m0) / (m1 - m0) * (t1 - t0))


def volume_between(view: View[CaseBase], begin: Level, end: Level, per_ml: float = 1.0) -> tuple[Estimate, str]:
    """Volume delivered between two levels (mL, times ``per_ml``) with its budget, and the numbers it was made of."""
    inputs, weighing, elapsed_s = Inputs(), view.conditions.weighing, end.moment_s - begin.moment_s
    volume = weighing.volume_ml(inputs, end.mass_g - begin.mass_g, elapsed_s, view.evaporation)
    words = weighing.in_words(begin.mass_g, end.mass_g, elapsed_s, view.evaporation)
    return inputs.estimate(volume * per_ml), words
