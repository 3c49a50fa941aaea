"""One simulated bench: devices, line and vessel on one clock, from the plain data of a bench file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from instruments.clock import VirtualClock
from instruments.errors import ConfigError
from instruments.sim.device import SimDevice
from instruments.sim.devices import simulators
from instruments.sim.faults import with_faults
from instruments.sim.hands import Reach, SimulatedHands
from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.drive import Drive
from instruments.sim.physics.path import FluidPath
from instruments.sim.physics.room import Air
from instruments.sim.physics.truth import Truth
from instruments.sim.physics.vessel import Pan
from instruments.sim.registry import register_bench
from instruments.sim.setup import PARTS, Happening, Plain, Setup, read_setup
from instruments.sim.site import Site, noise_of

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

    def __init__(self, setup: Setup, tables: Mapping[str, Plain] = _PUMP_AND_BALANCE, faults: Sequence[str] = ()) -> None:
        self.clock = VirtualClock(_after_calibration(tables) if setup.overdue else None)
        self._undo: list[Callable[[], None]] = []
        self.path = FluidPath(setup.line)
        self.truth = Truth(self.path)
        self.setup, self.faults = setup, tuple(faults)
        air = Air(setup.room, noise_of(setup.seed, "room"))
        self._pan = Pan(setup.vessel, setup.outlet, air, float(noise_of(setup.seed, "needle").uniform()))
        drives: list[Drive] = []
        reach = Reach(self.path, drives, lambda: self.device("pump"))
        self.hands = SimulatedHands(self.clock, self.noise, reach, self.truth.note)
        self.devices: dict[str, SimDevice] = {}
        self.roles = _devices_of(tables)
        for name, roles in _by_device(tables, self.roles).items():
            site = Site(roles, setup, self.path, self._load_g, self.devices, self.truth.note, drives)
            self.devices[name] = _simulator(site)(site)
        for device in self.devices.values():
            self.clock.add(device)
        for happening in setup.happenings:
            if happening.role:
                self.device(happening.role)
        self.clock.add(_Hand(self, setup.happenings))
        self.clock.add(self.hands)

    def _load_g(self, moments_s: FloatArray) -> FloatArray:
        return self._pan.shown_g(self.path.delivered_ml(moments_s), moments_s) + self.hands.load_g(moments_s)

    def device(self, role: str) -> SimDevice:
        """Who plays a role. Raises ConfigError where nobody does."""
        if role not in self.roles:
            raise ConfigError(f"nothing can happen to the {role}: this bench has none; it has {', '.join(self.roles)}")
        return self.devices[self.roles[role]]

    def noise(self, name: str) -> np.random.Generator:
        return noise_of(self.setup.seed, name)

    def fill_disk(self) -> None:
        """From now on the files of this process cannot grow; until ``close``. Raises ConfigError where that cannot be had."""
        try:
            from instruments.sim.disk_posix import FullDisk
        except ImportError as err:
            raise ConfigError("fault 'disk-full' needs a POSIX system") from err
        self._undo.append(FullDisk().release)

    def close(self) -> None:
        """The run is over: what was done to the computer is undone."""
        while self._undo:
            self._undo.pop()()

    def _told(self) -> dict[str, Any]:
        """What the bench is made of, as plain data."""
        setup = self.setup
        return {"seed": setup.seed, "fill_ml": setup.fill_ml, **{name: asdict(getattr(setup, name)) for name in PARTS}}

    def write_truth(self, run: Path) -> None:
        """What really happened, for those who judge the harness: into files beside the folder ``run``."""
        self.truth.write(run, self.clock.now_s(), self._told(), self.faults)


def _after_calibration(tables: Mapping[str, Plain]) -> datetime:
    """The day after the last calibration in the bench file has run out."""
    due = [table["calibration_due"] for table in tables.values() if "calibration_due" in table]
    if not due:
        raise ConfigError("fault 'calibration-overdue': the bench file has no calibration_due that could be passed")
    return datetime.combine(max(due) + timedelta(days=1), time(12), UTC)


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


class _Hand:
    """Lets happen what happens on the bench by itself, at its moment."""

    def __init__(self, bench: SimulatedBench, happenings: Iterable[Happening]) -> None:
        self._bench = bench
        self._coming = sorted(happenings, key=lambda happening: happening.at_s)

    def next_event_s(self) -> float:
        return self._coming[0].at_s if self._coming else _NEVER_S

    def next_output_s(self) -> float:
        return _NEVER_S

    def advance_to(self, now_s: float) -> None:
        while self._coming and self._coming[0].at_s <= now_s:
            happening = self._coming.pop(0)
            self._bench.truth.note(now_s, happening.what)
            happening.act(self._bench, now_s)


def build_bench(name: str, plain: Plain) -> SimulatedBench:
    """Build the bench that ``plain`` (a bench file as read) describes, faults included, and register it under ``name``."""
    faults = plain.get("simulation", {}).get("faults", [])
    tables = {role: table for role, table in plain.items() if isinstance(table, Mapping) and "driver" in table}
    bench = SimulatedBench(with_faults(read_setup(plain), faults), tables or _PUMP_AND_BALANCE, faults)
    register_bench(name, bench)
    return bench
