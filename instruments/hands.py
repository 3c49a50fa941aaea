"""What only hands can do on a bench: put a weight on the pan, take it off. Somebody is asked, and says when it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: ``kind`` and ``data`` for programs (the names in ``data`` carry their units), ``words`` for people."""

    kind: Literal["put on", "take off"]
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
