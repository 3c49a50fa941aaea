"""How to ask carefully whether a New Era pump is there."""

from __future__ import annotations

from instruments.driver import Probe
from instruments.errors import ReplyError
from instruments.identity import Identity
from instruments.wire import new_era as wire
from instruments.wire import new_era_values as values


def identity_of(version: str) -> Identity | None:
    """The identity in the data of a ``VER`` reply, or None if it is not one."""
    model = values.parse_version(version)
    return Identity(f"New Era {model}", firmware=version) if model else None


def _identify(answer: bytes) -> Identity | None:
    """A version, or an alarm, in all that came."""
    ends = wire.reply_ends(answer).tolist()
    frames = [answer[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return next((found for frame in frames if (found := _identity_in(frame)) is not None), None)


def _identity_in(frame: bytes) -> Identity | None:
    try:
        reply = wire.decode_reply(frame)
    except ReplyError:
        return None
    if reply.alarm:
        return Identity(f"New Era (told an alarm: {wire.ALARM_WORDS[reply.alarm]})")
    return identity_of(reply.data)


PROBE = Probe(b"VER\r", _identify)
"""Asks pump 0 for its version, in Basic framing.

A pump that has an alarm pending (as every pump after power-up has) tells it in place of the answer and takes it for acknowledged,
as it does with any question: the motor stands by then, nothing is set, and the identity says which alarm it was. A pump in Safe
mode does not answer. A Safe packet would be answered in both modes, but it would start the watchdog of a pump that runs in Safe
mode and has not been spoken to since its power came back, and so stop it.
"""
