"""The outlet at a pressure of its own, for as long as a part of a protocol lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.cases.outlet import OUTLET, OUTLET_BACK, RELAXING_S
from harness.procedures.verbs import set_outlet
from harness.rig import Rig
from harness.stands import relaxed_s


@contextmanager
def against(rig: Rig, pressure_kpa: float) -> Iterator[None]:
    """While the pump infuses: what the line takes up or lets go is no flow of the pump, so it is waited for at both ends."""
    if not pressure_kpa:
        yield
        return
    with rig.phase(OUTLET):
        _move(rig, pressure_kpa)
    yield
    with rig.phase(OUTLET_BACK):
        _move(rig, 0.0)


def _move(rig: Rig, pressure_kpa: float) -> None:
    set_outlet(rig, pressure_kpa)
    rig.wait(max(RELAXING_S, relaxed_s(rig.bench.file.catheter.lag + rig.bench.balance.response)))
