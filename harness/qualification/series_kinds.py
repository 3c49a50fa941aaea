"""Vectors of series: flow, boluses and reservoirs, by the analysis's own functions.

Tolerances are those of the vectors' README: 1e-9 relative unless a kind says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.analysis.boluses import bolus_statistics
from harness.analysis.curve import Curve
from harness.analysis.empty import low_reservoir
from harness.analysis.grid import on_grid
from harness.analysis.masses import Line, first, fit_line, last
from harness.analysis.timing import rise_of, timing_of
from harness.analysis.trumpet import Window, trumpet
from harness.metrology.density import air_kg_m3, water_kg_m3, z_ml_per_g
from harness.metrology.volume import Weighing
from harness.qualification.checks import CANCELLED, Check, Checks, named, near, read_json, series_of, series_path
from harness.record import Series
from harness.stands import BalanceSheet, Environment, Liquid, Needle, Vessel

_MG_MIN = 60e3
"""mg/min in one g/s."""
_HOURS_A_DAY = 24
_ML_H = 0.06
"""mL/h in one uL/min."""


def trumpet_curves(path: Path) -> Checks:
    """Several curves to a file, by the name of their series: curve A has its masses in ``trumpet_A_series.csv``."""
    for name, expected in read_json(path).items():
        series = series_of(series_path(path, f"trumpet_{name}_series.csv", f"{name}_series"), "t_min", 60, "mass_g", 1)
        curve = Curve(series.moments_s, series.masses_g / expected["density_g_mL"])
        yield from _trumpet(name, curve, expected)


def _trumpet(name: str, curve: Curve, expected: Mapping[str, Any]) -> Checks:
    interval_s, rate_ml_h = expected["S_min"] * 60, expected["set_rate_mL_h"]
    start_s, end_s = (float(curve.moments_s[expected[which]]) for which in ("i_start", "i_end"))
    grid = on_grid(curve, start_s, end_s, interval_s)
    whole = trumpet(grid, rate_ml_h, [grid.duration_s]).windows[0]
    numbers = {"T_min": grid.duration_s / 60, "Q_mean_mL_h": float(grid.flows_ml_h.mean()), "A_pct": whole.ep_max.value}
    yield from named(name, numbers, expected, at_least=CANCELLED)
    flows_ml_h = on_grid(curve, float(curve.moments_s[0]), float(curve.moments_s[-1]), interval_s).flows_ml_h
    for number, flow_ml_h in expected["startup_flow_mL_h"].items():
        yield near(f"{name}: startup_flow_mL_h {number}", float(flows_ml_h[int(number) - 1]), flow_ml_h, at_least=CANCELLED)
    windows = trumpet(grid, rate_ml_h, [float(minutes) * 60 for minutes in expected["windows"]]).windows
    for window, (minutes, wanted) in zip(windows, expected["windows"].items(), strict=True):
        yield from named(f"{name}, window {minutes} min", _window(window), wanted, at_least=CANCELLED)


def _window(window: Window) -> dict[str, object]:
    return {
        "m": window.windows,
        "samples_per_window": window.samples,
        "Ep_max_pct": window.ep_max.value,
        "Ep_min_pct": window.ep_min.value,
        "j_max_1based": list(window.max_at),
        "j_min_1based": list(window.min_at),
    }


def flow_regression(path: Path) -> Checks:
    expected = read_json(path)
    series = series_of(series_path(path, "flow_regression_series.csv"), "t_min", 60, "mass_mg", 1e-3)
    line = fit_line(series)
    slopes = {"ols": line.slope_g_s * _MG_MIN, "two_point": _slope_mg_min(series, 1), "endpoint_avg5": _slope_mg_min(series, 5)}
    yield near("N", len(series), expected["N"])
    yield from named("ols", _in_mg_and_min(line), expected["ols"], at_least=CANCELLED)
    for name in ("two_point", "endpoint_avg5"):
        yield near(f"{name}_slope_mg_min", slopes[name], expected[f"{name}_slope_mg_min"])
    yield from named("flow_mL_h", _flows_ml_h(slopes, expected), expected["flow_mL_h"])
    yield near("se_flow_ols_mL_h", line.se_g_s * _MG_MIN * expected["Z_uL_per_mg"] * _ML_H, expected["se_flow_ols_mL_h"])
    yield from named("noise_model", _noise(series, line, expected["noise_model"]), expected["noise_model"])


def _in_mg_and_min(line: Line) -> dict[str, float]:
    return {
        "n": line.count,
        "slope": line.slope_g_s * _MG_MIN,
        "intercept": line.intercept_g * 1000,
        "resid_sd": line.residual_sd_g * 1000,
        "se_slope": line.se_g_s * _MG_MIN,
        "sxx": line.sxx_s2 / 3600,
        "durbin_watson": line.durbin_watson,
        "lag1_autocorr": line.lag_one,
    }


def _slope_mg_min(series: Series, count: int) -> float:
    """Between the means of ``count`` readings at either end."""
    span_s = (count - 0.5) * float(series.moments_s[1] - series.moments_s[0])
    begin, end = first(series, span_s), last(series, span_s)
    return (end.mass_g - begin.mass_g) / (end.moment_s - begin.moment_s) * _MG_MIN


def _flows_ml_h(slopes_mg_min: Mapping[str, float], expected: Mapping[str, Any]) -> dict[str, float]:
    """By the names of the file: ``ols_no_evap``, ``two_point_evap_corrected`` and so on."""
    lost_mg_min = {"no_evap": 0.0, "evap_corrected": expected["evaporation_mg_per_min"]}
    flows = {
        f"{name}_{how}": (slope + lost) * expected["Z_uL_per_mg"] * _ML_H
        for name, slope in slopes_mg_min.items()
        for how, lost in lost_mg_min.items()
    }
    return {name: flow for name, flow in flows.items() if name in expected["flow_mL_h"]}


def _noise(series: Series, line: Line, model: Mapping[str, float]) -> dict[str, float]:
    """What noise of the stated size does to either estimator (gravimetric-metrology, section 7)."""
    sheet = {"readability": f"{model['readability_mg']!r} mg", "repeatability": f"{model['repeatability_sd_mg']!r} mg"}
    weighing = Weighing(BalanceSheet.model_validate(sheet), Needle(), Vessel(), Liquid(), Environment())
    reading_mg = weighing.reading_g() * 1000
    slope, two_point = reading_mg * 60 / line.sxx_s2**0.5, 2**0.5 * reading_mg * 60 / float(np.ptp(series.moments_s))
    return {
        "u_single_reading_mg": reading_mg,
        "se_slope_theory_mg_min": slope,
        "u_two_point_mg_min": two_point,
        "ratio_two_point_over_ols": two_point / slope,
    }


def bolus_25(path: Path) -> Checks:
    expected = read_json(path)
    air = air_kg_m3(expected["t_C"], expected["p_hPa"], expected["rh_pct"])
    z_ul_mg = z_ml_per_g(water_kg_m3(expected["t_C"]), air)
    found = bolus_statistics([mass_mg / 1000 * z_ul_mg for mass_mg in expected["mass_mg"]], expected["set_mL"])
    numbers = {
        "Z_uL_per_mg": z_ul_mg,
        "mean_mL": found.mean_ml,
        "mean_error_pct": found.mean_error_pct.value,
        "max_positive_dev_pct": found.largest.deviation_pct.value,
        "max_positive_index_1based": found.largest.index,
        "max_negative_dev_pct": found.smallest.deviation_pct.value,
        "max_negative_index_1based": found.smallest.index,
        "sd_mL": found.sd_ml,
        "cv_pct": found.cv_pct,
        "u_mean_typeA_mL": found.u_mean_ml,
    }
    yield from named("boluses", numbers, expected, at_least=CANCELLED)


def bolus_timing(path: Path) -> Checks:
    expected = read_json(path)
    series = series_of(series_path(path, "bolus_timing_series.csv"), "t_s", 1, "mass_mg", 1e-3)
    for at, bolus in enumerate(expected["boluses"], start=1):
        start_s, end_s = bolus["window_s"]
        window = series.between(start_s, end_s + expected["S_s"] / 2)
        yield from _bolus(f"bolus {at}", window, bolus, expected["Z_uL_per_mg"])


def _bolus(place: str, window: Series, bolus: Mapping[str, Any], z_ul_mg: float) -> Checks:
    """Baseline and final level are the window's first and last reading."""
    rise = rise_of(window, 0.0)
    timing, volume_ml = timing_of(rise), rise.gain_g * z_ul_mg
    masses = {"baseline_mg": rise.before_g * 1000, "final_mg": rise.after_g * 1000, "delta_mg": rise.gain_g * 1000}
    rate_ml_min = volume_ml / timing.duration_s * 60
    yield from named(place, {**masses, "volume_mL": volume_ml, "mean_rate_mL_min": rate_ml_min}, bolus)
    duration, start = timing.duration_s, timing.start_s
    moments = {"t05_s": timing.t05_s, "t95_s": timing.t95_s, "duration_ext_s": duration, "start_ext_s": start}
    for name, found_s in moments.items():
        yield near(f"{place}: {name}", found_s, bolus[name], within=1e-6)
    yield Check(f"{place}: duration_ge_60s", duration >= 60, bolus["duration_ge_60s"])


def reservoir_alarm(path: Path) -> Checks:
    for at, case in enumerate(read_json(path)["cases"], start=1):
        rate_ml_h = case["programmed_mL_day"] / _HOURS_A_DAY
        found = low_reservoir(case["fill_mL"], case["low_alarm_threshold_mL"], rate_ml_h, case["true_error_pct"])
        numbers = {
            "t_low_alarm_programmed_days": found.alarm_h / _HOURS_A_DAY,
            "true_delivered_at_alarm_mL": found.delivered_ml,
            "true_residual_at_alarm_mL": found.residual_ml,
            "t_true_empty_days": found.empty_h / _HOURS_A_DAY,
            "lead_time_alarm_to_empty_days": found.lead_h / _HOURS_A_DAY,
            "empty_before_low_alarm": found.empty_before_alarm,
            "error_pct_at_which_empty_precedes_alarm": found.limit_error_pct,
        }
        yield from named(f"case {at}", numbers, case, at_least=CANCELLED)
