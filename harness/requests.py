"""What a mapping can ask of a recording: one model for each kind of ``[[analysis]]``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from harness.analysis.trumpet import WINDOWS
from harness.files import Strict
from harness.quantities import (
    Kilopascals,
    MicrogramsPerMilliLitre,
    MilliLitres,
    MilliLitresPerHour,
    Percent,
    Seconds,
)

Rate = Annotated[MilliLitresPerHour, Field(gt=0)]
Positive = Annotated[Seconds, Field(gt=0)]


class Request(Strict):
    """``start`` and ``end`` in time since the first row of the recording; from its first to its last, unless told.

    ``id`` names the result; ``level`` is how much of either end of a stretch is averaged, ``0 s`` for single readings.
    """

    id: str = ""
    start: Seconds = 0.0
    end: Seconds | None = None
    level: Annotated[Seconds, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Request:
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"end {self.end:g} s is not after start {self.start:g} s")
        return self


class FlowRequest(Request):
    """Volume and mean flow from ``start`` to ``end``, against ``rate`` where there is one: overall error A or B."""

    kind: Literal["flow"]
    rate: Rate | None = None


class KvoRequest(Request):
    """The keep-open flow after the programmed volume: against what is ``declared``, and no more than the ``rate`` before."""

    kind: Literal["kvo"]
    declared: Rate
    rate: Rate


class LeakRequest(Request):
    """What flows although the pump is off."""

    kind: Literal["leak"]


class OnGrid(Request):
    """Kinds that look at masses every ``sample_interval``; each the mean over ``mean_over`` to either side where that is told."""

    sample_interval: Positive
    mean_over: Annotated[Seconds, Field(ge=0)] = 0.0
    rate: Rate


class TrumpetRequest(OnGrid):
    """``windows``: lengths, or the name of a set of them. ``tolerance``: what a window has to resolve a quarter of."""

    kind: Literal["trumpet"]
    windows: Annotated[list[Positive], Field(min_length=1)]
    tolerance: Annotated[Percent, Field(gt=0)] | None = None

    @field_validator("windows", mode="before")
    @classmethod
    def _named(cls, windows: object) -> object:
        if not isinstance(windows, str):
            return windows
        if windows not in WINDOWS:
            raise ValueError(f"{windows!r} is no set of windows; there are: {', '.join(WINDOWS)}; or give a list of times")
        return [f"{window_s} s" for window_s in WINDOWS[windows]]


class StartUpRequest(OnGrid):
    kind: Literal["start-up"]


class PulsationRequest(OnGrid):
    kind: Literal["pulsation"]


class BolusRequest(Request):
    """One bolus between two levels. ``basal``: the flow beneath it; ``command``: when it was asked for."""

    kind: Literal["bolus"]
    basal: Annotated[MilliLitresPerHour, Field(ge=0)] = 0.0
    command: Seconds | None = None
    volume: Annotated[MilliLitres, Field(gt=0)] | None = None
    concentration: Annotated[MicrogramsPerMilliLitre, Field(gt=0)] | None = None


class BolusesRequest(Request):
    """Several boluses of one set ``volume``.

    ``weighings``: ``each`` row of the recording is the mass of one bolus; ``cumulative``: the mass after it, the first row being
    the one before them; ``steps``: a continuous record in which they were asked for at ``commands`` and are over
    ``settle`` later.
    """

    kind: Literal["boluses"]
    volume: Annotated[MilliLitres, Field(gt=0)]
    weighings: Literal["each", "cumulative", "steps"] = "steps"
    commands: list[Seconds] = []
    settle: Positive = 60.0
    basal: Annotated[MilliLitresPerHour, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _has_commands(self) -> BolusesRequest:
        if (self.weighings == "steps") != bool(self.commands):
            raise ValueError("commands belong to weighings 'steps', and 'steps' needs them: when each bolus was asked for")
        return self


class RateChangeRequest(Request):
    """From the rate ``before`` to that ``after``, asked for at ``command``; ``window``: of the moving mean of the flow."""

    kind: Literal["rate-change"]
    command: Seconds
    before: Annotated[MilliLitresPerHour, Field(ge=0)]
    after: Annotated[MilliLitresPerHour, Field(ge=0)]
    window: Positive | None = None


class NoFlowRequest(Request):
    """The longest time without delivery although the pump was commanded to infuse."""

    kind: Literal["no-flow"]


class Alarmed(Request):
    """``alarm``: the last moment at which it was not there, and the one at which it was."""

    alarm: tuple[Seconds, Seconds]


class OcclusionRequest(Alarmed):
    """The line was closed and opened; ``rate`` is the set rate after the opening (0 where the pump stands)."""

    kind: Literal["occlusion"]
    closed: Seconds
    opened: Seconds
    rate: Annotated[MilliLitresPerHour, Field(ge=0)]
    window: Positive = 60.0
    pressure_uncertainty: Annotated[Kilopascals, Field(ge=0)] = 0.0


class EmptyRequest(Request):
    """When the flow really ended; with an ``alarm``, how late that was."""

    kind: Literal["empty"]
    rate: Rate
    window: Positive | None = None
    alarm: tuple[Seconds, Seconds] | None = None


class ResidualRequest(Alarmed):
    """What was left at an alarm: of ``filled``, less what was weighed, and less what was ``programmed`` until then."""

    kind: Literal["residual"]
    filled: Annotated[MilliLitres, Field(gt=0)]
    filled_uncertainty: Annotated[MilliLitres, Field(ge=0)] = 0.0
    programmed: Annotated[MilliLitres, Field(ge=0)]


AnyRequest = Annotated[
    FlowRequest
    | KvoRequest
    | LeakRequest
    | TrumpetRequest
    | StartUpRequest
    | PulsationRequest
    | BolusRequest
    | BolusesRequest
    | RateChangeRequest
    | NoFlowRequest
    | OcclusionRequest
    | EmptyRequest
    | ResidualRequest,
    Field(discriminator="kind"),
]
