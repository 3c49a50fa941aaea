"""Successive boluses: their volumes from a continuous record, and the numbers that a set of them is described by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from harness.analysis.curve import Curve
from harness.metrology.budget import Estimate, Inputs, Model, evaluate, from_draws
from harness.metrology.density import Number
from harness.record import FloatArray
from instruments.errors import BenchError, ConfigError

_DRAWS = 5_000
_SEED = 25
_WIDEST, _TRIED = 5.0, 401
"""Standard deviations of the pump's own volumes that are tried: up to so many times that of the found ones."""


@dataclass(frozen=True, slots=True)
class Level:
    """A mean volume, the moment it stands for, and its standard uncertainty from the noise of its readings."""

    moment_s: float
    volume_ml: float
    u_ml: float


def level(curve: Curve, start_s: float, end_s: float) -> Level:
    """Mean over ``start_s <= moment < end_s``. Raises BenchError when there is no reading.

    Readings that all agree do not average their rounding out, so their mean is no better known than one of them.
    """
    part = curve.between(start_s, end_s)
    if not len(part):
        raise BenchError(f"there is no valid reading between {start_s:g} s and {end_s:g} s, where a level is needed")
    alike = not np.ptp(part.volumes_ml)
    u_ml = curve.u_ml if alike else curve.u_ml / len(part) ** 0.5
    return Level(float(part.moments_s.mean()), float(part.volumes_ml.mean()), float(np.hypot(u_ml, curve.u_level_ml)))


@dataclass(frozen=True, slots=True)
class Extreme:
    """The largest deviation to one side, in % of the set volume, and the bolus it belongs to (from 1; the first of equals)."""

    index: int
    deviation_pct: Estimate


@dataclass(frozen=True, slots=True)
class Boluses:
    """A set of boluses of one set volume (fluid-delivery-test-methods, section 8).

    ``sd_ml`` (n - 1), ``cv_pct`` and ``u_mean_ml`` (s / sqrt(n)) describe the pump's variability. They are no part of the
    estimates' uncertainty, which is the measurement's alone (gravimetric-metrology, section 8).
    """

    volumes_ml: tuple[float, ...]
    set_ml: float
    mean_ml: float
    sd_ml: float
    cv_pct: float
    u_mean_ml: float
    mean_error_pct: Estimate
    largest: Extreme
    smallest: Extreme


def bolus_statistics(
    volumes_ml: Sequence[float],
    set_ml: float,
    *,
    u_each_ml: float = 0.0,
    u_common_pct: float = 0.0,
    successive: bool = False,
) -> Boluses:
    """Mean, extremes and spread of boluses.

    ``u_each_ml``: standard uncertainty of one volume from what differs from bolus to bolus; ``u_common_pct``: from what all
    share. ``successive``: each volume begins at the very level at which the one before ended, so that these levels cancel in
    the mean: u_each / n in place of u_each / sqrt(n). Raises BenchError below two volumes, ConfigError when the set volume is
    not positive.
    """
    volumes = np.asarray(volumes_ml, dtype=np.float64)
    _check(volumes, set_ml)
    n, mean_ml, sd_ml = len(volumes), float(volumes.mean()), float(volumes.std(ddof=1))
    weighing = _Weighing(set_ml, u_each_ml, u_common_pct, successive)
    return Boluses(
        volumes_ml=tuple(volumes.tolist()),
        set_ml=set_ml,
        mean_ml=mean_ml,
        sd_ml=sd_ml,
        cv_pct=100 * sd_ml / mean_ml if mean_ml else np.nan,
        u_mean_ml=sd_ml / n**0.5,
        mean_error_pct=evaluate(weighing.deviation_pct(mean_ml, weighing.u_mean_ml(n))),
        largest=_extreme(volumes, weighing, 1),
        smallest=_extreme(volumes, weighing, -1),
    )


def step_volumes(
    curve: Curve, starts_s: Sequence[float], settle_s: float, span_s: float, *, basal_ml_h: float = 0.0
) -> tuple[float, ...]:
    """Volume of each bolus of a continuous record, in mL: from the level just before its start to that before the next.

    ``starts_s``: moments of the start commands, ascending. A level is the mean over the ``span_s`` before a start; the last one
    begins ``settle_s`` after the last start. What ``basal_ml_h`` delivers between two levels is subtracted. Raises BenchError
    where a start follows another too soon for a settled level between them, and where a level has no reading.
    """
    levels = _levels(curve, starts_s, settle_s, span_s)
    return tuple(
        after.volume_ml - before.volume_ml - basal_ml_h * (after.moment_s - before.moment_s) / 3600
        for before, after in pairwise(levels)
    )


def step_boluses(
    curve: Curve, starts_s: Sequence[float], set_ml: float, *, settle_s: float, span_s: float, basal_ml_h: float = 0.0
) -> Boluses:
    """``step_volumes`` described by ``bolus_statistics``, with the uncertainty of the curve."""
    volumes_ml = step_volumes(curve, starts_s, settle_s, span_s, basal_ml_h=basal_ml_h)
    levels = _levels(curve, starts_s, settle_s, span_s)
    each_h = (levels[-1].moment_s - levels[0].moment_s) / len(volumes_ml) / 3600
    u_each_ml = 2**0.5 * max(found.u_ml for found in levels)
    u_common_pct = float(np.hypot(curve.u_common_pct, 100 * curve.u_flow_ml_h * each_h / set_ml))
    return bolus_statistics(volumes_ml, set_ml, u_each_ml=u_each_ml, u_common_pct=u_common_pct, successive=True)


def _levels(curve: Curve, starts_s: Sequence[float], settle_s: float, span_s: float) -> list[Level]:
    if not starts_s:
        raise BenchError("there is no start of a bolus")
    for number, (one_s, next_s) in enumerate(pairwise(starts_s), 1):
        if next_s - one_s < settle_s + span_s:
            found = f"bolus {number + 1} starts {next_s - one_s:g} s after bolus {number}"
            raise BenchError(f"{found}; {settle_s:g} s to settle and {span_s:g} s for a level are needed between them")
    last_s = starts_s[-1] + settle_s
    return [*(level(curve, start_s - span_s, start_s) for start_s in starts_s), level(curve, last_s, last_s + span_s)]


def _check(volumes_ml: FloatArray, set_ml: float) -> None:
    if len(volumes_ml) < 2 or not np.isfinite(volumes_ml).all():
        raise BenchError(f"a set of boluses needs two volumes or more, all of them known; there are {volumes_ml.tolist()}")
    if not set_ml > 0:
        raise ConfigError(f"the set volume of a bolus is {set_ml:g} mL; it has to be positive")


@dataclass(frozen=True, slots=True)
class _Weighing:
    """The set volume, and how well one of its boluses is known."""

    set_ml: float
    u_each_ml: float
    u_common_pct: float
    successive: bool

    def deviation_pct(self, volume_ml: float, u_ml: float) -> Model:
        def model(inputs: Inputs) -> Number:
            volume = inputs.normal("noise of the levels (mL)", volume_ml, u_ml)
            return self.percent(volume * (1 + inputs.normal("alike for all boluses (%)", 0.0, self.u_common_pct) / 100))

        return model

    def u_mean_ml(self, count: int) -> float:
        return self.u_each_ml / (count if self.successive else count**0.5)

    def percent(self, volume_ml: Number) -> Number:
        return 100 * (volume_ml - self.set_ml) / self.set_ml

    def covariance_ml2(self, count: int) -> FloatArray:
        """Of the noise of ``count`` volumes: two neighbours share the level between them, with opposite signs."""
        alone = np.eye(count)
        shared = (np.eye(count, k=1) + np.eye(count, k=-1)) / 2 if self.successive else 0.0
        return np.asarray(self.u_each_ml**2 * (alone - shared))


def _extreme(volumes_ml: FloatArray, weighing: _Weighing, side: int) -> Extreme:
    """The largest (``side`` 1) or smallest (-1) deviation: the found one, with the interval of the extreme of the true volumes.

    The two are not the same: of noisy values the extreme lies further out. A bootstrap around the found volumes, reversed or not,
    holds too little where the noise is as large as the pump's scatter; draws of the true volumes do not.
    """
    at = int((side * volumes_ml).argmax())
    found = evaluate(weighing.deviation_pct(float(volumes_ml[at]), weighing.u_each_ml))
    if weighing.u_each_ml == 0:
        return Extreme(at + 1, found)
    random = np.random.default_rng(_SEED)
    furthest_ml = (side * _true_volumes_ml(volumes_ml, weighing, random)).max(axis=1) * side
    common = 1 + weighing.u_common_pct / 100 * random.standard_normal(_DRAWS)
    return Extreme(at + 1, from_draws(found, np.asarray(weighing.percent(furthest_ml * common))))


def _true_volumes_ml(volumes_ml: FloatArray, weighing: _Weighing, random: np.random.Generator) -> FloatArray:
    """Draws of the volumes as they may have been, given those that were found, shape (draws, boluses).

    The pump's volumes scatter normally around a mean, the noise's covariance C is known. For a pump's scatter s, itself drawn,
    the true volumes are normal around mean + s^2 (s^2 + C)^-1 (found - mean), which is worked out along C's own axes.
    """
    variances_ml2, axes = np.linalg.eigh(weighing.covariance_ml2(len(volumes_ml)))
    scatter_ml = _scatter_ml(volumes_ml, variances_ml2, axes, random)[:, None]
    u_mean_ml = (scatter_ml**2 / len(volumes_ml) + weighing.u_mean_ml(len(volumes_ml)) ** 2) ** 0.5
    mean_ml = volumes_ml.mean() + u_mean_ml * random.standard_normal((_DRAWS, 1))
    share = scatter_ml**2 / (scatter_ml**2 + variances_ml2)
    drawn_ml = (share * variances_ml2) ** 0.5 * random.standard_normal((_DRAWS, len(volumes_ml)))
    return np.asarray(mean_ml + (share * ((volumes_ml - mean_ml) @ axes) + drawn_ml) @ axes.T)


def _scatter_ml(volumes_ml: FloatArray, variances_ml2: FloatArray, axes: FloatArray, random: np.random.Generator) -> FloatArray:
    """Draws of the standard deviation of the pump's own volumes, from its likelihood."""
    apart_ml = (volumes_ml - volumes_ml.mean()) @ axes
    tried_ml = np.linspace(0, _WIDEST, _TRIED) * float(volumes_ml.std(ddof=1))
    total_ml2 = tried_ml[:, None] ** 2 + variances_ml2
    log_likelihood = -0.5 * (apart_ml**2 / total_ml2 + np.log(total_ml2)).sum(axis=1)
    weights = np.exp(log_likelihood - log_likelihood.max())
    return random.choice(tried_ml, _DRAWS, p=weights / weights.sum())
