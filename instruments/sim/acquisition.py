"""The reading memory and the trigger model of Keysight meters: INIT, triggers, READ?, FETC?, R?, DATA.

Readings are due at the moments of a ``Timetable`` and are worked out when somebody looks, so a long run costs nothing between.

Chosen where the protocol reference is silent: ``DATA:REM?`` for more than there is (and, with WAIT, than there will be) is -222;
a READ? or FETC? that could never be answered (TRIG:COUN INF, or waiting for ``*TRG``) is -214, as -214 is documented for READ?
with source BUS; settings made during a run count from the next INIT on.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from instruments.sim.scpi import Answer, Command, Given, Later, Persona, ScpiDevice, action
from instruments.wire.scpi import block
from instruments.wire.scpi_errors import ScpiError

MEASURING, WAITING, CHANGED = 16, 32, 256
"""Bits of the operation register."""
MEMORY_OVERFLOW = 1 << 14
"""Bit of the questionable register."""
_NEVER_S = float("inf")


@dataclass(frozen=True, slots=True)
class Reading:
    """One value with all that may be told of it. ``since_s``: from the start of the run; ``alarm``: 0 none, 1 low, 2 high."""

    value: float
    unit: str
    moment_s: float
    since_s: float = 0.0
    channel: int = 0
    alarm: int = 0


@dataclass(frozen=True, slots=True)
class Timetable:
    """``total`` readings in groups: within a group they are due at ``offsets_s``, groups begin every ``interval_s``."""

    start_s: float
    offsets_s: tuple[float, ...]
    interval_s: float
    total: float

    def moment_s(self, number: float) -> float:
        """When reading ``number`` (from 1) is there; the end of a run without end is never."""
        if math.isinf(number):
            return _NEVER_S
        group, place = divmod(int(number) - 1, len(self.offsets_s))
        return self.start_s + group * self.interval_s + self.offsets_s[place]


class AcquiringDevice(ScpiDevice):
    """Takes readings in runs: INIT arms it, the trigger source starts it, the timetable says how it goes on."""

    sources: tuple[str, ...] = ("IMMediate", "EXTernal", "BUS")
    most_triggers = 1e6

    def __init__(self, persona: Persona, *, baudrate: int, latency_s: float, memory: int) -> None:
        super().__init__(persona, baudrate=baudrate, latency_s=latency_s)
        self.memory: deque[Reading] = deque(maxlen=memory)
        self.source, self.trigger_count = "IMM", 1.0
        self._armed = 0.0
        self._course: Timetable | None = None
        self._taken = 0
        self._awaiting = False

    # --- for subclasses ---

    def timetable(self, triggers: float) -> Timetable:
        """What happens when ``triggers`` come one right after the other, beginning now. Raises ScpiError when nothing can."""
        raise NotImplementedError

    def convert(self, number: int, moment_s: float) -> Reading:
        """Reading ``number`` (from 1) of the present run, due at ``moment_s``."""
        raise NotImplementedError

    def text_of(self, reading: Reading) -> str:
        return self.nr3(reading.value)

    def reset_trigger(self) -> None:
        self.abort()
        self.source, self.trigger_count = "IMM", 1.0

    # --- runs ---

    @property
    def waiting_for_trigger(self) -> bool:
        return self._armed > 0 and self._course is None

    def busy(self) -> bool:
        return self._armed > 0 or self._course is not None

    def initiate(self) -> None:
        """Raises ScpiError -213 while a run is under way."""
        if self.busy():
            raise ScpiError(-213)
        at_once = self.source in ("IMM", "TIM")
        run = self.timetable(self.trigger_count if at_once else 1)
        self.memory.clear()
        self.status.questionable.become(0)
        self._armed = 0 if at_once else self.trigger_count
        self._begin(run if at_once else None)

    def trigger(self) -> None:
        if not (self.waiting_for_trigger and self.source == "BUS"):
            raise ScpiError(-211)
        self._armed -= 1
        self._begin(self.timetable(1))

    def _begin(self, run: Timetable | None) -> None:
        self._course, self._taken = run, 0
        self._show()

    def abort(self) -> None:
        """End the run; what was read stays."""
        self._armed = 0
        self._begin(None)

    def next_event_s(self) -> float:
        if self._course is None:
            return _NEVER_S
        return self._course.moment_s(self._taken + 1 if self._awaiting else self._course.total)

    def happen(self) -> None:
        run = self._course
        if run is None:
            return
        while self._taken < run.total and run.moment_s(self._taken + 1) <= self.now_s:
            self._taken += 1
            self._store(self.convert(self._taken, run.moment_s(self._taken)))
        if self._taken >= run.total:
            self._begin(None)

    def _store(self, reading: Reading) -> None:
        if len(self.memory) == self.memory.maxlen:
            self.question(MEMORY_OVERFLOW)
        self.memory.append(reading)

    def question(self, bits: int) -> None:
        """Set bits of the questionable register until the next INIT."""
        self.status.questionable.become(self.status.questionable.condition | bits)

    def _show(self) -> None:
        measuring = MEASURING if self._course is not None else 0
        self.status.operation.become(measuring | (WAITING if self.waiting_for_trigger else 0))

    # --- commands ---

    def init_command(self, given: Given) -> None:
        self.initiate()

    def abort_command(self, given: Given) -> None:
        self.abort()

    def read(self, given: Given) -> Answer:
        if self.source == "BUS" or math.isinf(self.trigger_count):
            raise ScpiError(-214)
        self.initiate()
        return Later(lambda: not self.busy(), self._all)

    def fetch(self, given: Given) -> Answer:
        endless = self._course is not None and math.isinf(self._course.total)
        if endless or (self.busy() and self.source == "BUS" and self._armed > 0):
            raise ScpiError(-214)
        if not self.busy() and not self.memory:
            raise ScpiError(-230)
        return Later(lambda: not self.busy(), self._all)

    def _all(self) -> str:
        return ",".join(map(self.text_of, self.memory))

    def take_block(self, given: Given) -> str:
        most = given.integer(low=1, high=1e9) if given.left else len(self.memory)
        return block(self._remove(min(most, len(self.memory))).encode("latin-1")).decode("latin-1")

    def take_count(self, given: Given) -> Answer:
        count = given.integer(low=1, high=1e9)
        wait = bool(given.left) and given.word("WAIT") == "WAIT"
        if count <= len(self.memory):
            return self._remove(count)
        to_come = self._course.total - self._taken if self._course is not None and wait else 0
        if count > len(self.memory) + to_come or count > (self.memory.maxlen or 0):
            raise ScpiError(-222)
        self._awaiting = True
        return Later(lambda: len(self.memory) >= count, lambda: self._awaited_readings(count))

    def _awaited_readings(self, count: int) -> str:
        self._awaiting = False
        return self._remove(count)

    def _remove(self, count: int) -> str:
        return ",".join(self.text_of(self.memory.popleft()) for _ in range(count))

    def points(self, given: Given) -> str:
        return self.nr1(len(self.memory))

    def trigger_source(self, given: Given) -> str:
        return self.source

    def set_trigger_source(self, given: Given) -> None:
        self.source = given.word(*self.sources)

    def triggers(self, given: Given) -> str:
        return self.nr3(_NEVER_S) if math.isinf(self.trigger_count) else self.nr1(int(self.trigger_count))

    def set_triggers(self, given: Given) -> None:
        count = given.number(low=1, high=self.most_triggers, words={"INFinity": _NEVER_S, "DEFault": 1.0})
        self.trigger_count = count if math.isinf(count) else float(round(count))


ACQUISITION: Mapping[str, Command] = {
    "INITiate[:IMMediate]": action(AcquiringDevice.init_command),
    "ABORt": action(AcquiringDevice.abort_command),
    "READ": Command(AcquiringDevice.read),
    "FETCh": Command(AcquiringDevice.fetch),
    "R": Command(AcquiringDevice.take_block, asks=(0, 1)),
    "DATA:POINts": Command(AcquiringDevice.points),
    "DATA:COUNt": Command(AcquiringDevice.points),
    "DATA:REMove": Command(AcquiringDevice.take_count, asks=(1, 2)),
    "TRIGger:SOURce": Command(AcquiringDevice.trigger_source, AcquiringDevice.set_trigger_source),
    "TRIGger:COUNt": Command(AcquiringDevice.triggers, AcquiringDevice.set_triggers),
}
