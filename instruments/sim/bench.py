"""One simulated bench: pump, line, vessel and balance on one clock, from the plain data of a bench file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from instruments.clock import VirtualClock
from instruments.sim.device import SimDevice
from instruments.sim.drive import Drive
from instruments.sim.faults import with_faults
from instruments.sim.fluid import FloatArray, FluidPath
from instruments.sim.mt_sics import MtSicsBalance
from instruments.sim.new_era import NewEraPump
from instruments.sim.registry import register_bench
from instruments.sim.setup import Plain, Setup, read_setup
from instruments.sim.weighing import WeighingCell

_NEVER_S = float("inf")


class SimulatedBench:
    """Pump and balance that share one fluid path; ``devices`` are reachable at ``sim://NAME/ROLE`` once registered."""

    def __init__(self, setup: Setup) -> None:
        self.clock = VirtualClock()
        self.path = FluidPath(setup.line.time_constant_s)
        self._setup = setup
        noise = np.random.default_rng([setup.seed, *b"balance"])
        cell = WeighingCell(setup.cell, self._load_g, noise)
        cell.stuck_from_s = setup.stuck_s
        drive = Drive(self.path, travel_ml=setup.fill_ml, gain=setup.drive_gain)
        balance, pump = MtSicsBalance(setup.balance, cell), NewEraPump(setup.pump, drive)
        self.devices: Mapping[str, SimDevice] = {"pump": pump, "balance": balance}
        for actor in (balance, pump, _Hand(self.devices, setup.unplug_s)):
            self.clock.add(actor)

    def _load_g(self, moments_s: FloatArray) -> FloatArray:
        gain_g = self._setup.vessel.apparent_g(self.path.delivered_ml(moments_s), moments_s)
        return self._setup.load_g + gain_g


class _Hand:
    """Pulls cables at the moments the faults say."""

    def __init__(self, devices: Mapping[str, SimDevice], unplug_s: Mapping[str, float]) -> None:
        self._devices, self._unplug_s = devices, dict(unplug_s)

    def next_event_s(self) -> float:
        return min(self._unplug_s.values(), default=_NEVER_S)

    def next_output_s(self) -> float:
        return _NEVER_S

    def advance_to(self, now_s: float) -> None:
        for role in [role for role, at_s in self._unplug_s.items() if at_s <= now_s]:
            self._devices[role].unplug()
            del self._unplug_s[role]


def build_bench(name: str, plain: Plain) -> SimulatedBench:
    """Build the bench that ``plain`` (a bench file as read) describes, faults included, and register it under ``name``."""
    faults = plain.get("simulation", {}).get("faults", [])
    bench = SimulatedBench(with_faults(read_setup(plain), faults))
    register_bench(name, bench)
    return bench
