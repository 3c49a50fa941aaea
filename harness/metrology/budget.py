"""Uncertainty budgets. GTC (the GUM Tree Calculator) carries the uncertainty; here is how its numbers are made and read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import GTC

from harness.metrology.density import Number

COVERAGE_PCT = 95.45
_MANY_DOF = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a budget: the input's standard uncertainty, its sensitivity, and what it contributes to the result."""

    source: str
    u: float
    sensitivity: float
    contribution: float
    dof: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its expanded uncertainty (95.45 %), and the budget it comes from."""

    value: float
    expanded_uncertainty: float
    coverage_factor: float
    dof: float
    budget: tuple[Row, ...] = ()


class Inputs:
    """The input quantities of one result, in the order in which its budget lists them."""

    def __init__(self) -> None:
        self._inputs: list[Number] = []

    def normal(self, source: str, value: float, u: float, dof: float = math.inf) -> Number:
        return self._add(GTC.ureal(value, u, dof, label=source))

    def rectangular(self, source: str, value: float, half_width: float) -> Number:
        """Somewhere within ``half_width``: u = a / sqrt(3) (JCGM 100, 4.3.7)."""
        return self._add(GTC.ureal(value, half_width / math.sqrt(3), label=source))

    def estimate(self, result: Number) -> Estimate:
        """Expand a result: k = 2 from 50 effective degrees of freedom, else Student's t (JCGM 100, G.6.4)."""
        u, dof = float(GTC.uncertainty(result)), float(GTC.dof(result))
        k = 2.0 if dof >= _MANY_DOF or u == 0 else float(GTC.rp.k_factor(dof, COVERAGE_PCT))
        return Estimate(float(GTC.value(result)), k * u, k, dof, tuple(_row(result, entry) for entry in self._inputs))

    def _add(self, quantity: Number) -> Number:
        self._inputs.append(quantity)
        return quantity


def _row(result: Number, entry: Number) -> Row:
    u = float(GTC.uncertainty(entry))
    contribution = abs(float(GTC.rp.u_component(result, entry)))
    sensitivity = float(GTC.rp.u_component(result, entry)) / u if u else math.nan
    return Row(str(entry.label), u, sensitivity, contribution, float(GTC.dof(entry)))


def exact(value: float) -> Estimate:
    """A count or a setting: no uncertainty."""
    return Estimate(value, 0.0, 2.0, math.inf)
