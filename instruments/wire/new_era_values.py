"""Numbers of the New Era family: as a host may write them, as the pump prints them, and what they mean.

A host writes at most four digits and a point, with at most three digits behind it. The pump prints four digits and a point.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

_DIGITS_TAKEN, _TOO_LARGE, _FULL = 4, 9999.5, 9999.0
_BORE_ML_PER_CM_MM2 = math.pi / 400
"""Volume in mL of 1 cm of a bore of 1 mm diameter."""

RATE_UNITS_ML_H = {"UM": 0.06, "MM": 60.0, "UH": 0.001, "MH": 1.0}
"""mL/h in one unit of each rate unit: uL/min, mL/min, uL/h, mL/h."""
VOLUME_UNITS_ML = {"UL": 0.001, "ML": 1.0}
RESOLUTION = 6e-4
"""Of a value in a fitting unit: half a step of the fourth digit is 0.05 %; a little more for the pump's own rounding."""

_FLOAT = re.compile(r"\d{0,4}\.?\d{0,3}\Z", re.ASCII)
_PRINTED = re.compile(r"(?=.{5}\Z)\d+\.\d*\Z", re.ASCII)
_DISPENSED = re.compile(r"I(?P<infused>[\d.]{5})W(?P<withdrawn>[\d.]{5})(?P<unit>UL|ML)\Z", re.ASCII)
_VERSION = re.compile(r"(?P<model>[A-Z]{2,3}\d{3,5}(X\d?)?)V\d+\.\d+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Dispensed:
    """The pump's own totals, in mL, as it displays them (four significant places).

    ``full``: the display has come to its end (9999 of its unit), and what follows is not counted.
    """

    infused_ml: float
    withdrawn_ml: float
    full: bool = False


def number_for_pump(value: float) -> str:
    """``value`` in the pump's host format: at most 4 digits and 3 decimals, rounded to the nearest it can carry.

    Raises ValueError for what does not fit (negative, or 9999.5 and more).
    """
    if 0 <= value < _TOO_LARGE:
        texts = (f"{abs(value):.{decimals}f}" for decimals in (3, 2, 1, 0))
        return next(text for text in texts if len(text.replace(".", "")) <= _DIGITS_TAKEN)
    raise ValueError(f"{value} does not fit into the four digits that the pump takes")


def rate_for_pump(rate_ml_h: float, unit: str = "") -> str:
    """A rate with its unit: the unit that loses least, and of equal ones that with the most digits (a later rate may have to keep
    it); or the ``unit`` that has to be kept.

    Raises ValueError for what fits into no unit, or into the one to be kept only with a loss.
    """
    limit = RESOLUTION if unit else math.inf
    losses = {name: _loss(rate_ml_h, factor) for name, factor in RATE_UNITS_ML_H.items() if unit in ("", name)}
    found = {number_for_pump(rate_ml_h / RATE_UNITS_ML_H[name]) + name: loss for name, loss in losses.items() if loss < limit}
    if not found:
        kept = f"{unit}, the unit that it runs in" if unit else "any unit"
        raise ValueError(f"{rate_ml_h:g} mL/h does not fit into the four digits that the pump takes, in {kept}")
    return min(found, key=lambda text: (found[text], -len(text.lstrip("0.")), text))


def volume_unit_for(volumes_ml: Sequence[float]) -> str:
    """The unit for volumes that have to share one: millilitres, unless they lose digits there that microlitres keep."""
    losses = {unit: max(_loss(volume_ml, factor) for volume_ml in volumes_ml) for unit, factor in VOLUME_UNITS_ML.items()}
    return "UL" if losses["ML"] > RESOLUTION and losses["UL"] < losses["ML"] else "ML"


def _loss(value: float, factor: float) -> float:
    """The relative error of ``value`` when it is sent in a unit of ``factor``; infinity where it does not fit."""
    try:
        sent = float(number_for_pump(value / factor)) * factor
    except ValueError:
        return math.inf
    return abs(sent / value - 1) if value else 0.0


def parse_number(text: str) -> float | None:
    """A number as a host may write it (``5``, ``5.``, ``.5``, ``12.34``), or None if the pump would not take it."""
    digits = text.replace(".", "")
    return float(text) if 1 <= len(digits) <= _DIGITS_TAKEN and _FLOAT.match(text) else None


def number_from_pump(value: float) -> str:
    """``value`` as the pump prints it: four significant places and a point, always five characters."""
    for decimals in (3, 2, 1):
        text = f"{value:.{decimals}f}"
        if len(text) == 5:
            return text
    return f"{min(round(value), 9999):d}."


def parse_printed(text: str) -> float | None:
    """A number as the pump prints it (``26.59``, ``1000.``), or None: digits and one point in five characters."""
    return float(text) if _PRINTED.match(text) else None


def parse_dispensed(data: str) -> Dispensed | None:
    """Read the data of a ``DIS`` reply, or None if it is not one."""
    match = _DISPENSED.match(data)
    if match is None:
        return None
    infused, withdrawn = parse_printed(match["infused"]), parse_printed(match["withdrawn"])
    if infused is None or withdrawn is None:
        return None
    unit_ml = VOLUME_UNITS_ML[match["unit"]]
    return Dispensed(infused * unit_ml, withdrawn * unit_ml, full=max(infused, withdrawn) >= _FULL)


def parse_version(data: str) -> str | None:
    """The model in the data of a ``VER`` reply (``NE1000`` of ``NE1000V3.928``, ``NE1000X2``), or None if it is not one."""
    match = _VERSION.match(data)
    return match["model"] if match else None


def bore_ml_cm(diameter_mm: float) -> float:
    """Volume of 1 cm of a syringe: rate limits are plunger speeds times this."""
    return _BORE_ML_PER_CM_MM2 * diameter_mm**2


def parse_rate(data: str) -> float | None:
    """Read the data of a ``RAT`` reply (``1.500MM``) as mL/h, or None if it is not one."""
    return _in_unit(data, RATE_UNITS_ML_H)


def parse_volume(data: str) -> float | None:
    """Read the data of a ``VOL`` reply (``1.000ML``) as mL, or None if it is not one."""
    return _in_unit(data, VOLUME_UNITS_ML)


def _in_unit(data: str, units: dict[str, float]) -> float | None:
    number, factor = parse_printed(data[:-2]), units.get(data[-2:])
    return None if number is None or factor is None else number * factor
