"""A&D balances: commands, six formats of weight lines, acknowledgements, error codes, blocks of lines.

A&D standard: ``ST,+00123.45  g`` (header, comma, sign, eight digits with the point, three columns of unit). The other formats of
the balance's menu (DP, KF, MT, NU, CSV) are read and written too; KF has its unit only while stable, and NU tells neither unit
nor stability, so it is no weighing. CR LF may be CR alone, by the balance's menu.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from instruments.errors import ReplyError
from instruments.readings import Readings, Weighing
from instruments.stamped import IntArray, Stamped
from instruments.wire import blocks
from instruments.wire.blocks import Mask, Row

CRLF, CR = b"\r\n", b"\r"
FORMATS = ("AD", "DP", "KF", "MT", "NU", "CSV")
"""In the order of the menu item ``type``."""
ERRORS = {
    "00": "communication error",
    "01": "undefined command",
    "02": "not ready",
    "03": "timeout within a command",
    "04": "too many characters",
    "05": "wrong or missing identification number",
    "06": "wrong format",
    "07": "parameter out of range",
    "11": "not stable",
    "17": "wrong internal mass",
    "20": "calibration mass too light or too heavy",
    "21": "calibration mass too light or too heavy",
}
NOT_READY, UNDEFINED, TOO_SLOW, TOO_LONG, BAD_FORMAT, OUT_OF_RANGE, UNSTABLE = "02", "01", "03", "04", "06", "07", "11"
_DIGITS = 8

_END = rb"\r\n?\Z"
_UNIT = rb"(?P<unit>(?![\d.])(?:  [!-~]| [!-~]{2}|[!-~]{3}))"
_LINES: Mapping[str, tuple[re.Pattern[bytes], re.Pattern[str]]] = {
    form: (re.compile(line + _END), re.compile(number + r"\d+(?:\.\d+)?\Z", re.ASCII))
    for form, line, number in (
        ("AD", rb"(?P<header>ST|US|QT),(?P<number>[+-][\d.]{8,11})" + _UNIT, r"[+-]"),
        ("DP", rb"(?P<header>WT|US|QT)(?P<number>[ +\-.\d]{11})" + _UNIT, r" *[+-]"),
        ("KF", rb"(?P<header>)(?P<number>[+-][ .\d]{9}) (?P<unit>(?=[!-~]* *\r)[ -~]{3})", r"[+-] *"),
        ("MT", rb"(?P<header>S |SD)(?P<number>[ \-.\d]{10}) (?P<unit>[!-~]{1,3})", r" *-?"),
        ("NU", rb"(?P<header>)(?P<number>[+-][\d.]{8})(?P<unit>)", r"[+-]"),
        ("CSV", rb"(?P<header>ST|US|QT),(?P<number>[+-][\d.]{8,11})," + _UNIT, r"[+-]"),
    )
}
"""The lines of each format, and the grammar of the number in its columns."""
_HEADERS = {"WT": "ST", "S ": "ST", "SD": "US"}
_OUT = re.compile(rb"(?:OL,(?P<sign>[+-])9999999E\+19|SI)" + _END)
_EC = re.compile(rb"EC,E(?P<code>\d\d)" + _END)
_AK = re.compile(rb"\x06" + _END)
_TEXT = re.compile(rb"(?P<text>[ -~]+)" + _END)


@dataclass(frozen=True, slots=True)
class Line:
    """A number (``-1.50``, zeros in front taken off) with its unit; ``header`` is ST, US, QT (pieces), or empty where none was
    sent. In KF the unit is empty while the reading is not stable.
    """

    header: str
    number: str
    unit: str


def encode_command(text: str, end: bytes = CRLF) -> bytes:
    return text.encode("latin-1") + end


def command_ends(data: bytes) -> IntArray:
    """Framer for the balance: CR ends a command, and so does LF; the LF of a CR LF is a frame with nothing in it."""
    octets = np.frombuffer(data, dtype=np.uint8)
    return np.flatnonzero((octets == 0x0D) | (octets == 0x0A)) + 1


def decode_command(frame: bytes) -> str:
    """The text of a command; empty for an end of line alone."""
    return frame.decode("latin-1").rstrip("\r\n")


def encode_line(line: Line, form: str = "AD", end: bytes = CRLF) -> bytes:
    """``line`` in one of the FORMATS. A number that needs more than eight places makes the line longer."""
    return _WRITERS[form](line).encode("ascii") + end


def _signed(number: str) -> tuple[str, str]:
    return ("-", number[1:]) if number.startswith("-") else ("+", number)


def _standard(line: Line) -> str:
    sign, digits = _signed(line.number)
    return f"{line.header},{sign}{digits:0>{_DIGITS}}{line.unit:>3}"


def _dump(line: Line) -> str:
    return f"{'WT' if line.header == 'ST' else line.header}{''.join(_signed(line.number)):>11}{line.unit:>3}"


def _karl_fischer(line: Line) -> str:
    sign, digits = _signed(line.number)
    return f"{sign}{digits:>9} {line.unit if line.header == 'ST' else '':<3}"


def _mettler(line: Line) -> str:
    return f"{'SD' if line.header == 'US' else 'S '}{line.number:>10} {line.unit}"


def _numeric(line: Line) -> str:
    sign, digits = _signed(line.number)
    return f"{sign}{digits:0>{_DIGITS}}"


def _comma_separated(line: Line) -> str:
    return f"{_standard(line)[:-3]},{line.unit:>3}"


_WRITERS: Mapping[str, Callable[[Line], str]] = dict(
    zip(FORMATS, (_standard, _dump, _karl_fischer, _mettler, _numeric, _comma_separated), strict=True)
)


def decode_line(line: bytes) -> Line:
    """Read a line with a number in any of the formats. Raises ReplyError on any other line."""
    for form, (whole, grammar) in _LINES.items():
        match = whole.match(line)
        if match and grammar.match(match["number"].decode("ascii")):
            header, unit = match["header"].decode("ascii"), match["unit"].decode("ascii").strip()
            if form == "KF":
                header = "ST" if unit else "US"
            return Line(_HEADERS.get(header, header), _plain(match["number"].decode("ascii")), unit)
    raise ReplyError("not an A&D line with a number", line)


def _plain(field: str) -> str:
    digits = field.strip(" +-").lstrip("0")
    digits = f"0{digits}" if not digits or digits.startswith(".") else digits
    return f"-{digits}" if "-" in field else digits


def encode_out_of_range(*, over: bool, form: str = "AD", end: bytes = CRLF) -> bytes:
    """What stands in place of a weight beyond the range. The formats other than MT are given the standard's text."""
    return (b"SI" if form == "MT" else b"OL,%s9999999E+19" % (b"+" if over else b"-")) + end


def decode_weighing(line: bytes, unit: str = "g") -> Weighing:
    """Read a weight. ``unit`` is the one that the balance shows: in format KF unstable lines have none.

    Raises ReplyError on any other line, on another unit, and in format NU, which tells neither unit nor stability.
    """
    if out := _OUT.match(line):
        return Weighing(None, "-" if out["sign"] == b"-" else "+")
    said = decode_line(line)
    if not said.header or said.unit not in ("", unit):
        raise ReplyError(f"not a weight in {unit}", line)
    return Weighing(blocks.grams(said.number, unit, line), "D" if said.header == "US" else "S")


def is_line(line: bytes) -> bool:
    """Whether a line was printed as a weight, of whatever unit or state."""
    try:
        decode_line(line)
    except ReplyError:
        return _OUT.match(line) is not None
    return True


def encode_error(code: str, end: bytes = CRLF) -> bytes:
    return f"EC,E{code}".encode("ascii") + end


def decode_error(line: bytes) -> str:
    """The two digits of an error line, or an empty text for any other line."""
    match = _EC.match(line)
    return match["code"].decode("ascii") if match else ""


def encode_acknowledgement(end: bytes = CRLF) -> bytes:
    return b"\x06" + end


def is_acknowledgement(line: bytes) -> bool:
    return _AK.match(line) is not None


def encode_text(text: str, end: bytes = CRLF) -> bytes:
    return text.encode("ascii") + end


def decode_text(line: bytes) -> str:
    """The text of a line. Raises ReplyError when it is a weight, an error, an acknowledgement or no text."""
    match = _TEXT.match(line)
    weighed = any(whole.match(line) for whole, _ in _LINES.values())
    if match is None or weighed or _OUT.match(line) or _EC.match(line):
        raise ReplyError("not an A&D text", line)
    return match["text"].decode("ascii").strip()


def _row(form: str, line: Line, unit: str, width: int) -> Row:
    """A regular line of a format: that of any number, with the columns of the number known."""
    template = encode_line(line, form)
    begin = 1 if form == "KF" else 2 if form in ("DP", "MT") else 4
    status = "D" if line.header == "US" else "S"
    if form in ("DP", "MT"):
        return Row(template, begin, begin + width, status, unit, b"+-" if form == "DP" else b"-")
    return Row(template, begin, begin + width, status, unit, b"+-", begin - 1)


_WIDTHS = {"AD": _DIGITS, "DP": 11, "KF": 9, "MT": 10, "CSV": _DIGITS}
_ROWS = {
    unit: tuple(_row(form, Line(header, "0", unit), unit, width) for form, width in _WIDTHS.items() for header in ("ST", "US"))
    for unit in blocks.UNIT_POWERS
}


def decode_block(lines: Stamped, unit: str = "g") -> tuple[Readings, Stamped]:
    """All weighings in a run of lines, and the lines that are none."""
    return blocks.decode_block(lines, _ROWS[unit], lambda line: decode_weighing(line, unit))


def encode_block(counts: IntArray, decimals: int, stable: Mask, form: str = "AD", end: bytes = CRLF) -> tuple[bytes, IntArray]:
    """Lines in g for many readings at once (``counts`` of the last decimal): the bytes and where each line ends."""
    if form not in _WIDTHS or (np.abs(counts) >= 10 ** (_DIGITS - (decimals > 0))).any():
        numbers = (blocks.decimal_text(count, decimals) for count in counts.tolist())
        headers = ("ST" if calm else "US" for calm in stable.tolist())
        return blocks.join_lines(
            encode_line(Line(header, number, "g"), form, end) for header, number in zip(headers, numbers, strict=True)
        )
    settled, moving = (encode_line(Line(header, "0", "g"), form, end) for header in ("ST", "US"))
    rows = np.where(stable[:, None], blocks.repeat_row(settled, len(counts)), blocks.repeat_row(moving, len(counts)))
    row = _row(form, Line("ST", "0", "g"), "g", _WIDTHS[form])
    _write(rows, row, counts, decimals, zero_filled=form in ("AD", "CSV"))
    return rows.tobytes(), np.arange(1, len(counts) + 1, dtype=np.int64) * rows.shape[1]


def _write(rows: blocks.Bytes, row: Row, counts: IntArray, decimals: int, *, zero_filled: bool) -> None:
    plus = ord("+") if b"+" in row.signs else ord(" ")
    signs = np.where(counts < 0, ord("-"), plus).astype(np.uint8)
    field = rows[:, row.begin : row.end]
    if row.sign_column is None:
        blocks.write_numbers(field, counts, decimals, in_front=signs)
        return
    rows[:, row.sign_column] = signs
    blocks.write_numbers(field, counts, decimals, zero_filled=zero_filled)
