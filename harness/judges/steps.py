"""What judges of a closed line share: when somebody did something by hand, and what the transducer showed."""

from __future__ import annotations

import numpy as np

from harness.analysis.latency import Gap
from harness.analysis.occlusion import Pressures
from harness.analysis.view import View
from harness.cases import CaseBase
from harness.metrology.budget import Estimate, evaluate
from instruments.errors import BenchError

_OPEN_KPA, _CLEARLY = 2.0, 3.0
"""What an open line may show at most while nothing flows."""


def step_of(view: View[CaseBase], kind: str) -> Gap:
    """Question and answer of the first step of a kind, in s. Raises BenchError where it was not done."""
    asked, done = (
        [event.at_s for event in view.record.of_kind(name, view.case.id) if event.data["step"] == kind]
        for name in ("by hand", "done by hand")
    )
    if not asked or not done:
        raise BenchError(f"the record does not say that step {kind!r} of case {view.case.id} was done")
    return asked[0], done[0]


def between(gap: Gap, source: str) -> Estimate:
    """A moment anywhere in a gap, in s."""
    return evaluate(lambda inputs: inputs.rectangular(source, (gap[0] + gap[1]) / 2, (gap[1] - gap[0]) / 2))


def pressures_of(view: View[CaseBase]) -> Pressures:
    """What the transducer showed in the case. Raises BenchError where it showed a pressure before anything flowed."""
    read = list(view.record.of_kind("pressure", view.case.id))
    moments_s = np.array([event.data["read_us"] / 1e6 for event in read])
    found_kpa, u_kpa = np.array([event.data["kpa"] for event in read]), view.conditions.pressure_u_kpa
    if not len(read) or abs(found_kpa[0]) > _OPEN_KPA + _CLEARLY * u_kpa:
        showed = f"showed {found_kpa[0]:.3g} kPa" if len(read) else "was not read"
        raise BenchError(f"the pressure transducer {showed} before anything flowed; see to its zero, and that the line is open")
    return Pressures(moments_s, found_kpa, u_kpa)
