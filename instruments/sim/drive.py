"""The motor of a syringe pump: programmed flow in, true plunger flow out, travel that ends where the syringe is empty."""

from __future__ import annotations

from instruments.sim.fluid import FluidPath

_NEVER_S = float("inf")
_SLACK_ML = 1e-12


class Drive:
    """Moves the plunger. ``counted_ml`` is what the pump believes; the fluid path gets what really moves.

    ``gain`` is true flow over believed flow (lead screw, syringe bore). At the end of travel the motor stands although it
    is driven.
    """

    def __init__(self, path: FluidPath, *, travel_ml: float, gain: float) -> None:
        self._path = path
        self._travel_ml = travel_ml
        self._gain = gain
        self._since_s = 0.0
        self._flow_ml_s = 0.0
        self._counted_ml = 0.0
        self.blocked_since_s: float | None = None

    @property
    def flow_ml_s(self) -> float:
        """The flow that the motor is driven at, as the pump believes it."""
        return self._flow_ml_s

    def counted_ml(self, now_s: float) -> float:
        """Volume dispensed since power-up, by the pump's own counting."""
        return self._counted_ml + self._flow_ml_s * (now_s - self._since_s)

    def run(self, now_s: float, flow_ml_s: float) -> None:
        """Drive the motor at ``flow_ml_s`` from now on; 0 stands."""
        self._counted_ml = self.counted_ml(now_s)
        self._since_s, self._flow_ml_s = now_s, flow_ml_s
        if flow_ml_s <= 0:
            self.blocked_since_s = None
        elif self._left_ml(now_s) <= _SLACK_ML and self.blocked_since_s is None:
            self.blocked_since_s = now_s
        self._path.set_flow(now_s, 0.0 if self.blocked_since_s is not None else flow_ml_s * self._gain)

    def end_of_travel_s(self) -> float:
        """When the plunger will meet the end of the syringe at the present flow; infinity if it does not move."""
        moving = self._flow_ml_s > 0 and self.blocked_since_s is None
        if not moving:
            return _NEVER_S
        return self._since_s + self._left_ml(self._since_s) / (self._flow_ml_s * self._gain)

    def meet_end(self, now_s: float) -> None:
        """The plunger has met the end: nothing moves any more, whatever the motor does."""
        self.blocked_since_s = now_s
        self._path.set_flow(now_s, 0.0)

    def _left_ml(self, now_s: float) -> float:
        return self._travel_ml - self._path.pushed_ml(now_s)
