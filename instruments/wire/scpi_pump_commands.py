"""The commands that the driver of a SCPI pump uses, by its own names for them, and how a bench file writes them otherwise.

A pump with another tree needs no code: ``[pump.options.commands]`` gives for each name that differs the pump's own header, or a
table with ``query`` and ``set`` where they differ more, and the unit of its number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from instruments.errors import ConfigError
from instruments.options import options_from
from instruments.units import to_unit
from instruments.wire import scpi as wire
from instruments.wire.scpi_errors import ScpiError

VALUE = "{value}"


class Shape(Enum):
    """What is asked or set under a name."""

    ACTION = "action"
    NUMBER = "number"
    BITS = "bits"
    WORD = "word"
    STEPS = "steps"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Form:
    """How one command is written; ``query`` and ``set`` are empty where there is no such form.

    A number on the line times ``factor`` is the number in the driver's unit, in which ``resolution`` is told, too. ``words`` maps
    what the pump says to what the driver knows.
    """

    query: str = ""
    set: str = ""
    shape: Shape = Shape.NUMBER
    unit: str = ""
    resolution: float = 0.0
    factor: float = 1.0
    words: Mapping[str, str] = field(default_factory=dict)

    def asking(self, value: float | None = None) -> str:
        return self.query if value is None else self.query.replace(VALUE, f"{value:.9g}")

    def setting(self, value: float | str = "") -> str:
        """The message that sets ``value``, which is in the driver's unit, or already written."""
        return self.set.replace(VALUE, value if isinstance(value, str) else f"{value / self.factor:.9g}")


@dataclass(frozen=True, slots=True)
class Rewritten:
    """How a bench file writes a command: a table instead of a header.

    ``query`` with its question mark, ``set`` with ``{value}`` where the number goes. ``unit`` (as ``uL/day``) or ``scale`` (the
    pump's number times scale is the driver's) where the pump's number is another one; ``resolution`` in the pump's unit.
    ``words`` maps a pump's words for its states to those of the manual.
    """

    query: str = ""
    set: str = ""
    unit: str = ""
    scale: float = 0.0
    resolution: float = 0.0
    words: Mapping[str, str] = field(default_factory=dict)


Commands = Mapping[str, Any]
"""The names that a pump has other commands for, each with its header or with the table of a ``Rewritten``."""


def _number(header: str, unit: str, resolution: float) -> Form:
    return Form(f"{header}?", f"{header} {VALUE}", Shape.NUMBER, unit, resolution)


def _reading(header: str, unit: str, resolution: float) -> Form:
    return Form(f"{header}?", "", Shape.NUMBER, unit, resolution)


def _action(header: str) -> Form:
    return Form("", header, Shape.ACTION)


RATE_STEP_ML_H, VOLUME_STEP_ML = 1e-6, 1e-5
"""Resolution of the pump's rates and volumes."""
STANDARD: Mapping[str, Form] = {
    "start": _action("INIT"),
    "stop": _action("ABOR"),
    "state": Form("INF:STAT?", shape=Shape.WORD),
    "rate": _number("INF:RATE", "mL/h", RATE_STEP_ML_H),
    "target-volume": _number("INF:TARG", "mL", VOLUME_STEP_ML),
    "total": _reading("TOT:VOL", "mL", VOLUME_STEP_ML),
    "flex": Form("FLEX:STEP?", f"FLEX:STEP {VALUE}", Shape.STEPS),
    "bolus-volume": _number("BOL:VOL", "mL", VOLUME_STEP_ML),
    "bolus-rate": _number("BOL:RATE", "mL/h", RATE_STEP_ML_H),
    "bolus": _action("BOL"),
    "prime-volume": _number("PRIM:VOL", "mL", VOLUME_STEP_ML),
    "prime-rate": _number("PRIM:RATE", "mL/h", RATE_STEP_ML_H),
    "prime": _action("PRIM"),
    "reservoir": _reading("RES:VOL", "mL", VOLUME_STEP_ML),
    "refill": _number("RES:REF", "mL", VOLUME_STEP_ML),
    "low-reservoir": _number("RES:LOW", "mL", VOLUME_STEP_ML),
    "alarms": Form("STAT:QUES?", shape=Shape.BITS),
    "acknowledge": _action("ALAR:ACKN"),
    "battery": Form("BATT:STAT?", shape=Shape.WORD),
    "battery-voltage": _reading("BATT:VOLT", "V", 1e-3),
    "battery-charge": _reading("BATT:CHAR", "%", 0.01),
    "watchdog": _number("WDOG:TIM", "s", 1.0),
    "log-range": Form("LOG:RANG?", shape=Shape.LOG),
    "log-entry": Form(f"LOG:ENTR? {VALUE}", shape=Shape.LOG),
}
"""The commands of docs/reference/scpi-pump.md."""


def forms(given: Commands) -> Mapping[str, Form]:
    """All commands, those of ``given`` rewritten. Raises ConfigError telling what would be accepted."""
    return {**STANDARD, **{name: _rewritten(name, entry) for name, entry in given.items()}}


def _rewritten(name: str, given: Any) -> Form:
    if name not in STANDARD:
        raise ConfigError(f"commands: {name!r} is no command of this driver; there are: {', '.join(STANDARD)}")
    usual = STANDARD[name]
    if isinstance(given, str):
        entry = Rewritten(query=_moved(usual.query, given), set=_moved(usual.set, given))
    elif isinstance(given, Mapping):
        entry = options_from(Rewritten, given, f"commands.{name}")
    else:
        raise ConfigError(f"commands.{name}: write a header or a table with query and set (found {given!r})")
    _check_forms(name, usual, entry)
    factor = _factor(name, usual, entry)
    resolution = entry.resolution * factor or usual.resolution
    return Form(entry.query, entry.set, usual.shape, usual.unit, resolution, factor, dict(entry.words))


def _moved(usual: str, header: str) -> str:
    """The usual text under another header; empty stays empty."""
    rest = usual.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ:")
    return header.strip() + rest if usual else ""


def _check_forms(name: str, usual: Form, entry: Rewritten) -> None:
    for form, wanted, written in (("query", usual.query, entry.query), ("set", usual.set, entry.set)):
        if bool(wanted) != bool(written):
            told = f"needs a {form} command, such as {wanted!r}" if wanted else f"takes no {form} command"
            raise ConfigError(f"commands.{name}: {told}")
        if written and (written.count(VALUE) != wanted.count(VALUE) or not _is_message(written, query=form == "query")):
            raise ConfigError(f"commands.{name}: {written!r} is no {form} command; write it like {wanted!r}")
    if entry.words and usual.shape is not Shape.WORD:
        raise ConfigError(f"commands.{name}: takes no words")


def _is_message(text: str, *, query: bool) -> bool:
    """Whether it is one program message unit, a query or not."""
    try:
        units = list(wire.decode_message(text.replace(VALUE, "1").encode("ascii") + wire.END))
    except (ScpiError, UnicodeEncodeError):
        return False
    return len(units) == 1 and units[0].query == query


def _factor(name: str, usual: Form, entry: Rewritten) -> float:
    if not (entry.unit or entry.scale):
        return 1.0
    if not usual.unit:
        raise ConfigError(f"commands.{name}: takes neither unit nor scale")
    if (entry.unit and entry.scale) or entry.scale < 0:
        raise ConfigError(f"commands.{name}: takes either a unit or a positive scale")
    return to_unit(f"1 {entry.unit}", usual.unit) if entry.unit else entry.scale
