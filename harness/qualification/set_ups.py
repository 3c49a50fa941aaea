"""The benches and plans of the coverage study, and what may be true of a bench of which its file says so much.

A bench file states values and how well they are known. What is true is drawn here from exactly these statements: rectangular
bounds evenly, standard uncertainties normally. So a stated interval that covers too seldom or too often is a wrong budget.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

from instruments.units import to_unit

Tables = dict[str, Any]

_STEEL_WETTING_MG_MM = 72.7 * math.pi / 9.80665
"""Wetting force of water for each millimetre of a needle's diameter (gravimetric-metrology, section 5)."""
_FLOW_ERROR_PCT = 3.0
_EVAPORATION_MG_H = (0.05, 0.4)
_PRESSURE_HPA = 5.0
"""Standard uncertainty of the air pressure: half a percent of its density, as budgets have it."""
_SLIP_MM = (0.1, 0.4)
_NOMINAL_LAG_S = 5.2
"""The simulated line's own: 1 m of 0.53 mm bore behind a syringe of 1e-5 mL/Pa."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """A bench and a plan, as tables.

    ``wave_g``: the load over which the balance's linearity error comes and goes. It is less than what is weighed, so that both
    ends of a difference lie anywhere on it, and more than what flows while a level is averaged.
    """

    name: str
    bench: Tables
    plan: Tables
    wave_g: float


def _bench(name: str, **tables: Mapping[str, Any]) -> Tables:
    """The bench file's tables: an analytical balance and a syringe pump, changed as told."""
    plain: Tables = {
        "bench": {"id": f"coverage-{name}"},
        "pump": {
            "driver": "new-era",
            "address": f"sim://coverage-{name}/pump",
            "watchdog": "250 s",
            "syringe": {
                "volume": "10 mL", "inner_diameter": "14.5 mm", "filled": "4 mL", "filled_uncertainty": "1 uL"
            },
        },
        "balance": {
            "driver": "mt-sics",
            "address": f"sim://coverage-{name}/balance",
            "rate": "5 Hz",
            "readability": "0.1 mg",
            "repeatability": "0.1 mg",
            "linearity": "0.2 mg",
            "sensitivity": "10 ppm",
            "drift": "0.1 mg/h",
            "response": "0.5 s",
        },
        "catheter": {"length": "1 m", "bore": "0.53 mm", "lag": "5.2 s"},
        "needle": {"outer_diameter": "0.82 mm", "capillary": "0.5 mg"},
        "vessel": {"inner_diameter": "30 mm", "capacity": "40 mL", "evaporation_at_most": "0.6 mg/h"},
        "liquid": {"name": "water", "temperature": "22 degC", "temperature_uncertainty": "0.2 K"},
        "environment": {"pressure": "1005 hPa", "humidity": "45 %"},
        "simulation": {},
    }  # fmt: skip
    for table, changes in tables.items():
        plain[table] = {**plain[table], **changes}
    return plain


def _plan(rate: str, duration: str, settle: str, *, bolus: str = "1 mL", over: str = "75 s", empty: str = "10 mL/h") -> Tables:
    """A bolus, a steady flow, and the run to empty. The limits are wide: this study looks at the intervals."""
    return {
        "plan": {"id": "COVERAGE", "title": "Coverage of the stated intervals"},
        "preparation": {"settle": "10 min", "blank": "30 min"},
        "requirement": {},
        "case": [
            {
                "id": "BOLUS", "title": "A bolus", "procedure": "bolus", "volume": bolus, "over": over,
                "volume_error": {"within": "50 %"}, "duration_error": {"within": "50 %"}, "requirement": ["coverage"],
            },
            {
                "id": "FLOW", "title": "Steady flow", "procedure": "steady-flow", "rate": rate, "settle": settle,
                "duration": duration, "blank": "30 min", "flow_error": {"within": "50 %"}, "requirement": ["coverage"],
            },
            {
                "id": "EMPTY", "title": "Run to empty", "blank": "20 min", "procedure": "run-to-empty", "rate": empty,
                "alarm_latency": {"within": "10 min"}, "residual_volume": {"within": "1 mL"}, "requirement": ["coverage"],
            },
        ],
    }  # fmt: skip


SET_UPS: tuple[SetUp, ...] = (
    SetUp("0.5 mL/h, 0.1 mg balance", _bench("a"), _plan("0.5 mL/h", "1 h", "15 min"), wave_g=0.2),
    SetUp(
        "0.0625 mL/h, 0.01 mg balance",
        _bench(
            "b",
            pump={
                "driver": "new-era",
                "address": "sim://coverage-b/pump",
                "watchdog": "250 s",
                "syringe": {
                    "volume": "10 mL", "inner_diameter": "14.5 mm", "filled": "2 mL", "filled_uncertainty": "0.3 uL"
                },
            },
            balance={
                "readability": "0.01 mg", "repeatability": "0.02 mg", "linearity": "0.05 mg", "drift": "0.02 mg/h",
                "response": "1 s", "rate": "2 Hz",
            },
            needle={"outer_diameter": "0.41 mm", "capillary": "0.1 mg"},
            vessel={"inner_diameter": "15 mm"},
        ),
        _plan("0.0625 mL/h", "4 h", "1 h", bolus="0.2 mL", over="60 s", empty="5 mL/h"),
        wave_g=0.06,
    ),
    SetUp(
        "5 mL/h, 1 mg balance",
        _bench(
            "c",
            pump={
                "driver": "new-era",
                "address": "sim://coverage-c/pump",
                "watchdog": "250 s",
                "syringe": {
                    "volume": "20 mL", "inner_diameter": "19 mm", "filled": "12 mL", "filled_uncertainty": "5 uL"
                },
            },
            balance={"readability": "1 mg", "repeatability": "1 mg", "linearity": "2 mg", "drift": "1 mg/h", "response": "1 s"},
            vessel={"evaporation_at_most": "2 mg/h"},
        ),
        _plan("5 mL/h", "40 min", "10 min", bolus="2 mL", over="150 s", empty="20 mL/h"),
        wave_g=1.2,
    ),
)  # fmt: skip


def drawn(set_up: SetUp, seed: int, *, flow_error_pct: float | None = None) -> Tables:
    """The bench with one truth that its file allows; ``flow_error_pct`` is drawn too, unless told."""
    random = np.random.default_rng([_STUDY, crc32(set_up.name.encode()), seed])
    bench = deepcopy(set_up.bench)
    wave_g = set_up.wave_g * random.uniform(0.5, 1)
    error_pct = random.uniform(-_FLOW_ERROR_PCT, _FLOW_ERROR_PCT) if flow_error_pct is None else flow_error_pct
    needle_mm = _of(bench["needle"], "outer_diameter", "mm")
    swing_pct = _of(bench["needle"], "capillary", "mg") / (needle_mm * _STEEL_WETTING_MG_MM) * 100
    lag_s, response_s = _of(bench["catheter"], "lag", "s"), _of(bench["balance"], "response", "s")
    source = bench["pump"].get("syringe") or bench["pump"]["reservoir"]
    bench["simulation"] |= {
        "seed": seed,
        "fill": f"{random.normal(*_pair(source, 'filled', 'mL'))} mL",
        "drive": {"rate_error": f"{error_pct} %"},
        "line": {"syringe_compliance": f"{1e-5 * lag_s / _NOMINAL_LAG_S * random.uniform(0.5, 1.5)} mL/Pa"},
        "outlet": {
            "needle_od": f"{needle_mm * (1 + random.normal(0, 0.025))} mm",
            "slip": f"{random.uniform(*_SLIP_MM)} mm",
            "slip_force": f"{swing_pct} %",
        },
        "vessel": {
            "evaporation": f"{random.uniform(*_EVAPORATION_MG_H)} mg/h",
            "liquid_temperature": f"{random.normal(*_pair(bench['liquid'], 'temperature', 'degC', 'K'))} degC",
        },
        "room": {"pressure": f"{random.normal(_of(bench['environment'], 'pressure', 'hPa'), _PRESSURE_HPA)} hPa"},
        "cell": {
            # Two readings anywhere on such a wave differ with the standard uncertainty that the bound has as a rectangle.
            "linearity": f"{_of(bench['balance'], 'linearity', 'mg') / 3**0.5} mg",
            "linearity_wave": f"{wave_g} g",
            "response": f"{response_s * random.uniform(0.5, 1.5)} s",
        },
    }
    return bench


_STUDY = 20601
"""Keeps the study's draws apart from those of the simulators."""


def _of(table: Mapping[str, Any], key: str, unit: str) -> float:
    return to_unit(table[key], unit)


def _pair(table: Mapping[str, Any], key: str, unit: str, difference: str = "") -> tuple[float, float]:
    """A stated value and its stated standard uncertainty."""
    return _of(table, key, unit), _of(table, f"{key}_uncertainty", difference or unit)
