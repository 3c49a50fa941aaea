"""One simulated run of a study: what the harness said, and what was true."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.analysis.bolus import LEVEL_S
from harness.analysis.flow import end_span_s
from harness.analysis.timing import rise_of, timing_of
from harness.bench import bench_from
from harness.campaign import Campaign
from harness.plan import Plan, plan_from
from harness.record import FloatArray, Period, Record, Series
from harness.verdicts import RunVerdict

_FINE_S = 0.01


@dataclass(frozen=True, slots=True)
class Trial:
    """One measurand of one run: what was stated, and what was true. ``expanded_uncertainty`` is half of the interval."""

    measurand: str
    value: float
    expanded_uncertainty: float
    interval: tuple[float, float]
    true: float
    verdict: str

    @property
    def covered(self) -> bool:
        return self.interval[0] <= self.true <= self.interval[1]


@dataclass(frozen=True, slots=True)
class TrueRun:
    """The true volumes of a run over time, between whose moments a straight line is true to a nanolitre."""

    record: Record
    plan: Plan
    frame: pd.DataFrame
    fill_ml: float

    def phase(self, case: str, name: str) -> Period:
        return self.record.phase(case, name)

    def case(self, name: str) -> Any:
        return next(case for case in self.plan.cases if case.id == name)

    def at_ml(self, moments_s: FloatArray, column: str = "delivered_ml") -> FloatArray:
        return np.asarray(np.interp(moments_s, self.frame["t_s"], self.frame[column]))

    def mean_ml(self, start_s: float, end_s: float) -> float:
        return float(self.at_ml(np.linspace(start_s, end_s, 101)).mean())


def carried_out(plan: Mapping[str, Any], bench: Mapping[str, Any]) -> tuple[RunVerdict, TrueRun]:
    """A run of a plan on a simulated bench, both as tables; nothing of it is left on the disk."""
    return carried_out_as_read(plan_from(dict(plan), json.dumps(plan), Path("plan")), bench)


def carried_out_as_read(read: Plan, bench: Mapping[str, Any]) -> tuple[RunVerdict, TrueRun]:
    """The same with a plan that was read from its file."""
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(read, bench_from(dict(bench), json.dumps(bench, default=str), Path("bench")), Path(folder))
        campaign.start()
        for case in campaign.plan.cases:
            campaign.run_case(case)
        verdict, run = campaign.close(), campaign.folder
        told = json.loads(run.with_name(f"{run.name}.truth.json").read_text(encoding="utf-8"))
        frame = pd.read_parquet(run.with_name(f"{run.name}.truth.parquet"))
        return verdict, TrueRun(campaign.record, read, frame, told["setup"]["fill_ml"])


def _bolus_ml(true: TrueRun, case: str) -> float:
    before_s, after_s = true.phase(case, "baseline").end_s, true.phase(case, "drain").end_s
    return true.mean_ml(after_s - LEVEL_S, after_s) - true.mean_ml(before_s - LEVEL_S, before_s)


def _duration_error_pct(true: TrueRun, case: str) -> float:
    """Of the plunger's own motion: what lies between it and the balance is taken out of the measured one."""
    start_s, end_s = true.phase(case, "baseline").start_s, true.phase(case, "drain").end_s
    moments_s = np.arange(start_s, end_s, _FINE_S)
    pushed = rise_of(Series(moments_s, true.at_ml(moments_s, "pushed_ml")), LEVEL_S)
    return float(timing_of(pushed).duration_s / true.case(case).over - 1) * 100


def _flow_error_pct(true: TrueRun, case: str) -> float:
    flow = true.phase(case, "flow")
    span_s = end_span_s(flow.duration_s)
    gained_ml = true.mean_ml(flow.end_s - span_s, flow.end_s) - true.mean_ml(flow.start_s, flow.start_s + span_s)
    return float(gained_ml / (flow.duration_s - span_s) * 3600 / true.case(case).rate - 1) * 100


def _residual_ul(true: TrueRun, case: str) -> float:
    end_s = true.phase(case, "plateau").end_s
    return (true.fill_ml - true.mean_ml(end_s - 60.0, end_s)) * 1000


TRUTHS: Mapping[str, Callable[[TrueRun, str], float]] = {
    "flow error": _flow_error_pct,
    "bolus volume": _bolus_ml,
    "bolus duration error": _duration_error_pct,
    "residual volume": _residual_ul,
}
"""By measurand: what is true of it, in a case."""


def trials(verdict: RunVerdict, true: TrueRun) -> list[Trial]:
    """Every measurand whose truth is known; a case without measurands gives none."""
    return [
        Trial(found.name, found.value, found.expanded_uncertainty, found.interval, truth(true, case.id), case.verdict.value)
        for case in verdict.cases
        for found in case.measurands
        if (truth := TRUTHS.get(found.name)) is not None and found.interval is not None
    ]
