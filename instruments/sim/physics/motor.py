"""What the motor makes of what its pump tells it: mostly just that; with a fault, something else, later, or nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

_NEVER_S = float("inf")
_SLACK = 1e-9
_NOT_YET = (_NEVER_S, _NEVER_S, _NEVER_S)


@dataclass(frozen=True, slots=True)
class MotorData:
    """How the motor departs from what it is told; by default in nothing.

    ``digits``: of a flow in mL/h only so many are carried out, the pump says otherwise. A change from one flow to another
    comes ``change_late_s`` late, a stop ``stop_late_s``. A bolus begins ``bolus_late_s`` late, runs ``bolus_length`` times as
    long, and is given ``bolus_times`` times (0: not at all). In ``stalls``, stretches (from, to) of the run, the motor stands;
    beside them for ``pause_s`` out of every ``every_s`` since ``pauses_from_s``. ``idle_ml_s`` flows while it is not driven, from
    ``idle_from_s`` on. The first volume that it is told begins at ``surge`` times its rate, until ``surge_part`` of it has moved;
    for ``ebb_s`` after that everything is at ``ebb`` times its rate.
    """

    digits: int = 0
    change_late_s: float = 0.0
    stop_late_s: float = 0.0
    bolus_late_s: float = 0.0
    bolus_length: float = 1.0
    bolus_times: int = 1
    stalls: tuple[tuple[float, float], ...] = ()
    every_s: float = _NEVER_S
    pause_s: float = 0.0
    pauses_from_s: float = _NEVER_S
    idle_ml_s: float = 0.0
    idle_from_s: float = 0.0
    surge: float = 1.0
    surge_part: float = 0.5
    ebb: float = 1.0
    ebb_s: float = 0.0


class Motor:
    """Its true speed, in mL/s as its pump counts. ``tell`` and ``advance`` are called at moments that never go back."""

    def __init__(self, data: MotorData) -> None:
        self._data = data
        self._speed_ml_s = 0.0
        self._coming: list[tuple[float, float]] = []
        self._told_until_s = self._own_until_s = -_NEVER_S
        self._bolus_ml_s = 0.0
        self._surges = _NOT_YET

    @property
    def driven(self) -> bool:
        """Whether it is told to turn, stalled or not."""
        return self._speed_ml_s != 0

    def speed_ml_s(self, now_s: float) -> float:
        """How fast it turns: as it was told, unless it stands still against that or is drawn along."""
        if self._speed_ml_s and not self._stalled(now_s):
            return self._speed_ml_s * self._surging(now_s)
        idles = self._data.idle_ml_s and now_s >= self._data.idle_from_s
        return self._data.idle_ml_s if idles and not self._speed_ml_s else 0.0

    def tell(self, now_s: float, flow_ml_s: float, bolus_ml: float = _NEVER_S) -> None:
        """Its pump wants ``flow_ml_s``; until ``bolus_ml`` have moved, where that is finite."""
        self.advance(now_s)
        told_ml_s = _cut(flow_ml_s, self._data.digits)
        if self._to_surge and told_ml_s and math.isfinite(bolus_ml):
            self._surges = self._planned(now_s, bolus_ml / abs(told_ml_s))
        if now_s < self._told_until_s - _SLACK and flow_ml_s == self._bolus_ml_s:
            return  # the same bolus, told once more
        if self._told_until_s - _SLACK <= now_s < self._own_until_s:  # its pump thinks that the bolus is over
            ahead = [change for change in self._coming if change[0] < self._own_until_s]
            self._coming = [*ahead, (self._own_until_s, told_ml_s)]
        elif self._odd_bolus and math.isfinite(bolus_ml) and told_ml_s:
            self._coming = list(self._odd(now_s, told_ml_s, bolus_ml))
            self._bolus_ml_s, self._told_until_s = flow_ml_s, now_s + bolus_ml / abs(flow_ml_s)
            self._own_until_s = max(self._coming[-1][0], self._told_until_s)
        else:
            self._told_until_s = self._own_until_s = -_NEVER_S
            self._coming = [(now_s + self._late_s(told_ml_s), told_ml_s)]
        self.advance(now_s)

    def advance(self, now_s: float) -> None:
        while self._coming and self._coming[0][0] <= now_s:
            _, self._speed_ml_s = self._coming.pop(0)

    def next_change_s(self, now_s: float) -> float:
        """When its speed will next change by itself, after ``now_s``."""
        coming_s = self._coming[0][0] if self._coming else _NEVER_S
        return min([coming_s, *(moment_s for moment_s in self._edges_s(now_s) if moment_s > now_s)], default=_NEVER_S)

    @property
    def _odd_bolus(self) -> bool:
        data = self._data
        return (data.bolus_late_s, data.bolus_length, data.bolus_times) != (0.0, 1.0, 1)

    def _odd(self, now_s: float, flow_ml_s: float, bolus_ml: float) -> Iterator[tuple[float, float]]:
        begins_s = now_s + self._data.bolus_late_s
        runs_s = bolus_ml / abs(flow_ml_s) * self._data.bolus_length * self._data.bolus_times
        yield now_s, 0.0
        yield begins_s, flow_ml_s if runs_s else 0.0
        yield begins_s + runs_s, 0.0

    def _late_s(self, flow_ml_s: float) -> float:
        if not self._speed_ml_s:
            return 0.0
        return self._data.change_late_s if flow_ml_s else self._data.stop_late_s

    @property
    def _to_surge(self) -> bool:
        """Whether a surge is still to come."""
        return self._surges is _NOT_YET and (self._data.surge, self._data.ebb_s) != (1.0, 0.0)

    def _planned(self, now_s: float, bolus_s: float) -> tuple[float, float, float]:
        """When the surge of a bolus of that length begins, when it ends, when the ebb after it does."""
        ends_s = now_s + bolus_s * self._data.surge_part / self._data.surge
        return now_s, ends_s, ends_s + self._data.ebb_s

    def _surging(self, now_s: float) -> float:
        """How many times as fast as told it turns."""
        begins_s, ends_s, over_s = self._surges
        if begins_s <= now_s < ends_s:
            return self._data.surge
        return self._data.ebb if ends_s <= now_s < over_s else 1.0

    def _stalled(self, now_s: float) -> bool:
        return any(begin_s <= now_s < end_s for begin_s, end_s in self._stalls(now_s))

    def _edges_s(self, now_s: float) -> Iterator[float]:
        for stall in self._stalls(now_s):
            yield from stall
        yield from self._surges
        if self._data.idle_ml_s:
            yield self._data.idle_from_s

    def _stalls(self, now_s: float) -> Iterator[tuple[float, float]]:
        """Those that are told, and of those that come again and again the present one and the next."""
        data = self._data
        yield from data.stalls
        if data.pause_s:
            turn = max(0, math.floor((now_s - data.pauses_from_s) / data.every_s + _SLACK))
            for begin_s in (data.pauses_from_s + turn * data.every_s, data.pauses_from_s + (turn + 1) * data.every_s):
                yield begin_s, begin_s + data.pause_s


def _cut(flow_ml_s: float, digits: int) -> float:
    """A flow with so many digits in mL/h, the rest cut off; 0: all of them."""
    if not digits or not flow_ml_s:
        return flow_ml_s
    flow_ml_h = flow_ml_s * 3600
    place = digits - 1 - math.floor(math.log10(abs(flow_ml_h)) + 1e-12)
    whole = math.trunc(flow_ml_h * 10.0**place + math.copysign(_SLACK, flow_ml_h))
    return float(whole / 10.0**place / 3600)
