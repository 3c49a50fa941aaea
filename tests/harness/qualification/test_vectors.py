"""The self-check of an installation: green on the reference vectors, red on any number that is not the reference's."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.qualification.checks import Check, near
from harness.qualification.vectors import BELONGS_TO, KINDS, Comparison, check_vectors
from instruments.errors import ConfigError
from tests.conftest import DATA

VECTORS = DATA / "vectors"
NUMBERS = {
    "air_density.csv": 180,
    "bolus_25_expected.json": 10,
    "bolus_timing_expected.json": 30,
    "corrections.json": 20,
    "dosing_conversions.json": 59,
    "flow_regression_expected.json": 21,
    "guard_band.json": 233,
    "reservoir_alarm.json": 56,
    "spec_table.csv": 28,
    "trumpet_expected.json": 138,
    "uncertainty_budgets.json": 49,
    "water_density.csv": 112,
    "z_factor.csv": 186,
}


@pytest.fixture(scope="module")
def compared() -> dict[str, Comparison]:
    return {found.file: found for found in check_vectors(VECTORS)}


def only(folder: Path) -> Comparison:
    """The one comparison of a folder that is no series."""
    (found,) = [found for found in check_vectors(folder) if not found.note]
    return found


def copied(file: str, folder: Path, name: str | None = None) -> Path:
    """A vector file with its series, and the copy's own name if it gets one."""
    for series, expected in BELONGS_TO.items():
        if Path(file).match(expected):
            for path in VECTORS.glob(series):
                shutil.copy(path, folder)
    return Path(shutil.copy(VECTORS / file, folder / (name or file)))


@pytest.mark.parametrize(("file", "numbers"), NUMBERS.items())
def test_reference_vectors(compared: dict[str, Comparison], file: str, numbers: int) -> None:
    found = compared[file]
    assert (found.fault, found.differing, len(found.checks)) == ("", (), numbers)
    assert found.ok


def test_no_file_is_left_out(compared: dict[str, Comparison]) -> None:
    series = {path.name for pattern in BELONGS_TO for path in VECTORS.glob(pattern)}
    assert compared.keys() == NUMBERS.keys() | series
    assert all(compared[name].ok and compared[name].note for name in series)
    assert all(any(Path(name).match(pattern) for name in NUMBERS) for pattern in KINDS)


def json_number(*keys: str | int, times: float = 1 + 1e-8, plus: float = 0.0) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        tables = place = json.loads(path.read_text())
        for key in keys[:-1]:
            place = place[key]
        value = place[keys[-1]]
        place[keys[-1]] = value * times + plus if isinstance(value, float) and not isinstance(value, bool) else _other(value)
        path.write_text(json.dumps(tables))

    return change


def _other(value: Any) -> Any:
    """Another whole number, word or answer than the one that is there."""
    return not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else "INCONCLUSIVE"


def csv_text(old: str, new: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    return change


CHANGES: list[tuple[str, Callable[[Path], None], str]] = [
    ("water_density.csv", csv_text("999.966783", "999.966785"), "line 2: rho_airfree_kg_m3"),
    ("water_density.csv", csv_text("999.962701", "999.962704"), "line 2: rho_airsaturated_kg_m3"),
    ("air_density.csv", csv_text("1.0868734", "1.0868736"), "line 2: rho_air_simplified_kg_m3"),
    ("air_density.csv", csv_text("1.0869392", "1.0869394"), "line 2: rho_air_cipm2007_kg_m3"),
    ("z_factor.csv", csv_text("15.0,800,50,1.0017438", "15.0,800,50,1.0017440"), "line 2: z_uL_per_mg"),
    ("corrections.json", json_number("cases", 1, "area_ratio"), "case 2: area_ratio"),
    ("corrections.json", json_number("cases", 0, "mass_corrected_mg"), "case 1: mass_corrected_mg"),
    ("corrections.json", json_number("cases", 3, "Z_uL_per_mg"), "case 4: Z_uL_per_mg"),
    ("corrections.json", json_number("cases", 2, "volume_uL"), "case 3: volume_uL"),
    ("corrections.json", json_number("cases", 2, "flow_mL_h"), "case 3: flow_mL_h"),
    ("uncertainty_budgets.json", json_number(0, "u_c"), "budget 1: u_c"),
    ("uncertainty_budgets.json", json_number(1, "nu_eff"), "budget 2: nu_eff"),
    ("uncertainty_budgets.json", json_number(2, "U_k2"), "budget 3: U_k2"),
    ("uncertainty_budgets.json", json_number(0, "components", 3, "contribution"), "budget 1, component 4: contribution"),
    ("guard_band.json", json_number("cases", 1, "p_conform"), "case 2: p_conform"),
    ("guard_band.json", json_number("cases", 1, "rules", "guarded_U", "decision"), "case 2, guarded_U: decision"),
    ("guard_band.json", json_number("cases", 2, "rules", "guarded_1.645u", "A_U"), "case 3, guarded_1.645u: A_U"),
    ("guard_band.json", json_number("global_risk", 3, "global_PFA", plus=2e-6), "global risk 4: global_PFA"),
    ("guard_band.json", json_number("global_risk", 5, "global_PFR", plus=2e-6), "global risk 6: global_PFR"),
    ("dosing_conversions.json", json_number("maintenance", 3, "rate_uL_h"), "maintenance 4: rate_uL_h"),
    ("dosing_conversions.json", json_number("maintenance", 1, "within_0p048_24"), "maintenance 2: within_0p048_24"),
    ("dosing_conversions.json", json_number("maintenance", 9, "days_38mL"), "maintenance 10: days_38mL"),
    ("dosing_conversions.json", json_number("screening", 1, "mass_saline_g_at_1p0046"), "screening 2: mass_saline_g_at_1p0046"),
    ("spec_table.csv", csv_text("ITB-SCR1-DOSE,dose 1,ug,50", "ITB-SCR1-DOSE,dose 1,ug,5O"), "ITB-SCR1-DOSE: empty or no number"),
    ("spec_table.csv", csv_text("ITB-SCR3-DOSE", "ITB-SCR2-DOSE"), "ids that stand twice"),
    ("spec_table.csv", csv_text("tol_minus", "tol_less"), "columns"),
    ("trumpet_expected.json", json_number("B", "A_pct"), "B: A_pct"),
    ("trumpet_expected.json", json_number("C", "windows", "930", "Ep_min_pct"), "C, window 930 min: Ep_min_pct"),
    ("trumpet_expected.json", json_number("A", "windows", "5", "j_max_1based", 1), "A, window 5 min: j_max_1based"),
    ("trumpet_expected.json", json_number("A", "startup_flow_mL_h", "240"), "A: startup_flow_mL_h 240"),
    ("flow_regression_expected.json", json_number("ols", "se_slope"), "ols: se_slope"),
    ("flow_regression_expected.json", json_number("ols", "durbin_watson"), "ols: durbin_watson"),
    ("flow_regression_expected.json", json_number("endpoint_avg5_slope_mg_min"), "endpoint_avg5_slope_mg_min"),
    (
        "flow_regression_expected.json",
        json_number("flow_mL_h", "two_point_evap_corrected"),
        "flow_mL_h: two_point_evap_corrected",
    ),
    ("flow_regression_expected.json", json_number("noise_model", "u_two_point_mg_min"), "noise_model: u_two_point_mg_min"),
    ("bolus_25_expected.json", json_number("sd_mL"), "boluses: sd_mL"),
    ("bolus_25_expected.json", json_number("max_negative_index_1based"), "boluses: max_negative_index_1based"),
    ("bolus_timing_expected.json", json_number("boluses", 0, "t95_s", plus=2e-6), "bolus 1: t95_s"),
    ("bolus_timing_expected.json", json_number("boluses", 2, "duration_ge_60s"), "bolus 3: duration_ge_60s"),
    ("reservoir_alarm.json", json_number("cases", 3, "t_true_empty_days"), "case 4: t_true_empty_days"),
    ("reservoir_alarm.json", json_number("cases", 1, "empty_before_low_alarm"), "case 2: empty_before_low_alarm"),
]


@pytest.mark.parametrize(("file", "change", "number"), CHANGES, ids=[f"{file}-{number}" for file, _, number in CHANGES])
def test_a_changed_number_is_named(tmp_path: Path, file: str, change: Callable[[Path], None], number: str) -> None:
    change(copied(file, tmp_path))
    found = only(tmp_path)
    assert not found.ok
    assert (found.file, found.fault) == (file, "")
    assert number in [check.name for check in found.differing]
    assert found.worst is not None
    assert not found.worst.ok


@pytest.mark.parametrize("file", NUMBERS)
def test_the_same_kind_by_a_longer_name(tmp_path: Path, file: str) -> None:
    """Where no series has the longer name, the usual one is meant."""
    name = file.replace(".", "-lab2.")
    copied(file, tmp_path, name)
    found = only(tmp_path)
    assert (found.file, found.ok, len(found.checks)) == (name, True, NUMBERS[file])


@pytest.mark.parametrize(
    ("expected", "usual", "own"),
    [
        ("flow_regression_expected-2.json", "flow_regression_series.csv", "flow_regression_series-2.csv"),
        ("flow_regression_2_expected.json", "flow_regression_series.csv", "flow_regression_2_series.csv"),
        ("bolus_timing_expected_2.json", "bolus_timing_series.csv", "bolus_timing_series_2.csv"),
        ("trumpet_expected_2.json", "trumpet_A_series.csv", "trumpet_A_series_2.csv"),
        ("trumpet_2_expected.json", "trumpet_C_series.csv", "trumpet_2_C_series.csv"),
    ],
)
def test_a_series_of_the_same_longer_name_comes_first(tmp_path: Path, expected: str, usual: str, own: str) -> None:
    copied(expected.replace("_2", "").replace("-2", ""), tmp_path, expected)
    (tmp_path / usual).rename(tmp_path / own)
    assert only(tmp_path).ok
    shutil.copy(VECTORS / "spec_table.csv", tmp_path / usual)
    assert only(tmp_path).ok


BAD = [
    ("water_density.csv", "", "cannot be read: No columns to parse from file"),
    ("water_density.csv", "t_C,rho_airfree_kg_m3\n20,998.2\n", "has no 'rho_airsaturated_kg_m3'"),
    ("water_density.csv", "t_C,rho_airfree_kg_m3,rho_airsaturated_kg_m3\n", "holds no numbers"),
    (
        "z_factor2.csv",
        "t_C,p_hPa,rh_pct,z_uL_per_mg\n20,1000,fifty,1.003\n",
        "cannot be read: could not convert string to float: 'fifty'",
    ),
    ("guard_band.json", "{", "cannot be read: Expecting property name"),
    ("guard_band.json", "[]", "cannot be read: list indices must be integers"),
    ("guard_band.json", '{"cases": []}', "has no 'global_risk'"),
    ("guard_band.json", '{"cases": [], "global_risk": []}', "holds no numbers"),
    ("corrections.json", "\udcff\udcfe", "cannot be read: 'utf-8' codec"),
    ("corrections.json", '{"cases": [{"duration_h": 0}]}', "has no 't_C'"),
    (
        "bolus_25.json",
        '{"t_C": 20, "p_hPa": 1000, "rh_pct": 50, "mass_mg": [1], "set_mL": 1}',
        "cannot be read: a set of boluses",
    ),
    ("trumpet_expected.json", '{"Q": {}}', "cannot be read: .*No such file"),
    ("bolus_timing_series.csv", "t_s,mass_mg\n0,0\n", "no bolus_timing_\\*expected\\*.json says what is expected"),
    ("evaporation.json", "{}", "its name is that of no known kind"),
]


@pytest.mark.parametrize(("file", "text", "fault"), BAD)
def test_what_cannot_be_compared_is_one_clear_line(tmp_path: Path, file: str, text: str, fault: str) -> None:
    (tmp_path / file).write_text(text, errors="surrogateescape")
    (found,) = check_vectors(tmp_path)
    assert not found.ok
    assert pytest.approx(0) == len(found.checks)
    assert "\n" not in found.fault
    with pytest.raises(ValueError, match=fault):
        raise ValueError(found.fault)


def test_a_folder_by_the_name_of_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "air_density.csv").mkdir()
    assert check_vectors(tmp_path)[0].fault.startswith("cannot be read: ")


def test_one_bad_file_does_not_hide_the_others(tmp_path: Path) -> None:
    copied("spec_table.csv", tmp_path)
    (tmp_path / "air_density.csv").write_text("")
    assert [(found.file, found.ok) for found in check_vectors(tmp_path)] == [("air_density.csv", False), ("spec_table.csv", True)]


@pytest.mark.parametrize("name", ["README.md", None])
def test_a_folder_without_vectors_is_no_success(tmp_path: Path, name: str | None) -> None:
    if name:
        (tmp_path / name).write_text("words")
    with pytest.raises(ConfigError, match=r"holds no vectors; they are \.csv and \.json files, named like water_density\*\.csv"):
        check_vectors(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a folder that can be read"):
        check_vectors(tmp_path / "none")


@pytest.mark.parametrize(
    ("found", "expected", "within", "ok"),
    [
        (1.0 + 0.9e-9, 1.0, None, True),
        (1.0 + 1.1e-9, 1.0, None, False),
        (-1e6 - 0.9e-3, -1e6, None, True),
        (1e-15, 0.0, None, True),
        (2e-15, 0.0, None, False),
        (1.1, 1.0, 0.2, True),
        (1.3, 1.0, 0.2, False),
        (math.nan, 1.0, None, False),
        (1.0, math.nan, None, False),
        (math.inf, math.inf, None, True),
        (1.0, math.inf, None, False),
        (None, None, None, True),
        (1.0, None, None, False),
        (None, 1.0, None, False),
        ("PASS", "PASS", None, True),
        ("PASS", "FAIL", None, False),
        (True, True, None, True),
        (True, False, None, False),
        ([1, 2], [1, 2], None, True),
        ([1], [1, 2], None, False),
    ],
)
def test_one_number(found: object, expected: object, within: float | None, *, ok: bool) -> None:
    assert near("x", found, expected, within=within).ok is ok


def test_the_worst_number_is_the_one_that_uses_most_of_its_tolerance() -> None:
    far, tight = Check("far", 5.0, 4.0, 2.0), Check("tight", 1.0, 1.1, 0.01)
    found = Comparison("x.csv", (far, tight))
    assert (found.worst, found.differing, found.ok) == (tight, (tight,), False)


def test_as_json(tmp_path: Path) -> None:
    json_number("cases", 1, "rules", "guarded_U", "decision")(copied("guard_band.json", tmp_path))
    plain = only(tmp_path).as_json()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["numbers"] == NUMBERS["guard_band.json"]
    assert plain["differing"] == [
        {
            "number": "case 2, guarded_U: decision",
            "found": "FAIL",
            "expected": "INCONCLUSIVE",
            "deviation": "inf",
            "tolerance": 0.0,
        }
    ]
    assert plain["worst"] == plain["differing"][0]
