"""Time on the bench: the only module that reads a clock or sleeps.

``now_s`` counts seconds from the start of the bench session, on a monotonic scale. Calendar time is a label, taken once
(``utc_anchor``) and never used for intervals.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np

from instruments.stamped import IntArray

_FOREVER_S = float("inf")


class Clock(Protocol):
    """What the harness needs of time. Code under a plan never asks which kind it has."""

    utc_anchor: datetime
    look_s: float
    """Longest stretch a caller should sleep between two looks at its links."""

    def now_s(self) -> float: ...

    def sleep_until(self, deadline_s: float) -> None: ...


class WallClock:
    """Real, monotonic time with one UTC anchor."""

    look_s = 0.25

    def __init__(self) -> None:
        self.utc_anchor = datetime.now(UTC)
        self._origin_s = time.monotonic()

    def now_s(self) -> float:
        return time.monotonic() - self._origin_s

    def sleep_until(self, deadline_s: float) -> None:
        while (remaining_s := deadline_s - self.now_s()) > 0:
            time.sleep(remaining_s)


class Actor(Protocol):
    """Something simulated that acts by itself at known moments."""

    def next_event_s(self) -> float:
        """When its state next changes by itself; infinity for never."""
        ...

    def next_output_s(self) -> float:
        """When it next puts bytes on its line; infinity for never."""
        ...

    def advance_to(self, now_s: float) -> None:
        """Do everything due up to and including ``now_s``; afterwards both moments above lie later."""
        ...


class VirtualClock:
    """Time that moves only when somebody waits, in one thread, the same way every time.

    Waiting runs the actors from event to event up to the moment waited for. Between events an actor may do a long
    stretch in one go: a day of balance readings is one block, not 864,000 steps.
    """

    look_s = 600.0

    def __init__(self, utc_anchor: datetime | None = None) -> None:
        self.utc_anchor = utc_anchor or datetime.now(UTC)
        self._now_s = 0.0
        self._actors: list[Actor] = []
        self._steps: list[tuple[float, float]] = []

    def add(self, actor: Actor) -> None:
        """Let ``actor`` act from now on; actors due at the same moment act in the order they were added."""
        self._actors.append(actor)

    def set_by(self, step_s: float) -> None:
        """Somebody sets this clock forward or back. The actors' time goes on as before."""
        self._steps.append((self._now_s, step_s))

    def shown_s(self, moment_s: float) -> float:
        """What this clock shows, or has shown, at a moment of the actors' time."""
        return moment_s + sum(step_s for since_s, step_s in self._steps if since_s <= moment_s)

    def shown_us(self, stamps_us: IntArray) -> IntArray:
        """The same for many moments, in microseconds."""
        shown_us = stamps_us
        for since_s, step_s in self._steps:
            shown_us = shown_us + np.int64(round(step_s * 1e6)) * (stamps_us >= since_s * 1e6)
        return shown_us

    def now_s(self) -> float:
        return self.shown_s(self._now_s)

    def sleep_until(self, deadline_s: float) -> None:
        while (left_s := deadline_s - self.now_s()) > 0:
            self._step(min(self._moment_s(deadline_s, left_s), self._next(lambda actor: actor.next_event_s())))

    def wait(self, ready: Callable[[], bool], deadline_s: float) -> bool:
        """Run until ``ready()`` holds, looking whenever an actor changes or sends; False at the deadline."""
        while not ready():
            if (left_s := deadline_s - self.now_s()) <= 0:
                return False
            self._step(min(self._moment_s(deadline_s, left_s), self._due_s()))
        return True

    def due_s(self) -> float:
        """When an actor next changes or sends by itself; infinity for never."""
        return self.shown_s(self._due_s())

    def _due_s(self) -> float:
        return self._next(lambda actor: min(actor.next_event_s(), actor.next_output_s()))

    def _moment_s(self, deadline_s: float, left_s: float) -> float:
        """The actors' time at a deadline: the very number until somebody sets the clock, then always later than now."""
        if not self._steps:
            return deadline_s
        return max(self._now_s + left_s, math.nextafter(self._now_s, _FOREVER_S))

    def _next(self, moment: Callable[[Actor], float]) -> float:
        return min(map(moment, self._actors), default=_FOREVER_S)

    def _step(self, moment_s: float) -> None:
        self._now_s = max(self._now_s, moment_s)
        for actor in self._actors:
            actor.advance_to(self._now_s)


def utc_at(clock: Clock, moment_s: float) -> datetime:
    """The calendar time (UTC) of a moment on this clock, for labels only."""
    return clock.utc_anchor + timedelta(seconds=moment_s)


def utc_now() -> datetime:
    """Calendar time (UTC), for labels only."""
    return datetime.now(UTC)


def stopwatch() -> Callable[[], float]:
    """A function that tells how many seconds of real time have gone by since this call."""
    started_s = time.perf_counter()
    return lambda: time.perf_counter() - started_s
