"""What bench supplies of any maker have: outputs that hold a voltage or a current into a load, and protections."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from instruments.sim.device import SimDevice
from instruments.sim.power import Consumer
from instruments.sim.scpi import Persona, ScpiDevice
from instruments.sim.scpi_status import EventRegister

_NEVER_S = float("inf")
_TIME_CONSTANTS = 7.0
"""Within which an output counts as settled: to a thousandth."""
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class SupplyData:
    """Options of any simulated supply.

    ``load_channel`` feeds the bench's pump, if one stands there that lives on a supply, beside ``resistance_ohm`` and a constant
    ``draws_a``; nothing is connected to the others. It begins as somebody left it: ``on`` with ``voltage_v`` and ``current_a``
    (its rating, unless told). ``gain`` is true over programmed voltage, ``off_v`` what an output that is off still shows.
    """

    serial: str = "SIM0000001"
    baudrate: int = 115_200
    latency_s: float = 0.002
    strict: bool = False
    settling_s: float = 0.05
    off_v: float = 2e-4
    gain: float = 1.0
    load_channel: int = 1
    resistance_ohm: float = math.inf
    draws_a: float = 0.0
    on: bool = False
    voltage_v: float = 0.0
    current_a: float | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """What can be set, and the largest levels of the protections."""

    voltage_v: float
    current_a: float
    ovp_v: float
    ocp_a: float


@dataclass(frozen=True, slots=True)
class Load:
    """A resistance beside something that draws a current of its own."""

    resistance_ohm: float = math.inf
    draws_a: Callable[[], float] = lambda: 0.0

    def held(self, voltage_v: float, limit_a: float) -> tuple[float, float, str]:
        """Voltage, current and mode of a supply that is set so: CV, or CC where the load would take more than the limit."""
        own_a = self.draws_a() if voltage_v > 0 else 0.0
        wanted_a = voltage_v / self.resistance_ohm + own_a
        if wanted_a <= limit_a + _SLACK:
            return voltage_v, wanted_a, "CV"
        beyond_a = max(0.0, limit_a - own_a)
        return (beyond_a * self.resistance_ohm if beyond_a else 0.0), limit_a, "CC"


class Output:
    """One output. Its voltage goes to where it has to with a time constant; a trip holds it off until it is cleared."""

    def __init__(self, rating: Rating, load: Load, data: SupplyData) -> None:
        self.rating, self.load, self._data = rating, load, data
        self.register = EventRegister()
        self.reset()
        self._from_v = self._to_v = 0.0
        self._since_s = -_NEVER_S

    def reset(self) -> None:
        """Off, at nothing, protections at their highest."""
        self.switched_on, self.voltage_v, self.limit_a = False, 0.0, self.rating.current_a
        self.ovp_v, self.ocp_a = self.rating.ovp_v, self.rating.ocp_a
        self.ovp_on = self.ocp_on = False
        self.ocp_by_limit = False
        self.ocp_delay_s = 0.02
        self.tripped = ""
        self._over_since_s = _NEVER_S

    def begin(self, *, on: bool, voltage_v: float, current_a: float | None) -> None:
        """As somebody left it, long ago."""
        self.switched_on, self.voltage_v = on, voltage_v
        self.limit_a = self.limit_a if current_a is None else current_a
        self._from_v = self._to_v = self._held()[0]

    @property
    def on(self) -> bool:
        """Switched on, and not held off by a protection."""
        return self.switched_on and not self.tripped

    @property
    def mode(self) -> str:
        return self._held()[2]

    def voltage(self, now_s: float) -> float:
        """The voltage at the terminals, in V."""
        if self._data.settling_s <= 0 or now_s >= self._since_s + self._data.settling_s:
            return self._to_v
        share = math.exp(-_TIME_CONSTANTS * (now_s - self._since_s) / self._data.settling_s)
        return self._to_v + (self._from_v - self._to_v) * share

    def current(self, now_s: float) -> float:
        """The current into the load, in A: of a load that takes less as long as the voltage has not settled."""
        to_v, to_a, _ = self._held()
        return to_a * min(1.0, self.voltage(now_s) / to_v) if to_v > 0 else to_a

    def look(self, now_s: float) -> None:
        """Trip if there is reason to; begin to settle where the load or a setting has changed."""
        to_v, _, mode = self._held()
        if self.on and self.ovp_on and to_v > self.ovp_v + _SLACK:
            self.tripped = "OV"
        self._watch_current(now_s, mode)
        to_v = self._held()[0]
        if to_v != self._to_v:
            self._from_v, self._to_v, self._since_s = self.voltage(now_s), to_v, now_s

    def next_event_s(self, now_s: float) -> float:
        settled_s = self._since_s + self._data.settling_s
        trip_s = self._over_since_s + self.ocp_delay_s
        return min((moment_s for moment_s in (settled_s, trip_s) if moment_s > now_s), default=_NEVER_S)

    def clear(self, *, restores: bool) -> None:
        """Reset the trip; ``restores``: what was switched on is on again."""
        self.switched_on = self.switched_on and (restores or not self.tripped)
        self.tripped, self._over_since_s = "", _NEVER_S

    def _watch_current(self, now_s: float, mode: str) -> None:
        over = mode == "CC" if self.ocp_by_limit else self._held()[1] > self.ocp_a + _SLACK
        if not (self.on and self.ocp_on and over):
            self._over_since_s = _NEVER_S
            return
        self._over_since_s = min(self._over_since_s, now_s)
        if now_s >= self._over_since_s + self.ocp_delay_s - _SLACK:
            self.tripped = "OC"

    def _held(self) -> tuple[float, float, str]:
        if not self.on:
            return self._data.off_v, 0.0, "OFF"
        return self.load.held(self.voltage_v * self._data.gain, self.limit_a)


class SupplyDevice(ScpiDevice):
    """A supply with several outputs, one of them selected."""

    def __init__(self, persona: Persona, data: SupplyData, ratings: Mapping[int, Rating], pump: Callable[[], float]) -> None:
        super().__init__(persona, baudrate=data.baudrate, latency_s=data.latency_s)
        self.data = data
        feeding = Load(data.resistance_ohm, lambda: data.draws_a + pump())
        self.outputs = {n: Output(one, feeding if n == data.load_channel else Load(), data) for n, one in ratings.items()}
        self.status.nested.extend(output.register for output in self.outputs.values())
        self.reset()
        self.outputs[data.load_channel].begin(on=data.on, voltage_v=data.voltage_v, current_a=data.current_a)
        self.look()

    def reset(self) -> None:
        self.selected = 1
        for output in self.outputs.values():
            output.reset()
            self.prepare(output)

    def prepare(self, output: Output) -> None:
        """What ``*RST`` leaves otherwise on this maker's outputs."""

    def terminal_v(self) -> float:
        return self.outputs[self.data.load_channel].voltage(self.now_s)

    def obey(self, frame: bytes) -> None:
        self.look()
        super().obey(frame)
        self.look()

    def happen(self) -> None:
        self.look()

    def look(self) -> None:
        for output in self.outputs.values():
            output.look(self.now_s)

    def next_event_s(self) -> float:
        return min(output.next_event_s(self.now_s) for output in self.outputs.values())


def pump_current(devices: Callable[[], Iterable[SimDevice]]) -> Callable[[], float]:
    """What all devices of the bench that live on a supply draw, in A; they may be built later."""
    return lambda: sum(device.drawn_a() for device in devices() if isinstance(device, Consumer))
