"""Model 44 bytes: commands in any spelling, replies with and without text, numbers as the pump takes and prints them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ReplyError
from instruments.wire import harvard_44 as wire
from instruments.wire.framing import FRAME_LIMIT, FrameBuffer, Framer
from instruments.wire.harvard_44 import STOP_ALL, Command, Printed, Reply
from tests.instruments.exchanges import load, said
from tests.instruments.wire.chunks import framed, noisy, stamp_all, stamped, whole_and_bytewise

EXCHANGES = load("harvard_44")
COMMANDS, REPLIES = said(EXCHANGES, "host"), said(EXCHANGES, "device")
ADDRESSES = st.integers(0, 99)
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=36)
ANY_REPLY = st.builds(Reply, ADDRESSES, st.sampled_from(sorted(wire.PROMPT_WORDS)), TEXTS.map(lambda text: text and "  " + text))
WORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3)
ARGUMENTS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-?", max_size=9)
ANY_COMMAND = st.builds(Command, st.none() | ADDRESSES, WORDS, ARGUMENTS) | st.builds(Command, st.none() | ADDRESSES)


# --- commands ---


@given(command=ANY_COMMAND)
def test_any_command_survives(command: Command) -> None:
    frame = wire.encode_command(command)
    assert wire.decode_command(frame) == command
    assert whole_and_bytewise(wire.command_ends, frame * 2) == ([frame] * 2, [frame] * 2)


SPELLINGS = {
    b"RAT 1.5 MM\r": Command(None, "RAT", "1.5MM"),
    b"00RAT1.500MM\r": Command(0, "RAT", "1.500MM"),
    b" 0 rat 1.5 mm\r": Command(0, "RAT", "1.5MM"),
    b"\n12STP\r": Command(12, "STP"),
    b"7\r": Command(7),
    b"\r": STOP_ALL,
    b"\n\t \xb5\xff\r": STOP_ALL,
    b"0R1\r": Command(0, "", "R1"),
    b"123\r": Command(12, "", "3"),
}


@pytest.mark.parametrize(("sent", "seen"), SPELLINGS.items(), ids=map(repr, SPELLINGS))
def test_the_pump_sees_capitals_without_spaces(sent: bytes, seen: Command) -> None:
    assert wire.decode_command(sent) == seen


def test_the_commands_of_the_exchanges_come_apart_and_are_read() -> None:
    frames = list(COMMANDS.values())
    assert whole_and_bytewise(wire.command_ends, b"".join(frames)) == (frames, frames)
    assert all(
        wire.decode_command(frame).word in {"", *"RUN STP RAT RFR DIA TGT DEL CLD MOD DIR XYZ".split()} for frame in frames
    )


# --- replies ---


@pytest.mark.parametrize("frame", REPLIES.values(), ids=REPLIES)
def test_every_reply_of_the_exchanges_decodes_and_encodes_to_the_same_bytes(frame: bytes) -> None:
    assert wire.encode_reply(wire.decode_reply(frame)) == frame


def test_all_replies_run_together_come_apart_again() -> None:
    frames = list(REPLIES.values())
    assert whole_and_bytewise(wire.reply_ends, b"".join(frames)) == (frames, frames)


@given(reply=ANY_REPLY)
def test_any_reply_survives_alone_and_in_a_row(reply: Reply) -> None:
    frame = wire.encode_reply(reply)
    assert wire.decode_reply(frame) == reply
    assert whole_and_bytewise(wire.reply_ends, frame * 2) == ([frame] * 2, [frame] * 2)


@pytest.mark.parametrize("noise", [b"x", b"\x00\xff\r", b"12:"], ids=repr)
def test_noise_before_a_reply_is_a_frame_of_its_own(noise: bytes) -> None:
    assert whole_and_bytewise(wire.reply_ends, noise + b"\n0:") == ([noise, b"\n0:"], [noise, b"\n0:"])


MEANINGS = {
    b"\n0:": (Reply(0, ":"), ""),
    b"\n12>": (Reply(12, ">"), ""),
    b"\n  1.5000ml/mn\r\n0<": (Reply(0, "<", "  1.5000ml/mn"), ""),
    b"\n  NA\r\n0/": (Reply(0, "/", "  NA"), "NA"),
    b"\n  OOR\r\n7*": (Reply(7, "*", "  OOR"), "OOR"),
    b"\n  ?\r\n0^": (Reply(0, "^", "  ?"), "?"),
    b"\n?\r\n0:": (Reply(0, ":", "?"), "?"),
}


@pytest.mark.parametrize(("frame", "meaning"), MEANINGS.items(), ids=map(repr, MEANINGS))
def test_a_reply_is_read(frame: bytes, meaning: tuple[Reply, str]) -> None:
    reply = wire.decode_reply(frame)
    assert (reply, reply.error) == meaning


ILLEGAL = [
    b"", b"\n", b":", b"0:", b"\n:", b"\n00:", b"\n012:", b"\n123:", b"\n0#", b"\n0:\n", b"x\n0:", b"\n\r\n0:", b"\nNA\n0:",
    b"\n  \x1b\r\n0:", b"\na\r\nb\r\n0:",
]  # fmt: skip


@pytest.mark.parametrize("frame", ILLEGAL, ids=map(repr, ILLEGAL))
def test_what_is_no_reply_is_refused_and_kept(frame: bytes) -> None:
    with pytest.raises(ReplyError) as caught:
        wire.decode_reply(frame)
    assert caught.value.raw == frame


@given(frame=noisy(b"\n\r0012:></*^ ?NAORT."))
def test_decoders_raise_nothing_but_reply_errors(frame: bytes) -> None:
    for decode in (wire.decode_reply, wire.decode_command):
        with suppress(ReplyError):
            decode(frame)
    for read in (wire.read_rate, wire.read_volume, wire.read_diameter, wire.parse_number):
        read(frame.decode("latin-1"))


@pytest.mark.parametrize("framer", [wire.reply_ends, wire.command_ends], ids=["replies", "commands"])
@given(parts=st.lists(noisy(b"\n\r0:>"), max_size=20))
def test_frames_do_not_depend_on_the_chunks(framer: Framer, parts: list[bytes]) -> None:
    pieces = stamp_all(part for part in parts if part)
    one_by_one, held = framed(framer, [stamped([piece]) for piece in pieces])
    at_once, held_at_once = framed(framer, [stamped(pieces)])
    assert ([frame for frame, _ in one_by_one], held) == ([frame for frame, _ in at_once], held_at_once)


@pytest.mark.parametrize("framer", [wire.reply_ends, wire.command_ends], ids=["replies", "commands"])
def test_what_never_ends_is_held_only_up_to_the_limit(framer: Framer) -> None:
    frames = FrameBuffer(framer)
    for _ in range(50):
        frames.feed(stamped([(b"\n" + b"x" * 999, 0)]))
        assert len(frames.held) <= FRAME_LIMIT


# --- numbers ---

SENT = [
    (0.0, "0.0000"), (-0.0, "0.0000"), (0.00004, "0.0000"), (0.974, "0.9740"), (1.5, "1.5000"), (9.99996, "10.000"),
    (26.59, "26.590"), (123.456, "123.46"), (999.996, "1000.0"), (12345.4, "12345"), (99999.4, "99999"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), SENT)
def test_a_number_is_sent_in_six_characters(value: float, text: str) -> None:
    assert wire.number_for_pump(value) == text


@pytest.mark.parametrize("value", [-0.001, 99999.5, 1e9, float("inf"), float("-inf"), float("nan")])
def test_a_number_that_does_not_fit_is_refused_before_it_is_sent(value: float) -> None:
    with pytest.raises(ValueError, match="six characters"):
        wire.number_for_pump(value)


TAKEN = {"5": 5, "5.": 5, ".5": 0.5, "1.5000": 1.5, "99999.": 99999, "0": 0}
NOT_TAKEN = ["", ".", "1.2.3", "1234567", "1.50000", "-1", "+1", "1e3", "nan", "1,5", "٣"]


@pytest.mark.parametrize(("text", "value"), TAKEN.items())
def test_a_host_may_write_a_number_like_this(text: str, value: float) -> None:
    assert wire.parse_number(text) == value


@pytest.mark.parametrize("text", NOT_TAKEN)
def test_a_host_may_not_write_a_number_like_this(text: str) -> None:
    assert wire.parse_number(text) is None


PRINTED = [
    (0.0, "  0.0000"), (0.5, "  0.5000"), (9.99996, "  10.000"), (26.59, "  26.590"), (1234.5, "  1234.5"), (12345.6, "  12346."),
    (1e7, "  99999."),
]  # fmt: skip


@pytest.mark.parametrize(("value", "line"), PRINTED)
def test_the_pump_prints_two_spaces_and_six_characters_with_a_point(value: float, line: str) -> None:
    assert wire.print_number(value) == line


@given(st.floats(0, 99999.4))
def test_what_is_sent_is_taken_and_read_back_within_half_a_step(value: float) -> None:
    taken = wire.parse_number(wire.number_for_pump(value))
    assert taken is not None
    printed = wire.read_volume(wire.print_number(taken, "ml"))
    assert printed is not None
    assert printed.value == pytest.approx(value, abs=printed.step / 2 * 1.000001)


READ = [
    ("  1.5000ml/mn", wire.read_rate, Printed(90.0, 0.006)), ("  750.00ml/hr", wire.read_rate, Printed(750.0, 0.01)),
    ("  20.000ul/mn", wire.read_rate, Printed(1.2, 0.00006)), ("  250.00ul/hr", wire.read_rate, Printed(0.25, 0.00001)),
    ("  14.430mm", wire.read_diameter, Printed(14.43, 0.001)), ("  14.430", wire.read_diameter, Printed(14.43, 0.001)),
    ("  1.0000ml", wire.read_volume, Printed(1.0, 0.0001)), ("  99999.", wire.read_volume, Printed(99999.0, 1.0)),
]  # fmt: skip


@pytest.mark.parametrize(("line", "read", "printed"), READ, ids=[line for line, _, _ in READ])
def test_a_printed_number_is_read_with_its_step(line: str, read: Callable[[str], Printed | None], printed: Printed) -> None:
    found = read(line)
    assert found is not None
    assert (found.value, found.step) == (pytest.approx(printed.value), pytest.approx(printed.step))


NOT_READ = [
    "", "  1.5000", "  1.5000ml/mm", " 1.5000ml/mn", "1.5000ml/mn", "  1.50000ml/mn", "  1.500ml/mn", "  150000ml/mn",
    "  1.5.00ml/mn", "  nan000ml/mn", "  1.5000 ml/mn", "  1.5000ml/mn ", "  .15000ml/mn", "  -1.500ml/mn",
]  # fmt: skip


@pytest.mark.parametrize("line", NOT_READ)
def test_what_is_no_rate_is_not_read(line: str) -> None:
    assert wire.read_rate(line) is None


@pytest.mark.parametrize("line", ["  1.0000mm", "  1.0000ul", "  1.0000ml "])
def test_what_is_no_volume_is_not_read(line: str) -> None:
    assert wire.read_volume(line) is None
