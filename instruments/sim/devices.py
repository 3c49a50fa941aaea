"""The simulated devices, by the name of the driver that speaks to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from instruments.sim import mt_sics, new_era
from instruments.sim.device import SimDevice
from instruments.sim.site import Site

SIMULATORS: Mapping[str, Callable[[Site], SimDevice]] = {
    "new-era": new_era.build,
    "mt-sics": mt_sics.build,
}
