"""Every parameter of the model has a unit, a default with its source, and a place in the bench file."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, fields, replace
from typing import Any

import pytest

from instruments.errors import ConfigError
from instruments.sim.faults import with_faults
from instruments.sim.physics.motor import MotorData
from instruments.sim.physics.parameters import GRAVIMETRIC, METHODS, PROPOSED, SPECS, Parameter, parameters
from instruments.sim.setup import PARTS, Setup, read_setup
from instruments.units import to_unit

ALL = [(part, parameter) for part in PARTS for parameter in parameters(getattr(Setup(), part))]
EVERY_PARAMETER = pytest.mark.parametrize(("part", "parameter"), ALL, ids=[f"{part}.{known.name}" for part, known in ALL])
EVERY_PART = pytest.mark.parametrize("part", PARTS)

FAULTS_OWN = {
    ("drive", "gain"): ("rate-gain:+3%", 1.03),
    ("drive", "bolus_pace"): ("bolus-duration:+25%", 0.8),
    ("drive", "drift_from_s"): ("rate-drift:by=1%/h,at=60s", 60.0),
    ("drive", "start_play_ml"): ("slow-start:0.1mL", 0.1),
    ("drive", "stall_alarm"): ("alarm-missing", False),
    ("drive", "occlusion_alarm"): ("occlusion-alarm-missing", False),
    ("drive", "stall_gain"): ("occlusion-bolus:+200%", 3.0),
    ("drive", "early_ml"): ("alarm-early:0.2mL", 0.2),
    ("drive", "alarm_by_count"): ("alarm-computed:+3%", True),
    ("vessel", "uncovered_mg_h"): ("evaporation:by=5mg/h,at=60s", 5.0),
    ("vessel", "uncovered_from_s"): ("evaporation:by=5mg/h,at=60s", 60.0),
}
"""Fields that only a fault sets, by which fault, to what."""
MOTORS_OWN = {
    "digits": ("setting-truncated:2", 2),
    "change_late_s": ("late-rate-change:5s", 5.0),
    "stop_late_s": ("stop-ignored:for=60s", 60.0),
    "bolus_late_s": ("bolus-late:5s", 5.0),
    "bolus_length": ("bolus-length:+10%", 1.1),
    "bolus_times": ("bolus-doubled", 2),
    "surge": ("prime-surge:by=300%,then=-60%,for=2h,part=40%", 4.0),
    "surge_part": ("prime-surge:by=300%,then=-60%,for=2h,part=40%", 0.4),
    "ebb": ("prime-surge:by=300%,then=-60%,for=2h,part=40%", 0.4),
    "ebb_s": ("prime-surge:by=300%,then=-60%,for=2h,part=40%", 7200.0),
    "stalls": ("motor-stall:at=60s,for=30s", ((60.0, 90.0),)),
    "every_s": ("intermittent-stall:every=60s,for=5s,at=10s", 60.0),
    "pause_s": ("intermittent-stall:every=60s,for=5s,at=10s", 5.0),
    "pauses_from_s": ("intermittent-stall:every=60s,for=5s,at=10s", 10.0),
    "idle_ml_s": ("free-flow:height=0.5m,at=60s", 0.998 * 9.80665 * 500 / 516_373.0),
    "idle_from_s": ("free-flow:height=0.5m,at=60s", 60.0),
}
"""The motor has no other fields; the resistance is 5.16e11 Pa s/m3 (gravimetric-metrology, section 10)."""


def read(**simulation: Any) -> Setup:
    return read_setup({"simulation": simulation})


def spelled(value: float, unit: str) -> str | float:
    return f"{value!r} {unit}" if unit else value


# --- unit, source, place ---


@EVERY_PARAMETER
def test_a_parameter_has_a_unit_that_its_name_ends_with(part: str, parameter: Parameter) -> None:
    if parameter.unit:
        assert to_unit(f"1.5 {parameter.unit}", parameter.unit) == pytest.approx(1.5)
        assert parameter.name.startswith(f"{parameter.key}_")
    else:
        assert parameter.name == parameter.key


@EVERY_PARAMETER
def test_a_parameter_has_a_source(part: str, parameter: Parameter) -> None:
    known = (GRAVIMETRIC, SPECS, METHODS, "pump-harvard-ultra", PROPOSED)
    assert parameter.source.startswith(known)
    if not parameter.source.startswith(PROPOSED):
        document = next(name for name in known if parameter.source.startswith(name))
        assert parameter.source.removeprefix(document).strip(" ,;:"), "names a document without a place in it"


@EVERY_PART
def test_keys_are_the_only_ones_of_their_kind(part: str) -> None:
    counted = Counter(parameter.key for parameter in parameters(getattr(Setup(), part)))
    assert [key for key, times in counted.items() if times > 1] == []


@EVERY_PARAMETER
def test_a_value_in_the_bench_file_reaches_the_model_and_nothing_else(part: str, parameter: Parameter) -> None:
    value = (parameter.default or 0.0) + 0.75
    told, usual = getattr(read(**{part: {parameter.key: spelled(value, parameter.unit)}}), part), getattr(read(), part)
    assert getattr(told, parameter.name) == pytest.approx(value, rel=1e-9)
    assert replace(told, **{parameter.name: getattr(usual, parameter.name)}) == usual


@EVERY_PARAMETER
def test_what_is_not_told_is_the_default(part: str, parameter: Parameter) -> None:
    found = getattr(getattr(read(), part), parameter.name)
    if (part, parameter.key) == ("line", "density"):
        assert found == pytest.approx(0.99777, abs=1e-5), "of the water that the vessel collects"
    else:
        assert found == parameter.default


@pytest.mark.parametrize(
    ("part", "key", "given", "name", "value"),
    [
        ("line", "length", "80 cm", "length_m", 0.8),
        ("line", "syringe_compliance", "2.1e-8 L/Pa", "syringe_compliance_ml_pa", 2.1e-5),
        ("line", "viscosity", "0.7 cP", "viscosity_mpa_s", 0.7),
        ("line", "back_pressure", "100 mmHg", "back_pressure_kpa", 13.3322387),
        ("outlet", "tension", "0.0727 N/m", "tension_mn_m", 72.7),
        ("outlet", "above_surface", 1, "above_surface", 1.0),
        ("vessel", "evaporation", "5 ug/s", "evaporation_mg_h", 18.0),
        ("vessel", "diffusivity", "25 mm**2/s", "diffusivity_m2_s", 2.5e-5),
        ("vessel", "cover", 1, "cover", 1.0),
        ("vessel", "liquid_density", "1004.6 kg/m**3", "liquid_density_g_ml", 1.0046),
        ("room", "temperature", "293.15 K", "temperature_c", 20.0),
        ("room", "pressure", "1.005 bar", "pressure_hpa", 1005.0),
        ("room", "temperature_drift", "-0.5 K/h", "temperature_drift_k_h", -0.5),
        ("cell", "readability", "0.01 mg", "readability_g", 1e-5),
        ("cell", "sensitivity", "10 ppm", "sensitivity_pct", 1e-3),
        ("cell", "drift", "0.3 mg/h", "drift_g_h", 3e-4),
        ("drive", "drift", "0.5 %/h", "drift_pct_h", 0.5),
        ("drive", "screw_turn", "175 uL", "screw_turn_ml", 0.175),
    ],
)
def test_any_unit_of_the_kind_will_do(part: str, key: str, given: str | float, name: str, value: float) -> None:
    assert getattr(getattr(read(**{part: {key: given}}), part), name) == pytest.approx(value, rel=1e-6, abs=1e-9)


# --- defaults, worked out again from their sources ---

BORE_10_ML_MM2 = math.pi / 4 * 14.5**2
"""A 10 mL syringe of 14.5 mm."""


@pytest.mark.parametrize(
    ("part", "name", "default"),
    [
        ("line", "length_m", 1.0),
        ("line", "bore_mm", 0.53),
        ("line", "viscosity_mpa_s", 1.0),
        ("line", "density_g_ml", 0.998),
        ("line", "syringe_compliance_ml_pa", 1e-8 * 1000),
        ("outlet", "tension_mn_m", 72.7),
        ("outlet", "slip_force_pct", 5 / 2),
        ("outlet", "drop_share", 0.65),
        ("vessel", "inner_diameter_mm", 30.0),
        ("vessel", "liquid_temperature_c", 22.0),
        ("vessel", "gap_mm", 60.0),
        ("vessel", "cover", 40.0),
        ("vessel", "diffusivity_m2_s", 2.5e-5),
        ("room", "temperature_c", 22.0),
        ("room", "pressure_hpa", 1013.25),
        ("room", "humidity_pct", 50.0),
        ("room", "temperature_swing_k", 2 / 10),
        ("room", "humidity_swing_pct", 5 / 10),
        ("cell", "readability_g", 1e-4),
        ("cell", "repeatability_g", 1e-4),
        ("cell", "linearity_g", 2e-4),
        ("cell", "sensitivity_pct", 1e-5 * 100),
        ("cell", "response_s", 0.5),
        ("drive", "stall_kpa", 50.0),
        ("drive", "screw_error_pct", 0.25),
        ("drive", "screw_turn_ml", round(25.4 / 24 * BORE_10_ML_MM2 / 1000, 3)),
        ("drive", "step_ml", round(68.9e-6 * BORE_10_ML_MM2 / 1000, 6)),
    ],
)
def test_a_default_is_what_its_source_says(part: str, name: str, default: float) -> None:
    known = {parameter.name: parameter.default for parameter in parameters(getattr(Setup(), part))}
    assert known[name] == pytest.approx(default, rel=1e-9)


def test_the_drift_is_less_than_the_budget_allows() -> None:
    """gravimetric-metrology, section 8, budget A: +/-0.3 mg in an hour."""
    assert 0 < Setup().cell.drift_g_h <= 3e-4


# --- what is no parameter is a fault's own ---


def test_a_field_that_the_bench_file_cannot_set_is_a_faults_own() -> None:
    found = set()
    for part in PARTS:
        known = {parameter.name for parameter in parameters(getattr(Setup(), part))}
        found |= {(part, entry.name) for entry in fields(getattr(Setup(), part)) if entry.name not in known}
    assert found - {("drive", "motor")} == set(FAULTS_OWN)
    assert {entry.name for entry in fields(MotorData)} == set(MOTORS_OWN)


@pytest.mark.parametrize(("place", "told"), FAULTS_OWN.items(), ids=[".".join(place) for place in FAULTS_OWN])
def test_and_the_fault_sets_it(place: tuple[str, str], told: tuple[str, Any]) -> None:
    part, name = place
    spec, value = told
    assert getattr(getattr(Setup(), part), name) != value
    assert getattr(getattr(with_faults(Setup(), [spec]), part), name) == pytest.approx(value)
    with pytest.raises(ConfigError, match=rf"\[simulation\.{part}\] {name}: unknown key"):
        read(**{part: {name: 1.0}})


@pytest.mark.parametrize(("name", "told"), MOTORS_OWN.items(), ids=list(MOTORS_OWN))
def test_or_sets_it_in_the_motor(name: str, told: tuple[str, Any]) -> None:
    spec, value = told
    changed = asdict(with_faults(Setup(), [spec]).drive.motor)
    assert getattr(Setup().drive.motor, name) != value
    if name == "stalls":
        assert changed[name] == value
    else:
        assert changed[name] == pytest.approx(value, rel=1e-4)


# --- what is refused ---


@pytest.mark.parametrize(
    ("simulation", "words"),
    [
        ({"outlet": {"tensoin": "70 mN/m"}}, ["[simulation.outlet] tensoin", "unknown key", "accepted are", "tension"]),
        ({"cell": {"readability_g": "1 mg"}}, ["[simulation.cell] readability_g", "unknown key", "readability"]),
        ({"outelt": {}}, ["[simulation] outelt", "unknown key", "accepted are", "faults", "seed", "outlet", "balance"]),
        ({"vessel": {"gap": 60}}, ["[simulation.vessel] gap", "60", "needs its unit", "mm"]),
        ({"vessel": {"gap": "60"}}, ["[simulation.vessel] gap", "'60'", "with a unit", "mm"]),
        ({"vessel": {"gap": "60 g"}}, ["[simulation.vessel] gap", "'60 g'", "quantity in mm"]),
        ({"vessel": {"gap": "wide"}}, ["[simulation.vessel] gap", "'wide'", "mm"]),
        ({"vessel": {"gap": "inf mm"}}, ["[simulation.vessel] gap", "'inf mm'", "mm"]),
        ({"room": {"temperature_swing": "0.2"}}, ["[simulation.room] temperature_swing", "'0.2'", "K"]),
        ({"vessel": {"cover": "40"}}, ["[simulation.vessel] cover", "'40'", "not a number"]),
        ({"vessel": {"cover": "40 mm"}}, ["[simulation.vessel] cover", "'40 mm'", "not a number"]),
        ({"vessel": {"cover": True}}, ["[simulation.vessel] cover", "True", "not a number"]),
        ({"vessel": {"cover": math.nan}}, ["[simulation.vessel] cover", "nan", "not a number"]),
        ({"vessel": 30.0}, ["[simulation] vessel", "is a table", "[simulation.vessel]"]),
        ({"balance": "fast"}, ["[simulation] balance", "is a table", "[simulation.balance]"]),
        ({"seed": -1}, ["[simulation] seed", "-1", "whole number from 0"]),
        ({"seed": "1"}, ["[simulation] seed", "'1'", "whole number from 0"]),
        ({"seed": 1.5}, ["[simulation] seed", "1.5", "whole number from 0"]),
        ({"seed": True}, ["[simulation] seed", "True", "whole number from 0"]),
    ],
    ids=str,
)  # fmt: skip
def test_the_message_names_table_and_key_and_what_would_be_accepted(simulation: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigError) as refused:
        read(**simulation)
    assert [word for word in words if word not in str(refused.value)] == []


# --- the rest of the bench file ---


@pytest.mark.parametrize(
    ("table", "key", "given", "part", "name", "value"),
    [
        ("catheter", "length", "80 cm", "line", "length_m", 0.8),
        ("catheter", "bore", "0.4 mm", "line", "bore_mm", 0.4),
        ("needle", "outer_diameter", "0.82 mm", "outlet", "needle_od_mm", 0.82),
        ("liquid", "temperature", "25 degC", "vessel", "liquid_temperature_c", 25.0),
        ("liquid", "temperature", "25 degC", "room", "temperature_c", 25.0),
        ("liquid", "density", "1.0046 g/mL", "vessel", "liquid_density_g_ml", 1.0046),
        ("liquid", "density", "1.0046 g/mL", "line", "density_g_ml", 1.0046),
        ("vessel", "inner_diameter", "20 mm", "vessel", "inner_diameter_mm", 20.0),
        ("environment", "pressure", "995 hPa", "room", "pressure_hpa", 995.0),
        ("environment", "humidity", "40 %", "room", "humidity_pct", 40.0),
        ("balance", "readability", "0.01 mg", "cell", "readability_g", 1e-5),
        ("balance", "repeatability", "0.02 mg", "cell", "repeatability_g", 2e-5),
        ("balance", "linearity", "0.1 mg", "cell", "linearity_g", 1e-4),
        ("balance", "sensitivity", "20 ppm", "cell", "sensitivity_pct", 2e-3),
        ("balance", "drift", "0.2 mg/h", "cell", "drift_g_h", 2e-4),
        ("balance", "response", "1 s", "cell", "response_s", 1.0),
        ("balance", "capacity", "120 g", "cell", "capacity_g", 120.0),
    ],
)
def test_the_physical_tables_describe_the_model_and_simulation_knows_better(
    table: str, key: str, given: str, part: str, name: str, value: float
) -> None:
    plain = {table: {key: given}}
    assert getattr(getattr(read_setup(plain), part), name) == pytest.approx(value)
    parameter = next(known for known in parameters(getattr(Setup(), part)) if known.name == name)
    better = {part: {parameter.key: spelled(2 * value, parameter.unit)}}
    assert getattr(getattr(read_setup({**plain, "simulation": better}), part), name) == pytest.approx(2 * value)


@pytest.mark.parametrize(
    ("pump", "fill_ml"),
    [
        ({}, 10.0),
        ({"syringe": {"volume": "20 mL"}}, 20.0),
        ({"syringe": {"volume": "20 mL", "filled": "15 mL"}}, 15.0),
        ({"reservoir": {"volume": "40 mL"}}, 40.0),
        ({"reservoir": {"volume": "40 mL", "filled": "18 mL"}}, 18.0),
    ],
    ids=str,
)
def test_the_bench_file_says_how_much_there_is_to_push(pump: dict[str, Any], fill_ml: float) -> None:
    assert read_setup({"pump": pump}).fill_ml == fill_ml


def test_a_pump_with_a_reservoir_has_rollers() -> None:
    """It pulses, has no screw, and does not feel an occlusion."""
    drive = read_setup({"pump": {"reservoir": {"volume": "20 mL"}}, "simulation": {"drive": {"rate_error": "3 %"}}}).drive
    assert (drive.pulse_ml, drive.screw_error_pct, drive.occlusion_alarm, drive.rate_error_pct) == (0.002, 0, False, 3.0)


def test_seed_and_options_of_the_devices_are_taken_as_they_are() -> None:
    setup = read_setup(
        {"meter": {"driver": "x"}, "simulation": {"seed": 9, "balance": {"a": 1}, "meter": {"b": 2}, "faults": []}}
    )
    assert (setup.seed, dict(setup.options)) == (9, {"balance": {"a": 1}, "meter": {"b": 2}})
    assert read().seed == 0
