"""The pump is asked how it is: when a procedure wants to know, and often enough for its own watchdog."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from instruments.errors import LinkError, LinkLost, ReplyTimeout
from instruments.pumps import PumpStatus
from instruments.stamped import microseconds

if TYPE_CHECKING:
    from harness.rig import Rig

_SILENT = "silent, without power"
_LEAD = 2.5
"""How many times the pump hears from us within its watchdog time."""


class PumpWatch:
    """What the pump of a rig said last, and by when it has to hear from us again (``due_s``; never, while it stands)."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._last: PumpStatus | None = None
        self._may_be_silent = self._silent = False
        self.due_s = math.inf

    def begin(self) -> None:
        """It infuses."""
        self.due_s = self._rig.clock.now_s() + self._rig.bench.pump.watchdog / _LEAD

    def end(self) -> None:
        """It stands."""
        self.due_s = math.inf

    def ask(self) -> PumpStatus:
        """How it is; changes and alarms go into the record."""
        before, status = self._last, self._answer()
        self._last = status
        if self.due_s < math.inf:
            self.begin()
        if status.alarm:
            since_us = before.stamp_us if before is not None else status.stamp_us
            told = {"letter": status.alarm, "kind": status.kind, "word": status.word, "since_us": min(since_us, status.stamp_us)}
            self._note(status, "alarm", told)
        if before is None or (status.word, status.running) != (before.word, before.running):
            self._note(status, "pump", {"word": status.word, "running": status.running})
        return status

    def _note(self, status: PumpStatus, kind: str, told: dict[str, object]) -> None:
        self._rig.recorder.event(status.stamp_us, kind, self._rig.case, told)

    def _answer(self) -> PumpStatus:
        """One lost reply must not cost a night: asking how the pump is moves nothing, so it may be asked twice."""
        if self._may_be_silent:
            return self._answer_if_any()
        try:
            return self._rig.kept("pump", self._rig.pump.poll)
        except ReplyTimeout as err:
            self._rig.note("lost reply", role="pump", reason=str(err))
            return self._rig.kept("pump", self._rig.pump.poll)

    def _answer_if_any(self) -> PumpStatus:
        with suppress(LinkError):
            if not self._silent:
                return self._rig.pump.poll()
        self._silent, self.due_s = True, math.inf
        return PumpStatus(running=False, word=_SILENT, alarm="", stamp_us=microseconds(self._rig.clock.now_s()))

    @contextmanager
    def unpowered(self) -> Iterator[None]:
        """In here the pump loses its power on purpose and gets it back: its silence is no lost bench.

        It is asked as ever until it does not answer, then no more. Afterwards the same pump has to answer within its grace time:
        else LinkLost. Left by an error the pump may be without power, and a stop cannot be confirmed.
        """
        self._may_be_silent = True
        try:
            yield
        finally:
            self._may_be_silent = self._silent = False
        self._rig.stations.regain("pump", LinkLost("pump: it was without power"), self._rig.look)
        self.due_s = self._rig.clock.now_s()
        self._rig.poll()
