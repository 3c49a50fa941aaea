"""KCP bytes: what differs from MT-SICS, whose lines these are otherwise."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import ReplyError
from instruments.wire import kern as wire
from instruments.wire import mt_sics
from instruments.wire.framing import line_ends
from tests.instruments.exchanges import load, said
from tests.instruments.wire.chunks import noisy, whole_and_bytewise

TABLE = load("kern")
COMMANDS, LINES = said(TABLE, "host"), said(TABLE, "device")
ALL = wire.COMMANDS


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_every_line_of_the_exchanges_is_one_of_mt_sics(line: bytes) -> None:
    if line.endswith(b" g\r\n"):
        weighing = mt_sics.decode_weighing(line)
        assert mt_sics.encode_weight("S", weighing.status, str(weighing.mass_g)) == line
    else:
        answer = mt_sics.decode_answer(line)
        assert mt_sics.encode_answer(answer.identifier, answer.status, *answer.words) == line


@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS)
def test_every_command_of_the_exchanges_is_known(line: bytes) -> None:
    assert line.decode("ascii").strip() in wire.COMMANDS
    assert whole_and_bytewise(line_ends, line * 2) == ([line] * 2, [line] * 2)


@given(serial=st.from_regex(r"\A[A-Z0-9-]{1,20}\Z"))
def test_any_serial_number_can_be_set(serial: str) -> None:
    command = mt_sics.decode_command(wire.encode_serial_setting(serial))
    assert (command.name, wire.decode_serial_setting(command.words)) == ("I4", serial)


def test_the_answer_to_a_question_would_set_what_it_tells() -> None:
    command = mt_sics.decode_command(LINES["kcp-1.1.1"])
    assert (command.name, wire.decode_serial_setting(command.words)) == ("I4", "K123456")


@pytest.mark.parametrize(
    "argument", ["", " A", ' A ""', ' A "a b"', ' B "K1"', " A K1", ' A "K1" 2', ' A "' + "K" * 21 + '"', ' A "\xb2"']
)
def test_what_is_no_serial_number_is_none(argument: str) -> None:
    assert wire.decode_serial_setting(mt_sics.decode_command(f"I4{argument}\r\n".encode("latin-1")).words) is None


def test_a_list_of_commands_is_read() -> None:
    assert wire.decode_command_list(b'I0 B 0 "@"\r\nI0 B 0 "SI"\r\nI0 A 1 "T"\r\n') == {"@", "SI", "T"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ES\r\n",
        b'I4 A "K123456"\r\n',
        b'I0 B 0 "@"\r\n',
        b"I0 A\r\n",
        b'I0 A 0 "@"\r\nI0 A 0 "S"\r\n',
        b'S I\r\nI0 A 0 "@"\r\n',
    ],
)
def test_what_is_no_whole_list_is_refused(data: bytes) -> None:
    with pytest.raises(ReplyError):
        wire.decode_command_list(data)


@given(data=noisy(b'I0 AB"@\r\n1S'))
def test_decoders_raise_nothing_but_reply_errors(data: bytes) -> None:
    with suppress(ReplyError):
        wire.decode_command_list(data)


@pytest.mark.parametrize(
    ("names", "kcp"),
    [
        (ALL, True),
        (ALL - {"SR", "I5"}, True),
        (ALL - {"ZI"}, False),
        (ALL - {"TI"}, False),
        (ALL | {"UPD"}, False),
        (frozenset(), False),
    ],
)
def test_a_balance_is_known_by_its_list(names: frozenset[str], kcp: bool) -> None:
    assert wire.is_kcp(names) == kcp
