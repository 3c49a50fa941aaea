"""One pump of the Ultra command set: its settings, and what it does by itself."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from instruments.sim.harvard_models import MODELS, PumpData
from instruments.sim.harvard_motion import Motion
from instruments.sim.physics.drive import Drive
from instruments.wire import harvard_numbers as numbers

_ROUNDING = 5.1e-6
"""Of what is printed with six digits: a limit is taken as it was told."""


class HarvardPump:
    """Settings and motion of one pump. ``now_s`` is kept by the line that it stands on."""

    def __init__(self, data: PumpData, drive: Drive, address: int) -> None:
        self.data, self.model, self.address = data, MODELS[data.model], address
        self.now_s = 0.0
        self.motion = Motion(drive, limit_switch=data.limit_switch)
        self.rate_units = {"i": "ml/min", "w": "ml/min"}
        self.diameter_mm, self.syringe_ml, self.syringe = 14.43, 10.0, ""
        drive.programmed_mm = lambda: self.diameter_mm
        self.mode = "" if data.in_method else "iw" if self.model.withdraws else "i"
        self.poll, self.echo = "off", "off"
        self.force_pct, self.backlight_pct, self.syringes = 100, 100, 1
        self.foot_switch, self.baudrate = "mom", data.baudrate
        self.clock_set, self.clock_set_s = datetime(2010, 1, 1, tzinfo=UTC), 0.0

    def limits_ml_h(self) -> tuple[float, float]:
        """Slowest and fastest rate in the present bore: plunger speed times cross-section."""
        ml_h_per_mm_min = math.pi / 4 * self.diameter_mm**2 * 60 / 1000
        return self.model.slowest_mm_min * ml_h_per_mm_min, self.model.fastest_mm_min * ml_h_per_mm_min

    def can_run(self, rate_ml_h: float) -> bool:
        slowest_ml_h, fastest_ml_h = self.limits_ml_h()
        return slowest_ml_h * (1 - _ROUNDING) <= rate_ml_h <= fastest_ml_h * (1 + _ROUNDING)

    def number(self, value: float) -> str:
        text = numbers.print_number(value)
        return text.removeprefix("0") if self.data.bare_fractions and text.startswith("0.") else text

    def print_rate(self, rate_ml_h: float, unit: str) -> str:
        return f"{self.number(rate_ml_h / numbers.RATE_UNITS_ML_H[unit])} {unit}"

    def next_event_s(self) -> float:
        return min(moment_s for moment_s, _ in self.motion.events(self.now_s))

    def advance_to(self, now_s: float) -> bool:
        """Do what is due; whether the pump has now something to say by itself."""
        self.now_s, before = now_s, self.motion.prompt
        while due := [entry for entry in self.motion.events(now_s) if entry[0] <= now_s]:
            _, act = min(due, key=lambda entry: entry[0])
            act(now_s)
        said = ("T*", "*") if self.data.stall_announced else ("T*",)
        return self.motion.prompt in said and self.motion.prompt != before
