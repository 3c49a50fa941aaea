"""The New Era driver, turn by turn: what it asks, what it makes of each answer, and what it never believes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from instruments.errors import BenchError, ConfigError, PumpAlarm, Refused, ReplyError, ReplyTimeout, SafetyError, SettingDiffers
from instruments.options import options_from
from instruments.pumps import Step
from instruments.pumps.new_era import NewEraOptions, NewEraPump
from instruments.pumps.new_era_probe import PROBE
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


def sets(name: str, value: str, shown: str = "") -> list[Turn]:
    """A word that is set and read back."""
    return [turn(f"0{name}{value}", "00S"), turn(f"0{name}", f"00S{shown or value}")]


ONE_PHASE = [*sets("PHN", "2", "02"), *sets("FUN", "STP"), *sets("PHN", "1", "01"), *sets("FUN", "RAT")]
STANDING = [turn("0STP", "00S?NA"), turn("0", "00S")]
BASIC = [turn("0VER", "00SNE1000V3.928"), *STANDING, *ONE_PHASE, turn("0CLDINF", "00S")]
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
        *ONE_PHASE,
        turn("0CLDINF", "00S"),
    ],
    "without phases": [
        (SAF0, [says("00S")]),
        turn("0VER", "00SNE1000V3.928"),
        *STANDING,
        turn("0PHN2", "00S?"),
        turn("0CLDINF", "00S"),
    ],
}


@pytest.mark.parametrize("turns", CONNECTING.values(), ids=CONNECTING)
def test_connecting_leaves_a_pump_in_basic_mode_without_alarm_and_standing(turns: list[Turn]) -> None:
    with pump(*turns, turn("0", "00S")) as (driver, _):
        identity = driver.connect()
        assert (identity.model, identity.firmware) == ("New Era NE1000", "NE1000V3.928")
        assert driver.poll().alarm == ""


@pytest.mark.parametrize(("version", "error"), [("00S?", Refused), ("00S", ReplyError), ("00SNE1000", ReplyError)])
def test_a_pump_that_cannot_say_who_it_is_is_refused(version: str, error: type[BenchError]) -> None:
    with pump((SAF0, [says("00S")]), turn("0VER", version)) as (driver, _), pytest.raises(error):
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
    "target": (
        lambda driver: driver.set_target(1.0),
        [turn("0VOLML", "00S"), turn("0VOL1.000", "00S"), turn("0VOL", "00S1.000ML")],
        1.0,
    ),
    "target in uL": (
        lambda driver: driver.set_target(0.0123),
        [turn("0VOLUL", "00S"), turn("0VOL12.30", "00S"), turn("0VOL", "00S12.30UL")],
        0.0123,
    ),
    "no target": (
        lambda driver: driver.set_target(0.0),
        [turn("0VOLML", "00S"), turn("0VOL0.000", "00S"), turn("0VOL", "00S0.000ML")],
        0.0,
    ),
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


def test_a_command_that_met_the_start_of_a_phase_is_sent_again() -> None:
    with pump(turn("0DIA60.00", "00I?IGN"), turn("0DIA60.00", "00S?OOR")) as (driver, _), pytest.raises(Refused) as caught:
        driver.set_syringe(60.0)
    assert caught.value.code == "?OOR"


@pytest.mark.parametrize("code", ["?", "?NA", "?OOR", "?COM"])
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
    "alarmed just after": [turn("0STP", "00P"), turn("0STP", "00S"), turn("0", "00A?S"), turn("0", "00S")],
    "one reply lost": [turn("0STP"), (says("0STP", safe=True), [says("00S")]), (says("0", safe=True), [says("00S")])],
    "in Safe mode unknown to us": [
        turn("0STP"),
        turn("0STP", "00P", safe=True),
        turn("0STP", "00S", safe=True),
        turn("0", "00S", safe=True),
    ],
    "the last reply lost": [turn("0STP", "00S?NA"), turn("0"), (says("0", safe=True), [says("00S")])],
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
    told = [turn("0STP", "00A?S"), turn("0STP", "00S"), turn("0", "00S"), turn("0", "00A?R"), turn("0", "00S")]
    with pump(*told) as (driver, _):
        driver.stop()
        assert [driver.poll().alarm, driver.poll().alarm] == ["S", "R"]


@pytest.mark.parametrize("status", "IWTUX")
def test_a_pump_that_does_not_stop_is_a_matter_of_safety(status: str) -> None:
    tries = [turn("0STP", f"00{status}?NA")] * 4
    looks = [turn("0", f"00{status}")] * 2
    with pump(*tries, *looks) as (driver, _), pytest.raises(SafetyError):
        driver.stop()


def test_a_stop_that_nobody_answers_is_a_matter_of_safety() -> None:
    asked = [turn("0STP"), turn("0STP", safe=True)] * 2 + [turn("0"), turn("0", safe=True)]
    with pump(*asked) as (driver, _), pytest.raises(SafetyError):
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


@pytest.mark.parametrize("status", "WTUX")
def test_a_pump_that_does_anything_but_infuse_is_stopped(status: str) -> None:
    told = [turn("0DIRINF", "00S"), turn("0RUN", f"00{status}"), turn("0STP", "00P"), turn("0STP", "00S"), turn("0", "00S")]
    with pump(*told) as (driver, _), pytest.raises(Refused):
        driver.start()


@pytest.mark.parametrize("answer", ["00I", "00II0.974", "00II.....W0.000ML", "00I?NA", "00II9999.W0.000UL"])
def test_a_total_that_cannot_be_read_is_refused(answer: str) -> None:
    with pump(turn("0DIS", answer)) as (driver, _), pytest.raises(Refused):
        driver.infused_ml()


# --- a rate while running ---

RUNNING = [turn("0DIRINF", "00S"), turn("0RUN", "00I")]


def test_a_rate_set_while_running_keeps_the_unit_of_the_pump() -> None:
    live = [turn("0RAT", "00I1.600MH"), turn("0RAT0.250MH", "00I"), turn("0RAT", "00I0.250MH")]
    with pump(*RUNNING, *live) as (driver, _):
        driver.start()
        assert driver.set_rate(0.25) == pytest.approx(0.25)


@pytest.mark.parametrize("rate_ml_h", [0.0123, 10000.0])
def test_a_rate_that_the_running_unit_cannot_carry_is_refused_before_it_is_sent(rate_ml_h: float) -> None:
    with pump(*RUNNING, turn("0RAT", "00I1.600MH")) as (driver, _):
        driver.start()
        with pytest.raises(Refused, match="the unit that it runs in"):
            driver.set_rate(rate_ml_h)


# --- profile ---

STEPS = (Step(48.0, 0.8), Step(0.05, 0.0))


def written(number: int, rate: str, volume: str) -> list[Turn]:
    phase = sets("PHN", str(number), f"{number:02d}")
    return [*phase, *(turn(f"0{text}", "00S") for text in ("FUNRAT", rate, volume, "DIRINF"))]


def read(number: int, rate: str, volume: str, function: str = "RAT", direction: str = "INF") -> list[Turn]:
    words = {"FUN": function, "DIR": direction, "RAT": rate, "VOL": volume}
    return [*sets("PHN", str(number), f"{number:02d}"), *(turn(f"0{word}", f"00S{data}") for word, data in words.items())]


WRITTEN = [
    *sets("PHN", "1", "01"),
    turn("0VOLML", "00S"),
    *written(1, "RAT48.00MH", "VOL0.800"),
    *written(2, "RAT50.00UH", "VOL0.000"),
    *sets("PHN", "3", "03"),
    *sets("FUN", "STP"),
]
READ_1, READ_2 = read(1, "48.00MH", "0.800ML"), read(2, "50.00UH", "0.000ML")


def test_a_profile_is_one_phase_for_each_step_and_all_are_read_back() -> None:
    with pump(*WRITTEN, *READ_1, *READ_2, *sets("PHN", "1", "01")) as (driver, _):
        taken = driver.set_profile(STEPS)
    assert [(step.rate_ml_h, step.volume_ml) for step in taken] == [(48.0, 0.8), (pytest.approx(0.05), 0.0)]


OTHER_PHASES = {
    "rate": read(2, "50.00UM", "0.000ML")[:-1],
    "volume": read(2, "50.00UH", "0.001ML"),
    "function": read(2, "50.00UH", "0.000ML", function="STP")[:3],
    "direction": read(2, "50.00UH", "0.000ML", direction="WDR")[:4],
    "phase": [turn("0PHN2", "00S"), turn("0PHN", "00S01")],
}


@pytest.mark.parametrize("other", OTHER_PHASES.values(), ids=OTHER_PHASES)
def test_a_phase_that_the_pump_did_not_take_is_an_error_and_the_profile_does_not_start(other: list[Turn]) -> None:
    with pump(*WRITTEN, *READ_1, *other) as (driver, _):
        with pytest.raises(SettingDiffers):
            driver.set_profile(STEPS)
        with pytest.raises(Refused, match="not written to its end"):
            driver.start()


UNENDING = {
    "nothing": [],
    "a pause in the middle": [Step(1.0, 0.0), Step(1.0, 1.0)],
    "no rate": [Step(0.0, 1.0)],
    "backwards": [Step(-1.0, 1.0)],
    "no number": [Step(1.0, float("nan"))],
    "too long": [Step(1.0, 1.0)] * 41,
}


@pytest.mark.parametrize("steps", UNENDING.values(), ids=UNENDING)
def test_a_profile_that_would_not_run_as_it_reads_is_refused_before_anything_is_sent(steps: list[Step]) -> None:
    with pump() as (driver, _), pytest.raises(Refused):
        driver.set_profile(steps)


def test_a_pump_without_phases_refuses_a_profile() -> None:
    with pump(*CONNECTING["without phases"]) as (driver, _):
        driver.connect()
        with pytest.raises(Refused) as caught:
            driver.set_profile(STEPS)
    assert caught.value.code == "?"


# --- a line that was lost ---

ASKED = wire.encode_command("0", safe=True)
VERSION = "00SNE1000V3.928"
FOUND: dict[str, tuple[bool, list[Turn], str]] = {
    # in Safe mode before, what is said, the alarm that the next poll tells
    "in Basic mode as before": (False, [(ASKED, [says("00I")]), turn("0VER", VERSION)], ""),
    "in Safe mode as before": (True, [turn("0", "00I", safe=True), turn("0VER", VERSION, safe=True)], ""),
    "its watchdog has struck": (
        True,
        [turn("0", "00A?T", safe=True), turn("0", "00S", safe=True), turn("0VER", VERSION, safe=True)],
        "T",
    ),
    "its power was away": (
        True,
        [turn("0", "00A?R", safe=True), turn("0", "00S", safe=True), turn("0VER", VERSION, safe=True)],
        "R",
    ),
    "back in Basic mode": (
        True,
        [(ASKED, [says("00I")]), (b"0SAF4\r", [says("00I", safe=True)]), turn("0VER", VERSION, safe=True)],
        "",
    ),
    "in Safe mode by another hand": (
        False,
        [turn("0", "00I", safe=True), (wire.encode_command("0SAF0", safe=True), [says("00I")]), turn("0VER", VERSION)],
        "",
    ),
}


@pytest.mark.parametrize(("safe", "turns", "alarm"), FOUND.values(), ids=FOUND)
def test_after_a_lost_line_the_mode_is_found_and_nothing_else_is_asked_of_the_pump(
    safe: bool, turns: list[Turn], alarm: str
) -> None:
    with pump(*turns, turn("0", "00S", safe=safe), safe=safe) as (driver, _):
        assert driver.resume().firmware == "NE1000V3.928"
        assert driver.poll().alarm == alarm


# --- who is there ---

ANSWERS = {
    b"\x0200SNE1000V3.928\x03": "New Era NE1000",
    b"\x0200INE1000X2V3.9\x03": "New Era NE1000X2",
    b"\xff\x00\x0200SNE500V3.919\x03\x02": "New Era NE500",
    b"\x0200A?R\x03": "New Era (told an alarm: power was interrupted)",
}
STRANGERS = [b"", b"ES\r\n", b"\x0200S\x03", b"\x0200S?\x03", b"\r\nPHD1.0\r\n:", b"\x0200SNE1000\x03", b"VER\r", b"\x02\x03" * 9]


@pytest.mark.parametrize(("answer", "model"), ANSWERS.items(), ids=map(repr, ANSWERS))
def test_the_probe_knows_a_pump_by_its_version_or_its_alarm(answer: bytes, model: str) -> None:
    identity = PROBE.identify(answer)
    assert identity is not None
    assert identity.model == model


@pytest.mark.parametrize("answer", STRANGERS, ids=map(repr, STRANGERS))
def test_the_probe_takes_nobody_else_for_a_pump(answer: bytes) -> None:
    assert PROBE.identify(answer) is None


@pytest.mark.parametrize("unit", [-1, 100, "x"])
def test_an_address_that_no_pump_can_have_is_refused(unit: object) -> None:
    with pytest.raises(ConfigError, match="unit"):
        options_from(NewEraOptions, {"unit": unit}, "pump.options")


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


def test_the_alarm_of_another_pump_on_the_line_is_not_ours() -> None:
    with pump(turn("0", "00S", safe=True), safe=True) as (driver, script):
        script.port.will_say(0.0, says("07A?S", safe=True))
        script.clock.sleep_until(script.clock.now_s() + 1.0)
        assert driver.poll().alarm == ""


def test_a_pump_is_spoken_to_at_its_address() -> None:
    with pump(turn("12", (0.001, says("00I")), "12P"), address=12) as (driver, _):
        assert driver.poll().word == "paused"
