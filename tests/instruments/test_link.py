"""One conversation: which frame is the answer, what is set aside, what the tap sees. On a scripted port, in virtual time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count

import pytest

from instruments.clock import VirtualClock
from instruments.errors import GarbledReply, HalfReply, LinkError, ReplyTimeout
from instruments.link import Frame, Link
from instruments.stamped import Stamped, microseconds
from instruments.wire import new_era
from instruments.wire.framing import FRAME_LIMIT, Framer, line_ends

Script = Mapping[bytes, Sequence[tuple[float, bytes]]]
"""For each request what comes after it: seconds later, bytes."""
LOST = b"<lost>"
INTERRUPTED = b"<Ctrl-C>"


class ScriptedPort:
    def __init__(self, clock: VirtualClock, script: Script) -> None:
        self._clock, self._script = clock, script
        self._coming: list[tuple[float, int, bytes]] = []
        self._order = count()
        self.written: list[tuple[bytes, float]] = []

    def say(self, after_s: float, data: bytes) -> None:
        heapq.heappush(self._coming, (round(self._clock.now_s() + after_s, 6), next(self._order), data))

    def write(self, data: bytes) -> None:
        self.written.append((data, self._clock.now_s()))
        for after_s, answer in self._script.get(data, ()):
            self.say(after_s, answer)

    def poll(self) -> Stamped:
        due: list[Stamped] = []
        while self._coming and self._coming[0][0] <= self._clock.now_s():
            moment_s, _, data = heapq.heappop(self._coming)
            if data == LOST:
                raise LinkError("the line was lost")
            if data == INTERRUPTED:
                raise KeyboardInterrupt
            due.append(Stamped.one(data, microseconds(moment_s)))
        return Stamped.join(due)

    def wait(self, deadline_s: float) -> Stamped:
        self._clock.sleep_until(min(deadline_s, self._coming[0][0] if self._coming else deadline_s))
        return self.poll()

    def close(self) -> None: ...


class Notes:
    """A tap that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes, int]] = []
        self.told: list[tuple[bytes, bytes | None, int, int]] = []

    def sent(self, role: str, data: bytes, stamp_us: int) -> None:
        self.seen.append((f"{role} <", data, stamp_us))

    def received(self, role: str, frames: Stamped) -> None:
        self.seen += [(f"{role} >", data, stamp_us) for data, stamp_us in frames]

    def exchanged(self, role: str, request: bytes, reply: bytes | None, sent_us: int, heard_us: int) -> None:
        self.told.append((request, reply, sent_us, heard_us))


class Table:
    """A link with a scripted device on it."""

    def __init__(self, script: Script | None = None, framer: Framer = line_ends) -> None:
        self.clock, self.notes = VirtualClock(), Notes()
        self.port = ScriptedPort(self.clock, script or {})
        self.link = Link(self.port, framer, self.clock, role="balance", tap=self.notes)

    def ask(self, request: bytes, wanted: Callable[[bytes], bool] | None = None) -> bytes | type[ReplyTimeout]:
        try:
            return self.link.exchange(request, timeout_s=1.0, wanted=wanted).data
        except ReplyTimeout:
            return ReplyTimeout

    def aside(self) -> list[bytes]:
        return [frame for frame, _ in self.link.unsolicited()]


def is_mass(frame: bytes) -> bool:
    return frame.startswith(b"S ")


# --- the answer ---


def test_an_answer_is_a_whole_frame_with_the_stamp_of_its_last_byte() -> None:
    table = Table({b"SI": [(0.1, b"S S "), (0.2, b"1 g\r"), (0.3, b"\n")]})
    assert table.link.exchange(b"SI", timeout_s=1.0) == Frame(b"S S 1 g\r\n", 300_000)
    assert table.clock.now_s() == 0.3


ANSWERS = [
    pytest.param([(0.1, b"S 1\n")], None, b"S 1\n", [], id="at once"),
    pytest.param([(1.0, b"S 1\n")], None, b"S 1\n", [], id="at the last moment"),
    pytest.param([(0.1, b"S 1\nS 2\n")], None, b"S 1\n", [b"S 2\n"], id="two in one piece: the first"),
    pytest.param([(0.1, b"I4 A\n"), (0.2, b"S 1\n")], is_mass, b"S 1\n", [b"I4 A\n"], id="the wanted one"),
    pytest.param([(0.1, b"I4 A\nS 1\nEL\n")], is_mass, b"S 1\n", [b"I4 A\n", b"EL\n"], id="the wanted one amid others"),
    pytest.param([(0.1, b"I4 A\n")], is_mass, ReplyTimeout, [b"I4 A\n"], id="only others"),
    pytest.param([], None, ReplyTimeout, [], id="nothing"),
    pytest.param([(0.1, b"S 1")], None, ReplyTimeout, [], id="half"),
    pytest.param([(0.1, b"\xff\x00\xb5\n")], None, b"\xff\x00\xb5\n", [], id="not ASCII"),
]


@pytest.mark.parametrize(("coming", "wanted", "answer", "aside"), ANSWERS)
def test_what_is_the_answer_and_what_is_set_aside(
    coming: Sequence[tuple[float, bytes]],
    wanted: Callable[[bytes], bool] | None,
    answer: bytes | type[ReplyTimeout],
    aside: list[bytes],
) -> None:
    table = Table({b"SI": coming})
    assert table.ask(b"SI", wanted) == answer
    assert table.aside() == aside
    assert table.aside() == []


def test_what_came_before_the_request_is_never_its_answer() -> None:
    table = Table({b"SI": [(0.1, b"S 2\n")]})
    table.port.say(0.0, b"S 1\n")
    assert table.ask(b"SI") == b"S 2\n"
    assert table.aside() == [b"S 1\n"]


def test_a_second_answer_left_over_is_not_the_next_answer() -> None:
    table = Table({b"A": [(0.1, b"a1\na2\n")], b"B": [(0.1, b"b\n")]})
    assert [table.ask(b"A"), table.ask(b"B"), table.aside()] == [b"a1\n", b"b\n", [b"a2\n"]]


@pytest.mark.parametrize(
    ("coming", "kind", "text"),
    [
        ([], ReplyTimeout, "balance: no answer within 1 s; check power, address and line settings"),
        (
            [(0.1, b"S S  12")],
            HalfReply,
            "balance: no answer within 1 s (only b'S S  12' came); check the line settings and who else reads",
        ),
        (
            [(0.1, b"\xd3 \xd3\r\x8a")],
            HalfReply,
            r"balance: no answer within 1 s (only b'\xd3 \xd3\r\x8a' came); check the line settings and who else reads",
        ),
        (
            [(0.1, b"?\n"), (0.2, b"+OK\n")],
            GarbledReply,
            (
                r"balance: no answer within 1 s (what came instead ended with b'+OK\n'); "
                "check the line settings, and which device is there"
            ),
        ),
    ],
    ids=["nothing came", "half a line came", "wrong parity: no line ever ends", "answers of another device"],
)
def test_a_timeout_says_what_came(coming: Sequence[tuple[float, bytes]], kind: type[ReplyTimeout], text: str) -> None:
    with pytest.raises(ReplyTimeout) as caught:
        Table({b"SI": coming}).link.exchange(b"SI", timeout_s=1.0, wanted=lambda line: line.startswith(b"S "))
    assert str(caught.value) == text
    assert type(caught.value) is kind


# --- after a timeout ---

LATE = [
    pytest.param([(1.05, b"a\n")], [(0.1, b"b\n")], b"b\n", [b"a\n"], id="late, before the next request goes out"),
    pytest.param([(0.5, b"S 1"), (1.05, b"2\n")], [(0.1, b"b\n")], b"b\n", [b"S 12\n"], id="half, then its rest"),
    pytest.param([(0.5, b"S 1"), (1.3, b"2\n")], [(0.5, b"b\n")], b"b\n", [b"S 12\n"], id="its rest after the next request"),
    pytest.param([(0.5, b"S 1"), (1.3, b"2\nb\n")], [], b"b\n", [b"S 12\n"], id="its rest and the answer in one piece"),
    pytest.param([(0.5, b"S 1"), (1.05, b"2"), (1.3, b"3\n")], [(0.5, b"b\n")], b"b\n", [b"S 123\n"], id="in three pieces"),
]


@pytest.mark.parametrize(("first", "second", "answer", "aside"), LATE)
def test_a_timeout_never_loses_or_splits_a_line(
    first: Sequence[tuple[float, bytes]], second: Sequence[tuple[float, bytes]], answer: bytes, aside: list[bytes]
) -> None:
    table = Table({b"A": first, b"B": second})
    assert [table.ask(b"A"), table.ask(b"B"), table.aside()] == [ReplyTimeout, answer, aside]


@pytest.mark.parametrize(("alike", "answer"), [(True, b"b\n"), (False, b"a\n")])
def test_where_answers_look_alike_the_line_has_to_be_silent_as_long_as_one_may_take(alike: bool, answer: bytes) -> None:
    table = Table({b"A": [(1.5, b"a\n")], b"B": [(0.6, b"b\n")]})
    with pytest.raises(ReplyTimeout):
        table.link.exchange(b"A", timeout_s=1.0, alike=alike)
    assert table.ask(b"B") == answer


CUT_SHORT = [
    pytest.param(line_ends, b"S S  12", b"S S 9\n", is_mass, id="line"),
    pytest.param(new_era.reply_ends, b"\x0200", b"\x0200S\x03", None, id="Basic packet"),
    pytest.param(new_era.reply_ends, b"\x02\x0700", b"\x02\x0700S\x2a\xfa\x03", None, id="Safe packet, known by its length"),
]


@pytest.mark.parametrize(("framer", "half", "answer", "wanted"), CUT_SHORT)
def test_half_a_frame_whose_rest_never_comes_costs_no_further_answer(
    framer: Framer, half: bytes, answer: bytes, wanted: Callable[[bytes], bool] | None
) -> None:
    table = Table({b"A": [(0.1, half)], b"B": [(0.1, answer)]}, framer)
    assert [table.ask(b"A"), table.ask(b"B", wanted or (lambda frame: frame == answer))] == [ReplyTimeout, answer]
    table.port.say(0.0, answer)
    assert table.aside() == [answer]  # what comes later is not put to that half


def test_without_a_way_to_tell_the_rest_from_an_answer_neither_is_believed() -> None:
    table = Table({b"A": [(0.1, b"12")], b"B": [(0.1, b"34\n")]})
    assert [table.ask(b"A"), table.ask(b"B"), table.ask(b"B")] == [ReplyTimeout, ReplyTimeout, b"34\n"]
    assert table.aside() == [b"1234\n"]


def test_late_lines_can_also_be_had_without_asking_again() -> None:
    table = Table({b"A": [(0.5, b"S 1"), (1.5, b"2\n")]})
    assert table.ask(b"A") is ReplyTimeout
    table.clock.sleep_until(2.0)
    assert table.aside() == [b"S 12\n"]


def test_a_line_that_is_never_quiet_does_not_hold_up_the_next_request() -> None:
    table = Table({b"B": [(0.01, b"b\n")]})
    for reading in range(1000):
        table.port.say(0.05 * reading, b"S %d\n" % reading)
    assert table.ask(b"@", lambda frame: frame.startswith(b"I4")) is ReplyTimeout
    assert table.ask(b"B", lambda frame: frame == b"b\n") == b"b\n"
    assert table.clock.now_s() < 2.2
    table.clock.sleep_until(60.0)
    assert table.aside() == [b"S %d\n" % reading for reading in range(1000)]


def test_an_answer_that_ctrl_c_left_on_its_way_is_not_the_next_one() -> None:
    table = Table({b"poll": [(0.05, INTERRUPTED), (0.08, b"infusing\n")], b"stop": [(0.05, b"stopped\n")]})
    with pytest.raises(KeyboardInterrupt):
        table.ask(b"poll")
    assert table.ask(b"stop") == b"stopped\n"
    assert table.aside() == [b"infusing\n"]


def test_in_step_a_request_goes_out_at_once() -> None:
    table = Table({b"A": [(0.1, b"a\n")]})
    table.ask(b"A")
    table.ask(b"A")
    assert table.port.written == [(b"A", 0.0), (b"A", 0.1)]


# --- the rest ---


@pytest.mark.parametrize("size", [FRAME_LIMIT, FRAME_LIMIT + 1, 10 * FRAME_LIMIT + 7])
def test_garbage_without_an_end_of_line_is_bounded_and_not_lost(size: int) -> None:
    table = Table()
    garbage = bytes(range(128, 256)) * (size // 128 + 1)
    for start in range(0, size, 1000):
        table.port.say(0.001 * start, garbage[start : min(start + 1000, size)])
    frames: list[bytes] = []
    while table.clock.now_s() < 60.0:
        table.clock.sleep_until(table.clock.now_s() + 1.0)
        frames += table.aside()
    table.port.say(0.0, b"\n")
    frames += table.aside()
    assert b"".join(frames) == garbage[:size] + b"\n"
    assert max(map(len, frames)) <= FRAME_LIMIT + 1


def test_a_lost_line_is_passed_on_after_what_came_before_it() -> None:
    table = Table({b"SI": [(0.1, b"S 1\n"), (0.2, LOST)]})
    assert table.ask(b"SI") == b"S 1\n"
    with pytest.raises(LinkError, match="the line was lost"):
        table.link.receive(timeout_s=1.0)


def test_the_tap_sees_every_byte_once_in_order_before_the_answer_is_used() -> None:
    table = Table({b"A": [(0.1, b"x\nS 1"), (1.5, b"2\na\n")], b"B": [(0.1, b"b\n")]})
    table.ask(b"A", is_mass)
    table.clock.sleep_until(1.2)
    table.ask(b"B", lambda frame: frame == b"a\n")
    assert table.notes.seen == [
        ("balance <", b"A", 0),
        ("balance >", b"x\n", 100_000),
        ("balance >", b"S 1", 1_300_000),  # half a line, given up when the line had been quiet
        ("balance <", b"B", 1_300_000),
        ("balance >", b"b\n", 1_400_000),
        ("balance >", b"2\n", 1_500_000),
        ("balance >", b"a\n", 1_500_000),
    ]


TOLD = [
    # what comes for A, what is wanted of it, what the tap is told: request, reply, sent and heard in us
    pytest.param([(0.1, b"a\n")], None, (b"A", b"a\n", 500_000, 600_000), id="an answer"),
    pytest.param([(0.1, b"x\nS 1\n"), (0.2, b"S 2\n")], is_mass, (b"A", b"S 1\n", 500_000, 600_000), id="the wanted one"),
    pytest.param([], None, (b"A", None, 500_000, 1_500_000), id="nothing came"),
    pytest.param([(0.1, b"x\n")], is_mass, (b"A", None, 500_000, 1_500_000), id="only others came"),
    pytest.param([(0.1, b"a")], None, (b"A", None, 500_000, 1_500_000), id="half came"),
    pytest.param([(0.2, LOST)], None, (b"A", None, 500_000, 700_000), id="the line was lost"),
    pytest.param([(0.2, INTERRUPTED)], None, (b"A", None, 500_000, 700_000), id="Ctrl-C"),
]


@pytest.mark.parametrize(("coming", "wanted", "told"), TOLD)
def test_the_tap_is_told_of_every_request_with_its_answer_or_that_none_came(
    coming: Sequence[tuple[float, bytes]], wanted: Callable[[bytes], bool] | None, told: tuple[bytes, bytes | None, int, int]
) -> None:
    table = Table({b"A": coming})
    table.clock.sleep_until(0.5)
    with suppress(LinkError, KeyboardInterrupt):
        table.ask(b"A", wanted)
    assert table.notes.told == [told]


def test_the_moment_of_a_request_is_when_it_went_out_and_not_when_it_was_wanted() -> None:
    """After a timeout the line has to be quiet first."""
    table = Table({b"B": [(0.1, b"b\n")]})
    table.ask(b"A")
    table.ask(b"B")
    assert table.notes.told == [(b"A", None, 0, 1_000_000), (b"B", b"b\n", 1_100_000, 1_200_000)]
    assert table.port.written == [(b"A", 0.0), (b"B", 1.1)]


def test_a_request_without_an_answer_and_an_answer_of_several_frames_are_told_too() -> None:
    table = Table({b"SIR": [(0.1, b"S 1\nS 2\n")]})
    table.link.send(b"SIR")
    assert table.notes.told == [(b"SIR", None, 0, 0)]
    table.clock.sleep_until(0.3)
    table.link.receive(timeout_s=1.0)
    table.link.receive(timeout_s=1.0)
    with pytest.raises(ReplyTimeout):
        table.link.receive(timeout_s=1.0)
    assert table.notes.told[1:] == [(b"", b"S 1\n", 300_000, 100_000), (b"", b"S 2\n", 300_000, 100_000)]


def test_a_link_needs_no_tap() -> None:
    clock = VirtualClock()
    link = Link(ScriptedPort(clock, {b"A": [(0.1, b"a")], b"B": [(0.1, b"b\n")]}), line_ends, clock, role="balance")
    with pytest.raises(ReplyTimeout):
        link.exchange(b"A", timeout_s=0.2)
    assert link.exchange(b"B", timeout_s=0.2, wanted=lambda frame: frame == b"b\n").data == b"b\n"
