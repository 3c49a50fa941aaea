"""Numbers, units and times of the Ultra command set, as a host writes them and as a pump prints them.

A pump prints six significant digits without trailing zeros, a space and the unit. It repeats a rate in the unit that it was set
in, and puts a volume into the unit in which it has one to three digits before the point.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

VOLUME_UNITS_ML = {"ml": 1.0, "ul": 1e-3, "nl": 1e-6, "pl": 1e-9}
"""mL in one unit of each volume unit."""
_PER_H = {"hr": 1.0, "min": 60.0, "sec": 3600.0}
RATE_UNITS_ML_H = {f"{volume}/{time}": ml * per_h for volume, ml in VOLUME_UNITS_ML.items() for time, per_h in _PER_H.items()}
"""mL/h in one unit of each rate unit."""

_TIMES = {"h": "hr", "hr": "hr", "m": "min", "min": "min", "s": "sec", "sec": "sec"}
_DIGITS = 6
_NUMBER = re.compile(r"(?=.{1,32}\Z)(\d+\.?\d*|\.\d+)\Z", re.ASCII)
_DIAMETER = re.compile(r"\d{1,3}\.\d{4} mm\Z", re.ASCII)
_CLOCK = re.compile(r"(?P<h>\d{1,2}):(?P<m>[0-5]\d):(?P<s>[0-5]\d)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as a pump prints it, with the step of its last place, both in the unit that was asked for."""

    value: float
    step: float


def print_number(value: float) -> str:
    """Six significant digits at most, no trailing zeros, no exponent."""
    return format(Decimal(f"{value:.{_DIGITS}g}"), "f")


def parse_number(text: str) -> float | None:
    """A number as either side writes it (``5``, ``5.``, ``.333``, ``199.49``), or None if it is none."""
    return float(text) if _NUMBER.match(text) else None


def step_of(value: float) -> float:
    """The last of the six places that ``value`` is printed with."""
    return 10.0 ** (math.floor(math.log10(value)) - _DIGITS + 1) if value > 0 else 0.0


def parse_volume_unit(text: str) -> str | None:
    """A volume unit as a host may write it (``u``, ``ul``), as the pump prints it."""
    unit = text if text.endswith("l") else f"{text}l"
    return unit if unit in VOLUME_UNITS_ML else None


def parse_rate_unit(text: str) -> str | None:
    """A rate unit as a host may write it (``u/m``, ``ul/min``), as the pump prints it."""
    volume, _, time = text.partition("/")
    unit = parse_volume_unit(volume)
    return f"{unit}/{_TIMES[time]}" if unit and time in _TIMES else None


def print_volume(volume_ml: float) -> str:
    return _scaled(volume_ml, VOLUME_UNITS_ML, nothing="ul")


def print_limit(rate_ml_h: float) -> str:
    """A rate in the unit per minute in which it has one to three digits before the point."""
    return _scaled(rate_ml_h, {f"{unit}/min": ml * 60 for unit, ml in VOLUME_UNITS_ML.items()}, nothing="ul/min")


def _scaled(value: float, units: Mapping[str, float], *, nothing: str) -> str:
    """In the largest unit of which it has one or more, as it is printed; in the smallest if there is no such unit."""
    if not value:
        return f"0 {nothing}"
    texts = [(print_number(value / one), unit) for unit, one in units.items()]
    return " ".join(next(((text, unit) for text, unit in texts if float(text) >= 1), texts[-1]))


def read_rate(line: str) -> Printed | None:
    """A printed rate in mL/h, or None if the line is none."""
    return _in_unit(line, RATE_UNITS_ML_H)


def read_volume(line: str) -> Printed | None:
    """A printed volume in mL, or None if the line is none."""
    return _in_unit(line, VOLUME_UNITS_ML)


def _in_unit(line: str, units: Mapping[str, float]) -> Printed | None:
    number, _, unit = line.partition(" ")
    value = parse_number(number)
    return None if value is None or unit not in units else Printed(value * units[unit], step_of(value) * units[unit])


def print_diameter(diameter_mm: float) -> str:
    return f"{diameter_mm:.4f} mm"


def read_diameter(line: str) -> Printed | None:
    """A printed diameter in mm, or None if the line is none."""
    return Printed(float(line.removesuffix(" mm")), 1e-4) if _DIAMETER.match(line) else None


def print_time(duration_s: float) -> str:
    """Below a minute seconds with up to three decimals, else hours, minutes and seconds."""
    if duration_s < 60:
        return f"{format(Decimal(f'{duration_s:.3f}').normalize(), 'f')} seconds"
    whole_s = int(duration_s)
    return f"{whole_s // 3600:02d}:{whole_s // 60 % 60:02d}:{whole_s % 60:02d}"


def parse_time(text: str) -> float | None:
    """A time as a host writes it, in s: seconds up to an hour, or ``hh:mm:ss``; None if it is none."""
    if clock := _CLOCK.match(text):
        return int(clock["h"]) * 3600 + int(clock["m"]) * 60 + float(clock["s"])
    seconds = parse_number(text)
    return seconds if seconds is not None and seconds <= 3600 else None
