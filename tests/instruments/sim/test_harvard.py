"""Simulated Ultra pumps: the exchanges byte for byte, what a command is, the chain, and the options for disputed points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given

from instruments.errors import ConfigError
from instruments.options import options_from
from instruments.sim.harvard import HarvardChain, build
from instruments.sim.harvard_models import MODELS, PumpData
from instruments.sim.physics.line import Line
from instruments.sim.physics.path import FluidPath
from instruments.sim.setup import read_setup
from instruments.sim.site import Site
from tests.instruments.exchanges import Row, load, octets
from tests.instruments.sim.answers import SPOKEN, Speak, a_drive, assert_answered, assert_answered_together
from tests.instruments.sim.harvard_states import PumpStanding, given_pump, pump, running
from tests.instruments.sim.states import _BYTE_S, Standing
from tests.instruments.wire.chunks import noisy

EXCHANGES = load("harvard")["exchange"]
ALL = pytest.mark.parametrize("exchange", EXCHANGES, ids=[row["id"] for row in EXCHANGES])


def in_time(steps: Iterable[Row], speak: Speak) -> list[Row]:
    """The host begins as much earlier as it takes to spell a command, so that its last byte arrives when it should."""
    spelt = speak is Standing.spell
    lead_s = [(len(octets(step["host"])) - 1) * _BYTE_S if spelt and step["host"] else 0.0 for step in steps]
    return [step | {"after_s": max(0.0, step.get("after_s", 0.0) - ahead_s)} for step, ahead_s in zip(steps, lead_s, strict=True)]


# --- the exchanges ---


@SPOKEN
@ALL
def test_an_exchange_is_answered_byte_for_byte(exchange: Row, speak: Speak) -> None:
    assert_answered(given_pump(exchange), in_time(exchange["steps"], speak), speak)


TOGETHER = [row for row in EXCHANGES if len(row["steps"]) > 1 and row["id"] not in ("hu-43", "hu-45")]
"""Echo comes before any answer, and what is said unasked follows no command."""


@pytest.mark.parametrize("exchange", TOGETHER, ids=lambda row: row["id"])
def test_two_commands_in_one_write_are_answered_in_turn(exchange: Row) -> None:
    assert_answered_together(given_pump(exchange), *exchange["steps"][:2])


def test_the_table_has_all_worked_exchanges_of_the_reference_and_the_recorded_session() -> None:
    assert [row["id"] for row in EXCHANGES if row.get("worked")] == [f"hu-{number}" for number in range(1, 26)]
    assert [row["id"] for row in EXCHANGES if row.get("recorded")] == [f"hu-{number}" for number in range(26, 39)]
    assert len(EXCHANGES) == 45


def test_a_reply_is_complete_within_a_tenth_of_a_second() -> None:
    standing = pump(baudrate=9600)
    standing.say(b"version\r")
    assert standing.hear(63, within_s=0.1).endswith(b"D101754\r\n:")


# --- what a command is ---

SPELLINGS = [
    b"IRATE\r", b"irat\r", b"Irat \r\n", b"\nirate\r", b"@irate\r", b"  irate\r", b"\x00i\xffrate\x7f\r",
]  # fmt: skip
ADDRESSED = [b"0irate\r", b"00irate\r", b"00@irate\r", b"@00irate\r", b"00:irate\r"]


@pytest.mark.parametrize("said", SPELLINGS, ids=repr)
def test_a_command_may_be_spelt_like_this(said: bytes) -> None:
    assert pump("irate 500 ul/min").ask(said) == b"\n500 ul/min\r\n:"


@pytest.mark.parametrize("said", ADDRESSED, ids=repr)
def test_an_address_in_the_command_is_in_the_reply(said: bytes) -> None:
    assert pump("irate 500 ul/min").ask(said) == b"\n00:500 ul/min\r\n00:"


@pytest.mark.parametrize("said", [b"ira\r", b"irates\r", b"iratee 5 u/m\r", b"000irate\r", b"5x\r", b"?\r"], ids=repr)
def test_other_words_are_not_known(said: bytes) -> None:
    assert b"Unknown command" in pump("irate 500 ul/min", addresses=(0, 5)).ask(said)


UNITS = {
    "500 u/m": "500 ul/min", "500 ul/min": "500 ul/min", "5 m/h": "5 ml/hr", "5 ml/hr": "5 ml/hr", "9 u/s": "9 ul/sec",
    "9 ul/sec": "9 ul/sec", "900 n/min": "900 nl/min", "9e2 u/m": None, "900000 p/m": "900000 pl/min", "0.5 m/m": "0.5 ml/min",
    ".5 m/m": "0.5 ml/min", "5 l/m": None, "5 u": None, "5 u/d": None, "x u/m": None, "-5 u/m": None, "500u/m": None,
    "5 u/m 7": None, "5 U/M": "5 ul/min",
}  # fmt: skip


@pytest.mark.parametrize(("given_rate", "told"), UNITS.items())
def test_a_rate_is_told_in_the_unit_it_was_set_in_or_refused(given_rate: str, told: str | None) -> None:
    refused, rate = pump("irate 1 ml/min").tells(f"irate {given_rate}", "irate")
    assert refused.startswith("Argument error:") == (told is None)
    assert rate == f"{told or '1 ml/min'} :"


# --- limits by model and bore ---

LIMITS = [
    # model, diameter, what ``irate lim`` tells (section 10 of the reference; the PHD's table is of 14.427 and 26.594 mm)
    ("pump-11-elite", "4.699", "2.65534 nl/min to 2.75746 ml/min"), ("pump-11-elite", "9.525", "10.9103 nl/min to 11.33 ml/min"),
    ("legato-100", "14.43", "25.0404 nl/min to 26.0035 ml/min"), ("pump-11-elite", "26.59", "85.0247 nl/min to 88.2949 ml/min"),
    ("phd-ultra", "14.427", "30.064 nl/min to 31.2204 ml/min"), ("phd-ultra", "26.594", "102.156 nl/min to 106.085 ml/min"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "diameter", "told"), LIMITS)
def test_the_plunger_speed_limits_the_rates(model: str, diameter: str, told: str) -> None:
    standing = pump(f"diameter {diameter}", model=model)
    assert standing.tells("irate lim", "wrate lim") == [f"{told} :"] * 2


@pytest.mark.parametrize(("word", "told"), [("min", "25.0404 nl/min :"), ("max", "26.0035 ml/min :")])
def test_the_limit_itself_is_taken(word: str, told: str) -> None:
    assert pump("diameter 14.43").tells(f"irate {word}", "irate") == [":", told]
    assert pump("diameter 14.43").tells(f"irate {told[:-2]}", "irate") == [":", told]


BEYOND = ["irate 26.004 ml/min", "irate 25.04 nl/min", "wrate 26.004 ml/min", "irate 0 ul/min", "iramp 1 u/m 27 m/m 10"]


@pytest.mark.parametrize("command", BEYOND)
def test_a_rate_beyond_the_limits_is_refused(command: str) -> None:
    assert "Out of range" in pump("diameter 14.43").tells(command)[0]


def test_a_rate_that_a_new_bore_makes_impossible_is_not_run() -> None:
    assert pump("irate 20 ml/min", "diameter 4.699").tells("irun") == ["Command error: Rate is out of range of the syringe :"]


DIAMETERS = [
    ("pump-11-elite", "0.0999", False), ("pump-11-elite", "0.1", True), ("pump-11-elite", "33", True),
    ("pump-11-elite", "33.1", False), ("phd-ultra", "0.1", False), ("phd-ultra", "45", True), ("phd-ultra", "x", False),
    ("phd-ultra", "14.43 mm", True), ("phd-ultra", "14.43 cm", False), ("phd-ultra", "mm", False),
]  # fmt: skip


@pytest.mark.parametrize(("model", "diameter", "taken"), DIAMETERS)
def test_a_diameter_has_its_range(model: str, diameter: str, taken: bool) -> None:
    (told,) = pump(model=model).tells(f"diameter {diameter}")
    assert (told == ":", told.startswith("Argument error")) == (taken, not taken)


# --- who is asked ---


def test_only_the_pump_that_is_meant_answers() -> None:
    standing = pump(addresses=(0, 7, 12))
    assert standing.asks(["7diam", "12", "8", "diam", "07addr"]) == [
        "07:14.4300 mm\r\n07:", "12:", "", "14.4300 mm\r\n:", "07:Pump address is 7\r\n07:",
    ]  # fmt: skip


def test_the_pumps_of_a_chain_run_each_for_itself() -> None:
    standing = pump("7irate 600 u/m", "7tvol 10 ul", "7irun", "irate 60 u/m", "irun", addresses=(0, 7))
    standing.pass_s(10.0)
    assert standing.heard().endswith(b"\r\n07T*")
    assert standing.tells("7", "7ivol", "") == ["T*", "10 ul T*", ">"]
    assert standing.device.pumps[0].motion.running


@pytest.mark.parametrize(("usb", "answer"), [(True, b"\n12:"), (False, b"")])
def test_only_on_usb_a_pump_answers_without_its_address(usb: bool, answer: bytes) -> None:
    assert pump(addresses=(12,), usb=usb).ask(b"\r") == answer


def test_a_new_address_is_the_one_to_speak_to() -> None:
    standing = pump()
    assert standing.ask(b"00addr 12\r") == b"\nPump address set to 12\r\n12:"
    assert (standing.ask(b"0\r"), standing.ask(b"12\r")) == (b"", b"\n12:")
    assert standing.tells("addr 100", "addr 1.5", "addr") == [
        "Argument error: 100 Out of range :", "Argument error: 1.5 Out of range :", "Pump address is 12 :",
    ]  # fmt: skip


def test_a_poll_mode_says_how_all_is_told() -> None:
    standing = pump("poll on")
    assert standing.ask(b"tvol 10 ul\r") == b"\n:\x11"
    standing.say(b"irun\r")
    standing.pass_s(60.0)
    assert standing.heard() == b"\n>\x11"
    assert standing.ask(b"\r") == b"\nT*\x11"
    assert standing.ask(b"poll maybe\r") == b"\nArgument error: maybe\r\n   Invalid argument\r\nT*\x11"


def test_echo_repeats_every_byte_at_once_until_it_is_switched_off() -> None:
    standing = pump("echo on")
    assert standing.ask(b"ira") == b"ira"
    assert standing.ask(b"te 5\x08 u/m\r\n").startswith(b"te 5\x08 u/m\r\n\n")
    assert standing.ask(b"poll remote\r") == b"poll remote\r"
    assert standing.ask(b"diam\r") == b"00:14.4300 mm\n"


# --- settings ---

SETTINGS = [
    # options, commands, what the last of them is answered
    ({}, ["force 1", "force"], "1% :"), ({}, ["force 101"], "Argument error: 101 Out of range :"),
    ({}, ["baud"], "115200 baud :"), ({}, ["baud 921600", "baud"], "921600 baud :"),
    ({}, ["baud 1200"], "Argument error: 1200 Out of range :"), ({}, ["dim 40", "dim"], "40% :"),
    ({}, ["gang 2", "gang"], "2 syringes :"), ({}, ["gang 0"], "Argument error: 0 Out of range :"),
    ({}, ["ftswitch"], "Momentary :"), ({}, ["ftswitch fall", "ftswitch"], "Active low :"),
    ({}, ["ftsw rise", "ftsw"], "Active high :"), ({}, ["nvram on"], ":"), ({}, ["nvram off"], ":"),
    ({}, ["nvram none"], "Argument error: none Invalid argument :"), ({"model": "legato-100"}, ["nvram none"], ":"),
    ({}, ["input"], "High. :"), ({}, ["poll"], "OFF :"), ({}, ["echo"], "OFF :"),
    ({"texts": "old"}, ["input"], "The trigger input is high. :"), ({"texts": "old"}, ["poll"], "Polling mode is OFF :"),
    ({"texts": "old"}, ["echo"], "Echo is OFF :"), ({"texts": "old"}, ["dim"], "Backlight is set to 100% :"),
    ({}, ["cmd"], "Command error: Unknown command :"), ({"model": "phd-ultra"}, ["cmd ultra", "cmd"], "Ultra :"),
    ({"model": "phd-ultra"}, ["cmd 44"], "Argument error: 44 Invalid argument :"),
    ({"model": "phd-ultra"}, ["output 2 high"], ":"),
    ({"model": "phd-ultra"}, ["output 3 high"], "Argument error: 3 Invalid argument :"),
    ({"model": "phd-ultra"}, ["sync low"], ":"), ({}, ["sync low"], "Command error: Unknown command :"),
    ({}, ["output 1 low"], "Command error: Unknown command :"), ({"model": "phd-ultra"}, ["ver"], "PHD ULTRA 3.0.5 :"),
    ({"version": "X 9"}, ["ver"], "X 9 :"), ({"texts": "old"}, ["version"], "Firmware:      v3.0.4 Pump address:  0 :"),
    ({}, ["ver 1"], "Argument error: 1 Unexpected argument :"), ({}, ["syrmanu"], "Custom, 14.43 mm :"),
    ({}, ["syrm ?"], "hos  Hoshi :"), ({}, ["syrm xyz 5 ml"], "Argument error: xyz Unknown syringe :"),
    ({}, ["syrm hos"], "Argument error: Missing argument :"), ({}, ["syrm hos 20 ml", "diam"], "20.4500 mm :"),
    ({}, ["syrm hos 20 ml", "svol"], "20 ml :"), ({}, ["syrm hos 20 ml", "diam 5", "syrm"], "Custom, 5 mm :"),
    ({}, ["svol 5000 ul", "svol"], "5 ml :"), ({}, ["svol 0 ml"], "Argument error: 0 Out of range :"),
    ({}, ["svol 5 x"], "Argument error: x Unknown units :"),
    ({}, ["load qs wi", "load"], "Quick Start - Withdraw/Infuse (qs wi) :"),
    ({}, ["load mine"], "Argument error: mine Unknown method :"), ({}, ["load qs"], "Argument error: qs Unknown method :"),
    ({}, ["time 11/30/26 00:05:09"], "11/30/26 12:05:09 AM :"), ({}, ["time 11/30/26 12:00:00"], "11/30/26 12:00:00 PM :"),
    ({}, ["time now"], "Argument error: Missing argument :"),
    ({}, ["time 13/30/26 12:00:00"], "Argument error: 13/30/26 Invalid time :"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "texts", "told"), SETTINGS, ids=[f"{' '.join(data.values())} {texts[-1]}" for data, texts, _ in SETTINGS]
)
def test_a_setting_is_taken_and_told_or_refused(data: dict[str, Any], texts: list[str], told: str) -> None:
    assert pump(**data).tells(*texts)[-1] == told


def test_the_clock_of_the_pump_goes_on() -> None:
    standing = pump("time 12/31/26 23:59:59")
    standing.pass_s(2.0)
    assert standing.tells("time") == ["01/01/27 12:00:01 AM :"]


SPACED = {
    "dim": b"\n 100%\r\n:",
    "poll": b"\n OFF\r\n:",
    "input": b"\n High.\r\n:",
    "cmd": b"\n Ultra\r\n:",
    "echo": b"\nOFF\r\n:",
}


@pytest.mark.parametrize(("word", "told"), SPACED.items())
def test_words_may_stand_behind_a_space_as_manuals_print_them(word: str, told: bytes) -> None:
    assert pump(model="phd-ultra", texts="spaced").ask(f"{word}\r".encode()) == told
    assert pump(model="phd-ultra").ask(f"{word}\r".encode()) == told.replace(b"\n ", b"\n")


# --- modes ---

IN_QUICK_START = [
    "irun", "wrun", "rrun", "irate", "wrate", "crate", "iramp", "wramp", "diam", "gang", "svol", "ivol", "wvol", "civo", "cwvo",
    "cvol", "tvol", "ctvo", "itim", "wtim", "citi", "cwti", "ctim", "ttim", "ctti",
]  # fmt: skip


@pytest.mark.parametrize("word", IN_QUICK_START)
def test_a_loaded_method_refuses_what_belongs_to_quick_start(word: str) -> None:
    standing = pump(in_method=True)
    assert standing.tells(word, "load", "stp", "ver")[:3] == ["Command error: Not in Quick Start mode :", ":", ":"]
    assert "Command error" not in standing.tells("load qs iw", word)[1]


MODES = [
    ("qs i", ["irun", ">"]), ("qs i", ["wrun", "Command error: Withdrawing is not possible in this mode :"]),
    ("qs w", ["wrun", "<"]), ("qs w", ["irun", "Command error: Infusing is not possible in this mode :"]),
    ("qs iw", ["run", ">"]), ("qs wi", ["run", "<"]), ("qs w", ["run", "<"]), ("qs iw", ["rrun", "<"]),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "said"), MODES)
def test_a_mode_says_which_way_the_pump_runs(mode: str, said: list[str]) -> None:
    assert pump(f"load {mode}").tells(said[0]) == [said[1]]


@pytest.mark.parametrize("word", ["wrun", "wrate", "wrate 5 u/m", "wramp"])
def test_a_pump_that_does_not_withdraw_refuses_to(word: str) -> None:
    assert pump(model="pump-11-elite-infuse").tells(word)[0].startswith("Command error:")


# --- disputed points ---


def test_a_run_may_be_answered_with_the_prompt_of_before() -> None:
    assert pump(late_prompt=True).tells("irun", "") == [":", ">"]


@pytest.mark.parametrize(("colon_target", "told"), [(False, b"\n00T*"), (True, b"\n00:T*")])
def test_a_colon_may_stand_before_the_target_reached(colon_target: bool, told: bytes) -> None:
    standing = running("tvol 1 ul", colon_target=colon_target)
    standing.pass_s(1.0)
    assert (standing.ask(b"0\r"), standing.ask(b"\r")) == (told, b"\nT*")


@pytest.mark.parametrize(("unit", "told"), [("ms", "1500"), ("s", "2"), ("cycles", "84000000")])
def test_the_run_time_of_a_status_has_its_unit(unit: str, told: str) -> None:
    standing = running(status_time=unit)
    standing.pass_s(1.5)
    assert standing.tells("status")[0].split()[1] == told


def test_fractions_may_be_bare() -> None:
    assert pump("irate 0.333 ul/min", "irun", bare_fractions=True).tells("crate", "irate") == [
        "Infusing at .333 ul/min >", ".333 ul/min >",
    ]  # fmt: skip


def test_a_touch_of_the_screen_costs_one_command() -> None:
    standing = PumpStanding(HarvardChain(PumpData(touched=True), [a_drive()]))
    assert (standing.ask(b"ver\r"), standing.ask(b"\r")) == (b"", b"\n:")


@pytest.mark.parametrize(("option", "told"), [(False, "Command error: The pump is running >"), (True, ">")])
def test_a_diameter_while_running_is_a_matter_of_the_option(option: bool, told: str) -> None:
    assert pump("irun", set_diameter_running=option).tells("diam 15") == [told]


@pytest.mark.parametrize(("limit_ml", "told"), [(1000.0, ":"), (1.0, "Argument error: 1 Target volume out of range :")])
def test_how_large_a_target_may_be_is_an_option(limit_ml: float, told: str) -> None:
    assert pump(target_limit_ml=limit_ml).tells("tvol 1 ml") == [told]


# --- the device on a bench ---


@pytest.mark.parametrize(
    "given_options", [{"model": "pump-22"}, {"addresses": []}, {"addresses": [100]}, {"texts": "none"}, {"x": 1}]
)
def test_options_that_make_no_pump_are_refused(given_options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        options_from(PumpData, given_options, "simulation.pump")


EVEN = {"stiction": "0 mL", "sliding": "0 mL", "screw_error": "0 %", "step": "0 mL", "stall": "100 MPa"}


def test_a_bench_file_gives_the_chain_and_the_first_pump_the_syringe() -> None:
    plain = {"simulation": {"pump": {"model": "phd-ultra", "addresses": [3, 4]}, "drive": EVEN}}
    table = {"driver": "harvard-ultra", "address": "sim://bench/pump", "serial": "D7"}
    path = FluidPath(Line())
    chain = build(Site({"pump": table}, read_setup(plain), path, lambda moments_s: moments_s, {}))
    standing = PumpStanding(chain)
    standing.tells("4irate 1 ml/min", "4irun")
    standing.pass_s(60.0)
    assert path.pushed_ml(standing.clock.now_s()) == 0.0
    standing.tells("3irate 1 ml/min", "3irun")
    standing.pass_s(59.9)
    assert path.pushed_ml(standing.clock.now_s()) == pytest.approx(1.0)
    assert [pump.address for pump in chain.pumps] == [3, 4]
    assert (chain.data.serial, chain.data.model) == ("D7", "phd-ultra")


@pytest.mark.parametrize("model", MODELS)
def test_every_model_says_who_it_is(model: str) -> None:
    standing = pump(model=model)
    assert standing.tells("ver") == [f"{MODELS[model].version} :"]
    assert MODELS[model].firmware in standing.tells("version")[0]


@given(data=noisy(b"\r\n 0012@:?irunstp.9/ul"))
def test_no_bytes_upset_a_pump(data: bytes) -> None:
    standing = running(addresses=(0, 12))
    standing.say(data + b"\r")
    standing.pass_s(5.0)
    standing.heard()
    standing.tells("addr 0", "poll off", "echo off")
    assert standing.tells("stp")[-1] == ":"
