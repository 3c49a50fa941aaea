"""Risks of decisions against the reference's numbers, against draws, and in the corners."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrology.risks import Process, Risks, global_risks, specific_risks
from harness.metrology.rules import Interval
from instruments.errors import ConfigError
from tests.conftest import DATA

VECTORS: dict[str, list[dict[str, Any]]] = json.loads((DATA / "vectors" / "guard_band.json").read_text())
CASES, DECISIONS = VECTORS["global_risk"], VECTORS["cases"]
T = (-5.0, 5.0)


@pytest.mark.parametrize("case", DECISIONS, ids=[case["label"] for case in DECISIONS])
def test_specific_risks_of_the_reference(case: dict[str, Any]) -> None:
    found = specific_risks(case["p_conform"])
    assert found.false_accept == pytest.approx(case["specific_false_accept_risk_if_accepted"], abs=1e-12)
    assert found.false_reject == pytest.approx(case["specific_false_reject_risk_if_rejected"], abs=1e-12)


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_global_risks_of_the_reference(case: dict[str, Any]) -> None:
    limits = case["T_L"], case["T_U"]
    acceptance = case["T_L"] + case["w"], case["T_U"] - case["w"]
    found = global_risks(Process(case["prior_mean"], case["prior_sd"]), case["u"], limits, acceptance)
    assert found.false_accept == pytest.approx(case["global_PFA"], abs=1e-6)
    assert found.false_reject == pytest.approx(case["global_PFR"], abs=1e-6)


@pytest.mark.parametrize(
    ("limits", "acceptance"), [((60.0, None), (61.0, None)), ((None, 60.0), (None, 59.5)), ((58.0, 62.0), (58.5, 61.0))]
)
def test_global_risks_against_draws(limits: Interval, acceptance: Interval) -> None:
    random, count = np.random.default_rng(1), 1_000_000
    true = random.normal(60.5, 1.2, count)
    shown = true + random.normal(0, 0.5, count)
    conforms, accepted = _within(true, limits), _within(shown, acceptance)
    drawn = Risks(float(np.mean(~conforms & accepted)), float(np.mean(conforms & ~accepted)))
    found = global_risks(Process(60.5, 1.2), 0.5, limits, acceptance)
    assert found.false_accept == pytest.approx(drawn.false_accept, abs=1.5e-3)
    assert found.false_reject == pytest.approx(drawn.false_reject, abs=1.5e-3)


def _within(values: np.ndarray, limits: Interval) -> np.ndarray:
    low, high = (-np.inf if limits[0] is None else limits[0]), (np.inf if limits[1] is None else limits[1])
    return (values >= low) & (values <= high)


@pytest.mark.parametrize(
    ("mean", "sd", "u", "acceptance", "false_accept", "false_reject"),
    [
        (0.0, 2.0, 0.0, T, 0.0, 0.0),  # what is known exactly is never misjudged
        (0.0, 2.0, 0.0, (-4.0, 4.0), 0.0, 0.0330806),  # P(4 < |x| < 5)
        (0.0, 2.0, 0.5, (1.0, -1.0), 0.0, 0.9875807),  # the guard bands eat the tolerance: all that conforms is rejected
        (5.0, 2.0, 1e-6, T, 0.0, 0.0),  # a narrow step in the middle of the process
        (5.0, 1e-6, 0.5, T, 0.25, 0.25),  # a process on the limit
        (9.0, 0.1, 0.1, T, 0.0, 0.0),
    ],
)
def test_corners(
    mean: float, sd: float, u: float, acceptance: tuple[float, float], false_accept: float, false_reject: float
) -> None:
    found = global_risks(Process(mean, sd), u, T, acceptance)
    assert found.false_accept == pytest.approx(false_accept, abs=1e-6)
    assert found.false_reject == pytest.approx(false_reject, abs=1e-6)


def test_a_narrow_step_is_not_overlooked() -> None:
    """PFA of simple acceptance is g(T) u / sqrt(2 pi) at either limit while u is small."""
    found = global_risks(Process(5.0, 2.0), 1e-4, T, T)
    assert found.false_accept == pytest.approx(1e-4 / 2 / (2 * np.pi), rel=1e-3)
    assert found.false_reject == pytest.approx(found.false_accept, rel=1e-3)


@given(st.floats(-8, 8), st.floats(0.1, 5), st.floats(0.01, 3), st.floats(0, 2))
def test_a_wider_guard_trades_false_accepts_for_false_rejects(mean: float, sd: float, u: float, guard: float) -> None:
    process = Process(mean, sd)
    simple, guarded = (global_risks(process, u, T, (T[0] + w, T[1] - w)) for w in (0.0, guard))
    assert -1e-9 <= guarded.false_accept <= simple.false_accept + 1e-9
    assert simple.false_reject - 1e-9 <= guarded.false_reject <= 1 + 1e-9


@pytest.mark.parametrize("sd", [0.0, -1.0, float("nan")])
def test_a_process_that_does_not_vary_is_refused(sd: float) -> None:
    with pytest.raises(ConfigError, match="standard deviation above 0"):
        Process(0.0, sd)


@pytest.mark.parametrize("u", [-0.1, float("nan")])
def test_a_negative_uncertainty_is_refused(u: float) -> None:
    with pytest.raises(ConfigError, match="0 or more"):
        global_risks(Process(0.0, 1.0), u, T, T)
