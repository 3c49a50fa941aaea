"""A simulated Model 44 pump: the exchanges byte for byte, and what it does in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given

from instruments.sim.harvard_44 import Harvard44Pump, PumpData
from instruments.wire import harvard_44 as wire
from tests.instruments.exchanges import Row, load
from tests.instruments.sim.answers import SPOKEN, Speak, a_drive, assert_answered, assert_answered_together, pushed_ml
from tests.instruments.sim.states import Standing
from tests.instruments.wire.chunks import noisy

EXCHANGES = load("harvard_44")["exchange"]
ALL = pytest.mark.parametrize("exchange", EXCHANGES, ids=[row["id"] for row in EXCHANGES])


class PumpStanding(Standing):
    device: Harvard44Pump

    def tells(self, *texts: str) -> list[str]:
        """Commands to the pump's own address; of each answer the text and the prompt. The answer to a RUN before is let go."""
        heard = [self.ask(f"{self.device.data.address}{text}\r".encode()) for text in texts]
        replies = [wire.decode_reply(frames[([0, *wire.reply_ends(frames)])[-2] :]) for frames in heard]
        return [f"{reply.text.strip()} {reply.prompt}".strip() for reply in replies]

    def waits_s(self, duration_s: float) -> str:
        self.pass_s(duration_s)
        return self.device.prompt


def pump(*texts: str, travel_ml: float = 60.0, drive: dict[str, object] | None = None, **data: object) -> PumpStanding:
    """A pump of 26.59 mm in pump mode, after these commands."""
    mechanics = a_drive(travel_ml=travel_ml, **(drive or {}))
    standing = PumpStanding(Harvard44Pump(replace(PumpData(), **data), mechanics))  # type: ignore[arg-type]
    standing.tells("DIA 26.59", *texts)
    return standing


def running(*texts: str, **data: object) -> PumpStanding:
    """The same at 1.5 mL/min (40 s for 1 mL), running since this moment."""
    standing = pump("RAT 1.5 MM", *texts, **data)  # type: ignore[arg-type]
    standing.say(f"{standing.device.data.address}RUN\r".encode())
    return standing


def _after(standing: PumpStanding, duration_s: float) -> PumpStanding:
    standing.pass_s(duration_s)
    return standing


GIVEN: dict[str, Callable[[], PumpStanding]] = {
    "idle": lambda: pump("RAT 2.5 MM", "RFR 3 MM", "TGT 3"),
    "programmed": lambda: pump("RAT 1.5 MM"),
    "infusing": running,
    "infusing-0.5ML": lambda: _after(running(), 20.0),
    "addr-12-infusing": lambda: running(address=12),
    "stalled": lambda: _after(running(travel_ml=0.5), 30.0),
}


def given_pump(exchange: Row) -> PumpStanding:
    standing = GIVEN[exchange["given"]]()
    if exchange["given"].endswith("infusing"):
        standing.pass_s(0.05)
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
    assert [row["id"] for row in EXCHANGES if row.get("worked")] == ["h44-1", "h44-2", "h44-3"]
    assert len(EXCHANGES) == 20


def test_a_reply_is_complete_within_a_tenth_of_a_second() -> None:
    standing = pump()
    assert standing.ask(b"VER\r") == b"\n  PHD1.0\r\n0:"


def test_line_feeds_after_the_carriage_return_are_ignored() -> None:
    assert _after(running(), 0.1).ask(b"\n0\r\n0\r\n") == b"\n0>" * 2


# --- limits ---

LIMITS = [
    # diameter, rate, answer: speeds between 0.18391e-3 and 190.984 mm/min
    ("26.59", "106.05MM", ""), ("26.59", "106.06MM", "OOR"), ("26.59", "6.1275UH", ""), ("26.59", "6.1270UH", "OOR"),
    ("14.43", "31.233MM", ""), ("14.43", "31.234MM", "OOR"), ("26.59", "0UH", "OOR"), ("26.59", "x", "?"),
    ("26.59", "1.23456", "?"),
]  # fmt: skip


@pytest.mark.parametrize(("diameter", "rate", "answer"), LIMITS)
def test_the_plunger_speed_limits_the_rate(diameter: str, rate: str, answer: str) -> None:
    assert pump(f"DIA {diameter}").tells(f"RAT {rate}") == [f"{answer} :".strip()]


@pytest.mark.parametrize(("diameter", "answer"), [("0.102", "OOR"), ("0.103", ""), ("45", ""), ("45.001", "OOR"), ("x", "?")])
def test_a_diameter_has_its_range(diameter: str, answer: str) -> None:
    assert pump().tells(f"DIA {diameter}") == [f"{answer} :".strip()]


NOT_KNOWN = [
    "AF ON", "SYR 5", "SEQ", "PGR", "MOD PGM", "IN 6", "OUT 4=ON", "AUT", "DIR UP", "TGT x", "RUN 1", "STP 1", "VER 1", "DEL 1",
    "CLD 1", "0 5",
]  # fmt: skip


@pytest.mark.parametrize("command", NOT_KNOWN)
def test_what_is_left_out_or_misspelt_is_not_known(command: str) -> None:
    assert pump().tells(command) == ["? :"]


@pytest.mark.parametrize("texts", [["RUN"], ["RAT 1 MM", "MOD VOL", "RUN"]], ids=["no rate", "no target"])
def test_without_rate_or_target_there_is_nothing_to_run(texts: list[str]) -> None:
    assert pump().tells(*texts)[-1] == "OOR :"


# --- motion ---


def test_in_volume_mode_the_pump_stops_at_its_target_to_the_moment() -> None:
    standing = running("TGT 1", "MOD VOL")
    assert (standing.waits_s(39.999), standing.waits_s(0.002)) == (">", ":")
    assert standing.tells("DEL") == ["1.0000ml :"]
    assert standing.device.dosing.moved_ml(standing.device.now_s) == pytest.approx(1.0, abs=1e-12)


def test_in_pump_mode_the_target_says_nothing() -> None:
    standing = running("TGT 1")
    assert standing.waits_s(600.0) == ">"
    assert standing.tells("DEL") == ["15.000ml >"]


@pytest.mark.parametrize(("anew", "total"), [(False, "1.0000ml :"), (True, "1.5000ml :")])
def test_a_target_is_counted_from_the_last_clear_or_from_each_start(anew: bool, total: str) -> None:
    standing = running("TGT 1", "MOD VOL", each_run_anew=anew)
    standing.pass_s(20.0)
    standing.tells("STP")
    standing.device.dosing._moved_ml = 0.5
    standing.say(b"RUN\r")
    standing.pass_s(41.0)
    assert standing.tells("DEL") == [total]


def test_a_rate_changed_while_running_acts_at_once() -> None:
    standing = running("TGT 1", "MOD VOL")
    standing.pass_s(20.0)
    standing.say(b"RAT 3 MM\r")
    assert (standing.waits_s(9.999), standing.waits_s(0.002)) == (">", ":")


def test_the_refill_rate_does_not_touch_an_infusion() -> None:
    standing = running("TGT 1", "MOD VOL")
    standing.pass_s(20.0)
    standing.say(b"RFR 3 MM\r")
    assert (standing.waits_s(19.999), standing.waits_s(0.002)) == (">", ":")


def test_refilling_draws_the_plunger_back_and_counts() -> None:
    standing = pump("RFR 1.5 MM", "DIR REF", "RUN")
    standing.pass_s(40.0 - 0.1)
    assert standing.tells("DEL")[0] == "1.0000ml <"
    assert pushed_ml(standing.device, standing.device.dosing.drive) == pytest.approx(-1.0, abs=3e-3)


def test_turning_round_while_running_takes_the_other_rate_at_once() -> None:
    standing = running("RFR 3 MM")
    standing.pass_s(20.0)
    assert standing.tells("DIR REV") == ["<"]
    standing.pass_s(10.0 - 0.1)
    assert standing.tells("STP", "DEL") == [":", "1.0000ml :"]
    assert pushed_ml(standing.device, standing.device.dosing.drive) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("texts", "answer"), [(["RFR 1 MM", "TGT 9", "MOD VOL"], "NA >"), ([], "OOR >")])
def test_a_pump_does_not_turn_round_towards_a_volume_or_without_a_rate(texts: list[str], answer: str) -> None:
    assert running(*texts).tells("", "DIR REV") == [">", answer]


def test_the_pump_counts_what_it_believes_whatever_really_moves() -> None:
    standing = running("TGT 1", "MOD VOL", drive={"gain": 1.06})
    standing.pass_s(50.0)
    assert standing.tells("DEL") == ["1.0000ml :"]
    assert pushed_ml(standing.device, standing.device.dosing.drive) == pytest.approx(1.06)


def test_towards_a_volume_the_motor_keeps_its_own_pace() -> None:
    standing = running("TGT 1", "MOD VOL", drive={"bolus_pace": 0.8})
    assert (standing.waits_s(49.999), standing.waits_s(0.002)) == (">", ":")


# --- stall ---


def test_an_empty_syringe_interrupts_the_pump_after_its_notice_and_says_nothing_by_itself() -> None:
    standing = running(travel_ml=1.5, drive={"stall_notice_s": 2.0})
    standing.pass_s(1.0)
    standing.heard()
    assert (standing.waits_s(60.999), standing.device.alarming) == (">", False)
    assert (standing.waits_s(0.002), standing.device.alarming) == ("*", True)
    assert standing.heard() == b""
    assert pushed_ml(standing.device, standing.device.dosing.drive) == pytest.approx(1.5)


def test_a_pump_without_stall_alarm_goes_on_counting() -> None:
    standing = running(travel_ml=1.5, drive={"stall_alarm": False})
    assert standing.waits_s(600.0) == ">"
    assert standing.tells("DEL") == ["15.000ml >"]


@pytest.mark.parametrize(("command", "answer"), [("STP", ":"), ("RUN", ">")])
def test_a_stall_shows_until_the_pump_is_stopped_or_run(command: str, answer: str) -> None:
    standing = running(travel_ml=0.5)
    standing.pass_s(100.0)
    assert (standing.tells("", command), standing.device.alarming) == (["*", answer], False)


# --- what the sources disagree on ---


def test_some_pumps_show_an_interruption_after_a_stop_which_is_no_alarm() -> None:
    standing = running(interrupted_by_stop=True)
    assert standing.tells("STP", "", "STP", "STP") == ["*", "*", ":", "NA :"]
    assert not standing.device.alarming


@pytest.mark.parametrize("word", ["VOL", "VLM"])
def test_a_pump_may_know_only_one_word_for_volume_mode(word: str) -> None:
    other = {"VOL": "VLM", "VLM": "VOL"}[word]
    assert pump(volume_modes=(word,)).tells(f"MOD {other}", f"MOD {word}", "MOD") == ["? :", ":", "VOLUME :"]


def test_a_pump_may_print_only_its_rates_with_a_unit() -> None:
    asked = ["DIA", "TGT", "DEL", "RAT"]
    assert pump(plain_numbers=True).tells(*asked) == ["26.590 :", "0.0000 :", "0.0000 :", "0.0000ml/mn :"]


def test_the_reply_to_run_may_be_late() -> None:
    standing = pump("RAT 1 MM", late_run_s=0.7)
    standing.say(b"RUN\r")
    standing.pass_s(0.7)
    assert (standing.heard(), standing.device.running) == (b"", True)
    standing.pass_s(0.1)
    assert standing.heard() == b"\n0>"


# --- whatever comes ---


@given(data=noisy(b"\r\n0 RUNSTPDIAVOL15.MOD"))
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
    standing = running(travel_ml=0.5)
    end_s = standing.clock.now_s() + 21.9
    while standing.clock.now_s() < end_s:
        standing.clock.sleep_until(min(end_s, standing.clock.now_s() + step_s))
    assert standing.device.prompt == ">"
    assert (standing.waits_s(0.11), standing.tells("DEL")) == ("*", ["0.5500ml *"])
