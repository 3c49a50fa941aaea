"""The process that stops the pump when the harness is gone: ``instruments.guarding`` starts it.

It does nothing but read its standard input until that ends. What it will need is loaded before it says ``ready``: when the
harness is gone it opens the port (the locks of a dead process are gone with it), stops the pump, and tries again until the pump
has confirmed or the time is over. Exit status 0: released, or stopped and confirmed; 1: not confirmed; 2: it never stood ready.

The stop comes before anything that changes how the pump is spoken to: a New Era pump's own watchdog stays armed until it stands.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, TypeVar

from instruments.clock import Clock, WallClock, stopwatch, utc_now
from instruments.driver import Driver
from instruments.drivers import drivers
from instruments.errors import BenchError, ConfigError, PumpAlarm, SafetyError
from instruments.guarding import READY, RELEASED, Guarded, Orders, lock_of, read
from instruments.link import Link
from instruments.options import options_from
from instruments.ports import LineSettings, Ports
from instruments.pumps import Pump, PumpStatus
from instruments.stamped import Stamped

_DEAF_TO = ("SIGINT", "SIGHUP", "SIGTERM", "SIGBREAK")
_RETRY_S = 0.1
_SYNC_S = 5.0
"""How long the last entries of the diary are waited for: a disk that hangs must not keep the process for ever."""
_STANDARD_ERROR = 2

Result = TypeVar("Result")


class Diary:
    """What the guardian does, one line of JSON each (keys in order, ASCII), synced as it is written; also the tap of its link.

    A thread of its own writes: a slow or full disk, or a folder that is gone, must not keep the pump running. ``fault`` is the
    last reason for which something could not be written, empty where all was.
    """

    def __init__(self, path: Path) -> None:
        self.fault = ""
        self._path, self._torn = path, False
        self._elapsed_s: Callable[[], float] | None = None
        self._file: BinaryIO | None = None
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="diary", daemon=True)
        self._thread.start()

    def notice(self) -> None:
        """From now on entries tell the seconds since this moment."""
        self._elapsed_s = stopwatch()

    def note(self, kind: str, **data: Any) -> None:
        since_s = round(self._elapsed_s(), 6) if self._elapsed_s else None
        entry = {"utc": utc_now().isoformat(), "since_s": since_s, "kind": kind, "data": data}
        self._lines.put(json.dumps(entry, ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=str).encode() + b"\n")

    def sent(self, role: str, data: bytes, stamp_us: int) -> None:
        self.note("sent", role=role, bytes=data.decode("latin-1"))

    def received(self, role: str, frames: Stamped) -> None:
        for frame, _ in frames:
            self.note("received", role=role, bytes=frame.decode("latin-1"))

    def exchanged(self, role: str, request: bytes, reply: bytes | None, sent_us: int, heard_us: int) -> None:
        """Both halves have been noted already, each when it came."""

    def close(self) -> None:
        """Wait until all is on the disk, but not for long."""
        self._lines.put(None)
        self._thread.join(_SYNC_S)
        if self._thread.is_alive():
            self.fault = f"the disk has not taken it within {_SYNC_S:g} s"

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._append(line)
            except OSError as err:
                self.fault = str(err)
        if self._file is not None:
            self._file.close()

    def _append(self, line: bytes) -> None:
        if self._file is None:
            self._file = self._path.open("ab", buffering=0)
        whole = b"\n" + line if self._torn else line  # half a line may stand there
        self._torn = self._file.write(whole) != len(whole)
        if self._torn:
            raise OSError("the disk took only part of a line")
        os.fsync(self._file.fileno())


# --- watching ---


def released(orders: Iterable[bytes]) -> bool:
    """Read until the harness lets go (True) or is gone (False)."""
    return any(line == RELEASED for line in orders)


def be_deaf() -> None:
    """No signal that a terminal or a polite ``kill`` sends ends it: it ends when its input does."""
    for name in _DEAF_TO:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


# --- stopping ---


class Attempt:
    """One try to stop the pump, from opening its port to its confirmation. Raises ConfigError for what cannot be guarded."""

    def __init__(self, pump: Guarded, diary: Diary) -> None:
        known = drivers("pumps")
        if pump.driver not in known:
            raise ConfigError(f"{pump.role}.driver: {pump.driver!r} is not known; there are: {', '.join(sorted(known))}")
        self._pump, self._diary = pump, diary
        self._driver: Driver[Pump] = known[pump.driver]
        self._options = options_from(self._driver.options, pump.options, f"{pump.role}.options")
        self._line = options_from(LineSettings, pump.line, f"{pump.role} line")

    def __call__(self) -> Mapping[str, Any]:
        """Returns what the pump said of itself; then the line is closed. Raises BenchError."""
        role = self._pump.role
        ports = Ports({role: self._pump.address}, {"bench": {"visa": self._pump.visa}})
        try:
            ports.open(role, self._line)
            link = Link(ports[role], self._driver.framer, ports.clock, role=role, tap=self._diary)
            return stopped(self._driver.make(link, self._options), link)
        finally:
            ports.close()


def stopped(pump: Pump, link: Link) -> Mapping[str, Any]:
    """Stop the pump, see that it does not run, and only then ask who it is: that may change its mode, and is not needed.

    Answers to the dead process may still be on their way: they are let go by first. Raises BenchError when it may still run.
    """
    link.settle()
    status = _standing(pump)
    told = {"word": status.word, "alarm": status.alarm}
    with suppress(BenchError):
        identity = _past_alarm(pump.resume)
        told |= {"model": identity.model, "serial": identity.serial, "firmware": identity.firmware}
    return told


def _standing(pump: Pump) -> PumpStatus:
    try:
        _past_alarm(pump.stop)
    except BenchError:
        _past_alarm(pump.resume)
        _past_alarm(pump.stop)
    status = _past_alarm(pump.poll)
    if status.running:
        raise SafetyError(f"the pump has confirmed the stop and says that it runs ({status.word})")
    return status


def _past_alarm(act: Callable[[], Result]) -> Result:
    """An alarm that answers in place of the reply is acknowledged by that."""
    try:
        return act()
    except PumpAlarm:
        return act()


def persist(attempt: Callable[[], Mapping[str, Any]], clock: Clock, limit_s: float, diary: Diary) -> str:
    """Try until it is done; returns why it was not, empty when it was. Whatever goes wrong is only a reason to try again."""
    until_s, told = clock.now_s() + limit_s, set[str]()
    while True:
        try:
            diary.note("stopped", confirmed=True, **attempt())
            return ""
        except Exception as err:  # noqa: BLE001 - a fault in a driver, too, must not end the search for the pump
            reason = f"{type(err).__name__}: {err}"
        if reason not in told:
            told.add(reason)
            diary.note("failure", reason=reason)
        if clock.now_s() >= until_s:
            diary.note("gave up", confirmed=False, reason=reason)
            return reason
        clock.sleep_until(clock.now_s() + _RETRY_S)


# --- telling ---


def tell(words: str, terminals: list[int]) -> None:
    """One line to the terminal, and to standard error unless that is it. Those that nobody holds any more are passed over."""
    for place in terminals if terminals and os.isatty(_STANDARD_ERROR) else [_STANDARD_ERROR, *terminals]:
        with suppress(OSError):
            os.write(place, f"\ndosebench guardian: {words}\n".encode())


def watch(orders: Orders, lines: Iterable[bytes], attempt: Attempt, diary: Diary) -> str:
    """Until the harness has released it, or is gone and the pump was stopped, if it could be.

    Returns what there is to tell: nothing after a release; with a bell at its beginning where the pump has not confirmed.
    """
    diary.note("started", guardian=os.getpid(), harness=orders.harness, pump=orders.pump.address, driver=orders.pump.driver)
    if released(lines):
        diary.note("released")
        return ""
    diary.notice()
    diary.note("harness gone", harness=orders.harness)
    reason = persist(attempt, WallClock(), orders.limit_s, diary)
    gone = f"the harness (process {orders.harness}) is gone;"
    if reason:
        return f"\a{gone} the pump at {orders.pump.address} DID NOT CONFIRM THAT IT STANDS ({reason}); go and stop it by hand now"
    return f"{gone} the pump at {orders.pump.address} was stopped and has confirmed that it stands"


def main(terminals: Iterable[str]) -> int:
    """Take orders, stand ready, watch. ``terminals``: descriptors to tell the end to, besides standard error."""
    be_deaf()
    lines = sys.stdin.buffer
    try:
        orders = read(lines.readline())
        held = lock_of(Path(orders.diary))  # until this process ends: it must not be collected before
        held.acquire()
        diary = Diary(Path(orders.diary))
        attempt = Attempt(orders.pump, diary)
    except BenchError as err:
        sys.stdout.write(f"{err}\n")
        return 2
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    words = watch(orders, lines, attempt, diary)
    diary.close()
    if words:
        unwritten = f"; its diary is not whole ({diary.fault})" if diary.fault else ""
        tell(words + unwritten, [*map(int, terminals)])
    return int(words.startswith("\a"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
