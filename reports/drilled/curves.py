"""The section of detection curves: a figure and its numbers for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from harness.qualification.counting import Count
from reports.drilled.data import Curve, Drill, Interval, Share
from reports.drilled.figures import curve_figure, inline
from reports.drilled.html import answer, cells, code_line, heading, numbers, paragraph, table
from reports.drilled.words import interval, of_all, several, shared
from reports.numbers import limits

_ABOUT = (
    "A small fault lies inside the limits and must be passed, a large one outside and must be failed; between, the measurement "
    "uncertainty decides. Each figure shows how many of the runs with a fault of one size were FAIL, with the 95 % interval "
    "after Clopper and Pearson, and the share that the stated uncertainty predicts (straight lines between the sizes at which it "
    "was computed); where it was counted, the same of PASS, and INCONCLUSIVE is the rest. What is predicted has to lie in the "
    "wider interval that holds for all points of all curves together, where there is one. What the bench file states with an "
    "uncertainty was drawn anew for each run. The same as data: curves.csv."
)
_NOT_REACHED = "not reached"


def curves(drill: Drill) -> list[str]:
    head = heading("curves", "8 From which size on a fault is told")
    if not drill.curves:
        return [head, paragraph("No detection curves were taken in this drill.")]
    return [head, paragraph(_ABOUT), *(_curve(f"curve-{number}", curve) for number, curve in enumerate(drill.curves, 1))]


def _curve(name: str, curve: Curve) -> str:
    beside = "".join([_measured(curve), _sizes(curve), _zones(curve), *_covered(curve), _command(curve)])
    agrees = "" if curve.good else " - DISAGREES"
    return (
        f'<h3 id="{name}">{escape(curve.name + agrees)}</h3><div class="pair">'
        f"<div>{_figure(name, curve)}</div><div>{beside}</div></div>{_points(curve)}"
    )


def _figure(name: str, curve: Curve) -> str:
    return inline(curve_figure(curve), name) if curve.runs else ""


def _measured(curve: Curve) -> str:
    known = curve.expanded_uncertainty
    spread = "" if known is None else f", expanded uncertainty U = {known:.2g} {curve.unit}"
    within = limits(curve.limits, curve.unit)
    silent = f"; {several(curve.unjudged, 'run')} without a value" if curve.unjudged else ""
    where = f"{curve.fault} on {curve.plan}, bench {curve.bench}; {curve.case}, {curve.measurand}"
    return paragraph(f"{where}: limits {within}{spread}{silent}.")


def _points(curve: Curve) -> str:
    sizes = f"size ({curve.size_unit})", f"true value ({curve.unit})"
    passes = any(point.passes for point in curve.points)
    headings = (*sizes, *_shares("FAIL"), *(_shares("PASS") if passes else ()), "agrees")
    return table(headings, _rows(curve, passes=passes)) if curve.runs else paragraph("No run of this curve stated a value.")


def _shares(verdict: str) -> tuple[str, ...]:
    return verdict, f"share of {verdict}", "95 % interval", "wider interval", "predicted"


def _rows(curve: Curve, *, passes: bool) -> Iterator[str]:
    for point in curve.points:
        true = "" if point.true is None else f"{point.true:.5g}"
        yield numbers(f"{point.size:g}", true, *_share(point.fails), *(_share(point.passes) if passes else ())) + answer(
            ok=point.ok
        )


def _share(share: Share | None) -> tuple[str, ...]:
    if share is None:
        return ("",) * 5
    found, predicted = (
        "" if pct is None else f"{pct:.{places}f} %" for pct, places in ((share.pct, 0), (share.predicted_pct, 1))
    )
    return (
        f"{share.count.hits} of {share.count.trials}",
        found,
        interval(share.interval_pct),
        interval(share.wider_pct),
        predicted,
    )


def _sizes(curve: Curve) -> str:
    found = (
        ("50 %", curve.size_50, curve.size_50_interval, curve.predicted_50),
        ("95 %", curve.size_95, curve.size_95_interval, curve.predicted_95),
    )
    rows = (
        cells(f"told in {level} of the runs") + numbers(_size(size), _ends(ends), _size(predicted))
        for level, size, ends, predicted in found
    )
    return table((f"size ({curve.size_unit})", "found", "95 % interval", "predicted"), rows, "narrow")


def _ends(ends: Interval | None) -> str:
    return "" if ends is None else f"{ends[0]:.5g} to {ends[1]:.5g}"


def _size(size: float | None) -> str:
    return _NOT_REACHED if size is None else f"{size:.5g}"


def _zones(curve: Curve) -> str:
    """Far from the limits there is one right verdict; the words are those of the data."""
    words = list(dict.fromkeys(word for counts in curve.zones.values() for word in counts if word != "runs"))
    rows = (
        cells(zone) + numbers(str(counts.get("runs", "")), *(_of_zone(counts, word) for word in words))
        for zone, counts in curve.zones.items()
    )
    return table(("true value", "runs", *words), rows, "narrow") if curve.zones else ""


def _of_zone(counts: Mapping[str, int], word: str) -> str:
    hits, runs = counts.get(word, 0), counts.get("runs", 0)
    return of_all(Count(hits, runs)) if hits <= runs else str(hits)


def _covered(curve: Curve) -> Iterator[str]:
    """Whether the stated intervals of these runs hold what was true, and how the errors lie."""
    found = curve.covered
    if found is not None:
        held = f"The true value lay in the stated interval in {shared(found.count)}"
        yield paragraph(f"{held}: {'as it has to.' if found.ok else 'NOT as it has to.'}", "" if found.ok else "other")
    known = (("mean", curve.mean_z), ("standard deviation", curve.sd_z))
    errors = ", ".join(f"{word} {value:.2f}" for word, value in known if value is not None)
    yield paragraph(f"(Stated value - true value) / u: {errors}.") if errors else ""


def _command(curve: Curve) -> str:
    return f"<p>To repeat it: {code_line(curve.command)}</p>" if curve.command else ""
