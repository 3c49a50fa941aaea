"""The MT-SICS driver, turn by turn: what it asks, and what it makes of each answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from instruments.balances.mt_sics import DRIVER, MtSicsBalance
from instruments.errors import Refused, ReplyError, ReplyTimeout
from instruments.link import Link
from instruments.ports import Ports
from instruments.readings import Weighing
from instruments.wire.framing import line_ends
from tests.instruments.script import Scripted, Turn, scripted

WHO = 'I4 A "B021002593"'
Act = Callable[[MtSicsBalance], object]


def turn(asked: str, *answers: str | tuple[float, str]) -> Turn:
    framed = [said if isinstance(said, tuple) else (0.02, said) for said in answers]
    return asked.encode("ascii") + b"\r\n", [(delay_s, said.encode("ascii") + b"\r\n") for delay_s, said in framed]


@contextmanager
def balance(*turns: Turn) -> Iterator[tuple[MtSicsBalance, Scripted]]:
    with scripted(line_ends, *turns) as script:
        yield MtSicsBalance(script.link), script


NAMES = [turn("I2", 'I2 A "WMS404C-L WMS-Bridge 410.0090 g"'), turn("I3", 'I3 A "2.10 10.28.0.493.142"')]


@pytest.mark.parametrize(
    "answers",
    [[WHO], ["S D     129.07 g", WHO], ['I2 A "x"', "ZI D", WHO]],
    ids=["quiet", "streaming before", "answers of somebody else"],
)
def test_connecting_cancels_everything_and_reads_who_it_is(answers: list[str]) -> None:
    with balance(turn("@", *answers), *NAMES) as (driver, _):
        identity = driver.connect()
        assert len(driver.readings()[0]) == 0
    assert identity.serial == "B021002593"
    assert identity.model == "WMS404C-L WMS-Bridge 410.0090 g"
    assert identity.firmware == "2.10 10.28.0.493.142"


def test_half_a_command_of_somebody_else_spoils_only_the_first_try() -> None:
    with balance(turn("@", "ES"), turn("@", WHO), *NAMES) as (driver, _):
        assert driver.connect().serial == "B021002593"


def test_a_line_that_spoils_every_command_is_an_error() -> None:
    with balance(turn("@", "ES"), turn("@", "ES")) as (driver, _), pytest.raises(Refused) as caught:
        driver.connect()
    assert caught.value.code == "ES"


@pytest.mark.parametrize("answer", ["I4 I", "I4 L", "I4 A"])
def test_a_balance_that_does_not_say_who_it_is_is_refused(answer: str) -> None:
    with balance(turn("@", answer)) as (driver, _), pytest.raises(Refused):
        driver.connect()


def test_nothing_is_asked_of_a_balance_that_does_not_come_into_step_again() -> None:
    with balance(turn("SI"), turn("I4"), turn("I4", WHO), turn("SI", "S S      56.78 g")) as (driver, _):
        for _ in range(2):
            with pytest.raises(ReplyTimeout):
                driver.weigh()
        assert driver.weigh() == Weighing(Decimal("56.78"), "S")


def test_the_update_rate_is_the_one_the_balance_took() -> None:
    with balance(turn("UPD 20", "UPD A"), turn("UPD", "UPD A 18.3")) as (driver, _):
        assert driver.set_update_rate(20.0) == 18.3


@pytest.mark.parametrize(("answer", "code"), [("UPD L", "L"), ("UPD I", "I"), ("ES", "ES")])
def test_an_update_rate_that_the_balance_does_not_take_is_refused_with_its_status(answer: str, code: str) -> None:
    with balance(turn("UPD 290", answer)) as (driver, _), pytest.raises(Refused) as caught:
        driver.set_update_rate(290.0)
    assert caught.value.code == code


@pytest.mark.parametrize("answer", ["UPD A", "UPD A fast", "UPD A nan", "UPD I"])
def test_an_update_rate_that_cannot_be_read_is_refused(answer: str) -> None:
    with balance(turn("UPD 5", "UPD A"), turn("UPD", answer)) as (driver, _), pytest.raises(Refused):
        driver.set_update_rate(5.0)


WEIGHINGS = {
    "S S     100.00 g": Weighing(Decimal("100.00"), "S"),
    "S D    -1.2345 g": Weighing(Decimal("-1.2345"), "D"),
    "S S   1.000000 kg": Weighing(Decimal("1000.000000"), "S"),
    "S S     1500.0 mg": Weighing(Decimal("1.5000"), "S"),
    "S I": Weighing(None, "I"),
    "S L": Weighing(None, "L"),
    "S +": Weighing(None, "+"),
    "S -": Weighing(None, "-"),
    "S S  Error 10b": Weighing(None, "E", "10b"),
}


@pytest.mark.parametrize(("line", "weighing"), WEIGHINGS.items())
@pytest.mark.parametrize("asked", ["SI", "S"])
def test_a_weighing_says_what_the_balance_said(asked: str, line: str, weighing: Weighing) -> None:
    with balance(turn(asked, line)) as (driver, _):
        assert (driver.weigh() if asked == "SI" else driver.weigh_stable()) == weighing


@pytest.mark.parametrize(("line", "words"), [("ES", "syntax error"), ("ET", "transmission error"), ("EL", "logical error")])
def test_a_general_error_is_a_refusal_that_keeps_its_code(line: str, words: str) -> None:
    with balance(turn("SI", line)) as (driver, _), pytest.raises(Refused, match=f"SI: {words}") as caught:
        driver.weigh()
    assert caught.value.code == line


@pytest.mark.parametrize(
    "line", ["S S     100.00 ozt", "S S    5.00 lb", "S S     100.00 ct", "S S     100", "S", "S S"], ids=repr
)
def test_an_unexpected_unit_and_a_crooked_line_are_errors_that_keep_the_line(line: str) -> None:
    with balance(turn("SI", line)) as (driver, _), pytest.raises(ReplyError) as caught:
        driver.weigh()
    assert caught.value.raw == line.encode("ascii") + b"\r\n"


def test_a_settled_weight_is_waited_for_as_long_as_the_balance_waits() -> None:
    with balance(turn("S", (40.0, "S I"))) as (driver, script):
        assert driver.weigh_stable().status == "I"
        assert script.clock.now_s() == 40.0


@pytest.mark.parametrize("late_s", [2.05, 2.15, 2.7])
def test_a_late_weight_is_never_taken_for_the_next(late_s: float) -> None:
    """However late: an answer to another question comes first."""
    late = turn("SI", (late_s, "S S     100.00 g"))
    with balance(late, turn("I4", (0.8, WHO)), turn("SI", "S S     200.00 g")) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.weigh()
        assert driver.weigh().mass_g == Decimal("200.00")


@pytest.mark.parametrize(
    ("name", "act"), [("S", MtSicsBalance.weigh_stable), ("Z", MtSicsBalance.zero), ("T", MtSicsBalance.tare)]
)
def test_what_did_not_come_in_time_is_cancelled_so_that_it_does_not_act_later(name: str, act: Act) -> None:
    late = turn(name, (44.9, "K C 1"), (47.5, f"{name} I"))
    with balance(late, turn("@", WHO), turn("SI", "S S     200.00 g")) as (driver, _):
        with pytest.raises(ReplyTimeout, match="45 s"):
            act(driver)
        assert driver.weigh().mass_g == Decimal("200.00")


def test_a_balance_that_does_not_even_cancel_is_told_so_again_by_resuming() -> None:
    with balance(turn("T"), turn("@"), turn("@", WHO), *NAMES) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.tare()
        assert driver.resume().serial == "B021002593"


@pytest.mark.parametrize("stray", [WHO, "K B 1", "UPD A", ""], ids=["power-up", "key", "answer to another", "empty line"])
def test_lines_nobody_asked_for_are_passed_over_and_kept(stray: str) -> None:
    with balance(turn("SI", (0.001, stray), "S S     100.00 g")) as (driver, _):
        assert driver.weigh().mass_g == Decimal("100.00")
        _, others = driver.readings()
    assert others.data == stray.encode("ascii") + b"\r\n"


# --- zero and tare ---

ZEROES = [(True, "Z", "Z A"), (False, "ZI", "ZI S"), (False, "ZI", "ZI D"), (False, "ZI", "Z A")]


@pytest.mark.parametrize(("wait", "asked", "answer"), ZEROES)
def test_zero_is_done(wait: bool, asked: str, answer: str) -> None:
    with balance(turn(asked, answer)) as (driver, _):
        driver.zero(wait=wait)


TARES = [(True, "T", "T S     100.00 g"), (False, "TI", "TI D     100.00 g"), (False, "TI", "T D     100.00 g")]


@pytest.mark.parametrize(("wait", "asked", "answer"), TARES)
def test_tare_returns_what_was_tared(wait: bool, asked: str, answer: str) -> None:
    with balance(turn(asked, answer)) as (driver, _):
        assert driver.tare(wait=wait).mass_g == Decimal("100.00")


@pytest.mark.parametrize(("name", "act"), [("Z", MtSicsBalance.zero), ("T", MtSicsBalance.tare)], ids=["zero", "tare"])
@pytest.mark.parametrize("status", "IL+-")
def test_zero_and_tare_are_refused_with_the_status_of_the_balance(name: str, act: Act, status: str) -> None:
    with balance(turn(name, f"{name} {status}")) as (driver, _), pytest.raises(Refused) as caught:
        act(driver)
    assert caught.value.code == status


@pytest.mark.parametrize(("wait", "asked"), [(False, "TI"), (True, "T")])
def test_a_tare_that_the_balance_does_not_know_is_refused(wait: bool, asked: str) -> None:
    with balance(turn(asked, "ES")) as (driver, _), pytest.raises(Refused) as caught:
        driver.tare(wait=wait)
    assert caught.value.code == "ES"


@pytest.mark.parametrize("answer", ["Z S", "Z D", "Z B", "Z A 1"])
def test_a_settled_zero_is_acknowledged_in_one_way_only(answer: str) -> None:
    with balance(turn("Z", answer)) as (driver, _), pytest.raises((Refused, ReplyError)):
        driver.zero()


def test_a_settled_tare_of_a_moving_load_is_none() -> None:
    with balance(turn("T", "T D     100.00 g")) as (driver, _), pytest.raises(Refused):
        driver.tare()


# --- stream ---


def test_a_stream_gives_readings_with_their_stamps_and_the_lines_that_are_none() -> None:
    stream = [(0.1, "S D     129.07 g"), (0.2, "S S     129.09 g"), (0.3, "S +"), (0.4, WHO)]
    with balance(turn("SIR", *stream)) as (driver, script):
        driver.start_stream()
        script.clock.sleep_until(1.0)
        readings, others = driver.readings()
        again, none = driver.readings()
    assert readings.stamps_us.tolist() == [100_000, 200_000, 300_000]
    assert readings.masses_g[:2].tolist() == [129.07, 129.09]
    assert bytes(readings.statuses.tolist()) == b"DS+"
    assert list(others) == [(WHO.encode("ascii") + b"\r\n", 400_000)]
    assert (len(again), len(none)) == (0, 0)


def test_stopping_the_stream_loses_no_reading_on_its_way() -> None:
    with balance(turn("SIR", (0.1, "S S     129.09 g")), turn("@", (0.001, "S S     129.10 g"), WHO)) as (driver, script):
        driver.start_stream()
        script.clock.sleep_until(0.5)
        driver.stop_stream()
        readings, _ = driver.readings()
    assert readings.masses_g.tolist() == [129.09, 129.10]


# --- in step again ---


def test_resuming_only_asks_who_it_is() -> None:
    with balance(turn("I4", WHO), *NAMES) as (driver, _):
        assert driver.resume().serial == "B021002593"


def test_resuming_leaves_a_stream_running_and_keeps_its_readings() -> None:
    stream = [(0.1 * n, f"S S     {100 + n}.00 g") for n in range(1, 40)]
    with balance(turn("SIR", *stream), turn("I4", WHO), *NAMES) as (driver, script):
        driver.start_stream()
        driver.resume()
        script.clock.sleep_until(5.0)
        assert len(driver.readings()[0]) == 39


def test_resuming_lets_the_half_of_a_cut_stream_line_go() -> None:
    with balance(turn("SIR"), turn("I4", WHO), *NAMES) as (driver, script):
        driver.start_stream()
        script.port.will_say(0.01, b"S S     1")
        assert driver.resume().serial == "B021002593"


def test_resuming_after_half_a_line_keeps_the_next_answer_whole() -> None:
    with balance(turn("SI"), turn("I4", WHO), *NAMES, turn("SI", "S S     100.00 g")) as (driver, script):
        script.port.will_say(0.5, b"S S     1")
        with pytest.raises(ReplyTimeout):
            driver.weigh()
        script.port.will_say(0.05, b"29.07 g\r\n")
        driver.resume()
        assert driver.weigh().mass_g == Decimal("100.00")


# --- the careful question ---

HEARD = [
    (f"{WHO}\r\n", "B021002593"),
    (f"S S     100.00 g\r\n{WHO}\r\nS D     100.01 g\r\n", "B021002593"),
    ("\x00\xff" + WHO + "\r\n", None),
    (f"{WHO} x\r\n", None),
    ("I4 A B021002593\r\n", None),
    ("I4 I\r\n", None),
    ('I2 A "B021002593"\r\n', None),
    ("ES\r\n", None),
    ("00S?\r\n", None),
    ("", None),
]


@pytest.mark.parametrize(("heard", "serial"), HEARD)
def test_a_balance_is_known_by_its_serial_number_line(heard: str, serial: str | None) -> None:
    assert DRIVER.probe is not None
    assert DRIVER.probe.request == b"I4\r\n"
    identity = DRIVER.probe.identify(heard.encode("latin-1"))
    assert (identity and identity.serial) == serial


# --- against the simulated balances ---


@contextmanager
def simulated(persona: str, **data: object) -> Iterator[tuple[MtSicsBalance, Ports]]:
    plain = {
        "balance": {"driver": "mt-sics", "address": "sim://bench/balance"},
        "simulation": {"balance": {"persona": persona, **data}},
    }
    ports = Ports({"balance": "sim://bench/balance"}, plain)
    ports.open("balance")
    try:
        yield MtSicsBalance(Link(ports["balance"], line_ends, ports.clock, role="balance")), ports
    finally:
        ports.close()


CLASSES = {
    # how each class is called, the rate it takes when asked for 10 in a second, what it streams at
    "analytical": ("SIM204 220.0000 g", 10.0, 10.0),
    "xpr": ("SIM205X 220.00000 g", 10.2, 91.5527 / 9),
    "weigh-module": ("SIM403-L WMS-Bridge 410.000 g", 10.2, 91.5527 / 9),
    "approved": ("SIM2002 2200.00 g", None, 5.0),
    "clone": ("SIM72 6000.0 g", None, 4.0),
}


@pytest.mark.parametrize("persona", CLASSES)
def test_every_class_is_connected_weighed_with_and_streamed_from(persona: str) -> None:
    model, taken_hz, rate_hz = CLASSES[persona]
    with simulated(persona) as (driver, ports):
        assert driver.connect().model == model
        if taken_hz is None:
            with pytest.raises(Refused, match="UPD 10: syntax error"):
                driver.set_update_rate(10.0)
        else:
            assert driver.set_update_rate(10.0) == taken_hz
        ports.clock.sleep_until(5.0)
        assert float(driver.tare().mass_g or 0) == pytest.approx(35.0, abs=1.0)
        assert float(driver.weigh_stable().mass_g or 0) == pytest.approx(0.0, abs=1.0)
        driver.start_stream()
        ports.clock.sleep_until(ports.clock.now_s() + 100.0)
        driver.stop_stream()
        readings, strays = driver.readings()
    assert (len(readings), len(strays)) == (pytest.approx(100 * rate_hz, abs=2), 0)
    assert abs(readings.masses_g).max() < 1.0


@pytest.mark.parametrize("persona", CLASSES)
def test_every_class_goes_on_streaming_tared_after_resuming(persona: str) -> None:
    with simulated(persona) as (driver, ports):
        driver.connect()
        ports.clock.sleep_until(5.0)
        driver.tare()
        driver.start_stream()
        ports.clock.sleep_until(10.0)
        driver.resume()
        driver.readings()
        ports.clock.sleep_until(20.0)
        readings, _ = driver.readings()
    assert len(readings) >= 36
    assert abs(readings.masses_g).max() < 1.0


@pytest.mark.parametrize("act", [MtSicsBalance.zero, MtSicsBalance.tare], ids=["zero", "tare"])
def test_an_approved_balance_refuses_to_be_hurried(act: Callable[..., object]) -> None:
    with simulated("approved") as (driver, _), pytest.raises(Refused) as caught:
        act(driver, wait=False)
    assert caught.value.code == "ES"


def test_zero_out_of_range_is_refused_by_the_balance() -> None:
    with simulated("analytical") as (driver, ports):
        ports.clock.sleep_until(5.0)
        with pytest.raises(Refused) as caught:
            driver.zero()
    assert caught.value.code == "+"


def test_a_power_failure_ends_the_stream_and_is_seen_by_its_greeting() -> None:
    with simulated("analytical", mishaps=[[60.0, "power-off"], [65.0, "power-on"]]) as (driver, ports):
        driver.connect()
        driver.start_stream()
        ports.clock.sleep_until(120.0)
        readings, strays = driver.readings()
        assert 59.0 < readings.stamps_us[-1] / 1e6 < 60.1
        assert strays.data == b'I4 A "SIM0000001"\r\n'
        assert driver.resume().serial == "SIM0000001"
        driver.start_stream()
        ports.clock.sleep_until(130.0)
        assert len(driver.readings()[0]) > 100


@pytest.mark.parametrize("mishap", ["garble", "lose"])
def test_a_disturbed_exchange_is_an_error_and_the_next_is_whole(mishap: str) -> None:
    with simulated("analytical", mishaps=[[10.0, mishap]]) as (driver, ports):
        driver.connect()
        ports.clock.sleep_until(11.0)
        with pytest.raises((Refused, ReplyTimeout)):
            driver.weigh()
        assert driver.weigh().mass_g is not None
