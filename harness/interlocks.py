"""What ends a run at once, whatever its procedure thinks it is doing; limits come from the dry run and the bench file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instruments.errors import BenchError, Interlock
from instruments.readings import Readings

_OVER = 1.5
"""A pump that gives a fifth too much is to be measured, one that gives half as much again as was planned is to be stopped."""
_SPARE_ML, _SPARE_S = 1.0, 3600.0
_OVERLOAD = ord("+")
_OVERLOAD_S = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """``volume_ml`` may be added on the balance, pumping may go on until ``duration_s`` of bench time.

    ``density_g_ml`` of the liquid: near enough for an interlock, without corrections.
    """

    volume_ml: float
    why: str
    duration_s: float
    density_g_ml: float = 1.0

    @classmethod
    def of(cls, planned_ml: float, planned_s: float, room_ml: float, density_g_ml: float = 1.0) -> Limits:
        """From what a plan will need, and what there is room for."""
        allowed_ml = planned_ml * _OVER + _SPARE_ML
        why = "half as much again as was planned" if allowed_ml < room_ml else "what the vessel and the balance hold"
        return cls(min(allowed_ml, room_ml), why, planned_s * _OVER + _SPARE_S, density_g_ml)


class Interlocks:
    """Looks at every reading while the pump is commanded to infuse. Trips once: the pump is being stopped from then on."""

    def __init__(self, limits: Limits | None) -> None:
        self._limits = limits
        self._first_g = self._overloaded_s = float("nan")

    def readings(self, readings: Readings, now_s: float, *, infusing: bool) -> None:
        """Raises Interlock for a vessel that gets too full or a pump that goes on too long, BenchError for an overload."""
        if self._limits is None or not len(readings):
            return
        masses_g = readings.masses_g[np.isfinite(readings.masses_g)]
        if np.isnan(self._first_g) and len(masses_g):
            self._first_g = float(masses_g[0])
        if infusing:
            self._overload(readings)
            self._volume(self._limits, masses_g)
            self._time(self._limits, now_s)

    def _trip(self, reason: str) -> Interlock:
        self._limits = None
        return Interlock(f"interlock: {reason}")

    def _volume(self, limits: Limits, masses_g: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
        gained_ml = (float(masses_g[-1]) - self._first_g) / limits.density_g_ml if len(masses_g) else 0.0
        if gained_ml > limits.volume_ml:
            raise self._trip(f"{gained_ml:.3g} mL have come, more than {limits.volume_ml:.3g} mL, {limits.why}")

    def _time(self, limits: Limits, now_s: float) -> None:
        if now_s > limits.duration_s:
            hours = limits.duration_s / 3600
            raise self._trip(
                f"the pump is still to infuse after {now_s / 3600:.3g} h, and {hours:.3g} h were allowed for the plan"
            )

    def _overload(self, readings: Readings) -> None:
        """From the first reading of a row of overloads that has not ended."""
        others = np.flatnonzero(readings.statuses != _OVERLOAD)
        after = int(others[-1]) + 1 if len(others) else 0
        if len(others):
            self._overloaded_s = float("nan")
        if after < len(readings) and np.isnan(self._overloaded_s):
            self._overloaded_s = float(readings.stamps_us[after]) / 1e6
        lasted_s = float(readings.stamps_us[-1]) / 1e6 - self._overloaded_s
        if lasted_s > _OVERLOAD_S:
            self._limits = None
            raise BenchError(f"balance: overloaded for {lasted_s:.0f} s while the pump infuses; take away what is too heavy")
