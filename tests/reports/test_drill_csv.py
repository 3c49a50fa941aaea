"""The tables of a drill for other programs."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from reports.drill_csv import curves_csv, matrix_csv
from tests.reports.drills import BLIND, UNASKED, cell, curve, drill, no_value, passing, point

CRASHED = cell("rate-gain:+3%", verdicts={"FAIL": 17, "ABORTED": 1, "CRASHED": 2}, ok=False)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


ROWS = [
    (
        cell(),
        {"faults": "", "right": "PASS", "PASS": "20", "FAIL": "0", "wrong": "0", "ok": "yes", "decided": "", "mark": "told"},
    ),
    (cell("rate-gain:+3%"), {"deserves": "FAIL", "FAIL": "20", "decided": "DAILY-FLOW, flow error (20)", "took_s": "31.25"}),
    (cell("rate-gain:+3%"), {"right_runs": "20", "right_low_pct": "83.1567", "right_high_pct": "100.0"}),
    (UNASKED, {"about": "not asked", "why": UNASKED["why"], "mark": "unasked", "right_runs": "1"}),
    (CRASHED, {"runs": "20", "FAIL": "17", "ABORTED": "1", "other": "2", "wrong": "3", "ok": "no", "mark": "wrong"}),
    (
        BLIND,
        {"about": "blind", "why": BLIND["why"], "shown_by": "the daily check", "plan": "itb_screening", "bench": "simulated"},
    ),
    (cell("rate-gain:+3%", command='say "a,b"\n'), {"command": 'say "a,b"\n', "cell": "1"}),
]


@pytest.mark.parametrize(("plain", "told"), ROWS)
def test_a_row_for_each_cell(plain: Any, told: dict[str, str]) -> None:
    (row,) = read(matrix_csv(drill(plain)))
    assert {key: row[key] for key in told} == told


def test_cells_are_numbered_as_on_the_page() -> None:
    assert [row["cell"] for row in read(matrix_csv(drill()))] == [str(number) for number in range(1, 10)]


POINTS = [
    (point(2.1, 3), {"size": "2.1", "runs": "20", "failed": "3", "failed_pct": "15.0", "wider_low_pct": "", "ok": "yes"}),
    (point(2.1, 3, family_interval_pct=[1, 50]), {"wider_low_pct": "1.0", "wider_high_pct": "50.0"}),
    (point(1.9, 0, true=-1.9, ok=False, predicted_pct=None), {"true": "-1.9", "predicted_pct": "", "ok": "no"}),
    (point(2.1, 3), {"passed": "", "passed_pct": "", "passed_low_pct": "", "predicted_pass_pct": ""}),
    (
        point(2.1, 3, **passing(5, 20.0, (1.0, 60.0))),
        {"passed": "5", "passed_pct": "25.0", "passed_wider_high_pct": "60.0", "predicted_pass_pct": "20.0", "ok": "yes"},
    ),
    (
        no_value(2.1),
        {"true": "", "runs": "0", "failed_pct": "", "interval_low_pct": "", "passed": "0", "passed_pct": ""},
    ),
]


@pytest.mark.parametrize(("plain", "told"), POINTS)
def test_a_row_for_each_point(plain: Any, told: dict[str, str]) -> None:
    of_curve = {"curve": "daily_check: rate-gain", "limit_low": "", "limit_high": "2.0", "unit": "%", "measurand": "flow error"}
    row, other = read(curves_csv(drill(curves=[curve(points=[plain], limits=[None, 2.0]), curve(points=[point(1, 0)])])))
    assert {key: row[key] for key in (*told, *of_curve)} == {**told, **of_curve}
    assert other["limit_low"] == "-2.0"
