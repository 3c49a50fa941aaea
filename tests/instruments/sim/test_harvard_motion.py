"""What a simulated Ultra pump does in time: counters, targets, ramps, the end of the syringe."""

from __future__ import annotations

import pytest

from instruments.sim.harvard import HarvardChain
from instruments.sim.harvard_models import PumpData
from tests.instruments.sim.answers import a_drive, pushed_ml
from tests.instruments.sim.harvard_states import PumpStanding, pump, running


def waits(standing: PumpStanding, duration_s: float) -> str:
    """The prompt after so long."""
    standing.pass_s(duration_s)
    return standing.device.pumps[0].motion.prompt


# --- targets ---


def test_the_pump_stops_at_its_target_volume_to_the_moment() -> None:
    standing = running("tvol 1 ml")
    assert (waits(standing, 119.999), waits(standing, 0.002)) == (">", "T*")
    standing.pass_s(1.0)
    standing.heard()
    assert standing.tells("ivol", "itim", "crate", "status") == [
        "1 ml T*", "00:02:00 T*", "T*", "0 120000 1000000000000 i..TIT T*",
    ]  # fmt: skip


def test_the_target_is_told_once_and_shown_until_the_pump_is_stopped() -> None:
    standing = running("tvol 10 ul")
    standing.pass_s(60.0)
    assert standing.heard() == b"\n>\r\nT*"
    assert standing.tells("", "irate", "stp", "") == ["T*", "500 ul/min T*", ":", ":"]


GLUED = [(1.194, b"\n9.95 ul\r\n>\r\nT*"), (1.2, b"\r\nT*\n10 ul\r\nT*")]


@pytest.mark.parametrize(("asked_s", "said"), GLUED)
def test_the_target_is_told_amid_other_talk(asked_s: float, said: bytes) -> None:
    standing = running("tvol 10 ul")
    standing.pass_s(asked_s)
    standing.device.take()
    assert standing.ask(b"ivol\r") == said


@pytest.mark.parametrize("clear", ["cvol", "civo", "ctvo", "ctti", "ctim", "citi", "tvol 1 ml", "ttim 60"])
def test_what_is_cleared_or_set_anew_ends_the_show_of_a_target(clear: str) -> None:
    standing = running("tvol 10 ul")
    assert waits(standing, 5.0) == "T*"
    standing.heard()
    assert standing.tells(clear, "") == [":", ":"]


def test_a_target_counts_from_the_clearing_of_the_counter_not_from_the_start() -> None:
    standing = running("tvol 10 ul")
    standing.pass_s(5.0)
    standing.heard()
    standing.say(b"irun\r")
    assert waits(standing, 0.001) == "T*"
    standing.pass_s(1.0)
    assert standing.heard() == b"\n>\r\nT*"
    assert standing.tells("civo", "irun") == [":", ">"]
    assert (waits(standing, 1.09), waits(standing, 0.02)) == (">", "T*")
    assert standing.tells("ivol")[0] == "10 ul T*"


def test_a_stopped_run_goes_on_to_the_same_target() -> None:
    standing = running("tvol 1 ml")
    standing.pass_s(30.0)
    standing.say(b"stp\r")
    standing.pass_s(100.0)
    standing.say(b"irun\r")
    assert (waits(standing, 89.999), waits(standing, 0.002)) == (">", "T*")


def test_a_target_time_counts_the_time_that_the_pump_ran() -> None:
    standing = running("ttime 01:00:00")
    standing.pass_s(600.0)
    standing.say(b"stp\r")
    standing.pass_s(600.0)
    standing.say(b"irun\r")
    assert (waits(standing, 2999.999), waits(standing, 0.002), waits(standing, 1.0)) == (">", "T*", "T*")
    standing.heard()
    assert standing.tells("itime", "ivol")[:2] == ["01:00:00 T*", "30 ml T*"]


def test_the_last_target_that_was_set_counts() -> None:
    assert pump("tvol 1 ml", "ttime 30").tells("tvol", "ttim") == ["Target volume not set :", "30 seconds :"]
    assert pump("ttime 30", "tvol 1 ml").tells("tvol", "ttim") == ["1 ml :", "Target time not set :"]


WRONG_TARGETS = [
    "tvol 0 ml", "tvol 1000 ml", "tvol 1 x", "tvol x ml", "tvol 1", "tvol 1 ml 2", "ttim 0", "ttim 3601", "ttim 1:60:00",
    "ttim 1:2", "ttim x", "ttim 5 6",
]  # fmt: skip


@pytest.mark.parametrize("command", WRONG_TARGETS)
def test_what_can_be_no_target_is_refused(command: str) -> None:
    refused, *targets = pump().tells(command, "tvol", "ttim")
    assert refused.startswith("Argument error:")
    assert targets == ["Target volume not set :", "Target time not set :"]


# --- counters ---


def test_each_direction_has_its_counters() -> None:
    standing = running("wrate 1 ml/min")
    standing.pass_s(60.0)
    standing.say(b"wrun\r")
    standing.pass_s(90.0)
    standing.say(b"stp\r")
    standing.pass_s(10.0)
    standing.heard()
    assert standing.tells("ivol", "itim", "wvol", "wtim") == ["500 ul :", "00:01:00 :", "1.5 ml :", "00:01:30 :"]
    assert pushed_ml(standing.device, standing.device.pumps[0].motion._dosing.drive) == pytest.approx(-1.0)
    assert standing.tells("cwvo", "citi", "ivol", "itim", "wvol", "wtim")[2:] == [
        "500 ul :", "0 seconds :", "0 ul :", "00:01:30 :",
    ]  # fmt: skip
    assert standing.tells("cvol", "ctim", "ivol", "wtim")[2:] == ["0 ul :", "0 seconds :"]


def test_a_new_rate_takes_effect_at_once_and_the_counter_goes_on() -> None:
    standing = running()
    standing.pass_s(60.0)
    standing.say(b"irate 6 ml/min\r")
    standing.pass_s(5.0)
    standing.heard()
    assert standing.tells("ivol", "crate") == ["1 ml >", "Infusing at 6 ml/min >"]


def test_the_run_in_the_other_direction_turns_the_pump() -> None:
    standing = pump("irun", "irate 5 ml/min")
    assert standing.tells("rrun", "crate", "rrun", "crate") == ["<", "Withdrawing at 1 ml/min <", ">", "Infusing at 5 ml/min >"]


# --- ramps ---


def test_a_ramp_moves_the_volume_under_its_line_and_ends_as_a_target_time() -> None:
    standing = running("iramp 100 ul/min 500 ul/min 60")
    assert waits(standing, 30.0) == ">"
    standing.heard()
    rate = float(standing.tells("crate")[0].split()[2])
    assert rate == pytest.approx(300.0, abs=3.0)
    assert waits(standing, 29.8) == ">"
    assert waits(standing, 0.2) == "T*"
    assert standing.tells("ivol", "itim") == ["300 ul T*", "00:01:00 T*"]


def test_a_ramp_downwards_and_back_to_a_steady_rate() -> None:
    standing = running("iramp 600 ul/min 60 ul/min 10", "irate 120 ul/min")
    standing.pass_s(60.0)
    standing.heard()
    assert standing.tells("ivol", "iramp") == ["120 ul >", "Ramp not set up. >"]


@pytest.mark.parametrize(
    "command", ["iramp 1 u/m", "iramp 1 u/m 2 u/m", "iramp 1 u/m 2 u/m 0", "iramp 1 x 2 u/m 5", "iramp 1 u/m 2 u/m 5 6"]
)
def test_what_is_no_ramp_is_refused(command: str) -> None:
    assert pump().tells(command, "iramp")[1] == "Ramp not set up. :"


# --- the end of the syringe ---


def test_a_motor_that_stalls_stops_and_shows_it_without_a_word() -> None:
    standing = running(travel_ml=0.5)
    assert (waits(standing, 61.9), waits(standing, 0.2)) == (">", "*")
    assert standing.heard() == b"\n>"
    assert standing.device.alarming
    assert standing.tells("status", "ivol") == ["0 62000 516666666667 i.STI. *", "516.667 ul *"]
    assert pushed_ml(standing.device, standing.device.pumps[0].motion._dosing.drive) == pytest.approx(0.5)
    assert standing.tells("stp", "") == [":", ":"]
    assert not standing.device.alarming


def test_a_stalled_pump_that_is_run_again_stalls_again() -> None:
    standing = running(travel_ml=0.5)
    assert waits(standing, 70.0) == "*"
    standing.heard()
    assert standing.tells("irun") == [">"]
    assert not standing.device.alarming
    assert waits(standing, 3.0) == "*"
    assert standing.device.alarming


def test_where_the_syringe_is_withdrawn_before_it_can_be_infused_again() -> None:
    standing = running("wrate 0.5 ml/min", travel_ml=0.5)
    standing.pass_s(70.0)
    standing.say(b"wrun\r")
    standing.pass_s(30.0)
    standing.say(b"irun\r")
    assert (waits(standing, 29.0), waits(standing, 5.0)) == (">", "*")


def test_a_stall_may_be_announced() -> None:
    standing = running(travel_ml=0.5, stall_announced=True)
    standing.pass_s(70.0)
    assert standing.heard() == b"\n>\r\n*"


def test_a_stall_may_stay_until_somebody_presses_the_display() -> None:
    standing = running(travel_ml=0.5, stop_clears_stall=False)
    standing.pass_s(70.0)
    standing.heard()
    assert standing.tells("stp", "") == ["*", "*"]


def test_a_limit_switch_stops_the_pump_where_the_motor_would_stall_and_forbids_to_go_on() -> None:
    standing = running(travel_ml=0.5, limit_switch=True)
    assert (waits(standing, 59.9), waits(standing, 0.2)) == (">", ">*")
    standing.heard()
    assert standing.tells("", "status", "irun") == [
        ">*", "0 60000 500000000000 iI.TI. >*", "Command error: Infuse limit switch is active >*",
    ]  # fmt: skip
    assert standing.tells("stp", "irun", "wrun", "stp", "irun") == [
        ":", "Command error: Infuse limit switch is active :", "<", ":", ">",
    ]  # fmt: skip


def test_a_motor_that_nobody_notices_runs_on() -> None:
    standing = running(travel_ml=0.5, drive={"stall_alarm": False})
    assert waits(standing, 600.0) == ">"


# --- what the pump believes and what is true ---


def test_a_wrong_bore_shows_on_the_balance_not_on_the_pump() -> None:
    drive = a_drive(gain=1.05)
    standing = PumpStanding(HarvardChain(PumpData(), [drive]))
    standing.tells("irate 1 ml/min", "tvol 1 ml", "irun")
    standing.pass_s(60.0)
    assert standing.tells("ivol") == ["1 ml T*"]
    assert pushed_ml(standing.device, drive) == pytest.approx(1.05)


def test_towards_a_target_the_motor_may_run_at_a_pace_of_its_own() -> None:
    standing = running("tvol 10 ul", drive={"bolus_pace": 0.5})
    assert (waits(standing, 2.39), waits(standing, 0.02)) == (">", "T*")


def test_a_cable_that_is_pulled_stops_nothing() -> None:
    standing = running("tvol 10 ul")
    standing.device.unplug()
    assert waits(standing, 2.0) == "T*"
    assert standing.heard() == b""
