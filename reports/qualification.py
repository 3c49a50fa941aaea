"""The studies of ourselves, for a reader: coverage and risk as tables and a figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.qualification.counting import Count
from harness.qualification.coverage import BAND, Cell, Coverage
from harness.qualification.risk import LIMIT_PCT, MOST, Risk
from reports.figures import STYLE, svg_of

_INK, _OUT = "#1f4e79", "#b5541c"
_STATED_PCT = 95.45


def coverage_table(found: Coverage) -> str:
    """A row for each measurand on each set-up, as Markdown."""
    rows = [
        (
            cell.set_up,
            cell.measurand,
            f"{cell.count.hits} of {cell.count.trials}",
            f"{100 * cell.count.share:.1f} %",
            _interval(cell.count),
            f"{cell.mean_u:.2g}",
            f"{cell.errors.mean():+.2f} ± {cell.errors.std():.2f}",
            "yes" if cell.ok else "NO",
        )
        for cell in found.cells
    ]
    headings = ("set-up", "measurand", "covered", "coverage", "its 95 % interval", "mean U", "error / U", "within 93 % to 97.5 %")
    return _markdown(headings, rows)


def risk_table(found: Risk) -> str:
    """A row for each distance outside the limit, and one for all."""
    named = [(f"{LIMIT_PCT:g} % + {place.outside_u:g} u", place.count) for place in found.places]
    rows = [
        (where, f"{count.hits} of {count.trials}", f"{100 * count.share:.2f} %", _interval(count))
        for where, count in [*named, ("all", found.overall)]
    ]
    return _markdown(("true error, either sign", "passed", f"false accept (at most {100 * MOST:g} %)", "its 95 % interval"), rows)


def _interval(count: Count) -> str:
    low, high = count.interval
    return f"{100 * low:.1f} % to {100 * high:.1f} %"


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def coverage_figure(found: Coverage) -> bytes:
    """Left the coverage of each cell with its interval, right how its errors lie in units of U; as SVG."""
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 1.2 + 0.42 * len(found.cells)), layout="constrained")
        shares, errors = figure.subplots(1, 2, sharey=True, width_ratios=(1, 1.4))
        _draw_shares(shares, found.cells)
        _draw_errors(errors, found.cells)
        return svg_of(figure)


def _draw_shares(axes: Axes, cells: Sequence[Cell]) -> None:
    places = range(len(cells))
    axes.axvspan(*(100 * end for end in BAND), color="#2e7d32", alpha=0.15, label="accepted")
    axes.axvline(_STATED_PCT, color="0.4", linewidth=0.8, linestyle="--", label="stated")
    for place, cell in zip(places, cells, strict=True):
        low, high = (100 * end for end in cell.count.interval)
        axes.plot([low, high], [place, place], color=_INK if cell.ok else _OUT, linewidth=1.5)
        axes.plot(100 * cell.count.share, place, "o", color=_INK if cell.ok else _OUT, markersize=4)
    axes.set_yticks(list(places), [f"{cell.measurand}\n{cell.set_up}" for cell in cells], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("true value inside the stated interval (%)")
    axes.legend(fontsize=7, loc="lower left")


def _draw_errors(axes: Axes, cells: Sequence[Cell]) -> None:
    for place, cell in enumerate(cells):
        low, quarter, middle, three, high = np.quantile(cell.errors, (0.02275, 0.25, 0.5, 0.75, 0.97725))
        axes.plot([low, high], [place, place], color=_INK, linewidth=1.0)
        axes.plot([quarter, three], [place, place], color=_INK, linewidth=4.0)
        axes.plot(middle, place, "|", color="white")
    for end in (-1, 1):
        axes.axvline(end, color="0.4", linewidth=0.8, linestyle="--")
    axes.set_xlabel("(stated - true) / U: middle half, and 95.45 % of the runs")
