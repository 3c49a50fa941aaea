"""Where a simulated device stands: its tables in the bench file, and what it is joined to on the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

import numpy as np

from instruments.options import options_from
from instruments.sim.device import SimDevice
from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.drive import Drive, Note, silent
from instruments.sim.physics.path import FluidPath
from instruments.sim.physics.shaking import Disturbance
from instruments.sim.physics.weighing import WeighingCell
from instruments.sim.setup import Plain, Setup

Data = TypeVar("Data")


@dataclass(frozen=True)
class Site:
    """``tables`` are the bench file's tables of the roles that the device plays, ``devices`` all that stand on the bench.

    ``drives`` are the mechanics that were made for it.
    """

    tables: Mapping[str, Plain]
    setup: Setup
    path: FluidPath
    load_g: Callable[[FloatArray], FloatArray]
    devices: Mapping[str, SimDevice]
    note: Note = silent
    drives: list[Drive] = field(default_factory=list)

    @property
    def role(self) -> str:
        return next(iter(self.tables))

    @property
    def table(self) -> Plain:
        return self.tables[self.role]

    def options(self, kind: type[Data]) -> Data:
        """The device's own data: ``[simulation.ROLE]`` of its roles by field name; ``serial`` as the bench file expects it.

        Raises ConfigError for an unknown key or a value of the wrong kind.
        """
        given: dict[str, Any] = {}
        for role in self.tables:
            given |= self.setup.options.get(role, {})
        known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
        if "serial" in known and self.table.get("serial"):
            given.setdefault("serial", str(self.table["serial"]))
        return options_from(kind, given, f"simulation.{self.role}")

    def drive(self) -> Drive:
        """The mechanics that push the syringe into the line."""
        phase = float(self.noise("drive").uniform())
        drive = Drive(self.path, travel_ml=self.setup.fill_ml, data=self.setup.drive, phase=phase, note=self.note)
        self.drives.append(drive)
        return drive

    def cell(self) -> WeighingCell:
        """What the pan rests on."""
        shaking = self.setup.shaking
        names = [unrest.name for unrest in shaking.unrests]
        streams = [f"{name} {names[:at].count(name)}" if name in names[:at] else name for at, name in enumerate(names)]
        disturbances = [Disturbance(unrest, self.noise(stream)) for unrest, stream in zip(shaking.unrests, streams, strict=True)]
        cell = WeighingCell(self.setup.cell, self.load_g, self.noise("balance"), shaking.forces, disturbances)
        cell.stuck_from_s = self.setup.stuck_s
        return cell

    def noise(self, name: str) -> np.random.Generator:
        return noise_of(self.setup.seed, name)

    def alarming(self) -> bool:
        """Whether any device of the bench gives alarm just now: what the alarm relay shows."""
        return any(device.alarming for device in self.devices.values())

    def pressure_pa(self, now_s: float) -> float:
        """Gauge pressure in the line behind the syringe."""
        return self.path.pressure_pa(now_s)


def noise_of(seed: int, name: str) -> np.random.Generator:
    """A stream of chance of its own for every name, the same for the same seed."""
    return np.random.default_rng([seed, *name.encode("utf-8")])
