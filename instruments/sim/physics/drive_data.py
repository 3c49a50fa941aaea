"""What is true of a pump's mechanics: the parameters of screw, stopper, rollers and motor."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from instruments.sim.physics.motor import MotorData
from instruments.sim.physics.parameters import METHODS, PROPOSED, SPECS, quantity


@dataclass(frozen=True, slots=True)
class DriveData:
    """What is true of the mechanics, whichever pump is built on them. Volumes are what the plunger displaces.

    ``rate_error_pct`` is that of the drive. The true bore is ``inner_diameter_mm``, ``diameter_error_pct`` wider than that;
    ``gain`` multiplies both. ``bolus_pace`` is how much faster than set the motor runs towards a target volume.
    ``backlash_ml`` is lost whenever the direction turns, ``start_play_ml`` at every start. The stopper moves once the motor has
    gone ``stiction_ml`` ahead of it, and then stays ``sliding_ml`` behind (compliance times friction, each). Once in
    ``screw_turn_ml`` the flow swings by ``screw_error_pct``, and once in ``pulse_ml`` by ``pulse_depth_pct`` (rollers).

    At ``stall_kpa`` (``stall_gain`` times what it is set to) the motor stands. That is noticed after ``occlusion_notice_s``,
    the end of travel after ``stall_notice_s``, or never where ``occlusion_alarm`` or ``stall_alarm`` is False. ``early_ml``
    before the end the pump takes it for the end; with ``alarm_by_count`` it does not feel it at all but alarms when it has
    counted the filling.
    """

    gain: float = 1.0
    inner_diameter_mm: float | None = quantity(None, "mm", f"{METHODS} 13: the syringe's, as the bench file has it", least=0.1)
    bolus_pace: float = 1.0
    rate_error_pct: float = quantity(0.0, "%", f"{SPECS} 3, +/-0.25 % to +/-1 % of laboratory pumps", least=-99)
    diameter_error_pct: float = quantity(0.0, "%", f"{METHODS} 13, +/-2.5 % where a syringe is +/-5 % off", least=-90)
    drift_pct_h: float = quantity(0.0, "%/h", PROPOSED)
    drift_from_s: float = 0.0
    step_ml: float = quantity(1.1e-5, "mL", "pump-harvard-ultra, 68.9 nm a microstep, times the bore of a 10 mL syringe", least=0)
    screw_turn_ml: float = quantity(
        0.175, "mL", "pump-harvard-ultra, 24 threads per inch, times the bore of a 10 mL syringe", least=1e-06
    )
    screw_error_pct: float = quantity(0.25, "%", f"{PROPOSED}, of the size of {SPECS} 3, accuracy", least=0)
    pulse_ml: float = quantity(0.0, "mL", PROPOSED, least=0)
    pulse_depth_pct: float = quantity(0.0, "%", PROPOSED, least=0)
    backlash_ml: float = quantity(0.01, "mL", PROPOSED, least=0)
    start_play_ml: float = 0.0
    stiction_ml: float = quantity(
        0.008, "mL", f"{PROPOSED}: 0.8 kPa at 1e-8 L/Pa; {METHODS} and gravimetric-metrology 10 have 10 kPa", least=0
    )
    sliding_ml: float = quantity(0.006, "mL", f"{PROPOSED}: three quarters of the stiction", least=0)
    stall_kpa: float = quantity(50.0, "kPa", f"{METHODS} 9, worked example", least=0.001)
    stall_gain: float = 1.0
    stall_notice_s: float = quantity(2.0, "s", PROPOSED, least=0)
    occlusion_notice_s: float = quantity(2.0, "s", PROPOSED, least=0)
    stall_alarm: bool = True
    occlusion_alarm: bool = True
    early_ml: float = 0.0
    alarm_by_count: bool = False
    motor: MotorData = field(default_factory=MotorData)

    def true_per_told(self, programmed_mm: float | None) -> float:
        """True flow over believed flow: a bore that is wider than the pump was told gives more, with its square."""
        wider = self.inner_diameter_mm / programmed_mm if self.inner_diameter_mm and programmed_mm else 1.0
        return self.gain * (1 + self.rate_error_pct / 100) * (wider * (1 + self.diameter_error_pct / 100)) ** 2


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
