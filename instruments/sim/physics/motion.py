"""How a plunger moves between two events, and what an elastic line makes of it, in closed form.

A line that gives way holds back s with ds/dt = dV/dt - s / tau. For each kind of motion s has a closed form: constant speed,
speed that grows evenly, waves (a screw's periodic error, the pulses of rollers), and the single steps of a motor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from instruments.sim.physics.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Wave:
    """A volume that comes and goes: ``volume_ml * sin(turn_s t + phase)``."""

    volume_ml: float
    turn_s: float
    phase: float

    def later(self, elapsed_s: float) -> Wave:
        return replace(self, phase=self.phase + self.turn_s * elapsed_s)

    def moved_ml(self, elapsed_s: FloatArray) -> FloatArray:
        return np.asarray(self.volume_ml * (np.sin(self.turn_s * elapsed_s + self.phase) - np.sin(self.phase)))

    def held_ml(self, elapsed_s: FloatArray, faded: FloatArray, rate_s: float) -> FloatArray:
        """Swings with the wave, after a beginning that fades: a w (l cos + w sin)/(l^2 + w^2), l = 1/tau."""
        reach = self.volume_ml * self.turn_s / (rate_s**2 + self.turn_s**2)

        def swung(angle: FloatArray) -> FloatArray:
            return np.asarray(reach * (rate_s * np.cos(angle) + self.turn_s * np.sin(angle)))

        return swung(self.turn_s * elapsed_s + self.phase) - swung(np.asarray(self.phase)) * faded


@dataclass(frozen=True, slots=True)
class Motion:
    """What a plunger displaces from the beginning of a stretch on: mL and mL/s, negative where it is drawn back.

    ``growth_ml_s2``: the flow grows by so much each second. ``step_ml`` above 0: the motor goes in steps of that size, and
    ``begun_ml`` of the next one is done already.
    """

    flow_ml_s: float = 0.0
    growth_ml_s2: float = 0.0
    waves: tuple[Wave, ...] = ()
    step_ml: float = 0.0
    begun_ml: float = 0.0

    @property
    def ripple_ml(self) -> float:
        """How far the volume may lie off the even course."""
        return 2 * sum(abs(wave.volume_ml) for wave in self.waves) + self.step_ml

    def later(self, elapsed_s: float) -> Motion:
        """The same motion as it goes on after a while."""
        return replace(
            self,
            flow_ml_s=self.flow_ml_s + self.growth_ml_s2 * elapsed_s,
            waves=tuple(wave.later(elapsed_s) for wave in self.waves),
            begun_ml=(self.begun_ml + abs(self.flow_ml_s) * elapsed_s) % self.step_ml if self._stepping else self.begun_ml,
        )

    def moved_ml(self, elapsed_s: FloatArray) -> FloatArray:
        """Volume displaced after each time."""
        even_ml = (
            self._steps(elapsed_s) * self.step_ml * np.sign(self.flow_ml_s) if self._stepping else self.flow_ml_s * elapsed_s
        )
        moved_ml = even_ml + self.growth_ml_s2 / 2 * elapsed_s**2
        for wave in self.waves:
            moved_ml = moved_ml + wave.moved_ml(elapsed_s)
        return np.asarray(moved_ml)

    def held_ml(self, elapsed_s: FloatArray, rate_s: float) -> FloatArray:
        """What of it a line still holds that lets ``rate_s`` of what it holds go each second (0: it holds everything)."""
        if rate_s == 0:
            return self.moved_ml(elapsed_s)
        faded = np.exp(-rate_s * elapsed_s)
        gone_s = -np.expm1(-rate_s * elapsed_s) / rate_s
        held_ml = self._steps_held_ml(elapsed_s, rate_s) if self._stepping else self.flow_ml_s * gone_s
        if self.growth_ml_s2:
            held_ml = held_ml + self.growth_ml_s2 * (elapsed_s - gone_s) / rate_s
        for wave in self.waves:
            held_ml = held_ml + wave.held_ml(elapsed_s, faded, rate_s)
        return np.asarray(held_ml)

    @property
    def _stepping(self) -> bool:
        return self.step_ml > 0 and self.flow_ml_s != 0

    def _steps(self, elapsed_s: FloatArray) -> FloatArray:
        return np.floor((abs(self.flow_ml_s) * elapsed_s + self.begun_ml) / self.step_ml)

    def _steps_held_ml(self, elapsed_s: FloatArray, rate_s: float) -> FloatArray:
        """Equal steps, each fading since its moment: a geometric series."""
        flow_ml_s, count = abs(self.flow_ml_s), self._steps(elapsed_s)
        since_last_s = elapsed_s - (count * self.step_ml - self.begun_ml) / flow_ml_s
        between = rate_s * self.step_ml / flow_ml_s
        series = np.expm1(-between * count) / np.expm1(-between)
        return np.asarray(np.sign(self.flow_ml_s) * self.step_ml * np.exp(-rate_s * since_last_s) * series)
