"""What was tried of a pump's settings, from the record alone."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from harness.cases import Case
from harness.judges.settings import judge_settings
from harness.record import Event
from instruments.errors import BenchError
from tests.harness.records import readings, view_of

CASE = TypeAdapter(Case).validate_python(
    {
        "procedure": "settings", "id": "S", "title": "t", "requirement": ["R"],
        "rates": ["1 mL/h"], "beyond_volumes": ["99999 mL"],
        "read_back": {"within": "1 %"}, "volume": {"within": "5 uL"},
    }
)  # fmt: skip


def tried(requested: float, unit: str, applied: list[str]) -> Event:
    told = {"name": "target volume" if unit == "mL" else "set rate", "requested": requested, "unit": unit, "applied": applied}
    return Event(1_000_000, "tried", "S", {**told, "reported": None, "told": "refused"})


BROKEN = [
    ([tried(1.0, "mL/h", ["RAT1MH"]), tried(99999.0, "mL", [])], "never asked for a target volume of 99999 mL: its driver sends"),
    ([tried(1.0, "mL/h", ["RAT1MH"])], "the record has 1 settings that were tried, and the case asks for others"),
]


@pytest.mark.parametrize(("events", "message"), BROKEN, ids=["not sent", "not tried"])
def test_what_was_never_asked_of_the_pump_is_not_its_refusal(events: list[Event], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        judge_settings(view_of(CASE, readings([], []), events))
