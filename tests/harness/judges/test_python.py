"""What tests written by hand may expect: nothing that could not fail."""

from __future__ import annotations

from typing import Any

import pytest

from harness.cases.python import EXPECTED

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
