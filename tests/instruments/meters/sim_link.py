"""A link to a simulated device, without the port in between."""

from __future__ import annotations

from instruments.link import Link
from instruments.stamped import Stamped
from instruments.wire.scpi import response_ends
from tests.instruments.sim.scpi_states import ScpiStanding


class SimPort:
    """What a port is to a link: bytes in, stamped bytes out, and time that passes while somebody waits."""

    def __init__(self, standing: ScpiStanding) -> None:
        self._device, self._clock = standing.device, standing.clock
        self.written: list[str] = []

    def write(self, data: bytes) -> None:
        self.written += data.decode("ascii").splitlines()
        self._device.receive(data)

    def poll(self) -> Stamped:
        return self._device.take()

    def wait(self, deadline_s: float) -> Stamped:
        self._clock.wait(lambda: self._device.waiting > 0, deadline_s)
        return self.poll()

    def close(self) -> None:
        self._device.unplug()


def linked(standing: ScpiStanding) -> tuple[Link, SimPort]:
    port = SimPort(standing)
    return Link(port, response_ends, standing.clock, role="meter"), port
