"""From two levels to a volume: every correction, each of them left out, and what the balance adds to the budget."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrology.budget import Estimate, Row, evaluate, value_of
from harness.metrology.volume import DayCheck, Evaporation, Level, Noise, Weighing
from harness.stands import BalanceSheet, Corrections, Environment, Liquid, Needle, Vessel
from tests.conftest import DATA

CORRECTIONS: list[dict[str, Any]] = json.loads((DATA / "vectors" / "corrections.json").read_text())["cases"]
SHEET = BalanceSheet.model_validate({"readability": "0.1 mg", "repeatability": "0.1 mg", "drift": "0.3 mg/h"})
RIG = Weighing(
    SHEET,
    Needle.model_validate({"outer_diameter": "0.82 mm", "capillary": "0.5 mg"}),
    Vessel.model_validate({"inner_diameter": "30 mm"}),
    Liquid.model_validate({"temperature": "22 degC"}),
    Environment.model_validate({"pressure": "1005 hPa", "humidity": "45 %"}),
)
A = (0.82 / 30) ** 2
LOSS = Evaporation(2e-4, 5e-5, 4.0, "blank before the case")
ENDS = Level(0.0, 30.0), Level(3600.0, 30.5)


def volume(weighing: Weighing = RIG, ends: tuple[Level, Level] = ENDS, loss: Evaporation = LOSS) -> Estimate:
    return evaluate(lambda inputs: weighing.volume_ml(inputs, *ends, loss))


def ml(weighing: Weighing, begin: Level, end: Level, loss: Evaporation = LOSS) -> float:
    return value_of(lambda inputs: weighing.volume_ml(inputs, begin, end, loss))


def row_of(found: Estimate, start: str) -> Row:
    (row,) = [row for row in found.budget if row.source.startswith(start)]
    return row


# --- corrections ---


@pytest.mark.parametrize("case", CORRECTIONS, ids=["0.5 mL/h", "bolus", "24 h", "saline"])
def test_from_indicated_change_to_volume(case: dict[str, Any]) -> None:
    weighing = Weighing(
        SHEET,
        Needle(outer_diameter=f"{case['needle_od_mm']} mm"),  # type: ignore[arg-type]
        Vessel(inner_diameter=f"{case['vessel_id_mm']} mm"),  # type: ignore[arg-type]
        Liquid(density=f"{case['liquid_density_kg_m3'] / 1000!r} g/mL", temperature=f"{case['t_C']} degC"),  # type: ignore[arg-type]
        Environment(pressure=f"{case['p_hPa']} hPa", humidity=f"{case['rh_pct']} %"),  # type: ignore[arg-type]
    )
    ends = Level(100.0, 20.0), Level(100 + case["duration_h"] * 3600, 20 + case["delta_indicated_mg"] / 1000)
    found_ul = 1000 * ml(weighing, *ends, Evaporation(case["evaporation_mg_per_h"] / 1000, 0.0))
    assert found_ul == pytest.approx(case["volume_uL"], rel=1e-9)
    assert found_ul / 1000 / case["duration_h"] == pytest.approx(case["flow_mL_h"], rel=1e-9)
    assert weighing.factor_ml_g() == pytest.approx(case["Z_uL_per_mg"], rel=1e-9)
    assert weighing.immersed == pytest.approx(case["area_ratio"], rel=1e-9)


Z, AIR, WATER = 1.0032718474732834, 1.18134, 997.7729769381818
BUOYANCY = 1000 / (1000 - AIR) * (1 - AIR / 8000) - 1
LEFT_OUT = {
    # value without it in mL, the row in the budget, its standard uncertainty
    "buoyancy": ((0.5 * (1 - A) + 2e-4) * 1000 / WATER, "buoyancy of the air, not corrected", BUOYANCY),
    "evaporation": (0.5 * (1 - A) * Z, "evaporation, not corrected", math.hypot(2e-4, LOSS.u_g_h)),
    "immersion": ((0.5 + 2e-4) * Z, "immersion of the needle, not corrected", A),
}  # fmt: skip


@pytest.mark.parametrize(("name", "value_ml", "source", "u"), [(name, *rest) for name, rest in LEFT_OUT.items()])
def test_a_correction_that_is_left_out_stands_in_the_budget_with_all_that_it_would_have_been(
    name: str, value_ml: float, source: str, u: float
) -> None:
    weighing = replace(RIG, corrections=Corrections(**{name: False}))
    found = volume(weighing)
    row = row_of(found, source)
    assert found.value == pytest.approx(value_ml, rel=1e-9)
    assert (row.shape, row.u) == ("normal", pytest.approx(u, rel=1e-3))
    assert row.contribution >= 0.997 * abs(volume().value - value_ml)
    assert found.interval[0] < volume().value < found.interval[1]
    assert weighing.in_words(*ENDS, LOSS).endswith(f"; not corrected for {name}")
    assert len(found.budget) == len(volume().budget)


@pytest.mark.parametrize("hours", [0.5, 4.0])
def test_evaporation_that_is_left_out_counts_for_as_long_as_it_lasts(hours: float) -> None:
    weighing = replace(RIG, corrections=Corrections(evaporation=False))
    row = row_of(volume(weighing, (Level(0.0, 30.0), Level(hours * 3600, 30.5))), "evaporation, not corrected")
    assert row.u == pytest.approx(hours * math.hypot(2e-4, LOSS.u_g_h))


def test_every_correction_made_is_told_in_numbers_and_none_as_left_out() -> None:
    assert RIG.in_words(*ENDS, LOSS) == (
        "30.00000 g to 30.50000 g in 3600.0 s; Z = 1.003272 mL/g, a = 0.000747, e = 0.200 mg/h (blank before the case)"
    )
    told = replace(RIG, corrections=Corrections(evaporation=False, immersion=False)).in_words(*ENDS, LOSS)
    assert "a = 0.000000, e = 0.000 mg/h" in told
    assert told.endswith("; not corrected for evaporation, immersion")


@pytest.mark.parametrize(
    ("liquid", "source", "relative_u"),
    [
        ({"temperature": "22 degC", "temperature_uncertainty": "0.5 K"}, "water temperature", 0.5 * 0.2276 / (WATER - AIR)),
        ({"temperature": "22 degC"}, "water purity", 1e-5 / math.sqrt(3)),
        ({"density": "1.51 g/mL", "density_uncertainty": "0.005 g/mL"}, "liquid density", 0.005 / 1.51),
        ({"temperature": "22 degC"}, "air density", 0.005 * AIR * (1 / WATER - 1 / 8000)),
    ],
)
def test_what_is_uncertain_of_the_densities(liquid: dict[str, str], source: str, relative_u: float) -> None:
    found = volume(replace(RIG, liquid=Liquid.model_validate(liquid)))
    assert row_of(found, source).contribution == pytest.approx(relative_u * found.value, rel=0.005)


@pytest.mark.parametrize(("temperature", "density_g_ml"), [("20 degC", 1.0046), ("37 degC", 0.9997)])
def test_saline_is_denser_than_water(temperature: str, density_g_ml: float) -> None:
    """By 6.4 kg/m3, known to 0.5: the same mass is 0.64 % less of it (gravimetric-metrology, section 2)."""
    saline, water = (
        volume(replace(RIG, liquid=Liquid.model_validate({"name": name, "temperature": temperature})))
        for name in ("saline", "water")
    )
    air_g_ml = 1.19e-3
    in_air = (1 - air_g_ml / 8.0) / (1 - air_g_ml / density_g_ml)
    assert saline.value == pytest.approx((0.5 * (1 - A) + 2e-4) / density_g_ml * in_air, rel=1e-4)
    assert water.value / saline.value == pytest.approx(1.0064, abs=1e-4)
    assert row_of(saline, "saline over water").contribution / saline.value == pytest.approx(0.5e-3, rel=0.01)


AIRS = {
    # temperature of water and air, density of both in kg/m3: water by tables, air of 1013.25 hPa and 50 % by CIPM-2007
    "as warm as the water": ("22 degC", None, 997.773, 1.19048),
    "a warm liquid in a cool room": ("37 degC", "20 degC", 993.329, 1.19931),
    "a cool liquid in a warm room": ("20 degC", "27 degC", 998.207, 1.16858),
}


@pytest.mark.parametrize(("water", "air", "water_kg_m3", "air_kg_m3"), AIRS.values(), ids=AIRS)
def test_buoyancy_is_that_of_the_air_at_the_balance(water: str, air: str | None, water_kg_m3: float, air_kg_m3: float) -> None:
    """Air at 20 degC in place of 37 degC makes Z 7e-5 larger."""
    told = {"pressure": "1013.25 hPa", "humidity": "50 %", **({"temperature": air} if air else {})}
    rig = replace(RIG, liquid=Liquid.model_validate({"temperature": water}), environment=Environment.model_validate(told))
    assert rig.factor_ml_g() == pytest.approx(1000 / (water_kg_m3 - air_kg_m3) * (1 - air_kg_m3 / 8000), rel=1e-6)


# --- the balance ---


def checked(reading_g: float, level_g: float) -> DayCheck:
    return DayCheck(Noise(reading_g, math.inf, "the day's check"), Noise(level_g, 9, "the day's check"))


OWN = Level(0.0, 30.0, 101, math.hypot(3e-4, 1e-4 / math.sqrt(12)))
NOISES = {
    # who wins: level, day's check, standard deviation of a reading, its degrees of freedom
    "certificate": (Level(0.0, 30.0, 101, 0.5e-4), checked(0.9e-4, 0.0), 1e-4, 9),
    "the day's check": (Level(0.0, 30.0, 101, 0.5e-4), checked(2e-4, 0.0), 2e-4, math.inf),
    "own residual": (OWN, checked(2e-4, 0.0), 3e-4, 99),
}


@pytest.mark.parametrize(("source", "level", "check", "sd_g", "dof"), [(name, *rest) for name, rest in NOISES.items()])
def test_the_noise_of_a_reading_is_the_largest_that_is_known(
    source: str, level: Level, check: DayCheck, sd_g: float, dof: float
) -> None:
    noise = replace(RIG, checked=check).noise(level)
    assert (noise.source, noise.sd_g, noise.dof) == (source, pytest.approx(sd_g), pytest.approx(dof))
    row = row_of(volume(replace(RIG, checked=check), (level, ENDS[1])), "repeatability, start level")
    assert row.source == f"repeatability, start level, by {source} (g)"
    assert (row.u, row.dof) == (pytest.approx(sd_g / math.sqrt(101)), pytest.approx(dof))


@pytest.mark.parametrize(
    ("correlation", "source"), [(0.0, "own residual"), (0.33, "own residual"), (0.4, "certificate"), (0.99, "certificate")]
)
def test_readings_that_hang_together_too_much_do_not_tell_their_noise(correlation: float, source: str) -> None:
    """Of twenty readings 20, 10.1, 8.6 and 1 are independent: fewer than 10 know their own scatter too badly."""
    level = Level(0.0, 30.0, 20, 1e-3, correlation)
    assert RIG.noise(level).source == source
    assert math.isfinite(volume(ends=(level, ENDS[1])).expanded_uncertainty)


@pytest.mark.parametrize(
    ("readability", "repeatability", "sd_g"), [("0.1 mg", "0.04 mg", 0.41e-4), ("0.1 mg", "0.05 mg", 0.5e-4)]
)
def test_repeatability_is_never_less_than_0_41_of_the_readability(readability: str, repeatability: str, sd_g: float) -> None:
    sheet = BalanceSheet.model_validate({"readability": readability, "repeatability": repeatability, "repeatability_n": 25})
    noise = replace(RIG, balance=sheet).noise()
    assert (noise.sd_g, noise.dof, noise.source) == (pytest.approx(sd_g), 24, "certificate")
    assert replace(RIG, balance=sheet).reading_g() == pytest.approx(math.hypot(sd_g, 1e-4 / math.sqrt(12)))


@pytest.mark.parametrize(("level_g", "u_g"), [(0.05e-4, 0.1e-4), (0.7e-4, 0.7e-4)])
def test_a_mean_is_known_no_better_than_the_check_found_levels_to_be(level_g: float, u_g: float) -> None:
    ends = Level(0.0, 30.0, 100), Level(3600.0, 30.5, 100)
    row = row_of(volume(replace(RIG, checked=checked(0.5e-4, level_g)), ends), "repeatability, end level")
    assert row.u == pytest.approx(u_g)
    assert ("day's check" in row.source) == (level_g > 0.1e-4)


@pytest.mark.parametrize(
    ("count", "correlation", "independent"), [(100, 0.0, 100.0), (100, 0.6, 25.0), (3, 0.9, 1.0), (1, 0.0, 1.0)]
)
def test_readings_that_hang_together_count_for_fewer(count: int, correlation: float, independent: float) -> None:
    level = Level(0.0, 30.0, count, 0.0, correlation)
    assert level.independent == pytest.approx(independent)
    found = volume(ends=(level, ENDS[1]))
    assert row_of(found, "repeatability, start level").u == pytest.approx(1e-4 / math.sqrt(independent))
    assert row_of(found, "readability, start level").u == pytest.approx(1e-4 / math.sqrt(12 * independent))


def test_where_no_noise_shows_nothing_averages_out() -> None:
    still = replace(RIG, balance=SHEET.model_copy(update={"shows_noise": False}))
    found = volume(still, (Level(0.0, 30.0, 100), ENDS[1]))
    assert row_of(found, "readability, start level").u == pytest.approx(1e-4 / math.sqrt(12))
    assert row_of(found, "repeatability, start level").u == pytest.approx(1e-4)


ROWS = {
    # source: standard uncertainty over an hour and half a gram, once or twice in the budget
    "linearity": (2e-4 / math.sqrt(3), 1),
    "sensitivity": (0.5e-5, 1),
    "zero drift": (3e-4 / math.sqrt(3), 1),
    "wetting of the needle": (5e-4 / math.sqrt(3), 2),
    "immersion of the needle": (0.05 * A, 1),
    "evaporation, blank before the case": (5e-5, 1),
    "readability": (1e-4 / math.sqrt(12), 2),
    "repeatability": (1e-4, 2),
}


@pytest.mark.parametrize(("source", "u", "times"), [(source, *rest) for source, rest in ROWS.items()])
def test_what_stands_in_the_budget(source: str, u: float, times: int) -> None:
    rows = [row for row in volume().budget if row.source.startswith(source)]
    assert [row.u for row in rows] == pytest.approx([u] * times)
    scale = 0.5 if source.startswith("immersion") else 1.0
    assert [row.contribution for row in rows] == pytest.approx([u * scale * Z] * times, rel=2e-3)


def test_a_needle_without_wetting_has_no_row_for_it() -> None:
    dry = replace(RIG, needle=Needle.model_validate({"capillary": "0 mg"}))
    sources = [row.source for row in volume(dry).budget]
    assert not [source for source in sources if "needle" in source]


DRIFTS = {
    # whether blanks before and after have told the drift, hours between the levels, what of the drift is left
    "alone": (False, 1.0, 1.0),
    "alone, a day": (False, 24.0, 1.0),
    "told": (True, 1.0, 1 / 8),
    "told, four hours": (True, 4.0, 1 / 2),
    "told, a day": (True, 24.0, 1 / 2),
}


@pytest.mark.parametrize(("holds_drift", "hours", "left"), DRIFTS.values(), ids=DRIFTS)
def test_blanks_from_both_sides_hold_the_drift_but_for_what_comes_and_goes(holds_drift: bool, hours: float, left: float) -> None:
    ends = Level(0.0, 30.0), Level(hours * 3600, 30.5)
    row = row_of(volume(ends=ends, loss=replace(LOSS, holds_drift=holds_drift)), "zero drift")
    assert (row.u, row.shape) == (pytest.approx(left * 3e-4 * hours / math.sqrt(3)), "rectangular")


MINIMUM = {
    # certificate's minimum weight, repeatability, change in g, what is told
    "enough": (None, "0.1 mg", 0.2, ""),
    "enough, lost": (None, "0.1 mg", -0.2, ""),
    "little": (None, "0.1 mg", 0.19999, "; below the balance's minimum weight of 200 mg"),
    "little, by the readability": (None, "0.04 mg", 0.0819, "; below the balance's minimum weight of 82 mg"),
    "just enough, by the readability": (None, "0.04 mg", 0.0821, ""),
    "little, by the certificate": ("300 mg", "0.1 mg", 0.299, "; below the balance's minimum weight of 300 mg"),
}


@pytest.mark.parametrize(("minimum", "repeatability", "change_g", "told"), MINIMUM.values(), ids=MINIMUM)
def test_less_than_the_minimum_weight_is_said(minimum: str | None, repeatability: str, change_g: float, told: str) -> None:
    sheet = BalanceSheet.model_validate(
        {"readability": "0.1 mg", "repeatability": repeatability, **({"minimum_weight": minimum} if minimum else {})}
    )
    words = replace(RIG, balance=sheet).in_words(Level(0.0, 0.0), Level(60.0, change_g), LOSS)
    assert words.partition(")")[2] == told


# --- what must hold for any masses ---

GRAMS = st.floats(-5, 5).filter(lambda mass_g: abs(mass_g) > 1e-3)
SECONDS = st.floats(1, 1e5)


@settings(deadline=None)
@given(GRAMS, SECONDS, st.floats(0.1, 10))
def test_twice_the_mass_and_twice_the_loss_are_twice_the_volume(change_g: float, elapsed_s: float, factor: float) -> None:
    once = ml(RIG, Level(0.0, 0.0), Level(elapsed_s, change_g), Evaporation(1e-3, 0.0))
    scaled = ml(RIG, Level(0.0, 0.0), Level(elapsed_s, factor * change_g), Evaporation(factor * 1e-3, 0.0))
    assert scaled == pytest.approx(factor * once, rel=1e-9, abs=1e-12)


@settings(deadline=None)
@given(GRAMS, GRAMS, SECONDS, SECONDS, st.sampled_from([1, -1]))
def test_volumes_of_adjacent_periods_add_up(first_g: float, second_g: float, first_s: float, second_s: float, sign: int) -> None:
    weighing = replace(RIG, sign=sign)
    levels = Level(0.0, 30.0), Level(first_s, 30 + first_g), Level(first_s + second_s, 30 + first_g + second_g)
    parts = ml(weighing, *levels[:2]) + ml(weighing, *levels[1:])
    assert parts == pytest.approx(ml(weighing, levels[0], levels[2]), rel=1e-9, abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(GRAMS, SECONDS, st.floats(-1e6, 1e6), st.floats(-200, 200))
def test_neither_the_hour_nor_the_tare_matters(change_g: float, elapsed_s: float, later_s: float, tare_g: float) -> None:
    found = volume(ends=(Level(0.0, 0.0), Level(elapsed_s, change_g)))
    moved = volume(ends=(Level(later_s, tare_g), Level(later_s + elapsed_s, tare_g + change_g)))
    assert moved.value == pytest.approx(found.value, rel=1e-6, abs=1e-9)
    assert moved.u == pytest.approx(found.u, rel=1e-6)
