"""Units at the door: the field types of plan and bench files. Text with a unit comes in, a plain float goes on."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from instruments.errors import ConfigError
from instruments.units import to_unit


def _reader(unit: str) -> BeforeValidator:
    def read(value: Any) -> float:
        if not isinstance(value, str):
            raise ValueError(f'a quantity needs its unit, as text: write it like "{value} {unit}"')
        try:
            return to_unit(value, unit)
        except ConfigError as err:
            raise ValueError(str(err)) from err

    return BeforeValidator(read)


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
