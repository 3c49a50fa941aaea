"""Worked exchanges spoken to a simulated device: whole, one byte at a time, and with two commands in one write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from instruments.sim.device import SimDevice
from instruments.sim.physics.drive import IDEAL, Drive
from instruments.sim.physics.line import Line
from instruments.sim.physics.path import FluidPath
from tests.instruments.exchanges import Row, octets
from tests.instruments.sim.states import Standing

Speak = Callable[[Standing, bytes], None]
SPOKEN = pytest.mark.parametrize("speak", [Standing.say, Standing.spell], ids=["whole", "one byte at a time"])

_PATIENCE_S = 0.5


def a_drive(*, travel_ml: float = 60.0, **data: object) -> Drive:
    """The mechanics of a pump with no line behind it; ``data`` as in DriveData."""
    return Drive(FluidPath(Line()), travel_ml=travel_ml, data=replace(IDEAL, **data))  # type: ignore[arg-type]


def assert_answered(standing: Standing, steps: Iterable[Row], speak: Speak = Standing.say) -> None:
    """Every step is answered byte for byte, and nothing comes after the last."""
    for step in steps:
        standing.pass_s(step.get("after_s", 0.0))
        speak(standing, octets(step["host"]))
        expected = b"".join(map(octets, step["device"]))
        assert standing.hear(len(expected), within_s=_PATIENCE_S) == expected
    standing.pass_s(_PATIENCE_S)
    assert standing.heard() == b""


def assert_answered_together(standing: Standing, first: Row, second: Row) -> None:
    """Two commands in one write are answered one after the other."""
    both = {"host": f"{first['host']} {second['host']}", "device": [*first["device"], *second["device"]]}
    assert_answered(standing, [both])


def pushed_ml(device: SimDevice, drive: Drive) -> float:
    """What the plunger has really displaced."""
    return drive._path.pushed_ml(device.now_s)
