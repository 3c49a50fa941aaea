"""Sartorius SBI: ESC commands, lines of 16 and 22 characters, special and error lines, blocks of lines.

A line of 16 characters is sign, nine columns of number, a space, three columns of unit, CR LF; one of 22 has an identifier of
six columns in front. The unit is there only while the reading is stable, so the unit of an unstable line has to be known.
Commands are complete at their second byte, or at ``_`` when they have a number; CR LF behind them may be there or not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from instruments.errors import ReplyError
from instruments.readings import Readings, Weighing
from instruments.stamped import IntArray, Stamped
from instruments.wire import blocks
from instruments.wire.blocks import Mask, Row

ESC = b"\x1b"
END = b"\r\n"
NET, STATUS = "N", "Stat"
COLUMNS = (16, 22)
_IDENTIFIER, _NUMBER, _TEXT = 6, 9, 14

STATUSES = {
    "H": "+",
    "High": "+",
    "L": "-",
    "Low": "-",
    "--": "I",
    "C": "I",
    "Cal.Ext.": "I",
    "Cal.Int.": "I",
    "OFF": "I",
    "HH": "E",
    "LL": "E",
    "APP.ERR": "E",
    "DIS.ERR": "E",
    "PRT.ERR": "E",
    "COMM.ERR": "E",
    "SYS.ERR": "E",
}
"""Words that stand in place of a number, and what they say as a weighing (``HH`` and ``LL`` judge a checkweighing)."""
ERROR_WORDS = {
    "02": "not zeroed or not stable",
    "10": "the tare memory is in use",
    "11": "the tare is negative or zero",
    "54": "underload",
    "55": "overload",
}
_LATE = 4
_PLACES = {"OFF": 6} | dict.fromkeys(("Cal.Ext.", "Cal.Int."), _LATE)
_MIDDLE = 7
"""Column of a word in a line of 16, from 1; errors and adjustments stand in the fourth, other words in the seventh."""

_LINE = re.compile(rb"(?P<identifier>[ -~]{6})??(?P<sign>[+\- ])(?P<number>[ \d.]{9}) (?P<unit>[ -~]{3})\r\n\Z")
_DIGITS = re.compile(rb" *\d+(?:\.\d+)?\Z")
_NAME = re.compile(r" *[A-Za-z][A-Za-z0-9.#]* *\Z", re.ASCII)
_UNIT = re.compile(r"[!-~]* *\Z")
_SPECIAL = re.compile(rb"(?P<status>Stat  )?(?P<text>[ -~]{14})\r\n\Z")
_ERROR = re.compile(r"(?:Err|ERR|Srr) {1,3}(?P<code>\d{1,3})\Z", re.ASCII)
_TEXT_LINE = re.compile(rb"(?P<text>[ -~]{1,40})\r\n\Z")
_COMMAND = re.compile(rb"\x1b(?:[afgmpstwxz][^_\x1b\r\n]{0,23}(?:_|(?=[\x1b\r\n])|(?<=[^\x1b]{24}))|k[^\x1b]|[^afgkmpstwxz\x1b])")


@dataclass(frozen=True, slots=True)
class Line:
    """A number as it was printed (``-0.031``), with its unit (empty: not stable) and its identifier (16 columns: none)."""

    number: str
    unit: str
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class Special:
    """A word in place of a number, or an error with its number as ``code``."""

    word: str
    code: str = ""


def encode_command(text: str) -> bytes:
    """``P``, ``x1_``, ...: behind ESC, with the CR LF that no balance needs and every balance takes."""
    return ESC + text.encode("latin-1") + END


def command_ends(data: bytes) -> IntArray:
    """Framer for the balance: a command ends with its own last byte, whatever else up to the next ESC is a frame too."""
    ends: list[int] = []
    at = 0
    while (end := _command_end(data, at)) is not None:
        ends.append(end)
        at = end
    return np.array(ends, dtype=np.int64)


def _command_end(data: bytes, at: int) -> int | None:
    if data[at : at + 1] != ESC:
        start = data.find(ESC, at)
        return start if start >= 0 else None
    if data[at + 1 : at + 2] == ESC:
        return at + 1
    match = _COMMAND.match(data, at)
    return match.end() if match else None


def decode_command(frame: bytes) -> str:
    """The command without its ESC; empty for what is no command."""
    return frame[1:].decode("latin-1") if frame.startswith(ESC) else ""


def encode_line(line: Line) -> bytes:
    """16 characters, or 22 with an identifier. The sign of an exact zero is a space."""
    digits = line.number.removeprefix("-")
    sign = " " if not digits.strip("0.") else "-" if line.number.startswith("-") else "+"
    name = f"{line.identifier:<{_IDENTIFIER}}" if line.identifier else ""
    return f"{name}{sign}{digits:>{_NUMBER}} {line.unit:<3}".encode("latin-1") + END


def decode_line(line: bytes) -> Line:
    """Read a line with a number. Raises ReplyError on any other line."""
    match = _LINE.match(line)
    if match is None or not _DIGITS.match(match["number"]):
        raise ReplyError("not an SBI line with a number", line)
    identifier, unit = (match["identifier"] or b"").decode("ascii"), match["unit"].decode("ascii")
    sign, digits = match["sign"].decode("ascii"), match["number"].decode("ascii").strip()
    unsigned = sign == " " and digits.strip("0.")
    if unsigned or not _UNIT.match(unit) or (identifier and not _NAME.match(identifier)):
        raise ReplyError("an SBI line with a wrong sign, unit or identifier", line)
    return Line(("-" if sign == "-" else "") + digits, unit.strip(), identifier.strip())


def encode_special(special: Special, columns: int) -> bytes:
    """A word or an error where the balance puts it in lines of 16 or 22 ``columns``."""
    wide = columns != COLUMNS[0]
    if special.code:
        text = f"{'ERR' if wide else 'Err'} {special.code:>3}"
    else:
        text = special.word
    place = _LATE if special.code or text.endswith("ERR") else _PLACES.get(text, _MIDDLE)
    name = f"{STATUS:<{_IDENTIFIER}}" if wide else ""
    return (name + (" " * (place - 1) + text).ljust(_TEXT)).encode("ascii") + END


def decode_special(line: bytes) -> Special:
    """Read a line with a word in place of a number, wherever it stands. Raises ReplyError on any other line."""
    match = _SPECIAL.match(line)
    text = match["text"].decode("ascii").strip() if match else ""
    if error := _ERROR.match(text):
        return Special("Err", error["code"])
    word = text.replace(". ", ".")
    if word in STATUSES:
        return Special(word)
    raise ReplyError("not an SBI status", line)


def decode_weighing(line: bytes, unit: str = "g") -> Weighing:
    """Read a net weight, or what stands in its place. ``unit`` is the one that the balance shows: unstable lines have none.

    Raises ReplyError on any other line (gross, tare, an identification) and on a stable line in another unit.
    """
    try:
        special = decode_special(line)
    except ReplyError:
        return _net(decode_line(line), unit, line)
    return Weighing(None, STATUSES.get(special.word, "E"), special.code or special.word)


def _net(said: Line, unit: str, line: bytes) -> Weighing:
    if said.identifier not in ("", NET) or said.unit not in ("", unit):
        raise ReplyError(f"not a net weight in {unit}", line)
    return Weighing(blocks.grams(said.number, unit, line), "S" if said.unit else "D")


def encode_text(text: str, columns: int) -> bytes:
    """An identification line: text in all columns but those of CR LF."""
    return text.ljust(columns - len(END)).encode("latin-1") + END


def decode_text(line: bytes) -> str:
    """The text of an identification line. Raises ReplyError when the line is a weight, a status, or no text."""
    match = _TEXT_LINE.match(line)
    for decode in (decode_line, decode_special):
        try:
            decode(line)
        except ReplyError:
            continue
        match = None
    if match is None or not match["text"].strip():
        raise ReplyError("not an SBI identification", line)
    return match["text"].decode("ascii").strip()


def _rows(unit: str) -> tuple[Row, ...]:
    """The regular lines of a balance that shows ``unit``: 16 and 22 columns, stable and not."""
    forms = []
    for name in (b"", b"N     "):
        at = len(name)
        for shown, status in ((unit, "S"), ("", "D")):
            template = name + b" " * (_NUMBER + 2) + f"{shown:<3}".encode("ascii") + END
            forms.append(Row(template, at + 1, at + 1 + _NUMBER, status, unit, b"+- ", at))
    return tuple(forms)


_ROWS = {unit: _rows(unit) for unit in blocks.UNIT_POWERS}


def decode_block(lines: Stamped, unit: str = "g") -> tuple[Readings, Stamped]:
    """All weighings in a run of lines, and the lines that are none."""
    return blocks.decode_block(lines, _ROWS[unit], lambda line: decode_weighing(line, unit))


def encode_block(counts: IntArray, decimals: int, stable: Mask, columns: int) -> tuple[bytes, IntArray]:
    """Net lines in g for many readings at once (``counts`` of the last decimal): the bytes and where each line ends."""
    rows = blocks.repeat_row(_ROWS["g"][2 if columns != COLUMNS[0] else 0].template, len(counts))
    sign, unit = columns - COLUMNS[0], columns - len(END) - 3
    rows[:, sign] = np.where(counts == 0, ord(" "), np.where(counts < 0, ord("-"), ord("+")))
    rows[:, unit] = np.where(stable, ord("g"), ord(" "))
    blocks.write_numbers(rows[:, sign + 1 : sign + 1 + _NUMBER], counts, decimals)
    return rows.tobytes(), np.arange(1, len(counts) + 1, dtype=np.int64) * columns
