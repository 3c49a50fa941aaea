"""The bench file: read, checked, and asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from harness.files import find_line, read_toml, validated
from harness.stands import ROLES, BalanceStand, BenchFile, PumpStand, Stand
from instruments.driver import Driver
from instruments.drivers import drivers
from instruments.errors import ConfigError
from instruments.locks import resource_of
from instruments.options import options_from
from instruments.ports import has_line_settings

_SEVERAL_INPUTS = "scan"


@dataclass(frozen=True, slots=True)
class Bench:
    """A bench as read: its models, the plain tables (faults and seed of the command line included), and its file."""

    file: BenchFile
    tables: dict[str, Any]
    text: str
    path: Path

    @property
    def id(self) -> str:
        return self.file.bench.id

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()

    @property
    def roles(self) -> set[str]:
        return set(self.stands)

    @property
    def stands(self) -> dict[str, Stand]:
        """Every instrument that the file has, by role."""
        return {role: stand for role in ROLES if (stand := getattr(self.file, role)) is not None}

    def driver(self, role: str) -> Driver[Any]:
        return drivers(ROLES[role])[self.stands[role].driver]

    @property
    def pump(self) -> PumpStand:
        return _present(self.file.pump, "pump", self.path)

    @property
    def balance(self) -> BalanceStand:
        return _present(self.file.balance, "balance", self.path)

    def overdue(self, today: date) -> list[str]:
        """Instruments whose calibration has run out, in words."""
        return [
            f"{self.path}: {role}.calibration_due: the calibration ran out on {due}; have it calibrated, then change the date"
            for role, stand in self.stands.items()
            if (due := stand.calibration_due) is not None and due < today
        ]

    @property
    def addresses(self) -> dict[str, str]:
        return {role: stand.address for role, stand in self.stands.items()}


def load_bench(path: Path, *, faults: Sequence[str] = (), seed: int | None = None) -> Bench:
    """Read and check a bench file; ``faults`` and ``seed`` go to its simulation. Raises ConfigError."""
    tables, text = read_toml(path)
    if (faults or seed is not None) and "simulation" not in tables:
        raise ConfigError(f"{path}: --fault and --seed need a simulated bench, and this one has no [simulation]")
    return bench_from(_with_simulation(tables, faults, seed), text, path)


def bench_from(tables: dict[str, Any], text: str, path: Path) -> Bench:
    """A bench from its tables, wherever they were kept."""
    file = validated(BenchFile, tables, path, text)
    bench = Bench(file, tables, text, path)
    faults = _unknown_drivers(bench) or [*_shared_addresses(bench), *_without_effect(bench), *_wrong_options(bench)]
    if faults:
        raise ConfigError("\n".join(faults))
    return bench


def _with_simulation(tables: Mapping[str, Any], faults: Sequence[str], seed: int | None) -> dict[str, Any]:
    simulation = tables.get("simulation")
    if simulation is None:
        return dict(tables)
    own = simulation.get("faults", [])
    if not isinstance(own, list):
        raise ConfigError(f'[simulation] faults: {own!r} is not a list; write it like faults = ["rate-gain:+6%"]')
    changed = {"faults": [*own, *faults]} | ({} if seed is None else {"seed": seed})
    return {**tables, "simulation": {**simulation, **changed}}


def _unknown_drivers(bench: Bench) -> list[str]:
    return [
        f"{_at(bench, role, 'driver')}: {stand.driver!r} is not known; there are: {', '.join(sorted(drivers(ROLES[role])))}"
        for role, stand in bench.stands.items()
        if stand.driver not in drivers(ROLES[role])
    ]


def _shared_addresses(bench: Bench) -> list[str]:
    """Two roles may be two inputs of one instrument, written alike, but no two instruments."""
    first: dict[str, str] = {}
    faults = []
    for role, stand in bench.stands.items():
        other = first.setdefault(resource_of(stand.address), role)
        if other != role and (why := _not_shared(bench, bench.stands[other], stand, role)):
            faults.append(f"{_at(bench, role, 'address')}: [{other}] has this address {why}")
    return faults


def _not_shared(bench: Bench, first: Stand, second: Stand, role: str) -> str:
    driver = bench.driver(role)
    if first.driver != second.driver:
        return "with another driver"
    if first.address != second.address:
        return f"as {first.address!r}: write it in one way"
    if first.line(driver.line) != second.line(driver.line):
        return "with other line settings"
    if _SEVERAL_INPUTS not in driver.can:
        return f"and {second.driver!r} has one input"
    return ""


def _without_effect(bench: Bench) -> list[str]:
    """What was written in good faith and would do nothing."""
    faults = []
    for role, stand in bench.stands.items():
        if not has_line_settings(stand.address):
            told = [name for name in ("baud", "bytesize", "parity", "stopbits") if getattr(stand, name) is not None]
            faults += [f"{_at(bench, role, name)}: {stand.address} has no line to set; leave it away" for name in told]
    return faults


def _wrong_options(bench: Bench) -> list[str]:
    faults = []
    for role, stand in bench.stands.items():
        try:
            options_from(bench.driver(role).options, stand.options, f"{role}.options")
        except ConfigError as err:
            faults.append(f"{_at(bench, role, 'options')}: {err}")
    return faults


def _at(bench: Bench, role: str, key: str) -> str:
    return f"{bench.path}:{find_line(bench.text, (role, key))}: {role}.{key}"


AnyStand = TypeVar("AnyStand", bound=Stand)


def _present(stand: AnyStand | None, role: str, path: Path) -> AnyStand:
    if stand is None:
        raise ConfigError(f"{path}: this bench has no {role}; add a [{role}] table")
    return stand
