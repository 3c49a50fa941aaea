"""The New Era driver, turn by turn: what it asks, what it makes of each answer, and what it never believes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from instruments.errors import BenchError, PumpAlarm, Refused, ReplyTimeout, SafetyError, SettingDiffers
from instruments.pumps.new_era import NewEraPump
from instruments.wire import new_era as wire
from tests.instruments.script import Answer, Scripted, Turn, scripted


def says(text: str, *, safe: bool = False) -> bytes:
    return wire.encode_command(text, safe=True) if safe else b"\x02" + text.encode("ascii") + b"\x03"


def turn(asked: str, *answers: str | Answer, safe: bool = False) -> Turn:
    """A turn in the text of the protocol; both sides in one framing."""
    framed = [says(answer, safe=safe) if isinstance(answer, str) else answer for answer in answers]
    return wire.encode_command(asked, safe=safe), framed


@contextmanager
def pump(*turns: Turn, address: int = 0, safe: bool = False) -> Iterator[tuple[NewEraPump, Scripted]]:
    """A driver whose whole conversation is ``turns``; ``safe``: with its watchdog armed before."""
    armed = [(b"0SAF4\r", [says("00S", safe=True)]), turn("0SAF", "00S4", safe=True)] if safe else []
    with scripted(wire.reply_ends, *armed, *turns) as script:
        driver = NewEraPump(script.link, address=address)
        if safe:
            assert driver.arm_watchdog(4) == 4
        yield driver, script


# --- connecting ---

BASIC = [turn("0VER", "00SNE1000V3.928"), turn("0STP", "00S?NA"), turn("0", "00S"), turn("0CLDINF", "00S")]
SAF0 = wire.encode_command("0SAF0", safe=True)
CONNECTING: dict[str, list[Turn]] = {
    "in Basic mode": [(SAF0, [says("00S")]), *BASIC],
    "power-up alarm": [(SAF0, [says("00A?R")]), (SAF0, [(0.02, says("00S"))]), *BASIC],
    "in Safe mode, timed out": [
        (SAF0, [(0.001, says("00A?T", safe=True)), says("00A?T", safe=True)]),
        (SAF0, [says("00S")]),
        *BASIC,
    ],
    "still infusing": [
        (SAF0, [says("00I")]),
        turn("0VER", "00INE1000V3.928"),
        turn("0STP", "00P"),
        turn("0STP", "00S"),
        turn("0", "00S"),
        turn("0CLDINF", "00S"),
    ],
}


@pytest.mark.parametrize("turns", CONNECTING.values(), ids=CONNECTING)
def test_connecting_leaves_a_pump_in_basic_mode_without_alarm_and_standing(turns: list[Turn]) -> None:
    with pump(*turns, turn("0", "00S")) as (driver, _):
        identity = driver.connect()
        assert (identity.model, identity.firmware) == ("New Era NE1000", "NE1000V3.928")
        assert driver.poll().alarm == ""


def test_a_pump_that_cannot_say_who_it_is_is_refused() -> None:
    with pump((SAF0, [says("00S")]), turn("0VER", "00S?")) as (driver, _), pytest.raises(Refused):
        driver.connect()


# --- settings ---

Setter = Callable[[NewEraPump], float]
SETTINGS: dict[str, tuple[Setter, list[Turn], float]] = {
    "syringe": (
        lambda driver: driver.set_syringe(14.43),
        [turn("0DIA14.43", "00S"), turn("0VOLML", "00S"), turn("0DIA", "00S14.43")],
        14.43,
    ),
    "rate in mL/h": (lambda driver: driver.set_rate(1.6), [turn("0RAT1.600MH", "00S"), turn("0RAT", "00S1.600MH")], 1.6),
    "rate in uL/h": (lambda driver: driver.set_rate(0.1234), [turn("0RAT123.4UH", "00S"), turn("0RAT", "00S123.4UH")], 0.1234),
    "rate in mL/min": (lambda driver: driver.set_rate(60e3), [turn("0RAT1000MM", "00S"), turn("0RAT", "00S1000.MM")], 60e3),
    "target": (lambda driver: driver.set_target(1.0), [turn("0VOL1.000", "00S"), turn("0VOL", "00S1.000ML")], 1.0),
    "no target": (lambda driver: driver.set_target(0.0), [turn("0VOL0.000", "00S"), turn("0VOL", "00S0.000ML")], 0.0),
    "watchdog": (
        lambda driver: driver.arm_watchdog(4),
        [(b"0SAF4\r", [says("00S", safe=True)]), turn("0SAF", "00S4", safe=True)],
        4.0,
    ),
    "watchdog, not shorter than asked": (
        lambda driver: driver.arm_watchdog(0.4),
        [(b"0SAF1\r", [says("00S", safe=True)]), turn("0SAF", "00S1", safe=True)],
        1.0,
    ),
    "no watchdog": (lambda driver: driver.arm_watchdog(0), [turn("0SAF0", "00S"), turn("0SAF", "00S0")], 0.0),
}


@pytest.mark.parametrize(("apply", "turns", "taken"), SETTINGS.values(), ids=SETTINGS)
def test_a_setter_returns_what_the_pump_took(apply: Setter, turns: list[Turn], taken: float) -> None:
    with pump(*turns) as (driver, _):
        assert apply(driver) == pytest.approx(taken, rel=1e-12)


OTHER_VALUES = [
    ("syringe", "00S14.45"), ("syringe", "00S"), ("syringe", "00Snan.."), ("rate in mL/h", "00S1.602MH"),
    ("rate in mL/h", "00S1.600MM"), ("rate in mL/h", "00Snan.0MH"), ("rate in mL/h", "00S"), ("target", "00S1.000UL"),
    ("target", "00S1.000"), ("target", "00S0.999ML"), ("no target", "00S0.001ML"),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "answer"), OTHER_VALUES)
def test_a_value_that_the_pump_did_not_take_is_an_error(setting: str, answer: str) -> None:
    apply, turns, _ = SETTINGS[setting]
    with pump(*turns[:-1], (turns[-1][0], [says(answer)])) as (driver, _), pytest.raises(SettingDiffers):
        apply(driver)


@pytest.mark.parametrize("answer", ["00S5", "00S", "00S4x"])
def test_a_watchdog_that_the_pump_did_not_take_is_an_error(answer: str) -> None:
    asked = (b"0SAF4\r", [says("00S", safe=True)])
    with pump(asked, turn("0SAF", answer, safe=True)) as (driver, _), pytest.raises(SettingDiffers):
        driver.arm_watchdog(4)


def test_a_difference_of_half_a_digit_is_what_four_digits_can_do() -> None:
    with pump(turn("0RAT20.57UM", "00S"), turn("0RAT", "00S20.57UM")) as (driver, _):
        assert driver.set_rate(1.2345) == pytest.approx(1.2342)


@pytest.mark.parametrize("code", ["?", "?NA", "?OOR", "?COM", "?IGN"])
def test_a_refusal_carries_the_code_of_the_pump(code: str) -> None:
    with pump(turn("0DIA60.00", f"00S{code}")) as (driver, _), pytest.raises(Refused) as caught:
        driver.set_syringe(60.0)
    assert caught.value.code == code


@pytest.mark.parametrize("rate_ml_h", [-1.0, 1e9, float("nan"), float("inf")])
def test_a_rate_that_does_not_fit_is_refused_before_anything_is_sent(rate_ml_h: float) -> None:
    with pump() as (driver, _), pytest.raises(Refused):
        driver.set_rate(rate_ml_h)


# --- running and stopping ---


def test_start_infuses_and_returns_when_the_pump_says_so() -> None:
    with pump(turn("0DIRINF", "00S"), turn("0RUN", "00I")) as (driver, _):
        driver.start()


@pytest.mark.parametrize(("answer", "error"), [("00S", Refused), ("00S?OOR", Refused), ("00A?S", PumpAlarm)])
def test_a_pump_that_does_not_start_is_an_error(answer: str, error: type[BenchError]) -> None:
    with pump(turn("0DIRINF", "00S"), turn("0RUN", answer)) as (driver, _), pytest.raises(error):
        driver.start()


STOPPING = {
    "running": [turn("0STP", "00P"), turn("0STP", "00S"), turn("0", "00S")],
    "withdrawing": [turn("0STP", "00P"), turn("0STP", "00S"), turn("0", "00S")],
    "paused": [turn("0STP", "00S"), turn("0", "00S")],
    "stopped": [turn("0STP", "00S?NA"), turn("0", "00S")],
    "alarmed": [turn("0STP", "00A?S"), turn("0STP", "00S?NA"), turn("0", "00S")],
    "alarmed just after": [turn("0STP", "00P"), turn("0STP", "00S"), turn("0", "00A?S")],
}


@pytest.mark.parametrize("turns", STOPPING.values(), ids=STOPPING)
def test_stop_goes_on_until_the_pump_confirms_that_it_stands(turns: list[Turn]) -> None:
    with pump(*turns) as (driver, _):
        driver.stop()


@pytest.mark.parametrize("name", ["alarmed", "alarmed just after"])
def test_an_alarm_that_answers_a_stop_is_told_by_the_next_poll_and_once(name: str) -> None:
    with pump(*STOPPING[name], turn("0", "00S"), turn("0", "00S")) as (driver, _):
        driver.stop()
        assert [driver.poll().alarm, driver.poll().alarm] == ["S", ""]


def test_of_two_kinds_of_alarm_neither_is_lost() -> None:
    with pump(turn("0STP", "00A?S"), turn("0STP", "00S"), turn("0", "00S"), turn("0", "00A?R"), turn("0", "00S")) as (driver, _):
        driver.stop()
        assert [driver.poll().alarm, driver.poll().alarm] == ["S", "R"]


@pytest.mark.parametrize("status", "IWTUX")
def test_a_pump_that_does_not_stop_is_a_matter_of_safety(status: str) -> None:
    tries = [turn("0STP", f"00{status}?NA")] * 4
    with pump(*tries, turn("0", f"00{status}")) as (driver, _), pytest.raises(SafetyError):
        driver.stop()


def test_a_stop_that_nobody_answers_is_a_timeout() -> None:
    with pump(turn("0STP")) as (driver, _), pytest.raises(ReplyTimeout):
        driver.stop()


STATUSES = [("00S", False, "stopped"), ("00P", False, "paused"), ("00I", True, "infusing"), ("00X", True, "purging")]


@pytest.mark.parametrize(("answer", "running", "word"), STATUSES)
def test_the_status_is_told_with_its_moment(answer: str, running: bool, word: str) -> None:
    with pump(turn("0", (0.03, says(answer)))) as (driver, _):
        status = driver.poll()
    assert (status.running, status.word, status.alarm, status.stamp_us) == (running, word, "", 30_000)


def test_the_total_is_the_infused_one() -> None:
    with pump(turn("0DIS", "00II0.974W0.500ML")) as (driver, _):
        assert driver.infused_ml() == pytest.approx(0.974)


@pytest.mark.parametrize("answer", ["00I", "00II0.974", "00II.....W0.000ML", "00I?NA"])
def test_a_total_that_cannot_be_read_is_refused(answer: str) -> None:
    with pump(turn("0DIS", answer)) as (driver, _), pytest.raises(Refused):
        driver.infused_ml()


# --- alarms ---


@pytest.mark.parametrize("letter", sorted(wire.ALARM_WORDS))
def test_an_alarm_in_place_of_an_answer_is_an_error_with_its_letter(letter: str) -> None:
    with pump(turn("0DIS", f"00A?{letter}")) as (driver, _), pytest.raises(PumpAlarm) as caught:
        driver.infused_ml()
    assert caught.value.letter == letter


def test_an_alarm_is_told_once() -> None:
    with pump(turn("0", "00A?S"), turn("0", "00S")) as (driver, _):
        first, second = driver.poll(), driver.poll()
    assert (first.running, first.alarm, first.word) == (False, "S", "motor stalled")
    assert (second.alarm, second.word) == ("", "stopped")


def test_in_safe_mode_an_alarm_is_told_once_and_with_the_moment_it_came_by_itself() -> None:
    with pump(turn("0", "00A?S", safe=True), turn("0", "00S", safe=True), safe=True) as (driver, script):
        raised_us = round((script.clock.now_s() + 1.0) * 1e6)
        script.port.will_say(1.0, says("00A?S", safe=True))
        script.clock.sleep_until(script.clock.now_s() + 3.0)
        first, second = driver.poll(), driver.poll()
    assert (first.alarm, first.stamp_us) == ("S", raised_us)
    assert second.alarm == ""


def test_an_alarm_that_crosses_a_question_is_told_once_and_takes_no_later_answer() -> None:
    crossing = turn("0", (0.002, says("00A?S", safe=True)), (0.03, says("00A?S", safe=True)), safe=True)
    with pump(crossing, turn("0DIS", "00SI0.500W0.000ML", safe=True), turn("0", "00S", safe=True), safe=True) as (driver, _):
        assert driver.poll().alarm == "S"
        assert driver.infused_ml() == pytest.approx(0.5)
        assert driver.poll().alarm == ""


def test_stop_is_confirmed_although_an_alarm_crosses_it() -> None:
    crossing = turn("0STP", (0.002, says("00A?T", safe=True)), (0.03, says("00A?T", safe=True)), safe=True)
    with pump(crossing, turn("0STP", "00S?NA", safe=True), turn("0", "00S", safe=True), safe=True) as (driver, _):
        driver.stop()


# --- whose answer it is ---


def test_a_late_answer_is_never_taken_for_the_next() -> None:
    with pump(turn("0DIS", (1.05, says("00II0.974W0.000ML"))), turn("0", "00S")) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.infused_ml()
        assert driver.poll().word == "stopped"


@pytest.mark.parametrize("stranger", ["01I", "12I", "00Q", "garbage"])
def test_what_another_pump_says_and_noise_are_passed_over(stranger: str) -> None:
    with pump(turn("0", (0.001, says(stranger)), "00S")) as (driver, _):
        assert driver.poll().word == "stopped"


def test_a_packet_with_a_wrong_crc_is_no_answer() -> None:
    spoilt = says("00S", safe=True).replace(b"\xaa", b"\xab")
    with pump(turn("0", spoilt, safe=True), safe=True) as (driver, _), pytest.raises(ReplyTimeout):
        driver.poll()


def test_a_pump_is_spoken_to_at_its_address() -> None:
    with pump(turn("12", (0.001, says("00I")), "12P"), address=12) as (driver, _):
        assert driver.poll().word == "paused"
