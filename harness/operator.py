"""The person at the bench, asked at the terminal.

The terminal itself is opened, as programs do that ask for a password: what captures or redirects the program's own input and
output, pytest among them, does not come between.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import closing
from queue import Empty, Queue
from threading import Thread
from typing import TextIO

from instruments.errors import BenchError
from instruments.hands import Step

_LOOK_S = 0.25
_TERMINAL = ("CONIN$", "CONOUT$") if sys.platform == "win32" else ("/dev/tty", "/dev/tty")
_LONGEST = 1024
_GIVE_UP = "stop"
_HOW = f"  Enter when it is done ({_GIVE_UP} to give up; anything else you write is kept in the record): "


class Console:
    """Asks at a terminal, given by the names under which it is read and written."""

    def __init__(self, reading: str = _TERMINAL[0], writing: str = _TERMINAL[1]) -> None:
        self._reading, self._writing = reading, writing

    @property
    def attended(self) -> bool:
        """Whether there is such a terminal: there is none for a service, in CI, or behind a closed session."""
        try:
            os.close(self._opened())
        except OSError:
            return False
        return True

    def ask(self, step: Step, meanwhile: Callable[[], None]) -> str:
        """Show the words of a step and wait for Enter; returns what was written before it, or ``done``.

        ``meanwhile`` is called four times a second. Raises BenchError when the person gives up or the terminal is gone.
        """
        try:
            with closing(self._shown(step)):
                written = _line_of(self._opened(), meanwhile)
        except OSError as err:
            raise BenchError(f"nobody can be asked to do this: {step.words} (the terminal is gone: {err.strerror})") from err
        if not written:
            raise BenchError(f"nobody answered at the terminal: {step.words}")
        answer = written.decode("utf-8", "replace").strip()
        if answer.lower() == _GIVE_UP:
            raise BenchError(f"the operator gave up at this step: {step.words}")
        return answer or "done"

    def _shown(self, step: Step) -> TextIO:
        file = open(self._writing, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - closed by who asks; the name is a device
        file.write(f"\n{step.words}\n{_HOW}")
        file.flush()
        return file

    def _opened(self) -> int:
        return os.open(self._reading, os.O_RDONLY | getattr(os, "O_NOCTTY", 0))


def _line_of(descriptor: int, meanwhile: Callable[[], None]) -> bytes:
    """One line; nothing at the end of input. A thread reads it: whoever waits goes on looking, and can be interrupted."""
    heard: Queue[bytes] = Queue()
    Thread(target=_read, args=(descriptor, heard), daemon=True).start()
    while True:
        try:
            return heard.get(timeout=_LOOK_S)
        except Empty:
            meanwhile()


def _read(descriptor: int, heard: Queue[bytes]) -> None:
    """The descriptor itself: a file object's lock, held by a thread that never ends, would crash the interpreter's exit."""
    try:
        heard.put(os.read(descriptor, _LONGEST))
    except OSError:
        heard.put(b"")
    finally:
        os.close(descriptor)
