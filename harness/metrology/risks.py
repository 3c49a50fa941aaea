"""What a decision may cost: the risk of accepting what does not conform, and of rejecting what does (JCGM 106).

Formulas: gravimetric-metrology, section 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

from scipy.integrate import quad

from harness.metrology.rules import Interval, conformance
from instruments.errors import ConfigError

_FAR = 12.0
"""Standard deviations beyond which a normal distribution holds nothing."""
_PRECISE = 1e-13


@dataclass(frozen=True, slots=True)
class Risks:
    """Probabilities, 0 to 1."""

    false_accept: float
    false_reject: float


def specific_risks(p_c: float) -> Risks:
    """Of one value with its conformance probability: of a false accept if it is accepted, of a false reject if rejected."""
    return Risks(1 - p_c, p_c)


@dataclass(frozen=True, slots=True)
class Process:
    """What is known of the pumps before one is measured: their true values are N(mean, sd). In the unit of the limits."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not self.sd > 0:
            raise ConfigError(f"a process has a standard deviation above 0, not {self.sd:g}")


def global_risks(process: Process, u: float, limits: Interval, acceptance: Interval) -> Risks:
    """Before anything is measured: PFA and PFR of an item of the process, measured with standard uncertainty ``u``.

    Accepted is what is measured inside ``acceptance``, conforming what truly is inside ``limits``
    (quadrature, to 1e-9). Raises ConfigError for a negative ``u``.
    """
    if not u >= 0:
        raise ConfigError(f"a standard uncertainty is 0 or more, not {u:g}")
    prior = NormalDist(process.mean, process.sd).pdf
    edges = _edges(process, u, limits, acceptance)
    false_accept = false_reject = 0.0
    for low, high in pairwise(edges):
        if conformance((low + high) / 2, 0.0, limits):
            false_reject += _integral(lambda true: prior(true) * (1 - conformance(true, u, acceptance)), low, high)
        else:
            false_accept += _integral(lambda true: prior(true) * conformance(true, u, acceptance), low, high)
    return Risks(false_accept, false_reject)


def _edges(process: Process, u: float, limits: Interval, acceptance: Interval) -> list[float]:
    """Where to cut the integral: at the limits, and around each step of the integrand, which may be narrow."""
    low, high = process.mean - _FAR * process.sd, process.mean + _FAR * process.sd
    steps = [end + reach * u for end in (*limits, *acceptance) if end is not None for reach in (-_FAR, 0.0, _FAR)]
    inside = {edge for edge in (*steps, process.mean) if low < edge < high}
    edges = sorted({low, high} | inside)
    return [edges[0], *(edge for edge, before in zip(edges[1:], edges, strict=False) if edge - before > _PRECISE * process.sd)]


def _integral(density: Callable[[float], float], low: float, high: float) -> float:
    return float(quad(density, low, high, epsabs=_PRECISE, epsrel=_PRECISE**0.5)[0])
