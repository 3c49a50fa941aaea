"""Harvard Model 44 command set (PHD 2000, PHD 4400, PHD ULTRA set to ``cmd 44``): commands, replies, numbers.

A command is ``[address] word [argument] CR``, with or without spaces; words have three letters. CR alone stops every pump on the
chain, an address alone asks for the prompt. The reply is ``LF text CR`` if there is something to say, then ``LF address prompt``.

Left out, as their replies are not known well enough: the sequences of a program (``SEQ``, ``PGR``, ``MOD PGM``), auto-fill
(``AF``, ``SYR``), the TTL pins (``IN``, ``OUT``), and what the Model 33 has in place of modes (``AUT``, ``PRO``, ``CON``,
``PAR``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from instruments.errors import ReplyError
from instruments.stamped import IntArray

LF, CR = 0x0A, 0x0D

PROMPT_WORDS = {
    ":": "stopped",
    ">": "infusing",
    "<": "refilling",
    "/": "in a pause interval",
    "*": "interrupted",
    "^": "waiting for a trigger",
}
STANDING = frozenset(":*")
"""What is in a pause interval or waits for a trigger stands too, but goes on by itself."""
ERROR_WORDS = {
    "?": "command not recognised",
    "NA": "not applicable at the moment",
    "OOR": "value out of range",
}
RATE_UNITS = {
    "MM": ("ml/mn", 60.0),
    "UM": ("ul/mn", 0.06),
    "MH": ("ml/hr", 1.0),
    "UH": ("ul/hr", 0.001),
}
"""As a host writes a rate unit: how the pump prints it, and how many mL/h one of it is."""

_CHARACTERS = 6
_TOO_LARGE = 99999.5
_COMMAND = re.compile(r"(?P<address>\d{0,2})(?P<word>(?:[A-Z]{3})?)(?P<argument>.*)\Z", re.DOTALL)
_REPLY = re.compile(rb"(?:\n(?P<text>[\x20-\x7e]+)\r)?\n(?P<address>0|[1-9]\d?)(?P<prompt>[:></*^])\Z")
_REPLY_END = re.compile(rb"\n\d{1,2}[:></*^]")
_TAKEN = re.compile(r"(?=.{1,6}\Z)(\d+\.?\d*|\.\d+)\Z", re.ASCII)
_PRINTED = re.compile(r"  (?P<number>(?=[\d.]{6}(?![\d.]))\d+\.(?P<decimals>\d*))(?P<unit>[a-z/]*)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Command:
    """What a host says. ``address`` None: not given. A word that has no three letters is left in ``argument``."""

    address: int | None
    word: str = ""
    argument: str = ""


STOP_ALL = Command(None)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a pump says: its prompt, and before it a line of text or none."""

    address: int
    prompt: str
    text: str = ""

    @property
    def error(self) -> str:
        """The refusal (``?``, ``NA``, ``OOR``), or an empty text."""
        return self.text.strip() if self.text.strip() in ERROR_WORDS else ""


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as a pump prints it, with the step of its last place, both in the unit that was asked for."""

    value: float
    step: float


def command_ends(data: bytes) -> IntArray:
    """Framer for the pump: up to each CR."""
    return np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == CR) + 1


def reply_ends(data: bytes) -> IntArray:
    """Framer for the host: from an LF to the first line that is an address and a prompt; noise before it is its own frame."""
    ends: list[int] = []
    at = 0
    while at < len(data):
        end = _reply_end(data, at) if data[at] == LF else data.find(b"\n", at)
        if end < 0:
            break
        ends.append(end)
        at = end
    return np.array(ends, dtype=np.int64)


def _reply_end(data: bytes, at: int) -> int:
    match = _REPLY_END.search(data, at)
    return match.end() if match else -1


def encode_command(command: Command) -> bytes:
    address = "" if command.address is None else str(command.address)
    return f"{address}{command.word}{command.argument}\r".encode("ascii")


def decode_command(frame: bytes) -> Command:
    """A command as the pump sees it: without spaces and control characters, in capitals. Raises ReplyError without its CR."""
    text = "".join(chr(byte) for byte in frame if 0x20 < byte < 0x7F).upper()
    match = _COMMAND.match(text)
    if match is None or frame[-1:] != b"\r":
        raise ReplyError("not a Model 44 command", frame)
    return Command(int(match["address"]) if match["address"] else None, match["word"], match["argument"])


def encode_reply(reply: Reply) -> bytes:
    text = f"\n{reply.text}\r" if reply.text else ""
    return f"{text}\n{reply.address}{reply.prompt}".encode("ascii")


def decode_reply(frame: bytes) -> Reply:
    """Read one reply. Raises ReplyError on anything else."""
    match = _REPLY.match(frame)
    if match is None:
        raise ReplyError("not a reply of a Model 44 pump", frame)
    text = (match["text"] or b"").decode("ascii")
    return Reply(int(match["address"]), match["prompt"].decode("ascii"), text)


def number_for_pump(value: float) -> str:
    """``value`` in the six characters that a pump takes, rounded to the nearest they can carry.

    Raises ValueError for what does not fit (negative, or 99999.5 and more).
    """
    if 0 <= value < _TOO_LARGE:
        texts = (f"{abs(value):.{decimals}f}" for decimals in (4, 3, 2, 1, 0))
        return next(text for text in texts if len(text) <= _CHARACTERS)
    raise ValueError(f"{value} does not fit into the six characters that the pump takes")


def parse_number(text: str) -> float | None:
    """A number as a host may write it (``5``, ``5.``, ``.5``, ``1.5000``), or None if the pump would not take it."""
    return float(text) if _TAKEN.match(text) else None


def print_number(value: float, unit: str = "") -> str:
    """A line as the pump prints it: two spaces, six characters with a point, the unit right behind."""
    for decimals in (4, 3, 2, 1):
        text = f"{value:.{decimals}f}"
        if len(text) == _CHARACTERS:
            return f"  {text}{unit}"
    return f"  {min(round(value), 99999):d}.{unit}"


def read_rate(line: str) -> Printed | None:
    """A printed rate in mL/h, or None if the line is none."""
    return _in_unit(line, dict(RATE_UNITS.values()))


def read_volume(line: str) -> Printed | None:
    """A printed volume in mL, with or without its unit, or None if the line is none."""
    return _in_unit(line, {"": 1.0, "ml": 1.0})


def read_diameter(line: str) -> Printed | None:
    """A printed diameter in mm, with or without its unit, or None if the line is none."""
    return _in_unit(line, {"": 1.0, "mm": 1.0})


def _in_unit(line: str, units: dict[str, float]) -> Printed | None:
    match = _PRINTED.match(line)
    if match is None or match["unit"] not in units:
        return None
    unit = units[match["unit"]]
    return Printed(float(match["number"]) * unit, 10.0 ** -len(match["decimals"]) * unit)
