"""An SBI balance: commands that are never answered, output modes, words of two generations, adjustment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from instruments.wire import sbi as wire
from instruments.wire.sbi import Special
from tests.instruments.sim.printing import Weighed, balance
from tests.instruments.sim.states import Pan

P = b"\x1bP"


def sbi(load_g: float = 0.0, **options: Any) -> Weighed:
    return balance("sbi", Pan(load_g), **options)


def moving() -> Pan:
    return Pan(100.0, lambda moments_s: 0.5 * np.sin(7.0 * moments_s))


def shown(standing: Weighed) -> str:
    """What is printed, with one space between its words."""
    return " ".join(standing.text(standing.ask(P)).split())


# --- commands ---


@pytest.mark.parametrize("command", [b"\x1bP", b"\x1bP\r\n", b"\x1bp_", b"\x1bkP_\r\n", b"\x1bkP"])
def test_every_print_command_prints(command: bytes) -> None:
    assert sbi(100.0).ask(command) == b"N     +   100.00 g  \r\n"


SILENT = "T U V f0_ f1_ f2_ f3_ f4_ s0_ s3_ s9_ K L M N O R Q W ? @ m0_ tHELLO_ p x99_ x1 t k".split()


@pytest.mark.parametrize("command", SILENT)
def test_all_other_commands_are_silent(command: str) -> None:
    standing = sbi(1.0)
    assert standing.ask(wire.encode_command(command)) == b""
    assert shown(standing).startswith("N ")


def test_a_command_acts_at_its_last_byte_and_its_end_of_line_does_nothing() -> None:
    standing = sbi(100.0)
    standing.say(b"\x1b")
    standing.say(b"P")
    standing.pass_s(0.1)
    assert standing.heard() == b"N     +   100.00 g  \r\n"
    assert standing.ask(b"\r\n") == b""


def test_zero_and_tare_shift_what_is_shown() -> None:
    standing = sbi(2.0)
    standing.ask(b"\x1bV")
    assert shown(standing) == "N 0.00 g"
    standing.put(12.0)
    assert shown(standing) == "N + 10.00 g"
    standing.ask(b"\x1bU")
    assert shown(standing) == "N 0.00 g"
    standing.put(2.0)
    assert shown(standing) == "N - 10.00 g"
    standing.ask(b"\x1bT")
    assert shown(standing) == "N 0.00 g"


def test_the_combined_key_zeroes_near_zero_and_tares_beyond() -> None:
    standing = sbi(4.0)
    standing.ask(b"\x1bT")
    assert (standing.device.zero, standing.device.tare) == (400, 0)
    standing.put(100.0)
    standing.ask(b"\x1bT")
    assert (standing.device.zero, standing.device.tare) == (400, 9600)


def test_zero_beyond_its_range_is_not_done_and_not_told() -> None:
    standing = sbi(5.0)
    standing.ask(b"\x1bV")
    assert shown(standing) == "N + 5.00 g"


def test_an_impossible_tare_is_told_once_with_the_next_print() -> None:
    standing = sbi(0.0)
    assert standing.ask(b"\x1bU") == b""
    assert shown(standing) == "Stat ERR 11"
    assert shown(standing) == "N 0.00 g"


def test_a_tare_may_wait_for_calm() -> None:
    pan = moving()
    standing = balance("sbi", pan, tare_when="stable")
    standing.say(b"\x1bU\x1bP")
    standing.pass_s(5.0)
    assert standing.heard() == b""
    pan.sway = None
    standing.pass_s(2.0)
    assert standing.heard() == b"N           0.00 g  \r\n"


# --- output modes ---


def test_individual_after_stability_prints_once_calm_however_long_that_takes() -> None:
    pan = moving()
    standing = balance("sbi", pan, print_when="stable")
    standing.say(P)
    standing.pass_s(300.0)
    assert standing.heard() == b""
    pan.sway = None
    standing.pass_s(2.0)
    assert standing.heard() == b"N     +   100.00 g  \r\n"


def test_individual_without_stability_prints_at_once() -> None:
    assert balance("sbi", moving()).ask(P)[-6:] == b"    \r\n"


def test_automatic_output_starts_with_the_power() -> None:
    standing = balance("sbi", Pan(1.0), warm_s=2.05, auto="any")
    assert len(standing.lines()) == 20
    assert sbi(1.0).heard() == b""


def test_automatic_output_with_stability_leaves_out_moving_values() -> None:
    pan = moving()
    standing = balance("sbi", pan, warm_s=5.0, auto="stable")
    assert standing.heard() == b""
    pan.sway = None
    standing.pass_s(3.0)
    lines = standing.lines()
    assert set(lines) == {b"N     +   100.00 g  \r\n"}
    assert len(lines) == pytest.approx(20, abs=2)


@pytest.mark.parametrize("resume", [b"\x1bT", b"\x1bV"])
def test_a_print_pauses_the_automatic_output_after_one_more_line(resume: bytes) -> None:
    standing = sbi(1.0, auto="any", warm_s=2.05)
    standing.heard()
    standing.say(P)
    standing.pass_s(5.0)
    assert len(standing.lines()) == 1
    standing.say(resume)
    standing.pass_s(5.0)
    assert len(standing.lines()) == pytest.approx(50, abs=1)


def test_not_every_balance_pauses() -> None:
    standing = sbi(1.0, auto="any", auto_pauses=False)
    standing.heard()
    standing.say(P)
    standing.pass_s(5.0)
    assert len(standing.lines()) == pytest.approx(51, abs=1)


@pytest.mark.parametrize(("letter", "rate_hz"), [("K", 20.0), ("L", 10.0), ("M", 5.0), ("N", 2.5)])
def test_the_filter_sets_the_rate(letter: str, rate_hz: float) -> None:
    standing = sbi(1.0, auto="any")
    standing.ask(wire.encode_command(letter))
    standing.pass_s(20.0)
    assert len(standing.lines()) == pytest.approx(20 * rate_hz, abs=2)


def test_a_line_of_22_characters_takes_183_ms_at_1200_baud() -> None:
    standing = sbi(1.0, baudrate=1200, frame_bits=10, latency_s=0.0)
    standing.say(P)
    standing.pass_s(0.183)
    assert standing.heard() == b""
    standing.pass_s(0.001)
    assert len(standing.heard()) == 22


def test_answers_stand_between_lines_never_within() -> None:
    standing = sbi(0.006, auto="any", baudrate=1200)
    for _ in range(7):
        standing.say(b"\x1bx1_\x1bx2_")
        standing.pass_s(0.73)
    standing.pass_s(5.0)
    known = {b"N     +     0.01 g  \r\n", b"MSE1203S-100-DR     \r\n", b"SerNo.    0031801165\r\n"}
    assert {line for line in standing.lines() if line[-6:] != b"    \r\n"} <= known


# --- words and errors ---


@pytest.mark.parametrize(
    ("load_g", "columns", "classic", "line"),
    [
        (250.0, 16, True, b"      H       \r\n"),
        (250.0, 22, True, b"Stat        H       \r\n"),
        (250.0, 22, False, b"Stat        High    \r\n"),
        (-50.0, 16, True, b"      L       \r\n"),
        (-50.0, 16, False, b"      Low     \r\n"),
    ],
)
def test_beyond_the_range_there_is_a_word(load_g: float, columns: int, classic: bool, line: bytes) -> None:
    assert sbi(load_g, columns=columns, classic=classic).ask(P) == line


@pytest.mark.parametrize(("load_g", "inside"), [(220.09, True), (220.10, False), (-4.40, True), (-4.41, False)])
def test_the_range_ends_nine_digits_above_capacity_and_at_the_zero_range_below(load_g: float, inside: bool) -> None:
    assert shown(sbi(load_g)).startswith("N" if inside else "Stat")


def test_an_adjustment_shows_its_word_until_it_is_done_and_zeroes() -> None:
    standing = sbi(0.5, adjusting_s=5.0)
    standing.ask(b"\x1bZ")
    assert shown(standing) == "Stat Cal.Int."
    standing.pass_s(5.0)
    assert shown(standing) == "N 0.00 g"


@pytest.mark.parametrize("load_g", [10.0, -10.0])
def test_an_adjustment_with_a_load_is_an_error(load_g: float) -> None:
    standing = sbi(load_g)
    standing.ask(b"\x1bZ")
    assert shown(standing) == "Stat ERR 02"


def test_an_error_in_the_stream_is_one_line() -> None:
    standing = sbi(10.0, auto="any")
    standing.heard()
    standing.say(b"\x1bZ")
    standing.pass_s(3.0)
    assert standing.lines().count(wire.encode_special(Special("Err", "02"), 22)) == 1


def test_a_restart_forgets_zero_and_tare() -> None:
    standing = sbi(2.0)
    standing.ask(b"\x1bV")
    standing.ask(b"\x1bS")
    assert shown(standing) == "N + 2.00 g"


def test_older_balances_do_not_say_who_they_are() -> None:
    assert sbi(identifies=False).ask(b"\x1bx1_\x1bx2_\x1bx3_") == b""
