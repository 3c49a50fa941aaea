"""Pulsation: how far the flow rises above its mean, and how often (gravimetric-metrology, section 7)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.analysis.grid import Grid, stretches
from harness.record import FloatArray
from instruments.errors import BenchError, ConfigError

_PERIODS = 10
_FEWEST_PERIODS = 6
_FEWEST_SAMPLES = 16
_MOST_SAMPLES = 65_536
_CHANCE = 1e-3
_LOBE = 2
"""Frequencies on either side that the Hann window spreads a line over."""
_FEWEST_NEIGHBOURS = 4
_HANN_BANDWIDTH = 1.5
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Pulsation:
    """``crest`` is max Q_i over the mean flow, at the grid's interval; noise and single outliers are in it.

    ``period_s`` and ``amplitude_ml`` (of the volume around its straight line, half of peak to peak) belong to the strongest
    line of the spectrum, ``shortest_window_s`` is ten of its periods, and ``left_pct`` the most that it can still change the
    mean flow over such a window, in % of the set rate. All four are None when no line stands out of the noise.
    """

    crest: float
    period_s: float | None
    amplitude_ml: float | None
    shortest_window_s: float | None
    left_pct: float | None


def pulsation(grid: Grid, rate_ml_h: float) -> Pulsation:
    """Crest value and dominant period of a steady flow.

    The spectrum is the periodogram (Hann window) of the volume around its straight line, over the longest stretch without a
    missing reading. A line stands out when its power exceeds ln(K / 0.001) times the noise there, K being the number of
    frequencies: noise alone passes in about one of a thousand records. The noise at a frequency is taken from those between
    half and twice of it, as flat and as falling with the square of the frequency (a random walk), whichever is more, and is
    no less than ``grid.u_ml`` makes it. A period has to fit six times. Of more than 65,536 samples neighbours are averaged first,
    and periods of less than two such means are not seen. Raises BenchError when nothing flows on the mean.
    """
    if not rate_ml_h > 0:
        raise ConfigError(f"the set rate is {rate_ml_h:g} mL/h; an error in percent of it needs more than 0 mL/h")
    flows_ml_h = grid.flows_ml_h
    flows_ml_h = flows_ml_h[np.isfinite(flows_ml_h)]
    mean_ml_h = float(flows_ml_h.mean()) if len(flows_ml_h) else 0.0
    if not mean_ml_h > 0:
        raise BenchError(f"the mean flow is {mean_ml_h:g} mL/h; a crest value needs a flow above 0 mL/h")
    crest = float(flows_ml_h.max()) / mean_ml_h
    first, last = max(stretches(grid.volumes_ml), key=lambda run: run[1] - run[0])
    volumes_ml, merged = _thinned(grid.volumes_ml[first:last])
    cycles = _line(volumes_ml, grid.u_ml / math.sqrt(merged))
    if cycles is None:
        return Pulsation(crest, None, None, None, None)
    period_s = grid.interval_s * merged / cycles
    amplitude_ml = _amplitude_ml(volumes_ml, cycles) / (float(np.sinc(cycles)) if merged > 1 else 1.0)
    left_pct = 2 * amplitude_ml / (rate_ml_h * _PERIODS * period_s / 3600) * 100
    return Pulsation(crest, period_s, amplitude_ml, _PERIODS * period_s, left_pct)


def _thinned(volumes_ml: FloatArray) -> tuple[FloatArray, int]:
    """Means of so many neighbouring samples each that a spectrum stays cheap, and how many that are."""
    merged = -(-len(volumes_ml) // _MOST_SAMPLES)
    whole = len(volumes_ml) // merged * merged
    return volumes_ml[:whole].reshape(-1, merged).mean(axis=1), merged


def _line(volumes_ml: FloatArray, u_ml: float) -> float | None:
    """Cycles a sample of the strongest line, between the frequencies of the spectrum by a parabola through logarithms."""
    from scipy.signal import detrend, periodogram  # its import takes as long as a short run, and few cases need it

    if len(volumes_ml) < _FEWEST_SAMPLES:
        return None
    _, power = periodogram(detrend(volumes_ml), window="hann", detrend=False, scaling="spectrum")
    inner = power[1:-1]
    tops = np.flatnonzero((inner > power[:-2]) & (inner >= power[2:])) + 1
    tops = tops[tops >= _FEWEST_PERIODS]
    least = 2 * _HANN_BANDWIDTH * u_ml**2 / len(volumes_ml) + (_ROUNDING * float(np.abs(volumes_ml).max())) ** 2
    times = math.log(len(power) / _CHANCE)
    for top in tops[np.argsort(power[tops])[::-1]].tolist():
        if power[top] <= times * least:
            return None
        if power[top] > times * _noise(power, top):
            return float(top + _offset(power[top - 1 : top + 2])) / len(volumes_ml)
    return None


def _noise(power: FloatArray, at: int) -> float:
    """Mean power of the noise at a frequency, from the median of its neighbours (ln 2 of the mean for noise)."""
    near = np.arange(max(1, at // 2), min(2 * at, len(power) - 1) + 1)
    near = near[np.abs(near - at) > _LOBE]
    if len(near) < _FEWEST_NEIGHBOURS:
        return math.inf
    flat, walk = np.median(power[near]), np.median(power[near] * (near / at) ** 2)
    return float(max(flat, walk)) / math.log(2)


def _offset(around: FloatArray) -> float:
    below, top, above = np.log(np.maximum(around, np.finfo(np.float64).tiny))
    return float((below - above) / (2 * (below - 2 * top + above)))


def _amplitude_ml(volumes_ml: FloatArray, cycles: float) -> float:
    """Least squares of a straight line and one sinusoid."""
    numbers = np.arange(len(volumes_ml)) - len(volumes_ml) / 2
    angles = 2 * np.pi * cycles * numbers
    basis = np.stack([np.ones(len(numbers)), numbers / len(numbers), np.cos(angles), np.sin(angles)])
    fitted = np.linalg.solve(basis @ basis.T, basis @ (volumes_ml - volumes_ml[0]))
    return float(np.hypot(fitted[2], fitted[3]))
