"""What to do with a rig, one protocol a file. A procedure acts and leaves a record; it never looks at the masses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.procedures.battery import run_battery
from harness.procedures.bolus import run_bolus
from harness.procedures.bolus_on_basal import run_bolus_on_basal
from harness.procedures.boluses import run_boluses
from harness.procedures.daily_check import run_daily_check
from harness.procedures.kvo import run_kvo
from harness.procedures.leak import run_leak
from harness.procedures.no_flow import run_no_flow
from harness.procedures.occlusion import run_occlusion
from harness.procedures.power_interruption import run_power_interruption
from harness.procedures.prime import run_prime
from harness.procedures.profile import run_profile
from harness.procedures.pump_off import run_pump_off
from harness.procedures.rate_change import run_rate_change
from harness.procedures.reservoir import run_low_reservoir, run_refill
from harness.procedures.run_to_empty import run_to_empty
from harness.procedures.scheduled_boluses import run_scheduled_boluses
from harness.procedures.settings import run_settings
from harness.procedures.steady_flow import run_steady_flow
from harness.procedures.trumpet import run_trumpet
from harness.rig import Rig

PROCEDURES: Mapping[str, Callable[[Rig, Any], None]] = {
    "bolus": run_bolus,
    "boluses": run_boluses,
    "bolus-on-basal": run_bolus_on_basal,
    "scheduled-boluses": run_scheduled_boluses,
    "settings": run_settings,
    "power-interruption": run_power_interruption,
    "battery": run_battery,
    "steady-flow": run_steady_flow,
    "pump-off": run_pump_off,
    "trumpet": run_trumpet,
    "rate-change": run_rate_change,
    "profile": run_profile,
    "kvo": run_kvo,
    "run-to-empty": run_to_empty,
    "occlusion": run_occlusion,
    "no-flow": run_no_flow,
    "prime": run_prime,
    "leak": run_leak,
    "refill": run_refill,
    "low-reservoir": run_low_reservoir,
    "daily-check": run_daily_check,
}
"""By the name in the plan file. ``delivery`` is missing: it asks something of a recording and moves nothing."""
