"""A KCP balance: MT-SICS with its own list of commands, a serial number to be set, and a pause between commands."""

from __future__ import annotations

from typing import Any

import pytest

from instruments.wire import kern as wire
from tests.instruments.sim.printing import Weighed, balance
from tests.instruments.sim.states import Pan


def kern(load_g: float = 0.0, **options: Any) -> Weighed:
    standing = balance("kern", Pan(load_g), **options)
    standing.pass_s(0.2)
    return standing


def asks(standing: Weighed, texts: list[str]) -> list[str]:
    """With the pause that the balance needs."""
    answers = []
    for text in texts:
        answers += standing.asks([text])
        standing.pass_s(0.1)
    return answers


ANSWERS = [
    (100.0, ["SI", "S", "T", "SI", "TA", "TAC", "SI"], [
        "S S     100.00 g", "S S     100.00 g", "T S     100.00 g", "S S       0.00 g",
        "TA A     100.00 g", "TAC A", "S S     100.00 g",
    ]),
    (1.0, ["Z", "SI", "ZI", "@"], ["Z A", "S S       0.00 g", "ZI S", 'I4 A "K123456"']),
    (0.0, ['D "HELLO"', 'D " "', "DW", "K 1"], ["D A", "D A", "DW A", "K A"]),
    (0.0, ["I4", 'I4 A "K654321"', "I4", "I4 A", "I4 x", "I4"], [
        'I4 A "K123456"', "I4 A", 'I4 A "K654321"', "I4 L", "I4 L", 'I4 A "K654321"']),
    (0.0, ["I2", "I3", "I5"], ['I2 A "PNJ 600-3M 220.00 g"', 'I3 A "1.02"', 'I5 A "1.02"']),
    (0.0, ["UPD", "UPD 10", "M21", "SC 100", "C3", "PWR 0", "MM", "I10"], ["ES"] * 8),
]  # fmt: skip


@pytest.mark.parametrize(("load_g", "asked", "answers"), ANSWERS, ids=[asked[0] for _, asked, _ in ANSWERS])
def test_commands_and_answers(load_g: float, asked: list[str], answers: list[str]) -> None:
    assert asks(kern(load_g), asked) == answers


def test_a_command_too_soon_after_another_is_lost() -> None:
    standing = kern(1.0)
    standing.say(b"SI\r\nI4\r\n")
    standing.pass_s(0.09)
    standing.say(b"I2\r\n")
    standing.pass_s(0.5)
    assert standing.lines() == [b"S S       1.00 g\r\n"]


def test_a_lost_command_does_not_make_the_pause_longer() -> None:
    standing = kern(1.0)
    standing.say(b"SI\r\n")
    standing.pass_s(0.06)
    standing.say(b"I2\r\n")
    standing.pass_s(0.06)
    standing.say(b"I4\r\n")
    standing.pass_s(0.5)
    assert standing.lines() == [b"S S       1.00 g\r\n", b'I4 A "K123456"\r\n']


def test_the_list_of_commands_is_complete() -> None:
    standing = kern()
    standing.say(b"I0\r\n")
    standing.pass_s(2.0)
    names = wire.decode_command_list(standing.heard())
    assert wire.is_kcp(names)
    for name in names:
        assert asks(standing, [name, "@"])[0] != "ES"
