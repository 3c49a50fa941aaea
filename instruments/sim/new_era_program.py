"""The pumping program of a New Era pump: its phases one after the other, the motor, the totals.

Of the functions that the sources only name: ``LPE`` goes back to the start of its loop for ever, ``FIL`` takes back what has been
dispensed; the program input of ``IF`` is high, so that it never jumps; ``BEP``, ``OUT``, ``TRG``, ``PRI``, ``PRL`` take no time.
A loop begins behind its ``LPS``, or at the first phase. The ramp of the X firmware (``LIN``) is not among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar

from instruments.sim.dosing import Dosing
from instruments.sim.new_era_data import Memory, Phase, PumpData
from instruments.wire import new_era as wire
from instruments.wire.new_era_values import bore_ml_cm

_NEVER_S = _NO_TARGET_ML = float("inf")
_STEPS = 1000
"""Phases that may follow one another within no time: a program that goes round in circles moves nothing."""
_SIGNS = {"INF": 1.0, "WDR": -1.0}
RATE_FUNCTIONS = frozenset({"RAT", "INC", "DEC", "FIL"})


class Program:
    """Runs the phases in ``memory``. ``fail`` raises an alarm by its letter."""

    def __init__(self, data: PumpData, memory: Memory, dosing: Dosing, fail: Callable[[str], None]) -> None:
        self.data, self.memory, self.traits = data, memory, data.traits
        self.now_s = 0.0
        self.status, self.at = "S", 1
        self.infused_ml, self.withdrawn_ml = 0.0, 0.0
        self.turned_s = -_NEVER_S
        """When the program went on to another phase by itself."""
        self.finished = False
        """The program has come to its end, and nobody has said anything since."""
        self._dosing, self.fail = dosing, fail
        self._live: dict[int, float] = {}
        self._runs: dict[int, int] = {}
        self._trap = 0
        self._until_s, self._pause_s = _NEVER_S, 0.0
        self._rate_ml_h, self._sign, self._left_ml = 0.0, 1.0, _NO_TARGET_ML

    @property
    def running(self) -> bool:
        return self.status in wire.RUNNING

    def phase(self, number: int) -> Phase:
        """A phase with the rate that it was given while it ran."""
        stored = self.memory.phases[number]
        return replace(stored, rate=self._live.get(number, stored.rate))

    def store(self, number: int, phase: Phase) -> None:
        self.memory.phases[number] = phase
        self._live.pop(number, None)

    def possible(self, rate_ml_h: float) -> bool:
        """Whether the plunger can move that fast, or that slowly; 0 is taken, and does not move."""
        speed_cm_h = rate_ml_h / bore_ml_cm(self.memory.diameter_mm)
        return rate_ml_h == 0 or self.traits.slowest_cm_h <= speed_cm_h <= self.traits.fastest_cm_h

    # --- what the host does ---

    def run(self, number: int) -> None:
        self._runs.clear()
        self._sign = 1.0
        self._enter(number)

    def resume(self) -> None:
        """Go on where the program was paused, with what is left of the phase."""
        phase = self.phase(self.at)
        if phase.function in RATE_FUNCTIONS:
            self._rate_ml_h = phase.rate_ml_h if phase.function == "RAT" else self._rate_ml_h
            self._sign = self._sign_of(phase) if phase.function != "FIL" else self._sign
            self._move()
        else:
            self._until_s = self.now_s + self._pause_s
            self.status = "T" if self._pause_s < _NEVER_S else "U"

    def halt(self, status: str) -> None:
        self.book()
        self._pause_s, self._until_s = self._until_s - self.now_s, _NEVER_S
        self._dosing.stand(self.now_s)
        self.status = status

    def purge(self, number: int) -> None:
        """Top speed in the direction of a phase, until stopped."""
        self._rate_ml_h = self.traits.fastest_cm_h * bore_ml_cm(self.memory.diameter_mm)
        self._left_ml, self._sign = _NO_TARGET_ML, self._sign_of(self.phase(number))
        self._move()
        self.status = "X"

    def change_rate(self, rate: float) -> None:
        """Acts at once and is not stored."""
        self.book()
        self._live[self.at] = rate
        self._rate_ml_h = self.phase(self.at).rate_ml_h
        self._move()

    def change_direction(self, direction: str) -> None:
        """Acts at once and is stored."""
        self.book()
        self.memory.phases[self.at] = replace(self.memory.phases[self.at], direction=direction)
        self._sign = _SIGNS[direction]
        self._move()

    def jump(self, number: int) -> None:
        """The event trigger: go on at ``number``, or (0) at the phase that waits for it, if one does."""
        if number or self._trap:
            self.book()
            self._until_s = _NEVER_S
            self._enter(number or self._trap)

    def clear(self, direction: str) -> None:
        self.book()
        if direction == "INF":
            self.infused_ml = 0.0
        else:
            self.withdrawn_ml = 0.0

    def forget(self) -> None:
        """The power is gone: the motor stands, and what is not stored is lost."""
        self.halt("S")
        self._live.clear()
        self._trap, self.finished = 0, False
        if self.data.power_clears_totals:
            self.infused_ml = self.withdrawn_ml = 0.0

    # --- what happens by itself ---

    def events(self) -> list[tuple[float, Callable[[], None]]]:
        return [(self._dosing.reached_s, self._end_phase), (self._until_s, self._end_phase)]

    def _end_phase(self) -> None:
        self.book()
        self._until_s, self.turned_s = _NEVER_S, self.now_s
        self._enter(self.at + 1)

    def book(self) -> None:
        """Add what the motor has turned since the last look to the totals."""
        moved_ml = self._dosing.moved_ml(self.now_s)
        self._dosing.clear(self.now_s)
        self._left_ml = max(0.0, self._left_ml - moved_ml)
        if self.status == "X" and not self.data.purge_counts:
            return
        if self._sign > 0:
            self.infused_ml += moved_ml
        else:
            self.withdrawn_ml += moved_ml

    def _enter(self, number: int) -> None:
        """Do the phases from ``number`` on until one takes its time, or ends the program."""
        for _ in range(_STEPS):
            if number not in self.memory.phases:
                self._end(Phase())
                return
            self.at = number
            phase = self.phase(number)
            number = self._DO.get(phase.function, Program._pass)(self, phase)
            if not number:
                return
        self.fail("E")

    def _begin(self, rate_ml_h: float, volume_ml: float, sign: float) -> int:
        if rate_ml_h < 0 or not self.possible(rate_ml_h):
            self.fail("E")
            return 0
        self._rate_ml_h, self._left_ml, self._sign = rate_ml_h, volume_ml or _NO_TARGET_ML, sign
        self._move()
        return 0

    def _move(self) -> None:
        self.status = "I" if self._sign > 0 else "W"
        self._dosing.run(self.now_s, self._sign * self._rate_ml_h / 3600, self._left_ml)

    def _sign_of(self, phase: Phase) -> float:
        """Sticky: the direction goes on as it was."""
        return _SIGNS.get(phase.direction, self._sign)

    # --- phase functions: the number of the next phase, or 0 where this one takes its time ---

    def _rate(self, phase: Phase) -> int:
        return self._begin(phase.rate_ml_h, phase.volume * self.memory.volume_unit_ml, self._sign_of(phase))

    def _increase(self, phase: Phase) -> int:
        return self._changed(phase, 1.0)

    def _decrease(self, phase: Phase) -> int:
        return self._changed(phase, -1.0)

    def _changed(self, phase: Phase, sense: float) -> int:
        rate_ml_h = self._rate_ml_h + sense * phase.rate_ml_h
        return self._begin(rate_ml_h, phase.volume * self.memory.volume_unit_ml, self._sign_of(phase))

    def _refill(self, phase: Phase) -> int:
        net_ml = self.infused_ml - self.withdrawn_ml
        if not net_ml:
            return self.at + 1
        return self._begin(phase.rate_ml_h, abs(net_ml), -1.0 if net_ml > 0 else 1.0)

    def _end(self, phase: Phase) -> int:
        self.halt("S")
        self.finished = True
        return 0

    def _wait(self, phase: Phase) -> int:
        """For so many seconds; 0: for the operational trigger."""
        self._dosing.stand(self.now_s)
        pause_s = float(phase.parameter)
        self._until_s = self.now_s + (pause_s or _NEVER_S)
        self.status = "T" if pause_s else "U"
        return 0

    def _jump(self, phase: Phase) -> int:
        return int(phase.parameter)

    def _loop(self, phase: Phase) -> int:
        runs = self._runs.pop(self.at, 0) + 1
        if runs >= int(phase.parameter) + self.data.loop_again:
            return self.at + 1
        self._runs[self.at] = runs
        return self._loop_start()

    def _loop_for_ever(self, phase: Phase) -> int:
        return self._loop_start()

    def _loop_start(self) -> int:
        """The phase behind the ``LPS`` that belongs to the loop's end here; without one, the first."""
        inner = 0
        for number in range(self.at - 1, 0, -1):
            function = self.memory.phases[number].function
            if function in ("LOP", "LPE"):
                inner += 1
            elif function == "LPS":
                if not inner:
                    return number + 1
                inner -= 1
        return 1

    def _set_trap(self, phase: Phase) -> int:
        self._trap = int(phase.parameter or 0)
        return self.at + 1

    def _clear_totals(self, phase: Phase) -> int:
        self.infused_ml = self.withdrawn_ml = 0.0
        return self.at + 1

    def _pass(self, phase: Phase) -> int:
        return self.at + 1

    _DO: ClassVar[Mapping[str, Callable[[Program, Phase], int]]] = {
        "RAT": _rate,
        "INC": _increase,
        "DEC": _decrease,
        "FIL": _refill,
        "STP": _end,
        "PAS": _wait,
        "JMP": _jump,
        "LOP": _loop,
        "LPE": _loop_for_ever,
        "EVN": _set_trap,
        "EVS": _set_trap,
        "EVR": _set_trap,
        "CLD": _clear_totals,
    }
