"""One simulated bench: devices, line and vessel on one clock, from the plain data of a bench file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from instruments.clock import VirtualClock
from instruments.errors import ConfigError
from instruments.sim.device import SimDevice
from instruments.sim.devices import SIMULATORS
from instruments.sim.faults import with_faults
from instruments.sim.fluid import FloatArray, FluidPath
from instruments.sim.registry import register_bench
from instruments.sim.setup import Plain, Setup, read_setup
from instruments.sim.site import Site

_NEVER_S = float("inf")
_PUMP_AND_BALANCE: Mapping[str, Plain] = {
    "pump": {"driver": "new-era", "address": "sim://bench/pump"},
    "balance": {"driver": "mt-sics", "address": "sim://bench/balance"},
}


class SimulatedBench:
    """Devices that share one fluid path; each is reachable at the address its role has in the bench file.

    ``tables`` are the bench file's tables of the simulated roles. Two roles with one address are two sides of one device.
    """

    def __init__(self, setup: Setup, tables: Mapping[str, Plain] = _PUMP_AND_BALANCE) -> None:
        self.clock = VirtualClock()
        self.path = FluidPath(setup.line.time_constant_s)
        self._setup = setup
        self.devices: dict[str, SimDevice] = {}
        for name, roles in _by_device(tables).items():
            site = Site(roles, setup, self.path, self._load_g, self.devices)
            self.devices[name] = _simulator(site)(site)
        for device in self.devices.values():
            self.clock.add(device)
        self.clock.add(self._hand(tables))

    def _load_g(self, moments_s: FloatArray) -> FloatArray:
        gain_g = self._setup.vessel.apparent_g(self.path.delivered_ml(moments_s), moments_s)
        return self._setup.load_g + gain_g

    def _hand(self, tables: Mapping[str, Plain]) -> _Hand:
        names = {role: _device_of(table["address"]) for role, table in tables.items()}
        return _Hand(self.devices, {names[role]: at_s for role, at_s in self._setup.unplug_s.items()})


def _by_device(tables: Mapping[str, Plain]) -> dict[str, dict[str, Plain]]:
    """The roles of each device. Balances come first: they have shown the moment before the pump acts in it."""
    found: dict[str, dict[str, Plain]] = {}
    for role in sorted(tables):
        found.setdefault(_device_of(tables[role]["address"]), {})[role] = tables[role]
    return found


def _device_of(address: str) -> str:
    return urlsplit(address).path.strip("/").removesuffix("::INSTR")


def _simulator(site: Site) -> Callable[[Site], SimDevice]:
    driver = site.table["driver"]
    if driver not in SIMULATORS:
        listed = ", ".join(SIMULATORS)
        raise ConfigError(f"{site.role}.driver: there is no simulator of {driver!r}; there are: {listed}")
    return SIMULATORS[driver]


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
    tables = {role: table for role, table in plain.items() if isinstance(table, Mapping) and "driver" in table}
    bench = SimulatedBench(with_faults(read_setup(plain), faults), tables or _PUMP_AND_BALANCE)
    register_bench(name, bench)
    return bench
