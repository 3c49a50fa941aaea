"""An MT-SICS balance behind its wire protocol, in several classes (``persona``) that differ in commands, digits and pace."""

from instruments.sim.mt_sics.device import MtSicsBalance
from instruments.sim.mt_sics.options import BalanceData
from instruments.sim.mt_sics.stand import build

__all__ = ["BalanceData", "MtSicsBalance", "build"]
