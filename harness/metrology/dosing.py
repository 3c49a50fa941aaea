"""Doses, rates and refills (dosing-and-pump-specs, section 2). A bench verifies volume; the dose is volume times the label."""

from __future__ import annotations

from harness.metrology.budget import Estimate, Inputs, evaluate
from harness.metrology.density import Number

_HOURS_A_DAY = 24
LABEL_TOLERANCE_PCT = 5.0
"""What the strength on a label is good for, both ways, as a rectangular distribution (dosing-and-pump-specs, section 2)."""
IMPLANT_RANGE_ML_DAY = (0.048, 24.0)
"""Programmable rates of the implantable reference pump, inclusive (dosing-and-pump-specs, section 3; unconfirmed there)."""


def rate_ml_day(dose_ug_day: float, concentration_ug_ml: float) -> float:
    """Rate at which a concentration gives a daily dose."""
    return dose_ug_day / concentration_ug_ml


def rate_ul_h(daily_ml: float) -> float:
    """The rate ``daily_ml`` (mL/day) in uL/h."""
    return 1000 * daily_ml / _HOURS_A_DAY


def is_programmable(daily_ml: float, range_ml_day: tuple[float, float] = IMPLANT_RANGE_ML_DAY) -> bool:
    """Whether a pump of that range can be set to ``daily_ml`` (mL/day)."""
    return range_ml_day[0] <= daily_ml <= range_ml_day[1]


def days_per_fill(usable_ml: float, daily_ml: float) -> float:
    """How long a fill lasts; ``usable_ml`` is the fill without what stays as reserve."""
    return usable_ml / daily_ml


def bolus_ml(dose_ug: float, concentration_ug_ml: float) -> float:
    """Volume of a dose."""
    return dose_ug / concentration_ug_ml


def mass_g(volume_ml: float, density_g_ml: float) -> float:
    """Mass of a volume, without the air's buoyancy: what has to go into the vessel, not what a balance shows."""
    return volume_ml * density_g_ml


def fastest_ml_min(volume_ml: float, at_least_s: float = 60.0) -> float:
    """Mean rate of a bolus that takes no longer than it must (dosing-and-pump-specs, section 1: at least a minute)."""
    return volume_ml / (at_least_s / 60)


def dose_ug(volume: Estimate, concentration_ug_ml: float, tolerance_pct: float = LABEL_TOLERANCE_PCT) -> Estimate:
    """The dose in ug of a volume in mL, at the labelled concentration, with the label's own uncertainty.

    The label is taken as rectangular, ``tolerance_pct`` both ways; it is far larger than what the volume is known to.
    """

    def model(inputs: Inputs) -> Number:
        delivered_ml = inputs.normal("volume (mL)", volume.value, volume.u, volume.dof)
        half_width = concentration_ug_ml * tolerance_pct / 100
        return delivered_ml * inputs.rectangular("labelled concentration (ug/mL)", concentration_ug_ml, half_width)

    return evaluate(model)
