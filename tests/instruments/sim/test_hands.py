"""The hands of a simulated bench: what they do is so on the bench from that moment on, and what cannot be done is refused."""

from __future__ import annotations

import math
import re
from typing import Any, get_args

import numpy as np
import pytest

from instruments.errors import BenchError
from instruments.hands import Kind, Step
from instruments.ports import Ports
from instruments.sim.bench import SimulatedBench, build_bench
from instruments.sim.hands import _DEEDS
from instruments.sim.setup import Setup
from tests.instruments.sim.faulty import C_ML_PA, R_PA_S_ML, TAU_S, Bench, H, plain
from tests.instruments.sim.test_faults_of_the_pump import PUMPS, started

U_G = 3e-5
ON = Step("put on", "put it on", {"mass_g": 50.0, "mass_u_g": U_G})
OFF = Step("take off", "take it off", {"mass_g": 50.0})
FLOW_ML_S = 60 / H
STEADY_PA = FLOW_ML_S * R_PA_S_ML


def ask(bench: SimulatedBench, *steps: Step) -> None:
    for step in steps:
        assert bench.hands.ask(step, lambda: None) == "done"


def by_hand(bench: Bench, kind: Any, **data: float) -> str:
    """Have it done; returns the answer, five seconds after it was."""
    return bench.sim.hands.ask(Step(kind, "", data), lambda: None)


def load_g(bench: SimulatedBench, *moments_s: float) -> list[float]:
    return [float(load) for load in bench.hands.load_g(np.array(moments_s))]


def true_g(seed: int) -> float:
    bench = SimulatedBench(Setup(seed=seed))
    ask(bench, ON)
    return load_g(bench, bench.clock.now_s())[0]


# --- weights ---


def test_a_weight_lies_on_the_pan_from_the_middle_of_one_step_to_the_middle_of_the_other() -> None:
    bench = SimulatedBench(Setup(seed=3))
    bench.clock.sleep_until(100.0)
    ask(bench, ON, OFF)
    weight_g = true_g(3)
    assert bench.clock.now_s() == 120.0
    assert load_g(bench, 0.0, 105.0, 105.1, 115.0, 115.1, 500.0) == [0.0, 0.0, weight_g, weight_g, 0.0, 0.0]


def test_the_balance_shows_vessel_and_weight() -> None:
    bench = build_bench("hands", plain())
    empty_g = float(bench._load_g(np.array([1.0]))[0])
    ask(bench, ON)
    assert float(bench._load_g(np.array([bench.clock.now_s()]))[0]) == pytest.approx(empty_g + load_g(bench, 10.0)[0], abs=1e-6)


def test_a_weight_departs_from_its_certificate_by_what_that_says() -> None:
    departures = [(true_g(seed) - 50.0) / U_G for seed in range(200)]
    assert np.std(departures) == pytest.approx(1.0, abs=0.15)
    assert np.mean(departures) == pytest.approx(0.0, abs=0.25)


def test_it_is_the_same_weight_every_time_and_another_one_is_another() -> None:
    bench = SimulatedBench(Setup(seed=3))
    seen = []
    for step in (ON, OFF, ON, OFF, Step("put on", "", {"mass_g": 20.0, "mass_u_g": U_G})):
        ask(bench, step)
        seen.append(load_g(bench, bench.clock.now_s())[0])
    assert seen[0] == seen[2] == true_g(3) != true_g(4)
    assert seen[1] == seen[3] == 0.0
    assert seen[4] == pytest.approx(20.0, abs=5 * U_G)


def test_the_weight_lies_there_by_the_time_of_the_bench_whatever_the_clock_shows() -> None:
    bench = SimulatedBench(Setup())
    bench.clock.set_by(1000.0)
    ask(bench, ON)
    assert load_g(bench, 4.9, 5.1) == [0.0, pytest.approx(50.0, abs=1e-3)]


def test_somebody_looks_at_the_balance_while_the_hand_is_on_its_way() -> None:
    bench, moments_s = SimulatedBench(Setup()), []
    bench.hands.ask(ON, lambda: moments_s.append(bench.clock.now_s()))
    assert moments_s == [5.0, 10.0]


# --- the line ---


def test_what_is_only_looked_at_moves_nothing() -> None:
    bench = started("new-era").at(120.0)
    before = bench.events()
    assert by_hand(bench, "do") == "done"
    assert (bench.events(), bench.clock.now_s()) == (before, 130.0)


def test_behind_a_closed_stopcock_the_pressure_rises_and_falls_when_it_is_open_again() -> None:
    bench = started("new-era").at(120.0)
    by_hand(bench, "close", place=1.0)  # at 125 s
    by_hand(bench, "open")  # at 135 s
    closed, later, opened, over = bench.at(300.0).history("pressure_pa", np.array([125.0, 130.0, 135.0, 135.0 + 20 * TAU_S]))
    assert closed == pytest.approx(STEADY_PA, rel=1e-4)
    assert [later - closed, opened - closed] == pytest.approx([5 * FLOW_ML_S / C_ML_PA, 10 * FLOW_ML_S / C_ML_PA])
    assert over == pytest.approx(STEADY_PA, rel=1e-4)
    assert bench.events()[1:] == [(125.0, "close: a stopcock at 1 of the line"), (135.0, "open: the stopcock")]


def test_a_stopcock_that_is_opened_leaves_an_occlusion_as_it_is() -> None:
    bench = started("new-era", "occlusion:at=100s")
    for kind, data in (("close", {"place": 0.2}), ("open", {})):
        by_hand(bench, kind, **data)
    out_ml = bench.truth.delivered_ml(np.array([100.0, bench.at(125.0).clock.now_s()]))
    assert out_ml[1] == pytest.approx(out_ml[0], abs=1e-12)


@pytest.mark.parametrize("kpa", [-5.0, 13.33])
def test_an_outlet_that_is_moved_fills_or_empties_the_line_and_moves_no_plunger(kpa: float) -> None:
    bench = Bench(plain()).at(100.0)
    by_hand(bench, "outlet", pressure_kpa=kpa)  # at 105 s
    moments_s = np.array([105.0, 105.0 + 1e-6, 105.0 + TAU_S, 105.0 + 30 * TAU_S])
    bench.at(float(moments_s[-1]) + 1.0)
    taken_ml = kpa * 1000 * C_ML_PA
    reached = taken_ml * np.array([0.0, 0.0, -math.expm1(-1), 1.0])
    assert bench.history("stored_ml", moments_s) == pytest.approx(reached, abs=2e-6)
    assert bench.truth.delivered_ml(moments_s) == pytest.approx(-reached, abs=2e-6)
    assert bench.history("pushed_ml", moments_s) == pytest.approx(0.0, abs=0)
    assert bench.events() == [(105.0, f"outlet: at {kpa:g} kPa")]


# --- the pump's threshold ---


@pytest.mark.parametrize(("faults", "true_kpa"), [([], 20.0), (["occlusion-bolus:+100%"], 40.0)])
def test_a_threshold_that_is_set_is_where_the_motor_stands(faults: list[str], true_kpa: float) -> None:
    bench = Bench(plain(*faults, "occlusion:at=0s"))
    by_hand(bench, "threshold", pressure_kpa=20.0)
    for text in ("DIA14.5", "VOL0", "RAT60MH"):
        bench.pump(text)
    bench.at(60.0).pump("RUN")
    stands_s = 60.0 + true_kpa * 1000 * C_ML_PA / FLOW_ML_S
    assert [event for event in bench.at(120.0).events() if "stalled" in event[1]] == [
        (pytest.approx(stands_s, abs=1e-6), "stalled by pressure")
    ]
    assert bench.pump("") == "A?S"


def test_a_motor_that_stands_goes_on_when_its_threshold_is_set_higher() -> None:
    bench = started("new-era", "occlusion:at=60s", "occlusion-alarm-missing").at(120.0)
    assert bench.history("pressure_pa", np.array([120.0]))[0] == pytest.approx(50e3)
    by_hand(bench, "threshold", pressure_kpa=80.0)
    bench.at(200.0)
    assert bench.history("pressure_pa", np.array([200.0]))[0] == pytest.approx(80e3)


# --- out of the reservoir, and into it ---


def drawn_ml(bench: Bench) -> float:
    found = re.fullmatch(r"(\d\.\d{3}|\d\d\.\d{3}) mL", by_hand(bench, "withdraw"))
    assert found
    return float(found[1])


@pytest.mark.parametrize(
    ("family", "filled_ml", "run_s"), [("new-era", 2.0, 60.0), ("scpi-pump", 2.0, 60.0), ("harvard-44", 2.0, 30.0)]
)
def test_what_is_drawn_out_is_what_was_left(family: str, filled_ml: float, run_s: float) -> None:
    bench = started(family, filled=f"{filled_ml} mL").at(55.0 + run_s)
    left_ml = filled_ml - run_s * FLOW_ML_S
    assert drawn_ml(bench) == pytest.approx(left_ml, abs=0.01)
    assert bench.history("pushed_ml", np.array([60.0 + run_s, bench.clock.now_s()])) == pytest.approx(run_s * FLOW_ML_S)
    assert (60.0 + run_s, "plunger at 0 mL/h") in bench.events()
    assert drawn_ml(bench) < 0.01


def test_what_a_pump_has_left_that_took_it_for_empty_is_drawn_out_too() -> None:
    assert drawn_ml(started("new-era", "alarm-early:0.3mL", filled="0.5 mL").at(100.0)) == pytest.approx(0.3, abs=0.01)


def test_what_is_drawn_out_is_weighed_with_two_microlitres() -> None:
    off_ul = [1000 * (drawn_ml(Bench(plain(filled="2 mL", seed=seed))) - 2.0) for seed in range(100)]
    assert np.std(off_ul) == pytest.approx(2.0, abs=0.5)
    assert np.mean(off_ul) == pytest.approx(0.0, abs=0.6)


def test_a_new_syringe_is_full() -> None:
    bench = started("new-era", filled="0.5 mL").at(100.0)  # empty at 90 s
    assert bench.pump("") == "A?S"
    by_hand(bench, "refill", volume_ml=3.0)
    bench.pump("RUN")
    bench.at(bench.clock.now_s() + 240.0)
    assert bench.history("pushed_ml", np.array([bench.clock.now_s()]))[0] == pytest.approx(3.5)
    assert bench.events()[-2][1] == "empty"


REFILLS = [
    # by hand (mL) and told (mL) in this order, what the reservoir then holds, without a fault and with 2 mL into the pocket
    ([("hand", 18.0), ("told", 18.0)], 18.0, 16.0),
    ([("told", 18.0)], 18.0, 16.0),
    ([("hand", 18.0), ("told", 19.0)], 18.0, 16.0),
    ([("hand", 18.0), ("told", 18.0), ("told", 10.0)], 10.0, 8.0),
    ([("hand", 1.0), ("told", 1.0)], 1.0, 0.0),
    ([("hand", 5.0), ("hand", 18.0), ("told", 18.0)], 18.0, 16.0),
]  # fmt: skip


@pytest.mark.parametrize(("how", "holds_ml", "missed_ml"), REFILLS)
@pytest.mark.parametrize("fault", ["", "pocket-fill:2mL"])
def test_what_is_filled_by_hand_and_what_the_pump_is_told_end_in_one_volume(
    how: list[tuple[str, float]], holds_ml: float, missed_ml: float, fault: str
) -> None:
    bench = Bench(plain(*filter(None, [fault]), pump="scpi-pump"))
    for way, volume_ml in how:
        if way == "hand":
            by_hand(bench, "refill", volume_ml=volume_ml)
        else:
            bench.ask("pump", b"RES:REF %g\n" % volume_ml)
    assert float(bench.ask("pump", b"RES:VOL?\n")) == how[-1][1]
    assert drawn_ml(bench) == pytest.approx(missed_ml if fault else holds_ml, abs=0.01)


# --- the pump's power ---

BACK = {"new-era": "\x0200A\\?R\x03", "scpi-pump": "OFF;[1-9][0-9]*\n"}
"""What a pump says that was without power while it ran, and alarms for that; others just stand."""


@pytest.mark.parametrize("family", PUMPS)
def test_a_pump_without_power_stands_and_hears_nothing_until_it_has_it_back(family: str) -> None:
    dialect, bench = PUMPS[family], started(family).at(100.0)
    by_hand(bench, "power off")  # at 105 s
    assert bench.ask("pump", dialect.look.encode() + dialect.end) == b""
    by_hand(bench, "power on")
    asked = bench.ask("pump", dialect.look.encode() + dialect.end).decode()
    assert re.fullmatch(BACK.get(family, dialect.stands), asked), asked
    assert bench.at(300.0).events()[1:] == [
        (105.0, "power off: the pump"),
        (105.0, "plunger at 0 mL/h"),
        (pytest.approx(115.3), "power on: the pump"),
    ]


@pytest.mark.parametrize("how", ["by hand", "reset-silent:at=100s"])
def test_several_pumps_on_one_line_lose_their_power_together(how: str) -> None:
    by_fault = [how] if how != "by hand" else []
    told = plain(*by_fault)
    told["simulation"]["pump"] = {"others": [1], "powered_up": False}
    bench = Bench(told)
    for text in ("0DIA14.5", "0RAT60MH", "1DIA14.5", "1RAT60MH", "0RUN", "1RUN"):
        bench.ask("pump", f"{text}\r".encode())
    bench.at(95.0)
    if not by_fault:
        by_hand(bench, "power off")
    assert [bench.at(120.0).pump(text)[:1] for text in ("0DIS", "1DIS")] == (["S", "S"] if by_fault else ["", ""])
    assert bench.events()[-1] == (100.0, "plunger at 0 mL/h")


def test_an_implant_without_power_draws_nothing_from_its_cell() -> None:
    """Idle it draws 16 uA of 1000 mAh: two hours of five."""
    bench = Bench(plain(pump="scpi-pump")).at(H - 5.0)
    by_hand(bench, "power off")  # at 1 h
    bench.at(4 * H - 5.0)
    by_hand(bench, "power on")  # at 4 h
    battery = bench.at(5 * H).sim.device("pump").battery  # type: ignore[attr-defined]
    assert battery.charge_pct(5 * H) == pytest.approx(100 - 2 * 16e-3 / 1000 * 100, abs=1e-9)


# --- what is refused ---

REFUSED = [
    ("scpi-pump", "threshold", {"pressure_kpa": 50.0}, "this pump feels no pressure"),
    ("new-era", "take off", {}, "there is no weight on the pan"),
    ("new-era", "put on", {"mass_g": 50.0}, r"needs mass_u_g from 0 to inf; it has \{'mass_g': 50\.0\}"),
    ("new-era", "close", {}, "'close' needs place from 0 to 1; it has no data"),
    ("new-era", "close", {"place": 1.1}, "needs place from 0 to 1"),
    ("new-era", "outlet", {"pressure_kpa": -200.0}, "needs pressure_kpa from -101.325 to inf"),
    ("new-era", "threshold", {"pressure_kpa": 0.0}, "needs pressure_kpa from 0.001"),
    ("new-era", "refill", {"volume_ml": -1.0}, "needs volume_ml from 0"),
    ("new-era", "dance", {}, "cannot do 'dance'; they can: put on, take off, do, close, open"),
    ("", "withdraw", {}, "there is no pump on this bench"),
    ("", "power off", {}, "there is no pump on this bench"),
]  # fmt: skip


@pytest.mark.parametrize(("family", "kind", "data", "message"), REFUSED)
def test_what_cannot_be_done_is_refused(family: str, kind: Any, data: dict[str, float], message: str) -> None:
    told = plain(pump=family)
    if not family:
        told = {role: table for role, table in told.items() if role != "pump"}
    with pytest.raises(BenchError, match=message):
        build_bench("refused", told).hands.ask(Step(kind, "", data), lambda: None)


def test_a_weight_is_not_put_on_a_weight() -> None:
    with pytest.raises(BenchError, match="there is a weight on"):
        ask(SimulatedBench(Setup()), ON, ON)


def test_every_kind_of_step_can_be_done() -> None:
    assert set(_DEEDS) == set(get_args(Kind))


def test_what_the_hands_did_is_in_the_truth() -> None:
    bench = SimulatedBench(Setup(seed=3))
    ask(bench, ON, OFF)
    told = [(event.at_s, event.what) for event in bench.truth.events]
    assert told == [
        (5.0, f"put on: {true_g(3):.7f} g lie on the pan beside the vessel"),
        (15.0, "take off: 0.0000000 g lie on the pan beside the vessel"),
    ]


def test_only_a_simulated_bench_has_hands_of_its_own() -> None:
    simulated = {"pump": "sim://hands/pump", "balance": "sim://hands/balance"}
    tables = {role: {**table, "address": simulated[role]} for role, table in plain().items() if role in simulated}
    assert Ports(simulated, tables).hands is not None
    assert Ports({"pump": "socket://127.0.0.1:9", "balance": "socket://127.0.0.1:9"}, {"simulation": {}}).hands is None
