"""Numbers with units, as people write them in bench and plan files: ``"0.5 mL/h"``, ``"+3 %"``, ``"24 h"``.

Units are compulsory: a bare number is refused. Inside the program values are plain floats whose names carry the unit.
The work is done by Pint; this module only fixes the spelling that the files use.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

import pint

from instruments.errors import ConfigError

_REGISTRY: Any = pint.UnitRegistry(autoconvert_offset_to_baseunit=True, cache_folder=None)
_REGISTRY.define("mmHg = 133.322387415 * pascal")
_SPELLING = re.compile(
    r"\s*(?P<number>[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)\s*(?P<unit>[A-Za-zµμ°%][\wµμ°%/*^ -]*)\s*\Z",
    re.ASCII,
)
_NAME = re.compile(r"%RH|%|°?[^\W\d]+")
_POWER = re.compile(r"\b([cdm]?m)([23])\b")
_MEGA = re.compile(r"\bM(?=[LlGg]\b)")
_PINT_NAMES = {
    "%": "percent",
    "%RH": "percent",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "C": "degC",
    "°C": "degC",
}


def to_unit(text: str, unit: str) -> float:
    """The number that ``text`` stands for, in ``unit``.

    Raises ConfigError when the unit is missing, unknown or of another kind, and says what would be accepted.
    """
    if not isinstance(text, str):
        raise ConfigError(f"{text!r} needs its unit, as text: write it like '1.5 {unit}'")
    match = _SPELLING.match(text)
    if match is None or not math.isfinite(float(match["number"])):
        raise ConfigError(f"{text!r} is not a number with a unit; write it like '1.5 {unit}'")
    if _MEGA.search(match["unit"]):
        raise ConfigError(f"{text!r}: M is mega, a million; write m for milli")
    try:
        quantity = _REGISTRY.Quantity(float(match["number"]), _unit(match["unit"]))
        return float(quantity.to(_unit(unit)).magnitude)
    except Exception as err:  # Pint has no common error for what it cannot read
        raise ConfigError(f"{text!r} is not a quantity in {unit} or a unit of that kind") from err


@lru_cache(maxsize=256)
def _unit(spelling: str) -> Any:
    return _REGISTRY.Unit(_POWER.sub(r"\1^\2", _NAME.sub(lambda name: _PINT_NAMES.get(name[0], name[0]), spelling)))
