"""Who speaks first, what a rule makes of a value, and the file that other programs read."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from harness.metrology.budget import Estimate, evaluate, exact, from_draws
from harness.metrology.rules import Interval
from harness.verdicts import EXIT_STATUS, CaseVerdict, RunVerdict, Verdict, judge, overall, read_verdicts, write_verdicts
from instruments.errors import ConfigError

P, F, INC, INV, A = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.INVALID, Verdict.ABORTED


@pytest.mark.parametrize(("first", "then"), list(permutations([P, F, INC, INV, A], 2)))
def test_the_graver_verdict_speaks_for_both(first: Verdict, then: Verdict) -> None:
    order = [F, A, INV, INC, P]
    assert overall([first, then]) is min(first, then, key=order.index)


def test_nothing_at_all_is_never_green() -> None:
    assert overall([]) is A


DECISIONS = [
    # value, U, limits, rule, verdict
    (0.0, 0.8, (-5.0, 5.0), "guarded", P),
    (4.2, 0.8, (-5.0, 5.0), "guarded", P),  # on the acceptance limit: inclusive
    (4.2000001, 0.8, (-5.0, 5.0), "guarded", INC),
    (5.0, 0.8, (-5.0, 5.0), "guarded", INC),
    (5.0000001, 0.8, (-5.0, 5.0), "guarded", F),
    (-4.3, 0.8, (-5.0, 5.0), "guarded", INC),
    (-5.1, 0.8, (-5.0, 5.0), "guarded", F),
    (5.0, 0.8, (-5.0, 5.0), "simple", P),
    (5.1, 0.8, (-5.0, 5.0), "simple", F),
    (60.5, 0.6, (60.0, None), "guarded", INC),
    (60.6, 0.6, (60.0, None), "guarded", P),
    (59.9, 0.6, (60.0, None), "guarded", F),
    (9.5, 1.0, (None, 10.0), "guarded", INC),
    (0.0, 6.0, (-5.0, 5.0), "guarded", INC),  # never decidable on this bench
    (1.0, 0.0, (1.0, 1.0), "guarded", P),
    (0.0, 0.0, (1.0, 1.0), "guarded", F),
    (math.nan, 0.1, (-5.0, 5.0), "simple", INC),
    (0.0, math.nan, (-5.0, 5.0), "guarded", INC),
    (math.inf, 0.1, (None, 5.0), "guarded", F),
]


@pytest.mark.parametrize(("value", "u", "limits", "rule", "expected"), DECISIONS)
def test_decisions(value: float, u: float, limits: Interval, rule: str, expected: Verdict) -> None:
    assert judge("x", Estimate(value, u, 2.0, math.inf), "%", limits, rule).verdict is expected


WORDS = [
    # value with U = 0.8, rule, verdict, what is told, acceptance limits
    (4.6, "non-binary", INC, "conditional pass; why", (-4.2, 4.2)),
    (5.4, "non-binary", INC, "conditional fail; why", (-4.2, 4.2)),
    (4.0, "non-binary", P, "why", (-4.2, 4.2)),
    (6.0, "non-binary", F, "why", (-4.2, 4.2)),
    (4.6, "guarded", INC, "why", (-4.2, 4.2)),
    (4.6, "one-sided-5%", INC, "why", (-4.342, 4.342)),
    (4.6, "6:1", P, "why", (-5.0, 5.0)),
    (4.6, "7:1", INC, "why", (-5.0, 5.0)),
]


@pytest.mark.parametrize(("value", "rule", "verdict", "told", "acceptance"), WORDS)
def test_only_what_is_sure_is_green_or_red_and_the_rest_is_told_in_words(
    value: float, rule: str, verdict: Verdict, told: str, acceptance: Interval
) -> None:
    found = judge("x", Estimate(value, 0.8, 2.0, 12.0), "%", (-5.0, 5.0), rule, "why")
    assert (found.verdict, found.detail) == (verdict, told)
    assert found.acceptance == pytest.approx(acceptance)
    assert found.degrees_of_freedom == 12.0


@pytest.mark.parametrize(
    ("value", "limits", "p_c"),
    [(0.0, (0.0, None), 0.5), (0.4, (0.0, None), 0.8413447461), (0.0, (-0.8, 0.8), 0.9544997361), (math.nan, (0.0, None), None)],
)
def test_how_likely_the_true_value_keeps_to_the_limits(value: float, limits: Interval, p_c: float | None) -> None:
    found = judge("x", Estimate(value, 0.8, 2.0, math.inf), "%", limits, "simple")
    assert found.conformance_probability == (None if p_c is None else pytest.approx(p_c))


def test_each_limit_is_guarded_by_the_draws_on_its_own_side() -> None:
    """Draws of x^2 with x even from 0 to 1; they reach further up than down, and 2.275 % of them lie beyond either end."""
    squares = np.linspace(0.0, 1.0, 100_001) ** 2
    found = judge("x", from_draws(Estimate(0.25, 0.1, 2.0, math.inf), squares), "s", (0.0, 1.0), "guarded")
    assert found.interval == pytest.approx((0.02275**2, 0.97725**2), rel=1e-3)
    assert found.acceptance == pytest.approx((0.25 - 0.02275**2, 1 - (0.97725**2 - 0.25)), rel=1e-3)
    assert (found.method, found.degrees_of_freedom) == ("Monte Carlo", None)


def run_of(*verdicts: Verdict) -> RunVerdict:
    limits = (0.95, None)
    found = judge("bolus volume", Estimate(1.0003, 0.0007, 2.0, math.inf), "mL", limits, "guarded", "words")
    cases = [CaseVerdict(f"C{at}", "a case", verdict, ("T01",), (found,), ("why",)) for at, verdict in enumerate(verdicts)]
    return RunVerdict("run-1", "simulated", tuple(cases))


def test_the_file_has_the_promised_shape(tmp_path: Path) -> None:
    write_verdicts(run_of(P), tmp_path / "verdicts.json")
    plain = json.loads((tmp_path / "verdicts.json").read_text())
    case = plain["cases"][0]
    assert {key: plain[key] for key in ("schema", "run", "data_source", "verdict")} == {
        "schema": "dosebench/verdicts/1",
        "run": "run-1",
        "data_source": "simulated",
        "verdict": "PASS",
    }
    assert {key: case[key] for key in ("id", "verdict", "requirement")} == {"id": "C0", "verdict": "PASS", "requirement": ["T01"]}
    assert case["measurands"][0] == {
        "name": "bolus volume",
        "value": 1.0003,
        "unit": "mL",
        "expanded_uncertainty": 0.0007,
        "coverage_factor": 2.0,
        "basis": "",
        "limits": [0.95, None],
        "rule": "guarded",
        "verdict": "PASS",
        "detail": "words",
        "interval": pytest.approx([0.9996, 1.001]),
        "degrees_of_freedom": None,
        "method": "GUM",
        "acceptance": pytest.approx([0.9507, None]),
        "conformance_probability": 1.0,
    }


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    run = run_of(P, F, INC)
    write_verdicts(run, tmp_path / "verdicts.json")
    assert read_verdicts(tmp_path / "verdicts.json") == RunVerdict(run.run, run.data_source, run.cases)


def test_the_fields_hold_what_was_found(tmp_path: Path) -> None:
    """Far from normal, few degrees of freedom, and on a limit: none of the fields has its default."""
    found = evaluate(lambda inputs: inputs.normal("pump (mL)", 1.0, 0.01, 5.0) + inputs.rectangular("polls (mL)", 0.0, 0.1))
    measured = judge("volume", found, "mL", (1.0, 2.0), "one-sided-5%")
    case = CaseVerdict("C", "a case", measured.verdict, ("T01",), (measured,), ())
    write_verdicts(RunVerdict("run-1", "real", (case,)), tmp_path / "verdicts.json")
    plain = json.loads((tmp_path / "verdicts.json").read_text())["cases"][0]["measurands"][0]
    assert plain["method"] == "Monte Carlo"
    assert plain["interval"] == list(found.interval)
    assert plain["degrees_of_freedom"] == found.dof
    assert plain["acceptance"] == list(measured.acceptance)
    assert plain["conformance_probability"] == pytest.approx(0.5)
    assert "budget" not in plain
    assert read_verdicts(tmp_path / "verdicts.json").cases[0].measurands[0] == replace(measured, budget=())


def test_a_file_of_an_older_program_is_read_without_what_it_does_not_say(tmp_path: Path) -> None:
    write_verdicts(run_of(P), tmp_path / "verdicts.json")
    plain = json.loads((tmp_path / "verdicts.json").read_text())
    for name in ("interval", "degrees_of_freedom", "method", "acceptance", "conformance_probability"):
        del plain["cases"][0]["measurands"][0][name]
    (tmp_path / "verdicts.json").write_text(json.dumps(plain))
    found = read_verdicts(tmp_path / "verdicts.json").cases[0].measurands[0]
    assert (found.value, found.limits, found.verdict) == (1.0003, (0.95, None), P)
    assert (found.interval, found.acceptance, found.conformance_probability) == (None, (None, None), None)


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "dosebench/verdicts/9"}', "[1]"])
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "verdicts.json").write_text(text)
    with pytest.raises(ConfigError, match=r"verdicts\.json"):
        read_verdicts(tmp_path / "verdicts.json")


def test_a_count_has_no_uncertainty() -> None:
    assert judge("alarms", exact(1), "1", (1.0, 1.0), "guarded").verdict is P


@pytest.mark.parametrize(
    ("value", "minimum_tur", "verdict"),
    [(0.0, None, P), (0.0, 5.0, P), (0.0, 5.1, INC), (7.0, 5.1, F), (7.0, None, F)],
)
def test_too_small_a_test_uncertainty_ratio_passes_nothing_and_excuses_nothing(
    value: float, minimum_tur: float | None, verdict: Verdict
) -> None:
    found = judge("flow error", Estimate(value, 1.0, 2.0, math.inf), "%", (-5.0, 5.0), "guarded", minimum_tur=minimum_tur)
    assert found.verdict is verdict


def test_every_verdict_has_its_own_exit_status() -> None:
    """As the README promises them to scripts."""
    assert {P: 0, F: 1, INC: 2, INV: 3, A: 4} == EXIT_STATUS
