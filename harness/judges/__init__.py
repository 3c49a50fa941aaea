"""One judge for each procedure: from a view of the record to measurands with their verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.analysis.alarm import judge_run_to_empty
from harness.analysis.bolus import judge_bolus
from harness.analysis.daily_check import judge_daily_check
from harness.analysis.delivery import judge_delivery
from harness.analysis.flow import judge_pump_off, judge_steady_flow
from harness.judges.blockages import judge_no_flow, judge_occlusion
from harness.judges.doses import judge_bolus_on_basal, judge_boluses, judge_scheduled_boluses
from harness.judges.line import judge_leak, judge_prime
from harness.judges.power import judge_battery, judge_power_interruption
from harness.judges.python import judge_python
from harness.judges.rates import judge_kvo, judge_profile, judge_rate_change
from harness.judges.reservoir import judge_low_reservoir, judge_refill
from harness.judges.settings import judge_settings
from harness.judges.trumpets import judge_trumpet
from harness.verdicts import Measurand

JUDGES: Mapping[str, Callable[[Any], list[Measurand]]] = {
    "bolus": judge_bolus,
    "boluses": judge_boluses,
    "bolus-on-basal": judge_bolus_on_basal,
    "scheduled-boluses": judge_scheduled_boluses,
    "settings": judge_settings,
    "power-interruption": judge_power_interruption,
    "battery": judge_battery,
    "steady-flow": judge_steady_flow,
    "pump-off": judge_pump_off,
    "trumpet": judge_trumpet,
    "rate-change": judge_rate_change,
    "profile": judge_profile,
    "kvo": judge_kvo,
    "run-to-empty": judge_run_to_empty,
    "occlusion": judge_occlusion,
    "no-flow": judge_no_flow,
    "prime": judge_prime,
    "leak": judge_leak,
    "refill": judge_refill,
    "low-reservoir": judge_low_reservoir,
    "delivery": judge_delivery,
    "daily-check": judge_daily_check,
    "python": judge_python,
}
"""By the name in the plan file."""
