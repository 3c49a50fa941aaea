"""Numbers with units, as people write them in bench and plan files: ``"0.5 mL/h"``, ``"+3 %"``, ``"24 h"``.

Units are compulsory: a bare number is refused. Inside the program values are plain floats whose names carry the unit.
The work is done by Pint; this module only fixes the spelling that the files use.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import pint

from instruments.errors import ConfigError

_REGISTRY: Any = pint.UnitRegistry(autoconvert_offset_to_baseunit=True, cache_folder=None)
_REGISTRY.define("mmHg = 133.322387415 * pascal")
_SPELLING = re.compile(r"^\s*(?P<number>[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)\s*(?P<unit>[^\d\s.].*?)\s*$")
_PINT_NAMES = {"%": "percent", "min": "minute", "h": "hour", "d": "day", "C": "degC", "ppm": "ppm", "%RH": "percent"}


def to_unit(text: str, unit: str) -> float:
    """The number that ``text`` stands for, in ``unit``.

    Raises ConfigError when the unit is missing, unknown or of another kind, and says what would be accepted.
    """
    match = _SPELLING.match(text)
    if match is None:
        raise ConfigError(f"{text!r} is not a number with a unit; write it like '1.5 {unit}'")
    try:
        quantity = _REGISTRY.Quantity(float(match["number"]), _unit(match["unit"]))
        return float(quantity.to(_unit(unit)).magnitude)
    except (pint.errors.PintError, AttributeError, AssertionError, ValueError, TypeError) as err:
        raise ConfigError(f"{text!r} is not a quantity in {unit} or a unit of that kind") from err


@lru_cache(maxsize=256)
def _unit(spelling: str) -> Any:
    words = re.sub(r"%RH|%|[^\W\d]+", lambda word: _PINT_NAMES.get(word[0], word[0]), spelling)
    return _REGISTRY.Unit(words)
