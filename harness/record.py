"""A run as it was recorded. Analysis sees only this: it cannot tell who took it, when, or on what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.samples import frame_of
from instruments.errors import BenchError
from instruments.readings import Readings

FloatArray = NDArray[np.float64]

WAITING = "waiting"
"""The phase in which a case waits for its moment after another."""

BLANK = "blank"
"""The phase in which the pump stands and the balance is watched: before the first case, and after a case that asks for it."""

PREPARATION = "preparation"
"""Stands where a case id stands, for what is done before the first case."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: a phase edge, a setting, an alarm, a note. ``at_us`` is bench time."""

    at_us: int
    kind: str
    case: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def at_s(self) -> float:
        return self.at_us / 1e6


@dataclass(frozen=True, slots=True)
class Period:
    """From one moment of bench time to another, in s."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Series:
    """Valid masses of a period: moments in s of bench time, masses in g as indicated."""

    moments_s: FloatArray
    masses_g: FloatArray

    def __len__(self) -> int:
        return len(self.moments_s)

    def between(self, start_s: float, end_s: float) -> Series:
        """Readings with ``start_s <= moment < end_s``."""
        first, last = np.searchsorted(self.moments_s, [start_s, end_s])
        return Series(self.moments_s[first:last], self.masses_g[first:last])


@dataclass(frozen=True, slots=True)
class Record:
    """Readings and events of one run: live, closed, cut or imported.

    ``commands`` are what was said to the instruments, with their replies; ``torn`` says in words what a cut run lost at the end.
    """

    run: str
    data_source: str
    readings: Readings
    events: Sequence[Event]
    excluded: Sequence[Period] = ()
    commands: Sequence[Event] = ()
    torn: Sequence[str] = ()

    def phase(self, case: str, name: str) -> Period:
        """When a phase of a case began and ended. Raises BenchError when it is not complete in the record."""
        edges = self._edges(case, name)
        if set(edges) != {"begin", "end"}:
            raise BenchError(f"the record has no complete phase {name!r} of case {case}")
        return Period(edges["begin"], edges["end"])

    def has_phase(self, case: str, name: str) -> bool:
        """Whether a phase began and ended."""
        return set(self._edges(case, name)) == {"begin", "end"}

    def _edges(self, case: str, name: str) -> dict[str, float]:
        found = (event for event in self.of_kind("phase", case) if event.data["name"] == name)
        return {event.data["edge"]: event.at_s for event in found}

    def series(self, period: Period) -> Series:
        """The valid readings of a period; readings without a value and excluded stretches are left out."""
        moments_us = self.readings.stamps_us
        first, last = np.searchsorted(moments_us, [round(period.start_s * 1e6), round(period.end_s * 1e6)])
        moments_s, masses_g = moments_us[first:last] / 1e6, self.readings.masses_g[first:last]
        good = np.isfinite(masses_g)
        for gap in self.excluded:
            good &= (moments_s < gap.start_s) | (moments_s >= gap.end_s)
        return Series(moments_s, masses_g) if good.all() else Series(moments_s[good], masses_g[good])

    def of_kind(self, kind: str, case: str | None = None) -> Iterator[Event]:
        return (event for event in self.events if event.kind == kind and case in (None, event.case))

    def samples(self) -> pd.DataFrame:
        """All readings: ``t_s`` (bench time), ``mass_g``, ``status`` (one letter)."""
        return frame_of(self.readings)

    def events_frame(self) -> pd.DataFrame:
        """Everything that happened, commands included, by bench time: ``t_s``, ``kind``, ``case``, ``data``."""
        return _frame(sorted([*self.events, *self.commands], key=lambda event: event.at_us))

    def settings(self) -> pd.DataFrame:
        """What was set: ``t_s``, ``case``, ``name``, ``requested``, ``reported``, ``unit``, ``applied`` (as it was sent)."""
        found = [event for event in self.events if event.kind == "setting"]
        columns = ("name", "requested", "reported", "unit", "applied")
        told = pd.DataFrame([{name: event.data.get(name) for name in columns} for event in found], columns=list(columns))
        return pd.concat([_frame(found)[["t_s", "case"]], told], axis=1)


def _frame(events: Sequence[Event]) -> pd.DataFrame:
    rows = [(event.at_s, event.kind, event.case, event.data) for event in events]
    return pd.DataFrame(rows, columns=["t_s", "kind", "case", "data"])
