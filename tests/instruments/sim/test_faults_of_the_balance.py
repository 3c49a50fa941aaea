"""What every fault of balance, vessel and table does to the lines of the balance, and that the liquid knows nothing of it."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from instruments.errors import ConfigError
from instruments.sim.bench import build_bench
from tests.instruments.sim.faulty import (
    BOLUS,
    SHOWN_G_ML,
    STEADY,
    STEEL_G_ML,
    VESSEL_G,
    WATER_G_ML,
    Bench,
    Flows,
    H,
    Told,
    arrived_ml,
    lived,
    plain,
)

DIGIT_G = 1e-4
HALF_A_DIGIT_G = 0.51 * DIGIT_G
SHOWN_G_G = SHOWN_G_ML / WATER_G_ML
"""What the balance shows for a gram of water."""
LISTENED_S = 1.0
DELIVERS: Flows = [(60, 60), (120, 0)]


def told(*faults: str, until_s: float, rate_hz: int = 10, **tables: Any) -> Told:
    """What the balance says, from one second on, of a vessel that nothing is pumped into."""
    return Bench(plain(*faults, **tables)).listen(rate_hz).told_until(until_s).between(LISTENED_S, until_s)


def departed_g(seen: Told) -> np.ndarray:
    return seen.mass_g - VESSEL_G


def assert_balance_alone(fault: str) -> None:
    """The liquid goes as it would, and the pump says what it would."""
    with_fault, without = (lived(plain(*faults), BOLUS, 300.0) for faults in ([fault], []))
    moments_s = np.arange(0.0, 300.0, 1.3)
    assert (with_fault.history("delivered_ml", moments_s) == without.history("delivered_ml", moments_s)).all()
    assert with_fault.pump("DIS") == without.pump("DIS") == "SI1.000W0.000ML"


OF_THE_BALANCE_ALONE = [
    "drift:by=1g/h",
    "evaporation:by=1g/h",
    "vibration:size=1mg",
    "draught:size=1mg",
    "knock:at=70s,swing=1g,shift=10mg",
    "tubing-touches:at=70s,force=1g",
    "overload:at=70s",
    "balance-stuck:at=70s",
]


@pytest.mark.parametrize("fault", OF_THE_BALANCE_ALONE)
def test_the_liquid_knows_nothing_of_it(fault: str) -> None:
    assert_balance_alone(fault)


# --- what goes on and on ---


@pytest.mark.parametrize(("fault", "slope_g_h", "from_s"), [("0.5g/h", 0.5, 0.0), ("by=-20mg/h,at=10min", -0.02, 600.0)])
def test_drift_is_a_slope_from_its_moment_on(fault: str, slope_g_h: float, from_s: float) -> None:
    seen = told(f"drift:{fault}", until_s=1800.0, rate_hz=1)
    expected_g = slope_g_h / H * np.maximum(0.0, seen.sampled_s - from_s)
    assert departed_g(seen) == pytest.approx(expected_g, abs=HALF_A_DIGIT_G)


@pytest.mark.parametrize(("fault", "loss_mg_h", "from_s"), [("24mg/h", 24.0, 0.0), ("by=240mg/h,at=1h", 240.0, 3600.0)])
def test_evaporation_takes_its_rate_out_of_the_vessel(fault: str, loss_mg_h: float, from_s: float) -> None:
    seen = told(f"evaporation:{fault}", until_s=3 * H, rate_hz=1)
    expected_g = -SHOWN_G_G * loss_mg_h / 1000 / H * np.maximum(0.0, seen.sampled_s - from_s)
    assert departed_g(seen) == pytest.approx(expected_g, abs=HALF_A_DIGIT_G)


def test_evaporation_comes_on_top_of_what_the_bench_loses_anyway() -> None:
    vessel = {"evaporation": "30 mg/h"}
    without, with_fault = (
        departed_g(told(*faults, until_s=2 * H, rate_hz=1, vessel=vessel))[-1] for faults in ([], ["evaporation:50mg/h"])
    )
    assert (without, with_fault) == (pytest.approx(-0.060 * SHOWN_G_G, abs=1e-4), pytest.approx(-0.160 * SHOWN_G_G, abs=1e-4))


# --- noise ---


@pytest.mark.parametrize("size_mg", [2, 20])
def test_vibration_is_noise_of_its_size_between_its_moments(size_mg: int) -> None:
    seen = told(f"vibration:size={size_mg}mg,at=60s,for=4min", until_s=360.0)
    noise_g = departed_g(seen.between(60.0, 300.0))
    assert len(noise_g) == 2400
    assert float(noise_g.std()) == pytest.approx(size_mg / 1000, rel=0.05)
    assert float(noise_g.mean()) == pytest.approx(0.0, abs=4 * size_mg / 1000 / math.sqrt(2400))
    assert float(np.corrcoef(noise_g[1:], noise_g[:-1])[0, 1]) == pytest.approx(0.0, abs=0.08)
    assert not departed_g(seen.between(0.0, 60.0)).any()
    assert not departed_g(seen.between(300.0, 360.0)).any()
    states = [line[2:3] for line in seen.between(61.0, 300.0).lines]
    assert states.count(b"D") > 0.9 * len(states)
    assert {line[2:3] for line in seen.between(302.0, 360.0).lines} == {b"S"}


@pytest.mark.parametrize("size_mg", [2, 20])
def test_draught_wanders_by_its_size_within_half_a_minute(size_mg: int) -> None:
    """What hangs together for 20 s is less alike by a factor e after 20 s."""
    seen = told(f"draught:size={size_mg}mg,at=10min,for=5h", until_s=5.5 * H, rate_hz=1)
    wander_g = departed_g(seen.between(600.0, 600.0 + 5 * H))
    assert float(wander_g.std()) == pytest.approx(size_mg / 1000, rel=0.1)
    assert float(np.corrcoef(wander_g[20:], wander_g[:-20])[0, 1]) == pytest.approx(math.exp(-1), abs=0.1)
    assert float(np.corrcoef(wander_g[1:], wander_g[:-1])[0, 1]) == pytest.approx(math.exp(-1 / 20), abs=0.02)
    assert not departed_g(seen.between(0.0, 600.0)).any()
    assert not departed_g(seen.between(600.0 + 5 * H, 5.5 * H)).any()


@pytest.mark.parametrize("kind", ["vibration", "draught"])
def test_without_its_times_the_table_is_never_calm(kind: str) -> None:
    wander_g = departed_g(told(f"{kind}:5mg", until_s=600.0))
    assert all(float(part_g.std()) > 2e-3 for part_g in np.split(wander_g, [2000, 4000]))


# --- what pushes ---


@pytest.mark.parametrize(("swing_g", "shift_g"), [(0.5, 0.0), (-3.0, 0.02)])
def test_a_knock_rings_and_may_leave_the_reading_off(swing_g: float, shift_g: float) -> None:
    more = f",shift={shift_g}g" if shift_g else ""
    seen = told(f"knock:at=60.05s,swing={swing_g}g{more}", until_s=90.0)
    since_s = seen.sampled_s - 60.05
    ringing_g = swing_g * np.exp(-since_s / 0.8) * np.cos(2 * np.pi * 2.3 * since_s) + shift_g
    assert departed_g(seen) == pytest.approx(np.where(since_s > 0, ringing_g, 0.0), abs=HALF_A_DIGIT_G)
    assert {line[2:3] for line in seen.between(61.0, 63.0).lines} == {b"D"}


@pytest.mark.parametrize(("force_mg", "for_s"), [(5, 100.0), (-200, math.inf)])
def test_tubing_that_touches_leans_more_and_more(force_mg: int, for_s: float) -> None:
    """Seven tenths at once, the rest within minutes."""
    ends = f",for={for_s:g}s" if for_s < math.inf else ""
    seen = told(f"tubing-touches:at=60.05s,force={force_mg}mg{ends}", until_s=900.0)
    since_s = seen.sampled_s - 60.05
    leaning_g = force_mg / 1000 * (1 - 0.3 * np.exp(-since_s / 120))
    assert departed_g(seen) == pytest.approx(np.where((since_s > 0) & (since_s < for_s), leaning_g, 0.0), abs=HALF_A_DIGIT_G)


OVER = {
    "mt-sics": (b"SI\r\n", rb"S \+\r\n"),
    "kern-kcp": (b"SI\r\n", rb"S \+\r\n"),
    "sartorius-sbi": (b"\x1bP\r\n", rb"Stat +High *\r\n"),
    "and": (b"Q\r\n", rb"OL,\+9999999E\+19\r\n"),
    "ohaus": (b"IP\r\n", rb" *Err 8\.3\r\n"),
}


@pytest.mark.parametrize("family", OVER)
@pytest.mark.parametrize("for_s", [30.0, 400.0])
def test_somebody_leans_on_the_pan(family: str, for_s: float) -> None:
    asks, over = OVER[family]
    bench = Bench(plain(f"overload:at=60s,for={for_s}s", balance=family))
    before, during, last, after = (bench.at(at_s).ask("balance", asks) for at_s in (59.0, 61.0, 59.0 + for_s, 61.0 + for_s))
    assert before == after
    assert re.search(rb"35\.0000 *g", before)
    assert during == last
    assert re.fullmatch(over, during)


def test_a_stream_says_overload_as_long_as_somebody_leans_on_the_pan() -> None:
    lines = told("overload:at=60s", until_s=70.0).lines
    assert set(lines[:580]) == {b"S S    35.0000 g\r\n"}
    assert set(lines[595:]) == {b"S +\r\n"}


# --- what is shown is not what is there ---


@pytest.mark.parametrize("at_s", [90.0, 100.05])
def test_a_stuck_balance_repeats_its_last_value_while_the_liquid_comes(at_s: float) -> None:
    bench = lived(plain(f"balance-stuck:at={at_s}s"), BOLUS[:3])
    bench.listen()
    bench.at(60.0).pump("RUN")
    seen = bench.told_until(300.0)
    arrived_g = VESSEL_G + SHOWN_G_ML * arrived_ml(DELIVERS, np.minimum(seen.sampled_s, math.ceil(at_s * 10 - 1) / 10))
    assert seen.mass_g == pytest.approx(arrived_g, abs=1.2 * DIGIT_G)
    assert len(set(seen.between(at_s, 300.0).mass_g)) == 1
    assert bench.truth.delivered_ml(np.array([300.0]))[0] == pytest.approx(1.0, abs=1e-9)


WATER = {17: 0.998778, 27: 0.996515}
"""Density in g/mL (gravimetric-metrology, section 2)."""
AIR = {17: 0.001212, 27: 0.001169}
"""At 1013.25 hPa and 50 %RH (gravimetric-metrology, section 3)."""


@pytest.mark.parametrize(("by_k", "t_c"), [(-5, 17), (5, 27)])
def test_water_of_another_temperature_weighs_something_else(by_k: int, t_c: int) -> None:
    bench = lived(plain(f"temperature:{by_k}K"), BOLUS, 300.0)
    expected_g = (WATER[t_c] - AIR[t_c]) / (1 - AIR[t_c] / STEEL_G_ML)
    assert bench.weighed_g() - VESSEL_G == pytest.approx(expected_g, abs=1.2e-4)
    assert bench.pump("DIS") == "SI1.000W0.000ML"
    assert bench.truth.delivered_ml(np.array([300.0]))[0] == pytest.approx(1.0, abs=1e-9)
    assert abs(expected_g - SHOWN_G_ML) > 5 * DIGIT_G


SATURATED_G_M3 = {17: 14.47, 22: 19.42, 27: 25.76}
"""Water vapour in saturated air, as tables have it."""


@pytest.mark.parametrize(("by_k", "t_c"), [(-5, 17), (5, 27)])
def test_warm_water_evaporates_faster(by_k: int, t_c: int) -> None:
    sheet = plain(f"temperature:{by_k}K"), plain()
    for open_vessel in sheet:
        open_vessel["simulation"]["vessel"] = {"cover": 1}
    changed_g, usual_g = (
        departed_g(Bench(open_vessel).listen(1).told_until(20 * H).between(LISTENED_S, 20 * H))[-1] for open_vessel in sheet
    )
    assert changed_g / usual_g == pytest.approx(SATURATED_G_M3[t_c] / SATURATED_G_M3[22], rel=0.01)


@pytest.mark.parametrize(("needle_mm", "drop_mg"), [(0.82, 12.4), (0.41, 6.2)])
def test_a_needle_above_the_surface_drips(needle_mm: float, drop_mg: float) -> None:
    """The drops of the reference, one after the other (gravimetric-metrology, section 5)."""
    drops = plain("drips") | {"needle": {"outer_diameter": f"{needle_mm} mm"}}
    bench = lived(drops, [*STEADY[:2], (2, "RAT6MH")])
    bench.listen()
    bench.at(60.0).pump("RUN")
    steps_g = np.diff(bench.told_until(300.0).mass_g)
    fallen_g = steps_g[steps_g > 0]
    assert fallen_g == pytest.approx(SHOWN_G_G * drop_mg / 1000, abs=1.5e-4)
    hanging_g = WATER_G_ML * bench.truth.delivered_ml(np.array([300.0]))[0] - fallen_g.sum() / SHOWN_G_G
    assert 0 <= hanging_g < drop_mg / 1000 + DIGIT_G
    assert bench.pump("DIS") == "II0.400W0.000ML"


def test_without_a_needle_nothing_can_drip() -> None:
    with pytest.raises(ConfigError, match=r"fault 'drips': drops need a needle; give needle\.outer_diameter in the bench file"):
        build_bench("dry", plain("drips"))


def test_a_needle_that_drips_does_not_dip() -> None:
    """Under the surface the needle adds its share of the liquid's weight; above it does not."""
    dips, drips = (plain(*faults) | {"needle": {"outer_diameter": "3 mm"}} for faults in ([], ["drips"]))
    dipped_g, dripped_g = (lived(bench, BOLUS, 300.0).weighed_g() - VESSEL_G for bench in (dips, drips))
    drop_g = math.pi * 3 * 72.7 * 0.65 / 9.80665 / 1000
    assert dripped_g == pytest.approx(SHOWN_G_G * drop_g * math.floor(WATER_G_ML / drop_g), abs=2e-4)
    assert dipped_g - SHOWN_G_ML / (1 - (3 / 30) ** 2) == pytest.approx(0.0, abs=2 * 0.025 * 0.0711)
