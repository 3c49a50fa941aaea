"""The simulated New Era pump on its line: addresses, several pumps, bursts, models, power, what the sources leave open."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from instruments.errors import ConfigError
from instruments.options import options_from
from instruments.sim.bench import SimulatedBench
from instruments.sim.new_era import PumpChain
from instruments.sim.new_era_data import MODELS, PumpData
from instruments.sim.new_era_pump import NewEraPump
from instruments.sim.physics.drive import Drive
from instruments.sim.physics.line import Line
from instruments.sim.physics.path import FluidPath
from instruments.sim.setup import Setup
from instruments.wire import new_era as wire
from tests.instruments.exchanges import NEW_ERA, Row, octets
from tests.instruments.sim.states import Standing, given_pump, pump

# --- several commands in one write ---

BASIC = [row for row in NEW_ERA["exchange"] if row["mode"] == "basic"]


@pytest.mark.parametrize("exchange", BASIC, ids=[row["id"] for row in BASIC])
def test_commands_that_run_together_are_answered_one_by_one(exchange: Row) -> None:
    """The whole exchange and the status query behind it in one write."""
    standing = given_pump(exchange)
    said = b"".join(octets(step["host"]) for step in exchange["steps"])
    expected = [octets(reply) for step in exchange["steps"] for reply in step["device"]]
    last = wire.decode_reply(expected[-1])
    status = wire.encode_reply(wire.Reply(last.address, "S" if last.alarm else last.status), safe=False)
    heard = standing.ask(said + f"{last.address}\r".encode("ascii"))
    assert heard == b"".join(expected) + status


def test_a_packet_that_is_followed_by_a_carriage_return_is_answered_twice() -> None:
    standing = pump()
    assert standing.ask(wire.encode_command("SAF0", safe=True) + b"\r") == b"\x0200S\x03" * 2


# --- addresses ---

ADDRESSES = {
    "*ADR": "00S00", "ADR": "00S00", "0*ADR": "00S00", "*ADR7": "07S", "*ADR 12 B 9600": "12S", "*ADR100": "00S?OOR",
    "*ADR5B9601": "00S?OOR",
    "*ADRDUAL": "00S?NA", "*ADRRECP": "00S?NA", "*RUNX": "00S?", "RESET": "00S?",
}  # fmt: skip


@pytest.mark.parametrize(("said", "answer"), ADDRESSES.items())
def test_the_address_is_told_and_set(said: str, answer: str) -> None:
    assert pump().asks([said]) == [answer]


def test_a_pump_listens_to_its_new_address_only() -> None:
    standing = pump()
    assert standing.asks(["*ADR7", "VER", "7VER", "07VER", "*VER"]) == ["07S", "", *["07SNE1000V3.928"] * 3]


def test_another_baud_rate_is_that_of_the_answer_already_and_lets_the_watchdog_sleep() -> None:
    standing = pump(latency_s=0.0)
    standing.say(b"SAF4\r")
    standing.pass_s(0.1)
    standing.heard()
    standing.say(wire.encode_command("*ADR0B300", safe=True))
    standing.pass_s(7 * 10 / 300 - 0.001)
    assert standing.heard() == b""
    standing.pass_s(60.0)
    assert wire.packet_text(standing.heard()) == b"00S"
    standing.ask(wire.encode_command("", safe=True))
    standing.pass_s(5.0)
    assert standing.device.alarm == "T"


def test_a_reset_clears_program_address_and_safe_mode_and_is_told() -> None:
    standing = pump(address=5)
    standing.asks(["5DIA20", "5RAT5MH", "5PHN2", "5FUNRAT", "5SAF9"])
    assert standing.ask(wire.encode_command("*RESET", safe=True)) == b"\x0200S\x03"
    assert (standing.device.memory.address, standing.device.memory.safe_s) == (0, 0)
    assert standing.asks(["", "RAT", "PHN2", "FUN", "DIA"]) == ["00A?R", "00S0.000MM", "00S", "00SSTP", "00S20.00"]


# --- several pumps on one line ---


@dataclass
class ChainStanding(Standing):
    device: PumpChain


def chain(*addresses: int, **data: object) -> ChainStanding:
    options = replace(PumpData(powered_up=False), **data)  # type: ignore[arg-type]
    return ChainStanding(
        PumpChain([NewEraPump(replace(options, address=at), Drive(FluidPath(Line()), travel_ml=60.0)) for at in addresses])
    )


def test_every_pump_answers_to_its_own_address() -> None:
    standing = chain(0, 1, 12)
    assert standing.asks(["VER", "1", "12DIR", "2VER", "01DIRWDR", "1DIR", "DIR"]) == [
        "00SNE1000V3.928", "01S", "12SINF", "", "01S", "01SWDR", "00SINF",
    ]  # fmt: skip


def test_a_burst_is_obeyed_by_all_at_once() -> None:
    standing = chain(0, 1, 2)
    standing.ask(b"0RAT100MH*1RAT250MH*2RAT375MH*\r")
    assert standing.asks(["0RAT", "1RAT", "2RAT"]) == ["00S100.0MH", "01S250.0MH", "02S375.0MH"]
    standing.ask(b"0RUN*2RUN*\r")
    assert [unit.status for unit in standing.device.pumps] == ["I", "S", "I"]


def test_answers_that_come_at_once_spoil_one_another() -> None:
    assert chain(1, 2).ask(b"1*2*\r") == bytes([0x02, 0x30, 0x31 & 0x32, ord("S"), 0x03])
    assert chain(1, 2).ask(b"1VER*2*\r") not in (b"", b"\x0201SNE1000V3.928\x03")
    assert chain(1, 2).ask(b"1VER*3*\r") == b"\x0201SNE1000V3.928\x03"


def test_every_pump_has_a_watchdog_and_alarms_of_its_own() -> None:
    standing = chain(1, 2)
    standing.say(b"1SAF4\r")
    standing.pass_s(1.0)
    assert standing.asks(["2"])[-1] == "02S"
    assert not standing.device.alarming
    standing.pass_s(4.0)
    assert wire.packet_text(standing.heard()) == b"01A?T"
    assert [unit.alarm for unit in standing.device.pumps] == ["T", ""]
    assert standing.device.alarming
    standing.ask(wire.encode_command("1", safe=True))
    assert not standing.device.alarming


def test_the_bench_file_puts_pumps_on_the_line_and_the_driver_tells_the_address() -> None:
    tables = {"pump": {"driver": "new-era", "address": "sim://bench/pump", "options": {"unit": 4}}}
    alone = SimulatedBench(Setup(), tables).devices["pump"]
    assert isinstance(alone, NewEraPump)
    assert alone.memory.address == 4
    beside = SimulatedBench(Setup(options={"pump": {"address": 3, "others": [0, 9]}}), tables).devices["pump"]
    assert isinstance(beside, PumpChain)
    assert [unit.memory.address for unit in beside.pumps] == [3, 0, 9]


# --- models ---


@pytest.mark.parametrize("model", MODELS)
def test_a_model_says_its_version_at_its_speed(model: str) -> None:
    traits = MODELS[model]
    standing = pump(model=model, latency_s=0.0)
    assert standing.asks(["VER"]) == [f"00S{traits.version}"]
    standing.say(b"VER\r")
    standing.pass_s((len(traits.version) + 5) * 10 / traits.baudrate - 1e-6)
    assert standing.heard() == b""
    standing.pass_s(2e-6)
    assert standing.heard() != b""


def test_options_say_what_a_model_does_otherwise() -> None:
    slow = pump(model="NE-500", version="NE500V3.74", fastest_cm_h=100.0, slowest_cm_h=1.0)
    assert slow.asks(["DIA 20", "VER", "RAT 315 MH", "RAT 314 MH", "RAT 3 MH", "RAT 3.2 MH"]) == [
        "00S", "00SNE500V3.74", "00S?OOR", "00S", "00S?OOR", "00S",
    ]  # fmt: skip


@pytest.mark.parametrize("given", [{"model": "NE-7"}, {"address": 100}, {"others": [-1]}, {"after_alarm": "I"}, {"safe_s": 256}])
def test_options_that_no_pump_has_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(given))):
        options_from(PumpData, given, "simulation.pump")


# --- power ---


def after_power(*texts: str, flags: str = "", **data: object) -> Standing:
    """A pump whose power is away for a second, 10 s after the beginning."""
    standing = pump(power_fails_s=10.0, **data)  # type: ignore[arg-type]
    standing.asks(["DIA 20", "RAT 60 MH", "VOL 0", *texts, "RUN", "RAT 30"])
    standing.pass_s(15.0 - standing.clock.now_s())
    standing.heard()
    return standing


def test_after_an_interrupted_power_the_settings_are_there_and_the_rest_is_not() -> None:
    standing = after_power()
    asked = ["VER", "DIA", "RAT", "DIS", ""]
    assert standing.asks(asked) == ["00A?R", "00S20.00", "00S60.00MH", "00SI0.000W0.000ML", "00S"]


def test_totals_may_be_kept_when_the_power_is_away() -> None:
    kept = after_power(power_clears_totals=False).asks(["", "DIS"])[1]
    assert kept.startswith("00SI0.08")


def test_without_power_nothing_moves_and_nothing_is_answered() -> None:
    standing = pump(power_fails_s=10.0)
    standing.asks(["DIA 20", "RAT 60 MH", "RUN"])
    standing.pass_s(10.5 - standing.clock.now_s())
    standing.heard()
    assert standing.ask(b"VER\r") == b""
    assert (standing.device.drive.flow_ml_s, standing.device.alarming) == (0.0, False)
    assert standing.device.drive._path.pushed_ml(standing.clock.now_s()) == pytest.approx((10.0 - 0.2) / 60, abs=0.002)


def test_a_pump_may_go_on_by_itself_when_the_power_is_back() -> None:
    assert after_power("PF1").asks(["", ""]) == ["00A?R", "00I"]


def test_in_safe_mode_the_interruption_tells_itself_and_the_watchdog_sleeps() -> None:
    standing = pump(power_fails_s=10.0)
    standing.asks(["RAT 1 MH", "SAF 20"])
    standing.pass_s(60.0)
    assert wire.packet_text(standing.heard()) == b"00A?R"
    assert standing.asks(["VER"]) == [""]
    assert wire.packet_text(standing.ask(wire.encode_command("", safe=True))) == b"00A?R"


def test_a_pump_left_in_safe_mode_begins_in_it() -> None:
    standing = pump(powered_up=True, safe_s=4)
    standing.pass_s(60.0)
    assert wire.packet_text(standing.heard()) == b"00A?R"
    assert standing.safely("") == "00A?R"
    assert standing.safely("SAF") == "00S4"


# --- the alarm line ---


def test_the_alarm_line_shows_an_alarm_until_it_is_acknowledged() -> None:
    standing = pump(travel_ml=0.5)
    standing.asks(["DIA 20", "RAT 60 MH", "RUN"])
    assert not standing.device.alarming
    standing.pass_s(40.0)
    assert standing.device.alarming
    standing.asks([""])
    assert not standing.device.alarming
    assert pump(powered_up=True).device.alarming


# --- sounds and pins ---

SOUNDS = [
    (["BUZ", "BUZ1", "BUZ", "BUZ0", "BUZ"], ["00S0", "00S", "00S1", "00S", "00S0"]),
    (["BUZ12", "BUZ", "BUZ2", "BUZ123"], ["00S", "00S1", "00S?OOR", "00S?OOR"]),
    (["RUN1", "BUZ", "BUZ", "VER", "BUZ"], ["00I", "00I0", "00I0", "00INE1000V3.928", "00I0"]),
    (["FUNSTP", "RUN", "BUZ", "", "BUZ", "VER", "BUZ"], ["00S", "00S", "00S1", "00S", "00S1", "00SNE1000V3.928", "00S1"]),
    (["FUNSTP", "AL0", "RUN", "BUZ"], ["00S", "00S", "00S", "00S0"]),
    (["IN2", "IN6", "IN5", "OUT51", "OUT1"], ["00S1", "00S1", "00S?OOR", "00S", "00S?OOR"]),
    (["TRG", "TRGLE", "TRG", "TRGXY"], ["00SFT", "00S", "00SLE", "00S?"]),
    (["LNM1", "LN"], ["00S", "00S1"]),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "answers"), SOUNDS)
def test_sounds_and_pins(asked: list[str], answers: list[str]) -> None:
    assert pump().asks(asked) == answers


# --- what the sources leave open ---

OPEN = {
    "stop when stopped": ({"stop_when_stopped": ""}, ["STP"], ["00S"]),
    "run when running": ({"run_when_running": ""}, ["RUN", "RUN"], ["00I", "00I"]),
    "too many digits": (
        {"too_many_digits": "?"},
        ["DIA12345", "DIA1.2345", "DIAx", "DIA51"],
        ["00S?", "00S?", "00S?OOR", "00S?OOR"],
    ),
    "digits of the watchdog": ({"saf_digits": 3}, ["SAF"], ["00S000"]),
    "no command is ignored": ({"ignores_s": 0.0}, ["RUN", "RAT0"], ["00I", "00I"]),
}


@pytest.mark.parametrize(("data", "asked", "answers"), OPEN.values(), ids=OPEN)
def test_what_the_sources_leave_open_can_be_chosen(data: dict[str, object], asked: list[str], answers: list[str]) -> None:
    assert pump(**data).asks(asked) == answers


def test_after_an_alarm_a_pump_may_be_paused() -> None:
    standing = pump(after_alarm="P", travel_ml=0.1)
    standing.asks(["DIA 20", "RAT 60 MH", "RUN"])
    standing.pass_s(30.0)
    assert standing.asks(["", ""]) == ["00A?S", "00P"]


@pytest.mark.parametrize(("clears", "shown"), [(True, "00SI0.000W0.000ML"), (False, "00SI0.100W0.000ML")])
def test_a_diameter_may_leave_the_totals(clears: bool, shown: str) -> None:
    standing = pump(diameter_clears_totals=clears)
    standing.asks(["DIA 20", "RAT 60 MH", "VOL 0.1", "RUN"])
    standing.pass_s(10.0)
    assert standing.asks(["DIA 20", "DIS"]) == ["00S", shown]


FRAMED = [
    # as asked, mode it is in, what is asked, whether the alarm comes as a packet
    (False, 0, "SAF4", False), (False, 9, "SAF0", True), (True, 0, "SAF4", True), (True, 9, "SAF0", False),
    (True, 9, "SAF", True),
]  # fmt: skip


@pytest.mark.parametrize(("as_asked", "safe_s", "asked", "packet"), FRAMED)
def test_an_alarm_is_framed_for_the_mode_that_the_pump_is_in_or_for_the_one_asked_for(
    as_asked: bool, safe_s: int, asked: str, packet: bool
) -> None:
    standing = pump(powered_up=True, safe_s=safe_s, saf_alarm_as_asked=as_asked)
    standing.pass_s(0.1)
    assert wire.is_packet(standing.ask(wire.encode_command(asked, safe=True))) is packet


COLLIDING = [
    ("RAT5", 0.0005, "00I?IGN"), ("STP", 0.0005, "00I?IGN"), ("", 0.0005, "00I"), ("RAT", 0.0005, "00I30.00MH"),
    ("RAT5", 0.0015, "00I"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "late_s", "answer"), COLLIDING)
def test_a_command_at_the_start_of_a_phase_is_ignored_and_a_question_is_not(command: str, late_s: float, answer: str) -> None:
    standing = pump()
    standing.asks(["DIA 20", "RAT 60 MH", "VOL 0.1", "PHN2", "FUNRAT", "RAT 30 MH", "RUN"])
    standing.clock.sleep_until(standing.device.next_event_s() + late_s)
    standing.heard()
    assert standing.device.program.at == 2
    assert standing.asks([command]) == [answer]
