"""MT-SICS (Mettler-Toledo Standard Interface Command Set): weights one by one and in blocks. All else: ``mt_sics_words``.

Lines end with CR LF. A weight answer is ``<ID> <status> <10 characters, right-aligned> <unit>``; ``S`` and most commands that
weigh (``SI``, ``SIR``, ``SNR``, ``SC``, ...) answer with the identifier ``S``, and ``@`` answers with ``I4``. ``SIC1`` and
``SIC2`` keep their names and end with a CRC.
"""

from __future__ import annotations

import binascii
import re
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from instruments.errors import ReplyError
from instruments.readings import Readings, Weighing
from instruments.stamped import IntArray, Stamped
from instruments.wire.blocks import TENS, read_numbers, write_numbers
from instruments.wire.mt_sics_words import (
    END,
    GENERAL_ERRORS,
    Answer,
    Command,
    Notice,
    Text,
    decode_answer,
    decode_command,
    decode_notice,
    encode_answer,
    encode_command,
    encode_notice,
    identifier_of,
    quoted,
)

__all__ = [
    "END", "FIELD", "GENERAL_ERRORS", "STATUS_WORDS", "UNITS_G",
    "Answer", "Command", "Notice", "Text", "Weighing",
    "crc", "decode_answer", "decode_block", "decode_checked", "decode_command", "decode_notice", "decode_weighing",
    "encode_answer", "encode_block", "encode_checked", "encode_command", "encode_hardware_error", "encode_notice",
    "encode_weight", "identifier_of", "quoted",
]  # fmt: skip

STATUS_WORDS = {
    "S": "stable",
    "D": "dynamic",
    "I": "not executable now",
    "L": "wrong parameter or not installed",
    "+": "overload",
    "-": "underload",
}
UNITS_G = {"g": Decimal(1), "kg": Decimal(1000), "mg": Decimal("0.001")}
"""Grams in one unit, for the units a bench may use; any other unit in a reply is an error."""
FIELD = 10
"""Characters of the number in a weight answer."""

_WEIGHT = re.compile(rb"(?P<id>[A-Z]{1,3}) (?P<status>[SDMNA]) (?P<number> *-?\d+(?:\.\d+)? ?) (?P<unit>\S{1,5})\r?\n?\Z")
_HARDWARE = re.compile(rb"S S (?: {1,2}Error (?=\d{1,2}[bt]))?(?P<code>\d{1,2}[bt]|\d{1,3})\r?\n?\Z")
_SHORT = re.compile(rb"(?P<id>[A-Z]{1,3}) (?P<status>[ILA+-])\r?\n?\Z")
_CHECKED = re.compile(rb"(?P<covered>SIC[12](?P<rest> .*) )(?P<crc>[0-9A-F]{4})\r?\n?\Z")
_TEMPLATE = b"S S            g\r\n"
_FRAME = (0, 1, 3, 14, 15, 16, 17)
"""Its columns that are the same in every weight."""


def encode_weight(identifier: str, status: str, number: str, unit: str = "g") -> bytes:
    """``number`` is what stands in the ten-character field, without its padding."""
    return f"{identifier} {status} {number:>{FIELD}} {unit}".encode("latin-1") + END


def encode_hardware_error(code: str) -> bytes:
    """What stands in place of a weight while the balance has a system error: ``10b`` as a text, ``102`` as it is."""
    text = code if code.isdecimal() else f"{f'Error {code}':>{FIELD}}"
    return f"S S {text}".encode("latin-1") + END


def encode_checked(identifier: str, line: bytes) -> bytes:
    """The weight answer ``line`` under the name of ``SIC1`` or ``SIC2``, with its CRC."""
    covered = identifier.encode("ascii") + line.removeprefix(b"S").removesuffix(END) + b" "
    return covered + crc(covered) + END


def crc(data: bytes) -> bytes:
    """CRC-16/CCITT (polynomial 1021, initial value FFFF, not reflected) as four hexadecimal digits."""
    return b"%04X" % binascii.crc_hqx(data, 0xFFFF)


def decode_weighing(line: bytes) -> Weighing:
    """Read the answer to a weighing command. Raises ReplyError on any other line or unit.

    Two statuses come only to ``SIUM`` and ``SUM``: M stable and N dynamic, both below the minimum weight.
    """
    if match := _WEIGHT.match(line):
        return Weighing(_grams(match["number"], match["unit"], line), match["status"].decode("ascii"))
    if match := _HARDWARE.match(line):
        return Weighing(None, "E", match["code"].decode("ascii"))
    if match := _SHORT.match(line):
        return Weighing(None, match["status"].decode("ascii"))
    raise ReplyError("not a weighing", line)


def decode_checked(line: bytes) -> Weighing:
    """Read the answer to ``SIC1`` or ``SIC2``. Raises ReplyError on any other line, unit or CRC."""
    match = _CHECKED.match(line)
    if match is None or crc(match["covered"]) != match["crc"]:
        raise ReplyError("not a weighing with its CRC", line)
    return decode_weighing(b"S" + match["rest"])


def _grams(number: bytes, unit: bytes, line: bytes) -> Decimal:
    factor = UNITS_G.get(unit.decode("latin-1"))
    if factor is None or len(number) != FIELD:
        raise ReplyError("a weighing in an unexpected unit or width", line)
    return Decimal(number.decode("ascii").strip()) * factor


def encode_block(counts: IntArray, decimals: int, stable: NDArray[np.bool_]) -> tuple[bytes, IntArray]:
    """``S S``/``S D`` lines in g for many readings at once: the bytes and where each line ends.

    ``counts`` are masses in units of the last decimal place.
    """
    rows = np.full((len(counts), len(_TEMPLATE)), np.frombuffer(_TEMPLATE, dtype=np.uint8))
    rows[:, 2] = np.where(stable, ord("S"), ord("D"))
    signs = np.where(counts < 0, np.uint8(ord("-")), np.uint8(ord(" ")))
    write_numbers(rows[:, 4 : 4 + FIELD], counts, decimals, in_front=signs)
    return rows.tobytes(), np.arange(1, len(counts) + 1, dtype=np.int64) * len(_TEMPLATE)


def decode_block(lines: Stamped) -> tuple[Readings, Stamped]:
    """All weighings in a run of lines, and the lines that are no weighings at all (each a matter for the caller).

    Regular lines (one width) are read as an array; others one by one. A weighing in another unit than g is none.
    """
    regular = lines.lengths == len(_TEMPLATE)
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
        if line.startswith(b"S ") and not _in_another_unit(line):
            masses_g[at] = np.nan if weighing.mass_g is None else float(weighing.mass_g)
            statuses[at] = ord(weighing.status)
    weighed = statuses > 0
    return Readings(lines.stamps_us[weighed], masses_g[weighed], statuses[weighed]), lines.pick(~weighed)


def _in_another_unit(line: bytes) -> bool:
    """A stream is in g; if its unit changes somebody has been at the balance."""
    match = _WEIGHT.match(line)
    return match is not None and match["unit"] != b"g"


def _read_rows(rows: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Masses of fixed-width rows, and which rows obey the grammar."""
    counts, decimals, good = read_numbers(rows[:, 4 : 4 + FIELD])
    good &= (rows[:, 2] == ord("S")) | (rows[:, 2] == ord("D"))
    for column in _FRAME:
        good &= rows[:, column] == _TEMPLATE[column]
    return counts / TENS[decimals], good
