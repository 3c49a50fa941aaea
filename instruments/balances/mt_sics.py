"""Driver of MT-SICS balances."""

from __future__ import annotations

import re

from instruments.driver import Driver, NoOptions
from instruments.errors import Refused, ReplyError
from instruments.identity import Identity
from instruments.link import Link
from instruments.readings import Readings, Weighing
from instruments.stamped import Stamped
from instruments.wire import mt_sics as wire
from instruments.wire.framing import line_ends
from instruments.wire.mt_sics import Answer

_RATE = re.compile(r"\d+(\.\d+)?\Z", re.ASCII)
_REPLY_TIMEOUT_S = 2.0
_STABLE_TIMEOUT_S = 45.0
"""S, Z and T wait up to 40 s inside the balance."""


class MtSicsBalance:
    """One balance on one line, weighing in grams."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def connect(self) -> Identity:
        """Cancel whatever the balance was doing and read who it is."""
        serial = self._word("@", "I4")
        self._link.unsolicited()
        return Identity(self._word("I2", "I2"), serial, self._word("I3", "I3"))

    def resume(self) -> Identity:
        self._link.settle()
        return self.connect()

    def set_update_rate(self, rate_hz: float) -> float:
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
        return wire.decode_weighing(self._line("S", ("S",), _STABLE_TIMEOUT_S))

    def zero(self, *, wait: bool = True) -> None:
        """Set zero, settled (``wait``) or at once. Raises Refused with the balance's status."""
        answer = self._line("Z" if wait else "ZI", ("Z", "ZI"), _STABLE_TIMEOUT_S)
        self._done("zero", wire.decode_answer(answer).status, "ASD")

    def tare(self, *, wait: bool = True) -> Weighing:
        """Set tare, settled (``wait``) or at once; returns the tare mass. Raises Refused with the balance's status."""
        tare = wire.decode_weighing(self._line("T" if wait else "TI", ("T", "TI"), _STABLE_TIMEOUT_S))
        self._done("tare", tare.status, "SD")
        return tare

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

    def _line(self, command: str, identifiers: tuple[str, ...], timeout_s: float) -> bytes:
        expected = {*identifiers, *wire.GENERAL_ERRORS}
        frame = self._link.exchange(
            wire.encode_command(command), timeout_s=timeout_s, wanted=lambda line: wire.identifier_of(line) in expected
        )
        if wire.identifier_of(frame.data) in wire.GENERAL_ERRORS:
            raise ReplyError(f"{command}: {wire.GENERAL_ERRORS[wire.identifier_of(frame.data)]}", frame.data)
        return frame.data

    def _done(self, what: str, status: str, good: str) -> None:
        if status not in good:
            raise Refused(f"{what}: {wire.STATUS_WORDS.get(status, 'refused')}", status)


DRIVER = Driver(
    framer=line_ends,
    make=lambda link, _: MtSicsBalance(link),
    options=NoOptions,
    can=frozenset({"stream", "update-rate", "tare", "zero"}),
)
