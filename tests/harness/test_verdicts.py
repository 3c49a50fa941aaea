"""Who speaks first, what a guard band does, and the file that other programs read."""

from __future__ import annotations

import json
import math
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from harness.metrology.budget import Estimate, exact
from harness.verdicts import CaseVerdict, RunVerdict, Verdict, decide, judge, overall, read_verdicts, write_verdicts
from instruments.errors import ConfigError
from tests.conftest import DATA

P, F, INC, INV, A = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.INVALID, Verdict.ABORTED
VECTORS: dict[str, Any] = json.loads((DATA / "vectors" / "guard_band.json").read_text())


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
def test_decisions(value: float, u: float, limits: tuple[float | None, float | None], rule: str, expected: Verdict) -> None:
    assert decide(value, u, limits, rule) is expected


@pytest.mark.parametrize("case", VECTORS["cases"], ids=[case["label"] for case in VECTORS["cases"]])
def test_decisions_of_the_reference_vectors(case: dict[str, Any]) -> None:
    """PASS where the vectors pass; inside the tolerance but in the guard band is INCONCLUSIVE with us, outside it FAIL."""
    limits = (case["T_L"], case["T_U"])
    for rule, name in (("simple", "simple"), ("guarded", "guarded_U")):
        found = decide(case["y"], case["k"] * case["u"], limits, rule)
        assert (found is P) == (case["rules"][name]["decision"] == "PASS")
        assert (found is F) == (case["rules"]["simple"]["decision"] == "FAIL")


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
        "limits": [0.95, None],
        "rule": "guarded",
        "verdict": "PASS",
        "detail": "words",
    }


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    run = run_of(P, F, INC)
    write_verdicts(run, tmp_path / "verdicts.json")
    assert read_verdicts(tmp_path / "verdicts.json") == RunVerdict(run.run, run.data_source, run.cases)


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "dosebench/verdicts/9"}', "[1]"])
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "verdicts.json").write_text(text)
    with pytest.raises(ConfigError, match=r"verdicts\.json"):
        read_verdicts(tmp_path / "verdicts.json")


def test_a_count_has_no_uncertainty() -> None:
    assert judge("alarms", exact(1), "1", (1.0, 1.0), "guarded").verdict is P
