"""Numbers in columns: whole runs of lines to and from arrays.

A family tells what its regular lines look like (``Row``). Lines of such a form are read all at once, every other line by
the family's own line decoder, so a block says exactly what its lines say one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from instruments.errors import ReplyError
from instruments.readings import Readings, Weighing
from instruments.stamped import IntArray, Stamped

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

UNIT_POWERS = {"g": 0, "kg": 3, "mg": -3}
"""Powers of ten that make grams of the units a bench may use; any other unit in a line is an error."""

_SPACE, _SIGN, _DIGIT, _OTHER = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Row:
    """One regular form of line: its bytes, but for the columns of the number, and what it says beside the number.

    The number stands right-aligned in columns ``begin`` to ``end``; a sign directly in front of its digits is one of
    ``signs``. Where the sign has a column of its own (``sign_column``), one of ``signs`` stands there, a space only at zero.
    """

    template: bytes
    begin: int
    end: int
    status: str
    unit: str
    signs: bytes = b"-"
    sign_column: int | None = None

    @property
    def fixed(self) -> tuple[int, ...]:
        free = {*range(self.begin, self.end), self.sign_column}
        return tuple(column for column in range(len(self.template)) if column not in free)


def grams(number: str, unit: str, line: bytes) -> Decimal:
    """A number with its digits in g. Raises ReplyError for another unit than g, kg and mg."""
    if unit not in UNIT_POWERS:
        raise ReplyError("a weighing in an unexpected unit", line)
    return Decimal(number).scaleb(UNIT_POWERS[unit])


def decode_block(lines: Stamped, rows: Sequence[Row], decode_line: Callable[[bytes], Weighing]) -> tuple[Readings, Stamped]:
    """All weighings in a run of lines, and the lines that are none (each a matter for the caller).

    ``decode_line`` has the last word on every line that has none of the regular forms ``rows``.
    """
    masses_g, statuses = np.full(len(lines), np.nan), np.zeros(len(lines), dtype=np.uint8)
    for width in sorted({len(row.template) for row in rows}):
        _read_width(lines, [row for row in rows if len(row.template) == width], masses_g, statuses)
    starts = lines.starts
    for at in np.flatnonzero(statuses == 0).tolist():
        try:
            weighing = decode_line(lines.data[starts[at] : lines.ends[at]])
        except ReplyError:
            continue
        masses_g[at] = np.nan if weighing.mass_g is None else float(weighing.mass_g)
        statuses[at] = ord(weighing.status)
    weighed = statuses > 0
    return Readings(lines.stamps_us[weighed], masses_g[weighed], statuses[weighed]), lines.pick(~weighed)


def _read_width(lines: Stamped, rows: Sequence[Row], masses_g: NDArray[np.float64], statuses: Bytes) -> None:
    """Read all lines of one width that have one of the forms ``rows``."""
    width = len(rows[0].template)
    where = np.flatnonzero(np.diff(lines.ends, prepend=0) == width)
    if not len(where):
        return
    windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(lines.data, dtype=np.uint8), width)
    table = windows[lines.starts[where]]
    for row in rows:
        alike = np.flatnonzero(_alike(table, row))
        read_g, good = _read_rows(table[alike], row)
        masses_g[where[alike[good]]] = read_g[good]
        statuses[where[alike[good]]] = ord(row.status)


def _alike(table: Bytes, row: Row) -> Mask:
    alike = np.ones(len(table), dtype=bool)
    for column in row.fixed:
        alike &= table[:, column] == row.template[column]
    return alike


def _read_rows(table: Bytes, row: Row) -> tuple[NDArray[np.float64], Mask]:
    in_front = b"" if row.sign_column is not None else row.signs
    counts, decimals, good = read_numbers(table[:, row.begin : row.end], in_front)
    if row.sign_column is not None:
        sign = table[:, row.sign_column]
        good &= np.isin(sign, list(row.signs)) & ((sign != ord(" ")) | (counts == 0))
        counts = np.where(sign == ord("-"), -counts, counts)
    power = decimals - UNIT_POWERS[row.unit]
    return np.where(power >= 0, counts / 10.0 ** np.maximum(power, 0), counts * 10.0 ** np.maximum(-power, 0)), good


def read_numbers(field: Bytes, signs: bytes = b"-") -> tuple[IntArray, IntArray, Mask]:
    """Counts of the last place, decimals, and which rows obey the grammar: spaces, one of ``signs`` or none, digits, one
    point between digits or none, up to the last column.
    """
    digits = field - np.uint8(ord("0"))
    is_digit, is_point = digits < 10, field == ord(".")
    kinds = np.full(field.shape, _OTHER, dtype=np.int8)
    kinds[field == ord(" ")] = _SPACE
    is_sign = np.isin(field, list(signs)) if signs else np.zeros_like(is_digit)
    kinds[is_sign] = _SIGN
    kinds[is_digit | is_point] = _DIGIT
    good = (kinds != _OTHER).all(axis=1) & (np.diff(kinds, axis=1) >= 0).all(axis=1) & is_digit[:, -1]
    good &= (is_point.sum(axis=1) <= 1) & (is_sign.sum(axis=1) <= 1)
    good &= ~is_point[:, 0] & ~(is_point[:, 1:] & ~is_digit[:, :-1]).any(axis=1)
    counts = np.zeros(len(field), dtype=np.int64)
    for column in range(field.shape[1]):
        counts = np.where(is_digit[:, column], counts * 10 + digits[:, column], counts)
    decimals = np.where(is_point.any(axis=1), field.shape[1] - 1 - is_point.argmax(axis=1), 0).astype(np.int64)
    return np.where((field == ord("-")).any(axis=1), -counts, counts), decimals, good


def write_numbers(
    field: Bytes, counts: IntArray, decimals: int, *, in_front: Bytes | None = None, zero_filled: bool = False
) -> None:
    """Right-aligned magnitudes of ``counts`` with a point before the last ``decimals`` digits.

    ``in_front`` holds for each row what stands directly before its first digit; zeros in front are spaces unless
    ``zero_filled``. A number that is too wide loses its first digits: see that it fits.
    """
    rest = np.abs(counts)
    waiting = np.full(len(counts), ord(" "), dtype=np.uint8) if in_front is None else in_front.copy()
    for place in range(field.shape[1]):
        column = field[:, field.shape[1] - 1 - place]
        if decimals and place == decimals:
            column[:] = ord(".")
            continue
        rest, digit = np.divmod(rest, 10)
        needed = (digit > 0) | (rest > 0) | (place <= decimals + (decimals > 0)) | zero_filled
        column[:] = np.where(needed, digit + ord("0"), waiting)
        waiting[~needed] = ord(" ")


def decimal_text(count: int, decimals: int) -> str:
    """``count`` of the last place as it is printed; zero has no sign."""
    return f"{Decimal(count).scaleb(-decimals):.{max(decimals, 0)}f}"


def repeat_row(template: bytes, count: int) -> Bytes:
    """``count`` times the same line, to be written into."""
    return np.tile(np.frombuffer(template, dtype=np.uint8), (count, 1))


def join_lines(lines: Iterable[bytes]) -> tuple[bytes, IntArray]:
    """Lines of any length as one block: the bytes, and where each line ends."""
    each = list(lines)
    return b"".join(each), np.cumsum([len(line) for line in each], dtype=np.int64)
