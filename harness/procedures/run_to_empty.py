"""Infuse until the syringe is empty; the pump has to say so."""

from __future__ import annotations

from harness.bench import Bench
from harness.cases import RunToEmptyCase
from harness.rig import Rig

_MARGIN = 1.15
_EXTRA_S = 300.0
PLATEAU_S = 300.0
"""Weighed after the alarm, so that the end of the flow can be seen."""


def run_to_empty(rig: Rig, case: RunToEmptyCase) -> None:
    """Poll until the alarm, or until even a syringe fuller than declared would be empty and the latency limit over."""
    bound_s = _time_to_empty_s(rig.bench, rig.pump.infused_ml(), case)
    with rig.phase("run"):
        rig.start(case.rate)
        rig.watch(rig.clock.now_s() + bound_s, every_s=case.poll)
    with rig.phase("plateau"):
        rig.wait(PLATEAU_S)
    rig.stop()


def _time_to_empty_s(bench: Bench, infused_ml: float, case: RunToEmptyCase) -> float:
    left_ml = bench.pump.source.filled_ml - infused_ml
    return max(0.0, left_ml) / case.rate * 3600 * _MARGIN + case.alarm_latency.most + _EXTRA_S
