"""What the faults of an implantable-style pump do: to liquid, schedule and alarms, and to what the pump says of it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.instruments.sim.faulty import Bench, Flows, H, plain, pushed_ml, told_flows

LOW, EMPTY, ERI, EOS = 1, 2, 8, 16


def implant(*faults: str, filled: str = "20 mL") -> Bench:
    return Bench(plain(*faults, pump="scpi-pump", filled=filled))


def tell(bench: Bench, *texts: str) -> Bench:
    """One command or question after the other, each with the time that it takes."""
    for text in texts:
        bench.ask("pump", text.encode() + b"\n")
    return bench


def told(bench: Bench, text: str) -> str:
    return bench.ask("pump", text.encode() + b"\n").decode().strip()


def moves(bench: Bench) -> list[tuple[float, str]]:
    return [event for event in bench.events() if "plunger" in event[1]]


# --- a surge while priming ---

PRIMING = ["PRIM:VOL 0.4", "PRIM:RATE 60"]
"""0.4 mL in 24 s, from 60 s on; then 6 mL/h from 100 s on."""
SURGES: list[tuple[list[str], Flows]] = [
    ([], [(60, 60), (84, 0), (100, 6)]),
    (["prime-surge:by=300%"], [(60, 240), (63, 60), (84, 0), (100, 6)]),
    (["prime-surge:by=300%,part=25%"], [(60, 240), (61.5, 60), (84, 0), (100, 6)]),
    (["prime-surge:by=300%,then=-60%,for=2min"], [(60, 240), (63, 24), (84, 0), (100, 2.4), (183, 6)]),
    (["prime-surge:by=300%,then=-100%,for=2min"], [(60, 240), (63, 0), (183, 6)]),
]


@pytest.mark.parametrize(("faults", "flows"), SURGES, ids=[" ".join(faults) for faults, _ in SURGES])
def test_the_first_volume_surges_and_then_too_little_comes_for_a_while(faults: list[str], flows: Flows) -> None:
    bench = tell(implant(*faults), *PRIMING, "INF:RATE 6").at(60.0)
    bench.say("pump", b"PRIM\n")
    bench.at(100.0).say("pump", b"INIT\n")
    assert told(bench, "TOT:VOL?").startswith("+4.00")  # by its own count it is as it should be
    bench.at(400.0)
    assert moves(bench) == told_flows(flows)
    moments_s = np.arange(0.0, 400.0, 1.9)
    assert bench.history("pushed_ml", moments_s) == pytest.approx(pushed_ml(flows, moments_s), abs=1e-12)


# --- a schedule that is late ---

SCHEDULES: list[tuple[str, str, list[float], Flows]] = [
    # the schedule, the fault, when the pump logs its steps (and the end), what flows: from INIT on
    ("60,1,30,1,6,0.1", "", [0, 60, 180], [(0, 60), (60, 30), (180, 6), (240, 0)]),
    ("60,1,30,1,6,0.1", "schedule-late:10s", [0, 70, 190], [(0, 60), (70, 30), (190, 6), (240, 0)]),
    ("60,1,30,1,6,0.1", "schedule-late:2min", [0, 180, 300], [(0, 60), (180, 30), (300, 6), (300, 0)]),
    ("60,1,30,0", "schedule-late:10s", [0, 70], [(0, 60), (70, 30)]),
    ("60,1", "schedule-late:10s", [0], [(0, 60), (60, 0)]),
]


@pytest.mark.parametrize(("steps", "fault", "begin_s", "flows"), SCHEDULES)
def test_every_step_but_the_first_begins_late_and_the_schedule_ends_when_it_should(
    steps: str, fault: str, begin_s: list[float], flows: Flows
) -> None:
    bench = tell(implant(*filter(None, [fault])), f"FLEX:STEP {steps}").at(60.0)
    bench.say("pump", b"INIT\n")
    bench.at(1000.0)
    assert moves(bench) == told_flows([(60 + at_s, rate_ml_h) for at_s, rate_ml_h in flows])
    log = bench.sim.device("pump").log  # type: ignore[attr-defined]
    entries = [log.entry(number) for number in log.numbers]
    assert [entry.uptime_s - 60.0 for entry in entries if entry.event == "STEP"] == pytest.approx(begin_s)


def test_a_schedule_that_repeats_is_late_by_the_same_every_time() -> None:
    bench = tell(implant("schedule-late:2min"), "FLEX:STEP 3,0.6,6,1.2", "FLEX:CYCL ON").at(60.0)
    bench.say("pump", b"INIT\n")
    bench.at(H)
    begin_min = [0, 14, 26, 38, 50]
    assert moves(bench) == told_flows([(60 + at_min * 60, (3, 6)[n % 2]) for n, at_min in enumerate(begin_min)])


# --- alarms that do not come ---


@pytest.mark.parametrize(("faults", "bits"), [([], LOW), (["low-alarm-missing"], 0)])
def test_the_low_alarm_is_missing_and_no_other(faults: list[str], bits: int) -> None:
    """0.5 mL at 60 mL/h; low at 0.1 mL is at 84 s, empty at 90 s."""
    bench = tell(implant(*faults, filled="0.5 mL"), "RES:LOW 0.1", "INF:RATE 60").at(60.0)
    tell(bench, "INIT").at(88.0)
    assert int(told(bench, "STAT:QUES:COND?")) == bits
    assert int(told(bench.at(100.0), "STAT:QUES:COND?")) == bits | EMPTY


BATTERY = [
    # voltage of the supply in the battery's place, faults, alarms, state of the battery, what becomes of the infusion
    (2.5, [], ERI, "ERI", "CONS"),
    (2.5, ["eri-missing"], 0, "NORM", "CONS"),
    (2.5, ["eos-missing"], ERI, "ERI", "CONS"),
    (2.2, [], ERI | EOS, "EOS", "OFF"),
    (2.2, ["eri-missing"], EOS, "EOS", "OFF"),
    (2.2, ["eos-missing"], ERI, "ERI", "CONS"),
    (2.2, ["eri-missing", "eos-missing"], 0, "NORM", "CONS"),
]


@pytest.mark.parametrize(("volts", "faults", "bits", "state", "infusion"), BATTERY)
def test_the_alarms_of_the_battery_are_missing_each_by_itself(
    volts: float, faults: list[str], bits: int, state: str, infusion: str
) -> None:
    table = {"driver": "keysight-e36300", "address": "sim://faulty/supply"}
    given = {**plain(*faults, pump="scpi-pump", battery={"on": True, "voltage_v": 3.0}), "battery": table}
    bench = tell(Bench(given), "INF:RATE 6", "INIT")
    bench.ask("battery", f"VOLT {volts},(@1)\n".encode())
    bench.at(20.0)
    assert told(bench, "STAT:QUES:COND?;:BATT:STAT?;:INF:STAT?") == f"{bits};{state};{infusion}"


# --- what goes beside the reservoir: with the hands, in test_hands.py ---


@pytest.mark.parametrize(("fault", "empty_s"), [("pocket-fill:0.1mL", 84.0), ("pocket-fill:2mL", 60.0)])
def test_a_pocket_fill_is_empty_before_the_pump_says_so(fault: str, empty_s: float) -> None:
    bench = tell(implant(fault), "RES:LOW 0", "RES:REF 0.5", "INF:RATE 60").at(60.0)
    bench.say("pump", b"INIT\n")
    assert [int(told(bench.at(at_s), "STAT:QUES:COND?")) for at_s in (89.0, 93.0)] == [0, EMPTY]
    assert [at_s for at_s, what in bench.events() if what == "empty"] == [pytest.approx(empty_s)]
    assert bench.history("pushed_ml", np.array([93.0])) == pytest.approx((empty_s - 60.0) / 60, abs=1e-9)
