"""One program at a time on one resource: a lock taken before any open, that tells who holds it and since when.

pyserial's own ``exclusive`` binds only those who ask for it, pyvisa-py shares a port with anybody, and two readers on one line
steal each other's bytes. The lock is a file of the system's temporary folder, held by the operating system's own file lock: it
ends with the process, however that ends. Beside it lies a note with the owner. DOSEBENCH_LOCKS names another folder for both.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import sys
import tempfile
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from instruments.clock import utc_now
from instruments.errors import LinkBusy, LinkError

_ELSEWHERE = "DOSEBENCH_LOCKS"
_SERIAL_VISA = re.compile(r"^(visa://[^/]*/)?ASRL(?P<device>.+?)(::INSTR)?$", re.IGNORECASE)
_TCP = re.compile(r"^(?:socket|rfc2217)://(?P<at>[^/?]+)|^TCPIP\d*::(?P<host>[^:]+)::(?P<port>\d+)::SOCKET$", re.IGNORECASE)


def resource_of(address: str) -> str:
    """The name of the thing itself, the same for every way of writing its address: links are followed, case is folded."""
    if match := _SERIAL_VISA.match(address):
        return resource_of(match["device"])
    if match := _TCP.match(address):
        return f"tcp {match['at'] or match['host'] + ':' + match['port']}".lower()
    return os.path.realpath(address) if Path(address).exists() else address.upper()


class ResourceLock:
    """Held from the first open of a resource to its last close."""

    def __init__(self, address: str) -> None:
        self.resource = resource_of(address)
        stem = _folder() / re.sub(r"[^A-Za-z0-9.-]+", "_", self.resource).strip("_")
        self._owner = stem.with_name(stem.name + ".owner")
        self._lock = FileLock(stem.with_name(stem.name + ".lock"), timeout=0, mode=0o666, thread_local=False)

    def acquire(self) -> None:
        """Raises LinkBusy with the owner and how long it has had the resource."""
        try:
            self._lock.acquire()
        except Timeout:
            raise LinkBusy(f"{self.resource} is in use by {self._holder()}; end that program first") from None
        except OSError as err:
            raise LinkError(f"the lock of {self.resource} cannot be taken ({err}); check {self._owner.parent}") from err
        self._write_owner()

    def release(self) -> None:
        with suppress(OSError):
            self._owner.unlink()
        self._lock.release()

    def _write_owner(self) -> None:
        told = {"pid": os.getpid(), "user": getpass.getuser(), "program": _program(), "since": utc_now().isoformat()}
        with suppress(OSError):  # the lock holds without its note
            self._owner.write_text(json.dumps(told), encoding="utf-8")

    def _holder(self) -> str:
        try:
            told = json.loads(self._owner.read_text(encoding="utf-8"))
            since = datetime.fromisoformat(told["since"])
            return (
                f"{told['program']} of {told['user']} (process {told['pid']}) since {since:%H:%M} UTC, {_age(utc_now() - since)}"
            )
        except (OSError, ValueError, KeyError, TypeError):
            return "another program (which one, it does not say)"


def _age(age: timedelta) -> str:
    minutes = max(0, round(age.total_seconds() / 60))
    return f"{minutes} min ago" if minutes < 120 else f"{minutes / 60:.0f} h ago"


def _program() -> str:
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]) if sys.argv and sys.argv[0] else "python"


def _folder() -> Path:
    """Shared by all users of the machine. Not sticky: with that, Linux would keep users from opening each other's locks."""
    folder = Path(os.environ.get(_ELSEWHERE, "") or Path(tempfile.gettempdir()) / "dosebench-locks")
    with suppress(FileExistsError):
        folder.mkdir()
        folder.chmod(0o777)
    return folder
