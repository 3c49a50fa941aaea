"""The harness's side of the guardian: start the process that stops the pump when the harness is gone, and release it.

The guardian (``instruments.guardian``) gets its orders as one line on its standard input and answers with one line when it stands
ready. The other end of that input is held by the harness alone: when it ends without the word ``released``, there is no harness
any more. Nothing else has to be said, so nothing can be forgotten by a program that crashes.

Two things it cannot do: it does not see a harness that still lives but does nothing (the pump's own watchdog does), and a child
that was forked without ``exec`` keeps the input open as long as it lives.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from instruments.errors import BenchError, ConfigError
from instruments.locks import FolderLock
from instruments.ports import is_simulated

READY = "ready"
RELEASED = b"released\n"
_PROGRAM = ("-P", "-m", "instruments.guardian")
"""``-P``: whatever lies in the folder that the harness was started in is not taken for one of its modules."""
_LIMIT_S, _PATIENCE_S, _PARTING_S = 60.0, 30.0, 5.0
_ADVICE = "without one a pump would run on after a crash: mend what it names, and start again"
_NEW_SESSION: Mapping[str, Any] = {"start_new_session": True}
_DETACHED: Mapping[str, Mapping[str, Any]] = {
    "win32": {"creationflags": 0x0000_0008 | 0x0000_0200},  # DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP
}


@dataclass(frozen=True, slots=True)
class Guarded:
    """A pump as plain data: what the bench file says of it. ``line`` holds LineSettings, ``options`` those of the driver."""

    role: str
    address: str
    driver: str
    line: Mapping[str, Any]
    options: Mapping[str, Any]
    visa: str = "@py"


@dataclass(frozen=True, slots=True)
class Orders:
    """What the guardian is told: the pump, the diary it keeps, whose death it waits for (a process id), how long it tries (s)."""

    pump: Guarded
    diary: str
    harness: int
    limit_s: float = _LIMIT_S


_ORDERS = TypeAdapter(Orders)


def written(orders: Orders) -> bytes:
    """Orders as one line of JSON."""
    return _ORDERS.dump_json(orders) + b"\n"


def read(line: bytes) -> Orders:
    """The same back. Raises ConfigError."""
    try:
        return _ORDERS.validate_json(line)
    except ValidationError as err:
        first = err.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the line"
        raise ConfigError(
            f"orders of the guardian: {where}: {first['msg']}; expected one line as guarding.written makes it"
        ) from err


def lock_of(diary: Path) -> FolderLock:
    """Held by a guardian as long as it may write into this diary. Named unlike what tells whether the harness lives."""
    return FolderLock(diary.parent, ".guardian.lock")


def detached(platform: str) -> Mapping[str, Any]:
    """How a process is started that a Ctrl-C in the terminal, and its closing, do not reach."""
    return _DETACHED.get(platform, _NEW_SESSION)


def guard(pump: Guarded, diary: Path) -> Guardian | None:
    """A guardian for ``pump``; None for a simulated one, which ends with its process. Raises BenchError as ``start`` does."""
    return None if is_simulated(pump.address) else Guardian.start(pump, diary)


class Guardian:
    """A guardian that stands ready. It does not touch the port while the harness lives."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._orders: Any = process.stdin
        self._answers: Any = process.stdout

    @classmethod
    def start(cls, pump: Guarded, diary: Path, *, limit_s: float = _LIMIT_S, patience_s: float = _PATIENCE_S) -> Guardian:
        """Start a guardian and wait until it stands ready.

        ``diary``: the file it writes what it does to, at the end of what is there. ``limit_s``: how long it tries to stop the
        pump when the harness is gone. Raises BenchError, with what it said, when it is not ready within ``patience_s``.
        """
        orders = Orders(pump, str(diary.absolute()), os.getpid(), limit_s)
        guardian = cls(_launched())
        try:
            guardian._arm(orders, patience_s)
        except BaseException:
            guardian._end()
            raise
        return guardian

    def _arm(self, orders: Orders, patience_s: float) -> None:
        with suppress(OSError):  # it is gone: what it said tells why
            self._orders.write(written(orders))
        said = self._first_line(patience_s)
        if said != READY:
            told = f"it said {said!r}" if said else "it said nothing"
            raise BenchError(f"the guardian of the {orders.pump.role} is not ready within {patience_s:g} s ({told}); {_ADVICE}")

    def _first_line(self, patience_s: float) -> str:
        """Pipes cannot be waited for with a limit on every system; a thread can."""
        lines: list[bytes] = []

        def listen() -> None:
            with suppress(OSError, ValueError):  # closed: nobody waits for it any more
                lines.append(self._answers.readline())

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        listener.join(patience_s)
        return b"".join(lines).decode("utf-8", "replace").strip()

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_there(self) -> bool:
        """Whether it still watches: without it no pump is to be started."""
        return self._process.poll() is None

    def release(self) -> None:
        """The pump has confirmed that it stands: let the guardian go. Never raises and never hangs, whatever has become of it."""
        if self._orders.closed:
            return
        with suppress(OSError):
            self._orders.write(RELEASED)
        self._end(_PARTING_S)

    def hand_over(self, patience_s: float = 0.0) -> bool:
        """The pump has not confirmed, and its port is closed: let the guardian try at once. Returns whether it has ended
        meanwhile, one way or the other.
        """
        with suppress(OSError):
            self._orders.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_s)
        return not self.is_there()

    def _end(self, parting_s: float = 0.0) -> None:
        """Close its input after whatever was said; one that is not gone in time is ended."""
        with suppress(OSError):
            self._orders.close()
        for wait_s in (parting_s, _PARTING_S):
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(wait_s)
                break
            self._process.kill()
        if not self.is_there():
            self._answers.close()


def _launched() -> subprocess.Popen[bytes]:
    """It looks for its modules where this process does."""
    places = os.pathsep.join(os.path.abspath(place) for place in sys.path)  # noqa: PTH100 - an entry may be empty, or an archive
    with _terminal() as passed:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, *_PROGRAM, *map(str, passed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, "PYTHONPATH": places},
            pass_fds=passed,
            **detached(sys.platform),
        )


@contextmanager
def _terminal() -> Iterator[tuple[int, ...]]:
    """The terminal of this process, if it has one: standard error may be a file (pytest's, a shell's) that nobody looks at."""
    try:
        terminal = os.open(os.ctermid(), os.O_WRONLY | os.O_NOCTTY)
    except (AttributeError, OSError):
        yield ()
        return
    try:
        yield (terminal,)
    finally:
        os.close(terminal)
