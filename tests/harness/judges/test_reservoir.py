"""Reservoirs: the account of a refill, and alarms against the programme and against the balance, on made-up records."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.cases import LowReservoirCase, RefillCase, VolumeLimit
from harness.forecasts.reservoir import empty_first
from harness.judges.reservoir import judge_low_reservoir, judge_refill
from harness.record import Event, FloatArray
from instruments.errors import BenchError
from tests.harness.records import CONDITIONS, curve, phase, view_of

HEAD = {"id": "R", "title": "reservoir", "requirement": ["T10"], "fill_uncertainty": "2 uL", "withdrawn_uncertainty": "2 uL"}
LOW = LowReservoirCase.model_validate(
    HEAD
    | {
        "procedure": "low-reservoir", "fill": "2 mL", "rate": "5 mL/h", "therapy_rate": "0.5 mL/day", "alarm_volume": "0.5 mL",
        "accuracy": "14.5 %", "alarm_error": {"within": "20 uL"}, "residual": {"at_least": "100 uL"},
        "lead": {"at_least": "0.3 day"}, "lasts": {"at_least": "2 day"}, "empty_latency": {"at_most": "0.2 day"},
        "undelivered": {"within": "30 uL"},
    }
)  # fmt: skip
REFILL = RefillCase.model_validate(
    HEAD
    | {
        "procedure": "refill", "fill": "18 mL", "over_fill": "21 mL",
        "withdrawn_error": {"within": "50 uL"}, "told_error": {"within": "1 uL"},
    }
)  # fmt: skip
START_S, POLL_S = 120.0, 2.0
EXACT_S = 2 / 5 * 3600
"""From the start until 2 mL have been programmed."""


def alarm(kind: str, at_s: float) -> Event:
    told = {"letter": kind, "kind": kind, "word": kind, "since_us": round((at_s - POLL_S) * 1e6)}
    return Event(round(at_s * 1e6), "alarm", "R", told)


def note(kind: str, at_s: float = 10.0, **data: Any) -> Event:
    return Event(round(at_s * 1e6), kind, "R", data)


def emptied(
    error_pct: float = 0.0,
    *,
    filled_ml: float = 2.0,
    low: Sequence[float] = (0.75,),
    dry: Sequence[float] = (1.0,),
    case: LowReservoirCase = LOW,
) -> dict[str, Any]:
    """A pump that is so much too fast; alarms at shares of the time in which the filling is programmed to be delivered."""
    flow_ml_s = 5 / 3600 * (1 + error_pct / 100)
    end_s = START_S + EXACT_S / 0.855 + 600

    def mass(moments_s: FloatArray) -> FloatArray:
        return np.asarray(35 + np.clip((moments_s - START_S) * flow_ml_s, 0, filled_ml) / CONDITIONS.weighing.factor_ml_g())

    alarms = [alarm(kind, START_S + share * EXACT_S + POLL_S / 2) for kind, shares in (("low-reservoir", low), ("empty", dry))
              for share in shares]  # fmt: skip
    phases = [("rest", 0, START_S), ("run", START_S, end_s - 600), ("plateau", end_s - 600, end_s)]
    events = [*(edge for name, *edges_s in phases for edge in phase("R", name, *edges_s)), *alarms]
    judged = judge_low_reservoir(view_of(case, curve(mass, end_s), events, replace(CONDITIONS, lag_s=0.0)))
    return {found.name: found for found in judged}


COUNT, DRY_COUNT, NEVER = "low-reservoir alarms", "empty alarms", "volume never delivered"
PROGRAMMED = "left by the programme at the low-reservoir alarm, less what is due"
LEFT = "left by the balance at the low-reservoir alarm"
LASTS, LEAD, LATE = "time until empty", "lead of the low-reservoir alarm", "latency of the empty alarm"


def test_an_exact_pump_has_what_it_was_programmed_to() -> None:
    """0.5 mL are left for a day of 0.5 mL, and 2 mL last for four."""
    found = emptied()
    values = {COUNT: 1, DRY_COUNT: 1, NEVER: 0, PROGRAMMED: 0, LEFT: 500, LASTS: 4, LEAD: 1, LATE: 0}
    assert {one.verdict.value for one in found.values()} == {"PASS"}
    for name, value in values.items():
        assert found[name].value == pytest.approx(value, abs=max(found[name].expanded_uncertainty, 1e-9)), name


@pytest.mark.parametrize(
    ("told", "failed"),
    [
        ({"error_pct": 14.0}, {LATE}),  # 500 uL less 14 % of 1.5 mL are left, for 0.51 days
        ({"error_pct": 34.0}, {LEFT, LEAD, LATE}),  # empty before the alarm
        ({"error_pct": -14.0}, set()),
        ({"low": [0.90]}, {PROGRAMMED}),
        ({"low": [0.97]}, {PROGRAMMED, LEFT, LEAD}),
        ({"low": []}, {COUNT}),
        ({"low": [0.75, 0.8]}, {COUNT}),
        ({"dry": []}, {DRY_COUNT}),
        ({"dry": [1.1]}, {LATE}),
        ({"filled_ml": 1.5}, {NEVER, LEAD, LATE}),  # a quarter of the filling has missed the reservoir
    ],
)
def test_what_is_wrong_is_told_by_what_it_spoils(told: dict[str, Any], failed: set[str]) -> None:
    found = emptied(**told)
    assert {name for name, one in found.items() if one.verdict.value == "FAIL"} == failed
    assert {one.verdict.value for one in found.values()} <= {"PASS", "FAIL"}


def test_the_reason_says_that_it_was_empty_first() -> None:
    early, late = emptied(34.0)[LEAD], emptied()[LEAD]
    assert (early.detail, late.detail) == (
        "by the balance the reservoir was empty 0.1 min before its alarm",
        "by the balance the reservoir was empty 6.0 min after the alarm",
    )


def test_a_flow_that_does_not_end_is_told_by_what_was_not_delivered_and_else_no_verdict_at_all() -> None:
    assert {name for name, one in emptied(-90.0).items() if one.verdict.value == "FAIL"} == {NEVER}
    with pytest.raises(BenchError, match="the flow did not end before the run did"):
        emptied(filled_ml=9.0, case=LOW.model_copy(update={"undelivered": VolumeLimit(within="5 mL")}))


# --- the account ---


def account(drawn_ml: float = 15.0, after_ml: float = 18.0, *, taken: bool = False) -> dict[str, str]:
    told = [
        note("reservoir", believed_ml=15.0),
        note("withdrawn", volume_ml=drawn_ml, believed_ml=15.0),
        note("setting" if taken else "refused", name="over-fill"),
        note("setting", name="refill"),
        note("reservoir", 20.0, believed_ml=after_ml),
    ]
    events, known = [*phase("R", "fill", 0, 30), *told], replace(CONDITIONS, filled_u_ml=0.01)
    view = view_of(REFILL, curve(lambda t: 35.0 + 0 * t, 60.0), events, known)
    return {found.name: found.verdict.value for found in judge_refill(view)}


DRAWN, TOLD, TAKEN = "volume drawn out, less what the pump told", "reservoir as told, less the filling", "over-fills taken"


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({}, {}),
        ({"drawn_ml": 15.02}, {}),
        ({"drawn_ml": 14.96}, {DRAWN: "INCONCLUSIVE"}),
        ({"drawn_ml": 13.0}, {DRAWN: "FAIL"}),
        ({"after_ml": 17.9}, {TOLD: "FAIL"}),
        ({"taken": True}, {TAKEN: "FAIL"}),
    ],
)
def test_the_account_of_a_refill(told: dict[str, Any], wrong: dict[str, str]) -> None:
    assert account(**told) == {DRAWN: "PASS", TOLD: "PASS", TAKEN: "PASS"} | wrong


# --- on paper ---


@pytest.mark.parametrize(
    ("fill_ml", "alarm_ml", "said"),
    [
        (20.0, 2.0, "more than 11.1 % too much .* an alarm at 2.53 mL"),
        (40.0, 2.0, "more than 5.26 % too much .* an alarm at 5.07 mL"),
        (20.0, 4.0, ""),
    ],
)
def test_the_margin_is_told_before_the_run(fill_ml: float, alarm_ml: float, said: str) -> None:
    told = list(empty_first(LOW.model_copy(update={"fill": fill_ml, "alarm_volume": alarm_ml})))
    assert bool(told) == bool(said)
    assert not said or re.search(said, told[0])
