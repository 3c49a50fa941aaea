"""Why a line could not be opened, or was lost: what the layers beneath raise, sorted by what has to be done about it.

pyserial, pyvisa and the operating system say the same thing in many ways (a number, a text, an exception inside another);
``visa-and-serial-transport`` sections 1.5, 1.6, 1.8 and 2 of the project's notes list what was seen.
"""

from __future__ import annotations

import errno
import re
import socket
import sys
from collections.abc import Iterator

from pyvisa.constants import StatusCode

from instruments.errors import LinkAbsent, LinkBusy, LinkError, LinkLost, LinkRefused

_NUMBER = re.compile(r"\[Errno (\d+)\]|WinError (\d+)|\((\d+),")
_ABSENT = "is the cable in, the name right? 'dosebench discover' lists what is there"
_DENIED = "the system does not let this user open it; on Linux join the group 'dialout' or add a udev rule, then log in again"
_REFUSED = "nothing takes connections there; check that the device (or its serial server) is on, and the port number"
_NO_SUCH_HOST = "no host has that name here; check its spelling, or write the number of its address"
_UNREACHABLE = "the host does not answer; check its power, its network cable and the address"
_BUSY = "another program has it open; close that one first"
_NO_VISA = "bench.visa names a VISA library that is not installed; install it, or leave bench.visa away"
_UNKNOWN = "check the address and the cable"

_BY_NUMBER: dict[int, tuple[type[LinkError], str]] = {
    errno.ENOENT: (LinkAbsent, _ABSENT),
    errno.ENXIO: (LinkAbsent, _ABSENT),
    errno.ENODEV: (LinkAbsent, _ABSENT),
    errno.EACCES: (LinkAbsent, _DENIED),
    errno.EPERM: (LinkAbsent, _DENIED),
    errno.EBUSY: (LinkBusy, _BUSY),
    errno.EAGAIN: (LinkBusy, _BUSY),
    errno.ECONNREFUSED: (LinkRefused, _REFUSED),
    errno.ECONNRESET: (LinkRefused, _REFUSED),
    errno.ETIMEDOUT: (LinkRefused, _UNREACHABLE),
    errno.EHOSTUNREACH: (LinkRefused, _UNREACHABLE),
    errno.EHOSTDOWN: (LinkRefused, _UNREACHABLE),
    errno.ENETDOWN: (LinkRefused, _UNREACHABLE),
    errno.ENETUNREACH: (LinkRefused, _UNREACHABLE),
}
if sys.platform == "win32":  # a port that another program has open is "denied" there
    _BY_NUMBER[errno.EACCES] = (LinkBusy, _BUSY)
_BY_VISA: dict[int, tuple[type[LinkError], str]] = {
    StatusCode.error_resource_not_found: (LinkAbsent, _ABSENT),
    StatusCode.error_resource_busy: (LinkBusy, _BUSY),
    StatusCode.error_resource_locked: (LinkBusy, _BUSY),
    StatusCode.error_timeout: (LinkRefused, _UNREACHABLE),
    StatusCode.error_connection_lost: (LinkRefused, _UNREACHABLE),
}
_BY_WORDS: tuple[tuple[str, type[LinkError], str], ...] = (
    ("does not seem to support rfc2217", LinkRefused, "it is a plain TCP port: write socket:// instead of rfc2217://"),
    ("could not connect: -1073807339", LinkRefused, _UNREACHABLE),  # VI_ERROR_TMO
    ("timed out", LinkRefused, _UNREACHABLE),
    ("could not open visa library", LinkAbsent, _NO_VISA),
    ("could not locate a visa implementation", LinkAbsent, _NO_VISA),
    ("wrapper not found", LinkAbsent, _NO_VISA),
    ("please install", LinkAbsent, "install what is named there, or give bench.visa the vendor's library"),
    ("could not open port", LinkAbsent, _ABSENT),
)


def not_opened(role: str, address: str, err: BaseException) -> LinkError:
    """The error for a port that could not be opened, by its cause."""
    kind, advice = _cause(err)
    return kind(f"{role}: {address} cannot be opened ({err}); {advice}")


def line_lost(address: str, err: BaseException) -> LinkLost:
    """The error for a line that went away while in use."""
    return LinkLost(f"{address}: the line was lost ({err}); check cable and power of the device")


def _cause(err: BaseException) -> tuple[type[LinkError], str]:
    for inner in _chain(err):
        if isinstance(inner, (socket.gaierror, UnicodeError)):  # its numbers are none of the system's errors
            return LinkAbsent, _NO_SUCH_HOST
        for known in (_BY_NUMBER.get(_number(inner)), _BY_VISA.get(getattr(inner, "error_code", 0))):
            if known is not None:
                return known
    said = str(err).lower()
    return next(((kind, advice) for words, kind, advice in _BY_WORDS if words in said), (LinkError, _UNKNOWN))


def _chain(err: BaseException | None) -> Iterator[BaseException]:
    """The exception and those it was raised from, the outermost first."""
    while err is not None:
        yield err
        err = err.__cause__ or err.__context__


def _number(err: BaseException) -> int:
    """The system's error number: an attribute, or only in the text."""
    number = getattr(err, "errno", None)
    if isinstance(number, int):
        return number
    match = _NUMBER.search(str(err))
    return int(next(group for group in match.groups() if group)) if match else 0
