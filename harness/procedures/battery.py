"""A battery that runs down: a supply in its place is lowered step by step, past its replacement alarm to its end of service."""

from __future__ import annotations

from collections.abc import Iterator

from harness.cases.power import DWELL_S, WITHOUT_S, BatteryCase
from harness.procedures.verbs import battery_state, set_battery, switch_battery
from harness.rig import Rig

ERI, EOS = "ERI", "EOS"
"""What a pump says of its battery, and how it calls the alarms: replace it, end of service."""


def run_battery(rig: Rig, case: BatteryCase) -> None:
    """A state that the pump does not tell of ends nothing: the voltage falls as far as it may."""
    voltages_v = iter(case.voltages_v)
    set_battery(rig, case.full)
    rig.start(case.rate)
    with rig.phase("settle"):
        rig.wait(case.settle)
    with rig.phase("flow"):
        rig.wait(case.duration)
    _lower(rig, voltages_v, until=(ERI, EOS))
    with rig.phase("flow after ERI"):
        rig.wait(case.duration)
    _lower(rig, voltages_v, until=(EOS,))
    rig.commanded(0.0)
    with rig.phase("after EOS"):
        rig.wait(case.watch)
    rig.stop()
    _new_battery(rig, case)


def _lower(rig: Rig, voltages_v: Iterator[float], until: tuple[str, ...]) -> None:
    """Step by step until the pump says one of these of its battery, or to the end; its alarms are asked for at every step."""
    for voltage_v in voltages_v:
        set_battery(rig, voltage_v)
        rig.wait(DWELL_S)
        rig.poll()
        if battery_state(rig) in until:
            return


def _new_battery(rig: Rig, case: BatteryCase) -> None:
    """Only a loss of power ends the alarms."""
    with rig.unpowered():
        switch_battery(rig, on=False)
        set_battery(rig, case.full)
        rig.wait(WITHOUT_S)
        switch_battery(rig, on=True)
