"""What really happened on a simulated bench, written beside its run: for those who judge the harness, never for the analysis."""

from __future__ import annotations

import json
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

    def write(self, folder: Path, end_s: float, setup: Mapping[str, Any], faults: Sequence[str]) -> None:
        """``truth.json`` has what the bench was made of and what happened, ``volumes.parquet`` the volumes over time."""
        folder.mkdir(parents=True, exist_ok=True)
        events = [asdict(event) for event in sorted(self.events, key=lambda event: event.at_s)]
        told = {"schema": "dosebench/truth/1", "faults": list(faults), "setup": setup, "events": events}
        (folder / "truth.json").write_text(json.dumps(told, indent=1, default=str) + "\n", encoding="utf-8")
        moments_s = self._moments_s(end_s)
        pq.write_table(
            pa.table({"t_s": moments_s, **self.path.history(moments_s)}), folder / "volumes.parquet", compression="zstd"
        )

    def _moments_s(self, end_s: float) -> FloatArray:
        """Once a minute, and close together after everything that changed."""
        changes_s = np.array([stretch.start_s for stretch in self.path.stretches])
        close_s = (changes_s[:, None] + _AFTER_S).ravel()
        moments_s = np.unique(np.concatenate([np.arange(0.0, end_s, _EVERY_S), close_s, [end_s]]))
        return np.asarray(moments_s[moments_s <= end_s], dtype=np.float64)
