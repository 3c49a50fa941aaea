"""Being told to end: Ctrl-C, a closed terminal, the system going down. Never in the middle of stopping the pump."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Each as far as the system has it."""


class Interrupts:
    """What this process was told to end by. The first word raises KeyboardInterrupt, unless the pump is being stopped: any word
    that comes then is one to hurry.
    """

    def __init__(self) -> None:
        self._shields = 0
        self._pressed = 0
        self.by = ""

    def install(self) -> None:
        """From now on; does nothing outside of the main thread, where signals do not come."""
        if threading.current_thread() is threading.main_thread():
            for name in filter(lambda known: hasattr(signal, known), _NAMES):
                signal.signal(getattr(signal, name), self._told)

    def _told(self, number: int, frame: object) -> None:
        self.by = signal.Signals(number).name
        self._pressed += 1
        if not self._shields:
            raise KeyboardInterrupt(self.by)

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Nothing is interrupted in here; ``hurry`` says whether somebody wanted to."""
        if not self._shields:
            self._pressed = 0
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1

    @property
    def hurry(self) -> bool:
        return self._shields > 0 and self._pressed > 0

    @property
    def words(self) -> str:
        return f"the run was ended by {'hand (Ctrl-C)' if self.by in ('', 'SIGINT') else self.by}"


INTERRUPTS = Interrupts()
"""Signals come to the process as a whole."""
