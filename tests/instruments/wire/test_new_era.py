"""New Era bytes: packets with control bytes inside, replies in both framings, numbers as the pump takes and prints them."""

from __future__ import annotations

import binascii
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ReplyError
from instruments.wire import new_era as wire
from instruments.wire.new_era import Dispensed, Reply
from tests.instruments.exchanges import NEW_ERA, Row, octets, said
from tests.instruments.wire.chunks import noisy, whole_and_bytewise

PACKETS = NEW_ERA["packet"]
COMMANDS, REPLIES = said(NEW_ERA, "host"), said(NEW_ERA, "device")
ALL_PACKETS = pytest.mark.parametrize("row", PACKETS, ids=[f"{row['set']}:{row['data'] or 'empty'}" for row in PACKETS])
ALL_REPLIES = pytest.mark.parametrize("frame", REPLIES.values(), ids=REPLIES)
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
    assert wire.number_for_pump(value) == text


@pytest.mark.parametrize("value", [-0.001, -1.0, 9999.5, 10000.0, float("inf"), float("-inf"), float("nan")])
def test_a_number_that_does_not_fit_is_refused_before_it_is_sent(value: float) -> None:
    with pytest.raises(ValueError, match="four digits"):
        wire.number_for_pump(value)


@given(st.floats(0, 9999.49))
def test_the_pump_takes_every_number_that_is_sent_to_within_its_last_digit(value: float) -> None:
    text = wire.number_for_pump(value)
    taken = wire.parse_number(text)
    step = 10.0 ** -len(text.partition(".")[2])
    assert taken == pytest.approx(value, abs=step / 2 + 1e-9)
    assert len(text.replace(".", "")) == 4


TAKEN = {"5": 5, "5.": 5, ".5": 0.5, "0.5": 0.5, "1.234": 1.234, "12.34": 12.34, "1000": 1000, "1000.": 1000, "0": 0}
NOT_TAKEN = ["", ".", "..", "1.2.3", "12345", "1.2345", ".1234", "-1", "+1", "1e3", "nan", "1,5", "٣"]


@pytest.mark.parametrize(("text", "value"), TAKEN.items())
def test_a_host_may_write_a_number_like_this(text: str, value: float) -> None:
    assert wire.parse_number(text) == value


@pytest.mark.parametrize("text", NOT_TAKEN)
def test_a_host_may_not_write_a_number_like_this(text: str) -> None:
    assert wire.parse_number(text) is None


PRINTED = [
    (0.0, "0.000"), (0.974, "0.974"), (5.0, "5.000"), (9.9996, "10.00"), (20.0, "20.00"), (26.59, "26.59"), (100.0, "100.0"),
    (999.96, "1000."), (1000.0, "1000."), (9999.0, "9999."), (123456.0, "9999."),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), PRINTED)
def test_the_pump_prints_five_characters_with_a_point(value: float, text: str) -> None:
    assert wire.number_from_pump(value) == text
    assert wire.parse_printed(text) == float(text)


@given(st.floats(0, 1e6))
def test_whatever_the_pump_prints_can_be_read(value: float) -> None:
    text = wire.number_from_pump(value)
    assert len(text) == 5
    assert wire.parse_printed(text) == pytest.approx(min(value, 9999), rel=6e-4, abs=6e-4)


@pytest.mark.parametrize("text", ["", "1.00", "1.0000", "12345", ".1234", "1.2.3", "nan", "1e3.0", " 1.00", "٣.000"])
def test_what_the_pump_does_not_print_is_no_number(text: str) -> None:
    assert wire.parse_printed(text) is None


RATES = {"1.500MM": 90.0, "750.0MH": 750.0, "20.00UM": 1.2, "250.0UH": 0.25, "1000.UH": 1.0}


@pytest.mark.parametrize(("data", "rate_ml_h"), RATES.items())
def test_a_rate_is_read_in_its_own_unit(data: str, rate_ml_h: float) -> None:
    assert wire.parse_rate(data) == pytest.approx(rate_ml_h)


@pytest.mark.parametrize(("data", "volume_ml"), [("1.000ML", 1.0), ("500.0UL", 0.5)])
def test_a_volume_is_read_in_its_own_unit(data: str, volume_ml: float) -> None:
    assert wire.parse_volume(data) == pytest.approx(volume_ml)


@pytest.mark.parametrize("data", ["", "1.500", "1.500XX", "MM", "nanMH", "1e3.0MH", "1.500ML "])
def test_what_is_no_rate_and_no_volume_is_not_read(data: str) -> None:
    assert wire.parse_rate(data) is None
    assert wire.parse_volume(data) is None


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
    assert wire.parse_dispensed(data) == dispensed
