"""SCPI program messages: what a controller sends, split into units with headers and parameters, and the framers of both sides.

``encode_message`` and ``decode_message`` are the two directions. What a parameter means is in ``scpi_parameters``, responses are
in ``scpi_response``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from instruments.stamped import IntArray
from instruments.wire.framing import FRAME_LIMIT
from instruments.wire.scpi_errors import ScpiError

END = b"\n"
LONGEST_MNEMONIC = 12
_BLANK = " \t\r"

_PROGRAM_MARK = re.compile(rb"""(?:"[^"\n]*"?)|(?:'[^'\n]*'?)|(?<=[ \t,])\#(?P<digits>[1-9])|\n""", re.VERBOSE)
_RESPONSE_MARK = re.compile(rb"""(?:"[^"\n]*"?)|(?:(?<![^,;\n])\#(?P<digits>[1-9]))|\n""", re.VERBOSE)
_HEADER = re.compile(r"(?P<header>\*[A-Z]+|:?[A-Z]\w*(?::[A-Z]\w*)*)(?P<query>\??)(?=\s|\Z)", re.ASCII | re.IGNORECASE)
_HEADER_CHARACTERS = re.compile(r"[\w:*?]*(?=\s|\Z)", re.ASCII)
_PIECE = re.compile(
    r"""[ \t\r]*(?:
    (?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
    |\#(?P<digits>[1-9])
    |(?P<list>\([^()"';]*\))
    |(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[ \t]*E[+-]?\d+)?(?:[ \t]*(?!E[+-]?\d)[A-Z][A-Z0-9/.]*)?
        |\#H[0-9A-F]+|\#Q[0-7]+|\#B[01]+)
    |(?P<word>[A-Z]\w*)
    )[ \t\r]*""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


class Kind(Enum):
    """What a parameter looks like; what it means is up to the command."""

    NUMBER = "number"
    WORD = "word"
    TEXT = "text"
    LIST = "list"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. ``value`` is as written, but of a text without its quotes, of a block its bytes as latin-1."""

    kind: Kind
    value: str

    def encode(self) -> bytes:
        if self.kind is Kind.TEXT:
            return quoted(self.value).encode("latin-1")
        return block(self.value.encode("latin-1")) if self.kind is Kind.BLOCK else self.value.encode("latin-1")


@dataclass(frozen=True, slots=True)
class Unit:
    """One program message unit. ``header`` is in capitals and complete from the root (``:TRIG:COUN``, ``*RST``)."""

    header: str
    query: bool = False
    parameters: tuple[Parameter, ...] = field(default=())

    def encode(self) -> bytes:
        header = self.header.encode("ascii") + b"?" * self.query
        return header + b" " * bool(self.parameters) + b",".join(parameter.encode() for parameter in self.parameters)


def quoted(text: str) -> str:
    """``text`` in double quotes, those inside doubled."""
    escaped = text.replace('"', '""')
    return f'"{escaped}"'


def block(data: bytes) -> bytes:
    """``data`` as a definite-length block."""
    length = str(len(data)).encode("ascii")
    return b"#" + str(len(length)).encode("ascii") + length + data


# --- framers ---


def message_ends(data: bytes) -> IntArray:
    """Framer for the instrument: LF ends a message, but not inside a definite block. A text left open ends with the message."""
    return _ends(data, _PROGRAM_MARK)


def response_ends(data: bytes) -> IntArray:
    """Framer for the host: LF ends a response, but not inside a definite block.

    No instrument here has an LF in a text, so a quote that lost its partner spoils its own line and no other.
    """
    return _ends(data, _RESPONSE_MARK)


def _ends(data: bytes, mark: re.Pattern[bytes]) -> IntArray:
    ends: list[int] = []
    at = 0
    while match := mark.search(data, at):
        at = match.end()
        if match["digits"]:
            past = _past_block(data, at, int(match["digits"]))
            if past is None:
                break
            at = past
        elif match[0] == b"\n":
            ends.append(at)
    return np.array(ends, dtype=np.int64)


def _past_block(data: bytes, at: int, digits: int) -> int | None:
    """Where a block ends whose length stands at ``at``; None while it has not ended. What is no length ends nothing."""
    length = data[at : at + digits]
    if length and (not length.isdigit() or int(length) > FRAME_LIMIT):
        return at
    past = at + digits + int(length or 0)
    return past if len(length) == digits and past <= len(data) else None


# --- messages ---


def encode_message(units: Iterable[Unit]) -> bytes:
    return b";".join(unit.encode() for unit in units) + END


def decode_message(frame: bytes) -> Iterator[Unit]:
    """The units of one message, in their order. Raises ScpiError at the first one that is wrong; those before it stand.

    A header without a leading colon goes on where the one before it was: ``TRIG:SOUR EXT;COUN 10`` sets ``:TRIG:COUN``.
    """
    path = ":"
    for piece in _pieces(frame.decode("latin-1").removesuffix("\n")):
        text = piece.lstrip(_BLANK)  # not at the end, where a block may have them
        if not text:
            continue
        header, query, rest = _header(text)
        if not header.startswith("*"):
            header = header if header.startswith(":") else path + header
            path = header[: header.rindex(":") + 1]
        yield Unit(header, query, tuple(_parameters(rest)))


def _pieces(text: str) -> Iterator[str]:
    """The text between semicolons, where these are no part of a quoted text or a block."""
    start = at = 0
    while at < len(text):
        if text[at] == ";":
            yield text[start:at]
            start = at = at + 1
        else:
            at = _past(text, at)
    yield text[start:]


def _past(text: str, at: int) -> int:
    """Behind the character at ``at``, or behind the quoted text or block that begins with it."""
    if text[at] in "\"'":
        close = text.find(text[at], at + 1)
        return close + 1 if close >= 0 else len(text)
    if text[at] == "#" and text[at - 1 : at] in (" ", "\t", ",") and text[at + 1 : at + 2] in tuple("123456789"):
        past = _past_block(text.encode("latin-1"), at + 2, int(text[at + 1]))
        return len(text) if past is None else past
    return at + 1


def _header(text: str) -> tuple[str, bool, str]:
    match = _HEADER.match(text)
    if match is None:
        raise ScpiError(-102 if _HEADER_CHARACTERS.match(text) else -101)
    header = match["header"].upper()
    if any(len(mnemonic) > LONGEST_MNEMONIC for mnemonic in header.lstrip("*").split(":")):
        raise ScpiError(-112, header)
    return header, bool(match["query"]), text[match.end() :].lstrip(_BLANK)


def _parameters(text: str) -> Iterator[Parameter]:
    at = 0
    while text:
        match = _PIECE.match(text, at)
        if match is None:
            raise _unreadable(text[at:].strip())
        at = match.end()
        if match["digits"]:
            past = _past_block(text.encode("latin-1"), at, int(match["digits"]))
            if past is None or past < at + int(match["digits"]):
                raise ScpiError(-161)
            yield Parameter(Kind.BLOCK, text[at + int(match["digits"]) : past])
            at = past + len(text[past:]) - len(text[past:].lstrip(_BLANK))
        else:
            yield _parameter(match)
        if at == len(text):
            return
        if text[at] != ",":
            raise ScpiError(-103)
        at += 1


def _parameter(match: re.Match[str]) -> Parameter:
    kind = Kind(match.lastgroup)
    written = match[kind.value]
    if kind is Kind.TEXT:
        return Parameter(kind, written[1:-1].replace(written[0] * 2, written[0]))
    return Parameter(kind, written)


def _unreadable(text: str) -> ScpiError:
    """The error for what is no parameter of any kind."""
    if not text or text.startswith(","):
        return ScpiError(-109)
    return ScpiError({'"': -151, "'": -151, "(": -171, "#": -121}.get(text[0], -121 if text[0] in "+-.0123456789" else -101))
