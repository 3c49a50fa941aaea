"""What an implantable-style pump believes to be in its reservoir, and what it has delivered: both by its own counting."""

from __future__ import annotations

from instruments.sim.physics.drive import Drive

_NEVER_S = float("inf")


class Reservoir:
    """``filled_ml`` is what the pump was told at the last refill, ``low_ml`` the alarm volume (0: no alarm)."""

    def __init__(self, drive: Drive, filled_ml: float) -> None:
        self._drive, self.filled_ml, self._from_ml = drive, filled_ml, 0.0
        self._total_from_ml = 0.0
        self.low_ml = 2.0

    def refill(self, now_s: float, volume_ml: float) -> None:
        self.filled_ml, self._from_ml = volume_ml, self._drive.counted_ml(now_s)

    def left_ml(self, now_s: float) -> float:
        """Below zero where more was counted than there was."""
        return self.filled_ml - (self._drive.counted_ml(now_s) - self._from_ml)

    def falls_to_s(self, now_s: float, level_ml: float) -> float:
        """When it will have fallen to ``level_ml`` at the present flow."""
        flow_ml_s = self._drive.flow_ml_s
        return now_s + (self.left_ml(now_s) - level_ml) / flow_ml_s if flow_ml_s > 0 else _NEVER_S

    def total_ml(self, now_s: float) -> float:
        """All that was delivered since ``clear_total``."""
        return self._drive.counted_ml(now_s) - self._total_from_ml

    def clear_total(self, now_s: float) -> None:
        self._total_from_ml = self._drive.counted_ml(now_s)
