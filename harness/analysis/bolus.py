"""Volume, duration and start of a bolus, and what flowed in the hold after it."""

from __future__ import annotations

from harness.analysis.masses import first, last, volume_between
from harness.analysis.timing import Rise, duration_s, onset_s, rise_of
from harness.analysis.view import View
from harness.cases import BolusCase, VolumeLimit
from harness.metrology.budget import Estimate, scaled
from harness.metrology.dosing import dose_ug
from harness.metrology.rules import around
from harness.record import WAITING, Record
from harness.verdicts import Measurand, Verdict
from instruments.errors import BenchError

LEVEL_S = 30.0
CLEAR = 20.0
"""A rise of less than so many times the balance's noise has no duration."""


def judge_bolus(view: View[BolusCase]) -> list[Measurand]:
    case = view.case
    volume = _judge_volume(view)
    judged = [volume, *_judge_duration(view, nothing_came=volume.verdict is Verdict.FAIL)]
    if case.hold_volume is not None:
        for name, phase in (("unintended volume before the dose", WAITING), ("unintended volume in the hold", "hold")):
            if view.record.has_phase(case.id, phase):
                judged.append(_judge_quiet(view, name, phase, case.hold_volume))
    return judged


def _judge_volume(view: View[BolusCase]) -> Measurand:
    """From the mean before the bolus to the mean after the line has drained."""
    case = view.case
    before, after = last(view.series("baseline"), LEVEL_S), last(view.series("drain"), LEVEL_S)
    found, words = volume_between(view, before, after)
    limits_ml = around(case.volume, case.volume_error.interval)
    return view.judge("bolus volume", found, "mL", case.volume_error, _dose(view, found) + words, limits_ml)


def _dose(view: View[BolusCase], volume: Estimate) -> str:
    """Volume times labelled concentration: the bench verifies the volume, the label's own tolerance comes on top."""
    label_ug_ml = view.conditions.label_ug_ml
    if not label_ug_ml:
        return ""
    dose = dose_ug(volume, label_ug_ml)
    told = f"{dose.value:.3g} ug ± {dose.expanded_uncertainty:.2g} ug (k = {dose.coverage_factor:.2f})"
    return f"{told} at the labelled {label_ug_ml:g} ug/mL; "


def rise_in(view: View[BolusCase]) -> Rise:
    """The bolus of a case. Raises BenchError where nothing rises above the noise."""
    weighing = view.conditions.weighing
    rise = rise_of(view.series("baseline", "drain"), LEVEL_S, sign=weighing.sign)
    baseline_g = weighing.sign * last(view.series("baseline"), LEVEL_S).mass_g
    rise = Rise(rise.series, baseline_g, rise.after_g)
    if rise.gain_g < CLEAR * weighing.noise().sd_g:
        raise BenchError("nothing rises above the noise where a bolus should be")
    return rise


def _judge_duration(view: View[BolusCase], *, nothing_came: bool) -> list[Measurand]:
    """Where nothing came there is nothing to time, and the volume has already said so."""
    case = view.case
    if case.duration is None and case.duration_error is None and case.onset is None:
        return []
    try:
        found = duration_s(view.conditions, rise_in(view))
    except BenchError:
        if nothing_came:
            return []
        raise
    judged = []
    if case.duration is not None:
        judged.append(view.judge("bolus duration", found, "s", case.duration))
    if case.duration_error is not None:
        judged.append(view.judge("bolus duration error", scaled(found, 100 / case.over, -100), "%", case.duration_error))
    if case.onset is not None:
        began = onset_s(view.conditions, rise_in(view), start_command_s(view.record, case.id))
        judged.append(view.judge("bolus onset", began, "s", case.onset))
    return judged


def _judge_quiet(view: View[BolusCase], name: str, phase: str, limit: VolumeLimit) -> Measurand:
    """Volume over a phase in which nothing may flow."""
    series = view.series(phase)
    found, words = volume_between(view, first(series, LEVEL_S), last(series, LEVEL_S), per_ml=1000)
    return view.judge(name, found, "uL", limit, words)


def start_command_s(record: Record, case: str) -> float:
    """When the pump was first told to run in a case. Raises BenchError when it never was."""
    starts = [event.at_s for event in record.of_kind("commanded", case) if event.data["rate_ml_h"] > 0]
    if not starts:
        raise BenchError(f"the record has no start of the pump in case {case}")
    return starts[0]
