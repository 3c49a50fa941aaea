"""A loss of power and a battery near its end, on made-up records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from harness.cases.power import BatteryCase, PowerInterruptionCase
from harness.judges.power import judge_battery, judge_power_interruption
from harness.record import Event, FloatArray
from tests.harness.records import CONDITIONS, commanded, curve, phase, view_of

HEAD = {
    "id": "P",
    "title": "power",
    "requirement": ["R"],
    "rate": "10 mL/h",
    "duration": "10 min",
    "flow_error": {"within": "4 %"},
}
POWER = PowerInterruptionCase.model_validate(
    HEAD
    | {"procedure": "power-interruption", "by": "hand", "off": "3 min", "watch": "5 min", "unasked_volume": {"within": "30 uL"}}
)
BATTERY = BatteryCase.model_validate(
    HEAD
    | {
        "procedure": "battery", "least": "2 V", "eri_voltage": {"at_least": "2.5 V", "at_most": "2.7 V"},
        "eos_voltage": {"at_least": "2.2 V", "at_most": "2.4 V"}, "volume_after": {"within": "30 uL"},
    }
)  # fmt: skip


def mass_of(*flow: tuple[float, float]) -> Any:
    """Rates in mL/h, each with the moment at which it ends."""
    edges_s = [0.0, *(until_s for _, until_s in flow)]
    volumes_ml = np.cumsum([0.0, *(rate * span_s / 3600 for (rate, _), span_s in zip(flow, np.diff(edges_s), strict=True))])

    def mass_g(moments_s: FloatArray) -> FloatArray:
        return np.asarray(35.0 + np.interp(moments_s, edges_s, volumes_ml) / CONDITIONS.weighing.factor_ml_g())

    return curve(mass_g, edges_s[-1], 1.0)


def alarm(kind: str, letter: str, at_s: float) -> Event:
    return Event(round(at_s * 1e6), "alarm", "P", {"kind": kind, "letter": letter, "word": letter, "since_us": round(at_s * 1e6)})


LOSSES: Sequence[tuple[int, float, float, list[str]]] = [
    (1, 0.0, 10.0, []),
    (0, 0.0, 10.0, ["power alarms"]),
    (2, 0.0, 10.0, ["power alarms"]),
    (1, 5.0, 10.0, ["volume without being asked"]),
    (1, 0.0, 9.0, ["flow error after"]),
]
"""Alarms of the loss, mL/h that come unasked when the power is back, mL/h after the new start; and what says that it is wrong."""


@pytest.mark.parametrize(("alarms", "unasked_ml_h", "again_ml_h", "failed"), LOSSES)
def test_a_loss_of_power(alarms: int, unasked_ml_h: float, again_ml_h: float, failed: list[str]) -> None:
    found = mass_of((10.0, 600.0), (0.0, 780.0), (unasked_ml_h, 1080.0), (again_ml_h, 1680.0))
    phases = [("flow", 0, 600), ("off", 600, 780), ("restored", 780, 1080), ("flow again", 1080, 1680)]
    events = [edge for name, *edges_s in phases for edge in phase("P", name, *edges_s)]
    events += [commanded(0, 10.0, "P"), *[alarm("power", "R", 790.0)] * alarms]
    judged = judge_power_interruption(view_of(POWER, found, events))
    assert [one.name for one in judged if one.verdict != "PASS"] == failed


STEP_S = 10.0
VOLTAGES_V = np.round(np.arange(2.9, 2.0, -0.1), 1).tolist()
"""Set one after the other from 600 s on, each for ten seconds."""
BATTERIES: Sequence[tuple[list[float], list[float], float, list[str]]] = [
    ([2.6], [2.3], 0.0, []),
    ([], [2.3], 0.0, ["ERI alarms"]),
    ([2.8], [2.3], 0.0, ["ERI voltage"]),
    ([2.6], [2.3, 2.3], 0.0, ["EOS alarms"]),
    ([2.6], [2.5], 0.0, ["EOS voltage"]),
    ([2.6], [2.3], 10.0, ["volume after EOS"]),
]
"""Voltages at which ERI and EOS came, mL/h after EOS, and what says that it is wrong."""


@pytest.mark.parametrize(("eri_v", "eos_v", "after_ml_h", "failed"), BATTERIES)
def test_a_battery_near_its_end(eri_v: list[float], eos_v: list[float], after_ml_h: float, failed: list[str]) -> None:
    """An alarm belongs to the voltage that was set before it, and not to a later one."""
    found = mass_of((10.0, 1300.0), (after_ml_h, 2500.0))
    set_s = {voltage_v: 600.0 + number * STEP_S for number, voltage_v in enumerate(VOLTAGES_V)}
    events = [
        Event(round(at_s * 1e6), "setting", "P", {"name": "battery voltage", "reported": volts}) for volts, at_s in set_s.items()
    ]
    events += [alarm("battery", code, set_s[volts] + 5) for code, all_v in (("ERI", eri_v), ("EOS", eos_v)) for volts in all_v]
    phases = [("flow", 0, 600), ("flow after ERI", 700, 1300), ("after EOS", 1300, 2500)]
    events += [edge for name, *edges_s in phases for edge in phase("P", name, *edges_s)]
    judged = judge_battery(view_of(BATTERY, found, events))
    assert [one.name for one in judged if one.verdict != "PASS"] == failed
    voltages = {one.name: one.value for one in judged if one.unit == "V"}
    assert voltages == pytest.approx(
        {f"{code} voltage": all_v[0] + 0.05 for code, all_v in (("ERI", eri_v), ("EOS", eos_v)) if all_v}
    )
