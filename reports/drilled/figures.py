"""Detection curves: how often a fault of a size was told, and how often it should have been."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reports.drilled.data import Curve, Point, Share
from reports.figures import STYLE, svg_of

_INK, _OUT, _LIMIT, _PASSED = "#1f4e79", "#b5541c", "#2e7d32", "#7b3fa0"
_LEVELS = ((50.0, "50 %"), (95.0, "95 %"))
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_NAMES = re.compile(r'(\bid="|xlink:href="#|url\(#)')


class _Series(NamedTuple):
    """One verdict: told from the other without colours, too."""

    verdict: str
    share: Callable[[Point], Share | None]
    color: str
    line: str
    marker: str
    inside: str | None
    """Colour of the marker's inside; None for that of the series."""


_SERIES = (
    _Series("FAIL", lambda point: point.fails, _INK, "-", "o", None),
    _Series("PASS", lambda point: point.passes, _PASSED, "-.", "s", "white"),
)


def curve_figure(curve: Curve) -> bytes:
    """Shares of FAIL and PASS with their intervals over the size of the fault, as predicted, limits and sizes; as SVG."""
    with rc_context(STYLE):
        figure = Figure(figsize=(5.6, 3.3), layout="constrained")
        axes = figure.subplots()
        figure.text(0.5, 0.5, "SIMULATED", fontsize=34, color="0.5", alpha=0.13, rotation=18, ha="center", va="center")
        _draw_limits(axes, curve)
        _draw_sizes(axes, curve)
        for series in _SERIES:
            _draw_shares(axes, curve, series)
        axes.set(xlabel=f"size of the fault ({curve.size_unit})", ylabel="share of the runs (%)", ylim=(-4, 104))
        axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
        return svg_of(figure)


def _draw_shares(axes: Axes, curve: Curve, series: _Series) -> None:
    shares = [(point, share) for point in curve.points if (share := series.share(point)) is not None]
    predicted = sorted(_predicted(curve, shares, series))
    if predicted:
        label = f"{series.verdict} predicted"
        axes.plot(*zip(*predicted, strict=True), color=series.color, linestyle=series.line, linewidth=1.3, label=label)
    known = [(point.size, share, point.ok or share.agrees) for point, share in shares if share.count.trials]
    _draw_found(axes, series, [(size, share) for size, share, agrees in known if agrees])
    beside = series._replace(color=_OUT, marker="X", inside=None)
    _draw_found(axes, beside, [(size, share) for size, share, agrees in known if not agrees], "DISAGREES")


def _draw_found(axes: Axes, series: _Series, found: Sequence[tuple[float, Share]], word: str = "95 % interval") -> None:
    if found:
        style: Any = {"fmt": series.marker, "color": series.color, "markersize": 4.5, "linewidth": 1, "capsize": 2}
        inside = series.inside or series.color
        sizes, shares = zip(*found, strict=True)
        middle = [100 * share.count.share for share in shares]
        label = f"{series.verdict} found, {word}"
        axes.errorbar(sizes, middle, _bars(shares), label=label, markerfacecolor=inside, **style)


def _predicted(curve: Curve, shares: Sequence[tuple[Point, Share]], series: _Series) -> Iterator[tuple[float, float]]:
    """What was computed: at the sizes that were run, and where FAIL reaches half and nearly all."""
    yield from ((point.size, share.predicted_pct) for point, share in shares if share.predicted_pct is not None)
    for size, (level_pct, _) in zip((curve.predicted_50, curve.predicted_95), _LEVELS, strict=True):
        if size is not None and series.verdict == "FAIL":
            yield size, level_pct


def _bars(shares: Sequence[Share]) -> NDArray[np.float64]:
    """Below and above."""
    ends = [[share.count.share - share.count.interval[0], share.count.interval[1] - share.count.share] for share in shares]
    bars: NDArray[np.float64] = np.maximum(100 * np.array(ends).T, 0.0)
    return bars


def _draw_limits(axes: Axes, curve: Curve) -> None:
    label = "limit"
    for size in limit_sizes(curve):
        axes.axvline(size, color=_LIMIT, linewidth=1.6, label=label)
        label = "_second"


def limit_sizes(curve: Curve) -> list[float]:
    """Sizes at which the true value lies on a limit; those that the curve does not reach are left out."""
    by_true = sorted((point.true, point.size) for point in curve.points if point.true is not None)
    if not by_true:
        return []
    true, sizes = zip(*by_true, strict=True)
    reached = [limit for limit in curve.limits if limit is not None and true[0] <= limit <= true[-1]]
    return [float(np.interp(limit, true, sizes)) for limit in reached]


def _draw_sizes(axes: Axes, curve: Curve) -> None:
    """Where half and nearly all runs tell the fault: dashed as found, dotted as predicted."""
    found, predicted = (curve.size_50, curve.size_95), (curve.predicted_50, curve.predicted_95)
    for sizes, style, color, word in ((found, "--", _OUT, "found"), (predicted, ":", _INK, "predicted")):
        for size, (_, level) in zip(sizes, _LEVELS, strict=True):
            if size is not None:
                width = 0.9 if level == "50 %" else 1.6
                axes.axvline(size, color=color, linewidth=width, linestyle=style, label=f"{level} {word}: {size:.5g}")


def inline(svg: bytes, name: str) -> str:
    """The figure as part of a page: without its head, and with names that no other figure of the page has."""
    drawn = _METADATA.sub("", svg.decode().partition("<svg")[2])
    return "<svg" + _NAMES.sub(rf"\g<1>{name}-", drawn)
