"""The hands of a simulated bench: they carry out the steps that a person would, in bench time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from instruments.clock import VirtualClock
from instruments.errors import BenchError
from instruments.hands import Kind, Step
from instruments.sim.device import SimDevice
from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.drive import Drive, Note, silent
from instruments.sim.physics.line import FREE, Blockage
from instruments.sim.physics.path import FluidPath

_NEVER_S = float("inf")
_REACH_S = 5.0
"""From the question until the hand is where it has to be, and from there until the door is shut and the answer given."""
_WEIGHED_ML = 0.002
"""Standard deviation of a volume that is drawn out and weighed."""
_DONE = "done"
_STOPCOCK = "stopcock"

Data = Mapping[str, float]


@runtime_checkable
class Implant(Protocol):
    """A pump that is filled through a port, and told of it afterwards."""

    def fill(self, volume_ml: float) -> None: ...


@dataclass(frozen=True)
class Reach:
    """What the hands can get hold of: the line, the mechanics that push into it (the pump's first), and who plays the pump."""

    path: FluidPath
    drives: Sequence[Drive]
    pump: Callable[[], SimDevice]


class SimulatedHands:
    """Do what a step says, in the middle of the time that it takes; an actor, as forces act in the actors' time.

    A weight weighs what its certificate says, and a departure of its own that is drawn once, with the certificate's standard
    uncertainty (``mass_g`` and ``mass_u_g`` of the step).
    """

    def __init__(
        self, clock: VirtualClock, noise: Callable[[str], np.random.Generator], reach: Reach, note: Note = silent
    ) -> None:
        self._clock, self._reach, self._note = clock, reach, note
        self._of_weights, self._of_volumes = noise("weight"), noise("withdrawn")
        self._now_s = 0.0
        self._true_g: dict[float, float] = {}
        self._moments_s, self._loads_g = [-_NEVER_S], [0.0]

    def ask(self, step: Step, meanwhile: Callable[[], None]) -> str:
        """Raises BenchError for what cannot be done: a weight on a weight, a threshold that the pump does not have."""
        act = _deed(step).act
        self._take_time(meanwhile)
        answer = act(self, step.data)
        self._take_time(meanwhile)
        return answer or _DONE

    def _take_time(self, meanwhile: Callable[[], None]) -> None:
        self._clock.sleep_until(self._clock.now_s() + _REACH_S)
        meanwhile()

    def _tell(self, kind: Kind, what: str) -> None:
        self._note(self._now_s, f"{kind}: {what}")

    def look(self, data: Data) -> None:
        """Nothing that the bench would notice."""

    # --- weights ---

    def load_g(self, moments_s: FloatArray) -> FloatArray:
        """What lies on the pan at each moment, beside the vessel."""
        return np.asarray(self._loads_g)[np.searchsorted(self._moments_s, moments_s) - 1]

    def put_on(self, data: Data) -> None:
        self._lay("put on", self._weight_g(data["mass_g"], data["mass_u_g"]))

    def take_off(self, data: Data) -> None:
        self._lay("take off", 0.0)

    def _weight_g(self, mass_g: float, mass_u_g: float) -> float:
        if mass_g not in self._true_g:
            self._true_g[mass_g] = mass_g + mass_u_g * float(self._of_weights.standard_normal())
        return self._true_g[mass_g]

    def _lay(self, kind: Kind, load_g: float) -> None:
        lies = self._loads_g[-1] != 0
        if lies == (kind == "put on"):
            raise BenchError(f"the simulated hands cannot {kind}: there is {'a' if lies else 'no'} weight on the pan")
        self._moments_s.append(self._now_s)
        self._loads_g.append(load_g)
        self._tell(kind, f"{load_g:.7f} g lie on the pan beside the vessel")

    # --- the line ---

    def close(self, data: Data) -> None:
        self._reach.path.block(self._now_s, Blockage(1.0, data["place"]), _STOPCOCK)
        self._tell("close", f"a stopcock at {data['place']:g} of the line")

    def open(self, data: Data) -> None:
        self._reach.path.block(self._now_s, FREE, _STOPCOCK)
        self._tell("open", "the stopcock")

    def drain(self, data: Data) -> None:
        empty_ml = self._reach.path.line.dead_volume_ml + data["pump_path_ml"]
        self._reach.path.drain(self._now_s, empty_ml)
        self._tell("drain", f"{empty_ml:.7f} mL of catheter and pump are empty")

    def outlet(self, data: Data) -> None:
        self._reach.path.face(self._now_s, data["pressure_kpa"] * 1000)
        self._tell("outlet", f"at {data['pressure_kpa']:g} kPa")

    # --- the pump ---

    def set_threshold(self, data: Data) -> None:
        if not self._pump("threshold").feels_pressure:
            raise BenchError("the simulated hands cannot set a threshold: this pump feels no pressure and has no occlusion alarm")
        self._drive("threshold").set_stall(self._now_s, data["pressure_kpa"])
        self._tell("threshold", f"{data['pressure_kpa']:g} kPa")

    def withdraw(self, data: Data) -> str:
        drive = self._drive("withdraw")
        left_ml = drive.left_ml(self._now_s)
        drive.refill(self._now_s, 0.0)
        self._tell("withdraw", f"{left_ml:.7f} mL")
        return f"{max(0.0, left_ml + _WEIGHED_ML * float(self._of_volumes.standard_normal())):.3f} mL"

    def refill(self, data: Data) -> None:
        pump, drive, volume_ml = self._pump("refill"), self._drive("refill"), data["volume_ml"]
        if isinstance(pump, Implant):
            pump.fill(volume_ml)
        else:
            drive.refill(self._now_s, volume_ml)
        self._tell("refill", f"{drive.left_ml(self._now_s):.7f} mL are in it")

    def power_off(self, data: Data) -> None:
        self._tell("power off", "the pump")
        self._pump("power off").cut_power()

    def power_on(self, data: Data) -> None:
        self._tell("power on", "the pump")
        self._pump("power on").restore_power()

    def _pump(self, kind: Kind) -> SimDevice:
        self._drive(kind)
        return self._reach.pump()

    def _drive(self, kind: Kind) -> Drive:
        if not self._reach.drives:
            raise BenchError(f"the simulated hands cannot do {kind!r}: there is no pump on this bench")
        return self._reach.drives[0]

    # --- an actor that never acts by itself ---

    def next_event_s(self) -> float:
        return _NEVER_S

    def next_output_s(self) -> float:
        return _NEVER_S

    def advance_to(self, now_s: float) -> None:
        self._now_s = now_s


@dataclass(frozen=True, slots=True)
class _Deed:
    """How a kind of step is carried out (what it returns is the answer), and what its data have to say, within bounds."""

    act: Callable[[SimulatedHands, Data], str | None]
    needs: Mapping[str, tuple[float, float]] = field(default_factory=dict)


_ANY = float("inf")
_VACUUM_KPA = -101.325
_DEEDS: Mapping[Kind, _Deed] = {
    "put on": _Deed(SimulatedHands.put_on, {"mass_g": (0.0, _ANY), "mass_u_g": (0.0, _ANY)}),
    "take off": _Deed(SimulatedHands.take_off),
    "do": _Deed(SimulatedHands.look),
    "close": _Deed(SimulatedHands.close, {"place": (0.0, 1.0)}),
    "open": _Deed(SimulatedHands.open),
    "drain": _Deed(SimulatedHands.drain, {"pump_path_ml": (0.0, _ANY)}),
    "outlet": _Deed(SimulatedHands.outlet, {"pressure_kpa": (_VACUUM_KPA, _ANY)}),
    "threshold": _Deed(SimulatedHands.set_threshold, {"pressure_kpa": (0.001, _ANY)}),
    "withdraw": _Deed(SimulatedHands.withdraw),
    "refill": _Deed(SimulatedHands.refill, {"volume_ml": (0.0, _ANY)}),
    "power off": _Deed(SimulatedHands.power_off),
    "power on": _Deed(SimulatedHands.power_on),
}


def _deed(step: Step) -> _Deed:
    if step.kind not in _DEEDS:
        raise BenchError(f"the simulated hands cannot do {step.kind!r}; they can: {', '.join(_DEEDS)}")
    deed = _DEEDS[step.kind]
    for name, (least, most) in deed.needs.items():
        if not least <= step.data.get(name, float("nan")) <= most:
            raise BenchError(f"step {step.kind!r} needs {name} from {least:g} to {most:g}; it has {dict(step.data) or 'no data'}")
    return deed
