"""Budgets: what each shape contributes, when k = 2 does not do, and what draws say in its place."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import GTC
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from harness.metrology.budget import Estimate, Inputs, Model, between, evaluate, exact, from_draws, scaled, value_of
from harness.metrology.density import Number

SHAPES: dict[str, tuple[Callable[[Inputs], Number], float]] = {
    "normal": (lambda inputs: inputs.normal("x", 5.0, 0.3), 0.3),
    "rectangular": (lambda inputs: inputs.rectangular("x", 5.0, 0.3), 0.3 / math.sqrt(3)),
    "triangular": (lambda inputs: inputs.triangular("x", 5.0, 0.3), 0.3 / math.sqrt(6)),
    "U-shaped": (lambda inputs: inputs.u_shaped("x", 5.0, 0.3), 0.3 / math.sqrt(2)),
}


@pytest.mark.parametrize(("shape", "u"), [(name, u) for name, (_, u) in SHAPES.items()])
def test_the_standard_uncertainty_of_each_shape(shape: str, u: float) -> None:
    found = evaluate(lambda inputs: -3 * SHAPES[shape][0](inputs))
    (row,) = found.budget
    assert found.value == -15.0
    assert (row.source, row.shape, row.dof) == ("x", shape, math.inf)
    assert (row.u, row.sensitivity, row.contribution) == pytest.approx((u, -3.0, 3 * u))


HALF_95 = {"normal": 2.0, "rectangular": 0.9545, "triangular": 1 - math.sqrt(0.0455), "U-shaped": math.sin(math.pi / 2 * 0.9545)}
"""Half of the 95.45 % interval: in standard uncertainties for the normal, in half widths for the others."""


@pytest.mark.parametrize(("shape", "half"), HALF_95.items())
def test_the_interval_of_one_input_alone_is_that_of_its_shape(shape: str, half: float) -> None:
    found = evaluate(SHAPES[shape][0])
    assert found.expanded_uncertainty == pytest.approx(half * 0.3, rel=0.005)
    assert found.interval == pytest.approx((5 - half * 0.3, 5 + half * 0.3), abs=0.002)
    assert found.method == ("GUM" if shape == "normal" else "Monte Carlo")
    assert found.u == pytest.approx(SHAPES[shape][1], rel=0.005)


@pytest.mark.parametrize("dof", [1, 2, 2.5, 9, 9.3, 49, 49.9, 50, 1000, math.inf])
def test_the_coverage_factor_is_students_below_fifty_degrees_of_freedom(dof: float) -> None:
    found = evaluate(lambda inputs: inputs.normal("x", 1.0, 0.1, dof))
    k = student.ppf(0.97725, dof) if dof < 50 else 2.0
    assert (found.dof, found.coverage_factor) == (pytest.approx(dof), pytest.approx(k, rel=2e-4))
    assert (found.expanded_uncertainty, found.u) == pytest.approx((k * 0.1, 0.1), rel=2e-4)


def test_degrees_of_freedom_are_those_of_welch_and_satterthwaite() -> None:
    found = evaluate(lambda inputs: inputs.normal("a", 0.0, 3.0, 4) + 2 * inputs.normal("b", 0.0, 2.0, 9))
    assert found.dof == pytest.approx(25**2 / (81 / 4 + 256 / 9))


def rectangle_in(normal: float) -> Model:
    """A rectangle with u = 1 beside a normal input."""
    return lambda inputs: inputs.rectangular("drift", 0.0, math.sqrt(3)) + inputs.normal("noise", 0.0, normal)


EDGE = (math.sqrt(1.2 / 0.2) - 1) ** 0.5
"""Excess kurtosis -1.2 / (1 + n^2)^2 is -0.2 here."""


@pytest.mark.parametrize(
    ("model", "method"),
    [
        (rectangle_in(EDGE * 0.999), "Monte Carlo"),
        (rectangle_in(EDGE * 1.001), "GUM"),
        (lambda inputs: sum(inputs.rectangular("x", 0.0, 1.0) for _ in range(5)), "Monte Carlo"),  # -1.2 / 5
        (lambda inputs: sum(inputs.rectangular("x", 0.0, 1.0) for _ in range(7)), "GUM"),
        (lambda inputs: sum(inputs.triangular("x", 0.0, 1.0) for _ in range(2)), "Monte Carlo"),  # -0.6 / 2
        (lambda inputs: sum(inputs.triangular("x", 0.0, 1.0) for _ in range(4)), "GUM"),
        (lambda inputs: sum(inputs.u_shaped("x", 0.0, 1.0) for _ in range(7)), "Monte Carlo"),  # -1.5 / 7
        (lambda inputs: sum(inputs.u_shaped("x", 0.0, 1.0) for _ in range(8)), "GUM"),
    ],
)
def test_draws_are_taken_exactly_where_the_result_is_far_from_normal(model: Model, method: str) -> None:
    assert evaluate(model).method == method


def test_of_a_rectangle_and_a_normal_that_are_alike_the_interval_lies_between_both() -> None:
    found = evaluate(rectangle_in(0.5))
    u = math.sqrt(1.25)
    assert 0.9545 * math.sqrt(3) < found.expanded_uncertainty < 2 * u
    assert found.u == pytest.approx(u, rel=0.005)
    assert found.coverage_factor == pytest.approx(found.expanded_uncertainty / u, rel=0.005)
    assert [(row.source, row.contribution) for row in found.budget] == [("drift", pytest.approx(1.0)), ("noise", 0.5)]


def test_what_is_bent_over_what_its_inputs_may_be_is_drawn() -> None:
    """x^2 around 0: the law of propagation sees no uncertainty at all."""

    def square(inputs: Inputs) -> Number:
        x = inputs.normal("x", 0.0, 1.0)
        return x * x

    assert evaluate(square).expanded_uncertainty == 0.0
    found = evaluate(square, bent=True)
    assert (found.value, found.method) == (0.0, "Monte Carlo")
    assert found.interval == pytest.approx((0.0285**2, 2.2783**2), rel=0.03)
    assert found.expanded_uncertainty == pytest.approx((found.interval[1] - found.interval[0]) / 2)


def test_a_type_a_input_is_drawn_with_its_degrees_of_freedom() -> None:
    found = evaluate(lambda inputs: inputs.normal("x", 1.0, 0.1, 4), bent=True)
    assert found.expanded_uncertainty == pytest.approx(0.1 * 2.869315, rel=0.01)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_again_is_the_same_to_the_last_bit(shape: str) -> None:
    first, again = (evaluate(SHAPES[shape][0], bent=True) for _ in range(2))
    assert first == again


def test_inputs_are_drawn_independently_of_each_other() -> None:
    found = evaluate(lambda inputs: inputs.normal("a", 0.0, 1.0) - inputs.normal("b", 0.0, 1.0), bent=True)
    assert found.u == pytest.approx(math.sqrt(2), rel=0.01)


def test_an_input_that_is_used_twice_counts_as_one() -> None:
    def model(inputs: Inputs) -> Number:
        x = inputs.normal("x", 1.0, 0.1)
        return x - 0.5 * x

    assert evaluate(model).u == pytest.approx(0.05)
    assert len(evaluate(model).budget) == 1


def test_draws_make_an_interval_with_as_much_below_as_above() -> None:
    found = from_draws(Estimate(7.0, 1.0, 2.0, 30.0), np.arange(100_001.0))
    assert found.interval == pytest.approx((2275.0, 97725.0))
    assert (found.value, found.dof, found.method) == (7.0, 30.0, "Monte Carlo")
    assert found.expanded_uncertainty == pytest.approx(47725.0)
    assert found.u == pytest.approx(100_000 / math.sqrt(12), rel=1e-4)


@pytest.mark.parametrize("value", [0.0, -3.5])
def test_what_has_no_uncertainty(value: float) -> None:
    assert exact(value) == Estimate(value, 0.0, 2.0, math.inf)
    assert exact(value).interval == (value, value)
    found = evaluate(lambda inputs: inputs.rectangular("x", value, 0.0), bent=True)
    assert (found.value, found.u, found.interval) == (value, 0.0, (value, value))


LOPSIDED = from_draws(evaluate(lambda inputs: inputs.normal("x (mL)", 2.0, 0.1, 8.0)), np.linspace(1.0, 2.0, 10_001) ** 2)


@pytest.mark.parametrize("found", [evaluate(rectangle_in(2.0)), LOPSIDED], ids=["GUM", "Monte Carlo"])
@pytest.mark.parametrize(("factor", "offset"), [(1000.0, 0.0), (50.0, -100.0), (-2.0, 3.0)])
def test_another_unit(found: Estimate, factor: float, offset: float) -> None:
    told = scaled(found, factor, offset)
    ends = sorted(factor * end + offset for end in found.interval)
    assert (told.value, told.expanded_uncertainty) == pytest.approx(
        (factor * found.value + offset, abs(factor) * found.expanded_uncertainty)
    )
    assert told.interval == pytest.approx(tuple(ends))
    assert (told.coverage_factor, told.dof, told.method) == (found.coverage_factor, found.dof, found.method)
    for row, before in zip(told.budget, found.budget, strict=True):
        assert row == replace(before, sensitivity=factor * before.sensitivity, contribution=abs(factor) * before.contribution)


KNOWN, VALUES = np.array([0.0, 1.0, 3.0]), np.array([5.0, 7.0, 1.0])


@pytest.mark.parametrize(("at", "value", "slope"), [(0.5, 6.0, 2.0), (2.0, 4.0, -3.0), (2.9, 1.3, -3.0), (0.0, 5.0, 2.0)])
def test_between_known_values_go_straight_lines(at: float, value: float, slope: float) -> None:
    at_uncertain = GTC.ureal(at, 0.01)
    found = between(KNOWN, VALUES, at_uncertain)
    assert GTC.value(found) == pytest.approx(value)
    assert GTC.rp.u_component(found, at_uncertain) == pytest.approx(0.01 * slope)
    assert between(KNOWN, VALUES, np.array([at, 1.0])) == pytest.approx([value, 7.0])


def test_of_one_known_value_it_is_that() -> None:
    assert GTC.value(between(KNOWN[:1], VALUES[:1], GTC.ureal(9.0, 1.0))) == 5.0
    assert between(KNOWN[:1], VALUES[:1], np.array([9.0, 10.0])) == pytest.approx([5.0, 5.0])


@given(st.floats(-100, 100), st.floats(0.01, 10), st.floats(0.01, 10))
def test_law_of_propagation_for_a_product(value: float, one: float, other: float) -> None:
    found = evaluate(lambda inputs: inputs.normal("a", value, one) * inputs.normal("b", 2.0, other))
    assert found.u == pytest.approx(math.hypot(2 * one, value * other))
    assert value_of(lambda inputs: inputs.normal("a", value, one) * 2) == pytest.approx(2 * value)
