"""SCPI responses: how an instrument writes numbers, texts, errors and its identity, and how each is read by its full grammar.

Every reader takes one whole frame, CR and LF included, and raises ReplyError on anything else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from instruments.errors import ReplyError
from instruments.identity import Identity
from instruments.wire.scpi import END, block, quoted

Value = TypeVar("Value")

OVERLOAD, NOT_A_NUMBER = 9.9e37, 9.91e37
"""What stands in place of a value that is beyond the range, or that is not there."""

_BODY = re.compile(rb"([\x20-\x7e]*)\r?\n\Z")
_FIELD = re.compile(r'"(?:[^"]|"")*"|[^",;]+')
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d{1,3})?\Z", re.ASCII | re.IGNORECASE)
_READING = re.compile(r"[+-]?\d\.\d{4,10}E[+-]\d{2}", re.ASCII)
_OF_CHANNEL = re.compile(rf"({_READING.pattern}),(\d{{1,5}})", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,18}\Z", re.ASCII)
_TEXT = re.compile(r'"((?:[^"]|"")*)"\Z')
_ERROR = re.compile(r'([+-]?\d{1,5}),"((?:[^"]|"")*)"\Z', re.ASCII)
_IDENTITY = re.compile(r'([^",;]+),([^",;]+),([^",;]*),([^",;]*)\Z')
_WORD = re.compile(r"[A-Z][A-Z0-9_]*\Z", re.ASCII | re.IGNORECASE)
_BLOCK = re.compile(rb"#([1-9])")
_BOOLEANS = {"1": True, "+1": True, "ON": True, "0": False, "+0": False, "OFF": False}


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One entry of the error queue; code 0 is the answer of an empty one."""

    code: int
    text: str


# --- writing ---


def nr1(value: int, *, signed: bool = True) -> str:
    return f"{value:+d}" if signed else f"{value:d}"


def nr2(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}"


def nr3(value: float, decimals: int = 8) -> str:
    """``+1.23456789E+00``; not-a-number is 9.91E+37 without a sign, infinity an overload with one."""
    if math.isnan(value):
        return f"{NOT_A_NUMBER:.{decimals}E}"
    if math.isinf(value):
        value = math.copysign(OVERLOAD, value)
    return f"{value:+.{decimals}E}"


def encode_response(fields: Iterable[str], end: bytes = END) -> bytes:
    """The answers to the queries of one message, as one line."""
    return ";".join(fields).encode("latin-1") + end


def encode_block(data: bytes, end: bytes = END) -> bytes:
    return block(data) + end


def error_text(entry: ErrorEntry, *, signed: bool = True) -> str:
    """The answer to ``SYST:ERR?``: a code without a minus has a plus where the maker writes one."""
    return f"{nr1(entry.code, signed=signed)},{quoted(entry.text)}"


def identity_text(maker: str, identity: Identity) -> str:
    return f"{maker},{identity.model},{identity.serial},{identity.firmware}"


# --- reading ---


def _number(written: str, frame: bytes) -> float:
    if not _NUMBER.match(written):
        raise ReplyError("not a number", frame)
    return float(written)


def body(frame: bytes) -> str:
    """The printable text of a response line without its end."""
    match = _BODY.match(frame)
    if match is None:
        raise ReplyError("not a SCPI response line", frame)
    return match[1].decode("ascii")


def answers(frame: bytes) -> tuple[str, ...]:
    """The joined answers to several queries; semicolons inside texts do not count."""
    return tuple(_split(body(frame), ";"))


def fields(frame: bytes) -> tuple[str, ...]:
    """The comma-separated parts of one answer; commas inside texts do not count."""
    return tuple(_split(body(frame), ","))


def _split(line: str, separator: str) -> Iterable[str]:
    start = at = 0
    while at < len(line):
        if line[at] == separator:
            yield line[start:at]
            start = at = at + 1
        else:
            piece = _FIELD.match(line, at) if line[at] == '"' else None
            at = piece.end() if piece else at + 1
    yield line[start:]


def number(frame: bytes) -> float:
    """NR1, NR2 or NR3 as it stands."""
    return _number(body(frame), frame)


def numbers(frame: bytes) -> tuple[float, ...]:
    """Numbers with commas between them, one or more."""
    return tuple(_number(part, frame) for part in fields(frame))


def reading(frame: bytes) -> float:
    """One NR3 value as meters send it (``+1.23456789E+00``), and nothing shorter."""
    line = body(frame)
    if not _READING.fullmatch(line):
        raise ReplyError("not a reading", frame)
    return float(line)


def channel_reading(frame: bytes) -> tuple[float, int]:
    """One reading with the number of its channel behind it."""
    match = _OF_CHANNEL.fullmatch(body(frame))
    if match is None:
        raise ReplyError("not the reading of a channel", frame)
    return float(match[1]), int(match[2])


def joined_numbers(frame: bytes) -> tuple[float, ...]:
    """The answers to several queries in one message, each a number."""
    return tuple(_number(part, frame) for part in answers(frame))


def measured(value: float) -> float:
    """``value``, or NaN where it is the mark of an overload (9.9E+37, either sign) or of no value (9.91E+37)."""
    return math.nan if abs(value) >= OVERLOAD else value


def integer(frame: bytes) -> int:
    """NR1, with its sign or without."""
    line = body(frame)
    if not _INTEGER.match(line):
        raise ReplyError("not a whole number", frame)
    return int(line)


def byte(frame: bytes) -> int:
    """NR1 from 0 to 255."""
    value = integer(frame)
    if not 0 <= value <= 0xFF:
        raise ReplyError("not a byte", frame)
    return value


def boolean(frame: bytes) -> bool:
    """``1``, ``+1``, ``ON`` or ``0``, ``+0``, ``OFF``."""
    return _boolean(body(frame), frame)


def booleans(frame: bytes) -> tuple[bool, ...]:
    """On and off with commas between them, one or more."""
    return tuple(_boolean(part, frame) for part in fields(frame))


def _boolean(written: str, frame: bytes) -> bool:
    if written not in _BOOLEANS:
        raise ReplyError("neither on nor off", frame)
    return _BOOLEANS[written]


def text(frame: bytes) -> str:
    """A quoted text; quotes in it are doubled on the line."""
    match = _TEXT.match(body(frame))
    if match is None:
        raise ReplyError("not a quoted text", frame)
    return match[1].replace('""', '"')


def word(frame: bytes) -> str:
    """Character data (``IMM``, ``CV``, ``CH1``), in capitals."""
    line = body(frame)
    if not _WORD.match(line):
        raise ReplyError("not a word", frame)
    return line.upper()


def error(frame: bytes) -> ErrorEntry:
    match = _ERROR.match(body(frame))
    if match is None:
        raise ReplyError("not an entry of an error queue", frame)
    return ErrorEntry(int(match[1]), match[2].replace('""', '"'))


def identity(frame: bytes) -> Identity:
    """The answer to ``*IDN?``: four parts, exactly three commas, no quotes. The maker is put before the model."""
    match = _IDENTITY.match(body(frame))
    if match is None:
        raise ReplyError("not an answer to *IDN?", frame)
    maker, model, serial, firmware = (part.strip() for part in match.groups())
    return Identity(f"{maker} {model}", serial, firmware)


def block_data(frame: bytes) -> bytes:
    """What is inside a definite-length block, which may hold any byte."""
    match = _BLOCK.match(frame)
    digits = int(match[1]) if match else 0
    length, data = frame[2 : 2 + digits], frame[2 + digits :].removesuffix(END)
    if match is None or not length.isdigit() or len(length) != digits or not frame.endswith(END) or int(length) != len(data):
        raise ReplyError("not a definite-length block", frame)
    return data


def is_a(read: Callable[[bytes], Value]) -> Callable[[bytes], bool]:
    """Whether ``read`` can read a frame: what a link needs to tell an answer from a line that is none."""

    def readable(frame: bytes) -> bool:
        try:
            read(frame)
        except ReplyError:
            return False
        return True

    return readable
