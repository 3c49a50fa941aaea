"""Mean flow, flow when off, the regression beside it, and delivery that stays out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from harness.analysis.delivery import judge_delivery
from harness.analysis.flow import judge_pump_off, judge_steady_flow
from harness.analysis.masses import fit_line
from harness.cases import Case, DeliveryCase, PumpOffCase, SteadyFlowCase
from harness.cases.limits import LossLimit
from harness.record import Event, FloatArray, Series
from instruments.errors import BenchError
from tests.conftest import DATA
from tests.harness.records import CONDITIONS, commanded, curve, phase, view_of

REGRESSION: dict[str, Any] = json.loads((DATA / "vectors" / "flow_regression_expected.json").read_text())
BASE = {"id": "F", "title": "flow", "requirement": ["R"]}
STEADY = SteadyFlowCase.model_validate(
    {**BASE, "procedure": "steady-flow", "rate": "1 mL/h", "duration": "2 h", "flow_error": {"within": "2 %"}}
)
OFF = PumpOffCase.model_validate({**BASE, "procedure": "pump-off", "duration": "2 h", "flow": {"within": "1 uL/h"}})
DELIVERY = DeliveryCase.model_validate({**BASE, "procedure": "delivery", "no_delivery": {"at_most": "5 min"}})


def test_the_line_of_the_reference_vectors() -> None:
    table = pd.read_csv(DATA / "vectors" / "flow_regression_series.csv")
    found = fit_line(Series(table.t_min.to_numpy() * 60, table.mass_mg.to_numpy() / 1000))
    assert found.slope_g_s * 60_000 == pytest.approx(REGRESSION["ols"]["slope"], rel=1e-9)
    assert found.residual_sd_g * 1000 == pytest.approx(REGRESSION["ols"]["resid_sd"], rel=1e-9)
    assert found.u_g_s * 60_000 == pytest.approx(REGRESSION["ols"]["se_slope"], rel=1e-9)


def line(flow_ml_h: float) -> Any:
    return lambda moments_s: 35.0 + flow_ml_h * moments_s / 3600 / 1.00106


@pytest.mark.parametrize(
    ("flow_ml_h", "verdict"),
    [(1.0, "PASS"), (1.018, "PASS"), (0.982, "PASS"), (1.0199, "INCONCLUSIVE"), (1.03, "FAIL"), (0.97, "FAIL"), (0.0, "FAIL")],
)
def test_flow_error(flow_ml_h: float, verdict: str) -> None:
    view = view_of(STEADY, curve(line(flow_ml_h), 7200.0), phase("F", "flow", 0, 7200))
    found = judge_steady_flow(view)[0]
    assert (found.verdict.value, found.value) == (verdict, pytest.approx((flow_ml_h - 1) * 100, abs=0.05))


def test_a_flow_that_changes_is_said_not_to_be_steady() -> None:
    def stopping(moments_s: FloatArray) -> FloatArray:
        return np.asarray(35.0 + np.minimum(moments_s, 5400) / 3600)

    details = [
        judge_steady_flow(view_of(STEADY, curve(mass, 7200.0), phase("F", "flow", 0, 7200)))[0].detail
        for mass in (line(1.0), stopping)
    ]
    assert ["not steady" in detail for detail in details] == [False, True]


@pytest.mark.parametrize(
    ("loss_mg_h", "verdict"),
    [
        (0.0, "PASS"),
        (0.35, "PASS"),
        (-0.15, "PASS"),
        (0.45, "INCONCLUSIVE"),
        (1.0, "FAIL"),
        (-0.25, "INCONCLUSIVE"),
        (-0.9, "FAIL"),
    ],
)
def test_what_a_vessel_loses_has_a_limit_on_both_sides(loss_mg_h: float, verdict: str) -> None:
    """From 0.3 mg/h that it gains to 0.5 mg/h that it loses; the balance's zero may drift by 0.1 mg/h: U is 0.096 mg/h."""
    case = OFF.model_copy(update={"evaporation": LossLimit(at_least="-0.3 mg/h", at_most="0.5 mg/h")})
    gained = curve(lambda t: 35.0 - loss_mg_h / 1000 * t / 3600, 7200.0)
    found = judge_pump_off(view_of(case, gained, phase("F", "off", 0, 7200)))[1]
    assert (found.name, found.verdict.value) == ("evaporation", verdict)
    assert found.value == pytest.approx(loss_mg_h, abs=0.03)


@pytest.mark.parametrize(
    ("flow_ul_h", "verdict"), [(0.0, "PASS"), (0.5, "PASS"), (0.95, "INCONCLUSIVE"), (1.5, "FAIL"), (-1.5, "FAIL")]
)
def test_flow_when_off(flow_ul_h: float, verdict: str) -> None:
    found = judge_pump_off(view_of(OFF, curve(line(flow_ul_h / 1000), 7200.0), phase("F", "off", 0, 7200)))[0]
    assert found.verdict.value == verdict


SETTLING = {
    # uL that come after the stop, the rate before it, when it was stopped; settling begins at 600 s, the limit is 1 uL/h
    "nothing": (0.0, 5.0, 599.0, False),
    "what the line had held": (15.0, 5.0, 599.0, False),
    "more than the line can hold": (40.0, 5.0, 599.0, True),
    "what the line had long given": (15.0, 5.0, 300.0, True),
    "something, and nothing was told": (15.0, 0.0, 300.0, True),
    "less than can be known": (0.5, 0.0, 300.0, False),
}


@pytest.mark.parametrize(("volume_ul", "rate_ml_h", "stopped_s", "said"), SETTLING.values(), ids=SETTLING)
def test_what_comes_before_the_flow_is_judged(volume_ul: float, rate_ml_h: float, stopped_s: float, said: bool) -> None:
    def mass(moments_s: FloatArray) -> FloatArray:
        return np.asarray(35.0 + volume_ul / 1000 * np.clip((moments_s - 620) / 30, 0, 1))

    told = [commanded(100.0, rate_ml_h), commanded(stopped_s, 0.0)]
    phases = [*phase("F", "settle", 600, 1200), *phase("F", "off", 1200, 8400)]
    view = view_of(OFF, curve(mass, 8400.0), [*told, *phases], replace(CONDITIONS, lag_s=5.7))
    late = [one.verdict.value for one in judge_pump_off(view) if one.name == "volume while settling"]
    assert late == (["FAIL"] if said else [])


def test_without_time_to_settle_nothing_comes_in_it() -> None:
    at_rest = curve(lambda moments_s: 35.0 + 0 * moments_s, 8400.0)
    phases = [*phase("F", "settle", 1200, 1200), *phase("F", "off", 1200, 8400)]
    assert [one.verdict.value for one in judge_pump_off(view_of(OFF, at_rest, phases))] == ["PASS"]


def interrupted(start_s: float, length_s: float, flow_ml_h: float = 1.0) -> Any:
    def mass(moments_s: FloatArray) -> FloatArray:
        missing_s = np.clip(moments_s - start_s, 0, length_s)
        return np.asarray(35.0 + flow_ml_h * (moments_s - missing_s) / 3600)

    return mass


@pytest.mark.parametrize(
    ("length_s", "verdict"),
    [(0, "PASS"), (60, "PASS"), (200, "PASS"), (600, "FAIL"), (3000, "FAIL")],
)
def test_a_stretch_without_delivery_is_found_where_it_is(length_s: float, verdict: str) -> None:
    events = [commanded(0, 1.0), commanded(7000, 0.0)]
    found = judge_delivery(view_of(DELIVERY, curve(interrupted(2000, length_s), 7200.0), events))[0]
    assert found.verdict.value == verdict
    assert found.value == pytest.approx(length_s, abs=found.expanded_uncertainty)
    assert found.detail.startswith(("from 19", "from 20") if length_s > 60 else ("from", "delivering"))


@pytest.mark.parametrize(
    ("rate_ml_h", "limit", "verdict"), [(0.02, "10 min", "INCONCLUSIVE"), (0.02, "2 h", "PASS"), (1.0, "5 min", "PASS")]
)
def test_a_gap_that_the_detector_cannot_see_is_not_passed(rate_ml_h: float, limit: str, verdict: str) -> None:
    case = DeliveryCase.model_validate({**BASE, "procedure": "delivery", "no_delivery": {"at_most": limit}})
    masses = curve(interrupted(20_000, 660, rate_ml_h), 40_000.0, rate_hz=1.0)
    found = judge_delivery(view_of(case, masses, [commanded(0, rate_ml_h)]))[0]
    assert (found.value == 0.0) == (rate_ml_h < 1.0)
    assert found.verdict.value == (verdict if rate_ml_h < 1.0 else "FAIL")


JUDGES: dict[str, tuple[Any, dict[str, Any], float]] = {
    # what judges, its case, a flow in the guard band of its limit
    "flow error": (judge_steady_flow, {"procedure": "steady-flow", "rate": "1 mL/h", "flow_error": {"within": "2 %"}}, 1.0199),
    "flow when off": (judge_pump_off, {"procedure": "pump-off", "flow": {"within": "1 uL/h"}}, 0.95e-3),
}


@pytest.mark.parametrize(
    ("rule", "verdict"), [(None, "INCONCLUSIVE"), ("simple", "PASS"), ("2:1", "PASS"), ("900:1", "INCONCLUSIVE")]
)
@pytest.mark.parametrize(("judging", "asked", "flow_ml_h"), JUDGES.values(), ids=JUDGES)
def test_a_limit_may_have_a_rule_of_its_own(
    judging: Any, asked: dict[str, Any], flow_ml_h: float, rule: str | None, verdict: str
) -> None:
    limit = "flow_error" if "flow_error" in asked else "flow"
    asked = {**BASE, "duration": "2 h", **asked, limit: {**asked[limit], **({"rule": rule} if rule else {})}}
    case: Any = TypeAdapter(Case).validate_python(asked)
    events = [*phase("F", "flow", 0, 7200), *phase("F", "off", 0, 7200)]
    found = judging(view_of(case, curve(line(flow_ml_h), 7200.0), events))[0]
    assert (found.rule, found.verdict.value) == (rule or "guarded", verdict)


@pytest.mark.parametrize(("rule", "verdict"), [(None, "INCONCLUSIVE"), ("simple", "PASS")])
def test_the_longest_stand_still_may_have_a_rule_of_its_own(rule: str | None, verdict: str) -> None:
    limit = {"at_most": "10 min", **({"rule": rule} if rule else {})}
    case = DeliveryCase.model_validate({**BASE, "procedure": "delivery", "no_delivery": limit})
    found = judge_delivery(view_of(case, curve(interrupted(2000, 595), 7200.0), [commanded(0, 1.0), commanded(7000, 0.0)]))[0]
    assert (found.rule, found.verdict.value) == (rule or "guarded", verdict)


def test_a_record_without_commands_cannot_be_judged() -> None:
    with pytest.raises(BenchError, match="no stretch in which the pump was told to infuse"):
        judge_delivery(view_of(DELIVERY, curve(line(1.0), 7200.0), []))


def test_a_pump_that_stops_without_a_word_of_alarm_fails() -> None:
    event = Event(7_000_000_000, "pump", "F", {"word": "stopped", "running": False})
    judged = judge_steady_flow(view_of(STEADY, curve(line(1.0), 7200.0), [*phase("F", "flow", 0, 7200), event]))
    assert [(one.name, one.verdict.value) for one in judged] == [("flow error", "PASS"), ("stops of its own accord", "FAIL")]


def test_no_flow_is_no_fault_while_nothing_is_commanded() -> None:
    events = [commanded(0, 1.0), commanded(2000, 0.0)]
    found = judge_delivery(view_of(DELIVERY, curve(interrupted(2000, 9e9), 7200.0), events))[0]
    assert (found.value, found.verdict.value) == (0.0, "PASS")


@pytest.mark.parametrize(("first_s", "then_s"), [(600.0, 1500.0), (1500.0, 600.0)])
def test_of_several_stretches_without_delivery_the_longest_counts(first_s: float, then_s: float) -> None:
    def mass(moments_s: FloatArray) -> FloatArray:
        missing_s = np.clip(moments_s - 1000, 0, first_s) + np.clip(moments_s - 4000, 0, then_s)
        return np.asarray(35.0 + (moments_s - missing_s) / 3600)

    found = judge_delivery(view_of(DELIVERY, curve(mass, 7200.0), [commanded(0, 1.0), commanded(7000, 0.0)]))[0]
    assert found.value == pytest.approx(1500.0, abs=found.expanded_uncertainty)
    assert found.detail.count("from") == 2
