"""What a run of each procedure will be able to tell, one module a family of cases.

The budgets are the analysis's own, at the values that the plan asks for and with the noise that the bench file states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.forecasts.boluses import foresee_bolus
from harness.forecasts.common import Foreseen
from harness.forecasts.flows import foresee_pump_off, foresee_steady_flow
from harness.forecasts.reservoir import foresee_run_to_empty

FORESEEN: Mapping[str, Callable[[Any], Iterator[Foreseen]]] = {
    "bolus": foresee_bolus,
    "steady-flow": foresee_steady_flow,
    "pump-off": foresee_pump_off,
    "run-to-empty": foresee_run_to_empty,
}
"""By procedure; one that is missing has no budget before it was run."""
