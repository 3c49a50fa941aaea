"""What MT-SICS says in words: commands, answers that are no weights, and lines without a status.

Words stand one space apart; texts stand in quotes. ``@`` is answered with ``I4``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from instruments.errors import ReplyError

END = b"\r\n"
GENERAL_ERRORS = {"ES": "syntax error", "ET": "transmission error", "EL": "logical error"}

_WORDS = r'(?P<words>(?> (?:"(?:\\"|[^"\r\n])*"(?![^ \r\n])|[^ \r\n]+))*)\r?\n?\Z'
_COMMAND = re.compile(r"(?P<name>@|[A-Z][A-Z0-9]*)" + _WORDS)
_ANSWER = re.compile(r"(?P<id>[A-Z]+[0-9]*) (?P<status>[ABEILR+-]|[SD](?=\r?\n?\Z))" + _WORDS)
_NOTICE = re.compile(r"(?P<id>[A-Z]+[0-9]*)(?= )" + _WORDS)
_WORD = re.compile(r' (?:"((?:\\"|[^"\r\n])*)"(?![^ \r\n])|([^ \r\n]+))')


class Text(str):
    """A word that stands in quotes on the line. A quote inside it is escaped; nothing else is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Command:
    """What a host asks: the name, and its words one space apart."""

    name: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no weight: identifier, status, and its words; those in quotes are Text."""

    identifier: str
    status: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """A line without a status: what an adjustment asks the operator for, or the state of the device's errors."""

    identifier: str
    words: tuple[str, ...]


def encode_command(name: str, *words: str) -> bytes:
    return _line(name, *words)


def encode_answer(identifier: str, status: str, *words: str) -> bytes:
    """An answer without a weight. Text goes into quotes, other words out as given."""
    return _line(identifier, status, *words)


def encode_notice(identifier: str, *words: str) -> bytes:
    return _line(identifier, *words)


def _line(*words: str) -> bytes:
    return " ".join(quoted(word) if isinstance(word, Text) else word for word in words).encode("latin-1") + END


def quoted(text: str) -> str:
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def decode_command(line: bytes) -> Command:
    """Read what a host asks. Raises ReplyError where a balance answers ``ES``: lower case, stray or double spaces."""
    match = _COMMAND.match(line.decode("latin-1"))
    if match is None:
        raise ReplyError("not an MT-SICS command", line)
    return Command(match["name"], _words(match["words"]))


def decode_answer(line: bytes) -> Answer:
    """Read an answer that is not a weighing. Raises ReplyError on the general errors and on anything else."""
    match = _ANSWER.match(line.decode("latin-1"))
    if match is None:
        word = GENERAL_ERRORS.get(identifier_of(line), "not an MT-SICS answer")
        raise ReplyError(word, line)
    return Answer(match["id"], match["status"], _words(match["words"]))


def decode_notice(line: bytes) -> Notice:
    """Read a line that has no status. Raises ReplyError when it has none of that shape."""
    match = _NOTICE.match(line.decode("latin-1"))
    if match is None:
        raise ReplyError("not a notice", line)
    return Notice(match["id"], _words(match["words"]))


def _words(text: str) -> tuple[str, ...]:
    return tuple(plain or Text(inner.replace('\\"', '"')) for inner, plain in _WORD.findall(text))


def identifier_of(line: bytes) -> str:
    """The first word of a line: what it answers."""
    return line.split(b" ", 1)[0].strip().decode("latin-1")
