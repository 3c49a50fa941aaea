"""Judge of what a pump takes when it is set, and of what it makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.analysis.flow import ends, mean_flow
from harness.analysis.masses import volume_between
from harness.analysis.view import View
from harness.cases.settings import SettingsCase
from harness.metrology.budget import Estimate, evaluate, exact, scaled
from harness.metrology.rules import worst
from harness.record import Event
from harness.verdicts import Measurand, judge
from instruments.errors import BenchError

_NONE = (0.0, 0.0)


def judge_settings(view: View[SettingsCase]) -> list[Measurand]:
    """What it took of what it should take, what of what it should not; what came meanwhile; what the weighed rates gave."""
    case, (inside, beyond) = view.case, _tried(view)
    refused = [event for event in inside if event.data["reported"] is None]
    accepted = [event for event in beyond if event.data["reported"] is not None]
    came, words = volume_between(view, *ends(view.series("set")), per_ml=1000)
    return [
        _count("settings not taken as they are", refused),
        *_read_back(view, [event for event in inside if event.data["reported"] is not None]),
        _count("settings out of range that were taken", accepted),
        view.judge("volume while it was set", came, "uL", case.volume, words),
        *_judge_flows(view),
    ]


def _tried(view: View[SettingsCase]) -> tuple[list[Event], list[Event]]:
    """The settings of the case inside the pump's range, and those beyond it: each value was tried in turn."""
    told, case = list(view.record.of_kind("tried", view.case.id)), view.case
    if len(told) != sum(map(len, (case.rates, case.beyond_rates, case.volumes, case.beyond_volumes))):
        raise BenchError(f"the record has {len(told)} settings that were tried, and the case asks for others")
    if unsent := [event.data for event in told if not event.data["applied"]]:
        named = f"{unsent[0]['name']} of {unsent[0]['requested']:g} {unsent[0]['unit']}"
        raise BenchError(f"the pump was never asked for a {named}: its driver sends nothing like that; leave it out of the case")
    tried = iter(told)
    parts = [[next(tried) for _ in values] for values in (case.rates, case.beyond_rates, case.volumes, case.beyond_volumes)]
    return [*parts[0], *parts[2]], [*parts[1], *parts[3]]


def _count(name: str, events: Sequence[Event]) -> Measurand:
    words = [event.data["told"] or f"{event.data['name']} {event.data['requested']:g} {event.data['unit']}" for event in events]
    return judge(name, exact(len(events)), "1", _NONE, "simple", "; ".join(words))


def _read_back(view: View[SettingsCase], taken: Sequence[Event]) -> Iterator[Measurand]:
    """The worst error of what it reports."""
    errors_pct = [100 * (event.data["reported"] / event.data["requested"] - 1) for event in taken]
    if errors_pct:
        words = f"{len(errors_pct)} settings"
        error_pct = errors_pct[worst(errors_pct, view.case.read_back.interval)]
        yield view.judge("largest read-back error", exact(error_pct), "%", view.case.read_back, words)


def _judge_flows(view: View[SettingsCase]) -> Iterator[Measurand]:
    """The flow of each weighed rate, and its ratio to that of the first one."""
    case, flows = view.case, [mean_flow(view, *ends(view.series(f"rate {n}"))) for n, _ in enumerate(view.case.weighed, 1)]
    for rate_ml_h, (found, words) in zip(case.weighed, flows, strict=True):
        if case.flow_error is not None:
            error = scaled(found, 100 / rate_ml_h, -100)
            yield view.judge(f"flow error at {rate_ml_h:g} mL/h", error, "%", case.flow_error, words)
    for rate_ml_h, (found, _) in zip(case.weighed[1:], flows[1:], strict=True):
        if case.step_error is not None:
            step = step_error_pct(flows[0][0], found, rate_ml_h / case.weighed[0])
            yield view.judge(f"step error, {case.weighed[0]:g} to {rate_ml_h:g} mL/h", step, "%", case.step_error)


def step_error_pct(one: Estimate, other: Estimate, ratio: float) -> Estimate:
    """Of the ratio of two flows against ``ratio``. What both share is counted in both; a flow of nothing is all of it wrong."""
    if one.value <= one.expanded_uncertainty:
        return exact(-100.0)
    return evaluate(
        lambda inputs: 100 * inputs.normal("later flow (mL/h)", other.value, other.u)
        / (ratio * inputs.normal("first flow (mL/h)", one.value, one.u))
        - 100
    )  # fmt: skip
