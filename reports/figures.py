"""Figures of a case: mass gained and flow over time, as SVG."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.cases import CaseBase
from harness.record import FloatArray, Period, Record, Series

_PANELS: dict[str, tuple[tuple[str, str], ...]] = {
    "bolus": (("baseline", "drain"), ("hold", "hold")),
    "steady-flow": (("settle", "flow"),),
    "pump-off": (("settle", "off"),),
    "run-to-empty": (("run", "plateau"),),
}
_BINS = 300
_INK, _FLOW = "#1f4e79", "#b5541c"
_TIME_UNITS = ((7200.0, 3600.0, "h"), (300.0, 60.0, "min"), (0.0, 1.0, "s"))
_STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "dosebench", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3}


@dataclass(frozen=True, slots=True)
class Binned:
    """A series thinned for drawing: mean mass per bin."""

    moments_s: FloatArray
    masses_g: FloatArray

    @property
    def flow_g_h(self) -> FloatArray:
        return np.asarray(np.diff(self.masses_g) / np.diff(self.moments_s) * 3600)


def case_figure(record: Record, case: CaseBase, sign: int = 1) -> bytes:
    """One row of panels (mass left, flow right) for each part of the case; empty when the record has none of them."""
    periods = [(f"{first} to {last}" if first != last else first, period) for first, last, period in _periods(record, case)]
    drawn = [(title, period, series) for title, period in periods if len(series := record.series(period)) > 2]
    if not drawn:
        return b""
    with rc_context(_STYLE):
        figure = Figure(figsize=(9, 0.6 + 2.6 * len(drawn)), layout="constrained")
        axes = figure.subplots(len(drawn), 2, squeeze=False)
        for (mass, flow), (title, period, series) in zip(axes, drawn, strict=True):
            _draw(mass, flow, title, period, series, sign)
        _mark(figure, record, case)
        return _svg(figure)


def _periods(record: Record, case: CaseBase) -> list[tuple[str, str, Period]]:
    named = _PANELS.get(getattr(case, "procedure", ""), ())
    found = [(first, last) for first, last in named if record.has_phase(case.id, first) and record.has_phase(case.id, last)]
    if not found:
        stamps_us = record.readings.stamps_us
        return [("whole", "record", Period(stamps_us[0] / 1e6, stamps_us[-1] / 1e6))] if len(stamps_us) and not named else []
    return [
        (first, last, Period(record.phase(case.id, first).start_s, record.phase(case.id, last).end_s)) for first, last in found
    ]


def thin(series: Series, bins: int = _BINS) -> Binned:
    """Mean over each of at most ``bins`` equal stretches of time; empty ones are left out."""
    edges_s = np.linspace(series.moments_s[0], series.moments_s[-1], bins + 1)[1:-1]
    parts = np.searchsorted(series.moments_s, edges_s)
    starts = np.unique(np.concatenate([[0], parts]))
    starts = starts[starts < len(series)]
    counts = np.diff(np.append(starts, len(series)))
    return Binned(np.add.reduceat(series.moments_s, starts) / counts, np.add.reduceat(series.masses_g, starts) / counts)


def _draw(mass: Axes, flow: Axes, title: str, period: Period, series: Series, sign: int) -> None:
    scale_s, unit = next((scale_s, unit) for least_s, scale_s, unit in _TIME_UNITS if period.duration_s > least_s)
    binned = thin(series)
    gained_mg = sign * (binned.masses_g - binned.masses_g[0]) * 1000
    mass.plot((binned.moments_s - period.start_s) / scale_s, gained_mg, color=_INK, linewidth=1.2)
    middles_s = (binned.moments_s[1:] + binned.moments_s[:-1]) / 2 - period.start_s
    flow.plot(middles_s / scale_s, sign * binned.flow_g_h, color=_FLOW, linewidth=1.0)
    mass.set(title=title, xlabel=f"time ({unit})", ylabel="mass gained (mg)")
    flow.set(title=f"{title}: flow", xlabel=f"time ({unit})", ylabel="mass flow (g/h)")


def _mark(figure: Figure, record: Record, case: CaseBase) -> None:
    figure.suptitle(f"{case.id}   run {record.run[:8]}   {record.data_source}", fontsize=9)
    if record.data_source != "real":
        figure.text(
            0.5, 0.5, record.data_source.upper(), fontsize=48, color="0.5", alpha=0.18, rotation=20, ha="center", va="center"
        )


def _svg(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": "dosebench"})
    return out.getvalue()
