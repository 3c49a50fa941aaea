"""Ultra bytes: commands in any spelling, replies in the three polling modes, the frames that an XON ends, the status line."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ReplyError
from instruments.wire import harvard as wire
from instruments.wire.framing import FRAME_LIMIT, FrameBuffer, Framer
from instruments.wire.harvard import Command, Reply, Status
from tests.instruments.exchanges import load, said
from tests.instruments.wire.chunks import framed, noisy, stamp_all, stamped, whole_and_bytewise

EXCHANGES = load("harvard")
COMMANDS = said(EXCHANGES, "host")
REPLIES = {name: frame for name, frame in said(EXCHANGES, "device").items() if frame[:1] in b"\r\n0" and frame[-1:] != b"\r"}
"""What pumps say, without the echo of what they were told."""

ADDRESSES = st.integers(0, 99)
PROMPTS = st.sampled_from(sorted(wire.PROMPT_WORDS))
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=36)
LINES = st.lists(TEXTS, max_size=4).map(tuple)
ANY_REPLY = st.builds(Reply, PROMPTS, LINES, st.none() | ADDRESSES, notice=st.booleans())
WORDS = st.text("abcdefghijklmnopqrstuvwxyz", max_size=9)
ARGUMENTS = st.lists(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=9), max_size=5)
ANY_COMMAND = st.builds(Command, WORDS, ARGUMENTS.map(tuple), st.none() | ADDRESSES, st.booleans()).map(
    lambda command: command if command.word else replace(command, arguments=(), quiet=False)
)


# --- commands ---


@given(command=ANY_COMMAND)
def test_any_command_survives(command: Command) -> None:
    frame = wire.encode_command(command)
    assert wire.decode_command(frame) == command
    assert whole_and_bytewise(wire.command_ends, frame * 2) == ([frame] * 2, [frame] * 2)


SPELLINGS = {
    b"irate 500 u/m\r": Command("irate", ("500", "u/m")),
    b"12irat 3.2 u/m\r": Command("irat", ("3.2", "u/m"), 12),
    b"\n0stp \r": Command("stp", (), 0),
    b"0  \r": Command("", (), 0),
    b"\r": Command(""),
    b"@IRUN\r": Command("irun", quiet=True),
    b"12@irun\r": Command("irun", (), 12, quiet=True),
    b"@12irun\r": Command("irun", (), 12, quiet=True),
    b"12:irate\r": Command("irate", (), 12),
    b"syrmanu HOSHI  20 ml \r": Command("syrmanu", ("HOSHI", "20", "ml")),
    b"\x00\xffver\x7f\r": Command("ver"),
    b"123\r": Command("3", (), 12),
}


@pytest.mark.parametrize(("sent", "seen"), SPELLINGS.items(), ids=map(repr, SPELLINGS))
def test_the_pump_sees_a_word_its_arguments_and_an_address(sent: bytes, seen: Command) -> None:
    assert wire.decode_command(sent) == seen


def test_the_commands_of_the_exchanges_come_apart_and_are_read() -> None:
    frames = [frame.replace(b"\n", b"") for frame in COMMANDS.values()]
    assert whole_and_bytewise(wire.command_ends, b"".join(frames)) == (frames, frames)
    assert {wire.decode_command(frame).word for frame in frames} >= {"", "irate", "irat", "stp", "status", "syrmanu", "poll"}


# --- replies ---


@pytest.mark.parametrize("frame", REPLIES.values(), ids=REPLIES)
def test_every_reply_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(frame: bytes) -> None:
    reply = wire.decode_reply(frame)
    poll = "on" if frame[-1] == wire.XON else "off" if reply.prompt else "remote"
    assert wire.encode_reply(reply, poll=poll) == frame


def test_replies_with_poll_on_run_together_come_apart_again() -> None:
    frames = [wire.encode_reply(wire.decode_reply(frame), poll="on") for frame in REPLIES.values() if frame[:1] == b"\n"]
    assert len(frames) > 60
    assert whole_and_bytewise(wire.reply_ends, b"".join(frames)) == (frames, frames)


@pytest.mark.parametrize("colon_target", [False, True])
@pytest.mark.parametrize("poll", ["off", "on"])
@given(reply=ANY_REPLY)
def test_any_reply_survives(poll: str, colon_target: bool, reply: Reply) -> None:
    assert wire.decode_reply(wire.encode_reply(reply, poll=poll, colon_target=colon_target)) == reply


@given(reply=ANY_REPLY.map(lambda reply: replace(reply, notice=False)))
def test_with_poll_on_any_reply_is_a_frame(reply: Reply) -> None:
    frame = wire.encode_reply(reply, poll="on")
    assert whole_and_bytewise(wire.reply_ends, frame * 2) == ([frame] * 2, [frame] * 2)


@given(reply=st.builds(Reply, st.just(""), st.lists(TEXTS, min_size=1, max_size=4).map(tuple), ADDRESSES))
def test_any_reply_with_poll_remote_survives(reply: Reply) -> None:
    assert wire.decode_reply(wire.encode_reply(reply, poll="remote")) == reply


MEANINGS = {
    b"\n:": Reply(":"),
    b"\n>\x11": Reply(">"),
    b"\n12<*": Reply("<*", (), 12),
    b"\r\nT*": Reply("T*", notice=True),
    b"\r\n07T*": Reply("T*", (), 7, notice=True),
    b"\n00:T*": Reply("T*", (), 0),
    b"\n12:36.1294 ul\r\n12>": Reply(">", ("36.1294 ul",), 12),
    b"\n00:03:00\r\n:": Reply(":", ("00:03:00",)),
    b"\n00:00:03:00\r\n00:": Reply(":", ("00:03:00",), 0),
    b"\nPump address set to 2\r\n02:": Reply(":", ("Pump address set to 2",), 2, prefixed=False),
    b"\n12:a\r\n12:b\r\n12*": Reply("*", ("a", "b"), 12),
    b"05:00:03:00\n": Reply("", ("00:03:00",), 5),
}


@pytest.mark.parametrize(("frame", "reply"), MEANINGS.items(), ids=map(repr, MEANINGS))
def test_a_reply_is_read(frame: bytes, reply: Reply) -> None:
    assert wire.decode_reply(frame) == reply


ERRORS = {
    b"\n:": "",
    b"\n1 ml/min\r\n:": "",
    b"\nCommand error:\r\n   Unknown command\r\n:": "Command error: (Unknown command)",
    b"\nArgument error: 2\r\n   Target volume out of range\r\n:": "Argument error: 2 (Target volume out of range)",
    b"\n12:Range error: 60\r\n12:   60 is out of range of 0 to 5.\r\n12*": "Range error: 60 (60 is out of range of 0 to 5.)",
    b"\nArgument error:\r\n:": "Argument error:",
}


@pytest.mark.parametrize(("frame", "error"), ERRORS.items(), ids=map(repr, ERRORS))
def test_a_refusal_is_told_from_an_answer(frame: bytes, error: str) -> None:
    assert wire.decode_reply(frame).error == error


@pytest.mark.parametrize(("argument", "first"), [("2", "Argument error: 2"), ("", "Argument error:")])
def test_a_refusal_has_two_lines_of_which_the_second_is_short(argument: str, first: str) -> None:
    lines = wire.error_lines("Argument error", argument, "x" * 200)
    assert lines == (first, "   " + "x" * 77)
    assert Reply(":", lines).error.startswith(first)


ILLEGAL = [
    b"", b"\n", b":", b"\n::", b"\n1:", b"\n123:", b"\n12", b"\nT", b"\n:\n", b"\n:\x11\x11", b"\n#", b"x\n:", b"\na\n:",
    b"\na\r:", b"\n\x1b\r\n:", b"\n12:a\r\n12:b\r\n:x", b"\n12:a\r\nb\r\n12:", b"\n11:a\r\n12:b\r\n12:", b"\n00:>", b"\n*T",
    b"\r\r\n:", b"12:a\r\n", b"12:a\n11:b\n", b"12:a",
]  # fmt: skip


@pytest.mark.parametrize("frame", ILLEGAL, ids=map(repr, ILLEGAL))
def test_what_is_no_reply_is_refused_and_kept(frame: bytes) -> None:
    with pytest.raises(ReplyError) as caught:
        wire.decode_reply(frame)
    assert caught.value.raw == frame


# --- frames ---

NOISE = [
    b"x", b"\x00\xff\r\n", b"\r\nT*", b"\n00:", b"\n00:0.5 ul\r\n00>", b"irate\r", b"irate\r\n", b"\n00:0.5 ul", b"00:", b"\n",
]  # fmt: skip


@pytest.mark.parametrize("noise", NOISE, ids=repr)
@pytest.mark.parametrize("reply", [b"\n00:\x11", b"\n00:1 ml\r\n00T*\x11", b"\n" + b"00:100 ml\r\n" * 40 + b"00:\x11"], ids=len)
def test_what_stands_before_a_reply_is_a_frame_of_its_own(noise: bytes, reply: bytes) -> None:
    assert whole_and_bytewise(wire.reply_ends, noise + reply) == ([noise, reply], [noise, reply])


@pytest.mark.parametrize("wrong", [b"\x11", b"x\x11", b"\n\x11", b"\n1 ml\r\n\x11"], ids=repr)
def test_an_xon_ends_what_is_no_reply_too(wrong: bytes) -> None:
    assert whole_and_bytewise(wire.reply_ends, wrong + b"\n:\x11") == ([wrong, b"\n:\x11"], [wrong, b"\n:\x11"])


@pytest.mark.parametrize("framer", [wire.reply_ends, wire.command_ends], ids=["replies", "commands"])
@given(parts=st.lists(noisy(b"\n\r0:>*T\x11"), max_size=20))
def test_frames_do_not_depend_on_the_chunks(framer: Framer, parts: list[bytes]) -> None:
    pieces = stamp_all(part for part in parts if part)
    one_by_one, held = framed(framer, [stamped([piece]) for piece in pieces])
    at_once, held_at_once = framed(framer, [stamped(pieces)])
    assert ([frame for frame, _ in one_by_one], held) == ([frame for frame, _ in at_once], held_at_once)


@pytest.mark.parametrize("length", [FRAME_LIMIT - 5, FRAME_LIMIT - 4, FRAME_LIMIT, FRAME_LIMIT + 1, 3 * FRAME_LIMIT])
@pytest.mark.parametrize("filling", [b"x", b"\n", b"\r\n"], ids=repr)
def test_nor_do_those_behind_more_noise_than_is_kept(filling: bytes, length: int) -> None:
    whole, bytewise = whole_and_bytewise(wire.reply_ends, (filling * length)[:length] + b"\n00:\x11\n:\x11")
    assert whole == bytewise
    assert whole[-1] == b"\n:\x11"


@pytest.mark.parametrize("framer", [wire.reply_ends, wire.command_ends], ids=["replies", "commands"])
def test_what_never_ends_is_held_only_up_to_the_limit(framer: Framer) -> None:
    frames = FrameBuffer(framer)
    for _ in range(50):
        frames.feed(stamped([(b"\n" + b"x" * 999, 0)]))
        assert len(frames.held) <= FRAME_LIMIT


@given(frame=noisy(b"\n\r012:></*T \x11.iIwS"))
def test_decoders_raise_nothing_but_reply_errors(frame: bytes) -> None:
    for decode in (wire.decode_reply, wire.decode_command):
        with suppress(ReplyError):
            decode(frame)
    wire.decode_status(frame.decode("latin-1"))


# --- the status line ---

FLAGS = st.from_regex(r"[iIwW][.iIwW][.S][.T][iIwW][.T]", fullmatch=True)
COUNTS = st.integers(0, 10**20 - 1)


@given(status=st.builds(Status, COUNTS, COUNTS, COUNTS, FLAGS))
def test_any_status_survives(status: Status) -> None:
    assert wire.decode_status(wire.encode_status(status)) == status


STATES = [
    ("8333333333 1235 10291666667 I..TI.", True, False), ("0 0 0 w..TI.", False, False), ("0 9 9 i.STI.", False, True),
    ("0 9 9 WI.TWT", True, False), ("0 9 9 i...I", False, False),
]  # fmt: skip


@pytest.mark.parametrize(("line", "running", "stalled"), STATES)
def test_a_status_says_whether_the_motor_runs_or_has_stalled(line: str, running: bool, stalled: bool) -> None:
    status = wire.decode_status(line)
    assert status is not None
    assert (status.running, status.stalled) == (running, stalled)


NO_STATUS = [
    "", "0 0 0", "0 0 i..TI.", "0 0 0 0 i..TI.", "0 0 -1 i..TI.", "0 0 0.5 i..TI.", "0  0 0 i..TI.", "0 0 0 x..TI.",
    "0 0 0 i..TI. ", "0 0 0 i.sTI.", "0 0 0 i..TI..", "0 0 0 i..T", "0 0 " + "9" * 21 + " i..TI.", "٣ 0 0 i..TI.",
]  # fmt: skip


@pytest.mark.parametrize("line", NO_STATUS)
def test_what_is_no_status_is_not_read(line: str) -> None:
    assert wire.decode_status(line) is None
