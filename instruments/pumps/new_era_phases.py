"""What a New Era pump is to pump: diameter, rate, volume and the phases of its program, written and read back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from instruments.errors import Refused, SettingDiffers
from instruments.pumps import Step
from instruments.pumps.new_era_talk import Talk
from instruments.settings import check_taken
from instruments.wire import new_era_values as values

_STEPS_MAX = 40
"""Of a profile: the smallest program memory has 41 phases, and one of them ends the program."""


class Phases:
    """Writes and reads through one conversation. Volumes share one unit, which the pump changes with the diameter."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._volume_unit = ""

    def make_one(self) -> bool:
        """Phase 1 pumps and phase 2 ends the program; False for a pump that knows no phases (NE-300)."""
        self._volume_unit = ""
        try:
            self.select(2)
        except Refused as err:
            if err.code != "?":
                raise
            return False
        self._set_word("FUN", "STP")
        self.select(1)
        self._set_word("FUN", "RAT")
        return True

    def write(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """One phase for each step and one that ends the program; all are read back after the last was written."""
        self.use_unit_for([step.volume_ml for step in steps])
        for number, step in enumerate(steps, start=1):
            self._write_step(number, step)
        self.select(len(steps) + 1)
        self._set_word("FUN", "STP")
        taken = tuple(self._read_step(number, step) for number, step in enumerate(steps, start=1))
        self.select(1)
        return taken

    def _write_step(self, number: int, step: Step) -> None:
        self.select(number)
        self._talk.command("FUNRAT")
        self.write_rate(step.rate_ml_h)
        self.write_volume(step.volume_ml)
        self._talk.command("DIRINF")

    def _read_step(self, number: int, step: Step) -> Step:
        self.select(number)
        self._check_word("FUN", "RAT")
        self._check_word("DIR", "INF")
        return Step(self.read_rate(step.rate_ml_h), self.read_volume(step.volume_ml))

    def select(self, phase: int) -> None:
        self._set_word("PHN", str(phase), f"{phase:02d}")

    # --- one value ---

    def set_diameter(self, diameter_mm: float) -> tuple[float, bool]:
        """The diameter taken, in mm, and whether the volumes are in another unit now."""
        self._talk.command(f"DIA{_fitting(values.number_for_pump, diameter_mm)}")
        before, self._volume_unit = self._volume_unit, "ML"
        self._talk.command("VOLML")
        return _taken("DIA", diameter_mm, "mm", values.parse_printed(self._talk.data("DIA"))), before == "UL"

    def write_rate(self, rate_ml_h: float) -> None:
        """In the unit that fits best; while the pump runs, in the one that it runs in."""
        unit = self._talk.data("RAT")[-2:] if self._talk.running else ""
        self._talk.command(f"RAT{_fitting(values.rate_for_pump, rate_ml_h, unit)}")

    def read_rate(self, asked_ml_h: float) -> float:
        return _taken("RAT", asked_ml_h, "mL/h", values.parse_rate(self._talk.data("RAT")))

    def use_unit_for(self, volumes_ml: Sequence[float]) -> None:
        unit = values.volume_unit_for(volumes_ml)
        if unit != self._volume_unit:
            self._talk.command(f"VOL{unit}")
            self._volume_unit = unit

    def write_volume(self, volume_ml: float) -> None:
        number = volume_ml / values.VOLUME_UNITS_ML[self._volume_unit]
        self._talk.command(f"VOL{_fitting(values.number_for_pump, number)}")

    def read_volume(self, asked_ml: float) -> float:
        return _taken("VOL", asked_ml, "mL", values.parse_volume(self._talk.data("VOL")))

    def _set_word(self, name: str, asked: str, shown: str = "") -> None:
        self._talk.command(name + asked)
        self._check_word(name, shown or asked)

    def _check_word(self, name: str, wanted: str) -> None:
        if (taken := self._talk.data(name)) != wanted:
            raise SettingDiffers(f"{name}: asked for {wanted}, the pump says {taken!r}")


def _taken(name: str, asked: float, unit: str, taken: float | None) -> float:
    return check_taken(name, asked, unit, taken, resolution=abs(asked) * values.RESOLUTION)


def _fitting(text: Callable[..., str], *args: object) -> str:
    """A number as text. Raises Refused where the pump's digits do not carry it; nothing was sent then."""
    try:
        return text(*args)
    except ValueError as err:
        raise Refused(str(err), "?OOR") from err


def check_profile(steps: Sequence[Step]) -> None:
    """Raises Refused for what the pump would take, but not run as it is meant."""
    if not 1 <= len(steps) <= _STEPS_MAX:
        raise Refused(f"a profile of {len(steps)} steps: the pump takes 1 to {_STEPS_MAX}", "?OOR")
    for number, step in enumerate(steps, start=1):
        if not step.rate_ml_h > 0 or not (step.volume_ml > 0 or (step.volume_ml == 0 and number == len(steps))):
            raise Refused(f"step {number} of the profile would never end (only the last may have volume 0): {step}", "?OOR")
