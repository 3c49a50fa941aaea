"""Arguments of commands of the Ultra set, and the refusal of those that will not do."""

from __future__ import annotations

from instruments.wire import harvard as wire
from instruments.wire import harvard_numbers as numbers

Args = tuple[str, ...]
Lines = tuple[str, ...]

_LITRE = "l"


class Wrong(Exception):
    """A command that is refused, with the lines that say so."""

    def __init__(self, kind: str, argument: str, text: str) -> None:
        super().__init__(text)
        self.lines = wire.error_lines(kind, argument, text)


def wrong_argument(argument: str, text: str) -> Wrong:
    return Wrong("Argument error", argument, text)


def wrong_state(text: str) -> Wrong:
    return Wrong("Command error", "", text)


def no_more(args: Args) -> None:
    if args:
        raise wrong_argument(args[0], "Unexpected argument")


def need(args: Args, count: int) -> Args:
    """Exactly so many arguments."""
    if len(args) < count:
        raise wrong_argument("", "Missing argument")
    no_more(args[count:])
    return args


def number(text: str) -> float:
    value = numbers.parse_number(text)
    if value is None:
        raise wrong_argument(text, "Invalid number")
    return value


def whole(text: str, lowest: int, highest: int) -> int:
    value = number(text)
    if value != int(value) or not lowest <= value <= highest:
        raise wrong_argument(text, "Out of range")
    return int(value)


def one_of(args: Args, *words: str) -> str:
    """One argument, one of these words."""
    word = need(args, 1)[0].lower()
    if word not in words:
        raise wrong_argument(args[0], "Invalid argument")
    return word


def given_volume(args: Args) -> float:
    """A volume in mL; litres are understood too, so that they are found to be too much."""
    unit = args[1].lower()
    if unit == _LITRE:
        return number(args[0]) * 1000
    known = numbers.parse_volume_unit(unit)
    if known is None:
        raise wrong_argument(args[1], "Unknown units")
    return number(args[0]) * numbers.VOLUME_UNITS_ML[known]


def given_time(text: str) -> float:
    duration_s = numbers.parse_time(text)
    if duration_s is None:
        raise wrong_argument(text, "Invalid time")
    if duration_s == 0:
        raise wrong_argument(text, "Out of range")
    return duration_s
