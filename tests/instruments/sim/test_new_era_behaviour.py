"""What a New Era pump does in time: limits, units, volumes, alarms, Safe mode."""

from __future__ import annotations

import pytest
from hypothesis import given

from instruments.errors import ReplyError
from instruments.wire import new_era as wire
from tests.instruments.sim.states import PumpStanding, pump
from tests.instruments.wire.chunks import noisy


def running(*texts: str, **data: object) -> PumpStanding:
    """A pump of 26.59 mm at 1.5 mL/min, after these commands and RUN."""
    standing = pump(**data)  # type: ignore[arg-type]
    standing.asks(["DIA26.59", "RAT1.5MM", *texts])
    standing.say(b"RUN\r")
    return standing


# --- limits and units ---

LIMITS = [
    # diameter in mm, rate, taken
    ("26.59", "1699MH", True), ("26.59", "1700MH", False), ("26.59", "28.32MM", True), ("26.59", "28.33MM", False),
    ("26.59", "23.36UH", True), ("26.59", "23.34UH", False), ("4.699", "53.06MH", True), ("4.699", "53.08MH", False),
    ("8.585", "177.1MH", True), ("8.585", "177.3MH", False), ("11.99", "345.4MH", True), ("11.99", "345.7MH", False),
    ("14.43", "500.4MH", True), ("14.43", "500.6MH", False), ("19.05", "872.1MH", True), ("19.05", "872.4MH", False),
    ("21.59", "1120MH", True), ("21.59", "1121MH", False), ("4.699", "0.730UH", True), ("4.699", "0.728UH", False),
    ("26.59", "0UH", True), ("26.59", "12345UH", False), ("26.59", "1.2345MH", False), ("26.59", "x", False),
]  # fmt: skip


@pytest.mark.parametrize(("diameter", "rate", "taken"), LIMITS)
def test_the_plunger_speed_limits_the_rate(diameter: str, rate: str, taken: bool) -> None:
    assert pump().asks([f"DIA{diameter}", f"RAT{rate}"]) == ["00S", "00S" if taken else "00S?OOR"]


def test_a_rate_that_a_new_diameter_makes_impossible_is_kept_but_does_not_run() -> None:
    asked = ["DIA26.59", "RAT1600MH", "DIA4.699", "RAT", "RUN"]
    assert pump().asks(asked) == ["00S", "00S", "00S", "00S1600.MH", "00S?OOR"]


@pytest.mark.parametrize(("diameter", "unit"), [("0.1", "UL"), ("13.99", "UL"), ("14.00", "UL"), ("14.01", "ML"), ("50", "ML")])
def test_the_diameter_sets_the_volume_unit(diameter: str, unit: str) -> None:
    answers = pump().asks([f"DIA{diameter}", "VOL5", "VOL", "VOLML", "VOL", "VOLUL", "DIS"])
    assert answers[2:] == [f"00S5.000{unit}", "00S", "00S5.000ML", "00S", "00SI0.000W0.000UL"]


@pytest.mark.parametrize("diameter", ["0.09", "50.01", "51", "", "abc", "14.431"])
def test_a_diameter_out_of_range_is_refused(diameter: str) -> None:
    assert pump().asks([f"DIA{diameter or '0'}", "DIA"]) == ["00S?OOR", "00S26.59"]


REFUSED_RUNNING = ["DIA20", "VOL2", "VOLUL", "RUN", "RAT2UH", "CLDINF", "CLDWDR", "DIRWDR", "PHN2", "FUNSTP"]


@pytest.mark.parametrize("command", REFUSED_RUNNING)
def test_what_cannot_be_changed_while_running_is_not_applicable(command: str) -> None:
    standing = running("VOL5")
    standing.pass_s(1.0)
    standing.heard()
    assert standing.asks([command]) == ["00I?NA"]


SPELLINGS = {
    b"rat 1.5 mm \r\n": "00S", b"0RAT1.5MM\r": "00S", b"00RAT1.5MM\r": "00S", b"\r": "00S", b"\r\n": "00S", b"1\r": "",
    b"12VER\r": "", b"*VER\r": "00SNE1000V3.928", b"DIR STP\r": "00S?", b"VOL5.0ML\r": "00S?OOR", b"VER\rVER\r": "2",
}  # fmt: skip


@pytest.mark.parametrize(("sent", "answer"), SPELLINGS.items(), ids=map(repr, SPELLINGS))
def test_spelling_and_address(sent: bytes, answer: str) -> None:
    heard = pump().ask(sent)
    assert heard == wire.encode_reply(wire.Reply(0, "S", "NE1000V3.928"), safe=False) * 2 if answer == "2" else True
    assert answer == "2" or PumpStanding.text(heard) == answer


@pytest.mark.parametrize("flag", ["AL", "PF", "LN", "BP", "LOC", "ROM", "DIN"])
def test_a_switch_is_set_and_read(flag: str) -> None:
    assert pump().asks([f"{flag}1", flag, f"{flag}0", flag, f"{flag}2"]) == ["00S", "00S1", "00S", "00S0", "00S?OOR"]


def test_a_reply_is_complete_within_30_ms() -> None:
    standing = pump()
    standing.say(b"DIS\r")
    standing.pass_s(0.03)
    assert standing.text(standing.heard()) == "00SI0.000W0.000ML"


# --- volumes ---


def test_the_pump_stops_at_its_target_to_the_moment_and_to_the_volume() -> None:
    standing = running("VOL1")
    standing.pass_s(39.999)
    assert standing.device.status == "I"
    standing.pass_s(0.002)
    assert standing.device.status == "S"
    assert standing.device.program.infused_ml == pytest.approx(1.0, abs=1e-12)
    standing.pass_s(100.0)
    assert standing.asks(["", "DIS"]) == ["00S", "00SI1.000W0.000ML"]


def test_without_a_target_the_pump_goes_on() -> None:
    standing = running("VOL0")
    standing.pass_s(600.0)
    assert standing.asks(["DIS"]) == ["00II15.00W0.000ML"]


def test_a_pause_keeps_what_is_left_of_the_target() -> None:
    standing = running("VOL1")
    standing.pass_s(20.0)
    standing.say(b"STP\r")
    standing.pass_s(1000.0)
    standing.heard()
    assert standing.asks(["DIS"]) == ["00PI0.500W0.000ML"]
    standing.say(b"RUN\r")
    standing.pass_s(19.999)
    assert standing.device.status == "I"
    standing.pass_s(0.002)
    assert (standing.device.status, standing.device.program.infused_ml) == ("S", pytest.approx(1.0))


def test_stopped_for_good_the_next_run_begins_its_target_anew() -> None:
    standing = running("VOL1")
    standing.pass_s(20.0)
    for command in (b"STP\r", b"STP\r", b"RUN\r"):
        standing.say(command)
    standing.pass_s(40.001)
    assert (standing.device.status, standing.device.program.infused_ml) == ("S", pytest.approx(1.5))


def test_a_rate_changed_while_running_acts_at_once() -> None:
    standing = running("VOL1")
    standing.pass_s(20.0)
    standing.say(b"RAT3.0\r")
    standing.pass_s(9.999)
    assert standing.device.status == "I"
    assert standing.device.drive.flow_ml_s == pytest.approx(3.0 / 60)
    standing.pass_s(0.002)
    assert (standing.device.status, standing.device.program.infused_ml) == ("S", pytest.approx(1.0))


def test_the_pump_counts_what_it_believes_whatever_really_moves() -> None:
    standing = running("VOL1", gain=1.06)
    standing.pass_s(50.0)
    standing.heard()
    assert standing.asks(["DIS"]) == ["00SI1.000W0.000ML"]
    assert standing.device.drive._path.pushed_ml(standing.clock.now_s()) == pytest.approx(1.06)


@pytest.mark.parametrize("clear", ["CLDINF", "DIA26.59"])
def test_the_total_goes_on_over_runs_until_it_is_cleared(clear: str) -> None:
    standing = running("VOL1")
    standing.pass_s(50.0)
    standing.say(b"RUN\r")
    standing.pass_s(50.0)
    standing.heard()
    assert standing.asks(["DIS", clear, "DIS"]) == ["00SI2.000W0.000ML", "00S", "00SI0.000W0.000ML"]


# --- alarms ---


def test_the_power_up_alarm_takes_the_place_of_the_first_answer_only() -> None:
    standing = pump(powered_up=True)
    assert standing.asks(["DIA20", "DIA", "DIA20", "DIA"]) == ["00A?R", "00S26.59", "00S", "00S20.00"]


def test_an_empty_syringe_stalls_the_motor_and_the_alarm_follows_the_notice() -> None:
    standing = running("VOL0", travel_ml=1.5, stall_notice_s=2.0)
    standing.pass_s(61.999)
    standing.heard()
    assert (standing.device.status, standing.device.alarm) == ("I", "")
    standing.pass_s(0.002)
    assert (standing.device.status, standing.device.alarm) == ("S", "S")
    assert standing.device.drive._path.pushed_ml(standing.clock.now_s()) == pytest.approx(1.5)
    assert standing.heard() == b""
    assert standing.asks(["DIS", "DIS"]) == ["00A?S", "00SI1.550W0.000ML"]


def test_an_empty_syringe_stalls_again_when_it_is_driven_again() -> None:
    standing = running("VOL0", travel_ml=1.5)
    standing.pass_s(70.0)
    standing.asks(["", "RUN"])
    standing.pass_s(3.0)
    assert standing.asks(["", ""]) == ["00A?S", "00S"]


def test_a_pump_without_stall_alarm_goes_on_counting() -> None:
    standing = running("VOL0", travel_ml=1.5, stall_alarm=False)
    standing.pass_s(600.0)
    assert standing.asks(["DIS"]) == ["00II15.00W0.000ML"]


def test_running_an_unknown_phase_is_an_alarm() -> None:
    assert pump().asks(["RUN42", "", ""]) == ["00S", "00A?O", "00S"]


# --- Safe mode ---


def safely(*texts: str, **data: object) -> PumpStanding:
    standing = running(*texts, **data)
    standing.ask(wire.encode_command("SAF4", safe=True))
    return standing


def test_the_watchdog_stops_a_pump_that_nobody_speaks_to() -> None:
    standing = safely()
    standing.pass_s(3.8)
    assert (standing.device.status, standing.heard()) == ("I", b"")
    standing.pass_s(0.2)
    assert standing.device.status == "S"
    assert wire.packet_text(standing.heard()) == b"00A?T"


def test_the_unsolicited_alarm_does_not_clear_it_and_comes_once() -> None:
    standing = safely()
    standing.pass_s(60.0)
    assert wire.packet_text(standing.heard()) == b"00A?T"
    assert [standing.safely(""), standing.safely("")] == ["00A?T", "00S"]


def test_the_watchdog_sleeps_after_its_alarm_until_the_next_packet() -> None:
    standing = safely()
    standing.pass_s(60.0)
    standing.heard()
    assert standing.safely("") == "00A?T"
    standing.pass_s(4.5)
    assert wire.packet_text(standing.heard()) == b"00A?T"


def test_a_paused_program_ends_with_the_watchdog() -> None:
    standing = safely()
    assert standing.safely("STP") == "00P"
    standing.pass_s(5.0)
    standing.heard()
    assert [standing.safely(""), standing.safely("")] == ["00A?T", "00S"]


@pytest.mark.parametrize("rest", [b"VER\r", b"0\r", b"\x02\x05\x30\x36\x54\x03"], ids=["text", "status", "wrong CRC"])
def test_only_a_valid_packet_keeps_the_watchdog_asleep(rest: bytes) -> None:
    standing = safely()
    standing.pass_s(3.0)
    standing.ask(rest)
    standing.pass_s(1.0)
    assert standing.device.status == "S"


def test_packets_keep_the_watchdog_asleep() -> None:
    standing = safely()
    for _ in range(10):
        standing.pass_s(3.5)
        assert standing.safely("") == "00I"


def test_valid_packets_for_another_pump_keep_the_watchdog_asleep_too() -> None:
    standing = safely()
    for _ in range(3):
        standing.pass_s(3.5)
        assert standing.safely("7") == ""
    assert standing.device.status == "I"


def test_in_safe_mode_text_without_a_packet_is_ignored() -> None:
    standing = safely()
    assert standing.ask(b"STP\r\n") == b""
    assert standing.safely("") == "00I"


@pytest.mark.parametrize(
    ("packet", "why"),
    [(b"\x02\x05\x30\x36\x54\x03", "CRC"), (b"\x02\x05\x30\x36\x53\x04", "no ETX"), (b"\x02\x01\x00\x00\x03", "length")],
    ids=["CRC", "no ETX", "length"],
)
def test_a_spoilt_packet_is_answered_with_com(packet: bytes, why: str) -> None:
    assert wire.packet_text(safely().ask(packet)) == b"00I?COM"


@pytest.mark.parametrize(("gap_s", "answered"), [(0.49, True), (0.51, False)])
def test_a_packet_with_a_long_gap_is_discarded(gap_s: float, answered: bool) -> None:
    standing = safely()
    packet = wire.encode_command("0", safe=True)
    standing.say(packet[:3])
    standing.pass_s(gap_s)
    assert (standing.ask(packet[3:]) != b"") is answered
    assert standing.safely("") == "00I"


def test_in_safe_mode_a_stall_tells_itself() -> None:
    standing = safely("VOL0", travel_ml=0.05, stall_notice_s=1.0)
    standing.pass_s(3.5)
    assert wire.packet_text(standing.heard()) == b"00A?S"
    assert [standing.safely(""), standing.safely("")] == ["00A?S", "00S"]


@pytest.mark.parametrize("seconds", ["256", "-1", "x"])
def test_a_watchdog_out_of_range_is_refused(seconds: str) -> None:
    assert pump().asks([f"SAF{seconds}", "SAF"]) == ["00S?OOR", "00S0"]


# --- whatever comes ---


@given(data=noisy(b"\x02\x03\x04\x05\r\n0*SRUNVOLDIASAF?.1"))
def test_no_bytes_bring_the_pump_down_and_all_it_says_is_a_reply(data: bytes) -> None:
    standing = pump()
    heard = standing.ask(data)
    standing.pass_s(5.0)
    heard += standing.heard()
    start = 0
    for end in wire.reply_ends(heard).tolist():
        wire.decode_reply(heard[start:end])
        start = end
    assert start == len(heard)


@pytest.mark.parametrize("step_s", [0.01, 1.0, 1000.0])
def test_the_bytes_do_not_depend_on_how_the_waiting_is_chunked(step_s: float) -> None:
    def story(step_s: float) -> list[tuple[bytes, int]]:
        standing = safely("VOL0", travel_ml=0.05)
        end_s = standing.clock.now_s() + 20.0
        while standing.clock.now_s() < end_s:
            standing.clock.sleep_until(min(end_s, standing.clock.now_s() + step_s))
        return list(standing.device.take())

    assert story(step_s) == story(20.0)
    assert story(step_s)


def test_replies_in_basic_mode_are_not_packets() -> None:
    with pytest.raises(ReplyError):
        wire.packet_text(pump().ask(b"\r"))
