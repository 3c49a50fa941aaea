"""What a run will be able to tell: the uncertainty of each limit's measurand on a bench, before anything moves.

The budgets are the analysis's own, at the values that the plan asks for and with the noise that the bench file states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.view import Conditions
from harness.cases import Limit
from harness.forecasts import FORESEEN
from harness.forecasts.common import view_of
from harness.metrology.budget import Estimate
from harness.metrology.rules import Interval, Spread, reachable, uncertainty_ratio
from harness.plan import Plan


@dataclass(frozen=True, slots=True)
class Forecast:
    """One limit of one case: the expanded uncertainty that is to be expected, and whether any value could pass.

    ``tur`` is the test uncertainty ratio, None for a limit with an open side, and where nothing is uncertain; ``largest`` the
    source that contributes most.
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


def forecasts(plan: Plan, conditions: Conditions) -> list[Forecast]:
    """For every limit that has a budget."""
    return [
        _forecast(case.id, *foreseen, conditions)
        for case in plan.cases
        if case.procedure in FORESEEN
        for foreseen in FORESEEN[case.procedure](view_of(case, plan, conditions))
    ]


def warnings(plan: Plan, conditions: Conditions, foreseen: Sequence[Forecast]) -> list[str]:
    """What the plan cannot find out on this bench, and what stands in its way."""
    return [
        f"case {found.case}: {found.measurand}: with U = {found.expanded_uncertainty:.2g} {found.unit} to be expected, no value "
        f"can PASS by rule {found.rule!r}, it can only be INCONCLUSIVE; most of U is {found.largest}"
        for found in foreseen
        if not found.reachable
    ] + [
        f"case {case.id}: {mass_g * 1000:.3g} mg will be weighed, less than the balance's minimum weight of {least_g * 1000:g} mg"
        for case in plan.cases
        if 0 < (mass_g := case.weighed_ml / conditions.weighing.factor_ml_g()) < (least_g := conditions.weighing.balance.least_g)
    ]


def _forecast(
    case: str, measurand: str, unit: str, found: Estimate, limits: Interval, limit: Limit, told: Conditions
) -> Forecast:
    spread, rule = Spread.of(found), limit.rule or told.rule
    largest = max(found.budget, key=lambda row: row.contribution, default=None)
    return Forecast(
        case,
        measurand,
        unit,
        found.expanded_uncertainty,
        limits,
        rule,
        uncertainty_ratio(spread, limits) if found.expanded_uncertainty else None,
        reachable(limits, spread, rule),
        largest.source if largest else "",
    )
