"""What SCPI parameters mean, and the error that each wrong one is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.wire import scpi as wire
from instruments.wire import scpi_parameters as meaning
from instruments.wire.scpi import Kind, Parameter
from instruments.wire.scpi_errors import TEXTS, ScpiError, event_bit
from tests.instruments.wire.test_scpi import PARAMETERS


def parameter(text: str) -> Parameter:
    return next(wire.decode_message(f"X {text}\n".encode("latin-1"))).parameters[0]


NUMBERS = [
    ("5", "", 5.0), ("5.0", "V", 5.0), (".5", "V", 0.5), ("5.", "V", 5.0), ("5E0", "V", 5.0), ("+5e-3", "V", 5e-3),
    ("-1", "V", -1.0), ("5 V", "V", 5.0), ("500 mV", "V", 0.5), ("500MV", "V", 0.5), ("10 ms", "S", 0.01), ("5 uV", "V", 5e-6),
    ("2 KV", "V", 2e3), ("1 MOHM", "OHM", 1e6), ("1 MHZ", "HZ", 1e6), ("1 MAV", "V", 1e6), ("1 A", "A", 1.0), ("3 mA", "A", 3e-3),
    ("2E3 mV", "V", 2.0), ("#HFF", "", 255.0), ("#Q17", "", 15.0), ("#B101", "", 5.0), ("min", "V", 0.1), ("MINIMUM", "V", 0.1),
    ("MAX", "V", 9.0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "unit", "value"), NUMBERS)
def test_a_number_is_read_in_its_unit(text: str, unit: str, value: float) -> None:
    assert meaning.number(parameter(text), unit, {"MINimum": 0.1, "MAXimum": 9.0}) == pytest.approx(value, rel=1e-12)


NO_NUMBERS = [
    ("5 Q", "V", -131), ("5 V", "A", -131), ("5 QV", "V", -131), ("5 V", "", -138), ('"5"', "V", -104), ("FOO", "V", -148),
    ("MINI", "V", -148), ("(@1)", "V", -178), ("#11a", "V", -168), ("1E32001", "V", -123), ("1E-999999999", "V", -123),
    ("1" * 256, "V", -124),
]  # fmt: skip


@pytest.mark.parametrize(("text", "unit", "code"), NO_NUMBERS, ids=[text[:20] for text, _, _ in NO_NUMBERS])
def test_what_is_no_number_is_an_error(text: str, unit: str, code: int) -> None:
    with pytest.raises(ScpiError) as caught:
        meaning.number(parameter(text), unit, {"MINimum": 0.1})
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "on"), [("ON", True), ("off", False), ("1", True), ("0", False), ("0.4", False), ("-1", True), ("1E99", True)]
)
def test_on_and_off(text: str, on: bool) -> None:
    assert meaning.boolean(parameter(text)) is on


WORDS = {
    "IMM": "IMMediate",
    "immediate": "IMMediate",
    "IMME": None,
    "BUS": "BUS",
    "ALARm1": "ALARm1",
    "ALAR1": "ALARm1",
    "ALAR": None,
}


@pytest.mark.parametrize(("text", "found"), WORDS.items())
def test_a_word_is_taken_in_its_short_or_its_long_form_and_in_no_other(text: str, found: str | None) -> None:
    assert meaning.word(parameter(text), ("IMMediate", "BUS", "ALARm1")) == found


LISTS = {
    "(@101)": [[101]],
    "(@101,103)": [[101], [103]],
    "(@ 101 : 103 , 110 )": [[101, 102, 103], [110]],
    "(@103:101)": [[103, 102, 101]],
    "(@)": [],
}


@pytest.mark.parametrize(("text", "channels"), LISTS.items())
def test_a_channel_list_is_read(text: str, channels: list[list[int]]) -> None:
    assert [list(span) for span in meaning.channels(parameter(text))] == channels


@pytest.mark.parametrize("text", ["(101)", "(@1,)", "(@1:)", "(@1:2:3)", "(@12345)", "(@1 2)", "()"])
def test_what_is_no_channel_list_is_an_expression_error(text: str) -> None:
    with pytest.raises(ScpiError) as caught:
        meaning.channels(parameter(text))
    assert caught.value.code == -171


READERS: list[tuple[Callable[[Parameter], object], set[Kind]]] = [
    (meaning.number, {Kind.NUMBER}),
    (meaning.boolean, {Kind.NUMBER, Kind.WORD}),
    (lambda given: meaning.word(given, ["BUS"]), {Kind.WORD}),
    (meaning.text, {Kind.TEXT}),
    (meaning.channels, {Kind.LIST}),
]
TAKEN = {Kind.NUMBER: "1", Kind.WORD: "ON", Kind.TEXT: '"a"', Kind.LIST: "(@1)", Kind.BLOCK: "#11a"}


@pytest.mark.parametrize(("read", "kinds"), READERS)
def test_each_reader_takes_its_own_kinds_and_refuses_the_others_by_name(
    read: Callable[[Parameter], object], kinds: set[Kind]
) -> None:
    for kind, text in TAKEN.items():
        if kind in kinds:
            read(parameter(text))
            continue
        with pytest.raises(ScpiError) as caught:
            read(parameter(text))
        assert "not allowed" in TEXTS[caught.value.code] or caught.value.code == -104


@given(PARAMETERS)
def test_any_parameter_is_a_value_or_an_error_of_scpi(given_one: Parameter) -> None:
    for read, _ in READERS:
        with suppress(ScpiError):
            read(given_one)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["", " V", "V"]))
def test_any_number_that_python_writes_is_read_back(value: float, suffix: str) -> None:
    assert meaning.number(parameter(f"{value:E}{suffix}"), "V") == float(f"{value:E}")


@pytest.mark.parametrize("code", [code for code in TEXTS if code])
def test_every_error_sets_the_bit_of_its_class(code: int) -> None:
    assert event_bit(code) == {1: 32, 2: 16, 3: 8, 4: 4}[-code // 100]


def test_errors_of_the_maker_are_device_errors_and_no_error_is_none() -> None:
    assert (event_bit(305), event_bit(0)) == (8, 0)
