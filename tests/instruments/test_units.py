"""Numbers with units as people write them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ConfigError
from instruments.units import to_unit

SPELLINGS = [
    # text, unit, expected
    ("0.5 mL/h", "mL/h", 0.5),
    ("24 mL/day", "mL/h", 1.0),
    ("24 mL/d", "mL/h", 1.0),
    ("1 mL/hr", "mL/h", 1.0),
    ("1 mL / h", "mL/h", 1.0),
    ("1 mL*h^-1", "mL/h", 1.0),
    ("1 uL/min", "mL/h", 0.06),
    ("1 L", "mL", 1000.0),
    ("1 ml", "mL", 1.0),
    ("1 cc", "mL", 1.0),
    ("10 uL", "mL", 0.01),
    ("10 µL", "mL", 0.01),  # micro sign
    ("10 μL", "mL", 0.01),  # Greek mu
    ("10 nL", "uL", 0.01),
    ("50 ug", "mg", 0.05),
    ("50 mcg", "ug", 50.0),
    ("50 µg/mL", "mg/mL", 0.05),
    ("50 mcg/mL", "ug/mL", 50.0),
    ("240 ug/day", "ug/h", 10.0),
    ("240 mcg/d", "ug/h", 10.0),
    ("0.1 mg/h", "g/h", 1e-4),
    ("+3 %", "%", 3.0),
    ("-3%", "%", -3.0),
    ("45 %RH", "%", 45.0),
    ("10 ppm", "%", 1e-3),
    ("22 degC", "degC", 22.0),
    ("22 C", "degC", 22.0),
    ("22 °C", "K", 295.15),
    ("293.15 K", "degC", 20.0),
    ("0.2 K", "K", 0.2),
    ("1005 hPa", "Pa", 100_500.0),
    ("100.5 kPa", "hPa", 1005.0),
    ("760 mmHg", "hPa", 1013.250144354),  # the conventional millimetre of mercury, not the torr
    ("1 g/mL", "g/mL", 1.0),
    ("2 nL/Pa", "mL/Pa", 2e-6),
    ("1 min", "s", 60.0),
    ("24 h", "min", 1440.0),
    ("2 d", "h", 48.0),
    ("2 days", "h", 48.0),
    ("1e-3 mL", "uL", 1.0),
    (".5 mL", "mL", 0.5),
    ("5. mL", "mL", 5.0),
    ("  5mL ", "mL", 5.0),
    ("10 Hz", "Hz", 10.0),
    ("0.82 mm", "m", 8.2e-4),
]


@pytest.mark.parametrize(("text", "unit", "expected"), SPELLINGS)
def test_spellings(text: str, unit: str, expected: float) -> None:
    assert to_unit(text, unit) == pytest.approx(expected, rel=1e-9)


NO_NUMBER_WITH_UNIT = [
    "",
    "5",
    "mL",
    "five mL",
    "5,5 mL",
    "1.2.3 mL",
    "--5 mL",
    "+-3 %",
    "5 (mL)",
    "5 mL; 3",
    "nan mL",
    "1e400 mL",
]
NO_SUCH_QUANTITY = ["5 m", "5 mL/h", "5 g", "5 %", "5 furlongs", "5 mL/", "5 mL 3 g", "5 2"]


@pytest.mark.parametrize("text", NO_NUMBER_WITH_UNIT)
def test_a_number_without_a_unit_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is not a number with a unit; write it like '1\.5 mL'") as caught:
        to_unit(text, "mL")
    assert str(caught.value).startswith(repr(text))


@pytest.mark.parametrize("text", NO_SUCH_QUANTITY)
def test_another_kind_of_quantity_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        to_unit(text, "mL")
    assert str(caught.value).startswith(repr(text))
    assert "mL" in str(caught.value)


@pytest.mark.parametrize("text", ["5 ML", "5 ML/h", "5 Mg", "5 MG"])
def test_a_capital_m_is_not_taken_for_milli(text: str) -> None:
    with pytest.raises(ConfigError, match="M is mega"):
        to_unit(text, "mL")


@given(st.text(max_size=12), st.sampled_from(["mL", "mL/h", "%", "degC"]))
def test_whatever_people_write_is_a_finite_number_or_a_config_error(text: str, unit: str) -> None:
    with suppress(ConfigError):
        assert abs(to_unit(f"1 {text}", unit)) < float("inf")
