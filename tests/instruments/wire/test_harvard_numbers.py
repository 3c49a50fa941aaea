"""Numbers, units and times of the Ultra set, as a host writes them and as a pump prints them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.wire import harvard_numbers as numbers
from instruments.wire.harvard_numbers import Printed
from tests.instruments.wire.chunks import noisy

PRINTED = [
    (0.0, "0"), (199.49, "199.49"), (1.0, "1"), (1.690234, "1.69023"), (36.12942, "36.1294"), (9.618926, "9.61893"),
    (1000000.0, "1000000"), (1234567.0, "1234570"), (0.333, "0.333"), (0.0000123456789, "0.0000123457"), (999999.6, "1000000"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), PRINTED)
def test_a_number_has_six_digits_at_most_and_no_exponent(value: float, text: str) -> None:
    assert numbers.print_number(value) == text


READ = {"5": 5, "5.": 5, ".333": 0.333, "199.49": 199.49, "0": 0}
NOT_READ = ["", ".", "1.2.3", "-1", "+1", "1e3", "nan", "inf", "1,5", "٣", " 1", "1 ", "1" * 33]


@pytest.mark.parametrize(("text", "value"), READ.items())
def test_a_number_may_be_written_like_this(text: str, value: float) -> None:
    assert numbers.parse_number(text) == value


@pytest.mark.parametrize("text", NOT_READ)
def test_a_number_may_not_be_written_like_this(text: str) -> None:
    assert numbers.parse_number(text) is None


VOLUMES = [
    (0.0, "0 ul"), (1.69023e-3, "1.69023 ul"), (9.61893, "9.61893 ml"), (0.0361294, "36.1294 ul"), (1.0, "1 ml"),
    (0.9999999, "1 ml"), (0.999999, "999.999 ul"), (5e-7, "500 pl"), (1e-6, "1 nl"), (1500.0, "1500 ml"), (5e-10, "0.5 pl"),
]  # fmt: skip


@pytest.mark.parametrize(("volume_ml", "text"), VOLUMES)
def test_a_volume_is_printed_in_the_largest_unit_of_which_it_has_one(volume_ml: float, text: str) -> None:
    assert numbers.print_volume(volume_ml) == text


LIMITS = [(1560.21, "26.0035 ml/min"), (1.502424e-3, "25.0404 nl/min"), (0.06, "1 ul/min")]


@pytest.mark.parametrize(("rate_ml_h", "text"), LIMITS)
def test_a_limit_is_printed_per_minute(rate_ml_h: float, text: str) -> None:
    assert numbers.print_limit(rate_ml_h) == text


TOLD = [
    ("199.49 ul/min", numbers.read_rate, Printed(11.9694, 6e-5)), ("1 ml/hr", numbers.read_rate, Printed(1.0, 1e-5)),
    (".333 ul/min", numbers.read_rate, Printed(0.01998, 6e-8)), ("2 nl/sec", numbers.read_rate, Printed(0.0072, 3.6e-8)),
    ("5 pl/hr", numbers.read_rate, Printed(5e-9, 5e-14 / 5)), ("0 ul/min", numbers.read_rate, Printed(0.0, 0.0)),
    ("36.1294 ul", numbers.read_volume, Printed(0.0361294, 1e-7)), ("0 ul", numbers.read_volume, Printed(0.0, 0.0)),
    ("14.4300 mm", numbers.read_diameter, Printed(14.43, 1e-4)), ("7.2620 mm", numbers.read_diameter, Printed(7.262, 1e-4)),
]  # fmt: skip


@pytest.mark.parametrize(("line", "read", "printed"), TOLD, ids=[line for line, _, _ in TOLD])
def test_a_printed_number_is_read_with_its_step(line: str, read: Callable[[str], Printed | None], printed: Printed) -> None:
    found = read(line)
    assert found is not None
    assert (found.value, found.step) == (pytest.approx(printed.value), pytest.approx(printed.step))


NO_NUMBERS = [
    ("", numbers.read_rate), ("1.6", numbers.read_rate), ("1.6 ul", numbers.read_rate), ("1.6  ul/min", numbers.read_rate),
    ("1.6 u/m", numbers.read_rate), ("1.6 ul/min ", numbers.read_rate), ("nan ul/min", numbers.read_rate),
    ("Target volume not set", numbers.read_volume), ("1 mm", numbers.read_volume), ("-1 ul", numbers.read_volume),
    ("14.43 mm", numbers.read_diameter), ("14.4300", numbers.read_diameter), ("14.4300 ml", numbers.read_diameter),
    ("1444.4300 mm", numbers.read_diameter), ("14.43000 mm", numbers.read_diameter),
]  # fmt: skip


@pytest.mark.parametrize(("line", "read"), NO_NUMBERS, ids=[repr(line) for line, _ in NO_NUMBERS])
def test_what_is_no_such_number_is_not_read(line: str, read: Callable[[str], Printed | None]) -> None:
    assert read(line) is None


@given(value=st.floats(1e-9, 1e5), unit=st.sampled_from(sorted(numbers.RATE_UNITS_ML_H)))
def test_what_is_printed_is_read_back_within_half_a_step(value: float, unit: str) -> None:
    told = numbers.read_rate(f"{numbers.print_number(value)} {unit}")
    assert told is not None
    assert told.value == pytest.approx(value * numbers.RATE_UNITS_ML_H[unit], rel=0, abs=told.step * 0.500001)


@given(volume_ml=st.floats(1e-9, 1e5))
def test_a_volume_is_read_back_within_half_a_step(volume_ml: float) -> None:
    told = numbers.read_volume(numbers.print_volume(volume_ml))
    assert told is not None
    assert told.value == pytest.approx(volume_ml, rel=0, abs=told.step * 0.500001)


UNITS = {
    "u/m": "ul/min", "ul/min": "ul/min", "m/h": "ml/hr", "ml/hr": "ml/hr", "n/s": "nl/sec", "pl/sec": "pl/sec", "u/min": "ul/min",
    "u": None, "u/": None, "/m": None, "x/m": None, "u/d": None, "l/m": None, "u/m/s": None, "": None,
}  # fmt: skip


@pytest.mark.parametrize(("written", "printed"), UNITS.items())
def test_a_rate_unit_has_its_spellings(written: str, printed: str | None) -> None:
    assert numbers.parse_rate_unit(written) == printed


@pytest.mark.parametrize(("written", "printed"), {"m": "ml", "ul": "ul", "n": "nl", "l": None, "": None, "mm": None}.items())
def test_a_volume_unit_has_its_spellings(written: str, printed: str | None) -> None:
    assert numbers.parse_volume_unit(written) == printed


TIMES = [
    (30.0, "30 seconds"), (19.988, "19.988 seconds"), (0.0, "0 seconds"), (0.5004, "0.5 seconds"), (180.0, "00:03:00"),
    (5400.0, "01:30:00"), (356460.0, "99:01:00"), (60.0, "00:01:00"), (61.9, "00:01:01"),
]  # fmt: skip


@pytest.mark.parametrize(("duration_s", "text"), TIMES)
def test_a_time_is_printed_in_seconds_below_a_minute(duration_s: float, text: str) -> None:
    assert numbers.print_time(duration_s) == text


WRITTEN = {
    "30": 30, "7.036": 7.036, "3600": 3600, "3601": None, "00:03:00": 180, "1:30:00": 5400, "99:59:59": 359999, "00:60:00": None,
    "00:00:60": None, "03:00": None, "": None, "-5": None, "x": None, "100:00:00": None,
}  # fmt: skip


@pytest.mark.parametrize(("text", "duration_s"), WRITTEN.items())
def test_a_time_is_written_in_seconds_up_to_an_hour_or_with_colons(text: str, duration_s: float | None) -> None:
    assert numbers.parse_time(text) == duration_s


@given(noisy(b"0123456789.: lumnp/hrs").map(lambda data: data.decode("latin-1")))
def test_no_text_upsets_a_reader(text: str) -> None:
    for read in (numbers.read_rate, numbers.read_volume, numbers.read_diameter, numbers.parse_number, numbers.parse_time):
        read(text)
