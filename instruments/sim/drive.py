"""The motor of a syringe pump: programmed flow in, true plunger flow out, travel that ends where the syringe is empty."""

from __future__ import annotations

from dataclasses import dataclass

from instruments.sim.fluid import FluidPath

_NEVER_S = float("inf")
_SLACK_ML = 1e-12


@dataclass(frozen=True, slots=True)
class DriveData:
    """What is true of the mechanics, whichever pump is built on them.

    ``gain`` is true flow over believed flow (lead screw, syringe bore), ``bolus_pace`` how much faster than set the motor runs
    towards a target volume. A plunger that meets the end is noticed after ``stall_notice_s``, or never.
    """

    gain: float = 1.0
    bolus_pace: float = 1.0
    stall_notice_s: float = 2.0
    stall_alarm: bool = True


class Drive:
    """Moves the plunger. ``counted_ml`` is what the pump believes; the fluid path gets what really moves.

    Flow is positive while infusing, negative while withdrawing. At the end of travel the motor stands although it is driven.
    """

    def __init__(self, path: FluidPath, *, travel_ml: float, data: DriveData | None = None) -> None:
        self.data = data or DriveData()
        self._path = path
        self._travel_ml = travel_ml
        self._since_s = 0.0
        self._flow_ml_s = 0.0
        self._counted_ml = 0.0
        self.blocked_since_s: float | None = None

    @property
    def flow_ml_s(self) -> float:
        """The flow that the motor is driven at, as the pump believes it."""
        return self._flow_ml_s

    def counted_ml(self, now_s: float) -> float:
        """Volume dispensed (less what was withdrawn) since power-up, by the pump's own counting."""
        return self._counted_ml + self._flow_ml_s * (now_s - self._since_s)

    def run(self, now_s: float, flow_ml_s: float) -> None:
        """Drive the motor at ``flow_ml_s`` from now on; 0 stands."""
        self._counted_ml = self.counted_ml(now_s)
        self._since_s, self._flow_ml_s = now_s, flow_ml_s
        if flow_ml_s <= 0:
            self.blocked_since_s = None
        elif self._left_ml(now_s) <= _SLACK_ML and self.blocked_since_s is None:
            self.blocked_since_s = now_s
        self._path.set_flow(now_s, 0.0 if self.blocked_since_s is not None else flow_ml_s * self.data.gain)

    def end_of_travel_s(self) -> float:
        """When the plunger will meet the end of the syringe at the present flow; infinity if it does not move."""
        moving = self._flow_ml_s > 0 and self.blocked_since_s is None
        if not moving:
            return _NEVER_S
        return self._since_s + self._left_ml(self._since_s) / (self._flow_ml_s * self.data.gain)

    def stall_s(self) -> float:
        """When the pump notices that its plunger does not move; infinity for never."""
        blocked_s = self.blocked_since_s
        return blocked_s + self.data.stall_notice_s if blocked_s is not None and self.data.stall_alarm else _NEVER_S

    def meet_end(self, now_s: float) -> None:
        """The plunger has met the end: nothing moves any more, whatever the motor does."""
        self.blocked_since_s = now_s
        self._path.set_flow(now_s, 0.0)

    def refill(self, now_s: float, left_ml: float) -> None:
        """From now on there are ``left_ml`` to push; the motor goes on as it is driven."""
        self._travel_ml = self._path.pushed_ml(now_s) + left_ml
        self.blocked_since_s = None
        self.run(now_s, self._flow_ml_s)

    def _left_ml(self, now_s: float) -> float:
        return self._travel_ml - self._path.pushed_ml(now_s)
