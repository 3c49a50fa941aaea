"""A command that is not answered yet: it waits for calm, for a load, or for its time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def never() -> bool:
    return False


def nothing() -> None: ...


@dataclass(frozen=True, slots=True)
class Pending:
    """``act`` once ``ready``, which is looked at with every conversion; ``expire`` when the deadline has come first.

    ``adjusts``: the balance does nothing else meanwhile, its stream included. ``cancelled`` is what it says when called off.
    """

    deadline_s: float
    expire: Callable[[], None]
    act: Callable[[], None] = nothing
    ready: Callable[[], bool] = never
    adjusts: bool = False
    cancelled: bytes = b""
