"""What a view makes of a limit: its own rule and its own least uncertainty ratio, or the plan's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.cases import PercentLimit, PumpOffCase
from harness.metrology.budget import Estimate
from harness.verdicts import Verdict
from tests.harness.records import CONDITIONS, readings, view_of

CASE = PumpOffCase.model_validate(
    {"procedure": "pump-off", "id": "O", "title": "off", "requirement": ["R"], "duration": "1 h", "flow": {"within": "1 uL/h"}}
)
RATIOS: list[tuple[float | None, float | None, Verdict]] = [
    (None, None, Verdict.PASS),
    (4.0, None, Verdict.PASS),
    (6.0, None, Verdict.INCONCLUSIVE),
    (None, 6.0, Verdict.INCONCLUSIVE),
    (6.0, 4.0, Verdict.PASS),
    (4.0, 6.0, Verdict.INCONCLUSIVE),
]


@pytest.mark.parametrize(("of_plan", "of_limit", "verdict"), RATIOS)
def test_a_limit_s_own_least_ratio_comes_before_the_plan_s(
    of_plan: float | None, of_limit: float | None, verdict: Verdict
) -> None:
    """Limits of 5 % both ways, U = 1 %: the ratio is 5."""
    view = view_of(CASE, readings([], []), (), replace(CONDITIONS, minimum_tur=of_plan))
    limit = PercentLimit.model_validate({"within": "5 %", "minimum_tur": of_limit})
    assert view.judge("flow error", Estimate(0.0, 1.0, 2.0, 100.0), "%", limit).verdict is verdict
