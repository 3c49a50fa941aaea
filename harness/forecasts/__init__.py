"""What a run of each procedure will be able to tell, one module a family of cases.

The budgets are the analysis's own, at the values that the plan asks for and with the noise that the bench file states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.forecasts.boluses import foresee_bolus
from harness.forecasts.common import Foreseen
from harness.forecasts.doses import foresee_bolus_on_basal, foresee_boluses, foresee_scheduled_boluses
from harness.forecasts.flows import foresee_pump_off, foresee_steady_flow
from harness.forecasts.line import foresee_leak, foresee_no_flow, foresee_occlusion, foresee_prime
from harness.forecasts.power import foresee_battery, foresee_power_interruption, foresee_settings
from harness.forecasts.rates import foresee_kvo, foresee_profile, foresee_rate_change
from harness.forecasts.reservoir import empty_first, foresee_low_reservoir, foresee_refill, foresee_run_to_empty
from harness.forecasts.trumpets import foresee_trumpet

FORESEEN: Mapping[str, Callable[[Any], Iterator[Foreseen]]] = {
    "bolus": foresee_bolus,
    "boluses": foresee_boluses,
    "bolus-on-basal": foresee_bolus_on_basal,
    "scheduled-boluses": foresee_scheduled_boluses,
    "settings": foresee_settings,
    "power-interruption": foresee_power_interruption,
    "battery": foresee_battery,
    "steady-flow": foresee_steady_flow,
    "pump-off": foresee_pump_off,
    "trumpet": foresee_trumpet,
    "rate-change": foresee_rate_change,
    "profile": foresee_profile,
    "kvo": foresee_kvo,
    "run-to-empty": foresee_run_to_empty,
    "occlusion": foresee_occlusion,
    "no-flow": foresee_no_flow,
    "prime": foresee_prime,
    "leak": foresee_leak,
    "refill": foresee_refill,
    "low-reservoir": foresee_low_reservoir,
}
"""By procedure; one that is missing has no budget before it was run."""

CAUTIONS: Mapping[str, Callable[[Any], Iterator[str]]] = {"low-reservoir": empty_first}
"""By procedure: what is to be known of a case before it is run, although it can be."""
