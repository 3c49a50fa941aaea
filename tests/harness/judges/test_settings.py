"""What was tried of a pump's settings, from the record alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from harness.cases import Case
from harness.judges.settings import judge_settings
from harness.record import Event
from instruments.errors import BenchError
from tests.harness.records import curve, phase, readings, view_of

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


TAKEN: list[tuple[float | None, float | None, list[str]]] = [
    (1.0, None, []),
    (None, None, ["settings not taken as they are"]),
    (1.02, None, ["largest read-back error"]),
    (1.0, 99999.0, ["settings out of range that were taken"]),
]
"""What the pump reports of 1 mL/h, what of 99999 mL, and what says that it is wrong."""


@pytest.mark.parametrize(("inside", "beyond", "failed"), TAKEN)
def test_what_was_taken_and_refused(inside: float | None, beyond: float | None, failed: list[str]) -> None:
    events = [tried(1.0, "mL/h", ["RAT1MH"]), tried(99999.0, "mL", ["VOL9999"])]
    told = [replace(event, data={**event.data, "reported": took}) for event, took in zip(events, (inside, beyond), strict=True)]
    still = curve(lambda moments_s: 35.0 + 0 * moments_s, 200.0, 1.0)
    found = judge_settings(view_of(CASE, still, [*told, *phase("S", "set", 0, 200)]))
    assert [one.name for one in found if one.verdict != "PASS"] == failed
