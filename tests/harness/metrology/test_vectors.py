"""Weighing against the reference's worked budgets (tests/data/vectors); other vectors are tested beside their modules."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from harness.metrology.budget import Estimate, Inputs, evaluate, value_of
from harness.metrology.density import Number
from harness.metrology.volume import Evaporation, Level, Weighing
from harness.stands import BalanceSheet, Environment, Liquid, Needle, Vessel
from tests.conftest import DATA

BUDGETS: list[dict[str, Any]] = json.loads((DATA / "vectors" / "uncertainty_budgets.json").read_text())
SHEET = BalanceSheet.model_validate({"readability": "0.1 mg", "repeatability": "0.1 mg", "drift": "0.3 mg/h"})
RIG = Weighing(
    SHEET,
    Needle.model_validate({"outer_diameter": "0.82 mm", "capillary": "0.5 mg"}),
    Vessel.model_validate({"inner_diameter": "30 mm"}),
    Liquid.model_validate({"temperature": "22 degC"}),
    Environment.model_validate({"pressure": "1005 hPa", "humidity": "45 %"}),
)


@pytest.mark.parametrize("expected", BUDGETS, ids=[budget["name"] for budget in BUDGETS])
def test_budgets_of_the_reference(expected: dict[str, Any]) -> None:
    """Each component as the reference gives it, through our way of propagating: same u_c, dof and contributions; k = 2."""

    def model(inputs: Inputs) -> Number:
        return expected["value"] + sum(
            component["sensitivity"] * inputs.normal(component["source"], 0.0, component["u"], component["dof"] or math.inf)
            for component in expected["components"]
        )

    found = evaluate(model)
    assert found.dof == pytest.approx(expected["nu_eff"] or math.inf, rel=1e-6)
    assert (found.u, found.expanded_uncertainty) == pytest.approx((expected["u_c"], expected["U_k2"]), rel=1e-9)
    contributions = [row.contribution for row in found.budget]
    assert contributions == pytest.approx([component["contribution"] for component in expected["components"]], rel=1e-9)


@pytest.mark.parametrize(("elapsed_s", "loss_g_h"), [(7200.0, 0.001), (7200.0, 0.0), (60.0, 0.02)])
def test_weigh_out_is_the_mirror_of_weigh_in(elapsed_s: float, loss_g_h: float) -> None:
    """A reservoir that loses what a vessel gains delivers the same; evaporation takes from both."""
    volumes = []
    for sign in (1, -1):
        weighing = Weighing(SHEET, Needle(), Vessel(), Liquid(), Environment(), sign=sign)
        ends = Level(0.0, 30.0), Level(elapsed_s, 30.0 + sign * 1.0 - loss_g_h * elapsed_s / 3600)
        volumes.append(value_of(lambda inputs, w=weighing, e=ends: w.volume_ml(inputs, *e, Evaporation(loss_g_h, 0.0))))
    assert volumes[0] == pytest.approx(volumes[1], rel=1e-12)
    assert volumes[0] == pytest.approx(weighing.factor_ml_g(), rel=1e-12)


def bolus(count: int) -> Estimate:
    """1 mL in 3 min between two levels of so many readings, on the rig of worked budget B."""
    change_g = BUDGETS[1]["inputs"]["delta_W_mg"] / 1000
    ends = Level(0.0, 0.0, count, 1.04e-4), Level(180.0, change_g, count, 1.04e-4)
    return evaluate(lambda inputs: RIG.volume_ml(inputs, *ends, Evaporation(0.0, 2e-4)))


WORKED_B = [(1, ("basal",), 0.90), (300, ("basal", "repeat", "readab"), 0.833)]


@pytest.mark.parametrize(("count", "left_out", "expanded_ul"), WORKED_B, ids=["single readings", "levels of 300"])
def test_our_budget_of_a_bolus_is_the_worked_one_but_for_levels_and_wetting(
    count: int, left_out: tuple[str, ...], expanded_ul: float
) -> None:
    """Worked budget B: U = 0.71 uL for 1 mL in 3 min.

    There the needle's wetting counts once. It sticks and slips at the start as at the end, so here it counts twice, and the
    whole is larger; two rectangles weigh so much that the interval is drawn, and is less than 2 u. A level of 300 readings has
    next to no repeatability and readability, where B has single ones. Basal flow is not the balance's.
    """
    theirs_ul = {part["source"]: 1000 * part["contribution"] for part in BUDGETS[1]["components"]}
    (wetting_ul,) = [ul for source, ul in theirs_ul.items() if "capillary" in source]
    kept_ul = [ul for source, ul in theirs_ul.items() if not any(word in source for word in left_out)]
    found = bolus(count)
    ours_ul = 1000 * math.hypot(*(row.contribution for row in found.budget))
    assert ours_ul == pytest.approx(math.hypot(*kept_ul, wetting_ul), rel=0.005)
    assert (found.method, 1000 * found.expanded_uncertainty) == ("Monte Carlo", pytest.approx(expanded_ul, abs=0.01))


@pytest.mark.parametrize(("dof", "k"), [(9, 2.32), (49, 2.05), (50, 2.0), (math.inf, 2.0)])
def test_coverage_factor_follows_the_degrees_of_freedom(dof: float, k: float) -> None:
    assert evaluate(lambda inputs: inputs.normal("x", 1.0, 0.1, dof)).coverage_factor == pytest.approx(k, abs=0.005)
