"""What the balance sends, on its way into the record: nobody acts on it before, and its silence is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.interlocks import Interlocks, Limits
from harness.interrupts import uninterrupted
from instruments.errors import LinkError
from instruments.readings import Readings
from instruments.stamped import Stamped

if TYPE_CHECKING:
    from harness.rig import Rig

_SILENT_AFTER = 30
"""Missing readings in a row after which the balance counts as lost; at least ``_SILENT_S``."""
_SILENT_S = 5.0
_STABLE = ord("S")


class Intake:
    """The readings of one rig's balance, while it weighs."""

    def __init__(self, rig: Rig, limits: Limits | None) -> None:
        self._rig = rig
        self._interlocks = Interlocks(limits)
        self._last_reading_s = 0.0
        self._stray = ""
        self.weighing = self.stable = False

    def begins(self) -> None:
        self.weighing, self._last_reading_s = True, self._rig.clock.now_s()

    def drain(self, *, infusing: bool) -> None:
        """Record what has come. Raises LinkError for a balance that is silent, Interlock and BenchError as interlocks do.

        A line that is lost hands out what had come before it tells: it is asked twice.
        """
        self.take_in(infusing=infusing)
        if self._silent_s() > self._allowed_silence_s:
            self.take_in(infusing=infusing)
        self._check_silence()

    def take_in(self, *, infusing: bool = False) -> None:
        rig = self._rig
        readings, others = rig.kept("balance", self._recorded)
        self._stray = "" if len(readings) else self._stray
        for line, stamp_us in others:
            self._stray = line.decode("latin-1")
            rig.recorder.event(stamp_us, "stray line", rig.case, {"role": "balance", "line": self._stray})
        if len(readings):
            self._last_reading_s = float(readings.stamps_us[-1]) / 1e6
            self.stable = int(readings.statuses[-1]) == _STABLE
        self._interlocks.readings(readings, rig.clock.now_s(), infusing=infusing)

    @uninterrupted
    def _recorded(self) -> tuple[Readings, Stamped]:
        """Between the raw lines and what they mean nothing may come: one would be without the other."""
        with self._rig.recorder.together():
            readings, others = self._rig.balance.readings()
            self._rig.recorder.readings(readings)
        return readings, others

    def _check_silence(self) -> None:
        if self._silent_s() > self._allowed_silence_s:
            said = f"; it says {self._stray!r}" if self._stray else ""
            raise LinkError(f"balance: no reading for {self._silent_s():.0f} s{said}; check its cable, power and display")

    def _silent_s(self) -> float:
        return self._rig.clock.now_s() - self._last_reading_s if self.weighing else 0.0

    @property
    def _allowed_silence_s(self) -> float:
        return max(_SILENT_S, _SILENT_AFTER / self._rig.bench.balance.rate)
