"""What SCPI parameters mean: numbers with units, words in short and long form, channel lists.

Each reader turns one parameter into a value or raises ``ScpiError`` with the code that an instrument puts into its error queue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from instruments.wire.scpi import Kind, Parameter
from instruments.wire.scpi_errors import ScpiError

_PREFIXES = {
    "": 1.0, "EX": 1e18, "PE": 1e15, "T": 1e12, "G": 1e9, "MA": 1e6, "K": 1e3, "M": 1e-3, "U": 1e-6, "N": 1e-9, "P": 1e-12,
    "F": 1e-15, "A": 1e-18,
}  # fmt: skip
_MEGA = frozenset({"HZ", "OHM"})
"""Units before which M means a million."""

_NUMBER = re.compile(
    r"(?P<mantissa>[+-]?[\d.]+)(?:[ \t]*E(?P<exponent>[+-]?\d+))?[ \t]*(?P<suffix>.*)\Z", re.IGNORECASE | re.ASCII
)
_BASES = {"H": 16, "Q": 8, "B": 2}
_LARGEST_EXPONENT, _MOST_DIGITS = 32000, 255
_LIST = re.compile(r"\([ \t]*@(?P<entries>[\d,: \t]*)\)\Z", re.ASCII)
_ENTRY = re.compile(r"[ \t]*(\d{1,4})(?:[ \t]*:[ \t]*(\d{1,4}))?[ \t]*\Z", re.ASCII)


_NOT_TAKEN = {Kind.NUMBER: -128, Kind.WORD: -148, Kind.TEXT: -158, Kind.LIST: -178, Kind.BLOCK: -168}


def _wrong_kind(parameter: Parameter) -> ScpiError:
    return ScpiError(_NOT_TAKEN[parameter.kind])


def number(parameter: Parameter, unit: str = "", words: Mapping[str, float] | None = None) -> float:
    """A number in ``unit`` (``V``, ``A``, ``S``, ``OHM``; empty: none may be written), or one of ``words`` (``MINimum``: 0.1).

    A text in its place is -104, an unknown word -148, a strange unit -131 (-138 where none is allowed).
    """
    if parameter.kind is Kind.WORD:
        for pattern, value in (words or {}).items():
            if is_word(parameter.value, pattern):
                return value
    if parameter.kind is not Kind.NUMBER:
        raise ScpiError(-104) if parameter.kind is Kind.TEXT else _wrong_kind(parameter)
    if parameter.value.startswith("#"):
        return float(int(parameter.value[2:], _BASES[parameter.value[1].upper()]))
    return _decimal(parameter.value, unit)


def _decimal(written: str, unit: str) -> float:
    match = _NUMBER.match(written)
    if match is None:
        raise ScpiError(-121)
    if len(match["mantissa"]) > _MOST_DIGITS:
        raise ScpiError(-124)
    if abs(int((match["exponent"] or "0")[:8])) > _LARGEST_EXPONENT:
        raise ScpiError(-123)
    return float(f"{match['mantissa']}E{match['exponent'] or 0}") * _multiplier(match["suffix"].upper(), unit)


def _multiplier(suffix: str, unit: str) -> float:
    if not suffix:
        return 1.0
    if not unit:
        raise ScpiError(-138)
    prefix = suffix.removesuffix(unit)
    if not suffix.endswith(unit) or prefix not in _PREFIXES:
        raise ScpiError(-131)
    return 1e6 if prefix == "M" and unit in _MEGA else _PREFIXES[prefix]


def boolean(parameter: Parameter) -> bool:
    """``ON``, ``OFF``, or a number: false when it rounds to 0."""
    return abs(number(parameter, words={"ON": 1.0, "OFF": 0.0})) > 0.5


def word(parameter: Parameter, patterns: Iterable[str]) -> str | None:
    """The one of ``patterns`` (``IMMediate``, ``BUS``, ``CH1``, ...) that was written, or None."""
    if parameter.kind is not Kind.WORD:
        raise _wrong_kind(parameter)
    return next((pattern for pattern in patterns if is_word(parameter.value, pattern)), None)


def is_word(written: str, pattern: str) -> bool:
    """Whether ``written`` is the short or the long form of ``pattern`` (``VOLTage``: VOLT or VOLTAGE, nothing in between)."""
    return written.upper() in (short_form(pattern), pattern.upper())


def short_form(pattern: str) -> str:
    """The capitals and digits of ``pattern``."""
    return "".join(character for character in pattern if not character.islower())


def text(parameter: Parameter) -> str:
    if parameter.kind is not Kind.TEXT:
        raise _wrong_kind(parameter)
    return parameter.value


def channels(parameter: Parameter) -> tuple[range, ...]:
    """A channel list ``(@101,103:110)`` as ranges, each with one channel or more, going down where it was written so."""
    if parameter.kind is not Kind.LIST:
        raise _wrong_kind(parameter)
    match = _LIST.match(parameter.value)
    if match is None:
        raise ScpiError(-171)
    written = match["entries"].strip()
    return tuple(_range(entry) for entry in written.split(",")) if written else ()


def _range(entry: str) -> range:
    match = _ENTRY.match(entry)
    if match is None:
        raise ScpiError(-171)
    first, last = int(match[1]), int(match[2] or match[1])
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)
