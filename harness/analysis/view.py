"""What the analysis of one case works on: the record, the case, and how masses become volumes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from harness.cases import Limit
from harness.metrology.budget import Estimate
from harness.metrology.rules import Interval
from harness.metrology.volume import Evaporation, Weighing
from harness.record import Period, Record, Series
from harness.stands import BalanceSheet, Catheter, Corrections
from harness.verdicts import Measurand, judge


class Named(Protocol):
    """A case of a plan, or what a mapping asks of a recording."""

    @property
    def id(self) -> str: ...


CaseType = TypeVar("CaseType", bound=Named, covariant=True)


@dataclass(frozen=True, slots=True)
class Lag:
    """A first-order lag: ``lag_s`` is taken out of a timing, and may be wrong by ``half_width_s``."""

    source: str
    lag_s: float
    half_width_s: float


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is known of the set-up beside the record.

    ``lag_s``: by how much the balance trails behind the pump (line and filter together); ``lags``: what of it timings are
    corrected for. ``transmission_s``: how long a reading is on the line before it is stamped; ``filled_ml``: what was in the
    syringe; ``pressure_u_kpa``: standard uncertainty of a line pressure; ``compliance_l_pa``: of the line, as its lag tells it.
    """

    weighing: Weighing
    rule: str = "guarded"
    minimum_tur: float | None = None
    rate_hz: float = 10.0
    lag_s: float = 0.0
    lags: tuple[Lag, ...] = ()
    transmission_s: float = 0.0
    max_gap_s: float = 5.0
    filled_ml: float = 0.0
    filled_u_ml: float = 0.0
    label_ug_ml: float | None = None
    pressure_u_kpa: float = 0.0
    compliance_l_pa: float = 0.0

    @property
    def corrected_lags(self) -> tuple[Lag, ...]:
        return self.lags or (Lag("lag of line and balance", self.lag_s, self.lag_s / 2),)


def trailing_s(conditions: Conditions) -> tuple[float, float]:
    """All that timings are corrected for as one lag, and its half width."""
    lags = conditions.corrected_lags
    return sum(lag.lag_s for lag in lags), sum(lag.half_width_s for lag in lags)


def lags_of(corrections: Corrections, balance: BalanceSheet, catheter: Catheter | None = None) -> tuple[Lag, ...]:
    """What timings are corrected for. One that is left out is known to be there: its bounds hold twice of it."""
    known = [("lag of the balance's filter", balance.response, balance.response_u_s)]
    known += [("lag of the line", catheter.lag, catheter.lag_u_s)] if catheter else []
    if corrections.lag:
        return tuple(Lag(*lag) for lag in known)
    return tuple(Lag(f"{name}, not corrected", 0.0, 2 * lag_s) for name, lag_s, _ in known)


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
        return self.within(self.span(*names))

    def within(self, period: Period) -> Series:
        """The masses of a period, at the moments at which the balance had them: before the line."""
        series = self.record.series(period)
        late_s = self.conditions.transmission_s
        return Series(series.moments_s - late_s, series.masses_g) if late_s else series

    def judge(
        self, name: str, found: Estimate, unit: str, limit: Limit, detail: str = "", interval: Interval | None = None
    ) -> Measurand:
        """A measurand against a limit of the case, in the limit's own unit; else ``interval`` is the limit in that unit."""
        judged = judge(name, found, unit, interval or limit.interval, self.rule(limit), detail, self.least_tur(limit))
        return replace(judged, basis=limit.rests_on)

    def least_tur(self, limit: Limit) -> float | None:
        """The least test uncertainty ratio with which it may be judged."""
        return limit.minimum_tur or self.conditions.minimum_tur

    def rule(self, limit: Limit) -> str:
        """The decision rule of a limit."""
        return limit.rule or self.conditions.rule

    def span(self, *names: str) -> Period:
        return Period(self.phase(names[0]).start_s, self.phase(names[-1]).end_s)
