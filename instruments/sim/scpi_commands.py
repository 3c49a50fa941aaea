"""The command tree of a SCPI instrument: patterns such as ``[:SOURce<1:3>]:VOLTage[:LEVel]``, and what comes with a header."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from instruments.wire import scpi_parameters as wire
from instruments.wire.scpi import Kind, Parameter, Unit
from instruments.wire.scpi_errors import ScpiError

_NODE = re.compile(r"(?P<open>\[)?:?(?P<name>[A-Za-z*]+)(?:<(?P<low>\d+):(?P<high>\d+)>)?(?P<close>\])?")
_HEADERS_KEPT = 1024
_UNLIMITED = float("inf")
Words = Mapping[str, float]
_NO_WORDS: Words = {}


@dataclass(frozen=True, slots=True)
class Later:
    """An answer that is not there yet: nothing behind it is executed until ``ready``; ``answer`` may then be None for none."""

    ready: Callable[[], bool]
    answer: Callable[[], str | None]


Answer = str | Later | None


@dataclass(frozen=True, slots=True)
class Command:
    """What a header does as a query and as a setting, and how few and how many parameters each takes.

    Both are functions of the device and of what was ``Given``; one that is missing makes the header undefined in that form.
    """

    query: Callable[[Any, Given], Answer] | None = None
    set: Callable[[Any, Given], Answer] | None = None
    asks: tuple[int, int] = (0, 0)
    takes: tuple[int, int] = (1, 1)


def action(act: Callable[[Any, Given], Answer], takes: tuple[int, int] = (0, 0)) -> Command:
    """A command that is no setting and has no query form: ``INITiate``, ``*RST``."""
    return Command(set=act, takes=takes)


class Given:
    """The parameters of one unit, taken one after the other, and the numeric suffixes of its header (1 where left out).

    The number of parameters has been checked before. Everything raises ScpiError for what is not taken.
    """

    def __init__(self, unit: Unit, suffixes: Sequence[int], unknown_word: int) -> None:
        self.unit, self.suffixes = unit, tuple(suffixes)
        self._left = list(unit.parameters)
        self._unknown_word = unknown_word

    @property
    def left(self) -> int:
        return len(self._left)

    def peek(self) -> Kind | None:
        """What the next parameter looks like; None when there is no other."""
        return self._left[0].kind if self._left else None

    def take(self) -> Parameter:
        if not self._left:
            raise ScpiError(-109)
        return self._left.pop(0)

    def number(self, unit: str = "", *, low: float = -_UNLIMITED, high: float = _UNLIMITED, words: Words = _NO_WORDS) -> float:
        """A number in ``unit`` from ``low`` to ``high`` (else -222). MIN and MAX stand for these where they are finite.

        ``words`` are others that may be written: ``{"DEFault": 10.0, "INFinity": inf}``; their values may lie outside.
        """
        limits = {name: value for name, value in (("MINimum", low), ("MAXimum", high)) if abs(value) < _UNLIMITED}
        value = wire.number(self.take(), unit, {**limits, **words})
        if not low <= value <= high and value not in words.values():
            raise ScpiError(-222)
        return value

    def integer(self, *, low: float = -_UNLIMITED, high: float = _UNLIMITED, words: Words = _NO_WORDS) -> int:
        """A whole number, rounded as instruments do."""
        value = self.number(low=low, high=high, words=words)
        if abs(value) == _UNLIMITED:
            raise ScpiError(-222)
        return round(value)

    def boolean(self) -> bool:
        return wire.boolean(self.take())

    def word(self, *patterns: str) -> str:
        """One of ``patterns``, in its short form."""
        found = wire.word(self.take(), patterns)
        if found is None:
            raise ScpiError(self._unknown_word)
        return wire.short_form(found)

    def text(self) -> str:
        return wire.text(self.take())

    def channels(self, known: Iterable[int]) -> tuple[int, ...]:
        """The channels of a list. Those named have to be ``known`` (else -222); inside a range others are left out."""
        there = set(known)
        return tuple(channel for span in wire.channels(self.take()) for channel in _pick(span, there))


def _pick(span: range, known: set[int]) -> list[int]:
    if span[0] not in known or span[-1] not in known:
        raise ScpiError(-222)
    return [channel for channel in span if channel in known]


class Tree:
    """All commands of a kind of device, found by any of their spellings."""

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self._patterns = [(*_compile(pattern), command) for pattern, command in commands.items()]
        self.find = lru_cache(maxsize=_HEADERS_KEPT)(self._find)

    def _find(self, header: str) -> tuple[Command, tuple[int, ...]]:
        """The command of a complete header in capitals, and its suffixes. Raises ScpiError -113 or -114."""
        for pattern, limits, command in self._patterns:
            match = pattern.match(header)
            if match is not None:
                return command, _suffixes(match.groups(), limits)
        raise ScpiError(-113, header.removeprefix(":"))


def _suffixes(written: Iterable[str | None], limits: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    suffixes = tuple(int(text or 1) for text in written)
    if not all(low <= suffix <= high for suffix, (low, high) in zip(suffixes, limits, strict=True)):
        raise ScpiError(-114)
    return suffixes


def _compile(pattern: str) -> tuple[re.Pattern[str], list[tuple[int, int]]]:
    """A pattern as a regular expression over headers, and the limits of its suffixes."""
    parts: list[str] = []
    limits: list[tuple[int, int]] = []
    for node in _NODE.finditer(pattern):
        suffix = ""
        if node["low"]:
            limits.append((int(node["low"]), int(node["high"])))
            suffix = r"(\d{1,4})?"
        parts.append(("(?:" if node["open"] else "") + _spelled(node["name"]) + suffix + (")?" if node["close"] else ""))
    return re.compile("".join(parts) + r"\Z", re.ASCII), limits


def _spelled(name: str) -> str:
    if name.startswith("*"):
        return re.escape(name.upper())
    return f":(?:{wire.short_form(name)}|{name.upper()})"
