"""Who feeds whom on the simulated bench: a supply in place of a pump's battery."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol, runtime_checkable


@runtime_checkable
class Source(Protocol):
    """A device that holds a voltage at somebody's terminals."""

    def terminal_v(self) -> float:
        """The voltage just now, in V."""
        ...


class Consumer(ABC):
    """A device that draws current from a supply; asked at every step of the bench, so that what it is has to be told quickly."""

    @abstractmethod
    def drawn_a(self) -> float:
        """The current that it wants just now, in A, whatever the voltage."""
