"""Rates that change: by command, by the pump's own schedule, to the keep-open rate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from harness.analysis.bolus import LEVEL_S
from harness.analysis.changes import Stretch, response
from harness.analysis.flow import after_the_stop, ends, flow_error, mean_flow, standing_still
from harness.analysis.masses import last, volume_between
from harness.analysis.rate_change import RateChange
from harness.analysis.view import View, trailing_s
from harness.cases import KvoCase, Limit, ProfileCase, RateChangeCase
from harness.metrology.budget import Estimate, Inputs, evaluate, exact, scaled
from harness.metrology.density import Number
from harness.record import Period
from harness.verdicts import Measurand, Verdict, judge
from instruments.errors import BenchError

RESOLVED_PCT = 10.0
"""A keep-open flow counts as resolved from U(Q)/Q below this (fluid-delivery-test-methods, section 10)."""


def judge_rate_change(view: View[RateChangeCase]) -> list[Measurand]:
    """The flow at each rate, and what came between; what the pump reports as set is compared when it is set."""
    case, stretches = view.case, _commanded(view, view.case.settle)
    judged = [_flow_error(view, number, stretch, case.flow_error) for number, stretch in enumerate(stretches, 1)]
    limits: dict[str, tuple[str, Limit | None]] = {
        "done_50_s": ("s", case.done_50),
        "done_90_s": ("s", case.done_90),
        "surplus_ul": ("uL", case.surplus),
    }
    for number, (one, other) in enumerate(pairwise(stretches), 2):
        judged += _response(view, number, response(view, one, other), limits, other.period.duration_s)
    judged += [_count_error(view, case.count_error)] if case.count_error is not None else []
    return judged + _when_it_stands(view, stretches, case.flow_error)


def judge_profile(view: View[ProfileCase]) -> list[Measurand]:
    """Each step's volume in the time that is its own, and the moment at which the flow passes from one to the next."""
    case, stretches = view.case, _commanded(view)
    judged = [_step_error(view, number, stretch) for number, stretch in enumerate(stretches, 1)]
    if case.moment is not None:
        limits: dict[str, tuple[str, Limit | None]] = {"done_50_s": ("s", case.moment)}
        for number, (one, other) in enumerate(pairwise(stretches), 2):
            found = response(view, one, other, case.early_s)
            judged += _response(view, number, found, limits, other.period.duration_s)
    return judged + after_the_stop(view, stretches[-1].rate_ml_h, case.volume_error, ("run-out",))


def judge_kvo(view: View[KvoCase]) -> list[Measurand]:
    """The programmed volume, then a flow near the declared one, which is not above the set rate.

    Raises BenchError when a flow that is there is not resolved.
    """
    case = view.case
    flow, words = mean_flow(view, *ends(view.series("keep-open")))
    error = flow_error(view, "keep-open flow error", view.series("keep-open"), case.kvo, case.flow_error)
    resolution_pct = flow.expanded_uncertainty / flow.value * 100 if flow.value > 0 else float("inf")
    if error.verdict is not Verdict.FAIL and resolution_pct >= RESOLVED_PCT:
        told = f"the keep-open flow is known to {resolution_pct:.2g} %, and it takes less than {RESOLVED_PCT:g} %"
        raise BenchError(f"{told}; watch it for longer (duration), or on a finer balance")
    highest = judge("keep-open flow", flow, "mL/h", (None, case.rate), view.rule(case.flow_error), words)
    judged = [_infused(view, flow), error, highest]
    return judged + after_the_stop(view, case.kvo, case.flow_error, ("run-out",))


def _commanded(view: View[RateChangeCase | ProfileCase], settle_s: float | None = None) -> list[Stretch]:
    """The rates of a case by its commands; steady after ``settle_s``, or else in the middle half."""
    told = [(event.at_s, float(event.data["rate_ml_h"])) for event in view.record.of_kind("commanded", view.case.id)]
    stretches = []
    for (start_s, rate_ml_h), (end_s, _) in pairwise(told):
        quarter_s = (end_s - start_s) / 4
        steady = Period(start_s + quarter_s, end_s - quarter_s) if settle_s is None else Period(start_s + settle_s, end_s)
        stretches += [Stretch(Period(start_s, end_s), rate_ml_h, steady)] if rate_ml_h > 0 else []
    return stretches


def _flow_error(view: View[RateChangeCase], number: int, stretch: Stretch, limit: Limit) -> Measurand:
    return flow_error(view, f"flow error, rate {number}", view.within(stretch.steady), stretch.rate_ml_h, limit)


def _step_error(view: View[ProfileCase], number: int, stretch: Stretch) -> Measurand:
    """Seen later by what line and balance trail behind: what they hold back of one step, they give in the next."""
    lag_s, _ = trailing_s(view.conditions)
    seen = Period(stretch.period.start_s + lag_s, stretch.period.end_s + lag_s)
    return flow_error(view, f"volume error, step {number}", view.within(seen), stretch.rate_ml_h, view.case.volume_error)


def _response(
    view: View[RateChangeCase | ProfileCase],
    number: int,
    found: RateChange | None,
    limits: dict[str, tuple[str, Limit | None]],
    watched_s: float,
) -> Iterator[Measurand]:
    """The limits that the plan sets for one change; one that was not made has none of the times."""
    if found is None:
        yield judge(f"change to rate {number}", exact(0.0), "1", (1.0, 1.0), "simple", "less than half of it was made")
        return
    for name, (unit, limit) in limits.items():
        if limit is not None:
            value: Estimate = getattr(found, name) or exact(watched_s)
            label = f"{name.rpartition('_')[0]}, rate {number}"
            yield view.judge(label, value, unit, limit, f"moving mean over {found.window_s:.0f} s")


def _count_error(view: View[RateChangeCase], limit: Limit) -> Measurand:
    """What the pump has counted from the first start to the stop, against what was weighed meanwhile."""
    before, after = (float(event.data["infused_ml"]) for event in view.record.of_kind("count", view.case.id))
    weighing, loss = view.conditions.weighing, view.evaporation
    begin, end = last(view.series("lead-in"), LEVEL_S), last(view.series("run-out"), LEVEL_S)

    def model(inputs: Inputs) -> Number:
        return 100 * ((after - before) / weighing.volume_ml(inputs, begin, end, loss) - 1)

    told = f"counted {after - before:.6g} mL; {weighing.in_words(begin, end, loss)}"
    return view.judge("counted against weighed", evaluate(model), "%", limit, told)


def _when_it_stands(view: View[RateChangeCase], stretches: Sequence[Stretch], limit: Limit) -> list[Measurand]:
    whole = Period(stretches[0].period.start_s, stretches[-1].period.end_s)
    return standing_still(view, whole) + after_the_stop(view, stretches[-1].rate_ml_h, limit, ("run-out",))


def _infused(view: View[KvoCase], kvo: Estimate) -> Measurand:
    """The programmed volume: what came until the end of the settling, less the keep-open flow since the change."""
    case, end = view.case, last(view.series("settle"), LEVEL_S)
    total, words = volume_between(view, last(view.series("lead-in"), LEVEL_S), end)
    since_h = (end.moment_s - view.phase("infusion").end_s) / 3600
    error = scaled(total, 100 / case.volume, -100 * (1 + kvo.value * since_h / case.volume))
    return view.judge("programmed volume error", error, "%", case.volume_error, words)
