"""A simulated Chemyx pump: the exchanges byte for byte, and what it does in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given

from instruments.sim.chemyx import ChemyxPump, PumpData
from instruments.wire import chemyx as wire
from tests.instruments.exchanges import Row, load
from tests.instruments.sim.answers import SPOKEN, Speak, a_drive, assert_answered, assert_answered_together, pushed_ml
from tests.instruments.sim.states import Standing
from tests.instruments.wire.chunks import noisy

EXCHANGES = load("chemyx")["exchange"]
ALL = pytest.mark.parametrize("exchange", EXCHANGES, ids=[row["id"] for row in EXCHANGES])


class PumpStanding(Standing):
    device: ChemyxPump

    def tells(self, *texts: str) -> list[str]:
        """Commands; the one line of each answer. The answer to a start before is let go."""
        heard = [self.ask(f"{text}\r".encode()) for text in texts]
        replies = [wire.decode_reply(frames[([0, *wire.reply_ends(frames)])[-2] :]) for frames in heard]
        return ["".join(reply.lines) for reply in replies]

    def waits_s(self, duration_s: float) -> str:
        self.pass_s(duration_s)
        return self.device.status


def pump(*texts: str, travel_ml: float = 60.0, drive: dict[str, object] | None = None, **data: object) -> PumpStanding:
    """A pump in mL/h, after these commands."""
    mechanics = a_drive(travel_ml=travel_ml, **(drive or {}))
    standing = PumpStanding(ChemyxPump(replace(PumpData(), **data), mechanics))  # type: ignore[arg-type]
    standing.tells("set units 1", *texts)
    return standing


def running(*texts: str, travel_ml: float = 60.0, **data: object) -> PumpStanding:
    """The same with 25 mL at 1500 mL/h (which take 60 s), running since this moment."""
    standing = pump("set rate 1500", "set volume 25", *texts, travel_ml=travel_ml, **data)  # type: ignore[arg-type]
    standing.say(b"start\r")
    return standing


def _after(standing: PumpStanding, duration_s: float) -> PumpStanding:
    standing.pass_s(duration_s)
    return standing


TWO_STEPS = ["set units 0", "set diameter 20", "set volume 0.11,0.11", "set rate 0.65,0.65"]
GIVEN: dict[str, Callable[[], PumpStanding]] = {
    "idle": pump,
    "in-ul-min": lambda: pump("set units 2"),
    "programmed": lambda: pump("set rate 1500", "set volume 25"),
    "running": lambda: _after(running(), 0.5),
    "running-12.5": lambda: _after(running("set rate 18"), 2500.0),
    "widest": lambda: pump("set units 0", "set diameter 40"),
    "stalled": lambda: _after(running(travel_ml=5.0), 20.0),
    "silent": lambda: pump(echo=False),
    "two-channels": lambda: pump(channel=1, pause_text="Pump stop!"),
    "two-channels-running": lambda: pump(*TWO_STEPS, "start", channel=1, pause_text="Pump stop!"),
}


def given_pump(exchange: Row) -> PumpStanding:
    standing = GIVEN[exchange["given"]]()
    standing.heard()
    return standing


# --- the exchanges ---


@SPOKEN
@ALL
def test_an_exchange_is_answered_byte_for_byte(exchange: Row, speak: Speak) -> None:
    assert_answered(given_pump(exchange), exchange["steps"], speak)


@pytest.mark.parametrize("exchange", [row for row in EXCHANGES if len(row["steps"]) > 1], ids=lambda row: row["id"])
def test_two_commands_in_one_write_are_answered_in_turn(exchange: Row) -> None:
    assert_answered_together(given_pump(exchange), *exchange["steps"][:2])


def test_the_table_has_the_worked_exchanges_of_the_reference() -> None:
    assert [row["id"] for row in EXCHANGES if row.get("worked")] == [f"chx-{number}" for number in range(1, 19)]
    assert len(EXCHANGES) == 24


def test_line_feeds_after_the_carriage_return_are_neither_echoed_nor_minded() -> None:
    assert pump().ask(b"pump status\r\npump status\r\n") == b"pump status\r0\r\n>" * 2


def test_a_line_feed_alone_ends_nothing() -> None:
    assert pump().ask(b"pump status\n") == b""


def test_the_echo_is_switched_by_command() -> None:
    standing = pump()
    asked = [b"echo off\r", b"pump status\r", b"echo on\r", b"pump status\r"]
    assert [standing.ask(text) for text in asked] == [b"echo off\r>", b"0\r\n>", b">", b"pump status\r0\r\n>"]


# --- settings ---

LIMITS = [
    # at 20 mm, a quarter of the area at which the limits are known; mL/h, mL
    ("rate", "1590.432", True), ("rate", "1590.433", False), ("rate", "0.2115", True), ("rate", "0.2114", False),
    ("volume", "31.49055", True), ("volume", "31.49056", False), ("volume", "-31.49055", True), ("volume", "0.00005", True),
    ("volume", "0.000049", False), ("rate", "-5", False), ("delay", "-1", False), ("delay", "0.5", True),
    ("diameter", "0.103", True), ("diameter", "0.102", False), ("diameter", "40", True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "taken"), LIMITS)
def test_a_value_out_of_its_limits_leaves_the_old_one(name: str, value: str, taken: bool) -> None:
    standing = pump("set diameter 20", "set rate 5", "set volume 1", "set delay 2")
    old = {"rate": 5.0, "volume": 1.0, "delay": 2.0, "diameter": 20.0}[name]
    assert standing.tells(f"set {name} {value}") == [wire.print_values(name, [float(value) if taken else old])]


def test_the_limits_are_told_in_the_units_and_for_the_diameter_that_are_set() -> None:
    standing = pump("set diameter 40")
    asked = ["read limit parameter", "set units 2", "set diameter 20", "read limit parameter"]
    told = ["125.9622 0.0002 6361.7280 0.8460", "units = 2", "diameter = 20.000", "31490.5500 0.0500 26507.2000 3.5250"]
    assert standing.tells(*asked) == told


KEPT = [
    ("rate", "2", "1500.000000"), ("volume", "2", "25.000000"), ("delay", "2", "0.000000"), ("diameter", "20", "26.590"),
    ("units", "2", "1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "kept"), KEPT)
def test_while_running_a_setting_stays(name: str, value: str, kept: str) -> None:
    assert running().tells(f"set {name} {value}") == [f"{name} = {kept}"]


NOT_KNOWN = [
    "restart", "set time 1", "set primerate 1", "change rate 1", "elapsed time", "view parameter", "hexw2 1 0 5 1 1 0", "help",
    "", "set units 4", "set units", "set rate", "set rate x", "set diameter 1,2", "set delay 1,2", "2 status", "START", "start",
]  # fmt: skip


@pytest.mark.parametrize("command", NOT_KNOWN)
def test_what_is_left_out_misspelt_or_has_nothing_to_run_is_not_known(command: str) -> None:
    assert pump().tells(command) == ["Invalid Command!"]


# --- motion ---


def test_the_pump_stops_at_its_volume_to_the_moment() -> None:
    standing = running()
    assert (standing.waits_s(59.999), standing.waits_s(0.002)) == ("1", "0")
    assert standing.tells("dispensed volume") == ["dispensed volume = 25.0000"]
    assert standing.device.dosing.moved_ml(standing.device.now_s) == pytest.approx(25.0, abs=1e-9)


def test_a_pause_keeps_what_is_left() -> None:
    standing = running()
    standing.pass_s(20.0)
    standing.say(b"pause\r")
    assert standing.waits_s(1000.0) == "2"
    assert standing.tells("dispensed volume") == ["dispensed volume = 8.3333"]
    standing.say(b"start\r")
    assert (standing.waits_s(39.999), standing.waits_s(0.002)) == ("1", "0")


def test_after_a_stop_a_start_begins_anew() -> None:
    standing = running()
    standing.pass_s(20.0)
    for command in (b"stop\r", b"start\r"):
        standing.say(command)
    assert (standing.waits_s(59.999), standing.waits_s(0.002)) == ("1", "0")


def test_a_start_while_running_changes_nothing() -> None:
    standing = running()
    standing.pass_s(20.0)
    assert standing.tells("start") == ["Pump start running..."]
    assert (standing.waits_s(39.899), standing.waits_s(0.002)) == ("1", "0")


@pytest.mark.parametrize(("over_runs", "total"), [(False, "25.0000"), (True, "50.0000")])
def test_the_total_begins_anew_with_each_run_or_goes_on(over_runs: bool, total: str) -> None:
    standing = running(total_over_runs=over_runs)
    standing.pass_s(61.0)
    standing.say(b"start\r")
    standing.pass_s(61.0)
    assert standing.tells("dispensed volume") == [f"dispensed volume = {total}"]


@pytest.mark.parametrize(("command", "done_s", "total"), [("start 1", 90.0, "35.0000"), ("start", 60.0, "25.0000")])
def test_all_steps_are_run_one_after_the_other_or_only_the_first(command: str, done_s: float, total: str) -> None:
    standing = pump("set rate 1500,1200", "set volume 25,10")
    standing.say(f"{command}\r".encode())
    assert (standing.waits_s(done_s - 0.001), standing.waits_s(0.002)) == ("1", "0")
    assert standing.tells("dispensed volume") == [f"dispensed volume = {total}"]


def test_a_negative_volume_withdraws_and_is_dispensed_as_well() -> None:
    standing = running("set volume -25")
    standing.pass_s(61.0)
    assert standing.tells("dispensed volume") == ["dispensed volume = 25.0000"]
    assert pushed_ml(standing.device, standing.device.dosing.drive) == pytest.approx(-25.0)


def test_a_delay_passes_before_anything_moves() -> None:
    standing = running("set delay 0.5")
    assert (standing.waits_s(29.999), standing.device.dosing.moved_ml(standing.device.now_s)) == ("3", 0.0)
    assert (standing.waits_s(0.002), standing.waits_s(59.998), standing.waits_s(0.002)) == ("1", "1", "0")


def test_a_delay_can_be_stopped() -> None:
    standing = running("set delay 0.5")
    standing.say(b"stop\r")
    assert standing.waits_s(60.0) == "0"
    assert pushed_ml(standing.device, standing.device.dosing.drive) == 0.0


@pytest.mark.parametrize(("units", "rate", "volume"), [("0", "25", "25"), ("2", "25000", "25000"), ("3", "1500000", "25000")])
def test_rate_and_volume_are_in_the_units_that_are_set(units: str, rate: str, volume: str) -> None:
    standing = pump(f"set units {units}", f"set rate {rate}", f"set volume {volume}")
    standing.say(b"start\r")
    assert (standing.waits_s(59.999), standing.waits_s(0.002)) == ("1", "0")
    assert pushed_ml(standing.device, standing.device.dosing.drive) == pytest.approx(25.0)


def test_the_pump_counts_what_it_believes_whatever_really_moves() -> None:
    standing = running(drive={"gain": 1.06})
    standing.pass_s(61.0)
    assert standing.tells("dispensed volume") == ["dispensed volume = 25.0000"]
    assert pushed_ml(standing.device, standing.device.dosing.drive) == pytest.approx(26.5)


@pytest.mark.parametrize(("volume", "done_s"), [("25", 75.0), ("55.66", 133.584)], ids=["a bolus", "the whole travel"])
def test_only_a_bolus_keeps_the_motors_own_pace(volume: str, done_s: float) -> None:
    standing = running(f"set volume {volume}", drive={"bolus_pace": 0.8})
    assert (standing.waits_s(done_s - 0.001), standing.waits_s(0.002)) == ("1", "0")


# --- stall ---


def test_an_empty_syringe_stalls_the_motor_after_its_notice_and_says_nothing_by_itself() -> None:
    standing = running(travel_ml=5.0, drive={"stall_notice_s": 2.0})
    standing.pass_s(1.0)
    standing.heard()
    assert (standing.waits_s(12.999), standing.device.alarming) == ("1", False)
    assert (standing.waits_s(0.002), standing.device.alarming) == ("0", True)
    assert standing.heard() == b""
    assert pushed_ml(standing.device, standing.device.dosing.drive) == pytest.approx(5.0)


def test_a_pump_without_stall_alarm_goes_on_counting() -> None:
    standing = running(travel_ml=5.0, drive={"stall_alarm": False})
    assert standing.waits_s(59.9) == "1"


@pytest.mark.parametrize(("command", "status"), [("stop", "0"), ("start", "1")])
def test_a_stall_shows_until_the_pump_is_stopped_or_started(command: str, status: str) -> None:
    standing = _after(running(travel_ml=5.0), 20.0)
    answers = standing.tells("pump status", command, "pump status")
    assert (answers[0], answers[2], standing.device.alarming) == ("4", status, False)


# --- what the sources disagree on ---


def test_a_stall_may_have_another_digit_or_none() -> None:
    assert _after(running(travel_ml=5.0, stall_status="0"), 20.0).tells("pump status") == ["0"]


def test_some_pumps_do_not_mind_capitals() -> None:
    assert pump(folds_case=True).ask(b"Pump Status\r") == b"pump status\r0\r\n>"


@pytest.mark.parametrize(("channel", "answer"), [(0, "Invalid Command!"), (1, "0"), (2, "Invalid Command!")])
def test_only_a_pump_with_channels_knows_its_number(channel: int, answer: str) -> None:
    assert pump(channel=channel).tells("1 status", "status") == [answer, "0"]


# --- whatever comes ---


@given(data=noisy(b"\r\n 1setarpkdivolum5.,-").map(lambda data: data.replace(b">", b"")))
def test_no_bytes_bring_the_pump_down_and_all_it_says_is_a_reply(data: bytes) -> None:
    standing = pump()
    standing.say(data)
    standing.pass_s(30.0)
    heard, start = standing.heard(), 0
    for end in wire.reply_ends(heard).tolist():
        wire.decode_reply(heard[start:end])
        start = end
    assert start == len(heard)


@pytest.mark.parametrize("step_s", [0.01, 1.0, 1000.0])
def test_what_happens_does_not_depend_on_how_the_waiting_is_chunked(step_s: float) -> None:
    standing = running("set delay 0.1", travel_ml=5.0)
    end_s = standing.clock.now_s() + 19.9
    while standing.clock.now_s() < end_s:
        standing.clock.sleep_until(min(end_s, standing.clock.now_s() + step_s))
    assert standing.device.status == "1"
    assert standing.waits_s(0.11) == "0"
    assert standing.tells("pump status", "dispensed volume") == ["4", "dispensed volume = 5.8333"]
