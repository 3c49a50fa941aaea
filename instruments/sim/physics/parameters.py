"""Parameters of the model as they stand in a bench file: each has a unit, a default, and where the default comes from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar

from instruments.errors import ConfigError
from instruments.units import to_unit

Part = TypeVar("Part")

GRAVIMETRIC, SPECS, METHODS = "gravimetric-metrology", "dosing-and-pump-specs", "fluid-delivery-test-methods"
"""The documents that defaults come from."""
PROPOSED = "project proposal"


def quantity(default: float | None, unit: str, source: str, *, least: float = -math.inf, most: float = math.inf) -> Any:
    """A field of a part. ``unit`` is empty for a plain number; ``least`` and ``most`` bound what a bench file may say."""
    return field(default=default, metadata={"unit": unit, "source": source, "within": (least, most)})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as a bench file knows it: ``[simulation.PART] key``."""

    key: str
    name: str
    unit: str
    source: str
    default: float | None
    within: tuple[float, float]


def parameters(part: Any) -> Iterator[Parameter]:
    """All parameters of a part of the model (its dataclass, or one of them)."""
    for entry in fields(part):
        if "unit" in entry.metadata:
            yield _parameter(entry)


def _parameter(entry: Field[Any]) -> Parameter:
    unit = entry.metadata["unit"]
    suffix = "_" + unit.lower().replace("%", "pct").replace("degc", "c").replace("/", "_").replace("*", "_").replace("^", "")
    default = None if entry.default is None else float(entry.default)  # type: ignore[arg-type]
    return Parameter(
        entry.name.removesuffix(suffix), entry.name, unit, entry.metadata["source"], default, entry.metadata["within"]
    )


def given_in(table: Mapping[str, Any], part: Any, name: str) -> dict[str, float]:
    """The values that ``[simulation.NAME]`` gives, by field name. Raises ConfigError for an unknown key or a wrong unit."""
    known = {parameter.key: parameter for parameter in parameters(part)}
    if unknown := sorted(set(table) - set(known)):
        raise ConfigError(f"[simulation.{name}] {unknown[0]}: unknown key; accepted are {', '.join(sorted(known))}")
    return {known[key].name: _value(text, known[key], f"[simulation.{name}] {key}") for key, text in table.items()}


def _value(given: Any, parameter: Parameter, where: str) -> float:
    value = _number(given, parameter.unit, where)
    least, most = parameter.within
    if not least <= value <= most:
        raise ConfigError(f"{where}: {given!r} is not between {least:g} and {most:g} {parameter.unit}".rstrip())
    return value


def _number(given: Any, unit: str, where: str) -> float:
    if unit:
        try:
            return to_unit(given, unit)
        except ConfigError as err:
            raise ConfigError(f"{where}: {err}") from err
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not math.isfinite(given):
        raise ConfigError(f"{where}: {given!r} is not a number")
    return float(given)
