"""A case with a blank after it: what that blank says against the case, and what the next case is corrected by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.view import Conditions
from harness.cases import PumpOffCase, SteadyFlowCase
from harness.judge import judge_case
from harness.record import Event, Record
from harness.stands import Vessel
from harness.verdicts import CaseVerdict
from tests.harness.records import PLAIN, commanded, phase, readings

CONDITIONS = Conditions(PLAIN, rate_hz=1.0, lag_s=5.0)
RATE_ML_H, HOUR_S = 0.2, 3600
STEADY = SteadyFlowCase.model_validate(
    {
        "id": "A", "title": "", "procedure": "steady-flow", "rate": f"{RATE_ML_H} mL/h", "settle": "0 s", "duration": "1 h",
        "blank": "1 h", "flow_error": {"within": "2 %"}, "requirement": ["R"],
    }
)  # fmt: skip
OFF = PumpOffCase.model_validate(
    {
        "id": "B", "title": "", "procedure": "pump-off", "settle": "0 s", "duration": "1 h",
        "flow": {"within": "1 uL/h"}, "requirement": ["R"],
    }
)  # fmt: skip
EVENTS = (
    *phase("preparation", "blank", 0, HOUR_S),
    commanded(HOUR_S, RATE_ML_H, "A"),
    *phase("A", "flow", HOUR_S, 2 * HOUR_S),
    commanded(2 * HOUR_S, 0.0, "A"),
    *phase("A", "relax", 2 * HOUR_S, 2 * HOUR_S + 110),
    *phase("A", "blank", 2 * HOUR_S + 110, 3 * HOUR_S),
    *phase("B", "off", 3 * HOUR_S, 4 * HOUR_S),
)


def run_of(gains_mg_h: Sequence[float], events: Sequence[Event] = EVENTS) -> Record:
    """What the balance shows in each of four hours, by how fast the mass rises in it; with the noise of the sheet."""
    count = len(gains_mg_h) * HOUR_S
    rising_g = np.concatenate([[0.0], np.cumsum(np.repeat(gains_mg_h, HOUR_S)) / 1e3 / HOUR_S])[:count]
    masses_g = 35 + rising_g + 1e-4 * np.random.default_rng(5).standard_normal(count)
    return Record("run", "simulated", readings(np.arange(count), np.round(masses_g, 4)), tuple(events))


def steady(*gains_mg_h: float) -> CaseVerdict:
    return judge_case(run_of(gains_mg_h), STEADY, CONDITIONS)


FLOW_MG_H = RATE_ML_H * 1000 / PLAIN.factor_ml_g()


@pytest.mark.parametrize(
    ("gains_mg_h", "verdict", "reason"),
    [
        ((-0.2, FLOW_MG_H - 0.2, -0.2, 0), "PASS", ""),
        ((-0.2, FLOW_MG_H - 0.2, 3.0, 0), "INVALID", "blank after the case: the vessel gained"),
        ((-0.2, FLOW_MG_H - 0.2, -3.0, 0), "INVALID", "from 73"),
        ((-0.1, FLOW_MG_H, 18.0, 0), "INVALID", "blank after the case: the vessel gained"),
        ((-0.1, FLOW_MG_H, 22.0, 0), "FAIL", "volume after the stop: FAIL"),
        ((-0.2, 1.05 * FLOW_MG_H, -0.2, 0), "FAIL", "flow error: FAIL"),
        ((-0.2, 1.05 * FLOW_MG_H, 3.0, 0), "FAIL", "flow error: FAIL"),
    ],
)
def test_what_a_blank_says_of_the_case_before_it(gains_mg_h: tuple[float, ...], verdict: str, reason: str) -> None:
    """A tenth of the set rate is no drift; less makes the case INVALID, but what fails by the blank before it has failed."""
    found = steady(*gains_mg_h)
    assert found.verdict == verdict, found.reasons
    assert any(told.startswith(reason) for told in found.reasons) or not reason


@pytest.mark.parametrize(
    ("after_mg_h", "blank_s", "verdict"),
    [(-3.0, 1200, "INVALID"), (-300.0, 3490, "INVALID"), (3.0, 1200, "FAIL"), (-0.5, 1200, "FAIL")],
)
def test_a_flow_into_an_open_vessel_fails_no_pump(after_mg_h: float, blank_s: float, verdict: str) -> None:
    """5 % too much, which the blank before calls a failure: but not where the blank after it says that the vessel was open.

    So it does where the pump stood for less than half an hour, and where more is lost than can evaporate.
    """
    relaxed_s = 2 * HOUR_S + 110
    events = (*EVENTS[:-4], *phase("A", "blank", relaxed_s, relaxed_s + blank_s))
    found = judge_case(run_of((-0.2, 1.05 * FLOW_MG_H - 0.2, after_mg_h), events), STEADY, CONDITIONS)
    told = [reason for reason in found.reasons if reason.startswith("blank after the case: the vessel lost")]
    assert (found.verdict, len(told), bool(found.measurands)) == (verdict, verdict == "INVALID", verdict == "FAIL")


def test_a_failed_case_names_its_bad_blank_too() -> None:
    assert [reason for reason in steady(-0.2, 1.05 * FLOW_MG_H, 3.0, 0).reasons if reason.startswith("blank after the case")]


def test_a_bad_blank_is_no_correction() -> None:
    """Averaged with it, 200 mg/h would become 201.6: the error is 0 by the blank before, 0.8 % with the other."""
    found = {
        source: steady(-0.2, 1.05 * FLOW_MG_H - 0.2, after, 0).measurands[0] for source, after in (("bad", 3.0), ("good", -0.2))
    }
    assert found["bad"].value == pytest.approx(5.0, abs=0.1)
    assert "(blank before the case)" in found["bad"].detail
    assert "(blanks before and after)" in found["good"].detail
    assert "zero drift (g)" in [row.source for row in found["bad"].budget if row.contribution > 0.02]


@pytest.mark.parametrize(("after_mg_h", "verdict"), [(-1.25, "PASS"), (-1.45, "INVALID")])
def test_blanks_may_differ_by_half_a_percent_of_the_flow(after_mg_h: float, verdict: str) -> None:
    """1 mg/h of 200; and twice what drift leaves open, 0.16 mg/h."""
    open_vessel = replace(PLAIN, vessel=Vessel.model_validate({"evaporation_at_most": "3 mg/h"}))
    run = run_of((-0.2, FLOW_MG_H - 0.2, after_mg_h, 0))
    found = judge_case(run, STEADY, replace(CONDITIONS, weighing=open_vessel))
    assert found.verdict == verdict, found.reasons
    assert verdict == "PASS" or "they may differ by 1 mg/h" in found.reasons[0]


@pytest.mark.parametrize(
    ("after_mg_h", "off_mg_h", "verdict"),
    [
        (-0.5, -0.5, "PASS"),
        (5.0, 5.0, "FAIL"),
        (5.0, -0.2, "INVALID"),
        (-0.5, 3.0, "FAIL"),
    ],
)
def test_a_leak_in_a_blank_is_not_taken_out_of_the_next_case(after_mg_h: float, off_mg_h: float, verdict: str) -> None:
    """The last good blank counts: a leak that began before the blank is one after it too. After a bad one nothing can pass."""
    run = run_of((-0.2, FLOW_MG_H - 0.2, after_mg_h, off_mg_h))
    assert judge_case(run, OFF, CONDITIONS).verdict == verdict
