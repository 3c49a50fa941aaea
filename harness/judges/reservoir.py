"""Reservoirs: the account of a refill, and what the alarms of a reservoir are worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.analysis.alarm import in_words
from harness.analysis.curve import Curve
from harness.analysis.empty import Empty, end_window_s, residual_at, true_empty
from harness.analysis.latency import Gap, latency_s
from harness.analysis.masses import curve_of
from harness.analysis.view import View, trailing_s
from harness.cases import Limit, LowReservoirCase, RefillCase
from harness.cases.reservoir import FilledCase
from harness.metrology.budget import Estimate, Inputs, evaluate, exact, scaled
from harness.metrology.density import Number
from harness.record import Event
from harness.verdicts import Measurand, Verdict, judge
from instruments.errors import BenchError

Figure = tuple[str, Estimate, str, Limit, str]
"""Measurand, estimate, unit, limit, detail."""


# --- the account ---


def judge_refill(view: View[RefillCase]) -> list[Measurand]:
    """What was drawn out and what the pump believes; that it takes what fits, and refuses what does not."""
    case = view.case
    told_ul = 1000 * (_last(view, "reservoir")["believed_ml"] - case.fill)
    judged = [*_drawn_out(view), view.judge("reservoir as told, less the filling", exact(told_ul), "uL", case.told_error)]
    if case.over_fill is not None:
        taken = [event for event in view.record.of_kind("setting", case.id) if event.data["name"] == "over-fill"]
        words = f"{case.over_fill:g} mL were offered"
        judged.append(judge("over-fills taken", exact(len(taken)), "1", (0.0, 0.0), "simple", words))
    return judged


def _drawn_out(view: View[FilledCase]) -> list[Measurand]:
    """What was drawn out before the filling, less what the pump believed: known as well as the filling before it."""
    case = view.case
    if case.withdrawn_error is None:
        return []
    found = _last(view, "withdrawn")
    error = withdrawn_error(found["volume_ml"], found["believed_ml"], case.withdrawn_uncertainty, _u_filled_before_ml(view))
    words = f"{found['volume_ml']:.3f} mL were drawn out, the pump believed in {found['believed_ml']:.3f} mL"
    return [view.judge("volume drawn out, less what the pump told", error, "uL", case.withdrawn_error, words)]


def withdrawn_error(drawn_ml: float, believed_ml: float, u_drawn_ml: float, u_filled_ml: float) -> Estimate:
    """In uL."""

    def model(inputs: Inputs) -> Number:
        drawn = inputs.normal("volume drawn out (mL)", drawn_ml, u_drawn_ml)
        return 1000 * (drawn - believed_ml - inputs.normal("filling before (mL)", 0.0, u_filled_ml))

    return evaluate(model)


def _u_filled_before_ml(view: View[FilledCase]) -> float:
    """Of the bench file's filling, or of one that an earlier case has made in the same way."""
    begins_s = view.phase("fill").start_s
    refills = [event for event in view.record.of_kind("setting") if event.data["name"] == "refill" and event.at_s < begins_s]
    return view.case.fill_uncertainty if refills else view.conditions.filled_u_ml


def _last(view: View[FilledCase], kind: str) -> dict[str, Any]:
    events = list(view.record.of_kind(kind, view.case.id))
    if not events:
        raise BenchError(f"the record has no event {kind!r} of case {view.case.id}")
    return dict(events[-1].data)


# --- the alarms ---


def judge_low_reservoir(view: View[LowReservoirCase]) -> list[Measurand]:
    """One alarm of each kind; the low one by the programme and by the balance, and early enough."""
    curve, started_s = curve_of(view, view.series("rest", "plateau")), view.phase("run").start_s
    low, dry = (_alarms(view, kind) for kind in ("low-reservoir", "empty"))
    counts = [("low-reservoir alarms", low), ("empty alarms", dry)]
    judged = _drawn_out(view)
    judged += [
        judge(name, exact(len(found)), "1", (1.0, 1.0), "simple", in_words(found) or "none came") for name, found in counts
    ]
    judged += [_judged(view, figure) for figure in volumes(view, curve, started_s, _gap(low))]
    return judged + _timed(
        view, curve, started_s, _gap(low), _gap(dry), failed=any(one.verdict is Verdict.FAIL for one in judged)
    )


def _timed(
    view: View[LowReservoirCase], curve: Curve, started_s: float, low: Gap | None, dry: Gap | None, *, failed: bool
) -> list[Measurand]:
    """Where the flow has no end, another measurand has to have said why."""
    try:
        empty = emptied(view, curve)
    except BenchError:
        if failed:
            return []
        raise
    return [_judged(view, figure) for figure in times(view, empty, started_s, low, dry)]


def emptied(view: View[LowReservoirCase], curve: Curve) -> Empty:
    """The true empty point. Raises BenchError where the flow did not end, or none was there."""
    rate_ml_h, (lag_s, half_s) = view.case.rate, trailing_s(view.conditions)
    window_s = end_window_s(curve, rate_ml_h, view.conditions.rate_hz)
    found = true_empty(curve, rate_ml_h, window_s=window_s, lag_s=lag_s, lag_half_s=half_s)
    if found is None:
        raise BenchError("the flow did not end before the run did: the reservoir had more in it than the case says")
    return found


def volumes(view: View[LowReservoirCase], curve: Curve, started_s: float, low: Gap | None) -> Iterator[Figure]:
    """What was never delivered; and what was left at the low-reservoir alarm, by the programme and by the balance."""
    case, end_s = view.case, float(curve.moments_s[-1])
    yield "volume never delivered", _residual_ul(view, curve, (end_s, end_s)), "uL", case.undelivered, ""
    if low is None:
        return
    programmed = evaluate(lambda inputs: 1000 * (case.fill - case.alarm_volume) - _programmed_ul(inputs, case, low, started_s))
    words = f"due at {case.alarm_volume:g} mL"
    yield "left by the programme at the low-reservoir alarm, less what is due", programmed, "uL", case.alarm_error, words
    if case.residual is not None:
        yield "left by the balance at the low-reservoir alarm", _residual_ul(view, curve, low), "uL", case.residual, words


def _programmed_ul(inputs: Inputs, case: LowReservoirCase, alarm: Gap, started_s: float) -> Number:
    """What the pump was programmed to deliver by its alarm, that lies between two polls."""
    middle_s, half_s = (alarm[0] + alarm[1]) / 2, (alarm[1] - alarm[0]) / 2
    return inputs.rectangular("alarm, between two polls (s)", middle_s - started_s, half_s) * (case.rate / 3.6)


def _residual_ul(view: View[LowReservoirCase], curve: Curve, alarm: Gap) -> Estimate:
    case, (lag_s, half_s) = view.case, trailing_s(view.conditions)
    return residual_at(curve, alarm, case.fill, case.fill_uncertainty, 0.0, lag_s=lag_s, lag_half_s=half_s).true_ul


def times(view: View[LowReservoirCase], empty: Empty, started_s: float, low: Gap | None, dry: Gap | None) -> Iterator[Figure]:
    """In days at the rate of the therapy: volumes are what alarms go by, so times go with the rate."""
    case = view.case
    if case.lasts is not None:
        yield "time until empty", scaled(empty.moment_s, case.days_per_s, -started_s * case.days_per_s), "day", case.lasts, ""
    if low is not None:
        late = latency_s(low, empty.moment_s)
        yield "lead of the low-reservoir alarm", scaled(late, -case.days_per_s), "day", case.lead, _lead_in_words(late.value)
    if dry is not None and case.empty_latency is not None:
        late = scaled(latency_s(dry, empty.moment_s), case.days_per_s)
        yield "latency of the empty alarm", late, "day", case.empty_latency, ""


def _lead_in_words(late_s: float) -> str:
    told = f"by the balance the reservoir was empty {abs(late_s) / 60:.1f} min"
    return f"{told} before its alarm" if late_s > 0 else f"{told} after the alarm"


def _judged(view: View[LowReservoirCase], figure: Figure) -> Measurand:
    name, found, unit, limit, detail = figure
    return view.judge(name, found, unit, limit, detail)


def _alarms(view: View[LowReservoirCase], kind: str) -> list[Event]:
    return [alarm for alarm in view.record.of_kind("alarm", view.case.id) if alarm.data["kind"] == kind]


def _gap(alarms: list[Event]) -> Gap | None:
    return (alarms[0].data["since_us"] / 1e6, alarms[0].at_s) if alarms else None
