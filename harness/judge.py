"""From a record to verdicts: is the bench fit, what was measured, does it conform."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.analysis.alarm import judge_run_to_empty, unexpected_alarms
from harness.analysis.blank import blank_faults, evaporation
from harness.analysis.bolus import judge_bolus
from harness.analysis.calm import losses
from harness.analysis.delivery import judge_delivery
from harness.analysis.flow import judge_pump_off, judge_steady_flow
from harness.analysis.health import bench_faults
from harness.analysis.view import Conditions, View
from harness.bench import Bench
from harness.cases import CaseBase
from harness.metrology.volume import Evaporation, Weighing
from harness.plan import Plan
from harness.record import PREPARATION, Period, Record
from harness.verdicts import CaseVerdict, Measurand, Verdict, overall
from instruments.errors import BenchError

_JUDGES: Mapping[str, Callable[[Any], list[Measurand]]] = {
    "bolus": judge_bolus,
    "steady-flow": judge_steady_flow,
    "pump-off": judge_pump_off,
    "run-to-empty": judge_run_to_empty,
    "delivery": judge_delivery,
}
_GAP_SAMPLES = 30
_GAP_S = 5.0


def conditions_of(bench: Bench, plan: Plan) -> Conditions:
    """What the analysis has to know of a bench and a plan."""
    file, balance, syringe = bench.file, bench.balance, bench.pump.source
    return Conditions(
        weighing=Weighing(balance, file.needle, file.vessel, file.liquid, file.environment),
        rule=plan.file.plan.rule,
        rate_hz=balance.rate,
        lag_s=file.catheter.lag + balance.response,
        max_gap_s=max(_GAP_S, _GAP_SAMPLES / balance.rate),
        filled_ml=syringe.filled_ml,
        filled_u_ml=syringe.filled_uncertainty,
        label_ug_ml=plan.file.drug.concentration if plan.file.drug else None,
    )


def judge_case(record: Record, case: Any, conditions: Conditions, loss: Evaporation | None = None) -> CaseVerdict:
    """All measurands of one case, and its verdict. ``loss`` is the evaporation; measured in the record's blank unless given."""
    try:
        period = case_period(record, case)
        faults = [*_preparation_faults(record, conditions, loss), *bench_faults(record, period, conditions)]
        faults += losses(record, period.end_s, conditions) if loss is None else []
        view = View(record, case, conditions, loss or evaporation(record, conditions))
        measurands = [] if faults else [*_JUDGES[case.procedure](view), *unexpected_alarms(view)]
    except BenchError as err:
        return without_measurands(case, Verdict.INVALID, str(err))
    if faults:
        return without_measurands(case, Verdict.INVALID, *faults)
    verdict = overall(measurand.verdict for measurand in measurands)
    reasons = [_reason(found) for found in measurands if found.verdict is not Verdict.PASS]
    return CaseVerdict(case.id, case.title, verdict, tuple(case.requirement), tuple(measurands), tuple(reasons))


def _reason(found: Measurand) -> str:
    return f"{found.name}: {found.verdict}" + (f" ({found.detail})" if found.detail else "")


def without_measurands(case: CaseBase, verdict: Verdict, *reasons: str) -> CaseVerdict:
    """A case in which nothing could be measured, and why."""
    return CaseVerdict(case.id, case.title, verdict, tuple(case.requirement), (), reasons)


def case_period(record: Record, case: CaseBase) -> Period:
    """From the first to the last phase edge of a case; the whole record for a case without phases."""
    edges = [event.at_s for event in record.of_kind("phase", case.id)]
    stamps_us = record.readings.stamps_us
    if edges:
        return Period(min(edges), max(edges))
    if not len(stamps_us):
        raise BenchError("the record has no readings")
    return Period(float(stamps_us[0]) / 1e6, float(stamps_us[-1]) / 1e6)


def _preparation_faults(record: Record, conditions: Conditions, loss: Evaporation | None) -> Sequence[str]:
    """A blank that cannot be trusted spoils every case that is corrected with it."""
    if loss is not None:
        return []
    faults = bench_faults(record, record.phase(PREPARATION, "blank"), conditions) or blank_faults(record, conditions)
    return [f"blank: {fault}" for fault in faults]
