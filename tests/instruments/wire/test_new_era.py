"""New Era bytes: packets with control bytes inside, replies in both framings, numbers as the pump takes and prints them."""

from __future__ import annotations

import binascii
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ReplyError
from instruments.stamped import Stamped
from instruments.wire import new_era as wire
from instruments.wire import new_era_values as values
from instruments.wire.framing import FRAME_LIMIT, Framer
from instruments.wire.new_era import Command, Reply
from instruments.wire.new_era_values import Dispensed
from tests.instruments.exchanges import NEW_ERA, Row, octets, said
from tests.instruments.wire.chunks import framed, noisy, whole_and_bytewise

PACKETS = NEW_ERA["packet"]
COMMANDS, REPLIES = said(NEW_ERA, "host"), said(NEW_ERA, "device")
ALL_PACKETS = pytest.mark.parametrize("row", PACKETS, ids=[f"{row['set']}:{row['data'] or 'empty'}" for row in PACKETS])
ALL_REPLIES = pytest.mark.parametrize("frame", REPLIES.values(), ids=REPLIES)
SOUND = {name: frame for name, frame in COMMANDS.items() if not name.startswith("ne-30.")}
ALL_COMMANDS = pytest.mark.parametrize("frame", SOUND.values(), ids=SOUND)
ANY_REPLY = st.builds(
    Reply,
    st.integers(0, 99),
    st.sampled_from(sorted(wire.STATUS_WORDS)),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=36),
) | st.builds(Reply, st.integers(0, 99), st.just("A"), st.just(""), st.sampled_from(sorted(wire.ALARM_WORDS)))


# --- Safe packets ---


@ALL_PACKETS
def test_a_packet_is_built_byte_for_byte(row: Row) -> None:
    assert wire.encode_command(row["data"], safe=True) == octets(row["packet"])


@ALL_PACKETS
def test_a_packet_gives_its_text_back(row: Row) -> None:
    packet = octets(row["packet"])
    assert wire.is_packet(packet)
    assert wire.packet_text(packet) == row["data"].encode("ascii")
    assert packet[-3:-1] == octets(row["crc"])


@ALL_PACKETS
def test_a_packet_is_delimited_by_its_length_in_any_chunking(row: Row) -> None:
    packet = octets(row["packet"])
    framer = wire.command_ends if row["sender"] == "host" else wire.reply_ends
    assert whole_and_bytewise(framer, packet + packet) == ([packet] * 2, [packet] * 2)


def test_all_packets_run_together_come_apart_again() -> None:
    for sender, framer in (("host", wire.command_ends), ("pump", wire.reply_ends)):
        packets = [octets(row["packet"]) for row in PACKETS if row["sender"] == sender]
        assert whole_and_bytewise(framer, b"".join(packets)) == (packets, packets)


@ALL_PACKETS
@pytest.mark.parametrize("at", [0, 1, 2, -3, -2, -1])
def test_a_packet_with_one_wrong_byte_is_refused(row: Row, at: int) -> None:
    packet = bytearray(octets(row["packet"]))
    packet[at] ^= 0x40
    if at == 0:
        assert not wire.is_packet(bytes(packet))
        return
    with pytest.raises(ReplyError):
        wire.packet_text(bytes(packet))


@given(text=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=200))
def test_any_text_survives_safe_framing(text: str) -> None:
    packet = wire.encode_command(text, safe=True)
    assert wire.packet_text(packet) == text.encode("ascii")
    assert packet[-3:-1] == binascii.crc_hqx(text.encode("ascii"), 0).to_bytes(2, "big")


# --- commands ---


def test_all_commands_run_together_come_apart_again() -> None:
    frames = list(COMMANDS.values())
    assert whole_and_bytewise(wire.command_ends, b"".join(frames)) == (frames, frames)


@pytest.mark.parametrize("stray", [b"\n", b"x", b"\x00\xff"], ids=["LF", "letter", "noise"])
def test_stray_bytes_do_not_swallow_the_packet_behind_them(stray: bytes) -> None:
    packet = wire.encode_command("SAF0", safe=True)
    assert whole_and_bytewise(wire.command_ends, stray + packet) == ([stray, packet], [stray, packet])


SPELLINGS = [
    (b"0RAT1.5MM\r", "0RAT1.5MM"),
    (b"0 rat 1.5 mm\r", "0RAT1.5MM"),
    (b"\n0RAT1.5MM \r", "0RAT1.5MM"),
    (b"7 \t\x00\x7f\r", "7"),
    (b"\xb5\xff\r", ""),
]


@pytest.mark.parametrize(("sent", "seen"), SPELLINGS, ids=[repr(sent) for sent, _ in SPELLINGS])
def test_the_pump_sees_no_spaces_no_control_characters_and_capitals(sent: bytes, seen: str) -> None:
    assert wire.normalise_command(sent) == seen


READ = {
    b"\r": [Command("")],
    b"VER\r": [Command("VER")],
    b"7ver \r\n": [Command("VER", 7)],
    b"07VER\r": [Command("VER", 7)],
    b"12\r": [Command("", 12)],
    b"*RUN\r": [Command("RUN", None, system=True)],
    b"* rat 1.000\r": [Command("RAT1.000", None, system=True)],
    b"0*ADR5\r": [Command("ADR5", 0, system=True)],
    b"0RAT100*1RAT250*2RAT375*\r": [Command("RAT100"), Command("RAT250", 1), Command("RAT375", 2)],
    b"0RUN*1RUN*\r": [Command("RUN"), Command("RUN", 1)],
    b"0*\r": [Command("")],
    b"RUN*\r": [Command("RUN*")],
    b"\x02\x04\x00\x00\x03": [Command("")],
    b"\x02\x09\x30\x53\x41\x46\x34\x19\x29\x03": [Command("SAF4")],
}


@pytest.mark.parametrize(("frame", "commands"), READ.items(), ids=map(repr, READ))
def test_a_command_is_read_with_its_address(frame: bytes, commands: list[Command]) -> None:
    assert wire.decode_command(frame.replace(b"\r\n", b"\r")) == tuple(commands)


WORDS = st.sampled_from(["", "VER", "DIA26.59", "RAT1.500MM", "VOLML", "FUNLOP05", "PHN2", "SAF255", "RESET", "E"])
ANY_COMMAND = st.builds(Command, WORDS, st.integers(0, 99), st.booleans()) | st.builds(Command, WORDS, st.none(), st.just(True))


@given(command=ANY_COMMAND.filter(lambda command: command != Command("", command.address, system=True)), safe=st.booleans())
def test_any_command_survives_both_framings(command: Command, safe: bool) -> None:
    assert wire.decode_command(wire.encode_command(str(command), safe=safe)) == (command,)


@ALL_COMMANDS
def test_every_command_of_the_exchanges_decodes_and_encodes_to_what_the_pump_sees(frame: bytes) -> None:
    (command,) = wire.decode_command(frame)
    text = wire.normalise_command(wire.packet_text(frame) if frame[0] == wire.STX else frame)
    assert str(command).removeprefix("0") == text.removeprefix("0")


@pytest.mark.parametrize("frame", [b"", b"VER", b"VER\n", b"\x02", b"\x02\x05\x30\x36\x54\x03"], ids=repr)
def test_what_is_no_command_is_refused(frame: bytes) -> None:
    with pytest.raises(ReplyError):
        wire.decode_command(frame)


@given(frame=noisy(b"\x02\x03\x07\r0129*SRUN"))
def test_reading_a_command_raises_nothing_but_reply_errors(frame: bytes) -> None:
    with suppress(ReplyError):
        assert wire.decode_command(frame)


@pytest.mark.parametrize("framer", [wire.command_ends, wire.reply_ends])
@given(
    pieces=st.lists(st.sampled_from([b"x" * 3000, b"\x02", b"\x020", b"\xff" * 2000, b"\x02\xfe", b"\r", b"\x03"]), max_size=12)
)
def test_what_is_kept_for_later_is_bounded(framer: Framer, pieces: list[bytes]) -> None:
    frames, held = framed(framer, [Stamped.one(piece, 0) for piece in pieces])
    assert max([len(held), *(len(frame) for frame, _ in frames)]) <= FRAME_LIMIT
    assert b"".join(frame for frame, _ in frames) + held == b"".join(pieces)


# --- replies ---


@ALL_REPLIES
def test_every_reply_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(frame: bytes) -> None:
    assert wire.encode_reply(wire.decode_reply(frame), safe=wire.is_packet(frame)) == frame


def test_all_replies_run_together_come_apart_again() -> None:
    frames = list(REPLIES.values())
    assert whole_and_bytewise(wire.reply_ends, b"".join(frames)) == (frames, frames)


MEANINGS = [
    (b"\x0200S\x03", Reply(0, "S")),
    (b"\x0207P\x03", Reply(7, "P")),
    (b"\x0212X\x03", Reply(12, "X")),
    (b"\x0200A?R\x03", Reply(0, "A", alarm="R")),
    (b"\x0200I?NA\x03", Reply(0, "I", "?NA")),
    (b"\x0200II0.974W0.000ML\x03", Reply(0, "I", "I0.974W0.000ML")),
]


@pytest.mark.parametrize(("frame", "reply"), MEANINGS, ids=[repr(frame) for frame, _ in MEANINGS])
def test_a_reply_is_read(frame: bytes, reply: Reply) -> None:
    assert wire.decode_reply(frame) == reply


@pytest.mark.parametrize(("data", "error"), [("?", "?"), ("?OOR", "?OOR"), ("26.59", ""), ("", "")])
def test_a_refusal_is_told_from_data(data: str, error: str) -> None:
    assert Reply(0, "S", data).error == error


ILLEGAL = [
    b"", b"\x02", b"\x02\x03", b"\x020S\x03", b"\x0200\x03", b"\x0200Q\x03", b"\x0200A?Z\x03", b"\x0200A?S!\x03", b"\x0200SX",
    b"\x0200S\r", b"x00S\x03", b"\x0200S\x1b\x03", b"\x02\x04\x00\x00\x03", b"\x02\x05", b"\x02\x07" + b"00SAA\x03",
]  # fmt: skip


@pytest.mark.parametrize("frame", ILLEGAL, ids=[repr(frame) for frame in ILLEGAL])
def test_what_is_no_reply_is_refused_and_kept(frame: bytes) -> None:
    with pytest.raises(ReplyError) as caught:
        wire.decode_reply(frame)
    assert caught.value.raw == frame


@given(frame=noisy(b"\x02\x03\x07\x0900SIAR?"))
def test_decoders_raise_nothing_but_reply_errors(frame: bytes) -> None:
    for decode in (wire.decode_reply, wire.packet_text):
        with suppress(ReplyError):
            decode(frame)


@given(reply=ANY_REPLY, safe=st.booleans())
def test_any_reply_survives_both_framings_alone_and_in_a_row(reply: Reply, safe: bool) -> None:
    frame = wire.encode_reply(reply, safe=safe)
    assert wire.decode_reply(frame) == reply
    assert whole_and_bytewise(wire.reply_ends, frame * 2) == ([frame] * 2, [frame] * 2)


# --- numbers ---

SENT = [
    (0.0, "0.000"), (-0.0, "0.000"), (0.0004, "0.000"), (0.974, "0.974"), (1.5, "1.500"), (9.9996, "10.00"), (26.59, "26.59"),
    (123.45, "123.5"), (999.96, "1000"), (1234.4, "1234"), (9999.4, "9999"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), SENT)
def test_a_number_is_sent_in_four_digits_and_three_decimals(value: float, text: str) -> None:
    assert values.number_for_pump(value) == text


@pytest.mark.parametrize("value", [-0.001, -1.0, 9999.5, 10000.0, float("inf"), float("-inf"), float("nan")])
def test_a_number_that_does_not_fit_is_refused_before_it_is_sent(value: float) -> None:
    with pytest.raises(ValueError, match="four digits"):
        values.number_for_pump(value)


@given(st.floats(0, 9999.49))
def test_the_pump_takes_every_number_that_is_sent_to_within_its_last_digit(value: float) -> None:
    text = values.number_for_pump(value)
    taken = values.parse_number(text)
    step = 10.0 ** -len(text.partition(".")[2])
    assert taken == pytest.approx(value, abs=step / 2 + 1e-9)
    assert len(text.replace(".", "")) == 4


TAKEN = {"5": 5, "5.": 5, ".5": 0.5, "0.5": 0.5, "1.234": 1.234, "12.34": 12.34, "1000": 1000, "1000.": 1000, "0": 0}
NOT_TAKEN = ["", ".", "..", "1.2.3", "12345", "1.2345", ".1234", "-1", "+1", "1e3", "nan", "1,5", "٣"]


@pytest.mark.parametrize(("text", "value"), TAKEN.items())
def test_a_host_may_write_a_number_like_this(text: str, value: float) -> None:
    assert values.parse_number(text) == value


@pytest.mark.parametrize("text", NOT_TAKEN)
def test_a_host_may_not_write_a_number_like_this(text: str) -> None:
    assert values.parse_number(text) is None


PRINTED = [
    (0.0, "0.000"), (0.974, "0.974"), (5.0, "5.000"), (9.9996, "10.00"), (20.0, "20.00"), (26.59, "26.59"), (100.0, "100.0"),
    (999.96, "1000."), (1000.0, "1000."), (9999.0, "9999."), (123456.0, "9999."),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), PRINTED)
def test_the_pump_prints_five_characters_with_a_point(value: float, text: str) -> None:
    assert values.number_from_pump(value) == text
    assert values.parse_printed(text) == float(text)


@given(st.floats(0, 1e6))
def test_whatever_the_pump_prints_can_be_read(value: float) -> None:
    text = values.number_from_pump(value)
    assert len(text) == 5
    assert values.parse_printed(text) == pytest.approx(min(value, 9999), rel=6e-4, abs=6e-4)


@pytest.mark.parametrize("text", ["", "1.00", "1.0000", "12345", ".1234", "1.2.3", "nan", "1e3.0", " 1.00", "٣.000"])
def test_what_the_pump_does_not_print_is_no_number(text: str) -> None:
    assert values.parse_printed(text) is None


RATES = {"1.500MM": 90.0, "750.0MH": 750.0, "20.00UM": 1.2, "250.0UH": 0.25, "1000.UH": 1.0}


@pytest.mark.parametrize(("data", "rate_ml_h"), RATES.items())
def test_a_rate_is_read_in_its_own_unit(data: str, rate_ml_h: float) -> None:
    assert values.parse_rate(data) == pytest.approx(rate_ml_h)


@pytest.mark.parametrize(("data", "volume_ml"), [("1.000ML", 1.0), ("500.0UL", 0.5)])
def test_a_volume_is_read_in_its_own_unit(data: str, volume_ml: float) -> None:
    assert values.parse_volume(data) == pytest.approx(volume_ml)


@pytest.mark.parametrize("data", ["", "1.500", "1.500XX", "MM", "nanMH", "1e3.0MH", "1.500ML "])
def test_what_is_no_rate_and_no_volume_is_not_read(data: str) -> None:
    assert values.parse_rate(data) is None
    assert values.parse_volume(data) is None


@pytest.mark.parametrize(
    ("data", "dispensed"),
    [
        ("I0.974W0.000ML", Dispensed(0.974, 0.0)),
        ("I1000.W2.500UL", Dispensed(1.0, 0.0025)),
        ("I.....W0.000ML", None),
        ("I0.974W0.000OZ", None),
        ("0.974W0.000ML", None),
        ("", None),
    ],
)
def test_the_totals_are_read(data: str, dispensed: Dispensed | None) -> None:
    assert values.parse_dispensed(data) == dispensed


def test_a_total_at_the_end_of_the_display_is_known_as_such() -> None:
    assert [values.parse_dispensed(data).full for data in ("I9999.W0.000UL", "I0.000W9999.UL", "I9998.W0.000UL")] == [
        True,
        True,
        False,
    ]  # type: ignore[union-attr]


RATES_SENT = [
    # mL/h, the unit to be kept, what is sent
    (1.6, "", "1.600MH"), (48.0, "", "48.00MH"), (0.05, "", "50.00UH"), (0.1234, "", "123.4UH"), (60e3, "", "1000MM"),
    (0.6, "", "10.00UM"), (0.0, "", "0.000MH"), (1.6, "UH", "1600UH"), (0.6, "MM", "0.010MM"),
    (0.0, "MM", "0.000MM"), (1.234, "MH", "1.234MH"),
]  # fmt: skip


@pytest.mark.parametrize(("rate_ml_h", "unit", "text"), RATES_SENT)
def test_a_rate_is_sent_where_it_loses_least_or_in_the_unit_to_be_kept(rate_ml_h: float, unit: str, text: str) -> None:
    assert values.rate_for_pump(rate_ml_h, unit) == text


LOST = [
    (0.0123, "MH"),
    (10000.0, "MH"),
    (1.2345, "MM"),
    (1e6, ""),
    (-1.0, ""),
    (float("nan"), ""),
    (float("inf"), ""),
    (1.0, "XX"),
]


@pytest.mark.parametrize(("rate_ml_h", "unit"), LOST)
def test_a_rate_that_would_lose_digits_or_does_not_fit_is_refused(rate_ml_h: float, unit: str) -> None:
    with pytest.raises(ValueError, match="four digits"):
        values.rate_for_pump(rate_ml_h, unit)


@given(rate_ml_h=st.floats(1e-3, 5e5))
def test_a_rate_in_any_unit_is_within_half_of_the_fourth_digit(rate_ml_h: float) -> None:
    text = values.rate_for_pump(rate_ml_h)
    assert float(text[:-2]) * values.RATE_UNITS_ML_H[text[-2:]] == pytest.approx(rate_ml_h, rel=5.1e-4)


VOLUMES = [
    ([1.0], "ML"), ([0.0], "ML"), ([0.8, 0.0], "ML"), ([0.0123], "UL"), ([1.0, 0.0005], "UL"), ([20.0, 0.0123], "ML"),
    ([0.012], "ML"), ([0.98765], "ML"),
]  # fmt: skip


@pytest.mark.parametrize(("volumes_ml", "unit"), VOLUMES)
def test_volumes_share_the_unit_that_keeps_their_digits(volumes_ml: list[float], unit: str) -> None:
    assert values.volume_unit_for(volumes_ml) == unit


VERSIONS = {
    "NE1000V3.928": "NE1000", "NE1000X2V3.9": "NE1000X2", "NE1000XV3.61": "NE1000X", "NE500V3.919": "NE500", "AL300V1.0": "AL300",
    "": None, "NE1000": None, "V3.928": None, "NE1000V3": None, "NE1000V3.928 ": None, "1000V3.9": None, "ne1000V3.9": None,
}  # fmt: skip


@pytest.mark.parametrize(("data", "model"), VERSIONS.items())
def test_a_version_tells_the_model(data: str, model: str | None) -> None:
    assert values.parse_version(data) == model


BORES = [
    # mm, mL/h at 5.1005 cm/min, uL/h at 0.004205 cm/h
    (4.699, 53.07, 0.729), (8.585, 177.1, 2.434), (11.99, 345.5, 4.748), (14.43, 500.4, 6.877), (19.05, 872.2, 11.99),
    (26.59, 1699, 23.35),
]  # fmt: skip


@pytest.mark.parametrize(("diameter_mm", "fastest_ml_h", "slowest_ul_h"), BORES)
def test_a_bore_times_the_plunger_speeds_of_the_ne_1000_gives_its_rates(
    diameter_mm: float, fastest_ml_h: float, slowest_ul_h: float
) -> None:
    assert values.bore_ml_cm(diameter_mm) * 5.1005 * 60 == pytest.approx(fastest_ml_h, rel=4e-4)
    assert values.bore_ml_cm(diameter_mm) * 0.004205 * 1000 == pytest.approx(slowest_ul_h, rel=4e-4)


def test_what_any_pump_would_mean_by_each_alarm() -> None:
    assert wire.ALARM_KINDS == {"R": "power", "S": "stall", "T": "watchdog", "E": "program", "O": "program"}
