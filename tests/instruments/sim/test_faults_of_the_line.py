"""Leaks and occlusions: what arrives, what the line holds, and that the pump counts on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.instruments.sim.faulty import (
    BASAL,
    BOLUS,
    C_ML_PA,
    R_PA_S_ML,
    SHOWN_G_ML,
    STEADY,
    TAU_S,
    VESSEL_G,
    Bench,
    Flows,
    H,
    History,
    arrived_ml,
    lived,
    plain,
)

BOLUS_FLOWS: Flows = [(60, 60), (120, 0)]
BASAL_FLOWS: Flows = [(60, 6), (660, 12), (1260, 0)]
Q_ML_S = 60 / H
HELD_ML = Q_ML_S * TAU_S
"""What the open line holds back of a steady 60 mL/h."""
NO_STALL = {"stall": "500 kPa"}


def after(bench: Bench, name: str, moments_s: list[float]) -> list[float]:
    return [float(volume) for volume in bench.history(name, np.array(moments_s))]


@pytest.mark.parametrize("part", [0.05, 0.5])
@pytest.mark.parametrize(
    ("history", "flows", "counted"),
    [(BOLUS, BOLUS_FLOWS, "SI1.000W0.000ML"), (BASAL, BASAL_FLOWS, "PI3.000W0.000ML")],
    ids=["bolus", "infusion"],
)
def test_a_leak_takes_its_part_of_the_flow(part: float, history: History, flows: Flows, counted: str) -> None:
    """The line has two ways out: less resistance, so it also lags less."""
    bench = lived(plain(f"leak:{part:%}"), history, 1500.0)
    moments_s = np.arange(0.0, 1500.0, 2.9)
    arrived = arrived_ml(flows, moments_s, TAU_S * (1 - part))
    assert bench.truth.delivered_ml(moments_s) == pytest.approx((1 - part) * arrived, abs=1e-12)
    assert bench.history("leaked_ml", moments_s) == pytest.approx(part * arrived, abs=1e-12)
    assert bench.weighed_g() - VESSEL_G == pytest.approx((1 - part) * SHOWN_G_ML * arrived[-1], abs=1.2e-4)
    assert bench.pump("DIS") == counted


@pytest.mark.parametrize("part", [0.1, 0.5])
def test_a_leak_begins_at_its_moment(part: float) -> None:
    bench = lived(plain(f"leak:part={part:%},at=5min"), STEADY, 600.0)
    assert bench.events()[1] == (300.0, f"the line leaks {part * 100:g} %")
    since_s = np.array([1.0, 10.0, 200.0])
    held_ml = HELD_ML * (1 - part + part * np.exp(-since_s / TAU_S / (1 - part)))
    passed_ml = Q_ML_S * since_s + HELD_ML - held_ml
    delivered = bench.history("delivered_ml", np.concatenate([[300.0], 300.0 + since_s]))
    assert delivered[1:] - delivered[0] == pytest.approx((1 - part) * passed_ml, abs=1e-9)
    assert after(bench, "leaked_ml", [300.0, 310.0]) == pytest.approx([0.0, part * passed_ml[1]], abs=1e-9)
    assert bench.pump("DIS") == "II9.000W0.000ML"


def test_nothing_leaks_before_its_moment() -> None:
    moments_s = np.arange(0.0, 300.0, 1.7)
    bench = lived(plain("leak:part=20%,at=5min"), BOLUS, 400.0)
    assert bench.truth.delivered_ml(moments_s) == pytest.approx(arrived_ml(BOLUS_FLOWS, moments_s), abs=1e-12)


@pytest.mark.parametrize("part", [0.5, 0.75])
def test_a_partial_occlusion_slows_the_line_and_stops_nothing(part: float) -> None:
    """So much more resistance: the same flow, once the line has filled up to the higher pressure."""
    bench = lived(plain(f"occlusion:at=200s,part={part:%}"), STEADY, 500.0)
    since_s = np.array([0.5, 20.0, 250.0])
    tau_s = TAU_S / (1 - part)
    held_ml = Q_ML_S * tau_s + (HELD_ML - Q_ML_S * tau_s) * np.exp(-since_s / tau_s)
    delivered = bench.history("delivered_ml", np.concatenate([[200.0], 200.0 + since_s]))
    assert delivered[1:] - delivered[0] == pytest.approx(Q_ML_S * since_s - (held_ml - HELD_ML), abs=1e-9)
    assert after(bench, "pressure_pa", [499.0]) == pytest.approx([Q_ML_S * R_PA_S_ML / (1 - part)], rel=1e-6)
    assert bench.events() == [(60.0, "plunger at 60 mL/h"), (200.0, "the line is occluded")]
    assert bench.pump("DIS") == "II7.333W0.000ML"


@pytest.mark.parametrize("for_s", [20.0, 120.0])
def test_behind_a_full_occlusion_nothing_arrives_until_it_is_gone(for_s: float) -> None:
    bench = lived(plain(f"occlusion:at=200s,for={for_s}s", drive=NO_STALL), STEADY, 500.0)
    assert bench.events()[1:] == [(200.0, "the line is occluded"), (200.0 + for_s, "the line is free again")]
    before_ml, held_back_ml = after(bench, "delivered_ml", [200.0, 200.0 + for_s])
    assert held_back_ml == before_ml == pytest.approx(arrived_ml([(60, 60)], np.array([200.0]))[0], abs=1e-12)
    assert after(bench, "pressure_pa", [200.0 + for_s]) == pytest.approx([(HELD_ML + Q_ML_S * for_s) / C_ML_PA], rel=1e-6)
    (later_ml,) = after(bench, "delivered_ml", [200.0 + for_s + TAU_S])
    bolus_ml = Q_ML_S * for_s * -math.expm1(-1) + Q_ML_S * TAU_S
    assert later_ml - before_ml == pytest.approx(bolus_ml, abs=1e-9)
    assert after(bench, "delivered_ml", [500.0]) == pytest.approx(arrived_ml([(60, 60)], np.array([500.0])), abs=1e-9)


@pytest.mark.parametrize("for_s", [60.0, 120.0])
def test_the_balance_shows_the_occlusion_and_what_comes_after_it(for_s: float) -> None:
    bench = lived(plain(f"occlusion:at=200s,for={for_s}s", drive=NO_STALL), STEADY)
    told = bench.listen().told_until(500.0)
    occluded = told.between(201.0, 200.0 + for_s).mass_g
    assert np.ptp(occluded) == 0
    free = told.between(200.0 + for_s, 500.0)
    since_s = free.sampled_s - 200.0 - for_s
    arrived = Q_ML_S * (since_s + for_s * -np.expm1(-since_s / TAU_S))
    assert free.mass_g - occluded[0] == pytest.approx(SHOWN_G_ML * arrived, abs=1.5e-4)


@pytest.mark.parametrize(("at_s", "rate_ml_h"), [(120.0, 60.0), (300.0, 6.0)])
def test_the_time_to_the_alarm_is_the_compliance_over_the_flow(at_s: float, rate_ml_h: float) -> None:
    bench = lived(plain(f"occlusion:at={at_s}s"), [*STEADY[:2], (2, f"RAT{rate_ml_h:g}MH"), (60, "RUN")], at_s)
    (before_pa,) = after(bench, "pressure_pa", [at_s])
    stalls_s = at_s + (50e3 - before_pa) * C_ML_PA / (rate_ml_h / H)
    assert bench.at(stalls_s + 1.9).pump("") == "I"
    assert bench.at(stalls_s + 2.3).pump("") == "A?S"
    assert bench.events()[2] == (pytest.approx(stalls_s, abs=1e-5), "stalled by pressure")


@pytest.mark.parametrize(("more", "place"), [(",place=0%", 0.0), (",place=25%", 0.25), (",place=100%", 1.0), ("", 1.0)])
def test_where_the_occlusion_is_decides_how_much_of_the_tubing_fills_up(more: str, place: float) -> None:
    tubing_ml_pa = 5e-6
    before_ml_pa, behind_ml_pa = C_ML_PA + place * tubing_ml_pa, (1 - place) * tubing_ml_pa
    line = {"tubing_compliance": f"{tubing_ml_pa} mL/Pa"}
    bench = lived(plain(f"occlusion:at=300s{more}", line=line), STEADY, 600.0)
    steady_pa = Q_ML_S * R_PA_S_ML
    stalls_s = 300.0 + (50e3 - steady_pa) * before_ml_pa / Q_ML_S
    assert bench.events()[2] == (pytest.approx(stalls_s, abs=1e-5), "stalled by pressure")
    pocket_s = behind_ml_pa * R_PA_S_ML * (1 - place)
    drained_ml = steady_pa * behind_ml_pa * (-math.expm1(-3.0 / pocket_s) if pocket_s else 1.0)
    before_ml, after_ml = after(bench, "delivered_ml", [300.0, 303.0])
    assert after_ml - before_ml == pytest.approx(drained_ml, abs=1e-9)


def test_an_occlusion_of_a_pump_that_stands_is_not_noticed() -> None:
    bench = lived(plain("occlusion:at=200s,for=60s"), BOLUS, 400.0)
    assert bench.pump("") == "S"
    assert bench.events()[-2:] == [(200.0, "the line is occluded"), (260.0, "the line is free again")]
