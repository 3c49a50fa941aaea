"""Every kind of analysis that a mapping can ask for, on recordings whose truth is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from harness.analyses import results_of
from harness.metrology.density import air_kg_m3, z_ml_per_g
from harness.record import FloatArray
from harness.recording import load_recording
from harness.requests import AnyRequest
from instruments.errors import BenchError, ConfigError

MAPPING = """
[recording]
title = "made up"
weigh = "{weigh}"
[columns]
time = {{ name = "t_s", unit = "s" }}
mass = {{ name = "mass_g", unit = "g" }}
{columns}
[balance]
readability = "0.1 mg"
repeatability = "0.1 mg"
linearity = "0 mg"
drift = "0 mg/h"
[needle]
{needle}
[liquid]
density = "{density} g/mL"
{tables}
[[analysis]]
{asked}
"""
AIR_KG_M3 = air_kg_m3(22.0, 1013.25, 50.0)
G_PER_ML = 1 / z_ml_per_g(1000.0, AIR_KG_M3)
"""Indicated, of a liquid of 1 g/mL in the usual environment."""

Answer = Callable[..., dict[str, Any]]


@pytest.fixture
def answer(tmp_path: Path) -> Answer:
    """What is found by the only analysis of a mapping, as it stands in the JSON file."""

    def found(
        asked: str, volumes_ml: FloatArray, *, columns: str = "", tables: str = "", weigh: str = "in",
        step_s: float = 0.5, needle: str = 'capillary = "0 mg"', tare_g: float = 35.0, density: float = 1.0, **more: Any,
    ) -> dict[str, Any]:  # fmt: skip
        noise_g = 1e-4 * np.random.default_rng(1).standard_normal(len(volumes_ml))
        change_g = volumes_ml / z_ml_per_g(1000 * density, AIR_KG_M3)
        masses_g = tare_g + (1 if weigh == "in" else -1) * change_g + noise_g
        frame = pd.DataFrame({"t_s": step_s * np.arange(len(volumes_ml)), "mass_g": np.round(masses_g, 4), **more})
        frame.to_csv(tmp_path / "made_up.csv", index=False)
        mapping = MAPPING.format(columns=columns, tables=tables, asked=asked, weigh=weigh, needle=needle, density=density)
        (tmp_path / "mapping.toml").write_text(mapping)
        recording = load_recording(tmp_path / "made_up.csv", tmp_path / "mapping.toml")
        results = json.loads(json.dumps(results_of(recording, recording.record("")), allow_nan=False))["results"]
        return dict(results[0])

    return found


HOUR = np.arange(0.0, 3600.5, 0.5)


def holds(measured: dict[str, Any], truth: float, *, within: float) -> bool:
    """Whether the truth lies in the interval, and U is no more than ``within``."""
    low, high = measured["interval"]
    return bool(low <= truth <= high and measured["expanded_uncertainty"] <= within)


def rows_of(measured: dict[str, Any], start: str) -> list[float]:
    """Standard uncertainties of the rows of a budget whose source begins so."""
    return [row["u"] for row in measured["budget"] if row["source"].startswith(start)]


def behind(lag_s: float, since_s: FloatArray) -> FloatArray:
    """What a flow of 1, begun at 0, has brought behind a first-order lag."""
    after_s = np.clip(since_s, 0, None)
    return np.asarray(after_s - lag_s * (1 - np.exp(-after_s / lag_s)))


def test_there_is_a_test_for_every_kind() -> None:
    kinds = {get_args(model.model_fields["kind"].annotation)[0] for model in get_args(get_args(AnyRequest)[0])}
    here = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in sorted(kinds) if f'kind = "{kind}"' not in here] == []


# --- flows ---


@pytest.mark.parametrize("weigh", ["in", "out"])
def test_mean_flow_against_its_set_rate(weigh: str, answer: Answer) -> None:
    asked = 'kind = "flow"\nrate = "5 mL/h"\nstart = "10 min"\nend = "50 min"'
    found = answer(asked, 5.1 * HOUR / 3600, weigh=weigh)
    assert (found["from_s"], found["to_s"], found["elapsed_s"]) == (600.0, 3000.0, pytest.approx(2400 - 48))
    assert holds(found["flow_mL_h"], 5.1, within=5e-4)
    assert holds(found["error_pct"], 2.0, within=0.01)
    assert holds(found["volume_mL"], 5.1 * found["elapsed_s"] / 3600, within=1e-4)
    assert (found["regression"]["flow_mL_h"], found["regression"]["steady"]) == (pytest.approx(5.1, rel=1e-4), True)


@pytest.mark.parametrize("weigh", ["in", "out"])
def test_what_evaporates_is_given_to_the_vessel_and_not_to_the_pump(weigh: str, answer: Answer) -> None:
    lost_ml = 0.05 / G_PER_ML * HOUR / 3600 * (-1 if weigh == "in" else 1)
    found = answer('kind = "flow"', 0.5 * HOUR / 3600 + lost_ml, weigh=weigh, tables='[evaporation]\nloss = "50 mg/h"')
    assert holds(found["flow_mL_h"], 0.5, within=3e-4)
    assert found["error_pct"] is None


def test_a_flow_that_is_not_steady_is_said_so(answer: Answer) -> None:
    found = answer('kind = "flow"', np.minimum(5 * HOUR / 3600, 3.0))
    reached_ml = 3 - 5 * 30 / 3600
    assert found["flow_mL_h"]["value"] == pytest.approx(reached_ml * 3600 / 3540, rel=1e-3)
    assert found["regression"]["steady"] is False


KVO = [
    # flow, set rate before: resolved, not above the set rate
    (0.1, 5.0, True, True),
    (0.1, 0.1, True, False),
    (0.00035, 5.0, True, True),
    (0.00025, 5.0, False, True),
    (0.0001, 5.0, False, True),
    (0.0, 5.0, False, True),
]


@pytest.mark.parametrize(("flow_ml_h", "rate_ml_h", "resolved", "not_above"), KVO)
def test_keep_open_flow(flow_ml_h: float, rate_ml_h: float, resolved: bool, not_above: bool, answer: Answer) -> None:
    found = answer(f'kind = "kvo"\ndeclared = "0.1 mL/h"\nrate = "{rate_ml_h} mL/h"', flow_ml_h * HOUR / 3600)
    assert holds(found["flow_mL_h"], flow_ml_h, within=2e-4)
    assert holds(found["error_pct"], flow_ml_h / 0.1 * 100 - 100, within=0.2)
    assert (found["resolved"], found["not_above_set_rate"]) == (resolved, not_above)


@pytest.mark.parametrize("flow_ul_h", [0.0, 2.0, -3.0])
def test_leak_when_off(flow_ul_h: float, answer: Answer) -> None:
    assert holds(answer('kind = "leak"', flow_ul_h / 1000 * HOUR / 3600)["flow_uL_h"], flow_ul_h, within=0.2)


def test_running_and_delivering_nothing(answer: Answer) -> None:
    """Running from 100 s, nothing comes from 1500 s to 2200 s, stopped at 3000 s: what does not flow then is not missed."""
    rate_ml_h, running = np.where(HOUR < 3300, 5.0, 7.0), ((HOUR >= 100) & (HOUR < 3000)).astype(int)
    delivered_ml = np.cumsum(np.where((running > 0) & ~((HOUR >= 1500) & (HOUR < 2200)), 5.0, 0.0)) * 0.5 / 3600
    columns = 'rate = { name = "rate", unit = "mL/h" }\nrunning = { name = "on", values = [1] }'
    found = answer('kind = "no-flow"', delivered_ml, columns=columns, rate=rate_ml_h, on=running)
    assert holds(found["longest_s"], 700.0, within=60.0)
    assert found["stretches_s"] == [pytest.approx([1500, 2200], abs=30)]


@pytest.mark.parametrize(("made", "longest_s"), [("true", 0.0), ("false", 3600.0)])
def test_what_evaporates_is_missed_flow_unless_it_is_corrected(made: str, longest_s: float, answer: Answer) -> None:
    """0.1 mL/h come and as much evaporates: the mass stands still."""
    tables = f'[evaporation]\nloss = "100 mg/h"\n[corrections]\nevaporation = {made}'
    columns = 'rate = { name = "rate", unit = "mL/h" }'
    found = answer('kind = "no-flow"', 0 * HOUR, columns=columns, tables=tables, rate=0.1 + 0 * HOUR)
    assert found["longest_s"]["value"] == pytest.approx(longest_s, abs=60)


def test_response_to_a_change_of_rate(answer: Answer) -> None:
    """1 mL/h, from 1200 s on 5 mL/h behind a lag of 60 s."""
    late_s = np.clip(HOUR - 1200, 0, None)
    volumes_ml = HOUR / 3600 + 4 / 3600 * (late_s - 60 * (1 - np.exp(-late_s / 60)))
    asked = 'kind = "rate-change"\ncommand = "20 min"\nbefore = "1 mL/h"\nafter = "5 mL/h"\nwindow = "20 s"'
    found = answer(asked, volumes_ml)
    assert (found["window_s"], found["lag_s"]) == (20.0, 0.0)
    assert found["done_50_s"]["value"] == pytest.approx(60 * np.log(2), abs=6)
    assert found["done_90_s"]["value"] == pytest.approx(60 * np.log(10), abs=15)
    assert holds(found["surplus_uL"], -4 / 3.6 * 60, within=1.5)


@pytest.mark.parametrize(("share", "longest_s"), [(0.45, 3600.0), (0.55, 0.0)])
def test_what_the_needle_displaces_is_no_flow(share: float, longest_s: float, answer: Answer) -> None:
    """It takes a quarter of the vessel, so that the mass rises by a third more than flows; half of the set rate is too little."""
    columns, vessel = 'rate = { name = "rate", unit = "mL/h" }', '[vessel]\ninner_diameter = "20 mm"'
    needle, shown_ml = 'capillary = "0 mg"\nouter_diameter = "10 mm"', share * 5 * HOUR / 3600 / 0.75
    found = answer('kind = "no-flow"', shown_ml, columns=columns, tables=vessel, needle=needle, rate=5.0 + 0 * HOUR)
    assert found["longest_s"]["value"] == pytest.approx(longest_s, abs=60)


@pytest.mark.parametrize(("before_ml_h", "lag_s"), [(4.0, 0.0), (4.85, 0.0), (4.85, 20.0)])
def test_a_window_that_is_not_told_shows_a_tenth_of_the_step(before_ml_h: float, lag_s: float, answer: Answer) -> None:
    """The noise of the flow over it, behind a lag that is taken out, is that; and it holds 25 readings."""
    volumes_ml = np.interp(HOUR, [0, 1800, 3600], [0, before_ml_h / 2, before_ml_h / 2 + 2.5])
    asked = f'kind = "rate-change"\ncommand = "30 min"\nbefore = "{before_ml_h} mL/h"\nafter = "5 mL/h"'
    found = answer(asked, volumes_ml, tables=f'[catheter]\nlag = "{lag_s} s"')
    u_ml, window_s = 1e-4 * (13 / 12) ** 0.5 / G_PER_ML, found["window_s"]
    noise_ml_h = 3600 * u_ml * (2 / window_s**2 + 6 * lag_s**2 / window_s**4) ** 0.5
    if before_ml_h > 4:
        assert noise_ml_h == pytest.approx(0.1 * (5 - before_ml_h), rel=1e-6)
    else:
        assert (window_s, noise_ml_h < 0.1) == (12.5, True)


def test_the_lag_of_the_line_is_no_part_of_a_response(answer: Answer) -> None:
    """2 mL/h more behind 10 s, known to 1 s: by the pump at once, and without a deficit."""
    volumes_ml = 3 * HOUR / 3600 + 2 * behind(10.0, HOUR - 1800) / 3600
    asked = 'kind = "rate-change"\ncommand = "30 min"\nbefore = "3 mL/h"\nafter = "5 mL/h"\nwindow = "20 s"'
    found = answer(asked, volumes_ml, tables='[catheter]\nlag = "10 s"\nlag_uncertainty = "1 s"')
    assert found["done_50_s"]["value"] == pytest.approx(0.0, abs=2.0)
    assert found["surplus_uL"]["value"] == pytest.approx(0.0, abs=0.5)
    assert rows_of(found["surplus_uL"], "lag of line and balance") == pytest.approx([1 / 3**0.5])


# --- on the sample grid ---

ON_GRID = 'sample_interval = "30 s"\nrate = "5 mL/h"'


def test_trumpet_of_a_flow_that_swings(answer: Answer) -> None:
    """5 mL/h, 2 % too much in one half hour and 2 % too little in the other; windows of 30 min and of 10 min see both."""
    found = answer(f'kind = "trumpet"\n{ON_GRID}\nwindows = ["10 min", "30 min", "60 min"]\ntolerance = "5 %"',
                   np.interp(HOUR, [0, 1800, 3600], [0, 2.55, 5.0]))  # fmt: skip
    windows = found["windows"]
    assert found["A_pct"] == pytest.approx(0.0, abs=0.01)
    assert [(window["m"], window["samples_per_window"]) for window in windows.values()] == [(101, 20), (61, 60), (1, 120)]
    for name, swing_pct in (("10", 2.0), ("30", 2.0), ("60", 0.0)):
        assert windows[name]["Ep_max"]["interval"] == pytest.approx([swing_pct] * 2, abs=0.06)
        assert windows[name]["Ep_min"]["interval"] == pytest.approx([-swing_pct] * 2, abs=0.06)
        assert not windows[name]["resolution_limited"]


def test_start_up_delays(answer: Answer) -> None:
    """Nothing for five minutes, then the set rate: the moving mean over two minutes is half of it there, 90 % 48 s later."""
    found = answer(f'kind = "start-up"\n{ON_GRID}', 5 * np.clip(HOUR - 300, 0, None) / 3600)
    assert holds(found["SUD_50_s"], 300.0, within=20.0)
    assert holds(found["SUD_90_s"], 348.0, within=20.0)
    assert len(found["flows_mL_h"]) == 120
    assert found["flows_mL_h"][9::10] == pytest.approx([0.0] + [5.0] * 11, abs=0.1)


@pytest.mark.parametrize(("step_s", "mean_over_s"), [(30, 120), (40, 120), (50, 150)])
def test_delays_are_those_of_a_mean_over_two_minutes_or_a_little_more(step_s: int, mean_over_s: int, answer: Answer) -> None:
    """Whole intervals. From nothing to the set rate at once, that mean is at 90 % four tenths of its length after 50 %."""
    asked = f'kind = "start-up"\nsample_interval = "{step_s} s"\nrate = "5 mL/h"'
    found = answer(asked, 5 * np.clip(HOUR - 600, 0, None) / 3600)
    assert found["SUD_90_s"]["value"] - found["SUD_50_s"]["value"] == pytest.approx(0.4 * mean_over_s, abs=1.0)


@pytest.mark.parametrize(("tolerance", "limited"), [("14 %", True), ("14.3 %", False)])
def test_a_window_has_to_resolve_a_quarter_of_the_tolerance(tolerance: str, limited: bool, answer: Answer) -> None:
    """Two readings of 0.104 mg, 30 s apart, are known to 3.54 % of 0.5 mL/h, means of five to 1.58 %."""
    asked = 'kind = "trumpet"\nsample_interval = "30 s"\nrate = "0.5 mL/h"\nwindows = ["30 s"]\nstart = "1 min"\nend = "59 min"'
    found = [answer(f"{asked}\n{more}", 0.5 * HOUR / 3600) for more in (f'tolerance = "{tolerance}"', 'mean_over = "1 s"')]
    (one,), (five,) = (result["windows"].values() for result in found)
    assert (one["u_pct"], five["u_pct"]) == pytest.approx((3.536, 3.536 / 5**0.5), rel=1e-3)
    assert (one["resolution_limited"], five["resolution_limited"]) == (limited, False)


def test_windows_over_a_gap_in_the_readings_are_left_out(answer: Answer) -> None:
    """Nothing from 1790 s to 1810 s: the sample at 1800 s is in the two windows of a minute next to it, and between them."""
    volumes_ml = np.where(np.abs(HOUR - 1800) < 10, np.nan, 5 * HOUR / 3600)
    found = answer(f'kind = "trumpet"\n{ON_GRID}\nwindows = ["1 min"]', volumes_ml)["windows"]["1"]
    assert (found["m"], found["left_out"]) == (119, 3)


def test_pulsation(answer: Answer) -> None:
    """A stroke of 20 uL every 4 min: an amplitude of 2 uL around the straight line is 2 pi 2 uL / 4 min of flow."""
    asked = 'kind = "pulsation"\nsample_interval = "10 s"\nrate = "5 mL/h"'
    found = answer(asked, 5 * HOUR / 3600 + 2e-3 * np.sin(2 * np.pi * HOUR / 240))
    assert (found["period_s"], found["amplitude_mL"]) == (pytest.approx(240, rel=0.01), pytest.approx(2e-3, rel=0.05))
    assert found["shortest_window_s"] == pytest.approx(2400, rel=0.01)
    assert found["crest"] == pytest.approx(1 + 2e-3 * 2 * np.pi / 240 * 3600 / 5, abs=0.04)


# --- boluses ---


@pytest.mark.parametrize(("weigh", "basal_ml_h"), [("in", 0.0), ("in", 0.5), ("out", 0.5)])
def test_a_bolus_over_a_basal_flow(weigh: str, basal_ml_h: float, answer: Answer) -> None:
    """1 mL from 600 s to 675 s, asked for at 598.5 s."""
    asked = (
        f'kind = "bolus"\nbasal = "{basal_ml_h} mL/h"\ncommand = "598.5 s"\nvolume = "1.02 mL"\nconcentration = "50 ug/mL"\n'
        'start = "5 min"\nend = "20 min"'
    )
    found = answer(asked, np.clip((HOUR - 600) / 75, 0, 1) + basal_ml_h * HOUR / 3600, weigh=weigh)
    assert holds(found["volume_mL"], 1.0, within=2e-4)
    assert holds(found["error_pct"], 100 / 1.02 - 100, within=0.02)
    assert holds(found["duration_s"], 75.0, within=0.05)
    assert holds(found["onset_s"], 1.5, within=0.6)
    assert holds(found["dose_ug"], 50.0, within=3.0)
    assert (found["start_s"], found["mean_rate_mL_min"]) == pytest.approx((600.0, 0.8), rel=1e-3)


def test_a_line_s_lag_is_taken_out_of_a_timing_as_the_mapping_states_it(answer: Answer) -> None:
    volumes_ml = (behind(6.0, HOUR - 600) - behind(6.0, HOUR - 660)) / 60
    asked = 'kind = "bolus"\nstart = "5 min"\nend = "20 min"'
    stated = answer(asked, volumes_ml, tables='[catheter]\nlag = "6 s"\nlag_uncertainty = "0.5 s"')
    as_it_shows = answer(asked, volumes_ml)
    assert holds(stated["duration_s"], 60.0, within=0.5)
    assert (stated["start_s"], stated["t95_s"] - stated["t05_s"]) == pytest.approx((600.0, 54.0), abs=0.3)
    assert not holds(as_it_shows["duration_s"], 60.0, within=60.0)


def test_the_basal_flow_of_a_heavy_liquid_is_taken_out_as_a_mass(answer: Answer) -> None:
    """20 mL/h of 1.5 g/mL are 30 g/h."""
    asked = 'kind = "bolus"\nbasal = "20 mL/h"\nstart = "5 min"\nend = "20 min"'
    found = answer(asked, np.clip((HOUR - 600) / 75, 0, 1) + 20 * HOUR / 3600, density=1.5)
    assert holds(found["volume_mL"], 1.0, within=1e-3)
    assert (found["duration_s"]["value"], found["start_s"]) == pytest.approx((75.0, 600.0), abs=0.1)


SIZES_ML = 0.1 + 1e-3 * np.array([0.0, 2.0, -1.0, 1.0, -3.0, 1.0, 0.0, -2.0, 1.0, 1.0])
WEIGHED = {
    # how, what is weighed before the noise, by what the noise of one volume becomes that of the mean
    "each": (SIZES_ML, 10**-0.5),
    "cumulative": (np.concatenate([[0.0], np.cumsum(SIZES_ML)]), 0.1),
}


@pytest.mark.parametrize(("weighings", "volumes_ml", "share"), [(name, *told) for name, told in WEIGHED.items()], ids=WEIGHED)
def test_boluses_that_somebody_weighed(weighings: str, volumes_ml: FloatArray, share: float, answer: Answer) -> None:
    """Of 1.5 g/mL, with a needle that takes 1 % of the vessel, known to a twentieth.

    Two readings of 0.104 mg make one volume; the levels between two boluses cancel in the mean of those that are weighed one upon
    the other.
    """
    asked = f'kind = "boluses"\nweighings = "{weighings}"\nvolume = "0.1 mL"'
    vessel, needle = '[vessel]\ninner_diameter = "20 mm"', 'capillary = "0 mg"\nouter_diameter = "2 mm"'
    found = answer(asked, volumes_ml / 0.99, tables=vessel, needle=needle, tare_g=0.0, density=1.5, step_s=60.0)
    assert found["volumes_mL"] == pytest.approx(SIZES_ML, abs=4e-4)
    assert found["mean_mL"] == pytest.approx(0.1, abs=1e-4)
    u_ml = 2**0.5 * 1e-4 * (13 / 12) ** 0.5 * z_ml_per_g(1500.0, AIR_KG_M3)
    assert rows_of(found["mean_error_pct"], "noise of the levels") == pytest.approx([u_ml * share], rel=0.02)
    assert rows_of(found["mean_error_pct"], "alike for all boluses") == pytest.approx([0.05 / 0.99], rel=0.01)


def test_the_basal_flow_between_weighings_is_no_bolus(answer: Answer) -> None:
    """Every minute 0.1 mL, and 0.6 mL/h beneath: 0.01 mL more."""
    asked = 'kind = "boluses"\nweighings = "cumulative"\nvolume = "0.1 mL"\nbasal = "0.6 mL/h"'
    found = answer(asked, 0.11 * np.arange(11.0), step_s=60.0)
    assert found["mean_mL"] == pytest.approx(0.1, abs=5e-5)


def test_boluses_that_follow_soon_have_little_time_to_settle(answer: Answer) -> None:
    """Every 45 s one of 10 s: 15 s to settle leave half a minute for a level. After the last, 0.1 mL more come at 50 s."""
    starts_s = 300.0 + 45 * np.arange(4)
    steps_ml = sum(0.2 * np.clip((HOUR - at_s) / 10, 0, 1) for at_s in starts_s.tolist())
    commands = json.dumps([f"{at_s} s" for at_s in starts_s.tolist()])
    asked = f'kind = "boluses"\nvolume = "0.2 mL"\nsettle = "15 s"\ncommands = {commands}'
    found = answer(asked, steps_ml + 0.1 * (starts_s[-1] + 50 < HOUR))
    assert found["volumes_mL"] == pytest.approx([0.2] * 4, abs=1e-4)


def test_boluses_of_a_continuous_record(answer: Answer) -> None:
    """0.2 mL every five minutes, the third 5 % too small; 0.5 mL/h beneath."""
    sizes_ml = np.array([0.2, 0.2, 0.19, 0.2, 0.202])
    starts_s = 300.0 * np.arange(1, 6)
    steps_ml = sum(size_ml * np.clip((HOUR - at_s) / 20, 0, 1) for size_ml, at_s in zip(sizes_ml, starts_s, strict=True))
    commands = json.dumps([f"{at_s} s" for at_s in starts_s.tolist()])
    asked = f'kind = "boluses"\nvolume = "0.2 mL"\nbasal = "0.5 mL/h"\nsettle = "1 min"\ncommands = {commands}'
    found = answer(asked, steps_ml + 0.5 * HOUR / 3600)
    assert found["volumes_mL"] == pytest.approx(sizes_ml, abs=1e-4)
    assert (found["count"], found["max_negative_index_1based"], found["max_positive_index_1based"]) == (5, 3, 5)
    assert holds(found["max_negative_dev_pct"], -5.0, within=0.1)
    assert holds(found["mean_error_pct"], 100 * sizes_ml.mean() / 0.2 - 100, within=0.05)
    assert found["cv_pct"] == pytest.approx(100 * sizes_ml.std(ddof=1) / sizes_ml.mean(), rel=0.02)


# --- alarms ---


def test_occlusion(answer: Answer) -> None:
    """Closed at 600 s, the alarm at 900 s and 50 kPa, opened at 1800 s: 0.4 mL come at once. The pump stands."""
    delivered_ml = 5 * np.minimum(HOUR, 600) / 3600 + 0.4 * (1 - np.exp(-np.clip(HOUR - 1800, 0, None) / 20))
    kpa = np.clip((HOUR - 600) / 300, 0, 1) * 50
    asked = (
        'kind = "occlusion"\nclosed = "10 min"\nalarm = ["899 s", "901 s"]\nopened = "30 min"\nrate = "0 mL/h"\n'
        'pressure_uncertainty = "0.5 kPa"'
    )
    columns = 'pressure = { name = "bar", unit = "bar" }'
    found = answer(asked, delivered_ml, columns=columns, bar=np.round(kpa / 100, 6))
    assert holds(found["time_to_alarm_s"], 300.0, within=1.0)
    assert holds(found["pressure_at_alarm_kPa"], 50.0, within=1.1)
    assert holds(found["post_occlusion_bolus_uL"], 400.0, within=0.5)
    assert found["normal_from_s"] == pytest.approx(1980, abs=60)
    assert answer(asked, delivered_ml)["pressure_at_alarm_kPa"] is None


def test_occlusion_of_a_pump_that_runs_on(answer: Answer) -> None:
    """Opened at 1800 s: 0.4 mL come with a time constant of 20 s, on top of 5 mL/h.

    Over windows of 50 s that excess is 26 mL/h at first and below 5 % of the set rate from the third on; in the level there, 1 uL
    is still to come.
    """
    since_s = np.clip(HOUR - 1800, 0, None)
    delivered_ml = 5 * (np.minimum(HOUR, 600) + since_s) / 3600 + 0.4 * (1 - np.exp(-since_s / 20))
    asked = (
        'kind = "occlusion"\nclosed = "10 min"\nalarm = ["899 s", "901 s"]\nopened = "30 min"\nrate = "5 mL/h"\nwindow = "50 s"'
    )
    found = answer(asked, delivered_ml)
    assert found["normal_from_s"] == 1900.0
    assert found["post_occlusion_bolus_uL"]["value"] == pytest.approx(399.0, abs=0.1)


@pytest.mark.parametrize(
    ("alarm_s", "latency_s"), [((2398.0, 2402.0), 0.0), ((2458.0, 2462.0), 60.0), ((1798.0, 1802.0), -600.0)]
)
def test_when_it_was_empty_and_when_it_said_so(alarm_s: tuple[float, float], latency_s: float, answer: Answer) -> None:
    asked = f'kind = "empty"\nrate = "5 mL/h"\nwindow = "1 min"\nalarm = ["{alarm_s[0]} s", "{alarm_s[1]} s"]'
    found = answer(asked, 5 * np.minimum(HOUR, 2400) / 3600)
    assert holds(found["empty_s"], 2400.0, within=1.0)
    assert holds(found["alarm_latency_s"], latency_s, within=3.0)
    assert (found["flow_before_mL_h"], found["flow_after_mL_h"]) == pytest.approx((5.0, 0.0), abs=0.02)


@pytest.mark.parametrize("rate_ml_h", [5.0, 0.05])
def test_the_end_of_a_reservoir_through_a_line(rate_ml_h: float, answer: Answer) -> None:
    """Behind 10 s, known to 1 s. A window that is not told shows the flow to a tenth of the set rate, and holds 25 readings."""
    volumes_ml = rate_ml_h * (behind(10.0, HOUR) - behind(10.0, HOUR - 2400)) / 3600
    tables = '[catheter]\nlag = "10 s"\nlag_uncertainty = "1 s"'
    found = answer(f'kind = "empty"\nrate = "{rate_ml_h} mL/h"', volumes_ml, tables=tables)
    noise_s = 2**0.5 * 1e-4 * (13 / 12) ** 0.5 / G_PER_ML / (0.1 * rate_ml_h / 3600)
    assert found["window_s"] == pytest.approx(max(noise_s, 12.5), rel=1e-6)
    assert holds(found["empty_s"], 2400.0, within=3.0 if rate_ml_h == 5 else 10.0)
    assert rows_of(found["empty_s"], "lag of line and balance") == pytest.approx([1 / 3**0.5])
    assert found["alarm_latency_s"] is None


def test_what_never_ran_empty_has_no_moment(answer: Answer) -> None:
    found = answer('kind = "empty"\nrate = "5 mL/h"\nalarm = ["10 min", "11 min"]', 5 * HOUR / 3600)
    assert (found["empty_s"], found["alarm_latency_s"]) == (None, None)


@pytest.mark.parametrize("error_pct", [0.0, 10.0, -14.5])
def test_what_is_left_at_an_alarm_by_the_balance_and_by_the_program(error_pct: float, answer: Answer) -> None:
    """6 mL at 5 mL/h, alarm at 2 mL left: the pump counts on its own rate, 48 min."""
    volumes_ml = np.minimum(5 * (1 + error_pct / 100) * HOUR / 3600, 6.0)
    asked = (
        'kind = "residual"\nfilled = "6 mL"\nfilled_uncertainty = "0.001 mL"\nprogrammed = "4 mL"\nalarm = ["2879 s", "2881 s"]'
    )
    found = answer(asked, volumes_ml)
    assert holds(found["true_uL"], 6000 - 4000 * (1 + error_pct / 100), within=3.0)
    assert holds(found["programmed_uL"], 2000.0, within=3.0)


def test_what_the_line_holds_at_an_alarm_is_no_longer_in_the_reservoir(answer: Answer) -> None:
    """5 mL/h from 60 s on; 10 s of it are 13.9 uL, known to 1 s. What was filled in is known to 20 uL."""
    asked = 'kind = "residual"\nfilled = "6 mL"\nfilled_uncertainty = "20 uL"\nprogrammed = "4 mL"\nalarm = ["2939 s", "2941 s"]'
    tables = '[catheter]\nlag = "10 s"\nlag_uncertainty = "1 s"'
    found = answer(asked, 5 * behind(10.0, HOUR - 60) / 3600, tables=tables)["true_uL"]
    assert found["value"] == pytest.approx(2000.0, abs=0.5)
    assert rows_of(found, "filled volume") == pytest.approx([0.02])
    assert found["standard_uncertainty"] == pytest.approx(np.hypot(20.0, 5 / 3.6 * (2 / 3) ** 0.5), rel=0.01)


# --- corrections that are not made ---

NOT_MADE = {
    # kind and measurand, what is switched off, its effect in the measurand's unit
    "flow": ('kind = "flow"', "flow_mL_h", "evaporation", 0.05),
    "trumpet": (f'kind = "trumpet"\n{ON_GRID}\nwindows = ["60 min"]', ("windows", "60", "Ep_max"), "evaporation", 1.0),
    "residual": (
        'kind = "residual"\nfilled = "6 mL"\nprogrammed = "4 mL"\nalarm = ["3400 s", "3401 s"]', "true_uL", "evaporation", 47.2,
    ),
    "immersion": ('kind = "flow"', "flow_mL_h", "immersion", 0.05),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "name", "correction", "effect"), NOT_MADE.values(), ids=NOT_MADE)
def test_what_is_not_corrected_is_in_the_uncertainty_of_every_kind(
    asked: str, name: str | tuple[str, ...], correction: str, effect: float, answer: Answer
) -> None:
    """5 mL/h; the vessel loses 50 mg/h, or the needle takes 1 % of it."""
    loss, needle = '[evaporation]\nloss = "50 mg/h"', 'capillary = "0 mg"'
    if correction == "immersion":
        loss, needle = '[vessel]\ninner_diameter = "20 mm"', 'capillary = "0 mg"\nouter_diameter = "2 mm"'
    found = []
    for made in ("true", "false"):
        result: Any = answer(asked, 5 * HOUR / 3600, tables=f"[corrections]\n{correction} = {made}\n{loss}", needle=needle)
        for key in (name,) if isinstance(name, str) else name:
            result = result[key]
        found.append(result)
    corrected, left = found
    assert abs(corrected["value"] - left["value"]) == pytest.approx(effect, rel=0.02)
    assert 1.99 * effect <= left["expanded_uncertainty"] <= 2.2 * effect


# --- what a recording does not allow ---

CHANGE = 'kind = "rate-change"\ncommand = "30 min"\nbefore = "1 mL/h"\n'
IMPOSSIBLE = {
    "begin after the recording": (
        'kind = "flow"\nstart = "2 h"',
        ConfigError,
        "analysis 'flow': from 7200 s to 3600 s: the recording has 0 s to 3600 s after its first row",
    ),
    "end after the recording": ('kind = "leak"\nend = "61 min"', ConfigError, "analysis 'leak': from 0 s to 3660 s: the rec"),
    "begin before the recording": ('kind = "leak"\nstart = "-1 s"', ConfigError, "'leak': from -1 s to 3600 s: the recording"),
    "levels that meet": ('kind = "flow"\nlevel = "30 min"', BenchError, "over 3600 s leave nothing between levels of 1800 s"),
    "a stretch between two readings": (
        'kind = "empty"\nrate = "5 mL/h"\nstart = "10.1 s"\nend = "10.4 s"',
        BenchError,
        "analysis 'empty': there is no valid reading from 10.1 s to 10.4 s",
    ),
    "nobody says what was commanded": ('kind = "no-flow"', ConfigError, "give columns.rate in the mapping"),
    "a window without readings": (
        f'{CHANGE}after = "5 mL/h"\nwindow = "1 s"',
        BenchError,
        "analysis 'rate-change': the window of 1 s after the command holds 2 readings",
    ),
    "no step": (f'{CHANGE}after = "1 mL/h"', ConfigError, "analysis 'rate-change': .*two different rates"),
    "boluses too close": (
        'id = "six"\nkind = "boluses"\nvolume = "1 mL"\ncommands = ["10 min", "11 min"]',
        BenchError,
        "analysis 'six': bolus 2 starts 60 s after bolus 1",
    ),
    "closed after it was opened": (
        'kind = "occlusion"\nclosed = "20 min"\nalarm = ["15 min", "16 min"]\nopened = "10 min"\nrate = "0 mL/h"',
        BenchError,
        "analysis 'occlusion': closed at 1200 s, alarm by 960 s, opened at 600 s",
    ),
}  # fmt: skip


def test_a_weighing_that_is_missing_is_told(answer: Answer) -> None:
    """Without it the boluses after it would be miscounted."""
    volumes_ml = np.array([0.1, 0.1, np.nan, 0.1])
    with pytest.raises(BenchError, match="1 of 4 rows have no mass; a table of weighings needs one in every row"):
        answer('kind = "boluses"\nweighings = "each"\nvolume = "0.1 mL"', volumes_ml, tare_g=0.0, step_s=60.0)


@pytest.mark.parametrize(("asked", "error", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_the_recording_does_not_allow_is_told(asked: str, error: type[Exception], message: str, answer: Answer) -> None:
    with pytest.raises(error, match=message):
        answer(asked, 5 * HOUR / 3600)
