"""New Era pumps behind their wire protocol: one, or several on one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from itertools import zip_longest

from instruments.sim.new_era_data import PumpData
from instruments.sim.new_era_pump import NewEraLine, NewEraPump
from instruments.sim.physics.drive import Drive
from instruments.sim.physics.line import Line
from instruments.sim.physics.path import FluidPath
from instruments.sim.site import Site

_NEVER_S = float("inf")
_IDLE = 0xFF


class PumpChain(NewEraLine):
    """Several pumps on one line. Those that answer at once (to a burst, or to ``*``) spoil each other's answers."""

    def __init__(self, pumps: Sequence[NewEraPump]) -> None:
        super().__init__(baudrate=pumps[0].data.traits.baudrate, latency_s=pumps[0].data.latency_s)
        self.pumps = tuple(pumps)
        for pump in pumps:
            pump.speak = self.send

    def obey(self, frame: bytes) -> None:
        answers = [answer for pump in self.pumps if (answer := pump.answer_to(frame))]
        if answers:
            self.send(_on_one_line(answers))

    def restart(self) -> None:
        for pump in self.pumps:
            pump.restart()

    def cut_power(self) -> None:
        for pump in self.pumps:
            pump.cut_power()

    def restore_power(self) -> None:
        for pump in self.pumps:
            pump.restore_power()

    def next_event_s(self) -> float:
        return min(pump.next_event_s() for pump in self.pumps)

    def advance_to(self, now_s: float) -> None:
        super().advance_to(now_s)
        for pump in self.pumps:
            pump.advance_to(now_s)
        self.alarming = any(pump.alarming for pump in self.pumps)


def _on_one_line(answers: Sequence[bytes]) -> bytes:
    """What arrives when all send at once: a bit is high only where nobody pulls it down."""
    columns = zip_longest(*answers, fillvalue=_IDLE)
    return bytes(reduce(lambda both, byte: both & byte, column) for column in columns)


def build(site: Site) -> NewEraPump | PumpChain:
    """The pump that pushes into the line, at the address that its driver speaks to; with others on its line if there are."""
    data = site.options(PumpData)
    if data.address is None:
        data = replace(data, address=int(site.table.get("options", {}).get("unit", 0)))
    pump = NewEraPump(data, site.drive())
    if not data.others:
        return pump
    idle = replace(data, power_fails_s=_NEVER_S)
    beside = [Drive(FluidPath(Line()), travel_ml=site.setup.fill_ml) for _ in data.others]
    return PumpChain(
        [pump, *(NewEraPump(replace(idle, address=at), drive) for at, drive in zip(data.others, beside, strict=True))]
    )
