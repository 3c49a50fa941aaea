"""Units at the door: the field types of plan and bench files. Text with a unit comes in, a plain float goes on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from instruments.errors import ConfigError
from instruments.units import to_unit

_SAME_DOSE = 1e-6
CONCENTRATION = "concentration"
"""Under this name the validators find the drug's concentration in ug/mL: NaN for one that is there, and wrong."""
FOLLOWS = "follows"
"""Kind of a fault that is there only because of another one, which is told."""
UNIT_KEY = "x-unit"
SPELLING = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*[^\s\d.+-].*$"
"""How a number with a unit is written, for the schemas of the files."""


def _read(value: Any, unit: str) -> float:
    if not isinstance(value, str):
        raise ValueError(f'a quantity needs its unit, as text: write it like "{value} {unit}"')
    try:
        return to_unit(value, unit)
    except ConfigError as err:
        raise ValueError(str(err)) from err


@dataclass(frozen=True, slots=True)
class _Quantity:
    """A float that is written as text with its unit: how it is read, and how a schema describes it."""

    unit: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(partial(_read, unit=self.unit), handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return _as_text(handler(core), self.unit)


@dataclass(frozen=True, slots=True)
class _OfDrug:
    """The same for what the drug's concentration may be needed for; ``read`` has the other fields at hand."""

    read: Callable[[Any, ValidationInfo], float]
    units: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return _as_text(handler(core), *self.units)


def _as_text(schema: dict[str, Any], *units: str) -> dict[str, Any]:
    return {**schema, "type": "string", "pattern": SPELLING, "examples": [f"1 {unit}" for unit in units], UNIT_KEY: units[0]}


def _rate(value: Any, info: ValidationInfo) -> float:
    """mL/h, or the drug's mass per time at the concentration of the case, or of the plan."""
    if not isinstance(value, str):
        return _read(value, "mL/h")
    try:
        dose_ug_h = to_unit(value, "ug/h")
    except ConfigError:
        return _read(value, "mL/h")
    return dose_ug_h / concentration_ug_ml(info, value)


def concentration_ug_ml(info: ValidationInfo, asked: str) -> float:
    """What a dose is turned into a volume with: the case's own ``concentration``, or the drug's. Raises ValueError."""
    found = info.data.get(CONCENTRATION) or (info.context or {}).get(CONCENTRATION)
    if found is None:
        raise ValueError(f"{asked!r} is an amount of drug; give [drug] with its concentration, or the case its own")
    if math.isnan(found):
        raise PydanticCustomError(FOLLOWS, "follows from what is wrong with the concentration")
    return float(found)


def _volume(value: Any, info: ValidationInfo) -> float:
    """mL, or what a dose takes at the concentration of the case, or of the plan; where there are both they agree."""
    if "dose" not in info.data:
        raise PydanticCustomError(FOLLOWS, "follows from what is wrong with the dose")
    dose_ug = info.data["dose"]
    if value is None and dose_ug is None:
        raise ValueError('give a volume, like "1 mL", or a dose, like "50 ug"')
    if dose_ug is None:
        return _read(value, "mL")
    of_drug_ug_ml = concentration_ug_ml(info, f"{dose_ug:g} ug")
    implied_ml: float = dose_ug / of_drug_ug_ml
    volume_ml = implied_ml if value is None else _read(value, "mL")
    if volume_ml <= 0:
        return volume_ml  # what is wrong with it is told by its bound
    if abs(implied_ml - volume_ml) > _SAME_DOSE * implied_ml:
        raise ValueError(f"{dose_ug:g} ug at {of_drug_ug_ml:g} ug/mL is {implied_ml:g} mL, not {volume_ml:g} mL")
    return volume_ml


VolumeOfDose = Annotated[float, _OfDrug(_volume, ("mL", "uL")), Field(gt=0, validate_default=True)]
"""A volume that may be left to the field ``dose`` before it; its default has to be None."""
MilliLitresPerHourOfDrug = Annotated[float, _OfDrug(_rate, ("mL/h", "uL/h", "mL/day", "ug/day"))]
"""A set rate: ``"0.2 mL/h"``, ``"4.8 mL/day"`` or ``"100 ug/day"``."""
Seconds = Annotated[float, _Quantity("s")]
Days = Annotated[float, _Quantity("day")]
Percent = Annotated[float, _Quantity("%")]
MilliLitres = Annotated[float, _Quantity("mL")]
MicroLitres = Annotated[float, _Quantity("uL")]
MilliLitresPerHour = Annotated[float, _Quantity("mL/h")]
MicroLitresPerHour = Annotated[float, _Quantity("uL/h")]
Micrograms = Annotated[float, _Quantity("ug")]
MicrogramsPerMilliLitre = Annotated[float, _Quantity("ug/mL")]
Grams = Annotated[float, _Quantity("g")]
Milligrams = Annotated[float, _Quantity("mg")]
GramsPerMilliLitre = Annotated[float, _Quantity("g/mL")]
GramsPerHour = Annotated[float, _Quantity("g/h")]
MilligramsPerHour = Annotated[float, _Quantity("mg/h")]
Metres = Annotated[float, _Quantity("m")]
Millimetres = Annotated[float, _Quantity("mm")]
Celsius = Annotated[float, _Quantity("degC")]
Kelvins = Annotated[float, _Quantity("K")]
Hectopascals = Annotated[float, _Quantity("hPa")]
Kilopascals = Annotated[float, _Quantity("kPa")]
Hertz = Annotated[float, _Quantity("Hz")]
Volts = Annotated[float, _Quantity("V")]
VoltsPerKilopascal = Annotated[float, _Quantity("V/kPa")]
Amperes = Annotated[float, _Quantity("A")]
