"""From a record to the verdict of a case: bench first, then values, then alarms that should not be there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from harness.cases import PumpOffCase
from harness.judge import judge_case
from harness.metrology.volume import Evaporation
from harness.record import Event, FloatArray, Record
from harness.verdicts import CaseVerdict
from tests.harness.records import CONDITIONS, DRY, curve, phase

CASE = PumpOffCase.model_validate(
    {"id": "O", "title": "off", "requirement": ["R"], "procedure": "pump-off", "duration": "1 h", "flow": {"within": "2 uL/h"}}
)
PHASES = [*phase("preparation", "blank", 0, 3600), *phase("O", "settle", 3600, 4200), *phase("O", "off", 4200, 7800)]


def judged(events: Sequence[Event] = PHASES, *, loss_g_h: float = 2e-4, loss: Evaporation | None = None) -> CaseVerdict:
    def mass(moments_s: FloatArray) -> FloatArray:
        return np.asarray(35.0 - loss_g_h * moments_s / 3600)

    return judge_case(Record("run", "simulated", curve(mass, 7800.0), tuple(events)), CASE, CONDITIONS, loss)


def alarm(at_s: float, kind: str = "stall") -> Event:
    return Event(round(at_s * 1e6), "alarm", "O", {"letter": "S", "kind": kind, "word": "motor stalled", "since_us": 0})


def test_what_evaporates_in_the_blank_is_given_back_in_the_case() -> None:
    found = judged()
    assert (found.verdict.value, found.reasons) == ("PASS", ())
    assert found.measurands[0].value == pytest.approx(0.0, abs=0.1)


def test_a_vessel_that_begins_to_lose_after_its_blank_does_not_blame_the_pump() -> None:
    def mass(moments_s: FloatArray) -> FloatArray:
        return np.asarray(35.0 - 5e-3 * np.maximum(0, moments_s - 4200) / 3600)

    found = judge_case(Record("run", "simulated", curve(mass, 7800.0), tuple(PHASES)), CASE, CONDITIONS)
    assert found.verdict.value == "INVALID"
    assert "mg/h while the pump stood (allowed are 1 mg/h)" in found.reasons[0]


def test_a_stated_evaporation_takes_the_place_of_the_blank() -> None:
    found = judged(PHASES[2:], loss=DRY)
    assert found.measurands[0].value == pytest.approx(-0.2, abs=0.1)


def test_an_alarm_in_a_case_that_should_have_none_fails_it() -> None:
    found = judged([*PHASES, alarm(5000)])
    assert (found.verdict.value, found.measurands[-1].name) == ("FAIL", "unexpected alarms")
    assert found.reasons == ("unexpected alarms: FAIL (motor stalled at 5000.0 s)",)


def test_the_pump_is_not_blamed_for_its_watchdog() -> None:
    found = judged([*PHASES, alarm(5000, "watchdog")])
    assert (found.verdict.value, found.reasons) == (
        "INVALID",
        ("the pump heard nothing from us and stopped by itself at 5000.0 s",),
    )


UNFIT = {
    "no blank": (PHASES[2:], 2e-4, "the record has no complete phase 'blank' of case preparation"),
    "no case": (PHASES[:2], 2e-4, "the record has no complete phase 'off' of case O"),
    "cut case": (PHASES[:-1], 2e-4, "the record has no complete phase 'off' of case O"),
    "open vessel": (PHASES, 8e-3, "blank: the vessel lost 8.00 mg/h, allowed are 1 mg/h"),
    "gaining vessel": (PHASES, -1e-3, "blank: the vessel gained 1.00 mg/h with the pump stopped"),
}


@pytest.mark.parametrize(("events", "loss_g_h", "reason"), UNFIT.values(), ids=UNFIT)
def test_a_record_that_cannot_be_judged_is_invalid_and_says_why(events: list[Event], loss_g_h: float, reason: str) -> None:
    found = judged(events, loss_g_h=loss_g_h)
    assert (found.verdict.value, found.measurands) == ("INVALID", ())
    assert found.reasons[0].startswith(reason)
