"""What happens to an MT-SICS balance: power that fails, disturbed and lost lines, other hands, and where it stands."""

from __future__ import annotations

import pytest

from instruments.errors import ConfigError
from instruments.sim.bench import build_bench
from instruments.sim.mt_sics import BalanceData, MtSicsBalance
from tests.instruments.sim.states import BalanceStanding, Pan, balance

WHO = 'I4 A "SIM0000001"'
CUT = ((10.0, "power-off"), (15.0, "power-on"))


def text(standing: BalanceStanding) -> list[str]:
    return standing.text(standing.heard()).split("\r\n")


# --- power ---


def cut(*first: str, load_g: float = 10.0, **data: object) -> BalanceStanding:
    """A balance that was given some commands, lost its power for five seconds, and has just said so."""
    standing = balance(Pan(load_g), mishaps=CUT, **data)
    standing.asks(first)
    standing.pass_s(10.0 - standing.clock.now_s())
    standing.heard()
    standing.pass_s(6.9)
    assert standing.heard() == b""
    standing.pass_s(0.2)
    assert text(standing) == [WHO]
    return standing


KEPT = [
    # set before, asked after, answered
    ("T", "TA", "TA A       0.00 g"),
    ("TA 5 g", "TA", "TA A       0.00 g"),
    ("M21 0 1", "SI", "S S      10.00 g"),
    ("M21 1 1", "M21", "M21 B 0 0\r\nM21 B 1 1\r\nM21 A 2 0"),
    ("UPD 5", "UPD", "UPD A 5.0"),
    ("M67 100", "M67", "M67 A 100"),
    ('I10 "X"', "I10", 'I10 A "X"'),
    ("PWR 0", "SI", "S S      10.00 g"),
    ("M23 1", "SI", "S S       10.0 g"),
]


@pytest.mark.parametrize(("before", "after", "answer"), KEPT)
def test_power_that_fails_takes_tare_and_host_unit_and_leaves_the_settings(before: str, after: str, answer: str) -> None:
    assert cut(before).asks([after]) == [answer]


@pytest.mark.parametrize("running", ["SIR", "SR", "C3"])
def test_what_was_going_on_does_not_go_on(running: str) -> None:
    standing = cut(running)
    standing.pass_s(60.0)
    assert text(standing) == [""]


@pytest.mark.parametrize(("load_g", "first", "shown"), [(3.0, "I4", "0.00"), (3.0, "M35 0", "3.00"), (10.0, "I4", "10.00")])
def test_at_start_up_a_light_load_is_taken_for_zero_unless_forbidden(load_g: float, first: str, shown: str) -> None:
    assert cut(first, load_g=load_g).asks(["SI"]) == [f"S S {shown:>10} g"]


def test_without_power_and_while_it_starts_the_balance_hears_nothing() -> None:
    standing = balance(mishaps=CUT)
    for at_s in (11.0, 15.5, 16.9):
        standing.pass_s(at_s - standing.clock.now_s())
        standing.say(b"I2\r\n")
    standing.pass_s(5.0)
    assert text(standing) == [WHO]


def test_half_a_command_from_before_is_forgotten() -> None:
    standing = balance(mishaps=CUT)
    standing.say(b"xyz")
    standing.pass_s(20.0)
    standing.heard()
    assert standing.asks(["I4"]) == [WHO]


def test_noise_may_come_before_the_greeting() -> None:
    standing = balance(mishaps=CUT, power_up_noise="\x00\xff\xfe")
    standing.pass_s(20.0)
    assert standing.heard() == b"\x00\xff\xfe" + WHO.encode("ascii") + b"\r\n"


@pytest.mark.parametrize(
    ("command", "answers", "tare", "shown"),
    [("R01", [WHO], "0.00", "10.00"), ("RDB", [WHO], "0.00", "10.00"), ("FSET", ["FSET A", WHO], "0.00", "10.00")],
)
def test_a_restart_ends_with_the_serial_number(command: str, answers: list[str], tare: str, shown: str) -> None:
    standing = balance(Pan(10.0), persona="weigh-module")
    standing.asks(["T", "SIR"])
    standing.say(command.encode("ascii") + b"\r\n")
    standing.pass_s(0.1)
    said = [line for line in text(standing) if not line.startswith("S ")]
    standing.pass_s(5.0)
    assert [*said, *text(standing)] == answers
    assert standing.asks(["TA", "SI"]) == [f"TA A {tare:>10} g", f"S S {shown:>10} g"]


@pytest.mark.parametrize(("command", "shown"), [("R01", "3.00"), ("RDB", "0.00")])
def test_one_of_the_restarts_sets_zero_whatever_is_set(command: str, shown: str) -> None:
    standing = balance(Pan(3.0), persona="weigh-module")
    standing.asks(["M35 0", command])
    standing.pass_s(5.0)
    standing.heard()
    assert standing.asks(["SI"]) == [f"S S {shown:>10} g"]


def test_the_factory_settings_are_those_of_a_new_balance() -> None:
    asked = ["UPD", "M01", "M02", "M03", "M19", "M21", "M23", "M29", "M35", "M67", "C0", "I10", "ST", "USTB", "COM"]
    standing = balance(persona="weigh-module")
    new = standing.asks(asked)
    standing.asks(["UPD 5", "M01 1", "M02 0", "M03 1", "M19 5 g", "M21 0 1", "M21 1 3", "M23 1", "M29 0", "M35 0", "M67 7"])
    standing.asks(["C0 2 1", 'I10 "X"', "USTB 0 1 2", "COM 0 8 2 1"])
    changed = [before != after for before, after in zip(new, standing.asks(asked), strict=True)]
    assert changed == [asking != "ST" for asking in asked]
    standing.asks(["FSET"])
    standing.pass_s(5.0)
    standing.heard()
    assert standing.asks(asked) == new


# --- disturbances ---


def test_a_garbled_command_is_answered_as_such_and_the_next_one_is_done() -> None:
    standing = balance(mishaps=((3.0, "garble"),))
    standing.pass_s(2.0)
    assert standing.asks(["SI", "SI"]) == ["ET", "S S       0.00 g"]


def test_a_break_ends_the_stream() -> None:
    standing = balance(mishaps=((3.0, "break"),))
    standing.asks(["SIR"])
    standing.pass_s(5.0)
    assert text(standing)[-1] == "ET"
    standing.pass_s(5.0)
    assert text(standing) == [""]


@pytest.mark.parametrize(("lost", "left"), [("lose", 1), ("lose 1", 1), ("lose 2", 0)])
def test_lines_may_be_lost(lost: str, left: int) -> None:
    standing = balance(mishaps=((3.0, lost),))
    standing.pass_s(2.0)
    assert [answer != "" for answer in standing.asks(["I4", "I4", "I4"])] == [False, left == 1, True]


def test_a_stream_may_lose_lines() -> None:
    standing = balance(update_rate_hz=10.0, mishaps=((10.05, "lose 3"),))
    standing.asks(["SIR"])
    standing.pass_s(20.0)
    assert len(text(standing)) == pytest.approx(200 - 3, abs=1)


def test_the_unit_may_be_changed_by_hand() -> None:
    standing = balance(Pan(10.0), mishaps=((3.0, "unit oz"),))
    standing.pass_s(2.0)
    assert standing.asks(["SI", "SIU"]) == ["S S      0.353 oz", "S S      0.353 oz"]


def test_a_system_error_may_come_and_go() -> None:
    standing = balance(persona="weigh-module", mishaps=((3.0, "error 10b"), (5.0, "error")))
    standing.pass_s(2.0)
    told = standing.asks(["SI", "SIS", "E01", "E02", "E03"])
    assert told[0] == "S S  Error 10b"
    assert told[1].startswith("SIS A 6 ")
    assert told[2:] == ['E01 10 "EEPROM error"', "E02 A 16", 'E03 A 1 10 "EEPROM error"']
    standing.pass_s(2.0)
    assert standing.asks(["SI", "E01"]) == ["S S       0.00 g", 'E01 0 ""']


def test_a_port_in_another_mode_is_silent() -> None:
    standing = balance(answers=False)
    assert standing.asks(["@", "SI", "I4"]) == ["", "", ""]


@pytest.mark.parametrize("mishap", ["flood", "", "power"])
def test_what_cannot_happen_is_refused_by_name(mishap: str) -> None:
    with pytest.raises(ConfigError, match=f"mishaps: '{mishap}' is not known; there are: power-off, power-on, break"):
        balance(mishaps=((3.0, mishap),))


@pytest.mark.parametrize("mishap", ["lose x", "unit stone", "press 9", "press", "hold x", "error b", "power-off now"])
def test_nor_can_it_happen_to_what_there_is_not(mishap: str) -> None:
    with pytest.raises(ConfigError, match=f"mishaps: {mishap.partition(' ')[0]} cannot have"):
        balance(mishaps=((3.0, mishap),))


# --- on its bench ---


def bench_balance(**tables: object) -> MtSicsBalance:
    plain = {"balance": {"driver": "mt-sics", "address": "sim://b/balance", **tables.pop("balance", {})}, **tables}  # type: ignore[dict-item]
    device = build_bench("b", plain).devices["balance"]
    assert isinstance(device, MtSicsBalance)
    return device


STANDS = [
    # the bench file's table of the balance, persona, readability, repeatability and capacity in g
    ({}, "analytical", 1e-4, 1e-4, 220.0),
    ({}, "xpr", 1e-5, 1.5e-5, 220.0),
    ({}, "weigh-module", 1e-3, 1e-3, 410.0),
    ({"readability": "0.1 mg"}, "xpr", 1e-4, 1.5e-5, 220.0),
    ({"readability": "1 mg", "repeatability": "2 mg", "capacity": "1 kg"}, "xpr", 1e-3, 2e-3, 1000.0),
]


@pytest.mark.parametrize(("table", "persona", "readability_g", "repeatability_g", "capacity_g"), STANDS)
def test_the_class_fills_in_what_the_bench_file_leaves_open(
    table: dict[str, str], persona: str, readability_g: float, repeatability_g: float, capacity_g: float
) -> None:
    cell = bench_balance(balance=table, simulation={"balance": {"persona": persona}}).cell.data
    assert (cell.readability_g, cell.repeatability_g, cell.capacity_g) == (readability_g, repeatability_g, capacity_g)


def test_the_bench_file_may_say_more_of_the_balance() -> None:
    own = {"persona": "clone", "model": "X", "reset_clears_tare": False, "mishaps": [[60, "power-off"], [65, "power-on"]]}
    device = bench_balance(balance={"serial": "B1"}, simulation={"balance": own})
    assert (device.data.serial, device.persona.model, device.persona.reset_clears_tare) == ("B1", "X", False)
    assert device.persona.levels == ("", "2.2x")
    assert device.next_event_s() == 60.0


@pytest.mark.parametrize(
    ("key", "value"), [("persona", "kitchen"), ("update_rate_hz", "fast"), ("colour", "white"), ("calendar", "noon")]
)
def test_what_no_balance_has_is_refused_by_name(key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=key):
        bench_balance(simulation={"balance": {key: value}})


def test_every_option_is_told_of() -> None:
    told = BalanceData.__doc__ or ""
    plain = {"persona", "serial", "model", "software", "software_id", "baudrate", "latency_s", "update_rate_hz", "zero_range"}
    plain |= {"internal_weight", "adjustment_g", "adjustment_s", "operator_patience_s", "display_characters", "temperature_c"}
    plain |= {"calendar", "update_limit_hz"}
    assert {name for name in BalanceData.__slots__ if f"``{name}``" not in told} <= plain
