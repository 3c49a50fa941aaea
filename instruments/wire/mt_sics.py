"""MT-SICS (Mettler-Toledo Standard Interface Command Set): lines, weighings, blocks of weighings.

Lines end with CR LF. A weight answer is ``<ID> <status> <10 characters, right-aligned> <unit>``; ``S``, ``SI``, ``SIR``,
``SC`` all answer with the identifier ``S``, and ``@`` answers with ``I4``. A day of readings at 10 Hz is 864,000 lines, so
there is a block decoder beside the line decoder: it takes what is regular in one go and leaves the rest to the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from instruments.errors import ReplyError
from instruments.readings import Readings, Weighing
from instruments.stamped import IntArray, Stamped

END = b"\r\n"
STATUS_WORDS = {
    "S": "stable",
    "D": "dynamic",
    "I": "not executable now",
    "L": "wrong parameter or not installed",
    "+": "overload",
    "-": "underload",
}
GENERAL_ERRORS = {"ES": "syntax error", "ET": "transmission error", "EL": "logical error"}
UNITS_G = {"g": Decimal(1), "kg": Decimal(1000), "mg": Decimal("0.001")}
"""Grams in one unit, for the units a bench may use; any other unit in a reply is an error."""

_FIELD = 10
_WEIGHT = re.compile(rb"(?P<id>[A-Z]{1,3}) (?P<status>[SDA]) (?P<number> *-?\d+(?:\.\d+)? ?) (?P<unit>\S{1,5})\r?\n?\Z")
_HARDWARE = re.compile(rb"S S (?: {1,2}Error (?=\d{1,2}[bt]))?(?P<code>\d{1,2}[bt]|\d{1,3})\r?\n?\Z")
_SHORT = re.compile(rb"(?P<id>[A-Z]{1,3}) (?P<status>[ILA+-])\r?\n?\Z")
_ANSWER = re.compile(rb"(?P<id>[A-Z]+\d*) (?P<status>[ABILR+-]|[SD](?=\r?\n?\Z))(?: (?P<rest>.*?))?\r?\n?\Z")
_WORD = re.compile(r'"((?:\\"|[^"])*)"|(\S+)')


@dataclass(frozen=True, slots=True)
class Answer:
    """Any other answer: identifier, status, and its words (quotes removed)."""

    identifier: str
    status: str
    words: tuple[str, ...] = ()


def encode_command(text: str) -> bytes:
    return text.encode("latin-1") + END


def encode_weight(identifier: str, status: str, number: str, unit: str = "g") -> bytes:
    """``number`` is what stands in the ten-character field, without its padding."""
    return f"{identifier} {status} {number:>{_FIELD}} {unit}".encode("latin-1") + END


def encode_hardware_error(code: str) -> bytes:
    """What stands in place of a weight while the balance has a system error, such as ``10b``."""
    return f"S S {f'Error {code}':>{_FIELD}}".encode("latin-1") + END


def encode_answer(identifier: str, status: str, *words: str) -> bytes:
    """An answer without a weight; words go out as given, so texts bring their quotes with them."""
    return " ".join((identifier, status, *words)).encode("latin-1") + END


def quoted(text: str) -> str:
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def decode_weighing(line: bytes) -> Weighing:
    """Read the answer to a weighing command. Raises ReplyError on any other line or unit."""
    if match := _WEIGHT.match(line):
        return Weighing(_grams(match["number"], match["unit"], line), match["status"].decode("ascii"))
    if match := _HARDWARE.match(line):
        return Weighing(None, "E", match["code"].decode("ascii"))
    if match := _SHORT.match(line):
        return Weighing(None, match["status"].decode("ascii"))
    raise ReplyError("not a weighing", line)


def _grams(number: bytes, unit: bytes, line: bytes) -> Decimal:
    factor = UNITS_G.get(unit.decode("latin-1"))
    if factor is None or len(number) != _FIELD:
        raise ReplyError("a weighing in an unexpected unit or width", line)
    return Decimal(number.decode("ascii").strip()) * factor


def decode_answer(line: bytes) -> Answer:
    """Read an answer that is not a weighing. Raises ReplyError on the general errors and on anything else."""
    match = _ANSWER.match(line)
    if match is None:
        word = GENERAL_ERRORS.get(line.decode("latin-1").strip(), "not an MT-SICS answer")
        raise ReplyError(word, line)
    rest = (match["rest"] or b"").decode("latin-1")
    words = tuple(plain or text.replace('\\"', '"') for text, plain in _WORD.findall(rest))
    return Answer(match["id"].decode("ascii"), match["status"].decode("ascii"), words)


def identifier_of(line: bytes) -> str:
    """The first word of a line: what it answers."""
    return line.split(b" ", 1)[0].strip().decode("latin-1")


def encode_block(counts: IntArray, decimals: int, stable: NDArray[np.bool_]) -> tuple[bytes, IntArray]:
    """``S S``/``S D`` lines in g for many readings at once: the bytes and where each line ends.

    ``counts`` are masses in units of the last decimal place.
    """
    rows = np.full((len(counts), len(_TEMPLATE)), np.frombuffer(_TEMPLATE, dtype=np.uint8))
    rows[:, 2] = np.where(stable, ord("S"), ord("D"))
    _write_numbers(rows[:, 4 : 4 + _FIELD], counts, decimals)
    return rows.tobytes(), np.arange(1, len(counts) + 1, dtype=np.int64) * len(_TEMPLATE)


_TEMPLATE = b"S S            g\r\n"


def _write_numbers(field: NDArray[np.uint8], counts: IntArray, decimals: int) -> None:
    """Right-aligned digits with a point, zeros suppressed down to the one before it, sign in front of the first digit."""
    rest = np.abs(counts)
    sign_waits = counts < 0
    for place in range(_FIELD):
        column = field[:, _FIELD - 1 - place]
        if decimals and place == decimals:
            column[:] = ord(".")
            continue
        rest, digit = np.divmod(rest, 10)
        needed = (digit > 0) | (rest > 0) | (place <= decimals + (decimals > 0))
        column[:] = np.where(needed, digit + ord("0"), np.where(sign_waits, ord("-"), ord(" ")))
        sign_waits &= needed


def decode_block(lines: Stamped) -> tuple[Readings, Stamped]:
    """All weighings in a run of lines, and the lines that are no weighings at all (each a matter for the caller).

    Regular lines (one width, one unit g, same decimals) are read as an array; others one by one.
    """
    regular = np.diff(lines.ends, prepend=0) == len(_TEMPLATE)
    if not regular.all():
        return _decode_mixed(lines, regular)
    rows = np.frombuffer(lines.data, dtype=np.uint8).reshape(-1, len(_TEMPLATE))
    masses_g, good = _read_rows(rows)
    if not good.all():
        return _decode_mixed(lines, good)
    return Readings(lines.stamps_us, masses_g, rows[:, 2].copy()), lines.pick(~good)


def _decode_mixed(lines: Stamped, regular: NDArray[np.bool_]) -> tuple[Readings, Stamped]:
    masses_g = np.full(len(lines), np.nan)
    statuses = np.zeros(len(lines), dtype=np.uint8)
    for at, (line, _) in enumerate(lines):
        try:
            weighing = decode_weighing(line)
        except ReplyError:
            continue
        if line.startswith(b"S "):
            masses_g[at] = np.nan if weighing.mass_g is None else float(weighing.mass_g)
            statuses[at] = ord(weighing.status)
    weighed = statuses > 0
    return Readings(lines.stamps_us[weighed], masses_g[weighed], statuses[weighed]), lines.pick(~weighed)


def _read_rows(rows: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Masses of fixed-width rows, and which rows obey the grammar with the point where the first row has it."""
    frame = np.array([0, 1, 3, 14, 15, 16, 17])
    good = (rows[:, frame] == np.frombuffer(_TEMPLATE, dtype=np.uint8)[frame]).all(axis=1)
    good &= (rows[:, 2] == ord("S")) | (rows[:, 2] == ord("D"))
    field = rows[:, 4 : 4 + _FIELD]
    point = bytes(field[0]).find(b".") if len(field) else _FIELD
    point = point if 0 < point < _FIELD - 1 else _FIELD
    counts, negative = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=bool)
    blank, dangling = np.ones(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    for place in range(_FIELD):
        column = field[:, place]
        if place == point:
            good &= (column == ord(".")) & ~blank & ~dangling
            continue
        digit, minus = column - np.uint8(ord("0")), column == ord("-")
        is_digit = digit < 10
        good &= is_digit | (blank & (minus | (column == ord(" "))))
        counts = counts * 10 + np.where(is_digit, digit, 0)
        negative |= minus
        dangling = minus
        blank &= ~is_digit & ~minus
    good &= ~blank & ~dangling
    return np.where(negative, -counts, counts) / 10.0 ** (_FIELD - 1 - point if point < _FIELD else 0), good
