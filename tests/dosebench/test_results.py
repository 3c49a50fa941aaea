"""``dosebench analyse``: the reference's series through the command line, the real recording, and mappings that cannot work."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dosebench.cli import main
from tests.conftest import DATA, ROOT

VECTORS, REAL = DATA / "vectors", DATA / "real-gravimetric"
TRUMPETS: dict[str, Any] = json.loads((VECTORS / "trumpet_expected.json").read_text())
REGRESSION: dict[str, Any] = json.loads((VECTORS / "flow_regression_expected.json").read_text())
TIMING: dict[str, Any] = json.loads((VECTORS / "bolus_timing_expected.json").read_text())
BOLUSES: dict[str, Any] = json.loads((VECTORS / "bolus_25_expected.json").read_text())
CORRECTIONS: list[dict[str, Any]] = json.loads((VECTORS / "corrections.json").read_text())["cases"]

GRAMS = """
[recording]
title = "a recording"
[columns]
time = { name = "t_min", unit = "min" }
mass = { name = "mass_g", unit = "g" }
"""
FIXED_DENSITY = '[liquid]\ndensity = "0.998 g/mL"\n[corrections]\nbuoyancy = false\n'
AT_21_C = '[liquid]\ntemperature = "21 degC"\n[environment]\npressure = "1013.25 hPa"\nhumidity = "50 %"\n'

Analyse = Callable[..., dict[str, Any]]
Refused = Callable[..., str]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """The program's own entry, in an empty folder: exit status, and what it printed."""

    def run(recording: Path | str, mapping: str, *more: str | Path) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        if isinstance(recording, str):
            (tmp_path / "recording.csv").write_text(recording)
            recording = tmp_path / "recording.csv"
        (tmp_path / "mapping.toml").write_text(mapping)
        monkeypatch.setattr(sys, "argv", ["dosebench", "analyse", str(recording), "--map", "mapping.toml", *map(str, more)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


@pytest.fixture
def analyse(command: Callable[..., Any]) -> Analyse:
    """The results of a mapping; JSON has no NaN."""

    def results(recording: Path | str, mapping: str) -> dict[str, Any]:
        status, printed, told = command(recording, mapping)
        assert (status, told) == (0, "")
        found: dict[str, Any] = json.loads(printed, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
        assert found["schema"] == "dosebench/analysis/1"
        return found

    return results


def csv(**columns: Any) -> str:
    return pd.DataFrame(columns).to_csv(index=False)


# --- the reference's series ---


def trumpet_of(name: str, id_: str = "", **more: str) -> str:
    expected = TRUMPETS[name]
    step_min = expected["S_min"]
    told = {
        "id": id_ or name, "kind": "trumpet",
        "start": f"{expected['i_start'] * step_min} min", "end": f"{expected['i_end'] * step_min} min",
        "sample_interval": f"{step_min} min", "rate": f"{expected['set_rate_mL_h']} mL/h", **more,
    }  # fmt: skip
    windows = json.dumps([f"{window} min" for window in expected["windows"]])
    return "\n".join(["[[analysis]]", *(f"{key} = {json.dumps(value)}" for key, value in told.items()), f"windows = {windows}\n"])


@pytest.mark.parametrize("name", "ABC")
def test_trumpets_of_the_reference(name: str, analyse: Analyse) -> None:
    expected = TRUMPETS[name]
    (found,) = analyse(VECTORS / f"trumpet_{name}_series.csv", GRAMS + FIXED_DENSITY + trumpet_of(name))["results"]
    assert (found["id"], found["kind"], found["T_min"]) == (name, "trumpet", expected["T_min"])
    assert (found["Q_mean_mL_h"], found["A_pct"]) == pytest.approx((expected["Q_mean_mL_h"], expected["A_pct"]), rel=1e-9)
    assert found["windows"].keys() == expected["windows"].keys()
    for window, theirs in expected["windows"].items():
        ours = found["windows"][window]
        assert {key: ours[key] for key in theirs} == {
            key: pytest.approx(value, rel=1e-9) if isinstance(value, float) else value for key, value in theirs.items()
        }
        assert (ours["Ep_max"]["value"], ours["Ep_min"]["value"]) == (ours["Ep_max_pct"], ours["Ep_min_pct"])
        assert ours["left_out"] == 0


@pytest.mark.parametrize("name", "ABC")
def test_start_up_flows_of_the_reference(name: str, analyse: Analyse) -> None:
    expected = TRUMPETS[name]["startup_flow_mL_h"]
    asked = trumpet_of(name, kind="start-up", start="0 s").partition("windows")[0]
    (found,) = analyse(VECTORS / f"trumpet_{name}_series.csv", GRAMS + FIXED_DENSITY + asked)["results"]
    ours = {number: found["flows_mL_h"][int(number) - 1] for number in expected}
    assert ours == pytest.approx(expected, rel=1e-9)


def test_a_set_of_windows_has_a_name(analyse: Analyse) -> None:
    asked = trumpet_of("A").partition("windows")[0] + 'windows = "iec"\n'
    (found,) = analyse(VECTORS / "trumpet_A_series.csv", GRAMS + FIXED_DENSITY + asked)["results"]
    assert list(found["windows"]) == ["2", "5", "11", "19", "31"]
    assert found["windows"]["31"]["Ep_max_pct"] == pytest.approx(TRUMPETS["A"]["windows"]["31"]["Ep_max_pct"], rel=1e-9)


def test_evaporation_comes_before_anything_else_then_the_needle(analyse: Analyse) -> None:
    """W_i + e t_i, then (1 - a), then 1/d: the definition, written out."""
    table, loss_g_min, share = pd.read_csv(VECTORS / "trumpet_A_series.csv"), 0.012 / 60, (2 / 20) ** 2
    bench = (
        '[evaporation]\nloss = "12 mg/h"\nuncertainty = "1 mg/h"\n[needle]\nouter_diameter = "2 mm"\n'
        '[vessel]\ninner_diameter = "20 mm"\n'
    )
    found = analyse(VECTORS / "trumpet_A_series.csv", GRAMS + FIXED_DENSITY + bench + trumpet_of("A"))
    masses_g = ((table.mass_g + loss_g_min * table.t_min) * (1 - share)).to_numpy()[120:241]
    flows_ml_h = np.diff(masses_g) * 60 / (0.5 * 0.998)
    (result,) = found["results"]
    assert (found["immersion"], found["evaporation_g_per_h"]) == pytest.approx((share, 0.012))
    assert found["Z_mL_per_g"] == pytest.approx(1 / 0.998, rel=1e-12)
    assert result["A_pct"] == pytest.approx(100 * (flows_ml_h.mean() / 5 - 1), rel=1e-9)
    for window, ours in result["windows"].items():
        samples = round(float(window) / 0.5)
        means_pct = [100 * (flows_ml_h[j : j + samples].mean() / 5 - 1) for j in range(120 - samples + 1)]
        assert (ours["Ep_max_pct"], ours["Ep_min_pct"]) == pytest.approx((max(means_pct), min(means_pct)), rel=1e-9)


MILLIGRAMS = GRAMS.replace("mass_g", "mass_mg").replace('"g"', '"mg"')
AT_22_C = '[liquid]\ntemperature = "22 degC"\n[environment]\npressure = "1005 hPa"\nhumidity = "45 %"\n'
LOSS = '[evaporation]\nloss = "0.020 mg/min"\n'


@pytest.mark.parametrize("loss", ["", LOSS], ids=["no evaporation", "evaporation"])
def test_flows_of_the_reference(loss: str, analyse: Analyse) -> None:
    asked = (
        '[[analysis]]\nkind = "flow"\nid = "single"\nlevel = "0 s"\n[[analysis]]\nkind = "flow"\nid = "five"\nlevel = "2 min"\n'
    )
    found = analyse(VECTORS / "flow_regression_series.csv", MILLIGRAMS + AT_22_C + loss + asked)
    single, five = found["results"]
    suffix, flows = "evap_corrected" if loss else "no_evap", REGRESSION["flow_mL_h"]
    assert found["Z_mL_per_g"] == pytest.approx(REGRESSION["Z_uL_per_mg"], rel=1e-9)
    assert single["slope_mg_min"] == pytest.approx(REGRESSION["two_point_slope_mg_min"], rel=1e-9)
    assert five["slope_mg_min"] == pytest.approx(REGRESSION["endpoint_avg5_slope_mg_min"], rel=1e-9)
    assert single["flow_mL_h"]["value"] == pytest.approx(flows[f"two_point_{suffix}"], rel=1e-9)
    assert single["regression"]["flow_mL_h"] == pytest.approx(flows[f"ols_{suffix}"], rel=1e-9)
    if not loss:
        assert five["flow_mL_h"]["value"] == pytest.approx(flows["endpoint_avg5_no_evap"], rel=1e-9)
    names = {"resid_sd": "residual_sd_mg", "slope": "slope_mg_min", "intercept": "intercept_mg", "se_slope": "se_slope_mg_min",
             "sxx": "sxx_min2", "lag1_autocorr": "lag1_autocorrelation"}  # fmt: skip
    ours = {name: single["regression"][names.get(name, name)] for name in REGRESSION["ols"]}
    assert ours == pytest.approx(REGRESSION["ols"], rel=1e-9)


def test_what_the_noise_of_single_readings_does_to_a_flow(analyse: Analyse) -> None:
    """With the sheet of the vectors' noise model the rows of both readings make its u of the two-point slope."""
    model = REGRESSION["noise_model"]
    balance = f'[balance]\nreadability = "{model["readability_mg"]} mg"\nrepeatability = "{model["repeatability_sd_mg"]} mg"\n'
    asked = '[[analysis]]\nkind = "flow"\nlevel = "0 s"\nrate = "0.5 mL/h"\n'
    (found,) = analyse(VECTORS / "flow_regression_series.csv", MILLIGRAMS + AT_22_C + balance + asked)["results"]
    readings = [row for row in found["flow_mL_h"]["budget"] if row["source"].startswith(("repeatability", "readability"))]
    u_ml_h = model["u_two_point_mg_min"] * 60 / 1000 * REGRESSION["Z_uL_per_mg"]
    assert np.hypot.reduce([row["contribution"] for row in readings]) == pytest.approx(u_ml_h, rel=1e-6)
    assert found["error_pct"]["value"] == pytest.approx(100 * (found["flow_mL_h"]["value"] / 0.5 - 1), rel=1e-9)
    assert found["error_pct"]["expanded_uncertainty"] == pytest.approx(200 * found["flow_mL_h"]["expanded_uncertainty"], rel=1e-9)


def test_boluses_of_the_reference_are_timed(analyse: Analyse) -> None:
    seconds = MILLIGRAMS.replace("t_min", "t_s").replace('"min"', '"s"')
    asked = "".join(
        f'[[analysis]]\nkind = "bolus"\nid = "{at}"\nlevel = "0 s"\nstart = "{start_s} s"\nend = "{end_s} s"\n'
        for at, (start_s, end_s) in enumerate(bolus["window_s"] for bolus in TIMING["boluses"])
    )
    found = analyse(VECTORS / "bolus_timing_series.csv", seconds + AT_21_C + asked)
    assert found["Z_mL_per_g"] == pytest.approx(TIMING["Z_uL_per_mg"], rel=1e-9)
    for ours, theirs in zip(found["results"], TIMING["boluses"], strict=True):
        names = ("baseline_mg", "final_mg", "mean_rate_mL_min")
        assert [ours[name] for name in names] == pytest.approx([theirs[name] for name in names], rel=1e-9)
        assert ours["volume_mL"]["value"] == pytest.approx(theirs["volume_mL"], rel=1e-9)
        timed = (ours["t05_s"], ours["t95_s"], ours["start_s"], ours["duration_s"]["value"])
        assert timed == pytest.approx(
            (theirs["t05_s"], theirs["t95_s"], theirs["start_ext_s"], theirs["duration_ext_s"]), abs=1e-6
        )


def test_25_boluses_of_the_reference(analyse: Analyse) -> None:
    masses_mg = BOLUSES["mass_mg"]
    asked = '[[analysis]]\nkind = "boluses"\nweighings = "each"\nvolume = "0.1 mL"\n'
    recording = csv(t_min=np.arange(1, 26), mass_mg=masses_mg)
    (found,) = analyse(recording, MILLIGRAMS + AT_21_C + asked)["results"]
    numbers = ("mean_mL", "max_positive_index_1based", "max_negative_index_1based", "sd_mL", "cv_pct", "u_mean_typeA_mL")
    assert [found[name] for name in numbers] == pytest.approx([BOLUSES[name] for name in numbers], rel=1e-9)
    measured = ("mean_error_pct", "max_positive_dev_pct", "max_negative_dev_pct")
    assert [found[name]["value"] for name in measured] == pytest.approx([BOLUSES[name] for name in measured], rel=1e-9)
    assert (found["count"], found["set_mL"]) == (25, 0.1)


def test_boluses_weighed_one_upon_the_other_are_the_same(analyse: Analyse) -> None:
    masses_mg = np.concatenate([[0.0], np.cumsum(BOLUSES["mass_mg"])])
    asked = '[[analysis]]\nkind = "boluses"\nweighings = "cumulative"\nvolume = "0.1 mL"\n'
    (found,) = analyse(csv(t_min=np.arange(26), mass_mg=masses_mg.round(1)), MILLIGRAMS + AT_21_C + asked)["results"]
    assert (found["mean_mL"], found["sd_mL"]) == pytest.approx((BOLUSES["mean_mL"], BOLUSES["sd_mL"]), rel=1e-9)


@pytest.mark.parametrize("case", CORRECTIONS, ids=["0.5 mL/h", "bolus", "24 h", "saline"])
def test_corrections_of_the_reference(case: dict[str, Any], analyse: Analyse) -> None:
    bench = (
        f'[evaporation]\nloss = "{case["evaporation_mg_per_h"]} mg/h"\n[needle]\nouter_diameter = "{case["needle_od_mm"]} mm"\n'
        f'[vessel]\ninner_diameter = "{case["vessel_id_mm"]} mm"\n[liquid]\ndensity = "{case["liquid_density_kg_m3"]!r} kg/m3"\n'
        f'temperature = "{case["t_C"]} degC"\n[environment]\npressure = "{case["p_hPa"]} hPa"\nhumidity = "{case["rh_pct"]} %"\n'
    )
    recording = csv(t_min=[0.0, case["duration_h"] * 60], mass_mg=[0.0, case["delta_indicated_mg"]])
    found = analyse(recording, MILLIGRAMS + bench + '[[analysis]]\nkind = "flow"\n')
    (result,) = found["results"]
    assert (found["Z_mL_per_g"], found["immersion"]) == pytest.approx((case["Z_uL_per_mg"], case["area_ratio"]), rel=1e-9)
    assert result["volume_mL"]["value"] * 1000 == pytest.approx(case["volume_uL"], rel=1e-9)
    assert result["flow_mL_h"]["value"] == pytest.approx(case["flow_mL_h"], rel=1e-9)
    assert result["regression"] is None


# --- the real recording ---


def test_the_real_recording_gives_its_flow_however_it_is_asked_for(command: Callable[..., Any], tmp_path: Path) -> None:
    """The same flow as the plan's verdict; a trumpet, pulses of 57 s, and the stretch in which nothing came."""
    asked = """
[[analysis]]
kind = "flow"
start = "10 s"
end = "10906 s"
rate = "0.082 mL/min"
[[analysis]]
kind = "no-flow"
start = "2 s"
[[analysis]]
kind = "pulsation"
start = "60 s"
end = "10860 s"
sample_interval = "5 s"
rate = "0.082 mL/min"
[[analysis]]
kind = "trumpet"
start = "60 s"
end = "10860 s"
sample_interval = "30 s"
rate = "0.082 mL/min"
windows = "iec"
"""
    status, printed, _ = command(
        REAL / "nitric_acid_dosing_hh79.csv", (REAL / "mapping.toml").read_text() + asked,
        "--plan", REAL / "plan.toml", "--out", "runs", "--json", "results.json",
    )  # fmt: skip
    assert status == 1, printed
    (folder,) = [path for path in (tmp_path / "runs").iterdir() if path.is_dir()]
    judged = json.loads((folder / "verdicts.json").read_text())["cases"]
    flow, no_flow, pulsation, trumpet = json.loads((tmp_path / "results.json").read_text())["results"]
    for key in ("value", "expanded_uncertainty", "coverage_factor"):
        assert flow["error_pct"][key] == pytest.approx(judged[0]["measurands"][0][key], rel=0.01)
    assert no_flow["longest_s"]["value"] == pytest.approx(judged[1]["measurands"][0]["value"], rel=1e-9)
    assert no_flow["stretches_s"][0] == pytest.approx([10938, 13063], abs=30)
    assert pulsation["period_s"] == pytest.approx(57.0, abs=0.5)
    assert pulsation["shortest_window_s"] == pytest.approx(10 * pulsation["period_s"])
    assert trumpet["A_pct"] == pytest.approx(flow["error_pct"]["value"], abs=0.2)
    widths = [window["Ep_max_pct"] - window["Ep_min_pct"] for window in trumpet["windows"].values()]
    assert widths[0] > 4 * widths[-1] > 0


# --- where the results go ---

ASKED = GRAMS + '[[analysis]]\nkind = "flow"\n'
STEADY = csv(t_min=np.arange(121.0) / 2, mass_g=(10 + np.arange(121.0) / 24).round(4))


def test_results_go_to_a_file_or_to_the_standard_output(command: Callable[..., Any], tmp_path: Path) -> None:
    printed = command(STEADY, ASKED)
    written = command(STEADY, ASKED, "--json", "results.json")
    assert (printed[0], written) == (0, (0, "", ""))
    assert json.loads(printed[1]) == json.loads((tmp_path / "results.json").read_text())
    assert not (tmp_path / "runs").exists()


def test_results_say_what_they_were_computed_from(analyse: Analyse) -> None:
    found = analyse(STEADY, GRAMS + '[corrections]\nbuoyancy = false\nlag = false\n[[analysis]]\nkind = "leak"\nid = "x"\n')
    assert (found["recording"], len(found["sha256"])) == ("recording.csv", 64)
    assert found["corrections"] == {
        "buoyancy": False, "evaporation": True, "immersion": True, "lag": False, "transmission": True,
    }  # fmt: skip
    (result,) = found["results"]
    assert (result["id"], result["kind"], result["from_s"], result["to_s"]) == ("x", "leak", 0.0, 3600.0)
    assert "not corrected for buoyancy, lag" in result["in_words"]
    measured = result["flow_uL_h"]
    assert measured.keys() == {
        "value", "unit", "expanded_uncertainty", "coverage_factor", "standard_uncertainty", "degrees_of_freedom", "interval",
        "method", "budget",
    }  # fmt: skip
    rows = {row["source"]: row for row in measured["budget"]}
    assert rows["buoyancy of the air, not corrected (1)"]["shape"] == "normal"
    assert rows["buoyancy of the air, not corrected (1)"]["dof"] is None


# --- what cannot work ---


def request(kind: str, **more: str) -> str:
    return GRAMS + f'[[analysis]]\nkind = "{kind}"\n' + "".join(f"{key} = {value}\n" for key, value in more.items())


ON_GRID = {"sample_interval": '"30 s"', "rate": '"5 mL/h"'}
WRONG = {
    "nothing is asked": (GRAMS, "mapping.toml: asks for nothing: add an [[analysis]] with its kind, or give a --plan"),
    "unknown kind": (request("flwo"), "mapping.toml:7: analysis 1: ", "'flwo'", "'flow', 'kvo', 'leak', 'trumpet', 'start-up'"),
    "end before start": (request("flow", start='"2 min"', end='"1 min"'), ":7: analysis 1: end 60 s is not after start 120 s"),
    "end at start": (request("flow", start='"2 min"', end='"120 s"'), "analysis 1: end 120 s is not after start 120 s"),
    "missing unit": (request("flow", rate="5"), "mapping.toml:9: analysis 1: rate: ", 'write it like "5 mL/h"'),
    "unit of another kind": (request("flow", start='"5 mL"'), "mapping.toml:9: analysis 1: start: '5 mL' is not a quantity in s"),
    "unknown key": (request("flow", ratte='"5 mL/h"'), "mapping.toml:9: analysis 1: ratte: unknown key"),
    "missing key": (request("trumpet", **ON_GRID), "mapping.toml:7: analysis 1: windows: is missing"),
    "unknown set of windows": (
        request("trumpet", windows='"ice"', **ON_GRID),
        "mapping.toml:9: analysis 1: windows: 'ice' is no set of windows; there are: iec, ambulatory; or give a list of times",
    ),
    "window no whole number of intervals": (
        request("trumpet", windows='["45 s"]', **ON_GRID),
        "analysis 'trumpet': a window of 45 s is not a whole number of sample intervals of 30 s",
    ),
    "window longer than the period": (
        request("trumpet", windows='["61 min"]', **ON_GRID),
        "analysis 'trumpet': a window of 3660 s is longer than the analysis period of 3600 s; windows of 30 s to 3600 s fit",
    ),
    "period no whole number of intervals": (
        request("start-up", end='"100 s"', **ON_GRID),
        "analysis 'start-up': the period of 100 s is not a whole number of sample intervals of 30 s",
    ),
    "grid beyond the recording": (
        request("trumpet", windows='"iec"', end='"2 h"', **ON_GRID),
        "mapping.toml: analysis 'trumpet': from 0 s to 7200 s: the recording has 0 s to 3600 s after its first row",
    ),
    "no commands for steps": (request("boluses", volume='"1 mL"'), "analysis 1: commands belong to weighings 'steps'"),
    "commands for rows": (
        request("boluses", volume='"1 mL"', weighings='"each"', commands='["1 min"]'),
        "analysis 1: commands belong to weighings 'steps'",
    ),
    "alarm with one moment": (
        request("residual", filled='"1 mL"', programmed='"1 mL"', alarm='["1 min"]'),
        "mapping.toml:11: analysis 1: alarm.1: is missing",
    ),
    "alarm the wrong way round": (
        request("residual", filled='"1 mL"', programmed='"1 mL"', alarm='["11 min", "10 min"]'),
        "analysis 'residual': the poll without the alarm, at 660 s, comes after the one that brought it, at 600 s",
    ),
    "no bolus there": (request("bolus"), "analysis 'bolus': "),
    "nothing commanded": (request("no-flow"), "analysis 'no-flow': "),
    "no such column": (
        request("flow").replace("mass_g", "weight"),
        "mapping.toml: columns.mass: recording.csv has no column 'weight'; it has t_min, mass_g",
    ),
    "unit of a column": (request("flow").replace('"min"', '"mL"'), "columns.time.unit: '1 mL' is not a quantity in s"),
}  # fmt: skip
FLAT = csv(t_min=np.arange(121.0) / 2, mass_g=np.full(121, 10.0001))


@pytest.mark.parametrize(("mapping", "messages"), [(mapping, told) for mapping, *told in WRONG.values()], ids=WRONG)
def test_a_mapping_that_cannot_work_is_one_clear_error_and_status_64(
    mapping: str, messages: list[str], command: Callable[..., Any], tmp_path: Path
) -> None:
    status, printed, told = command(FLAT if '"bolus"' in mapping else STEADY, mapping, "--json", "results.json")
    assert (status, printed) == (64, "")
    assert told.startswith("dosebench: ")
    for message in messages:
        assert message in told
    assert "Traceback" not in told
    assert not (tmp_path / "results.json").exists()


def test_the_analysis_that_cannot_be_done_is_named_by_its_id(command: Callable[..., Any]) -> None:
    mapping = (
        ASKED + '[[analysis]]\nid = "second hour"\nkind = "start-up"\nend = "2 h"\nsample_interval = "30 s"\nrate = "5 mL/h"\n'
    )
    assert "analysis 'second hour': from 0 s to 7200 s: the recording has" in command(STEADY, mapping)[2]


def test_a_file_that_cannot_be_written_is_named(command: Callable[..., Any]) -> None:
    status, _, told = command(STEADY, ASKED, "--json", "nowhere/results.json")
    assert (status, told) == (
        64,
        "dosebench: nowhere/results.json: the results cannot be written there (No such file or directory)\n",
    )


def test_from_outside_the_results_are_the_same(analyse: Analyse, tmp_path: Path) -> None:
    """The real program, as a process of its own."""
    found = analyse(STEADY, ASKED)
    command = [sys.executable, "-m", "dosebench", "analyse", "recording.csv", "--map", "mapping.toml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == found
    assert str(ROOT) not in done.stdout
