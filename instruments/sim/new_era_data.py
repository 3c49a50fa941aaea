"""What a New Era pump is (model, options) and what it keeps when its power fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from instruments.wire.new_era_values import RATE_UNITS_ML_H, VOLUME_UNITS_ML

Address = Annotated[int, Field(ge=0, le=99)]
Name = Literal["NE-1000", "NE-1000X2", "NE-500", "NE-300", "AL-1000", "AL-300", "SyringeONE", "SP500"]
FLAGS = ("AL", "PF", "LN", "BP", "LOC", "ROM", "DIN")
_FIRST, _OTHER = "RAT", "STP"


@dataclass(frozen=True, slots=True)
class Model:
    """What models differ in. ``phases`` of its program; 0: it knows neither ``PHN`` nor ``FUN``.

    The speeds are those of the NE-1000 (5.1005 cm/min down to 0.004205 cm/h). The other models have their own, which the
    sources do not tell: give them as options where they matter.
    """

    version: str
    baudrate: int = 19200
    fastest_cm_h: float = 5.1005 * 60
    slowest_cm_h: float = 0.004205
    phases: int = 41


MODELS: Mapping[str, Model] = {
    "NE-1000": Model("NE1000V3.928"),
    "NE-1000X2": Model("NE1000X2V3.9", phases=340),
    "NE-500": Model("NE500V3.919"),
    "NE-300": Model("NE300V3.928", phases=0),
    "AL-1000": Model("NE1000V3.923", baudrate=9600),
    "AL-300": Model("NE300V3.923", baudrate=9600, phases=0),
    "SyringeONE": Model("NE1000V3.934"),
    "SP500": Model("NE500V3.919"),
}
"""Relabelled units run the maker's firmware; those that are not listed are as the NE-1000. Aladdins are set to 9600 baud."""


@dataclass(frozen=True, slots=True)
class PumpData:
    """Options of the device. None: as the model, or as the driver expects it (``address``).

    ``others``: addresses of more pumps on the same line, which stand.
    ``powered_up``: begin with the alarm that a pump has after power-up; ``safe_s``: the Safe mode it was left in.
    ``power_fails_s``: when the power fails, for ``power_off_s``.

    What the sources leave open; the defaults are those that the protocol reference proposes, where it does:

    ``stop_when_stopped``, ``run_when_running``: ``?NA``, or nothing; the first is disputed (four drivers against one).
    ``too_many_digits``: the answer to a number that has more than four; ``?OOR``.
    ``after_alarm``, ``after_purge``: stopped (S) or paused (P).
    ``diameter_clears_totals``: as one simulator does. ``power_clears_totals``: they are taken to be in volatile memory.
    ``purge_counts``: whether the totals take in what a purge has moved; taken so, as the motor is what is counted.
    ``run_from_selected``: ``RUN`` begins at the phase that ``PHN`` selects, not at the first.
    ``loop_again``: ``LOP n`` means n times more, not n times altogether.
    ``ignores_s``: for how long after a program has gone on to its next phase a command is answered ``?IGN``; the sources
    say only that this happens at the same instant.
    ``saf_digits``: to how many digits the ``SAF`` answer is padded.
    ``saf_alarm_as_asked``: an alarm that answers a ``SAF`` is framed for the mode asked for, not for the one the pump is in.
    """

    model: Name = "NE-1000"
    version: str | None = None
    baudrate: int | None = None
    fastest_cm_h: float | None = None
    slowest_cm_h: float | None = None
    address: Address | None = None
    others: tuple[Address, ...] = ()
    latency_s: float = 0.008
    powered_up: bool = True
    safe_s: Annotated[int, Field(ge=0, le=255)] = 0
    power_fails_s: float = float("inf")
    power_off_s: float = 1.0
    stop_when_stopped: Literal["?NA", ""] = "?NA"
    run_when_running: Literal["?NA", ""] = "?NA"
    too_many_digits: Literal["?OOR", "?"] = "?OOR"
    after_alarm: Literal["S", "P"] = "S"
    after_purge: Literal["S", "P"] = "S"
    diameter_clears_totals: bool = True
    power_clears_totals: bool = True
    purge_counts: bool = True
    run_from_selected: bool = False
    loop_again: bool = False
    ignores_s: float = 0.001
    saf_digits: int = 1
    saf_alarm_as_asked: bool = False

    @property
    def traits(self) -> Model:
        """The model, with what the options say otherwise."""
        usual = MODELS[self.model]
        return Model(
            usual.version if self.version is None else self.version,
            usual.baudrate if self.baudrate is None else self.baudrate,
            usual.fastest_cm_h if self.fastest_cm_h is None else self.fastest_cm_h,
            usual.slowest_cm_h if self.slowest_cm_h is None else self.slowest_cm_h,
            usual.phases,
        )


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of the pumping program; ``volume`` is in the pump's volume unit, 0: without end."""

    function: str = _OTHER
    parameter: str = ""
    rate: float = 0.0
    unit: str = "MM"
    volume: float = 0.0
    direction: str = "INF"

    @property
    def rate_ml_h(self) -> float:
        return self.rate * RATE_UNITS_ML_H[self.unit]


def factory_program(phases: int) -> dict[int, Phase]:
    """One rate phase, then the end."""
    return {number: Phase(_OTHER if number > 1 else _FIRST) for number in range(1, max(1, phases) + 1)}


@dataclass(slots=True)
class Memory:
    """What is stored in the pump for good."""

    phases: dict[int, Phase]
    address: int = 0
    safe_s: int = 0
    diameter_mm: float = 26.59
    volume_unit: str = "ML"
    flags: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FLAGS, 0) | {"AL": 1})
    trigger: str = "FT"

    @property
    def volume_unit_ml(self) -> float:
        return VOLUME_UNITS_ML[self.volume_unit]
