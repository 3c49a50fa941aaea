"""One judge for each procedure: from a view of the record to measurands with their verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.analysis.alarm import judge_run_to_empty
from harness.analysis.bolus import judge_bolus
from harness.analysis.daily_check import judge_daily_check
from harness.analysis.delivery import judge_delivery
from harness.analysis.flow import judge_pump_off, judge_steady_flow
from harness.verdicts import Measurand

JUDGES: Mapping[str, Callable[[Any], list[Measurand]]] = {
    "bolus": judge_bolus,
    "steady-flow": judge_steady_flow,
    "pump-off": judge_pump_off,
    "run-to-empty": judge_run_to_empty,
    "delivery": judge_delivery,
    "daily-check": judge_daily_check,
}
"""By the name in the plan file."""
