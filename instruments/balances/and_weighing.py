"""Driver of A&D balances, whether or not their menu has them acknowledge commands (``erCd``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from instruments.balances.printing import STABLE_TIMEOUT_S, Stream, check_zero, near_zero, no_update_rate, wait_for, without
from instruments.driver import Driver, Probe
from instruments.errors import Refused, ReplyError, ReplyTimeout
from instruments.identity import Identity
from instruments.link import Frame, Link
from instruments.port import LineSettings
from instruments.readings import Readings, Weighing
from instruments.stamped import Stamped
from instruments.wire import and_weighing as wire
from instruments.wire.framing import line_ends

_REPLY_TIMEOUT_S = 2.0
_QUIET_S = 1.0
"""A stream of five lines a second is over when none has come for so long."""


@dataclass(frozen=True, slots=True)
class AndOptions:
    """``unit``: the one that the balance displays. A line in another is an error; format KF does not tell it while unstable."""

    unit: Literal["g", "kg", "mg"] = "g"


class AndBalance:
    """One balance on one line. Whether it acknowledges commands is found out in ``connect``."""

    def __init__(self, link: Link, options: AndOptions) -> None:
        self._link, self._unit = link, options.unit
        self._stream = Stream(link)
        self._acknowledges = False

    def connect(self) -> Identity:
        """Cancel what the balance was doing, see whether it acknowledges, and read who it is; it has to weigh at least."""
        self._link.settle()
        self._stream.take()
        self._link.send(wire.encode_command("C"))
        self._link.settle()
        self._acknowledges = any(wire.is_acknowledgement(line) for line, _ in self._stream.take())
        return self._identity()

    def resume(self) -> Identity:
        """Its stream goes on if it had one."""
        self._link.settle()
        return self._identity()

    def _identity(self) -> Identity:
        identity = Identity(self._text("?TN"), self._text("?SN"))
        if not (identity.model or identity.serial):
            self.weigh()
        return identity

    def set_update_rate(self, rate_hz: float) -> float:
        """Raises Refused: the display's refresh rate is an item of the menu."""
        raise no_update_rate("it is the display's refresh rate, an item of the balance's menu")

    def start_stream(self) -> None:
        """Print continuously. Raises Refused when no line comes."""
        self._link.send(wire.encode_command("SIR"))
        if not self._stream.comes(self._is_weighing, _REPLY_TIMEOUT_S):
            raise Refused("continuous printing: no weight comes", "")

    def stop_stream(self) -> None:
        """Raises Refused when lines still come."""
        self._link.send(wire.encode_command("C"))
        self._link.settle()
        if self._stream.comes(self._is_weighing, _QUIET_S):
            raise Refused("continuous printing goes on", "")

    def readings(self) -> tuple[Readings, Stamped]:
        """All readings since the last call, and lines that were none; acknowledgements between them say nothing."""
        readings, others = wire.decode_block(self._stream.take(), self._unit)
        return readings, without(others, {wire.encode_acknowledgement()})

    def weigh(self) -> Weighing:
        """The present mass; status ``I`` when the balance is busy."""
        return self._weighing("Q", self._ask("Q", _REPLY_TIMEOUT_S))

    def weigh_stable(self) -> Weighing:
        """The next settled mass; status ``I`` when the balance gave up waiting, or did not settle within 45 s."""
        try:
            return self._weighing("S", self._ask("S", STABLE_TIMEOUT_S))
        except ReplyTimeout:
            self._link.send(wire.encode_command("C"))
            self.weigh()  # a balance that is there answers this
            return Weighing(None, "I")

    def zero(self) -> None:
        """Set zero; done when the balance has said so, and shows a stable zero. Raises Refused with its error code."""
        self._do("zero", "R")

    def tare(self) -> Weighing:
        """Set tare; returns the mass shown before. Raises Refused with the balance's error code."""
        before = self.weigh_stable()
        if before.status != "S":
            raise Refused("tare: the balance shows no stable mass", before.code or before.status)
        self._do("tare", "T")
        return before

    def _do(self, what: str, command: str) -> None:
        """Two acknowledgements, of receipt and of completion; then, or without them, a stable zero."""
        request = wire.encode_command(command)
        if self._acknowledges:
            self._done(what, self._link.exchange(request, timeout_s=_REPLY_TIMEOUT_S, wanted=_is_control).data)
            self._done(what, self._link.receive(timeout_s=STABLE_TIMEOUT_S, wanted=_is_control).data)
        else:
            self._link.send(request)
        shown = wait_for(self._later, lambda line: near_zero(self._weighing("Q", line)), STABLE_TIMEOUT_S)
        check_zero(what, self._weighing("Q", shown.data))

    def _done(self, what: str, line: bytes) -> None:
        if code := wire.decode_error(line):
            raise Refused(f"{what}: {wire.ERRORS.get(code, 'refused')}", f"E{code}")

    def _later(self) -> Frame:
        self._link.settle()  # a breath between two questions
        return self._ask_frame("Q", _REPLY_TIMEOUT_S)

    def _ask(self, command: str, timeout_s: float) -> bytes:
        return self._ask_frame(command, timeout_s).data

    def _ask_frame(self, command: str, timeout_s: float) -> Frame:
        return self._link.exchange(wire.encode_command(command), timeout_s=timeout_s, wanted=_is_answer, alike=True)

    def _weighing(self, command: str, line: bytes) -> Weighing:
        code = wire.decode_error(line)
        if code in (wire.NOT_READY, wire.UNSTABLE):
            return Weighing(None, "I", f"E{code}")
        self._done(command, line)
        return wire.decode_weighing(line, self._unit)

    def _text(self, command: str) -> str:
        """A text of the balance, empty when it does not know the question (with or without saying so)."""
        try:
            line = self._ask_text(command)
        except ReplyTimeout:
            return ""
        return "" if wire.decode_error(line) else wire.decode_text(line)

    def _ask_text(self, command: str) -> bytes:
        request = wire.encode_command(command)
        return self._link.exchange(request, timeout_s=_REPLY_TIMEOUT_S, wanted=_is_text_or_error).data

    def _is_weighing(self, line: bytes) -> bool:
        try:
            wire.decode_weighing(line, self._unit)
        except ReplyError:
            return False
        return True


def _is_control(line: bytes) -> bool:
    return wire.is_acknowledgement(line) or bool(wire.decode_error(line))


def _is_answer(line: bytes) -> bool:
    """Any printed line, whatever its unit, or an error; an acknowledgement belongs to another command."""
    return bool(wire.decode_error(line)) or wire.is_line(line)


def _is_text_or_error(line: bytes) -> bool:
    try:
        wire.decode_text(line)
    except ReplyError:
        return bool(wire.decode_error(line))
    return True


def _identify(data: bytes) -> Identity | None:
    """The weight in one of the formats with a header of their own; it does not tell who prints it."""
    lines = data.splitlines(keepends=True)
    return Identity("") if len(lines) == 1 and wire.is_line(lines[0]) and data[2:3] == b"," else None


DRIVER = Driver(
    framer=line_ends,
    make=AndBalance,
    options=AndOptions,
    can=frozenset({"stream", "tare", "zero"}),
    line=LineSettings(2400, 7, "E", 1),
    probe=Probe(wire.encode_command("Q"), _identify),
)
