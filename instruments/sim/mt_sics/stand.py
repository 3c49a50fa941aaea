"""The balance on its bench."""

from __future__ import annotations

from dataclasses import replace

from instruments.sim.mt_sics.device import MtSicsBalance
from instruments.sim.mt_sics.options import BalanceData, Persona
from instruments.sim.physics.weighing import CellData, WeighingCell
from instruments.sim.site import Site

_SHEET = {"readability": "readability_g", "repeatability": "repeatability_g", "capacity": "capacity_g"}


def build(site: Site) -> MtSicsBalance:
    data = site.options(BalanceData)
    return MtSicsBalance(data, _as_class(site.cell(), data.as_persona(), site))


def _as_class(cell: WeighingCell, persona: Persona, site: Site) -> WeighingCell:
    """What the bench file leaves open of the data sheet is as in the persona."""
    usual = CellData()
    open_ = [name for key, name in _SHEET.items() if key not in site.table and getattr(cell.data, name) == getattr(usual, name)]
    cell.data = replace(cell.data, **{name: getattr(persona, name) for name in open_})
    return cell
