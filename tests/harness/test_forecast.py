"""What the dry run says of the uncertainty to come, against what the run then states; and where no value could pass."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.bench import bench_from
from harness.dryrun import DryRun, check
from harness.plan import plan_from
from harness.qualification.set_ups import SET_UPS, SetUp, drawn
from harness.qualification.study import carried_out

TODAY = date(2026, 1, 1)
ANALYTICAL = SET_UPS[0]


def dry(plan: dict[str, Any], bench: dict[str, Any]) -> DryRun:
    return check(plan_from(plan, "", Path("plan.toml")), bench_from(bench, "", Path("bench.toml")), TODAY)


def with_case(at: int, **changes: Any) -> dict[str, Any]:
    """The study's plan with one of its cases changed."""
    cases = list(ANALYTICAL.plan["case"])
    cases[at] = {**cases[at], **changes}
    return {**ANALYTICAL.plan, "case": cases}


@pytest.mark.parametrize("set_up", SET_UPS, ids=[set_up.name for set_up in SET_UPS])
def test_the_run_states_what_was_foreseen(set_up: SetUp) -> None:
    """Within a fifth: what a run finds of its own noise, and of its evaporation, is not known before it. What a lag does to a
    duration is taken from the recorded rise, whose own lag may be half of the stated one, or half as much again.
    """
    foreseen = {found.measurand: found for found in dry(set_up.plan, set_up.bench).forecasts}
    verdict, _ = carried_out(set_up.plan, drawn(set_up, 1))
    stated = {found.name: found for case in verdict.cases for found in case.measurands}
    for name, rel in (("bolus duration error", 0.5), ("flow error", 0.2), ("alarm latency", 0.2), ("residual volume", 0.2)):
        assert stated[name].expanded_uncertainty == pytest.approx(foreseen[name].expanded_uncertainty, rel=rel), name
    volume = stated["bolus volume"].expanded_uncertainty / verdict_volume_ml(set_up) * 100
    assert volume == pytest.approx(foreseen["bolus volume"].expanded_uncertainty, rel=0.2)


def verdict_volume_ml(set_up: SetUp) -> float:
    return float(set_up.plan["case"][0]["volume"].removesuffix(" mL"))


@pytest.mark.parametrize(
    ("at", "changes", "told"),
    [
        (0, {"volume_error": {"within": "0.05 %"}}, "case BOLUS: bolus volume: .* no value can PASS by rule 'guarded'"),
        (0, {"volume_error": {"within": "0.05 %", "rule": "simple"}}, ""),
        (0, {"volume_error": {"within": "0.1 %"}}, ""),
        (0, {"volume_error": {"within": "0.3 %", "rule": "10:1"}}, "by rule '10:1'"),
        (0, {"volume_error": {"within": "0.3 %", "rule": "3:1"}}, ""),
        (0, {"duration_error": {"within": "1 %"}}, "bolus duration error: .* most of U is lag of the line"),
        (0, {"duration": {"at_least": "60 s"}}, ""),
        (1, {"flow_error": {"within": "0.1 %"}}, "case FLOW: flow error: .* most of U is wetting of the needle"),
        (2, {"alarm_latency": {"within": "1 s"}}, "case EMPTY: alarm latency"),
        (2, {"residual_volume": {"within": "2 uL"}}, "case EMPTY: residual volume"),
        (0, {"volume": "0.1 mL"}, r"case BOLUS: 99.7 mg will be weighed, less than the balance's minimum weight of 200 mg"),
    ],
)
def test_what_cannot_be_found_out_is_told_before(at: int, changes: dict[str, Any], told: str) -> None:
    warnings = dry(with_case(at, **changes), ANALYTICAL.bench).warnings
    assert len(warnings) == bool(told)
    assert re.search(told, " ".join(warnings))


def test_a_blank_after_a_case_takes_its_time_and_takes_the_drift_out() -> None:
    """10 lags of 5.7 s and a minute until the line has relaxed, then half an hour; without it the flow is known less well."""
    with_blank, without = (dry(with_case(1, blank=blank), ANALYTICAL.bench) for blank in ("30 min", "0 s"))
    assert with_blank.duration_s - without.duration_s == pytest.approx(1800 + 60 + 57)
    u_with, u_without = (
        next(found.expanded_uncertainty for found in told.forecasts if found.measurand == "flow error")
        for told in (with_blank, without)
    )
    assert u_with < 0.98 * u_without
