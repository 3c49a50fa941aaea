"""The A&D driver line by line: acknowledgements counted, or zero proved; errors by their codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from instruments.balances.and_weighing import DRIVER, AndBalance, AndOptions
from instruments.errors import Refused, ReplyError, ReplyTimeout
from instruments.identity import Identity
from instruments.readings import Weighing
from instruments.wire.framing import line_ends
from tests.instruments.script import Scripted, Turn, scripted

HUNDRED, ZERO, AK = "ST,+00100.00  g", "ST,+00000.00  g", "\x06"


def turn(asked: str, *answers: str | tuple[float, str]) -> Turn:
    timed = [said if isinstance(said, tuple) else (0.03, said) for said in answers]
    return asked.encode("ascii") + b"\r\n", [(delay_s, said.encode("ascii") + b"\r\n") for delay_s, said in timed]


@contextmanager
def balance(*turns: Turn) -> Iterator[tuple[AndBalance, Scripted]]:
    with scripted(line_ends, *turns) as script:
        yield DRIVER.make(script.link, AndOptions()), script


NAMES = [turn("?TN", "GX-224A"), turn("?SN", "T0000001")]


@contextmanager
def connected(*turns: Turn, acknowledges: bool) -> Iterator[tuple[AndBalance, Scripted]]:
    with balance(turn("C", *[AK] * acknowledges), *NAMES, *turns) as (driver, script):
        assert driver.connect() == Identity("GX-224A", "T0000001")
        yield driver, script


@pytest.mark.parametrize("unknown", [[], ["EC,E01"]], ids=["silent", "with its code"])
def test_a_balance_without_a_name_has_to_weigh(unknown: list[str]) -> None:
    with balance(turn("C"), turn("?TN", *unknown), turn("?SN", *unknown), turn("Q", HUNDRED)) as (driver, _):
        assert driver.connect() == Identity("")


def test_a_stream_and_acknowledgements_are_no_names() -> None:
    asked = [turn("C", HUNDRED, (0.05, AK)), turn("?TN", (0.01, HUNDRED), (0.02, AK), "GX-224A"), turn("?SN", "T0000001")]
    with balance(*asked) as (driver, _):
        assert driver.connect().model == "GX-224A"


WEIGHINGS = {
    HUNDRED: Weighing(Decimal("100.00"), "S"),
    "US,-00100.00  g": Weighing(Decimal("-100.00"), "D"),
    "ST,+00100.00,  g": Weighing(Decimal("100.00"), "S"),
    "WT    +100.00  g": Weighing(Decimal("100.00"), "S"),
    "+   100.00    ": Weighing(Decimal("100.00"), "D"),
    "OL,+9999999E+19": Weighing(None, "+"),
    "OL,-9999999E+19": Weighing(None, "-"),
    "EC,E02": Weighing(None, "I", "E02"),
    "EC,E11": Weighing(None, "I", "E11"),
}


@pytest.mark.parametrize(("line", "weighing"), WEIGHINGS.items())
@pytest.mark.parametrize("asked", ["Q", "S"])
def test_a_weighing_says_what_the_balance_said(asked: str, line: str, weighing: Weighing) -> None:
    with balance(turn(asked, line)) as (driver, _):
        assert (driver.weigh() if asked == "Q" else driver.weigh_stable()) == weighing


@pytest.mark.parametrize("line", ["ST,+00100.00 kg", "QT,+00000012 PC", "+00100.00"])
def test_another_unit_and_a_bare_number_are_errors_that_keep_the_line(line: str) -> None:
    with balance(turn("Q", line)) as (driver, _), pytest.raises(ReplyError) as caught:
        driver.weigh()
    assert caught.value.raw == line.encode("ascii") + b"\r\n"


def test_another_error_is_refused_with_its_code() -> None:
    with balance(turn("Q", "EC,E01")) as (driver, _), pytest.raises(Refused, match="undefined command") as caught:
        driver.weigh()
    assert caught.value.code == "E01"


def test_a_stable_weight_that_does_not_come_is_cancelled() -> None:
    with balance(turn("S"), turn("C"), turn("Q", "US,+00100.00  g")) as (driver, _):
        assert driver.weigh_stable() == Weighing(None, "I")


def test_a_balance_that_has_gone_silent_is_a_timeout() -> None:
    with balance(turn("S"), turn("C"), turn("Q")) as (driver, _), pytest.raises(ReplyTimeout):
        driver.weigh_stable()


@pytest.mark.parametrize("late_s", [2.05, 2.15, 3.9])
def test_a_late_weight_is_set_aside_before_the_next_question(late_s: float) -> None:
    with balance(turn("Q", (late_s, HUNDRED)), turn("Q", "ST,+00200.00  g")) as (driver, _):
        with pytest.raises(ReplyTimeout):
            driver.weigh()
        assert driver.weigh().mass_g == Decimal("200.00")


def test_a_late_acknowledgement_is_not_an_answer() -> None:
    with balance(turn("Q", (0.01, AK), HUNDRED)) as (driver, _):
        assert driver.weigh().mass_g == Decimal("100.00")
        assert not len(driver.readings()[1])


def test_half_a_line_is_never_a_weighing() -> None:
    with balance((b"Q\r\n", [b"ST,+001"]), (b"Q\r\n", [b"00.00  g\r\n", (0.05, HUNDRED.encode("ascii") + b"\r\n")])) as (
        driver,
        _,
    ):
        with pytest.raises(ReplyTimeout):
            driver.weigh()
        assert driver.weigh().mass_g == Decimal("100.00")


# --- zero and tare ---


def test_zero_waits_for_both_acknowledgements() -> None:
    with connected(turn("R", AK, (20.0, AK)), turn("Q", ZERO), acknowledges=True) as (driver, script):
        driver.zero()
        assert script.clock.now_s() > 20.0


def test_zero_without_acknowledgements_waits_for_a_stable_zero() -> None:
    asked = [turn("Q", HUNDRED), turn("Q", "US,+00000.00  g"), turn("Q"), turn("Q", ZERO)]
    with connected(turn("R"), *asked[:2], asked[3], acknowledges=False) as (driver, _):
        driver.zero()


def test_tare_returns_what_was_shown_before() -> None:
    with connected(turn("S", HUNDRED), turn("T", AK, (1.0, AK)), turn("Q", ZERO), acknowledges=True) as (driver, _):
        assert driver.tare() == Weighing(Decimal("100.00"), "S")


@pytest.mark.parametrize("answers", [["EC,E02"], [AK, (1.0, "EC,E07")]], ids=["at once", "in the end"])
def test_a_zero_that_is_refused_tells_its_code(answers: list[str]) -> None:
    with connected(turn("R", *answers), acknowledges=True) as (driver, _), pytest.raises(Refused) as caught:
        driver.zero()
    assert caught.value.code == ("E02" if answers == ["EC,E02"] else "E07")


def test_a_completion_that_never_comes_is_a_timeout() -> None:
    with connected(turn("R", AK), acknowledges=True) as (driver, _), pytest.raises(ReplyTimeout):
        driver.zero()


@pytest.mark.parametrize("shown", ["US,+00100.00  g", "OL,+9999999E+19"])
def test_a_tare_needs_a_stable_mass(shown: str) -> None:
    with connected(turn("S", shown), acknowledges=False) as (driver, _), pytest.raises(Refused, match="no stable mass"):
        driver.tare()


# --- stream ---


def test_a_stream_gives_readings_and_the_lines_that_are_none() -> None:
    with balance(turn("SIR", (0.1, "US,+00129.07  g"), (0.2, HUNDRED), (0.3, "OL,+9999999E+19"), (0.4, "junk"))) as (
        driver,
        script,
    ):
        driver.start_stream()
        script.clock.sleep_until(1.0)
        readings, others = driver.readings()
    assert readings.stamps_us.tolist() == [100_000, 200_000, 300_000]
    assert bytes(readings.statuses.tolist()) == b"DS+"
    assert others.data == b"junk\r\n"


@pytest.mark.parametrize("answers", [[], ["EC,E02"]])
def test_a_stream_without_lines_is_refused(answers: list[str]) -> None:
    with balance(turn("SIR", *answers)) as (driver, _), pytest.raises(Refused, match="no weight comes"):
        driver.start_stream()


def test_a_stream_that_goes_on_is_refused_and_its_lines_are_kept() -> None:
    with balance(turn("C", *((0.2 * number, HUNDRED) for number in range(1, 8)))) as (driver, _):
        with pytest.raises(Refused, match="goes on"):
            driver.stop_stream()
        assert len(driver.readings()[0]) >= 1
