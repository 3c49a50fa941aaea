"""An Ohaus balance: acknowledgements that may be off, four ways to print by itself, older models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.instruments.sim.printing import Weighed, balance
from tests.instruments.sim.states import Pan


def ohaus(load_g: float = 0.0, **options: Any) -> Weighed:
    return balance("ohaus", Pan(load_g), **options)


def moving() -> Pan:
    return Pan(100.0, lambda moments_s: 0.5 * np.sin(7.0 * moments_s))


ANSWERS = [
    # load in g, commands, answers
    (100.0, ["IP", "P", "SP"], ["    100.00 g"] * 3),
    (1.0, ["Z", "IP"], ["OK!", "      0.00 g"]),
    (4.41, ["Z"], ["ES"]),
    (100.0, ["T", "PT", "IP"], ["OK!", "    100.00 g", "      0.00 g"]),
    (-0.01, ["T"], ["ES"]),
    (0.0, ["50T", "IP", "PT", "0T", "PT"], ["OK!", "    -50.00 g", "     50.00 g", "OK!", "      0.00 g"]),
    (0.0, ["221T"], ["ES"]),
    (100.0, ["PU", "U", "PU", "IP", "3U", "IP", "9U"], ["g", "OK!", "kg", "   0.10000 kg", "OK!", "    100000 mg", "ES"]),
    (0.0, ["PM", "M"], ["Weigh", "OK!"]),
    (0.0, ["PSN", "PV"], ["B000000001", "Sr 2.00"]),
    (0.0, ["OFF", "IP", "ON", "IP"], ["OK!", "ES", "OK!", "      0.00 g"]),
    (0.0, ["0RL", "Z", "FOO", "IP", "1RL"], ["", "", "ES", "      0.00 g", "OK!"]),
    (0.0, ["2RL", "2S", "RL", "3601P", "1.5P", "ip", "I P", "", "\x1bR"], ["ES"] * 7 + ["", "OK!"]),
    (250.0, ["IP"], ["   Err 8.3"]),
    (-50.0, ["IP"], ["   Err 8.4"]),
]  # fmt: skip


@pytest.mark.parametrize(("load_g", "asked", "answers"), ANSWERS, ids=[" ".join(asked).strip("\x1b") for _, asked, _ in ANSWERS])
def test_commands_and_answers(load_g: float, asked: list[str], answers: list[str]) -> None:
    assert ohaus(load_g).asks(asked) == answers


def test_a_command_ends_with_cr_alone() -> None:
    assert ohaus(1.0).ask(b"IP\r") == b"      1.00 g\r\n"


@pytest.mark.parametrize("command", ["SP", "Z", "T"])
def test_without_calm_the_wait_ends_after_40_seconds(command: str) -> None:
    standing = balance("ohaus", moving())
    standing.say(command.encode("ascii") + b"\r\n")
    standing.pass_s(39.99)
    assert standing.heard() == b""
    standing.pass_s(0.1)
    assert standing.heard() == b"ES\r\n"


def test_commands_wait_their_turn_behind_one_that_waits_for_calm() -> None:
    pan = moving()
    standing = balance("ohaus", pan)
    standing.say(b"SP\r\nPSN\r\n")
    standing.pass_s(5.0)
    assert standing.heard() == b""
    pan.sway = None
    standing.pass_s(2.0)
    assert standing.lines() == [b"    100.00 g\r\n", b"B000000001\r\n"]


@pytest.mark.parametrize(("mode", "printed"), [("0S", True), ("1S", False)])
def test_print_may_be_for_stable_weights_only(mode: str, printed: bool) -> None:
    standing = balance("ohaus", moving())
    assert standing.asks([mode]) == ["OK!"]
    assert bool(standing.ask(b"P\r\n")) == printed


def test_continuous_print_of_stable_weights_only() -> None:
    standing = balance("ohaus", moving())
    standing.asks(["1S", "CP"])
    standing.pass_s(5.0)
    assert standing.heard() == b""


@pytest.mark.parametrize(("command", "zeros"), [("SLP", 0), ("SLZP", 1)])
def test_each_weight_that_has_become_stable_is_printed_once(command: str, zeros: int) -> None:
    standing = ohaus(0.0)
    standing.say(command.encode("ascii") + b"\r\n")
    standing.pass_s(5.0)
    assert standing.lines() == [b"      0.00 g\r\n"] * zeros
    standing.put(10.0)
    standing.pass_s(5.0)
    assert standing.lines() == [b"     10.00 g\r\n"]
    standing.asks(["0P"])
    standing.put(20.0)
    assert standing.heard() == b""


def test_interval_print_keeps_its_time_and_tells_it() -> None:
    standing = ohaus(1.0)
    standing.say(b"600P\r\n")
    standing.pass_s(7300.0)
    legends = [line.decode("ascii").split()[-1] for line in standing.lines()[1:]]
    assert legends[:2] + legends[-2:] == ["00:10:00", "00:20:00", "01:50:00", "02:00:00"]
    assert len(legends) == 12


def test_another_print_mode_ends_the_one_before() -> None:
    standing = ohaus(1.0)
    standing.asks(["CP"])
    assert standing.asks(["2P"])[0].endswith("OK!")
    standing.pass_s(10.0)
    assert len(standing.lines()) == 5


def test_continuous_print_may_be_acknowledged_before_its_first_line() -> None:
    standing = ohaus(1.0, acknowledges_stream=True)
    standing.say(b"CP\r\n")
    standing.pass_s(1.0)
    assert standing.lines()[0] == b"OK!\r\n"


def test_a_balance_that_is_legal_for_trade_tells_its_version_in_two_lines() -> None:
    assert ohaus(legal_for_trade=True).ask(b"PV\r\n") == b"Sr 2.00\r\nLFT ON\r\n"


OLDER = [
    (["P", "V", "LE", "?", "Z"], ["   100.00 g", "Sr 2.00", "[Err 0]", "Weigh", "ES"]),
    (["IP", "SP", "CP", "PSN"], ["ES"] * 4),
    (["\x1bV"], ["Sr 2.00"]),
]


@pytest.mark.parametrize(("asked", "answers"), OLDER)
def test_older_models_have_other_commands(asked: list[str], answers: list[str]) -> None:
    assert [answer.rstrip() for answer in ohaus(100.0, old_lines=True).asks(asked)] == answers


def test_older_models_print_by_themselves_too() -> None:
    standing = ohaus(100.0, old_lines=True)
    standing.say(b"2A\r\n")
    standing.pass_s(4.1)
    assert standing.lines() == [b"OK!\r\n", b"   100.00 g     \r\n", b"   100.00 g     \r\n"]
    assert standing.asks(["0A"]) == ["OK!"]
    standing.pass_s(10.0)
    assert standing.heard() == b""


def test_a_command_during_a_print_may_be_lost() -> None:
    standing = ohaus(100.0, old_lines=True, deaf_while_printing=True)
    standing.say(b"P\r\nP\r\n")
    standing.pass_s(1.0)
    assert len(standing.lines()) == 1
