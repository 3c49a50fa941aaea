"""Adjustment and test of an MT-SICS balance: prompts, what it does meanwhile, how it is called off, and its keys."""

from __future__ import annotations

import pytest

from tests.instruments.sim.states import BalanceStanding, Pan, balance

WHO = 'I4 A "SIM0000001"'
BUSY_S, DONE_S = 19.9, 0.3


def text(standing: BalanceStanding) -> list[str]:
    return standing.text(standing.heard()).split("\r\n")


INSIDE = [("C3", "C3 A"), ("C1", "C1 A"), ("TST3", 'TST3 A "        0.00"')]


@pytest.mark.parametrize(("command", "done"), INSIDE)
def test_the_internal_weight_takes_its_time(command: str, done: str) -> None:
    standing = balance()
    assert standing.asks([command]) == [f"{command} B"]
    standing.pass_s(BUSY_S - 0.1)
    assert text(standing) == [""]
    standing.pass_s(DONE_S)
    assert text(standing) == [done]


@pytest.mark.parametrize(("command", "done"), INSIDE)
def test_on_a_load_that_moves_it_fails(command: str, done: str) -> None:
    standing = balance()
    standing.restless(stable=False)
    standing.asks([command])
    standing.pass_s(BUSY_S + DONE_S)
    assert text(standing) == [f"{command} I"]
    assert standing.asks(["M27"]) == ["M27 A"]


@pytest.mark.parametrize("command", ["C3", "C1", "TST3"])
def test_without_an_internal_weight_there_is_nothing_to_do(command: str) -> None:
    assert balance(internal_weight=False).asks([command]) == [f"{command} L"]


@pytest.mark.parametrize("command", ["C1", "C2", "C3", "TST3"])
def test_not_in_standby(command: str) -> None:
    assert balance().asks(["PWR 0", command]) == ["PWR A", f"{command} I"]


# --- meanwhile ---


@pytest.mark.parametrize("command", ["SI", "I4", "Z", "C3", "xyz"])
def test_a_command_that_comes_meanwhile_is_done_at_the_end(command: str) -> None:
    standing = balance()
    assert standing.asks(["C3", command]) == ["C3 B", ""]
    standing.pass_s(BUSY_S - 0.3)
    assert text(standing) == [""]
    standing.pass_s(0.5)
    answer = {"SI": "S S       0.00 g", "I4": WHO, "Z": "Z A", "C3": "C3 B", "xyz": "ES"}[command]
    assert text(standing) == ["C3 A", answer]


def test_a_stream_pauses() -> None:
    standing = balance(update_rate_hz=10.0)
    standing.asks(["SIR", "C3"])
    standing.heard()
    standing.pass_s(BUSY_S - 0.3)
    assert text(standing) == [""]
    standing.pass_s(5.0)
    first, *then = text(standing)
    assert first == "C3 A"
    assert (len(then), set(then)) == (pytest.approx(48, abs=2), {"S S       0.00 g"})


CALLED_OFF = [("C1", ["C1 I"]), ("C2", ["C2 I"]), ("C3", ["C3 I"]), ("TST3", ["TST3 I"]), ("S", []), ("SIR", []), ("SR", [])]


@pytest.mark.parametrize(("command", "said"), CALLED_OFF)
def test_it_can_be_cancelled(command: str, said: list[str]) -> None:
    standing = balance(Pan(0.0))
    standing.restless(stable=False)
    standing.pass_s(0.2)
    standing.asks([command])
    standing.pass_s(5.0)
    standing.heard()
    standing.say(b"C\r\n")
    standing.pass_s(0.1)
    assert text(standing) == ["C B", *said, "C A"]
    standing.pass_s(200.0)
    assert text(standing) == [""]


@pytest.mark.parametrize("command", ["C1", "C2", "C3", "TST3"])
def test_a_reset_ends_it_without_a_word(command: str) -> None:
    standing = balance()
    standing.asks([command])
    standing.pass_s(1.0)
    assert standing.asks(["@"]) == [WHO]
    standing.pass_s(200.0)
    assert text(standing) == [""]


def test_on_a_clone_a_reset_waits_for_the_end_of_an_adjustment() -> None:
    standing = balance(reset_ends_adjustment=False)
    assert standing.asks(["C3", "@"]) == ["C3 B", ""]
    standing.pass_s(BUSY_S)
    assert text(standing) == ["C3 A", WHO]


def test_but_not_for_a_weight() -> None:
    standing = balance(reset_ends_adjustment=False)
    standing.restless(stable=False)
    standing.pass_s(0.2)
    assert standing.asks(["S", "@"]) == ["", WHO]


# --- with the operator ---


def placed(standing: BalanceStanding, load_g: float, *, for_s: float = 5.0) -> list[str]:
    standing.pan.load_g = load_g
    standing.pass_s(for_s)
    return text(standing)


@pytest.mark.parametrize(("first", "name"), [([], "C2"), (["C0 0 1"], "C1")])
def test_an_external_adjustment_follows_the_load(first: list[str], name: str) -> None:
    standing = balance(Pan(50.0))
    standing.asks(first)
    assert standing.asks([name]) == [f'{name} B\r\n{name} "      0.00 g"']
    assert placed(standing, 50.0) == [""]
    assert placed(standing, 0.0) == [f'{name} "    200.00 g"']
    assert placed(standing, 100.0) == [""]
    assert placed(standing, 200.5) == [f'{name} "      0.00 g"']
    assert placed(standing, 200.5) == [""]
    assert placed(standing, 0.0) == [f"{name} A"]
    assert standing.asks(["M27"]) == ['M27 A 1 01 01 2026 08 00 1 "    200.00 g"']


def test_the_operator_is_waited_for_only_so_long() -> None:
    standing = balance(Pan(50.0), operator_patience_s=30.0)
    standing.asks(["C2"])
    assert placed(standing, 50.0, for_s=29.8) == [""]
    assert placed(standing, 50.0, for_s=0.3) == ["C2 I"]


def test_a_weight_that_the_balance_cannot_carry_is_refused() -> None:
    assert balance(adjustment_g=500.0).asks(["C2"]) == ["C2 L"]


def test_the_weight_is_the_one_that_was_set_in_the_unit_of_the_host() -> None:
    standing = balance()
    assert standing.asks(["M19 100 g", "M21 0 3", "M19"]) == ["M19 A", "M21 A", "M19 A 100000 mg"]
    assert standing.asks(["C2"]) == ['C2 B\r\nC2 "         0 mg"']


def test_the_latest_adjustment_comes_first() -> None:
    standing = balance(calendar="2017-10-01T09:00:00")
    for _ in range(2):
        standing.asks(["C3"])
        standing.pass_s(60.0)
    assert standing.asks(["M27"]) == ['M27 B 1 01 10 2017 09 01 0 ""\r\nM27 A 2 01 10 2017 09 00 0 ""']


# --- keys ---

KEYS = [
    # mode of K, what is pressed, load in g, said within a second, tare afterwards
    (1, "press 1", 10.0, "", "10.00"),
    (2, "press 1", 10.0, "", "0.00"),
    (3, "press 1", 10.0, "K C 1", "0.00"),
    (3, "hold 1", 10.0, "K R 1", "0.00"),
    (4, "press 1", 10.0, "K B 1\r\nK A 1", "10.00"),
    (4, "press 1", -1.0, "K B 1\r\nK I 1", "0.00"),
    (4, "press 2", 1.0, "K B 2\r\nK A 2", "0.00"),
    (4, "press 2", 10.0, "K B 2\r\nK I 2", "0.00"),
    (4, "press 3", 10.0, "K B 3\r\nK A 3", "0.00"),
    (1, "hold 1", 10.0, "", "0.00"),
]


@pytest.mark.parametrize(("mode", "pressed", "load_g", "said", "tare"), KEYS)
def test_keys_do_and_say_what_their_mode_lets_them(mode: int, pressed: str, load_g: float, said: str, tare: str) -> None:
    standing = balance(Pan(load_g), mishaps=((5.0, pressed),))
    standing.asks([f"K {mode}"])
    standing.pass_s(4.0)
    assert standing.text(standing.heard()) == said
    assert standing.asks(["TA"]) == [f"TA A {tare:>10} g"]


def test_a_reset_frees_the_keys() -> None:
    standing = balance(Pan(10.0), mishaps=((5.0, "press 1"),))
    standing.asks(["K 3", "@"])
    standing.pass_s(4.0)
    assert text(standing) == [""]
    assert standing.asks(["TA"]) == ["TA A      10.00 g"]


def test_a_key_needs_calm() -> None:
    standing = balance(Pan(10.0), mishaps=((5.0, "press 1"), (5.5, "press 2"), (6.0, "press 3")))
    standing.restless(stable=False)
    standing.asks(["K 4", "ST 1"])
    standing.pass_s(5.0)
    assert text(standing) == ["K B 1", "K I 1", "K B 2", "K I 2", "K B 3", "K I 3"]


@pytest.mark.parametrize(("setting", "said"), [("ST 0", ""), ("ST 1", "S S      10.00 g")])
def test_the_transfer_key_sends_the_weight_if_it_may(setting: str, said: str) -> None:
    standing = balance(Pan(10.0), mishaps=((5.0, "press 3"),))
    standing.asks([setting])
    standing.pass_s(4.0)
    assert standing.text(standing.heard()) == said


@pytest.mark.parametrize(("has_weight", "said"), [(True, ["K B 0", "K A 0"]), (False, ["K B 0", "K I 0"])])
def test_the_adjust_key_uses_the_internal_weight(has_weight: bool, said: list[str]) -> None:
    standing = balance(mishaps=((5.0, "press 0"), (7.0, "press 1")), internal_weight=has_weight)
    standing.asks(["K 4"])
    standing.pass_s(30.0)
    assert text(standing)[:2] == said
    assert len(standing.device.history) == has_weight
