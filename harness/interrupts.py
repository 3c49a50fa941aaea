"""Being told to end: Ctrl-C, a closed terminal, the system going down, a time limit.

Never in the middle of stopping the pump, and never between two halves of an entry in the record.
"""

from __future__ import annotations

import functools
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, ParamSpec, TypeVar

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Each as far as the system has it."""
_PAUSES = ("SIGTSTP", "SIGTTIN", "SIGTTOU")
"""Ctrl-Z and its kin: a harness that is put to sleep would leave its pump infusing, and its guardian waiting."""
_TIME_LIMIT = "SIGALRM"

Handler = Callable[[int, FrameType | None], Any]
Given = ParamSpec("Given")
Result = TypeVar("Result")


class Interrupts:
    """What this process was told to end by.

    The first word raises KeyboardInterrupt, in the main thread, between any two instructions. While the pump is being stopped
    (``shield``) it does not: any word that comes then is one to hurry. While the record is being written (``deferred``) it waits
    until that is done.
    """

    def __init__(self) -> None:
        self._shields = self._pressed = self._deferrals = 0
        self._waiting: Callable[[], Any] | None = None
        self.by = ""
        self.unheard = False
        """Somebody wanted to end the run while its pump was being stopped: whoever goes on has to look."""

    def install(self) -> None:
        """From now on; does nothing outside of the main thread, where signals do not come. What was ignored before, as by
        ``nohup``, is ignored still.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        for number in _numbers(_NAMES):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._told)
        for number in _numbers(_PAUSES):
            signal.signal(number, signal.SIG_IGN)

    def adopt_time_limit(self) -> None:
        """Whoever has set a time limit by a signal (pytest-timeout, before each test) has it kept by the same rules."""
        number = getattr(signal, _TIME_LIMIT, None)
        handler = signal.getsignal(number) if number is not None else None
        if number is not None and callable(handler) and threading.current_thread() is threading.main_thread():
            signal.signal(number, functools.partial(self._at_its_time, handler))

    def _told(self, number: int, frame: FrameType | None) -> None:
        self.by = signal.Signals(number).name
        self._at_its_time(_raise_interrupt, number, frame)

    def _at_its_time(self, handler: Handler, number: int, frame: FrameType | None) -> None:
        self._pressed += 1
        if self._shields:
            self.unheard = True
            return
        if self._deferrals:
            self._waiting = functools.partial(handler, number, None)
            return
        handler(number, frame)

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

    def __enter__(self) -> None:
        """Defer. One instruction decides: before it nothing has been begun, after it nothing is raised."""
        self._deferrals += 1

    def __exit__(self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None) -> None:
        self._deferrals -= 1
        if not self._deferrals and self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting()

    @property
    def hurry(self) -> bool:
        return self._shields > 0 and self._pressed > 0

    @property
    def words(self) -> str:
        return f"the run was ended by {'hand (Ctrl-C)' if self.by in ('', 'SIGINT') else self.by}"


def _numbers(names: Iterable[str]) -> list[int]:
    """Of those that this system has."""
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def _raise_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


INTERRUPTS = Interrupts()
"""Signals come to the process as a whole."""


def uninterrupted(act: Callable[Given, Result]) -> Callable[Given, Result]:
    """Done whole: an interrupt waits until the end. For what must not be left half done, and takes no time."""

    @functools.wraps(act)
    def whole(*args: Given.args, **more: Given.kwargs) -> Result:
        with INTERRUPTS:
            return act(*args, **more)

    return whole
