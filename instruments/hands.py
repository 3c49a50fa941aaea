"""What only hands can do on a bench: put a weight on the pan, close a stopcock. Somebody is asked, and says when it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Kind = Literal[
    "put on",
    "take off",
    "do",
    "close",
    "open",
    "drain",
    "outlet",
    "threshold",
    "withdraw",
    "refill",
    "power off",
    "power on",
]
"""What is to be done, and what ``data`` has to say of it:

==============  ==================  ======================================================================================
``put on``      mass_g, mass_u_g    a weight onto the pan, of this mass and standard uncertainty by its certificate
``take off``                        the weight off the pan
``do``                              something to look at, or to prepare
``close``       place               a stopcock in the line, from 0 (near the pump) to 1 (at the outlet)
``open``                            the stopcock again
``drain``       pump_path_ml        the catheter empty, and so much of the path to it in the pump
``outlet``      pressure_kpa        the outlet to this gauge pressure (below 0: a siphon), without touching the balance
``threshold``   pressure_kpa        the pump's occlusion alarm threshold to this pressure
``withdraw``                        all that is left in syringe or reservoir out of it; answered like ``1.987 mL``
``refill``      volume_ml           so much into the reservoir, or a new syringe with so much in place of the old one
``power off``                       the pump's power away
``power on``                        the pump's power back
==============  ==================  ======================================================================================
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: ``kind`` and ``data`` for programs (the names in ``data`` carry their units), ``words`` for people."""

    kind: Kind
    words: str
    data: Mapping[str, float] = field(default_factory=dict)


class Hands(Protocol):
    """Whoever carries out steps: a person, or a simulated bench itself."""

    def ask(self, step: Step, meanwhile: Callable[[], None]) -> str:
        """Have a step done; returns what was answered when it was.

        While somebody is waited for, ``meanwhile`` is called again and again: the balance goes on sending. Raises BenchError
        when the step will not be done.
        """
        ...
