"""What the analysis of one case works on: the record, the case, and how masses become volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from harness.cases import CaseBase
from harness.metrology.volume import Evaporation, Weighing
from harness.record import Period, Record, Series

CaseType = TypeVar("CaseType", bound=CaseBase, covariant=True)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is known of the set-up beside the record.

    ``lag_s``: by how much the balance trails behind the pump (line and filter); ``filled_ml``: what was in the syringe.
    """

    weighing: Weighing
    rule: str = "guarded"
    rate_hz: float = 10.0
    lag_s: float = 0.0
    max_gap_s: float = 5.0
    filled_ml: float = 0.0
    filled_u_ml: float = 0.0
    label_ug_ml: float | None = None


@dataclass(frozen=True, slots=True)
class View(Generic[CaseType]):
    """One case of a record, seen under the conditions of its bench."""

    record: Record
    case: CaseType
    conditions: Conditions
    evaporation: Evaporation

    def phase(self, name: str) -> Period:
        return self.record.phase(self.case.id, name)

    def series(self, *names: str) -> Series:
        """The masses from the beginning of the first named phase to the end of the last."""
        return self.record.series(self.span(*names))

    def span(self, *names: str) -> Period:
        return Period(self.phase(names[0]).start_s, self.phase(names[-1]).end_s)
