"""Numbers and tables as a reviewer reads them."""

from __future__ import annotations

import math

import pytest

from harness.metrology.budget import Estimate, evaluate
from harness.verdicts import CaseVerdict, RunVerdict, Verdict, judge
from reports.numbers import limits, with_uncertainty
from reports.tables import banner, budget_html, measurands_html, text_table

VALUES = [
    (1.0019955, 0.00070028, "1.00200 ± 0.00070"),
    (76.578, 0.5836, "76.58 ± 0.58"),
    (-5.41, 100.66, "-10 ± 100"),
    (2118.4, 69.3, "2118 ± 69"),
    (0.0, 1234.0, "0 ± 1200"),
    (12.3456, 9.96, "12 ± 10"),
    (1.2345, 0.0997, "1.23 ± 0.10"),
    (1.0, 0.0, "1"),
    (0.2, math.inf, "0.2"),
    (0.2, math.nan, "0.2"),
]


@pytest.mark.parametrize(("value", "u", "text"), VALUES)
def test_u_has_two_significant_digits_and_the_value_ends_at_the_same(value: float, u: float, text: str) -> None:
    assert with_uncertainty(value, u) == text


LIMITS = [
    ((0.95, 1.05), "mL", "0.95 to 1.05 mL"),
    ((60.0, None), "s", "at least 60 s"),
    ((None, 10.0), "uL", "at most 10 uL"),
    ((1.0, 1.0), "1", "1"),
    ((None, None), "mL", "none"),
]


@pytest.mark.parametrize(("interval", "unit", "text"), LIMITS)
def test_limits_in_words(interval: tuple[float | None, float | None], unit: str, text: str) -> None:
    assert limits(interval, unit) == text


def run_of(data_source: str) -> RunVerdict:
    found = judge("bolus <volume>", Estimate(1.002, 0.0007, 2.0, math.inf), "mL", (0.95, 1.05), "guarded", "a <b>detail</b>")
    measured = CaseVerdict("A", "first", Verdict.PASS, ("T01",), (found,))
    return RunVerdict("r", data_source, (measured, CaseVerdict("B", "second", Verdict.INVALID, ("T02",), (), ("balance lost",))))


@pytest.mark.parametrize(("data_source", "word"), [("simulated", "SIMULATED"), ("replay", "REPLAY")])
def test_what_is_not_real_says_so_first(data_source: str, word: str) -> None:
    assert text_table(run_of(data_source)).startswith(word)
    assert banner("real") == ""


def test_the_table_has_a_row_for_every_measurand_and_a_reason_for_a_case_without() -> None:
    lines = text_table(run_of("real")).splitlines()
    assert [line.split()[0] for line in lines] == ["case", lines[1], "A", "B", lines[1], "overall:"]
    assert "1.00200 ± 0.00070 mL" in lines[2]
    assert "balance lost" in lines[3]
    assert lines[-1] == "overall: INVALID"


def test_texts_cannot_become_markup() -> None:
    page = measurands_html(run_of("real").cases[0])
    assert "<volume>" not in page
    assert "<b>detail</b>" not in page


def test_a_budget_is_printed_as_it_stands() -> None:
    found = evaluate(lambda inputs: 2 * inputs.normal("needle (mg)", 1.0, 0.3) + inputs.rectangular("drift (mg)", 0.0, 0.3))
    page = budget_html(judge("mass", found, "mg", (None, None), "simple"))
    for cell in ("needle (mg)", "0.3", "0.6", "drift (mg)", "0.173", "0.624 mg", "1.25 mg", "k = 2.00"):
        assert f">{cell}<" in page or cell in page


@pytest.mark.parametrize(
    ("half_width", "cells"),
    [
        (0.3, ("combined u_c</td><td></td><td></td><td>0.346 s</td><td>14", "k = 2.19")),
        (
            3.0,
            (
                "combined u_c, from draws</td><td></td><td></td><td>1.76 s</td><td>9430",
                "interval by Monte Carlo",
                "2.01218 to 8.00053 s",
            ),
        ),
    ],
    ids=["GUM", "Monte Carlo"],
)
def test_a_budget_says_where_its_interval_comes_from(half_width: float, cells: tuple[str, ...]) -> None:
    found = evaluate(lambda inputs: inputs.normal("noise (s)", 5.0, 0.3, 8) + inputs.rectangular("polls (s)", 0.0, half_width))
    page = budget_html(judge("latency", found, "s", (None, 9.0), "guarded"))
    assert all(cell in page for cell in cells)
    assert ("Monte Carlo" in page) == (half_width > 1)
