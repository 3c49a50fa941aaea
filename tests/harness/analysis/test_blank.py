"""Evaporation from blanks: which of them a case is corrected by, how well it is known, and which of them are no blanks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.blank import blank_before, blank_faults, change_faults, evaporation
from harness.analysis.masses import fit_line
from harness.record import Event, Period, Record
from instruments.errors import BenchError
from tests.harness.records import CONDITIONS, PLAIN, phase, readings

HOUR_S = 3600.0
DRIFT_G_H = 1e-4 / math.sqrt(3)
"""Of the sheet's 0.1 mg/h, rectangular."""
PREPARED = phase("preparation", "blank", 0, HOUR_S)
CASE = phase("A", "flow", HOUR_S, 2 * HOUR_S)
AFTER = phase("A", "blank", 2 * HOUR_S, 3 * HOUR_S)


def record(losses_mg_h: Sequence[float], events: Sequence[Event], noise_g: float = 1e-4) -> Record:
    """A reading a second; in each hour the vessel loses so much."""
    count = round(HOUR_S) * len(losses_mg_h)
    lost_g = np.concatenate([[0.0], np.cumsum(np.repeat(losses_mg_h, round(HOUR_S)) / 1e3 / HOUR_S)])[:count]
    masses_g = 35 - lost_g + noise_g * np.random.default_rng(3).standard_normal(count)
    return Record("run", "simulated", readings(np.arange(count), np.round(masses_g, 5)), tuple(events))


def u_line_g_h(found: Record, period: Period) -> float:
    return fit_line(found.series(period)).u_g_s * 3600


@pytest.mark.parametrize("loss_mg_h", [0.0, 0.2, 5.0, -0.3])
def test_a_blank_before_a_case_alone_does_not_know_the_drift_in_it(loss_mg_h: float) -> None:
    run = record([loss_mg_h, loss_mg_h], [*PREPARED, *CASE])
    found = evaporation(run, CONDITIONS, "A")
    assert found.loss_g_h * 1000 == pytest.approx(loss_mg_h, abs=0.03)
    assert found.u_g_h == pytest.approx(math.hypot(u_line_g_h(run, Period(0, HOUR_S)), DRIFT_G_H))
    assert (found.source, found.holds_drift, found.dof) == ("blank before the case", False, math.inf)


@pytest.mark.parametrize(("before_mg_h", "after_mg_h"), [(0.2, 0.2), (0.2, 0.5), (0.5, 0.2), (2.0, 0.0)])
def test_blanks_before_and_after_are_averaged_and_their_change_is_uncertain(before_mg_h: float, after_mg_h: float) -> None:
    """e = (e1 + e2) / 2; u^2 = u_ols^2 + (e2 - e1)^2 / 12, u_ols of the mean of both lines."""
    run = record([before_mg_h, 9.0, after_mg_h], [*PREPARED, *CASE, *AFTER])
    found = evaporation(run, CONDITIONS, "A")
    lines = [fit_line(run.series(Period(start_s, start_s + HOUR_S))) for start_s in (0, 2 * HOUR_S)]
    before_g_h, after_g_h = (-line.slope_g_s * 3600 for line in lines)
    assert found.loss_g_h == pytest.approx((before_g_h + after_g_h) / 2, rel=1e-9)
    assert found.loss_g_h * 1000 == pytest.approx((before_mg_h + after_mg_h) / 2, abs=0.03)
    u_ols_g_h = math.hypot(*(line.u_g_s * 3600 for line in lines)) / 2
    assert found.u_g_h == pytest.approx(math.sqrt(u_ols_g_h**2 + (after_g_h - before_g_h) ** 2 / 12), rel=1e-9)
    assert (found.source, found.holds_drift) == ("blanks before and after", True)


NEAREST = {
    # case: where its blank before begins, in hours
    "A": 0,
    "B": 2,
    "C": 2,
    "D": 5,
    "never begun": 5,
}


@pytest.mark.parametrize(("case", "begins_h"), NEAREST.items())
def test_a_case_is_corrected_by_the_last_blank_that_was_over_when_it_began(case: str, begins_h: float) -> None:
    events = [
        *PREPARED, *CASE, *AFTER, *phase("B", "flow", 3 * HOUR_S, 4 * HOUR_S), *phase("C", "flow", 4 * HOUR_S, 5 * HOUR_S),
        *phase("C", "blank", 5 * HOUR_S, 6 * HOUR_S), *phase("D", "flow", 6 * HOUR_S, 7 * HOUR_S),
    ]  # fmt: skip
    run = record([0.1, 9.0, 0.2, 9.0, 9.0, 0.4, 9.0], events)
    assert blank_before(run, CONDITIONS, case) == Period(begins_h * HOUR_S, (begins_h + 1) * HOUR_S)


@pytest.mark.parametrize(("case", "mg_h"), [("A", 0.15), ("B", 0.2), ("C", 0.3), ("D", 0.4)])
def test_each_case_has_its_own_evaporation(case: str, mg_h: float) -> None:
    events = [
        *PREPARED, *CASE, *AFTER, *phase("B", "flow", 3 * HOUR_S, 4 * HOUR_S), *phase("C", "flow", 4 * HOUR_S, 5 * HOUR_S),
        *phase("C", "blank", 5 * HOUR_S, 6 * HOUR_S), *phase("D", "flow", 6 * HOUR_S, 7 * HOUR_S),
    ]  # fmt: skip
    found = evaporation(record([0.1, 9.0, 0.2, 9.0, 9.0, 0.4, 9.0], events), CONDITIONS, case)
    assert found.loss_g_h * 1000 == pytest.approx(mg_h, abs=0.02)
    assert found.holds_drift == (case in "AC")


@pytest.mark.parametrize("events", [CASE, [*CASE, *AFTER], [PREPARED[0], *CASE]], ids=["none", "only after", "cut"])
def test_without_a_blank_before_it_nothing_is_corrected(events: list[Event]) -> None:
    with pytest.raises(BenchError, match="no complete phase 'blank' of case preparation"):
        evaporation(record([0.1, 9.0, 0.1], events), CONDITIONS, "A")


NO_BLANK = {
    # loss in mg/h; allowed is 1 mg/h, and twice the drift's 0.058 mg/h on top
    "dry": (0.0, ""),
    "allowed": (1.05, ""),
    "too much": (1.3, "the vessel lost 1.3"),
    "gains as the drift may": (-0.08, ""),
    "gains": (-0.3, "the vessel gained 0."),
}


@pytest.mark.parametrize(("loss_mg_h", "told"), NO_BLANK.values(), ids=NO_BLANK)
@pytest.mark.parametrize("case", ["preparation", "A"])
def test_a_blank_that_loses_too_much_or_gains_is_none(case: str, loss_mg_h: float, told: str) -> None:
    losses = [loss_mg_h, 9.0, 0.2] if case == "preparation" else [0.2, 9.0, loss_mg_h]
    faults = blank_faults(record(losses, [*PREPARED, *CASE, *AFTER]), CONDITIONS, case)
    assert (len(faults), "".join(faults).startswith(told)) == (int(bool(told)), True)
    assert ("leak or a siphon" in "".join(faults)) == ("gained" in told)


CHANGES = {
    # before, after (mg/h), flow (mL/h): 0.5 % of 0.1 mL/h are 0.5 mg/h; the two drifts leave 0.16 mg/h open
    "alike": (0.2, 0.2, 0.1, ""),
    "half a percent of the flow": (0.2, 0.75, 0.1, ""),
    "more": (0.2, 1.0, 0.1, "the vessel lost 0.2"),
    "more, the other way": (1.0, 0.2, 0.1, "the vessel lost 1.0"),
    "as much, and ten times the flow": (0.2, 1.0, 1.0, ""),
    "no flow to compare with": (0.2, 0.3, 0.0, ""),
    "no flow, and much": (0.2, 0.5, 0.0, "the vessel lost 0.2"),
}


@pytest.mark.parametrize(("before_mg_h", "after_mg_h", "rate_ml_h", "told"), CHANGES.values(), ids=CHANGES)
def test_what_changed_too_much_is_no_correction(before_mg_h: float, after_mg_h: float, rate_ml_h: float, told: str) -> None:
    run = record([before_mg_h, 9.0, after_mg_h], [*PREPARED, *CASE, *AFTER])
    faults = change_faults(run, CONDITIONS, "A", rate_ml_h)
    assert (len(faults), "".join(faults).startswith(told)) == (int(bool(told)), True)
    if told and rate_ml_h:
        assert f"after; they may differ by {0.5 / PLAIN.factor_ml_g():.2g} mg/h, 0.5 % of the flow" in faults[0]


BAD = {
    # mg/h before, after the first case, after the second: by which blanks the third case, and the second, are corrected
    "all good": ((0.2, 0.3, 0.4), 0.4, "blanks before and after", 0.35),
    "the last is none": ((0.2, 0.3, 3.0), 0.3, "blank before the case", 0.3),
    "the two last are none": ((0.2, -3.0, 3.0), 0.2, "blank before the case", 0.2),
}


@pytest.mark.parametrize(("losses", "third_mg_h", "source", "second_mg_h"), BAD.values(), ids=BAD)
def test_a_blank_that_is_none_corrects_nothing(
    losses: tuple[float, float, float], third_mg_h: float, source: str, second_mg_h: float
) -> None:
    before, middle, after = losses
    events = [
        *PREPARED, *CASE, *AFTER, *phase("B", "flow", 3 * HOUR_S, 4 * HOUR_S), *phase("B", "blank", 4 * HOUR_S, 5 * HOUR_S),
        *phase("C", "flow", 5 * HOUR_S, 6 * HOUR_S),
    ]  # fmt: skip
    run = record([before, 9.0, middle, 9.0, after, 9.0], events)
    second, third = (evaporation(run, CONDITIONS, case) for case in "BC")
    assert third.loss_g_h * 1000 == pytest.approx(third_mg_h, abs=0.02)
    assert (second.source, second.loss_g_h * 1000) == (source, pytest.approx(second_mg_h, abs=0.02))


def test_a_balance_that_drifts_more_is_allowed_more() -> None:
    drifting = replace(PLAIN, balance=PLAIN.balance.model_copy(update={"drift": 1e-3}))
    run = record([1.3, 9.0, 0.2], [*PREPARED, *CASE, *AFTER])
    conditions = replace(CONDITIONS, weighing=drifting)
    assert (blank_faults(run, conditions), change_faults(run, conditions, "A", 0.1)) == ([], [])
