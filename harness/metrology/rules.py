"""Decision rules: what a value with its uncertainty says about its limits (gravimetric-metrology, section 9; ILAC-G8, JCGM 106).

A plan names its rule; the table below says what a name means. T are the limits, A what is left of them inside the guard
bands. Limits are inclusive, to the last bit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scipy.special import ndtr

from harness.metrology.budget import Estimate

Interval = tuple[float | None, float | None]
"""Lower and upper limit; None is an open side."""

Pair = tuple[float, float]
"""One number for the lower limit, one for the upper."""

_ONE_SIDED_5_PCT = 1.645
"""The normal deviate that is exceeded with a probability of 5 %."""


class Outcome(StrEnum):
    """What a rule can say of a value. The conditional ones are the non-binary rule's."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    CONDITIONAL_PASS = "CONDITIONAL_PASS"
    CONDITIONAL_FAIL = "CONDITIONAL_FAIL"


def around(nominal: float, deviation_pct: Interval) -> Interval:
    """Limits of a value whose deviation from ``nominal``, in percent of it, has limits."""
    low, high = (None if side is None else nominal * (1 + side / 100) for side in deviation_pct)
    return low, high


def worst(values: Sequence[float], limits: Interval) -> int:
    """Which of several values breaks the limits by most, or keeps to them by least."""
    low, high = limits
    beyond = [max(-math.inf if low is None else low - value, -math.inf if high is None else value - high) for value in values]
    return beyond.index(max(beyond))


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard uncertainty, and the distances from the value down and up to the ends of its 95.45 % interval.

    Where they differ, a lower limit is guarded by what lies ``below`` the value and an upper limit by what lies ``above``.
    """

    u: float
    below: float
    above: float

    @classmethod
    def symmetric(cls, u: float, k: float = 2.0) -> Spread:
        return cls(u, k * u, k * u)

    @classmethod
    def of(cls, found: Estimate) -> Spread:
        """By the GUM, U itself on both sides: the interval's ends are rounded, and a limit may be hit to the last bit."""
        if found.method == "GUM":
            return cls(found.u, found.expanded_uncertainty, found.expanded_uncertainty)
        return cls(found.u, found.value - found.interval[0], found.interval[1] - found.value)


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome and what it was taken from: A, the guard bands inside the lower and the upper limit, p_c and TUR.

    ``p_c`` is the conformance probability under a normal distribution; ``tur`` the test uncertainty ratio
    (T_U - T_L)/(2U), None for a limit with an open side.
    """

    outcome: Outcome
    acceptance: Interval
    guard: Pair
    p_c: float
    tur: float | None


def _none(spread: Spread) -> Pair:
    return 0.0, 0.0


def _expanded(spread: Spread) -> Pair:
    """A side of the interval that does not reach the value guards nothing; it never widens a limit."""
    return max(0.0, spread.below), max(0.0, spread.above)


def _five_pct(spread: Spread) -> Pair:
    """1.645 u; where the interval is lopsided no less than the same share of its longer side."""
    least = _ONE_SIDED_5_PCT * spread.u
    if spread.below == spread.above:
        return least, least
    share = _ONE_SIDED_5_PCT / 2
    return max(least, share * spread.below), max(least, share * spread.above)


@dataclass(frozen=True, slots=True)
class _Rule:
    """Width of the guard bands, and what a value says that lies in one: inside T, or outside it by no more than that."""

    guard: Callable[[Spread], Pair]
    inside: Outcome = Outcome.INCONCLUSIVE
    outside: Outcome = Outcome.FAIL
    least_tur: float = 0.0


_RULES: Mapping[str, _Rule] = {
    "simple": _Rule(_none),
    "guarded": _Rule(_expanded),
    "one-sided-5%": _Rule(_five_pct),
    "non-binary": _Rule(_expanded, Outcome.CONDITIONAL_PASS, Outcome.CONDITIONAL_FAIL),
}
_RATIO = re.compile(r"([1-9][0-9]*):1")
_LEAST_RATIO = 2
RULE_NAMES = (*_RULES, "N:1 (N a whole number from 2, like 4:1)")


def parse_rule(text: str) -> str:
    """The name of a rule as it stands in a plan, unchanged. Raises ValueError with all names for any other text."""
    _rule(text)
    return text


def _rule(name: str) -> _Rule:
    ratio = _RATIO.fullmatch(name)
    if ratio is not None and int(ratio[1]) >= _LEAST_RATIO:
        return _Rule(_none, least_tur=float(ratio[1]))
    if name not in _RULES:
        raise ValueError(f"{name!r} is no decision rule; there are: {', '.join(RULE_NAMES)}")
    return _RULES[name]


def decide(value: float, spread: Spread, limits: Interval, rule: str) -> Decision:
    """Judge a value by its limits. Value, spread and limits in one unit, whichever it is.

    Inside A is PASS, outside T is FAIL; between them ``guarded`` and ``one-sided-5%`` say INCONCLUSIVE. ``non-binary`` says
    CONDITIONAL_PASS there, and CONDITIONAL_FAIL up to w outside T. ``N:1`` is simple acceptance where TUR is N at least and
    INCONCLUSIVE for every value where it is not; a limit with an open side has no TUR. What is not a number is
    INCONCLUSIVE. Raises ValueError for an unknown rule.
    """
    applied = _rule(rule)
    guard, tur = applied.guard(spread), uncertainty_ratio(spread, limits)
    return Decision(
        _outcome(value, spread, limits, applied), _inside(limits, guard), guard, conformance(value, spread.u, limits), tur
    )


def reachable(limits: Interval, spread: Spread, rule: str) -> bool:
    """Whether any value at all could PASS; False where the guard bands eat the tolerance, or TUR is below what N:1 asks."""
    applied = _rule(rule)
    low, high = _ends(_inside(limits, applied.guard(spread)))
    return _decidable(0.0, spread, limits, applied) and low <= high and low < math.inf and high > -math.inf


def fails_beyond(limits: Interval, spread: Spread, rule: str) -> Interval:
    """The true values below and above which FAIL is to be counted on: nowhere for an open side, or a rule that cannot decide.

    A measured value fails beyond T, by ``non-binary`` beyond T and its guard band. The true one has to lie farther out by the
    reach of the interval, so that 97.7 % of what is measured then fails.
    """
    applied = _rule(rule)
    if not _decidable(0.0, spread, limits, applied):
        return None, None
    guard = applied.guard(spread) if applied.outside is not Outcome.FAIL else _none(spread)
    below, above = _expanded(spread)
    return _inside(limits, (-guard[1] - below, -guard[0] - above))


def conformance(value: float, u: float, limits: Interval) -> float:
    """Probability that the true value lies inside the limits, 0 to 1 (JCGM 106, flat prior, normal distribution).

    p_c = Phi((T_U - y)/u) - Phi((T_L - y)/u); an open side is left out; with u = 0 it is 0 or 1.
    """
    low, high = _ends(limits)
    if math.isnan(value) or math.isnan(u):
        return math.nan
    if u == 0:
        return float(low <= value <= high)
    below, above = (low - value) / u, (high - value) / u
    if below > 0:  # both close to 1: their complements keep the digits
        below, above = -above, -below
    return max(0.0, float(ndtr(above) - ndtr(below)))


def uncertainty_ratio(spread: Spread, limits: Interval) -> float | None:
    """TUR = (T_U - T_L)/(2U), 2U being the width of the interval; infinite for U = 0, None for a limit with an open side."""
    low, high = limits
    if low is None or high is None:
        return None
    width = spread.below + spread.above
    return math.inf if width == 0 else (high - low) / width


def _outcome(value: float, spread: Spread, limits: Interval, rule: _Rule) -> Outcome:
    if not _decidable(value, spread, limits, rule):
        return Outcome.INCONCLUSIVE
    at_lower, at_upper = rule.guard(spread)
    if _within(value, _inside(limits, (at_lower, at_upper))):
        return Outcome.PASS
    if _within(value, limits):
        return rule.inside
    # A value below the lower limit may be inside by what lies above it, and the other way round.
    return rule.outside if _within(value, _inside(limits, (-at_upper, -at_lower))) else Outcome.FAIL


def _decidable(value: float, spread: Spread, limits: Interval, rule: _Rule) -> bool:
    if any(map(math.isnan, (value, spread.u, spread.below, spread.above))):
        return False
    tur = uncertainty_ratio(spread, limits)
    return rule.least_tur == 0 or (tur is not None and tur >= rule.least_tur)


def _inside(limits: Interval, guard: Pair) -> Interval:
    low, high = limits
    return None if low is None else low + guard[0], None if high is None else high - guard[1]


def _within(value: float, limits: Interval) -> bool:
    low, high = _ends(limits)
    return low <= value <= high


def _ends(limits: Interval) -> Pair:
    low, high = limits
    return -math.inf if low is None else low, math.inf if high is None else high
