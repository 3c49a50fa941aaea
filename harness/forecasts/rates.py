"""Forecasts for rates that change: the response is that of a flow that changes at once, seen on this balance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from harness.analysis.changes import AFTER, BEFORE, window_s
from harness.analysis.flow import end_span_s, mean_flow
from harness.analysis.masses import volume_between
from harness.analysis.rate_change import RateChange, rate_change
from harness.analysis.view import View, trailing_s
from harness.cases import KvoCase, Limit, ProfileCase, RateChangeCase
from harness.forecasts.common import Foreseen, curve_like, levels
from harness.metrology.budget import Estimate, exact, scaled
from instruments.errors import ConfigError

Limits = Mapping[str, tuple[str, Limit | None]]
"""By what a response tells: its unit, and the limit that the plan sets for it."""
_POINTS = 40
"""Of a window: two for each block that its moving mean is made of."""
_SPARE = 1.01


def foresee_rate_change(view: View[RateChangeCase]) -> Iterator[Foreseen]:
    case = view.case
    for number, rate_ml_h in enumerate(case.rates, 1):
        yield _flow(view, f"flow error, rate {number}", rate_ml_h, case.each - case.settle, case.flow_error)
    limits: Limits = {
        "done_50_s": ("s", case.done_50),
        "done_90_s": ("s", case.done_90),
        "surplus_ul": ("uL", case.surplus),
    }
    steps = [(rate_ml_h, case.each) for rate_ml_h in case.rates]
    yield from _responses(view, steps, (case.each - case.settle, case.each), limits)
    if case.count_error is not None:
        volume_ml, elapsed_s = case.gives_ml(0.0), case.each * len(case.rates)
        total, _ = volume_between(view, *levels(view, volume_ml, elapsed_s, end_span_s(elapsed_s)))
        yield "counted against weighed", "%", scaled(total, -100 / volume_ml, 100), case.count_error.interval, case.count_error


def foresee_profile(view: View[ProfileCase]) -> Iterator[Foreseen]:
    case = view.case
    for number, (rate_ml_h, span_s) in enumerate(case.steps, 1):
        yield _flow(view, f"volume error, step {number}", rate_ml_h, span_s, case.volume_error)
    for number, pair in enumerate(pairwise(case.steps), 2):
        shortest_s = min(span_s for _, span_s in pair)
        limits: Limits = {"done_50_s": ("s", case.moment)}
        yield from _responses(view, pair, (shortest_s * 3 / 4, shortest_s), limits, case.early_s, number)


def foresee_kvo(view: View[KvoCase]) -> Iterator[Foreseen]:
    case = view.case
    total, _ = volume_between(view, *levels(view, case.volume, case.infusion_s, end_span_s(case.infusion_s)))
    yield "programmed volume error", "%", scaled(total, 100 / case.volume, -100), case.volume_error.interval, case.volume_error
    yield _flow(view, "keep-open flow error", case.kvo, case.duration, case.flow_error)


def _flow(
    view: View[RateChangeCase | ProfileCase | KvoCase], name: str, rate_ml_h: float, span_s: float, limit: Limit
) -> Foreseen:
    found, _ = mean_flow(view, *levels(view, rate_ml_h * span_s / 3600, span_s, end_span_s(span_s)))
    return name, "%", scaled(found, 100 / rate_ml_h, -100), limit.interval, limit


def _responses(
    view: View[RateChangeCase | ProfileCase],
    steps: Sequence[tuple[float, float]],
    seen_s: tuple[float, float],
    limits: Limits,
    early_s: float = 0.0,
    first: int = 2,
) -> Iterator[Foreseen]:
    """Raises ConfigError where the rates do not last long enough for their change to be seen."""
    asked = {name: (unit, limit) for name, (unit, limit) in limits.items() if limit is not None}
    if not asked:
        return
    for number, ((before_ml_h, _), (after_ml_h, _)) in enumerate(pairwise(steps), first):
        found = _response(view, before_ml_h, after_ml_h, seen_s, early_s)
        for name, (unit, limit) in asked.items():
            value: Estimate = getattr(found, name) or exact(seen_s[1])
            yield f"{name.rpartition('_')[0]}, rate {number}", unit, value, limit.interval, limit


def _response(view: View[Any], before_ml_h: float, after_ml_h: float, seen_s: tuple[float, float], early_s: float) -> RateChange:
    """From so long before the command, where the flow is steady, to so long after it."""
    lag_s, half_s = trailing_s(view.conditions)
    span_s = window_s(curve_like(view, np.empty(0), np.empty(0)), after_ml_h - before_ml_h, view.conditions, early_s)
    if seen_s[0] < BEFORE * span_s * _SPARE or seen_s[1] < AFTER * span_s * _SPARE:
        told = (
            f"case {view.case.id}: the change from {before_ml_h:.4g} to {after_ml_h:.4g} mL/h shows in windows of {span_s:.0f} s"
        )
        least = f"{BEFORE} of them before it and {AFTER} after it, where there are {seen_s[0]:.0f} s and {seen_s[1]:.0f} s"
        raise ConfigError(f"{told}; it takes {least}: let each rate last longer")
    step_s = span_s / _POINTS
    moments_s = np.arange(-(BEFORE + 1) * span_s, (AFTER + 1) * span_s, step_s)
    pumped_s = moments_s - lag_s
    volumes_ml = np.where(pumped_s < 0, before_ml_h, after_ml_h) * pumped_s / 3600
    curve = curve_like(view, moments_s, volumes_ml)
    curve = replace(curve, u_ml=curve.u_ml / max(1.0, step_s * view.conditions.rate_hz) ** 0.5)
    return rate_change(curve, 0.0, before_ml_h, after_ml_h, window_s=span_s, lag_s=lag_s, lag_half_s=half_s)
