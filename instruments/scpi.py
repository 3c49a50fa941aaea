"""What drivers of SCPI instruments share: questions with an answer of a known shape, checked settings, staying in step.

A SCPI instrument answers in order and says nothing by itself, so an answer that comes late is the danger: it has the same shape
as the next one. After a timeout nothing is asked on that link before a marker has come back: as many answers to ``*ESE?`` in one
line as no question before it had, behind which nothing older can come.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import NamedTuple, TypeVar
from weakref import WeakSet

from instruments.errors import Refused, ReplyError, ReplyTimeout
from instruments.identity import Identity
from instruments.link import Link
from instruments.wire import scpi_response as response
from instruments.wire.scpi import END
from instruments.wire.scpi_response import ErrorEntry

Value = TypeVar("Value")

REPLY_TIMEOUT_S = 2.0
_DEEPEST_QUEUE = 64
_ERROR = response.is_a(response.error)
_MARKS = cycle(range(2, 10))
_out_of_step: WeakSet[Link] = WeakSet()


class Answered(NamedTuple):
    """An answer's frame, and the moment its last byte arrived."""

    frame: bytes
    stamp_us: int


class Scpi:
    """One SCPI instrument on a link; several drivers may have one each on the same link. ``end`` closes its messages."""

    def __init__(self, link: Link, *, end: bytes = END) -> None:
        self._link, self._end = link, end

    def ask(self, question: str, read: Callable[[bytes], Value], *, timeout_s: float = REPLY_TIMEOUT_S) -> Value:
        """The answer to ``question`` as ``read`` reads it; what ``read`` cannot read is not taken for the answer.

        Raises Refused with the instrument's own error when it put one into its queue instead of answering, ReplyError when
        something else came, ReplyTimeout when nothing did.
        """
        return read(self.ask_stamped(question, response.is_a(read), timeout_s=timeout_s).frame)

    def ask_stamped(self, question: str, wanted: Callable[[bytes], bool], *, timeout_s: float = REPLY_TIMEOUT_S) -> Answered:
        """The same as bytes, with the moment of arrival."""
        try:
            return self._exchange(question, wanted, timeout_s)
        except ReplyTimeout as late:
            raise self._why(question, late) from late

    def set(self, *settings: str) -> None:
        """Send each setting as a message of its own and ask for errors after it. Raises Refused with the first one."""
        for setting in settings:
            if self._link in _out_of_step:
                self.get_in_step()
            self._link.send(self._message(setting))
            self._refuse(setting, self.take_errors())

    def take_errors(self) -> list[ErrorEntry]:
        """Empty the error queue; oldest first."""
        errors: list[ErrorEntry] = []
        while (entry := self._next_error()).code and len(errors) < _DEEPEST_QUEUE:
            errors.append(entry)
        return errors

    def _next_error(self) -> ErrorEntry:
        return response.error(self._exchange("SYST:ERR?", _ERROR, REPLY_TIMEOUT_S).frame)

    def identify(self) -> Identity:
        return self.ask("*IDN?", response.identity)

    def get_in_step(self) -> None:
        """Let go of everything that is still to come, however late. Raises ReplyTimeout when nobody answers."""
        marks = next(_MARKS)
        _out_of_step.add(self._link)  # a mark that comes too late is not to be taken for an answer either
        self._link.settle()
        question = self._message(";".join(["*ESE?"] * marks))
        self._link.exchange(question, timeout_s=REPLY_TIMEOUT_S, wanted=lambda frame: _is_mark(frame, marks))
        _out_of_step.discard(self._link)

    def _exchange(self, question: str, wanted: Callable[[bytes], bool], timeout_s: float) -> Answered:
        if self._link in _out_of_step:
            self.get_in_step()
        self._link.unsolicited()
        _out_of_step.add(self._link)
        answered = Answered(*self._link.exchange(self._message(question), timeout_s=timeout_s, wanted=wanted))
        _out_of_step.discard(self._link)
        return answered

    def _why(self, question: str, late: ReplyTimeout) -> Exception:
        """What to say of an answer that did not come: the instrument's own reason if it has one."""
        came = self._link.unsolicited().data
        try:
            errors = self.take_errors()
        except ReplyTimeout:
            return ReplyError(f"{question}: not the answer", came) if came else late
        if errors:
            return Refused(f"{question}: {errors[0].text}", str(errors[0].code))
        return ReplyError(f"{question}: not the answer", came) if came else late

    def _message(self, text: str) -> bytes:
        return text.encode("ascii") + self._end

    @staticmethod
    def _refuse(what: str, errors: list[ErrorEntry]) -> None:
        if errors:
            raise Refused(f"{what}: {errors[0].text}", str(errors[0].code))


def _is_mark(frame: bytes, marks: int) -> bool:
    try:
        return len(response.joined_numbers(frame)) == marks
    except ReplyError:
        return False


def identify_as(*models: str) -> Callable[[bytes], Identity | None]:
    """For a ``Probe`` that asks ``*IDN?``: the identity, when the model is one of ``models``."""

    def identify(answer: bytes) -> Identity | None:
        for line in answer.splitlines(keepends=True):
            try:
                identity = response.identity(line)
            except ReplyError:
                continue
            if identity.model.rpartition(" ")[2] in models:
                return identity
        return None

    return identify
