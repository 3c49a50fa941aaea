"""Decision rules: the reference's cases, the edges, and what must hold for any value."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrology.budget import Estimate, evaluate
from harness.metrology.rules import Interval, Outcome, Spread, conformance, decide, parse_rule, reachable, worst
from tests.conftest import DATA

CASES: list[dict[str, Any]] = json.loads((DATA / "vectors" / "guard_band.json").read_text())["cases"]
OURS = {"simple": "simple", "guarded_U": "guarded", "guarded_1.645u": "one-sided-5%", "ilac_nonbinary": "non-binary"}
EVERY = [*OURS.values(), "2:1", "4:1"]
P, F, I = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE  # noqa: E741 - columns of the tables below
CP, CF = Outcome.CONDITIONAL_PASS, Outcome.CONDITIONAL_FAIL
T = (-5.0, 5.0)
U08 = Spread.symmetric(0.4)


@pytest.mark.parametrize("theirs", OURS)
@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
def test_cases_of_the_reference(case: dict[str, Any], theirs: str) -> None:
    expected = case["rules"][theirs]
    found = decide(case["y"], Spread.symmetric(case["u"], case["k"]), (case["T_L"], case["T_U"]), OURS[theirs])
    binary = F if found.outcome is I else found.outcome
    assert binary == expected["decision"]
    for ours, end in zip(found.acceptance, ("A_L", "A_U"), strict=True):
        assert ours == (None if expected[end] is None else pytest.approx(expected[end], rel=1e-9))
    assert found.guard == pytest.approx((expected["w"], expected["w"]), rel=1e-9)
    assert found.p_c == pytest.approx(case["p_conform"], rel=1e-9)


@pytest.mark.parametrize(
    ("value", "simple", "guarded", "five", "non_binary"),
    [
        (4.2, P, P, P, P),  # on A of guarded, to the last bit
        (-4.2, P, P, P, P),
        (math.nextafter(4.2, 5), P, I, P, CP),
        (math.nextafter(-4.2, -5), P, I, P, CP),
        (4.5, P, I, I, CP),
        (5.0, P, I, I, CP),
        (-5.0, P, I, I, CP),
        (math.nextafter(5, 6), F, F, F, CF),
        (5.8, F, F, F, CF),  # on T + w
        (-5.8, F, F, F, CF),
        (math.nextafter(5.8, 6), F, F, F, F),
        (math.nextafter(-5.8, -6), F, F, F, F),
        (math.inf, F, F, F, F),
    ],
)
def test_edges_are_inclusive(value: float, simple: Outcome, guarded: Outcome, five: Outcome, non_binary: Outcome) -> None:
    found = [decide(value, U08, T, rule).outcome for rule in OURS.values()]
    assert found == [simple, guarded, five, non_binary]


LOPSIDED = Spread(u=1.0, below=1.0, above=3.0)


@pytest.mark.parametrize(
    ("rule", "guard", "acceptance"),
    [
        ("simple", (0.0, 0.0), (-5.0, 5.0)),
        ("guarded", (1.0, 3.0), (-4.0, 2.0)),
        ("non-binary", (1.0, 3.0), (-4.0, 2.0)),
        ("one-sided-5%", (1.645, 3 * 1.645 / 2), (-3.355, 5 - 3 * 1.645 / 2)),
        ("2:1", (0.0, 0.0), (-5.0, 5.0)),
    ],
)
def test_each_limit_is_guarded_by_its_own_side_of_the_interval(rule: str, guard: Interval, acceptance: Interval) -> None:
    found = decide(0.0, LOPSIDED, T, rule)
    assert found.guard == pytest.approx(guard)
    assert found.acceptance == pytest.approx(acceptance)
    assert found.tur == 2.5


@pytest.mark.parametrize(("value", "outcome"), [(-8.0, CF), (-8.1, F), (6.0, CF), (6.1, F)])
def test_outside_a_limit_counts_what_lies_towards_it(value: float, outcome: Outcome) -> None:
    """Below the lower limit the true value may be higher by what lies above."""
    assert decide(value, LOPSIDED, T, "non-binary").outcome is outcome


def test_an_interval_beside_its_value_never_widens_a_limit() -> None:
    found = decide(-5.5, Spread(u=1.0, below=-1.0, above=3.0), T, "guarded")
    assert (found.outcome, found.guard) == (F, (0.0, 3.0))


@pytest.mark.parametrize(
    ("limits", "guarded", "tur"), [((60.0, None), (60.8, None), None), ((None, 30.0), (None, 29.2), None), (T, (-4.2, 4.2), 6.25)]
)
def test_open_sides_stay_open(limits: Interval, guarded: Interval, tur: float | None) -> None:
    found = decide(45.0, U08, limits, "guarded")
    assert found.acceptance == guarded
    assert found.tur == tur


@pytest.mark.parametrize(
    ("rule", "value", "u", "limits", "outcome"),
    [
        ("4:1", 5.0, 0.625, T, P),  # TUR is 4 exactly
        ("4:1", 5.1, 0.625, T, F),
        ("4:1", 0.0, 0.626, T, I),
        ("4:1", 9.0, 0.626, T, I),  # nothing can be decided, not even what is far out
        ("5:1", 0.0, 0.625, T, I),
        ("12:1", 0.0, 0.2, T, P),
        ("4:1", 5.0, 0.0, T, P),
        ("2:1", 70.0, 0.1, (60.0, None), I),
    ],
)
def test_ratio_rules(rule: str, value: float, u: float, limits: Interval, outcome: Outcome) -> None:
    assert decide(value, Spread.symmetric(u), limits, rule).outcome is outcome


@pytest.mark.parametrize("rule", EVERY)
@pytest.mark.parametrize(
    ("value", "spread"),
    [
        (math.nan, U08),
        (0.0, Spread(math.nan, 0.8, 0.8)),
        (0.0, Spread(0.4, math.nan, 0.8)),
        (0.0, Spread(0.4, 0.8, math.nan)),
        (math.nan, Spread.symmetric(0.0)),
    ],
)
def test_what_is_not_a_number_decides_nothing(rule: str, value: float, spread: Spread) -> None:
    assert decide(value, spread, T, rule).outcome is I


def test_without_bounds_to_its_uncertainty_nothing_passes_a_guard() -> None:
    assert decide(0.0, Spread.symmetric(math.inf), (0.0, None), "guarded").outcome is I


@pytest.mark.parametrize(
    ("value", "u", "limits", "p_c"),
    [
        (5.0, 0.0, T, 1.0),
        (5.1, 0.0, T, 0.0),
        (5.0, 0.4, (None, 5.0), 0.5),
        (5.0, 0.4, (5.0, None), 0.5),
        (0.0, 0.4, (None, None), 1.0),
        (0.0, math.nan, T, math.nan),
        (-10.0, 0.5, (-5.0, 5.0), 7.619853024160527e-24),
        (10.0, 0.5, (-5.0, 5.0), 7.619853024160527e-24),
        (0.0, 1.0, (1.0, -1.0), 0.0),
    ],
)
def test_conformance_probability(value: float, u: float, limits: Interval, p_c: float) -> None:
    assert conformance(value, u, limits) == pytest.approx(p_c, rel=1e-9, abs=0, nan_ok=True)


@pytest.mark.parametrize(
    ("limits", "u", "rule", "can"),
    [
        (T, 2.5, "guarded", True),  # A is one point
        (T, 2.6, "guarded", False),
        (T, 2.6, "non-binary", False),
        (T, 2.6, "one-sided-5%", True),
        (T, 3.1, "one-sided-5%", False),
        (T, 99.0, "simple", True),
        (T, 1.25, "2:1", True),
        (T, 1.26, "2:1", False),
        ((60.0, None), 99.0, "guarded", True),
        ((None, 60.0), 99.0, "guarded", True),
        ((60.0, None), math.inf, "guarded", False),
        ((None, 60.0), math.inf, "guarded", False),
        ((60.0, None), 0.1, "2:1", False),
        (T, math.nan, "guarded", False),
        (T, math.nan, "simple", False),
    ],
)
def test_whether_anything_can_pass(limits: Interval, u: float, rule: str, *, can: bool) -> None:
    assert reachable(limits, Spread.symmetric(u), rule) is can


@pytest.mark.parametrize("name", [*OURS.values(), "2:1", "4:1", "10:1"])
def test_names_that_a_plan_may_use(name: str) -> None:
    assert parse_rule(name) == name


@pytest.mark.parametrize("name", ["", "Guarded", "guarded ", "1:1", "0:1", "04:1", "4:2", "4.5:1", "-4:1", "4:1\n", "1٤:1"])
def test_other_names_are_refused_with_the_names_there_are(name: str) -> None:
    with pytest.raises(ValueError, match=r"is no decision rule; there are: simple, guarded, one-sided-5%, non-binary, N:1"):
        parse_rule(name)
    with pytest.raises(ValueError, match="is no decision rule"):
        decide(0.0, U08, T, name)


def test_spread_of_an_estimate() -> None:
    """By the GUM U itself, for 4.2 - (4.2 - 0.8) is not 0.8; from draws the distances to the ends."""
    symmetric = evaluate(lambda inputs: inputs.normal("x", 4.2, 0.4))
    assert Spread.of(symmetric) == Spread(0.4, 0.8, 0.8)
    assert decide(symmetric.value, Spread.of(symmetric), T, "guarded").outcome is P
    drawn = Estimate(1.0, 2.0, 2.0, math.inf, interval=(0.5, 4.5), method="Monte Carlo")
    assert Spread.of(drawn) == Spread(1.0, 0.5, 3.5)


finite = st.floats(-1e3, 1e3)
some_u = st.floats(0, 50)
two_sided = st.tuples(finite, finite).map(lambda ends: (min(ends), max(ends)))
limits_of_any_kind = st.one_of(two_sided, finite.map(lambda low: (low, None)), finite.map(lambda high: (None, high)))


@given(finite, some_u, limits_of_any_kind)
def test_a_probability_is_one(value: float, u: float, limits: Interval) -> None:
    assert 0 <= conformance(value, u, limits) <= 1


@given(finite, some_u, some_u, limits_of_any_kind, st.sampled_from(EVERY))
def test_what_passes_any_rule_passes_the_simple_one(
    value: float, below: float, above: float, limits: Interval, rule: str
) -> None:
    spread = Spread((below + above) / 4, below, above)
    found = decide(value, spread, limits, rule).outcome
    if found is P:
        assert decide(value, spread, limits, "simple").outcome is P
        assert reachable(limits, spread, rule)


@given(finite, some_u, st.floats(0, 1), limits_of_any_kind, st.sampled_from(EVERY))
def test_knowing_better_never_turns_a_pass_into_anything_else(
    value: float, u: float, share: float, limits: Interval, rule: str
) -> None:
    passed = decide(value, Spread.symmetric(u), limits, rule).outcome is P
    assert not passed or decide(value, Spread.symmetric(u * share), limits, rule).outcome is P


@given(finite, st.floats(1e-6, 50), limits_of_any_kind)
def test_a_guarded_pass_is_wrong_in_at_most_5_of_100(value: float, u: float, limits: Interval) -> None:
    """2.3 % on either side."""
    found = decide(value, Spread.symmetric(u), limits, "guarded")
    assert found.outcome is not P or found.p_c >= 0.954


@given(finite, some_u, some_u, two_sided, st.sampled_from(EVERY))
def test_the_mirror_image_has_the_mirrored_decision(
    value: float, below: float, above: float, limits: tuple[float, float], rule: str
) -> None:
    u = (below + above) / 4
    found = decide(value, Spread(u, below, above), limits, rule)
    mirrored = decide(-value, Spread(u, above, below), (-limits[1], -limits[0]), rule)
    assert mirrored.outcome is found.outcome
    assert mirrored.guard == found.guard[::-1]


@pytest.mark.parametrize(
    ("values", "limits", "which"),
    [
        ([1.0, -2.0, 0.5], (-3.0, 3.0), 1),
        ([-10.0, 5.0], (None, 0.1), 1),
        ([-10.0, 5.0], (-0.1, None), 0),
        ([0.2], (None, 1.0), 0),
    ],
)
def test_the_worst_of_several_values_is_the_one_nearest_beyond_its_limit(
    values: list[float], limits: tuple[float | None, float | None], which: int
) -> None:
    assert worst(values, limits) == which
