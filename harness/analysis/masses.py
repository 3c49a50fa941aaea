"""Small estimators on series of masses. Masses in g, moments in s."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.analysis.curve import Curve
from harness.analysis.view import Named, View
from harness.metrology.budget import Estimate, Inputs, evaluate, scaled
from harness.metrology.density import Number
from harness.metrology.volume import HALF, Evaporation, Level, Weighing
from harness.record import FloatArray, Series
from instruments.errors import BenchError


def level(series: Series) -> Level:
    """Mean of a stretch, with the scatter around its own straight line. Raises BenchError when it is empty."""
    if not len(series):
        raise BenchError("there is no valid reading where a mass is needed")
    moment_s, mass_g = float(series.moments_s.mean()), float(series.masses_g.mean())
    if len(series) < 4:
        return Level(moment_s, mass_g, len(series))
    line = fit_line(series)
    return Level(moment_s, mass_g, len(series), line.residual_sd_g, min(max(line.lag_one, 0.0), _MOST_ALIKE))


def first(series: Series, span_s: float) -> Level:
    """Mean over the first ``span_s`` of a series; the first reading for none."""
    start_s = float(series.moments_s[0]) if len(series) else 0.0
    return level(series.between(start_s, start_s + span_s + _ONE_S))


def last(series: Series, span_s: float) -> Level:
    """Mean over the last ``span_s`` of a series; the last reading for none."""
    end_s = float(series.moments_s[-1]) if len(series) else 0.0
    return level(series.between(end_s - span_s - _ONE_S, np.inf))


_ONE_S = 1e-6
"""The resolution of the stamps: both ends of a span belong to it."""
_MOST_ALIKE = 0.999


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line through a series: slope in g/s with its standard error, and what its residuals look like.

    ``se_g_s`` is the standard error for residuals that are independent, ``u_g_s`` the one widened for residuals that hang
    together; ``durbin_watson`` is 2 for white residuals; ``intercept_g`` is at moment 0, ``sxx_s2`` the spread of the moments.
    """

    slope_g_s: float
    u_g_s: float
    residual_sd_g: float
    lag_one: float
    se_g_s: float
    durbin_watson: float
    intercept_g: float
    sxx_s2: float
    count: int


def fit_line(series: Series) -> Line:
    """Ordinary least squares; the standard error is widened for residuals that hang together.

    u = s sqrt(1 / Sxx) sqrt((1 + r1) / (1 - r1)) (gravimetric-metrology, section 7). Raises BenchError below 3 readings.
    """
    if len(series) < 3:
        raise BenchError("there are too few valid readings for a slope")
    mean_s, mean_g = float(series.moments_s.mean()), float(series.masses_g.mean())
    t_s, residual_g = series.moments_s - mean_s, series.masses_g - mean_g
    sxx_s2 = _dot(t_s, t_s)
    slope_g_s = _dot(t_s, residual_g) / sxx_s2
    t_s *= slope_g_s
    residual_g -= t_s
    squares_g2 = _dot(residual_g, residual_g)
    r1 = _dot(residual_g[1:], residual_g[:-1]) / squares_g2 if squares_g2 > 0 else 0.0
    sd_g = (squares_g2 / (len(series) - 2)) ** 0.5
    alike = min(max(r1, 0.0), _MOST_ALIKE)
    se_g_s = sd_g / sxx_s2**0.5
    u_g_s = se_g_s * ((1 + alike) / (1 - alike)) ** 0.5
    # Sum of (e_i - e_(i-1))^2, without an array of them.
    watson = 2 - 2 * r1 - float(residual_g[0] ** 2 + residual_g[-1] ** 2) / squares_g2 if squares_g2 > 0 else 2.0
    return Line(slope_g_s, u_g_s, sd_g, r1, se_g_s, watson, mean_g - slope_g_s * mean_s, sxx_s2, len(series))


def _dot(one: FloatArray, other: FloatArray) -> float:
    """Without the threads of a matrix library, which cost more than they save on vectors."""
    return float(np.einsum("i,i->", one, other))


def crossing_s(series: Series, mass_g: float) -> float:
    """Moment at which the mass passes ``mass_g`` upwards, between readings by a straight line (5/95 rule).

    Noise makes it pass more than once: the middle between the first time and the last.
    """
    above = series.masses_g >= mass_g
    reached, below = np.flatnonzero(above), np.flatnonzero(~above)
    if not len(reached) or not len(below) or below[-1] == len(series) - 1 or reached[0] == 0:
        raise BenchError("the mass does not pass the level that it should pass")
    return (_passed_s(series, int(reached[0]), mass_g) + _passed_s(series, int(below[-1]) + 1, mass_g)) / 2


def _passed_s(series: Series, at: int, mass_g: float) -> float:
    (t0, t1), (m0, m1) = series.moments_s[at - 1 : at + 1], series.masses_g[at - 1 : at + 1]
    return float(t0 + (mass_g - m0) / (m1 - m0) * (t1 - t0))


def volume_between(view: View[Named], begin: Level, end: Level, per_ml: float = 1.0) -> tuple[Estimate, str]:
    """Volume delivered between two levels (mL, times ``per_ml``) with its budget, and the numbers it was made of."""
    weighing = view.conditions.weighing

    def volume_ml(inputs: Inputs) -> Number:
        return weighing.volume_ml(inputs, begin, end, view.evaporation)

    return scaled(evaluate(volume_ml), per_ml), weighing.in_words(begin, end, view.evaporation)


def curve_of(view: View[Named], series: Series) -> Curve:
    """The volume delivered over time, evaporation taken out before anything else (fluid-delivery-test-methods, section 14)."""
    weighing, loss = view.conditions.weighing, view.evaporation
    factor_ml_g = weighing.factor_ml_g()
    volumes_ml = series.moments_s * (loss.loss_g_h / 3600 if weighing.corrections.evaporation else 0.0)
    volumes_ml += series.masses_g
    volumes_ml *= weighing.sign * (1 - weighing.immersed) * factor_ml_g
    drift_g_h = weighing.balance.drift / math.sqrt(3) * (HALF if loss.holds_drift else 1.0)
    left_out_g_h = 0.0 if weighing.corrections.evaporation else loss.loss_g_h
    return Curve(
        series.moments_s,
        volumes_ml,
        u_ml=weighing.reading_g() * factor_ml_g,
        u_level_ml=_level_g(weighing) * factor_ml_g,
        u_common_pct=_common_pct(weighing),
        u_flow_ml_h=math.hypot(loss.u_g_h, drift_g_h, left_out_g_h) * factor_ml_g,
    )


def _level_g(weighing: Weighing) -> float:
    """What does not average out: the wetting of the needle, and linearity, that counts once in a difference of two levels."""
    return math.hypot(weighing.needle.capillary, weighing.balance.linearity / math.sqrt(2)) / math.sqrt(3)


def _common_pct(weighing: Weighing) -> float:
    """What is uncertain of every volume alike, in percent of it: what is left for a mass that dwarfs all noise."""
    found = evaluate(lambda inputs: weighing.volume_ml(inputs, Level(0.0, 0.0), Level(0.0, _DWARFING_G), _DRY))
    return found.u / abs(found.value) * 100


_DWARFING_G = 1e6
_DRY = Evaporation(0.0, 0.0)
