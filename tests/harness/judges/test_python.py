"""What tests written by hand may expect: nothing that could not fail."""

from __future__ import annotations

from typing import Any

import pytest

from harness.cases.python import EXPECTATION, EXPECTED, PythonCase
from harness.judges.python import judge_python
from harness.record import Event
from tests.harness.records import readings, view_of

VALUE = {"what": "value", "name": "volts", "value": 3.0, "unit": "V"}
REFUSED: list[tuple[dict[str, Any], str]] = [
    (VALUE, "needs at_least or at_most"),
    ({**VALUE, "at_most": 3.5, "uncertainty": -0.1}, "greater than or equal to 0"),
    ({"what": "quiet", "name": "q", "phase": "p", "limit": {}}, "needs within, or at_least, or at_most"),
    ({"what": "flow", "name": "f", "phase": "p", "rate": "1 mL", "limit": {"within": "5 %"}}, "not a quantity in mL/h"),
    ({"what": "weight", "name": "w"}, "does not match any of the expected tags"),
]


@pytest.mark.parametrize(("told", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_an_expectation_that_cannot_fail_or_be_understood_is_refused(told: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EXPECTED.validate_python(told)


@pytest.mark.parametrize("limit", [{"at_least": 2.5}, {"at_most": 3.5}, {"at_least": 2.5, "at_most": 3.5}])
def test_a_value_has_a_side(limit: dict[str, float]) -> None:
    assert EXPECTED.validate_python({**VALUE, **limit}).name == "volts"


@pytest.mark.parametrize(("came", "verdict"), [(0, "FAIL"), (1, "PASS"), (2, "FAIL")])
def test_as_many_alarms_as_expected(came: int, verdict: str) -> None:
    case = PythonCase.model_validate(
        {"id": "A", "title": "alarms", "requirement": ["R"], "test": "test_a", "lasts": "1 min", "gives": "0 mL"}
    )
    asked = Event(0, EXPECTATION, "A", {"what": "alarm", "name": "stalls", "alarm": "stall"})
    alarms = [Event(number, "alarm", "A", {"kind": "stall", "word": "motor stalled"}) for number in range(came)]
    other = Event(9, "alarm", "A", {"kind": "power", "word": "power was interrupted"})
    (found,) = judge_python(view_of(case, readings([], []), [asked, *alarms, other]))
    assert (found.value, found.verdict) == (came, verdict)
