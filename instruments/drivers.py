"""The drivers, by the name that stands in a bench file: ours, and those that other packages bring as entry points."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from instruments.balances import and_weighing, kern, mt_sics, ohaus, sbi
from instruments.driver import Driver
from instruments.errors import ConfigError
from instruments.meters import keysight_daq, keysight_dmm
from instruments.pumps import chemyx, harvard, harvard_44, new_era, scpi_pump
from instruments.supplies import keysight_e36300, rigol_dp800

_OURS: Mapping[str, Mapping[str, Driver[Any]]] = {
    "pumps": {
        "chemyx-fusion": chemyx.DRIVER,
        "harvard-44": harvard_44.DRIVER,
        "harvard-ultra": harvard.DRIVER,
        "new-era": new_era.DRIVER,
        "scpi-pump": scpi_pump.DRIVER,
    },
    "balances": {
        "and": and_weighing.DRIVER,
        "kern-kcp": kern.DRIVER,
        "mt-sics": mt_sics.DRIVER,
        "ohaus": ohaus.DRIVER,
        "sartorius-sbi": sbi.DRIVER,
    },
    "meters": {
        "keysight-daq": keysight_daq.DRIVER,
        "keysight-dmm": keysight_dmm.DRIVER,
    },
    "supplies": {
        "keysight-e36300": keysight_e36300.DRIVER,
        "rigol-dp800": rigol_dp800.DRIVER,
    },
}

KINDS = tuple(_OURS)


@cache
def drivers(kind: str) -> Mapping[str, Driver[Any]]:
    """All drivers of a kind (``pumps``, ``balances``, ``meters``, ``supplies``).

    Other packages bring theirs as entry points of the group ``dosebench.KIND``; a name of ours is not replaced.
    """
    found = {entry.name: _loaded(entry) for entry in entry_points(group=f"dosebench.{kind}")}
    return {**found, **_OURS[kind]}


def _loaded(entry: EntryPoint) -> Driver[Any]:
    try:
        driver = entry.load()
    except Exception as err:
        raise ConfigError(f"driver {entry.name!r} ({entry.value}) cannot be loaded: {err}; mend or remove its package") from err
    if not isinstance(driver, Driver):
        raise ConfigError(f"driver {entry.name!r} ({entry.value}) is no instruments.driver.Driver; mend or remove its package")
    return driver
