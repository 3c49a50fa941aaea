"""What really happened on a simulated bench, written beside its run: for those who judge the harness, never for the analysis."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from instruments.sim.physics.arrays import FloatArray
from instruments.sim.physics.path import FluidPath

_EVERY_S = 60.0
_CLOSE_ML, _MOST = 5e-7, 50_000
_AFTER_S = np.concatenate([[0.0], np.geomspace(0.05, _EVERY_S, 40)])


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """Something that really happened, at a moment of bench time."""

    at_s: float
    what: str


class Truth:
    """Collects events; the volumes are in the path, in closed form for any moment."""

    def __init__(self, path: FluidPath) -> None:
        self.path = path
        self.events: list[TrueEvent] = []

    def note(self, now_s: float, what: str) -> None:
        self.events.append(TrueEvent(now_s, what))

    def delivered_ml(self, moments_s: FloatArray) -> FloatArray:
        """Volume that had come out of the catheter's tip by any moments of the run."""
        return self.path.history(np.asarray(moments_s, dtype=np.float64))["delivered_ml"]

    def write(self, run: Path, end_s: float, setup: Mapping[str, Any], faults: Sequence[str]) -> None:
        """Beside the folder ``run``: what the bench was made of and what happened in ``RUN.truth.json``, the volumes over time in
        ``RUN.truth.parquet``.
        """
        events = [asdict(event) for event in sorted(self.events, key=lambda event: event.at_s)]
        told = _plain({"schema": "dosebench/truth/1", "faults": list(faults), "setup": setup, "events": events})
        run.with_name(f"{run.name}.truth.json").write_text(
            json.dumps(told, indent=1, default=str, allow_nan=False) + "\n", encoding="utf-8"
        )
        moments_s = self._moments_s(end_s)
        volumes = pa.table({"t_s": moments_s, **self.path.history(moments_s)})
        pq.write_table(volumes, run.with_name(f"{run.name}.truth.parquet"), compression="zstd")

    def _moments_s(self, end_s: float) -> FloatArray:
        """Once a minute, and close together after everything that changed."""
        changes_s = np.array([stretch.start_s for stretch in self.path.stretches])
        close_s = (changes_s[:, None] + _AFTER_S).ravel()
        moments_s = np.unique(np.concatenate([np.arange(0.0, end_s, _EVERY_S), close_s, [end_s]]))
        return self._refined_s(np.asarray(moments_s[moments_s <= end_s], dtype=np.float64))

    def _refined_s(self, moments_s: FloatArray) -> FloatArray:
        """With as many more that a straight line between two is what was delivered; not for every one of fast pulses."""
        early_s, late_s = moments_s[:-1], moments_s[1:]
        while len(early_s) and len(moments_s) < _MOST:
            middle_s = (early_s + late_s) / 2
            even_ml = (self.delivered_ml(early_s) + self.delivered_ml(late_s)) / 2
            bent = np.abs(self.delivered_ml(middle_s) - even_ml) > _CLOSE_ML
            early_s, middle_s, late_s = early_s[bent], middle_s[bent], late_s[bent]
            moments_s = np.union1d(moments_s, middle_s)
            early_s, late_s = np.concatenate([early_s, middle_s]), np.concatenate([middle_s, late_s])
        return moments_s


def _plain(value: Any) -> Any:
    """JSON knows no infinity: it is written as text."""
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
