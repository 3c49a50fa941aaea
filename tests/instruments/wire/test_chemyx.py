"""Chemyx bytes: commands in words, replies with and without echo, values with their names."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ReplyError
from instruments.wire import chemyx as wire
from instruments.wire.chemyx import Command, Limits, Reply
from instruments.wire.framing import FRAME_LIMIT, FrameBuffer, Framer
from tests.instruments.exchanges import load, said
from tests.instruments.wire.chunks import framed, noisy, stamp_all, stamped, whole_and_bytewise

EXCHANGES = load("chemyx")
COMMANDS, REPLIES = said(EXCHANGES, "host"), said(EXCHANGES, "device")
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters=">"), max_size=36)
ANY_REPLY = st.builds(Reply, st.none() | TEXTS, st.lists(TEXTS, max_size=4).map(tuple))
WORDS = st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=9), min_size=1, max_size=4).map(" ".join)
VALUES = st.text("0123456789.,-", max_size=20)
ANY_COMMAND = st.builds(Command, WORDS, VALUES, st.integers(0, 9))


# --- commands ---


@given(command=ANY_COMMAND)
def test_any_command_survives(command: Command) -> None:
    frame = wire.encode_command(command)
    assert wire.decode_command(frame) == command
    assert whole_and_bytewise(wire.command_ends, frame * 2) == ([frame] * 2, [frame] * 2)


SPELLINGS = {
    b"set rate 5\r": Command("set rate", "5"),
    b"1 set rate 0.65,0.65\r": Command("set rate", "0.65,0.65", 1),
    b"1 start 1 \r": Command("start", "1", 1),
    b"\nset volume -50\r": Command("set volume", "-50"),
    b"read limit parameter\r": Command("read limit parameter"),
}


@pytest.mark.parametrize(("sent", "seen"), SPELLINGS.items(), ids=map(repr, SPELLINGS))
def test_a_command_is_read(sent: bytes, seen: Command) -> None:
    assert wire.decode_command(sent) == seen


NO_COMMANDS = [
    b"", b"\r", b"stop", b" 1 status\r", b"Stop\r", b"0 stop\r", b"10 stop\r", b"set  rate 5\r", b"set rate five 5\r5\r",
    b"stop\n\r",
]  # fmt: skip


@pytest.mark.parametrize("frame", NO_COMMANDS, ids=map(repr, NO_COMMANDS))
def test_what_is_no_command_is_refused_and_kept(frame: bytes) -> None:
    with pytest.raises(ReplyError) as caught:
        wire.decode_command(frame)
    assert caught.value.raw == frame


def test_all_commands_run_together_come_apart_again() -> None:
    frames = list(COMMANDS.values())
    assert whole_and_bytewise(wire.command_ends, b"".join(frames)) == (frames, frames)


# --- replies ---


@pytest.mark.parametrize("frame", REPLIES.values(), ids=REPLIES)
def test_every_reply_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(frame: bytes) -> None:
    assert wire.encode_reply(wire.decode_reply(frame)) == frame


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in {"chx-24.1.1", "chx-24.2.1"}])
def test_the_echo_of_every_exchange_is_its_command(name: str) -> None:
    assert wire.decode_reply(REPLIES[name]).echo == COMMANDS[name][:-1].decode()


def test_all_replies_run_together_come_apart_again() -> None:
    frames = list(REPLIES.values())
    assert whole_and_bytewise(wire.reply_ends, b"".join(frames)) == (frames, frames)


@given(reply=ANY_REPLY)
def test_any_reply_survives_alone_and_in_a_row(reply: Reply) -> None:
    frame = wire.encode_reply(reply)
    assert wire.decode_reply(frame) == reply
    assert whole_and_bytewise(wire.reply_ends, frame * 2) == ([frame] * 2, [frame] * 2)


MEANINGS = {
    b"stop\rPump stop!\r\n>": Reply("stop", ("Pump stop!",)),
    b"0\r\n>": Reply(None, ("0",)),
    b"set time 1\rrate = 1.000000\r\ntime = 1.000000\r\n>": Reply("set time 1", ("rate = 1.000000", "time = 1.000000")),
    b"echo off\r>": Reply("echo off"),
    b">": Reply(None),
}


@pytest.mark.parametrize(("frame", "reply"), MEANINGS.items(), ids=map(repr, MEANINGS))
def test_a_reply_is_read(frame: bytes, reply: Reply) -> None:
    assert wire.decode_reply(frame) == reply


ILLEGAL = [
    b"", b"stop", b"stop\r", b"stop\rPump stop!\r\n", b"stop\rPump stop!\r>", b"stop\rPump stop!\n>", b"Pump stop!>", b"0\r\n>\n",
    b"0\r\n>>", b"\x00\r\n>", b"stop\r\rPump stop!\r\n>",
]  # fmt: skip


@pytest.mark.parametrize("frame", ILLEGAL, ids=map(repr, ILLEGAL))
def test_what_is_no_reply_is_refused_and_kept(frame: bytes) -> None:
    with pytest.raises(ReplyError) as caught:
        wire.decode_reply(frame)
    assert caught.value.raw == frame


@given(frame=noisy(b"\r\n> 01.-,=setrap!"))
def test_decoders_raise_nothing_but_reply_errors(frame: bytes) -> None:
    for decode in (wire.decode_reply, wire.decode_command):
        with suppress(ReplyError):
            decode(frame)
    text = frame.decode("latin-1")
    for name in wire.DECIMALS:
        wire.read_value(text, name)
    wire.read_limits(text)
    wire.parse_values(text)


@pytest.mark.parametrize("framer", [wire.reply_ends, wire.command_ends], ids=["replies", "commands"])
@given(parts=st.lists(noisy(b"\n\r>a"), max_size=20))
def test_frames_do_not_depend_on_the_chunks(framer: Framer, parts: list[bytes]) -> None:
    pieces = stamp_all(part for part in parts if part)
    one_by_one, held = framed(framer, [stamped([piece]) for piece in pieces])
    at_once, held_at_once = framed(framer, [stamped(pieces)])
    assert ([frame for frame, _ in one_by_one], held) == ([frame for frame, _ in at_once], held_at_once)


@pytest.mark.parametrize("framer", [wire.reply_ends, wire.command_ends], ids=["replies", "commands"])
def test_what_never_ends_is_held_only_up_to_the_limit(framer: Framer) -> None:
    frames = FrameBuffer(framer)
    for _ in range(50):
        frames.feed(stamped([(b"x" * 999, 0)]))
        assert len(frames.held) <= FRAME_LIMIT


# --- numbers ---

SENT = [("rate", 500, "500.000000"), ("volume", -0.0000004, "-0.000000"), ("diameter", 11.7304, "11.730"), ("units", 1, "1")]


@pytest.mark.parametrize(("name", "value", "text"), SENT)
def test_a_value_is_sent_with_the_decimals_that_are_shown_of_it(name: str, value: float, text: str) -> None:
    assert wire.number_for_pump(value, name) == text


@pytest.mark.parametrize("value", [1e6, -1e6, float("inf"), float("nan")])
def test_what_is_no_value_is_refused_before_it_is_sent(value: float) -> None:
    with pytest.raises(ValueError, match="no rate of a pump"):
        wire.number_for_pump(value, "rate")


@pytest.mark.parametrize(("text", "values"), [("5", (5.0,)), ("0.65,-.5", (0.65, -0.5)), ("5.", (5.0,)), ("11.73", (11.73,))])
def test_a_host_may_write_values_like_this(text: str, values: tuple[float, ...]) -> None:
    assert wire.parse_values(text) == values


@pytest.mark.parametrize("text", ["", ",", "5,", "1.2.3", "--5", "5-", ".", "-"])
def test_a_host_may_not_write_values_like_this(text: str) -> None:
    assert wire.parse_values(text) is None


@given(st.floats(-99999, 99999), st.sampled_from(sorted(set(wire.DECIMALS) - {"units"})))
def test_what_is_printed_is_read_back(value: float, name: str) -> None:
    taken = wire.read_value(wire.print_values(name, [value]), name)
    assert taken == pytest.approx(value, abs=0.500001 * 10.0 ** -wire.DECIMALS[name])


NOT_READ = [
    "rate = 5", "rate = 5.00000", "rate = 5.0000000", "rate = 0.650000,0.650000", "rate =5.000000", " rate = 5.000000",
    "rate = 5.000000 ", "volume = 5.000000", "rate = nan", "rate = +5.000000", "rate = 5e0",
]  # fmt: skip


@pytest.mark.parametrize("line", NOT_READ)
def test_what_is_no_single_value_with_this_name_is_not_read(line: str) -> None:
    assert wire.read_value(line, "rate") is None


def test_limits_are_printed_and_read_in_their_order() -> None:
    limits = Limits(largest_volume=125.9622, smallest_volume=0.0002, fastest_rate=106.0288, slowest_rate=0.0141)
    assert wire.print_limits(limits) == "125.9622 0.0002 106.0288 0.0141"
    assert wire.read_limits(wire.print_limits(limits)) == limits


@pytest.mark.parametrize("line", ["", "125.9622 0.0002 106.0288", "125.9622 0.0002 106.0288 0.0141 1.0000", "1 2 3 4", "a b c d"])
def test_what_is_no_limits_is_not_read(line: str) -> None:
    assert wire.read_limits(line) is None
