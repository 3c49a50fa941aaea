"""Before the first case, and after one that asks for it: watch the bench with the pump stopped, to know evaporation and drift."""

from __future__ import annotations

from harness.plan import Preparation
from harness.record import BLANK, PREPARATION
from harness.rig import Rig
from harness.stands import relaxed_s


def prepare(rig: Rig, preparation: Preparation) -> None:
    """Settle, then the blank."""
    rig.case = PREPARATION
    rig.poll()
    with rig.phase("settle"):
        rig.wait(preparation.settle)
    with rig.phase(BLANK):
        rig.wait(preparation.blank)


def blank_after(rig: Rig, blank_s: float) -> None:
    """The pump has been stopped; once the line has relaxed, nothing flows any more."""
    bench = rig.bench
    with rig.phase("relax"):
        rig.wait(relaxed_s(bench.file.catheter.lag + bench.balance.response))
    with rig.phase(BLANK):
        rig.wait(blank_s)
