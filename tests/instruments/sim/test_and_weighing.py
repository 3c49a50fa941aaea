"""An A&D balance: acknowledged twice or silent, busy while it zeroes, impatient with half commands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.instruments.sim.printing import Weighed, balance
from tests.instruments.sim.states import IDEAL, Pan

AK = "\x06"


def and_balance(load_g: float = 0.0, **options: Any) -> Weighed:
    return balance("and_weighing", Pan(load_g), **options)


def moving() -> Pan:
    return Pan(100.0, lambda moments_s: 0.5 * np.sin(7.0 * moments_s))


ANSWERS = [
    # load in g, commands, answers with error codes on
    (100.0, ["Q", "SI", "S", "\x1bP", "PRT"], ["ST,+00100.00  g"] * 5),
    (0.0, ["C", "SMP", "ON", "U", "Q"], [AK] * 4 + ["ST,+00.00000 kg"]),
    (0.0, ["U", "U", "Q"], [AK, AK, "ST,+00000000 mg"]),
    (0.0, ["OFF", "Q", "P", "Q"], [AK, "EC,E02", AK, "ST,+00000.00  g"]),
    (0.0, ["?ID", "ID:LAB-0007", "?ID", "ID:lab", "?ID"], ["LAB-0123", AK, "LAB-0007", "EC,E06", "LAB-0007"]),
    (0.0, ["?SN", "?TN"], ["T0000001", "GX-224A"]),
    (0.0, ["PT:10.5 g", "?PT", "Q"], [AK, "ST,+00010.50  g", "ST,-00010.50  g"]),
    (0.0, ["PT:10.5 kg", "PT:x g", "PT:221 g"], ["EC,E06", "EC,E06", "EC,E07"]),
    (0.0, ["?KL", "KL:123", "?KL", "KL:1"], ["KL,000", AK, "KL,123", "EC,E06"]),
    (0.0, ["q", "Q:", "ID", "I4", "@", "X" * 41, ""], ["EC,E01"] * 5 + ["EC,E04", ""]),
    (250.0, ["Q"], ["OL,+9999999E+19"]),
    (-50.0, ["Q"], ["OL,-9999999E+19"]),
]


@pytest.mark.parametrize(("load_g", "asked", "answers"), ANSWERS, ids=[asked[-1][:8] or "empty" for _, asked, _ in ANSWERS])
@pytest.mark.parametrize("errors", [True, False], ids=["erCd 1", "erCd 0"])
def test_commands_and_answers(load_g: float, asked: list[str], answers: list[str], errors: bool) -> None:
    heard = and_balance(load_g, answers_errors=errors).asks(asked)
    assert heard == [answer if errors or not (answer == AK or answer.startswith("EC")) else "" for answer in answers]


FORMATS = {
    "AD": (b"ST,+00100.00  g", b"OL,+9999999E+19"), "DP": (b"WT    +100.00  g", b"OL,+9999999E+19"),
    "KF": (b"+   100.00 g  ", b"OL,+9999999E+19"), "MT": (b"S     100.00 g", b"SI"),
    "NU": (b"+00100.00", b"OL,+9999999E+19"), "CSV": (b"ST,+00100.00,  g", b"OL,+9999999E+19"),
}  # fmt: skip


@pytest.mark.parametrize(("form", "lines"), FORMATS.items())
@pytest.mark.parametrize(("end", "ended"), [("CRLF", b"\r\n"), ("CR", b"\r")])
def test_the_format_and_the_end_of_line_are_those_of_the_menu(
    form: str, lines: tuple[bytes, bytes], end: str, ended: bytes
) -> None:
    standing = and_balance(100.0, line_format=form, end=end)
    assert standing.ask(b"Q" + ended) == lines[0] + ended
    standing.say(b"SIR" + ended)
    standing.pass_s(1.0)
    assert standing.heard().startswith((lines[0] + ended) * 8)
    standing.put(250.0)
    assert standing.heard().endswith((lines[1] + ended) * 8)


@pytest.mark.parametrize("command", ["R", "Z", "\x1bT", "T", "CAL"])
@pytest.mark.parametrize("zeroing_s", [0.5, 3.0])
def test_the_second_acknowledgement_comes_with_completion(command: str, zeroing_s: float) -> None:
    standing = and_balance(1.0, answers_errors=True, zeroing_s=zeroing_s)
    assert standing.asks([command]) == [AK]
    standing.pass_s(zeroing_s - 0.15)
    assert standing.heard() == b""
    standing.pass_s(0.15)
    assert standing.heard() == b"\x06\r\n"


@pytest.mark.parametrize(("command", "load_g", "code"), [("R", 4.41, "07"), ("T", -0.01, "07")])
def test_what_cannot_be_done_is_an_error_instead_of_the_second(command: str, load_g: float, code: str) -> None:
    standing = and_balance(load_g, answers_errors=True)
    assert standing.asks([command]) == [AK]
    standing.pass_s(2.0)
    assert standing.text(standing.heard()) == f"EC,E{code}"


@pytest.mark.parametrize("command", ["R", "S"])
def test_without_calm_there_is_a_stability_error_in_the_end(command: str) -> None:
    standing = balance("and_weighing", moving(), answers_errors=True)
    standing.asks([command])
    standing.pass_s(39.0)
    assert standing.heard() == b""
    standing.pass_s(3.0)
    assert standing.heard() == b"EC,E11\r\n"


def test_without_error_codes_the_wait_for_a_stable_weight_has_no_end_but_c() -> None:
    pan = moving()
    standing = balance("and_weighing", pan)
    standing.say(b"S\r\n")
    standing.pass_s(300.0)
    assert standing.heard() == b""
    standing.asks(["C"])
    pan.sway = None
    standing.pass_s(5.0)
    assert standing.heard() == b""


def test_while_it_zeroes_the_weight_from_before_is_all_that_can_be_had() -> None:
    standing = and_balance(1.0)
    assert standing.asks(["R", "Q", "T"]) == ["", "ST,+00001.00  g", ""]
    standing.pass_s(2.0)
    assert standing.asks(["Q"]) == ["ST,+00000.00  g"]
    assert standing.device.tare == 0


def test_while_it_zeroes_it_is_not_ready_for_anything_but_cancel_and_power() -> None:
    standing = and_balance(1.0, answers_errors=True)
    assert standing.asks(["R", "Q", "T", "?ID", "C", "P"]) == [AK, "EC,E02", "EC,E02", "EC,E02", AK, AK]


def test_a_question_leaves_the_stream_alone_and_cancel_ends_it() -> None:
    standing = and_balance(1.0, answers_errors=True)
    standing.asks(["SIR"])
    standing.pass_s(1.0)
    standing.asks(["Q"])
    standing.pass_s(1.0)
    assert len(standing.lines()) == pytest.approx(10, abs=2)
    assert standing.asks(["C"])[0].endswith(AK)
    standing.pass_s(5.0)
    assert standing.heard() == b""


@pytest.mark.parametrize(("errors", "told"), [(True, b"EC,E03\r\n"), (False, b"")])
def test_a_command_has_to_be_complete_within_a_second(errors: bool, told: bytes) -> None:
    standing = and_balance(1.0, answers_errors=errors)
    standing.say(b"XYZ")
    standing.pass_s(0.9)
    assert standing.heard() == b""
    standing.pass_s(0.2)
    assert standing.heard() == told
    assert standing.asks(["Q"]) == ["ST,+00001.00  g"]


def test_half_a_command_in_time_is_completed() -> None:
    standing = and_balance(1.0)
    standing.say(b"?I")
    standing.pass_s(0.9)
    assert standing.asks(["D"]) == ["LAB-0123"]


def test_without_a_limit_it_may_take_for_ever() -> None:
    standing = and_balance(1.0, command_limit_s=float("inf"))
    standing.say(b"?I")
    standing.pass_s(100.0)
    assert standing.asks(["D"]) == ["LAB-0123"]


def test_a_weight_too_wide_for_its_column_makes_the_line_longer() -> None:
    standing = balance("and_weighing", Pan(150.0), replace(IDEAL, readability_g=1e-6))
    assert standing.asks(["Q"]) == ["ST,+150.000000  g"]
    standing.asks(["SIR"])
    standing.pass_s(1.0)
    assert set(standing.lines()) == {b"ST,+150.000000  g\r\n"}
