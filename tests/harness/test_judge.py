"""From a record to the verdict of a case: bench first, then values, then alarms that should not be there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.analysis.bolus import rise_in
from harness.analysis.timing import duration_s, timing_of
from harness.bench import load_bench
from harness.cases import BolusCase, PumpOffCase, SteadyFlowCase
from harness.judge import conditions_of, judge_case
from harness.metrology.volume import Evaporation
from harness.plan import load_plan
from harness.record import Event, FloatArray, Period, Record
from harness.verdicts import CaseVerdict, Measurand
from tests.harness.records import CONDITIONS, DRY, commanded, curve, phase, view_of

Edit = Callable[[Path, str, str], Path]

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


# --- what the bench file says of line, filter and corrections ---

LINES = {
    # line of the balance's file, seconds that 18 bytes take
    "usual": ("", 18 * 10 / 9600),
    "slow": ("baud = 1200", 18 * 10 / 1200),
    "parity": ('baud = 2400\nparity = "E"\nbytesize = 7', 18 * 10 / 2400),
    "parity and two stops": ('baud = 9600\nparity = "O"\nstopbits = 2', 18 * 12 / 9600),
    "longer readings": ("reading_bytes = 22", 22 * 10 / 9600),
    "not corrected": ("[corrections]\ntransmission = false\n[balance.options]", 0.0),
}


@pytest.mark.parametrize(("line", "late_s"), LINES.values(), ids=LINES)
def test_how_long_a_reading_is_on_the_line(
    line: str, late_s: float, screening_plan: Path, simulated_bench: Path, edited: Edit
) -> None:
    bench = edited(simulated_bench, 'response = "0.5 s"', f'response = "0.5 s"\n{line}')
    assert conditions_of(load_bench(bench), load_plan(screening_plan)).transmission_s == pytest.approx(late_s)


def test_everything_that_the_analysis_knows_of_a_bench_comes_from_its_file(
    screening_plan: Path, simulated_bench: Path, edited: Edit
) -> None:
    bench = edited(simulated_bench, 'lag = "5.2 s"', 'lag = "5.2 s"\nlag_uncertainty = "1 s"\n[corrections]\nimmersion = false')
    found = conditions_of(load_bench(bench), load_plan(screening_plan))
    assert [(lag.lag_s, lag.half_width_s) for lag in found.lags] == [(0.5, 0.25), (5.2, 1.0)]
    assert (found.lag_s, found.rate_hz, found.filled_ml, found.filled_u_ml) == (5.7, 10.0, 10.0, 0.05)
    assert (found.rule, found.label_ug_ml, found.max_gap_s) == ("guarded", 50.0, 5.0)
    assert (found.weighing.corrections.left_out, found.weighing.immersed) == (["immersion"], 0.0)


BOLUS = BolusCase.model_validate(
    {
        "id": "B", "title": "bolus", "procedure": "bolus", "requirement": ["R"], "volume": "1 mL", "over": "75 s",
        "volume_error": {"within": "5 %"}, "duration": {"at_least": "60 s"}, "hold": "1 h", "hold_volume": {"within": "10 uL"},
    }
)  # fmt: skip


def test_the_line_shifts_the_moments_of_readings_but_no_time_between_them() -> None:
    def mass(moments_s: FloatArray) -> FloatArray:
        return np.asarray(35 + np.clip((moments_s - 60 - 0.15) / 75, 0, 1))

    found, events = curve(mass, 300.0), [*phase("B", "baseline", 0, 60), *phase("B", "drain", 180, 300)]
    views = [view_of(BOLUS, found, events, replace(CONDITIONS, transmission_s=late_s)) for late_s in (0.0, 0.15)]
    at_once, late = (view.within(Period(50.0, 200.0)) for view in views)
    assert at_once.moments_s - late.moments_s == pytest.approx(0.15)
    assert (at_once.masses_g == late.masses_g).all()
    starts, durations = zip(*map(timed, views), strict=True)
    assert starts == pytest.approx((60.15, 60.0), abs=0.02)
    assert durations[0] == pytest.approx(durations[1], abs=1e-6)


def timed(view: Any) -> tuple[float, float]:
    rise = rise_in(view)
    return timing_of(rise).start_s, duration_s(view.conditions, rise).value


# --- the day's check ---

CHECK = {"verdict": "PASS", "repeatability_g": 6e-4, "repeatability_n": 12, "scatter_g": 2e-4}


def off_ul_h(*events: Event) -> Measurand:
    return judged([*PHASES, *events]).measurands[0]


def told(found: Measurand) -> list[tuple[str, float]]:
    return [(row.source, row.u) for row in found.budget]


def test_what_the_days_check_found_counts_in_the_budget() -> None:
    """The scatter of a reading at rest; and levels that scatter, from one weighing to the next, more than their readings."""
    plain, checked = off_ul_h(), off_ul_h(Event(0, "daily check", "", CHECK))
    rows = [row for row in checked.budget if row.source.startswith("repeatability")]
    assert {row.source for row in rows} == {
        "repeatability, start level, by the day's check (g)",
        "repeatability, end level, by the day's check (g)",
    }
    assert [row.u for row in rows] == pytest.approx([6e-4 / 2**0.5] * 2)
    assert {row.dof for row in rows} == {11}
    assert checked.expanded_uncertainty > 1.2 * plain.expanded_uncertainty
    assert not any("check" in row.source for row in plain.budget)


@pytest.mark.parametrize("missing", ["scatter_g", "repeatability_g"])
def test_a_check_in_which_nothing_could_be_measured_counts_for_nothing(missing: str) -> None:
    assert told(off_ul_h(Event(0, "daily check", "", {**CHECK, missing: None}))) == told(off_ul_h())


def test_of_several_checks_the_last_counts() -> None:
    events = [Event(0, "daily check", "", {**CHECK, "repeatability_g": 9e-3}), Event(1, "daily check", "", CHECK)]
    assert told(off_ul_h(*events)) == told(off_ul_h(events[1]))


# --- blanks before and after ---

STEADY = SteadyFlowCase.model_validate(
    {
        "id": "F", "title": "flow", "requirement": ["R"], "procedure": "steady-flow", "rate": "1 mL/h", "duration": "1 h",
        "flow_error": {"within": "2 %"}, "blank": "1 h",
    }
)  # fmt: skip
AFTER = phase("F", "blank", 8400, 12000)


def around(rate_ml_h: float) -> list[Event]:
    told = [commanded(3600, rate_ml_h, "F"), *phase("F", "flow", 4200, 7800), commanded(7800, 0.0, "F")]
    return [*phase("preparation", "blank", 0, 3600), *told]


def steady(after_mg_h: float, rate_ml_h: float = 1.0, after: Sequence[Event] = AFTER) -> CaseVerdict:
    """The vessel loses 0.2 mg/h until the pump stops, and so much from then on."""

    def mass(moments_s: FloatArray) -> FloatArray:
        delivered_g = rate_ml_h * np.clip(moments_s - 3600, 0, 4200) / 3600 / 1.00106
        lost_mg = (0.2 * moments_s + (after_mg_h - 0.2) * np.clip(moments_s - 7800, 0, None)) / 3600
        return np.asarray(35 + delivered_g - lost_mg / 1000)

    record = Record("run", "simulated", curve(mass, 12000.0), (*around(rate_ml_h), *after))
    return judge_case(record, STEADY.model_copy(update={"rate": rate_ml_h}), CONDITIONS)


def test_with_blanks_on_both_sides_the_drift_of_the_balance_is_in_them() -> None:
    both, before = steady(0.2), steady(0.2, after=())
    sources = [{row.source for row in verdict.measurands[0].budget} for verdict in (both, before)]
    assert ["evaporation, blanks before and after (g/h)" in found for found in sources] == [True, False]
    assert ["evaporation, blank before the case (g/h)" in found for found in sources] == [False, True]
    drifts_g = [row.u for verdict in (both, before) for row in verdict.measurands[0].budget if row.source == "zero drift (g)"]
    assert drifts_g[0] < 0.2 * drifts_g[1]
    assert both.verdict.value == before.verdict.value == "PASS"
    assert both.measurands[0].expanded_uncertainty < before.measurands[0].expanded_uncertainty


CHANGED = {
    # mg/h in the blank after; 0.5 % of 1 mL/h are 5 mg/h, and the vessel may lose 1 mg/h
    "as before": (0.2, ""),
    "more, but a small part of the flow": (0.9, ""),
    "more than the vessel may lose": (3.0, "the vessel lost 3.0"),
    "gaining": (-3.0, "the vessel gained 3.0"),
}


@pytest.mark.parametrize(("after_mg_h", "reason"), CHANGED.values(), ids=CHANGED)
def test_a_blank_after_that_is_none_makes_the_case_invalid(after_mg_h: float, reason: str) -> None:
    found = steady(after_mg_h)
    assert found.verdict.value == ("INVALID" if reason else "PASS")
    assert reason in "; ".join(found.reasons)


@pytest.mark.parametrize(("after_mg_h", "invalid"), [(0.25, False), (0.9, True)])
def test_a_loss_that_changed_too_much_for_the_flow_makes_the_case_invalid(after_mg_h: float, invalid: bool) -> None:
    """0.5 % of 20 uL/h are 0.1 mg/h, and two blanks of a balance that drifts leave 0.16 mg/h open."""
    found = steady(after_mg_h, rate_ml_h=0.02)
    assert (found.verdict.value == "INVALID", bool(found.measurands)) == (invalid, not invalid)
    assert any("they may differ by 0.1 mg/h, 0.5 % of the flow" in reason for reason in found.reasons) is invalid
