"""Figures of a case: mass gained and flow over time, as SVG."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.cases import CaseBase, SteadyFlowCase
from harness.metrology.rules import around
from harness.metrology.volume import Weighing
from harness.record import Period, Record, Series

_PANELS: dict[str, tuple[tuple[str, ...], ...]] = {
    "bolus": (("baseline", "drain"), ("hold",)),
    "boluses": (("baseline", "boluses"),),
    "bolus-on-basal": (("basal", "after"), ("bolus",)),
    "scheduled-boluses": (("baseline", "schedule"),),
    "settings": (("set", "rate 1", "rate 2", "rate 3"),),
    "power-interruption": (("settle", "flow again"), ("off", "restored")),
    "battery": (("settle", "after EOS"),),
    "steady-flow": (("settle", "flow"),),
    "pump-off": (("settle", "off"),),
    "trumpet": (("baseline", "stabilisation"), ("analysis",)),
    "rate-change": (("lead-in", "run-out"),),
    "profile": (("lead-in", "run-out"),),
    "kvo": (("lead-in", "infusion"), ("settle", "keep-open")),
    "run-to-empty": (("run", "plateau"),),
    "occlusion": (("run", "relief"), ("release",)),
    "no-flow": (("settle", "blocked"), ("release",)),
    "prime": (("before", "filled"), ("settle", "flow")),
    "leak": (("before", "hold"), ("release",)),
    "refill": (("fill",),),
    "low-reservoir": (("run", "plateau"),),
}
_BINS = 300
_INK, _FLOW = "#1f4e79", "#b5541c"
_TIME_UNITS = ((7200.0, 3600.0, "h"), (300.0, 60.0, "min"), (0.0, 1.0, "s"))
STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "dosebench", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3}


def case_figure(record: Record, case: CaseBase, weighing: Weighing) -> bytes:
    """One row of panels (mass left, flow right) for each part of the case; empty when the record has none of them."""
    drawn = [(title, period, series) for title, period in _periods(record, case) if len(series := record.series(period)) > 2]
    if not drawn:
        return b""
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 0.6 + 2.6 * len(drawn)), layout="constrained")
        axes = figure.subplots(len(drawn), 2, squeeze=False)
        for (mass, flow), (title, period, series) in zip(axes, drawn, strict=True):
            _draw(mass, flow, title, period, series, weighing)
            _draw_limits(flow, case, period, commanded_in(record, period))
        _mark(figure, record, case)
        return svg_of(figure)


def _periods(record: Record, case: CaseBase) -> Iterator[tuple[str, Period]]:
    """The parts of a case with their titles; the whole record for a procedure that has no parts."""
    named = _PANELS.get(getattr(case, "procedure", ""), ())
    stamps_us = record.readings.stamps_us
    if not named and len(stamps_us):
        yield "whole record", Period(float(stamps_us[0]) / 1e6, float(stamps_us[-1]) / 1e6)
    for names in named:
        there = [name for name in names if record.has_phase(case.id, name)]
        if there:
            first, last = there[0], there[-1]
            title = first if first == last else f"{first} to {last}"
            yield title, Period(record.phase(case.id, first).start_s, record.phase(case.id, last).end_s)


def thin(series: Series, bins: int = _BINS) -> Series:
    """Mean over each of at most ``bins`` equal stretches of time; empty ones are left out."""
    edges_s = np.linspace(series.moments_s[0], series.moments_s[-1], bins + 1)[1:-1]
    parts = np.searchsorted(series.moments_s, edges_s)
    starts = np.unique(np.concatenate([[0], parts]))
    starts = starts[starts < len(series)]
    counts = np.diff(np.append(starts, len(series)))
    return Series(np.add.reduceat(series.moments_s, starts) / counts, np.add.reduceat(series.masses_g, starts) / counts)


def _draw(mass: Axes, flow: Axes, title: str, period: Period, series: Series, weighing: Weighing) -> None:
    scale_s, unit = _time_scale(period)
    binned, sign = thin(series), weighing.sign
    gained_mg = sign * (binned.masses_g - binned.masses_g[0]) * 1000
    mass.plot((binned.moments_s - period.start_s) / scale_s, gained_mg, color=_INK, linewidth=1.2)
    middles_s = (binned.moments_s[1:] + binned.moments_s[:-1]) / 2 - period.start_s
    flow_g_h = np.diff(binned.masses_g) / np.diff(binned.moments_s) * 3600
    flow.plot(middles_s / scale_s, sign * flow_g_h * weighing.factor_ml_g(), color=_FLOW, linewidth=1.0)
    mass.set(title=title, xlabel=f"time ({unit})", ylabel="indicated mass (mg)")
    flow.set(title=f"{title}: flow", xlabel=f"time ({unit})", ylabel="flow (mL/h)")


def _draw_limits(flow: Axes, case: CaseBase, period: Period, rates: Sequence[tuple[float, float]]) -> None:
    """The set rate as a dashed line, and the tolerance around it where the case states one for flow."""
    scale_s, _ = _time_scale(period)
    moments = [(at_s - period.start_s) / scale_s for at_s, _ in rates]
    values = [rate_ml_h for _, rate_ml_h in rates]
    flow.step(moments, values, where="post", color="0.3", linewidth=0.9, linestyle="--", label="set rate")
    if isinstance(case, SteadyFlowCase):
        low_ml_h, high_ml_h = around(case.rate, case.flow_error.interval)
        if low_ml_h is not None and high_ml_h is not None:
            flow.axhspan(low_ml_h, high_ml_h, color="#2e7d32", alpha=0.15, label="limits")
    flow.legend(fontsize=7, loc="best")


def _time_scale(period: Period) -> tuple[float, str]:
    return next((scale_s, unit) for least_s, scale_s, unit in _TIME_UNITS if period.duration_s > least_s)


def commanded_in(record: Record, period: Period) -> list[tuple[float, float]]:
    """Commanded rate over a period as steps: (moment in s, mL/h), from its first moment to its last."""
    changes = [(event.at_s, float(event.data["rate_ml_h"])) for event in record.of_kind("commanded")]
    before = [rate_ml_h for at_s, rate_ml_h in changes if at_s <= period.start_s]
    inside = [(at_s, rate_ml_h) for at_s, rate_ml_h in changes if period.start_s < at_s < period.end_s]
    steps = [(period.start_s, before[-1] if before else 0.0), *inside]
    return [*steps, (period.end_s, steps[-1][1])]


def _mark(figure: Figure, record: Record, case: CaseBase) -> None:
    figure.suptitle(f"{case.id}   run {record.run[:8]}   {record.data_source}", fontsize=9)
    if record.data_source != "real":
        figure.text(
            0.5, 0.5, record.data_source.upper(), fontsize=48, color="0.5", alpha=0.18, rotation=20, ha="center", va="center"
        )


def svg_of(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": "dosebench"})
    return out.getvalue()
