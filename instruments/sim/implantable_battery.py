"""The battery of an implantable-style pump, or the supply that stands in its place."""

from __future__ import annotations

import math
from dataclasses import dataclass

from instruments.sim.power import Source

_NEVER_S = float("inf")
_SLACK_V = 1e-9
_DAY_S = 86_400.0
_FULL_V, _FLAT_V, _KNEE = 3.0, 2.0, 0.1
"""A lithium cell keeps its voltage until a tenth of its charge is left; from there it falls in proportion."""


@dataclass(frozen=True, slots=True)
class BatteryData:
    """``idle_ua`` is drawn always, ``motor_ua_h_ml`` for each mL/h on top: about six years at 0.05 mL/h.

    ERI at ``eri_v``; EOS at ``eos_v``, or ``eri_to_eos_days`` after ERI. Below ``dead_v`` the pump does not work at all.
    """

    capacity_mah: float = 1000.0
    charge_pct: float = 100.0
    idle_ua: float = 16.0
    motor_ua_h_ml: float = 60.0
    eri_v: float = 2.6
    eos_v: float = 2.3
    dead_v: float = 1.8
    eri_to_eos_days: float = 90.0


class Battery:
    """Its voltage: of the cell by what is left in it, or whatever ``source`` gives."""

    def __init__(self, data: BatteryData, source: Source | None) -> None:
        self.data, self._source = data, source
        self._since_s, self._left_mah = 0.0, data.capacity_mah * data.charge_pct / 100
        self.drawn_ua, self._connected = data.idle_ua, True
        self._low_since_s = _NEVER_S

    def drive_motor(self, now_s: float, flow_ml_h: float) -> None:
        """From now on the motor moves ``flow_ml_h``."""
        self._left_mah = self._left(now_s)
        self._since_s, self.drawn_ua = now_s, self.data.idle_ua + self.data.motor_ua_h_ml * flow_ml_h

    def connect(self, now_s: float, *, on: bool) -> None:
        """Somebody takes the cell (or the supply) away, or puts it back."""
        self._left_mah, self._since_s = self._left(now_s), now_s
        self._connected = on

    def charge_pct(self, now_s: float) -> float:
        """NaN when a supply stands in the battery's place: it has no charge that anybody could know."""
        return math.nan if self._source else 100 * self._left(now_s) / self.data.capacity_mah

    def voltage_v(self, now_s: float) -> float:
        if not self._connected:
            return 0.0
        if self._source:
            return self._source.terminal_v()
        return _FLAT_V + (_FULL_V - _FLAT_V) * min(1.0, self._left(now_s) / self.data.capacity_mah / _KNEE)

    # --- towards the end of service ---

    def is_low(self, now_s: float) -> bool:
        return self._is_down_to(now_s, self.data.eri_v)

    def low_s(self) -> float:
        return self._reaches_s(self.data.eri_v)

    def meet_low(self, now_s: float) -> None:
        """The pump has noticed that it is low: the days until its end are counted from now on."""
        self._low_since_s = now_s

    def forget_low(self) -> None:
        self._low_since_s = _NEVER_S

    def is_at_end(self, now_s: float) -> bool:
        return self._is_down_to(now_s, self.data.eos_v) or now_s >= self._overdue_s

    def end_s(self) -> float:
        return min(self._reaches_s(self.data.eos_v), self._overdue_s)

    @property
    def _overdue_s(self) -> float:
        return self._low_since_s + self.data.eri_to_eos_days * _DAY_S

    def _is_down_to(self, now_s: float, level_v: float) -> bool:
        return self.voltage_v(now_s) <= level_v + _SLACK_V

    def _reaches_s(self, level_v: float) -> float:
        """When the voltage will have fallen to ``level_v`` by what is drawn; infinity where nobody can know."""
        if self._source:
            return _NEVER_S
        level_mah = _KNEE * (level_v - _FLAT_V) / (_FULL_V - _FLAT_V) * self.data.capacity_mah
        return self._since_s + (self._left_mah - level_mah) / self.drawn_ua * 3.6e6

    def _left(self, now_s: float) -> float:
        drawn_ua = self.drawn_ua if self._connected else 0.0
        return max(0.0, self._left_mah - drawn_ua * (now_s - self._since_s) / 3.6e6)
