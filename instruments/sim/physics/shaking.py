"""What disturbs a balance: a knock on the table, vibration, draught, something that touches the pan or lies on it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from instruments.recursion import recursed
from instruments.sim.physics.arrays import FloatArray

_NEVER_S = float("inf")
_RING_S, _RING_TURN_S = 0.8, 2 * np.pi * 2.3
"""After a knock the reading swings at about 2 Hz and comes to rest within seconds."""
_CREEP_S = 120.0


@dataclass(frozen=True, slots=True)
class Push:
    """A force from ``at_s`` to ``until_s``, in g; ``creep`` of it comes only by and by."""

    at_s: float
    force_g: float
    until_s: float = _NEVER_S
    creep: float = 0.0

    def felt_g(self, moments_s: FloatArray) -> FloatArray:
        since_s = moments_s - self.at_s
        grown = 1 - self.creep * np.exp(-np.maximum(since_s, 0.0) / _CREEP_S)
        return np.where((since_s >= 0) & (moments_s < self.until_s), self.force_g * grown, 0.0)


@dataclass(frozen=True, slots=True)
class Knock:
    """Rings at ``at_s`` with ``swing_g``, and leaves the reading ``shift_g`` off."""

    at_s: float
    swing_g: float
    shift_g: float = 0.0

    def felt_g(self, moments_s: FloatArray) -> FloatArray:
        since_s = np.maximum(moments_s - self.at_s, 0.0)
        ringing_g = self.swing_g * np.exp(-since_s / _RING_S) * np.cos(_RING_TURN_S * since_s)
        return np.where(moments_s >= self.at_s, ringing_g + self.shift_g, 0.0)


@dataclass(frozen=True, slots=True)
class Slope:
    """The zero runs away from ``at_s`` on."""

    at_s: float
    slope_g_h: float

    def felt_g(self, moments_s: FloatArray) -> FloatArray:
        return np.asarray(self.slope_g_h / 3600 * np.maximum(moments_s - self.at_s, 0.0))


Force = Push | Knock | Slope


@dataclass(frozen=True, slots=True)
class Unrest:
    """Noise of ``size_g`` (standard deviation) between two moments, that hangs together for ``memory_s`` (0: not at all)."""

    name: str
    size_g: float
    memory_s: float = 0.0
    at_s: float = 0.0
    until_s: float = _NEVER_S


@dataclass(frozen=True, slots=True)
class Shaking:
    """All that disturbs the balance of one run."""

    forces: tuple[Force, ...] = ()
    unrests: tuple[Unrest, ...] = ()


@dataclass
class Disturbance:
    """One unrest as it goes on: a first-order random course, drawn sample by sample from a stream of its own."""

    unrest: Unrest
    noise: np.random.Generator
    _last_g: float = field(default=0.0, init=False)

    def felt_g(self, moments_s: FloatArray, rate_hz: float) -> FloatArray:
        unrest = self.unrest
        keep = np.exp(-1 / (rate_hz * unrest.memory_s)) if unrest.memory_s else 0.0
        drawn_g = unrest.size_g * np.sqrt(1 - keep**2) * self.noise.standard_normal(len(moments_s))
        course_g = recursed(drawn_g, keep, self._last_g)
        self._last_g = float(course_g[-1])
        return np.where((moments_s >= unrest.at_s) & (moments_s < unrest.until_s), course_g, 0.0)
