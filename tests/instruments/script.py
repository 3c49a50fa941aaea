"""A port that follows a script: what the driver has to say next, and what the device answers, with its delays."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from instruments.clock import VirtualClock
from instruments.link import Link
from instruments.stamped import Stamped, microseconds
from instruments.wire.framing import Framer

Answer = bytes | tuple[float, bytes]
Turn = tuple[bytes, Sequence[Answer]]
"""What is asked; and each answer, at once or after so many seconds."""

_AT_ONCE_S = 0.01


class ScriptedPort:
    """Fails on anything that is not asked in its turn."""

    def __init__(self, clock: VirtualClock, turns: Sequence[Turn]) -> None:
        self._clock, self._turns = clock, deque(turns)
        self._coming: list[tuple[float, bytes]] = []

    def write(self, data: bytes) -> None:
        assert self._turns, f"{data!r} was asked after the last turn"
        asked, answers = self._turns.popleft()
        assert data == asked
        for answer in answers:
            self.will_say(*(answer if isinstance(answer, tuple) else (_AT_ONCE_S, answer)))

    def will_say(self, delay_s: float, data: bytes) -> None:
        self._coming.append((self._clock.now_s() + delay_s, data))
        self._coming.sort(key=lambda piece: piece[0])

    def poll(self) -> Stamped:
        due = [piece for piece in self._coming if piece[0] <= self._clock.now_s()]
        self._coming = self._coming[len(due) :]
        return Stamped.join([Stamped.one(data, microseconds(moment_s)) for moment_s, data in due])

    def wait(self, deadline_s: float) -> Stamped:
        next_s = self._coming[0][0] if self._coming else deadline_s
        self._clock.sleep_until(min(next_s, deadline_s))
        return self.poll()

    def close(self) -> None:
        """Every turn has to have been taken."""
        assert not self._turns, f"never asked: {[asked for asked, _ in self._turns]}"


class Scripted:
    """A link on a scripted port."""

    def __init__(self, framer: Framer, turns: Sequence[Turn]) -> None:
        self.clock = VirtualClock()
        self.port = ScriptedPort(self.clock, turns)
        self.link = Link(self.port, framer, self.clock, role="device")


@contextmanager
def scripted(framer: Framer, *turns: Turn) -> Iterator[Scripted]:
    script = Scripted(framer, turns)
    yield script
    script.port.close()
