"""The whole analysis of a day at 10 Hz, figures left out: time, and the most memory it takes beside the samples.

python -m benchmarks.analysis
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

from harness.analysis.grid import on_grid
from harness.analysis.masses import curve_of
from harness.analysis.pulsation import pulsation
from harness.analysis.startup import start_up
from harness.analysis.trumpet import WINDOWS, trumpet
from harness.analysis.view import View
from harness.bench import load_bench
from harness.judge import conditions_of, judge_case
from harness.metrology.volume import Evaporation
from harness.plan import plan_from
from harness.record import PREPARATION, Event, Record
from instruments.clock import stopwatch
from instruments.readings import Readings

_ROOT = Path(__file__).resolve().parents[1]
_DAY_S, _RATE_HZ, _RATE_ML_H = 86_400, 10, 0.5
_PLAN = {
    "plan": {"id": "DAY", "title": "A day of flow"},
    "requirement": {},
    "case": [
        {
            "id": "DAY", "title": "A day", "procedure": "steady-flow", "rate": f"{_RATE_ML_H} mL/h", "settle": "1 h",
            "duration": "20 h", "blank": "1 h", "flow_error": {"within": "2 %"}, "no_delivery": {"at_most": "10 min"},
            "requirement": ["speed"],
        }
    ],
}  # fmt: skip
_PHASES = ((PREPARATION, "blank", 0, 3600), ("DAY", "settle", 3600, 7200), ("DAY", "flow", 7200, 79_200),
           ("DAY", "relax", 79_200, 79_320), ("DAY", "blank", 79_320, 82_920))  # fmt: skip


def day() -> Record:
    """A blank, a flow that pulsates a little, and the blank after it; with the noise of a 0.1 mg balance."""
    moments_s = np.arange(0, _DAY_S, 1 / _RATE_HZ)
    flowing_s = np.clip(moments_s - 3600, 0, 75_600)
    masses_g = 35 + _RATE_ML_H * 0.9967 * flowing_s / 3600 + 2e-4 * np.sin(flowing_s / 200) - 2e-4 * moments_s / 3600
    masses_g += 1e-4 * np.random.default_rng(1).standard_normal(len(moments_s))
    statuses = np.full(len(moments_s), ord("D"), dtype=np.uint8)
    readings = Readings(np.rint(moments_s * 1e6).astype(np.int64), np.round(masses_g, 4), statuses)
    edges = [
        Event(at_s * 1_000_000, "phase", case, {"name": name, "edge": edge})
        for case, name, *period in _PHASES
        for at_s, edge in zip(period, ("begin", "end"), strict=True)
    ]
    told = [Event(at_s * 1_000_000, "commanded", "DAY", {"rate_ml_h": rate}) for at_s, rate in ((3600, _RATE_ML_H), (79_200, 0))]
    return Record("day", "simulated", readings, sorted([*edges, *told], key=lambda event: event.at_us))


def analysed(record: Record) -> str:
    """Verdict of the case, and what the sample grid gives at S = 0.5 min: start-up, trumpet, pulsation."""
    plan = plan_from(_PLAN, "", Path("day"))
    case, conditions = plan.cases[0], conditions_of(load_bench(_ROOT / "benches" / "simulated.toml"), plan)
    verdict = judge_case(record, case, conditions)
    view = View(record, case, conditions, Evaporation(2e-4, 2e-5, source="blank"))
    curve = curve_of(view, view.series("settle", "flow"))
    start_up(on_grid(curve, 3600, 7200, 30), _RATE_ML_H)
    flow = on_grid(curve, 7200, 79_170, 30)
    trumpet(flow, _RATE_ML_H, WINDOWS["iec"])
    pulsation(flow, _RATE_ML_H)
    return verdict.verdict.value


def peak_bytes(work: Callable[[], object]) -> int:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    record = day()
    size = sum(part.nbytes for part in (record.readings.stamps_us, record.readings.masses_g, record.readings.statuses))
    verdict = analysed(record)
    since_s = stopwatch()
    analysed(record)
    took_s = since_s()
    share = peak_bytes(lambda: analysed(record)) / size
    print(f"{len(record.readings):,} readings, {size / 1e6:.1f} MB, verdict {verdict}")
    print(f"analysis {took_s:.3f} s, at most {share:.2f} times the samples' size in memory beside them")


if __name__ == "__main__":
    main()
