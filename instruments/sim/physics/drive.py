"""The drive of a pump: from what the motor does to how the plunger (or the rollers) move the liquid.

In between lie play in the screw, a stopper that sticks until it is pushed hard enough, a screw that is not quite even, an end
of travel, and a force that the motor cannot exceed.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from instruments.sim.physics.drive_data import IDEAL as IDEAL
from instruments.sim.physics.drive_data import ROLLERS as ROLLERS
from instruments.sim.physics.drive_data import DriveData as DriveData
from instruments.sim.physics.motion import Motion, Wave
from instruments.sim.physics.motor import Motor
from instruments.sim.physics.path import FluidPath

_NEVER_S = float("inf")
_SLACK_ML = 1e-12
_YIELDS = 0.9
"""A motor that stands against a pressure turns again at so much of it."""
_REST_S = 0.1
"""It rests at least so long."""
_RENEWED_S = 600.0
"""A flow that drifts is taken up anew so often: its waves keep their length in mL."""
_STILL = Motion()

Note = Callable[[float, str], None]
"""Takes what really happened, and when."""


def silent(now_s: float, what: str) -> None:
    """Nobody wants to know."""


class Drive:
    """Moves the plunger. ``counted_ml`` is what the pump believes; the fluid path gets what really moves.

    Flow is positive while infusing, negative while withdrawing. ``phase`` (0 to 1) is where in its turn the screw stands at
    first. Its pump asks ``next_event_s`` and calls ``act`` then.
    """

    def __init__(
        self, path: FluidPath, *, travel_ml: float, data: DriveData = IDEAL, phase: float = 0.0, note: Note = silent
    ) -> None:
        self.data = data
        self.programmed_mm: Callable[[], float | None] = lambda: None
        """The bore of the syringe as its pump was told it; None where the pump does not work with one."""
        self._path, self._note, self._phase = path, note, phase
        self._motor = Motor(data.motor)
        self._stall_pa = data.stall_kpa * data.stall_gain * 1000
        self._full_ml, self._travel_ml = travel_ml, travel_ml
        self._since_s = 0.0
        self._flow_ml_s = self._counted_ml = self._counted_full_ml = 0.0
        self._moved_at_s, self._speed_ml_s, self._turned_ml = 0.0, 0.0, 0.0
        self._way, self._play_ml, self._wound_ml = 1.0, 0.0, data.sliding_ml
        self._sliding, self._told_ml_s, self._taken_up_s = False, 0.0, _NEVER_S
        self.blocked = ""
        self.blocked_since_s: float | None = None
        self._go_on(0.0)

    # --- what the pump believes ---

    @property
    def flow_ml_s(self) -> float:
        """The flow that the motor is driven at, as the pump believes it."""
        return self._flow_ml_s

    def counted_ml(self, now_s: float) -> float:
        """Volume dispensed (less what was withdrawn) since power-up, by the pump's own counting."""
        return self._counted_ml + self._flow_ml_s * (now_s - self._since_s)

    def run(self, now_s: float, flow_ml_s: float, bolus_ml: float = _NEVER_S) -> None:
        """Drive the motor at ``flow_ml_s`` from now on, until ``bolus_ml`` if that is finite; 0 stands."""
        self._book(now_s)
        self._counted_ml = self.counted_ml(now_s)
        if flow_ml_s <= 0 or self._flow_ml_s <= 0:
            self.blocked, self.blocked_since_s = "", None
        self._since_s, self._flow_ml_s = now_s, flow_ml_s
        self._motor.tell(now_s, flow_ml_s, bolus_ml)
        self._go_on(now_s)

    def stall_s(self) -> float:
        """When the pump notices that its plunger does not move, or thinks so; infinity for never."""
        data = self.data
        if self._flow_ml_s <= 0:
            return _NEVER_S
        if self.blocked == "pressure":
            return self._blocked_s + data.occlusion_notice_s if data.occlusion_alarm else _NEVER_S
        if not data.stall_alarm:
            return _NEVER_S
        if not data.alarm_by_count:
            return self._blocked_s + data.stall_notice_s if self.blocked == "end" else _NEVER_S
        left_ml = self._full_ml - (self._counted_ml - self._counted_full_ml)
        return self._since_s + left_ml / self._flow_ml_s + data.stall_notice_s

    def refill(self, now_s: float, left_ml: float) -> None:
        """From now on there are ``left_ml`` to push; the motor goes on as it is driven."""
        self._book(now_s)
        self._full_ml, self._travel_ml = left_ml, self._path.pushed_ml(now_s) + left_ml
        self._counted_full_ml = self.counted_ml(now_s)
        self.free(now_s)

    def set_stall(self, now_s: float, pressure_kpa: float) -> None:
        """From now on the motor is to stand at this pressure; it does at ``stall_gain`` times as much."""
        self._book(now_s)
        self._stall_pa = pressure_kpa * self.data.stall_gain * 1000
        self._go_on(now_s)

    # --- what really happens ---

    def left_ml(self, now_s: float) -> float:
        """What is really left to push."""
        return max(0.0, self._travel_ml - self._path.pushed_ml(now_s))

    def next_event_s(self) -> float:
        """When the motion will next change by itself."""
        return min(self._motor.next_change_s(self._moved_at_s), self._mechanics_s())

    def act(self, now_s: float) -> None:
        """Do what is due: the motor changes its speed, the play is taken up, the stopper breaks loose, nothing goes any more."""
        self._book(now_s)
        self._motor.advance(now_s)
        if self.blocked == "pressure" and self._yields_s() <= now_s:
            self.free(now_s)
        elif self._speed_ml_s > 0 and self._sliding and not self.blocked:
            if self._ends_s() <= now_s:
                self.block(now_s, "end")
            elif self._stalls_s() <= now_s:
                self.block(now_s, "pressure")
        self._go_on(now_s)

    def block(self, now_s: float, why: str) -> None:
        """Nothing moves any more, whatever the motor does: the ``end``, the ``pressure``, or a ``jam``."""
        self._book(now_s)
        self.blocked, self.blocked_since_s = why, now_s
        self._note(now_s, self._in_words(why))
        self._go_on(now_s)

    def _in_words(self, why: str) -> str:
        if why == "end" and self.data.early_ml:
            return f"taken for empty with {self.data.early_ml:g} mL left"
        return {"end": "empty", "pressure": "stalled by pressure"}.get(why, why)

    def free(self, now_s: float) -> None:
        """What blocked the motor is gone."""
        self.blocked, self.blocked_since_s = "", None
        self._go_on(now_s)

    @property
    def _blocked_s(self) -> float:
        return _NEVER_S if self.blocked_since_s is None else self.blocked_since_s

    def _left_ml(self, now_s: float) -> float:
        return self._travel_ml - self.data.early_ml - self._path.pushed_ml(now_s)

    def _book(self, now_s: float) -> None:
        """Put down what the motor has turned since the last event: into play, into winding up, or into motion."""
        turned_ml = self._speed_ml_s * (now_s - self._moved_at_s) * self._drifted((now_s + self._moved_at_s) / 2)
        self._moved_at_s = now_s
        if self.blocked:
            return
        self._turned_ml += turned_ml
        done = now_s >= self._taken_up_s
        if self._play_ml > 0:
            self._play_ml = 0.0 if done else max(0.0, self._play_ml - abs(turned_ml))
        elif not self._sliding:
            self._wound_ml = self._way * self.data.stiction_ml if done else self._wound_ml + turned_ml

    def _go_on(self, now_s: float) -> None:
        """Find out how the plunger moves from now on."""
        before_ml_s, self._speed_ml_s = self._speed_ml_s, self._true_ml_s(now_s)
        if self._speed_ml_s == 0:
            self._sliding = False
        elif self._speed_ml_s * self._way < 0:
            self._way, self._play_ml, self._sliding = -self._way, max(0.0, self.data.backlash_ml - self._play_ml), False
        if before_ml_s == 0 and self._speed_ml_s:
            self._play_ml += self.data.start_play_ml
        self._break_loose(now_s)
        moving = self._sliding and not self.blocked
        self._taken_up_s = self._takes_up_s()
        self._tell(now_s, moving=moving)
        self._path.move(now_s, self._motion(now_s) if moving else _STILL)
        if moving and self._speed_ml_s > 0 and self._left_ml(now_s) <= _SLACK_ML:
            self.block(now_s, "end")

    def _true_ml_s(self, now_s: float) -> float:
        """How fast the plunger is driven; or drawn, by something that knows nothing of gears and bores."""
        speed_ml_s = self._motor.speed_ml_s(now_s)
        return speed_ml_s * self.data.true_per_told(self.programmed_mm()) if self._motor.driven else speed_ml_s

    def _break_loose(self, now_s: float) -> None:
        """A stopper that is pushed hard enough springs to where friction holds it."""
        ready = self._speed_ml_s != 0 and not self._sliding and self._play_ml == 0 and not self.blocked
        if ready and self._way * self._wound_ml >= self.data.stiction_ml - _SLACK_ML:
            self._sliding = True
            spring_ml = min(self._way * self._wound_ml - self.data.sliding_ml, self._room_ml(now_s))
            self._wound_ml = self._way * self.data.sliding_ml
            if spring_ml:
                self._path.jump(now_s, self._way * spring_ml)

    def _room_ml(self, now_s: float) -> float:
        """How far the plunger can spring: to the end of its travel, and not against more pressure than the motor can hold."""
        if self._way < 0:
            return _NEVER_S
        return max(0.0, min(self._left_ml(now_s), self._path.room_ml(now_s, self._stall_pa)))

    def _mechanics_s(self) -> float:
        if self._speed_ml_s == 0 or self.blocked:
            return self._yields_s() if self.blocked == "pressure" else _NEVER_S
        if not self._sliding:
            return self._taken_up_s
        return min(self._renewed_s(), self._ends_s(), self._stalls_s()) if self._speed_ml_s > 0 else self._renewed_s()

    def _takes_up_s(self) -> float:
        """When the play will have been taken up, or the stopper will break loose."""
        speed_ml_s = abs(self._speed_ml_s)
        if speed_ml_s == 0 or self.blocked or self._sliding:
            return _NEVER_S
        left_ml = self._play_ml if self._play_ml > 0 else self.data.stiction_ml - self._way * self._wound_ml
        return self._moved_at_s + left_ml / speed_ml_s

    def _yields_s(self) -> float:
        """When the line has relaxed so far that a motor which stands against its pressure turns again."""
        return max(self._path.relaxes_s(_YIELDS * self._stall_pa), self._blocked_s + _REST_S)

    def _ends_s(self) -> float:
        """When the plunger will meet the end of the syringe."""
        return self._path.pushes_s(self._travel_ml - self.data.early_ml, self._renewed_s())

    def _stalls_s(self) -> float:
        """When the motor will not be able to push any more."""
        return self._path.reaches_s(self._stall_pa, self._renewed_s()) if self._motor.driven else _NEVER_S

    def _renewed_s(self) -> float:
        """When a drifting flow is taken up anew."""
        if not self.data.drift_pct_h:
            return _NEVER_S
        begins_s = self.data.drift_from_s
        return begins_s if begins_s > self._moved_at_s else self._moved_at_s + _RENEWED_S

    def _drifted(self, now_s: float) -> float:
        """The flow over what it would be without drift; a flow that gets slower ends at nothing."""
        return max(0.0, 1 + self._growth_s(now_s) * (now_s - self.data.drift_from_s))

    def _growth_s(self, now_s: float) -> float:
        return self.data.drift_pct_h / 100 / 3600 if now_s >= self.data.drift_from_s else 0.0

    def _motion(self, now_s: float) -> Motion:
        """How the plunger moves while the motor turns: at its speed, with the unevenness of where it stands."""
        data, speed_ml_s = self.data, self._speed_ml_s * self._drifted(now_s)
        growth_ml_s2 = self._speed_ml_s * self._growth_s(now_s) if speed_ml_s else 0.0
        waves = (
            self._wave(speed_ml_s, data.screw_turn_ml, data.screw_error_pct),
            self._wave(speed_ml_s, data.pulse_ml, data.pulse_depth_pct),
        )
        return Motion(
            speed_ml_s,
            max(growth_ml_s2, -speed_ml_s / _RENEWED_S) if speed_ml_s > 0 else growth_ml_s2,
            tuple(wave for wave in waves if wave.volume_ml),
            data.step_ml,
            (math.copysign(1.0, speed_ml_s) * self._turned_ml) % data.step_ml if data.step_ml else 0.0,
        )

    def _wave(self, speed_ml_s: float, turn_ml: float, share_pct: float) -> Wave:
        """A flow that swings by ``share_pct`` once every ``turn_ml``, from where the screw stands."""
        if not (turn_ml and share_pct):
            return Wave(0.0, 1.0, 0.0)
        turn_per_ml = 2 * math.pi / turn_ml
        phase = turn_per_ml * self._turned_ml + 2 * math.pi * self._phase
        return Wave(share_pct / 100 / turn_per_ml, turn_per_ml * speed_ml_s, phase)

    def _tell(self, now_s: float, *, moving: bool) -> None:
        flowing = self._speed_ml_s if moving else 0.0
        if flowing != self._told_ml_s:
            self._told_ml_s = flowing
            self._note(now_s, f"plunger at {flowing * 3600:.9g} mL/h")
