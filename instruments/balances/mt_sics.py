"""Driver of MT-SICS balances: analytical ones, weigh modules, and what else speaks levels 0 and 1."""

from __future__ import annotations

import re

from instruments.driver import Driver, NoOptions, Probe
from instruments.errors import LinkError, Refused, ReplyError
from instruments.identity import Identity
from instruments.link import Frame, Link
from instruments.readings import Readings, Weighing
from instruments.stamped import Stamped
from instruments.wire import mt_sics as wire
from instruments.wire.framing import line_ends
from instruments.wire.mt_sics import Answer

_RATE = re.compile(r"\d+(\.\d+)?\Z", re.ASCII)
_REPLY_TIMEOUT_S = 2.0
_STABLE_TIMEOUT_S = 45.0
"""S, Z and T wait up to 40 s inside the balance."""
_SYNTAX = "ES"


_MARKS = frozenset({"@", "I4"})
"""Answered with the serial number, behind which no older answer can come."""


class MtSicsBalance:
    """One balance on one line, weighing in grams."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._may_wait = self._in_doubt = False

    def connect(self) -> Identity:
        """Cancel whatever the balance was doing and read who it is."""
        serial = self._cancel()
        self._link.unsolicited()
        return self._identity(serial)

    def resume(self) -> Identity:
        """Its stream goes on if it had one. Only a command that was cut off while it waited for calm is cancelled."""
        self._link.settle()
        return self._identity(self._cancel() if self._may_wait else self._word("I4", "I4"))

    def set_update_rate(self, rate_hz: float) -> float:
        """The balance takes the nearest rate it has. Raises Refused, with code ``ES`` when it has only one rate."""
        self._query(f"UPD {rate_hz:g}", "UPD")
        word = self._word("UPD", "UPD")
        if not _RATE.match(word):
            raise Refused("the balance did not say which update rate it took", word)
        return float(word)

    def start_stream(self) -> None:
        self._link.send(wire.encode_command("SIR"))

    def stop_stream(self) -> None:
        self._query("@", "I4")

    def readings(self) -> tuple[Readings, Stamped]:
        return wire.decode_block(self._link.unsolicited())

    def weigh(self) -> Weighing:
        """The present mass, settled or not. Not while streaming."""
        return wire.decode_weighing(self._line("SI", ("S",), _REPLY_TIMEOUT_S))

    def weigh_stable(self) -> Weighing:
        """The next settled mass; status ``I`` when the balance gave up waiting (40 s). Not while streaming."""
        return wire.decode_weighing(self._settled("S", ("S",)))

    def zero(self, *, wait: bool = True) -> None:
        """Set zero, settled (``wait``) or at once. Raises Refused with the balance's status."""
        line = self._settled("Z", ("Z",)) if wait else self._line("ZI", ("ZI", "Z"), _REPLY_TIMEOUT_S)
        answer = wire.decode_answer(line)
        if answer.words:
            raise ReplyError("zero is not answered like this", line)
        self._done("zero", answer.status, "A" if wait else "ASD")

    def tare(self, *, wait: bool = True) -> Weighing:
        """Set tare, settled (``wait``) or at once; returns the tare mass. Raises Refused with the balance's status."""
        answer = self._settled("T", ("T",)) if wait else self._line("TI", ("TI", "T"), _REPLY_TIMEOUT_S)
        tare = wire.decode_weighing(answer)
        self._done("tare", tare.status, "S" if wait else "SD")
        return tare

    # --- who it is ---

    def _identity(self, serial: str) -> Identity:
        return Identity(self._word("I2", "I2"), serial, self._word("I3", "I3"))

    def _cancel(self) -> str:
        """End all that waits or repeats; returns the serial number. Half a command from before us spoils only the first try."""
        try:
            serial = self._word("@", "I4")
        except Refused as err:
            if err.code != _SYNTAX:
                raise
            serial = self._word("@", "I4")
        self._may_wait = False
        return serial

    # --- one exchange ---

    def _query(self, command: str, identifier: str) -> Answer:
        answer = wire.decode_answer(self._line(command, (identifier,), _REPLY_TIMEOUT_S))
        self._done(command, answer.status, "AB")
        return answer

    def _word(self, command: str, identifier: str) -> str:
        """The first word of an answer that has to have one."""
        words = self._query(command, identifier).words
        if not words:
            raise Refused(f"{command}: the answer is empty", "A")
        return words[0]

    def _settled(self, command: str, identifiers: tuple[str, ...]) -> bytes:
        """A command that waits for calm. One that was given up must not act later, so it is cancelled."""
        self._may_wait = True
        try:
            line = self._line(command, identifiers, _STABLE_TIMEOUT_S)
        except TimeoutError:
            self._give_up()
            raise
        self._may_wait = False
        return line

    def _give_up(self) -> None:
        try:
            self._cancel()
        except (LinkError, Refused, ReplyError):
            return  # still in doubt: the next resume tries again

    def _line(self, command: str, identifiers: tuple[str, ...], timeout_s: float) -> bytes:
        """The answer to a command. Raises Refused for the general errors, and as Link.exchange does."""
        if self._in_doubt and command not in _MARKS:
            self._exchange("I4", {"I4"}, _REPLY_TIMEOUT_S)
        frame = self._exchange(command, {*identifiers, *wire.GENERAL_ERRORS}, timeout_s)
        if (error := wire.identifier_of(frame.data)) in wire.GENERAL_ERRORS:
            raise Refused(f"{command}: {wire.GENERAL_ERRORS[error]}", error)
        return frame.data

    def _exchange(self, command: str, expected: set[str], timeout_s: float) -> Frame:
        """A weight that comes too late looks like the next one: until an answer has come in time, the order is in doubt."""
        request = wire.encode_command(command)
        self._in_doubt = True
        frame = self._link.exchange(request, timeout_s=timeout_s, wanted=lambda line: wire.identifier_of(line) in expected)
        self._in_doubt = False
        return frame

    def _done(self, what: str, status: str, good: str) -> None:
        if status not in good:
            raise Refused(f"{what}: {wire.STATUS_WORDS.get(status, 'refused')}", status)


def _who(heard: bytes) -> Identity | None:
    """The serial number, from a line of its own; a balance that sends its weights meanwhile may say other lines too."""
    for line in heard.splitlines(keepends=True):
        try:
            answer = wire.decode_answer(line)
        except ReplyError:
            continue
        if answer.identifier == "I4" and answer.status == "A" and [type(word) for word in answer.words] == [wire.Text]:
            return Identity("MT-SICS balance", answer.words[0])
    return None


DRIVER = Driver(
    framer=line_ends,
    make=lambda link, _: MtSicsBalance(link),
    options=NoOptions,
    can=frozenset({"stream", "update-rate", "tare", "zero"}),
    probe=Probe(wire.encode_command("I4"), _who),
)
