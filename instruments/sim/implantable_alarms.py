"""The alarms of an implantable-style pump: what they watch, when they are noticed, how they sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from instruments.sim.implantable_log import EventLog
from instruments.sim.scpi_status import EventRegister
from instruments.wire.scpi_pump import ALARMS, Alarm, alarms

_NEVER_S = float("inf")
_TONES = {True: "CRIT", False: "NCR"}


class Alarms:
    """Conditions live in the questionable register; their beginnings, ends and tones go into the log.

    Of each class of tone the first sounds with the alarm, the others at its interval (0: never) until nothing of that class is
    left that was not acknowledged.
    """

    def __init__(self, register: EventRegister, log: EventLog) -> None:
        self._register, self._log = register, log
        self._silenced = 0
        self._tone_s = {True: _NEVER_S, False: _NEVER_S}
        self.interval_s: dict[bool, float] = {}
        self.reset()

    def reset(self) -> None:
        """Tones as delivered: every 10 minutes for a critical alarm, every hour for another."""
        self.interval_s = {True: 600.0, False: 3600.0}

    @property
    def bits(self) -> int:
        return self._register.condition

    def on(self, word: str) -> bool:
        return bool(self.bits & ALARMS[word].bit)

    def begin(self, now_s: float, word: str) -> None:
        if self.on(word):
            return
        alarm = ALARMS[word]
        self._register.become(self.bits | alarm.bit)
        self._log.put(now_s, "ALARM", word)
        self._sound(now_s, alarm.critical)

    def end(self, now_s: float, word: str) -> None:
        if not self.on(word):
            return
        self._register.become(self.bits & ~ALARMS[word].bit)
        self._silenced &= self.bits
        self._log.put(now_s, "CLEARED", word)
        self._hush()

    def acknowledge(self, now_s: float) -> None:
        """Silence what there is; alarms that are held end with it."""
        if self.bits & ~self._silenced:
            self._log.put(now_s, "ACK")
        self._silenced |= self.bits
        self.release(now_s)
        self._hush()

    def release(self, now_s: float) -> None:
        """End the alarms that are held although their cause may be over."""
        for alarm in self._active():
            if alarm.held:
                self.end(now_s, alarm.word)

    def forget(self) -> None:
        """Power is gone."""
        self._register.become(0)
        self._silenced = 0
        self._hush()

    def next_tone_s(self) -> float:
        return min(self._tone_s.values())

    def sound_due(self, now_s: float) -> None:
        for critical, moment_s in self._tone_s.items():
            if moment_s <= now_s:
                self._sound(now_s, critical)

    def _active(self) -> Iterator[Alarm]:
        return iter(alarms(self.bits))

    def _sound(self, now_s: float, critical: bool) -> None:  # noqa: FBT001 - a class of tone, not a switch
        interval_s = self.interval_s[critical]
        if interval_s:
            self._log.put(now_s, "TONE", _TONES[critical])
        self._tone_s[critical] = now_s + (interval_s or _NEVER_S)

    def _hush(self) -> None:
        """No tone of a class of which nothing is left to sound for."""
        loud = {alarm.critical for alarm in self._active() if not alarm.bit & self._silenced}
        self._tone_s = {critical: moment_s if critical in loud else _NEVER_S for critical, moment_s in self._tone_s.items()}


@dataclass(frozen=True, slots=True)
class Condition:
    """What gives alarm: whether it is so now, and when it will be so by itself.

    ``ends``: the alarm ends with it. ``then`` is what the pump does beside giving alarm.
    """

    word: str
    is_so: Callable[[], bool]
    begins_s: Callable[[], float]
    ends: bool = False
    then: Callable[[], None] = lambda: None


class Watch:
    """Gives the alarm of a condition that has been so for ``notice_s`` (infinity: never)."""

    def __init__(self, alarms: Alarms, condition: Condition, notice_s: float) -> None:
        self._alarms, self._condition, self._notice_s = alarms, condition, notice_s
        self._since_s = _NEVER_S

    def look(self, now_s: float) -> None:
        is_so = self._condition.is_so()
        self._since_s = min(self._since_s, now_s) if is_so else _NEVER_S
        if self._condition.ends and not is_so:
            self._alarms.end(now_s, self._condition.word)

    def due_s(self) -> float:
        """When to look again, or to give the alarm."""
        if self._alarms.on(self._condition.word):
            return _NEVER_S
        return self._condition.begins_s() if self._since_s == _NEVER_S else self._since_s + self._notice_s

    def act(self, now_s: float) -> None:
        self.look(now_s)
        if self._since_s + self._notice_s <= now_s:
            self._alarms.begin(now_s, self._condition.word)
            self._condition.then()
