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
density = "1 g/mL"
{tables}
[[analysis]]
{asked}
"""
G_PER_ML = 1 / z_ml_per_g(1000.0, air_kg_m3(22.0, 1013.25, 50.0))
"""Indicated, of a liquid of 1 g/mL in the usual environment."""

Answer = Callable[..., dict[str, Any]]


@pytest.fixture
def answer(tmp_path: Path) -> Answer:
    """What is found by the only analysis of a mapping, as it stands in the JSON file."""

    def found(
        asked: str, volumes_ml: FloatArray, *, columns: str = "", tables: str = "", weigh: str = "in",
        step_s: float = 0.5, needle: str = 'capillary = "0 mg"', **more: Any,
    ) -> dict[str, Any]:  # fmt: skip
        noise_g = 1e-4 * np.random.default_rng(1).standard_normal(len(volumes_ml))
        masses_g = 35 + (1 if weigh == "in" else -1) * G_PER_ML * volumes_ml + noise_g
        frame = pd.DataFrame({"t_s": step_s * np.arange(len(volumes_ml)), "mass_g": np.round(masses_g, 4), **more})
        frame.to_csv(tmp_path / "made_up.csv", index=False)
        mapping = MAPPING.format(columns=columns, tables=tables, asked=asked, weigh=weigh, needle=needle)
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
    def held(since_s: FloatArray) -> FloatArray:
        return np.where(since_s > 0, since_s - 6 * (1 - np.exp(-np.clip(since_s, 0, None) / 6)), 0.0)

    volumes_ml = (held(HOUR - 600) - held(HOUR - 660)) / 60
    asked = 'kind = "bolus"\nstart = "5 min"\nend = "20 min"'
    stated = answer(asked, volumes_ml, tables='[catheter]\nlag = "6 s"\nlag_uncertainty = "0.5 s"')
    as_it_shows = answer(asked, volumes_ml)
    assert holds(stated["duration_s"], 60.0, within=0.5)
    assert not holds(as_it_shows["duration_s"], 60.0, within=60.0)


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


@pytest.mark.parametrize(
    ("alarm_s", "latency_s"), [((2398.0, 2402.0), 0.0), ((2458.0, 2462.0), 60.0), ((1798.0, 1802.0), -600.0)]
)
def test_when_it_was_empty_and_when_it_said_so(alarm_s: tuple[float, float], latency_s: float, answer: Answer) -> None:
    asked = f'kind = "empty"\nrate = "5 mL/h"\nwindow = "1 min"\nalarm = ["{alarm_s[0]} s", "{alarm_s[1]} s"]'
    found = answer(asked, 5 * np.minimum(HOUR, 2400) / 3600)
    assert holds(found["empty_s"], 2400.0, within=1.0)
    assert holds(found["alarm_latency_s"], latency_s, within=3.0)
    assert (found["flow_before_mL_h"], found["flow_after_mL_h"]) == pytest.approx((5.0, 0.0), abs=0.02)


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
    "start after the end": ('kind = "flow"\nstart = "2 h"', BenchError, "analysis 'flow': "),
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


@pytest.mark.parametrize(("asked", "error", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_the_recording_does_not_allow_is_told(asked: str, error: type[Exception], message: str, answer: Answer) -> None:
    with pytest.raises(error, match=message):
        answer(asked, 5 * HOUR / 3600)
