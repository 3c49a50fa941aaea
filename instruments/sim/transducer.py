"""What meters on the simulated bench are wired to, as voltages: the line's pressure transducer and the pump's alarm line."""

from __future__ import annotations

from collections.abc import Callable

from instruments.sim.site import Site

RELAY_HIGH_V = 5.0


def transducer_volts(site: Site, zero_v: float, sensitivity_v_kpa: float) -> Callable[[float], float]:
    """A transducer without error: ``zero_v`` at zero gauge pressure, ``sensitivity_v_kpa`` more for each kPa."""
    return lambda now_s: zero_v + sensitivity_v_kpa * site.pressure_pa(now_s) / 1000


def relay_volts(site: Site, high_v: float) -> Callable[[float], float]:
    """The alarm line is active low: pulled to 0 V while any device alarms."""
    return lambda _: 0.0 if site.alarming() else high_v
