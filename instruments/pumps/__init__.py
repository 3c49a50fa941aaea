"""Pumps: what the harness needs of one, and the drivers by the name that stands in a bench file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from instruments.identity import Identity


@dataclass(frozen=True, slots=True)
class PumpStatus:
    """What a pump said of itself.

    ``alarm`` is its own code, empty for none; ``kind`` says what any pump would mean by it: ``stall`` (as at the end of the
    syringe), ``watchdog`` (it heard nothing from us), ``power``, ``program``, ``low-reservoir``, ``empty``, ``battery``.
    ``stamp_us`` is when it said so.
    """

    running: bool
    word: str
    alarm: str
    stamp_us: int
    kind: str = ""


class Pump(Protocol):
    """A pump that infuses at a set rate, until a target volume or until it is stopped."""

    def connect(self) -> Identity:
        """Bring the line to a known state and say who answers. A pending power-up alarm is taken note of."""
        ...

    def resume(self) -> Identity:
        """Get in step again after the line was lost, without touching what the pump does; says who answers."""
        ...

    def set_syringe(self, inner_diameter_mm: float) -> float:
        """Tell the pump its syringe; returns the diameter it took, in mm."""
        ...

    def set_rate(self, rate_ml_h: float) -> float:
        """Returns the rate the pump took, in mL/h."""
        ...

    def set_target(self, volume_ml: float) -> float:
        """Volume after which the pump stops by itself (0: never); returns what it took, in mL."""
        ...

    def start(self) -> None:
        """Begin to infuse; returns when the pump says that it runs."""
        ...

    def stop(self) -> None:
        """Returns when the pump has confirmed that it stands. Raises SafetyError when it does not."""
        ...

    def poll(self) -> PumpStatus: ...

    def infused_ml(self) -> float:
        """The pump's own total since ``connect``, in mL."""
        ...

    def arm_watchdog(self, timeout_s: float) -> float:
        """Let the pump stop by itself when nobody speaks to it for this long (0: never); returns the time taken, in s."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of a flow profile: ``volume_ml`` at ``rate_ml_h``; as the last one with volume 0, until stopped."""

    rate_ml_h: float
    volume_ml: float


class ProfilePump(Pump, Protocol):
    """A pump that runs a profile of rates by itself: a bolus on a basal rate, a flex schedule."""

    def set_profile(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """Programme the profile that ``start`` will run; returns what the pump took. ``set_rate`` ends it."""
        ...


class BolusPump(Pump, Protocol):
    """A pump that gives a bolus on what it is infusing."""

    def give_bolus(self, volume_ml: float, rate_ml_h: float) -> None:
        """Returns when the pump says that it runs; the infusion goes on afterwards."""
        ...


class PrimingPump(Pump, Protocol):
    """A pump that fills its catheter by a command of its own."""

    def prime(self, volume_ml: float, rate_ml_h: float) -> None:
        """From off; returns when the pump says that it runs. Afterwards it is off again."""
        ...


class ReservoirPump(Pump, Protocol):
    """A pump that keeps account of a reservoir."""

    def reservoir_ml(self) -> float:
        """What the pump believes to be in it."""
        ...

    def refill(self, volume_ml: float) -> float:
        """Tell it what was filled in; returns what it took, in mL."""
        ...

    def low_reservoir_ml(self) -> float:
        """The volume at which it alarms."""
        ...

    def set_low_reservoir(self, volume_ml: float) -> float:
        """Volume at which it alarms (0: never); returns what it took, in mL."""
        ...


@dataclass(frozen=True, slots=True)
class BatteryStatus:
    """``charge_pct`` is NaN where the pump cannot know it; ``state`` is NORM, ERI (replace it soon) or EOS (end of service)."""

    voltage_v: float
    charge_pct: float
    state: str


class BatteryPump(Pump, Protocol):
    """A pump that tells the state of its battery."""

    def battery(self) -> BatteryStatus: ...
