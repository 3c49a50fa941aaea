"""What an implantable-style pump does in time: delivery, reservoir, alarms and tones, battery, watchdog, loss of power."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ConfigError
from instruments.sim.implantable_commands import build
from instruments.sim.physics.line import Line
from instruments.sim.physics.path import FluidPath
from instruments.sim.setup import Setup
from instruments.sim.site import Site
from instruments.wire import scpi
from instruments.wire import scpi_pump as wire
from instruments.wire import scpi_response as response
from tests.conftest import DATA
from tests.instruments.sim.pump_states import PumpStanding, pump
from tests.instruments.wire.chunks import noisy

DAY_S = 86_400.0
SETTINGS_CONFLICT, OUT_OF_RANGE = '-221,"Settings conflict"', '-222,"Data out of range"'
NO_ERROR = '0,"No error"'


def infusing(*texts: str, **data: Any) -> PumpStanding:
    """A pump at 60 mL/h (1 mL/min), after these commands and INIT."""
    standing = pump(**data)
    standing.all_told("*CLS", "INF:RATE 60", *texts, "INIT")
    return standing


def error(standing: PumpStanding) -> str:
    return standing.told("SYST:ERR?")


# --- delivery ---


def test_a_constant_rate_goes_on_until_it_is_stopped() -> None:
    standing = pump()
    standing.say(b"INF:RATE 0.05;:INIT\n")
    standing.pass_s(2 * DAY_S)
    assert standing.pushed_ml == pytest.approx(2.4)
    standing.say(b"ABOR\n")
    standing.pass_s(DAY_S)
    assert standing.pushed_ml == pytest.approx(2.4)
    assert standing.told("INF:STAT?;:TOT:VOL?;:RES:VOL?") == "OFF;+2.40000000E+00;+1.76000000E+01"


def test_the_target_ends_the_infusion_and_begins_anew_with_every_start() -> None:
    standing = pump()
    standing.say(b"INF:RATE 60;TARG 0.5;:INIT\n")
    standing.pass_s(29.999)
    assert standing.device.delivery.state == "CONS"
    standing.pass_s(0.002)
    assert (standing.device.delivery.state, standing.pushed_ml) == ("OFF", pytest.approx(0.5))
    standing.say(b"INIT\n")
    standing.pass_s(100.0)
    assert standing.pushed_ml == pytest.approx(1.0)


def test_the_schedule_runs_its_steps_and_ends_after_the_last() -> None:
    standing = pump()
    standing.say(b"FLEX:STEP 60,1,30,1\n")
    standing.say(b"INIT\n")
    standing.pass_s(60.0)
    assert standing.told("FLEX:CURR?;:INF:RATE:ACT?") == "2;+3.00000000E+01"
    standing.pass_s(119.0)
    assert standing.device.delivery.state == "FLEX"
    standing.pass_s(1.0)
    assert (standing.device.delivery.state, standing.pushed_ml) == ("OFF", pytest.approx(2.0))
    assert standing.events("STEP", "END") == [(0.0, "1"), (60.0, "2"), (180.0, "")]


def test_a_schedule_with_an_open_end_stays_in_its_last_step() -> None:
    standing = pump()
    standing.say(b"FLEX:STEP 60,1,0.1,0;:INIT\n")
    standing.pass_s(60.0 + 10 * 3600.0)
    assert (standing.device.delivery.state, standing.pushed_ml) == ("FLEX", pytest.approx(2.0))


def test_a_cycling_schedule_repeats_day_by_day() -> None:
    standing = pump()
    standing.say(b"FLEX:STEP 0.05,0.4,0.1,0.4,0.075,0.9;CYCL ON;:INIT\n")
    standing.pass_s(3 * DAY_S)
    assert standing.pushed_ml == pytest.approx(5.1)
    assert [moment_s for moment_s, step in standing.events("STEP") if step == "1"] == pytest.approx([n * DAY_S for n in range(4)])


def test_a_bolus_stands_in_for_the_basal_rate_and_is_not_counted_into_its_step() -> None:
    standing = pump()
    standing.say(b"FLEX:STEP 6,1,3,1;:BOL:VOL 0.5;RATE 60;:INIT\n")
    standing.pass_s(300.0)
    standing.say(b"BOL\n")
    standing.pass_s(29.999)
    assert standing.told("INF:STAT?;:FLEX:CURR?", within_s=0.0) == ""
    assert standing.device.delivery.state == "BOL"
    standing.pass_s(0.002)
    assert (standing.device.delivery.state, standing.pushed_ml) == ("FLEX", pytest.approx(1.0, abs=1e-5))
    standing.pass_s(299.99)
    assert standing.device.delivery.step == 0
    standing.pass_s(0.02)
    assert (standing.device.delivery.step, standing.pushed_ml) == (1, pytest.approx(1.5, abs=1e-4))


def test_a_single_bolus_of_a_pump_that_is_off_leaves_it_off() -> None:
    standing = pump()
    standing.say(b"BOL:VOL 0.5;RATE 60;:BOL\n")
    standing.pass_s(31.0)
    assert (standing.device.delivery.state, standing.pushed_ml) == ("OFF", pytest.approx(0.5))


def test_a_target_that_was_reached_is_none_for_a_single_bolus() -> None:
    standing = infusing("INF:TARG 0.3", "BOL:VOL 0.5;RATE 60")
    standing.pass_s(20.0)
    standing.say(b"BOL\n")
    standing.pass_s(31.0)
    assert (standing.device.delivery.state, standing.pushed_ml) == ("OFF", pytest.approx(0.8))


def test_the_target_ends_a_bolus_too() -> None:
    standing = infusing("INF:TARG 0.3", "BOL:VOL 1;RATE 60")
    standing.say(b"BOL\n")
    standing.pass_s(60.0)
    assert (standing.device.delivery.state, standing.pushed_ml) == ("OFF", pytest.approx(0.3))


def test_a_rate_set_under_way_ends_the_schedule() -> None:
    standing = pump()
    standing.say(b"FLEX:STEP 60,1,30,1;:INIT;:INF:RATE 6\n")
    standing.pass_s(600.0)
    assert standing.told("INF:STAT?;MODE?") == "CONS;CONS"
    assert standing.pushed_ml == pytest.approx(1.0, abs=1e-3)


def test_a_rate_set_during_a_bolus_acts_after_it() -> None:
    standing = infusing("BOL:VOL 0.5;RATE 60")
    standing.all_told("BOL", "INF:RATE 6")
    assert standing.told("INF:STAT?;RATE:ACT?") == "BOL;+6.00000000E+01"
    standing.pass_s(30.0)
    assert standing.told("INF:STAT?;RATE:ACT?") == "CONS;+6.00000000E+00"


REFUSED = [
    # what is done before, what is refused, with which error
    ("", "INIT", SETTINGS_CONFLICT), ("", "BOL", SETTINGS_CONFLICT), ("PRIM:VOL 0", "PRIM", SETTINGS_CONFLICT),
    ("FLEX:STEP 1,0;CYCL 1", "INIT", SETTINGS_CONFLICT), ("", "FLEX:STEP 1", '-109,"Missing parameter"'),
    ("", "FLEX:STEP 1,1,1", '-109,"Missing parameter"'), ("", "FLEX:STEP 1,0,1,1", OUT_OF_RANGE),
    ("", "FLEX:STEP 0,1", OUT_OF_RANGE),
    ("", "FLEX:STEP 121,1", OUT_OF_RANGE), ("", "INF:RATE 120.1", OUT_OF_RANGE), ("", "INF:RATE -1", OUT_OF_RANGE),
    ("", "INF:RATE 1 ML", '-138,"Suffix not allowed"'), ("", "INF:RATE FAST", '-148,"Character data not allowed"'),
    ("", "INF:RATE", '-109,"Missing parameter"'), ("", "INF:RATE 1,2", '-108,"Parameter not allowed"'),
    ("", "INF:RATE? 5", '-128,"Numeric data not allowed"'), ("", "RES:VOL 5", '-113,"Undefined header"'),
    ("", "RES:LOW 21", OUT_OF_RANGE), ("", "BOL:VOL 21", OUT_OF_RANGE), ("", "WDOG:TIM 3601", OUT_OF_RANGE),
    ("", "TONE:CRIT 59", OUT_OF_RANGE), ("", "LOG:ENTR? 7", OUT_OF_RANGE), ("", "LOG:ENTR?", '-109,"Missing parameter"'),
    ("", "*TRG", '-211,"Trigger ignored"'), ("INF:RATE 1;:INIT", "INIT", SETTINGS_CONFLICT),
    ("INF:RATE 1;:INIT", "PRIM", SETTINGS_CONFLICT), ("INF:RATE 1;:INIT", "INF:TARG 1", SETTINGS_CONFLICT),
    ("INF:RATE 1;:INIT", "FLEX:CYCL 1", SETTINGS_CONFLICT), ("PRIM", "BOL:VOL 1;RATE 1;:BOL", SETTINGS_CONFLICT),
    ("", 'DRUG:NAME "a name that is longer than thirty-two letters"', '-223,"Too much data"'),
]  # fmt: skip


@pytest.mark.parametrize(("before", "text", "code"), REFUSED)
def test_what_is_refused_is_in_the_error_queue_and_changes_nothing(before: str, text: str, code: str) -> None:
    standing = pump()
    standing.all_told("*CLS", before)
    state = standing.told("INF:STAT?;RATE?;TARG?;:RES:LOW?;:FLEX:STEP?;CYCL?;:WDOG:TIM?")
    standing.told(text)
    assert [error(standing), error(standing)] == [code, NO_ERROR]
    assert standing.told("INF:STAT?;RATE?;TARG?;:RES:LOW?;:FLEX:STEP?;CYCL?;:WDOG:TIM?") == state


# --- the reservoir and its alarms ---

CASES = json.loads((DATA / "vectors" / "reservoir_alarm.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES)
def test_the_low_alarm_follows_the_programmed_volume_and_the_flow_ends_with_the_true_one(case: dict[str, Any]) -> None:
    fill_ml, rate_ml_h = case["fill_mL"], case["programmed_mL_day"] / 24
    standing = pump(filled_ml=fill_ml, capacity_ml=40.0, gain=1 + case["true_error_pct"] / 100, driven={"stall_notice_s": 0.0})
    standing.say(f"RES:LOW {case['low_alarm_threshold_mL']};:INF:RATE {rate_ml_h:.9g};:TONE:NCR 0;CRIT 0;:INIT\n".encode())
    standing.pass_s(case["t_low_alarm_programmed_days"] * DAY_S + 15.0)
    ((alarm_s, which), *_) = standing.events("ALARM")
    assert (alarm_s / DAY_S, which) == (pytest.approx(case["t_low_alarm_programmed_days"], rel=1e-4), "LOW")
    assert standing.pushed_ml == pytest.approx(case["true_delivered_at_alarm_mL"], abs=1e-3)
    standing.pass_s(max(0.0, case["lead_time_alarm_to_empty_days"] * DAY_S))
    assert (standing.pushed_ml == pytest.approx(fill_ml)) is True
    assert standing.device.delivery.state == "CONS"


def test_an_empty_reservoir_that_the_pump_does_not_know_of_gives_no_alarm() -> None:
    standing = infusing("RES:LOW 0", filled_ml=1.0, programmed_ml=20.0)
    standing.pass_s(600.0)
    assert (standing.pushed_ml, standing.device.alarming) == (pytest.approx(1.0), False)
    assert standing.told("RES:VOL?;:STAT:QUES?").endswith(";0")


def test_a_pump_that_senses_tells_when_nothing_comes_any_more() -> None:
    standing = infusing(filled_ml=1.0, programmed_ml=20.0, senses_empty=True)
    standing.pass_s(61.0)
    assert not standing.device.alarming
    standing.pass_s(1.5)
    assert (standing.device.alarming, standing.told("STAT:QUES?")) == (True, "2")


def test_the_alarm_is_noticed_after_a_while_or_never() -> None:
    late, never = (infusing("RES:REF 3", driven=driven) for driven in ({"stall_notice_s": 600.0}, {"stall_alarm": False}))
    for standing in (late, never):
        standing.pass_s(659.0)
        assert not standing.device.alarming
        standing.pass_s(2.0)
    assert (late.device.alarming, never.device.alarming) == (True, False)


def test_a_refill_ends_the_alarms_of_the_reservoir_and_the_volume_is_what_was_told() -> None:
    standing = infusing("RES:REF 1")
    standing.pass_s(70.0)
    assert standing.device.alarms.bits == 3
    standing.say(b"RES:REF 18\n")
    standing.pass_s(60.0)
    assert (standing.device.alarms.bits, standing.device.alarming) == (0, False)
    assert float(standing.told("RES:VOL?")) == pytest.approx(17.0, abs=0.01)
    assert [detail for _, detail in standing.events("CLEARED")] == ["LOW", "EMPTY"]


def test_a_refill_under_the_running_motor_lets_it_deliver_again() -> None:
    standing = infusing(filled_ml=1.0, programmed_ml=20.0)
    standing.pass_s(120.0)
    standing.say(b"RES:REF 18\n")
    standing.pass_s(60.0)
    assert standing.pushed_ml == pytest.approx(2.0)


def test_a_pocket_fill_is_not_what_the_pump_believes() -> None:
    standing = infusing("RES:REF 18", refill_error_ml=-17.0, filled_ml=20.0)
    standing.pass_s(300.0)
    assert standing.pushed_ml == pytest.approx(1.0)
    assert float(standing.told("RES:VOL?")) == pytest.approx(13.0, abs=0.01)


def test_a_raised_alarm_volume_gives_alarm_although_the_pump_is_off() -> None:
    standing = pump()
    standing.all_told("RES:REF 5;LOW 6")
    standing.pass_s(3.0)
    assert standing.told("STAT:QUES?") == "1"
    assert standing.told("RES:LOW 4;:STAT:QUES:COND?") == "0"


# --- tones, acknowledgement, log ---


def test_tones_sound_at_the_interval_of_their_class_until_they_are_acknowledged() -> None:
    standing = infusing("RES:REF 1.9", "INF:RATE 0.1", "TONE:NCR 100")
    standing.pass_s(350.0)
    assert [detail for _, detail in standing.events("TONE")] == ["NCR"] * 4
    standing.told("ALAR:ACKN")
    standing.pass_s(1000.0)
    assert len(standing.events("TONE")) == 4
    assert standing.device.alarming
    assert standing.told("STAT:QUES:COND?") == "1"


def test_a_critical_alarm_sounds_beside_one_that_is_not() -> None:
    standing = infusing("RES:REF 2.5")
    standing.pass_s(3700.0)
    first_s, empty_s = (moment_s for moment_s, _ in standing.events("ALARM"))
    assert (first_s, empty_s) == (pytest.approx(32.0, abs=0.5), pytest.approx(152.0, abs=0.5))
    tones = [(round(moment_s - empty_s), detail) for moment_s, detail in standing.events("TONE")]
    assert tones == [(-120, "NCR"), *((600 * n, "CRIT") for n in range(6)), (3480, "NCR")]


def test_a_tone_interval_of_zero_is_silent() -> None:
    standing = infusing("TONE:CRIT 0;NCR 0;:RES:REF 1")
    standing.pass_s(7200.0)
    assert (standing.events("TONE"), standing.device.alarms.bits) == ([], 3)


def test_an_alarm_that_comes_again_sounds_again() -> None:
    standing = infusing("RES:REF 3")
    standing.pass_s(63.0)
    standing.all_told("ALAR:ACKN", "RES:REF 3")
    standing.pass_s(63.0)
    assert [detail for _, detail in standing.events("ALARM", "TONE")] == ["LOW", "NCR"] * 2


def test_what_was_acknowledged_before_is_not_what_comes_again() -> None:
    standing = infusing("RES:REF 3;:TONE:NCR 100")
    standing.pass_s(63.0)
    standing.all_told("ALAR:ACKN", "RES:REF 3", "INF:RATE 10", "WDOG:TIM 400")
    standing.pass_s(500.0)
    standing.all_told("INF:RATE 0.01", "INIT")
    assert standing.told("STAT:QUES:COND?") == "1"
    sounded = len(standing.events("TONE"))
    standing.pass_s(350.0)
    assert [detail for _, detail in standing.events("TONE")[sounded:]] == ["NCR"] * 3


def test_the_log_keeps_a_thousand_entries_and_its_numbers_go_on() -> None:
    standing = pump()
    for _ in range(1200):
        standing.say(b"RES:REF 5\n")
    assert standing.told("LOG:RANG?") == "202,1201"
    assert standing.told("LOG:ENTR? 201;:SYST:ERR?") == OUT_OF_RANGE
    assert standing.told("LOG:CLE;RANG?") == "0,0"
    standing.told("RES:REF 5")
    assert standing.told("LOG:RANG?") == "1202,1202"


def test_the_uptime_is_that_of_the_log() -> None:
    standing = pump()
    standing.pass_s(12.345)
    assert standing.told("SYST:UPT?") == "12.345"


# --- the motor ---


def test_a_stall_ends_the_delivery_with_an_alarm_that_is_held() -> None:
    standing = infusing(stall_at_s=30.0)
    standing.pass_s(31.0)
    assert (standing.pushed_ml, standing.device.alarming) == (pytest.approx(0.5, abs=0.01), False)
    standing.pass_s(1.0)
    assert standing.told("INF:STAT?;:STAT:QUES?;QUES:COND?") == "OFF;4;4"
    assert standing.events("OFF", "ALARM") == [(32.0, "STALL"), (32.0, "STALL")]
    standing.told("ALAR:ACKN")
    assert not standing.device.alarming


def test_a_motor_that_is_still_stuck_stalls_again_and_one_that_is_free_goes_on() -> None:
    standing = infusing(stall_at_s=30.0, stall_ends_s=100.0)
    standing.pass_s(40.0)
    standing.told("INIT")
    assert standing.told("INF:STAT?;:STAT:QUES:COND?") == "CONS;0"
    standing.pass_s(3.0)
    assert standing.told("INF:STAT?;:STAT:QUES:COND?") == "OFF;4"
    standing.pass_s(60.0)
    before_ml = standing.pushed_ml
    standing.say(b"INIT\n")
    standing.pass_s(60.0)
    assert standing.pushed_ml - before_ml == pytest.approx(1.0)


def test_a_pump_that_senses_takes_no_stall_for_an_empty_reservoir() -> None:
    standing = infusing(stall_at_s=30.0, senses_empty=True)
    standing.pass_s(40.0)
    assert standing.told("STAT:QUES?") == "4"


def test_a_motor_that_comes_free_before_the_pump_noticed_turns_on() -> None:
    standing = infusing(stall_at_s=30.0, stall_ends_s=31.0)
    standing.pass_s(60.0)
    assert not standing.device.alarming
    assert standing.pushed_ml == pytest.approx(standing.device.now_s / 60 - 1 / 60, abs=0.01)


# --- the battery ---


def test_the_battery_comes_to_eri_and_eos_by_what_is_drawn() -> None:
    standing = pump(battery={"charge_pct": 7.0, "capacity_mah": 1.0, "idle_ua": 100.0})
    standing.told("INF:RATE 0.002;:TONE:NCR 0;CRIT 0;:INIT")
    standing.pass_s(2 * 3600.0)
    drawn_ua = 100.0 + 60.0 * 0.002
    eri, eos = ((moment_s, detail) for moment_s, detail in standing.events("ALARM"))
    assert eri == (pytest.approx(0.01 / drawn_ua * 3.6e6 + 2.0, abs=0.5), "ERI")
    assert eos == (pytest.approx(0.04 / drawn_ua * 3.6e6 + 2.0, abs=0.5), "EOS")
    assert standing.told("BATT:STAT?;:INF:STAT?;:STAT:QUES:COND?") == "EOS;OFF;24"


def test_eos_comes_at_the_latest_a_set_time_after_eri() -> None:
    standing = pump(battery={"charge_pct": 6.0, "eri_to_eos_days": 90.0, "idle_ua": 0.001})
    standing.told("TONE:NCR 0;CRIT 0")
    standing.pass_s(89.9 * DAY_S)
    assert standing.told("BATT:STAT?") == "ERI"
    standing.pass_s(0.2 * DAY_S)
    assert [(round(moment_s / DAY_S, 2), detail) for moment_s, detail in standing.events("ALARM")] == [
        (0.0, "ERI"),
        (90.0, "EOS"),
    ]


@pytest.mark.parametrize("command", ["INIT", "BOL", "PRIM"])
def test_at_its_end_of_service_the_pump_delivers_nothing_more(command: str) -> None:
    standing = pump(battery={"charge_pct": 2.9})
    standing.all_told("INF:RATE 1;:BOL:VOL 1;RATE 1")
    standing.pass_s(3.0)
    standing.all_told("*CLS", command)
    assert (error(standing), standing.device.delivery.state) == (SETTINGS_CONFLICT, "OFF")


@dataclass
class Terminals:
    """A supply in place of the battery."""

    volts: float = 3.0

    def terminal_v(self) -> float:
        return self.volts


SUPPLIED = [(2.61, "NORM"), (2.6, "ERI"), (2.31, "ERI"), (2.3, "EOS")]


@pytest.mark.parametrize(("volts", "state"), SUPPLIED)
def test_the_supply_says_how_the_battery_is(volts: float, state: str) -> None:
    supply = Terminals()
    standing = infusing(source=supply)
    supply.volts = volts
    standing.pass_s(1.0)
    standing.pass_s(3.0)
    assert standing.told("BATT:STAT?;VOLT?;CHAR?") == f"{state};+{volts:.8E};9.91000000E+37"
    supply.volts = 3.0
    standing.pass_s(10.0)
    assert standing.told("BATT:STAT?") == state


def test_a_short_dip_of_the_supply_is_not_noticed() -> None:
    supply = Terminals()
    standing = infusing(source=supply)
    supply.volts = 2.5
    standing.pass_s(1.0)
    supply.volts = 3.0
    standing.pass_s(10.0)
    assert standing.told("BATT:STAT?;:STAT:QUES:COND?") == "NORM;0"


def test_without_power_nothing_turns_and_nobody_answers_and_what_is_of_the_patient_is_kept() -> None:
    supply = Terminals()
    standing = infusing("DRUG:CONC 500;:RES:REF 15", "WDOG:TIM 3600", source=supply)
    standing.pass_s(60.0)
    supply.volts = 1.79
    standing.pass_s(1.0)
    before_ml = standing.pushed_ml
    assert standing.told("*IDN?") == ""
    standing.pass_s(600.0)
    assert (standing.pushed_ml, standing.device.alarming, standing.device.drawn_a()) == (before_ml, False, 0.0)
    supply.volts = 3.0
    assert standing.told("INF:STAT?;RATE?;:WDOG:TIM?;:DRUG:CONC?;*ESR?") == "OFF;+0.00000000E+00;0;+5.00000000E+02;128"
    assert float(standing.told("RES:VOL?")) == pytest.approx(15 - before_ml, abs=1e-4)
    assert (standing.told("STAT:QUES?"), standing.device.alarming) == ("64", True)
    assert standing.events("OFF", "ALARM") == [(61.5, "POW"), (0.0, "POW")]


def test_power_that_was_lost_while_the_pump_was_off_is_no_alarm() -> None:
    supply = Terminals(0.0)
    standing = pump(source=supply)
    assert standing.told("*IDN?") == ""
    supply.volts = 3.0
    assert standing.told("*ESR?;:STAT:QUES?") == "128;0"
    assert [event for _, event, _ in standing.log()] == ["POWER"]


@pytest.mark.parametrize(("psc", "enables"), [(1, "0;0;0"), (0, "32;32;7")])
def test_power_up_clears_what_registers_pass_on_unless_told(psc: int, enables: str) -> None:
    supply = Terminals()
    standing = pump(source=supply)
    standing.all_told(f"*PSC {psc}", "*ESE 32;*SRE 32;:STAT:QUES:ENAB 7", "NOT:A COMMAND")
    for supply.volts in (0.0, 3.0):
        standing.pass_s(1.0)
    assert standing.told("*ESE?;*SRE?;:STAT:QUES:ENAB?;:SYST:ERR?") == f"{enables};{NO_ERROR}"


WORDS = [
    ("INF:RATE? MIN;RATE? MAX;RATE? DEF", "+2.00000000E-03;+1.20000000E+02;+0.00000000E+00"),
    ("BOL:VOL? MIN;VOL? MAX", "+1.00000000E-05;+2.00000000E+01"), ("PRIM:VOL? MAX;VOL? DEF", "+5.00000000E+00;+4.20000000E-01"),
    ("RES:LOW? DEF", "+2.00000000E+00"), ("WDOG:TIM MIN;TIM?", "2"), ("WDOG:TIM MAX;TIM?", "3600"),
    ("INF:RATE MIN;RATE?", "+2.00000000E-03"),
    ("TONE:CRIT? MIN;CRIT? MAX", "+6.00000000E+01;+8.64000000E+04"), ("INF:RATE 0.12345678;RATE?", "+1.23457000E-01"),
    ("INF:TARG 1.000006;TARG?", "+1.00001000E+00"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "answer"), WORDS)
def test_limits_and_rounding(text: str, answer: str) -> None:
    assert pump().told(text) == answer


# --- the watchdog ---


def test_the_watchdog_stops_a_delivery_that_nobody_asks_after() -> None:
    standing = infusing("WDOG:TIM 30")
    standing.pass_s(29.8)
    assert standing.device.delivery.state == "CONS"
    standing.say(b"*STB?\n")
    standing.pass_s(29.9)
    assert standing.device.delivery.state == "CONS"
    standing.pass_s(0.2)
    assert (standing.device.delivery.state, standing.device.alarming) == ("OFF", True)


def test_the_watchdog_sleeps_while_nothing_is_delivered() -> None:
    standing = pump()
    standing.told("WDOG:TIM 2")
    standing.pass_s(3600.0)
    assert standing.told("STAT:QUES?") == "0"
    standing.told("INF:RATE 1;:INIT")
    assert standing.told("INF:STAT?") == "CONS"


# --- *RST, another tree, the bench ---


def test_rst_leaves_what_belongs_to_the_patient() -> None:
    standing = infusing("RES:REF 15;LOW 1;:DRUG:CONC 500", "WDOG:TIM 30;:TONE:NCR 100;:BOL:VOL 1;RATE 1;:PRIM:VOL 1")
    standing.told("*RST")
    asked = "INF:STAT?;RATE?;TARG?;MODE?;:WDOG:TIM?;:TONE:NCR?;:BOL:VOL?;RATE?;:PRIM:VOL?;:FLEX:STEP?;CYCL?"
    zero = "+0.00000000E+00"
    assert standing.told(asked) == f"OFF;{zero};{zero};CONS;0;+3.60000000E+03;{zero};{zero};+4.20000000E-01;{zero},{zero};0"
    assert standing.told("RES:REF?;LOW?;:DRUG:CONC?") == "+1.50000000E+01;+1.00000000E+00;+5.00000000E+02"


OTHER_TREE = {
    "rate": {"query": "PUMP:BASAL? ULD", "set": "PUMP:BASAL {value},ULD", "unit": "uL/day"},
    "start": "PUMP:GO",
    "state": {"query": "PUMP:STATus?", "words": {"0": "OFF", "1": "CONS"}},
    "log-entry": "EVENt",
    "reservoir": {"query": "RSV?", "scale": 0.001},
}


def test_a_pump_with_another_tree_knows_its_own_headers_only() -> None:
    standing = pump(commands=OTHER_TREE)
    assert standing.told("PUMP:BASAL 1200,ULD;BASAL? uld") == "+1.20000000E+03"
    assert standing.device.delivery.rate_ml_h == pytest.approx(0.05)
    assert standing.told("PUMP:STAT?;GO;STATUS?") == "0;1"
    assert standing.told("RSV?") == "+2.00000000E+04"
    assert standing.told("EVEN? 1") == '1,0.000,POWER,""'
    standing.told("*CLS")
    for text in ("INF:RATE 1", "INIT", "INF:STAT?", "RES:VOL?", "LOG:ENTR? 1"):
        standing.told(text)
        assert error(standing) == '-113,"Undefined header"'
    assert [standing.told("PUMP:BASAL 1200,MLH"), error(standing)] == ["", '-224,"Illegal parameter value"']


def test_a_bench_file_says_how_the_pump_is_filled_and_what_it_is() -> None:
    tables = {"pump": {"driver": "scpi-pump", "address": "sim://b/pump", "serial": "P7"}}
    setup = Setup(fill_ml=12.0, options={"pump": {"model": "IP40", "capacity_ml": 40.0, "battery": {"charge_pct": 50.0}}})
    device = build(Site(tables, setup, FluidPath(Line()), lambda moments_s: moments_s, {}))
    standing = PumpStanding(device)
    assert standing.told("*IDN?;:RES:VOL?;CAP?") == "Dosebench,IP40,P7,1.0.0;+1.20000000E+01;+4.00000000E+01"
    assert 49.9 < float(standing.told("BATT:CHAR?")) <= 50.0


def test_an_option_that_is_not_known_is_refused() -> None:
    setup = Setup(options={"pump": {"colour": "blue"}})
    with pytest.raises(ConfigError, match=r"colour.*accepted: .*capacity_ml"):
        build(Site({"pump": {"driver": "scpi-pump"}}, setup, FluidPath(Line()), lambda moments_s: moments_s, {}))


# --- whatever comes, and however time passes ---


@given(data=noisy(b'\n;:?*,. 0159INFRATEBOLSTEPRESFLEX"'))
def test_no_bytes_bring_the_pump_down_and_all_it_says_is_a_line(data: bytes) -> None:
    standing = pump()
    standing.say(data)
    standing.pass_s(5.0)
    heard = standing.heard()
    ends = scpi.response_ends(heard).tolist()
    for start, end in pairwise([0, *ends]):
        response.body(heard[start:end])
    assert len(heard) == (ends[-1] if ends else 0)
    assert standing.device.delivery.state in wire.STATES


@given(
    texts=st.lists(
        st.sampled_from(
            ["INIT", "ABOR", "BOL", "PRIM", "RES:REF 1", "RES:REF 0.01", "FLEX:STEP 6,0.1,60,0.2", "FLEX:CYCL 1", "INF:RATE 30",
             "ALAR:ACKN", "WDOG:TIM 5", "*RST", "BOL:VOL 0.2;RATE 60", "INF:TARG 0.1", "INF:TARG 0"]
        ),
        max_size=12,
    )
)  # fmt: skip
def test_whatever_is_commanded_the_volumes_add_up(texts: list[str]) -> None:
    standing = pump(gain=1.1)
    for text in texts:
        standing.say(text.encode("ascii") + b"\n")
        standing.pass_s(7.0)
    counted_ml = standing.device.drive.counted_ml(standing.device.now_s)
    assert counted_ml >= -1e-9
    assert standing.pushed_ml <= 1.1 * counted_ml + 1e-9
    assert standing.device.alarming == bool(standing.device.alarms.bits)


@pytest.mark.parametrize("step_s", [0.37, 10.0, 1000.0])
def test_the_story_does_not_depend_on_how_the_waiting_is_chunked(step_s: float) -> None:
    def story(step_s: float) -> list[tuple[float, str, str]]:
        standing = pump(stall_at_s=500.0, filled_ml=3.0, gain=1.05)
        standing.say(b"FLEX:STEP 60,1,6,0.3,30,1;CYCL ON;:RES:REF 3;LOW 1.5;:INIT\n")
        while standing.device.now_s < 1000.0:
            standing.clock.sleep_until(min(1000.0, standing.device.now_s + step_s))
        return standing.log()

    assert story(step_s) == story(1000.0)
    assert len(story(step_s)) > 8
