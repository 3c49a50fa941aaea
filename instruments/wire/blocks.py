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

TENS = 10 ** np.arange(19, dtype=np.int64)
_FOUR_DIGITS = (np.arange(10_000)[:, np.newaxis] // [1000, 100, 10, 1] % 10 + ord("0")).astype(np.uint8).view(np.uint32)[:, 0]
"""The text of every number of four digits, each as one word."""


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
    where = np.flatnonzero(lines.lengths == width)
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
    return np.where(power >= 0, counts / TENS[np.maximum(power, 0)], counts * TENS[np.maximum(-power, 0)]), good


def read_numbers(field: Bytes, signs: bytes = b"-") -> tuple[IntArray, IntArray, Mask]:
    """Counts of the last place, decimals, and which rows obey the grammar: spaces, one of ``signs`` or none, digits, one
    point between digits or none, up to the last column (of 18 at most).
    """
    columns = np.ascontiguousarray(field.T)
    is_point, is_space = columns == ord("."), columns == ord(" ")
    is_digit = columns - np.uint8(ord("0")) < 10
    is_front = np.logical_or.reduce([is_space, *(columns == sign for sign in signs)])
    right = is_digit.copy()
    right[0] |= is_front[0]
    right[1:] |= (is_front[1:] & is_space[:-1]) | (is_point[1:] & is_digit[:-1])
    good = right.all(axis=0) & is_digit[-1] & (is_point.sum(axis=0, dtype=np.uint8) <= 1)
    counts, decimals = _counts((columns - np.uint8(ord("0"))) * is_digit, is_point)
    return np.where((columns == ord("-")).any(axis=0), -counts, counts), decimals, good


def _counts(digits: Bytes, is_point: Mask) -> tuple[IntArray, IntArray]:
    """Of digits in columns: the number without its point, and the digits behind the point."""
    since = is_point.copy()
    for column in range(1, len(since)):  # ten times as fast as accumulate
        since[column] |= since[column - 1]
    behind = since & ~is_point
    ahead = digits * (since[-1] & ~behind)
    closed_up = digits - ahead
    closed_up[1:] += ahead[:-1]
    return TENS[len(digits) - 1 :: -1] @ closed_up, behind.sum(axis=0, dtype=np.uint8).astype(np.int64)


def write_numbers(
    field: Bytes, counts: IntArray, decimals: int, *, in_front: Bytes | None = None, zero_filled: bool = False
) -> None:
    """Right-aligned magnitudes of ``counts`` with a point before the last ``decimals`` digits.

    ``in_front`` holds for each row what stands directly before its first digit; zeros in front are spaces unless
    ``zero_filled``. A number that is too wide loses its first digits: see that it fits.
    """
    width, magnitudes = field.shape[1], np.abs(counts)
    whole = width - decimals - 1 if decimals else width
    digits = digits_of(magnitudes, width - 1 if decimals else width)
    field[:, :whole], field[:, width - decimals :] = digits[:, :whole], digits[:, whole:]
    if decimals:
        field[:, whole] = ord(".")
    if not zero_filled:
        first = whole - 1 - np.searchsorted(TENS[decimals + 1 :], magnitudes, side="right")
        _clear_front(field[:, :whole], first, in_front)


def _clear_front(whole: Bytes, first: IntArray, in_front: Bytes | None) -> None:
    """Spaces before the column ``first`` of each row, ``in_front`` in the last of them."""
    ahead = np.arange(whole.shape[1]) - first[:, np.newaxis]
    whole[ahead < 0] = ord(" ")
    if in_front is not None:
        whole[ahead == -1] = in_front[first > 0]


def digits_of(numbers: IntArray, width: int) -> Bytes:
    """The last ``width`` digits of numbers that are not negative, as text with zeros in front."""
    words = np.empty((len(numbers), -(-width // 4)), dtype=np.uint32)
    for column in range(words.shape[1] - 1, -1, -1):
        rest = numbers // 10_000
        words[:, column] = _FOUR_DIGITS[numbers - rest * 10_000]
        numbers = rest
    return words.view(np.uint8)[:, -width:]


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
