"""Chemyx Fusion: commands in words, replies that begin with an echo and end with a prompt.

A command is ``[channel ]words[ values] CR`` in lower case. The reply is the command again and CR (with the echo on), lines that
end with CR LF, and ``>``. Values are lists with commas, one for each step of a run.

Left out, as their replies are known from one weak source or not at all: ``restart``, ``set time``, ``set primerate``,
``change rate``, ``elapsed time``, ``view parameter``, ``hexw2``, ``help``, and the cycle mode of the Fusion 4000.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from instruments.errors import ReplyError
from instruments.stamped import IntArray

CR, PROMPT = 0x0D, 0x3E

STATUS_WORDS = {
    "0": "stopped",
    "1": "running",
    "2": "paused",
    "3": "waiting for its delay",
    "4": "stalled",
}
"""The first two are known from a client; of the others only the order."""
STANDING = frozenset("02")
"""A pause ends only by a command. A stall is no proof of standing: what 4 means is not known well enough for that."""
STALL = "4"
INVALID = "Invalid Command!"
RATE_UNITS_ML_H = {"0": 60.0, "1": 1.0, "2": 0.06, "3": 0.001}
"""mL/h in one unit of ``set units``: mL/min, mL/h, uL/min, uL/h."""
DECIMALS = {"units": 0, "diameter": 3, "rate": 6, "volume": 6, "delay": 6, "dispensed volume": 4}
"""Decimals of each value that a pump prints with its name."""
_LIMIT_DECIMALS = 4

_COMMAND = re.compile(r"(?:(?P<channel>[1-9]) )?(?P<words>[a-z]+(?: [a-z]+)*)(?: (?P<values>[-.,\d]+))? *\Z", re.ASCII)
_REPLY = re.compile(rb"(?:(?P<echo>[\x20-\x3d\x3f-\x7e]*)\r)?(?P<lines>(?:[\x20-\x3d\x3f-\x7e]*\r\n)*)>\Z")
_VALUE = re.compile(r"-?(\d+\.?\d*|\.\d+)\Z", re.ASCII)
_LIMITS = re.compile(r"(?:\d+\.\d{4} ){3}\d+\.\d{4}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Command:
    """``channel`` 0: not given. ``values`` as they are written, with their commas."""

    words: str
    values: str = ""
    channel: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """``echo`` is None when the pump does not echo."""

    echo: str | None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What ``read limit parameter`` says; that the numbers stand in this order is known from one client."""

    largest_volume: float
    smallest_volume: float
    fastest_rate: float
    slowest_rate: float


def command_ends(data: bytes) -> IntArray:
    """Framer for the pump: up to each CR."""
    return _ends(data, CR)


def reply_ends(data: bytes) -> IntArray:
    """Framer for the host: up to each prompt."""
    return _ends(data, PROMPT)


def _ends(data: bytes, mark: int) -> IntArray:
    return np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == mark) + 1


def command_text(command: Command) -> str:
    """A command as it stands on the line and in its echo."""
    channel = str(command.channel) if command.channel else ""
    return " ".join(part for part in (channel, command.words, command.values) if part)


def encode_command(command: Command) -> bytes:
    return command_text(command).encode("ascii") + b"\r"


def decode_command(frame: bytes) -> Command:
    """Read one command. Raises ReplyError on what a pump answers with ``Invalid Command!``; capitals and a space in front are."""
    match = _COMMAND.match(frame[:-1].decode("latin-1").lstrip("\n"))
    if match is None or frame[-1:] != b"\r":
        raise ReplyError("not a command of a Chemyx pump", frame)
    return Command(match["words"], match["values"] or "", int(match["channel"] or 0))


def encode_reply(reply: Reply) -> bytes:
    echo = "" if reply.echo is None else f"{reply.echo}\r"
    return (echo + "".join(f"{line}\r\n" for line in reply.lines) + ">").encode("ascii")


def decode_reply(frame: bytes) -> Reply:
    """Read one reply. Raises ReplyError on anything else."""
    match = _REPLY.match(frame)
    if match is None:
        raise ReplyError("not a reply of a Chemyx pump", frame)
    echo = None if match["echo"] is None else match["echo"].decode("ascii")
    return Reply(echo, tuple(match["lines"].decode("ascii").split("\r\n")[:-1]))


def number_for_pump(value: float, name: str) -> str:
    """``value`` with the decimals that the pump shows of ``name``. Raises ValueError for what is no number of a pump."""
    if not abs(value) < 1e6:
        raise ValueError(f"{value} is no {name} of a pump")
    return f"{value:.{DECIMALS[name]}f}"


def parse_values(text: str) -> tuple[float, ...] | None:
    """The values of a command, or None if the pump would not take them."""
    parts = text.split(",")
    return tuple(map(float, parts)) if all(_VALUE.match(part) for part in parts) else None


def print_values(name: str, values: Sequence[float]) -> str:
    """The line in which the pump says what it has."""
    return f"{name} = {','.join(f'{value:.{DECIMALS[name]}f}' for value in values)}"


def read_value(line: str, name: str) -> float | None:
    """The one value of a line with this name, or None if it is not such a line."""
    decimals = rf"\.\d{{{DECIMALS[name]}}}" if DECIMALS[name] else ""
    match = re.match(rf"{name} = (-?\d+{decimals})\Z", line, re.ASCII)
    return float(match[1]) if match else None


def print_limits(limits: Limits) -> str:
    numbers = (limits.largest_volume, limits.smallest_volume, limits.fastest_rate, limits.slowest_rate)
    return " ".join(f"{number:.{_LIMIT_DECIMALS}f}" for number in numbers)


def read_limits(line: str) -> Limits | None:
    """The line that answers ``read limit parameter``, or None if it is not one."""
    return Limits(*map(float, line.split(" "))) if _LIMITS.match(line) else None
