"""Start-up graph, mean error over the analysis period, trumpet curve (fluid-delivery-test-methods, sections 4 to 6)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.analysis.bolus import start_command_s
from harness.analysis.curve import Curve
from harness.analysis.flow import after_the_stop, flow_error, standing_still
from harness.analysis.grid import on_grid
from harness.analysis.masses import curve_of
from harness.analysis.startup import start_up
from harness.analysis.trumpet import trumpet
from harness.analysis.view import View
from harness.cases import TrumpetCase
from harness.metrology.budget import exact
from harness.verdicts import Measurand


def judge_trumpet(view: View[TrumpetCase]) -> list[Measurand]:
    """What the plan sets limits for; line and balance trail behind the pump, and the start-up delay is of all three."""
    case, curve = view.case, curve_of(view, view.series("baseline", "run-out"))
    return [
        *_start_up(view, curve),
        flow_error(view, f"flow error {case.period}", view.series("analysis"), case.rate, case.flow_error),
        *_trumpet(view, curve),
        *standing_still(view, view.phase("analysis")),
        *after_the_stop(view, case.rate, case.flow_error, ("run-out",)),
    ]


def _start_up(view: View[TrumpetCase], curve: Curve) -> Iterator[Measurand]:
    case = view.case
    if case.sud_50 is None and case.sud_90 is None:
        return
    start_s = start_command_s(view.record, case.id)
    grid = on_grid(curve, start_s, start_s + case.start_up_s, case.sample_interval, max_gap_s=view.conditions.max_gap_s)
    found = start_up(grid, case.rate, mean_over_s=case.moving_mean_s)
    for name, delay, limit in (("SUD_50", found.sud_50_s, case.sud_50), ("SUD_90", found.sud_90_s, case.sud_90)):
        if limit is not None:
            # A flow that is never reached is late by more than was watched.
            yield view.judge(
                f"start-up delay {name}", delay or exact(case.start_up_s), "s", limit, "" if delay else "never reached"
            )


def _trumpet(view: View[TrumpetCase], curve: Curve) -> Iterator[Measurand]:
    case = view.case
    if not case.judged_windows:
        return
    start_s = view.phase("analysis").start_s
    grid = on_grid(curve, start_s, start_s + case.analysis, case.sample_interval, max_gap_s=view.conditions.max_gap_s)
    found = trumpet(grid, case.rate, case.windows)
    for window, (window_s, limit) in zip(found.windows, case.judged_windows, strict=True):
        low, high = limit.interval
        for name, extreme, side in (("max", window.ep_max, (None, high)), ("min", window.ep_min, (low, None))):
            told = f"{window.windows - window.left_out} windows, S = {case.sample_interval:g} s"
            label = f"Ep({name}) over {window_s / 60:g} min"
            if side != (None, None):
                yield view.judge(label, extreme, "%", limit, told, side)
