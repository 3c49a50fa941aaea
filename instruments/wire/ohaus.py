"""Ohaus balances: commands with their number in front, weight lines of current and older models, blocks of lines.

A current model right-aligns the weight (10 columns in its tables, 9 to 12 in examples), then follow a space, the unit without
padding, and where there is more to say a space, ``?`` (not stable) or a space, and perhaps a space and a legend. An older
model sends 16 columns and CR LF: weight 9, space, unit 5, ``?`` or space. Nothing here is read by column.
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

END = b"\r\n"
DONE, ERROR = "OK!", "ES"
"""Answers to a control command. ``ES`` is also said when a stable weight did not come in its time."""
WIDTHS = range(9, 13)
"""Columns of the weight in current models, as their manuals' tables and examples have it."""
OLD_WIDTH = 9
_OLD_UNIT = 5
RANGE_ERRORS = {"8.3": "+", "8.4": "-"}
"""Numbers of the display texts over and under the range."""

_CURRENT = re.compile(
    rb"(?P<number>(?=[ \d.-]{9,12} ) *-?\d+(?:\.\d+)?) (?P<unit>[!-~]{1,5})"
    rb"(?: (?P<before>[? ]) (?P<legend>[A-Za-z0-9][!-~]{0,9})| (?P<mark>\?))?\r\n\Z"
)
_OLD = re.compile(rb"(?=.{18}\Z)(?P<number>(?=.{9} ) *-?\d+(?:\.\d+)?) (?P<unit>[!-~]{1,5}) *(?P<mark>[? ])\r\n\Z", re.DOTALL)
_TROUBLE = re.compile(rb" *Err (?P<code>\d{1,2}(?:\.\d)?)\r\n\Z")
_TEXT = re.compile(rb"(?P<text>[ -~]*)\r\n\Z")
_COMMAND = re.compile(r"(?P<number>\d+(?:\.\d*)?|\.\d+)?(?P<name>[A-Z?]+[#%]?|[#%]|\x1b[A-Z])\Z", re.ASCII)
_ELAPSED = re.compile(r"\d\d:\d\d:\d\d\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Command:
    """Letters, and the number in front of them as it was written (empty: none)."""

    name: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A weight with its digits (``-15.20``), its unit, whether it is stable, and the legend behind it."""

    number: str
    unit: str
    stable: bool
    legend: str = ""


def encode_command(command: Command) -> bytes:
    return f"{command.number}{command.name}".encode("ascii") + END


def command_ends(data: bytes) -> IntArray:
    """Framer for the balance: CR ends a command, and so does LF; the LF of a CR LF is a frame with nothing in it."""
    octets = np.frombuffer(data, dtype=np.uint8)
    return np.flatnonzero((octets == 0x0D) | (octets == 0x0A)) + 1


def decode_command(frame: bytes) -> Command:
    """Read a command, with or without its end. Raises ReplyError for what cannot be one."""
    match = _COMMAND.match(frame.decode("latin-1").strip("\r\n"))
    if match is None:
        raise ReplyError("not an Ohaus command", frame)
    return Command(match["name"], match["number"] or "")


def encode_line(line: Line, *, width: int = 10) -> bytes:
    """As current models print it, the weight in ``width`` columns."""
    text = f"{line.number:>{width}} {line.unit}"
    mark = " " if line.stable else "?"
    if line.legend or not line.stable:
        text += f" {mark}"
    return f"{text} {line.legend}".rstrip().encode("ascii") + END


def encode_old_line(line: Line) -> bytes:
    """As older models print it: 16 columns, whatever the weight. They have no legend."""
    mark = " " if line.stable else "?"
    return f"{line.number:>{OLD_WIDTH}} {line.unit:<{_OLD_UNIT}}{mark}".encode("ascii") + END


def decode_line(line: bytes) -> Line:
    """Read a weight line of any model, in any unit. Raises ReplyError on any other line."""
    if match := _CURRENT.match(line):
        mark, legend = match["mark"] or match["before"], (match["legend"] or b"").decode("ascii")
        return Line(_text(match["number"]), _text(match["unit"]), mark != b"?", legend)
    if match := _OLD.match(line):
        return Line(_text(match["number"]), _text(match["unit"]), match["mark"] != b"?")
    raise ReplyError("not an Ohaus weight", line)


def _text(field: bytes) -> str:
    return field.decode("ascii").strip()


def encode_trouble(code: str, *, width: int = 10) -> bytes:
    """The display text of an error where the weight stands."""
    return f"{f'Err {code}':>{width}}".encode("ascii") + END


def decode_weighing(line: bytes) -> Weighing:
    """Read a weight (displayed or net), or the display text in its place.

    Raises ReplyError on any other line or unit, and on totals and gross weights.
    """
    if match := _TROUBLE.match(line):
        code = match["code"].decode("ascii")
        return Weighing(None, RANGE_ERRORS.get(code, "E"), code)
    said = decode_line(line)
    if said.legend not in ("", "NET") and not _ELAPSED.match(said.legend):
        raise ReplyError("not the displayed weight", line)
    return Weighing(blocks.grams(said.number, said.unit, line), "S" if said.stable else "D")


def encode_text(text: str) -> bytes:
    """``OK!``, ``ES``, and the texts that tell serial number, version, unit or mode."""
    return text.encode("ascii") + END


def decode_text(line: bytes) -> str:
    """The text of a line. Raises ReplyError when it is a weight or no text."""
    match = _TEXT.match(line)
    if match is None or _CURRENT.match(line) or _OLD.match(line):
        raise ReplyError("not an Ohaus text", line)
    return _text(match["text"])


def _rows() -> tuple[Row, ...]:
    """The regular lines: current models in every width, older models, each in every unit, stable and not."""
    forms = []
    for unit in blocks.UNIT_POWERS:
        for status, mark in (("S", ""), ("D", " ?")):
            current = ((width, f"{'':{width}} {unit}{mark}") for width in WIDTHS)
            old = (OLD_WIDTH, f"{'':{OLD_WIDTH}} {unit:<{_OLD_UNIT}}{mark.strip():1}")
            for width, text in (*current, old):
                forms.append(Row(text.encode("ascii") + END, 0, width, status, unit))
    return tuple(forms)


_ROWS = _rows()


def decode_block(lines: Stamped) -> tuple[Readings, Stamped]:
    """All weighings in a run of lines, and the lines that are none."""
    return blocks.decode_block(lines, _ROWS, decode_weighing)


def encode_block(counts: IntArray, decimals: int, stable: Mask, *, width: int = 10) -> tuple[bytes, IntArray]:
    """Lines of a current model in g for many readings at once: the bytes and where each line ends."""
    rows = blocks.repeat_row(b" " * width + b" g ?\r\n", len(counts))
    _write(rows[:, :width], counts, decimals)
    rows[:, -4:] = np.where(stable[:, None], np.frombuffer(b"\r\n  ", dtype=np.uint8), rows[:, -4:])
    lengths = np.where(stable, rows.shape[1] - 2, rows.shape[1])
    kept = np.arange(rows.shape[1]) < lengths[:, None]
    return rows[kept].tobytes(), np.cumsum(lengths, dtype=np.int64)


def encode_old_block(counts: IntArray, decimals: int, stable: Mask) -> tuple[bytes, IntArray]:
    """The same for an older model."""
    rows = blocks.repeat_row(encode_old_line(Line("", "g", stable=True)), len(counts))
    _write(rows[:, :OLD_WIDTH], counts, decimals)
    rows[:, OLD_WIDTH + 1 + _OLD_UNIT] = np.where(stable, ord(" "), ord("?"))
    return rows.tobytes(), np.arange(1, len(counts) + 1, dtype=np.int64) * rows.shape[1]


def _write(field: blocks.Bytes, counts: IntArray, decimals: int) -> None:
    signs = np.where(counts < 0, ord("-"), ord(" ")).astype(np.uint8)
    blocks.write_numbers(field, counts, decimals, in_front=signs)
