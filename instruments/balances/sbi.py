"""Driver of Sartorius SBI balances, in lines of 16 or of 22 characters.

Commands other than questions are never answered, so zero and tare are proved by what the balance shows afterwards. The stream is
the automatic output that is switched on in the balance's menu; while it runs ``ESC P``, which would end it, is never sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from instruments.balances.printing import STABLE_TIMEOUT_S, Stream, check_zero, near_zero, no_update_rate, wait_for
from instruments.driver import Driver, Probe
from instruments.errors import Refused, ReplyError, ReplyTimeout
from instruments.identity import Identity
from instruments.link import Frame, Link
from instruments.port import LineSettings
from instruments.readings import Readings, Weighing
from instruments.stamped import Stamped
from instruments.wire import sbi as wire
from instruments.wire.framing import line_ends

_REPLY_TIMEOUT_S = 2.0
_LISTEN_S = 1.0
_MENU = "set the data output in the balance's menu to automatic, without stability"


@dataclass(frozen=True, slots=True)
class SbiOptions:
    """``unit``: the one that the balance displays. Its unstable lines do not tell, and a stable line in another is an error."""

    unit: Literal["g", "kg", "mg"] = "g"


class SbiBalance:
    """One balance on one line. Whether it prints by itself is found out in ``connect``."""

    def __init__(self, link: Link, options: SbiOptions) -> None:
        self._link, self._unit = link, options.unit
        self._stream = Stream(link)
        self._automatic = False

    def connect(self) -> Identity:
        """Listen whether the balance prints by itself, and read who it is."""
        self._link.settle()
        self._automatic = self._stream.comes(self._is_weighing, _LISTEN_S)
        identity = self._identity()
        self._stream.take()
        return identity

    def resume(self) -> Identity:
        self._link.settle()
        return self._identity()

    def _identity(self) -> Identity:
        """A balance that does not tell who it is has to weigh at least."""
        model, serial, software = (self._text(command) for command in ("x1_", "x2_", "x3_"))
        if not (model or serial or software):
            self.weigh()
        return Identity(model, serial.removeprefix("SerNo.").strip(), software.removeprefix("BAC").strip())

    def set_update_rate(self, rate_hz: float) -> float:
        """Raises Refused: the rate follows the filter that is set in the menu."""
        raise no_update_rate("it follows the ambient conditions that are set in the balance's menu")

    def start_stream(self) -> None:
        """See that the balance prints by itself. Raises Refused when nothing comes."""
        if not self._stream.comes(self._is_weighing, _REPLY_TIMEOUT_S):
            raise Refused(f"the balance prints nothing by itself; {_MENU}", "")
        self._automatic = True

    def stop_stream(self) -> None:
        """The automatic output stays on: it is a setting of the menu."""

    def readings(self) -> tuple[Readings, Stamped]:
        return wire.decode_block(self._stream.take(), self._unit)

    def weigh(self) -> Weighing:
        return self._decode(self._next_line().data)

    def weigh_stable(self) -> Weighing:
        """The next settled mass; status ``I`` when none came in 45 s.

        A balance that is set to print stable values only keeps silent until it has one: ReplyTimeout after as long.
        """
        weighing = self._decode(wait_for(self._later_line, lambda line: self._decode(line).status != "D", STABLE_TIMEOUT_S).data)
        return weighing if weighing.status != "D" else Weighing(None, "I")

    def zero(self) -> None:
        """Set zero; done when the balance shows a stable zero. Raises Refused."""
        self._prove("zero", "V")

    def tare(self) -> Weighing:
        """Set tare; done when the balance shows a stable zero. Returns the mass shown before. Raises Refused."""
        before = self.weigh_stable()
        if before.status != "S":
            raise Refused("tare: the balance shows no stable mass", before.code or before.status)
        self._prove("tare", "U")
        return before

    def _prove(self, what: str, command: str) -> None:
        self._link.send(wire.encode_command(command))
        self._link.settle()

        def settled(line: bytes) -> bool:
            weighing = self._decode(line)
            return near_zero(weighing) or weighing.status == "E"

        check_zero(what, self._decode(wait_for(self._later_line, settled, STABLE_TIMEOUT_S).data))

    def _later_line(self) -> Frame:
        if not self._automatic:
            self._link.settle()  # a breath between two questions
        return self._next_line(STABLE_TIMEOUT_S)

    def _next_line(self, timeout_s: float = _REPLY_TIMEOUT_S) -> Frame:
        """The next weighing: the one that comes by itself, or the answer to ESC P."""
        if self._automatic:
            return self._stream.next_line(self._is_weighing, timeout_s)
        return self._link.exchange(wire.encode_command("P"), timeout_s=timeout_s, wanted=_is_line, alike=True)

    def _text(self, command: str) -> str:
        """An identification, or nothing from a balance that does not know the command."""
        try:
            frame = self._link.exchange(wire.encode_command(command), timeout_s=_REPLY_TIMEOUT_S, wanted=_is_text)
        except ReplyTimeout:
            return ""
        return wire.decode_text(frame.data)

    def _decode(self, line: bytes) -> Weighing:
        return wire.decode_weighing(line, self._unit)

    def _is_weighing(self, line: bytes) -> bool:
        return _reads(self._decode, line)


def _reads(decode: Callable[[bytes], object], line: bytes) -> bool:
    try:
        decode(line)
    except ReplyError:
        return False
    return True


def _is_line(line: bytes) -> bool:
    """A printed line in any unit: one in a wrong unit is an error, not somebody else's."""
    return _reads(wire.decode_line, line) or _reads(wire.decode_special, line)


def _is_text(line: bytes) -> bool:
    return _reads(wire.decode_text, line)


_MODEL_COLUMNS = (16, 22)


def _identify(data: bytes) -> Identity | None:
    """The model of a balance that answers ESC x1_ with a line of its own width, between lines that it prints by itself."""
    lines = data.splitlines(keepends=True)
    texts = [wire.decode_text(line) for line in lines if len(line) in _MODEL_COLUMNS and _is_text(line)]
    others = [line for line in lines if not _is_line(line)]
    return Identity(texts[0]) if len(texts) == len(others) == 1 else None


DRIVER = Driver(
    framer=line_ends,
    make=SbiBalance,
    options=SbiOptions,
    can=frozenset({"stream", "tare", "zero"}),
    line=LineSettings(1200, 7, "O", 1),
    probe=Probe(wire.encode_command("x1_"), _identify),
)
