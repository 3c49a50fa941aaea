"""The simulated benches that exist in this process, by the name that stands in their ``sim://`` addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from weakref import WeakValueDictionary

from instruments.clock import VirtualClock
from instruments.sim.device import SimDevice


class Bench(Protocol):
    @property
    def clock(self) -> VirtualClock: ...

    @property
    def devices(self) -> Mapping[str, SimDevice]: ...


_BENCHES: WeakValueDictionary[str, Bench] = WeakValueDictionary()


def register_bench(name: str, bench: Bench) -> None:
    """Make a bench reachable at ``sim://NAME/ROLE`` for as long as somebody holds it."""
    _BENCHES[name.lower()] = bench


def find_bench(name: str) -> Bench | None:
    return _BENCHES.get(name.lower())
