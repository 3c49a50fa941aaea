"""The line of a simulated device on a pseudo-terminal, in raw mode. Not on Windows.

The second descriptor is closed once the terminal is set: from then on the first one tells (by POLLHUP) whether any program has
the port open, and the settings stay. pyserial cannot set 7 bits or parity on a pseudo-terminal that has them already
(termios.error 22), so the first settings are put back whenever a client leaves.
"""

from __future__ import annotations

import os
import select
import termios
import tty
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from selectors import BaseSelector

from instruments.errors import ConfigError
from instruments.sim.channel import Channel, Hear


class PtyEndpoint:
    """A port like ``/dev/pts/3``; ``links`` are symbolic links to it, of names that stay when the cable has been pulled and put
    back.

    Raises ConfigError when there is no terminal to be had, or a link cannot be made.
    """

    def __init__(self, selector: BaseSelector, hear: Hear, links: Sequence[Path] = ()) -> None:
        self.lost = 0
        self.address: str | None = None
        self._selector, self._hear, self._links = selector, hear, links
        self._client: Channel | None = None
        self.plug_in()

    def plug_in(self) -> None:
        self._master, slave = _pair()
        tty.setraw(slave, termios.TCSANOW)
        self._fresh = termios.tcgetattr(slave)
        self.address = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._state = select.poll()
        self._state.register(self._master, select.POLLIN)
        try:
            for link in self._links:
                _link(link, self.address)
        except ConfigError:
            self.unplug()
            raise

    def unplug(self) -> None:
        if self.address is None:
            return
        for link in self._links:
            _unlink(link, self.address)
        self.address = None
        if self._client is not None:
            self._client.close()
        os.close(self._master)

    def close(self) -> None:
        self.unplug()

    def look(self) -> None:
        """A client that has come and gone meanwhile is let in as well when it left something to read."""
        if self._client is not None or self.address is None:
            return
        if self._sees() != select.POLLHUP:
            streams = (partial(os.read, self._master), partial(os.write, self._master))
            self._client = Channel(self._selector, self._master, streams, self._hear, self._left)
        elif termios.tcgetattr(self._master) != self._fresh:
            self._left()

    def send(self, data: bytes) -> None:
        self.look()
        if self._client is not None and not self._client.write(data):
            self.lost += len(data)

    def _sees(self) -> int:
        return sum(events for _, events in self._state.poll(0))

    def _left(self) -> None:
        """Make the port as new for the next client: nothing of the last one's in it, and its settings forgotten."""
        self._client = None
        if self.address is None or not self._sees() & select.POLLHUP:
            return
        termios.tcflush(self._master, termios.TCOFLUSH)
        slave = os.open(self.address, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        termios.tcflush(slave, termios.TCIFLUSH)
        os.close(slave)
        termios.tcsetattr(self._master, termios.TCSANOW, self._fresh)


def _pair() -> tuple[int, int]:
    try:
        return os.openpty()
    except OSError as err:
        raise ConfigError(f"the system gives no pseudo-terminal ({err})") from err


def _link(link: Path, target: str) -> None:
    """Make or replace a symbolic link in one step; anything else of that name is left alone."""
    aside = link.with_name(f".{link.name}.{os.getpid()}")
    try:
        if link.exists() and not link.is_symlink():
            raise FileExistsError("there is something of that name that is no link")
        link.parent.mkdir(parents=True, exist_ok=True)
        aside.symlink_to(target)
        aside.replace(link)
    except OSError as err:
        raise ConfigError(f"{link}: the link to {target} cannot be made ({err})") from err


def _unlink(link: Path, target: str) -> None:
    with suppress(OSError):
        if str(link.readlink()) == target:
            link.unlink()
