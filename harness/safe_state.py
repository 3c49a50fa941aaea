"""The one owner of "stop the pump and prove it"."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.interrupts import INTERRUPTS
from harness.record import Period, Series
from instruments.errors import BenchError, PumpAlarm, SafetyError
from instruments.pumps import PumpStatus

if TYPE_CHECKING:
    from harness.rig import Rig

_LAGS, _LONGEST_S = 5.0, 60.0
"""What the line had stored runs out first."""
_WINDOWS = 3
_EDGE = 0.2
"""Of a window, at its beginning and at its end."""
_GOES_ON = 0.5
"""Of the rate last commanded: so much, in each of the windows, is a pump that runs on and no drop that fell."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What the balance showed after the stop: the least flow of its windows, and what it could have shown at least, in mL/h."""

    flow_ml_h: float | None = None
    resolved_ml_h: float | None = None
    balance: str = "watched"


class SafeState:
    """Of one rig. ``reach`` is the way out of every run, and does nothing that could keep the pump from being stopped."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._watch_from_ml_h = 0.0

    def infusing(self, rate_ml_h: float) -> None:
        """The pump has been told to run: the next ``reach`` has something to prove."""
        self._watch_from_ml_h = rate_ml_h

    def reach(self) -> None:
        """Stop, read back, watch the balance, and write down how that went. Raises SafetyError if the pump did not confirm."""
        with INTERRUPTS.shield():
            status = self._stopped()
            watched = self._watched()
            runs_on = self._runs_on(watched)
            self._rig.note("safe state", confirmed=not runs_on, word=status.word, **asdict(watched))
            if runs_on:
                told = f"it says {status.word!r}, and the balance still gains {watched.flow_ml_h:.3g} mL/h"
                raise SafetyError(f"the pump did not stop ({told}); go and stop it by hand now")
            self._watch_from_ml_h = 0.0

    def _stopped(self) -> PumpStatus:
        try:
            with self._rig.only_the_pump():
                status = self._rig.kept("pump", self._stop_past_alarms)
        except BenchError as err:
            raise self._unconfirmed(str(err)) from err
        if status.running:
            raise self._unconfirmed(f"it was told to stop, and says {status.word!r}")
        return status

    def _unconfirmed(self, reason: str) -> SafetyError:
        self._rig.note("safe state", confirmed=False, reason=reason)
        return SafetyError(f"the pump did not confirm that it stands ({reason}); go and stop it by hand now")

    def _stop_past_alarms(self) -> PumpStatus:
        with suppress(PumpAlarm):
            return self._rig.stop()
        return self._rig.stop()

    # --- the second witness ---

    def _watched(self) -> Watched:
        """Only where there is something to see: after a stop of a pump that had been told to run."""
        rig, watch_s = self._rig, self._rig.bench.pump.stop_watch
        if not self._watch_from_ml_h:
            return Watched(balance="not watched: the pump had not been started since it last stood")
        if not watch_s:
            return Watched(balance="not watched: pump.stop_watch is 0")
        lag_s = rig.bench.file.catheter.lag + rig.bench.balance.response
        since_s = rig.clock.now_s() + min(_LAGS * lag_s, _LONGEST_S)
        try:
            self._look_until(since_s + watch_s)
        except BenchError as err:
            return Watched(balance=f"not watched: {err}")
        if INTERRUPTS.hurry:
            return Watched(balance="not watched to the end: somebody was in a hurry")
        sheet = rig.bench.balance
        least_g = max(sheet.repeatability, sheet.readability)
        return _flow(rig.recorder.record().series(Period(since_s, rig.clock.now_s())), since_s, watch_s / _WINDOWS, least_g)

    def _look_until(self, moment_s: float) -> None:
        while self._rig.clock.now_s() < moment_s and not INTERRUPTS.hurry:
            self._rig.wait(min(self._rig.clock.look_s, moment_s - self._rig.clock.now_s()))

    def _runs_on(self, watched: Watched) -> bool:
        if watched.flow_ml_h is None or watched.resolved_ml_h is None:
            return False
        return watched.flow_ml_h > max(_GOES_ON * self._watch_from_ml_h, watched.resolved_ml_h)


def _flow(series: Series, since_s: float, window_s: float, least_g: float) -> Watched:
    """The flow that every window shows at least; 1 g is taken for 1 mL, which is near enough to tell running from standing.

    ``least_g`` is what one reading is unsure of at least: a slow balance has one in an edge, and alone it does not scatter.
    """
    changes_g, noises_g, edge_s = [], [], _EDGE * window_s
    for number in range(_WINDOWS):
        start_s = since_s + number * window_s
        first = series.between(start_s, start_s + edge_s).masses_g
        last = series.between(start_s + window_s - edge_s, start_s + window_s).masses_g
        if not len(first) or not len(last):
            return Watched(balance="not watched: it has sent too few readings")
        changes_g.append(float(last.mean() - first.mean()))
        noises_g.append(float(np.hypot(*(max(edge.std(), least_g) / len(edge) ** 0.5 for edge in (first, last)))))
    per_hour = 3600 / (window_s - edge_s)
    return Watched(min(changes_g) * per_hour, 3 * max(noises_g) * per_hour)
