"""Judges of boluses that belong together: in a row, on a running infusion, by a schedule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.analysis.bolus import CLEAR, start_command_s
from harness.analysis.boluses import Boluses, step_boluses
from harness.analysis.flow import ends, mean_flow
from harness.analysis.masses import curve_of, first, last, volume_between
from harness.analysis.timing import Rise, duration_s, onset_s, rise_of
from harness.analysis.view import View
from harness.cases import PercentLimit
from harness.cases.boluses import BASELINE_S, DRAIN_S
from harness.cases.doses import LEVEL_S, BolusesCase, BolusOnBasalCase, Doses, ScheduledBolusesCase
from harness.metrology.budget import Estimate, evaluate, scaled
from harness.record import Period, Series
from harness.verdicts import Measurand, Verdict
from instruments.errors import BenchError


def judge_boluses(view: View[BolusesCase]) -> list[Measurand]:
    """Mean error and largest deviations of a set (fluid-delivery-test-methods, section 8)."""
    case = view.case
    starts_s = [event.at_s for event in view.record.of_kind("commanded", case.id) if event.data["rate_ml_h"] > 0]
    curve = curve_of(view, view.series("baseline", "boluses"))
    settle_s = case.over + case.pause - LEVEL_S
    found = step_boluses(curve, starts_s, case.volume, settle_s=settle_s, span_s=LEVEL_S)
    largest, smallest = found.largest, found.smallest
    return [
        view.judge("mean bolus error", found.mean_error_pct, "%", case.mean_error, _in_words(found)),
        view.judge("largest bolus error", largest.deviation_pct, "%", case.each_error, f"bolus {largest.index}"),
        view.judge("smallest bolus error", smallest.deviation_pct, "%", case.each_error, f"bolus {smallest.index}"),
    ]


def _in_words(found: Boluses) -> str:
    return f"{len(found.volumes_ml)} boluses, mean {found.mean_ml:.5g} mL, CV {found.cv_pct:.2g} %"


def judge_bolus_on_basal(view: View[BolusOnBasalCase]) -> list[Measurand]:
    """The bolus, and the infusion before and after it."""
    case = view.case
    command_s = _command_s(view)
    volume, *times = _judge_dose(view, _Dose.at(view, command_s, case.basal), "bolus")
    for phase, name in (("basal", "basal flow error before"), ("after", "basal flow error after")):
        times += _judge_basal(view, view.series(phase), name, case.basal, case.basal_error)
    return [volume, *times]


def _command_s(view: View[BolusOnBasalCase]) -> float:
    """When the bolus was to begin."""
    phase = view.phase("bolus")
    told = [event.at_s for event in view.record.of_kind("commanded", view.case.id) if phase.start_s <= event.at_s < phase.end_s]
    if not told:
        raise BenchError(f"the record has no bolus in case {view.case.id}")
    return told[0]


def judge_scheduled_boluses(view: View[ScheduledBolusesCase]) -> list[Measurand]:
    """Volume and start of each dose, the intervals between them, and the flow in between."""
    case, begins_s = view.case, _begins_s(view)
    doses = [_Dose.at(view, begins_s + moment_s, case.basal or 0.0) for moment_s in case.moments_s]
    judged = [found for number, dose in enumerate(doses, 1) for found in _judge_dose(view, dose, f"dose {number}")]
    judged += _judge_intervals(view, doses)
    for number, (dose, following) in enumerate(pairwise(doses), 1):
        between = view.within(Period(dose.window.end_s, following.window.start_s))
        judged += _judge_basal(view, between, f"basal flow error after dose {number}", case.basal or 0.0, case.basal_error)
    return judged


def _begins_s(view: View[ScheduledBolusesCase]) -> float:
    """The command that started the pump's schedule; the beginning of the phase where each dose was commanded."""
    return view.phase("schedule").start_s if view.case.basal is None else start_command_s(view.record, view.case.id)


# --- one dose on a basal rate ---


@dataclass(frozen=True, slots=True)
class _Dose:
    """A bolus that was to begin at ``command_s``, in the series around it, on a basal rate whose place it takes."""

    command_s: float
    window: Period
    series: Series
    basal_ml_h: float
    over_s: float

    @classmethod
    def at(cls, view: View[Doses], command_s: float, basal_ml_h: float) -> _Dose:
        window = Period(command_s - BASELINE_S, command_s + view.case.over + DRAIN_S)
        return cls(command_s, window, view.within(window), basal_ml_h, view.case.over)

    def volume(self, view: View[Doses]) -> tuple[Estimate, str]:
        """All that came, less the basal rate for the rest of the time (fluid-delivery-test-methods, section 8)."""
        begin, end = first(self.series, LEVEL_S), last(self.series, LEVEL_S)
        total, words = volume_between(view, begin, end)
        basal_ml = self.basal_ml_h * (end.moment_s - begin.moment_s - self.over_s) / 3600
        return scaled(total, 1.0, -basal_ml), f"{words}; basal {basal_ml * 1000:.4g} uL taken out" if basal_ml else words

    def rise(self, view: View[Doses]) -> Rise:
        """Raises BenchError where nothing rises above the noise."""
        weighing = view.conditions.weighing
        basal_g_s = self.basal_ml_h / weighing.factor_ml_g() / 3600
        rise = rise_of(self.series, LEVEL_S, sign=weighing.sign, basal_g_s=basal_g_s)
        if rise.gain_g < CLEAR * weighing.noise().sd_g:
            raise BenchError(f"nothing rises above the noise at {self.command_s:.0f} s, where a bolus should be")
        return rise

    def start_s(self, view: View[Doses]) -> Estimate:
        """After its command."""
        return onset_s(view.conditions, self.rise(view), self.command_s)


_DoseView = View[BolusOnBasalCase] | View[ScheduledBolusesCase]


def _judge_dose(view: _DoseView, dose: _Dose, name: str) -> list[Measurand]:
    """Volume, duration and start. Where nothing came there is nothing to time, and the volume has already said so."""
    case = view.case
    found, words = dose.volume(view)
    error = scaled(found, 100 / case.volume, -100)
    told = f"{found.value:.5g} mL, from {BASELINE_S:g} s before its moment to {DRAIN_S:g} s after its end; {words}"
    volume = view.judge(f"{name}: volume error", error, "%", case.volume_error, told)
    try:
        return [volume, *_judge_times(view, dose, name)]
    except BenchError:
        if volume.verdict is Verdict.FAIL:
            return [volume]
        raise


def _judge_times(view: _DoseView, dose: _Dose, name: str) -> Iterator[Measurand]:
    case = view.case
    start = case.onset if isinstance(case, BolusOnBasalCase) else case.start_error
    if case.duration_error is not None:
        lasted = scaled(duration_s(view.conditions, dose.rise(view)), 100 / case.over, -100)
        yield view.judge(f"{name}: duration error", lasted, "%", case.duration_error)
    if start is not None:
        yield view.judge(f"{name}: start", dose.start_s(view), "s", start)


def _judge_intervals(view: View[ScheduledBolusesCase], doses: Sequence[_Dose]) -> Iterator[Measurand]:
    """Start to start, of doses that can be timed. What both starts share is counted in both."""
    for number, pair in enumerate(pairwise(doses), 1):
        try:
            one, other = (dose.start_s(view) for dose in pair)
        except BenchError:
            continue  # the volume has said that nothing came
        apart = interval_error_s(one, other, pair[1].command_s - pair[0].command_s - view.case.every)
        yield view.judge(f"dose {number} to {number + 1}: interval error", apart, "s", view.case.interval_error)


def interval_error_s(one: Estimate, other: Estimate, commands_s: float) -> Estimate:
    """By how much two starts lie further apart than they should, their commands ``commands_s`` further than they should."""
    return evaluate(
        lambda inputs: (
            commands_s
            + inputs.normal("start of the later one (s)", other.value, other.u)
            - inputs.normal("start of the earlier one (s)", one.value, one.u)
        )
    )


def _judge_basal(view: _DoseView, series: Series, name: str, basal_ml_h: float, limit: PercentLimit | None) -> list[Measurand]:
    if limit is None:
        return []
    found, words = mean_flow(view, *ends(series))
    return [view.judge(name, scaled(found, 100 / basal_ml_h, -100), "%", limit, words)]
