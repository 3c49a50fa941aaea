"""The Chemyx driver: turn by turn on a script, and on the simulated pump in each of the ways that sources tell of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from instruments.driver import CAPABILITIES
from instruments.errors import Refused, ReplyError, ReplyTimeout, SafetyError, SettingDiffers
from instruments.identity import Identity
from instruments.pumps.chemyx import DRIVER, ChemyxOptions, ChemyxPump
from instruments.sim.chemyx import ChemyxPump as SimulatedPump
from instruments.sim.chemyx import PumpData
from instruments.wire import chemyx as wire
from tests.instruments.script import Answer, Scripted, Turn, scripted
from tests.instruments.sim.answers import a_drive
from tests.instruments.simulated_line import line_to


def turn(asked: str, *answers: str | Answer) -> Turn:
    """What is asked, and the line that answers it behind its echo; bytes stand for themselves."""
    return f"{asked}\r".encode(), [echoed(asked, line) if isinstance(line, str) else line for line in answers]


def echoed(asked: str, line: str) -> bytes:
    return f"{asked}\r{line}\r\n>".encode()


def status(*digits: str) -> list[Turn]:
    return [turn("pump status", digit) for digit in digits]


@contextmanager
def pump(*turns: Turn, channel: int = 0) -> Iterator[tuple[ChemyxPump, Scripted]]:
    """A driver whose whole conversation is ``turns``."""
    with scripted(wire.reply_ends, *turns) as script:
        yield ChemyxPump(script.link, channel=channel), script


def dispensed(volume: str) -> Turn:
    return turn("dispensed volume", f"dispensed volume = {volume}")


# --- connecting ---

STOP = turn("stop", "Pump stop!")
SET_UP = [turn("set units 1", "units = 1"), turn("set delay 0.000000", "delay = 0.000000"), dispensed("0.2500")]
CONNECTING: dict[str, list[Turn]] = {
    "standing": [*status("0", "0"), STOP, *status("0")],
    "running": [*status("1", "1"), STOP, *status("0")],
    "paused": [*status("2", "2"), STOP, *status("0")],
    "stalled": [*status("4", "4"), STOP, *status("0")],
    "with half a command in its buffer": [
        turn("pump status", echoed("set rate 1pump status", wire.INVALID)), *status("0", "0"), STOP, *status("0"),
    ],
    "the same without echo": [turn("pump status", f"{wire.INVALID}\r\n>".encode()), *status("0", "0"), STOP, *status("0")],
}  # fmt: skip


@pytest.mark.parametrize("turns", CONNECTING.values(), ids=CONNECTING)
def test_connecting_leaves_a_pump_standing_in_ml_h_without_delay_or_alarm(turns: list[Turn]) -> None:
    with pump(*turns, *SET_UP, *status("0"), dispensed("0.2500")) as (driver, _):
        assert driver.connect() == Identity("Chemyx Fusion")
        assert driver.poll().alarm == ""
        assert driver.infused_ml() == 0.0


def test_nobody_there_is_a_timeout_before_anything_else_is_said() -> None:
    with pump(turn("pump status"), turn("pump status")) as (driver, _), pytest.raises(ReplyTimeout):
        driver.connect()


@pytest.mark.parametrize("line", ["5", "00", "stopped"])
def test_another_status_than_a_pump_has_is_refused_with_its_bytes(line: str) -> None:
    with pump(turn("pump status", line)) as (driver, _), pytest.raises(ReplyError) as caught:
        driver.connect()
    assert caught.value.raw == echoed("pump status", line)


def test_resuming_asks_only_how_the_pump_is() -> None:
    with pump(turn("pump status", echoed("set rate 1pump status", wire.INVALID)), *status("1")) as (driver, script):
        script.port.will_say(0.05, echoed("set rate 5.000000", "rate = 5.000000"))
        assert driver.resume() == Identity("Chemyx Fusion")


# --- settings ---

LIMITS = turn("read limit parameter", "31.4906 0.0001 1590.4320 0.2115")
Setter = Callable[[ChemyxPump], float]
SETTINGS: dict[str, tuple[Setter, list[Turn], float]] = {
    "syringe": (lambda driver: driver.set_syringe(14.4304), [turn("set diameter 14.430", "diameter = 14.430")], 14.43),
    "rate": (lambda driver: driver.set_rate(1.6), [turn("set rate 1.600000", "rate = 1.600000")], 1.6),
    "slow rate": (lambda driver: driver.set_rate(0.0123456), [turn("set rate 0.012346", "rate = 0.012346")], 0.012346),
    "target": (lambda driver: driver.set_target(1.5), [turn("set volume 1.500000", "volume = 1.500000")], 1.5),
    "no target": (
        lambda driver: driver.set_target(0), [LIMITS, turn("set volume 31.487451", "volume = 31.487451")], 31.487451,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("apply", "turns", "taken"), SETTINGS.values(), ids=SETTINGS)
def test_a_setter_returns_what_the_pump_took(apply: Setter, turns: list[Turn], taken: float) -> None:
    with pump(*turns) as (driver, _):
        assert apply(driver) == pytest.approx(taken, rel=1e-12)


@pytest.mark.parametrize(("apply", "turns", "taken"), SETTINGS.values(), ids=SETTINGS)
def test_a_pump_without_echo_is_understood_as_well(apply: Setter, turns: list[Turn], taken: float) -> None:
    silent = [
        (asked, [bytes(answer).partition(b"\r")[2] for answer in answers if isinstance(answer, bytes)])
        for asked, answers in turns
    ]
    with pump(*silent) as (driver, _):
        assert apply(driver) == pytest.approx(taken, rel=1e-12)


OLD_VALUES = [
    ("syringe", "diameter = 26.590"), ("syringe", "diameter = 14.431"), ("rate", "rate = 1.600001"), ("rate", "rate = 0.000000"),
    ("target", "volume = -1.500000"), ("target", "volume = 1.499999"), ("no target", "volume = 1.500000"),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "line"), OLD_VALUES)
def test_an_old_value_in_the_answer_is_an_error(setting: str, line: str) -> None:
    apply, turns, _ = SETTINGS[setting]
    asked = turns[-1][0].decode().strip()
    with pump(*turns[:-1], turn(asked, line)) as (driver, _), pytest.raises(SettingDiffers):
        apply(driver)


@pytest.mark.parametrize("line", ["rate = 1.6", "rate = nan", "volume = 1.600000", "Pump stop!", "rate = 1.600000,1.600000"])
def test_a_value_that_cannot_be_read_is_an_error_with_its_bytes(line: str) -> None:
    with pump(turn("set rate 1.600000", line)) as (driver, _), pytest.raises(ReplyError) as caught:
        driver.set_rate(1.6)
    assert caught.value.raw == echoed("set rate 1.600000", line)


def test_limits_that_cannot_be_read_are_an_error() -> None:
    with pump(turn("read limit parameter", "31.4906 0.0001")) as (driver, _), pytest.raises(ReplyError):
        driver.set_target(0)


def test_a_command_that_the_pump_does_not_know_is_refused() -> None:
    with pump(turn("set rate 1.600000", wire.INVALID)) as (driver, _), pytest.raises(Refused) as caught:
        driver.set_rate(1.6)
    assert caught.value.code == wire.INVALID


@pytest.mark.parametrize("value", [-1.0, 1e9, float("nan"), float("inf")])
@pytest.mark.parametrize("setter", [ChemyxPump.set_rate, ChemyxPump.set_target], ids=["rate", "target"])
def test_a_value_that_cannot_be_is_refused_before_anything_is_sent(
    setter: Callable[[ChemyxPump, float], float], value: float
) -> None:
    with pump() as (driver, _), pytest.raises(Refused):
        setter(driver, value)


def test_a_rate_of_nothing_is_refused() -> None:
    with pump() as (driver, _), pytest.raises(Refused):
        driver.set_rate(0)


def test_there_is_no_watchdog() -> None:
    with pump() as (driver, _), pytest.raises(Refused) as caught:
        driver.arm_watchdog(30)
    assert caught.value.code == ""


# --- running and stopping ---

TARGET = turn("set volume 1.000000", "volume = 1.000000")
START = turn("start", "Pump start running...")
STARTED = [TARGET, dispensed("0.0000"), START, *status("1"), dispensed("0.0000")]
STARTING: dict[str, list[Turn]] = {
    "at once": [START, *status("1")],
    "with a delay that somebody set meanwhile": [turn("start", "Pump delay..."), *status("3", "3", "1")],
    "with a reply that is late": [turn("start", (1.05, echoed("start", "Pump start running..."))), *status("1")],
    "with a reply that is lost": [turn("start"), *status("1")],
}


@pytest.mark.parametrize("turns", STARTING.values(), ids=STARTING)
def test_start_is_sent_once_and_returns_when_the_pump_says_that_it_runs(turns: list[Turn]) -> None:
    with pump(TARGET, dispensed("0.0000"), *turns, dispensed("0.0100")) as (driver, _):
        driver.set_target(1.0)
        driver.start()


@pytest.mark.parametrize("digit", ["0", "2", "3", "4"])
def test_a_pump_that_does_not_run_is_an_error(digit: str) -> None:
    with pump(TARGET, dispensed("0.0000"), START, *status(*[digit] * 5)) as (driver, _):
        driver.set_target(1.0)
        with pytest.raises(Refused) as caught:
            driver.start()
    assert caught.value.code == digit


def test_without_a_target_of_ours_nothing_is_started() -> None:
    with pump(TARGET, *CONNECTING["standing"], *SET_UP) as (driver, _):
        driver.set_target(1.0)
        driver.connect()
        with pytest.raises(Refused, match="set a target"):
            driver.start()


STOPPING: dict[str, list[Turn]] = {
    "running": [*status("1"), STOP, *status("0")],
    "delayed": [*status("3"), STOP, *status("0")],
    "stopped": [*status("0"), STOP, *status("0")],
    "paused instead": [*status("1"), STOP, *status("2")],
    "at the second try": [*status("1"), STOP, *status("1"), STOP, *status("0")],
    "silent at first": [turn("pump status"), turn("stop"), *status("1"), STOP, *status("0")],
    "not understood at first": [turn("pump status", wire.INVALID), turn("stop", wire.INVALID), *status("1"), STOP, *status("0")],
}


@pytest.mark.parametrize("turns", STOPPING.values(), ids=STOPPING)
def test_stop_goes_on_until_the_pump_itself_says_that_it_stands(turns: list[Turn]) -> None:
    with pump(*turns) as (driver, _):
        driver.stop()


@pytest.mark.parametrize("digit", ["1", "3", "4", "7", wire.INVALID, None])
def test_a_pump_that_does_not_stop_or_say_so_is_a_matter_of_safety(digit: str | None) -> None:
    look = turn("pump status", digit) if digit else turn("pump status")
    with pump(look, *[STOP, look] * 4) as (driver, _), pytest.raises(SafetyError):
        driver.stop()


STATUSES = [("0", False, "stopped"), ("1", True, "running"), ("2", False, "paused"), ("3", True, "waiting for its delay")]


@pytest.mark.parametrize(("digit", "running", "word"), STATUSES)
def test_the_status_is_told_with_its_moment(digit: str, running: bool, word: str) -> None:
    with pump(turn("pump status", (0.03, echoed("pump status", digit)))) as (driver, _):
        told = driver.poll()
    assert (told.running, told.word, told.alarm, told.kind, told.stamp_us) == (running, word, "", "", 30_000)


# --- totals ---

TOTALS: dict[str, tuple[list[str], float]] = {
    "begins anew with each run": (["0.0000", "0.0000", "1.0000", "0.0100", "1.5000"], 2.5),
    "goes on over runs": (["0.0000", "0.0000", "1.0000", "1.0100", "2.5000"], 2.5),
}


@pytest.mark.parametrize(("told", "total_ml"), TOTALS.values(), ids=TOTALS)
def test_the_total_is_right_however_the_pump_counts(told: list[str], total_ml: float) -> None:
    first = [TARGET, dispensed(told[0]), START, *status("1"), dispensed(told[1])]
    second = [dispensed(told[2]), START, *status("1"), dispensed(told[3]), dispensed(told[4])]
    with pump(*first, *second) as (driver, _):
        driver.set_target(1.0)
        driver.start()
        driver.start()
        assert driver.infused_ml() == pytest.approx(total_ml)


# --- the stall ---


def test_a_stall_is_told_once() -> None:
    with pump(*status("4", "4")) as (driver, _):
        first, second = driver.poll(), driver.poll()
    assert (first.running, first.alarm, first.kind) == (False, "4", "stall")
    assert (second.running, second.alarm, second.kind) == (False, "", "")


def test_a_second_stall_is_told_again() -> None:
    with pump(*status("4", "0", "4")) as (driver, _):
        assert [driver.poll().kind for _ in range(3)] == ["stall", "", "stall"]


def test_a_stall_that_stop_meets_is_told_by_the_next_poll_with_its_moment() -> None:
    met = turn("pump status", (0.03, echoed("pump status", "4")))
    with pump(met, STOP, *status("0", "0", "0")) as (driver, _):
        driver.stop()
        first, second = driver.poll(), driver.poll()
    assert (first.running, first.alarm, first.kind, first.stamp_us) == (False, "4", "stall", 30_000)
    assert second.alarm == ""


# --- whose answer it is ---


def test_a_late_answer_is_never_taken_for_the_next() -> None:
    late = (1.05, echoed("dispensed volume", "dispensed volume = 0.5000"))
    with pump(turn("dispensed volume", late), dispensed("0.7000")) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.infused_ml()
        assert driver.infused_ml() == pytest.approx(0.7)


STRAYS = [
    b"noise\xff>", b">", b"1\r\n1\r\n>", b"stop\rPump stop!\r\n>", b"pump status>", b"Pump stop!\r\n>", b"rate = 1.000000\r\n>",
    b"2 status\r1\r\n>",
]  # fmt: skip


@pytest.mark.parametrize("stray", STRAYS, ids=map(repr, STRAYS))
def test_noise_and_answers_to_other_questions_are_passed_over(stray: bytes) -> None:
    with pump(turn("pump status", (0.001, stray), "0")) as (driver, _):
        assert driver.poll().word == "stopped"


@pytest.mark.parametrize("answer", ["12.0000 0.1000 5.0000 0.1000\r\n>", "0\r\n>", "Pump pause!\r\n>"])
def test_without_echo_an_answer_has_to_look_like_one(answer: str) -> None:
    with pump(turn("start", answer.encode())) as (driver, _), pytest.raises(ReplyTimeout):
        driver._ask("start")


@pytest.mark.parametrize(
    "half", [b"dispensed vol", b"dispensed volume\r", b"dispensed volume\rdispensed volume = 0.5000\r\n"], ids=repr
)
def test_half_a_reply_is_no_answer_and_does_not_spoil_the_next(half: bytes) -> None:
    with pump(turn("dispensed volume", half), dispensed("0.7000")) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.infused_ml()
        assert driver.infused_ml() == pytest.approx(0.7)


def test_a_channel_is_spoken_to_by_its_number() -> None:
    with pump(turn("2 status", (0.001, echoed("1 status", "1")), "0"), channel=2) as (driver, _):
        assert driver.poll().word == "stopped"


# --- what it says of itself ---


def test_the_driver_makes_a_pump_with_its_options() -> None:
    with scripted(DRIVER.framer, turn("3 status", "1")) as script:
        assert DRIVER.make(script.link, ChemyxOptions(channel=3)).poll().running
    assert set(CAPABILITIES) >= DRIVER.can


PROBED = {
    b"dispensed volume\rdispensed volume = 12.5000\r\n>": True,
    b"dispensed volume = 0.0000\r\n>": True,
    b"dispensed volume\rInvalid Command!\r\n>": False,
    b"\n:": False,
    b"": False,
}


@pytest.mark.parametrize(("answer", "known"), PROBED.items(), ids=map(repr, PROBED))
def test_the_probe_knows_its_family_by_the_answer(answer: bytes, known: bool) -> None:
    assert DRIVER.probe is not None
    assert (DRIVER.probe.request, DRIVER.probe.identify(answer) is not None) == (b"dispensed volume\r", known)


# --- on the simulated pump ---

KINDS: dict[str, PumpData] = {
    "as on the maker's pages": PumpData(),
    "without echo": PumpData(echo=False),
    "a total over all runs": PumpData(total_over_runs=True),
    "one of several channels": PumpData(channel=2),
    "another text for a pause": PumpData(pause_text="Pump stop!"),
    "case does not matter": PumpData(folds_case=True),
}


@pytest.mark.parametrize("data", KINDS.values(), ids=KINDS)
def test_two_doses_and_an_empty_syringe_on_any_kind_of_pump(data: PumpData) -> None:
    device = SimulatedPump(data, a_drive(travel_ml=2.5))
    with line_to(device, DRIVER.framer) as link:
        driver, clock = ChemyxPump(link, channel=data.channel), link._clock
        driver.connect()
        assert driver.set_syringe(14.5) == 14.5
        assert driver.set_rate(90.0) == 90.0
        assert driver.set_target(1.0) == 1.0
        for total_ml in (1.0, 2.0):
            driver.start()
            assert driver.poll().running
            clock.sleep_until(clock.now_s() + 45.0)
            assert (driver.poll().word, driver.poll().alarm) == ("stopped", "")
            driver.stop()
            assert driver.infused_ml() == pytest.approx(total_ml, abs=1e-4)
        assert driver.set_target(0) > 10.0
        driver.start()
        clock.sleep_until(clock.now_s() + 30.0)
        assert [driver.poll().kind, driver.poll().kind] == ["stall", ""]
        driver.stop()
        assert driver.poll().kind == ""
        assert driver.infused_ml() == pytest.approx(2.55, abs=1e-4)


def test_connecting_to_a_running_pump_stops_it() -> None:
    device = SimulatedPump(PumpData(), a_drive())
    with line_to(device, DRIVER.framer) as link:
        driver = ChemyxPump(link)
        driver.connect()
        driver.set_rate(90.0)
        driver.set_target(5.0)
        driver.start()
        link._clock.sleep_until(link._clock.now_s() + 40.0)
        driver.connect()
        assert (device.status, driver.infused_ml()) == ("0", 0.0)


def test_a_rate_out_of_limits_and_one_while_running_are_errors_and_the_old_one_stays() -> None:
    device = SimulatedPump(PumpData(), a_drive())
    with line_to(device, DRIVER.framer) as link:
        driver = ChemyxPump(link)
        driver.connect()
        driver.set_rate(90.0)
        driver.set_target(5.0)
        with pytest.raises(SettingDiffers):
            driver.set_rate(99999.0)
        driver.start()
        with pytest.raises(SettingDiffers):
            driver.set_rate(80.0)
        assert device.values["rate"] == (90.0,)
