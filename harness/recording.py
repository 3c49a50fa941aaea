"""Somebody else's recording as a record: a CSV file, and a mapping that says what its columns mean."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.analysis.view import Conditions, lags_of
from harness.files import read_toml, validated
from harness.mapping import Column, MappingFile, RecordedBalance
from harness.metrology.volume import Evaporation, Weighing
from harness.plan import Plan
from harness.record import Event, FloatArray, Period, Record
from harness.stands import BalanceSheet
from instruments.errors import ConfigError
from instruments.readings import Readings

_GAP_S, _GAP_STEPS = 5.0, 2.5
_PLACES, _ROUNDING, _ENOUGH = 9, 1e-6, 10_000
_FEWEST, _COARSE_G = 3, 1e-3
"""Masses that hardly change do not show their step: then that of a coarse balance."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A foreign recording with its mapping, ready to be judged."""

    mapping: MappingFile
    tables: dict[str, Any]
    text: str
    source: Path
    sha256: str
    frame: pd.DataFrame

    def record(self, run: str) -> Record:
        """The recording as a record of the kind that our own runs leave."""
        moments_s = self._moments_s()
        readings = Readings(
            np.rint(moments_s * 1e6).astype(np.int64), self._masses_g(), np.full(len(moments_s), ord("D"), dtype=np.uint8)
        )
        events = sorted([*self._phases(), *self._commanded(moments_s), *self._excluded()], key=lambda event: event.at_us)
        excluded = tuple(Period(stretch.start, stretch.end) for stretch in self.mapping.exclude)
        return Record(run, "replay", readings, tuple(events), excluded)

    def conditions(self, plan: Plan | None = None) -> Conditions:
        file, balance = self.mapping, self.balance
        step_s = float(np.median(np.diff(self._moments_s())))
        found = Conditions(
            weighing=self._weighing(balance),
            rate_hz=1 / step_s,
            lag_s=balance.response + (file.catheter.lag if file.catheter else 0.0),
            lags=lags_of(file.corrections, balance, file.catheter),
            max_gap_s=file.recording.max_gap or max(_GAP_S, _GAP_STEPS * step_s),
        )
        if plan is None:
            return found
        drug = plan.file.drug
        return replace(found, rule=plan.file.plan.rule, label_ug_ml=drug.concentration if drug else None)

    def _weighing(self, balance: BalanceSheet) -> Weighing:
        file = self.mapping
        sign = 1 if file.recording.weigh == "in" else -1
        parts = (file.needle, file.vessel, file.liquid, file.environment)
        return Weighing(balance, *parts, sign=sign, corrections=file.corrections)

    @property
    def balance(self) -> BalanceSheet:
        """As the mapping states it; or as the masses show it: all are multiples of what the balance can show."""
        if self.mapping.balance is not None:
            return self.mapping.balance
        shown = f"{_step_g(self._masses_g())} g"
        return RecordedBalance.model_validate({"readability": shown, "repeatability": shown, "shows_noise": False})

    @property
    def evaporation(self) -> Evaporation:
        loss = self.mapping.evaporation
        return Evaporation(loss.loss, loss.uncertainty, dof=float("inf"), source="stated with the recording")

    def pressures_kpa(self) -> FloatArray | None:
        """What the line's pressure was at each row, where the recording has it."""
        column = self.mapping.columns.pressure
        return None if column is None else np.asarray(self.frame[column.name].to_numpy(np.float64) * column.factor("kPa"))

    def _moments_s(self) -> FloatArray:
        column = self.mapping.columns.time
        raw = self.frame[column.name].to_numpy(np.float64)
        return np.asarray((raw - raw[0]) * column.factor("s"))

    def _masses_g(self) -> FloatArray:
        column = self.mapping.columns.mass
        return np.asarray(self.frame[column.name].to_numpy(np.float64) * column.factor("g"))

    def _phases(self) -> Iterator[Event]:
        for period in self.mapping.period:
            for edge, at_s in (("begin", period.start), ("end", period.end)):
                yield Event(round(at_s * 1e6), "phase", period.case, {"name": period.phase, "edge": edge})

    def _excluded(self) -> Iterator[Event]:
        for stretch in self.mapping.exclude:
            yield Event(round(stretch.start * 1e6), "excluded", "", {"until_s": stretch.end, "reason": stretch.reason})

    def _commanded(self, moments_s: FloatArray) -> Iterator[Event]:
        """Every change of the rate that the pump was told to infuse at."""
        column, running = self.mapping.columns.rate, self.mapping.columns.running
        if column is None:
            return
        rates_ml_h = self.frame[column.name].to_numpy(np.float64) * column.factor("mL/h")
        if running is not None:
            rates_ml_h = np.where(self.frame[running.name].isin(running.values), rates_ml_h, 0.0)
        changed = np.flatnonzero(np.diff(rates_ml_h, prepend=np.nan) != 0)
        for at in changed.tolist():
            yield Event(round(float(moments_s[at]) * 1e6), "commanded", "", {"rate_ml_h": float(rates_ml_h[at])})


def _step_g(masses_g: FloatArray) -> float:
    """The coarsest 1, 2 or 5 of a decimal place of which all masses are whole multiples."""
    some_g = np.unique(masses_g[np.isfinite(masses_g)])[:_ENOUGH]
    if len(some_g) < _FEWEST:
        return _COARSE_G
    for place, digit in product(range(_PLACES), (5, 2, 1)):
        steps = some_g * 10**place / digit
        if np.allclose(steps, np.rint(steps), rtol=0, atol=_ROUNDING):
            return float(digit * 10.0**-place)
    return 10.0**-_PLACES


def load_recording(source: Path, mapping: Path) -> Recording:
    """Read a recording and its mapping. Raises ConfigError with file, line and key of every fault."""
    tables, text = read_toml(mapping)
    file = validated(MappingFile, tables, mapping, text)
    _check_units(file, mapping)
    frame = _read_csv(source)
    _check_columns(file, frame, source, mapping)
    return Recording(file, tables, text, source, hashlib.sha256(source.read_bytes()).hexdigest(), frame)


def _read_csv(source: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(source)
    except FileNotFoundError as err:
        raise ConfigError(f"{source}: there is no such file") from err
    except (OSError, ValueError) as err:
        raise ConfigError(f"{source}: is not a CSV file with a header ({err})") from err


def _check_units(file: MappingFile, mapping: Path) -> None:
    for name, unit in (("time", "s"), ("mass", "g"), ("rate", "mL/h"), ("pressure", "kPa")):
        column: Column | None = getattr(file.columns, name)
        try:
            _ = column and column.factor(unit)
        except ConfigError as err:
            raise ConfigError(f"{mapping}: columns.{name}.unit: {err}") from err


def _check_columns(file: MappingFile, frame: pd.DataFrame, source: Path, mapping: Path) -> None:
    named = {
        name: column.name for name in ("time", "mass", "rate", "running", "pressure") if (column := getattr(file.columns, name))
    }
    for name, column in named.items():
        if column not in frame.columns:
            raise ConfigError(
                f"{mapping}: columns.{name}: {source.name} has no column {column!r}; it has {', '.join(map(str, frame.columns))}"
            )
        if not len(frame):
            raise ConfigError(f"{source}: has a header and no rows")
        if not pd.api.types.is_numeric_dtype(frame[column]):
            bad = int(pd.to_numeric(frame[column], errors="coerce").isna().to_numpy().argmax())
            raise ConfigError(f"{source}:{bad + 2}: {column}: {frame[column].iloc[bad]!r} is not a number")
    _check_gaps({name: column for name, column in named.items() if name != "mass"}, frame, source)
    moments = frame[named["time"]].to_numpy(np.float64)
    if len(moments) < 2 or not (np.diff(moments) > 0).all():
        raise ConfigError(f"{source}: {named['time']}: needs at least two rows, and a time that never stands still or goes back")


def _check_gaps(named: dict[str, str], frame: pd.DataFrame, source: Path) -> None:
    """A missing mass is a reading that did not arrive; a missing time, rate or state would be a guess."""
    for column in named.values():
        empty = np.flatnonzero(frame[column].isna().to_numpy())
        if len(empty):
            raise ConfigError(f"{source}:{int(empty[0]) + 2}: {column}: is empty; only the mass may be")
