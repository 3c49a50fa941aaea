"""Cases of rates that change: by command while the pump runs, by a schedule of its own, to the keep-open rate."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from harness.cases.base import CaseBase, Needed, Positive
from harness.cases.flows import Rate
from harness.cases.limits import PercentLimit, TimeLimit, VolumeLimit
from harness.quantities import MilliLitres

LEAD_IN_S, RUN_OUT_S = 60.0, 120.0
"""Watched before the start, and after the stop."""
_LEAST_CHANGE = 0.01
"""Two rates that are nearer to each other are no change."""


class _Changing(CaseBase):
    """Rates one after the other."""

    rates: Annotated[list[Rate], Field(min_length=2, max_length=48)]

    @model_validator(mode="after")
    def _changes(self) -> _Changing:
        for number, (one, other) in enumerate(pairwise(self.rates), 1):
            if abs(other - one) < _LEAST_CHANGE * one:
                raise ValueError(f"rates: {number} and {number + 1} are the same ({one:g} mL/h); a change is 1 % or more")
        return self

    @property
    def spans_s(self) -> Sequence[float]:
        """How long each rate lasts."""
        raise NotImplementedError

    def lasts_s(self, left_ml: float) -> float:
        return LEAD_IN_S + sum(self.spans_s) + RUN_OUT_S

    def gives_ml(self, left_ml: float) -> float:
        return sum(rate * span_s for rate, span_s in zip(self.rates, self.spans_s, strict=True)) / 3600

    @property
    def weighed_ml(self) -> float:
        return min(rate * span_s for rate, span_s in zip(self.rates, self.spans_s, strict=True)) / 3600


class RateChangeCase(_Changing):
    """``rates`` set by command one after the other while the pump infuses, ``each`` for so long.

    Of each rate the first ``settle`` is left out of its flow error. ``done_50`` and ``done_90``: from the command until the flow
    has done that share of the change. ``surplus``: what came more than an immediate change would have given. ``count_error``:
    what the pump has counted, against what was weighed.
    """

    instruments: ClassVar[tuple[Needed, ...]] = (("pump", "totals"), ("balance", "stream"))

    procedure: Literal["rate-change"]
    each: Positive
    settle: Positive = 3600.0
    flow_error: PercentLimit
    done_50: TimeLimit | None = None
    done_90: TimeLimit | None = None
    surplus: VolumeLimit | None = None
    count_error: PercentLimit | None = None

    @model_validator(mode="after")
    def _something_left(self) -> RateChangeCase:
        if self.settle >= self.each:
            raise ValueError(f"settle of {self.settle:g} s leaves nothing of the {self.each:g} s of each rate")
        if late := [limit for limit in (self.done_50, self.done_90) if limit is not None and limit.most >= self.each]:
            told = f"a rate that lasts {self.each:g} s cannot show a change after {late[0].most:g} s"
            raise ValueError(f"done_50 and done_90 need within or at_most below that: {told}")
        return self

    @property
    def spans_s(self) -> Sequence[float]:
        return [self.each] * len(self.rates)

    @property
    def weighed_ml(self) -> float:
        return min(self.rates) * (self.each - self.settle) / 3600


class ProfileCase(_Changing):
    """A day of several ``rates`` that the pump runs by itself, each for as long as ``lasts`` says; ``days`` times over.

    ``volume_error`` is that of each step, within the time that is its own; ``moment``: by how much a step begins late or early.
    """

    instruments: ClassVar[tuple[Needed, ...]] = (("pump", "bolus-on-basal"), ("balance", "stream"))

    procedure: Literal["profile"]
    lasts: Annotated[list[Positive], Field(min_length=2)]
    days: Annotated[int, Field(ge=1, le=31)] = 1
    volume_error: PercentLimit
    moment: TimeLimit | None = None

    @model_validator(mode="after")
    def _one_time_each(self) -> ProfileCase:
        if len(self.lasts) != len(self.rates):
            raise ValueError(f"lasts: {len(self.lasts)} times for {len(self.rates)} rates; give one for each")
        return self

    @property
    def early_s(self) -> float:
        """By so much a step that begins too early has to show."""
        return -min(self.moment.interval[0] or 0.0, 0.0) if self.moment else 0.0

    @property
    def steps(self) -> list[tuple[float, float]]:
        """Rate (mL/h) and duration (s) of each step; neighbours of one rate, as from day to day, are one step."""
        steps: list[tuple[float, float]] = []
        for rate, span_s in list(zip(self.rates, self.lasts, strict=True)) * self.days:
            joined = bool(steps) and steps[-1][0] == rate
            steps[-1:] = [(rate, steps[-1][1] + span_s)] if joined else [*steps[-1:], (rate, span_s)]
        return steps

    @property
    def spans_s(self) -> Sequence[float]:
        return self.lasts

    def lasts_s(self, left_ml: float) -> float:
        return LEAD_IN_S + self.days * sum(self.lasts) + RUN_OUT_S

    def gives_ml(self, left_ml: float) -> float:
        return self.days * super().gives_ml(left_ml)


class KvoCase(CaseBase):
    """After the programmed ``volume`` the pump falls to its keep-open rate ``kvo`` by itself, and is watched for ``duration``.

    ``flow_error`` is that of the keep-open flow against the declared ``kvo``; it may not be above the set rate, and counts only
    when it is resolved: U(Q)/Q < 10 % (fluid-delivery-test-methods, section 10).
    """

    instruments: ClassVar[tuple[Needed, ...]] = (("pump", "bolus-on-basal"), ("balance", "stream"))

    procedure: Literal["kvo"]
    rate: Rate
    volume: Annotated[MilliLitres, Field(gt=0)]
    kvo: Rate
    settle: Positive = 600.0
    duration: Annotated[Positive, Field(ge=3600)] = 3600.0
    volume_error: PercentLimit
    flow_error: PercentLimit

    @model_validator(mode="after")
    def _falls(self) -> KvoCase:
        if self.kvo >= self.rate:
            raise ValueError(f"kvo of {self.kvo:g} mL/h is no fall from the set rate of {self.rate:g} mL/h")
        return self

    @property
    def infusion_s(self) -> float:
        return self.volume / self.rate * 3600

    def lasts_s(self, left_ml: float) -> float:
        return LEAD_IN_S + self.infusion_s + self.settle + self.duration + RUN_OUT_S

    def gives_ml(self, left_ml: float) -> float:
        return self.volume + self.kvo * (self.settle + self.duration) / 3600

    @property
    def weighed_ml(self) -> float:
        return min(self.volume, self.kvo * self.duration / 3600)
