"""The drive of a pump: from what the motor does to how the plunger (or the rollers) move the liquid.

In between lie play in the screw, a stopper that sticks until it is pushed hard enough, a screw that is not quite even, an end
of travel, and a force that the motor cannot exceed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from instruments.sim.physics.motion import Motion, Wave
from instruments.sim.physics.motor import Motor, MotorData
from instruments.sim.physics.parameters import METHODS, PROPOSED, SPECS, quantity
from instruments.sim.physics.path import FluidPath

_NEVER_S = float("inf")
_SLACK_ML = 1e-12
_YIELDS = 0.9
"""A motor that stands against a pressure turns again at so much of it."""
_STILL = Motion()

Note = Callable[[float, str], None]
"""Takes what really happened, and when."""


def silent(now_s: float, what: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class DriveData:
    """What is true of the mechanics, whichever pump is built on them. Volumes are what the plunger displaces.

    ``rate_error_pct`` is that of the drive, ``diameter_error_pct`` that of the syringe's bore (true against programmed);
    ``gain`` multiplies both. ``bolus_pace`` is how much faster than set the motor runs towards a target volume.
    ``backlash_ml`` is lost whenever the direction turns, ``start_play_ml`` at every start. The stopper moves once the motor has
    gone ``stiction_ml`` ahead of it, and then stays ``sliding_ml`` behind (compliance times friction, each). Once in
    ``screw_turn_ml`` the flow swings by ``screw_error_pct``, and once in ``pulse_ml`` by ``pulse_depth_pct`` (rollers).

    At ``stall_kpa`` the motor stands. That is noticed after ``occlusion_notice_s``, the end of travel after ``stall_notice_s``,
    or never where ``occlusion_alarm`` or ``stall_alarm`` is False. ``early_ml`` before the end the pump takes it for the end;
    with ``alarm_by_count`` it does not feel it at all but alarms when it has counted the filling.
    """

    gain: float = 1.0
    bolus_pace: float = 1.0
    rate_error_pct: float = quantity(0.0, "%", f"{SPECS} 3, +/-0.25 % to +/-1 % of laboratory pumps")
    diameter_error_pct: float = quantity(0.0, "%", f"{METHODS} 13, +/-2.5 % where a syringe is +/-5 % off")
    drift_pct_h: float = quantity(0.0, "%/h", PROPOSED)
    drift_from_s: float = 0.0
    step_ml: float = quantity(1.1e-5, "mL", "pump-harvard-ultra, 68.9 nm a microstep, times the bore of a 10 mL syringe")
    screw_turn_ml: float = quantity(0.175, "mL", "pump-harvard-ultra, 24 threads per inch, times the bore of a 10 mL syringe")
    screw_error_pct: float = quantity(0.25, "%", f"{SPECS} 3, accuracy of a laboratory pump")
    pulse_ml: float = quantity(0.0, "mL", PROPOSED)
    pulse_depth_pct: float = quantity(0.0, "%", PROPOSED)
    backlash_ml: float = quantity(0.01, "mL", PROPOSED)
    start_play_ml: float = 0.0
    stiction_ml: float = quantity(
        0.008, "mL", f"{PROPOSED}: 0.8 kPa at 1e-8 L/Pa; {METHODS} and gravimetric-metrology 10 have 10 kPa"
    )
    sliding_ml: float = quantity(0.006, "mL", f"{PROPOSED}: three quarters of the stiction")
    stall_kpa: float = quantity(50.0, "kPa", f"{METHODS} 9, worked example")
    stall_notice_s: float = quantity(2.0, "s", PROPOSED)
    occlusion_notice_s: float = quantity(2.0, "s", PROPOSED)
    stall_alarm: bool = True
    occlusion_alarm: bool = True
    early_ml: float = 0.0
    alarm_by_count: bool = False
    motor: MotorData = field(default_factory=MotorData)

    @property
    def true_per_told(self) -> float:
        """True flow over believed flow."""
        return self.gain * (1 + self.rate_error_pct / 100) * (1 + self.diameter_error_pct / 100) ** 2


IDEAL = DriveData(step_ml=0, screw_error_pct=0, backlash_ml=0, stiction_ml=0, sliding_ml=0, stall_kpa=math.inf)
"""Moves exactly what it is told to move."""
ROLLERS = DriveData(
    step_ml=0,
    screw_error_pct=0,
    backlash_ml=0,
    stiction_ml=0,
    sliding_ml=0,
    pulse_ml=0.002,
    pulse_depth_pct=80,
    occlusion_alarm=False,
)
"""A peristaltic pump: pulses, and it does not feel what blocks its catheter (fluid-delivery-test-methods, section 9)."""


class Drive:
    """Moves the plunger. ``counted_ml`` is what the pump believes; the fluid path gets what really moves.

    Flow is positive while infusing, negative while withdrawing. ``phase`` (0 to 1) is where in its turn the screw stands at
    first. Its pump asks ``next_event_s`` and calls ``act`` then.
    """

    def __init__(
        self, path: FluidPath, *, travel_ml: float, data: DriveData = IDEAL, phase: float = 0.0, note: Note = silent
    ) -> None:
        self.data = data
        self._path, self._note, self._phase = path, note, phase
        self._motor = Motor(data.motor)
        self._full_ml, self._travel_ml = travel_ml, travel_ml
        self._since_s = 0.0
        self._flow_ml_s = self._counted_ml = self._counted_full_ml = 0.0
        self._moved_at_s, self._speed_ml_s, self._turned_ml = 0.0, 0.0, 0.0
        self._way, self._play_ml, self._wound_ml = 1.0, 0.0, data.sliding_ml
        self._sliding, self._told_ml_s = False, 0.0
        self.blocked = ""
        self.blocked_since_s: float | None = None

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

    # --- what really happens ---

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
            elif self._path.reaches_s(self._stall_pa) <= now_s:
                self.block(now_s, "pressure")
        self._go_on(now_s)

    def block(self, now_s: float, why: str) -> None:
        """Nothing moves any more, whatever the motor does: the ``end``, the ``pressure``, or a ``jam``."""
        self.blocked, self.blocked_since_s = why, now_s
        self._note(now_s, {"end": "empty", "pressure": "stalled by pressure"}.get(why, why))
        self._go_on(now_s)

    def free(self, now_s: float) -> None:
        """What blocked the motor is gone."""
        self.blocked, self.blocked_since_s = "", None
        self._go_on(now_s)

    @property
    def _blocked_s(self) -> float:
        return _NEVER_S if self.blocked_since_s is None else self.blocked_since_s

    @property
    def _stall_pa(self) -> float:
        return self.data.stall_kpa * 1000

    def _left_ml(self, now_s: float) -> float:
        return self._travel_ml - self.data.early_ml - self._path.pushed_ml(now_s)

    def _book(self, now_s: float) -> None:
        """Put down what the motor has turned since the last event: into play, into winding up, or into motion."""
        turned_ml = self._speed_ml_s * (now_s - self._moved_at_s)
        self._moved_at_s = now_s
        if self.blocked:
            return
        self._turned_ml += turned_ml
        if self._play_ml > 0:
            self._play_ml = max(0.0, self._play_ml - abs(turned_ml))
            self._play_ml *= self._play_ml > _SLACK_ML
        elif not self._sliding:
            self._wound_ml += turned_ml

    def _go_on(self, now_s: float) -> None:
        """Find out how the plunger moves from now on."""
        before_ml_s, self._speed_ml_s = self._speed_ml_s, self._motor.speed_ml_s(now_s) * self.data.true_per_told
        if self._speed_ml_s == 0:
            self._sliding = False
        elif self._speed_ml_s * self._way < 0:
            self._way, self._play_ml, self._sliding = -self._way, self.data.backlash_ml, False
        if before_ml_s == 0 and self._speed_ml_s:
            self._play_ml += self.data.start_play_ml
        self._break_loose(now_s)
        moving = self._sliding and not self.blocked
        self._tell(now_s, moving=moving)
        self._path.move(now_s, self._motion(now_s) if moving else _STILL)
        if moving and self._speed_ml_s > 0 and self._left_ml(now_s) <= _SLACK_ML:
            self.block(now_s, "end")

    def _break_loose(self, now_s: float) -> None:
        """A stopper that is pushed hard enough springs to where friction holds it."""
        ready = self._speed_ml_s != 0 and not self._sliding and self._play_ml == 0 and not self.blocked
        if ready and self._way * self._wound_ml >= self.data.stiction_ml - _SLACK_ML:
            self._sliding = True
            spring_ml = self._way * self._wound_ml - self.data.sliding_ml
            self._wound_ml = self._way * self.data.sliding_ml
            if spring_ml:
                self._path.jump(now_s, self._way * spring_ml)

    def _mechanics_s(self) -> float:
        speed_ml_s = abs(self._speed_ml_s)
        if speed_ml_s == 0 or self.blocked:
            return self._yields_s() if self.blocked == "pressure" else _NEVER_S
        if self._play_ml > 0:
            return self._moved_at_s + self._play_ml / speed_ml_s
        if not self._sliding:
            return self._moved_at_s + (self.data.stiction_ml - self._way * self._wound_ml) / speed_ml_s
        drifts_s = self.data.drift_from_s if self.data.drift_pct_h and self.data.drift_from_s > self._moved_at_s else _NEVER_S
        return min(drifts_s, self._ends_s(), self._path.reaches_s(self._stall_pa)) if self._speed_ml_s > 0 else drifts_s

    def _yields_s(self) -> float:
        """When the line has relaxed so far that a motor which stands against its pressure turns again."""
        return self._path.relaxes_s(_YIELDS * self._stall_pa)

    def _ends_s(self) -> float:
        """When the plunger will meet the end of the syringe."""
        return self._path.pushes_s(self._travel_ml - self.data.early_ml)

    def _motion(self, now_s: float) -> Motion:
        """How the plunger moves while the motor turns: at its speed, with the unevenness of where it stands."""
        data, speed_ml_s = self.data, self._speed_ml_s
        growth = data.drift_pct_h / 100 / 3600 if now_s >= data.drift_from_s else 0.0
        waves = (self._wave(data.screw_turn_ml, data.screw_error_pct), self._wave(data.pulse_ml, data.pulse_depth_pct))
        return Motion(
            speed_ml_s * (1 + growth * (now_s - data.drift_from_s)),
            speed_ml_s * growth,
            tuple(wave for wave in waves if wave.volume_ml),
            data.step_ml,
            (math.copysign(1.0, speed_ml_s) * self._turned_ml) % data.step_ml if data.step_ml else 0.0,
        )

    def _wave(self, screw_turn_ml: float, share_pct: float) -> Wave:
        """A flow that swings by ``share_pct`` once every ``screw_turn_ml``, from where the screw stands."""
        if not (screw_turn_ml and share_pct):
            return Wave(0.0, 1.0, 0.0)
        turn_per_ml = 2 * math.pi / screw_turn_ml
        phase = turn_per_ml * self._turned_ml + 2 * math.pi * self._phase
        return Wave(share_pct / 100 / turn_per_ml, turn_per_ml * self._speed_ml_s, phase)

    def _tell(self, now_s: float, *, moving: bool) -> None:
        flowing = self._speed_ml_s if moving else 0.0
        if flowing != self._told_ml_s:
            self._told_ml_s = flowing
            self._note(now_s, f"plunger at {flowing * 3600:.9g} mL/h")
