"""Who the balance is, what it can, what it shows and what time it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from instruments.wire import mt_sics as wire
from instruments.wire.mt_sics import Text

if TYPE_CHECKING:
    from instruments.sim.mt_sics.device import MtSicsBalance

Words = tuple[str, ...]

_USER_TEXT = 20
_YEARS = range(2000, 2100)
_KEY_MODES = ("1", "2", "3", "4")
_ERROR_TEXTS: Mapping[str, str] = {
    "1": "Boot error",
    "2": "Brand error",
    "3": "Checksum error",
    "9": "Option fail",
    "10": "EEPROM error",
    "11": "Device mismatch",
    "12": "Hot plug-out",
    "14": "Module mismatch",
    "15": "Adjustment needed",
    "102": "Zero drift",
    "103": "Supply voltage",
    "104": "Temperature",
}


@dataclass
class Terminal:
    """What a person at the balance sees and may press: ``keys`` is the mode of ``K``, ``text`` stands in place of the weight."""

    keys: int = 1
    text: str = ""


def reset(balance: MtSicsBalance, _: Words) -> None:
    """``@``: everything is called off, keys are free, the balance awake; zero and settings stay."""
    balance.call_off()
    balance.awake, balance.terminal.keys = True, 1
    if balance.persona.reset_clears_tare:
        balance.scale.clear_tare()
    balance.greet()


def command_list(balance: MtSicsBalance, _: Words) -> None:
    known = sorted((entry.level, name) for name, entry in balance.commands.items())
    for level, name in known[:-1]:
        balance.answer("I0", "B", str(level), Text(name))
    level, name = known[-1]
    balance.answer("I0", "B" if balance.data.bare_list_end else "A", str(level), Text(name))
    if balance.data.bare_list_end:
        balance.answer("I0", "A")


def text(name: str, read: Callable[[MtSicsBalance], str]) -> Callable[[MtSicsBalance, Words], None]:
    """A question that is answered with one text."""
    return lambda balance, _: balance.answer(name, "A", Text(read(balance)))


def levels(balance: MtSicsBalance, _: Words) -> None:
    balance.answer("I1", "A", *map(Text, balance.persona.levels))


def type_line(balance: MtSicsBalance) -> str:
    cell = balance.cell.data
    return f"{balance.persona.model} {cell.capacity_g:.{cell.decimals}f} g"


def user_text(balance: MtSicsBalance, words: Words) -> None:
    if not words:
        balance.answer("I10", "A", Text(balance.settings.user_text))
    elif isinstance(words[0], Text) and len(words[0]) <= _USER_TEXT:
        balance.settings.user_text = words[0]
        balance.answer("I10", "A")
    else:
        balance.answer("I10", "L")


def device_tree(balance: MtSicsBalance, words: Words) -> None:
    """``I14``: what it is made of (a bridge, and a terminal if it has one), and of each what number ``words[0]`` asks."""
    persona, data = balance.persona, balance.data
    told = {
        "0": ("Bridge", "Terminal"),
        "1": (persona.model, f"{persona.model} Terminal"),
        "2": (data.software_id, data.software_id),
        "3": (persona.software, persona.software),
        "4": (data.serial, data.serial),
        "5": (persona.software.rpartition(" ")[2],) * 2,
    }
    parts = told.get(words[0], ())[: 2 if persona.display_characters else 1]
    if not parts:
        balance.answer("I14", "L")
    for index, info in enumerate(parts, start=1):
        balance.answer("I14", "A" if index == len(parts) else "B", words[0], str(index), Text(info))


def uptime(balance: MtSicsBalance, _: Words) -> None:
    balance.answer("I15", "A", f"{(balance.now_s - balance.started_s) // 60:.0f}")


def temperature(balance: MtSicsBalance, _: Words) -> None:
    balance.answer("M28", "A", "1", f"{balance.data.temperature_c:.1f}")


# --- errors ---


def _code(balance: MtSicsBalance) -> str:
    """The number of the system error; 0 for none."""
    return balance.scale.hardware_error.rstrip("bt") or "0"


def error(balance: MtSicsBalance, _: Words) -> None:
    code = _code(balance)
    balance.send(wire.encode_notice("E01", code, Text(_ERROR_TEXTS.get(code, ""))))


def error_mask(balance: MtSicsBalance, _: Words) -> None:
    """Bit n for the n-th error of the table."""
    listed = list(_ERROR_TEXTS)
    code = _code(balance)
    balance.answer("E02", "A", str(1 << listed.index(code) if code in listed else 0))


def error_list(balance: MtSicsBalance, _: Words) -> None:
    code = _code(balance)
    balance.answer("E03", "A", "0" if code == "0" else "1", code, Text(_ERROR_TEXTS.get(code, "")))


# --- terminal ---


def display(balance: MtSicsBalance, words: Words) -> None:
    room = balance.persona.display_characters
    if not isinstance(words[0], Text) or (len(words[0]) > room and not balance.data.display_cuts):
        balance.answer("D", "L")
        return
    balance.terminal.text = words[0][:room]
    balance.answer("D", "A")


def display_weight(balance: MtSicsBalance, _: Words) -> None:
    balance.terminal.text = ""
    balance.answer("DW", "A")


def keys(balance: MtSicsBalance, words: Words) -> None:
    if words[0] not in _KEY_MODES:
        balance.answer("K", "L")
        return
    balance.terminal.keys = int(words[0])
    balance.answer("K", "A")


# --- calendar ---


def date(balance: MtSicsBalance, words: Words) -> None:
    """``DAT``: day, month, year."""
    _calendar(balance, "DAT", words, "%d %m %Y", "%H %M %S")


def time(balance: MtSicsBalance, words: Words) -> None:
    """``TIM``: hours, minutes, seconds."""
    _calendar(balance, "TIM", words, "%H %M %S", "%d %m %Y")


def _calendar(balance: MtSicsBalance, name: str, words: Words, form: str, rest: str) -> None:
    now = balance.calendar()
    if not words:
        balance.answer(name, "A", *now.strftime(form).split(" "))
        return
    then: datetime | None = None
    with suppress(ValueError):
        then = datetime.strptime(f"{' '.join(words)} {now.strftime(rest)}", f"{form} {rest}")  # noqa: DTZ007 - a wall clock without a zone
    if then is None or then.year not in _YEARS:
        balance.answer(name, "L")
        return
    balance.calendar_start += then - now.replace(microsecond=0)
    balance.answer(name, "A")
