"""Units at the door: the field types of plan and bench files. Text with a unit comes in, a plain float goes on."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo

from instruments.errors import ConfigError
from instruments.units import to_unit

_SAME_DOSE = 1e-6


def _read(value: Any, unit: str) -> float:
    if not isinstance(value, str):
        raise ValueError(f'a quantity needs its unit, as text: write it like "{value} {unit}"')
    try:
        return to_unit(value, unit)
    except ConfigError as err:
        raise ValueError(str(err)) from err


def _reader(unit: str) -> BeforeValidator:
    return BeforeValidator(partial(_read, unit=unit))


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
    found = info.data.get("concentration") or (info.context or {}).get("concentration")
    if not found:
        raise ValueError(f"{asked!r} is an amount of drug; give [drug] with its concentration, or the case its own")
    return float(found)


def _volume(value: Any, info: ValidationInfo) -> float:
    """mL, or what a dose takes at the concentration of the case, or of the plan; where there are both they agree."""
    dose_ug = info.data.get("dose")
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


VolumeOfDose = Annotated[float, BeforeValidator(_volume), Field(gt=0, validate_default=True)]
"""A volume that may be left to the field ``dose`` before it; its default has to be None."""
MilliLitresPerHourOfDrug = Annotated[float, BeforeValidator(_rate)]
"""A set rate: ``"0.2 mL/h"``, ``"4.8 mL/day"`` or ``"100 ug/day"``."""
Seconds = Annotated[float, _reader("s")]
Percent = Annotated[float, _reader("%")]
MilliLitres = Annotated[float, _reader("mL")]
MicroLitres = Annotated[float, _reader("uL")]
MilliLitresPerHour = Annotated[float, _reader("mL/h")]
MicroLitresPerHour = Annotated[float, _reader("uL/h")]
Micrograms = Annotated[float, _reader("ug")]
MicrogramsPerMilliLitre = Annotated[float, _reader("ug/mL")]
Grams = Annotated[float, _reader("g")]
Milligrams = Annotated[float, _reader("mg")]
GramsPerMilliLitre = Annotated[float, _reader("g/mL")]
GramsPerHour = Annotated[float, _reader("g/h")]
Metres = Annotated[float, _reader("m")]
Millimetres = Annotated[float, _reader("mm")]
Celsius = Annotated[float, _reader("degC")]
Kelvins = Annotated[float, _reader("K")]
Hectopascals = Annotated[float, _reader("hPa")]
Kilopascals = Annotated[float, _reader("kPa")]
Hertz = Annotated[float, _reader("Hz")]
Volts = Annotated[float, _reader("V")]
VoltsPerKilopascal = Annotated[float, _reader("V/kPa")]
Amperes = Annotated[float, _reader("A")]
