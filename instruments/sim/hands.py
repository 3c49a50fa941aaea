"""The hands of a simulated bench: they carry out the steps that a person would, in bench time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from instruments.clock import VirtualClock
from instruments.errors import BenchError
from instruments.hands import Step
from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.drive import Note, silent

_NEVER_S = float("inf")
_REACH_S = 5.0
"""From the question until the hand is at the pan, and from there until the door is shut and the answer given."""


class SimulatedHands:
    """Puts weights on the pan and takes them off; an actor, as forces act in the actors' time.

    A weight weighs what its certificate says, and a departure of its own that is drawn once, with the certificate's standard
    uncertainty (``mass_g`` and ``mass_u_g`` of the step).
    """

    def __init__(self, clock: VirtualClock, noise: np.random.Generator, note: Note = silent) -> None:
        self._clock, self._noise, self._note = clock, noise, note
        self._now_s = 0.0
        self._true_g: dict[float, float] = {}
        self._moments_s, self._loads_g = [-_NEVER_S], [0.0]

    def ask(self, step: Step, meanwhile: Callable[[], None]) -> str:
        """Raises BenchError for what cannot be done: a weight on a weight, or none to take off."""
        self._take_time(meanwhile)
        self._lay(self._wanted_g(step))
        self._note(self._now_s, f"{step.kind}: {self._loads_g[-1]:.7f} g lie on the pan beside the vessel")
        self._take_time(meanwhile)
        return "done"

    def load_g(self, moments_s: FloatArray) -> FloatArray:
        """What lies on the pan at each moment, beside the vessel."""
        return np.asarray(self._loads_g)[np.searchsorted(self._moments_s, moments_s) - 1]

    def _take_time(self, meanwhile: Callable[[], None]) -> None:
        self._clock.sleep_until(self._clock.now_s() + _REACH_S)
        meanwhile()

    def _wanted_g(self, step: Step) -> float:
        lies = self._loads_g[-1] != 0
        if lies == (step.kind == "put on"):
            raise BenchError(f"the simulated hands cannot {step.kind}: there is {'a' if lies else 'no'} weight on the pan")
        return self._weight_g(step) if step.kind == "put on" else 0.0

    def _weight_g(self, step: Step) -> float:
        mass_g = step.data["mass_g"]
        if mass_g not in self._true_g:
            self._true_g[mass_g] = mass_g + step.data["mass_u_g"] * float(self._noise.standard_normal())
        return self._true_g[mass_g]

    def _lay(self, load_g: float) -> None:
        self._moments_s.append(self._now_s)
        self._loads_g.append(load_g)

    # --- an actor that never acts by itself ---

    def next_event_s(self) -> float:
        return _NEVER_S

    def next_output_s(self) -> float:
        return _NEVER_S

    def advance_to(self, now_s: float) -> None:
        self._now_s = now_s
