"""One error tree, split by whose fault it is.

Everything here says that the *bench* could not do its work; the device under test is not judged by it. A measured value
outside its limits is never an error: it is a verdict.
"""

from __future__ import annotations

_SHOWN = 100
"""Bytes of a wrong reply that a message shows; it keeps all of them."""


class BenchError(Exception):
    """The bench got something wrong, or lost something; the message says what to do next."""


class ConfigError(BenchError):
    """A file or an option that a person wrote cannot be used. Nothing has moved yet."""


class LinkError(BenchError):
    """The port is absent, busy or lost."""


class LinkAbsent(LinkError):
    """There is no such port, or it may not be opened."""


class LinkRefused(LinkError):
    """The host is there, or should be, and takes no connection."""


class LinkBusy(LinkError):
    """Another program has the port."""


class LinkLost(LinkError):
    """The line went away while it was in use. It may come back."""


class ReplyTimeout(LinkError, TimeoutError):
    """The device did not answer within its time."""


class HalfReply(ReplyTimeout):
    """A reply began and did not end within its time."""


class GarbledReply(ReplyTimeout):
    """Something came, but nothing that answers the question."""


class ReplyError(BenchError):
    """Bytes came, but they are not a legal reply; they are kept in ``raw``."""

    def __init__(self, message: str, raw: bytes) -> None:
        super().__init__(f"{message}: {raw[:_SHOWN]!r}{' and so on' if len(raw) > _SHOWN else ''}")
        self.raw = raw


class Refused(BenchError):
    """The instrument understood and said no; its own code is kept in ``code``."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(f"{message} (the instrument answered {code!r})")
        self.code = code


class WrongDevice(BenchError):
    """Another device answers at the address than the bench file says."""


class SettingDiffers(BenchError):
    """The instrument took another value than the one asked for."""


class PumpAlarm(BenchError):
    """The pump answered with an alarm instead of doing what it was asked; ``letter`` is its own code."""

    def __init__(self, message: str, letter: str) -> None:
        super().__init__(message)
        self.letter = letter


class NotMet(BenchError):
    """A test that was written by hand has asserted something of the pump that is not so."""


class Interlock(BenchError):
    """More liquid or more time than the plan can need: the run is ended before harm is done."""


class SafetyError(BenchError):
    """A stop could not be confirmed: somebody has to look at the pump now."""
