"""What the motor of an Ultra pump does: counters of both directions, targets, ramps, and the prompt that tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from instruments.sim.dosing import Dosing
from instruments.sim.physics.drive import Drive
from instruments.wire import harvard as wire

_NEVER_S = float("inf")
_SIGNS = {"i": 1.0, "w": -1.0}
_PROMPTS = {"i": ">", "w": "<"}
_RAMP_STEPS = 100


@dataclass(frozen=True, slots=True)
class Ramp:
    """From one rate to another, in steps that are each at the rate of their middle: the volume is that of a straight line."""

    begin_ml_h: float
    end_ml_h: float
    duration_s: float

    def rate_ml_h(self, step: int) -> float:
        return self.begin_ml_h + (self.end_ml_h - self.begin_ml_h) * (step + 0.5) / _RAMP_STEPS

    def ends_s(self, step: int) -> float:
        """When the step ends, from the beginning of the ramp."""
        return self.duration_s * (step + 1) / _RAMP_STEPS


class Motion:
    """Runs, stops and counts. Every method that takes ``now_s`` is called at that moment; it never goes back.

    A target counts from the last time that its counter was cleared, not from the start of the run. A ramp that has reached its
    end rate ends the run as a target time does.
    """

    def __init__(self, drive: Drive, *, limit_switch: bool = False) -> None:
        self.prompt, self.direction = ":", "i"
        self.rates_ml_h = {"i": 60.0, "w": 60.0}
        self.ramps: dict[str, Ramp | None] = {"i": None, "w": None}
        self.target_ml: float | None = None
        self.target_s: float | None = None
        self.at_limit = False
        self._limit_switch = limit_switch
        self._dosing = Dosing(drive)
        self._volumes_ml, self._times_s = {"i": 0.0, "w": 0.0}, {"i": 0.0, "w": 0.0}
        self._counted_ml, self._since_s = 0.0, 0.0
        self._began_s, self._step = 0.0, 0

    @property
    def running(self) -> bool:
        return self.prompt in wire.RUNNING

    @property
    def rate_ml_h(self) -> float:
        """The rate it runs at; 0 when it stands."""
        if not self.running:
            return 0.0
        ramp = self.ramps[self.direction]
        return ramp.rate_ml_h(self._step) if ramp else self.rates_ml_h[self.direction]

    def volume_ml(self, now_s: float, direction: str) -> float:
        self._book(now_s)
        return self._volumes_ml[direction]

    def time_s(self, now_s: float, direction: str) -> float:
        self._book(now_s)
        return self._times_s[direction]

    def _book(self, now_s: float) -> None:
        """Put to the counters what has moved since the last look."""
        moved_ml = self._dosing.moved_ml(now_s)
        if self.running:
            self._volumes_ml[self.direction] += moved_ml - self._counted_ml
            self._times_s[self.direction] += now_s - self._since_s
        self._counted_ml, self._since_s = moved_ml, now_s

    # --- commands ---

    def run(self, now_s: float, direction: str) -> None:
        self._book(now_s)
        self.direction, self.prompt = direction, _PROMPTS[direction]
        self.at_limit = self.at_limit and direction == "i"
        self._began_s, self._step = now_s, 0
        self.drive_on(now_s)

    def drive_on(self, now_s: float) -> None:
        """Go on with what may have changed: rate, target, counters."""
        if self.running:
            self._book(now_s)
            left_ml = _NEVER_S if self.target_ml is None else self.target_ml - self._volumes_ml[self.direction]
            self._dosing.run(now_s, self.rate_ml_h / 3600 * _SIGNS[self.direction], left_ml)

    def stand(self, now_s: float, prompt: str = ":") -> None:
        self._book(now_s)
        self._dosing.stand(now_s)
        self.prompt = prompt

    def clear_volume(self, now_s: float, directions: str) -> None:
        self._book(now_s)
        self._volumes_ml |= dict.fromkeys(directions, 0.0)
        self.unlatch_target(now_s)

    def clear_time(self, now_s: float, directions: str) -> None:
        self._book(now_s)
        self._times_s |= dict.fromkeys(directions, 0.0)
        self.unlatch_target(now_s)

    def unlatch_target(self, now_s: float) -> None:
        """Something was cleared or set anew: a target reached is no longer shown, and one that is run to is counted again."""
        if self.prompt == "T*":
            self.prompt = ":"
        self.drive_on(now_s)

    # --- what happens by itself ---

    def events(self, now_s: float) -> list[tuple[float, Callable[[float], None]]]:
        drive = self._dosing.drive
        return [
            (self._dosing.reached_s, self._reach),
            (self._target_time_s(now_s), self._reach),
            (self._step_s(), self._next_step),
            (drive.next_event_s(), self._turn),
            (drive.stall_s(), self._stall),
        ]

    def _target_time_s(self, now_s: float) -> float:
        if not self.running or self.target_s is None:
            return _NEVER_S
        return max(now_s, self._since_s + self.target_s - self._times_s[self.direction])

    def _step_s(self) -> float:
        ramp = self.ramps[self.direction]
        return self._began_s + ramp.ends_s(self._step) if self.running and ramp else _NEVER_S

    def _next_step(self, now_s: float) -> None:
        if self._step + 1 == _RAMP_STEPS:
            self._reach(now_s)
            return
        self._book(now_s)
        self._step += 1
        self.drive_on(now_s)

    def _reach(self, now_s: float) -> None:
        self.stand(now_s, "T*")

    def _turn(self, now_s: float) -> None:
        self._dosing.drive.act(now_s)
        if self._limit_switch and self._dosing.drive.blocked == "end":
            self.at_limit = True
            self.stand(now_s, ">*")

    def _stall(self, now_s: float) -> None:
        self.stand(now_s, "*")
