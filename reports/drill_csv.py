"""The qualification report as tables for other programs: a row for each cell of the matrix, a row for each point of a curve."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.verdicts import Verdict
from reports.drilled.data import Cell, Curve, Drill, Point, Share, typed
from reports.drilled.words import decided, mark_of

_CELL = (
    *("cell", "about", "faults", "plan", "bench", "deserves", "right", "runs", "right_runs"),
    *("right_low_pct", "right_high_pct"),
    *(*(verdict.value for verdict in Verdict), "other", "wrong", "ok", "mark", "decided", "why", "shown_by", "took_s", "command"),
)
_POINT = (
    *("curve", "fault", "plan", "bench", "case", "measurand", "size", "size_unit", "true", "unit", "limit_low", "limit_high"),
    *(
        "runs",
        "failed",
        "failed_pct",
        "interval_low_pct",
        "interval_high_pct",
        "wider_low_pct",
        "wider_high_pct",
        "predicted_pct",
        "passed",
        "passed_pct",
        "passed_low_pct",
        "passed_high_pct",
        "passed_wider_low_pct",
        "passed_wider_high_pct",
        "predicted_pass_pct",
        "ok",
    ),
)


def matrix_csv(drill: Mapping[str, Any]) -> str:
    """Raises ConfigError."""
    return _csv(_CELL, (_cell(number, cell) for number, cell in enumerate(typed(Drill, drill).cells, 1)))


def curves_csv(drill: Mapping[str, Any]) -> str:
    """Raises ConfigError."""
    return _csv(_POINT, (_point(curve, point) for curve in typed(Drill, drill).curves for point in curve.points))


def _csv(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return out.getvalue()


def _cell(number: int, cell: Cell) -> Sequence[object]:
    known = [cell.verdicts.get(verdict, 0) for verdict in Verdict]
    what = (number, cell.about, cell.faults, cell.plan, cell.bench, cell.deserves, " or ".join(cell.right), cell.runs)
    low, high = (round(100 * end, 4) for end in cell.count.interval)
    found = (*known, cell.runs - sum(known), cell.wrong, _yes(cell.ok), mark_of(cell).css, decided(cell))
    return (*what, cell.count.hits, low, high, *found, cell.why, cell.shown_by, cell.took_s, cell.command)


def _point(curve: Curve, point: Point) -> Sequence[object]:
    what = (curve.name, curve.fault, curve.plan, curve.bench, curve.case, curve.measurand)
    where = (point.size, curve.size_unit, point.true, curve.unit, *curve.limits)
    return (*what, *where, point.runs, *_share(point.fails), *_share(point.passes), _yes(point.ok))


def _share(share: Share | None) -> Sequence[object]:
    """Empty where it is not known."""
    if share is None:
        return ("",) * 7
    ends = (end for interval in (share.interval_pct, share.wider_pct) for end in interval or ("", ""))
    return (share.count.hits, share.pct, *ends, share.predicted_pct)


def _yes(ok: bool) -> str:  # noqa: FBT001 - it is what is told
    return "yes" if ok else "no"
