"""The simulated devices, by the name of the driver that speaks to them: ours, and those that other packages bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points

from instruments.sim import (
    and_weighing,
    chemyx,
    daq,
    dmm,
    dp800,
    e36300,
    harvard,
    harvard_44,
    implantable_commands,
    kern,
    mt_sics,
    new_era,
    ohaus,
    sbi,
)
from instruments.sim.device import SimDevice
from instruments.sim.site import Site

Build = Callable[[Site], SimDevice]

_OURS: Mapping[str, Build] = {
    "and": and_weighing.build,
    "chemyx-fusion": chemyx.build,
    "harvard-44": harvard_44.build,
    "harvard-ultra": harvard.build,
    "kern-kcp": kern.build,
    "keysight-daq": daq.build,
    "keysight-dmm": dmm.build,
    "keysight-e36300": e36300.build,
    "mt-sics": mt_sics.build,
    "new-era": new_era.build,
    "ohaus": ohaus.build,
    "rigol-dp800": dp800.build,
    "sartorius-sbi": sbi.build,
    "scpi-pump": implantable_commands.build,
}


@cache
def simulators() -> Mapping[str, Build]:
    """All simulators. Other packages bring theirs as entry points of the group ``dosebench.simulators``; ours stay ours."""
    found = {entry.name: entry.load() for entry in entry_points(group="dosebench.simulators")}
    return {**found, **_OURS}
