"""One simulated bench: devices, line and vessel on one clock, from the plain data of a bench file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from instruments.clock import VirtualClock
from instruments.errors import ConfigError
from instruments.sim.device import SimDevice
from instruments.sim.devices import simulators
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

    ``tables`` are the bench file's tables of the simulated roles. Two roles with one address are two sides of one device;
    ``roles`` tells the device of each. A device is called as in its ``sim://`` address, in place of a real one by its first role.
    """

    def __init__(self, setup: Setup, tables: Mapping[str, Plain] = _PUMP_AND_BALANCE) -> None:
        self.clock = VirtualClock()
        self.path = FluidPath(setup.line.time_constant_s)
        self._setup = setup
        self.devices: dict[str, SimDevice] = {}
        self.roles = _devices_of(tables)
        for name, roles in _by_device(tables, self.roles).items():
            site = Site(roles, setup, self.path, self._load_g, self.devices)
            self.devices[name] = _simulator(site)(site)
        for device in self.devices.values():
            self.clock.add(device)
        self.clock.add(_Hand(self._pulls()))

    def _load_g(self, moments_s: FloatArray) -> FloatArray:
        gain_g = self._setup.vessel.apparent_g(self.path.delivered_ml(moments_s), moments_s)
        return self._setup.load_g + gain_g

    def _pulls(self) -> Iterable[_Pull]:
        for moments_s, act in ((self._setup.unplug_s, SimDevice.unplug), (self._setup.plug_in_s, SimDevice.plug_in)):
            for role, at_s in moments_s.items():
                yield at_s, act, self._device(role)

    def _device(self, role: str) -> SimDevice:
        if role not in self.roles:
            raise ConfigError(f"the cable of the {role} cannot be pulled: this bench has none; it has {', '.join(self.roles)}")
        return self.devices[self.roles[role]]


def _devices_of(tables: Mapping[str, Plain]) -> dict[str, str]:
    """The name of the device that plays each role."""
    first: dict[str, str] = {}
    return {role: first.setdefault(*_address_and_name(tables[role]["address"], role)) for role in sorted(tables)}


def _address_and_name(address: str, role: str) -> tuple[str, str]:
    if not address.lower().removeprefix("asrl").startswith("sim://"):
        return address, role
    path = urlsplit(address).path.strip("/").removesuffix("::INSTR")
    return path, path


def _by_device(tables: Mapping[str, Plain], names: Mapping[str, str]) -> dict[str, dict[str, Plain]]:
    """The roles of each device. Balances come first: they have shown the moment before the pump acts in it."""
    found: dict[str, dict[str, Plain]] = {}
    for role in sorted(tables):
        found.setdefault(names[role], {})[role] = tables[role]
    return found


def _simulator(site: Site) -> Callable[[Site], SimDevice]:
    driver = site.table["driver"]
    if driver not in simulators():
        listed = ", ".join(sorted(simulators()))
        raise ConfigError(f"{site.role}.driver: there is no simulator of {driver!r}; there are: {listed}")
    return simulators()[driver]


_Pull = tuple[float, Callable[[SimDevice], None], SimDevice]


class _Hand:
    """Pulls cables, and puts them back, at the moments the faults say."""

    def __init__(self, pulls: Iterable[_Pull]) -> None:
        self._pulls = sorted(pulls, key=lambda pull: pull[0])

    def next_event_s(self) -> float:
        return self._pulls[0][0] if self._pulls else _NEVER_S

    def next_output_s(self) -> float:
        return _NEVER_S

    def advance_to(self, now_s: float) -> None:
        while self._pulls and self._pulls[0][0] <= now_s:
            _, act, device = self._pulls.pop(0)
            act(device)


def build_bench(name: str, plain: Plain) -> SimulatedBench:
    """Build the bench that ``plain`` (a bench file as read) describes, faults included, and register it under ``name``."""
    faults = plain.get("simulation", {}).get("faults", [])
    tables = {role: table for role, table in plain.items() if isinstance(table, Mapping) and "driver" in table}
    bench = SimulatedBench(with_faults(read_setup(plain), faults), tables or _PUMP_AND_BALANCE)
    register_bench(name, bench)
    return bench
