"""What an implantable-style pump delivers: a constant rate or a schedule of rates, boluses on top, priming, a target.

All volumes are those that the pump counts; what really moves is up to its ``Drive``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from instruments.sim.dosing import Dosing
from instruments.sim.physics.drive import Drive
from instruments.wire.scpi_errors import ScpiError
from instruments.wire.scpi_pump import Steps

_ENDLESS_ML = float("inf")
_SLACK_ML = 1e-9


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What is being delivered: a state, its rate, and how much of it is left when it begins."""

    state: str
    rate_ml_h: float = 0.0
    volume_ml: float = _ENDLESS_ML


_OFF = _Stretch("OFF")


class Delivery:
    """Runs the programme. ``note`` takes entries of the event log, ``changed`` is called when the motor changes its speed.

    Every step of a schedule but its first begins ``late_s`` late; the schedule ends when it should.
    """

    def __init__(
        self, drive: Drive, note: Callable[[float, str, str], None], changed: Callable[[float], None], late_s: float = 0.0
    ) -> None:
        self.dosing = Dosing(drive)
        self._note, self._changed, self._late_s = note, changed, late_s
        self._now: _Stretch = _OFF
        self._after: _Stretch = _OFF
        self._from_ml, self._goal_ml = 0.0, _ENDLESS_ML
        self.reset()

    def reset(self) -> None:
        """The programme as delivered: nothing."""
        self.mode, self.rate_ml_h, self.target_ml = "CONS", 0.0, 0.0
        self.steps: Steps = ()
        self.step, self.cycles = 0, False

    @property
    def state(self) -> str:
        return self._now.state

    @property
    def flow_ml_h(self) -> float:
        """The programmed rate of what is being delivered."""
        return self._now.rate_ml_h

    @property
    def in_schedule(self) -> bool:
        """Whether a step of the schedule is under way, or waits for the end of a bolus."""
        return "FLEX" in (self.state, self._after.state)

    # --- by command; all raise ScpiError -221 for what does not go together ---

    def set_rate(self, now_s: float, rate_ml_h: float) -> None:
        """The constant rate, from now on where one is being delivered; the schedule is no longer the programme."""
        programme = self._after if self.state == "BOL" else self._now
        running = programme.state in ("CONS", "FLEX")
        if running and not rate_ml_h:
            raise ScpiError(-221)
        self.mode, self.rate_ml_h = "CONS", rate_ml_h
        if running and self.state == "BOL":
            self._after = _Stretch("CONS", rate_ml_h)
        elif running:
            self._run(now_s, _Stretch("CONS", rate_ml_h))

    def set_steps(self, steps: Steps) -> None:
        self._only_when("OFF")
        self.mode, self.steps = "FLEX", steps

    def start(self, now_s: float) -> None:
        self._only_when("OFF")
        last_is_open = bool(self.steps) and not self.steps[-1][1]
        if not (self.rate_ml_h if self.mode == "CONS" else self.steps) or (self.mode == "FLEX" and self.cycles and last_is_open):
            raise ScpiError(-221)
        self._note(now_s, "INIT", self.mode)
        self._goal_ml = self._moved_ml(now_s) + self.target_ml if self.target_ml else _ENDLESS_ML
        if self.mode == "CONS":
            self._run(now_s, _Stretch("CONS", self.rate_ml_h))
        else:
            self._run_step(now_s, 0, self._late_s)

    def bolus(self, now_s: float, volume_ml: float, rate_ml_h: float) -> None:
        """Instead of the programme, which goes on where it was afterwards; a pump that is off is off again."""
        self._only_when("OFF", "CONS", "FLEX")
        if not (volume_ml and rate_ml_h):
            raise ScpiError(-221)
        left_ml = self._now.volume_ml - (self._moved_ml(now_s) - self._from_ml)
        self._after = _Stretch(self.state, self._now.rate_ml_h, left_ml)
        self._note(now_s, "BOLUS", f"{volume_ml:g} mL")
        self._run(now_s, _Stretch("BOL", rate_ml_h, volume_ml))

    def prime(self, now_s: float, volume_ml: float, rate_ml_h: float) -> None:
        self._only_when("OFF")
        if not (volume_ml and rate_ml_h):
            raise ScpiError(-221)
        self._note(now_s, "PRIME", f"{volume_ml:g} mL")
        self._run(now_s, _Stretch("PRIM", rate_ml_h, volume_ml))

    def stop(self, now_s: float, event: str = "OFF", detail: str = "") -> None:
        if self.state != "OFF":
            self._note(now_s, event, detail)
        self._goal_ml, self._after = _ENDLESS_ML, _OFF
        self._run(now_s, _OFF)

    # --- by itself ---

    @property
    def reached_s(self) -> float:
        """When something of the programme will have been delivered."""
        return self.dosing.reached_s

    def go_on(self, now_s: float) -> None:
        """What was to be delivered has been."""
        if self._moved_ml(now_s) >= self._goal_ml - _SLACK_ML:
            self.stop(now_s, "TARGET", f"{self.target_ml:g} mL")
        elif self.state == "BOL":
            self._end_bolus(now_s)
        elif self.state == "PRIM":
            self.stop(now_s, "PRIMEEND")
        elif self.step + 1 < len(self.steps) or self.cycles:
            self._run_step(now_s, (self.step + 1) % len(self.steps))
        else:
            self.stop(now_s, "END")

    def _end_bolus(self, now_s: float) -> None:
        self._note(now_s, "BOLUSEND", "")
        after, self._after = self._after, _OFF
        self._run(now_s, after)

    def _run_step(self, now_s: float, step: int, longer_s: float = 0.0) -> None:
        self.step = step
        rate_ml_h, told_ml = self.steps[step]
        if step + 1 == len(self.steps) and not self.cycles:
            longer_s -= self._late_s
        volume_ml = max(0.0, told_ml + rate_ml_h * longer_s / 3600) if told_ml else _ENDLESS_ML
        self._note(now_s, "STEP", str(step + 1))
        self._run(now_s, _Stretch("FLEX", rate_ml_h, volume_ml))

    def _run(self, now_s: float, stretch: _Stretch) -> None:
        self._now, self._from_ml = stretch, self._moved_ml(now_s)
        volume_ml, bolus = min(stretch.volume_ml, self._goal_ml - self._from_ml), stretch.state != "FLEX" or self._doses
        self.dosing.run(now_s, stretch.rate_ml_h / 3600, volume_ml, bolus=bolus)
        self._changed(now_s)

    @property
    def _doses(self) -> bool:
        """Whether the step under way is a dose: faster than the basal rate before it, which comes back after it."""
        if not 0 < self.step < len(self.steps) - 1:
            return False
        before, dose, after = (rate_ml_h for rate_ml_h, _ in self.steps[self.step - 1 : self.step + 2])
        return before == after < dose

    def _only_when(self, *states: str) -> None:
        if self.state not in states:
            raise ScpiError(-221)

    def _moved_ml(self, now_s: float) -> float:
        return self.dosing.moved_ml(now_s)
