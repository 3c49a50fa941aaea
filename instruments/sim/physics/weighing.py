"""The weighing cell of a simulated balance: what it shows at its own sampling moments, computed in blocks.

Noise is drawn one sample after the other from its own stream, so the readings are the same however long the blocks are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from instruments.recursion import recursed
from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.parameters import GRAVIMETRIC, PROPOSED, quantity
from instruments.sim.physics.shaking import Disturbance, Force
from instruments.stamped import IntArray

_DRIFT_PERIODS_H = (31.0, 13.0, 5.0)
_ROUNDING = 1e-9
_BENDS = 5
"""Waves of the linearity error over the range, unless told: from dose to dose it may go from one bound towards the other."""


@dataclass(frozen=True, slots=True)
class CellData:
    """What the data sheet says of a balance. Defaults: analytical, 0.1 mg class.

    ``linearity_g`` and ``sensitivity_pct`` are bounds; what is true of this balance is drawn within them. ``linearity_wave_g`` is
    the load over which the linearity error goes from one bound to the other and back. Stable is what stays within
    ``calm_digits`` for ``calm_s``.
    """

    readability_g: float = quantity(1e-4, "g", f"{GRAVIMETRIC} 8, budget A", least=1e-09)
    repeatability_g: float = quantity(1e-4, "g", f"{GRAVIMETRIC} 8, budget A", least=0)
    linearity_g: float = quantity(2e-4, "g", f"{GRAVIMETRIC} 8, budget A", least=0)
    linearity_wave_g: float | None = quantity(None, "g", f"{PROPOSED}: a fifth of the range", least=1e-6)
    sensitivity_pct: float = quantity(1e-3, "%", f"{GRAVIMETRIC} 6", least=0)
    drift_g_h: float = quantity(1e-4, "g/h", f"{GRAVIMETRIC} 8: at most 3e-4 g/h in budget A", least=0)
    response_s: float = quantity(0.5, "s", f"{GRAVIMETRIC} 6, 0.5 to 3 s", least=0)
    capacity_g: float = quantity(220.0, "g", f"{PROPOSED}: the usual analytical balance", least=0.001)
    calm_digits: float = quantity(6.0, "", PROPOSED, least=0)
    calm_s: float = quantity(1.0, "s", PROPOSED, least=0)

    @property
    def decimals(self) -> int:
        """Places behind the point; a readability of 0.5 mg shows as steps of five in the fourth place."""
        return max(0, math.ceil(-math.log10(self.readability_g) - _ROUNDING))

    @property
    def step(self) -> int:
        """The readability in digits of the last place."""
        return max(1, round(self.readability_g * 10.0**self.decimals))


@dataclass(frozen=True, slots=True)
class Samples:
    """A run of converted values: when, how many display steps (1 digit of the last place), and whether settled."""

    moments_s: FloatArray
    counts: IntArray
    stable: NDArray[np.bool_]


_NONE = Samples(np.empty(0), np.empty(0, dtype=np.int64), np.empty(0, dtype=bool))


class WeighingCell:
    """Turns the load on the pan into display values at a fixed rate: filter, errors, drift, noise, rounding, stability."""

    def __init__(
        self,
        data: CellData,
        load_g: Callable[[FloatArray], FloatArray],
        noise: np.random.Generator,
        forces: Sequence[Force] = (),
        disturbances: Sequence[Disturbance] = (),
    ) -> None:
        self.data = data
        self.stuck_from_s = float("inf")
        self._load_g, self._forces, self._disturbances = load_g, forces, disturbances
        self._noise, phases, errors = noise.spawn(3)
        self._phases = phases.uniform(0, 2 * np.pi, len(_DRIFT_PERIODS_H))
        self._gain = 1 + errors.uniform(-1, 1) * data.sensitivity_pct / 100
        self._bend = errors.uniform(0, 2 * np.pi)
        self._held_g: float | None = None
        self._tail = np.empty(0)
        self.set_rate(0.0, 10.0)

    def set_rate(self, now_s: float, rate_hz: float) -> None:
        """Sample ``rate_hz`` times a second, beginning one interval after ``now_s``."""
        self.rate_hz, self._start_s, self._next = rate_hz, now_s, 1

    def sample_s(self, number: int | IntArray) -> FloatArray:
        return np.asarray(self._start_s + number / self.rate_hz, dtype=np.float64)

    @property
    def next_sample_s(self) -> float:
        return self._start_s + self._next / self.rate_hz

    def convert_until(self, now_s: float) -> Samples:
        """All samples that fall due up to and including ``now_s``."""
        last = math.floor((now_s - self._start_s) * self.rate_hz + 1e-9)
        if last < self._next:
            return _NONE
        moments_s = self.sample_s(np.arange(self._next, last + 1))
        self._next = last + 1
        pressed_g = self._load_g(moments_s) + sum(force.felt_g(moments_s) for force in self._forces)
        shown_g = self._bent(self._respond(pressed_g)) + self._drift_g(moments_s)
        for disturbance in self._disturbances:
            shown_g = shown_g + disturbance.felt_g(moments_s, self.rate_hz)
        shown_g = self._freeze(moments_s, shown_g + self.data.repeatability_g * self._noise.standard_normal(len(shown_g)))
        counts = self.data.step * np.rint(shown_g * 10.0**self.data.decimals / self.data.step).astype(np.int64)
        return Samples(moments_s, counts, self._calm(shown_g))

    def _respond(self, load_g: FloatArray) -> FloatArray:
        """First-order digital filter of the cell."""
        keep = np.exp(-1 / (self.rate_hz * self.data.response_s)) if self.data.response_s > 0 else 0.0
        held_g = load_g[0] if self._held_g is None else self._held_g
        shown_g = recursed((1 - keep) * load_g, keep, held_g)
        self._held_g = float(shown_g[-1])
        return shown_g

    def _bent(self, load_g: FloatArray) -> FloatArray:
        """Sensitivity and linearity: the reading departs by a wave over the load that stays within the data sheet's bound."""
        wave_g = self.data.linearity_wave_g or self.data.capacity_g / _BENDS
        return np.asarray(load_g * self._gain + self.data.linearity_g * np.sin(2 * np.pi * load_g / wave_g + self._bend))

    def _drift_g(self, moments_s: FloatArray) -> FloatArray:
        """Slow wandering of the zero; its slope never exceeds the data sheet's drift."""
        drift_g = np.zeros_like(moments_s)
        for period_h, phase in zip(_DRIFT_PERIODS_H, self._phases, strict=True):
            turns_h = 2 * np.pi / period_h
            amplitude_g = self.data.drift_g_h / len(_DRIFT_PERIODS_H) / turns_h
            drift_g += amplitude_g * np.sin(turns_h * moments_s / 3600 + phase)
        return drift_g

    def _freeze(self, moments_s: FloatArray, shown_g: FloatArray) -> FloatArray:
        """A stuck balance goes on sending the last value it had."""
        frozen = moments_s >= self.stuck_from_s
        if frozen.any():
            first = int(frozen.argmax())
            value_g = shown_g[first - 1] if first else (self._tail[-1] if len(self._tail) else shown_g[0])
            return np.where(frozen, value_g, shown_g)
        return shown_g

    def _calm(self, shown_g: FloatArray) -> NDArray[np.bool_]:
        """Stable: all values of the last ``calm_s`` lie within ``calm_digits`` of each other."""
        span = max(2, round(self.data.calm_s * self.rate_hz))
        history = np.concatenate([self._tail, shown_g])
        low, high = (filtered(history, span, origin=(span - 1) // 2) for filtered in (minimum_filter1d, maximum_filter1d))
        calm = high - low <= self.data.calm_digits * self.data.readability_g
        calm[: span - 1] = False
        self._tail = history[-(span - 1) :] if span > 1 else np.empty(0)
        return np.asarray(calm[len(history) - len(shown_g) :])
