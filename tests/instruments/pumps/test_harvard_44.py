"""The Model 44 driver: turn by turn on a script, and on the simulated pump in each of the ways that sources tell of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from instruments.driver import CAPABILITIES
from instruments.errors import Refused, ReplyError, ReplyTimeout, SafetyError, SettingDiffers
from instruments.identity import Identity
from instruments.pumps.harvard_44 import DRIVER, Harvard44Options, Harvard44Pump
from instruments.sim.harvard_44 import Harvard44Pump as SimulatedPump
from instruments.sim.harvard_44 import PumpData
from instruments.wire import harvard_44 as wire
from tests.instruments.script import Answer, Scripted, Turn, scripted
from tests.instruments.sim.answers import a_drive
from tests.instruments.simulated_line import line_to


def says(text: str) -> bytes:
    """``"1.5000ml/mn 0:"``: a text, if any, and the prompt with its address."""
    words, _, prompt = text.rpartition(" ")
    return f"\n  {words}\r\n{prompt}".encode() if words else f"\n{prompt}".encode()


def turn(asked: str, *answers: str | Answer) -> Turn:
    return f"{asked}\r".encode(), [says(answer) if isinstance(answer, str) else answer for answer in answers]


@contextmanager
def pump(*turns: Turn, address: int = 0) -> Iterator[tuple[Harvard44Pump, Scripted]]:
    """A driver whose whole conversation is ``turns``."""
    with scripted(wire.reply_ends, *turns) as script:
        yield Harvard44Pump(script.link, address=address), script


# --- connecting ---

STOPPED = [turn("0", "0:"), turn("0STP", "NA 0:"), turn("0", "0:")]
CONNECTING: dict[str, list[Turn]] = {
    "standing": [turn("0", "0:"), turn("0VER", "PHD1.0 0:"), *STOPPED],
    "infusing": [
        turn("0", "0>"), turn("0VER", "PHD1.0 0>"), turn("0", "0>"), turn("0STP", "0:"), turn("0", "0:"),
    ],
    "with half a command in its buffer": [turn("0", "? 0:"), turn("0VER", "? 0:"), turn("0VER", "PHD1.0 0:"), *STOPPED],
    "interrupted": [turn("0", "0*"), turn("0VER", "PHD1.0 0*"), turn("0", "0*"), turn("0STP", "NA 0*"), turn("0", "0*")],
}  # fmt: skip


@pytest.mark.parametrize("turns", CONNECTING.values(), ids=CONNECTING)
def test_connecting_leaves_a_pump_standing_in_pump_mode_with_its_counter_at_zero(turns: list[Turn]) -> None:
    with pump(*turns, turn("0MODPMP", "0:"), turn("0CLD", "0:"), turn("0", "0:")) as (driver, _):
        assert driver.connect() == Identity("Harvard PHD", firmware="PHD1.0")
        assert driver.poll().alarm == ""


@pytest.mark.parametrize("version", ["33V2.0", "22.900"])
def test_another_pump_with_the_same_framing_is_refused(version: str) -> None:
    with pump(turn("0", "0:"), turn("0VER", f"{version} 0:")) as (driver, _), pytest.raises(ReplyError, match="not the version"):
        driver.connect()


def test_nobody_there_is_a_timeout_before_anything_else_is_said() -> None:
    with pump(turn("0")) as (driver, _), pytest.raises(ReplyTimeout):
        driver.connect()


def test_resuming_asks_only_who_is_there() -> None:
    with pump(turn("0VER", "? 0>"), turn("0VER", "PHD1.0 0>")) as (driver, script):
        script.port.will_say(0.05, says("0>"))
        assert driver.resume() == Identity("Harvard PHD", firmware="PHD1.0")


def test_connecting_again_begins_the_total_anew_and_forgets_a_stall_of_before() -> None:
    stalled = [turn("0", "0*"), turn("0VER", "PHD1.0 0*"), turn("0", "0*"), turn("0STP", "NA 0*"), turn("0", "0*")]
    begun = [turn("0MODPMP", "0*"), turn("0CLD", "0*"), turn("0DEL", "0.0000ml 0*"), turn("0", "0*")]
    with pump(*READY, turn("0RUN", "0>"), turn("0", "0>"), *stalled, *begun) as (driver, _):
        driver.start()
        driver.connect()
        assert driver.infused_ml() == 0.0
        assert driver.poll().alarm == ""


# --- settings ---

Setter = Callable[[Harvard44Pump], float]
SETTINGS: dict[str, tuple[Setter, list[Turn], float]] = {
    "syringe": (lambda driver: driver.set_syringe(14.43), [turn("0DIA14.430", "0:"), turn("0DIA", "14.430mm 0:")], 14.43),
    "syringe, bare": (lambda driver: driver.set_syringe(14.43), [turn("0DIA14.430", "0:"), turn("0DIA", "14.430 0:")], 14.43),
    "rate": (lambda driver: driver.set_rate(1.6), [turn("0RAT1.6000MH", "0:"), turn("0RAT", "1.6000ml/hr 0:")], 1.6),
    "rate in uL/h": (
        lambda driver: driver.set_rate(0.012345), [turn("0RAT12.345UH", "0:"), turn("0RAT", "12.345ul/hr 0:")], 0.012345,
    ),
    "rate in mL/min": (lambda driver: driver.set_rate(6e5), [turn("0RAT10000MM", "0:"), turn("0RAT", "10000.ml/mn 0:")], 6e5),
    "no target": (lambda driver: driver.set_target(0), [turn("0MODPMP", "0:"), turn("0MOD", "PUMP 0:")], 0.0),
    "target": (
        lambda driver: driver.set_target(1.0),
        [turn("0MODVOL", "0:"), turn("0MOD", "VOLUME 0:"), turn("0TGT1.0000", "0:"), turn("0TGT", "1.0000ml 0:")],
        1.0,
    ),
    "target, by the other word": (
        lambda driver: driver.set_target(1.0),
        [
            turn("0MODVOL", "? 0:"), turn("0MODVLM", "0:"), turn("0MOD", "VOLUME 0:"),
            turn("0TGT1.0000", "0:"), turn("0TGT", "1.0000 0:"),
        ],
        1.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("apply", "turns", "taken"), SETTINGS.values(), ids=SETTINGS)
def test_a_setter_returns_what_the_pump_took(apply: Setter, turns: list[Turn], taken: float) -> None:
    with pump(*turns) as (driver, _):
        assert apply(driver) == pytest.approx(taken, rel=1e-12)


OTHER_VALUES = [
    ("syringe", "14.431mm"), ("rate", "1.6001ml/hr"), ("rate", "1.6000ul/hr"), ("rate", "1.6000ml/mn"), ("target", "1.0001ml"),
    ("target", "0.9999"),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "answer"), OTHER_VALUES)
def test_a_value_that_the_pump_did_not_take_is_an_error(setting: str, answer: str) -> None:
    apply, turns, _ = SETTINGS[setting]
    with pump(*turns[:-1], (turns[-1][0], [says(f"{answer} 0:")])) as (driver, _), pytest.raises(SettingDiffers):
        apply(driver)


@pytest.mark.parametrize("answer", ["1.600ml/hr", "1.6000", "nan000ml/hr", "PUMP"])
def test_a_value_that_cannot_be_read_is_an_error_with_its_bytes(answer: str) -> None:
    with pump(turn("0RAT1.6000MH", "0:"), turn("0RAT", f"{answer} 0:")) as (driver, _), pytest.raises(ReplyError) as caught:
        driver.set_rate(1.6)
    assert caught.value.raw == says(f"{answer} 0:")


@pytest.mark.parametrize(("volume_ml", "mode"), [(0.0, "PMP"), (1.0, "VOL")])
def test_a_mode_that_the_pump_did_not_take_is_an_error(volume_ml: float, mode: str) -> None:
    with pump(turn(f"0MOD{mode}", "0:"), turn("0MOD", "PRGRAM 0:")) as (driver, _), pytest.raises(SettingDiffers):
        driver.set_target(volume_ml)


def test_a_difference_of_less_than_half_a_step_is_what_six_characters_can_do() -> None:
    with pump(turn("0DIA14.430", "0:"), turn("0DIA", "14.430mm 0:")) as (driver, _):
        assert driver.set_syringe(14.4304) == pytest.approx(14.43)


@pytest.mark.parametrize("answer", ["14.431mm", "14.429mm"])
def test_a_difference_of_more_than_half_a_step_is_an_error(answer: str) -> None:
    with pump(turn("0DIA14.430", "0:"), turn("0DIA", f"{answer} 0:")) as (driver, _), pytest.raises(SettingDiffers):
        driver.set_syringe(14.4304)


@pytest.mark.parametrize("code", ["?", "NA", "OOR"])
def test_a_refusal_carries_the_code_of_the_pump(code: str) -> None:
    with pump(turn("0DIA60.000", f"{code} 0:")) as (driver, _), pytest.raises(Refused) as caught:
        driver.set_syringe(60.0)
    assert caught.value.code == code


@pytest.mark.parametrize("value", [-1.0, 1e9, float("nan"), float("inf")])
@pytest.mark.parametrize("setter", [Harvard44Pump.set_rate, Harvard44Pump.set_syringe], ids=["rate", "syringe"])
def test_a_value_that_does_not_fit_is_refused_before_anything_is_sent(
    setter: Callable[[Harvard44Pump, float], float], value: float
) -> None:
    with pump() as (driver, _), pytest.raises(Refused):
        setter(driver, value)


def test_there_is_no_watchdog() -> None:
    with pump() as (driver, _), pytest.raises(Refused) as caught:
        driver.arm_watchdog(30)
    assert caught.value.code == ""


# --- running and stopping ---

READY = [turn("0DEL", "0.2500ml 0:"), turn("0CLD", "0:"), turn("0DIRINF", "0:")]
STARTING: dict[str, list[Turn]] = {
    "at once": [turn("0RUN", "0>"), turn("0", "0>")],
    "with the prompt of before": [turn("0RUN", "0:"), turn("0", "0:"), turn("0", "0>")],
    "with a reply that is late": [turn("0RUN", (1.05, says("0>"))), turn("0", "0>")],
    "with a reply that is lost": [turn("0RUN"), turn("0", "0>")],
}


@pytest.mark.parametrize("turns", STARTING.values(), ids=STARTING)
def test_start_sends_run_once_and_returns_when_the_pump_says_that_it_infuses(turns: list[Turn]) -> None:
    with pump(*READY, *turns, turn("0DEL", "0.1000ml 0>")) as (driver, _):
        driver.start()
        assert driver.infused_ml() == pytest.approx(0.35)


@pytest.mark.parametrize("prompt", [":", "<", "*", "^", "/"])
def test_a_pump_that_does_not_infuse_is_an_error(prompt: str) -> None:
    looks = [turn("0", f"0{prompt}")] * 5
    with pump(*READY, turn("0RUN", "0>"), *looks) as (driver, _), pytest.raises(Refused) as caught:
        driver.start()
    assert caught.value.code == prompt


@pytest.mark.parametrize("code", ["NA", "OOR", "?"])
def test_a_refused_run_is_an_error(code: str) -> None:
    with pump(*READY, turn("0RUN", f"{code} 0:")) as (driver, _), pytest.raises(Refused) as caught:
        driver.start()
    assert caught.value.code == code


STOPPING: dict[str, list[Turn]] = {
    "running": [turn("0", "0>"), turn("0STP", "0:"), turn("0", "0:")],
    "refilling": [turn("0", "0<"), turn("0STP", "0:"), turn("0", "0:")],
    "stopped": STOPPED,
    "at the second try": [turn("0", "0>"), turn("0STP", "0>"), turn("0", "0>"), turn("0STP", "0:"), turn("0", "0:")],
    "interrupted by it": [turn("0", "0>"), turn("0STP", "0*"), turn("0", "0*")],
    "silent at first": [turn("0"), turn("0STP"), turn("0", "0>"), turn("0STP", "0:"), turn("0", "0:")],
}


@pytest.mark.parametrize("turns", STOPPING.values(), ids=STOPPING)
def test_stop_goes_on_until_the_pump_itself_says_that_it_stands(turns: list[Turn]) -> None:
    with pump(*turns) as (driver, _):
        driver.stop()


@pytest.mark.parametrize("prompt", [">", "<", "/", "^", None])
def test_a_pump_that_does_not_stop_or_say_so_is_a_matter_of_safety(prompt: str | None) -> None:
    answers = [f"0{prompt}"] if prompt else []
    tries = [turn("0STP", "0:"), turn("0", *answers)] * 4
    with pump(turn("0", *answers), *tries) as (driver, _), pytest.raises(SafetyError):
        driver.stop()


STATUSES = [
    ("0:", False, "stopped"), ("0>", True, "infusing"), ("0<", True, "refilling"), ("0/", True, "in a pause interval"),
    ("0^", True, "waiting for a trigger"), ("0*", False, "interrupted"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "running", "word"), STATUSES)
def test_the_status_is_told_with_its_moment(answer: str, running: bool, word: str) -> None:
    with pump(turn("0", (0.03, says(answer)))) as (driver, _):
        status = driver.poll()
    assert (status.running, status.word, status.alarm, status.kind, status.stamp_us) == (running, word, "", "", 30_000)


# --- the stall ---

STARTED = [*READY, turn("0RUN", "0>"), turn("0", "0>")]


def test_an_interruption_that_nobody_asked_for_is_a_stall_and_told_once() -> None:
    with pump(*STARTED, turn("0", "0*"), turn("0", "0*")) as (driver, _):
        driver.start()
        first, second = driver.poll(), driver.poll()
    assert (first.running, first.alarm, first.kind) == (False, "*", "stall")
    assert (second.running, second.alarm, second.kind) == (False, "", "")


def test_a_stall_that_stop_meets_is_told_by_the_next_poll_with_its_moment() -> None:
    with pump(*STARTED, turn("0", (0.03, says("0*"))), turn("0STP", "0:"), turn("0", "0:"), turn("0", "0:")) as (driver, script):
        driver.start()
        met_us = round((script.clock.now_s() + 0.03) * 1e6)
        driver.stop()
        status = driver.poll()
    assert (status.alarm, status.kind, status.stamp_us) == ("*", "stall", met_us)


def test_the_interruption_by_a_stop_is_no_alarm() -> None:
    with pump(*STARTED, *STOPPING["interrupted by it"], turn("0", "0*")) as (driver, _):
        driver.start()
        driver.stop()
        assert driver.poll().alarm == ""


# --- whose answer it is ---


def test_a_late_answer_is_never_taken_for_the_next() -> None:
    with pump(turn("0DEL", (1.05, says("0.5000ml 0>"))), turn("0DEL", "0.7000ml 0>")) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.infused_ml()
        assert driver.infused_ml() == pytest.approx(0.7)


@pytest.mark.parametrize("stray", [b"\n1>", b"\n12>", b"noise\xff", b"\n00>", says("0.5000ml 0>")], ids=repr)
def test_what_another_pump_says_noise_and_stale_lines_are_passed_over(stray: bytes) -> None:
    with pump(turn("0", (0.001, stray), "0:")) as (driver, _):
        assert driver.poll().word == "stopped"


@pytest.mark.parametrize("half", [b"\n", b"\n0", b"\n  0.5000ml\r", b"\n  0.5000ml\r\n0", b"\n0:"], ids=repr)
def test_half_a_reply_is_no_answer_and_does_not_spoil_the_next(half: bytes) -> None:
    with pump(turn("0DEL", half), turn("0DEL", "0.7000ml 0>")) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.infused_ml()
        assert driver.infused_ml() == pytest.approx(0.7)


def test_a_pump_is_spoken_to_at_its_address() -> None:
    with pump(turn("12", (0.001, says("0>")), "12:"), address=12) as (driver, _):
        assert driver.poll().word == "stopped"


# --- what it says of itself ---


def test_the_driver_makes_a_pump_with_its_options() -> None:
    with scripted(DRIVER.framer, turn("7", "7>")) as script:
        assert DRIVER.make(script.link, Harvard44Options(unit=7)).poll().running
    assert set(CAPABILITIES) >= DRIVER.can


PROBED = {b"\n0:": True, b"\n0>": True, b"\n00:": False, b"\n:": False, b"\n  ?\r\n0:": False, b"\x0200S\x03": False, b"": False}


@pytest.mark.parametrize(("answer", "known"), PROBED.items(), ids=map(repr, PROBED))
def test_the_probe_knows_its_family_by_the_prompt(answer: bytes, known: bool) -> None:
    assert DRIVER.probe is not None
    assert (DRIVER.probe.request, DRIVER.probe.identify(answer) is not None) == (b"0\r", known)


# --- on the simulated pump ---

KINDS: dict[str, PumpData] = {
    "as in the manual": PumpData(),
    "interrupted by a stop": PumpData(interrupted_by_stop=True),
    "one word for volume mode": PumpData(volume_modes=("VLM",)),
    "plain numbers": PumpData(plain_numbers=True),
    "target of each run": PumpData(each_run_anew=True),
    "late reply to RUN": PumpData(late_run_s=1.2),
}


@pytest.mark.parametrize("data", KINDS.values(), ids=KINDS)
def test_two_doses_and_an_empty_syringe_on_any_kind_of_pump(data: PumpData) -> None:
    device = SimulatedPump(data, a_drive(travel_ml=2.5))
    with line_to(device, DRIVER.framer) as link:
        driver, clock = Harvard44Pump(link), link._clock
        driver.connect()
        assert driver.set_syringe(14.5) == 14.5
        assert driver.set_rate(90.0) == pytest.approx(90.0)
        assert driver.set_target(1.0) == 1.0
        for total_ml in (1.0, 2.0):
            driver.start()
            assert driver.poll().running
            clock.sleep_until(clock.now_s() + 45.0)
            assert (driver.poll().word, driver.poll().alarm) == ("stopped", "")
            driver.stop()
            assert driver.infused_ml() == pytest.approx(total_ml, abs=1e-4)
        driver.set_target(0)
        driver.start()
        clock.sleep_until(clock.now_s() + 30.0)
        assert [driver.poll().kind, driver.poll().kind] == ["stall", ""]
        driver.stop()
        assert driver.poll().kind == ""
        assert driver.infused_ml() == pytest.approx(2.55, abs=1e-4)
