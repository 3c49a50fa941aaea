"""Driver of Ohaus balances with the current command set."""

from __future__ import annotations

from instruments.balances.printing import STABLE_TIMEOUT_S, Stream, check_zero, no_update_rate, without
from instruments.driver import Driver, NoOptions, Probe
from instruments.errors import Refused, ReplyError
from instruments.identity import Identity
from instruments.link import Link
from instruments.readings import Readings, Weighing
from instruments.stamped import Stamped
from instruments.wire import ohaus as wire
from instruments.wire.framing import line_ends
from instruments.wire.ohaus import DONE, ERROR, Command

_REPLY_TIMEOUT_S = 2.0


class OhausBalance:
    """One balance on one line, weighing in grams, with its responses switched on."""

    def __init__(self, link: Link) -> None:
        self._link, self._stream = link, Stream(link)

    def connect(self) -> Identity:
        """Have commands acknowledged, end automatic printing, and read who it is."""
        self._control("responses on", Command("RL", "1"))
        self._control("stop printing", Command("P", "0"))
        identity = self._identity()
        self._stream.take()
        return identity

    def resume(self) -> Identity:
        """Its printing goes on if it was on; commands have to be acknowledged again after a loss of power."""
        self._link.settle()
        self._control("responses on", Command("RL", "1"))
        return self._identity()

    def _identity(self) -> Identity:
        return Identity("", self._text(Command("PSN")), self._text(Command("PV")))

    def set_update_rate(self, rate_hz: float) -> float:
        """Raises Refused: the balance prints as fast as it can, or in whole seconds."""
        raise no_update_rate("the balance prints as fast as it can")

    def start_stream(self) -> None:
        """Print continuously. Raises Refused when no line comes."""
        self._link.send(wire.encode_command(Command("CP")))
        if not self._stream.comes(_is_weighing, _REPLY_TIMEOUT_S):
            raise Refused("continuous printing: no weight comes", "")

    def stop_stream(self) -> None:
        self._control("stop printing", Command("P", "0"))

    def readings(self) -> tuple[Readings, Stamped]:
        """All readings since the last call, and lines that were none; acknowledgements between them say nothing."""
        readings, others = wire.decode_block(self._stream.take())
        return readings, without(others, {wire.encode_text(DONE)})

    def weigh(self) -> Weighing:
        line = self._line(Command("IP"), _REPLY_TIMEOUT_S)
        if line == wire.encode_text(ERROR):
            raise Refused("the balance does not know IP; it may be of the older command set", ERROR)
        return wire.decode_weighing(line)

    def weigh_stable(self) -> Weighing:
        """The next settled mass; status ``I`` when the balance gave up waiting (``ES`` after 40 s)."""
        line = self._line(Command("SP"), STABLE_TIMEOUT_S)
        return Weighing(None, "I", ERROR) if line == wire.encode_text(ERROR) else wire.decode_weighing(line)

    def zero(self) -> None:
        """Set zero; done when the balance shows a stable zero. Raises Refused."""
        self._control("zero", Command("Z"), STABLE_TIMEOUT_S)
        check_zero("zero", self.weigh_stable())

    def tare(self) -> Weighing:
        """Set tare; returns the tare that the balance has stored. Raises Refused."""
        self._control("tare", Command("T"), STABLE_TIMEOUT_S)
        check_zero("tare", self.weigh_stable())
        return wire.decode_weighing(self._line(Command("PT"), _REPLY_TIMEOUT_S))

    def _line(self, command: Command, timeout_s: float) -> bytes:
        """The weight that answers ``command``, in whatever unit, or ES."""
        return self._link.exchange(wire.encode_command(command), timeout_s=timeout_s, wanted=_is_line_or_error, alike=True).data

    def _control(self, what: str, command: Command, timeout_s: float = _REPLY_TIMEOUT_S) -> None:
        answers = {wire.encode_text(DONE), wire.encode_text(ERROR)}
        frame = self._link.exchange(wire.encode_command(command), timeout_s=timeout_s, wanted=lambda line: line in answers)
        if frame.data != wire.encode_text(DONE):
            raise Refused(f"{what}: the balance does not do it", ERROR)

    def _text(self, command: Command) -> str:
        """A text of the balance, its first line; empty when it has none. Versions may have more lines: they are let pass."""
        frame = self._link.exchange(wire.encode_command(command), timeout_s=_REPLY_TIMEOUT_S, wanted=_is_text)
        self._link.settle()
        text = wire.decode_text(frame.data)
        return "" if text == ERROR else text


def _is_text(line: bytes) -> bool:
    try:
        return wire.decode_text(line) not in ("", DONE)
    except ReplyError:
        return False


def _is_weighing(line: bytes) -> bool:
    try:
        wire.decode_weighing(line)
    except ReplyError:
        return False
    return True


def _is_line_or_error(line: bytes) -> bool:
    try:
        wire.decode_line(line)
    except ReplyError:
        return line == wire.encode_text(ERROR) or _is_weighing(line)
    return True


def _identify(data: bytes) -> Identity | None:
    """The displayed weight in the form that only Ohaus prints; it does not tell who prints it."""
    return Identity("") if len(data.splitlines()) == 1 and _is_weighing(data) else None


DRIVER = Driver(
    framer=line_ends,
    make=lambda link, _: OhausBalance(link),
    options=NoOptions,
    can=frozenset({"stream", "tare", "zero"}),
    probe=Probe(wire.encode_command(Command("IP")), _identify),
)
