"""The hands of a simulated bench: a weight on the pan is a weight on the balance, from that moment until it is taken off."""

from __future__ import annotations

import numpy as np
import pytest

from instruments.errors import BenchError
from instruments.hands import Step
from instruments.ports import Ports
from instruments.sim.bench import SimulatedBench, build_bench
from instruments.sim.setup import Setup
from tests.instruments.sim.faulty import plain

U_G = 3e-5
ON = Step("put on", "put it on", {"mass_g": 50.0, "mass_u_g": U_G})
OFF = Step("take off", "take it off", {"mass_g": 50.0})


def ask(bench: SimulatedBench, *steps: Step) -> None:
    for step in steps:
        assert bench.hands.ask(step, lambda: None) == "done"


def load_g(bench: SimulatedBench, *moments_s: float) -> list[float]:
    return [float(load) for load in bench.hands.load_g(np.array(moments_s))]


def true_g(seed: int) -> float:
    bench = SimulatedBench(Setup(seed=seed))
    ask(bench, ON)
    return load_g(bench, bench.clock.now_s())[0]


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


@pytest.mark.parametrize(("steps", "message"), [((OFF,), "there is no weight on the pan"), ((ON, ON), "there is a weight on")])
def test_what_cannot_be_done_is_refused(steps: tuple[Step, ...], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        ask(SimulatedBench(Setup()), *steps)


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
