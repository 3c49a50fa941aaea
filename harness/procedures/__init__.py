"""What to do with a rig, one protocol a file. A procedure acts and leaves a record; it never looks at the masses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.procedures.bolus import run_bolus
from harness.procedures.daily_check import run_daily_check
from harness.procedures.pump_off import run_pump_off
from harness.procedures.run_to_empty import run_to_empty
from harness.procedures.steady_flow import run_steady_flow
from harness.rig import Rig

PROCEDURES: Mapping[str, Callable[[Rig, Any], None]] = {
    "bolus": run_bolus,
    "steady-flow": run_steady_flow,
    "pump-off": run_pump_off,
    "run-to-empty": run_to_empty,
    "daily-check": run_daily_check,
}
"""By the name in the plan file. ``delivery`` is missing: it asks something of a recording and moves nothing."""
