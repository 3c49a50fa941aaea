"""What a pump makes of its motor: the volume that it has counted, and the moment at which a set volume will be reached."""

from __future__ import annotations

from instruments.sim.physics.drive import Drive

_NEVER_S = float("inf")


class Dosing:
    """Runs the motor for a volume or until it is stopped, and counts what has moved, in whichever direction.

    The sign of a flow is its direction: positive infuses. A bolus is run at the ``bolus_pace`` of the drive's data.
    """

    def __init__(self, drive: Drive) -> None:
        self.drive = drive
        self.reached_s = _NEVER_S
        """When the set volume will have moved."""
        self._moved_ml, self._from_ml = 0.0, 0.0

    def run(self, now_s: float, flow_ml_s: float, volume_ml: float = _NEVER_S, *, bolus: bool = True) -> None:
        """From ``now_s`` on move at ``flow_ml_s``; until ``volume_ml`` more have moved, if told.

        ``bolus`` False: a run until stopped, by a pump that has to be told a volume for it as well.
        """
        self._moved_ml = self.moved_ml(now_s)
        limited = bolus and volume_ml < _NEVER_S
        paced_ml_s = flow_ml_s * (self.drive.data.bolus_pace if limited else 1.0)
        self.drive.run(now_s, paced_ml_s, volume_ml if limited else _NEVER_S)
        self._from_ml = self.drive.counted_ml(now_s)
        self.reached_s = now_s + max(0.0, volume_ml) / abs(paced_ml_s) if paced_ml_s else _NEVER_S

    def stand(self, now_s: float) -> None:
        self.run(now_s, 0.0)

    def moved_ml(self, now_s: float) -> float:
        """Volume moved since the counter was cleared, by the pump's own counting."""
        return self._moved_ml + abs(self.drive.counted_ml(now_s) - self._from_ml)

    def clear(self, now_s: float) -> None:
        """Set the counter to zero."""
        self._moved_ml, self._from_ml = 0.0, self.drive.counted_ml(now_s)
