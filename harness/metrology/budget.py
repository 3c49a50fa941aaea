"""Uncertainty budgets. GTC (the GUM Tree Calculator) carries the uncertainty; where the result is far from normal, draws do.

A model is written once, as a function of its inputs. It is evaluated with GTC's uncertain numbers, and a second time with
arrays of draws where a straight application of k = 2 would not cover what it says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Literal, Protocol

import GTC
import numpy as np

from harness.metrology.density import Number
from harness.record import FloatArray

COVERAGE_PCT = 95.45
_MANY_DOF = 50
_DRAWS = 50_000
"""As many leave the ends of an interval uncertain by half a percent of U."""
_KEPT = 32
_SEED = 101
_FAR = 0.2
"""Excess kurtosis from which a result is far from normal: from there on k = 2 covers 1 % more, or less, than it says."""
_FLATNESS = {"normal": 0.0, "rectangular": -1.2, "triangular": -0.6, "U-shaped": -1.5}
"""Excess kurtosis by shape."""
_WIDTH = {"rectangular": 3**0.5, "triangular": 6**0.5, "U-shaped": 2**0.5}
"""Half width over standard uncertainty (JCGM 100, 4.3.7 and 4.3.9; gravimetric-metrology, section 8)."""

Method = Literal["GUM", "Monte Carlo"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a budget: the input's standard uncertainty, its sensitivity, and what it contributes to the result."""

    source: str
    u: float
    sensitivity: float
    contribution: float
    dof: float
    shape: str = "normal"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its standard uncertainty and its 95.45 % interval, and the budget it comes from.

    ``expanded_uncertainty`` is half of the interval's width, ``coverage_factor`` what that is in standard uncertainties. By the
    GUM the interval lies evenly around the value; from draws it has as much probability below as above.
    """

    value: float
    expanded_uncertainty: float
    coverage_factor: float
    dof: float
    budget: tuple[Row, ...] = ()
    interval: tuple[float, float] = (math.nan, math.nan)
    method: Method = "GUM"

    @property
    def u(self) -> float:
        return self.expanded_uncertainty / self.coverage_factor

    def __post_init__(self) -> None:
        if self.method == "GUM":
            ends = self.value - self.expanded_uncertainty, self.value + self.expanded_uncertainty
            object.__setattr__(self, "interval", ends)


class Inputs(Protocol):
    """The input quantities of one result, in the order in which its budget lists them."""

    def normal(self, source: str, value: float, u: float, dof: float = math.inf) -> Number: ...

    def rectangular(self, source: str, value: float, half_width: float) -> Number: ...

    def triangular(self, source: str, value: float, half_width: float) -> Number: ...

    def u_shaped(self, source: str, value: float, half_width: float) -> Number: ...


Model = Callable[[Inputs], Number]


class _Shapes:
    """The bounded shapes, by their half width."""

    def rectangular(self, source: str, value: float, half_width: float) -> Number:
        return self._bounded("rectangular", source, value, half_width)

    def triangular(self, source: str, value: float, half_width: float) -> Number:
        return self._bounded("triangular", source, value, half_width)

    def u_shaped(self, source: str, value: float, half_width: float) -> Number:
        return self._bounded("U-shaped", source, value, half_width)

    def _bounded(self, shape: str, source: str, value: float, half_width: float) -> Number:
        raise NotImplementedError


class _Propagated(_Shapes):
    """Inputs as uncertain numbers: the law of propagation."""

    def __init__(self) -> None:
        self.entries: list[tuple[Number, str]] = []

    def normal(self, source: str, value: float, u: float, dof: float = math.inf) -> Number:
        return self._add(GTC.ureal(value, u, dof, label=source), "normal")

    def _bounded(self, shape: str, source: str, value: float, half_width: float) -> Number:
        return self._add(GTC.ureal(value, half_width / _WIDTH[shape], label=source), shape)

    def _add(self, quantity: Number, shape: str) -> Number:
        self.entries.append((quantity, shape))
        return quantity


class _Drawn(_Shapes):
    """Inputs as draws (JCGM 101, 6.4): a type A input is drawn from the t distribution of its degrees of freedom."""

    def __init__(self) -> None:
        self._number = count()

    def normal(self, source: str, value: float, u: float, dof: float = math.inf) -> Number:
        del source
        return value + u * _standard("normal", dof, next(self._number))

    def _bounded(self, shape: str, source: str, value: float, half_width: float) -> Number:
        del source
        return value + half_width * _standard(shape, math.inf, next(self._number))


@lru_cache(maxsize=_KEPT)
def _standard(shape: str, dof: float, number: int) -> FloatArray:
    """Draws for the input of a model that has this number: of unit width around 0, and always the same."""
    random = np.random.default_rng([_SEED, number])
    drawn = random.uniform(-1, 1, _DRAWS) if shape in _WIDTH else random.standard_normal(_DRAWS)
    if shape == "triangular":
        drawn = (drawn + random.uniform(-1, 1, _DRAWS)) / 2
    if shape == "U-shaped":
        drawn = np.sin(np.pi * drawn)
    return np.asarray(drawn if math.isinf(dof) else drawn / np.sqrt(random.chisquare(dof, _DRAWS) / dof))


def evaluate(model: Model, *, bent: bool = False) -> Estimate:
    """The result of a model with its budget: by the law of propagation, and by draws where that is not good enough.

    k is 2 from 50 effective degrees of freedom, else Student's t (JCGM 100, G.6.4). Where the result is far from normal, or the
    model is ``bent`` over what its inputs may be, the interval is taken from seeded draws (JCGM 101, 7.7); ``method`` says so.
    """
    inputs = _Propagated()
    result = model(inputs)
    u, dof = float(GTC.uncertainty(result)), float(GTC.dof(result))
    rows = tuple(_row(result, entry, shape) for entry, shape in inputs.entries)
    k = 2.0 if dof >= _MANY_DOF or u == 0 else float(GTC.rp.k_factor(dof, COVERAGE_PCT))
    found = Estimate(float(GTC.value(result)), k * u, k, dof, rows)
    return drawn(found, model) if bent or abs(_excess_kurtosis(rows, u)) > _FAR else found


def value_of(model: Model) -> float:
    """The result alone."""
    return float(GTC.value(model(_Propagated())))


def drawn(found: Estimate, model: Model) -> Estimate:
    """The same estimate with the interval that draws of its inputs give."""
    return from_draws(found, np.asarray(model(_Drawn()), dtype=np.float64))


def from_draws(found: Estimate, values: FloatArray) -> Estimate:
    """An estimate with the interval that holds 95.45 % of ``values``, as many below it as above."""
    tail = (1 - COVERAGE_PCT / 100) / 2
    low, high = (float(end) for end in np.quantile(values, (tail, 1 - tail)))
    u = float(values.std())
    expanded = (high - low) / 2
    k = expanded / u if u > 0 else 2.0
    return Estimate(found.value, expanded, k, found.dof, found.budget, (low, high), "Monte Carlo")


def _excess_kurtosis(rows: tuple[Row, ...], u: float) -> float:
    """Of a sum of independent contributions: the fourth cumulants add up."""
    return sum(_FLATNESS[row.shape] * row.contribution**4 for row in rows) / u**4 if u > 0 else 0.0


def _row(result: Number, entry: Number, shape: str) -> Row:
    u = float(GTC.uncertainty(entry))
    component = float(GTC.rp.u_component(result, entry))
    return Row(str(entry.label), u, component / u if u else math.nan, abs(component), float(GTC.dof(entry)), shape)


def between(known: FloatArray, values: FloatArray, at: Number) -> Number:
    """The value at ``at`` by straight lines between ``values`` at ``known`` (rising), for an input as for an array of draws."""
    if len(known) < 2:
        return float(values[0]) + 0 * at
    if isinstance(at, np.ndarray):
        return np.interp(at, known, values)
    here = float(GTC.value(at))
    part = int(np.clip(np.searchsorted(known, here), 1, len(known) - 1))
    (x0, x1), (y0, y1) = known[part - 1 : part + 1].tolist(), values[part - 1 : part + 1].tolist()
    return y0 + (at - x0) * ((y1 - y0) / (x1 - x0))


def exact(value: float) -> Estimate:
    """A count or a setting: no uncertainty."""
    return Estimate(value, 0.0, 2.0, math.inf)


def scaled(found: Estimate, factor: float, offset: float = 0.0) -> Estimate:
    """``factor * found + offset``, as in a change of unit or from a value to its error; the budget is the value's own."""
    ends = sorted(end * factor + offset for end in found.interval)
    expanded = found.expanded_uncertainty * abs(factor)
    budget = tuple(
        Row(row.source, row.u, row.sensitivity * factor, row.contribution * abs(factor), row.dof, row.shape)
        for row in found.budget
    )
    value = found.value * factor + offset
    return Estimate(value, expanded, found.coverage_factor, found.dof, budget, (ends[0], ends[1]), found.method)
