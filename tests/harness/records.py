"""Records made up from curves with a known answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from harness.analysis.view import Conditions, View
from harness.metrology.volume import Evaporation, Weighing
from harness.record import Event, FloatArray, Record
from harness.stands import BalanceSheet, Environment, Liquid, Needle, Vessel
from instruments.readings import Readings

SHEET = BalanceSheet.model_validate({"readability": "0.1 mg", "repeatability": "0.1 mg", "drift": "0.1 mg/h"})
PLAIN = Weighing(
    SHEET,
    Needle.model_validate({"outer_diameter": "0 mm", "capillary": "0.5 mg"}),
    Vessel(),
    Liquid.model_validate({"density": "1 g/mL"}),
    Environment(),
)
CONDITIONS = Conditions(PLAIN, rate_hz=10.0)
DRY = Evaporation(0.0, 0.0)


def readings(moments_s: Sequence[float] | FloatArray, masses_g: Sequence[float] | FloatArray, status: str = "S") -> Readings:
    moments = np.asarray(moments_s, dtype=np.float64)
    return Readings(
        np.rint(moments * 1e6).astype(np.int64),
        np.asarray(masses_g, dtype=np.float64),
        np.full(len(moments), ord(status), dtype=np.uint8),
    )


def curve(mass_g: Callable[[FloatArray], FloatArray], until_s: float, rate_hz: float = 10.0, noise_g: float = 1e-4) -> Readings:
    """Readings of a mass curve, with the noise that the balance sheet states, rounded to 0.1 mg."""
    moments_s = np.arange(0.0, until_s, 1 / rate_hz)
    noisy_g = mass_g(moments_s) + noise_g * np.random.default_rng(1).standard_normal(len(moments_s))
    return readings(moments_s, np.round(noisy_g, 4))


def phase(case: str, name: str, start_s: float, end_s: float) -> list[Event]:
    return [
        Event(round(at_s * 1e6), "phase", case, {"name": name, "edge": edge})
        for at_s, edge in ((start_s, "begin"), (end_s, "end"))
    ]


def commanded(at_s: float, rate_ml_h: float, case: str = "") -> Event:
    return Event(round(at_s * 1e6), "commanded", case, {"rate_ml_h": rate_ml_h})


def view_of(case: Any, found: Readings, events: Sequence[Event], conditions: Conditions = CONDITIONS) -> View[Any]:
    return View(Record("run", "simulated", found, tuple(events)), case, conditions, DRY)
