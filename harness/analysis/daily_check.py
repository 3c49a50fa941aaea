"""The daily check of the balance: what it shows of a known weight, how well it repeats that, its zero, and how still it stands.

The balance is what is judged here, so its linearity and sensitivity are in the deviation that is found and not in its budget:
that has the weight's certificate and what the weighings themselves may be wrong by (gravimetric-metrology, sections 6 and 8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.analysis.masses import fit_line, last, level
from harness.analysis.view import View
from harness.cases import DailyCheckCase
from harness.metrology.budget import Estimate, Inputs, evaluate, from_draws
from harness.metrology.density import Number
from harness.record import FloatArray
from harness.verdicts import Measurand

DEVIATION, REPEATABILITY, ZERO = "deviation from the check weight", "repeatability", "zero return"
DRIFT, SCATTER = "drift at rest", "scatter at rest"
"""Names of the measurands; all are in mg."""

_MG = 1000.0
_DRAWS, _SEED = 100_000, 101


@dataclass(frozen=True, slots=True)
class Weighings:
    """Means in mg: each time with the weight, and the zeros, the one before the first weight included.

    ``apart_h`` is the mean time between a weighing with the weight and the zero after it, ``readings`` the number of independent
    readings in the poorest of the weighings.
    """

    loaded_mg: FloatArray
    zeros_mg: FloatArray
    apart_h: float
    readings: float

    @property
    def count(self) -> int:
        return len(self.loaded_mg)

    @property
    def differences_mg(self) -> FloatArray:
        """With the weight, less the zero after it: no two share a weighing, so they are independent."""
        return np.asarray(self.loaded_mg - self.zeros_mg[1:])

    @property
    def returns_mg(self) -> FloatArray:
        """Zero after a weight has been on the pan, less the zero before."""
        return np.diff(self.zeros_mg)


def judge_daily_check(view: View[DailyCheckCase]) -> list[Measurand]:
    """Deviation, repeatability, zero return, drift and scatter at rest. Raises BenchError where a weighing has no reading."""
    found = weighings(view)
    return [_deviation(view, found), _repeatability(view, found), _zero(view, found), *_stability(view)]


def weighings(view: View[DailyCheckCase]) -> Weighings:
    """The means of all weighings of a check."""
    numbers = range(1, view.case.placements + 1)
    loaded = [level(view.series(f"weight {number}")) for number in numbers]
    zeros = [last(view.series("still"), view.case.hold), *(level(view.series(f"zero {number}")) for number in numbers)]
    apart_s = np.mean([zero.moment_s - on.moment_s for on, zero in zip(loaded, zeros[1:], strict=True)])
    masses_mg = [np.array([one.mass_g for one in levels]) * _MG for levels in (loaded, zeros)]
    return Weighings(masses_mg[0], masses_mg[1], float(apart_s) / 3600, min(one.independent for one in [*loaded, *zeros]))


def _deviation(view: View[DailyCheckCase], found: Weighings) -> Measurand:
    """What the balance shows of the weight, less its conventional mass."""
    case, differences_mg, count = view.case, found.differences_mg, found.count
    mean_mg, s_mg = float(differences_mg.mean()), float(differences_mg.std(ddof=1))

    def deviation_mg(inputs: Inputs) -> Number:
        shown = inputs.normal("scatter of the weighings, s / sqrt(n) (mg)", mean_mg, s_mg / count**0.5, count - 1)
        weight = inputs.normal(
            "check weight, by its certificate (mg)", case.check_weight * _MG, case.check_weight_uncertainty * _MG
        )
        return shown - weight + _of_the_weighings(inputs, view, found)

    detail = f"mean {mean_mg / _MG:.6f} g of a weight of {case.check_weight:.6f} g, n = {count}"
    return view.judge(DEVIATION, evaluate(deviation_mg), "mg", case.deviation, detail)


def _of_the_weighings(inputs: Inputs, view: View[DailyCheckCase], found: Weighings) -> Number:
    """What a difference of two weighings may be wrong by although it repeats: rounding, and what drifts or evaporates meanwhile.

    Where the balance's noise shows, rounding averages out over the readings of a weighing.
    """
    sheet, vessel = view.conditions.weighing.balance, view.conditions.weighing.vessel
    rounding_mg = sheet.readability * _MG / 2 / (found.readings**0.5 if sheet.shows_noise else 1.0)
    moved_mg = (sheet.drift + vessel.evaporation_at_most) * found.apart_h * _MG
    return (
        inputs.rectangular("readability, first weighing (mg)", 0.0, rounding_mg)
        + inputs.rectangular("readability, second weighing (mg)", 0.0, rounding_mg)
        + inputs.rectangular("drift and evaporation between the two (mg)", 0.0, moved_mg)
    )


def _repeatability(view: View[DailyCheckCase], found: Weighings) -> Measurand:
    """s of the differences, with n - 1 degrees of freedom."""
    limit, detail = view.case.repeatability, f"of differences of two weighings, n = {found.count}"
    estimate = scatter(float(found.differences_mg.std(ddof=1)), found.count - 1)
    return view.judge(REPEATABILITY, estimate, "mg", limit, detail)


def scatter(s: float, dof: float) -> Estimate:
    """A standard deviation with the interval that holds the true one: dof s^2 / chi^2, drawn, as it is far from normal.

    Its standard uncertainty in the budget is s / sqrt(2 dof) (JCGM 100, E.4.3).
    """
    found = evaluate(lambda inputs: inputs.normal("scatter of a scatter, s / sqrt(2 (n - 1))", s, s / (2 * dof) ** 0.5, dof))
    return from_draws(found, s * np.sqrt(dof / np.random.default_rng(_SEED).chisquare(dof, _DRAWS)))


def _zero(view: View[DailyCheckCase], found: Weighings) -> Measurand:
    """The largest change of the zero while the weight was put on and taken off."""
    returns_mg = found.returns_mg
    worst = int(np.abs(returns_mg).argmax())
    s_mg = float(returns_mg.std(ddof=1))

    def zero_mg(inputs: Inputs) -> Number:
        change = inputs.normal("scatter of the zeros (mg)", float(returns_mg[worst]), s_mg, found.count - 1)
        return change + _of_the_weighings(inputs, view, found)

    detail = f"the largest of {found.count}, after weight {worst + 1}"
    return view.judge(ZERO, evaluate(zero_mg), "mg", view.case.zero, detail)


def _stability(view: View[DailyCheckCase]) -> list[Measurand]:
    """While nothing is touched: how far a straight line through the readings goes, and how they scatter around it."""
    series, limit = view.series("still"), view.case.stability
    line, span_s = fit_line(series), float(series.moments_s[-1] - series.moments_s[0])
    drift = evaluate(
        lambda inputs: inputs.normal("slope of the readings (mg)", line.slope_g_s * span_s * _MG, line.u_g_s * span_s * _MG)
    )
    around = level(series)
    rest = scatter(around.residual_g * _MG, max(1.0, around.independent - 2))
    detail = f"over {span_s:.0f} s"
    return [
        view.judge(DRIFT, drift, "mg", limit, detail),
        view.judge(SCATTER, rest, "mg", limit, detail, (None, limit.most)),
    ]
