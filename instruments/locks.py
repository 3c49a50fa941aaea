"""One program at a time on one resource: a lock taken before any open, that tells who holds it and since when.

pyserial's own ``exclusive`` binds only those who ask for it, pyvisa-py shares a port with anybody, and two readers on one line
steal each other's bytes. The lock is a file in a folder that all users of the machine share, held by the operating system's own
file lock: it ends with the process, however that ends. Beside it lies a note with the owner. DOSEBENCH_LOCKS names another folder
for both.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout
from pyvisa.rname import InvalidResourceName, to_canonical_name

from instruments.clock import utc_now
from instruments.errors import LinkBusy, LinkError

_ELSEWHERE = "DOSEBENCH_LOCKS"
_SHARED = Path(os.environ.get("PROGRAMDATA", "C:/ProgramData") if sys.platform == "win32" else "/tmp") / "dosebench-locks"  # noqa: S108
"""Not the folder for temporary files: that one may differ from user to user, and from shell to shell."""
_SERIAL_VISA = re.compile(r"^(visa://[^/]*/)?ASRL(?P<device>.+?)(::INSTR)?$", re.IGNORECASE)
_TCP = re.compile(r"^(?:socket|rfc2217)://(?P<at>[^/?]+)|^TCPIP\d*::(?P<host>[^:]+)::(?P<port>\d+)::SOCKET$", re.IGNORECASE)


def resource_of(address: str) -> str:
    """The name of the thing itself, the same for every way of writing its address: links are followed, case is folded."""
    if match := _SERIAL_VISA.match(address):
        device = match["device"]
        return resource_of(f"COM{device}" if device.isdigit() else device)
    if match := _TCP.match(address):
        return f"tcp {match['at'] or match['host'] + ':' + match['port']}".lower()
    if os.path.exists(address):  # noqa: PTH110 - Path.exists raises for what can be no path
        return os.path.realpath(address)
    return _canonical(address.upper()).upper()


def _canonical(address: str) -> str:
    """A VISA name with all its parts: boards, sub-addresses and classes may be left out."""
    try:
        return to_canonical_name(address)
    except InvalidResourceName:
        return address.removeprefix("\\\\.\\")  # how Windows itself writes COM10


class FolderLock:
    """Held by whoever still writes into a folder. It lies in that folder, so that it is seen from wherever the folder is."""

    def __init__(self, folder: Path, name: str = ".lock") -> None:
        self._folder = folder
        self._lock = FileLock(folder / name, timeout=0, thread_local=False)

    def acquire(self) -> None:
        """Raises LinkBusy when somebody else writes into the folder, LinkError when it takes no lock."""
        try:
            self._lock.acquire()
        except Timeout:
            raise LinkBusy(f"{self._folder} is being written by another program") from None
        except OSError as err:
            raise LinkError(f"{self._folder} cannot be held ({err})") from err

    def release(self) -> None:
        self._lock.release()


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
        try:
            self._write_owner()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        with suppress(OSError):
            self._owner.unlink()
        self._lock.release()

    def _write_owner(self) -> None:
        """The note of one who crashed may be another user's, who alone may write in it: it is put away first."""
        told = {"pid": os.getpid(), "user": _user(), "program": _program(), "since": utc_now().isoformat()}
        with suppress(OSError):  # the lock holds without its note
            self._owner.unlink(missing_ok=True)
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


def _user() -> str:
    """A user without a name (a container's) is one by number; what is raised for it differs from system to system."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "somebody"


def _program() -> str:
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]) if sys.argv and sys.argv[0] else "python"


def _folder() -> Path:
    """Shared by all users of the machine. Not sticky: with that, Linux would keep users from opening each other's locks."""
    folder = Path(os.environ.get(_ELSEWHERE, "") or _SHARED)
    try:
        folder.mkdir(parents=True)
        folder.chmod(0o777)
    except FileExistsError:
        pass
    except OSError as err:
        raise LinkError(f"the folder for locks cannot be made ({err}); let {_ELSEWHERE} name one that can") from err
    return folder
