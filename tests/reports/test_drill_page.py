"""The qualification report as a reviewer reads it: nothing left out, nothing taken for markup, nothing from outside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from instruments.errors import ConfigError
from reports.allure3 import outside_references
from reports.drill_page import drill_page
from reports.drilled.data import Cell, Curve, Drill, typed
from reports.drilled.figures import curve_figure, inline, limit_sizes
from reports.drilled.result import contradictions
from reports.drilled.words import mark_of, miss_of, percent, tag
from tests.reports.drills import (
    BLIND,
    COVERAGE,
    COVERED,
    MUTANTS,
    RISK,
    UNASKED,
    cell,
    curve,
    drill,
    no_value,
    passing,
    point,
    wrong,
)
from tests.reports.test_pages import opened

MISSED = cell("rate-gain:+3%", verdicts={"FAIL": 19, "PASS": 1}, ok=False)
ALARM = cell(verdicts={"PASS": 18, "FAIL": 2}, ok=False)
BAD = drill(MISSED, ALARM, ok=False, wrong=[wrong(MISSED, "PASS"), wrong(ALARM, "FAIL"), wrong(ALARM, "FAIL", seed=8)])


def rows(page: str) -> list[str]:
    """The rows of all tables as words."""
    found = re.findall(r"<tr>(.*?)</tr>", page)
    return [" ".join(re.sub(r"<[^>]*>", " ", re.sub(r"<wbr>", "", row)).split()) for row in found]


# --- the result ---

ALL: Any = {"coverage": COVERAGE, "risk": RISK, "mutants": MUTANTS}
RESULTS = [
    # data, studies, the sentence
    (
        drill(curves=[curve()]),
        {},
        (
            "In 161 runs of 2 plans on 1 simulated bench no verdict was wrong (at most 2.3 % of such runs are wrong), and the "
            "program met the 7 of 11 criteria examined."
        ),
    ),
    (
        drill(curves=[curve()]),
        ALL,
        "no verdict was wrong (at most 2.3 % of such runs are wrong), and the program met the 10 of 11 criteria examined.",
    ),
    (
        drill(*drill()["cells"], UNASKED, curves=[curve()]),
        ALL,
        (
            "In 162 runs of 2 plans on 1 simulated bench no verdict was wrong (at most 2.3 % of such runs are wrong), and the "
            "program met all 11 criteria."
        ),
    ),
    (drill(cell(verdicts={"PASS": 3414})), {}, "(at most 0.11 % of such runs are wrong)"),
    (drill(cell(), asked={"faults": ["clean"]}), {}, "and the program met the 1 of 11 criteria examined, in a selection only."),
    (
        drill(),
        {**ALL, "risk": {**RISK, "ok": False}},
        "and the program did NOT meet the 9 of 11 criteria examined.",
    ),
    (drill(curves=[curve(ok=False)], ok=False), {}, "and the program did NOT meet the 7 of 11"),
    (
        BAD,
        {},
        "In 40 runs of 2 plans on 1 simulated bench 3 verdicts were wrong - missed fault: 1 (rate-gain:+3% on daily_check); ",
    ),
    (
        BAD,
        {},
        (
            "; false alarm: 2 (no fault on daily_check) - (1.6 % to 20.4 % of such runs are wrong), and the program did NOT meet "
            "the 2 of 11 criteria examined."
        ),
    ),
]


@pytest.mark.parametrize(("data", "studies", "sentence"), RESULTS)
def test_the_result_is_one_sentence(data: Any, studies: Any, sentence: str) -> None:
    page = drill_page(data, **studies)
    box = re.search(r'<p class="result( bad)?">(.*?)</p>', page)
    assert box
    assert sentence in box[2]
    assert bool(box[1]) == ("NOT" in box[2])


CRITERIA = [
    "No fault every run is PASS 20 runs in 1 cell, 20 seeds each, 2 wrong: 1.2 % to 31.7 % of such runs are wrong NO",
    (
        "A fault that the plan is there to tell every run gives the verdict the fault deserves; of a bench&#x27;s fault FAIL "
        "will do where the plan judges the bench itself 25 runs in 2 cells, 5 to 20 seeds each, 1 wrong: 0.10 % to 20.4 % of "
        "such runs are wrong NO"
    ),
    "A fault that the plan was not made for, and still has to tell every run is FAIL or INVALID not examined",
    "Faults of the pump and of the bench at once no run is PASS not examined",
    (
        "From which size on a fault is told the shares found agree with those that the stated uncertainty predicts, and the "
        "stated intervals hold the true values not examined"
    ),
    (
        "How often a pump on or outside its limit is passed at most 2.5 % passed in 9 of 2000 runs, 0.45 % (95 % interval 0.21 % "
        "to 0.85 %) yes"
    ),
]


def test_each_criterion_stands_with_what_was_found() -> None:
    found = rows(drill_page({**BAD, "cells": [*BAD["cells"], cell("drips", verdicts={"FAIL": 5})]}, risk=RISK))
    assert [row for row in found if row in CRITERIA] == CRITERIA


RIGHT = [
    # kind, verdicts that its cells call right, accepted when
    ("wide", ["FAIL", "INVALID"], "every run is FAIL or INVALID"),
    ("wide", ["INCONCLUSIVE", "PASS", "FAIL"], "every run is PASS or FAIL or INCONCLUSIVE"),  # an older drill
    ("inside", ["PASS", "INCONCLUSIVE"], "every run is PASS or INCONCLUSIVE"),
    ("combined", ["FAIL", "INVALID", "ABORTED"], "every run is FAIL or INVALID or ABORTED"),
    ("not asked", ["PASS"], "every run is PASS"),
]


@pytest.mark.parametrize(("about", "right", "said"), RIGHT)
def test_what_is_accepted_is_what_the_cells_call_right(about: str, right: list[str], said: str) -> None:
    page = drill_page(drill(cell("rate-gain:+3%", about=about, right=right, verdicts={right[0]: 4})))
    assert any(
        f" {said} 4 runs in 1 cell, 4 seeds each, 0 wrong: at most 60.2 % of such runs are wrong yes" in row for row in rows(page)
    )


CALLED = [
    # kind, verdict, what it is called
    ("told", "PASS", "missed fault"),
    ("told", "CRASHED", "no verdict at all"),
    ("told", "INVALID", "wrong side blamed"),
    ("wide", "PASS", "fault missed by a plan that was not made for it"),
    ("clean", "FAIL", "false alarm"),
    ("clean", "CRASHED", "no verdict at all"),
    ("not asked", "FAIL", "alarm without a case for it"),
    ("else", "PASS", "else"),
]


@pytest.mark.parametrize(("about", "verdict", "called"), CALLED)
def test_a_wrong_run_is_called_what_it_is(about: str, verdict: str, called: str) -> None:
    assert miss_of(about, verdict) == called


PERCENT = [(0.0, "0.0 %"), (0.108, "0.11 %"), (16.84, "16.8 %"), (99.89, "99.89 %"), (100.0, "100.0 %")]


@pytest.mark.parametrize(("pct", "said"), PERCENT)
def test_a_bound_near_none_or_all_is_not_rounded_away(pct: float, said: str) -> None:
    assert percent(pct) == said


# --- a part of the whole ---

PARTS = [
    # asked, the title's end, what stands above everything
    (
        {"plans": ["daily_check"], "faults": ["rate-gain", "clean"], "short": False},
        " (a selection)",
        "A selection: plans: daily_check; faults: rate-gain, clean. What was not run is not qualified",
    ),
    (
        {"faults": ["drips"], "short": True},
        " (a selection)",
        "A selection: faults: drips; in short, every fault once, with one plan and",
    ),
    ({"short": True}, " (the short drill)", "The short drill: every fault once, with one plan and 20 seeds. What was not run is"),
]


@pytest.mark.parametrize(("asked", "end", "said"), PARTS)
def test_a_part_does_not_look_like_the_whole(asked: Any, end: str, said: str) -> None:
    page = drill_page(drill(asked=asked))
    assert f"<title>Qualification of dosebench 0.1.0{end}</title>" in page
    assert f"<h1>Qualification of dosebench 0.1.0{end}</h1>" in page
    assert page.partition("<body>")[2].lstrip().startswith(f'<p class="selection">{said}')
    assert f"in {end[2:-1]} only.</p>" in page
    assert f'"dosebench qualification, {end[2:-1]} - SIMULATED' in page


@pytest.mark.parametrize("asked", [{}, {"asked": {"plans": [], "faults": [], "short": False}}])
def test_the_whole_says_nothing_of_parts(asked: Any) -> None:
    page = drill_page(drill(**asked))
    assert '<p class="selection">' not in page
    assert "<h1>Qualification of dosebench 0.1.0</h1>" in page
    assert '"dosebench qualification - SIMULATED' in page


SEEDS = [
    ({}, "Seeds 1 to 20; the same seed gives the same run"),
    (
        {"other_seeds": 5, "first_seed": 3},
        (
            "Seeds 3 to 22; the same seed gives the same run; of a row the first plan has 20, the other plans and what is known "
            "not to be seen 5"
        ),
    ),
    ({"seeds": 1}, "Seeds 1; the same seed gives the same run"),
    (
        {},
        (
            "Seeds of each kind no fault: 20 seeds; a fault that the plan is there to tell: 20 seeds; a fault that the plan was "
            "not made for, and still has to tell: 1 seed; a fault well inside the limits: 20 seeds; faults of the pump and of "
            "the bench at once: 20 seeds; a fault known not to be seen on this set-up: 20 seeds"
        ),
    ),
]


@pytest.mark.parametrize(("other", "said"), SEEDS)
def test_how_many_seeds_there_were_is_told(other: Any, said: str) -> None:
    assert said in rows(drill_page(drill(**other)))


CONTRADICTIONS = [
    (drill(), []),
    (drill(MISSED, ok=False), ["0 wrong runs listed, and 1 counted in the cells of the matrix"]),
    (
        drill({**MISSED, "ok": True}, ok=False, wrong=[wrong(MISSED, "PASS")]),
        ["1 cell called right with wrong verdicts, or wrong without"],
    ),
    (drill(curves=[curve(ok=False)]), ["called good as a whole, with a part that is not"]),
    (drill(curves=[curve(covered={**COVERED, "ok": False})]), ["called good as a whole, with a part that is not"]),
]


@pytest.mark.parametrize(("data", "told"), CONTRADICTIONS)
def test_data_that_contradict_themselves_are_told(data: Any, told: list[str]) -> None:
    page = drill_page(data)
    assert contradictions(typed(Drill, data)) == told
    assert page.count("The data contradict themselves") == len(told)
    assert all(text in page for text in told)


# --- the matrix ---

WIDE: Any = {"about": "wide", "right": ["FAIL", "INVALID"]}
MARKS = [
    # cell, how it looks, what it says
    (cell("rate-gain:+3%"), "told", "told"),
    (cell("rate-gain:+3%", **WIDE), "told", "told, not made for it"),
    (cell("rate-gain:+3%", **WIDE, verdicts={"INVALID": 1}), "right", "not made for it"),
    (cell("rate-gain:+3%", **WIDE, verdicts={"PASS": 1}, ok=False), "wrong", "WRONG 1 of 1, not made for it"),
    (UNASKED, "unasked", "not asked"),
    ({**UNASKED, "verdicts": {"FAIL": 1}, "ok": False}, "wrong", "WRONG 1 of 1, not asked"),
    (cell("rate-gain:+1%", about="inside", right=["PASS", "INCONCLUSIVE"], verdicts={"PASS": 20}), "right", "inside limits"),
    (cell("rate-gain:+3%", right=["FAIL", "INVALID"], verdicts={"FAIL": 19, "INVALID": 1}), "right", ""),
    (BLIND, "blind", "blind"),
    ({**BLIND, "verdicts": {"FAIL": 20}, "ok": False}, "wrong", "WRONG 20 of 20, blind"),
    (MISSED, "wrong", "WRONG 1 of 20"),
    (cell("rate-gain:+3%", verdicts={"CRASHED": 20}, ok=False), "wrong", "WRONG 20 of 20"),
]


@pytest.mark.parametrize(("plain", "css", "said"), MARKS)
def test_a_cell_is_marked_by_words_as_well_as_by_colour(plain: Any, css: str, said: str) -> None:
    found = typed(Cell, plain)
    assert (mark_of(found).css, tag(found)) == (css, said)
    assert f'class="{css}"' in drill_page(drill(plain, ok=False))


def test_the_matrix_has_a_row_for_each_fault_under_what_it_does() -> None:
    found = rows(drill_page(drill()))
    for row in (
        "fault daily_check on simulated itb_screening on simulated",
        "rate-gain : the plunger moves faster (+) or slower (-) than set; deserves FAIL",
        "rate-gain:+1% PASS 18/20 INCONCLUSIVE 2/20 5 inside limits",
        "rate-gain:+3% FAIL 20/20 3 told INVALID 1/1 4 not made for it",
        "motor-stall:at=... FAIL 20/20 6 told FAIL 20/20 7 told",
        "several faults at once",
        "rate-gain:+3% + draught:1mg INVALID 20/20 8 told, combined",
        "draught:1mg PASS 20/20 9 blind",
    ):
        assert row in found


def test_faults_stand_in_the_order_of_the_registry_and_of_their_sizes() -> None:
    found = rows(
        drill_page(drill(*(cell(fault) for fault in ("motor-stall", "rate-gain:+16%", "rate-gain:+3%", "rate-gain:+3.5%"))))
    )
    names = [row.partition(" ")[0] for row in found if row.endswith("told") and row.startswith(("rate", "motor"))]
    assert names == ["rate-gain:+3%", "rate-gain:+3.5%", "rate-gain:+16%", "motor-stall"]


QUIET = cell("motor-stall:at=100s", **WIDE, verdicts={"INVALID": 1})
PLACES = [
    # cells of one place, how it looks
    ((cell("motor-stall:at=300s"), QUIET), "right"),
    ((QUIET, {**BLIND, "faults": "motor-stall:at=200s", "plan": "daily_check"}), "blind"),
    ((QUIET, {**UNASKED, "faults": "motor-stall:at=200s"}), "unasked"),
    ((QUIET, {**MISSED, "faults": "motor-stall:at=900s"}), "wrong"),
]


@pytest.mark.parametrize(("found", "css"), PLACES)
def test_the_worst_of_several_in_one_place_speaks(found: Any, css: str) -> None:
    page = drill_page(drill(*found, ok=False))
    (both,) = re.findall(r'<td class="(\w+)" title="([^"]*)"><div>.*?</div><div>.*?</div></td>', page)
    assert both[0] == css
    assert both[1].startswith(f"{found[0]['faults']}: DAILY-FLOW, flow error (20); right in ")
    assert f"% (95 % interval); {found[1]['faults']}: " in both[1]


def test_a_cell_tells_the_interval_of_its_right_verdicts() -> None:
    (told,) = re.findall(r'<td class="wrong" title="(rate-gain[^"]*)">', drill_page(BAD))
    assert told == "rate-gain:+3%: DAILY-FLOW, flow error (20); right in 19 of 20, 75.1 % to 99.87 % (95 % interval)"


def test_what_was_not_run_is_told() -> None:
    assert "Faults of the registry that were not run (1): eri-missing." in drill_page(drill())
    assert "Every fault of the registry was run." in drill_page(drill(faults=drill()["faults"][:3]))


def test_what_decided_stands_in_the_list_of_all_cells() -> None:
    found = rows(drill_page(drill()))
    told = "told FAIL FAIL FAIL 20/20 20 of 20, 83.2 % to 100.0 % DAILY-FLOW, flow error (20) 31 s"
    assert f"3 rate-gain:+3% daily_check simulated {told}" in found
    assert f"7 motor-stall:at=14400s itb_screening simulated {told}" in found


# --- the lists ---

FALSE_ALARMS = [
    # runs, false alarms, as the page says it; the bounds of Clopper and Pearson are those of printed tables
    (20, 0, "20 0 0.0 % 0.0 % to 16.8 % 16.8 % yes"),
    (60, 0, "60 0 0.0 % 0.0 % to 6.0 % 6.0 % yes"),
    (20, 1, "20 1 5.0 % 0.13 % to 24.9 % 24.9 % NO"),
]


@pytest.mark.parametrize(("runs", "alarms", "said"), FALSE_ALARMS)
def test_false_alarms_stand_with_the_bound_of_their_rate(runs: int, alarms: int, said: str) -> None:
    found = cell(verdicts={"PASS": runs - alarms, "INCONCLUSIVE": alarms}, ok=not alarms)
    page = rows(drill_page(drill(found, cell(plan="itb_screening", verdicts={"PASS": 100}), ok=False)))
    assert any(row.startswith("daily_check simulated PASS") and row.endswith(said) for row in page)
    assert any(row.startswith(f"all plans {runs + 100} {alarms} ") for row in page)


def test_the_runs_without_a_fault_say_what_was_not_drawn() -> None:
    said = "These benches are exactly as their files state: noise, drift phases and the like are drawn anew with every seed, but "
    assert said in drill_page(drill())
    assert "The detection curves and the coverage study draw those too." in drill_page(drill())
    assert said not in drill_page(drill(BLIND))


def test_what_is_not_asked_stands_once_under_its_reason() -> None:
    other = {**UNASKED, "faults": "motor-stall:at=9s", "why": "another"}
    page = drill_page(drill(UNASKED, {**UNASKED, "faults": "drips"}, {**UNASKED, "plan": "itb_screening"}, other))
    alike = "no case waits for &lt;this&gt; alarm daily_check: eri-missing, drips; itb_screening: eri-missing 3 of 3, 29.2 % to "
    assert [row for row in rows(page) if row.startswith(("no case waits", "another"))] == [
        f"{alike}100.0 % yes",
        "another daily_check: motor-stall:at=... 1 of 1, 2.5 % to 100.0 % yes",
    ]
    assert "Not asked</h3>" not in drill_page(drill())


UNTRUE = ("These are known", "no run says anything wrong", "known not to be told", "of 301")


@pytest.mark.parametrize("words", UNTRUE)
def test_nothing_is_said_that_was_not_shown(words: str) -> None:
    assert words not in drill_page(drill(UNASKED, *drill()["cells"], curves=[curve()]))


WRONG_RUNS = [
    (drill(curves=[curve()]), "None of 161 runs: at most 2.3 % of such runs are wrong."),
    (BAD, "3 of 40 runs: 1.6 % to 20.4 %"),
]


@pytest.mark.parametrize(("data", "said"), WRONG_RUNS)
def test_wrong_runs_are_counted_of_those_with_a_right_verdict(data: Any, said: str) -> None:
    assert said in drill_page(data)


def test_what_cannot_be_told_stands_once_with_all_its_plans() -> None:
    page = drill_page(drill(cell(), BLIND, {**BLIND, "plan": "daily_check"}))
    told = (
        "draught:1mg INVALID itb_screening: PASS 20/20; daily_check: PASS 20/20 1 mg is &lt;1 % of a dose &amp; lies inside its "
    )
    assert [row for row in rows(page) if row.startswith(told)] == [f"{told}uncertainty the daily check yes"]


def test_every_wrong_run_stands_with_the_command_that_repeats_it() -> None:
    found = rows(drill_page(BAD))
    told = "missed fault rate-gain:+3% daily_check 7 FAIL PASS nothing was outside dosebench run test_plans/daily_check.toml "
    assert any(row.startswith(told) and row.endswith("--fault &#x27;rate-gain:+3%&#x27; --seed 7") for row in found)
    assert [row[-8:] for row in found if row.startswith("false alarm ")] == ["--seed 7", "--seed 8"]


# --- curves and studies ---


def test_a_curve_stands_with_its_numbers() -> None:
    bent = curve(points=[*curve()["points"][:-1], point(2.5, 3, ok=False, family_interval_pct=[1.0, 45.0])], ok=False, unjudged=2)
    passes = curve(points=[point(2.1, 15, **passing(3, 12.0, (1.0, 45.0)))], size_50_interval=[1.97, 2.01])
    page = drill_page(drill(curves=[curve(), bent, passes], ok=False))
    found = rows(page)
    for row in (
        "2.1 2.1 15 of 20 75 % 50.9 % to 91.3 % 81.8 % yes",
        "2.1 2.1 15 of 20 75 % 50.9 % to 91.3 % 81.8 % 3 of 20 15 % 3.2 % to 37.9 % 1.0 % to 45.0 % 12.0 % yes",
        "2.5 2.5 3 of 20 15 % 3.2 % to 37.9 % 1.0 % to 45.0 % 100.0 % NO",
        "told in 50 % of the runs 1.99 2",
        "told in 50 % of the runs 1.99 1.97 to 2.01 2",
        "told in 95 % of the runs not reached 2.181",
        "between 80 31 of 80, 28.1 % to 50.3 % 49 of 80, 49.7 % to 71.9 % 0 of 80, 0.0 % to 4.5 %",
    ):
        assert row in found
    assert "daily_check: rate-gain - DISAGREES</h3>" in page
    assert "limits -2 to 2 %, expanded uncertainty U = 0.22 %; 2 runs without a value." in page
    assert "No run of this curve stated a value." in drill_page(
        drill(curves=[curve(points=[], ok=False, unjudged=140)], ok=False)
    )


_REPEAT = "dosebench drill --faults rate-gain --plans daily_check"
SAID: Any = [
    # what a curve has, what is said of it
    ({"covered": COVERED}, "stated interval in 133 of 140 runs, 95.0 % (95 % interval 90.0 % to 98.0 %): as it has to."),
    ({"covered": {**COVERED, "ok": False}}, "NOT as it has to."),
    ({"covered": {**COVERED, "ok": False}}, "daily_check: rate-gain - DISAGREES</h3>"),
    ({"covered": {"hits": 0, "trials": 0, "interval_pct": None, "ok": True}}, "stated interval in 0 of 0 runs: as it has to."),
    ({"mean_z": -0.034, "sd_z": 1.02}, "(Stated value - true value) / u: mean -0.03, standard deviation 1.02."),
    ({"mean_z": None, "sd_z": 1.02}, "(Stated value - true value) / u: standard deviation 1.02."),
    ({"command": _REPEAT}, "To repeat it: <code>dosebench drill <b>--faults</b> rate-gain <b>--plans</b> daily_check</code>"),
]


@pytest.mark.parametrize(("other", "said"), SAID)
def test_what_else_is_known_of_a_curve_is_told(other: Any, said: str) -> None:
    page, without = (drill_page(drill(curves=[found], ok=False)) for found in (curve(**other), curve()))
    assert said in page
    assert said not in without


COVERS = [
    # what the curves have, what stands beside the criterion
    (
        [curve(covered=COVERED), curve()],
        "2 of 2 curves agree; the true value lay in the stated interval in 133 of 140 runs, 95.0 % (",
    ),
    (
        [curve(covered=COVERED), curve(covered={**COVERED, "ok": False})],
        "1 of 2 curves agree; the true value lay in the stated interval",
    ),
    ([curve()], "1 of 1 curve agree yes"),
]


@pytest.mark.parametrize(("found", "said"), COVERS)
def test_the_criterion_of_the_curves_counts_what_they_cover(found: Any, said: str) -> None:
    (row,) = [row for row in rows(drill_page(drill(curves=found))) if row.startswith("From which size")]
    assert said in row
    assert row.endswith("yes") == ("1 of 2" not in said)


EMPTY = [
    curve(points=[]),
    curve(points=[no_value(2.0)], limits=[None, None], zones={}),
    curve(points=[no_value(2.0, runs=None, failed=None, passed=None)]),
    curve(points=[point(1.9, 3), no_value(2.0, ok=False), point(2.1, 15, **passing(2))]),
    curve(expanded_uncertainty=None, points=[point(1.9, 3, predicted_pct=None, family_interval_pct=[None, None])]),
    curve(size_50=None, size_50_interval=None, size_95_interval=[None, 2.0], predicted_50=None, predicted_95=None),
]


@pytest.mark.parametrize("plain", EMPTY)
def test_a_number_that_is_not_there_breaks_nothing(plain: Any) -> None:
    page = drill_page(drill(curves=[plain]))
    text = re.sub("<(style|svg).*?</(style|svg)>", "", page, flags=re.DOTALL)
    assert "daily_check: rate-gain</h3>" in page
    assert not re.search(r"\bnan\b|\bNone %|null", text)
    assert ("No run of this curve stated a value." in page) == (not any(at["runs"] for at in plain["points"]))


def test_a_share_of_no_runs_has_no_numbers() -> None:
    found = rows(drill_page(drill(curves=[curve(points=[no_value(2.0), point(1.9, 3)])])))
    assert "2 0 of 0 0 of 0 yes" in found


DRAWN = [
    (
        curve(),
        [
            "limit",
            "50 % found: 1.99",
            "50 % predicted: 2",
            "95 % predicted: 2.181",
            "FAIL predicted",
            "FAIL found, 95 % interval",
        ],
    ),
    (
        curve(limits=[None, 9.0], size_50=None, predicted_50=None, predicted_95=None),
        ["FAIL predicted", "FAIL found, 95 % interval"],
    ),
    (curve(points=[point(1.9, 9), no_value(2.0, ok=False, passed=None)]), ["FAIL predicted", "FAIL found, 95 % interval"]),
    (curve(points=[point(1.9, 9, ok=False), point(2.1, 15)]), ["FAIL found, 95 % interval", "FAIL found, DISAGREES"]),
    (
        curve(points=[point(1.9, 4, **passing(14))]),
        ["FAIL predicted", "PASS predicted", "FAIL found, 95 % interval", "PASS found, 95 % interval"],
    ),
    (
        curve(points=[point(1.9, 4, ok=False, family_interval_pct=[1, 60], **passing(14, 5.0, (20.0, 99.0)))]),
        ["FAIL predicted", "PASS predicted", "FAIL found, 95 % interval", "PASS found, DISAGREES"],
    ),
    (
        curve(points=[point(1.9, 4, ok=False, family_interval_pct=[40, 60], **passing(14))]),
        ["FAIL predicted", "PASS predicted", "FAIL found, DISAGREES", "PASS found, 95 % interval"],
    ),
]
LABELS = ("limit", "50 % found", "95 % found", "50 % predicted", "95 % predicted", "FAIL ", "PASS ")


@pytest.mark.parametrize(("plain", "labels"), DRAWN)
def test_a_curve_is_drawn_with_what_is_known_of_it(plain: Any, labels: list[str]) -> None:
    drawn = re.findall(r"<text[^>]*>([^<]+)</text>", curve_figure(typed(Curve, plain)).decode())
    assert [text for text in drawn if text.startswith(LABELS)][-len(labels) :] == labels
    assert {"SIMULATED", "size of the fault (%)", "share of the runs (%)"} <= set(drawn)


def test_the_two_shares_are_told_apart_without_colours() -> None:
    svg = curve_figure(typed(Curve, curve(points=[point(size, 4, **passing(14)) for size in (1.9, 2.0)]))).decode()
    dashed = [style for style in re.findall(r'style="([^"]*)"', svg) if "stroke: #7b3fa0" in style and "dasharray" in style]
    assert dashed
    assert not [
        style for style in re.findall(r'style="([^"]*stroke: #1f4e79[^"]*stroke-width: 1.3[^"]*)"', svg) if "dasharray" in style
    ]
    assert re.search(r'style="fill: #ffffff; stroke: #7b3fa0', svg)


LIMITS = [
    # limits, points as (size, true value), where the limits are drawn
    ((-2.0, 2.0), ((1.0, 1.0), (3.0, 3.0)), [2.0]),
    ((-2.0, 2.0), ((-3.0, -3.0), (3.0, 3.0)), [-2.0, 2.0]),
    ((None, 600.0), ((8.0, 480.0), (12.0, 720.0)), [10.0]),
    ((0.9, None), ((5.0, 1.0), (25.0, 0.8)), [15.0]),
    ((0.9, None), ((5.0, None),), []),
]


@pytest.mark.parametrize(("limits", "points", "sizes"), LIMITS)
def test_limits_are_drawn_where_the_true_value_reaches_them(limits: Any, points: Any, sizes: list[float]) -> None:
    found = curve(limits=limits, points=[point(size, 3, true=true) for size, true in points])
    assert limit_sizes(typed(Curve, found)) == pytest.approx(sizes)


def test_two_figures_of_a_page_share_no_name() -> None:
    svg = curve_figure(typed(Curve, curve()))
    names = [set(re.findall(r'\bid="([^"]+)"', inline(svg, name))) for name in ("a", "b")]
    page = inline(svg, "a")
    assert not names[0] & names[1]
    assert set(re.findall(r'xlink:href="#([^"]+)"|url\(#([^)]+)\)', page)) <= {(name, "") for name in names[0]} | {
        ("", name) for name in names[0]
    }
    assert "<metadata" not in page


STUDIES = [
    ("coverage", COVERAGE, "screening bolus volume 957 of 1000 95.7 % 94.3 % to 96.9 % 0.0021 +0.01 0.49 yes"),
    ("risk", RISK, "5 % + 0 u 9 of 500 1.80 % 0.8 % to 3.4 %"),
    ("mutants", MUTANTS, "a log line is left out harness/y.py:3 nobody reads it"),
]


@pytest.mark.parametrize(("name", "plain", "row"), STUDIES)
def test_a_study_is_there_or_said_to_be_missing(name: str, plain: Any, row: str) -> None:
    missing = f"Not part of this report: there is no {name}.json beside its data."
    without, page = drill_page(drill()), drill_page(drill(), **{name: plain})
    assert missing in without
    assert row not in rows(without)
    assert missing not in page
    assert row in rows(page)


OF_VERSIONS = [
    # version of the study, what its section says, whether its criterion is examined
    ("", "", True),
    ("0.1.0", "Made by version 0.1.0.", True),
    (
        "0.0.9",
        "This study was made by version 0.0.9, not by this one: what it found is shown, and counts for nothing here.",
        False,
    ),
]
_ASKED = {"coverage": "Whether the stated uncertainties are right", "risk": "How often a pump on or outside its limit is passed"}


@pytest.mark.parametrize("name", _ASKED)
@pytest.mark.parametrize("ok", [True, False])
@pytest.mark.parametrize(("version", "said", "examined"), OF_VERSIONS)
def test_what_another_version_found_does_not_count(name: str, version: str, said: str, *, examined: bool, ok: bool) -> None:
    study: Any = {name: {**ALL[name], "version": version, "ok": ok}}
    page = drill_page(drill(), **study)
    (row,) = [row for row in rows(page) if row.startswith(_ASKED[name])]
    assert said in page
    assert ("ade by version" in page) == bool(version)
    assert row.endswith("made by version 0.0.9, not by this one not examined") == (not examined)
    assert ("did NOT meet" in page) == (examined and not ok)


def test_a_survivor_without_a_reason_is_no_good() -> None:
    silent = {**MUTANTS, "survivors": [{**MUTANTS["survivors"][0], "why": ""}]}
    page = drill_page(drill(), mutants=silent)
    assert "a log line is left out harness/y.py:3 NO" in rows(page)
    assert "did NOT meet" in page


# --- the page as a whole ---


def test_the_front_says_what_was_qualified() -> None:
    found = rows(drill_page(drill(curves=[curve()])))
    for row in (
        "Data source SIMULATED",
        "Started (UTC) 2026-11-22 05:00:00",
        "Took 45 min 11 s in 2 processes",
        "Runs 301 (161 for the matrix, 140 for the curves)",
        "Time on the simulated benches 800 days",
        "Seeds 1 to 20; the same seed gives the same run",
        f"test_plans/daily_check.toml DAILY_CHECK Title of daily_check 1 6 benches/simulated.toml {'ab' * 32}",
        f"benches/simulated.toml simulated A syringe pump pump new-era, balance mt-sics {'cd' * 32}",
        "INVALID the bench could not be trusted; the pump was not judged",
    ):
        assert row in found
    page = drill_page(
        {
            key: value
            for key, value in drill(took_s=7261.0, started_utc="2026-11-22T07:00:00+02:00").items()
            if key != "bench_days"
        }
    )
    assert "2 h 1 min in 2" in page
    assert "started 2026-11-22 05:00:00 UTC" in page
    assert "Time on the simulated" not in page


EVIL = '<script>alert("1")</script>&'


def everywhere(plain: Any, text: str) -> Any:
    """The same data with ``text`` at the end of every word that is free."""
    if isinstance(plain, dict):
        kept = ("schema", "about", "started_utc")
        return {key: value if key in kept else everywhere(value, text) for key, value in plain.items()}
    if isinstance(plain, list):
        return [everywhere(value, text) for value in plain]
    return plain + text if isinstance(plain, str) else plain


def test_nothing_in_the_data_is_taken_for_markup() -> None:
    data, *studies = (everywhere(plain, EVIL) for plain in ({**BAD, "curves": [curve()]}, COVERAGE, RISK, MUTANTS))
    page = drill_page(data, *studies, coverage_figure=EVIL.encode())
    assert "<script" not in page
    assert '"1"' not in re.sub("<svg.*?</svg>", "", page, flags=re.DOTALL)
    assert "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;" in page


def test_the_page_is_whole_in_itself_and_prints() -> None:
    page = drill_page(drill(curves=[curve(), curve()]), COVERAGE, RISK, MUTANTS, coverage_figure=b"<svg/>")
    names = re.findall(r'\bid="([^"]+)"', page)
    assert len(names) == len(set(names))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(names)
    assert not outside_references(page)
    assert "<script" not in page
    assert '<p class="banner">SIMULATED: no real pump was tested</p>' in page
    assert "size: A4 landscape" in page
    assert "thead { display: table-header-group }" in page
    assert page == drill_page(drill(curves=[curve(), curve()]), COVERAGE, RISK, MUTANTS, coverage_figure=b"<svg/>")


REFUSED = [
    ({"schema": "dosebench/drill/2"}, "schema"),
    ({"cells": [{**cell(), "about": "else"}]}, "cells.0.about"),
    ({"cells": None}, "cells"),
    ({"started_utc": "2026-11-22T05:00:00"}, "started_utc"),
]


@pytest.mark.parametrize(("changed", "where"), REFUSED)
def test_data_of_another_kind_are_refused(changed: Any, where: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"is no drill as JSON: {where}: ")):
        drill_page({**drill(), **changed})


@pytest.mark.browser
def test_the_page_opens_in_a_browser(tmp_path: Path) -> None:
    page = tmp_path / "qualification.html"
    figure = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    page.write_text(drill_page({**BAD, "curves": [curve()]}, COVERAGE, coverage_figure=figure), encoding="utf-8")
    shown, complaints = opened(page, tmp_path / "profile")
    matrix = shown[shown.index('<table class="matrix">') : shown.index('id="clean"')]
    assert "rate-gain:+3% FAIL 19/20 PASS 1/20 1 WRONG 1 of 20" in rows(matrix)
    assert "predicted" in shown[shown.index("<svg") :]
    assert not outside_references(shown)
    assert not re.search(r"Content Security Policy|Uncaught|ERR_|Failed to load", complaints)
