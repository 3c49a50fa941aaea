"""What a run will be able to tell: the uncertainty of each limit's measurand on a bench, before anything moves.

The budgets are the analysis's own, at the values that the plan asks for and with the noise that the bench file states.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.analysis.view import Conditions, View
from harness.cases import Limit
from harness.forecasts import CAUTIONS, FORESEEN
from harness.forecasts.common import view_of
from harness.metrology.budget import Estimate
from harness.metrology.rules import Interval, Spread, fails_beyond, reachable, uncertainty_ratio
from harness.plan import Plan
from harness.verdicts import Verdict, judge
from instruments.errors import BenchError, ConfigError

_LARGEST = 4
_END = re.compile(r", (start|end)( level)?")


@dataclass(frozen=True, slots=True)
class Forecast:
    """One limit of one case: the expanded uncertainty that is to be expected, and what can be found out with it.

    ``value`` is what a pump shows that does exactly what it is told, ``verdict`` what it is given; ``reachable``: whether any
    value could PASS by the rule. ``fails_beyond``: the true values below and above which FAIL is to be counted on, which is the
    smallest deviation that is surely found. ``tur`` is the test uncertainty ratio, None for a limit with an open side, and where
    nothing is uncertain; ``minimum_tur`` the least that is asked for. ``shares`` are the sources that contribute most, each with
    its share of the variance; ``largest`` the first of them.
    """

    case: str
    measurand: str
    unit: str
    expanded_uncertainty: float
    limits: Interval
    rule: str
    tur: float | None
    reachable: bool
    largest: str
    value: float = 0.0
    verdict: str = Verdict.PASS.value
    minimum_tur: float | None = None
    fails_beyond: Interval = (None, None)
    shares: tuple[tuple[str, float], ...] = ()


def forecasts(plan: Plan, conditions: Conditions) -> list[Forecast]:
    """For every limit that has a budget."""
    return [found for case in plan.cases for found in of_case(case, plan, conditions)]


def of_case(case: Any, plan: Plan, conditions: Conditions) -> Iterator[Forecast]:
    """One after the other, so that whoever looks for one need not wait for all. Raises ConfigError where even the record of a
    pump that does exactly what it is told could not be judged."""
    if case.procedure not in FORESEEN:
        return
    view = view_of(case, plan, conditions)
    try:
        for foreseen in FORESEEN[case.procedure](view):
            yield _forecast(view, *foreseen)
    except BenchError as err:
        raise ConfigError(f"{plan.path}: case {case.id}: what an exact pump does in it could not be judged: {err}") from err


def warnings(plan: Plan, conditions: Conditions) -> list[str]:
    """What the cases give to think about, beside limits that cannot be judged."""
    return [*_too_light(plan, conditions), *_cautions(plan)]


def _too_light(plan: Plan, conditions: Conditions) -> Iterator[str]:
    """Below the minimum weight the balance alone takes more than a thousandth of what is weighed."""
    sheet, factor_ml_g = conditions.weighing.balance, conditions.weighing.factor_ml_g()
    for case in plan.cases:
        mass_g = case.weighed_ml / factor_ml_g
        if 0 < mass_g < sheet.least_g:
            least, enough = f"the balance's minimum weight of {sheet.least_g * 1000:g} mg", sheet.least_g * factor_ml_g
            yield (
                f"case {case.id}: {mass_g * 1000:.3g} mg will be weighed, less than {least}; weigh {enough:.3g} mL or more, "
                f"or take a balance with a minimum weight of {mass_g * 1000:.3g} mg"
            )


def _cautions(plan: Plan) -> Iterator[str]:
    for case in plan.cases:
        if case.procedure in CAUTIONS:
            yield from (f"case {case.id}: {told}" for told in CAUTIONS[case.procedure](case))


def _forecast(view: View[Any], measurand: str, unit: str, found: Estimate, limits: Interval, limit: Limit) -> Forecast:
    spread, rule, least_tur = Spread.of(found), view.rule(limit), view.least_tur(limit)
    shares = _shares(found)
    return Forecast(
        view.case.id,
        measurand,
        unit,
        found.expanded_uncertainty,
        limits,
        rule,
        uncertainty_ratio(spread, limits) if found.expanded_uncertainty else None,
        reachable(limits, spread, rule),
        shares[0][0] if shares else "",
        found.value,
        judge(measurand, found, unit, limits, rule, minimum_tur=least_tur).verdict.value,
        least_tur,
        fails_beyond(limits, spread, rule),
        shares,
    )


def _shares(found: Estimate) -> tuple[tuple[str, float], ...]:
    """Both ends of a difference may have the same source: it is named once."""
    variances: dict[str, float] = {}
    for row in found.budget:
        name = _END.sub("", row.source)
        variances[name] = variances.get(name, 0.0) + row.contribution**2
    total = sum(variances.values()) or 1.0
    ordered = sorted(variances.items(), key=lambda item: item[1], reverse=True)
    return tuple((name, variance / total) for name, variance in ordered[:_LARGEST] if variance)
