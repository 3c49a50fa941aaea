"""The air around the balance: temperature, pressure and humidity that swing over the day and drift."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.liquids import air_g_ml
from instruments.sim.physics.parameters import GRAVIMETRIC, METHODS, PROPOSED, quantity

_DAY_S = 86_400.0
_TURN_S = 2 * math.pi / _DAY_S


@dataclass(frozen=True, slots=True)
class Room:
    """Means, how far each swings to either side within a day, and how it drifts.

    Temperature and humidity swing by a tenth of what the method allows (20 +/- 2 degC, 65 +/- 5 %RH).
    """

    temperature_c: float = quantity(22.0, "degC", f"{GRAVIMETRIC} 8, budget A", least=-50, most=100)
    pressure_hpa: float = quantity(1013.25, "hPa", f"{GRAVIMETRIC} 3, normal pressure", least=1, most=2000)
    humidity_pct: float = quantity(50.0, "%", f"{GRAVIMETRIC} 3, the vectors' humidity", least=0, most=99)
    temperature_swing_k: float = quantity(0.2, "K", f"{METHODS} 3, a tenth of what is allowed")
    pressure_swing_hpa: float = quantity(1.0, "hPa", f"{PROPOSED}: the tide of the air is about that")
    humidity_swing_pct: float = quantity(0.5, "%", f"{METHODS} 3, a tenth of what is allowed")
    temperature_drift_k_h: float = quantity(0.0, "K/h", PROPOSED)
    pressure_drift_hpa_h: float = quantity(0.0, "hPa/h", PROPOSED)
    humidity_drift_pct_h: float = quantity(0.0, "%/h", PROPOSED)


@dataclass(frozen=True, slots=True)
class Course:
    """How a quantity departs from its mean: swing * sin(2 pi t / day + phase) + drift * t."""

    swing: float
    drift_h: float
    phase: float

    def departure(self, moments_s: FloatArray) -> FloatArray:
        return np.asarray(self.swing * np.sin(_TURN_S * moments_s + self.phase) + self.drift_h / 3600 * moments_s)

    def integral_s(self, moments_s: FloatArray) -> FloatArray:
        """Of the departure from 0 to each moment, in its unit times s."""
        turned = np.cos(self.phase) - np.cos(_TURN_S * moments_s + self.phase)
        return np.asarray(self.swing / _TURN_S * turned + self.drift_h / 7200 * moments_s**2)


class Air:
    """The room as it goes through one run: where in the day it begins is drawn from ``noise``."""

    def __init__(self, room: Room, noise: np.random.Generator) -> None:
        self.room = room
        phases = noise.uniform(0, 2 * math.pi, 3)
        self.temperature = Course(room.temperature_swing_k, room.temperature_drift_k_h, phases[0])
        self.pressure = Course(room.pressure_swing_hpa, room.pressure_drift_hpa_h, phases[1])
        self.humidity = Course(room.humidity_swing_pct, room.humidity_drift_pct_h, phases[2])

    def density_g_ml(self, moments_s: FloatArray) -> FloatArray:
        room = self.room
        return air_g_ml(
            room.temperature_c + self.temperature.departure(moments_s),
            room.pressure_hpa + self.pressure.departure(moments_s),
            room.humidity_pct + self.humidity.departure(moments_s),
        )
