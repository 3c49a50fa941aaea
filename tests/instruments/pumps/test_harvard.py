"""The driver of Ultra pumps, turn by turn: what it asks, what it makes of each answer, and what it never believes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from instruments.driver import CAPABILITIES
from instruments.errors import Refused, ReplyError, ReplyTimeout, SafetyError, SettingDiffers
from instruments.identity import Identity
from instruments.pumps.harvard import DRIVER, HarvardOptions, HarvardPump
from instruments.sim.harvard import HarvardChain
from instruments.sim.harvard_models import PumpData
from instruments.wire import harvard as wire
from instruments.wire.harvard import Reply
from tests.instruments.script import Answer, Scripted, Turn, scripted
from tests.instruments.sim.answers import a_drive
from tests.instruments.simulated_line import line_to


def says(text: str, address: int | None = 0) -> bytes:
    """``"500 ul/min|:"``: lines, if any, and the prompt, as a pump with ``poll on`` says them."""
    *lines, prompt = text.split("|")
    return wire.encode_reply(Reply(prompt, tuple(lines), address), poll="on")


def turn(asked: str, *answers: str | Answer) -> Turn:
    """The whole command, and its answers; texts are answers of pump 0."""
    return f"{asked}\r".encode(), [says(answer) if isinstance(answer, str) else answer for answer in answers]


POLLED = turn("00poll on", ":")


@contextmanager
def pump(*turns: Turn, address: int = 0, polled: bool = True) -> Iterator[tuple[HarvardPump, Scripted]]:
    """A driver whose whole conversation is ``turns``, behind ``poll on`` unless the turns begin with that."""
    before = [(f"{address:02d}poll on\r".encode(), [says(":", address)])] if polled else []
    with scripted(wire.reply_ends, *before, *turns) as script:
        yield HarvardPump(script.link, address=address), script


def status(flags: str, prompt: str) -> str:
    return f"0 0 0 {flags}|{prompt}"


IDLE, RUNS = status("i..TI.", ":"), status("I..TI.", ">")
STALLED, DONE = status("i.STI.", "*"), status("i..TIT", "T*")

# --- connecting ---

ELITE = "Firmware:      v3.0.4|Pump address:  0|Serial number: D101754"
WHO = Identity("11 ELITE I/W Single 3.0.4", "D101754", "v3.0.4")
ASKED = [turn("00ver", "11 ELITE I/W Single 3.0.4|:"), turn("00version", f"{ELITE}|:")]
STOPPED = [turn("00status", IDLE), turn("00stp", ":"), turn("00status", IDLE)]
CLEARED = [turn(f"00{word}", ":") for word in ("ctvolume", "cttime", "cvolume", "ctime")]
CONNECTING: dict[str, list[Turn]] = {
    "standing": [POLLED, *ASKED, *STOPPED],
    "infusing": [
        turn("00poll on", ">"), turn("00ver", "11 ELITE I/W Single 3.0.4|>"), turn("00version", f"{ELITE}|>"),
        turn("00status", RUNS), turn("00stp", ":"), turn("00status", IDLE),
    ],
    "stalled": [POLLED, *ASKED, turn("00status", STALLED), turn("00stp", ":"), turn("00status", IDLE)],
    "at its target, which it has said": [turn("00poll on", b"\r\nT*" + says("T*")), *ASKED, *STOPPED],
    "with the screen touched": [turn("00poll on"), turn("00ver", b"\n00:x\r\n00:"), POLLED, *ASKED, *STOPPED],
    "with half a command in its buffer": [
        turn("00poll on", b"\n00:Command error:\r\n00:   Unknown command\r\n00:"), turn("00ver", b"\n00:x\r\n00:"),
        POLLED, *ASKED, *STOPPED,
    ],
    "without addresses in its replies": [
        turn("00poll on", says(":", None)), turn("00ver", says("11 ELITE I/W Single 3.0.4|:", None)),
        turn("00version", says(f"{ELITE}|:", None)), turn("00status", says(IDLE, None)), turn("00stp", says(":", None)),
        turn("00status", says(IDLE, None)),
    ],
    "with echo": [turn("00poll on", b"00poll on\r" + says(":")), *ASKED, *STOPPED],
}  # fmt: skip


@pytest.mark.parametrize("turns", CONNECTING.values(), ids=CONNECTING)
def test_connecting_leaves_a_pump_standing_without_targets_and_with_its_totals_at_zero(turns: list[Turn]) -> None:
    with pump(*turns, *CLEARED, turn("00ivolume", "0 ul|:"), turn("00status", IDLE), polled=False) as (driver, _):
        assert driver.connect() == WHO
        assert driver.infused_ml() == 0.0
        assert driver.poll().alarm == ""


def test_old_firmware_tells_no_serial_number() -> None:
    told = turn("00version", "Firmware:      v1.0|Pump address:  0|:")
    with pump(turn("00ver", "11 ELITE 1.0|:"), told, *STOPPED, *CLEARED) as (driver, _):
        assert driver.connect() == Identity("11 ELITE 1.0", "", "v1.0")


def test_another_pump_that_understands_is_refused() -> None:
    with pump(turn("00ver", "PHD2000|:"), turn("00version", "V1.0|:")) as (driver, _), pytest.raises(ReplyError, match="version"):
        driver.connect()


def test_nobody_there_is_a_timeout_before_anything_is_set() -> None:
    asked = [turn("00poll on"), turn("00ver")]
    with pump(*asked, *asked, polled=False) as (driver, _), pytest.raises(ReplyTimeout):
        driver.connect()


def test_resuming_asks_only_who_is_there() -> None:
    with pump(turn("00status", RUNS), POLLED, *ASKED) as (driver, script):
        driver.poll()
        script.port.will_say(0.05, b"\n00>")
        assert driver.resume() == WHO


# --- settings ---

Setter = Callable[[HarvardPump], float]
SETTINGS: dict[str, tuple[Setter, list[Turn], float]] = {
    "syringe": (
        lambda driver: driver.set_syringe(14.43), [turn("00diameter 14.43", ":"), turn("00diameter", "14.4300 mm|:")], 14.43,
    ),
    "rate": (lambda driver: driver.set_rate(1.6), [turn("00irate 1.6 ml/hr", ":"), turn("00irate", "1.6 ml/hr|:")], 1.6),
    "rate in ul": (
        lambda driver: driver.set_rate(0.0123456), [turn("00irate 12.3456 ul/hr", ":"), turn("00irate", "12.3456 ul/hr|:")],
        0.0123456,
    ),
    "rate in nl": (lambda driver: driver.set_rate(2e-6), [turn("00irate 2 nl/hr", ":"), turn("00irate", "2 nl/hr|:")], 2e-6),
    "rate in pl": (lambda driver: driver.set_rate(5e-10), [turn("00irate 0.5 pl/hr", ":"), turn("00irate", ".5 pl/hr|:")], 5e-10),
    "rate, told in another unit": (
        lambda driver: driver.set_rate(60.0), [turn("00irate 60 ml/hr", ":"), turn("00irate", "1 ml/min|:")], 60.0,
    ),
    "fast rate": (
        lambda driver: driver.set_rate(6365.1), [turn("00irate 6365.1 ml/hr", ":"), turn("00irate", "6365.1 ml/hr|:")], 6365.1,
    ),
    "target": (lambda driver: driver.set_target(1.0), [turn("00tvolume 1 ml", ":"), turn("00tvolume", "1 ml|:")], 1.0),
    "small target": (
        lambda driver: driver.set_target(0.19949), [turn("00tvolume 199.49 ul", ":"), turn("00tvolume", "199.49 ul|:")], 0.19949,
    ),
    "no target": (
        lambda driver: driver.set_target(0), [turn("00ctvolume", ":"), turn("00tvolume", "Target volume not set|:")], 0.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("apply", "turns", "taken"), SETTINGS.values(), ids=SETTINGS)
def test_a_setter_returns_what_the_pump_took(apply: Setter, turns: list[Turn], taken: float) -> None:
    with pump(*turns) as (driver, _):
        assert apply(driver) == pytest.approx(taken, rel=1e-12)


OTHER_VALUES = [
    ("syringe", "14.4301 mm"), ("rate", "1.60001 ml/hr"), ("rate", "1.59999 ml/hr"), ("rate", "1.6 ul/hr"),
    ("rate", "1.6 ml/min"), ("target", "1.00001 ml"), ("target", "1 ul"), ("no target", "1 ml"),
    ("no target", "Target time not set"),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "answer"), OTHER_VALUES)
def test_a_value_that_the_pump_did_not_take_is_an_error(setting: str, answer: str) -> None:
    apply, turns, _ = SETTINGS[setting]
    with pump(*turns[:-1], (turns[-1][0], [says(f"{answer}|:")])) as (driver, _), pytest.raises(SettingDiffers):
        apply(driver)


UNREADABLE = ["1.6", "1.6 ml", "nan ml/hr", "-1.6 ml/hr", "1.6 ml/hr ", "1,6 ml/hr", "1.6 ml/hr|1.6 ml/hr", "Ramp not set up."]


@pytest.mark.parametrize("answer", UNREADABLE)
def test_a_value_that_cannot_be_read_is_an_error_with_its_bytes(answer: str) -> None:
    with pump(turn("00irate 1.6 ml/hr", ":"), turn("00irate", f"{answer}|:")) as (driver, _), pytest.raises(ReplyError) as caught:
        driver.set_rate(1.6)
    assert caught.value.raw == says(f"{answer}|:")


@pytest.mark.parametrize(("asked_ml_h", "taken"), [(1.234564, "1.23456"), (1.234566, "1.23457")])
def test_a_difference_of_less_than_half_a_place_is_what_six_digits_can_do(asked_ml_h: float, taken: str) -> None:
    with pump(turn(f"00irate {taken} ml/hr", ":"), turn("00irate", f"{taken} ml/hr|:")) as (driver, _):
        assert driver.set_rate(asked_ml_h) == pytest.approx(float(taken))


REFUSALS = [
    ("Argument error: 60", "Out of range"), ("Command error:", "Not in Quick Start mode"),
    ("Range error: 60", "out of range of 0.1 to 33."),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text"), REFUSALS)
def test_a_refusal_carries_the_words_of_the_pump(code: str, text: str) -> None:
    with pump(turn("00diameter 60", f"{code}|   {text}|:")) as (driver, _), pytest.raises(Refused, match=text) as caught:
        driver.set_syringe(60.0)
    assert caught.value.code == code


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["set_rate", "set_syringe", "set_target"])
def test_what_is_no_amount_is_refused_before_anything_is_sent(name: str, value: float) -> None:
    with pump(polled=False) as (driver, _), pytest.raises(Refused):
        getattr(driver, name)(value)


def test_there_is_no_watchdog() -> None:
    with pump(polled=False) as (driver, _), pytest.raises(Refused) as caught:
        driver.arm_watchdog(30)
    assert caught.value.code == ""


# --- running and stopping ---

READY = [turn("00ivolume", "250 ul|:"), turn("00civolume", ":")]
STARTING: dict[str, list[Turn]] = {
    "at once": [turn("00irun", ">"), turn("00status", RUNS)],
    "with the prompt of before": [turn("00irun", ":"), turn("00status", IDLE), turn("00status", RUNS)],
    "with a reply that is late": [turn("00irun", (1.05, says(">"))), turn("00poll on", ">"), turn("00status", RUNS)],
    "with a reply that is lost": [turn("00irun"), turn("00poll on", ">"), turn("00status", RUNS)],
    "for a dose that is done already": [turn("00irun", ">"), turn("00status", DONE)],
}


@pytest.mark.parametrize("turns", STARTING.values(), ids=STARTING)
def test_start_sends_one_run_and_returns_when_the_pump_says_that_it_infuses(turns: list[Turn]) -> None:
    with pump(*READY, *turns, turn("00ivolume", "100 ul|>")) as (driver, _):
        driver.start()
        assert driver.infused_ml() == pytest.approx(0.35)


@pytest.mark.parametrize(("shown", "code"), [(IDLE, ":"), (status("W..TI.", "<"), "<"), (STALLED, "*")])
def test_a_pump_that_does_not_infuse_is_an_error(shown: str, code: str) -> None:
    with pump(*READY, turn("00irun", ">"), *[turn("00status", shown)] * 5) as (driver, _), pytest.raises(Refused) as caught:
        driver.start()
    assert caught.value.code == code


def test_a_refused_run_is_an_error() -> None:
    refused = turn("00irun", "Command error:|   Infuse limit switch is active|>*")
    with pump(*READY, refused) as (driver, _), pytest.raises(Refused, match="limit switch"):
        driver.start()


STOPPING: dict[str, list[Turn]] = {
    "running": [turn("00status", RUNS), turn("00stp", ":"), turn("00status", IDLE)],
    "withdrawing": [turn("00status", status("W..TI.", "<")), turn("00stp", ":"), turn("00status", IDLE)],
    "standing": STOPPED,
    "at the second try": [
        turn("00status", RUNS), turn("00stp", ">"), turn("00status", RUNS), turn("00stp", ":"), turn("00status", IDLE),
    ],
    "with the motor running behind an idle prompt": [
        turn("00status", RUNS), turn("00stp", ":"), turn("00status", status("I..TI.", ":")), turn("00stp", ":"),
        turn("00status", IDLE),
    ],
    "with a prompt that runs behind an idle motor": [
        turn("00status", RUNS), turn("00stp", ":"), turn("00status", status("i..TI.", ">")), turn("00stp", ":"),
        turn("00status", IDLE),
    ],
    "silent at first": [
        turn("00status"), turn("00poll on"), turn("00stp"), turn("00poll on", ">"), turn("00status", RUNS), turn("00stp", ":"),
        turn("00status", IDLE),
    ],
    "after its power was switched off": [
        turn("00status", b"\n00:0 0 0 i..TI.\r\n00:"), POLLED, turn("00stp", ":"), turn("00status", IDLE),
    ],
    "with a status that cannot be read": [
        turn("00status", "0 0 0|:"), turn("00stp", ":"), turn("00status", "0 0 x i..TI.|:"), turn("00stp", ":"),
        turn("00status", IDLE),
    ],
    "with a refusal": [
        turn("00status", RUNS), turn("00stp", "Command error:|   Not now|>"), turn("00status", RUNS), turn("00stp", ":"),
        turn("00status", IDLE),
    ],
    "at its target": [turn("00status", DONE), turn("00stp", "T*"), turn("00status", DONE)],
}  # fmt: skip


@pytest.mark.parametrize("turns", STOPPING.values(), ids=STOPPING)
def test_stop_goes_on_until_the_pump_itself_says_that_it_stands(turns: list[Turn]) -> None:
    with pump(*turns) as (driver, _):
        driver.stop()


MOVING = [RUNS, status("W..TI.", "<"), status("I..TI.", ":"), status("i..TI.", ">"), "0 0 0|:", "Command error:|   Not now|:"]


@pytest.mark.parametrize("shown", MOVING)
def test_a_pump_that_does_not_stop_or_say_so_is_a_matter_of_safety(shown: str) -> None:
    tries = [turn("00stp", ":"), turn("00status", shown)] * 4
    with pump(turn("00status", shown), *tries) as (driver, _), pytest.raises(SafetyError):
        driver.stop()


def test_a_silent_pump_is_sent_the_stop_at_every_try() -> None:
    tries = [turn("00poll on"), turn("00stp"), turn("00poll on"), turn("00status")] * 4
    with pump(turn("00poll on"), turn("00status"), *tries, polled=False) as (driver, _), pytest.raises(SafetyError):
        driver.stop()


STATUSES = [
    (IDLE, False, "idle"), (RUNS, True, "infusing"), (status("W..TW.", "<"), True, "withdrawing"),
    (DONE, False, "target reached"), (status("I..TI.", ":"), True, "idle"),
    ("8333333333 1235 10291666667 I..TI|>", True, "infusing"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "runs", "word"), STATUSES)
def test_the_status_is_told_with_its_moment(answer: str, runs: bool, word: str) -> None:
    with pump(turn("00status", (0.03, says(answer)))) as (driver, script):
        told = driver.poll()
    assert (told.running, told.word, told.alarm, told.kind) == (runs, word, "", "")
    assert told.stamp_us == round(script.clock.now_s() * 1e6)


# --- the stall ---

ALARMS = [
    (STALLED, "*", "stalled"), (status("i.STI.", ":"), "*", "stalled"), (status("i..TI.", "*"), "*", "stalled"),
    (status("iI.TI.", ">*"), ">*", "infuse limit switch hit"),
]  # fmt: skip


@pytest.mark.parametrize(("shown", "alarm", "word"), ALARMS)
def test_a_stall_is_told_once_while_it_lasts(shown: str, alarm: str, word: str) -> None:
    with pump(*[turn("00status", answer) for answer in (shown, shown, IDLE, shown)]) as (driver, _):
        told = [driver.poll() for _ in range(4)]
    assert [one.alarm for one in told] == [alarm, "", "", alarm]
    assert (told[0].running, told[0].word, told[0].kind, told[2].kind) == (False, word, "stall", "")


def test_a_stall_that_stop_meets_is_told_by_the_next_poll_with_its_moment() -> None:
    turns = [turn("00status", (0.03, says(STALLED))), turn("00stp", ":"), turn("00status", IDLE), *[turn("00status", IDLE)] * 2]
    with pump(turn("00status", RUNS), *turns) as (driver, script):
        driver.poll()
        met_us = round((script.clock.now_s() + 0.03) * 1e6)
        driver.stop()
        told, later = driver.poll(), driver.poll()
    assert (told.running, told.alarm, told.kind, told.stamp_us) == (False, "*", "stall", met_us)
    assert later.alarm == ""


def test_connecting_forgets_a_stall_of_before() -> None:
    stalled = [turn("00status", STALLED), turn("00stp", ":"), turn("00status", IDLE)]
    with pump(*ASKED, *stalled, *CLEARED, turn("00status", IDLE)) as (driver, _):
        driver.connect()
        assert driver.poll().alarm == ""


# --- whose answer it is ---


def test_a_late_answer_is_never_taken_for_the_next() -> None:
    turns = [turn("00ivolume", (1.05, says("500 ul|>"))), turn("00poll on", ">"), turn("00ivolume", "700 ul|>")]
    with pump(*turns) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.infused_ml()
        assert driver.infused_ml() == pytest.approx(0.7)


STRAYS = [
    says(IDLE, 1), says(IDLE, 12), b"noise\xff\x11", says(":"), says(">"), b"\r\nT*", b"\n00:", b"\n00:0 0 0 I..TI.\r\n00>",
    b"\x11\x11", b"00status\r",
]  # fmt: skip


@pytest.mark.parametrize("stray", STRAYS, ids=repr)
def test_what_others_say_noise_and_stale_replies_are_passed_over(stray: bytes) -> None:
    with pump(turn("00status", (0.001, stray), IDLE)) as (driver, _):
        assert driver.poll().word == "idle"


@pytest.mark.parametrize("stray", [says("1 ml|>"), b"\n00:", says(":", 7)], ids=repr)
def test_a_setting_is_confirmed_by_nothing_but_its_own_prompt(stray: bytes) -> None:
    with pump(turn("00irate 1.6 ml/hr", (0.001, stray)), polled=True) as (driver, _), pytest.raises(ReplyTimeout):
        driver.set_rate(1.6)


HALVES = [b"\n", b"\n00", b"\n00:", b"\n00:500 ul\r", b"\n00:500 ul\r\n", b"\n00:500 ul\r\n00>"]


@pytest.mark.parametrize("half", HALVES, ids=repr)
def test_half_a_reply_is_no_answer_and_does_not_spoil_the_next(half: bytes) -> None:
    with pump(turn("00ivolume", half), turn("00poll on", ">"), turn("00ivolume", "700 ul|>")) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.infused_ml()
        assert driver.infused_ml() == pytest.approx(0.7)


def test_a_pump_is_spoken_to_at_its_address() -> None:
    strays = [(0.001, says(RUNS, None)), (0.002, says(RUNS, 0))]
    with pump((b"12status\r", [*strays, says(IDLE, 12)]), address=12) as (driver, _):
        assert driver.poll().word == "idle"


# --- what it says of itself ---


def test_the_driver_makes_a_pump_with_its_options() -> None:
    asked: list[Turn] = [(b"07poll on\r", [says(":", 7)]), (b"07status\r", [says(RUNS, 7)])]
    with scripted(DRIVER.framer, *asked) as script:
        assert DRIVER.make(script.link, HarvardOptions(unit=7)).poll().running
    assert set(CAPABILITIES) >= DRIVER.can


PROBED = {
    b"\n00:": True, b"\n00>": True, b"\n00T*": True, b"\n00:\x11": True, b"0\r\n00:": True, b"\n0:": False, b"\n:": False,
    b"\r\n00:": False, b"\n12:": False, b"\n00:x\r\n00:": False, b"\x0200S\x03": False, b"ES\r\n": False, b"": False,
}  # fmt: skip


@pytest.mark.parametrize(("answer", "known"), PROBED.items(), ids=map(repr, PROBED))
def test_the_probe_knows_its_family_by_the_prompt(answer: bytes, known: bool) -> None:
    assert DRIVER.probe is not None
    assert (DRIVER.probe.request, DRIVER.probe.identify(answer) is not None) == (b"0\r", known)


# --- on the simulated pump ---

KINDS: dict[str, dict[str, Any]] = {
    "Pump 11 Elite": {},
    "PHD ULTRA": {"model": "phd-ultra"},
    "Legato 100": {"model": "legato-100"},
    "infuse only": {"model": "pump-11-elite-infuse"},
    "late prompt": {"late_prompt": True},
    "colon before the target": {"colon_target": True},
    "old firmware": {"texts": "old", "status_time": "cycles"},
    "bare fractions": {"bare_fractions": True},
    "stall until the display is pressed": {"stop_clears_stall": False},
    "a slow line": {"baudrate": 9600},
    "touched before": {"touched": True},
}


def on_a_line(data: PumpData, *commands: bytes) -> HarvardChain:
    device = HarvardChain(data, [a_drive(travel_ml=2.5) for _ in data.addresses])
    for command in commands:
        device.obey(command)
    return device


@pytest.mark.parametrize("data", KINDS.values(), ids=KINDS)
def test_two_doses_and_an_empty_syringe_on_any_kind_of_pump(data: dict[str, Any]) -> None:
    with line_to(on_a_line(PumpData(**data)), DRIVER.framer) as link:
        driver, clock = HarvardPump(link), link._clock
        assert driver.connect().serial == ("" if data.get("texts") == "old" else "D101754")
        assert driver.set_syringe(14.5) == 14.5
        assert driver.set_rate(90.0) == pytest.approx(90.0)
        assert driver.set_target(1.0) == 1.0
        for total_ml in (1.0, 2.0):
            driver.start()
            assert driver.poll().running
            clock.sleep_until(clock.now_s() + 45.0)
            assert (driver.poll().word, driver.poll().alarm) == ("target reached", "")
            driver.stop()
            assert driver.infused_ml() == pytest.approx(total_ml, abs=1e-6)
        assert driver.set_target(0) == 0.0
        driver.start()
        clock.sleep_until(clock.now_s() + 30.0)
        assert [driver.poll().kind, driver.poll().kind] == ["stall", ""]
        driver.stop()
        assert driver.poll().kind == ""
        assert driver.infused_ml() == pytest.approx(2.55, abs=1e-6)


BEFORE = [[b"00poll remote\r"], [b"00echo on\r"], [b"00irun\r"], [b"00iramp 1 u/m 2 u/m 5\r", b"00irun\r"], [b"00ttime 9\r"]]


@pytest.mark.parametrize("commands", BEFORE, ids=repr)
def test_connecting_works_whatever_the_pump_was_told_before(commands: list[bytes]) -> None:
    device = on_a_line(PumpData(addresses=(12, 3)), *[command.replace(b"00", b"12") for command in commands])
    with line_to(device, DRIVER.framer) as link:
        driver, clock = HarvardPump(link, address=12), link._clock
        assert driver.connect() == WHO
        driver.set_rate(60.0)
        driver.start()
        clock.sleep_until(clock.now_s() + 60.0)
        assert driver.poll().running
        assert driver.infused_ml() == pytest.approx(1.0, rel=1e-3)
        driver.stop()


def test_a_pump_in_a_stored_method_says_why_it_does_not_obey() -> None:
    with line_to(on_a_line(PumpData(in_method=True)), DRIVER.framer) as link, pytest.raises(Refused, match="Quick Start"):
        HarvardPump(link).connect()


def test_the_question_of_the_probe_finds_the_simulated_pump_and_moves_nothing() -> None:
    device = on_a_line(PumpData(), b"irun\r")
    device.receive(b"0\r")
    device.advance_to(1.0)
    assert DRIVER.probe is not None
    assert DRIVER.probe.identify(device.take().data.removeprefix(b"\n>")) is not None
    assert device.pumps[0].motion.running
