"""One bolus with its timing, and sets of boluses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.analysis.boluses import Boluses, bolus_statistics, step_boluses
from harness.analysis.masses import volume_between
from harness.analysis.timing import duration_s, onset_s, rise_of, timing_of
from harness.analysis.view import View
from harness.answers.common import BOLUS_LEVEL_S, Answer, Plain, curve_over, ends_of, finite, measured, series_of
from harness.metrology.budget import scaled
from harness.metrology.dosing import dose_ug
from harness.record import Period, Series
from harness.recording import Recording
from harness.requests import (
    BolusesRequest,
    BolusRequest,
)
from instruments.errors import BenchError


def _bolus(view: View[BolusRequest], period: Period, _: Recording) -> Plain:
    asked, weighing, series = view.case, view.conditions.weighing, series_of(view, period)
    span_s = BOLUS_LEVEL_S if asked.level is None else asked.level
    begin, end = ends_of(view, series, span_s)
    elapsed_h = (end.moment_s - begin.moment_s) / 3600
    total, words = volume_between(view, begin, end)
    volume = scaled(total, 1.0, -asked.basal * elapsed_h)
    rise = rise_of(series, span_s, sign=weighing.sign, basal_g_s=asked.basal / weighing.factor_ml_g() / 3600)
    timing = timing_of(rise, *(lag.lag_s for lag in view.conditions.corrected_lags))
    onset = None if asked.command is None else onset_s(view.conditions, rise, asked.command)
    error = scaled(volume, 100 / asked.volume, -100) if asked.volume else None
    dose = dose_ug(volume, asked.concentration) if asked.concentration else None
    return {
        "baseline_mg": begin.mass_g * 1e3,
        "final_mg": end.mass_g * 1e3,
        "t05_s": timing.t05_s,
        "t95_s": timing.t95_s,
        "start_s": timing.start_s,
        "volume_mL": measured(volume, "mL"),
        "error_pct": measured(error, "%"),
        "dose_ug": measured(dose, "ug"),
        "duration_s": measured(duration_s(view.conditions, rise), "s"),
        "mean_rate_mL_min": volume.value / timing.duration_s * 60,
        "onset_s": measured(onset, "s"),
        "in_words": words,
    }


def _boluses(view: View[BolusesRequest], period: Period, _: Recording) -> Plain:
    found = _WEIGHED[view.case.weighings](view, period)
    return {
        "count": len(found.volumes_ml),
        "volumes_mL": list(found.volumes_ml),
        "set_mL": found.set_ml,
        "mean_mL": found.mean_ml,
        "mean_error_pct": measured(found.mean_error_pct, "%"),
        "max_positive_dev_pct": measured(found.largest.deviation_pct, "%"),
        "max_positive_index_1based": found.largest.index,
        "max_negative_dev_pct": measured(found.smallest.deviation_pct, "%"),
        "max_negative_index_1based": found.smallest.index,
        "sd_mL": found.sd_ml,
        "cv_pct": finite(found.cv_pct),
        "u_mean_typeA_mL": found.u_mean_ml,
    }


def _each(view: View[BolusesRequest], period: Period) -> Boluses:
    """Every row is the mass of one bolus: a difference of two readings that somebody else took."""
    weighing, series, asked = view.conditions.weighing, series_of(view, period), view.case
    volumes_ml = _whole(view, period, series).masses_g * (1 - weighing.immersed) * weighing.factor_ml_g()
    curve = curve_over(view, period)
    u_each_ml = 2**0.5 * curve.u_point_ml
    return bolus_statistics(volumes_ml.tolist(), asked.volume, u_each_ml=u_each_ml, u_common_pct=curve.u_common_pct)


def _whole(view: View[BolusesRequest], period: Period, series: Series) -> Series:
    """A table of weighings has a mass in every row: without one of them the boluses after it would be miscounted."""
    stamps_s = view.record.readings.stamps_us / 1e6
    rows = int(((stamps_s >= period.start_s) & (stamps_s <= period.end_s)).sum())
    if rows != len(series):
        raise BenchError(f"{rows - len(series)} of {rows} rows have no mass; a table of weighings needs one in every row")
    return series


def _cumulative(view: View[BolusesRequest], period: Period) -> Boluses:
    _whole(view, period, series_of(view, period))
    asked, curve = view.case, curve_over(view, period)
    basal_ml = asked.basal * np.diff(curve.moments_s) / 3600
    volumes_ml = np.diff(curve.volumes_ml) - basal_ml
    return bolus_statistics(
        volumes_ml.tolist(),
        asked.volume,
        u_each_ml=2**0.5 * curve.u_point_ml,
        u_common_pct=curve.u_common_pct,
        successive=True,
    )


def _steps(view: View[BolusesRequest], period: Period) -> Boluses:
    asked = view.case
    span_s = BOLUS_LEVEL_S if asked.level is None else asked.level
    curve = curve_over(view, period)
    return step_boluses(curve, asked.commands, asked.volume, settle_s=asked.settle, span_s=span_s, basal_ml_h=asked.basal)


_WEIGHED = {"each": _each, "cumulative": _cumulative, "steps": _steps}


BOLUSES: Mapping[str, Answer] = {
    "bolus": _bolus,
    "boluses": _boluses,
}
