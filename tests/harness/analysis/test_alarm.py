"""Alarms against the end of flow as the balance saw it, and what is left in the syringe."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.analysis.alarm import end_of_flow, judge_run_to_empty, unexpected_alarms
from harness.cases import PumpOffCase, RunToEmptyCase, VolumeLimit
from harness.record import Event, FloatArray, Period
from instruments.errors import BenchError
from tests.harness.records import CONDITIONS, commanded, curve, phase, view_of

CASE = RunToEmptyCase.model_validate(
    {
        "id": "E", "title": "empty", "procedure": "run-to-empty", "requirement": ["R"], "rate": "5 mL/h",
        "alarm_latency": {"within": "60 s"}, "residual_volume": {"within": "300 uL"},
    }
)  # fmt: skip
START_S, EMPTY_S = 700.0, 1700.0


def mass(moments_s: FloatArray) -> FloatArray:
    return np.asarray(35.0 + 5 / 3600 * (np.clip(moments_s, START_S, EMPTY_S) - START_S))


def alarm(at_s: float, poll_s: float = 1.0, kind: str = "stall") -> Event:
    told = {"letter": "S", "kind": kind, "word": "motor stalled", "since_us": round((at_s - poll_s) * 1e6)}
    return Event(round(at_s * 1e6), "alarm", "E", told)


def judged(*alarms: Event, filled_ml: float = 1.389, lag_s: float = 0.0, case: RunToEmptyCase = CASE) -> dict[str, Any]:
    last_s = max([EMPTY_S, *(event.at_s for event in alarms)])
    events = [
        *phase("preparation", "blank", 0, 600), commanded(START_S, 5.0, "E"),
        *phase("E", "run", START_S, last_s), *phase("E", "plateau", last_s, last_s + 300), *alarms,
    ]  # fmt: skip
    conditions = replace(CONDITIONS, filled_ml=filled_ml, filled_u_ml=0.05, lag_s=lag_s)
    view = view_of(case, curve(lambda moments_s: mass(moments_s - lag_s), last_s + 300), events, conditions)
    return {found.name: found for found in judge_run_to_empty(view)}


def test_the_end_of_flow_is_where_the_rise_meets_the_plateau() -> None:
    view = view_of(CASE, curve(mass, 2000.0), [])
    found = end_of_flow(view.record.series(Period(START_S, 2000)), 1)
    assert found.moment_s == pytest.approx(EMPTY_S, abs=0.2)
    assert found.slope_g_s == pytest.approx(5 / 3600, rel=1e-3)


def test_the_end_of_flow_out_of_a_vessel_is_where_the_fall_ends() -> None:
    view = view_of(CASE, curve(lambda moments_s: 70.0 - mass(moments_s), 2000.0), [])
    found = end_of_flow(view.record.series(Period(START_S, 2000)), -1)
    assert (found.moment_s, found.slope_g_s) == (pytest.approx(EMPTY_S, abs=0.2), pytest.approx(5 / 3600, rel=1e-3))


@pytest.mark.parametrize(
    ("at_s", "verdict"),
    [(1701, "PASS"), (1750, "PASS"), (1760.5, "INCONCLUSIVE"), (1765, "FAIL"), (2300, "FAIL"), (1650, "PASS"), (1630, "FAIL")],
)
def test_the_alarm_has_to_come_within_its_time(at_s: float, verdict: str) -> None:
    found = judged(alarm(at_s))["alarm latency"]
    assert found.verdict.value == verdict
    assert found.value == pytest.approx(at_s - 0.5 - EMPTY_S, abs=found.expanded_uncertainty)


@pytest.mark.parametrize(("poll_s", "u_s"), [(0.1, 0.612), (10.0, 4.82), (60.0, 0.9545 * 30)])
def test_what_lies_between_two_polls_is_uncertain(poll_s: float, u_s: float) -> None:
    """Masses and wetting alone where polls are close; else the flat stretch between two polls, most of which is 95.45 %."""
    found = judged(alarm(1705, poll_s))["alarm latency"]
    assert (found.expanded_uncertainty, found.method) == (pytest.approx(u_s, rel=0.02), "Monte Carlo")
    assert found.interval == pytest.approx((found.value - u_s, found.value + u_s), abs=0.02 * u_s)


@pytest.mark.parametrize(
    ("alarms", "verdict"), [([], "FAIL"), ([1701], "PASS"), ([1200, 1701], "FAIL")], ids=["none", "one", "two"]
)
def test_exactly_one_alarm_is_right(alarms: list[float], verdict: str) -> None:
    assert judged(*map(alarm, alarms))["reservoir alarms"].verdict.value == verdict


def test_of_two_alarms_the_first_is_timed() -> None:
    assert judged(alarm(1650), alarm(1701))["alarm latency"].value == pytest.approx(1649.5 - EMPTY_S, abs=0.5)


@pytest.mark.parametrize("kind", ["stall", "empty"])
def test_a_pump_tells_of_its_empty_reservoir_in_its_own_way(kind: str) -> None:
    assert [found.verdict.value for found in judged(alarm(1701, kind=kind)).values()] == ["PASS"] * 3


def dry(case: RunToEmptyCase) -> list[str]:
    """Measurands of a syringe that was empty from the beginning, although 1.389 mL had been filled in."""
    events = [*phase("preparation", "blank", 0, 600), *phase("E", "run", 700, 1700), *phase("E", "plateau", 1700, 2000)]
    found = curve(lambda moments_s: np.full(len(moments_s), 35.0), 2000.0)
    view = view_of(case, found, [*events, alarm(1700)], replace(CONDITIONS, filled_ml=1.389, filled_u_ml=0.05))
    return [f"{one.name} {one.verdict}" for one in judge_run_to_empty(view)]


def test_an_alarm_where_nothing_flowed_is_not_timed() -> None:
    """That all of it is left has failed; nobody else has told where what is left is not asked for."""
    assert dry(CASE) == ["reservoir alarms PASS", "residual volume FAIL"]
    with pytest.raises(BenchError, match="nothing flowed: the syringe was empty before it was run to empty"):
        dry(CASE.model_copy(update={"residual_volume": None}))


@pytest.mark.parametrize(
    ("filled_ml", "verdict"), [(1.39, "PASS"), (1.56, "PASS"), (1.62, "INCONCLUSIVE"), (2.0, "FAIL"), (1.0, "FAIL")]
)
def test_a_syringe_that_is_not_empty_at_the_alarm_is_found(filled_ml: float, verdict: str) -> None:
    assert judged(alarm(1701), filled_ml=filled_ml)["residual volume"].verdict.value == verdict


def test_limits_may_have_rules_of_their_own() -> None:
    """The alarm 59.9 s after the end of the flow, and 231 uL more filled in than came: both in the guard band of their limit."""
    case = CASE.model_copy(
        update={
            "alarm_latency": CASE.alarm_latency.model_copy(update={"rule": "simple"}),
            "residual_volume": VolumeLimit.model_validate({"within": "300 uL", "rule": "non-binary"}),
        }
    )
    by_plan, by_limit = (judged(alarm(1760.4), filled_ml=1.62, case=which) for which in (CASE, case))
    for name, rule, verdict in (("alarm latency", "simple", "PASS"), ("residual volume", "non-binary", "INCONCLUSIVE")):
        assert (by_plan[name].rule, by_plan[name].verdict.value) == ("guarded", "INCONCLUSIVE")
        assert (by_limit[name].rule, by_limit[name].verdict.value) == (rule, verdict)
    assert by_limit["residual volume"].detail.startswith("conditional pass")


@pytest.mark.parametrize("lag_s", [0.0, 6.0, 40.0])
def test_the_lag_of_line_and_balance_is_no_head_start_of_the_alarm(lag_s: float) -> None:
    """It is known to half."""
    found = judged(alarm(1730), lag_s=lag_s)["alarm latency"]
    assert found.value == pytest.approx(29.5, abs=0.5)
    assert [row.u for row in found.budget if row.source.startswith("lag")] == pytest.approx([lag_s / 2 / 3**0.5])


@pytest.mark.parametrize("kind", ["watchdog", "power", "program"])
def test_another_alarm_at_the_right_moment_is_not_the_reservoirs(kind: str) -> None:
    assert judged(alarm(1701, kind=kind))["reservoir alarms"].verdict.value == "FAIL"


def test_an_alarm_where_none_should_be_is_a_fault_of_the_pump() -> None:
    """Where a reservoir is run to empty, that it is low or empty is none; in any other case it is."""
    other = PumpOffCase.model_validate(
        {"id": "E", "title": "", "procedure": "pump-off", "requirement": ["R"], "duration": "1 h", "flow": {"within": "1 uL/h"}}
    )
    kinds = ["stall", "empty", "low-reservoir", "watchdog", "power"]
    for case, wrong in ((CASE, ["power"]), (other, ["stall", "empty", "low-reservoir", "power"])):
        found = {kind: unexpected_alarms(view_of(case, curve(mass, 10.0), [alarm(5, kind=kind)])) for kind in kinds}
        assert [kind for kind, some in found.items() if [one.verdict.value for one in some] == ["FAIL"]] == wrong
        assert sum(map(len, found.values())) == len(wrong)
    assert unexpected_alarms(view_of(CASE, curve(mass, 10.0), [])) == []
