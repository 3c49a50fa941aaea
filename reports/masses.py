"""Masses of a case at its reporting interval, as CSV. The raw lines stay in the run folder."""

from __future__ import annotations

import numpy as np
import pandas as pd

from harness.cases import CaseBase
from harness.judge import case_period
from harness.record import Period, Record

_BESIDE_S = 1.0
"""Readings just outside the case serve as neighbours of its first and last moment."""


def masses_csv(record: Record, case: CaseBase) -> str:
    """Mass at exact multiples of the reporting interval, between the neighbouring readings by a straight line.

    Columns: bench time in s, time since the case began in s, mass in g, data source.
    """
    period = case_period(record, case)
    series = record.series(Period(period.start_s - _BESIDE_S, period.end_s + _BESIDE_S))
    if len(series) < 2:
        return ""
    since_s = np.arange(0.0, period.duration_s, case.reporting_interval)
    moments_s = period.start_s + since_s
    within = (moments_s >= series.moments_s[0]) & (moments_s <= series.moments_s[-1])
    masses_g = np.interp(moments_s[within], series.moments_s, series.masses_g)
    frame = pd.DataFrame({"bench_time_s": moments_s[within], "since_start_s": since_s[within], "mass_g": masses_g})
    return str(frame.assign(data_source=record.data_source).to_csv(index=False, float_format="%.5f", lineterminator="\n"))
