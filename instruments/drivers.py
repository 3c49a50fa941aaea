"""The drivers, by the name that stands in a bench file: ours, and those that other packages bring as entry points."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from instruments.balances import mt_sics
from instruments.driver import Driver
from instruments.pumps import new_era

_OURS: Mapping[str, Mapping[str, Driver[Any]]] = {
    "pumps": {
        "new-era": new_era.DRIVER,
    },
    "balances": {
        "mt-sics": mt_sics.DRIVER,
    },
    "meters": {},
    "supplies": {},
}


KINDS = tuple(_OURS)


@cache
def drivers(kind: str) -> Mapping[str, Driver[Any]]:
    """All drivers of a kind (``pumps``, ``balances``, ``meters``, ``supplies``).

    Other packages bring theirs as entry points of the group ``dosebench.KIND``; a name of ours is not replaced.
    """
    found = {entry.name: entry.load() for entry in entry_points(group=f"dosebench.{kind}")}
    return {**found, **_OURS[kind]}
