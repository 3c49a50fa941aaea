"""From a record to verdicts: is the bench fit, what was measured, does it conform."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from harness.analysis.alarm import unexpected_alarms
from harness.analysis.blank import bad_blank_before, blank_faults, change_faults, evaporation, lost_too_much
from harness.analysis.calm import calm_faults, losses
from harness.analysis.health import bench_faults
from harness.analysis.interval import start_to_start
from harness.analysis.view import Conditions, View, lags_of
from harness.bench import Bench
from harness.cases import CaseBase
from harness.judges import JUDGES
from harness.metrology.volume import DayCheck, Evaporation, Noise, Weighing
from harness.plan import Plan
from harness.record import BLANK, PREPARATION, Period, Record
from harness.verdicts import CaseVerdict, Measurand, Verdict, overall
from instruments.errors import BenchError

_GAP_SAMPLES = 30
_GAP_S = 5.0


def conditions_of(bench: Bench, plan: Plan) -> Conditions:
    """What the analysis has to know of a bench and a plan."""
    file, balance, syringe = bench.file, bench.balance, bench.pump.source
    weighing = Weighing(balance, file.needle, file.vessel, file.liquid, file.environment, corrections=file.corrections)
    return Conditions(
        weighing=weighing,
        rule=plan.file.plan.rule,
        minimum_tur=plan.file.plan.minimum_tur,
        rate_hz=balance.rate,
        lag_s=file.catheter.lag + balance.response,
        lags=lags_of(file.corrections, balance, file.catheter),
        transmission_s=_transmission_s(bench) if file.corrections.transmission else 0.0,
        max_gap_s=max(_GAP_S, _GAP_SAMPLES / balance.rate),
        filled_ml=syringe.filled_ml,
        filled_u_ml=syringe.filled_uncertainty,
        label_ug_ml=plan.file.drug.concentration if plan.file.drug else None,
        pressure_u_kpa=file.pressure.uncertainty if file.pressure else 0.0,
        compliance_l_pa=file.catheter.compliance_l_pa,
    )


def _as_checked(record: Record, conditions: Conditions) -> Conditions:
    """With what the day's check found; the scatter at rest comes from so many readings that it counts as known."""
    found = [event.data for event in record.of_kind("daily check") if event.data.get("scatter_g") is not None]
    if not found or found[-1]["repeatability_g"] is None:
        return conditions
    told, source = found[-1], "the day's check"
    level = Noise(told["repeatability_g"] / math.sqrt(2), told["repeatability_n"] - 1, source)
    checked = DayCheck(Noise(told["scatter_g"], math.inf, source), level)
    return replace(conditions, weighing=replace(conditions.weighing, checked=checked))


def _transmission_s(bench: Bench) -> float:
    """A reading is stamped when its last byte is there (gravimetric-metrology, section 6, time stamping)."""
    line = bench.balance.line(bench.driver("balance").line)
    bits = 1 + line.bytesize + (line.parity != "N") + line.stopbits
    return bench.balance.reading_bytes * bits / line.baudrate


def judge_case(record: Record, case: Any, conditions: Conditions, loss: Evaporation | None = None) -> CaseVerdict:
    """All measurands of one case, and its verdict. ``loss`` is the evaporation; measured in the record's blank unless given."""
    conditions = _as_checked(record, conditions)
    try:
        faults = _flow_faults(record, case, conditions, loss) if case.weighs_flow else _phase_faults(record, case, conditions)
        view = View(record, case, conditions, loss or evaporation(record, conditions, case.id))
        interval = start_to_start(view)
        measurands = [] if faults else [*JUDGES[case.procedure](view), *unexpected_alarms(view), *interval.measurands]
        doubts = [*(_doubts(record, case, conditions) if loss is None and not faults else []), *interval.faults]
    except BenchError as err:
        return without_measurands(case, Verdict.INVALID, str(err))
    verdict = overall(measurand.verdict for measurand in measurands)
    if faults or (doubts and verdict is not Verdict.FAIL):
        return without_measurands(case, Verdict.INVALID, *faults, *doubts)
    reasons = [*(_reason(found) for found in measurands if found.verdict is not Verdict.PASS), *doubts]
    return CaseVerdict(case.id, case.title, verdict, tuple(case.requirement), tuple(measurands), tuple(reasons))


def _flow_faults(record: Record, case: CaseBase, conditions: Conditions, loss: Evaporation | None) -> list[str]:
    """Why the bench cannot be trusted to show what flows: its blanks, and all of the case from its beginning to its end."""
    period = case_period(record, case)
    faults = [*_preparation_faults(record, conditions, loss), *bench_faults(record, period, conditions, calm=not case.surges)]
    faults += [fault for part in _between_surges(record, case, period) for fault in calm_faults(record, part, conditions)]
    if loss is not None:
        return faults
    blank = record.phase(case.id, BLANK) if record.has_phase(case.id, BLANK) else None
    open_vessel = [f"blank after the case: {fault}" for fault in lost_too_much(record, conditions, blank)] if blank else []
    return [*faults, *losses(record, period.end_s, conditions), *open_vessel]


def _between_surges(record: Record, case: CaseBase, period: Period) -> Iterator[Period]:
    """The parts of a case in which only what was commanded may flow; nothing for a case that has no others."""
    surges = [record.phase(case.id, name) for name in case.surges if record.has_phase(case.id, name)]
    starts_s = [period.start_s, *(surge.end_s for surge in surges)]
    ends_s = [*(surge.start_s for surge in surges), period.end_s]
    yield from (Period(*part) for part in zip(starts_s, ends_s, strict=True) if case.surges and part[0] < part[1])


def _phase_faults(record: Record, case: CaseBase, conditions: Conditions) -> list[str]:
    """The same where somebody moves things between the phases: only what is weighed in them counts, and no flow is looked for."""
    names = dict.fromkeys(event.data["name"] for event in record.of_kind("phase", case.id))
    periods = [record.phase(case.id, name) for name in names]
    return [fault for period in periods for fault in bench_faults(record, period, conditions, calm=False)]


def _doubts(record: Record, case: CaseBase, conditions: Conditions) -> list[str]:
    """What the blanks next to a case say against it. Such a case cannot pass; what fails by the last good one has failed."""
    before = bad_blank_before(record, conditions, case.id) if case.weighs_flow else []
    if before or not record.has_phase(case.id, BLANK):
        return before
    found = [f"blank after the case: {fault}" for fault in blank_faults(record, conditions, case.id)]
    return found or change_faults(record, conditions, case.id, getattr(case, "rate", 0.0))


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
